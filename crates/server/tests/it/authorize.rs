//! The authorization endpoint: where answers may go, and what a client can make it do.

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::json;
use symbolon_oauth::{Client, ClientId};

use crate::support::client::{form, param};
use crate::support::flow::{authorize_url, challenge};
use crate::support::protocol::claims;
use crate::support::{Answer, Browser, CALLBACK, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// Nothing on the page leads to `evil`: no link, form target, image or refresh.
#[track_caller]
fn leads_nowhere(answer: &Answer, evil: &str) {
    answer.is_page(400);
    for attribute in ["href", "action", "src", "content", "formaction"] {
        for quote in ['"', '\''] {
            assert!(!answer.body.contains(&format!("{attribute}={quote}{evil}")), "{attribute}: {}", answer.body);
        }
    }
    assert!(!answer.header("content-security-policy").contains("evil"), "{answer:?}");
}

async fn authorize(browser: &mut Browser, client: &str, more: &[(&str, &str)]) -> Answer {
    browser.get(&authorize_url(client, more)).await
}

/// A browser in which `email` has signed in at `client`.
async fn signed_in(world: &World, client: &str, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.code(client, email, &[]).await;
    browser
}

/// Security 1 and 2.
#[tokio::test]
async fn a_redirect_uri_that_is_nearly_right_ends_on_a_page() {
    let world = World::new().await;
    for evil in [
        "https://app.example.com/Callback",
        "https://APP.example.com/callback",
        "HTTPS://app.example.com/callback",
        "https://app.example.com/callback/",
        "https://app.example.com/callback/../evil",
        "https://app.example.com/callback/%2e%2e",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback?",
        "https://app.example.com/callback#",
        "https://app.example.com/callback#x",
        "https://app.example.com//callback",
        "https://app.example.com/%63allback",
        "https://app.example.com/callback%20",
        "https://app.example.com/callback ",
        " https://app.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com:8443/callback",
        "https://app.example.com./callback",
        "https://user@app.example.com/callback",
        "https://app.example.com@evil.example/callback",
        "https://app.example.com.evil.example/callback",
        "https://evil.example/?https://app.example.com/callback",
        "https://app.example.com\\@evil.example/callback",
        "http://app.example.com/callback",
        "//app.example.com/callback",
        "/callback",
        "https://app.example.com/callback\r\nLocation: https://evil.example",
        "javascript:alert(1)",
        "data:text/html,evil",
        "https://spa.example.com/",
    ] {
        let answer = authorize(&mut world.browser(), "web", &[("redirect_uri", evil)]).await;
        leads_nowhere(&answer, evil);
        assert!(answer.body.contains("invalid_request"), "{evil}");
        // Signed in makes no difference, nor does a request that would be refused anyway.
        let refused = authorize(&mut world.browser(), "web", &[("redirect_uri", evil), ("prompt", "none")]).await;
        leads_nowhere(&refused, evil);
    }
    let encoded_twice = authorize_url("web", &[]).replace("%3A", "%253A");
    leads_nowhere(&world.browser().get(&encoded_twice).await, "https");
}

#[tokio::test]
async fn a_session_does_not_open_a_way_to_an_unregistered_place() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let answer = authorize(&mut browser, "web", &[("redirect_uri", "https://evil.example/callback")]).await;
    leads_nowhere(&answer, "https://evil.example");
    leads_nowhere(&authorize(&mut browser, "web", &[("redirect_uri", "")]).await, "https://app");
}

/// Security 2, 113.
#[tokio::test]
async fn an_unknown_or_disabled_client_is_told_on_a_page() {
    let world = World::new().await;
    for client in ["nobody", "WEB", "web ", "<script>alert(1)</script>", "\"><img src=x>", &"x".repeat(4_000)] {
        let url = authorize_url("web", &[("client_id", client)]);
        let answer = world.browser().get(&url).await;
        leads_nowhere(&answer, CALLBACK);
        assert!(!answer.body.contains("<script>alert") && !answer.body.contains("<img src=x"), "{}", answer.body);
    }
    world.browser().get("/authorize").await.is_page(400);
    world.change_client("web", |client| client.disabled = true).await;
    leads_nowhere(&authorize(&mut world.browser(), "web", &[]).await, CALLBACK);
}

