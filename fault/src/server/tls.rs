//! A server that speaks TLS itself: what it shows, and how a client here speaks to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::World;
use crate::Failure;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/tests/it/fixtures").join(name)
}

/// What a client offers: the protocols by their names (RFC 7301 §3.1).
pub(crate) fn client(protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("one.crt"))?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

impl World {
    /// Has the server speak TLS, with the certificate of the server's own tests. Before the first start.
    pub(crate) fn speak_tls(&mut self) -> Result<(), Failure> {
        self.set("SYMBOLON_ISSUER", &format!("https://{}", self.host()));
        self.set("SYMBOLON_HTTP__TLS__CERT", &fixture("one.crt").display().to_string());
        self.set("SYMBOLON_HTTP__TLS__KEY", &fixture("one.key").display().to_string());
        self.tls = Some(client(&[b"http/1.1"])?);
        Ok(())
    }
}
