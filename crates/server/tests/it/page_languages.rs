//! In which language pages speak: what the request asks for (OpenID Connect Core §3.1.2.1, `ui_locales`), what was chosen, what the account
//! says, what the browser is set to, what the operator speaks.

use http::Method;
use http::header::ACCEPT_LANGUAGE;
use serde_json::json;
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::Config;
use symbolon_server::config::MailedCodes;
use symbolon_server::words::Language;
use symbolon_store::UserStatus;

use crate::support::flow::authorize_url;
use crate::support::letters::waiting;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";

fn speaks(page: &Answer, language: &str) -> bool {
    let lang = page.body.contains(&format!("<html lang=\"{language}\" "));
    assert_eq!(page.header("content-language") == language, lang, "{}", page.header("content-language"));
    assert!(page.header("vary").contains("Accept-Language, Cookie"), "{:?}", page.headers);
    lang
}

async fn get(browser: &mut Browser, path: &str, accepted: &str) -> Answer {
    browser.send(Method::GET, path, &[(ACCEPT_LANGUAGE, accepted)], None).await
}

/// The links of the page's picker, as a browser sends its form.
fn choice(page: &Answer, to: &str) -> String {
    let form = page.body.split_once("action=\"/language\"").expect("a picker").1;
    assert!(form.contains(&format!("value=\"{to}\" lang=\"{to}\"")), "{form}");
    let form = form.split_once("</form>").unwrap().0;
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        format!("{name}={}&", rest.split('"').next().unwrap())
    });
    format!("/language?{}to={to}", hidden.collect::<String>())
}

#[tokio::test]
async fn core_section_3_1_2_1_ui_locales_come_first_and_hold_to_the_end() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = get(&mut browser, &authorize_url("partner", &[("ui_locales", "tlh fr-CA de")]), "de").await;
    assert!(speaks(&page, "fr") && page.body.contains("pour continuer vers"), "{}", page.body);
    // The request is what is looked at, not the browser, in each step that follows.
    let wrong = browser.sign_in(&page, ADA, "not the password").await;
    wrong.is_page(400);
    assert!(speaks(&wrong, "fr") && wrong.body.contains("ne correspondent pas"), "{}", wrong.body);
    let consent = browser.sign_in(&wrong, ADA, PASSWORD).await;
    consent.is_page(200);
    assert!(speaks(&consent, "fr"), "{}", consent.body);
}

#[tokio::test]
async fn rfc9110_section_12_5_4_the_browsers_languages_come_next_and_then_the_operators() {
    let world = World::with(|config| config.pages.language = Language::Es).await;
    for (accepted, language) in
        [("fr;q=0.5, de-AT", "de"), ("ja, fr;q=0.1", "fr"), ("ja", "es"), ("", "es"), ("*", "es")]
    {
        assert!(speaks(&get(&mut world.browser(), "/login", accepted).await, language), "{accepted}");
    }
    assert!(speaks(&get(&mut world.browser(), "/nowhere", "de").await, "de"), "an error page");
    let url = authorize_url("nobody", &[("ui_locales", "de")]);
    assert!(speaks(&get(&mut world.browser(), &url, "fr").await, "de"), "a request that is refused");
}

#[tokio::test]
async fn a_choice_holds_and_keeps_what_is_pending() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = get(&mut browser, &authorize_url("web", &[("ui_locales", "fr")]), "fr").await;
    let led = browser.get(&choice(&page, "de")).await;
    assert!(led.location().starts_with("/login?interaction="), "{}", led.location());
    let page = get(&mut browser, led.location(), "fr").await;
    assert!(speaks(&page, "de") && page.body.contains("weiter zu Web"), "{}", page.body);
    assert!(browser.sign_in(&page, ADA, PASSWORD).await.param("code").is_some(), "the sign-in goes on");
    assert!(speaks(&get(&mut browser, "/", "fr").await, "de"), "and later pages remember");
    let made_for_fr =
        get(&mut browser, &authorize_url("web", &[("ui_locales", "fr"), ("prompt", "login")]), "es").await;
    assert!(speaks(&made_for_fr, "fr"), "another request asks for itself");
}

