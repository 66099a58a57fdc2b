//! Levels of authentication over HTTP (OpenID Connect Core §5.5.1.1, RFC 9470): tokens tell the truth about a sign-in, and what nobody here
//! can bring is refused.

use http::Method;
use serde_json::json;
use symbolon_oauth::acr::Levels;

use crate::support::factors::{assertion, passkey};
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Browser, NOW, PASSWORD, World};

const ADA: &str = "ada@example.com";
const PWD: &str = "urn:symbolon:acr:pwd";

fn essential(value: &str) -> String {
    json!({ "id_token": { "acr": { "essential": true, "values": [value] } } }).to_string()
}

#[tokio::test]
async fn rfc9068_section_2_2_1_tokens_say_when_and_how_somebody_signed_in() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    world.advance(30);
    let tokens = world.redeem("web", &code).await.json();
    for token in ["id_token", "access_token"] {
        let said = claims(&tokens[token]);
        assert_eq!(
            (&said["acr"], &said["amr"], &said["auth_time"]),
            (&json!(PWD), &json!(["pwd"]), &json!(NOW)),
            "{token}"
        );
    }
    let said = world.introspect(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((&said["acr"], &said["auth_time"]), (&json!(PWD), &json!(NOW)), "RFC 9470 §6.2");
    // A renewal is no sign-in.
    world.advance(100);
    let fresh = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    for token in ["id_token", "access_token"] {
        let said = claims(&fresh[token]);
        assert_eq!((&said["acr"], &said["auth_time"]), (&json!(PWD), &json!(NOW)), "{token}");
    }
}

#[tokio::test]
async fn discovery_lists_the_levels_that_can_be_reached() {
    let world = World::new().await;
    let document = world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(document["acr_values_supported"], json!(["urn:symbolon:acr:mfa", PWD]));
    assert!(document["claims_supported"].as_array().unwrap().contains(&json!("acr")));
}

#[tokio::test]
async fn unmet_authentication_requirements_are_told_before_any_page() {
    let world = World::new().await;
    let asked = essential("urn:example:gold");
    let answer = world.browser().get(&authorize_url("web", &[("claims", &asked)])).await;
    answer.is_redirected_error("unmet_authentication_requirements");
    let silent = world.browser().get(&authorize_url("web", &[("claims", &asked), ("prompt", "none")])).await;
    silent.is_redirected_error("unmet_authentication_requirements");
}

#[tokio::test]
async fn an_essential_level_that_can_be_reached_is_reached() {
    let world = World::new().await;
    let mut browser = world.browser();
    let asked = essential(PWD);
    let page = browser.get(&authorize_url("web", &[("claims", &asked)])).await;
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], PWD);
    let again = browser.get(&authorize_url("web", &[("claims", &asked), ("prompt", "none")])).await;
    assert!(again.param("code").is_some(), "the session is of that level: {again:?}");
}

#[tokio::test]
async fn acr_values_are_a_wish_and_the_answer_is_honest() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("acr_values", "urn:example:gold urn:example:silver")]).await;
    let tokens = world.redeem("web", &code).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], PWD, "what happened, not what was wished for");
}

#[tokio::test]
async fn rfc9470_section_4_a_challenge_by_max_age_leads_to_a_fresh_sign_in() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    world.advance(400);
    let more = [("max_age", "300"), ("acr_values", PWD)];
    let page = browser.get(&authorize_url("web", &more)).await;
    page.is_page(200);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["access_token"])["auth_time"], json!(NOW + 400));
}

/// Two levels of a password: one holds for a minute.
pub async fn with_levels() -> World {
    World::with(|config| {
        let secs = |_: &str| Ok(60);
        config.acr = Levels::parse(["urn:example:fresh=pwd@1m", "1=pwd"], secs).unwrap();
    })
    .await
}

#[tokio::test]
async fn openid_discovery_section_3_the_operators_levels_are_listed_strongest_first() {
    let world = with_levels().await;
    let document = world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(document["acr_values_supported"], json!(["urn:example:fresh", "1"]));
}

#[tokio::test]
async fn rfc9470_section_5_a_level_that_no_longer_holds_takes_another_sign_in() {
    let world = with_levels().await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let acr = async |code: &str| claims(&world.redeem("web", code).await.json()["access_token"])["acr"].clone();
    assert_eq!(acr(&code).await, "urn:example:fresh", "the strongest");
    let code = browser.code("web", ADA, &[("acr_values", "1 urn:example:fresh")]).await;
    assert_eq!(acr(&code).await, "1", "the first that was wished for");
    world.advance(61);
    let code = browser.code("web", ADA, &[]).await;
    assert_eq!(acr(&code).await, "1");
    let silent = [("prompt", "none"), ("claims", &essential("urn:example:fresh"))];
    browser.get(&authorize_url("web", &silent)).await.is_redirected_error("login_required");
    let page = browser.get(&authorize_url("web", &[("acr_values", "urn:example:fresh")])).await;
    page.is_page(200);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert_eq!(acr(&answer.param("code").unwrap()).await, "urn:example:fresh");
}

/// OpenID Connect Extended Authentication Profile (EAP) ACR Values 1.0: phishing-resistant, and so with a key that no software holds.
#[tokio::test]
async fn openid_eap_section_2_phr_and_phrh_are_levels_that_a_passkey_reaches_and_a_password_does_not() {
    let world = World::with(|config| {
        config.acr = Levels::parse(["phrh=hwk+mfa", "phr=hwk", "1=pwd"], |_: &str| Ok(60)).unwrap();
    })
    .await;
    let document = world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(document["acr_values_supported"], json!(["phrh", "phr", "1"]));
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut passkey = passkey();
    own.add_passkey(&passkey).await;
    for (sign_count, asked, told) in
        [(2, "", "phrh"), (3, "phr", "phr"), (4, "phr phrh", "phr"), (5, "phrh phr", "phrh")]
    {
        passkey.sign_count = sign_count;
        let mut browser = world.browser();
        let page = browser.get(&authorize_url("web", &[("acr_values", asked)])).await;
        let id = world.id_of(ADA).await;
        let answer = browser.post_all("/login/passkey", &assertion(&page, &passkey, Some(&id))).await;
        let answer = browser.follow(answer).await;
        let said = world.id_token_of("web", &answer.param("code").unwrap()).await;
        assert_eq!(said["acr"], told, "{asked}: {}", said["amr"]);
    }
    let mut guest = Browser::signed_in(&world, "bob@example.com").await;
    let silent = [("prompt", "none"), ("claims", &*essential("phr"))];
    guest.get(&authorize_url("web", &silent)).await.is_redirected_error("login_required");
}

#[tokio::test]
async fn openid_registration_section_2_default_acr_values_count_for_requests_without_a_wish() {
    let world = with_levels().await;
    world
        .change_client("web", |client| client.metadata.default_acr_values = vec!["urn:example:fresh".to_owned()])
        .await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    world.advance(61);
    browser.get(&authorize_url("web", &[])).await.is_page(200);
    let wished = browser.get(&authorize_url("web", &[("acr_values", "1")])).await;
    assert!(wished.param("code").is_some(), "the request overrides: {wished:?}");
}

#[tokio::test]
async fn openid_registration_section_2_with_require_auth_time_the_id_token_says_when() {
    let world = World::new().await;
    world.change_client("web", |client| client.metadata.require_auth_time = true).await;
    let code = world.browser().code("web", ADA, &[]).await;
    world.advance(30);
    assert_eq!(claims(&world.redeem("web", &code).await.json()["id_token"])["auth_time"], json!(NOW));
}
