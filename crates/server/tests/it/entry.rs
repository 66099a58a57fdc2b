//! Every way in asks for what the rules ask for: also the first session of an account, the answer to a client that asks over the back channel, the
//! forms' JSON twins and the grants of existing apps. And people are told when somebody has their password and not the rest.

use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_oauth::second_factor::Required;
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::admin::{ClientChange, ClientCommand, Command, Preset};

use crate::support::factors::{App, SECURITY};
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::sign_up::CHOSEN;
use crate::support::{API, Answer, Browser, CALLBACK, ISSUER, PASSWORD, SPA_ORIGIN, World, letters};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const SESSION: &str = "symbolon-session-4400";

/// Everybody may sign up, and nobody signs in with a password alone.
async fn strict() -> World {
    World::with(|config| {
        config.sign_up = SignUp::Open;
        config.factors.required = Required::Always;
        letters::waiting(config);
    })
    .await
}

/// A browser of `web` that has asked for an account, and the page that wants the code.
async fn asked(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let page = browser.ask_for_account(&page, GRACE).await;
    (browser, page)
}

/// The account is there, and its session only once the factor is set up; gives what comes then.
async fn sets_up(world: &World, browser: &mut Browser, page: &Answer) -> Answer {
    assert!(page.body.contains("Set up a second step"), "{page:?}");
    assert!(world.running.app.store.user_by_identifier(GRACE).await.unwrap().is_some());
    assert!(!browser.cookies.contains_key(SESSION) && !browser.get("/").await.body.contains(GRACE));
    let page = browser.factor(page, "totp", "", &[("decision", "switch")]).await;
    let shown = browser.factor(&page, "totp", &App::of(&page).code(0), &[]).await;
    assert!(browser.cookies.contains_key(SESSION), "{}", shown.body);
    let onward = shown.body.split("id=\"onward\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    browser.get(&onward.replace("&#61;", "=").replace("&amp;", "&")).await
}

#[tokio::test]
async fn an_account_that_must_have_a_factor_has_no_session_before_it_by_the_code() {
    let world = strict().await;
    let (mut browser, page) = asked(&world).await;
    let page = browser.enter_code(&page, &world.code_for(GRACE).await).await;
    let answer = sets_up(&world, &mut browser, &page).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
    assert_eq!(world.id_token_of("web", &answer.param("code").unwrap()).await["amr"], json!(["pwd", "otp", "mfa"]));
    let trail = world.audit_trail().await;
    assert_eq!(trail.iter().filter(|(name, _)| name == "user.create").count(), 1);
}

#[tokio::test]
async fn an_account_that_must_have_a_factor_has_no_session_before_it_by_the_link() {
    let world = strict().await;
    let (mut browser, _) = asked(&world).await;
    let page = browser.get(&world.link_for(GRACE).await).await;
    let page = browser.confirm(&page, None).await;
    let answer = sets_up(&world, &mut browser, &page).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
    // Elsewhere, with the password.
    let world = strict().await;
    asked(&world).await;
    let mut phone = world.browser();
    let page = phone.get(&world.link_for(GRACE).await).await;
    let page = phone.confirm(&page, Some(CHOSEN)).await;
    assert!(sets_up(&world, &mut phone, &page).await.body.contains(GRACE));
}

#[tokio::test]
async fn an_invitation_to_a_role_that_demands_a_factor_makes_no_session_by_password() {
    let world = World::with(|config| {
        config.sign_up = SignUp::Invitation;
        config.factors.roles = vec!["admin".to_owned()];
    })
    .await;
    let invite = json!({ "user": { "invite": { "email": GRACE, "valid_secs": 3600, "roles": ["admin"] } } });
    let link = world.command(&invite).await["link"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let (invitation, csrf) = (page.field("invitation"), page.field("csrf"));
    let fields = [
        ("invitation", &*invitation),
        ("csrf", &csrf),
        ("email", GRACE),
        ("name", "Grace Hopper"),
        ("password", CHOSEN),
        ("password_confirm", CHOSEN),
    ];
    let page = browser.post("/signup", &fields).await;
    assert!(sets_up(&world, &mut browser, &page).await.body.contains(GRACE));
}

/// A level that the client demands at sign-up counts as at sign-in.
#[tokio::test]
async fn a_level_that_is_demanded_is_asked_for_at_sign_up_too() {
    let world = World::open_to_all().await;
    let level = json!({ "id_token": { "acr": { "essential": true, "value": "urn:symbolon:acr:mfa" } } }).to_string();
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("prompt", "create"), ("claims", &level)])).await;
    let page = browser.ask_for_account(&page, GRACE).await;
    let page = browser.enter_code(&page, &world.code_for(GRACE).await).await;
    let answer = sets_up(&world, &mut browser, &page).await;
    let token = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(token["acr"], "urn:symbolon:acr:mfa");
}

