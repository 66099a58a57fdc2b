//! A client's secret as a key for tokens (OpenID Connect Core §10.1, §10.2): ID tokens, userinfo, answers and request objects by HMAC, and encryption
//! under its hash.

use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, SigningKey, VerifyingKeys, base64url, sha256};
use symbolon_oauth::client_auth::SharedKeys;

use crate::support::flow::{VERIFIER, authorize_url, basic};
use crate::support::protocol::{claims, header};
use crate::support::requests::{TYP, object_claims, object_url};
use crate::support::{Answer, CALLBACK, ISSUER, NOW, SECRET, World};

const ADA: &str = "ada@example.com";

/// Registers `web` with these members; gives the secret that it gets.
async fn enrol(world: &World, metadata: Value) -> String {
    let change = json!({ "metadata": metadata });
    let answer = world.command(&json!({ "client": { "set": { "client": "web", "change": change } } })).await;
    answer["client_secret"].as_str().expect("a secret that can be read").to_owned()
}

async fn redeem(world: &World, secret: &str, code: &str) -> Value {
    let fields =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    world.post_with(&basic("web", secret), "/oauth/token", &fields).await.json()
}

fn keys(secret: &str) -> VerifyingKeys {
    SharedKeys::of(secret, None).verifying().clone()
}

async fn tokens(world: &World, secret: &str) -> Value {
    let code = world.browser().code("web", ADA, &[]).await;
    redeem(world, secret, &code).await
}

fn verified(secret: &str, token: &Value) -> Value {
    let policy = Policy::new(ISSUER, "web").accept_type("JWT").danger_exp_optional();
    jwt::verify::<Value>(token.as_str().unwrap(), &keys(secret), &policy, NOW).unwrap().into_claims()
}

#[tokio::test]
async fn core_section_10_1_an_id_token_is_authenticated_by_the_secret_of_its_client() {
    let world = World::new().await;
    for alg in ["HS256", "HS384", "HS512"] {
        let metadata = json!({ "id_token_signed_response_alg": alg, "userinfo_signed_response_alg": alg });
        let secret = enrol_again(&world, metadata).await;
        let tokens = tokens(&world, &secret).await;
        assert_eq!(header(&tokens["id_token"])["alg"], alg);
        assert!(header(&tokens["id_token"]).get("kid").is_none(), "a secret is not named");
        let said = verified(&secret, &tokens["id_token"]);
        assert!(said["at_hash"].is_string() && said["aud"] == "web", "{said}");
        assert_ne!(header(&tokens["access_token"])["alg"], alg, "APIs do not know the secret");
        let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(verified(&secret, &json!(userinfo.body))["email"], ADA);
    }
}

/// The secret stays the same once it is readable.
async fn enrol_again(world: &World, metadata: Value) -> String {
    let change = json!({ "metadata": metadata });
    let answer = world.command(&json!({ "client": { "set": { "client": "web", "change": change } } })).await;
    match answer["client_secret"].as_str() {
        Some(secret) => secret.to_owned(),
        None => rotate(world).await,
    }
}

async fn rotate(world: &World) -> String {
    let command = json!({ "client": { "rotate-secret": { "client": "web", "overlap_secs": 3600 } } });
    world.command(&command).await["client_secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn core_section_10_1_1_while_one_secret_follows_another_the_newest_is_the_key() {
    let world = World::new().await;
    let old = enrol(&world, json!({ "id_token_signed_response_alg": "HS256" })).await;
    let new = rotate(&world).await;
    let tokens = tokens(&world, &old).await;
    assert_eq!(verified(&new, &tokens["id_token"])["aud"], "web");
    let policy = Policy::new(ISSUER, "web").accept_type("JWT");
    assert!(jwt::verify::<Value>(tokens["id_token"].as_str().unwrap(), &keys(&old), &policy, NOW).is_err());
}

#[tokio::test]
async fn core_section_10_2_what_is_encrypted_under_the_secret_opens_with_its_hash() {
    let world = World::new().await;
    for (name, len, enc) in [("dir", 32, "A256GCM"), ("A128KW", 16, "A128CBC-HS256"), ("A192GCMKW", 24, "A256GCM")] {
        let metadata = json!({
            "id_token_signed_response_alg": "HS256",
            "id_token_encrypted_response_alg": name,
            "id_token_encrypted_response_enc": enc,
        });
        let secret = enrol_again(&world, metadata).await;
        let tokens = tokens(&world, &secret).await;
        let k = base64url::encode(&sha256(secret.as_bytes())[..len]);
        let jwk = Jwk::from_value(&json!({ "kty": "oct", "k": k })).unwrap();
        let (alg, enc) = (KeyManagement::from_name(name).unwrap(), ContentEncryption::from_name(enc).unwrap());
        let key = DecryptingKeys::single(DecryptingKey::from_jwk(&jwk, alg, &[enc]).unwrap());
        let opened = jwe::compact::decrypt(tokens["id_token"].as_str().unwrap(), &key).unwrap();
        assert_eq!(opened.cty(), Some("JWT"), "{name}");
        let inside = json!(std::str::from_utf8(opened.plaintext()).unwrap());
        assert_eq!(verified(&secret, &inside)["aud"], "web", "{name}");
    }
}

#[tokio::test]
async fn jarm_section_3_an_answer_may_be_authenticated_by_the_secret() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("other", ADA, &[]).await;
    for alg in ["HS256", "HS384", "HS512"] {
        let secret = enrol_again(&world, json!({ "authorization_signed_response_alg": alg })).await;
        let answer = browser.get(&authorize_url("web", &[("response_mode", "query.jwt")])).await;
        let said = verified(&secret, &json!(answer.param("response").unwrap()));
        assert!(said["code"].is_string() && said["iss"] == ISSUER, "{alg}: {said}");
    }
}

