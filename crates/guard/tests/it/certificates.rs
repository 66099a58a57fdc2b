//! Tokens that are bound to a certificate (RFC 8705 §3): good on its connections, and on no others.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, header::AUTHORIZATION},
};
use serde_json::{Value, json};
use symbolon_guard::{
    Certificates, ConfigError, Dpop, Guard, InvalidToken, PeerAddress, PeerCertificate, Rejection,
    testing::{AUDIENCE, TestIssuer, TestKey},
};

use super::{Answer, app, bearer, send};

/// As good as DER to whoever only takes its hash.
const OWN: &[u8] = b"a certificate";
const OTHER: &[u8] = b"another certificate";
/// [`OWN`], as RFC 9440 writes it.
const HEADER: &str = ":YSBjZXJ0aWZpY2F0ZQ==:";
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

fn over(certificate: Option<&[u8]>, token: &str) -> Request<Body> {
    let mut request = bearer("/me", token);
    if let Some(der) = certificate {
        request.extensions_mut().insert(PeerCertificate::new(der));
    }
    request
}

#[track_caller]
fn refused(answer: &Answer) {
    let expected = r#"Bearer realm="https://api.example.com", error="invalid_token""#;
    assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (401, Some(expected)), "{answer:?}");
}

#[tokio::test]
async fn rfc8705_section_3_a_bound_token_counts_over_its_own_certificate_only() {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).certificates(Certificates::accept()));
    let token = issuer.token().bound_to_certificate(OWN).sign();
    for _ in 0..2 {
        // Remembered as a token, and yet its certificate is asked for every time.
        assert_eq!(send(&app, over(Some(OWN), &token)).await.status, 200);
        refused(&send(&app, over(Some(OTHER), &token)).await);
        refused(&send(&app, over(None, &token)).await);
    }
    // "the protected resource … MUST reject": a token that is bound to nothing is another matter.
    assert_eq!(send(&app, over(Some(OTHER), &issuer.token().sign())).await.status, 200);
}

#[tokio::test]
async fn rfc8705_section_3_without_being_told_the_guard_refuses_bound_tokens() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let token = issuer.token().bound_to_certificate(OWN).sign();
    refused(&send(&app(&issuer.guard(AUDIENCE)), over(Some(OWN), &token)).await);
    let proven = app(&issuer.guard(AUDIENCE).dpop(Dpop::accept(AUDIENCE).unwrap()));
    assert_eq!(send(&proven, over(Some(OWN), &token)).await.status, 401);
    let by_key = issuer.token().bound_to(&key).sign();
    let certificates = app(&issuer.guard(AUDIENCE).certificates(Certificates::accept()));
    refused(&send(&certificates, over(Some(OWN), &by_key)).await);
}

#[tokio::test]
async fn a_kind_of_binding_that_nobody_knows_is_no_binding_to_pass() {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).certificates(Certificates::accept()));
    for cnf in [
        json!({}),
        json!({"x5t": "a"}),
        json!({"x5t#S256": 1}),
        json!({"x5t#S256": ""}),
        json!({"x5t#S256": "a", "jkt": "b"}),
        json!("x5t#S256"),
        json!({"kid": "1"}),
    ] {
        refused(&send(&app, over(Some(OWN), &issuer.token().claim("cnf", cnf).sign())).await);
    }
}

#[tokio::test]
async fn where_binding_is_required_a_plain_token_is_refused() {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).certificates(Certificates::require()));
    refused(&send(&app, over(Some(OWN), &issuer.token().sign())).await);
    assert_eq!(send(&app, over(Some(OWN), &issuer.token().bound_to_certificate(OWN).sign())).await.status, 200);
}

