//! The second step of a sign-in over plain HTTP, as without JavaScript: when it is asked for, what gets past it, and what does not.

use serde_json::json;
use symbolon_oauth::acr::Levels;
use symbolon_oauth::second_factor::Required;

use crate::support::factors::{App, SECURITY, codes};
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

/// Ada has set up an app; half a minute later a browser that nobody knows is before the second step of `web`.
async fn with_app(world: &World) -> (App, Browser, Answer) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let (browser, page) = at_the_step(world, &[]).await;
    (app, browser, page)
}

async fn at_the_step(world: &World, more: &[(&str, &str)]) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", more)).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    (browser, page)
}

fn is_at_the_step(page: &Answer) -> bool {
    page.body.contains("One more step")
}

#[tokio::test]
async fn the_code_of_an_app_completes_the_sign_in_and_the_tokens_say_so_rfc_8176() {
    let world = World::new().await;
    let (app, mut browser, page) = with_app(&world).await;
    assert!(page.status == 200 && is_at_the_step(&page), "{page:?}");
    assert!(!browser.cookies.contains_key(SESSION), "no session before all of it (security 134)");
    let answer = browser.factor(&page, "totp", &app.code(60), &[]).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(claims["acr"], "urn:symbolon:acr:mfa");
}

#[tokio::test]
async fn rfc6238_section_5_2_a_code_is_used_once() {
    let world = World::new().await;
    let (app, mut browser, page) = with_app(&world).await;
    let (mut other, second) = at_the_step(&world, &[]).await;
    let code = app.code(60);
    assert!(browser.factor(&page, "totp", &code, &[]).await.param("code").is_some());
    let refused = other.factor(&second, "totp", &code, &[]).await;
    assert!(refused.status == 400 && is_at_the_step(&refused), "{refused:?}");
    assert!(!other.cookies.contains_key(SESSION));
    world.advance(30);
    assert!(other.factor(&refused, "totp", &app.code(90), &[]).await.param("code").is_some(), "the next one is good");
}

#[tokio::test]
async fn a_recovery_code_works_once_and_leads_to_a_look_at_how_one_signs_in() {
    let world = World::new().await;
    let (app, mut browser, page) = with_app(&world).await;
    let switched = browser.factor(&page, "recovery_code", "", &[("decision", "switch")]).await;
    assert!(switched.status == 200 && switched.body.contains("Recovery code"), "{}", switched.body);
    let typed = app.codes[3].to_lowercase().replace('-', " ");
    let told = browser.factor(&switched, "recovery_code", &typed, &[]).await;
    assert!(told.body.contains("9 are left") && told.body.contains(SECURITY), "{}", told.body);
    let onward = told.body.split("id=\"onward\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = browser.get(&onward.replace("&#61;", "=").replace("&amp;", "&")).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["pwd", "mfa"]), "two factors, and no one-time password of an app");
    let (mut again, page) = at_the_step(&world, &[]).await;
    assert_eq!(again.factor(&page, "recovery_code", &app.codes[3], &[]).await.status, 400, "used");
    let bobs = world.browser().sign_in_here("bob@example.com").await;
    assert!(bobs.body.contains("Hello"), "who has set up nothing is asked nothing");
}

#[tokio::test]
async fn cve_2025_64102_wrong_codes_are_counted_on_the_account_and_not_in_the_browser() {
    let world = World::new().await;
    let (app, mut browser, page) = with_app(&world).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(browser.factor(&page, "totp", "000000", &[]).await.status.as_u16());
    }
    assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429]);
    let (mut other, second) = at_the_step(&world, &[]).await;
    let right = other.factor(&second, "totp", &app.code(60), &[]).await;
    assert_eq!(right.status, 429, "another browser makes no guess free, not even a right one");
    assert!(!right.header("retry-after").is_empty());
}

/// Security 125: a browser that the account knows has a count of its own.
#[tokio::test]
async fn whoever_guesses_elsewhere_does_not_keep_the_owner_out_of_a_browser_of_theirs() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let (mut thief, page) = at_the_step(&world, &[]).await;
    for _ in 0..8 {
        thief.factor(&page, "totp", "000000", &[]).await;
    }
    own.cookies.remove(SESSION);
    let page = own.get(&authorize_url("web", &[])).await;
    let page = own.sign_in(&page, ADA, PASSWORD).await;
    assert!(own.factor(&page, "totp", &app.code(60), &[]).await.param("code").is_some());
}

