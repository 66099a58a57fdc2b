//! The `claims` parameter (OpenID Connect Core §5.5): single claims, where they were asked for.

use serde_json::{Value, json};

use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::requests::{object_claims, object_url};
use crate::support::{PASSWORD, World};

const ADA: &str = "ada@example.com";

async fn userinfo(world: &World, tokens: &Value) -> Value {
    let answer = world.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn single_claims_come_where_they_were_asked_for_and_after_a_refresh_too_core_5_5() {
    let world = World::new().await;
    let asked =
        json!({"id_token": {"email": {"essential": true}}, "userinfo": {"name": null, "unknown": null}}).to_string();
    let more = [("scope", "openid offline_access"), ("claims", asked.as_str())];
    let code = world.browser().code("web", ADA, &more).await;
    let mut tokens = world.redeem("web", &code).await.json();
    for turn in 0..2 {
        let id_token = claims(&tokens["id_token"]);
        assert_eq!((&id_token["email"], id_token.get("name")), (&json!(ADA), None), "{turn}");
        let info = userinfo(&world, &tokens).await;
        assert_eq!((&info["name"], info.get("email")), (&json!("Ada Lovelace"), None), "{turn}");
        assert_eq!(tokens["scope"], "openid offline_access", "the scope is what was asked for");
        tokens = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    }
    let plain = world.browser().code("web", ADA, &[("scope", "openid")]).await;
    let tokens = world.redeem("web", &plain).await.json();
    assert_eq!(userinfo(&world, &tokens).await.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_value_brings_them_to_userinfo_too() {
    let world = World::new().await;
    world.change_client("web", |client| client.access_token_format = symbolon_oauth::AccessTokenFormat::Session).await;
    let more = [("scope", "openid read"), ("claims", r#"{"userinfo":{"name":null}}"#)];
    let code = world.browser().code("web", ADA, &more).await;
    let tokens = world.redeem("web", &code).await.json();
    assert_eq!(userinfo(&world, &tokens).await["name"], "Ada Lovelace");
}

/// Security 45, 143: what is taken from a client is not given on because it was asked for by another name.
#[tokio::test]
async fn claims_of_a_scope_that_the_client_has_lost_are_not_given_after_a_refresh() {
    let world = World::new().await;
    let asked =
        json!({"id_token": {"email": null, "name": null}, "userinfo": {"email": null, "name": null}}).to_string();
    let more = [("scope", "openid offline_access"), ("claims", asked.as_str())];
    let code = world.browser().code("web", ADA, &more).await;
    let tokens = world.redeem("web", &code).await.json();
    assert_eq!(claims(&tokens["id_token"])["email"], ADA);
    let left = symbolon_oauth::Scope::parse("openid profile offline_access").unwrap();
    world.change_client("web", |client| client.scopes = Some(left)).await;
    let tokens = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    for told in [claims(&tokens["id_token"]), userinfo(&world, &tokens).await] {
        assert_eq!((told.get("email"), &told["name"]), (None, &json!("Ada Lovelace")), "{told}");
    }
}

/// People are asked for what single claims come to.
#[tokio::test]
async fn a_third_party_gets_no_claim_that_was_not_allowed_core_5_5() {
    let world = World::new().await;
    let allow = async |browser: &mut crate::support::Browser, page: &crate::support::Answer| {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
        browser.post("/consent", &fields).await
    };
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", &[("scope", "openid")])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(allow(&mut browser, &page).await.param("code").is_some());
    // `openid` alone is on record now; the e-mail address is not.
    let more = [("scope", "openid"), ("claims", r#"{"userinfo":{"email":null}}"#)];
    let page = browser.get(&authorize_url("partner", &more)).await;
    page.is_page(200);
    let code = allow(&mut browser, &page).await.param("code").unwrap();
    let tokens = world.redeem("partner", &code).await.json();
    assert_eq!(userinfo(&world, &tokens).await["email"], ADA);
    let again = browser.get(&authorize_url("partner", &more)).await;
    assert!(again.param("code").is_some(), "it is on record: {again:?}");
    // A client that is not registered for the scope gets none of its claims.
    world
        .change_client("partner", |client| client.scopes = Some(symbolon_oauth::Scope::parse("openid").unwrap()))
        .await;
    let code = browser.get(&authorize_url("partner", &more)).await.param("code").unwrap();
    let tokens = world.redeem("partner", &code).await.json();
    assert_eq!(userinfo(&world, &tokens).await.get("email"), None);
}

#[tokio::test]
async fn what_is_required_is_kept_to_or_refused_core_5_5_1() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    let sub = {
        let tokens = world.tokens("web", "bob@example.com").await;
        claims(&tokens["id_token"])["sub"].clone()
    };
    for (asked, code) in [
        (json!({"id_token": {"acr": {"essential": true, "values": ["strong"]}}}), "unmet_authentication_requirements"),
        (json!({"id_token": {"sub": {"value": sub}}}), "login_required"),
        (json!({"id_token": "email"}), "invalid_request"),
        (json!([]), "invalid_request"),
    ] {
        let more = [("prompt", "none"), ("claims", &*asked.to_string())];
        browser.get(&authorize_url("web", &more)).await.is_redirected_error(code);
    }
    let voluntary = json!({"id_token": {"acr": {"values": ["strong"]}, "auth_time": {"essential": true}}}).to_string();
    let code = browser.get(&authorize_url("web", &[("claims", &voluntary)])).await.param("code").unwrap();
    let tokens = world.redeem("web", &code).await.json();
    assert!(claims(&tokens["id_token"])["auth_time"].is_number());
}

/// Within a request object they are an object, not text (RFC 9101 §4).
#[tokio::test]
async fn they_may_stand_in_a_request_object() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let mut object = object_claims("web", &[("scope", "openid")]);
    object["claims"] = json!({"id_token": {"name": null}});
    let object = symbolon_jose::jwt::sign(&key, "JWT", &object).unwrap();
    let mut browser = world.browser();
    let page = browser.get(&object_url("web", &object, &[])).await;
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["name"], "Ada Lovelace");
}
