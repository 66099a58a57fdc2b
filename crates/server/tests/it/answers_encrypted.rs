//! Answers and ID tokens that only their client can read (JARM §2.2, OpenID Connect Core §2): signed inside, encrypted outside.

use serde_json::{Value, json};
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, JwkSet, KeyManagement, VerifyingKeys};
use symbolon_oauth::Client;

use crate::support::client::param;
use crate::support::flow::authorize_url;
use crate::support::{ISSUER, NOW, World};

const ADA: &str = "ada@example.com";
const ENC: ContentEncryption = ContentEncryption::A128CbcHs256;

/// A key pair of the client: its own half, and what registers it.
fn key(alg: KeyManagement) -> (Jwk, impl Fn(&mut Client)) {
    let pair = Jwk::generate(alg).unwrap().with_purpose(Purpose::Encryption).unwrap();
    let jwks = json!({ "keys": [pair.public_value().unwrap()] });
    (pair, move |client| client.jwks = Some(jwks.clone()))
}

/// What `token` says, decrypted by the client and verified by the published keys.
async fn read(world: &World, pair: &Jwk, alg: KeyManagement, enc: ContentEncryption, token: &str) -> Value {
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let decrypting = DecryptingKeys::single(DecryptingKey::from_jwk(pair, alg, &[enc]).unwrap());
    let policy = Policy::new(ISSUER, "web").accept_type("JWT");
    jwt::decrypt_then_verify::<Value>(token, &decrypting, &keys, &policy, NOW).unwrap().into_claims()
}

/// Discovery's `…_encryption_alg_values_supported` and `…_enc_…`: each works for both.
#[tokio::test]
async fn every_listed_encryption_works_for_answers_and_id_tokens() {
    let world = World::of_answers().await;
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    let listed = |member: &str| -> Vec<String> { serde_json::from_value(document[member].clone()).unwrap() };
    let algs = listed("id_token_encryption_alg_values_supported");
    assert_eq!(algs, listed("authorization_encryption_alg_values_supported"));
    assert!(algs.len() == 15 && algs.iter().any(|alg| alg == "dir"));
    assert!(!algs.iter().any(|alg| alg == "RSA1_5" || alg.starts_with("PBES2")));
    let encs = listed("id_token_encryption_enc_values_supported");
    assert_eq!(encs, listed("authorization_encryption_enc_values_supported"));
    let algs = algs.iter().map(|name| (name, KeyManagement::from_name(name).unwrap()));
    // Those under a secret: `shared_secret.rs`.
    for (at, (name, alg)) in algs.filter(|(_, alg)| !alg.is_symmetric()).enumerate() {
        let enc = ContentEncryption::from_name(&encs[at % encs.len()]).unwrap();
        let (pair, register) = key(alg);
        world
            .change_client("web", |client| {
                register(client);
                client.responses.authorization_encrypted_response_alg = Some(alg);
                client.responses.authorization_encrypted_response_enc = Some(enc);
                client.responses.id_token_encrypted_response_alg = Some(alg);
                client.responses.id_token_encrypted_response_enc = Some(enc);
            })
            .await;
        let more = [("response_type", "code id_token"), ("response_mode", "fragment.jwt")];
        let answer = world.authorized(&mut world.browser(), "web", ADA, &more).await;
        let claims = read(&world, &pair, alg, enc, &answer.param("response").unwrap()).await;
        let id_token = claims["id_token"].as_str().unwrap();
        assert_eq!(read(&world, &pair, alg, enc, id_token).await["nonce"], "n-0S6_WzA2Mj", "{name}");
    }
}

/// Registers `web` with an encryption key, and with what `change` says it is for.
async fn with_key(world: &World, change: impl Fn(&mut Client)) -> Jwk {
    let (pair, register) = key(KeyManagement::EcdhEsA256Kw);
    world
        .change_client("web", |client| {
            register(client);
            change(client);
        })
        .await;
    pair
}

