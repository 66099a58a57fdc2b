//! Promises of the sign-in page: who may post it, what it tells, and what it leaves behind.

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, CALLBACK, ISSUER, PASSWORD, World};

const SESSION: &str = "symbolon-session-4400";
const WRONG: &str = "That email and password do not match. Check both, or reset your password.";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The fields of the sign-in page, filled in.
fn fields<'a>(interaction: &'a str, csrf: &'a str, email: &'a str, password: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("interaction", interaction), ("csrf", csrf), ("username", email), ("password", password)]
}

/// A browser before the sign-in page of `web`, with its two hidden values.
async fn at_the_page(world: &World) -> (Browser, String, String) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    assert_eq!(page.status, 200);
    (browser, page.field("interaction"), page.field("csrf"))
}

/// What an answer says, without what differs between any two answers.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    for text in [&*answer.field("interaction"), &answer.field("csrf"), &answer.field("challenge"), username(answer)] {
        body = body.replace(text, "");
    }
    (answer.status.as_u16(), headers, body)
}

/// What stands in the user name field, as it is in the page.
fn username(answer: &Answer) -> &str {
    answer.body.split("name=\"username\" type=\"text\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

fn assert_nobody_signed_in(browser: &Browser, answer: &Answer) {
    assert!(!browser.cookies.contains_key(SESSION), "{answer:?}");
    assert!(!answer.cookies().iter().any(|cookie| cookie.starts_with(SESSION)), "{answer:?}");
}

/// 123; CVE-2026-23511.
#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_a_blocked_one_are_told_alike() {
    let world = World::new().await;
    world.add_user("eve@example.com", "Eve", &[]).await;
    world.command(&serde_json::json!({ "user": { "block": { "user": "eve@example.com" } } })).await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("xyz@example.com", "wrong password"),
        ("eve@example.com", PASSWORD),
        ("no identifier\u{7}at all", "wrong password"),
        ("ada@example.com", &"x".repeat(300)),
    ] {
        let (mut browser, interaction, csrf) = at_the_page(&world).await;
        let answer = browser.post("/login", &fields(&interaction, &csrf, email, password)).await;
        assert_nobody_signed_in(&browser, &answer);
        assert!(answer.body.contains(WRONG), "{email}: {}", answer.body);
        assert!(!answer.body.contains(password), "the password comes back");
        answers.push((email, told(&answer)));
    }
    for (email, answer) in &answers[1..] {
        assert_eq!(*answer, answers[0].1, "{email} differs");
    }
}

/// The page can be filled in again at once, and keeps what was typed but the password.
#[tokio::test]
async fn after_a_mistake_the_same_page_signs_in() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    let mut wrong = fields(&interaction, &csrf, "ada@example.com", "wrong");
    wrong.push(("keep", "yes"));
    let page = browser.post("/login", &wrong).await;
    assert_eq!(username(&page), "ada@example.com");
    assert!(page.body.contains("value=\"yes\" checked"));
    let answer = browser.sign_in(&page, "ada@example.com", PASSWORD).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
}

