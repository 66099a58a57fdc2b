//! TLS with a certificate that was ordered (`acme.*`): the one of the registry's snapshot, so a new one is shown from the next handshake on
//! and no connection ends for it. On the same port the names are proven to their authority (RFC 8737).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use super::tls::{Certificates, PROTOCOLS, builder};
use crate::app::App;

/// RFC 8737 §6.2.
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// The TLS configurations at two doors.
pub struct Ordered {
    usual: Arc<ServerConfig>,
    /// Asks clients for their certificates.
    asking: Arc<ServerConfig>,
}

impl fmt::Debug for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ordered(…)")
    }
}

impl Ordered {
    /// Shows what the registry of `app` has.
    pub fn new(app: &Arc<App>) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(FromRegistry { app: Arc::clone(app), told: AtomicBool::new(false) });
        let config = |certificates| {
            let mut config = builder(certificates)?.with_cert_resolver(Arc::clone(&resolver) as _);
            config.alpn_protocols = PROTOCOLS.iter().chain([&ACME_TLS]).map(|name| name.to_vec()).collect();
            Ok::<_, rustls::Error>(Arc::new(config))
        };
        Ok(Self { usual: config(Certificates::NotAsked)?, asking: config(Certificates::Asked)? })
    }

    pub(super) fn acceptor(&self, certificates: Certificates) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(match certificates {
            Certificates::Asked => &self.asking,
            Certificates::NotAsked => &self.usual,
        }))
    }
}

struct FromRegistry {
    app: Arc<App>,
    /// Whether the log has it that somebody came too early: once, for whoever wants to can come often.
    told: AtomicBool,
}

impl fmt::Debug for FromRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromRegistry(…)")
    }
}

impl ResolvesServerCert for FromRegistry {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let registry = self.app.registry();
        // RFC 8737 §3: the authority offers this protocol and no other.
        if hello.alpn().is_some_and(|mut names| names.next() == Some(ACME_TLS) && names.next().is_none()) {
            return registry.ordered().proof(hello.server_name()?);
        }
        let shown = registry.ordered().shown();
        if shown.is_none() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!("connections are refused until there is a certificate; it is being ordered");
        }
        shown
    }
}
