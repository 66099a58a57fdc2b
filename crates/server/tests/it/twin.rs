//! Promises of the forms' JSON twins: the same answers as of the pages, to whoever may have people type their passwords, and to nobody else.

use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::{Value, json};

use crate::support::flow::authorize_url;
use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, SPA_ORIGIN, World};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

async fn twin_of(browser: &mut Browser, path: &str) -> Answer {
    let headers = [(ACCEPT, "application/json"), (ORIGIN, SPA_ORIGIN), (FETCH_SITE, "same-site")];
    browser.send(Method::GET, path, &headers, None).await
}

async fn post_from(browser: &mut Browser, origin: &str, path: &str, body: &Value) -> Answer {
    let headers =
        [(ACCEPT, "application/json"), (CONTENT_TYPE, "application/json"), (ORIGIN, origin), (FETCH_SITE, "same-site")];
    browser.send(Method::POST, path, &headers, Some(body.to_string())).await
}

/// What the page wants posted again, with what a person typed.
fn filled(page: &Answer, typed: &Value) -> Value {
    let mut body = page.json()["values"].clone();
    body.as_object_mut().unwrap().extend(typed.as_object().cloned().unwrap());
    body
}

#[tokio::test]
async fn the_sign_in_form_says_what_stands_in_it_and_takes_it() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = twin_of(&mut browser, "/login").await;
    assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (200, SPA_ORIGIN));
    assert_eq!(page.header("access-control-allow-credentials"), "true");
    let said = page.json();
    assert_eq!((&said["page"], &said["order"]), (&json!("login"), &json!(["username", "password", "keep"])));
    assert_eq!((&said["action"], &said["providers"]), (&json!(format!("{ISSUER}/login")), &json!([])));
    let links = json!({ "sign_up": format!("{ISSUER}/signup"), "forgot": format!("{ISSUER}/forgot") });
    assert_eq!(said["links"], links);
    assert_eq!(
        said["fields"][1],
        json!({
            "name": "password", "type": "password", "label": "Password", "required": true,
            "autocomplete": "current-password", "maxLength": 256,
        })
    );
    let ada = |password| filled(&page, &json!({ "username": "ada@example.com", "password": password }));
    let wrong = post_from(&mut browser, SPA_ORIGIN, "/login", &ada("wrong")).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["error"]), (400, &json!("wrong_credentials")));
    let done = post_from(&mut browser, SPA_ORIGIN, "/login", &ada(PASSWORD)).await;
    assert_eq!((done.status.as_u16(), done.json()), (200, json!({ "page": "done", "location": format!("{ISSUER}/") })));
    assert!(browser.get("/").await.body.contains("ada@example.com"));
    assert_eq!(twin_of(&mut browser, "/login").await.json()["page"], "done", "signed in already");
}

