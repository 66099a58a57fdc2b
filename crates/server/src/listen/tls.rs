//! TLS from certificate files, taken up again when they change (RFC 9325: TLS 1.2 and 1.3 only).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig, version};
use tokio_rustls::TlsAcceptor;

use super::client_certificate::AnyCertificate;
use super::ordered::Ordered;
use crate::config::Tls;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(5);

/// What is spoken within TLS, what we like best first.
pub(super) const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From files.
    Files(Arc<TlsReloader>),
    /// It is ordered.
    Ordered(Arc<Ordered>),
}

impl Source {
    /// An acceptor with the configuration of this moment.
    pub(super) fn acceptor(&self, certificates: Certificates) -> TlsAcceptor {
        match self {
            Self::Files(files) => files.acceptor(certificates),
            Self::Ordered(ordered) => ordered.acceptor(certificates),
        }
    }
}

/// Why the files cannot be used, in words for the operator.
#[derive(Debug)]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS file {} cannot be used: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for TlsError {}

/// The current TLS configuration, swapped whole when the files change.
pub struct TlsReloader {
    files: ArcSwap<Tls>,
    current: ArcSwap<Configs>,
}

/// One certificate of ours, at two doors.
struct Configs {
    usual: Arc<ServerConfig>,
    /// Asks clients for theirs.
    asking: Arc<ServerConfig>,
}

/// Whether clients are asked for certificates. A browser asked for one would ask the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// They are, and may have none.
    Asked,
    /// They are not.
    NotAsked,
}

impl fmt::Debug for TlsReloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsReloader").field("files", &self.files).finish_non_exhaustive()
    }
}

impl TlsReloader {
    /// Loads the files once; fails when they are missing or do not belong together.
    pub fn load(files: Tls) -> Result<Arc<Self>, TlsError> {
        let current = ArcSwap::from_pointee(Configs::read(&files)?);
        Ok(Arc::new(Self { files: ArcSwap::from_pointee(files), current }))
    }

    /// An acceptor with the configuration of this moment.
    pub fn acceptor(&self, certificates: Certificates) -> TlsAcceptor {
        let current = self.current.load();
        TlsAcceptor::from(Arc::clone(match certificates {
            Certificates::Asked => &current.asking,
            Certificates::NotAsked => &current.usual,
        }))
    }

    /// Reads the files again. On failure the old configuration goes on serving.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(Configs::read(&self.files.load())?));
        Ok(())
    }

    /// Reads other files from now on. On failure the old ones go on serving.
    pub fn take_up(&self, files: Tls) -> Result<(), TlsError> {
        self.current.store(Arc::new(Configs::read(&files)?));
        self.files.store(Arc::new(files));
        Ok(())
    }

    /// Watches the files for as long as the task lives.
    pub async fn watch(self: Arc<Self>) {
        let mut seen = self.stamp();
        loop {
            tokio::time::sleep(POLL).await;
            let stamp = self.stamp();
            if stamp == seen {
                continue;
            }
            seen = stamp;
            match self.reload() {
                Ok(()) => tracing::info!("TLS certificate reloaded"),
                Err(error) => {
                    tracing::error!(%error, "the changed TLS files were not taken up; the old ones still serve");
                }
            }
        }
    }

    fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        let files = self.files.load();
        [&files.cert, &files.key].map(|path| {
            let data = std::fs::metadata(path).ok()?;
            Some((data.modified().ok()?, data.len()))
        })
    }
}

impl Configs {
    fn read(files: &Tls) -> Result<Self, TlsError> {
        let broken = |path: &PathBuf, why: String| TlsError { path: path.clone(), why };
        let chain = CertificateDer::pem_file_iter(&files.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|why| broken(&files.cert, why.to_string()))?;
        if chain.is_empty() {
            return Err(broken(&files.cert, "no certificate found in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|why| {
            let none = matches!(why, rustls::pki_types::pem::Error::NoItemsFound);
            broken(&files.key, if none { "no private key found in it".to_owned() } else { why.to_string() })
        })?;
        let config = |certificates| {
            server_config(chain.clone(), key.clone_key(), certificates)
                .map_err(|why| broken(&files.cert, why.to_string()))
        };
        Ok(Self { usual: config(Certificates::NotAsked)?, asking: config(Certificates::Asked)? })
    }
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    certificates: Certificates,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = builder(certificates)?.with_single_cert(chain, key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// A configuration that lacks only what is shown.
pub(super) fn builder(
    certificates: Certificates,
) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
    Ok(match certificates {
        Certificates::Asked => builder.with_client_cert_verifier(Arc::new(AnyCertificate::new())),
        Certificates::NotAsked => builder.with_no_client_auth(),
    })
}