#[tokio::test]
async fn an_incomplete_form_says_so_and_counts_no_attempt() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    for _ in 0..10 {
        for (email, password) in [("", ""), ("ada@example.com", ""), ("", PASSWORD)] {
            let answer = browser.post("/login", &fields(&interaction, &csrf, email, password)).await;
            assert_eq!(answer.status, 400);
            assert!(answer.body.contains("Enter your email or user name, and your password."), "{}", answer.body);
        }
    }
    let answer = browser.post("/login", &fields(&interaction, &csrf, "ada@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 303);
}

/// 98.
#[tokio::test]
async fn a_form_without_its_own_token_is_refused() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    let (_, _, other_csrf) = at_the_page(&world).await;
    let cut = &csrf[..csrf.len() - 2];
    for (what, token) in
        [("none", ""), ("made up", "AAAAAAAAAAAAAAAA"), ("of another browser", &other_csrf), ("cut short", cut)]
    {
        let answer = browser.post("/login", &fields(&interaction, token, "ada@example.com", PASSWORD)).await;
        assert!([400, 403].contains(&answer.status.as_u16()), "{what}: {}", answer.status);
        assert_nobody_signed_in(&browser, &answer);
    }
    let mut without_cookie = world.browser();
    let answer = without_cookie.post("/login", &fields(&interaction, &csrf, "ada@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 400, "no pre-session cookie");
    assert!(
        answer.body.contains("Cookies are needed") && answer.body.contains("Start again at Web"),
        "{}",
        answer.body
    );
    assert_nobody_signed_in(&without_cookie, &answer);
}

/// 98: the token of one form opens no other.
#[tokio::test]
async fn the_token_of_another_form_is_refused() {
    let world = World::new().await;
    let (mut browser, interaction, _) = at_the_page(&world).await;
    let link = world.reset_link("bob@example.com").await;
    let token = browser.get(&link).await.field("csrf");
    let answer = browser.post("/login", &fields(&interaction, &token, "ada@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 403);
    assert_nobody_signed_in(&browser, &answer);
}

/// WCAG 2.2, 2.2.1: people are told of the limit, and what comes after it.
#[tokio::test]
async fn a_form_open_for_over_an_hour_leads_back_to_the_app_by_its_registered_address() {
    let world = World::new().await;
    let begin = [("ui_locales", "de"), ("prompt", "login")];
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &begin)).await;
    assert!(page.body.contains("Sie haben für diese Seite eine Stunde"), "{}", page.body);
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    world.advance(3_601);
    let late = browser.post("/login", &fields(&interaction, &csrf, "ada@example.com", PASSWORD)).await;
    let looked = browser.get(&format!("/login?interaction={interaction}")).await;
    for answer in [&late, &looked] {
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("Diese Seite war zu lange offen"), "{}", answer.body);
        assert!(answer.body.contains("href=\"https://app.example.com/\""), "{}", answer.body);
        assert!(!answer.body.contains("href=\"/\">Z"), "the start page has nothing for them: {}", answer.body);
        assert_nobody_signed_in(&browser, answer);
    }
    world.change_client("web", |client| client.metadata.client_uri = Some("https://app.example.com/home".into())).await;
    let home = browser.get(&format!("/login?interaction={interaction}")).await;
    assert!(home.body.contains("href=\"https://app.example.com/home\""), "{}", home.body);
    // What we have not signed leads nowhere.
    let forged = interaction.replace(&interaction[20..22], "AA");
    let answer = browser.get(&format!("/login?interaction={forged}&client_id=web")).await;
    assert!(
        !answer.body.contains("app.example.com") && answer.body.contains("Go to the start page"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn each_attempt_begins_the_hour_anew() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    world.advance(3_000);
    let page = browser.post("/login", &fields(&interaction, &csrf, "ada@example.com", "")).await;
    world.advance(3_000);
    let page = browser.get(&format!("/login?interaction={}", page.field("interaction"))).await;
    world.advance(3_000);
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let answer = browser.post("/login", &fields(&interaction, &csrf, "ada@example.com", PASSWORD)).await;
    assert!(answer.location().starts_with("/authorize/continue?"), "{answer:?}");
}

/// 98; CVE-2025-24358, CVE-2025-47909: login CSRF with a token the attacker may have got somehow.
#[tokio::test]
async fn a_post_from_another_site_is_refused_whatever_it_carries() {
    let world = World::new().await;
    let (browser, interaction, csrf) = at_the_page(&world).await;
    let body = form(&fields(&interaction, &csrf, "ada@example.com", PASSWORD));
    let form_type = (CONTENT_TYPE, "application/x-www-form-urlencoded");
    let cases: [&[(HeaderName, &str)]; 9] = [
        &[(ORIGIN, "https://evil.example")],
        &[(ORIGIN, "http://localhost:4401")],
        &[(ORIGIN, "https://localhost:4400")],
        &[(ORIGIN, "http://localhost:4400.evil.example")],
        &[(ORIGIN, "null")],
        &[],
        &[(ORIGIN, ISSUER), (FETCH_SITE, "cross-site")],
        &[(ORIGIN, ISSUER), (FETCH_SITE, "same-site")],
        &[(ORIGIN, "https://evil.example"), (FETCH_SITE, "same-origin")],
    ];
    for case in cases {
        let mut browser = browser.clone();
        let headers: Vec<(HeaderName, &str)> = case.iter().cloned().chain([form_type.clone()]).collect();
        let answer = browser.send(Method::POST, "/login", &headers, Some(body.clone())).await;
        assert_eq!(answer.status, 403, "{case:?}");
        assert_nobody_signed_in(&browser, &answer);
    }
    let mut own = browser.clone();
    let headers = [(ORIGIN, ISSUER), (FETCH_SITE, "same-origin"), form_type];
    assert_eq!(own.send(Method::POST, "/login", &headers, Some(body)).await.status, 303);
}

/// 99: only forms; nothing that another site could send without asking first counts either.
#[tokio::test]
async fn other_bodies_than_forms_are_refused() {
    let world = World::new().await;
    let (browser, interaction, csrf) = at_the_page(&world).await;
    let body = form(&fields(&interaction, &csrf, "ada@example.com", PASSWORD));
    let doubled = format!("{body}&username=bob%40example.com");
    let huge = format!("{body}&x={}", "a".repeat(1024 * 1024));
    for (media_type, body) in [
        ("text/plain", &*body),
        ("application/json", r#"{"username":"ada@example.com"}"#),
        ("multipart/form-data; boundary=x", &body),
        ("", &body),
        ("application/x-www-form-urlencoded", &doubled),
        ("application/x-www-form-urlencoded", &huge),
        ("application/x-www-form-urlencoded", "csrf=%ff%fe&username=%c3%28"),
    ] {
        let mut browser = browser.clone();
        let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, media_type)];
        let answer = browser.send(Method::POST, "/login", &headers, Some(body.to_owned())).await;
        assert!([400, 413].contains(&answer.status.as_u16()), "{media_type}: {}", answer.status);
        assert_nobody_signed_in(&browser, &answer);
    }
}

/// 18; session fixation: the pending request of another browser is not continued here.
#[tokio::test]
async fn the_pending_request_of_another_browser_is_refused() {
    let world = World::new().await;
    let (mut browser, _, csrf) = at_the_page(&world).await;
    let (mut attacker, planted, attacker_csrf) = at_the_page(&world).await;
    let answer = browser.post("/login", &fields(&planted, &csrf, "ada@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 400);
    assert_nobody_signed_in(&browser, &answer);

    // Nor may a request for which somebody signed in be carried to another browser.
    let fields = fields(&planted, &attacker_csrf, "bob@example.com", PASSWORD);
    let onward = attacker.post("/login", &fields).await.location().to_owned();
    assert!(onward.starts_with("/authorize/continue?"));
    assert_eq!(browser.get(&onward).await.status, 400);
    let mut with_cookie = world.browser();
    with_cookie.cookies.insert("symbolon-pre-4400".to_owned(), attacker.cookies["symbolon-pre-4400"].clone());
    let page = with_cookie.get(&onward).await;
    assert!(page.body.contains("type=\"password\""), "without the session it only asks: {}", page.status);
}

#[tokio::test]
async fn a_made_up_or_changed_pending_request_is_refused() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    let changed = interaction.replace(&interaction[20..22], "AA");
    for pending in ["x", "client_id=web", &changed, &interaction[..interaction.len() - 1]] {
        let answer = browser.post("/login", &fields(pending, &csrf, "ada@example.com", PASSWORD)).await;
        assert_eq!(answer.status, 400, "{pending}");
        assert_nobody_signed_in(&browser, &answer);
    }
}

/// Specs rule 10: there is always a way to say no.
#[tokio::test]
async fn cancelling_tells_the_client_access_denied() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "deny")];
    let answer = browser.post("/login", &fields).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(CALLBACK));
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    assert_eq!(answer.param("iss").as_deref(), Some(ISSUER));
    assert_eq!(answer.param("code"), None);
    assert_nobody_signed_in(&browser, &answer);
    let forged = browser.post_from("/login", &fields, "https://evil.example").await;
    assert_eq!(forged.status, 403, "nobody else says no for them");
}

