//! `self_signed_tls_client_auth`: a certificate that the client registered itself, in its key set (RFC 8705 §2.2).
//!
//! Nobody else vouches for it, and its names and times are the client's own words: it counts for as long as it is registered.

use symbolon_jose::JwkSet;

use super::ShownCertificate;
use crate::error::ClientAuthFailure;
use crate::registration::Client;

pub(super) const NAME: &str = "self_signed_tls_client_auth";

/// RFC 8705 §2.2: "The client is successfully authenticated if the certificate that it presented during the handshake matches one of the
/// certificates configured or registered for that particular client."
pub(super) fn verify(client: &Client, shown: Option<ShownCertificate<'_>>) -> Result<(), ClientAuthFailure> {
    let certificate = shown.ok_or(ClientAuthFailure::CertificateMissing)?.certificate;
    let set = client.jwks.as_ref().and_then(|jwks| JwkSet::from_value(jwks).ok());
    let registered = set.is_some_and(|set| set.keys().iter().any(|key| certificate.is_key(key)));
    if registered { Ok(()) } else { Err(ClientAuthFailure::CertificateOfAnother) }
}
