//! FAPI 1.0 Advanced as a client's security profile, over HTTP.

use serde_json::json;
use symbolon_jose::jwt::decode_unverified;
use symbolon_oauth::profile::SecurityProfile;

use crate::support::NOW;
use crate::support::bank::Bank;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;

async fn bank() -> Bank {
    let bank = Bank::new(SecurityProfile::Fapi1).await;
    bank.world
        .change_client("bank", |client| {
            client.grant_types.insert("implicit".to_owned());
            client.responses.response_types.insert(symbolon_oauth::ResponseType::CodeIdToken);
            assert_eq!(client.validate(), Ok(()));
        })
        .await;
    bank
}

#[tokio::test]
async fn fapi1_section_5_2_2_a_signed_request_and_a_signed_answer() {
    let bank = bank().await;
    let answered = bank.arrive(&bank.push_signed(&json!({})).await).await;
    let told = decode_unverified(&answered.param("response").unwrap()).unwrap().claims;
    let tokens = bank.redeem(told["code"].as_str().unwrap(), &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert_eq!(tokens.json()["token_type"], "DPoP");
}

#[tokio::test]
async fn fapi1_section_5_2_2_1_an_id_token_as_a_detached_signature_has_s_hash() {
    let bank = bank().await;
    let changes = json!({ "response_type": "code id_token", "response_mode": "fragment" });
    let answered = bank.arrive(&bank.push_signed(&changes).await).await;
    let fragment = answered.location().split_once('#').expect("in the fragment").1.to_owned();
    let answer: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    let id_token = claims(&json!(answer["id_token"]));
    assert!(id_token["s_hash"].is_string() && id_token["c_hash"].is_string(), "{id_token}");
    assert_eq!(bank.redeem(&answer["code"], &[]).await.status, 200);
}

#[tokio::test]
async fn fapi1_section_5_2_2_what_is_not_signed_is_refused() {
    let bank = bank().await;
    bank.push(&[("response_mode", "jwt")]).await.is_error(400, "invalid_request");
    for changes in [json!({ "exp": NOW + 3_601 }), json!({ "nbf": NOW - 3_601 }), json!({ "aud": null })] {
        bank.push_signed(&changes).await.is_error(400, "invalid_request_object");
    }
    bank.push_signed(&json!({ "response_mode": "query" })).await.is_error(400, "invalid_request");
    bank.push_signed(&json!({ "nonce": null })).await.is_error(400, "invalid_request");
    // In the browser, too, and the refusal is signed.
    let answer = bank.world.browser().get(&authorize_url("bank", &[])).await;
    let told = decode_unverified(&answer.param("response").unwrap()).unwrap().claims;
    assert_eq!(told["error"], "invalid_request");
}

#[tokio::test]
async fn fapi1_section_5_2_2_a_pushed_request_without_pkce_is_refused() {
    let bank = bank().await;
    bank.world.change_client("bank", |client| client.require_pkce = false).await;
    let without = json!({ "code_challenge": null, "code_challenge_method": null });
    bank.push_signed(&without).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn fapi1_section_5_2_2_tokens_are_bound() {
    let bank = bank().await;
    let machine = [("grant_type", "client_credentials"), ("audience", crate::support::API)];
    bank.post("/oauth/token", &machine, None).await.is_error(400, "invalid_dpop_proof");
}
