//! The main job: a person signs in, a client gets tokens.

use crate::support::flow::authorize_url;
use crate::support::{API, ISSUER, PASSWORD, World};
use symbolon_jose::jwt::decode_unverified;

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_tokens_for_the_api() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    assert_eq!(page.status, 200);
    let answer = browser.sign_in(&page, "ada@example.com", PASSWORD).await;
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    assert_eq!(answer.param("iss").as_deref(), Some(ISSUER));

    let tokens = world.redeem("web", &answer.param("code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    let access = decode_unverified(tokens["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(access.header["typ"], "at+jwt");
    assert_eq!(access.claims["aud"], serde_json::json!([API, format!("{ISSUER}/userinfo")]));
    assert_eq!(access.claims["roles"], serde_json::json!(["admin"]));
    let id = decode_unverified(tokens["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id.claims["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(id.claims["aud"], "web");

    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["email"], "ada@example.com");
    assert_eq!(userinfo["email_verified"], true);
    assert_eq!(world.introspect(tokens["access_token"].as_str().unwrap()).await["active"], true);
}