#[tokio::test]
async fn with_dpop_a_token_is_bound_to_either_and_shown_as_what_it_is() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let guard = issuer.guard(AUDIENCE).dpop(Dpop::require(AUDIENCE).unwrap()).certificates(Certificates::accept());
    let app = app(&guard);
    let (by_certificate, by_key) =
        (issuer.token().bound_to_certificate(OWN).sign(), issuer.token().bound_to(&key).sign());
    let proven = |token: &str| {
        let mut request = over(Some(OWN), token);
        request.headers_mut().insert(AUTHORIZATION, format!("DPoP {token}").parse().unwrap());
        let proof = key.proof("GET", "https://api.example.com/me", token);
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        request
    };
    assert_eq!(send(&app, over(Some(OWN), &by_certificate)).await.status, 200);
    assert_eq!(send(&app, proven(&by_key)).await.status, 200);
    for request in [over(Some(OWN), &by_key), proven(&by_certificate), over(Some(OWN), &issuer.token().sign())] {
        assert_eq!(send(&app, request).await.status, 401);
    }
}

fn behind_proxy(issuer: &TestIssuer) -> Guard {
    issuer.guard(AUDIENCE).certificates(Certificates::accept().from_proxy("Client-Cert", [PROXY]).unwrap())
}

fn from(peer: Option<IpAddr>, headers: &[&str], token: &str) -> Request<Body> {
    let mut request = bearer("/me", token);
    for header in headers {
        request.headers_mut().append("client-cert", header.parse().unwrap());
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddress(peer));
    }
    request
}

#[tokio::test]
async fn rfc9440_section_4_the_header_is_believed_from_the_named_proxy_only() {
    let issuer = TestIssuer::offline();
    let app = app(&behind_proxy(&issuer));
    let token = issuer.token().bound_to_certificate(OWN).sign();
    assert_eq!(send(&app, from(Some(PROXY), &[HEADER], &token)).await.status, 200);
    let mapped = "::ffff:10.0.0.7".parse().unwrap();
    assert_eq!(send(&app, from(Some(mapped), &[HEADER], &token)).await.status, 200);
    let mut with_axum = from(None, &[HEADER], &token);
    with_axum.extensions_mut().insert(ConnectInfo(SocketAddr::new(PROXY, 1)));
    assert_eq!(send(&app, with_axum).await.status, 200);
    let stranger = Some("10.0.0.8".parse().unwrap());
    for request in [
        from(stranger, &[HEADER], &token),
        from(None, &[HEADER], &token),
        from(Some(PROXY), &[], &token),
        from(Some(PROXY), &[HEADER, HEADER], &token),
        from(Some(PROXY), &["YQ=="], &token),
        from(Some(PROXY), &[":YQ"], &token),
    ] {
        refused(&send(&app, request).await);
    }
    // A forged header does not make room for the connection's own certificate either.
    let mut forged = from(stranger, &[HEADER], &token);
    forged.extensions_mut().insert(PeerCertificate::new(OWN));
    refused(&send(&app, forged).await);
}

#[test]
fn a_header_that_cannot_be_one_is_told() {
    let why = Certificates::accept().from_proxy("client cert", [PROXY]).unwrap_err();
    assert_eq!(why, ConfigError::NotAHeader { value: "client cert".to_owned() });
}

#[tokio::test]
async fn rfc9728_section_2_the_metadata_says_that_certificates_and_which_scopes_are_taken() {
    let issuer = TestIssuer::offline();
    let document = async |guard: Guard| -> Value {
        let app: Router = guard.metadata();
        let answer =
            send(&app, Request::get("/.well-known/oauth-protected-resource").body(Body::empty()).unwrap()).await;
        serde_json::from_str(&answer.body).unwrap()
    };
    let told =
        document(issuer.guard(AUDIENCE).certificates(Certificates::accept()).scopes_supported(["read", "no scope"]))
            .await;
    assert_eq!(told["tls_client_certificate_bound_access_tokens"], json!(true));
    assert_eq!(told["scopes_supported"], json!(["read"]));
    let plain = document(issuer.guard(AUDIENCE)).await;
    assert!(
        plain.get("tls_client_certificate_bound_access_tokens").is_none() && plain.get("scopes_supported").is_none()
    );
}

#[tokio::test]
async fn a_token_without_a_request_is_not_bound_to_its_connection() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).certificates(Certificates::accept());
    let refused = guard.verify(&issuer.token().bound_to_certificate(OWN).sign()).await;
    assert!(matches!(refused, Err(Rejection::InvalidToken(InvalidToken::SenderConstrained))));
}