/// OpenID Connect Registration §2: the token endpoint's ID tokens and those of a refresh too.
#[tokio::test]
async fn an_encrypted_id_token_is_encrypted_wherever_it_comes_from() {
    let world = World::of_answers().await;
    let alg = KeyManagement::EcdhEsA256Kw;
    let pair = with_key(&world, |client| client.responses.id_token_encrypted_response_alg = Some(alg)).await;
    let tokens = world.tokens("web", ADA).await;
    let refreshed = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    for answer in [&tokens, &refreshed] {
        let id_token = answer["id_token"].as_str().unwrap();
        assert_eq!(id_token.split('.').count(), 5, "not in the clear");
        assert_eq!(read(&world, &pair, alg, ENC, id_token).await["aud"], "web");
        assert_eq!(answer["access_token"].as_str().unwrap().split('.').count(), 3, "the API reads that one");
    }
    let other = world.tokens("other", ADA).await;
    assert_eq!(other["id_token"].as_str().unwrap().split('.').count(), 3, "it is the client's own choice");
}

/// JARM §2.2.
#[tokio::test]
async fn an_encrypted_answer_hides_refusals_too() {
    let world = World::of_answers().await;
    let alg = KeyManagement::EcdhEsA256Kw;
    let pair = with_key(&world, |client| client.responses.authorization_encrypted_response_alg = Some(alg)).await;
    let url = authorize_url("web", &[("response_mode", "jwt"), ("prompt", "none")]);
    let refused = world.browser().get(&url).await;
    let jwt = param(refused.location(), "response").unwrap();
    assert_eq!(jwt.split('.').count(), 5);
    let claims = read(&world, &pair, alg, ENC, &jwt).await;
    assert_eq!((&claims["error"], &claims["aud"]), (&json!("login_required"), &json!("web")));
    // A plain mode stays plain: it was asked for.
    let plain = world.browser().get(&authorize_url("web", &[("prompt", "none")])).await;
    plain.is_redirected_error("login_required");
}

/// Core §3.1.2.1: the client decrypts before it shows a token as a hint; what is encrypted to itself says nothing to us.
#[tokio::test]
async fn a_hint_is_the_signed_token_from_inside() {
    let world = World::of_answers().await;
    let alg = KeyManagement::EcdhEsA256Kw;
    let pair = with_key(&world, |client| client.responses.id_token_encrypted_response_alg = Some(alg)).await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let outside = tokens["id_token"].as_str().unwrap();
    let keys = DecryptingKeys::single(DecryptingKey::from_jwk(&pair, alg, &[ENC]).unwrap());
    let decrypted = symbolon_jose::jwe::compact::decrypt(outside, &keys).unwrap();
    assert_eq!(decrypted.cty(), Some("JWT"));
    let inside = std::str::from_utf8(decrypted.plaintext()).unwrap();
    let hinted = |hint: &str| authorize_url("web", &[("prompt", "none"), ("id_token_hint", hint)]);
    assert!(browser.get(&hinted(inside)).await.param("code").is_some());
    browser.get(&hinted(outside)).await.is_redirected_error("invalid_request");
}

/// What should be encrypted and cannot be is an error of ours, never sent in the clear.
#[tokio::test]
async fn without_a_usable_key_nothing_is_sent() {
    let world = World::of_answers().await;
    let alg = KeyManagement::EcdhEsA256Kw;
    let (_, register) = key(KeyManagement::RsaOaep256);
    // The registration refuses it; a document of another hand may say it all the same.
    world
        .change_client("web", |client| {
            register(client);
            client.responses.id_token_encrypted_response_alg = Some(alg);
            client.responses.authorization_encrypted_response_alg = Some(alg);
        })
        .await;
    let signed_in = [("response_mode", "query")];
    let code = world.browser().code("web", ADA, &signed_in).await;
    world.redeem("web", &code).await.is_error(500, "server_error");
    let told = world.authorized(&mut world.browser(), "web", ADA, &[("response_type", "id_token")]).await;
    told.is_redirected_error("server_error");
    assert!(!told.location().contains("eyJhbGciOi"), "{told:?}");
    // Where the error would have to be encrypted as well, the client cannot be told at all.
    let answer = world.authorized(&mut world.browser(), "web", ADA, &[("response_mode", "jwt")]).await;
    answer.is_page(500);
    assert!(!answer.body.contains("eyJhbGciOi"), "{answer:?}");
}
