//! Tokens bound to the certificate of the connection (RFC 8705 §3): they count where the client has proven to hold its key in the
//! handshake.
//!
//! Who ends TLS knows the certificate: the API's own acceptor, which puts it into the request's extensions, or a proxy, which hands it on in a
//! header. A header is read only when it comes from a proxy that was named: anybody can write one.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{Extensions, HeaderName};
use symbolon_oauth::{
    Confirmation,
    certificate::{header, thumbprint},
};

use crate::{
    error::{ConfigError, InvalidToken, Rejection},
    service::Heading,
};

/// The certificate that a client has shown on its connection: for the extensions of its requests, where the API's own acceptor puts it.
///
/// ```
/// use symbolon_guard::PeerCertificate;
///
/// // Once for each connection, with what rustls calls `peer_certificates()`, of which the first is the client's own.
/// # let der: &[u8] = b"0";
/// let shown = PeerCertificate::new(der);
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(shown);
/// ```
#[derive(Clone)]
pub struct PeerCertificate(Arc<str>);

impl PeerCertificate {
    /// Of a certificate in DER.
    pub fn new(der: &[u8]) -> Self {
        Self(thumbprint(der).into())
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerCertificate").field(&self.0).finish()
    }
}

/// The address of whoever is at the other end of a connection, for the extensions of its requests: what
/// [`Certificates::from_proxy`] goes by. With axum, `into_make_service_with_connect_info::<SocketAddr>()` does as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Whether and how an API takes tokens that are bound to a certificate: for [`Guard::certificates`](crate::Guard::certificates).
///
/// ```
/// use symbolon_guard::{Certificates, Guard};
///
/// // Behind a proxy on this machine, which ends TLS and sends RFC 9440's header.
/// let certificates = Certificates::require().from_proxy("Client-Cert", [[127, 0, 0, 1].into()])?;
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.certificates(certificates);
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Certificates {
    required: bool,
    proxy: Option<Proxy>,
}

#[derive(Clone, Debug)]
struct Proxy {
    header: HeaderName,
    addresses: Vec<IpAddr>,
}

impl Certificates {
    /// Takes tokens that are bound to a certificate, and plain ones as before.
    pub fn accept() -> Self {
        Self { required: false, proxy: None }
    }

    /// Takes no plain tokens.
    pub fn require() -> Self {
        Self { required: true, ..Self::accept() }
    }

    /// Takes the certificate from this header of requests that come from one of these addresses, and from no others. The proxies there must
    /// overwrite the header, whatever a client has sent: `Client-Cert` (RFC 9440), or one with PEM in percent-encoding.
    pub fn from_proxy(self, header: &str, proxies: impl IntoIterator<Item = IpAddr>) -> Result<Self, ConfigError> {
        let header = header.parse().map_err(|_| ConfigError::NotAHeader { value: header.to_owned() })?;
        let addresses = proxies.into_iter().map(|address| address.to_canonical()).collect();
        Ok(Self { proxy: Some(Proxy { header, addresses }), ..self })
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    /// Whether a token that is bound so may be shown on this request's connection.
    pub(crate) fn admit(&self, bound: &Confirmation, heading: Heading<'_>) -> Result<(), Rejection> {
        match (bound, self.shown(heading)) {
            (Confirmation::X5tS256(bound), Some(shown)) if **bound == *shown.0 => Ok(()),
            _ => Err(Rejection::InvalidToken(InvalidToken::OtherCertificate)),
        }
    }

    fn shown(&self, heading: Heading<'_>) -> Option<PeerCertificate> {
        let Some(proxy) = self.proxy.as_ref().filter(|proxy| heading.head.headers.contains_key(&proxy.header)) else {
            return heading.extensions.get::<PeerCertificate>().cloned();
        };
        // Whoever sends the header and is no proxy has no certificate at all.
        let sender = peer(heading.extensions)?.to_canonical();
        if !proxy.addresses.contains(&sender) {
            tracing::warn!(header = %proxy.header, %sender, "a certificate in a header from nobody's proxy was not looked at");
            return None;
        }
        let mut lines = heading.head.headers.get_all(&proxy.header).iter();
        let (line, None) = (lines.next()?, lines.next()) else { return None };
        header::read(line.to_str().ok()?).map(|der| PeerCertificate::new(&der))
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let told = extensions.get::<PeerAddress>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let told = told.or_else(|| {
        let info = extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
        info.map(|info| info.0.ip())
    });
    told
}
