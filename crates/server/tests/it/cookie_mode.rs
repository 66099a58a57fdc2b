//! Tokens as cookies: a page of a registered origin of this site gets them, reads what they say, renews and gives them up; no other page gets
//! or changes anything (mission P13; RFC 10017 §6; security 85–89, 98, 108).

use std::time::Duration;

use http::header::{CONTENT_TYPE, ORIGIN, REFERER};
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_guard::{Guard, Keys, Revocation};
use symbolon_jose::JwkSet;
use symbolon_oauth::registration::{SubjectType, TokenDelivery};
use symbolon_oauth::{AccessTokenFormat, Client};
use symbolon_server::Clock;
use tower::ServiceExt as _;

use crate::support::client::form;
use crate::support::flow::{VERIFIER, authorize_url, basic};
use crate::support::{API, Answer, Browser, ISSUER, PASSWORD, SECRET, SPA_CALLBACK, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";
/// A page beside the issuer, on the same host.
const PAGE: &str = "http://localhost:4401";
const ACCESS: &str = "symbolon_access-4400";
const REFRESH: &str = "symbolon_refresh-4400";
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/x-www-form-urlencoded");
/// What a browser says of a page's own request.
const OURS: [(HeaderName, &str); 4] = [(ORIGIN, PAGE), (SITE, "same-site"), (MODE, "cors"), FORM];

/// The server's clock, for the guard.
#[derive(Debug)]
struct Shared(Clock);

impl symbolon_guard::Clock for Shared {
    fn unix_now(&self) -> u64 {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.now())
    }
}

async fn world() -> World {
    world_with(|_| {}).await
}

async fn world_with(change: impl FnOnce(&mut Client)) -> World {
    let world = World::new().await;
    world
        .change_client("spa", |client| {
            client.token_delivery = TokenDelivery::Cookie;
            client.allowed_origins = vec![PAGE.to_owned()];
            change(client);
        })
        .await;
    world
}

async fn redeem(browser: &mut Browser, headers: &[(HeaderName, &str)]) -> Answer {
    let code = browser.code("spa", ADA, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &*code),
        ("redirect_uri", SPA_CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    browser.send(Method::POST, "/oauth/token", headers, Some(form(&fields))).await
}

fn has_no_token(browser: &Browser) -> bool {
    ![ACCESS, REFRESH].iter().any(|name| browser.cookies.contains_key(*name))
}

/// A browser whose page is signed in, and what the page was told.
async fn signed_in(world: &World) -> (Browser, Value) {
    let mut browser = world.browser();
    let answer = redeem(&mut browser, &OURS).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (browser, answer.json())
}

fn with_token(token: &str) -> Vec<(HeaderName, &str)> {
    OURS.iter().cloned().chain([(CSRF, token)]).collect()
}

async fn renew(browser: &mut Browser, headers: &[(HeaderName, &str)]) -> Answer {
    let fields = [("grant_type", "refresh_token"), ("client_id", "spa")];
    browser.send(Method::POST, "/oauth/token", headers, Some(form(&fields))).await
}

async fn give_up(browser: &mut Browser, headers: &[(HeaderName, &str)]) -> Answer {
    browser.send(Method::POST, "/oauth/revoke", headers, Some(form(&[("client_id", "spa")]))).await
}

async fn ask(browser: &mut Browser, path: &str) -> Answer {
    browser.send(Method::GET, path, &[(ORIGIN, PAGE), (SITE, "same-site"), (MODE, "cors")], None).await
}

/// What a page of the right origin may read with its cookies.
#[track_caller]
fn is_readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true", "{answer:?}");
}

