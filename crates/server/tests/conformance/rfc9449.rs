//! Demonstrating Proof of Possession (RFC 9449).

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, base64url, jwt};

use crate::flows::{ADA, both_tokens, listed, metadata, text};
use crate::support::dpop::{DPOP, Prover};
use crate::support::{ISSUER, NOW, SPA_CALLBACK, World};

const MACHINE: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// Proofs with one claim changed (or left out where it is null), each `invalid_dpop_proof` at the token endpoint.
macro_rules! not_proven {
    ($($(#[$about:meta])* $name:ident: $changes:tt;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let (world, prover) = (World::new().await, Prover::new());
            let proof = prover.proof("POST", "/oauth/token", &json!($changes));
            world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
        }
    )+};
}

not_proven! {
    rfc9449_section_4_3_a_proof_without_jti_is_refused: { "jti": null };
    rfc9449_section_4_3_a_proof_without_htm_is_refused: { "htm": null };
    rfc9449_section_4_3_a_proof_without_htu_is_refused: { "htu": null };
    rfc9449_section_4_3_a_proof_without_iat_is_refused: { "iat": null };
    rfc9449_section_4_3_a_proof_for_another_method_is_refused: { "htm": "GET" };
    rfc9449_section_4_3_methods_are_case_sensitive: { "htm": "post" };
    rfc9449_section_4_3_a_proof_for_another_path_is_refused: { "htu": "http://localhost:4400/oauth/revoke" };
    rfc9449_section_4_3_a_proof_for_another_host_is_refused: { "htu": "https://evil.example/oauth/token" };
    rfc9449_section_4_3_a_proof_for_another_scheme_is_refused: { "htu": "https://localhost:4400/oauth/token" };
    rfc9449_section_4_3_a_proof_for_another_port_is_refused: { "htu": "http://localhost:4401/oauth/token" };
    rfc9449_section_4_3_a_place_that_is_no_uri_is_refused: { "htu": "/oauth/token" };
    rfc9449_section_4_3_an_old_proof_is_refused: { "iat": (NOW - 61) };
    rfc9449_section_4_3_a_proof_of_the_future_is_refused: { "iat": (NOW + 16) };
    rfc9449_section_4_3_a_time_that_is_no_number_is_refused: { "iat": "now" };
    /// "on or after which the JWT MUST NOT be accepted for processing", whatever else makes it fresh.
    rfc7519_section_4_1_4_a_proof_whose_exp_is_over_is_refused: { "exp": (NOW - 15) };
    rfc7519_section_4_1_5_a_proof_before_its_nbf_is_refused: { "nbf": (NOW + 16) };
}