fn object(alg: Algorithm, secret: &[u8]) -> String {
    let key = SigningKey::from_jwk(&Jwk::oct(secret, alg).unwrap(), alg).unwrap();
    jwt::sign(&key, TYP, &object_claims("web", &[])).unwrap()
}

async fn asked(world: &World, object: &str) -> Answer {
    let mut browser = world.browser();
    browser.code("other", ADA, &[]).await;
    browser.get(&object_url("web", object, &[])).await
}

#[tokio::test]
async fn core_section_6_1_a_request_object_may_be_authenticated_by_the_secret_if_that_is_registered() {
    let world = World::new().await;
    let secret = enrol(&world, json!({ "request_object_signing_alg": "HS256" })).await;
    let answer = asked(&world, &object(Algorithm::HS256, secret.as_bytes())).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    for (alg, secret) in [(Algorithm::HS384, secret.as_str()), (Algorithm::HS256, &"x".repeat(64))] {
        let answer = asked(&world, &object(alg, secret.as_bytes())).await;
        answer.is_page(400);
        assert!(answer.body.contains("invalid_request_object"), "{answer:?}");
    }
}

/// CVE-2015-9235: what the client publishes is no secret.
#[tokio::test]
async fn rfc8725_section_3_1_a_header_does_not_choose_the_secret_over_the_public_key() {
    let world = World::new().await;
    let public = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
    let published = json!({ "keys": [public] });
    world.change_client("web", |client| client.jwks = Some(published.clone())).await;
    for secret in [published.to_string(), public.to_string(), SECRET.repeat(2)] {
        let forged = asked(&world, &object(Algorithm::HS256, secret.as_bytes())).await;
        forged.is_page(400);
        assert!(forged.body.contains("invalid_request_object"), "{forged:?}");
    }
}

#[tokio::test]
async fn core_section_10_1_no_secret_is_a_key_of_a_public_client_or_under_a_strict_profile() {
    let world = World::new().await;
    let change = json!({ "metadata": { "id_token_signed_response_alg": "HS256" } });
    let (status, refused) =
        world.try_command(&json!({ "client": { "set": { "client": "spa", "change": change } } })).await;
    assert!(status != 200 && refused.to_string().contains("id_token_signed_response_alg"), "{refused}");
    let strict = json!({ "metadata": { "id_token_signed_response_alg": "HS256", "security_profile": "fapi2" } });
    let (status, refused) =
        world.try_command(&json!({ "client": { "set": { "client": "web", "change": strict } } })).await;
    assert!(status != 200 && refused.to_string().contains("id_token_signed_response_alg"), "{refused}");
}

#[tokio::test]
async fn rp_initiated_logout_section_2_a_hint_under_the_secret_counts_if_the_client_is_named() {
    let world = World::new().await;
    let secret = enrol(&world, json!({ "id_token_signed_response_alg": "HS256" })).await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = redeem(&world, &secret, &code).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let silent = browser.get(&authorize_url("web", &[("id_token_hint", hint), ("prompt", "none")])).await;
    assert!(silent.param("code").is_some(), "{silent:?}");
    let other = browser.get(&authorize_url("other", &[("id_token_hint", hint)])).await;
    other.is_redirected_error("invalid_request");
    let nameless = browser.get(&format!("/logout?id_token_hint={hint}")).await;
    assert_eq!(nameless.status, 400, "{nameless:?}");
    let named = browser.get(&format!("/logout?id_token_hint={hint}&client_id=web")).await;
    assert_ne!(named.status, 400, "{named:?}");
    assert_eq!(claims(&tokens["id_token"])["aud"], "web");
}
