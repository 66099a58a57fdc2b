//! The client's certificate at the HTTP door (RFC 8705): that of the connection, or what a trusted proxy says it was shown (RFC 9440).
//!
//! The header of anybody else is taken off the request: it could name any client.

use std::sync::Arc;

use axum::extract::Request;
use http::{HeaderMap, HeaderName};
use symbolon_oauth::certificate::header::{self, CLIENT_CERT, CLIENT_CERT_CHAIN};

use crate::app::App;
use crate::listen::client_certificate::Shown;

const CHAIN: HeaderName = HeaderName::from_static(CLIENT_CERT_CHAIN);

/// The certificate of a connection, in the extensions of its requests.
#[derive(Clone, Debug)]
pub(crate) struct OfConnection(pub(crate) Arc<Shown>);

/// Who hands the request on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Anybody,
    TrustedProxy,
}

/// Takes the certificate off the request. What a proxy was shown comes before what the proxy shows itself.
pub(super) fn take(app: &App, request: &mut Request, sender: Sender) -> Option<Arc<Shown>> {
    let of_connection = request.extensions_mut().remove::<OfConnection>().map(|OfConnection(shown)| shown);
    let config = app.config();
    let Some(name) = &config.mtls.header else { return of_connection };
    let headers = request.headers_mut();
    if !headers.contains_key(name) {
        return of_connection;
    }
    let shown = if sender == Sender::TrustedProxy {
        handed_on(headers, name).map(Arc::new)
    } else {
        tracing::warn!(header = %name, "a certificate in a header from nobody's proxy was not looked at");
        None
    };
    headers.remove(name);
    headers.remove(CHAIN);
    // Whoever sends a header, and no good one, has no certificate at all: nothing else takes its place.
    shown
}

fn handed_on(headers: &HeaderMap, name: &HeaderName) -> Option<Shown> {
    let shown = one(headers, name).and_then(header::read);
    let chain = if headers.contains_key(CHAIN) && *name == CLIENT_CERT {
        one(headers, &CHAIN).and_then(header::read_chain)?
    } else {
        Vec::new()
    };
    let Some(shown) = shown else {
        tracing::warn!(header = %name, "the certificate in a proxy's header cannot be read");
        return None;
    };
    Shown::of([shown.as_slice()].into_iter().chain(chain.iter().map(Vec::as_slice)))
}

/// RFC 9440 §2.2: the header is there once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    if lines.next().is_some() { None } else { line.to_str().ok() }
}
