//! Clients that prove themselves by a certificate (RFC 8705 §2).

use serde_json::{Value, json};
use symbolon_jose::{Jwk, KeyFormat, base64url};

use super::*;
use crate::certificate::ClientCertificate;
use crate::registration::{CertificateRules, SecretHash};
use crate::testing::{NOW, at, certificate, machine, spa};

fn named() -> Client {
    let certificate = CertificateRules {
        tls_client_auth_san_dns: Some("reports.example.com".to_owned()),
        ..CertificateRules::default()
    };
    Client { token_endpoint_auth_method: AuthMethod::TlsClientAuth, certificate, secrets: Vec::new(), ..machine() }
}

fn with_keys(keys: &[Value]) -> Client {
    let jwks = Some(json!({ "keys": keys }));
    Client { token_endpoint_auth_method: AuthMethod::SelfSignedTlsClientAuth, jwks, secrets: Vec::new(), ..machine() }
}

/// The public key of a certificate, as a JWK without `x5c`.
fn key_of(name: &str) -> Value {
    let pem = std::fs::read_to_string(crate::testing::certificate_file(&format!("{name}.key"))).unwrap();
    Jwk::from_pem(&pem).unwrap().public_value().unwrap()
}

fn with_x5c(name: &str, certificate: &ClientCertificate) -> Value {
    let mut key = key_of(name);
    let mut text = base64url::encode(certificate.der()).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    key["x5c"] = json!([text]);
    key
}

fn authenticated<'c>(
    client: &Client,
    shown: impl Into<Option<ShownCertificate<'c>>>,
    body: &str,
) -> Result<(), OAuthError> {
    let credentials = Credentials::from_request(None, &Params::parse(body.as_bytes()).unwrap())?;
    let shown = shown.into();
    at(NOW, |ctx| authenticate(ctx, Some(client), ClientKeys::default(), shown, &credentials).map(|_| ()))
}

fn shown(certificate: &ClientCertificate, chain: Chain) -> ShownCertificate<'_> {
    ShownCertificate { certificate, chain }
}

fn refused(failure: ClientAuthFailure) -> Result<(), OAuthError> {
    Err(OAuthError::client_auth(failure, Presented::Body))
}

const BODY: &str = "client_id=machine";

#[test]
fn rfc8705_section_2_1_a_verified_chain_and_the_registered_name_prove_the_client() {
    let (own, other) = (certificate("client"), certificate("other"));
    assert_eq!(authenticated(&named(), shown(&own, Chain::Verified), BODY), Ok(()));
    assert_eq!(
        authenticated(&named(), shown(&own, Chain::Unverified), BODY),
        refused(ClientAuthFailure::CertificateUntrusted)
    );
    assert_eq!(
        authenticated(&named(), shown(&other, Chain::Verified), BODY),
        refused(ClientAuthFailure::CertificateOfAnother)
    );
    assert_eq!(authenticated(&named(), None, BODY), refused(ClientAuthFailure::CertificateMissing));
}

#[test]
fn rfc8705_section_2_the_client_id_is_needed_all_the_same() {
    let own = certificate("client");
    assert_eq!(authenticated(&named(), shown(&own, Chain::Verified), ""), refused(ClientAuthFailure::Missing));
    assert_eq!(
        authenticated(&named(), shown(&own, Chain::Verified), "client_id=other"),
        refused(ClientAuthFailure::ClientUnknown)
    );
}

#[test]
fn rfc8705_section_2_2_a_registered_certificate_or_key_proves_the_client() {
    let (own, again, other) = (certificate("self"), certificate("self-again"), certificate("other"));
    let by_certificate = with_keys(&[key_of("other"), with_x5c("self", &own)]);
    let by_key = with_keys(&[key_of("self")]);
    for client in [&by_certificate, &by_key] {
        assert_eq!(client.validate(), Ok(()));
        // Nobody signed it but itself: the chain says nothing.
        assert_eq!(authenticated(client, shown(&own, Chain::Unverified), BODY), Ok(()));
        assert_eq!(authenticated(client, None, BODY), refused(ClientAuthFailure::CertificateMissing));
    }
    assert_eq!(authenticated(&by_key, shown(&again, Chain::Unverified), BODY), Ok(()));
    let strangers = [(&by_certificate, &again), (&by_key, &other)];
    for (client, stranger) in strangers {
        assert_eq!(
            authenticated(client, shown(stranger, Chain::Verified), BODY),
            refused(ClientAuthFailure::CertificateOfAnother)
        );
    }
}

#[test]
fn rfc8705_section_2_2_2_without_keys_nobody_is_registered() {
    let keyless = Client { jwks: None, ..with_keys(&[]) };
    assert!(keyless.validate().unwrap_err().iter().any(|fault| fault.member == "jwks"));
    let own = certificate("self");
    assert_eq!(
        authenticated(&keyless, shown(&own, Chain::Verified), BODY),
        refused(ClientAuthFailure::CertificateOfAnother)
    );
}

#[test]
fn rfc8705_section_2_one_method_does_not_stand_in_for_another() {
    let own = certificate("client");
    let by_secret = Client { secrets: vec![SecretHash::of("s3cret", 0)], ..machine() };
    assert_eq!(authenticated(&by_secret, shown(&own, Chain::Verified), BODY), refused(ClientAuthFailure::Missing));
    for client in [named(), with_keys(&[key_of("client")])] {
        let client = Client { secrets: vec![SecretHash::of("s3cret", 0)], ..client };
        let with_secret = format!("{BODY}&client_secret=s3cret");
        assert_eq!(
            authenticated(&client, shown(&own, Chain::Verified), &with_secret),
            refused(ClientAuthFailure::MethodNotRegistered)
        );
    }
    // A certificate beside another method's proof is no second method: the connection has it, not the request.
    assert_eq!(
        authenticated(&by_secret, shown(&own, Chain::Verified), "client_id=machine&client_secret=s3cret"),
        Ok(())
    );
    assert_eq!(authenticated(&spa(), shown(&own, Chain::Unverified), "client_id=spa"), Ok(()));
}

#[test]
fn a_client_that_is_switched_off_proves_nothing() {
    let own = certificate("client");
    let off = Client { disabled: true, ..named() };
    assert_eq!(authenticated(&off, shown(&own, Chain::Verified), BODY), refused(ClientAuthFailure::ClientDisabled));
}

#[test]
fn keys_written_in_another_way_are_the_same_keys() {
    let pem = std::fs::read_to_string(crate::testing::certificate_file("self.key")).unwrap();
    let spki = Jwk::from_pem(&pem).unwrap().to_pem(KeyFormat::Spki).unwrap();
    assert!(certificate("self").is_key(&Jwk::from_pem(&spki).unwrap()));
}