#[tokio::test]
async fn the_second_step_belongs_to_its_browser_its_time_and_its_password() {
    let world = World::new().await;
    let (app, browser, page) = with_app(&world).await;
    let mut other = world.browser();
    other.get("/login").await;
    let stolen = other.factor(&page, "totp", &app.code(60), &[]).await;
    assert!(stolen.status != 303 && !other.cookies.contains_key(SESSION), "{stolen:?}");
    let mut late = browser.clone();
    world.advance(900);
    let expired = late.factor(&page, "totp", &app.code(960), &[]).await;
    assert!(!late.cookies.contains_key(SESSION) && expired.body.contains("too long"), "{}", expired.body);
    let (mut stale, page) = at_the_step(&world, &[]).await;
    let reset =
        json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "password": "another password 77" } } } });
    world.command(&reset).await;
    let refused = stale.factor(&page, "totp", &app.code(960), &[]).await;
    assert!(!stale.cookies.contains_key(SESSION), "{refused:?}");
}

#[tokio::test]
async fn saying_no_at_the_second_step_returns_access_denied() {
    let world = World::new().await;
    let (_, mut browser, page) = with_app(&world).await;
    let answer = browser.factor(&page, "totp", "", &[("decision", "deny")]).await;
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
}

/// CVE-2024-45042, CVE-2025-64103: not asked for on one of the ways in.
#[tokio::test]
async fn no_way_in_forgets_the_second_factor() {
    let world = World::new().await;
    let (_, _, page) = with_app(&world).await;
    assert!(is_at_the_step(&page));
    assert!(is_at_the_step(&world.browser().sign_in_here(ADA).await), "the server's own pages");
    let body = json!({ "username": ADA, "password": PASSWORD }).to_string();
    let headers = [(http::header::CONTENT_TYPE, "application/json")];
    let api = world.browser().send(http::Method::POST, "/authenticate", &headers, Some(body)).await;
    assert_eq!((api.status.as_u16(), &api.json()["error"]), (403, &json!("mfa_required")), "POST /authenticate");
    let link = json!({ "user": { "reset-link": { "user": ADA, "valid_secs": 3600 } } });
    let link = world.command(&link).await["link"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    let form = browser.get(&link).await;
    let (csrf, code) = (form.field("csrf"), form.field("code"));
    let fields = [("csrf", &*csrf), ("code", &code), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    assert_eq!(browser.post("/reset", &fields).await.status, 200);
    assert!(is_at_the_step(&browser.sign_in_here(ADA).await), "after a new password (security 121)");
}

#[tokio::test]
async fn a_browser_is_remembered_where_the_rule_is_about_browsers_and_until_something_changes() {
    let world = World::with(|config| config.factors.required = Required::NewDevice).await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let (mut browser, page) = at_the_step(&world, &[]).await;
    assert!(page.body.contains("for 30 days"), "{}", page.body);
    assert!(browser.factor(&page, "totp", &app.code(60), &[("remember", "yes")]).await.param("code").is_some());
    browser.cookies.remove(SESSION);
    let code = browser.code("web", ADA, &[]).await;
    let claims = world.id_token_of("web", &code).await;
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("urn:symbolon:acr:pwd")), "it is no factor");
    // A level is not reached by being remembered.
    browser.cookies.remove(SESSION);
    let page = browser.get(&authorize_url("web", &[("acr_values", "urn:symbolon:acr:mfa")])).await;
    assert!(is_at_the_step(&browser.sign_in(&page, ADA, PASSWORD).await), "step-up");
    world.advance(31 * 86_400);
    let page = browser.get(&authorize_url("web", &[])).await;
    assert!(is_at_the_step(&browser.sign_in(&page, ADA, PASSWORD).await), "after a month");
}

/// GHSA-hp74-gm6m-2qm5.
#[tokio::test]
async fn an_essential_level_is_reached_by_its_own_factor_only() {
    let levels = Levels::parse(["app=pwd+otp", "known=pwd"], |_| Err(String::new())).unwrap();
    let world = World::with(|config| config.acr = levels).await;
    let (app, ..) = with_app(&world).await;
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["app"] } } }).to_string();
    let (mut browser, page) = at_the_step(&world, &[("claims", &claims)]).await;
    assert!(is_at_the_step(&page) && !page.body.contains("Use a recovery code"), "{}", page.body);
    let refused = browser.factor(&page, "recovery_code", &app.codes[0], &[]).await;
    assert!(is_at_the_step(&refused) && !browser.cookies.contains_key(SESSION), "not even when it is sent");
    let answer = browser.factor(&refused, "totp", &app.code(60), &[]).await;
    let token = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(token["acr"], "app");
}