/// RFC 8252 §7.3; security 1.
#[tokio::test]
async fn only_the_port_of_a_native_clients_loopback_uri_may_vary() {
    let world = World::new().await;
    let mut native = Client::native(ClientId::parse("native").unwrap(), "Native");
    native.first_party = true;
    native.redirect_uris = vec!["http://127.0.0.1/cb".to_owned(), "com.example.app:/cb".to_owned()];
    world.put_client(&native).await;
    let mut browser = signed_in(&world, "web", ADA).await;
    for good in ["http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "com.example.app:/cb"] {
        // Anybody may listen there, so even a first party's answer waits for a click (RFC 8252 §8.6).
        let page = authorize(&mut browser, "native", &[("redirect_uri", good)]).await;
        assert_eq!(page.status, 200, "{page:?}");
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let allow = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
        let answer = browser.post("/consent", &allow).await;
        assert!(answer.location().starts_with(&format!("{good}?code=")), "{answer:?}");
    }
    for evil in [
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://localhost:49152/cb",
        "https://127.0.0.1:49152/cb",
        "com.example.app:/cb/x",
        "com.example.app.evil:/cb",
    ] {
        leads_nowhere(&authorize(&mut browser, "native", &[("redirect_uri", evil)]).await, evil);
    }
}

/// RFC 9207 §2, RFC 6749 §4.1.2.1; security 7, specs rule 2.
#[tokio::test]
async fn every_other_error_goes_to_the_client_in_the_mode_it_asked_for() {
    let world = World::new().await;
    for (parameter, value, code) in [
        ("response_type", "none", "unauthorized_client"),
        ("response_type", "saml", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "web_message", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "tooshort", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("scope", "a\"b", "invalid_scope"),
        ("audience", "https://nobody.example", "invalid_target"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "invalid_request_object"),
        ("request_uri", "http://127.0.0.1:1/", "invalid_request_uri"),
        ("registration", "{\"redirect_uris\":[\"https://evil.example\"]}", "registration_not_supported"),
        ("id_token_hint", "garbage", "invalid_request"),
    ] {
        let answer = authorize(&mut world.browser(), "web", &[(parameter, value)]).await;
        answer.is_redirected_error(code);
        assert!(answer.location().starts_with(&format!("{CALLBACK}?error=")), "{parameter}: {answer:?}");
        if parameter == "response_mode" {
            continue;
        }
        let answer = authorize(&mut world.browser(), "web", &[(parameter, value), ("response_mode", "fragment")]).await;
        answer.is_redirected_error(code);
        assert!(answer.location().starts_with(&format!("{CALLBACK}#error=")), "{parameter}: {answer:?}");

        let posted =
            authorize(&mut world.browser(), "web", &[(parameter, value), ("response_mode", "form_post")]).await;
        assert_eq!(posted.status, 200);
        assert!(posted.body.contains(&format!("action=\"{CALLBACK}\"")), "{}", posted.body);
        let fields = (posted.field("error"), posted.field("state"), posted.field("iss"));
        assert_eq!(fields, (code.to_owned(), "st/ate +1".to_owned(), ISSUER.to_owned()), "{parameter}");
    }
}

#[tokio::test]
async fn a_code_comes_in_the_mode_asked_for() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let fragment = authorize(&mut browser, "web", &[("response_mode", "fragment")]).await;
    assert!(fragment.location().starts_with(&format!("{CALLBACK}#code=")));
    let posted = authorize(&mut browser, "web", &[("response_mode", "form_post")]).await;
    assert_eq!((posted.status.as_u16(), posted.header("cache-control")), (200, "no-store"));
    assert_eq!((posted.field("state"), posted.field("iss")), ("st/ate +1".to_owned(), ISSUER.to_owned()));
    assert_eq!(world.redeem("web", &posted.field("code")).await.status, 200);
}

/// Security 9.
#[tokio::test]
async fn a_client_uses_only_the_response_modes_and_grants_it_is_registered_for() {
    let world = World::new().await;
    world
        .change_client("web", |client| client.responses.response_modes = [symbolon_oauth::ResponseMode::Query].into())
        .await;
    for mode in ["fragment", "form_post"] {
        authorize(&mut world.browser(), "web", &[("response_mode", mode)]).await.is_redirected_error("invalid_request");
    }
    world.change_client("other", |client| client.grant_types.retain(|grant| grant != "authorization_code")).await;
    authorize(&mut world.browser(), "other", &[]).await.is_redirected_error("unauthorized_client");
}

