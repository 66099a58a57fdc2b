//! Passkeys over HTTP, with an authenticator in software: what signs in, what is kept, and each thing that must not pass.

use serde_json::json;
use symbolon_factors::webauthn::testing::Passkey;
use symbolon_jose::base64url;

use crate::support::factors::{SECURITY, assertion, passkey};
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

/// Ada has a passkey.
async fn with_passkey(world: &World) -> (Passkey, String, Browser) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let passkey = passkey();
    let shown = own.add_passkey(&passkey).await;
    assert!(shown.body.contains("Recovery codes"), "{}", shown.body);
    (passkey, world.id_of(ADA).await, own)
}

async fn at_the_page(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    (browser, page)
}

/// What becomes of an assertion that was changed.
async fn refused(world: &World, passkey: &Passkey, id: &str, change: impl FnOnce(&mut Vec<(&'static str, String)>)) {
    let (mut browser, page) = at_the_page(world).await;
    let mut fields = assertion(&page, passkey, Some(id));
    change(&mut fields);
    let answer = browser.post_all("/login/passkey", &fields).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.body.contains("That passkey did not sign you in"), "{}", answer.body);
    assert!(!browser.cookies.contains_key(SESSION));
}

fn set(fields: &mut [(&'static str, String)], name: &str, value: String) {
    fields.iter_mut().find(|(field, _)| *field == name).unwrap().1 = value;
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_the_tokens_say_how_rfc_8176() {
    let world = World::new().await;
    let (mut passkey, id, _) = with_passkey(&world).await;
    passkey.sign_count = 2;
    let (mut browser, page) = at_the_page(&world).await;
    let answer = browser.post_all("/login/passkey", &assertion(&page, &passkey, Some(&id))).await;
    let answer = browser.follow(answer).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["hwk", "user", "mfa"]));
    assert_eq!(claims["acr"], "urn:symbolon:acr:mfa");
    let page = browser.get(SECURITY).await;
    assert!(page.body.contains("Phone") && page.body.contains("on one device only") && page.body.contains("last used"));
}

#[tokio::test]
async fn webauthn_section_7_2_step_11_a_challenge_is_for_one_browser_one_time_and_one_page() {
    let world = World::new().await;
    let (mut passkey, id, mut own) = with_passkey(&world).await;
    passkey.sign_count = 2;
    let (mut browser, page) = at_the_page(&world).await;
    let fields = assertion(&page, &passkey, Some(&id));
    assert_eq!(browser.post_all("/login/passkey", &fields).await.status, 303);
    browser.cookies.remove(SESSION);
    assert_eq!(browser.post_all("/login/passkey", &fields).await.status, 400, "replayed");
    // A challenge of another page of the same browser, and one of another browser.
    let other = own.get(SECURITY).await.field("challenge");
    refused(&world, &passkey, &id, |fields| set(fields, "challenge", other)).await;
    let (_, elsewhere) = at_the_page(&world).await;
    refused(&world, &passkey, &id, |fields| set(fields, "challenge", elsewhere.field("challenge"))).await;
    refused(&world, &passkey, &id, |fields| set(fields, "challenge", base64url::encode(&[7; 32]))).await;
}

#[tokio::test]
async fn webauthn_section_7_2_what_is_not_the_owners_passkey_signs_nobody_in() {
    let world = World::new().await;
    let (mut passkey, id, _) = with_passkey(&world).await;
    let bob = world.id_of("bob@example.com").await;
    passkey.sign_count = 2;
    refused(&world, &passkey, &bob, |_| ()).await;
    refused(&world, &passkey, "", |_| ()).await;
    refused(&world, &passkey, &id, |fields| set(fields, "credential", base64url::encode(b"unknown"))).await;
    refused(&world, &passkey, &id, |fields| set(fields, "signature", base64url::encode(&[7; 70]))).await;
    refused(&world, &passkey, &id, |fields| set(fields, "client_data", "!".to_owned())).await;
    let wrong: [&dyn Fn(&mut Passkey); 4] = [
        &|one| one.origin = "http://badlocalhost:4400".to_owned(),
        &|one| one.rp_id = "example.com".to_owned(),
        &|one| one.flags = 0b001,
        &|one| one.sign_count = 1,
    ];
    for change in wrong {
        let (before, origin) = ((passkey.flags, passkey.sign_count), passkey.origin.clone());
        change(&mut passkey);
        refused(&world, &passkey, &id, |_| ()).await;
        (passkey.flags, passkey.sign_count) = before;
        (passkey.origin, passkey.rp_id) = (origin, "localhost".to_owned());
    }
    world.command(&json!({ "user": { "block": { "user": ADA } } })).await;
    refused(&world, &passkey, &id, |_| ()).await;
}

#[tokio::test]
async fn ghsa_875x_g8p7_5w27_the_page_says_nothing_about_who_has_a_passkey() {
    let world = World::new().await;
    with_passkey(&world).await;
    for hint in [ADA, "nobody@example.com"] {
        let page = world.browser().get(&authorize_url("web", &[("login_hint", hint)])).await;
        assert!(page.body.contains("data-passkey=\"offer\"") && !page.body.contains("data-allow"), "{hint}");
    }
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_after_the_password() {
    let world = World::new().await;
    let (mut passkey, ..) = with_passkey(&world).await;
    (passkey.sign_count, passkey.flags) = (2, 0b001);
    let (mut browser, page) = at_the_page(&world).await;
    let step = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(step.body.contains("data-allow=\""), "{}", step.body);
    let mut fields = assertion(&step, &passkey, None);
    fields.push(("way", "passkey".to_owned()));
    let answer = browser.post_all("/login/factor", &fields).await;
    let answer = browser.follow(answer).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["pwd", "hwk", "user", "mfa"]));
}

#[tokio::test]
async fn webauthn_section_7_1_a_passkey_that_is_anybodys_already_or_verifies_nobody_is_not_added() {
    let world = World::new().await;
    let (passkey, _, mut own) = with_passkey(&world).await;
    let mut bob = world.browser();
    bob.sign_in_here("bob@example.com").await;
    assert!(bob.add_passkey(&passkey).await.body.contains("on record already"), "step 26");
    let unverified = Passkey { flags: 0b001, ..Passkey::es256(b"2", "localhost", ISSUER) };
    assert!(own.add_passkey(&unverified).await.body.contains("could not be added"), "step 16");
    let foreign = Passkey::es256(b"3", "localhost", "http://evil.example");
    assert!(own.add_passkey(&foreign).await.body.contains("could not be added"), "step 9");
    let page = own.get(SECURITY).await;
    assert_eq!(page.body.matches("Rename or remove").count(), 1);
    own.security(&[("action", "rename"), ("id", &page.field("id")), ("name", "<b>My key</b>")]).await;
    assert!(own.get(SECURITY).await.body.contains("&#60;b&#62;My key"));
}

#[tokio::test]
async fn password_managers_find_where_passkeys_are_kept() {
    let world = World::new().await;
    let answer = world.browser().get("/.well-known/passkey-endpoints").await;
    let page = format!("{ISSUER}{SECURITY}");
    assert_eq!(answer.json(), json!({ "enroll": page, "manage": page }));
}
