//! `tls_client_auth`: a certificate that an authority of the operator's choice has signed, and that names the client (RFC 8705 §2.1).

use super::{Chain, ShownCertificate};
use crate::error::ClientAuthFailure;
use crate::registration::Client;

pub(super) const NAME: &str = "tls_client_auth";

/// RFC 8705 §2.1: "The TLS handshake is utilized … to validate the corresponding certificate chain", and then the subject decides.
pub(super) fn verify(client: &Client, shown: Option<ShownCertificate<'_>>) -> Result<(), ClientAuthFailure> {
    let ShownCertificate { certificate, chain } = shown.ok_or(ClientAuthFailure::CertificateMissing)?;
    match chain {
        Chain::Unverified => Err(ClientAuthFailure::CertificateUntrusted),
        Chain::Verified if client.certificate.are_met_by(certificate) => Ok(()),
        Chain::Verified => Err(ClientAuthFailure::CertificateOfAnother),
    }
}
