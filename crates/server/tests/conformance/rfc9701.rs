//! JWT Response for OAuth Token Introspection (RFC 9701).

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement};

use crate::flows::ADA;
use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::protocol::{claims, header};
use crate::support::{API, Answer, ISSUER, NOW, OTHER_API, SECRET, World};

fn inactive() -> Value {
    json!({ "active": false })
}

async fn asks_for(world: &World, id: &str, token: &str, accept: &str) -> Answer {
    let basic = basic(id, SECRET);
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (AUTHORIZATION, &*basic), (ACCEPT, accept)];
    world.send(Method::POST, "/oauth/introspect", &headers, Some(form(&[("token", token)]))).await
}

const JWT: &str = "application/token-introspection+jwt";

#[tokio::test]
async fn rfc9701_section_5_a_signed_answer_is_for_who_asked_and_no_access_token() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    let answer = asks_for(&world, API, token, JWT).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JWT));
    assert_eq!(answer.header("cache-control"), "no-store");
    let jwt = json!(answer.body);
    assert_eq!((&header(&jwt)["typ"], &header(&jwt)["alg"]), (&json!("token-introspection+jwt"), &json!("ES256")));
    let said = claims(&jwt);
    let plain = world.introspect(token).await;
    assert_eq!(said, json!({ "iss": ISSUER, "aud": API, "iat": NOW, "token_introspection": plain }));
    for member in ["sub", "exp", "scope", "active"] {
        assert!(said.get(member).is_none(), "{member}");
    }
    // Nobody takes it for a token.
    assert_eq!(world.userinfo(&answer.body).await.status, 401);
    assert_eq!(world.introspect(&answer.body).await, inactive());
}

#[tokio::test]
async fn rfc9701_section_5_what_is_not_active_says_nothing_else() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    for (caller, token) in [(API, "x"), (OTHER_API, tokens["access_token"].as_str().unwrap())] {
        let answer = asks_for(&world, caller, token, JWT).await;
        assert_eq!(claims(&json!(answer.body))["token_introspection"], inactive());
    }
}

#[tokio::test]
async fn rfc9701_section_4_who_does_not_ask_for_a_jwt_gets_json_and_who_proves_nothing_gets_none() {
    let world = World::new().await;
    let json_first = "application/json, application/token-introspection+jwt;q=0.1";
    for accept in ["application/json", "*/*", "application/jwt", "application/token-introspection+jwt;q=0", json_first]
    {
        let answer = asks_for(&world, API, "x", accept).await;
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
    }
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ACCEPT, JWT)];
    let answer = world.send(Method::POST, "/oauth/introspect", &headers, Some(form(&[("token", "x")]))).await;
    answer.is_error(401, "invalid_client");
}

#[tokio::test]
async fn a_signed_answer_is_signed_as_the_caller_is_registered() {
    let world = World::new().await;
    let listed = world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    let algs = listed["introspection_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(algs.contains(&json!("ES256")) && algs.contains(&json!("RS256")), "{algs:?}");
    let answer = asks_for(&world, "web", "x", JWT).await;
    assert_eq!(header(&json!(answer.body))["alg"], "RS256", "RFC 9701 §6: the default");
    world
        .change_client("web", |client| {
            client.security.introspection_signed_response_alg = Some(symbolon_jose::Algorithm::ES256);
        })
        .await;
    let answer = asks_for(&world, "web", "x", JWT).await;
    assert_eq!(
        (&header(&json!(answer.body))["alg"], &claims(&json!(answer.body))["aud"]),
        (&json!("ES256"), &json!("web"))
    );
}

/// A key to encrypt to, and what registers it.
fn reader() -> (DecryptingKeys, Value) {
    let alg = KeyManagement::EcdhEsA256Kw;
    let pair = Jwk::generate(alg).unwrap().with_purpose(Purpose::Encryption).unwrap();
    let key = DecryptingKey::from_jwk(&pair, alg, &[ContentEncryption::A256Gcm]).unwrap();
    (DecryptingKeys::single(key), json!({ "keys": [pair.public_value().unwrap()] }))
}

#[tokio::test]
async fn rfc9701_section_5_an_encrypted_answer_is_signed_inside_for_apis_and_clients() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    let (alg, enc) = (Some(KeyManagement::EcdhEsA256Kw), Some(ContentEncryption::A256Gcm));
    let (keys, jwks) = reader();
    let metadata = json!({
        "jwks": jwks,
        "introspection_encrypted_response_alg": "ECDH-ES+A256KW",
        "introspection_encrypted_response_enc": "A256GCM",
    });
    world.command(&json!({ "api": { "set": { "api": API, "change": { "metadata": metadata } } } })).await;
    world
        .change_client("web", |client| {
            client.jwks = Some(jwks);
            client.security.introspection_encrypted_response_alg = alg;
            client.security.introspection_encrypted_response_enc = enc;
            assert_eq!(client.validate(), Ok(()));
        })
        .await;
    for caller in [API, "web"] {
        let answer = asks_for(&world, caller, token, JWT).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JWT), "{caller}");
        let opened = jwe::compact::decrypt(&answer.body, &keys).unwrap();
        assert_eq!(opened.cty(), Some("JWT"), "{caller}");
        let inside = json!(std::str::from_utf8(opened.plaintext()).unwrap());
        assert_eq!(header(&inside)["typ"], "token-introspection+jwt");
        let said = claims(&inside);
        assert_eq!((&said["aud"], &said["token_introspection"]["active"]), (&json!(caller), &json!(true)));
    }
    // Whoever does not ask for a JWT gets JSON (§4).
    assert_eq!(world.introspect(token).await["active"], true);
}

#[tokio::test]
async fn rfc9701_section_6_encryption_that_could_not_be_done_is_refused() {
    let world = World::new().await;
    let (_, jwks) = reader();
    for metadata in [
        json!({ "introspection_encrypted_response_alg": "ECDH-ES+A256KW" }),
        json!({ "introspection_encrypted_response_alg": "RSA-OAEP-256", "jwks": jwks }),
        json!({ "introspection_encrypted_response_alg": "dir", "jwks": jwks }),
        json!({ "introspection_encrypted_response_enc": "A256GCM" }),
        json!({ "identifier": "https://other.example" }),
    ] {
        let change = json!({ "api": { "set": { "api": API, "change": { "metadata": metadata } } } });
        let (status, answer) = world.try_command(&change).await;
        assert_ne!(status, 200, "{metadata}: {answer}");
    }
}

#[tokio::test]
async fn rfc9701_section_7_discovery_lists_what_answers_can_be_encrypted_with() {
    let world = World::new().await;
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    let algs = document["introspection_encryption_alg_values_supported"].as_array().unwrap();
    assert!(algs.contains(&json!("ECDH-ES+A256KW")) && !algs.contains(&json!("PBES2-HS256+A128KW")), "{algs:?}");
    assert!(document["introspection_encryption_enc_values_supported"].as_array().unwrap().contains(&json!("A256GCM")));
}
