//! Promises of signing out: who may cause it, what it ends, and where it may lead.

use http::header::REFERER;
use http::{HeaderName, Method};

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::{Browser, NOW, World};

const BYE: &str = "https://app.example.com/bye";
const SESSION: &str = "symbolon-session-4400";

/// Signs in at `web`; gives the browser and its ID token.
async fn signed_in(world: &World, email: &str) -> (Browser, String) {
    let mut browser = world.browser();
    let code = browser.code("web", email, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    (browser, tokens["id_token"].as_str().unwrap().to_owned())
}

async fn is_signed_in(browser: &Browser) -> bool {
    let answer = browser.clone().get(&authorize_url("web", &[("prompt", "none")])).await;
    answer.param("code").is_some()
}

fn logout(pairs: &[(&str, &str)]) -> String {
    format!("/logout?{}", form(pairs))
}

/// 92; RP-Initiated Logout §2, §3.
#[tokio::test]
async fn a_good_hint_signs_out_at_once_and_returns_to_the_client() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    let before = browser.clone();
    let path = logout(&[("id_token_hint", &id_token), ("post_logout_redirect_uri", BYE), ("state", "a b/ü&x=1")]);
    let answer = browser.get(&path).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(&format!("{BYE}?state=")));
    assert_eq!(answer.param("state").as_deref(), Some("a b/ü&x=1"));
    assert_eq!(answer.header("clear-site-data"), "\"storage\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!browser.cookies.contains_key(SESSION));
    assert!(!is_signed_in(&before).await, "the old cookie still works");
    let again = browser.get(&path).await;
    assert!(again.location().starts_with(BYE), "nobody left to sign out, and no error: {again:?}");
}

/// §2: an expired hint still says who was meant.
#[tokio::test]
async fn an_expired_hint_still_counts() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    world.advance(3_600);
    let path = logout(&[("id_token_hint", &id_token), ("post_logout_redirect_uri", BYE), ("client_id", "web")]);
    assert_eq!(browser.get(&path).await.location(), BYE);
}

/// 97: no other site signs anybody out by a link.
#[tokio::test]
async fn without_a_good_hint_a_page_asks_first() {
    let world = World::new().await;
    let (ada, _) = signed_in(&world, "ada@example.com").await;
    let (_, bobs) = signed_in(&world, "bob@example.com").await;
    let (_, elsewhere) = signed_in(&world, "ada@example.com").await;
    for path in [
        "/logout".to_owned(),
        logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE)]),
        logout(&[("id_token_hint", &bobs)]),
        logout(&[("id_token_hint", &elsewhere)]),
        logout(&[("logout_hint", "ada@example.com"), ("ui_locales", "de")]),
    ] {
        let page = ada.clone().get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let question = if path.contains("ui_locales=de") { "Abmelden?" } else { "Sign out?" };
        assert!(page.body.contains(question), "{path}: {}", page.body);
        assert!(is_signed_in(&ada).await, "{path}");
    }
}

#[tokio::test]
async fn saying_yes_signs_out_and_returns_to_the_client() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    let before = browser.clone();
    let path = logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE), ("state", "s")]);
    let page = browser.get(&path).await;
    let (csrf, state) = (page.field("csrf"), page.field("logout"));
    let answer = browser.post("/logout", &[("csrf", &csrf), ("logout", &state)]).await;
    assert_eq!(answer.location(), format!("{BYE}?state=s"));
    assert!(!is_signed_in(&before).await);
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn without_a_place_to_return_to_a_page_says_so() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    let csrf = browser.get("/").await.field("csrf");
    let page = browser.post("/logout", &[("csrf", &csrf), ("logout", "")]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You are signed out"));
    let minutes = (NOW + 600).div_ceil(60);
    let until = format!("may accept what it was given until {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60);
    assert!(page.body.contains(&until), "{}", page.body);
    let again = browser.get("/logout").await.body;
    assert!(again.contains("You are signed out"), "signed out twice is no error");
    assert!(!again.contains("may accept"), "nothing was left to die");
}

/// Design §6: a legitimate cross-site post changes nothing by itself.
#[tokio::test]
async fn a_post_from_another_site_becomes_a_get() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    let fields = [("client_id", "web"), ("post_logout_redirect_uri", BYE), ("state", "s t")];
    // `SameSite=Lax` keeps the cookie back on such a post; the GET that follows carries it.
    let cookies = std::mem::take(&mut browser.cookies);
    let answer = browser.post_from("/logout", &fields, "https://app.example.com").await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/logout?") && !answer.headers.contains_key("set-cookie"));
    browser.cookies = cookies;
    let page = browser.get(answer.location()).await;
    assert!(page.body.contains("Sign out?"), "{}", page.body);
    assert!(is_signed_in(&browser).await);
}

