//! `client_secret_jwt` (RFC 7523, OpenID Connect Core §9): a MAC under the secret, which is kept sealed and shown once. And two secrets at once
//! while one takes the other's place, for each method that has one.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::{OpaqueToken, TokenKind};

use crate::support::flow::basic;
use crate::support::{Answer, ISSUER, NOW, World};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Registers `machine` for the method; gives its new secret.
async fn enrol(world: &World) -> String {
    let change = json!({ "auth_method": "client_secret_jwt" });
    let answer = world.command(&json!({ "client": { "set": { "client": "machine", "change": change } } })).await;
    answer["client_secret"].as_str().expect("a secret that can be read").to_owned()
}

async fn rotate(world: &World, overlap_secs: u64) -> String {
    let command = json!({ "client": { "rotate-secret": { "client": "machine", "overlap_secs": overlap_secs } } });
    world.command(&command).await["client_secret"].as_str().unwrap().to_owned()
}

fn assertion(secret: &str, alg: Algorithm, jti: &str, changes: &Value) -> String {
    let mut claims =
        json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": jti });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let key = SigningKey::from_jwk(&Jwk::oct(secret.as_bytes(), alg).unwrap(), alg).unwrap();
    jwt::sign(&key, "JWT", &claims).unwrap()
}

async fn send(world: &World, assertion: &str) -> Answer {
    let fields =
        [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    world.post_with("", "/oauth/token", &fields).await
}

#[tokio::test]
async fn the_secret_authenticates_with_each_mac_that_discovery_lists_rfc_7518_3_2() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    assert!(OpaqueToken::parse(TokenKind::ClientSecret, &secret).is_ok() && secret.len() >= 64);
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    let methods = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(methods.contains(&json!("client_secret_jwt")));
    let listed = document["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap();
    for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert!(listed.contains(&json!(alg.name())));
        let answer = send(&world, &assertion(&secret, alg, alg.name(), &json!({}))).await;
        assert_eq!(answer.status, 200, "{alg}: {}", answer.body);
    }
}

#[tokio::test]
async fn rfc7523_section_3_the_same_is_asked_of_it_as_of_a_signature() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    let tries = [
        json!({ "aud": format!("{ISSUER}/oauth/token") }),
        json!({ "aud": [ISSUER] }),
        json!({ "aud": "https://other.example" }),
        json!({ "iss": "web" }),
        json!({ "iss": null }),
        json!({ "exp": NOW - 16 }),
        json!({ "exp": NOW + 86_400 }),
        json!({ "exp": null }),
        json!({ "nbf": NOW + 60 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
    ];
    for (at, changes) in tries.iter().enumerate() {
        let wrong = assertion(&secret, Algorithm::HS256, &format!("bad-{at}"), changes);
        send(&world, &wrong).await.is_error(401, "invalid_client");
    }
    // Once, even in parallel.
    let good = assertion(&secret, Algorithm::HS256, "once", &json!({}));
    let answers = crate::support::protocol::futures(6, || send(&world, &good)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

#[tokio::test]
async fn the_secret_itself_its_hash_and_a_public_key_prove_nothing() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    let grant = ("grant_type", "client_credentials");
    world.post_with(&basic("machine", &secret), "/oauth/token", &[grant]).await.is_error(401, "invalid_client");
    let fields = [grant, ("client_id", "machine"), ("client_secret", &secret)];
    world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
    let hash = symbolon_jose::base64url::encode(&symbolon_jose::sha256(secret.as_bytes()));
    for wrong in [hash.as_str(), crate::support::SECRET] {
        let forged = assertion(wrong, Algorithm::HS256, "forged", &json!({}));
        send(&world, &forged).await.is_error(401, "invalid_client");
    }
    // RFC 8725 §2.1: what everybody can read is no secret.
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let forged = assertion(&jwks, Algorithm::HS256, "public", &json!({}));
    send(&world, &forged).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn openid_registration_section_2_the_registered_algorithm_is_the_only_one() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    world
        .change_client("machine", |client| {
            client.metadata.token_endpoint_auth_signing_alg = Some(Algorithm::HS384);
        })
        .await;
    send(&world, &assertion(&secret, Algorithm::HS256, "a", &json!({}))).await.is_error(401, "invalid_client");
    assert_eq!(send(&world, &assertion(&secret, Algorithm::HS384, "b", &json!({}))).await.status, 200);
}

#[tokio::test]
async fn the_secret_is_sealed_in_the_store_and_in_no_answer() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    let machine = world.running.app.store.document("client", "machine").await.unwrap().unwrap().body.into_text();
    assert!(machine.contains("\"sealed\":\"v1.") && !machine.contains(&*secret));
    let shown = world.command(&json!({ "client": { "show": { "client": "machine" } } })).await.to_string();
    assert!(!shown.contains("sealed") && !shown.contains(&secret));
    // Whoever needs it no more does not keep it.
    let change = json!({ "auth_method": "client_secret_basic" });
    world.command(&json!({ "client": { "set": { "client": "machine", "change": change } } })).await;
    let machine = world.running.app.store.document("client", "machine").await.unwrap().unwrap().body.into_text();
    assert!(!machine.contains("sealed"));
    let grant = [("grant_type", "client_credentials")];
    assert_eq!(world.post_with(&basic("machine", &secret), "/oauth/token", &grant).await.status, 200);
}

#[tokio::test]
async fn it_works_on_after_a_restart() {
    let world = World::new().await;
    let secret = enrol(&world).await;
    let world = world.restart().await;
    assert_eq!(send(&world, &assertion(&secret, Algorithm::HS256, "a", &json!({}))).await.status, 200);
}

#[tokio::test]
async fn while_one_secret_takes_the_others_place_both_authenticate_until_the_end() {
    let world = World::new().await;
    let old = enrol(&world).await;
    let new = rotate(&world, 30).await;
    for (secret, jti) in [(&old, "old"), (&new, "new")] {
        assert_eq!(send(&world, &assertion(secret, Algorithm::HS256, jti, &json!({}))).await.status, 200, "{jti}");
    }
    world.advance(30);
    let late = assertion(&old, Algorithm::HS256, "late", &json!({}));
    send(&world, &late).await.is_error(401, "invalid_client");
    assert_eq!(send(&world, &assertion(&new, Algorithm::HS256, "new-2", &json!({}))).await.status, 200);
}

#[tokio::test]
async fn secrets_that_are_sent_overlap_in_the_same_way() {
    let world = World::new().await;
    let new = rotate(&world, 30).await;
    let ask = async |secret: &str| {
        let grant = [("grant_type", "client_credentials")];
        world.post_with(&basic("machine", secret), "/oauth/token", &grant).await
    };
    for secret in [crate::support::SECRET, &new] {
        assert_eq!(ask(secret).await.status, 200);
    }
    world.advance(30);
    ask(crate::support::SECRET).await.is_error(401, "invalid_client");
    assert_eq!(ask(&new).await.status, 200);
}

#[tokio::test]
async fn a_compromised_secret_ends_at_once_as_a_key_too() {
    let world = World::new().await;
    let old = enrol(&world).await;
    let command =
        json!({ "client": { "rotate-secret": { "client": "machine", "overlap_secs": 60, "cause": "compromised" } } });
    let new = world.command(&command).await["client_secret"].as_str().unwrap().to_owned();
    let forged = assertion(&old, Algorithm::HS256, "old", &json!({}));
    send(&world, &forged).await.is_error(401, "invalid_client");
    assert_eq!(send(&world, &assertion(&new, Algorithm::HS256, "new", &json!({}))).await.status, 200);
}
