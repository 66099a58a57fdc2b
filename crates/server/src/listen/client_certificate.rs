//! Certificates of clients (RFC 8705): any is taken in the handshake, whose sender proves there to hold its key; who it is, and whether an
//! authority of the operator's has signed it, is judged later, for each request of a client that is registered so.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use symbolon_oauth::certificate::ClientCertificate;
use symbolon_oauth::client_auth::Chain;

/// A client's certificate, and what it says it was signed with.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The certificate.
    pub certificate: ClientCertificate,
    chain: Vec<CertificateDer<'static>>,
}

impl Shown {
    /// Of certificates in DER, the client's own first; `None` if that cannot be read.
    pub fn of<'d>(certificates: impl IntoIterator<Item = &'d [u8]>) -> Option<Self> {
        let mut certificates = certificates.into_iter();
        let certificate = ClientCertificate::read(certificates.next()?);
        let certificate =
            certificate.inspect_err(|why| tracing::info!(%why, "a client's certificate is of no use")).ok()?;
        Some(Self { certificate, chain: certificates.map(|der| CertificateDer::from(der.to_vec())).collect() })
    }
}

/// Who may sign certificates of clients: `mtls.ca`.
pub struct Authorities(Option<Arc<dyn ClientCertVerifier>>);

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorities").field(&self.0.is_some()).finish()
    }
}

impl Authorities {
    /// Reads the operator's file, in which there must be one at least; without a file there is none.
    pub fn open(file: Option<&Path>) -> Result<Self, String> {
        let Some(path) = file else { return Ok(Self(None)) };
        let unusable = |why: &dyn fmt::Display| format!("mtls.ca: {} cannot be used: {why}", path.display());
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(path).map_err(|why| unusable(&why))?;
        for certificate in certificates {
            roots.add(certificate.map_err(|why| unusable(&why))?).map_err(|why| unusable(&why))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        verifier.map(|verifier| Self(Some(verifier))).map_err(|why| unusable(&why))
    }

    /// Whether one of them has signed it, for clients, at this time (RFC 5280 §6). Revocation by lists is not asked: a certificate that must
    /// count no more is taken from its client's registration.
    pub fn judge(&self, shown: &Shown, now: u64) -> Chain {
        let Some(verifier) = &self.0 else { return Chain::Unverified };
        let (certificate, now) =
            (CertificateDer::from(shown.certificate.der()), UnixTime::since_unix_epoch(Duration::from_secs(now)));
        match verifier.verify_client_cert(&certificate, &shown.chain, now) {
            Ok(_) => Chain::Verified,
            Err(why) => {
                tracing::info!(%why, "a client's certificate is not to be trusted");
                Chain::Unverified
            }
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Asks for a certificate, takes any or none, and has the sender prove to hold its key.
#[derive(Debug)]
pub(super) struct AnyCertificate(Arc<CryptoProvider>);

impl AnyCertificate {
    pub(super) fn new() -> Self {
        Self(provider())
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No names: clients show what they have, for those that sign their own are welcome, too.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// January 2027.
    const NOW: u64 = 1_800_000_000;

    fn file(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/certificates").join(format!("{name}.crt"))
    }

    fn shown(names: &[&str]) -> Shown {
        let chain: Vec<_> = names.iter().map(|name| CertificateDer::from_pem_file(file(name)).unwrap()).collect();
        Shown::of(chain.iter().map(AsRef::as_ref)).unwrap()
    }

    fn judged(authority: &str, names: &[&str]) -> Chain {
        Authorities::open(Some(&file(authority))).unwrap().judge(&shown(names), NOW)
    }

    #[test]
    fn rfc8705_section_2_1_a_chain_that_ends_at_an_authority_is_verified() {
        assert_eq!(judged("authority", &["client"]), Chain::Verified);
        assert_eq!(judged("authority", &["deep", "intermediate"]), Chain::Verified);
        assert_eq!(judged("stranger-authority", &["stranger"]), Chain::Verified);
    }

    #[test]
    fn rfc5280_section_6_every_other_chain_is_not() {
        assert_eq!(judged("authority", &["stranger"]), Chain::Unverified, "by somebody else");
        assert_eq!(judged("authority", &["deep"]), Chain::Unverified, "its end is missing");
        assert_eq!(judged("authority", &["deep", "client"]), Chain::Unverified, "a client signs for nobody");
        assert_eq!(judged("authority", &["self"]), Chain::Unverified, "by itself");
        assert_eq!(judged("authority", &["of-server"]), Chain::Unverified, "not for clients");
        assert_eq!(judged("authority", &["expired"]), Chain::Unverified, "over");
        let nobody = Authorities::open(None).unwrap();
        assert_eq!(nobody.judge(&shown(&["client"]), NOW), Chain::Unverified, "nobody is trusted");
    }

    #[test]
    fn a_certificate_counts_within_its_time_only() {
        let authorities = Authorities::open(Some(&file("authority"))).unwrap();
        let day = 86_400;
        assert_eq!(authorities.judge(&shown(&["expired"]), NOW - 40 * day), Chain::Verified, "while it lasted");
        for at in [0, NOW - 365 * day, NOW + 101 * 365 * day] {
            assert_eq!(authorities.judge(&shown(&["client"]), at), Chain::Unverified, "{at}");
        }
    }

    #[test]
    fn a_file_without_authorities_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(Authorities::open(Some(&path)).unwrap_err().contains("mtls.ca"));
        std::fs::write(&path, "").unwrap();
        assert!(Authorities::open(Some(&path)).unwrap_err().contains("mtls.ca"));
        assert!(Shown::of([&b"no certificate"[..]]).is_none() && Shown::of([]).is_none());
    }
}