/// What is wrong with it is told where the cookies come along: whoever wanted to sign out can do it all the same.
#[tokio::test]
async fn a_wrong_post_from_another_site_is_no_dead_end() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    let elsewhere = ("post_logout_redirect_uri", "https://x.example/");
    for fields in [vec![("client_id", "web"), elsewhere], vec![("id_token_hint", &*id_token), elsewhere]] {
        let cookies = std::mem::take(&mut browser.cookies);
        let answer = browser.post_from("/logout", &fields, "https://app.example.com").await;
        browser.cookies = cookies;
        let page = if answer.status.is_redirection() {
            browser.get(answer.location()).await
        } else {
            browser.handed_on(answer, "/logout/again").await
        };
        assert!(page.status == 400 && page.body.contains("https://x.example/"), "{}", page.body);
        let (csrf, kept) = (page.field("csrf"), page.field("logout"));
        let out = browser.clone().post("/logout", &[("csrf", &csrf), ("logout", &kept)]).await;
        assert!(out.status == 200 && out.body.contains("You are signed out"), "{}", out.body);
        browser = signed_in(&world, "ada@example.com").await.0;
    }
    let twice = browser.post("/logout", &[("client_id", "web"), ("client_id", "web")]).await;
    assert!(twice.status == 400 && !twice.field("csrf").is_empty(), "{}", twice.body);
}

/// Browsers of before Fetch Metadata say `Origin: null` for our page as for any other, and have no cookie once they are signed out.
#[tokio::test]
async fn a_browser_that_says_nothing_is_handed_on_once() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    browser.cookies.clear();
    let fields = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
    let first = browser.post_from("/logout", &fields, "null").await;
    assert!(first.status == 200 && first.body.contains("/logout/again"), "{}", first.body);
    let second = browser.post_from("/logout/again", &fields, "null").await;
    assert_eq!(second.location(), BYE);
    assert!(second.cookies().is_empty(), "what did not come is not taken away: {second:?}");
}

/// The form of our question is no longer than what was asked.
#[tokio::test]
async fn what_only_fills_a_request_is_not_asked_back() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    let hint = "ä".repeat(9_000);
    let fields = [("client_id", "web"), ("logout_hint", &*hint)];
    let page = browser.post_from("/logout", &fields, "http://app.localhost:4400").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.field("logout"), "client_id=web");
    let (csrf, kept) = (page.field("csrf"), page.field("logout"));
    browser.post("/logout", &[("csrf", &csrf), ("logout", &kept)]).await;
    assert!(!is_signed_in(&browser).await);
}

/// A post that brings the cookies along is answered as the same link would be.
#[tokio::test]
async fn a_post_of_the_same_site_is_answered_at_once() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    let question = browser.post_from("/logout", &[("client_id", "web")], "http://app.localhost:4400").await;
    assert!(question.status == 200 && question.body.contains("Sign out?"), "{}", question.body);
    assert!(is_signed_in(&browser).await);
    let fields = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE), ("state", "s t")];
    let answer = browser.post_from("/logout", &fields, "http://app.localhost:4400").await;
    assert_eq!(answer.location(), format!("{BYE}?state=s+t"));
    assert!(!is_signed_in(&browser).await);
}

/// 98.
#[tokio::test]
async fn a_confirmation_without_its_own_token_is_refused() {
    let world = World::new().await;
    let (ada, _) = signed_in(&world, "ada@example.com").await;
    let (mut bob, _) = signed_in(&world, "bob@example.com").await;
    let bobs = bob.get("/logout").await.field("csrf");
    let mine = ada.clone().get("/logout").await.field("csrf");
    let login = world.browser().get("/login").await.field("csrf");
    for token in [&*bobs, &login, "AAAA", &mine[..mine.len() - 1]] {
        let answer = ada.clone().post("/logout", &[("csrf", token), ("logout", "")]).await;
        assert_eq!(answer.status, 403);
        assert!(is_signed_in(&ada).await);
    }
    let foreign = ada.clone().post_from("/logout", &[("csrf", &mine), ("logout", "")], "https://evil.example").await;
    assert_eq!(foreign.status, 403);
    assert!(is_signed_in(&ada).await);
    world.advance(3_601);
    let late = ada.clone().post("/logout", &[("csrf", &mine), ("logout", "")]).await;
    assert_eq!(late.status, 400);
    assert!(is_signed_in(&ada).await);
}

