//! OpenID Connect RP-Initiated Logout 1.0, and what Back-Channel Logout 1.0 says to a client that registers.

use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, jwt};

use crate::flows::{ADA, BOB, text};
use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Browser, World};

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
