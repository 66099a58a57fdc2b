//! Promises of sign-up: there is no account before its address is proven, and then there is one, signed in, on its way to what waited.

use serde_json::json;
use symbolon_oauth::sign_up::{SignUp, SignUpRule};
use symbolon_store::UserStatus;

use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, CALLBACK, World};

const GRACE: &str = "Grace@Example.com";
const KEY: &str = "grace@example.com";

/// A browser before the form, sent there by `web`.
async fn at_the_form(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>Create an account</h1>"), "{}", page.body);
    (browser, page)
}

async fn exists(world: &World) -> bool {
    world.running.app.store.user_by_identifier(KEY).await.unwrap().is_some()
}

#[tokio::test]
async fn the_code_makes_the_account_and_goes_on_to_the_client() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert!(asked.body.contains("Look into your mail") && asked.body.contains(GRACE));
    assert!(!exists(&world).await, "nobody has proven anything");
    world.advance(60);
    let answer = browser.enter_code(&asked, &world.code_for(GRACE).await).await;
    let answer = browser.follow(answer).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    let id = claims(&tokens["id_token"]);
    assert_eq!((id["amr"].clone(), id["auth_time"].clone()), (json!(["pwd"]), json!(crate::support::NOW + 60)));
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    let told = ["email", "email_verified", "name"].map(|name| userinfo[name].clone());
    assert_eq!(told, [json!(GRACE), json!(true), json!("Grace Hopper")]);
    let user = world.running.app.store.user_by_identifier(KEY).await.unwrap().unwrap();
    assert_eq!((user.status, user.roles.len()), (UserStatus::Active, 0));
    let trail = world.audit_trail().await;
    assert!(trail.iter().any(|(name, detail)| name == "user.create" && detail["by"] == "sign_up"), "{trail:?}");
    // And can sign in with what was chosen.
    let mut elsewhere = world.browser();
    let page = elsewhere.get(&authorize_url("web", &[])).await;
    assert!(elsewhere.sign_in(&page, "grace@example.com", CHOSEN).await.location().starts_with(CALLBACK));
}

#[tokio::test]
async fn the_sign_in_page_leads_there_and_back() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let form = browser.decide("/login", &page, "create").await;
    assert!(form.body.contains("<h1>Create an account</h1>"), "{}", form.body);
    let back = browser.decide("/signup", &form, "sign_in").await;
    assert!(back.body.contains("<h1>Sign in</h1>"), "{}", back.body);
    let answer = browser.sign_in(&back, "ada@example.com", crate::support::PASSWORD).await;
    assert!(answer.location().starts_with(CALLBACK), "whoever has an account meets prompt=create by signing in");
}

#[tokio::test]
async fn whoever_cancels_returns_to_the_client() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    browser.decide("/signup", &page, "deny").await.is_redirected_error("access_denied");
    let (mut browser, page) = at_the_form(&world).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    browser.decide("/signup/code", &asked, "deny").await.is_redirected_error("access_denied");
}

#[tokio::test]
async fn the_link_goes_on_in_the_browser_that_asked() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    browser.ask_for_account(&page, GRACE).await;
    let page = browser.get(&world.link_for(GRACE).await).await;
    assert_eq!(page.status, 200);
    assert!(!exists(&world).await, "looking at the link changes nothing");
    assert!(!page.body.contains("name=\"password\""), "{}", page.body);
    let answer = browser.confirm(&page, None).await;
    let answer = browser.follow(answer).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
}

#[tokio::test]
async fn elsewhere_the_link_wants_the_password_that_was_chosen() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    let mut phone = world.browser();
    let page = phone.get(&world.link_for(GRACE).await).await;
    for wrong in [None, Some("not the right one")] {
        let answer = phone.confirm(&page, wrong).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("That is not the password that was chosen."), "{}", answer.body);
    }
    assert!(!exists(&world).await);
    let done = phone.confirm(&page, Some(CHOSEN)).await;
    assert!(done.body.contains("<h1>Account created</h1>") && done.body.contains("Web"), "{}", done.body);
    assert!(exists(&world).await);
    assert!(phone.get("/").await.body.contains(GRACE), "and is signed in there");
    // The browser that began learns that the account is there.
    let answer = browser.enter_code(&asked, "000000").await;
    assert!(answer.body.contains("You have an account with this address."), "{}", answer.body);
    let answer = browser.sign_in(&answer, "grace@example.com", CHOSEN).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
}

#[tokio::test]
async fn another_letter_has_another_code_and_the_first_one_ends() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    let first = world.code_for(GRACE).await;
    let again = browser.decide("/signup/code", &asked, "again").await;
    assert!(again.body.contains("Another letter is on its way"), "{}", again.body);
    let second = world.code_for(GRACE).await;
    if first != second {
        assert_eq!(browser.enter_code(&again, &first).await.status, 400);
    }
    assert_eq!(browser.enter_code(&again, &second).await.status, 303);
}