/// 6: after a post with credentials the browser goes on with a GET.
#[tokio::test]
async fn a_sign_in_ends_in_303_and_leaves_nothing_in_referrers() {
    let world = World::new().await;
    let (mut browser, interaction, csrf) = at_the_page(&world).await;
    let answer = browser.post("/login", &fields(&interaction, &csrf, "ada@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 303);
    let onward = browser.get(answer.location()).await;
    assert_eq!(onward.status, 303);
    for answer in [answer, onward] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        // 100: nothing secret but the code, and that only towards the client.
        assert!(!answer.location().contains("sym_se_"));
    }
}

#[tokio::test]
async fn keep_me_signed_in_gives_the_cookie_an_age_and_else_it_has_none() {
    let world = World::new().await;
    for (keep, age) in [(None, None), (Some(("keep", "yes")), Some("Max-Age=7776000"))] {
        let (mut browser, interaction, csrf) = at_the_page(&world).await;
        let mut fields = fields(&interaction, &csrf, "ada@example.com", PASSWORD);
        fields.extend(keep);
        let answer = browser.post("/login", &fields).await;
        let cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with(SESSION)).unwrap().to_owned();
        assert_eq!(cookie.split("; ").find(|part| part.starts_with("Max-Age")), age, "{cookie}");
    }
}

/// The server's own sign-in, with no client waiting.
#[tokio::test]
async fn signing_in_without_a_client_leads_home() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let home = browser.sign_in(&page, "bob@example.com", PASSWORD).await;
    assert!(home.body.contains("Hello, Bob"), "{}", home.body);
    assert_eq!(browser.get("/login").await.location(), "/", "nothing to do there any more");
    let page = world.browser().get("/login").await;
    assert!(!page.body.contains("Cancel and return"));
}

/// Whoever is asked to confirm who they are is told who that is, and need not type it.
#[tokio::test]
async fn a_sign_in_asked_for_again_names_who_is_signed_in() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    browser.sign_in(&page, "ada@example.com", PASSWORD).await;
    let again = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    assert!(again.body.contains("You are signed in as ada@example.com."), "{}", again.body);
    assert_eq!(again.body.matches("value=\"ada@example.com\"").count(), 1);
    let stranger = world.browser().get(&authorize_url("web", &[("prompt", "login")])).await;
    assert!(!stranger.body.contains("You are signed in"));
}
