//! OpenID Connect RP-Initiated Logout 1.0, and what Back-Channel Logout 1.0 says to a client that registers.

use http::HeaderName;
use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, jwt};
use symbolon_server::config::RegistrationMode;

use crate::flows::{ADA, BOB, text};
use crate::support::client::form;
use crate::support::flow::{VERIFIER, authorize_url, basic};
use crate::support::protocol::claims;
use crate::support::{Answer, Browser, CALLBACK, PASSWORD, World};

const BYE: &str = "https://app.example.com/bye";

/// A browser in which Ada has signed in at `web`, and her tokens.
async fn signed_in(world: &World) -> (Browser, serde_json::Value) {
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    (browser, world.redeem("web", &code).await.json())
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.clone().get(&authorize_url("web", &[("prompt", "none")])).await.param("code").is_some()
}

fn logout(pairs: &[(&str, &str)]) -> String {
    format!("/logout?{}", form(pairs))
}

/// Requests with a good hint that lead nowhere and end nothing.
macro_rules! not_followed {
    ($($(#[$about:meta])* $name:ident: $uri:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let (mut browser, tokens) = signed_in(&world).await;
            let hint = text(&tokens["id_token"]);
            let page = browser.get(&logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", $uri)])).await;
            page.is_page(400);
            assert!(is_signed_in(&browser).await, "it ended something all the same");
        }
    )+};
}

not_followed! {
    rp_logout_section_3_an_unregistered_uri_is_not_followed: "https://evil.example/";
    rp_logout_section_3_a_uri_with_a_slash_more_is_not_followed: "https://app.example.com/bye/";
    rp_logout_section_3_a_uri_with_a_query_more_is_not_followed: "https://app.example.com/bye?x=1";
    rp_logout_section_3_a_uri_in_other_case_is_not_followed: "https://app.example.com/BYE";
    rp_logout_section_3_plain_http_is_not_followed: "http://app.example.com/bye";
    rp_logout_section_3_a_redirect_uri_of_sign_in_is_not_followed: "https://app.example.com/callback";
    rp_logout_section_3_a_uri_without_a_scheme_is_not_followed: "//app.example.com/bye";
    rp_logout_section_6_script_is_not_followed: "javascript:alert(1)";
}

/// "the OP MUST NOT perform post-logout redirection" without knowing whose request it is (§3).
#[tokio::test]
async fn rp_logout_section_3_a_uri_without_hint_and_client_is_not_followed() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get(&logout(&[("post_logout_redirect_uri", BYE)])).await.is_page(400);
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn rp_logout_section_3_the_uri_of_another_client_is_not_followed() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get(&logout(&[("client_id", "spa"), ("post_logout_redirect_uri", BYE)])).await.is_page(400);
}

/// "When both client_id and id_token_hint are present, the OP MUST verify that the Client Identifier matches" (§2).
#[tokio::test]
async fn rp_logout_section_2_a_client_id_that_is_not_the_hints_is_refused() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    let hint = text(&tokens["id_token"]);
    let more = [("id_token_hint", hint.as_str()), ("client_id", "other"), ("post_logout_redirect_uri", BYE)];
    browser.get(&logout(&more)).await.is_page(400);
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn rp_logout_section_2_an_unknown_client_is_refused() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get(&logout(&[("client_id", "nobody"), ("post_logout_redirect_uri", BYE)])).await.is_page(400);
}

/// "the OP MUST validate that it was the issuer of the ID Token" (§2).
#[tokio::test]
async fn rp_logout_section_2_a_hint_of_another_issuer_is_refused() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    let key = Jwk::generate(Algorithm::RS256).unwrap();
    let forged = jwt::sign_with_jwk(&key, Algorithm::RS256, "JWT", &claims(&tokens["id_token"])).unwrap();
    browser.get(&logout(&[("id_token_hint", &forged), ("post_logout_redirect_uri", BYE)])).await.is_page(400);
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn rp_logout_section_2_a_changed_hint_is_refused() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    let hint = format!("{}x", text(&tokens["id_token"]));
    browser.get(&logout(&[("id_token_hint", &hint)])).await.is_page(400);
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn rp_logout_section_2_an_access_token_is_no_hint() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    browser.get(&logout(&[("id_token_hint", &text(&tokens["access_token"]))])).await.is_page(400);
    assert!(is_signed_in(&browser).await);
}

/// "the OP MUST ask the End-User this question if an id_token_hint was not provided" (§2).
#[tokio::test]
async fn rp_logout_section_2_without_a_hint_nothing_ends_unasked() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get("/logout").await.is_page(200);
    browser.get(&logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE)])).await.is_page(200);
    assert!(is_signed_in(&browser).await);
}

/// "… or if the supplied ID Token does not belong to the current OP session" (§2).
#[tokio::test]
async fn rp_logout_section_2_a_hint_of_somebody_else_ends_nothing_unasked() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    let bobs = text(&world.tokens("web", BOB).await["id_token"]);
    browser.get(&logout(&[("id_token_hint", &bobs)])).await.is_page(200);
    assert!(is_signed_in(&browser).await);
}

