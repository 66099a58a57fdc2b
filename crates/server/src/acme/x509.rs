//! Certificates on their way in and out: the request for one (RFC 2986), the one that answers a challenge (RFC 8737 §3), and what is
//! looked at before one that came back is shown to anybody.

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use symbolon_jose::sha256;

use crate::calendar::calendar;
use crate::listen::certificate::{Examined, Fault, examine_chain};

/// A new key (P-256, which every client knows), and the request for a certificate of it.
pub(super) fn request(domains: &[String]) -> Result<(PrivatePkcs8KeyDer<'static>, Vec<u8>), String> {
    let mut parameters = CertificateParams::new(domains).map_err(|why| why.to_string())?;
    parameters.distinguished_name = DistinguishedName::new();
    let key = KeyPair::generate().map_err(|why| why.to_string())?;
    let request = parameters.serialize_request(&key).map_err(|why| why.to_string())?;
    Ok((PrivatePkcs8KeyDer::from(key.serialize_der()), request.der().to_vec()))
}

/// RFC 8737 §3: self-signed, with the domain's name and, critical, the hash of the key authorization.
pub(super) fn proof(domain: &str, key_authorization: &str) -> Result<CertifiedKey, String> {
    let mut parameters = CertificateParams::new(vec![domain.to_owned()]).map_err(|why| why.to_string())?;
    let hash = sha256(key_authorization.as_bytes());
    parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(&hash)];
    let key = KeyPair::generate().map_err(|why| why.to_string())?;
    let certificate = parameters.self_signed(&key).map_err(|why| why.to_string())?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = provider.key_provider.load_private_key(key).map_err(|why| why.to_string())?;
    // Not compared with its key, which was made with it: that would read it, and its critical extension is for the authority alone.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

/// A chain in PEM with its key, if they belong together.
pub(super) fn certified(chain: &str, key: PrivatePkcs8KeyDer<'static>) -> Result<CertifiedKey, String> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(read(chain)?, PrivateKeyDer::Pkcs8(key), &provider).map_err(|why| why.to_string())
}

/// When the first certificate of a chain ends, if clients of every one of `domains` would accept it now.
pub(super) fn examine(chain: &str, domains: &[String], now: u64) -> Result<u64, String> {
    let chain = read(chain)?;
    let mut ends_at = None;
    for domain in domains {
        let Examined { ends_at: found, faults } = examine_chain(&chain, domain, now)?;
        for fault in faults {
            match fault {
                Fault::OtherName(names) => return Err(format!("it does not name {domain}, but: {}", names.join(", "))),
                Fault::Expired(at) => return Err(format!("it has expired on {}", calendar(at))),
                // The authority's clock may be ahead of ours by a moment; clients go by their own.
                _ => {}
            }
        }
        ends_at = found;
    }
    ends_at.ok_or_else(|| "it does not say when it ends".to_owned())
}

fn read(chain: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    match read {
        Ok(chain) if chain.is_empty() => Err("there is no certificate in it".to_owned()),
        read => read.map_err(|why| why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::CertificateDer;

    /// RFC 8737 §3: the extension is critical, and holds the hash as an octet string.
    #[test]
    fn rfc8737_section_3_the_proof_holds_the_hash_of_the_key_authorization_in_a_critical_extension() {
        let proof = proof("auth.example.com", "token.thumbprint").unwrap();
        let der: &CertificateDer<'_> = &proof.cert[0];
        let oid = [6, 8, 43, 6, 1, 5, 5, 7, 1, 31];
        let expected = [&oid[..], &[1, 1, 0xff, 4, 34, 4, 32], &sha256(b"token.thumbprint")].concat();
        assert!(der.windows(expected.len()).any(|bytes| bytes == expected));
        assert!(der.windows(16).any(|bytes| bytes == b"auth.example.com"));
    }

    #[test]
    fn only_what_clients_would_accept_is_taken() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(names(&["a.example"])).unwrap();
        (parameters.not_before, parameters.not_after) =
            (rcgen::date_time_ymd(2027, 1, 1), rcgen::date_time_ymd(2027, 4, 1));
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        let text = base64_simd::STANDARD.encode_to_string(der);
        let chain = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let (january, ends_at) = (1_800_000_000, 1_806_537_600);
        assert_eq!(examine(&chain, &names(&["a.example"]), january), Ok(ends_at));
        assert_eq!(examine(&chain, &names(&["a.example"]), 1_798_000_000), Ok(ends_at), "a clock that is behind");
        assert!(examine(&chain, &names(&["a.example", "b.example"]), january).unwrap_err().contains("b.example"));
        assert!(examine(&chain, &names(&["a.example"]), ends_at + 1).unwrap_err().contains("expired on 2027-04-01"));
        assert!(examine("", &names(&["a.example"]), january).is_err());
        assert!(certified(&chain, PrivatePkcs8KeyDer::from(key.serialize_der())).is_ok());
        let other = KeyPair::generate().unwrap();
        assert!(certified(&chain, PrivatePkcs8KeyDer::from(other.serialize_der())).is_err());
    }
}
