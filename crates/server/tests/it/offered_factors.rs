//! `factors.offered`: what people may set up. What is not offered is neither on a page nor taken from a form that was open before; what was set up
//! before goes on working, is listed and can be removed.

use serde_json::json;
use symbolon_jose::base64url;
use symbolon_oauth::second_factor::Factor;
use symbolon_store::Credential;

use crate::support::factors::{App, SECURITY, assertion, challenge, passkey};
use crate::support::flow::authorize_url;
use crate::support::{Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

/// Ada, signed in where everything is offered.
async fn everything() -> (World, Browser) {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    (world, own)
}

/// The operator restarts with another setting.
async fn offering(world: World, own: &mut Browser, offered: &[Factor]) -> World {
    let world = world.restart_with(|config| config.factors.offered = offered.to_vec()).await;
    own.address = world.running.address.unwrap();
    assert!(own.get("/").await.body.contains("Hello"), "still signed in");
    world
}

/// What kinds of factor Ada has.
async fn kinds(world: &World) -> Vec<String> {
    let all = world.running.app.store.credentials_of(&world.id_of(ADA).await).await.unwrap();
    all.into_iter().map(|one| one.kind).filter(|kind| kind != Credential::RECOVERY_CODE).collect()
}

#[tokio::test]
async fn an_app_that_is_not_offered_any_more_is_set_up_by_no_form() {
    let (world, mut own) = everything().await;
    let page = own.security(&[("action", "totp")]).await;
    let code = App::of(&page).code(0);
    let fields =
        [("csrf", page.field("csrf")), ("action", "totp".to_owned()), ("secret", page.field("secret")), ("code", code)];
    let world = offering(world, &mut own, &[Factor::Passkey]).await;
    let page = own.get(SECURITY).await;
    assert!(page.body.contains("id=\"create\"") && !page.body.contains("value=\"totp\""), "{}", page.body);
    assert!(!own.security(&[("action", "totp")]).await.body.contains("id=\"secret\""));
    let refused = own.post_all(SECURITY, &fields).await;
    assert!(refused.body.contains("How you sign in") && !refused.body.contains("id=\"codes\""), "{refused:?}");
    assert!(kinds(&world).await.is_empty());
    // The very form is good where apps are offered.
    let world = offering(world, &mut own, &[Factor::Totp]).await;
    assert!(own.post_all(SECURITY, &fields).await.body.contains("id=\"codes\""));
    assert_eq!(kinds(&world).await, [Credential::TOTP]);
}

#[tokio::test]
async fn a_passkey_that_is_not_offered_any_more_is_added_by_no_form() {
    let (world, mut own) = everything().await;
    let (page, key) = (own.get(SECURITY).await, passkey());
    let (client_data, object) = key.create(&challenge(&page));
    let fields = [
        ("csrf", page.field("csrf")),
        ("action", "passkey".to_owned()),
        ("challenge", page.field("challenge")),
        ("client_data", base64url::encode(&client_data)),
        ("attestation", base64url::encode(&object)),
    ];
    let world = offering(world, &mut own, &[Factor::Totp]).await;
    let page = own.get(SECURITY).await;
    assert!(page.body.contains("value=\"totp\"") && !page.body.contains("name=\"challenge\""), "{}", page.body);
    let refused = own.post_all(SECURITY, &fields).await;
    assert!(refused.body.contains("How you sign in") && !refused.body.contains("id=\"codes\""), "{refused:?}");
    assert!(kinds(&world).await.is_empty());
    let world = offering(world, &mut own, &[Factor::Passkey]).await;
    assert!(own.post_all(SECURITY, &fields).await.body.contains("id=\"codes\""));
    assert_eq!(kinds(&world).await, [Credential::PASSKEY]);
}

#[tokio::test]
async fn what_was_set_up_before_signs_in_is_listed_and_is_removed() {
    let (world, mut own) = everything().await;
    let app = own.set_up_app(0).await;
    let mut key = passkey();
    own.add_passkey(&key).await;
    let world = offering(world, &mut own, &[]).await;
    world.advance(60);
    key.sign_count += 1;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let fields = assertion(&page, &key, Some(&world.id_of(ADA).await));
    assert_eq!(browser.post_all("/login/passkey", &fields).await.status, 303);
    assert!(browser.cookies.contains_key(SESSION), "the passkey alone");
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let step = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(step.body.contains("One more step"), "it goes on protecting the account: {step:?}");
    assert!(browser.factor(&step, "totp", &app.code(60), &[]).await.param("code").is_some());
    let page = own.get(SECURITY).await;
    assert!(page.body.contains("<strong>Phone</strong>") && page.body.contains("id=\"remove-totp\""), "{}", page.body);
    assert!(!page.body.contains("id=\"create\"") && !page.body.contains("value=\"totp\""), "{}", page.body);
    for left in [1, 0] {
        let page = own.get(SECURITY).await;
        own.security(&[("action", "remove"), ("id", &page.field("id")), ("sure", "yes")]).await;
        assert_eq!(kinds(&world).await.len(), left);
    }
}

/// A client that insists on a factor does not bring one in through the back door, and gets no token that says there was one.
#[tokio::test]
async fn an_essential_level_sets_up_nothing_that_is_not_offered() {
    let (world, mut own) = everything().await;
    let world = offering(world, &mut own, &[]).await;
    let level = "urn:symbolon:acr:mfa";
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": [level] } } }).to_string();
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("claims", &claims)])).await;
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(!answer.body.contains("Set up"), "{answer:?}");
    assert_eq!(answer.param("error").as_deref(), Some("unmet_authentication_requirements"));
    assert!(kinds(&world).await.is_empty());
}
