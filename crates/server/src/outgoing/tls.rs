//! Whom TLS trusts when others are called: the system's certificates, and those of `outgoing.ca`. Never nobody.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// Trust in certificates, taken up when it is first needed: who calls nobody never reads them.
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    /// Reads the operator's file now, so that a wrong path is told at the start.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, String> {
        let extra = match ca {
            None => Vec::new(),
            Some(path) => read(path).map_err(|why| format!("outgoing.ca: {} cannot be used: {why}", path.display()))?,
        };
        Ok(Self { extra, config: OnceCell::new() })
    }

    /// What a connection is made with.
    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let extra = self.extra.clone();
        // Some hundred files: not for a thread that answers requests.
        let build = async || {
            let built = tokio::task::spawn_blocking(move || build(extra)).await;
            built.unwrap_or_else(|_| Err("the process is stopping".to_owned()))
        };
        self.config.get_or_try_init(build).await.cloned()
    }
}

/// What connections are made with where whom to call stands in the configuration: trust in the system's certificates, and in those of the
/// operator's file `ca`. Reads some hundred files.
///
/// # Errors
/// What is wrong with the file, or that nobody is trusted at all; for the operator.
pub fn trusting(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    build(match ca {
        None => Vec::new(),
        Some(path) => read(path).map_err(|why| format!("{} cannot be used: {why}", path.display()))?,
    })
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("there is no certificate in it".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(why) => Err(why.to_string()),
    }
}

fn build(extra: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "certificates of the system could not be read");
    }
    // What the system holds and nobody can read is left out one by one.
    roots.add_parsable_certificates(system.certs);
    for certificate in extra {
        roots.add(certificate).map_err(|why| format!("a certificate in the file is none to trust: {why}"))?;
    }
    if roots.is_empty() {
        return Err("no certificates are trusted: install those of the system, or name a file of them".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| why.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
