//! Resource indicators (RFC 8707): several APIs in one consent, one API in each token.

use crate::support::flow::{VERIFIER, authorize_url};
use crate::support::protocol::claims;
use crate::support::{API, Answer, Browser, CALLBACK, OTHER_API, PASSWORD, World};
use symbolon_oauth::{ClientApi, Scope};

const ADA: &str = "ada@example.com";
const BOTH: &[(&str, &str)] =
    &[("audience", ""), ("resource", API), ("resource", OTHER_API), ("scope", "openid offline_access read write")];

async fn world() -> World {
    let world = World::new().await;
    let other = ClientApi { audience: OTHER_API.to_owned(), scopes: Scope::parse("read").unwrap() };
    world.change_client("partner", |client| client.apis.push(other)).await;
    world
}

async fn consent_page(world: &World, more: &[(&str, &str)]) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", more)).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    page.is_page(200);
    (browser, page)
}

async fn allow(browser: &mut Browser, page: &Answer) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    browser.post("/consent", &[("interaction", &interaction), ("csrf", &csrf), ("decision", "allow")]).await
}

async fn redeem(world: &World, code: &str, resources: &[&str]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    fields.extend(resources.iter().map(|resource| ("resource", *resource)));
    world.token("partner", &fields).await
}

async fn refresh(world: &World, refresh_token: &str, resource: &str) -> Answer {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("resource", resource)];
    world.token("partner", &fields).await
}

#[tokio::test]
async fn one_consent_for_all_and_a_token_for_each() {
    let world = world().await;
    let (mut browser, page) = consent_page(&world, BOTH).await;
    for told in ["Read things", "Write things", "Example"] {
        assert!(page.body.contains(told), "{told} is not in {}", page.body);
    }
    let code = allow(&mut browser, &page).await.param("code").unwrap();
    let first = redeem(&world, &code, &[OTHER_API]).await.json();
    let of = claims(&first["access_token"]);
    assert_eq!(of["aud"][0], OTHER_API, "RFC 8707 §2.2: for the one that was named");
    assert!(!of["aud"].to_string().contains(API), "{of}");
    assert_eq!(first["scope"], "openid offline_access read", "and with what it knows of the scope");
    let next = refresh(&world, first["refresh_token"].as_str().unwrap(), API).await.json();
    assert_eq!(claims(&next["access_token"])["aud"][0], API);
    assert_eq!(next["scope"], "openid offline_access read write");
    // With none named, the first that was asked for.
    let last = world.refresh("partner", next["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(claims(&last["access_token"])["aud"][0], API);
}

#[tokio::test]
async fn rfc8707_section_2_2_a_resource_that_was_not_granted_is_refused() {
    let world = world().await;
    let (mut browser, page) = consent_page(&world, &[("scope", "openid offline_access read")]).await;
    let code = allow(&mut browser, &page).await.param("code").unwrap();
    redeem(&world, &code, &[OTHER_API]).await.is_error(400, "invalid_target");
    let tokens = redeem(&world, &code, &[API]).await.json();
    refresh(&world, tokens["refresh_token"].as_str().unwrap(), OTHER_API).await.is_error(400, "invalid_target");
}

#[tokio::test]
async fn one_token_is_for_one_api() {
    let world = world().await;
    let (mut browser, page) = consent_page(&world, BOTH).await;
    let code = allow(&mut browser, &page).await.param("code").unwrap();
    redeem(&world, &code, &[API, OTHER_API]).await.is_error(400, "invalid_target");
    assert_eq!(redeem(&world, &code, &[API, API]).await.status, 200, "named twice is named");
}

#[tokio::test]
async fn rfc8707_section_2_an_unknown_resource_among_others_is_refused() {
    let world = world().await;
    for bad in ["https://unknown.example", "relative", "https://api.example.com/#x"] {
        let more = [("audience", ""), ("resource", API), ("resource", bad)];
        world.browser().get(&authorize_url("partner", &more)).await.is_redirected_error("invalid_target");
    }
    let many: Vec<String> = (0..11).map(|at| format!("https://api{at}.example")).collect();
    let more: Vec<(&str, &str)> = many.iter().map(|one| ("resource", &**one)).collect();
    world.browser().get(&authorize_url("partner", &more)).await.is_redirected_error("invalid_target");
}

#[tokio::test]
async fn consent_to_one_is_no_consent_to_the_other() {
    let world = world().await;
    let (mut browser, page) = consent_page(&world, &[("scope", "openid offline_access read write")]).await;
    allow(&mut browser, &page).await;
    let page = browser.get(&authorize_url("partner", BOTH)).await;
    page.is_page(200);
    assert!(allow(&mut browser, &page).await.param("code").is_some());
    // Now each is on record.
    assert!(browser.get(&authorize_url("partner", BOTH)).await.param("code").is_some());
    let other = [("audience", OTHER_API), ("scope", "openid offline_access read")];
    assert!(browser.get(&authorize_url("partner", &other)).await.param("code").is_some());
}
