//! OpenID Connect Session Management 1.0: what answers and the browser get, so that pages can tell whether the session is still the same. The
//! script in the frame is tested in a browser (`tests/e2e`).

use symbolon_jose::{base64url, sha256};

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const COOKIE: &str = "symbolon-state-4400";
const ORIGIN: &str = "https://app.example.com";

async fn world() -> World {
    let world = World::new().await;
    world.change_client("web", |client| client.in_browser.session_management = true).await;
    world
}

async fn signed_in(browser: &mut Browser, email: &str) -> Answer {
    let page = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    browser.sign_in(&page, email, PASSWORD).await
}

/// As the script in the frame does (§3.2).
fn is_unchanged(browser: &Browser, session_state: &str) -> bool {
    let (hash, salt) = session_state.split_once('.').unwrap();
    let state = browser.cookies.get(COOKIE).map_or("", String::as_str);
    base64url::encode(&sha256(format!("web {ORIGIN} {state} {salt}").as_bytes())) == hash
}

#[tokio::test]
async fn session_management_section_2_an_answer_speaks_of_the_session_of_this_browser() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = signed_in(&mut browser, ADA).await;
    let session_state = answer.param("session_state").unwrap();
    assert!(!session_state.contains(' ') && is_unchanged(&browser, &session_state), "{answer:?}");
    let cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with(COOKIE)).unwrap().to_owned();
    assert!(!cookie.contains("HttpOnly"), "the script in the frame reads it: {cookie}");
    // The same session, another client's sign-in, a renewed one: still the same.
    let again = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    assert!(is_unchanged(&browser, &again.param("session_state").unwrap()) && is_unchanged(&browser, &session_state));
    browser.code("other", ADA, &[]).await;
    signed_in(&mut browser, ADA).await;
    assert!(is_unchanged(&browser, &session_state), "the same person in the same session");
    assert!(!is_unchanged(&world.browser(), &session_state), "another browser");
}

#[tokio::test]
async fn signing_out_and_another_person_are_a_change() {
    let world = world().await;
    let mut browser = world.browser();
    let of_ada = signed_in(&mut browser, ADA).await.param("session_state").unwrap();
    let mut of_bob = browser.clone();
    let page = of_bob.get(&authorize_url("other", &[("prompt", "login")])).await;
    of_bob.sign_in(&page, BOB, PASSWORD).await;
    assert!(!is_unchanged(&of_bob, &of_ada), "also when he signs in at a client that does not watch");

    let mut browser = world.browser();
    let of_ada = signed_in(&mut browser, ADA).await.param("session_state").unwrap();
    let asked = browser.get("/logout").await;
    let fields = [("csrf", asked.field("csrf")), ("logout", asked.field("logout"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/logout", &fields).await;
    assert!(!browser.cookies.contains_key(COOKIE) && !is_unchanged(&browser, &of_ada));
}

/// Nobody else is sent a cookie that pages can read.
#[tokio::test]
async fn a_client_that_does_not_watch_gets_neither_state_nor_cookie() {
    let world = world().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("other", &[])).await;
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert_eq!((answer.param("session_state"), browser.cookies.contains_key(COOKIE)), (None, false));
    // §2: it belongs to OpenID Connect.
    let oauth = browser.get(&authorize_url("web", &[("scope", "read")])).await;
    assert_eq!((oauth.param("session_state"), oauth.param("code").is_some()), (None, true), "{oauth:?}");
}

/// The state is no key: it opens nothing, and does not say the session's own id.
#[tokio::test]
async fn the_cookie_opens_nothing() {
    let world = world().await;
    let mut browser = world.browser();
    signed_in(&mut browser, ADA).await;
    let mut thief = world.browser();
    thief.cookies.insert(COOKIE.to_owned(), browser.cookies[COOKIE].clone());
    thief.cookies.insert("symbolon-session-4400".to_owned(), browser.cookies[COOKIE].clone());
    thief.get(&authorize_url("web", &[("prompt", "none")])).await.is_redirected_error("login_required");
}

#[tokio::test]
async fn session_management_section_3_2_the_frame_is_for_pages_of_clients_that_watch() {
    let world = World::new().await;
    let discovery = async |world: &World| {
        world.browser().get("/.well-known/openid-configuration").await.json()["check_session_iframe"].clone()
    };
    assert!(discovery(&world).await.is_null(), "nobody watches: nothing to offer");
    let absent = world.browser().get("/check-session").await;
    absent.is_page(404);
    assert!(absent.header("content-security-policy").contains("frame-ancestors 'none'"));
    let world = self::world().await;
    let address = discovery(&world).await;
    let frame = world.browser().get(address.as_str().unwrap()).await;
    let policy = frame.header("content-security-policy");
    assert!(
        policy.contains(&format!("; frame-ancestors {ORIGIN};")) && policy.contains("script-src 'sha256-"),
        "{policy}"
    );
    assert_eq!((frame.status.as_u16(), frame.headers.get("x-frame-options")), (200, None));
    assert!(frame.body.contains(&format!("data-cookie=\"{COOKIE}\" data-origins=\"{ORIGIN}\"")), "{}", frame.body);
}

/// A refusal has no session to speak of.
#[tokio::test]
async fn a_refusal_says_nothing_of_a_session() {
    let world = world().await;
    let refused = world.browser().get(&authorize_url("web", &[("prompt", "none")])).await;
    refused.is_redirected_error("login_required");
    assert_eq!(refused.param("session_state"), None);
    let out = world.browser().get(&format!("/logout?{}", form(&[("client_id", "web")]))).await;
    assert!(out.cookies().iter().all(|cookie| !cookie.starts_with(COOKIE)), "{out:?}");
}
