//! Pushed authorization requests (RFC 9126): what a client pushes is what is asked, once, and nobody else can change or use it.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};

use crate::support::client::form;
use crate::support::flow::{authorize_url, basic};
use crate::support::requests::{object, object_url, parameters, reference_url};
use crate::support::{Answer, Browser, CALLBACK, PASSWORD, SECRET, SPA_CALLBACK, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";

/// It is said on a page, with the standard's code.
#[track_caller]
fn is_refused(answer: &Answer) {
    answer.is_page(400);
    assert!(answer.body.contains("invalid_request_uri"), "{}", answer.body);
}

/// A browser in which Ada has signed in.
async fn signed_in(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    browser
}

async fn decide(browser: &mut Browser, page: &Answer, path: &str, decision: &str) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    browser.post(path, &[("interaction", &interaction), ("csrf", &csrf), ("decision", decision)]).await
}

#[tokio::test]
async fn what_is_pushed_is_what_is_asked() {
    let world = World::new().await;
    for (client, callback) in [("web", CALLBACK), ("partner", CALLBACK), ("spa", SPA_CALLBACK)] {
        let answer = world.push(client, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{}", answer.body);
        let told = answer.json();
        assert_eq!(told["expires_in"], 60);
        let request_uri = told["request_uri"].as_str().unwrap();
        assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:sym_rq_"), "{request_uri}");
        let mut browser = world.browser();
        let page = browser.get(&reference_url(client, request_uri, &[])).await;
        let mut answer = browser.sign_in(&page, ADA, PASSWORD).await;
        if client == "partner" {
            answer = decide(&mut browser, &answer, "/consent", "allow").await;
        }
        assert!(answer.location().starts_with(callback), "{answer:?}");
        assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
        assert_eq!(world.redeem(client, &answer.param("code").unwrap()).await.status, 200);
    }
}

/// RFC 9126 §4: "the client MUST only use a request_uri value once"; specs rule 5.
#[tokio::test]
async fn a_request_uri_is_used_up_by_the_code_and_not_by_a_page_that_is_loaded_again_rfc_9126_4() {
    let world = World::new().await;
    let request_uri = world.pushed("web", &[]).await;
    let url = reference_url("web", &request_uri, &[]);
    let mut browser = world.browser();
    for _ in 0..3 {
        browser.get(&url).await.is_page(200);
    }
    // Somebody else who loads the page first takes nothing from whom it is for.
    world.browser().get(&url).await.is_page(200);
    let page = browser.get(&url).await;
    let wrong = browser.sign_in(&page, ADA, "wrong horse battery").await;
    wrong.is_page(400);
    assert!(wrong.body.contains("Web"), "the page still says for whom: {}", wrong.body);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    is_refused(&browser.get(&url).await);
    is_refused(&world.browser().get(&url).await);
    // Nor does the page that is still open in another window bring a second code.
    let again = browser.sign_in(&page, ADA, PASSWORD).await;
    is_refused(&again);
}

#[tokio::test]
async fn of_many_browsers_that_finish_one_pushed_request_one_gets_a_code_rfc_9126_7_3() {
    let world = World::new().await;
    let url = reference_url("web", &world.pushed("web", &[]).await, &[]);
    let mut windows = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (mut browser, url) = (signed_in(&world).await, url.clone());
        windows.spawn(async move { browser.get(&url).await });
    }
    let answers = windows.join_all().await;
    let (sent, pages): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 303);
    assert_eq!(sent.iter().filter(|answer| answer.param("code").is_some()).count(), 1, "{answers:?}");
    // Whoever read it before it was used up has proven whose it is: the client hears of it (specs rule 2).
    let late = sent.iter().filter(|answer| answer.param("code").is_none());
    late.for_each(|answer| answer.is_redirected_error("invalid_request_uri"));
    pages.into_iter().for_each(is_refused);
}

#[tokio::test]
async fn no_and_not_without_a_page_use_it_up_too() {
    let world = World::new().await;
    let mut browser = world.browser();
    let url = reference_url("web", &world.pushed("web", &[]).await, &[]);
    let page = browser.get(&url).await;
    decide(&mut browser, &page, "/login", "deny").await.is_redirected_error("access_denied");
    is_refused(&browser.get(&url).await);

    let url = reference_url("web", &world.pushed("web", &[("prompt", "none")]).await, &[]);
    browser.get(&url).await.is_redirected_error("login_required");
    is_refused(&browser.get(&url).await);

    let url = reference_url("partner", &world.pushed("partner", &[]).await, &[]);
    let page = browser.get(&url).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    decide(&mut browser, &consent, "/consent", "deny").await.is_redirected_error("access_denied");
    is_refused(&browser.get(&url).await);
}