/// The sign-in for the page where one answers asks for what a yes takes: without it each would be of no use.
#[tokio::test]
async fn ciba_section_7_1_who_signs_in_to_answer_shows_what_the_level_takes() {
    let world = World::with(|config| config.factors.required = Required::Never).await;
    world.asking(json!({ "backchannel_token_delivery_mode": "poll" })).await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let id = world.ask_for(&[("acr_values", "urn:symbolon:acr:mfa")]).await;
    let mut phone = world.browser();
    let page = phone.get("/ciba").await;
    let step = phone.sign_in(&page, ADA, PASSWORD).await;
    assert!(step.body.contains("One more step"), "{}", step.body);
    let page = phone.factor(&step, "totp", &app.code(60), &[]).await;
    assert!(phone.answer_ciba(&page, "allow").await.body.contains("goes on by itself"));
    let tokens = world.poll_ciba("web", &id).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], "urn:symbolon:acr:mfa");
    // Nobody else is asked, and nothing once it is answered.
    assert!(!world.browser().sign_in_here(ADA).await.body.contains("One more step"));
}

/// Ada has an app, and somebody stands before her second step.
async fn guessing(world: &World) -> (App, Browser, Answer) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    (app, browser, page)
}

async fn warnings(world: &World) -> usize {
    let letters = world.letters_to(ADA).await;
    letters.iter().filter(|letter| letter["letter"] == "factor_refused").count()
}

#[tokio::test]
async fn who_knows_the_password_and_not_the_rest_gives_themselves_away_once_a_day() {
    let world = World::with(letters::waiting).await;
    let (app, mut thief, page) = guessing(&world).await;
    let told = |one: &Value| one["letter"] == "factor_changed" && one["change"] == "totp_added";
    assert!(world.letters_to(ADA).await.iter().any(told));
    assert_eq!(warnings(&world).await, 0);
    for wrong in ["000000", "111111"] {
        thief.factor(&page, "totp", wrong, &[]).await;
        assert_eq!(warnings(&world).await, 1);
    }
    world.advance(86_401);
    let mut again = world.browser();
    let page = again.get(&authorize_url("web", &[])).await;
    let page = again.sign_in(&page, ADA, PASSWORD).await;
    again.factor(&page, "recovery_code", "AAAA-AAAA-AAAA-AAAA", &[]).await;
    assert_eq!(warnings(&world).await, 2);
    // In a browser of their own people mistype.
    let world = World::with(letters::waiting).await;
    let (_, mut own, page) = guessing(&world).await;
    own.factor(&page, "totp", &app.code(60), &[]).await;
    own.cookies.remove(SESSION);
    let page = own.get(&authorize_url("web", &[])).await;
    let page = own.sign_in(&page, ADA, PASSWORD).await;
    let before = warnings(&world).await;
    own.factor(&page, "totp", "000000", &[]).await;
    assert_eq!(warnings(&world).await, before);
}

