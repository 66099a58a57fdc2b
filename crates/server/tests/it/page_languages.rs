//! In which language pages speak: what the request asks for (OpenID Connect Core §3.1.2.1, `ui_locales`), what was chosen, what the account
//! says, what the browser is set to, what the operator speaks.

use http::Method;
use http::header::ACCEPT_LANGUAGE;
use serde_json::json;
use symbolon_server::words::Language;

use crate::support::flow::authorize_url;
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
    let value = |name: &str| {
        let at = form.split_once(&format!("name=\"{name}\" value=\""));
        at.map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
    };
    let pending = value("interaction").map(|sealed| format!("&interaction={sealed}")).unwrap_or_default();
    format!("/language?page={}{pending}&to={to}", value("page").unwrap())
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
