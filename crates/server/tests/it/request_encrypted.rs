//! Encrypted request objects (RFC 9101 §6.1) over HTTP: to a key of the server's that is there once a client is registered for it.

use http::Method;
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, EncryptingKey};
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement};

use crate::support::flow::authorize_url;
use crate::support::requests::{object, object_url};
use crate::support::{PASSWORD, World};

async fn discovery(world: &World) -> Value {
    world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json()
}

async fn encryption_keys(world: &World) -> Vec<Value> {
    let set = world.send(Method::GET, "/.well-known/jwks.json", &[], None).await.json();
    set["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "enc").cloned().collect()
}

fn encrypted(key: &Value, enc: ContentEncryption, inside: &str) -> String {
    let alg = KeyManagement::from_name(key["alg"].as_str().unwrap()).unwrap();
    let key = EncryptingKey::from_jwk(&Jwk::from_value(key).unwrap(), alg, enc).unwrap();
    jwe::compact::encrypt(&key, &jwe::Header { cty: Some("JWT"), ..jwe::Header::default() }, inside.as_bytes()).unwrap()
}

async fn wants(world: &World, alg: KeyManagement) {
    world.change_client("web", |client| client.security.request_object_encryption_alg = Some(alg)).await;
}

#[tokio::test]
async fn there_is_a_key_and_discovery_says_so_once_a_client_is_registered_for_it() {
    let world = World::new().await;
    assert!(encryption_keys(&world).await.is_empty());
    assert_eq!(discovery(&world).await["request_object_encryption_alg_values_supported"], Value::Null);
    for (count, alg) in [(1, KeyManagement::EcdhEsA256Kw), (2, KeyManagement::RsaOaep256)] {
        wants(&world, alg).await;
        let document = discovery(&world).await;
        let listed = document["request_object_encryption_alg_values_supported"].as_array().unwrap().clone();
        assert!(listed.len() == count && listed.contains(&json!(alg.name())), "{listed:?}");
        assert!(document["request_object_encryption_enc_values_supported"].to_string().contains("A256GCM"));
        assert_eq!(encryption_keys(&world).await.len(), count);
    }
}

/// OpenID Connect Core §3.1.2.1: the client "MAY re-encrypt the signed ID token to the Authentication Server".
#[tokio::test]
async fn core_section_3_1_2_1_a_hint_may_be_encrypted_to_the_server() {
    let world = World::new().await;
    wants(&world, KeyManagement::EcdhEsA256Kw).await;
    let public = encryption_keys(&world).await.remove(0);
    let mut browser = world.browser();
    let code = browser.code("web", "ada@example.com", &[]).await;
    let id_token = world.redeem("web", &code).await.json()["id_token"].as_str().unwrap().to_owned();
    let hinted = |inside: &str| {
        let hint = encrypted(&public, ContentEncryption::A256Gcm, inside);
        authorize_url("web", &[("prompt", "none"), ("id_token_hint", &hint)])
    };
    assert!(browser.get(&hinted(&id_token)).await.param("code").is_some());
    // What is encrypted proves nothing: it must be signed inside.
    let (head, _) = id_token.rsplit_once('.').unwrap();
    for inside in ["{}", &format!("{head}."), &format!("{id_token}x")] {
        browser.get(&hinted(inside)).await.is_redirected_error("invalid_request");
    }
}

#[tokio::test]
async fn a_request_that_only_the_server_can_read() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    for alg in [KeyManagement::EcdhEsA256Kw, KeyManagement::RsaOaep256] {
        wants(&world, alg).await;
    }
    for (at, public) in encryption_keys(&world).await.iter().enumerate() {
        for enc in [ContentEncryption::A256Gcm, ContentEncryption::A128CbcHs256] {
            let text = encrypted(public, enc, &object(&key, "web", &[]));
            let mut browser = world.browser();
            let page = browser.get(&object_url("web", &text, &[])).await;
            let answer = browser.sign_in(&page, "ada@example.com", PASSWORD).await;
            assert!(answer.param("code").is_some(), "{at}: {answer:?}");
            let pushed = world.post_as("web", "/oauth/par", &[("request", &*text)]).await;
            assert_eq!(pushed.status, 201, "{}", pushed.body);
        }
    }
}

#[tokio::test]
async fn rfc9101_section_6_1_what_does_not_open_or_is_not_signed_inside_is_refused() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let signed = object(&key, "web", &[]);
    let mut stranger = Jwk::generate(KeyManagement::EcdhEsA256Kw).unwrap().public_value().unwrap();
    let before = encrypted(&stranger, ContentEncryption::A256Gcm, &signed);
    world.post_as("web", "/oauth/par", &[("request", &*before)]).await.is_error(400, "invalid_request_object");
    wants(&world, KeyManagement::EcdhEsA256Kw).await;
    let public = encryption_keys(&world).await.remove(0);
    stranger["kid"] = public["kid"].clone();
    let parameters = json!({ "client_id": "web", "response_type": "code" }).to_string();
    for text in [
        encrypted(&stranger, ContentEncryption::A256Gcm, &signed),
        encrypted(&public, ContentEncryption::A256Gcm, &parameters),
        encrypted(&public, ContentEncryption::A256Gcm, &encrypted(&public, ContentEncryption::A256Gcm, &signed)),
        encrypted(&public, ContentEncryption::A256Gcm, &signed[..signed.len() - 8]),
    ] {
        world.post_as("web", "/oauth/par", &[("request", &*text)]).await.is_error(400, "invalid_request_object");
    }
}

#[tokio::test]
async fn a_key_that_was_replaced_still_decrypts_for_a_while() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    wants(&world, KeyManagement::EcdhEsA256Kw).await;
    let old = encryption_keys(&world).await.remove(0);
    world.advance(world.running.app.key_schedule().rotate_after_secs);
    world.running.app.take_up().await.unwrap();
    let new = encryption_keys(&world).await;
    assert!(new.len() == 1 && new[0]["kid"] != old["kid"], "{new:?}");
    for public in [&old, &new[0]] {
        let text = encrypted(public, ContentEncryption::A256Gcm, &object(&key, "web", &[]));
        let pushed = world.post_as("web", "/oauth/par", &[("request", &*text)]).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
    }
}
