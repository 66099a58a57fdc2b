//! FAPI-CIBA as a client's security profile, over HTTP: what it takes, and each thing that it refuses.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::Client;
use symbolon_oauth::profile::SecurityProfile;
use symbolon_oauth::registration::DeliveryMode;

use crate::support::bank::Bank;
use crate::support::ciba::GRANT;
use crate::support::dpop::Prover;
use crate::support::protocol::{claims, header};
use crate::support::{Answer, Browser, ISSUER, NOW};

const ADA: &str = "ada@example.com";
const ENDPOINT: &str = "/oauth/bc-authorize";

/// The bank, which may ask for people and polls.
async fn bank() -> Bank {
    let bank = Bank::new(SecurityProfile::Ciba).await;
    bank.world
        .change_client("bank", |client| {
            asks(client);
            assert_eq!(client.validate(), Ok(()));
        })
        .await;
    bank
}

fn asks(client: &mut Client) {
    client.grant_types.insert(GRANT.to_owned());
    client.backchannel.backchannel_token_delivery_mode = Some(DeliveryMode::Poll);
    client.backchannel.backchannel_authentication_request_signing_alg = Some(Algorithm::ES256);
}

/// The claims of a request for Ada, with these changed, or left out where they are null.
fn request(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "bank", "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": "one",
        "scope": "openid offline_access", "login_hint": ADA, "binding_message": "Pay 42"
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn ask(bank: &Bank, changes: &Value) -> Answer {
    ask_by(bank, &bank.key, changes).await
}

/// The same by a good assertion, with a request that is signed by this key.
async fn ask_by(bank: &Bank, key: &SigningKey, changes: &Value) -> Answer {
    let text = jwt::sign(key, "JWT", &request(changes)).unwrap();
    bank.post(ENDPOINT, &[("request", &text)], None).await
}

async fn poll(bank: &Bank, asked: &Answer, proof: Option<&str>) -> Answer {
    let id = asked.json()["auth_req_id"].as_str().unwrap_or_else(|| panic!("{}", asked.body)).to_owned();
    bank.post("/oauth/token", &[("grant_type", GRANT), ("auth_req_id", &id)], proof).await
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_a_signed_request_an_assertion_and_a_token_for_one_key() {
    let bank = bank().await;
    let asked = ask(&bank, &json!({})).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let mut phone = Browser::signed_in(&bank.world, ADA).await;
    assert!(phone.get("/ciba").await.body.contains("Pay 42"));
    phone.allow_ciba().await;
    let answer = poll(&bank, &asked, Some(&bank.prover.for_tokens())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(claims(&tokens["access_token"])["cnf"]["jkt"], bank.prover.jkt());
    for token in ["access_token", "id_token"] {
        assert_eq!(header(&tokens[token])["alg"], "ES256", "{token}");
    }
    let renewed = bank.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await;
    assert_eq!(claims(&renewed.json()["access_token"])["cnf"]["jkt"], bank.prover.jkt());
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_a_request_that_is_not_signed_is_refused() {
    let bank = bank().await;
    let pairs = [("scope", "openid"), ("login_hint", ADA), ("binding_message", "Pay 42")];
    bank.post(ENDPOINT, &pairs, None).await.is_error(400, "invalid_request");
    let signed = jwt::sign(&bank.key, "JWT", &request(&json!({}))).unwrap();
    let payload = signed.split('.').nth(1).unwrap();
    let none = symbolon_jose::base64url::encode(br#"{"alg":"none"}"#);
    let unsigned = format!("{none}.{payload}.");
    bank.post(ENDPOINT, &[("request", &unsigned)], None).await.is_error(400, "invalid_request");
    // Whatever the document says that is stored.
    let forgets = |client: &mut Client| client.backchannel.backchannel_authentication_request_signing_alg = None;
    bank.world.change_client("bank", forgets).await;
    bank.post(ENDPOINT, &pairs, None).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_a_request_that_does_not_say_what_it_is_about_is_refused() {
    let bank = bank().await;
    let refused = ask(&bank, &json!({ "binding_message": null })).await;
    refused.is_error(400, "invalid_request");
    assert!(refused.body.contains("binding_message"), "{}", refused.body);
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_a_request_counts_for_60_minutes_at_most() {
    let bank = bank().await;
    for changes in [
        json!({ "nbf": null }),
        json!({ "exp": null }),
        json!({ "exp": NOW + 3_700 }),
        json!({ "nbf": NOW - 3_500, "exp": NOW + 300 }),
    ] {
        ask(&bank, &changes).await.is_error(400, "invalid_request");
    }
    assert_eq!(ask(&bank, &json!({ "nbf": NOW - 3_300, "exp": NOW + 300 })).await.status, 200);
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_without_a_proof_no_token_is_issued() {
    let bank = bank().await;
    let asked = ask(&bank, &json!({})).await;
    Browser::signed_in(&bank.world, ADA).await.allow_ciba().await;
    poll(&bank, &asked, None).await.is_error(400, "invalid_dpop_proof");
    let answer = poll(&bank, &asked, Some(&bank.prover.for_tokens())).await;
    assert_eq!(answer.status, 200, "and nothing was used up by that: {}", answer.body);
    // Nor does the token open anything without its key.
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bank.world.userinfo(&token).await.status, 401);
    assert_eq!(bank.world.userinfo_with(&token, &Prover::new().for_userinfo(&token)).await.status, 401);
    assert_eq!(bank.world.userinfo_with(&token, &bank.prover.for_userinfo(&token)).await.status, 200);
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_a_client_without_its_key_is_refused_at_both_endpoints() {
    let bank = bank().await;
    let asked = ask(&bank, &json!({})).await;
    let id = asked.json()["auth_req_id"].as_str().unwrap().to_owned();
    let text = jwt::sign(&bank.key, "JWT", &request(&json!({ "jti": "two" }))).unwrap();
    let wrong = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256).unwrap(), Algorithm::ES256).unwrap();
    let claims = json!({ "iss": "bank", "sub": "bank", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "x" });
    let stolen = jwt::sign(&wrong, "client-authentication+jwt", &claims).unwrap();
    for (path, pairs) in
        [(ENDPOINT, vec![("request", &*text)]), ("/oauth/token", vec![("grant_type", GRANT), ("auth_req_id", &id)])]
    {
        bank.post_with(path, &pairs, &stolen, None).await.is_error(401, "invalid_client");
        let mut named = pairs.clone();
        named.push(("client_id", "bank"));
        bank.world.post_with("", path, &named).await.is_error(401, "invalid_client");
    }
}

/// FAPI 1.0 Part 2 §8.6, on which this profile stands: "shall use PS256 or ES256 algorithms".
#[tokio::test]
async fn fapi_ciba_section_5_2_2_an_rs256_signature_is_refused_on_requests_assertions_and_at_registration() {
    let bank = bank().await;
    let (es256, rs256) = (Jwk::generate(Algorithm::ES256).unwrap(), Jwk::generate(Algorithm::RS256).unwrap());
    let jwks = json!({ "keys": [es256.public_value().unwrap(), rs256.public_value().unwrap()] });
    bank.world
        .change_client("bank", |client| {
            client.jwks = Some(jwks);
            client.backchannel.backchannel_authentication_request_signing_alg = Some(Algorithm::RS256);
            let faults = client.validate().expect_err("RS256 is not for this profile");
            let member = "backchannel_authentication_request_signing_alg";
            assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
        })
        .await;
    let rs256 = SigningKey::from_jwk(&rs256, Algorithm::RS256).unwrap();
    let bank = Bank { key: SigningKey::from_jwk(&es256, Algorithm::ES256).unwrap(), ..bank };
    ask_by(&bank, &rs256, &json!({})).await.is_error(400, "invalid_request");
    let bank = Bank { key: rs256, ..bank };
    ask(&bank, &json!({})).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn fapi_ciba_section_5_2_2_nothing_is_pushed() {
    let bank = bank().await;
    let pushes = |client: &mut Client| {
        client.backchannel.backchannel_token_delivery_mode = Some(DeliveryMode::Push);
        client.backchannel.backchannel_client_notification_endpoint = Some("https://bank.example/cb".to_owned());
        let faults = client.validate().expect_err("push is not for this profile");
        assert!(faults.iter().any(|fault| fault.member == "backchannel_token_delivery_mode"), "{faults:?}");
    };
    bank.world.change_client("bank", pushes).await;
    let notified = json!({ "client_notification_token": "8d67dc78-7faa-4d41-aabd-67707b374255" });
    ask(&bank, &notified).await.is_error(400, "unauthorized_client");
}