/// RFC 9126 §2.2: "the request_uri value MUST be bound to the client that posted the authorization request".
#[tokio::test]
async fn a_request_uri_is_its_clients_own_rfc_9126_2_2() {
    let world = World::new().await;
    let request_uri = world.pushed("web", &[]).await;
    let mut browser = signed_in(&world).await;
    for other in ["other", "partner", "spa", "nobody"] {
        let answer = browser.get(&reference_url(other, &request_uri, &[])).await;
        answer.is_page(400);
        assert!(!answer.body.contains("Web"), "who pushed it is not told: {}", answer.body);
    }
    browser.get(&format!("/authorize?{}", form(&[("request_uri", &request_uri)]))).await.is_page(400);
    let mine = browser.get(&reference_url("web", &request_uri, &[])).await;
    assert!(mine.param("code").is_some(), "nothing was used up: {mine:?}");
}

/// RFC 9126 §4: "An expired request_uri MUST be rejected as invalid".
#[tokio::test]
async fn it_is_good_for_a_minute_to_begin_with_and_then_for_as_long_as_the_page_rfc_9126_4() {
    let world = World::new().await;
    let url = reference_url("web", &world.pushed("web", &[]).await, &[]);
    let mut browser = world.browser();
    world.advance(59);
    let page = browser.get(&url).await;
    page.is_page(200);
    world.advance(1);
    is_refused(&world.browser().get(&url).await);
    is_refused(&browser.get(&url).await);
    world.advance(3_000);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(answer.param("code").is_some(), "begun in time: {answer:?}");
}

/// RFC 9101 §6.3, RFC 9126 §7.5.
#[tokio::test]
async fn nothing_in_the_url_changes_what_was_pushed() {
    let world = World::new().await;
    let request_uri = world.pushed("web", &[("scope", "openid"), ("nonce", "pushed")]).await;
    let beside = [
        ("redirect_uri", "https://evil.example/"),
        ("state", "evil"),
        ("scope", "openid email"),
        ("nonce", "evil"),
        ("response_mode", "form_post"),
        ("prompt", "none"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("max_age", "0"),
    ];
    let mut browser = signed_in(&world).await;
    let answer = browser.get(&reference_url("web", &request_uri, &beside)).await;
    assert!(answer.location().starts_with(&format!("{CALLBACK}?code=")), "{answer:?}");
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid");
    assert_eq!(crate::support::protocol::claims(&tokens["id_token"])["nonce"], "pushed");

    let request_uri = world.pushed("web", &[]).await;
    let twice = format!("{}&request_uri=x", reference_url("web", &request_uri, &[]));
    browser.get(&twice).await.is_page(400);
    browser.get(&reference_url("web", &request_uri, &[("request", "e30.e30.")])).await.is_page(400);
    for made_up in ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:sym_rq_guess"] {
        is_refused(&browser.get(&reference_url("web", made_up, &[])).await);
    }
}

/// RFC 9126 §2.1: "Authenticate the client in the same way as at the token endpoint".
#[tokio::test]
async fn only_a_client_that_proves_who_it_is_pushes_rfc_9126_2_1() {
    let world = World::new().await;
    let pairs = parameters("web", &[]);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for authorization in ["", &basic("web", "wrong"), &basic("nobody", SECRET)] {
        let answer = world.post_with(authorization, "/oauth/par", &pairs).await;
        assert!([400, 401].contains(&answer.status.as_u16()) && !answer.body.contains("request_uri"), "{answer:?}");
    }
    // Another client's name is no name to push under.
    world.post_with(&basic("other", SECRET), "/oauth/par", &pairs).await.is_error(400, "invalid_request");
    let secret_of_none = [pairs.as_slice(), &[("client_secret", SECRET)]].concat();
    world.post_with(&basic("web", SECRET), "/oauth/par", &secret_of_none).await.is_error(400, "invalid_request");
    world.change_client("web", |client| client.disabled = true).await;
    world.push("web", &[]).await.is_error(401, "invalid_client");
}