#[tokio::test]
async fn a_choice_leads_to_no_other_site_and_takes_no_others_request_along() {
    let world = World::new().await;
    let (mut browser, mut other) = (world.browser(), world.browser());
    let page = browser.get(&authorize_url("web", &[])).await;
    other.get("/login").await;
    let stolen = other.get(&choice(&page, "de")).await;
    assert_eq!(stolen.location(), "/login", "a request of another browser");
    for evil in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/login%3Fx=1", ""] {
        assert_eq!(browser.get(&format!("/language?to=de&page={evil}")).await.location(), "/", "{evil}");
    }
    let unknown = world.browser().get("/language?to=%22%3E&page=/login").await;
    assert!(unknown.cookies().is_empty(), "a language nobody speaks");
    let site = http::HeaderName::from_static("sec-fetch-site");
    let sent = world.browser().send(Method::GET, "/language?to=de&page=/login", &[(site, "cross-site")], None).await;
    assert!(sent.cookies().is_empty(), "another site's wish");
    let expired = other.get("/login?interaction=e.y.j").await;
    assert_eq!(expired.status, 400, "{expired:?}");
}

#[tokio::test]
async fn the_accounts_language_comes_before_the_browsers_and_after_a_choice() {
    let world = World::new().await;
    let claims = json!({ "user": { "set": { "user": ADA, "change": { "claims": { "locale": "es-AR" } } } } });
    world.command(&claims).await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    assert!(speaks(&get(&mut browser, "/", "fr").await, "es"));
    browser.get("/language?to=de&page=/").await;
    assert!(speaks(&get(&mut browser, "/", "fr").await, "de"));
}

#[tokio::test]
async fn discovery_section_3_ui_locales_supported_are_those_there_are() {
    let world = World::new().await;
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["ui_locales_supported"], json!(["en", "de", "fr", "es"]));
}

/// JSON twins name their fields in the same words.
#[tokio::test]
async fn twins_label_their_fields_in_the_language_of_whoever_reads_them() {
    let world = World::new().await;
    let headers = [(http::header::ACCEPT, "application/json"), (ACCEPT_LANGUAGE, "de")];
    let twin = world.browser().send(Method::GET, "/login", &headers, None).await.json();
    assert_eq!(twin["fields"][1]["label"], "Passwort", "{twin}");
}

/// What is chosen there is shown, and the page that was there is the one that is shown.
async fn chosen(browser: &mut Browser, page: &Answer, mark: &str, words: &str) -> Answer {
    assert!(speaks(page, "en") && page.body.contains(mark), "{}", page.body);
    let led = browser.get(&choice(page, "de")).await;
    let shown = browser.follow(led).await;
    assert!(shown.status == 200 && speaks(&shown, "de"), "{shown:?}");
    assert!(shown.body.contains(mark) && shown.body.contains(words), "{}", shown.body);
    shown
}

fn all_ways_in(config: &mut Config) {
    waiting(config);
    config.sign_up = SignUp::Open;
    config.factors.email = MailedCodes::First;
}

#[tokio::test]
async fn a_choice_at_the_code_of_a_sign_up_loses_neither_the_code_nor_the_app() {
    let world = World::with(all_ways_in).await;
    let mut browser = world.browser();
    let form = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let asked = browser.ask_for_account(&form, "grace@example.com").await;
    let letters = world.letters_to("grace@example.com").await.len();
    let shown = chosen(&mut browser, &asked, "id=\"code-form\"", "grace@example.com").await;
    assert!(shown.body.contains("Web"), "{}", shown.body);
    assert_eq!(world.letters_to("grace@example.com").await.len(), letters, "nothing is sent again");
    let code = world.code_for("grace@example.com").await;
    let entered = browser.enter_code(&shown, &code).await;
    assert!(browser.follow(entered).await.param("code").is_some(), "the app goes on");
    let late = browser.get(&format!("/signup/code?interaction={}", shown.field("interaction"))).await;
    assert_eq!(late.status, 400, "it was used");
    for forged in ["/signup/code", "/signup/code?interaction=x", "/login/factor?interaction=x", "/login/email/code"] {
        assert_eq!(world.browser().get(forged).await.status, 400, "{forged}");
    }
}

