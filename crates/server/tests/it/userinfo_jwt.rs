//! Claims from userinfo that are signed, encrypted, or both (OpenID Connect Core §5.3.2), as their client is registered.

use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, JwkSet, KeyManagement, VerifyingKeys};

use crate::support::flow::authorize_url;
use crate::support::protocol::header;
use crate::support::{Answer, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";
const ALG: KeyManagement = KeyManagement::EcdhEsA256Kw;
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

async fn keys(world: &World) -> VerifyingKeys {
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC)
}

async fn userinfo(world: &World) -> (Answer, Value) {
    let tokens = world.tokens("web", ADA).await;
    (world.userinfo(tokens["access_token"].as_str().unwrap()).await, tokens)
}

#[track_caller]
fn is_jwt(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jwt"), "{answer:?}");
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
}

fn policy() -> Policy {
    Policy::new(ISSUER, "web").accept_type("JWT").danger_exp_optional()
}

#[tokio::test]
async fn core_section_5_3_2_signed_claims_are_a_jwt_with_issuer_and_audience() {
    let world = World::new().await;
    for alg in [Algorithm::ES256, Algorithm::PS256] {
        world.change_client("web", |client| client.userinfo.userinfo_signed_response_alg = Some(alg)).await;
        let (answer, tokens) = userinfo(&world).await;
        is_jwt(&answer);
        assert_eq!(header(&json!(answer.body))["alg"], alg.name());
        let said = jwt::verify::<Value>(&answer.body, &keys(&world).await, &policy(), NOW).unwrap().into_claims();
        assert_eq!((&said["iss"], &said["aud"], &said["email"]), (&json!(ISSUER), &json!("web"), &json!(ADA)));
        assert_eq!(said["sub"], crate::support::protocol::claims(&tokens["id_token"])["sub"]);
    }
}

/// What it says of people is no proof that they have signed in: it is no ID token, and never taken for one.
#[tokio::test]
async fn signed_claims_are_no_id_token_hint() {
    let world = World::new().await;
    world.change_client("web", |client| client.userinfo.userinfo_signed_response_alg = Some(Algorithm::RS256)).await;
    let (answer, _) = userinfo(&world).await;
    let refused = world.browser().get(&authorize_url("web", &[("id_token_hint", &answer.body)])).await;
    refused.is_redirected_error("invalid_request");
    let out = world.browser().get(&format!("/logout?id_token_hint={}", answer.body)).await;
    assert_eq!(out.status, 400, "{out:?}");
}

#[tokio::test]
async fn core_section_5_3_2_encrypted_claims_are_signed_inside_if_the_client_asks_for_both() {
    let world = World::new().await;
    let pair = Jwk::generate(ALG).unwrap().with_purpose(Purpose::Encryption).unwrap();
    let jwks = json!({ "keys": [pair.public_value().unwrap()] });
    world
        .change_client("web", |client| {
            client.jwks = Some(jwks);
            client.userinfo.userinfo_encrypted_response_alg = Some(ALG);
            client.userinfo.userinfo_encrypted_response_enc = Some(ENC);
        })
        .await;
    let decrypting = || DecryptingKeys::single(DecryptingKey::from_jwk(&pair, ALG, &[ENC]).unwrap());
    let (answer, _) = userinfo(&world).await;
    is_jwt(&answer);
    let opened = jwe::compact::decrypt(&answer.body, &decrypting()).unwrap();
    let said: Value = serde_json::from_slice(opened.plaintext()).unwrap();
    assert_eq!((opened.cty(), &said["email"], &said["aud"]), (None, &json!(ADA), &json!("web")));

    world.change_client("web", |client| client.userinfo.userinfo_signed_response_alg = Some(Algorithm::ES256)).await;
    let (answer, _) = userinfo(&world).await;
    is_jwt(&answer);
    let keys = keys(&world).await;
    let said = jwt::decrypt_then_verify::<Value>(&answer.body, &decrypting(), &keys, &policy(), NOW).unwrap();
    assert_eq!(said.into_claims()["email"], ADA);
}

/// What is to be encrypted is never sent in the clear.
#[tokio::test]
async fn claims_that_cannot_be_encrypted_are_not_told() {
    let world = World::new().await;
    world.change_client("web", |client| client.userinfo.userinfo_encrypted_response_alg = Some(ALG)).await;
    let (answer, _) = userinfo(&world).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (500, json!("server_error")));
    assert!(!answer.body.contains(ADA));
}

/// RFC 6750 §3: a refusal stays what it is.
#[tokio::test]
async fn a_refusal_is_not_signed() {
    let world = World::new().await;
    world.change_client("web", |client| client.userinfo.userinfo_signed_response_alg = Some(Algorithm::RS256)).await;
    let (_, tokens) = userinfo(&world).await;
    let token = tokens["access_token"].as_str().unwrap();
    world.post_as("web", "/oauth/revoke", &[("token", token)]).await;
    let refused = world.userinfo(token).await;
    assert_eq!((refused.status.as_u16(), refused.header("content-type")), (401, "application/json"));
    assert!(refused.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn discovery_lists_what_userinfo_can_be_signed_and_encrypted_with() {
    let document = World::new().await.browser().get("/.well-known/openid-configuration").await.json();
    for (of_userinfo, of_id_tokens) in [
        ("userinfo_signing_alg_values_supported", "id_token_signing_alg_values_supported"),
        ("userinfo_encryption_alg_values_supported", "id_token_encryption_alg_values_supported"),
        ("userinfo_encryption_enc_values_supported", "id_token_encryption_enc_values_supported"),
    ] {
        assert_eq!(document[of_userinfo], document[of_id_tokens], "{of_userinfo}");
    }
}