/// Security 5; specs rule 3.
#[tokio::test]
async fn a_parameter_given_twice_is_refused_and_an_unknown_one_ignored() {
    let world = World::new().await;
    let url = authorize_url("web", &[]);
    for name in ["client_id", "redirect_uri"] {
        world.browser().get(&format!("{url}&{name}=web")).await.is_page(400);
    }
    for name in ["state", "scope", "nonce", "response_type", "code_challenge", "unknown"] {
        let twice = format!("{url}&{name}=a&{name}=a");
        let answer = world.browser().get(&twice).await;
        assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{name}: {answer:?}");
    }
    // One of two states would be a guess.
    assert_eq!(world.browser().get(&format!("{url}&state=b")).await.param("state"), None);
    let unknown = authorize(&mut world.browser(), "web", &[("auth0Client", "e30="), ("ui_locales", "xx de")]).await;
    assert_eq!(unknown.status, 200);
    assert_eq!(authorize(&mut world.browser(), "web", &[("resource", crate::support::API)]).await.status, 200);
}

/// Security 10.
#[tokio::test]
async fn state_comes_back_byte_for_byte_up_to_one_and_a_half_kilobytes() {
    let world = World::new().await;
    let printable: String = (' '..='~').collect();
    let long = format!("{}ä€😀", "x".repeat(1_527));
    assert_eq!(long.len(), 1_536);
    let other_scripts = "ж中\u{202e}é e\u{301}\u{7f}\t\r\n".repeat(20);
    for state in [&printable, &long, &other_scripts, "%00+%2B", "a&b=c#d"] {
        let mut browser = world.browser();
        let page = authorize(&mut browser, "web", &[("state", state)]).await;
        let answer = browser.sign_in(&page, ADA, PASSWORD).await;
        assert_eq!(answer.param("state").as_deref(), Some(state));
        let again = authorize(&mut browser, "web", &[("state", state), ("response_mode", "fragment")]).await;
        assert_eq!(again.param("state").as_deref(), Some(state));
    }
    let longer = authorize(&mut world.browser(), "web", &[("state", &format!("{long}y"))]).await;
    assert_eq!(longer.param("error").as_deref(), Some("invalid_request"));
    assert_eq!(longer.param("state"), None);
}

/// OpenID Connect Core §3.1.2.1: what is too large for a URL comes by POST, from any site, and finds who is signed in.
#[tokio::test]
async fn core_section_3_1_2_1_a_large_request_by_post_is_answered_with_the_cookies_of_the_browser() {
    let world = World::new().await;
    let more = [("unknown", &*"x".repeat(20_000)), ("prompt", "none")];
    let query = authorize_url("web", &more).strip_prefix("/authorize?").unwrap().to_owned();
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ORIGIN, "https://app.example.com")];
    let mut browser = signed_in(&world, "web", ADA).await;
    let page = browser.send(Method::POST, "/authorize", &headers, Some(query.clone())).await;
    page.is_page(200);
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example.com"), "{page:?}");
    let answer = browser.handed_on(page, "/authorize/again").await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    // What no page of ours could carry is told to the client.
    let (query, mut browser) = (query.replace("&prompt=none", ""), world.browser());
    let page = browser.send(Method::POST, "/authorize", &headers, Some(query)).await;
    browser.handed_on(page, "/authorize/again").await.is_redirected_error("invalid_request");
}

/// Whatever the sign-in page accepts, it can carry to the end.
#[tokio::test]
async fn a_request_of_any_size_that_is_taken_up_is_also_finished() {
    let world = World::new().await;
    for size in [1_000, 4_000, 7_000, 10_000, 12_000, 14_000, 20_000, 28_000] {
        let mut browser = world.browser();
        let page = authorize(&mut browser, "web", &[("unknown", &"x".repeat(size))]).await;
        if page.status == 200 {
            let answer = browser.sign_in(&page, ADA, PASSWORD).await;
            let answer = browser.handed_on(answer, "/authorize/continue").await;
            assert!(answer.param("code").is_some(), "{size} bytes: {}", answer.body);
        } else {
            page.is_redirected_error("invalid_request");
        }
    }
}

/// OpenID Connect Core §3.1.2.1: "MUST support the use of the HTTP GET and POST methods".
#[tokio::test]
async fn a_request_by_post_becomes_a_get_from_any_site() {
    let world = World::new().await;
    let query = authorize_url("web", &[]).strip_prefix("/authorize?").unwrap().to_owned();
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ORIGIN, "https://app.example.com")];
    let mut browser = signed_in(&world, "web", ADA).await;
    let cookies = browser.cookies.clone();
    let answer = browser.send(Method::POST, "/authorize", &headers, Some(query)).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/authorize?"), "{answer:?}");
    assert_eq!(browser.cookies, cookies);
    let answer = browser.follow(answer).await;
    assert!(answer.param("code").is_some(), "{answer:?}");

    let json = world.send(Method::POST, "/authorize", &[(CONTENT_TYPE, "application/json")], Some("{}".into())).await;
    json.is_page(400);
}