/// 4, 52: never to an address that is not registered, hint or not.
#[tokio::test]
async fn an_unregistered_or_unproven_return_address_gets_a_page_and_ends_nothing() {
    let world = World::new().await;
    let (browser, id_token) = signed_in(&world, "ada@example.com").await;
    for uri in [
        "https://evil.example/",
        "https://app.example.com/bye/",
        "https://app.example.com/bye?x=1",
        "https://app.example.com/BYE",
        "http://app.example.com/bye",
        "https://app.example.com/callback",
        "//app.example.com/bye",
        "javascript:alert(1)",
        "/",
    ] {
        for path in [
            logout(&[("id_token_hint", &id_token), ("post_logout_redirect_uri", uri)]),
            logout(&[("client_id", "web"), ("post_logout_redirect_uri", uri)]),
        ] {
            let page = browser.clone().get(&path).await;
            assert_eq!(page.status, 400, "{path}");
            assert!(!page.headers.contains_key("location"), "{path}");
            assert!(is_signed_in(&browser).await, "{path}");
        }
    }
    for path in [
        logout(&[("post_logout_redirect_uri", BYE)]),
        logout(&[("post_logout_redirect_uri", BYE), ("client_id", "unknown")]),
        logout(&[("post_logout_redirect_uri", BYE), ("client_id", "spa")]),
        logout(&[("post_logout_redirect_uri", BYE), ("client_id", "other"), ("id_token_hint", &id_token)]),
        logout(&[("post_logout_redirect_uri", BYE), ("id_token_hint", &format!("{id_token}x"))]),
        logout(&[("post_logout_redirect_uri", BYE), ("id_token_hint", "e30.e30.")]),
        logout(&[("client_id", "web"), ("client_id", "web")]),
        logout(&[("state", &"x".repeat(2_000))]),
    ] {
        let page = browser.clone().get(&path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(!page.headers.contains_key("location"), "{path}");
        assert!(is_signed_in(&browser).await, "{path}");
    }
}

/// A mistake of the app's is no reason to stay signed in: what was received is named, as text, and a form of ours signs out.
#[tokio::test]
async fn where_the_request_cannot_be_followed_people_can_sign_out_anyway() {
    let world = World::new().await;
    let received = "https://app.example.com/BYE?<script>alert(1)</script>";
    let path = logout(&[("client_id", "web"), ("post_logout_redirect_uri", received)]);
    let page = world.browser().get(&path).await;
    let shown = received.replace('<', "&#60;").replace('>', "&#62;");
    assert!(page.status == 400 && page.body.contains(&shown) && !page.body.contains("<script>alert"), "{}", page.body);
    assert!(!page.body.contains("action=\"/logout\""), "nobody is signed in: {}", page.body);
    for path in [
        path.clone(),
        path.replace("/logout?", "/v2/logout?").replace("post_logout_redirect_uri", "returnTo"),
        logout(&[("id_token_hint", "e30.e30."), ("client_id", "web"), ("ui_locales", "de")]),
        logout(&[("client_id", "web"), ("client_id", "web")]),
    ] {
        let (mut browser, _) = signed_in(&world, "ada@example.com").await;
        let page = browser.get(&path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(is_signed_in(&browser).await, "{path}: a link ends nothing");
        let parameter = if path.contains("returnTo") { "<code>returnTo</code>" } else { "" };
        assert!(page.body.contains(parameter), "{path}: {}", page.body);
        let (csrf, kept) = (page.field("csrf"), page.field("logout"));
        let forged = browser.clone().post("/logout", &[("csrf", "x"), ("logout", &kept)]).await;
        assert!(forged.status == 403 && is_signed_in(&browser).await, "{path}");
        let out = browser.post("/logout", &[("csrf", &csrf), ("logout", &kept)]).await;
        let title = if path.contains("ui_locales") { "Sie sind abgemeldet" } else { "You are signed out" };
        assert!(out.status == 200 && out.body.contains(title), "{path}: {}", out.body);
        assert!(!is_signed_in(&browser).await, "{path}");
    }
}

/// 143.
#[tokio::test]
async fn a_disabled_client_is_not_returned_to() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world, "ada@example.com").await;
    world.change_client("web", |client| client.disabled = true).await;
    let path = logout(&[("id_token_hint", &id_token), ("post_logout_redirect_uri", BYE)]);
    let page = browser.get(&path).await;
    assert_eq!(page.status, 400);
    assert!(!page.headers.contains_key("location"));
}

/// 70: an access token is no hint.
#[tokio::test]
async fn a_token_of_another_kind_is_no_hint() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("web", "ada@example.com", &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let path = logout(&[("id_token_hint", tokens["access_token"].as_str().unwrap())]);
    assert_eq!(browser.clone().get(&path).await.status, 400);
    assert!(is_signed_in(&browser).await);
}

