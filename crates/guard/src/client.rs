//! The HTTP client: https, or plain http where an address on loopback says so; HTTP/1.1, no redirects.
//!
//! The operating system's roots decide whom TLS trusts.

use std::{fmt, sync::OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// Made on first use, so that a guard on loopback never reads the system's certificates.
#[derive(Default)]
pub(crate) struct Http {
    plain: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    tls: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

impl Http {
    /// Sends a request; the answer's head is there, its body comes. The error is for the log.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        let sent = if request.uri().scheme_str() == Some("https") {
            self.tls().map_err(|error| chain(&error))?.request(request).await
        } else {
            self.plain.get_or_init(|| Client::builder(TokioExecutor::new()).build_http()).request(request).await
        };
        sent.map_err(|error| chain(&error))
    }

    fn tls(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Full<Bytes>>, std::io::Error> {
        if let Some(client) = self.tls.get() {
            return Ok(client);
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())?
            .https_only()
            .enable_http1()
            .build();
        Ok(self.tls.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

/// An error with what lies beneath it: the client's own text is only "client error".
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