/// Security 15, 109.
#[tokio::test]
async fn the_authorization_endpoint_has_no_cors() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let origin = [(ORIGIN, crate::support::SPA_ORIGIN)];
    let answer = browser.send(Method::GET, &authorize_url("web", &[]), &origin, None).await;
    let method = HeaderName::from_static("access-control-request-method");
    let preflight = [origin[0].clone(), (method, "GET")];
    let asked = browser.send(Method::OPTIONS, &authorize_url("web", &[]), &preflight, None).await;
    assert_eq!(asked.status, 405);
    for answer in [answer, asked] {
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{answer:?}");
    }
}

/// Specs rule 6; security 12.
#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let world = World::new().await;
    authorize(&mut world.browser(), "web", &[("prompt", "none")]).await.is_redirected_error("login_required");
    let mut browser = signed_in(&world, "web", ADA).await;
    world.advance(100);
    let silent = authorize(&mut browser, "web", &[("prompt", "none")]).await;
    let tokens = world.redeem("web", &silent.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["auth_time"], json!(crate::support::NOW));
    let old = authorize(&mut browser, "web", &[("prompt", "none"), ("max_age", "99")]).await;
    old.is_redirected_error("login_required");
    authorize(&mut browser, "partner", &[("prompt", "none")]).await.is_redirected_error("consent_required");
}

/// Specs rule 6: the sign-in is real, and `auth_time` is its time.
#[tokio::test]
async fn prompt_login_and_max_age_really_ask_again() {
    for again in [("prompt", "login"), ("max_age", "99"), ("max_age", "0")] {
        let world = World::new().await;
        let mut browser = signed_in(&world, "web", ADA).await;
        world.advance(100);
        let page = authorize(&mut browser, "web", &[again]).await;
        page.is_page(200);
        // The pending request alone does not satisfy it, with the old session or the old page's field.
        let interaction = page.field("interaction");
        let direct = browser.get(&format!("/authorize/continue?{}", form(&[("interaction", &interaction)]))).await;
        direct.is_page(400);
        // A wrong password does not either.
        let wrong = browser.sign_in(&page, ADA, "wrong horse battery").await;
        wrong.is_page(400);

        let answer = browser.sign_in(&page, ADA, PASSWORD).await;
        let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
        assert_eq!(claims(&tokens["id_token"])["auth_time"], json!(crate::support::NOW + 100), "{again:?}");
    }
}

#[tokio::test]
async fn what_an_earlier_sign_in_proved_does_not_count_for_a_later_request() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = authorize(&mut browser, "web", &[]).await;
    let fields = [
        ("interaction", page.field("interaction")),
        ("csrf", page.field("csrf")),
        ("username", ADA.to_owned()),
        ("password", PASSWORD.to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let proof = browser.post("/login", &fields).await;
    let proven = param(proof.location(), "interaction").unwrap();
    browser.follow(proof).await;
    world.advance(100);

    let again = authorize(&mut browser, "web", &[("prompt", "login"), ("state", "later")]).await;
    assert_ne!(again.field("interaction"), proven);
    let replayed = browser.get(&format!("/authorize/continue?{}", form(&[("interaction", &proven)]))).await;
    assert_ne!(replayed.param("state").as_deref(), Some("later"), "the later request was never answered");
    // In another browser the value is worth nothing at all.
    let stolen = world.browser().get(&format!("/authorize/continue?{}", form(&[("interaction", &proven)]))).await;
    stolen.is_page(400);
    let mut other = signed_in(&world, "web", BOB).await;
    other.get(&format!("/authorize/continue?{}", form(&[("interaction", &proven)]))).await.is_page(400);
}

#[tokio::test]
async fn a_pending_request_must_be_finished_within_the_hour() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = authorize(&mut browser, "web", &[]).await;
    world.advance(3_601);
    browser.sign_in(&page, ADA, PASSWORD).await.is_page(400);
}

#[tokio::test]
async fn select_account_lets_somebody_else_sign_in() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let page = authorize(&mut browser, "web", &[("prompt", "select_account")]).await;
    page.is_page(200);
    let answer = browser.sign_in(&page, BOB, PASSWORD).await;
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["email"], BOB);
}

