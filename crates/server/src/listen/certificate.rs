//! What `symbolon doctor` asks of certificate files: whether key and certificate belong together, whether the certificate names
//! the issuer's host, and until when the chain holds (RFC 5280 §4.1.2.5, RFC 9525 §6).

use std::path::PathBuf;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, RootCertStore};

use crate::config::Tls;

/// The last second of the year 9999: every certificate that says when it ends has ended by then.
const END_OF_TIME: u64 = 253_402_300_799;

/// Something about the files that clients would not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A certificate of the chain is past its end, Unix seconds.
    Expired(u64),
    /// Key and certificate do not belong together.
    Mismatch,
    /// A certificate of the chain begins later, Unix seconds.
    NotYet(u64),
    /// The first certificate does not name the host, but these.
    OtherName(Vec<String>),
    /// The file cannot be read, or is not what it should be.
    Unusable {
        /// Which.
        path: PathBuf,
        /// What was said.
        why: String,
    },
}

/// What was found in certificate files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// When the first certificate of the chain to end does so, Unix seconds; absent where none says.
    pub ends_at: Option<u64>,
    /// What clients would not accept.
    pub faults: Vec<Fault>,
}

/// Examines the files of `tls` for clients of `host` at `now`.
pub fn examine(tls: &Tls, host: &str, now: u64) -> Examined {
    let unusable = |path: &PathBuf, why: String| Examined {
        faults: vec![Fault::Unusable { path: path.clone(), why }],
        ends_at: None,
    };
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(&tls.cert).and_then(Iterator::collect);
    let chain = match chain {
        Ok(chain) if !chain.is_empty() => chain,
        Ok(_) => return unusable(&tls.cert, "there is no certificate in it".to_owned()),
        Err(why) => return unusable(&tls.cert, why.to_string()),
    };
    let key = match PrivateKeyDer::from_pem_file(&tls.key) {
        Ok(key) => key,
        Err(why) => return unusable(&tls.key, why.to_string()),
    };
    let mut examined = match examine_chain(&chain, host, now) {
        Ok(examined) => examined,
        Err(why) => return unusable(&tls.cert, why),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    match CertifiedKey::from_der(chain, key, &provider) {
        Ok(_) => {}
        Err(Error::InconsistentKeys(_)) => examined.faults.push(Fault::Mismatch),
        Err(why) => return unusable(&tls.key, why.to_string()),
    }
    examined
}

/// Examines a chain, its own certificate first, for clients of `host` at `now`. The error is of a certificate that cannot be read.
pub(crate) fn examine_chain(chain: &[CertificateDer<'_>], host: &str, now: u64) -> Result<Examined, String> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut examined = Examined::default();
    for certificate in chain {
        let parsed = ParsedCertificate::try_from(certificate).map_err(|why| why.to_string())?;
        examine_times(&parsed, &provider, now, &mut examined);
    }
    examined.faults.extend(chain.first().and_then(|certificate| name_fault(certificate, host)));
    Ok(examined)
}

/// The times of a certificate are asked for by verifying it: they are judged before its signer is looked for, which is why no
/// trust anchor is needed, and what else is wrong does not count here.
fn examine_times(certificate: &ParsedCertificate<'_>, provider: &CryptoProvider, now: u64, examined: &mut Examined) {
    let verified_at = |at: u64| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let algorithms = provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(certificate, &RootCertStore::empty(), &[], at, algorithms).err()
    };
    if let Some(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) =
        verified_at(END_OF_TIME)
    {
        let ends_at = not_after.as_secs();
        examined.ends_at = Some(examined.ends_at.map_or(ends_at, |first| first.min(ends_at)));
    }
    match verified_at(now) {
        Some(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            examined.faults.push(Fault::Expired(not_after.as_secs()));
        }
        Some(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            examined.faults.push(Fault::NotYet(not_before.as_secs()));
        }
        _ => {}
    }
}

fn name_fault(certificate: &CertificateDer<'_>, host: &str) -> Option<Fault> {
    // A URL writes IPv6 addresses in brackets, a certificate does not.
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok();
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    match name.map(|name| verify_server_name(&parsed, &name)) {
        Some(Ok(())) => None,
        Some(Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))) => {
            Some(Fault::OtherName(presented))
        }
        _ => Some(Fault::OtherName(Vec::new())),
    }
}