/// "The OP SHOULD accept ID Tokens … even when the exp time has passed" (§2).
#[tokio::test]
async fn rp_logout_section_2_an_expired_hint_is_not_refused() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    world.advance(3_600);
    let hint = text(&tokens["id_token"]);
    let answer = browser.get(&logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(answer.location(), BYE);
}

/// "the OP passes this value back to the RP using the state parameter" (§2), unchanged.
#[tokio::test]
async fn rp_logout_section_3_state_comes_back_unchanged_and_is_not_invented() {
    let world = World::new().await;
    let (mut browser, tokens) = signed_in(&world).await;
    let hint = text(&tokens["id_token"]);
    let more = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a b/ü&x=1#")];
    assert_eq!(browser.get(&logout(&more)).await.param("state").as_deref(), Some("a b/ü&x=1#"));
    assert_eq!(browser.get(&logout(&more[..2])).await.location(), BYE);
}

/// §6: "Logout requests without a valid id_token_hint value are a potential means of denial of service".
#[tokio::test]
async fn rp_logout_section_6_a_confirmation_that_another_site_posts_is_refused() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    let csrf = browser.get("/logout").await.field("csrf");
    let answer = browser.post_from("/logout", &[("csrf", &csrf), ("logout", "")], "https://evil.example").await;
    assert_eq!(answer.status, 403);
    assert!(is_signed_in(&browser).await);
}

/// The other parameters are hints, and never errors (§2).
#[tokio::test]
async fn rp_logout_section_2_logout_hint_and_ui_locales_never_cause_an_error() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get(&logout(&[("logout_hint", "somebody"), ("ui_locales", "xx tlh")])).await.is_page(200);
}

#[tokio::test]
async fn rp_logout_section_2_a_parameter_twice_is_refused() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.get(&logout(&[("client_id", "web"), ("client_id", "web")])).await.is_page(400);
}

/// The post of another site, which brings no cookies along (`SameSite=Lax`).
async fn posted_from_elsewhere(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [
        (CONTENT_TYPE, "application/x-www-form-urlencoded"),
        (ORIGIN, "https://app.example.com"),
        (HeaderName::from_static("sec-fetch-site"), "cross-site"),
    ];
    let mut without = Browser { cookies: std::collections::BTreeMap::new(), ..browser.clone() };
    without.send(Method::POST, path, &headers, Some(form(fields))).await
}

/// "OpenID Providers MUST support the use of the HTTP GET and POST methods" (§2): with a hint by POST, the ID token comes into no URL,
/// which stays in histories and logs.
#[tokio::test]
async fn rp_logout_section_2_what_comes_by_post_is_followed_and_an_id_token_comes_into_no_url() {
    let world = World::new().await;
    for large in ["", &"x".repeat(7_500), &"x".repeat(30_000)] {
        let (mut browser, tokens) = signed_in(&world).await;
        let hint = text(&tokens["id_token"]);
        let fields =
            [("id_token_hint", &*hint), ("post_logout_redirect_uri", BYE), ("state", "s t"), ("logout_hint", large)];
        let page = posted_from_elsewhere(&browser, "/logout", &fields).await;
        page.is_page(200);
        let csp = page.header("content-security-policy");
        assert!(csp.contains("form-action 'self' https://app.example.com"), "{csp}");
        assert!(!page.headers.contains_key("set-cookie") && is_signed_in(&browser).await);
        let answer = browser.handed_on(page, "/logout/again").await;
        assert_eq!(answer.location(), format!("{BYE}?state=s+t"), "{} bytes", large.len());
        assert!(!is_signed_in(&browser).await);
    }
    // What is wrong is told at once.
    let wrong = posted_from_elsewhere(&world.browser(), "/logout", &[("id_token_hint", "x")]).await;
    wrong.is_page(400);
}

/// §6: where our own page posts again, another site gets no further than at the endpoint itself.
#[tokio::test]
async fn rp_logout_section_6_the_second_post_is_our_pages_alone() {
    let world = World::new().await;
    let (browser, tokens) = signed_in(&world).await;
    let hint = text(&tokens["id_token"]);
    let fields = [("id_token_hint", &*hint), ("post_logout_redirect_uri", BYE)];
    let page = posted_from_elsewhere(&browser, "/logout/again", &fields).await;
    page.is_page(200);
    assert!(page.body.contains("action=\"/logout/again\""), "{}", page.body);
    for kept in ["set-cookie", "clear-site-data", "location"] {
        assert!(!page.headers.contains_key(kept), "{kept}");
    }
    // Nobody is signed in here: what the browser keeps of pages is not the other site's to take away.
    let answer = world.browser().handed_on(page, "/logout/again").await;
    assert_eq!((answer.location(), answer.headers.contains_key("clear-site-data")), (BYE, false));
    assert!(is_signed_in(&browser).await);
}

async fn open() -> (World, Value) {
    let world = World::registering(RegistrationMode::Open).await;
    let stranger = world.registered(&json!({ "post_logout_redirect_uris": [BYE] })).await;
    (world, stranger)
}