/// RFC 9126 §2.1, §2.3.
#[tokio::test]
async fn what_is_pushed_is_checked_at_once_rfc_9126_2_1() {
    let world = World::new().await;
    for (name, value, code) in [
        ("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"),
        ("request_uri", "https://app.example.com/request", "invalid_request"),
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("redirect_uri", "", "invalid_request"),
        ("response_type", "", "invalid_request"),
        ("response_type", "none of these", "unsupported_response_type"),
        ("response_mode", "nonsense", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("scope", "a\"b", "invalid_scope"),
        ("audience", "https://nobody.example", "invalid_target"),
        ("registration", "{}", "registration_not_supported"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "invalid_request_object"),
    ] {
        let answer = world.push("web", &[(name, value)]).await;
        answer.is_error(400, code);
    }
}

/// RFC 9126 §2.1, §2.3.
#[tokio::test]
async fn it_is_a_form_of_sane_size_and_posted_rfc_9126_2_3() {
    let world = World::new().await;
    let authorization = basic("web", SECRET);
    let form_headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (AUTHORIZATION, &*authorization)];
    let post = async |body: String| world.send(Method::POST, "/oauth/par", &form_headers, Some(body)).await;
    let usual = authorize_url("web", &[]).split_once('?').unwrap().1.to_owned();
    post(format!("{usual}&state=again")).await.is_error(400, "invalid_request");
    post("state=%zz".to_owned()).await.is_error(400, "invalid_request");
    post(format!("{usual}&unknown={}", "x".repeat(2_000_000))).await.is_error(413, "invalid_request");
    // It would be three times as long as it came, and could not be read again.
    post(format!("{usual}&unknown={}", "{".repeat(30_000))).await.is_error(413, "invalid_request");
    assert_eq!(post(usual).await.status, 201);

    let json = serde_json::json!({ "response_type": "code" });
    let answer = world.post_json("/oauth/par", &[(AUTHORIZATION, &*authorization)], &json).await;
    answer.is_error(400, "invalid_request");
    assert_eq!(world.send(Method::GET, "/oauth/par", &[(AUTHORIZATION, &*authorization)], None).await.status, 405);
    let in_url = world.send(Method::POST, "/oauth/par?client_id=web", &form_headers, Some(String::new())).await;
    in_url.is_error(400, "invalid_request");
}

/// What travels through the pages is the reference alone, so a pushed request may be larger than a query.
#[tokio::test]
async fn a_request_too_large_for_a_query_can_be_pushed() {
    let world = World::new().await;
    let request_uri = world.pushed("web", &[("unknown", &"x".repeat(20_000))]).await;
    let mut browser = world.browser();
    let page = browser.get(&reference_url("web", &request_uri, &[])).await;
    assert!(page.field("interaction").len() < 1_000);
    assert!(browser.sign_in(&page, ADA, PASSWORD).await.param("code").is_some());
}

/// RFC 9126 §4, §6: "the authorization server will refuse, using the invalid_request error code".
#[tokio::test]
async fn a_client_that_must_push_is_refused_without_rfc_9126_6() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    world.change_client("web", |client| client.requests.require_pushed_authorization_requests = true).await;
    let mut browser = signed_in_at(&world, "other").await;
    browser.get(&authorize_url("web", &[])).await.is_redirected_error("invalid_request");
    let signed = browser.get(&object_url("web", &object(&key, "web", &[]), &[])).await;
    signed.is_redirected_error("invalid_request");
    let pushed = browser.get(&reference_url("web", &world.pushed("web", &[]).await, &[])).await;
    assert!(pushed.param("code").is_some(), "{pushed:?}");
    assert!(browser.get(&authorize_url("other", &[])).await.param("code").is_some(), "others need not");

    let metadata = async || world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata().await["require_pushed_authorization_requests"], false);
    for client in ["other", "partner", "spa"] {
        world.change_client(client, |client| client.requests.require_pushed_authorization_requests = true).await;
    }
    assert_eq!(metadata().await["require_pushed_authorization_requests"], true);
}

async fn signed_in_at(world: &World, client: &str) -> Browser {
    let mut browser = world.browser();
    browser.code(client, ADA, &[]).await;
    browser
}

/// RFC 9126 §7.4: what the client may do is looked up again.
#[tokio::test]
async fn what_changes_after_the_push_counts_rfc_9126_7_4() {
    let world = World::new().await;
    let mut browser = signed_in_at(&world, "other").await;
    let request_uri = world.pushed("web", &[]).await;
    world.change_client("web", |client| client.redirect_uris = vec!["https://new.example.com/".to_owned()]).await;
    browser.get(&reference_url("web", &request_uri, &[])).await.is_page(400);
    world.change_client("web", |client| client.redirect_uris = vec![CALLBACK.to_owned()]).await;
    world.change_client("web", |client| client.disabled = true).await;
    browser.get(&reference_url("web", &request_uri, &[])).await.is_page(400);
    world.change_client("web", |client| client.disabled = false).await;
    assert!(browser.get(&reference_url("web", &request_uri, &[])).await.param("code").is_some());
}