#[tokio::test]
async fn a_choice_at_the_second_step_keeps_the_step_and_counts_no_guess() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.sign_in_here(ADA).await;
    let app = browser.set_up_app(0).await;
    let mut other = world.browser();
    let page = other.get(&authorize_url("web", &[])).await;
    let asked = other.sign_in(&page, ADA, PASSWORD).await;
    let shown = chosen(&mut other, &asked, "id=\"factor\"", "Abbrechen").await;
    // Another way that was chosen stays the one that is asked for.
    let fields = [("interaction", shown.field("interaction")), ("csrf", shown.field("csrf"))];
    let switch = [("decision", "switch".to_owned()), ("way", "recovery_code".to_owned())];
    let recovery = other.post_all("/login/factor", &[fields, switch].concat()).await;
    let led = other.get(&choice(&recovery, "fr")).await;
    assert!(led.location().contains("way=recovery_code"), "{}", led.location());
    let recovery = other.follow(led).await;
    assert!(speaks(&recovery, "fr") && recovery.body.contains("id=\"way-totp\""), "{}", recovery.body);
    for _ in 0..30 {
        assert_eq!(other.get(&format!("/login/factor?interaction={}", shown.field("interaction"))).await.status, 200);
    }
    let stolen = world.browser().get(&format!("/login/factor?interaction={}", shown.field("interaction"))).await;
    assert_eq!(stolen.status, 400, "in another browser");
    world.advance(60);
    let entered = other.factor(&recovery, "totp", &app.code(60), &[]).await;
    assert!(entered.param("code").is_some(), "{entered:?}");
    let id = world.id_of(ADA).await;
    world.running.app.store.set_user_status(&id, UserStatus::Blocked, "h", world.clock.now()).await.unwrap();
    assert_eq!(other.get(&format!("/login/factor?interaction={}", shown.field("interaction"))).await.status, 400);
}

#[tokio::test]
async fn a_choice_where_a_password_was_forgotten_keeps_the_sign_in_that_waits_and_the_link() {
    let world = World::with(all_ways_in).await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let (_, form) = page.body.split_once("action=\"/forgot\"").unwrap();
    let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let form = browser.post("/forgot", &[("csrf", csrf), ("interaction", &*page.field("interaction"))]).await;
    let form = chosen(&mut browser, &form, "id=\"username\"", "id=\"again\"").await;
    let fields = [("csrf", form.field("csrf")), ("interaction", form.field("interaction"))];
    let sent = browser.post_all("/forgot", &[fields.as_slice(), &[("username", ADA.to_owned())]].concat()).await;
    let led = browser.get(&choice(&sent, "es")).await;
    let sent = browser.follow(led).await;
    assert!(speaks(&sent, "es") && sent.body.contains("id=\"another\""), "{}", sent.body);
    let back =
        [("interaction", sent.field("interaction")), ("csrf", login_token(&sent)), ("decision", "again".to_owned())];
    let login = browser.post_all("/login", &back).await;
    assert!(browser.sign_in(&login, ADA, PASSWORD).await.param("code").is_some(), "the sign-in goes on");
    let mut elsewhere = world.browser();
    let link = world.reset_link(ADA).await;
    let page = elsewhere.get(&link).await;
    let shown = chosen(&mut elsewhere, &page, "id=\"reset\"", "Neues Passwort").await;
    assert_eq!(shown.field("code"), page.field("code"));
}

/// The token of the form that leads back to the sign-in.
fn login_token(page: &Answer) -> String {
    let (_, form) = page.body.split_once("id=\"back\"").unwrap();
    form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_choice_at_a_mailed_code_a_link_and_a_device_keeps_them() {
    let world = World::with(all_ways_in).await;
    let mut browser = world.browser();
    let form = browser.get("/login/email").await;
    let asked = browser.post("/login/email", &[("csrf", &*form.field("csrf")), ("username", ADA)]).await;
    chosen(&mut browser, &asked, "id=\"code-form\"", "Code").await;
    let mut guest = world.browser();
    let invite = json!({ "user": { "invite": { "email": "grace@example.com", "valid_secs": 3600 } } });
    let link = world.command(&invite).await["link"].as_str().unwrap().to_owned();
    let page = guest.get(&link).await;
    let shown = chosen(&mut guest, &page, "id=\"sign-up\"", "grace@example.com").await;
    assert_eq!(shown.field("invitation"), page.field("invitation"));
    let mut tv = world.browser();
    let page = tv.get("/device?user_code=BCDF-GHJK").await;
    chosen(&mut tv, &page, "value=\"BCDF-GHJK\"", "Gerät").await;
    let taken = tv.get("/language?page=/device&to=fr&user_code=BCDF%26x%3D1").await;
    assert_eq!(taken.location(), "/device", "what is no code of ours does not go along");
}