/// RFC 9700 §4.11.2: whoever registers has no redirector in this server, which people trust.
#[tokio::test]
async fn rfc9700_section_4_11_2_signing_out_is_no_redirect_to_a_client_that_nobody_knows() {
    let (world, stranger) = open().await;
    let id = text(&stranger["client_id"]);
    let plain = [("client_id", id.as_str()), ("post_logout_redirect_uri", BYE)];
    let stays = |answer: &Answer| {
        assert_eq!((answer.status.as_u16(), answer.header("location")), (200, ""), "{}", answer.body);
        assert!(answer.body.contains("You are signed out") && !answer.body.contains(BYE), "{}", answer.body);
        assert!(!answer.headers.contains_key("refresh"));
    };
    for path in [
        logout(&plain),
        logout(&plain[..1]),
        format!("/v2/logout?{}", form(&plain[..1])),
        format!("/v2/logout?{}", form(&[("client_id", &*id), ("returnTo", BYE)])),
    ] {
        stays(&world.browser().get(&path).await);
    }
    for path in ["/logout", "/logout/again"] {
        let mut browser = world.browser();
        let answer = posted_from_elsewhere(&browser, path, &plain).await;
        stays(&browser.follow(answer).await);
        let answer = browser.post(path, &plain).await;
        stays(&browser.follow(answer).await);
    }
    let invited = world.invitation(Some(1), 3600).await;
    let body = crate::support::registration::with(&json!({ "post_logout_redirect_uris": [BYE] }));
    let known = world.register_with(&text(&invited["initial_access_token"]), &body).await.json();
    let known = [("client_id", known["client_id"].as_str().unwrap()), plain[1]];
    assert_eq!(world.browser().get(&logout(&known)).await.location(), BYE, "who was let in is followed as ever");
}

/// Who has signed in there, and who says yes on our page, goes where the client says (§3).
#[tokio::test]
async fn rp_logout_section_3_whoever_signs_out_goes_to_the_client_also_if_it_registered_alone() {
    let (world, stranger) = open().await;
    let id = text(&stranger["client_id"]);
    let mut browser = world.browser();
    let page = browser.get(&authorize_url(&id, &[("audience", ""), ("scope", "openid")])).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    let (csrf, interaction) = (consent.field("csrf"), consent.field("interaction"));
    let allow = [("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "allow")];
    let answer = browser.post("/consent", &allow).await;
    let code = browser.follow(answer).await.param("code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = world.post_with(&basic(&id, &text(&stranger["client_secret"])), "/oauth/token", &fields).await.json();
    let hint = text(&tokens["id_token"]);
    let with_hint = logout(&[("id_token_hint", &*hint), ("post_logout_redirect_uri", BYE)]);
    // Somebody else's browser: a link with the client's own ID token leads nowhere.
    assert_eq!(world.browser().get(&with_hint).await.header("location"), "");
    let page = browser.clone().get(&logout(&[("client_id", &*id), ("post_logout_redirect_uri", BYE)])).await;
    assert!(page.body.contains("Sign out?"), "{}", page.body);
    assert_eq!(browser.get(&with_hint).await.location(), BYE);
    let (mut other, _) = signed_in(&world).await;
    let page = other.get(&with_hint).await;
    let (csrf, asked) = (page.field("csrf"), page.field("logout"));
    let answer = other.post("/logout", &[("csrf", &csrf), ("logout", &asked)]).await;
    assert_eq!(answer.location(), BYE);
}

/// What ends with the session ends for the client, too (Back-Channel Logout §2.7: refresh tokens without `offline_access`).
#[tokio::test]
async fn backchannel_logout_section_2_7_tokens_of_the_session_count_no_more() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("spa", ADA, &[]).await;
    let tokens = world.redeem("spa", &code).await.json();
    browser.get(&logout(&[("id_token_hint", &text(&tokens["id_token"]))])).await;
    world.assert_dead(&tokens["access_token"]).await;
    world.refresh("spa", &text(&tokens["refresh_token"])).await.is_error(400, "invalid_grant");
}

/// "backchannel_logout_uri … MUST NOT include a fragment", and is `https` (Back-Channel Logout §2.2).
#[tokio::test]
async fn backchannel_logout_section_2_2_a_uri_with_a_fragment_or_without_tls_is_not_registered() {
    let world = World::new().await;
    let client = (**world.running.app.registry().client("web").unwrap()).clone();
    for uri in ["https://app.example.com/out#x", "http://app.example.com/out", "/out"] {
        let mut body = serde_json::to_value(&client).unwrap();
        body["backchannel_logout_uri"] = json!(uri);
        let refused =
            serde_json::from_value::<symbolon_oauth::Client>(body).map_or(true, |one| one.validate().is_err());
        assert!(refused, "{uri}");
    }
}

/// §2.3: it is announced that sessions are named.
#[tokio::test]
async fn backchannel_logout_section_2_1_support_is_not_left_to_guess() {
    let world = World::new().await;
    let metadata = crate::flows::metadata(&world).await;
    assert_eq!(
        (&metadata["backchannel_logout_supported"], &metadata["backchannel_logout_session_supported"]),
        (&json!(true), &json!(true))
    );
}