#[tokio::test]
async fn an_account_is_made_by_the_twins() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = twin_of(&mut browser, "/signup").await;
    let said = page.json();
    assert_eq!((&said["order"], &said["fields"][2]["minLength"]), (&json!(["email", "name", "password"]), &json!(15)));
    let grace = |password| filled(&page, &json!({ "email": "grace@example.com", "password": password }));
    let short = post_from(&mut browser, SPA_ORIGIN, "/signup", &grace("short")).await;
    assert_eq!((short.status.as_u16(), &short.json()["error"]), (400, &json!("password_too_short")));
    assert!(!short.body.contains("\"short\""), "the password comes back");
    let asked = post_from(&mut browser, SPA_ORIGIN, "/signup", &grace(CHOSEN)).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["page"]), (200, &json!("sign_up_code")));
    let wrong = post_from(&mut browser, SPA_ORIGIN, "/signup/code", &filled(&asked, &json!({ "code": "x" }))).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["error"]), (400, &json!("wrong_code")));
    let code = world.code_for("grace@example.com").await;
    let done = post_from(&mut browser, SPA_ORIGIN, "/signup/code", &filled(&asked, &json!({ "code": code }))).await;
    assert_eq!(done.json()["location"], format!("{ISSUER}/"));
    assert!(browser.get("/").await.body.contains("grace@example.com"));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_twins() {
    let world = World::with(|config| config.dev = true).await;
    let mut browser = world.browser();
    let waits = browser.get(&authorize_url("web", &[])).await.field("interaction");
    let page = twin_of(&mut browser, "/forgot").await;
    let said = page.json();
    assert_eq!((&said["page"], &said["order"]), (&json!("forgot"), &json!(["username"])));
    assert_eq!(said["action"], format!("{ISSUER}/forgot"));
    assert_eq!(
        (&said["fields"][0]["autocomplete"], &said["fields"][0]["required"]),
        (&json!("username"), &json!(true))
    );
    let asks = |username| filled(&page, &json!({ "username": username, "interaction": waits }));
    let empty = post_from(&mut browser, SPA_ORIGIN, "/forgot", &asks(" ")).await;
    assert_eq!((empty.status.as_u16(), &empty.json()["error"]), (400, &json!("incomplete")));
    assert_eq!(empty.json()["values"]["interaction"], waits, "what waits is kept");
    let sent = post_from(&mut browser, SPA_ORIGIN, "/forgot", &asks("ada@example.com")).await;
    assert_eq!((sent.status.as_u16(), sent.json()), (200, json!({ "page": "forgot_sent" })));

    let letter = world.kept_letters().await[0]["text"].as_str().unwrap().to_owned();
    let link = letter.lines().find(|line| line.contains("/reset?code=")).unwrap();
    let page = twin_of(&mut browser, link).await;
    let said = page.json();
    assert_eq!((&said["page"], &said["order"]), (&json!("reset"), &json!(["password"])));
    assert_eq!(
        (&said["fields"][0]["autocomplete"], &said["values"]["username"]),
        (&json!("new-password"), &json!("ada@example.com"))
    );
    for (password, again, problem) in
        [("short", "short", "password_too_short"), (CHOSEN, "seven calm otters sit", "passwords_differ")]
    {
        let typed = filled(&page, &json!({ "password": password, "password_confirm": again }));
        let answer = post_from(&mut browser, SPA_ORIGIN, "/reset", &typed).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(problem)));
        assert!(!answer.body.contains(&format!("\"{password}\"")), "the password comes back");
    }
    let typed = filled(&page, &json!({ "password": CHOSEN }));
    let done = post_from(&mut browser, SPA_ORIGIN, "/reset", &typed).await;
    let location = format!("{ISSUER}/login?interaction={waits}");
    assert_eq!((done.status.as_u16(), done.json()), (200, json!({ "page": "done", "location": location })));
    let page = browser.get(&format!("/login?interaction={waits}")).await;
    assert!(!browser.sign_in(&page, "ada@example.com", CHOSEN).await.header("location").is_empty());
    let again = post_from(&mut browser, SPA_ORIGIN, "/reset", &typed).await;
    assert_eq!((again.status.as_u16(), again.json()), (410, json!({ "page": "error", "error": "link_expired" })));
}

/// 123, and 98: of the twins of a forgotten password.
#[tokio::test]
async fn who_asks_for_a_new_password_by_json_learns_nothing_and_strangers_are_refused() {
    let world = World::with(|config| config.dev = true).await;
    let mut browser = world.browser();
    let page = twin_of(&mut browser, "/forgot").await;
    let mut answers = Vec::new();
    for username in ["ada@example.com", "nobody@example.com", "a\u{200b}b"] {
        let asked = filled(&page, &json!({ "username": username }));
        let answer = post_from(&mut browser, SPA_ORIGIN, "/forgot", &asked).await;
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.status, answer.body, names));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");

    let link = world.reset_link("ada@example.com").await;
    let form = twin_of(&mut browser, &link).await;
    let bodies = [
        ("/forgot", filled(&page, &json!({ "username": "ada@example.com" }))),
        ("/reset", filled(&form, &json!({ "password": CHOSEN }))),
    ];
    for (path, body) in bodies {
        for origin in ["https://evil.example", "null"] {
            let answer = post_from(&mut browser, origin, path, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("forgery")), "{path} {origin}");
            let read = browser.send(Method::GET, path, &[(ACCEPT, "application/json"), (ORIGIN, origin)], None).await;
            assert_eq!(read.header("access-control-allow-origin"), "", "{path} {origin}");
        }
        let mut forged = body.clone();
        forged["csrf"] = json!("AAAA");
        assert_eq!(post_from(&mut browser, SPA_ORIGIN, path, &forged).await.json()["error"], "forgery", "{path}");
        let elsewhere = post_from(&mut world.browser(), SPA_ORIGIN, path, &body).await;
        assert_eq!(elsewhere.json()["error"], "page_expired", "{path}: of another browser");
    }
    assert_eq!(twin_of(&mut browser, &link).await.json()["page"], "reset", "nothing was changed");
}

/// 123, of the twins.
#[tokio::test]
async fn a_known_address_and_an_unknown_one_are_told_alike() {
    let world = World::open_to_all().await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "xyz@example.com"] {
        let mut browser = world.browser();
        let page = twin_of(&mut browser, "/signup").await;
        let body = filled(&page, &json!({ "email": email, "password": CHOSEN }));
        let asked = post_from(&mut browser, SPA_ORIGIN, "/signup", &body).await;
        let mut said = asked.json();
        for name in ["csrf", "interaction", "email"] {
            said["values"][name] = json!("");
        }
        answers.push((asked.status, asked.body.len(), said));
    }
    assert_eq!(answers[0], answers[1]);
}