/// A proof with another header.
async fn headed(header: &str) {
    let world = World::new().await;
    let claims = json!({ "jti": "x", "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": NOW }).to_string();
    let proof = format!("{}.{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()), "AAAA");
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
}

macro_rules! headers {
    ($($name:ident: $header:literal;)+) => {$( #[tokio::test] async fn $name() { headed($header).await; } )+};
}

headers! {
    rfc9449_section_4_3_alg_none_is_refused: r#"{"typ":"dpop+jwt","alg":"none","jwk":{"kty":"oct","k":"AAAA"}}"#;
    rfc9449_section_4_3_a_symmetric_algorithm_is_refused: r#"{"typ":"dpop+jwt","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#;
    rfc9449_section_4_3_a_header_without_a_key_is_refused: r#"{"typ":"dpop+jwt","alg":"ES256"}"#;
    rfc9449_section_4_3_a_key_by_reference_is_refused: r#"{"typ":"dpop+jwt","alg":"ES256","jku":"https://evil.example/jwks"}"#;
}

#[tokio::test]
async fn rfc9449_section_4_3_a_token_of_another_type_is_no_proof() {
    let world = World::new().await;
    let key = Jwk::generate(Algorithm::ES256).unwrap();
    let claims = json!({ "jti": "x", "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": NOW });
    for typ in ["JWT", "at+jwt", "client-authentication+jwt"] {
        let proof = jwt::sign_with_jwk(&key, Algorithm::ES256, typ, &claims).unwrap();
        world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn rfc9449_section_4_3_a_changed_proof_is_refused() {
    let (world, prover) = (World::new().await, Prover::new());
    let proof = prover.proof("GET", "/oauth/token", &json!({}));
    let parts: Vec<&str> = proof.split('.').collect();
    let claims = json!({ "jti": "x", "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": NOW }).to_string();
    let changed = format!("{}.{}.{}", parts[0], base64url::encode(claims.as_bytes()), parts[2]);
    world.token_with("machine", &changed, &MACHINE).await.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn rfc9449_section_4_3_what_is_no_jwt_is_no_proof() {
    let world = World::new().await;
    for text in ["x", "a.b.c", ".."] {
        world.token_with("machine", text, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    }
}

/// "There is not more than one DPoP HTTP request header field."
#[tokio::test]
async fn rfc9449_section_4_3_two_proofs_are_refused() {
    let (world, prover) = (World::new().await, Prover::new());
    let (one, other) = (prover.for_tokens(), prover.for_tokens());
    let headers = [(DPOP, one.as_str()), (DPOP, other.as_str())];
    world.post_as_with("machine", "/oauth/token", &MACHINE, &headers).await.is_error(400, "invalid_dpop_proof");
}

/// §11.1: replay.
#[tokio::test]
async fn rfc9449_section_11_1_a_proof_works_once() {
    let (world, prover) = (World::new().await, Prover::new());
    let proof = prover.for_tokens();
    assert_eq!(world.token_with("machine", &proof, &MACHINE).await.status, 200);
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
}

/// Of a public client "the refresh token MUST be bound to the respective public key" (§5).
#[tokio::test]
async fn rfc9449_section_5_a_public_clients_refresh_token_needs_its_key() {
    let (world, prover) = (World::new().await, Prover::new());
    let refresh = text(&world.bound_tokens("spa", &prover).await["refresh_token"]);
    assert_eq!(world.refresh("spa", &refresh).await.status, 400, "without a proof");
    assert_eq!(world.refresh_with("spa", &Prover::new().for_tokens(), &refresh).await.status, 400, "with another key");
    assert_eq!(world.refresh_with("spa", &prover.for_tokens(), &refresh).await.status, 200);
}

/// `dpop_jkt` (§10): "If they do not match, it MUST reject the request."
#[tokio::test]
async fn rfc9449_section_10_a_code_bound_to_a_key_needs_that_key() {
    let (world, prover) = (World::new().await, Prover::new());
    let code = world.browser().code("spa", ADA, &[("dpop_jkt", &prover.jkt()), ("redirect_uri", SPA_CALLBACK)]).await;
    assert_eq!(world.redeem("spa", &code).await.status, 400, "without a proof");
    assert_eq!(world.redeem_with("spa", &Prover::new().for_tokens(), &code).await.status, 400, "with another key");
    assert_eq!(world.redeem_with("spa", &prover.for_tokens(), &code).await.status, 200);
}

/// "such a protected resource MUST reject a DPoP-bound access token received as a bearer token" (§7.2).
#[tokio::test]
async fn rfc9449_section_7_2_a_bound_token_is_no_bearer_token() {
    let (world, prover) = (World::new().await, Prover::new());
    let token = text(&world.bound_tokens("web", &prover).await["access_token"]);
    assert_eq!(world.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn rfc9449_section_7_1_a_bound_token_without_a_proof_opens_nothing() {
    let (world, prover) = (World::new().await, Prover::new());
    let shown = format!("DPoP {}", text(&world.bound_tokens("web", &prover).await["access_token"]));
    assert_eq!(world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &shown)], None).await.status, 401);
}

/// §4.3 point 12: "the public key to which the access token is bound matches the public key from the DPoP proof".
#[tokio::test]
async fn rfc9449_section_4_3_a_bound_token_with_the_proof_of_another_key_opens_nothing() {
    let (world, prover) = (World::new().await, Prover::new());
    let token = text(&world.bound_tokens("web", &prover).await["access_token"]);
    assert_eq!(world.userinfo_with(&token, &Prover::new().for_userinfo(&token)).await.status, 401);
    assert_eq!(world.userinfo_with(&token, &prover.for_userinfo(&token)).await.status, 200);
}

/// …and "the value of the ath claim equals the hash of that access token".
#[tokio::test]
async fn rfc9449_section_4_3_a_proof_for_another_token_opens_nothing() {
    let (world, prover) = (World::new().await, Prover::new());
    let token = text(&world.bound_tokens("web", &prover).await["access_token"]);
    assert_eq!(world.userinfo_with(&token, &prover.for_userinfo("another")).await.status, 401);
}

#[tokio::test]
async fn rfc9449_section_4_3_a_proof_without_the_tokens_hash_opens_nothing() {
    let (world, prover) = (World::new().await, Prover::new());
    let token = text(&world.bound_tokens("web", &prover).await["access_token"]);
    let proof = prover.proof("GET", "/userinfo", &json!({}));
    assert_eq!(world.userinfo_with(&token, &proof).await.status, 401);
}

/// §7.1: a plain token under the scheme DPoP is bound to nothing.
#[tokio::test]
async fn rfc9449_section_7_1_a_plain_token_is_no_bound_token() {
    let (world, prover) = (World::new().await, Prover::new());
    let (token, _) = both_tokens(&world).await;
    assert_eq!(world.userinfo_with(&token, &prover.for_userinfo(&token)).await.status, 401);
}

/// `dpop_signing_alg_values_supported` (§5.1): `alg` "MUST NOT be none or an identifier for a symmetric algorithm" (§4.2).
#[tokio::test]
async fn rfc9449_section_5_1_no_symmetric_algorithm_is_published() {
    let world = World::new().await;
    for alg in listed(&metadata(&world).await, "dpop_signing_alg_values_supported") {
        assert!(alg != "none" && !alg.starts_with("HS"), "{alg}");
    }
}