#[tokio::test]
async fn a_code_ends_after_twenty_minutes_and_after_five_wrong_ones() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    let code = world.code_for(GRACE).await;
    let wrong = if code == "123456" { "123457" } else { "123456" };
    for _ in 0..5 {
        let answer = browser.enter_code(&asked, wrong).await;
        assert!(answer.body.contains("That is not the code we sent last."), "{}", answer.body);
    }
    let answer = browser.enter_code(&asked, &code).await;
    assert!(answer.body.contains("This one works no longer"), "{}", answer.body);
    let again = browser.decide("/signup/code", &answer, "again").await;
    let code = world.code_for(GRACE).await;
    world.advance(20 * 60);
    let late = browser.enter_code(&again, &code).await;
    assert!(late.body.contains("The code was not entered in time."), "{}", late.body);
    assert!(!exists(&world).await);
    // The form keeps what was typed, and works.
    let asked = browser.ask_for_account(&late, GRACE).await;
    assert_eq!(browser.enter_code(&asked, &world.code_for(GRACE).await).await.status, 303);
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_before_any_letter() {
    let world = World::open_to_all().await;
    let (mut browser, page) = at_the_form(&world).await;
    for (email, password, says) in [
        ("grace", CHOSEN, "That does not look like an email address."),
        (GRACE, "sh0rt", "That password is too short."),
        (GRACE, "Passw0rdPassw0rd", "one of those people try first"),
        (GRACE, "grace@example.com", "That password contains your name"),
    ] {
        let answer = browser.ask_for_account_with(&page, email, password).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(says), "{email} {password}: {}", answer.body);
        assert!(!answer.body.contains(password) || password == "grace@example.com", "the password comes back");
    }
    assert!(world.letters_to(GRACE).await.is_empty());
}

#[tokio::test]
async fn somebody_else_s_session_in_the_browser_ends_with_it() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    browser.code("web", "ada@example.com", &[]).await;
    let page = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    let answer = browser.enter_code(&asked, &world.code_for(GRACE).await).await;
    let answer = browser.follow(answer).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    assert!(browser.get("/").await.body.contains(GRACE));
    let ada = world.running.app.store.user_by_identifier("ada@example.com").await.unwrap().unwrap();
    assert!(world.running.app.store.sessions_of(&ada.id, crate::support::NOW).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_may_sign_up_is_said_by_the_setting_and_the_client() {
    for (setting, rule, open) in [
        (SignUp::Off, None, false),
        (SignUp::Invitation, Some(SignUpRule::Allowed), false),
        (SignUp::Clients, None, false),
        (SignUp::Clients, Some(SignUpRule::Allowed), true),
        (SignUp::Open, None, true),
        (SignUp::Open, Some(SignUpRule::Denied), false),
    ] {
        let world = World::with(|config| config.sign_up = setting).await;
        world.change_client("web", |client| client.sign_up = rule).await;
        let place = format!("{setting:?} {rule:?}");
        let mut browser = world.browser();
        let page = browser.get(&authorize_url("web", &[])).await;
        assert_eq!(page.body.contains("Create an account"), open, "{place}");
        let form = browser.decide("/login", &page, "create").await;
        assert_eq!(form.status, if open { 200 } else { 403 }, "{place}");
        let own = browser.get("/signup").await;
        assert_eq!(own.status, if setting == SignUp::Open { 200 } else { 403 }, "{place}");
    }
}

#[tokio::test]
async fn without_a_client_the_start_page_waits() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = browser.get("/signup").await;
    let asked = browser.ask_for_account(&page, GRACE).await;
    let answer = browser.enter_code(&asked, &world.code_for(GRACE).await).await;
    assert_eq!(answer.location(), "/");
    assert!(browser.get("/").await.body.contains(GRACE));
}

#[tokio::test]
async fn a_setting_for_a_client_is_set_by_its_metadata() {
    let world = World::open_to_all().await;
    let set = |value: serde_json::Value| json!({ "client": { "set": { "client": "web", "change": { "metadata": { "sign_up": value } } } } });
    world.command(&set(json!("denied"))).await;
    let answer = world.browser().get(&authorize_url("web", &[("prompt", "create")])).await;
    answer.is_redirected_error("invalid_request");
    let (status, _) = world.try_command(&set(json!("perhaps"))).await;
    assert_eq!(status, 422);
    world.command(&set(json!(null))).await;
    assert_eq!(world.browser().get(&authorize_url("web", &[("prompt", "create")])).await.status, 200);
}