#[tokio::test]
async fn one_sign_in_serves_every_client_of_the_browser() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    for client in ["other", "spa", "web"] {
        let answer = authorize(&mut browser, client, &[]).await;
        assert!(answer.param("code").is_some(), "{client}: {answer:?}");
    }
    authorize(&mut world.browser(), "other", &[]).await.is_page(200);
}

#[tokio::test]
async fn a_login_hint_fills_the_field_and_runs_nothing() {
    let world = World::new().await;
    let page = authorize(&mut world.browser(), "web", &[("login_hint", ADA)]).await;
    assert!(page.body.contains(&format!("value=\"{ADA}\"")), "{}", page.body);
    for hostile in ["\"><script>alert(1)</script>", "' onfocus=alert(1) x='", "{{7*7}}", "</title><img src=x>"] {
        let page = authorize(&mut world.browser(), "web", &[("login_hint", hostile)]).await;
        page.is_page(200);
        assert!(!page.body.contains(hostile) || !hostile.contains(['<', '"', '\'']), "{}", page.body);
    }
    // A hint is help, never a reason to refuse.
    authorize(&mut world.browser(), "web", &[("login_hint", &"x".repeat(2_000))]).await.is_page(200);
}

/// OpenID Connect Core §3.1.2.1; security 13.
#[tokio::test]
async fn an_id_token_hint_names_who_must_be_signed_in() {
    let world = World::new().await;
    let adas = world.tokens("web", ADA).await["id_token"].as_str().unwrap().to_owned();
    let mut browser = signed_in(&world, "web", ADA).await;
    world.advance(10_000);
    let silent = [("prompt", "none"), ("id_token_hint", adas.as_str())];
    assert!(authorize(&mut browser, "web", &silent).await.param("code").is_some(), "an expired hint counts");

    let mut bobs = signed_in(&world, "web", BOB).await;
    authorize(&mut bobs, "web", &silent).await.is_redirected_error("login_required");
    let page = authorize(&mut bobs, "web", &[("id_token_hint", &adas)]).await;
    page.is_page(200);
    bobs.sign_in(&page, BOB, PASSWORD).await.is_redirected_error("login_required");
    let page = authorize(&mut bobs, "web", &[("id_token_hint", &adas)]).await;
    assert!(bobs.sign_in(&page, ADA, PASSWORD).await.param("code").is_some());
}

/// Security 13, 70.
#[tokio::test]
async fn an_id_token_hint_that_is_not_ours_for_this_client_is_an_error() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let (head, signature) = id_token.rsplit_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", id_token.split('.').nth(1).unwrap());
    let mut browser = signed_in(&world, "web", ADA).await;
    for hint in [
        tokens["access_token"].as_str().unwrap(),
        &format!("{head}.{}", signature.chars().rev().collect::<String>()),
        &unsigned,
        "a.b.c",
        "..",
        &format!("{}.e30.x", "x".repeat(9_000)),
    ] {
        authorize(&mut browser, "web", &[("id_token_hint", hint)]).await.is_redirected_error("invalid_request");
    }
    authorize(&mut browser, "other", &[("id_token_hint", id_token)]).await.is_redirected_error("invalid_request");
}

/// Security 11.
#[tokio::test]
async fn a_nonce_is_copied_and_never_invented() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    for (nonce, expected) in [("", json!(null)), ("ä\"\\ n", json!("ä\"\\ n"))] {
        let answer = authorize(&mut browser, "web", &[("nonce", nonce)]).await;
        let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
        assert_eq!(claims(&tokens["id_token"])["nonce"], expected);
        let refreshed = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
        assert_eq!(claims(&refreshed["id_token"])["nonce"], json!(null));
    }
}

/// Experience §4: the sign-in page always has a way back.
#[tokio::test]
async fn saying_no_on_the_sign_in_page_is_access_denied() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = authorize(&mut browser, "web", &[]).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", interaction.as_str()), ("csrf", &csrf), ("decision", "deny")];
    browser.post("/login", &fields).await.is_redirected_error("access_denied");
}

/// Security 20: no profile asks for it here, so every client must send it.
#[tokio::test]
async fn a_public_client_needs_pkce_whatever_its_registration_says() {
    let world = World::new().await;
    world.change_client("spa", |client| client.require_pkce = false).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    authorize(&mut world.browser(), "spa", &without).await.is_redirected_error("invalid_request");
    let challenge = challenge();
    let no_method = [("code_challenge", challenge.as_str()), ("code_challenge_method", "")];
    authorize(&mut world.browser(), "spa", &no_method).await.is_redirected_error("invalid_request");
}