/// The existing clients' address: it asks as `/logout` without a hint does.
#[tokio::test]
async fn the_existing_clients_address_leads_to_registered_places_only() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    let path = |to: &str| format!("/v2/logout?{}", form(&[("client_id", "web"), ("returnTo", to)]));
    assert_eq!(browser.get(&path("https://evil.example/")).await.status, 400);
    assert!(is_signed_in(&browser).await);
    let page = browser.get(&path(BYE)).await;
    let (csrf, state) = (page.field("csrf"), page.field("logout"));
    let answer = browser.post("/logout", &[("csrf", &csrf), ("logout", &state)]).await;
    assert_eq!(answer.location(), BYE);
    assert!(!is_signed_in(&browser).await);
}

/// Sent by a page of the client itself, the person is not asked; no other site can have a browser say so.
#[tokio::test]
async fn a_page_of_our_own_client_signs_out_at_the_existing_clients_address() {
    let world = World::new().await;
    let from = async |browser: &mut Browser, client: &str, page: &str| {
        let path = format!("/v2/logout?{}&federated", form(&[("client_id", client), ("auth0Client", "e30=")]));
        browser.send(Method::GET, &path, &[(REFERER, page)], None).await
    };
    let (mut browser, _) = signed_in(&world, "ada@example.com").await;
    for stranger in ["https://evil.example/", "https://app.example.com.evil.example/", "nonsense", ""] {
        assert_eq!(from(&mut browser, "web", stranger).await.status, 200, "{stranger}");
    }
    world.change_client("web", |client| client.first_party = false).await;
    assert_eq!(from(&mut browser, "web", "https://app.example.com/home").await.status, 200, "somebody else's client");
    world.change_client("web", |client| client.first_party = true).await;
    assert!(is_signed_in(&browser).await);
    // At the standard's own address a hint is what proves it.
    let (path, page) = (logout(&[("client_id", "web")]), "https://app.example.com/home");
    let plain = browser.send(Method::GET, &path, &[(REFERER, page)], None).await;
    assert_eq!(plain.status, 200);
    assert!(is_signed_in(&browser).await);
    // What somebody could put into a page of the client leads nobody away.
    let path = format!("/v2/logout?{}", form(&[("client_id", "web")]));
    let page = (REFERER, "https://app.example.com/home");
    let image = [
        page.clone(),
        (HeaderName::from_static("sec-fetch-mode"), "no-cors"),
        (HeaderName::from_static("sec-fetch-dest"), "image"),
    ];
    assert_eq!(browser.send(Method::GET, &path, &image, None).await.status, 200);
    let all = browser.send(Method::GET, &format!("{path}&everywhere=true"), &[page], None).await;
    assert_eq!(all.status, 200, "a link may be another visitor's");
    assert!(is_signed_in(&browser).await);
    // Without an address it is the first that is registered.
    assert_eq!(from(&mut browser, "web", "https://app.example.com/home").await.location(), BYE);
    assert!(!is_signed_in(&browser).await);
}

/// Beyond the standard: the person's other devices, at the word of one of our own clients.
#[tokio::test]
async fn everywhere_ends_the_sessions_on_other_devices() {
    let world = World::new().await;
    let (mut laptop, id_token) = signed_in(&world, "ada@example.com").await;
    let (phone, _) = signed_in(&world, "ada@example.com").await;
    let (bobs, _) = signed_in(&world, "bob@example.com").await;
    let path = logout(&[("id_token_hint", &id_token), ("everywhere", "true"), ("post_logout_redirect_uri", BYE)]);
    assert_eq!(laptop.get(&path).await.location(), BYE);
    assert!(!is_signed_in(&laptop).await && !is_signed_in(&phone).await);
    assert!(is_signed_in(&bobs).await);
}

/// Without proof a page asks, says that it is about all devices, and a yes means all.
#[tokio::test]
async fn everywhere_without_a_hint_is_a_question() {
    let world = World::new().await;
    let (mut laptop, _) = signed_in(&world, "ada@example.com").await;
    let (phone, _) = signed_in(&world, "ada@example.com").await;
    let page = laptop.get(&logout(&[("client_id", "web"), ("everywhere", "true")])).await;
    assert!(page.body.contains("on all your devices"), "{}", page.body);
    assert!(is_signed_in(&laptop).await && is_signed_in(&phone).await);
    let (csrf, asked) = (page.field("csrf"), page.field("logout"));
    laptop.post("/logout", &[("csrf", &csrf), ("logout", &asked)]).await;
    assert!(!is_signed_in(&phone).await);
}