#[tokio::test]
async fn a_page_gets_cookies_that_it_cannot_read_and_claims_without_a_signature() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = redeem(&mut browser, &OURS).await;
    is_readable(&answer);
    let (access, refresh) = (browser.cookies[ACCESS].clone(), browser.cookies[REFRESH].clone());
    assert_eq!(
        answer.cookies(),
        [
            format!("{ACCESS}={access}; Path=/; HttpOnly; SameSite=Lax"),
            format!("{REFRESH}={refresh}; Path=/oauth; HttpOnly; SameSite=Strict")
        ]
    );
    let told = answer.json();
    assert_eq!((&told["claims"]["client_id"], &told["claims"]["roles"]), (&json!("spa"), &json!(["admin"])));
    assert_eq!((&told["id_token_claims"]["nonce"], &told["expires_in"]), (&json!("n-0S6_WzA2Mj"), &json!(600)));
    assert_eq!(told["access_token_format"], "jwt");
    let signature = access.rsplit('.').next().unwrap();
    for secret in [signature, &refresh, "eyJhbGciOi", "sym_rt_"] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
    }
    world.assert_alive(&json!(access)).await;
}

#[tokio::test]
async fn nobody_else_is_answered_with_cookies_so_no_page_signs_a_person_in_as_a_stranger() {
    let world = world().await;
    for headers in [
        &[FORM][..],
        &[(ORIGIN, "https://evil.example"), (SITE, "cross-site"), (MODE, "cors"), FORM],
        &[(ORIGIN, "null"), FORM],
        &[(ORIGIN, "http://localhost:9999"), (SITE, "same-site"), (MODE, "cors"), FORM],
        &[(ORIGIN, PAGE), (ORIGIN, PAGE), FORM],
        // A form of another page that sends a stranger's code: a navigation.
        &[(ORIGIN, PAGE), (SITE, "same-site"), (MODE, "navigate"), FORM],
        &[(ORIGIN, PAGE), (SITE, "cross-site"), (MODE, "cors"), FORM],
        &[(ORIGIN, PAGE), (SITE, "same-site"), (MODE, "no-cors"), FORM],
    ] {
        let mut browser = world.browser();
        let answer = redeem(&mut browser, headers).await;
        answer.is_error(403, "invalid_request");
        assert!(has_no_token(&browser) && answer.cookies().is_empty(), "{headers:?}");
    }
    // Older browsers say less, and show the origin.
    let answer = redeem(&mut world.browser(), &[(ORIGIN, PAGE), FORM]).await;
    assert_eq!(answer.status, 200);
}