/// A browser that has signed in before has a count of its own: somebody who has many of them gets no more than a hundred guesses a day.
#[tokio::test]
async fn guesses_in_many_known_browsers_are_counted_together() {
    let world = World::with(|config| config.throttle.address.free = 10_000).await;
    let mut known = Vec::new();
    for _ in 0..26 {
        let mut browser = world.browser();
        browser.sign_in_here(ADA).await;
        known.push(browser);
    }
    let mut own = known.pop().unwrap();
    let app = own.set_up_app(0).await;
    world.advance(60);
    let step = async |browser: &mut Browser| {
        browser.cookies.remove(SESSION);
        let page = browser.get(&authorize_url("web", &[])).await;
        browser.sign_in(&page, ADA, PASSWORD).await
    };
    let mut counted = 0;
    for browser in &mut known {
        let page = step(browser).await;
        for _ in 0..5 {
            counted += usize::from(browser.factor(&page, "totp", "000000", &[]).await.status == 400);
        }
    }
    assert_eq!(counted, 100);
    let page = step(&mut own).await;
    assert_eq!(own.factor(&page, "totp", &app.code(60), &[]).await.status, 429, "even the right one waits");
    world.advance(86_400);
    let page = step(&mut own).await;
    assert!(own.factor(&page, "totp", &app.code(86_460), &[]).await.param("code").is_some(), "a day later");
}

async fn post_json(browser: &mut Browser, path: &str, body: &Value) -> Answer {
    let headers = [
        (ACCEPT, "application/json"),
        (CONTENT_TYPE, "application/json"),
        (ORIGIN, SPA_ORIGIN),
        (HeaderName::from_static("sec-fetch-site"), "same-site"),
    ];
    browser.send(Method::POST, path, &headers, Some(body.to_string())).await
}

/// What the page wants posted again, with what a person typed.
fn filled(page: &Answer, typed: &Value) -> Value {
    let mut body = page.json()["values"].clone();
    body.as_object_mut().unwrap().extend(typed.as_object().cloned().unwrap());
    body
}

#[tokio::test]
async fn the_json_twin_asks_for_the_second_step_and_takes_it() {
    let world = World::open_to_all().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut browser = world.browser();
    let headers = [(ACCEPT, "application/json"), (ORIGIN, SPA_ORIGIN)];
    let page = browser.send(Method::GET, "/login", &headers, None).await;
    let typed = json!({ "username": ADA, "password": PASSWORD });
    let step = post_json(&mut browser, "/login", &filled(&page, &typed)).await;
    let said = step.json();
    assert_eq!(
        (&said["page"], &said["action"]),
        (&json!("factor"), &json!(format!("{ISSUER}/login/factor"))),
        "{said}"
    );
    assert!(!browser.cookies.contains_key(SESSION) && !step.body.contains(PASSWORD));
    let wrong = post_json(&mut browser, "/login/factor", &filled(&step, &json!({ "code": "000000" }))).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["page"]), (400, &json!("factor")), "{}", wrong.body);
    let done = post_json(&mut browser, "/login/factor", &filled(&wrong, &json!({ "code": app.code(60) }))).await;
    assert_eq!((done.status.as_u16(), &done.json()["page"]), (200, &json!("done")), "{}", done.body);
    assert!(browser.get(SECURITY).await.body.contains("Authenticator app"));
}

#[tokio::test]
async fn a_grant_without_pages_is_refused_to_who_has_a_second_factor() {
    let world = World::new().await;
    let preset = ClientChange { preset: Some(Preset::Auth0), ..ClientChange::default() };
    let command = ClientCommand::Set { client: "spa".to_owned(), change: Box::new(preset) };
    world.carry_out(Command::Client(command)).await;
    let asked = |password: &str| {
        json!({
            "client_id": "spa", "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "realm": "Username-Password-Authentication", "username": ADA, "password": password, "audience": API,
        })
    };
    assert_eq!(world.post_json("/oauth/token", &[], &asked(PASSWORD)).await.status, 200);
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    own.set_up_app(0).await;
    world.post_json("/oauth/token", &[], &asked(PASSWORD)).await.is_error(403, "mfa_required");
    // Who does not know the password does not learn it either.
    world.post_json("/oauth/token", &[], &asked("wrong horse battery")).await.is_error(403, "invalid_grant");
}