/// Nobody is left without a way: who must have a factor and has none sets one up before there is a session.
#[tokio::test]
async fn who_must_have_a_factor_sets_one_up_at_the_next_sign_in() {
    let world = World::with(|config| config.factors.roles = vec!["admin".to_owned()]).await;
    let (mut browser, page) = at_the_step(&world, &[]).await;
    assert!(page.body.contains("Set up a second step") && !browser.cookies.contains_key(SESSION), "{}", page.body);
    let page = browser.factor(&page, "totp", "", &[("decision", "switch")]).await;
    let app = App::of(&page);
    let wrong = browser.factor(&page, "totp", "000000", &[]).await;
    assert_eq!(wrong.status, 400);
    let again = App::of(&wrong);
    assert_eq!(app.code(0), again.code(0), "the same key: it may be in the app already");
    let shown = browser.factor(&wrong, "totp", &app.code(0), &[]).await;
    assert_eq!(codes(&shown).len(), 10, "{}", shown.body);
    assert!(browser.cookies.contains_key(SESSION));
    let onward = shown.body.split("id=\"onward\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = browser.get(&onward.replace("&#61;", "=").replace("&amp;", "&")).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
    let bob = world.browser().sign_in_here("bob@example.com").await;
    assert!(bob.body.contains("Hello"), "other roles are not asked");
}

#[tokio::test]
async fn changes_need_a_sign_in_of_the_last_minutes_with_everything_security_96() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(601);
    let page = own.get(SECURITY).await;
    assert!(page.body.contains("confirm that it is you") && !page.body.contains("value=\"totp\""), "{}", page.body);
    let csrf = page.field("csrf");
    for action in ["codes", "totp", "remove", "passkey", "rename"] {
        let asked = own.post(SECURITY, &[("csrf", &csrf), ("action", action)]).await;
        assert!(asked.body.contains("Confirm it is you"), "{action}: {}", asked.body);
    }
    let sign_in = own.post(SECURITY, &[("csrf", &csrf), ("action", "confirm")]).await;
    let step = own.sign_in(&sign_in, ADA, PASSWORD).await;
    assert!(is_at_the_step(&step), "the password alone is not enough to change what protects it");
    let back = own.factor(&step, "totp", &app.code(601), &[]).await;
    assert!(back.body.contains("Make new recovery codes"), "{}", back.body);
    assert_eq!(codes(&own.security(&[("action", "codes")]).await).len(), 10);
}

#[tokio::test]
async fn a_removal_is_asked_twice_and_ends_what_is_elsewhere_security_94() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let (mut elsewhere, page) = at_the_step(&world, &[]).await;
    elsewhere.factor(&page, "totp", &app.code(60), &[]).await;
    let page = own.get(SECURITY).await;
    let id = page.field("id");
    let asked = own.security(&[("action", "remove"), ("id", &id)]).await;
    assert!(asked.body.contains("It is your last one"), "{}", asked.body);
    assert!(elsewhere.get("/").await.body.contains("Hello"));
    own.security(&[("action", "remove"), ("id", &id), ("sure", "yes")]).await;
    assert!(!elsewhere.get("/").await.body.contains("Hello"), "ended");
    assert!(own.get("/").await.body.contains("Hello"), "where it was done it goes on");
    let (_, answer) = at_the_step(&world, &[]).await;
    assert!(answer.param("code").is_some(), "nothing is asked any more");
}

#[tokio::test]
async fn an_operator_sees_factors_and_can_take_them_away() {
    let world = World::new().await;
    let (app, ..) = with_app(&world).await;
    let listed = world.command(&json!({ "user": { "factors": { "user": ADA } } })).await;
    assert_eq!((&listed["factors"][0]["kind"], &listed["recovery_codes_left"]), (&json!("totp"), &json!(10)));
    assert!(!listed.to_string().contains("sealed") && !listed.to_string().contains(&app.codes[0]));
    let reset = world.command(&json!({ "user": { "reset-factors": { "user": ADA } } })).await;
    assert_eq!(reset["ended"]["sessions"], 1);
    let (_, answer) = at_the_step(&world, &[]).await;
    assert!(answer.param("code").is_some());
    let names: Vec<String> = world.audit().await.into_iter().map(|event| event.name).collect();
    for name in ["user.factor.totp", "user.factor.recovery_codes", "user.factors.reset"] {
        assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
    }
}

/// Security 96: where only the password is asked at sign-in, it still does not change what the account signs in with.
#[tokio::test]
async fn who_has_the_password_alone_cannot_choose_a_factor_of_their_own() {
    let world = World::with(|config| config.factors.required = Required::Never).await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    own.set_up_app(0).await;
    world.advance(60);
    let mut thief = world.browser();
    assert!(thief.sign_in_here(ADA).await.body.contains("Hello"), "the rule asks for no more");
    for action in ["totp", "codes", "remove"] {
        let answer = thief.security(&[("action", action)]).await;
        assert!(answer.body.contains("Confirm it is you"), "{action}: {}", answer.body);
    }
    assert!(!thief.get(SECURITY).await.body.contains("name=\"challenge\""), "no passkey can be added");
    let page = thief.security(&[("action", "totp")]).await;
    let page = thief.sign_in(&page, ADA, PASSWORD).await;
    assert!(is_at_the_step(&page), "{}", page.body);
}