/// 98: whose pages may not, cannot by JSON either.
#[tokio::test]
async fn pages_that_may_not_have_passwords_typed_are_refused() {
    let world = World::open_to_all().await;
    world.change_client("partner", |client| client.allowed_origins = vec!["https://partner.example".to_owned()]).await;
    let mut browser = world.browser();
    let page = twin_of(&mut browser, "/login").await;
    let body = filled(&page, &json!({ "username": "ada@example.com", "password": PASSWORD }));
    for origin in ["https://evil.example", "https://partner.example", "null", "https://spa.example.com.evil.example"] {
        let answer = post_from(&mut browser, origin, "/login", &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("forgery")), "{origin}");
        let headers = [(ACCEPT, "application/json"), (ORIGIN, origin)];
        let read = browser.send(Method::GET, "/login", &headers, None).await;
        assert_eq!(read.header("access-control-allow-origin"), "", "{origin}");
        let asked = [(ORIGIN, origin), (HeaderName::from_static("access-control-request-method"), "POST")];
        let preflight = browser.send(Method::OPTIONS, "/login", &asked, None).await;
        assert_eq!(preflight.header("access-control-allow-origin"), "", "{origin}");
    }
    let headers = [(CONTENT_TYPE, "application/json")];
    let bare = browser.send(Method::POST, "/login", &headers, Some(body.to_string())).await;
    assert_eq!(bare.status, 403, "nothing says where it comes from");
    // Without this browser's token, or with another's.
    let mut forged = body.clone();
    forged["csrf"] = json!("AAAA");
    assert_eq!(post_from(&mut browser, SPA_ORIGIN, "/login", &forged).await.json()["error"], "forgery");
    let answer = post_from(&mut world.browser(), SPA_ORIGIN, "/login", &body).await;
    assert_eq!(answer.json()["error"], "cookies_needed");
    // A client that loses the right loses it here, too.
    world.change_client("spa", |client| client.password_sign_in = false).await;
    assert_eq!(post_from(&mut browser, SPA_ORIGIN, "/login", &body).await.status, 403);
}

#[tokio::test]
async fn forms_and_preflights_go_on_as_before() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let asked = [(ORIGIN, SPA_ORIGIN), (HeaderName::from_static("access-control-request-method"), "POST")];
    let preflight = browser.send(Method::OPTIONS, "/signup", &asked, None).await;
    let allowed = ["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-headers"];
    assert_eq!(allowed.map(|name| preflight.header(name)), [SPA_ORIGIN, "true", "Accept, Content-Type"]);
    let page = browser.get("/login").await;
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
    // A form of that origin is still of another site.
    let fields = [("csrf", &*page.field("csrf")), ("username", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.post_from("/login", &fields, SPA_ORIGIN).await.status, 403);
    for body in ["", "[]", "{", "{\"csrf\":\"x\",\"csrf\":\"y\"}"] {
        let headers = [(CONTENT_TYPE, "application/json"), (ORIGIN, SPA_ORIGIN)];
        let answer = browser.send(Method::POST, "/login", &headers, Some(body.to_owned())).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_request")), "{body}");
    }
}

/// Attempts are counted as those of the page are.
#[tokio::test]
async fn guesses_by_json_are_slowed_like_all_others() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = twin_of(&mut browser, "/login").await;
    let body = filled(&page, &json!({ "username": "ada@example.com", "password": "wrong" }));
    for _ in 0..5 {
        assert_eq!(post_from(&mut browser, SPA_ORIGIN, "/login", &body).await.status, 400);
    }
    let answer = post_from(&mut browser, SPA_ORIGIN, "/login", &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after"), &answer.json()["error"]),
        (429, "1", &json!("throttled"))
    );
}

/// Their labels are in a language as those of the page are.
#[tokio::test]
async fn rfc9110_section_8_5_a_twin_says_its_language_and_varies_by_it() {
    let world = World::new().await;
    for (path, accepted, said) in [("/login", "de", "de"), ("/login", "xx", "en"), ("/forgot", "fr", "fr")] {
        let headers = [(ACCEPT, "application/json"), (ACCEPT_LANGUAGE, accepted)];
        let answer = world.browser().send(Method::GET, path, &headers, None).await;
        assert_eq!(answer.header("content-language"), said, "{path}");
        let varies: Vec<&str> = answer.headers.get_all("vary").iter().filter_map(|it| it.to_str().ok()).collect();
        assert!(varies.iter().any(|it| it.contains("Accept-Language")) && varies.contains(&"Accept"), "{varies:?}");
    }
}