/// A script in the page takes code and verifier elsewhere, where any header can be sent but the cookie of the session.
#[tokio::test]
async fn a_code_is_good_for_cookies_in_the_browser_it_was_made_for_and_nowhere_else() {
    let world = world().await;
    let (mut own, mut bobs) = (world.browser(), world.browser());
    bobs.code("spa", "bob@example.com", &[]).await;
    let code = own.code("spa", ADA, &[]).await;
    let fields = form(&[
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &*code),
        ("redirect_uri", SPA_CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    for browser in [&mut world.browser(), &mut bobs] {
        let answer = browser.send(Method::POST, "/oauth/token", &OURS, Some(fields.clone())).await;
        answer.is_error(400, "invalid_grant");
        assert!(has_no_token(browser) && answer.cookies().is_empty());
    }
    let answer = own.send(Method::POST, "/oauth/token", &OURS, Some(fields)).await;
    assert_eq!(answer.status, 200, "the thief has not used it up: {}", answer.body);
}

#[tokio::test]
async fn the_page_asks_whom_its_cookie_signs_in() {
    let world = world().await;
    let (mut browser, told) = signed_in(&world).await;
    let answer = ask(&mut browser, "/session").await;
    is_readable(&answer);
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let session = answer.json();
    assert_eq!(session["claims"], told["claims"]);
    assert_eq!((&session["csrf_token"], &session["user"]["email"]), (&told["csrf_token"], &json!(ADA)));
    let account = ask(&mut browser, "/user/current").await.json();
    for (name, value) in [
        ("email", json!(ADA)),
        ("username", json!(ADA)),
        ("fullName", json!("Ada Lovelace")),
        ("status", json!("ENABLED")),
    ] {
        assert_eq!(account[name], value, "{account}");
    }
    assert_eq!((&account["sub"], &account["roles"]), (&session["user"]["sub"], &json!(["admin"])));
    // What the page was answered says when it ends.
    world.advance(400);
    assert_eq!(ask(&mut browser, "/session").await.json()["expires_in"], 200);
    world.advance(200);
    let over = ask(&mut browser, "/session").await;
    over.is_error(401, "login_required");
    is_readable(&over);
}

#[tokio::test]
async fn a_strangers_cookie_says_nothing_and_another_sites_page_asks_in_vain() {
    let world = world().await;
    let (mut browser, _) = signed_in(&world).await;
    let from_elsewhere = [(ORIGIN, "https://evil.example"), (SITE, "cross-site")];
    for path in ["/session", "/user/current"] {
        browser.send(Method::GET, path, &from_elsewhere, None).await.is_error(403, "invalid_request");
        // A sibling's page reads nothing.
        let answer = browser.send(Method::GET, path, &[(ORIGIN, "http://localhost:9999")], None).await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let mut twice = browser.clone();
        twice.cookies.insert(ACCESS.to_owned(), format!("{0}; {ACCESS}={0}", browser.cookies[ACCESS]));
        ask(&mut twice, path).await.is_error(401, "login_required");
        for planted in ["", "x", "eyJhbGciOiJub25lIn0.e30.", "sym_sv_x"] {
            let mut other = world.browser();
            other.cookies.insert(ACCESS.to_owned(), planted.to_owned());
            ask(&mut other, path).await.is_error(401, "login_required");
        }
    }
    // The token of a client whose tokens are none is not for a cookie.
    let mut planted = world.browser();
    let token = world.tokens("web", ADA).await["access_token"].as_str().unwrap().to_owned();
    planted.cookies.insert(ACCESS.to_owned(), token);
    ask(&mut planted, "/session").await.is_error(401, "login_required");
}

#[tokio::test]
async fn renewal_slides_and_the_pages_token_stays() {
    let world = world().await;
    let (mut browser, told) = signed_in(&world).await;
    let csrf = told["csrf_token"].as_str().unwrap();
    let mut before = browser.cookies.clone();
    for _ in 0..2 {
        world.advance(9 * 3_600);
        let answer = renew(&mut browser, &with_token(csrf)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.json()["csrf_token"] == csrf && !answer.body.contains("sym_rt_"), "{}", answer.body);
        assert!(browser.cookies[ACCESS] != before[ACCESS] && browser.cookies[REFRESH] != before[REFRESH]);
        before.clone_from(&browser.cookies);
    }
    // Ends with the session, however often it was renewed.
    world.advance(7 * 3_600);
    renew(&mut browser, &with_token(csrf)).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_forged_renewal_changes_nothing() {
    let world = world().await;
    let (mut browser, told) = signed_in(&world).await;
    let csrf = told["csrf_token"].as_str().unwrap();
    let (_, other) = signed_in(&world).await;
    let others = other["csrf_token"].as_str().unwrap();
    for headers in [
        OURS.to_vec(),
        with_token(""),
        with_token("guessed"),
        with_token(others),
        [with_token(csrf), vec![(CSRF, csrf)]].concat(),
        vec![(ORIGIN, "https://evil.example"), (SITE, "cross-site"), (CSRF, csrf), FORM],
        vec![(CSRF, csrf), FORM],
    ] {
        renew(&mut browser, &headers).await.is_error(403, "invalid_request");
        give_up(&mut browser, &headers).await.is_error(403, "invalid_request");
    }
    world.assert_alive(&json!(browser.cookies[ACCESS])).await;
    // A cookie that another host planted is of another session than the page's token.
    let (stranger, _) = signed_in(&world).await;
    let mut planted = browser.clone();
    planted.cookies.insert(REFRESH.to_owned(), stranger.cookies[REFRESH].clone());
    renew(&mut planted, &with_token(csrf)).await.is_error(403, "invalid_request");
    assert_eq!(renew(&mut browser, &with_token(csrf)).await.status, 200);
}

/// `__Secure-` and the path keep no sibling host from cookies of our name (RFC 6265bis §8.6).
#[tokio::test]
async fn a_sibling_that_plants_cookies_beside_ours_keeps_nobody_from_renewing_or_leaving() {
    let world = world().await;
    let (browser, told) = signed_in(&world).await;
    let headers = with_token(told["csrf_token"].as_str().unwrap());
    let (stranger, _) = signed_in(&world).await;
    let (ours, theirs) = (&browser.cookies, &stranger.cookies);
    let beside = |first: &str, then: &str| {
        let mut planted = browser.clone();
        for name in [ACCESS, REFRESH] {
            let value = |whose: &str| match whose {
                "ours" => ours[name].clone(),
                "theirs" => theirs[name].clone(),
                other => other.to_owned(),
            };
            planted.cookies.insert(name.to_owned(), format!("{}; {name}={}", value(first), value(then)));
        }
        planted
    };
    for (first, then) in [("theirs", "ours"), ("ours", "theirs"), ("x", "ours"), ("", "ours"), ("ours", "ours")] {
        assert_eq!(renew(&mut beside(first, then), &headers).await.status, 200, "{first}, {then}");
    }
    // What is of another session renews nothing, and nothing becomes of it.
    renew(&mut beside("theirs", "x"), &headers).await.is_error(403, "invalid_request");
    renew(&mut beside("theirs", "theirs"), &headers).await.is_error(403, "invalid_request");
    renew(&mut beside("x", "y"), &headers).await.is_error(400, "invalid_grant");
    // Nor does it help to plant many.
    let many = |name: &str| vec![format!("x; {name}={}", theirs[name]); 40].join(&format!("; {name}="));
    let mut planted = browser.clone();
    for name in [ACCESS, REFRESH] {
        let value = if name == REFRESH { many(name) } else { theirs[name].clone() };
        planted.cookies.insert(name.to_owned(), format!("{value}; {name}={}", ours[name]));
    }
    assert_eq!(renew(&mut planted.clone(), &headers).await.status, 200);
    world.assert_alive(&json!(theirs[ACCESS])).await;
    let answer = give_up(&mut planted, &headers).await;
    assert_eq!(answer.json()["revoked"], true, "{}", answer.body);
    ask(&mut browser.clone(), "/session").await.is_error(401, "login_required");
    assert_eq!(ask(&mut stranger.clone(), "/session").await.status, 200);
}

/// What such a token says of the session is not in it.
#[tokio::test]
async fn a_pairwise_page_without_a_refresh_token_signs_out() {
    let world = world_with(|client| client.subjects.subject_type = SubjectType::Pairwise).await;
    let (mut browser, told) = signed_in(&world).await;
    browser.cookies.remove(REFRESH);
    let headers = with_token(told["csrf_token"].as_str().unwrap());
    give_up(&mut browser.clone(), &with_token("guessed")).await.is_error(403, "invalid_request");
    let old = browser.clone();
    let answer = give_up(&mut browser, &headers).await;
    assert_eq!(answer.json()["revoked"], true, "{}", answer.body);
    ask(&mut old.clone(), "/session").await.is_error(401, "login_required");
}

#[tokio::test]
async fn a_used_refresh_token_gives_a_thief_away_as_ever() {
    let world = world().await;
    let (mut browser, told) = signed_in(&world).await;
    let csrf = told["csrf_token"].as_str().unwrap();
    let mut thief = browser.clone();
    assert_eq!(renew(&mut browser, &with_token(csrf)).await.status, 200);
    world.advance(30);
    assert_eq!(renew(&mut browser, &with_token(csrf)).await.status, 200);
    renew(&mut thief, &with_token(csrf)).await.is_error(400, "invalid_grant");
    renew(&mut browser, &with_token(csrf)).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_in_the_pages_hands_is_not_taken() {
    let world = world().await;
    let (mut browser, told) = signed_in(&world).await;
    let token = browser.cookies[REFRESH].clone();
    let fields = [("grant_type", "refresh_token"), ("client_id", "spa"), ("refresh_token", &*token)];
    let headers = with_token(told["csrf_token"].as_str().unwrap());
    let answer = browser.send(Method::POST, "/oauth/token", &headers, Some(form(&fields))).await;
    answer.is_error(400, "invalid_grant");
    // Nor a cookie of a client whose tokens are none.
    world.change_client("spa", |client| client.token_delivery = TokenDelivery::Body).await;
    renew(&mut browser, &headers).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn signing_out_ends_both_and_the_session_without_a_question() {
    let world = world().await;
    let mut browser = world.browser();
    let code = browser.code("spa", ADA, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &*code),
        ("redirect_uri", SPA_CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let told = browser.send(Method::POST, "/oauth/token", &OURS, Some(form(&fields))).await.json();
    let (csrf, old) = (told["csrf_token"].as_str().unwrap().to_owned(), browser.clone());
    let answer = give_up(&mut browser, &with_token(&csrf)).await;
    is_readable(&answer);
    assert_eq!(answer.json()["revoked"], true);
    assert!(!browser.cookies.contains_key(ACCESS) && !browser.cookies.contains_key(REFRESH), "{:?}", answer.cookies());
    ask(&mut old.clone(), "/session").await.is_error(401, "login_required");
    renew(&mut old.clone(), &with_token(&csrf)).await.is_error(400, "invalid_grant");

    // Now the session at the issuer.
    let hint = answer.json()["logout_hint"].as_str().unwrap().to_owned();
    let leave = |hint: &str, client: &str| {
        let pairs = [("client_id", client), ("logout_hint", hint), ("post_logout_redirect_uri", SPA_CALLBACK)];
        format!("/logout?{}", form(&pairs))
    };
    for wrong in ["", "guessed", &csrf] {
        assert_eq!(browser.clone().get(&leave(wrong, "spa")).await.status, 200, "a page asks");
    }
    // Another person's browser is not signed out by it.
    let mut bobs = world.browser();
    bobs.code("spa", "bob@example.com", &[]).await;
    assert_eq!(bobs.get(&leave(&hint, "spa")).await.status, 200, "a page asks");
    let done = browser.get(&leave(&hint, "spa")).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, SPA_CALLBACK));
    let again = browser.get(&authorize_url("spa", &[("prompt", "none")])).await;
    assert_eq!(again.param("error").as_deref(), Some("login_required"));
    // Nothing is left to give up.
    assert_eq!(give_up(&mut browser, &OURS).await.json(), json!({ "revoked": false }));
}

#[tokio::test]
async fn a_hint_to_sign_out_is_good_for_a_minute() {
    let world = world().await;
    let mut browser = world.browser();
    let code = browser.code("spa", ADA, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &*code),
        ("redirect_uri", SPA_CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let told = browser.send(Method::POST, "/oauth/token", &OURS, Some(form(&fields))).await.json();
    let answer = give_up(&mut browser, &with_token(told["csrf_token"].as_str().unwrap())).await.json();
    world.advance(61);
    let hint = answer["logout_hint"].as_str().unwrap();
    let asked = browser.get(&format!("/logout?{}", form(&[("client_id", "spa"), ("logout_hint", hint)]))).await;
    assert!(asked.body.contains("name=\"csrf\""), "{}", asked.body);
}

#[tokio::test]
async fn leaving_by_the_issuers_page_clears_the_cookies_too() {
    let world = world().await;
    let cleared = world.browser().get("/logout").await;
    for name in [ACCESS, REFRESH] {
        assert!(
            cleared.cookies().iter().any(|cookie| cookie.starts_with(&format!("{name}=;"))),
            "{:?}",
            cleared.cookies()
        );
    }
    let world = World::new().await;
    let others = world.browser().get("/logout").await;
    assert!(!others.cookies().iter().any(|cookie| cookie.contains("symbolon_access")), "{:?}", others.cookies());
}

/// A sign-in with a refresh token can outlive the session at the issuer.
#[tokio::test]
async fn another_sites_link_to_the_sign_out_takes_no_cookies_away() {
    let world = world().await;
    let kept = async |headers: &[(HeaderName, &str)]| {
        let left = world.browser().send(Method::GET, "/logout?client_id=spa", headers, None).await;
        assert_eq!(left.status, 200);
        let site_data = left.headers.contains_key("clear-site-data");
        let cleared = left.cookies().iter().any(|cookie| cookie.starts_with(&format!("{REFRESH}=;")));
        assert_eq!(cleared, site_data, "{left:?}");
        !cleared
    };
    let page = |site, from| [(SITE, site), (MODE, "navigate"), (REFERER, from)];
    assert!(kept(&page("cross-site", "https://evil.example/")).await);
    let (start, account) = (format!("{PAGE}/"), format!("{PAGE}/account"));
    assert!(kept(&page("cross-site", &start)).await, "which contradicts itself");
    assert!(kept(&page("same-site", "http://localhost:9999/")).await, "a sibling");
    assert!(kept(&[(SITE, "same-site"), (MODE, "no-cors")]).await, "a sibling's image");
    assert!(!kept(&page("same-site", &account)).await, "its own page");
    assert!(!kept(&[(SITE, "none"), (MODE, "navigate")]).await, "a bookmark");
}

#[tokio::test]
async fn a_password_brings_cookies_to_the_page_that_posts_it() {
    let world = world().await;
    let body = json!({ "username": ADA, "password": PASSWORD, "scope": "openid offline_access read" }).to_string();
    let mut browser = world.browser();
    let json = (CONTENT_TYPE, "application/json");
    let foreign = [(ORIGIN, "https://evil.example"), (SITE, "cross-site"), json.clone()];
    browser.send(Method::POST, "/authenticate", &foreign, Some(body.clone())).await.is_error(403, "invalid_request");
    let ours = [(ORIGIN, PAGE), (SITE, "same-site"), (MODE, "cors"), json];
    let answer = browser.send(Method::POST, "/authenticate", &ours, Some(body)).await;
    is_readable(&answer);
    let told = answer.json();
    assert!(told.get("token").is_none() && told.get("refresh_token").is_none(), "{told}");
    assert_eq!(ask(&mut browser, "/session").await.json()["csrf_token"], told["csrf_token"]);
    assert_eq!(renew(&mut browser, &with_token(told["csrf_token"].as_str().unwrap())).await.status, 200);
}

#[tokio::test]
async fn session_values_fit_the_cookie_and_are_kept_alive_by_asking() {
    let world = world_with(|client| client.access_token_format = AccessTokenFormat::Session).await;
    let (mut browser, told) = signed_in(&world).await;
    assert!(browser.cookies[ACCESS].starts_with("sym_sv_") && !browser.cookies.contains_key(REFRESH));
    assert!(told["access_token_format"] == "session" && !told.to_string().contains("sym_sv_"), "{told}");
    world.advance(11 * 3_600);
    let session = ask(&mut browser, "/session").await.json();
    assert_eq!((&session["expires_in"], &session["csrf_token"]), (&json!(12 * 3_600), &told["csrf_token"]));
    let value = [("session", &*browser.cookies[ACCESS])];
    let said = world.post_with(&basic(API, SECRET), "/session", &value).await.json();
    assert_eq!(said["csrf#S256"], told["claims"]["csrf#S256"], "the API's guard asks for the page's token, too");
    world.advance(11 * 3_600);
    assert_eq!(ask(&mut browser, "/session").await.status, 200, "use has kept it");
    let answer = give_up(&mut browser, &with_token(told["csrf_token"].as_str().unwrap())).await;
    assert_eq!(answer.json()["revoked"], true);
    assert!(!browser.cookies.contains_key(ACCESS));
}

#[tokio::test]
async fn rfc6265bis_section_5_6_a_token_that_fits_no_cookie_is_refused_and_what_was_begun_ends() {
    let world = world().await;
    let roles: Vec<String> = (0..120).map(|n| format!("department-{n}-of-the-whole-company")).collect();
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    world.add_user("chief@example.com", "Chief", &roles).await;
    let mut browser = world.browser();
    let code = browser.code("spa", "chief@example.com", &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &*code),
        ("redirect_uri", SPA_CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let answer = browser.send(Method::POST, "/oauth/token", &OURS, Some(form(&fields))).await;
    answer.is_error(400, "invalid_scope");
    is_readable(&answer);
    assert!(answer.body.contains("4096"), "{}", answer.body);
    assert!(has_no_token(&browser));
    let live = world.running.app.store.list_sessions(None, 10, world.clock.now()).await.unwrap().items;
    assert_eq!(live.len(), 1, "the session at the issuer is none of the matter");
    world.change_client("spa", |client| client.access_token_format = AccessTokenFormat::Session).await;
    let mut browser = world.browser();
    let code = browser.code("spa", "chief@example.com", &[]).await;
    let fields = fields.map(|(name, value)| if name == "code" { (name, &*code) } else { (name, value) });
    assert_eq!(browser.send(Method::POST, "/oauth/token", &OURS, Some(form(&fields))).await.status, 200);
}

#[tokio::test]
async fn a_preflight_allows_cookies_to_such_pages_alone() {
    let world = world().await;
    let wants = [
        (HeaderName::from_static("access-control-request-method"), "POST"),
        (HeaderName::from_static("access-control-request-headers"), "x-csrf-token"),
    ];
    for (origin, allowed) in [(PAGE, "true"), ("https://evil.example", ""), ("null", ""), ("http://localhost:9999", "")]
    {
        let headers = [&[(ORIGIN, origin)][..], &wants].concat();
        let answer = world.send(Method::OPTIONS, "/oauth/token", &headers, None).await;
        assert_eq!(answer.header("access-control-allow-credentials"), allowed, "{origin}");
        assert!(answer.header("access-control-allow-headers").contains("X-CSRF-Token"));
    }
    // The answer to another client is for no cookies, wherever its page is.
    world.change_client("other", |client| client.allowed_origins = vec![PAGE.to_owned()]).await;
    let refused = world.post_as_with("other", "/oauth/token", &[("grant_type", "x")], &[(ORIGIN, PAGE)]).await;
    assert_eq!(refused.header("access-control-allow-origin"), PAGE);
    assert!(refused.headers.get("access-control-allow-credentials").is_none());
}

#[tokio::test]
async fn the_guard_takes_the_cookie_and_asks_for_the_pages_token() {
    let world = world().await;
    let (browser, told) = signed_in(&world).await;
    let keys = JwkSet::from_value(&world.browser().get("/.well-known/jwks.json").await.json()).unwrap();
    let guard = Guard::new(ISSUER, API)
        .unwrap()
        .keys(Keys::fixed(keys))
        .revocation(Revocation::Off)
        .clock(Shared(world.clock.clone()))
        .cookie(ACCESS)
        .cookie_origins([PAGE]);
    let me = async |caller: symbolon_guard::Caller| caller.scope.clone();
    let app: axum::Router = axum::Router::new().route("/me", axum::routing::get(me).post(me)).layer(guard.layer());
    let ask = async |method: Method, headers: &[(HeaderName, &str)]| {
        let mut request = http::Request::builder().method(method).uri("/me").header("host", "localhost:4402");
        request = request.header("cookie", format!("{ACCESS}={}", browser.cookies[ACCESS]));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        app.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap().status().as_u16()
    };
    let csrf = told["csrf_token"].as_str().unwrap();
    assert_eq!(ask(Method::GET, &[]).await, 200);
    assert_eq!(ask(Method::POST, &with_token(csrf)).await, 200);
    assert_eq!(ask(Method::POST, &OURS).await, 403);
    assert_eq!(ask(Method::POST, &with_token("guessed")).await, 403);
    assert_eq!(ask(Method::POST, &[(ORIGIN, "https://evil.example"), (SITE, "cross-site"), (CSRF, csrf)]).await, 403);
}

#[tokio::test]
async fn only_an_app_of_the_issuers_site_can_be_registered_so() {
    let world = World::new().await;
    let set = |change: Value| json!({ "client": { "set": { "client": "spa", "change": change } } });
    let (status, why) = world.try_command(&set(json!({ "token_delivery": "cookie" }))).await;
    let why = why.to_string();
    assert!(!status.is_success() && why.contains("https://spa.example.com") && why.contains("cookie.domain"), "{why}");
    let origins = json!({ "add": [PAGE], "remove": [SPA_ORIGIN] });
    let done = world.command(&set(json!({ "token_delivery": "cookie", "allowed_origins": origins }))).await;
    assert_eq!(done["client"]["token_delivery"], "cookie");
}