/// RFC 9126 §3: the object is opened when it is pushed, and only what is in it counts.
#[tokio::test]
async fn a_request_object_can_be_pushed_rfc_9126_3() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    world.change_client("web", |client| client.requests.require_signed_request_object = true).await;
    let mut browser = signed_in_at(&world, "other").await;
    world.push("web", &[]).await.is_error(400, "invalid_request");
    let inside = object(&key, "web", &[]);
    let push = async |pairs: &[(&str, &str)]| world.post_as("web", "/oauth/par", pairs).await;
    let answer = push(&[("request", &inside), ("redirect_uri", "https://evil.example/"), ("state", "outside")]).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let request_uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    let answer = browser.get(&reference_url("web", &request_uri, &[])).await;
    assert!(answer.location().starts_with(&format!("{CALLBACK}?code=")), "{answer:?}");
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));

    // "the authorization server MUST validate that the authenticated client_id matches the client_id in the request object".
    let of_other = object(&key, "other", &[]);
    push(&[("request", &of_other)]).await.is_error(400, "invalid_request_object");
    let endless = format!("{inside}{}", "A".repeat(40_000));
    push(&[("request", &endless)]).await.is_error(400, "invalid_request_object");
    let elsewhere = object(&key, "web", &[("redirect_uri", "https://evil.example/")]);
    push(&[("request", &elsewhere)]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn a_browser_program_pushes_from_its_registered_origin_only() {
    let world = World::new().await;
    let body = authorize_url("spa", &[]).split_once('?').unwrap().1.to_owned();
    for (origin, readable) in [(SPA_ORIGIN, true), ("https://evil.example", false)] {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ORIGIN, origin)];
        let answer = world.send(Method::POST, "/oauth/par", &headers, Some(body.clone())).await;
        assert_eq!(answer.header("access-control-allow-origin") == origin, readable, "{answer:?}");
    }
}

/// The store keeps no pushed request beyond its time (F8: abandoned ones).
#[tokio::test]
async fn abandoned_pushed_requests_are_swept() {
    let world = World::new().await;
    let request_uri = world.pushed("web", &[]).await;
    let hash = symbolon_store::Hash32(symbolon_jose::sha256(request_uri.rsplit(':').next().unwrap().as_bytes()));
    let store = &world.running.app.store;
    let kept = async || store.artefact(symbolon_store::Artefact::PUSHED_REQUEST, hash).await.unwrap();
    let found = kept().await.unwrap();
    assert!(!found.payload.to_string().contains("sym_rq_"), "only its hash is kept");
    let sweep = symbolon_store::Sweep { now: found.expires_at + 1, limit: 100, keep_secs: 0, audit_keep_secs: None };
    store.sweep(sweep).await.unwrap();
    assert_eq!(kept().await, None);
}

/// RFC 9126 §2.3 (429); security 94: anybody can push in the name of a public client.
#[tokio::test]
async fn pushed_requests_of_public_clients_that_bring_nothing_are_bounded_for_each_address_security_94() {
    let world = World::with(|config| config.throttle.address.free = 1).await;
    let mut browser = world.browser();
    let first = world.pushed("spa", &[]).await;
    for _ in 0..8 {
        world.pushed("spa", &[]).await;
    }
    let silent = world.pushed("spa", &[("prompt", "none")]).await;
    let refused = world.push("spa", &[]).await;
    refused.is_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    // Whoever proves who it is does not wait for those who do not.
    world.pushed("web", &[]).await;
    // A refusal, which anybody can have at once, makes no room; a sign-in does, for one.
    browser.get(&reference_url("spa", &silent, &[])).await.is_redirected_error("login_required");
    world.push("spa", &[]).await.is_error(429, "temporarily_unavailable");
    let page = browser.get(&reference_url("spa", &first, &[])).await;
    assert!(browser.sign_in(&page, ADA, PASSWORD).await.param("code").is_some());
    world.pushed("spa", &[]).await;
    world.push("spa", &[]).await.is_error(429, "temporarily_unavailable");
}
