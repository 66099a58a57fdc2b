//! `response_mode=web_message`: the page that posts an answer to the window that waits for it, and who may frame it.

use serde_json::json;

use crate::support::answers::APP_ORIGIN;
use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Answer, ISSUER, PASSWORD, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";
const MODE: (&str, &str) = ("response_mode", "web_message");

#[tokio::test]
async fn a_code_goes_to_the_clients_origin_and_to_nobody_else() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    let answer = world.authorized(&mut browser, "web", ADA, &[MODE]).await;
    let (origin, message) = answer.message();
    assert_eq!(origin, APP_ORIGIN);
    assert_eq!((&message["state"], &message["iss"]), (&json!("st/ate +1"), &json!(ISSUER)));
    assert_eq!(world.redeem("web", message["code"].as_str().unwrap()).await.status, 200);
    let silent = browser.get(&authorize_url("web", &[MODE, ("prompt", "none")])).await;
    let (_, message) = silent.message();
    assert_eq!(world.redeem("web", message["code"].as_str().unwrap()).await.status, 200);
}

/// Security 16, 103.
#[tokio::test]
async fn the_page_is_framed_by_the_client_alone_and_runs_one_script() {
    let world = World::of_answers().await;
    let answer = world.browser().get(&authorize_url("web", &[MODE, ("prompt", "none")])).await;
    let policy = answer.header("content-security-policy");
    assert!(policy.contains(&format!("frame-ancestors {APP_ORIGIN};")), "{policy}");
    assert!(policy.starts_with("default-src 'none';") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for absent in ["x-frame-options", "cross-origin-opener-policy"] {
        assert!(answer.headers.get(absent).is_none(), "{absent}");
    }
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

/// Errors travel the same way, and never as a page or a redirect.
#[tokio::test]
async fn refusals_are_messages_too() {
    let world = World::of_answers().await;
    for (more, error) in [
        (("prompt", "none"), "login_required"),
        (("prompt", "none login"), "invalid_request"),
        (("scope", "a\"b"), "invalid_scope"),
        (("audience", "https://unknown.example"), "invalid_target"),
        (("code_challenge", ""), "invalid_request"),
        (("response_type", "saml"), "unsupported_response_type"),
    ] {
        let (origin, message) = world.browser().get(&authorize_url("web", &[MODE, more])).await.message();
        assert_eq!((origin.as_str(), &message["error"]), (APP_ORIGIN, &json!(error)), "{more:?}");
        assert_eq!((&message["state"], &message["iss"]), (&json!("st/ate +1"), &json!(ISSUER)), "{more:?}");
        assert_eq!(message.get("code"), None);
    }
}

/// What only stands in `redirect_uris` is a place to be sent to, not one to be framed by.
#[tokio::test]
async fn an_origin_that_is_not_registered_gets_no_message() {
    let world = World::of_answers().await;
    for origins in [vec![], vec![SPA_ORIGIN.to_owned()], vec![format!("{APP_ORIGIN}:8443")], vec!["*".to_owned()]] {
        world.change_client("web", |client| client.allowed_origins.clone_from(&origins)).await;
        for mode in ["web_message", "web_message.jwt"] {
            let refused =
                world.browser().get(&authorize_url("web", &[("response_mode", mode), ("prompt", "none")])).await;
            refused.is_redirected_error("invalid_request");
            assert!(!refused.header("content-security-policy").contains(APP_ORIGIN), "{origins:?}");
        }
    }
}

#[tokio::test]
async fn tokens_go_by_message_as_auth0_js_asks_for_them() {
    let world = World::of_answers().await;
    let more = [MODE, ("response_type", "token id_token")];
    let (_, message) = world.authorized(&mut world.browser(), "web", ADA, &more).await.message();
    assert_eq!((&message["expires_in"], &message["token_type"]), (&json!(600), &json!("Bearer")));
    assert_eq!(claims(&message["id_token"])["nonce"], "n-0S6_WzA2Mj");
    world.assert_alive(&message["access_token"]).await;
}

/// Security 107: what a stranger wrote into `state` is text on the page and in the message.
#[tokio::test]
async fn a_hostile_state_is_text() {
    let world = World::of_answers().await;
    for state in ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "';alert(1)//", "{{7*7}}"] {
        let answer = world.browser().get(&authorize_url("web", &[MODE, ("prompt", "none"), ("state", state)])).await;
        assert_eq!(answer.message().1["state"], state);
        assert_eq!(answer.body.matches("<script>").count(), 1, "{}", answer.body);
        assert!(!answer.body.contains("<img"), "{}", answer.body);
    }
}

#[track_caller]
fn opener(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "a page that asks is never framed");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    answer.header("cross-origin-opener-policy")
}

/// A popup that shows the sign-in page must still know who opened it; any other page forgets.
#[tokio::test]
async fn pages_on_the_way_to_a_message_keep_their_opener_and_no_others() {
    let world = World::of_answers().await;
    for (mode, expected) in
        [("web_message", ""), ("web_message.jwt", ""), ("query", "same-origin"), ("form_post", "same-origin")]
    {
        let mut browser = world.browser();
        let page = browser.get(&authorize_url("partner", &[("response_mode", mode)])).await;
        assert_eq!(opener(&page), expected, "{mode}");
        let consent = browser.sign_in(&page, ADA, PASSWORD).await;
        assert_eq!(opener(&consent), expected, "{mode}");
    }
    // Nor where the request is refused before anybody is proven to wait for it.
    let evil = [MODE, ("redirect_uri", "https://evil.example/")];
    let page = world.browser().get(&authorize_url("web", &evil)).await;
    page.is_page(400);
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
}

#[tokio::test]
async fn saying_no_is_a_message() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[MODE])).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let no = [("interaction", interaction.as_str()), ("csrf", &csrf), ("decision", "deny")];
    let (_, message) = browser.post("/login", &no).await.message();
    assert_eq!(message["error"], "access_denied");
}

/// A session without its browser's cookie is none: the page in a foreign frame says so and nothing else.
#[tokio::test]
async fn without_the_cookie_there_is_nobody_signed_in() {
    let world = World::of_answers().await;
    let mut signed_in = world.browser();
    world.authorized(&mut signed_in, "web", ADA, &[]).await;
    let query = form(&[("prompt", "none")]);
    let url = format!("{}&{query}", authorize_url("web", &[MODE]));
    assert!(signed_in.get(&url).await.message().1.get("code").is_some());
    assert_eq!(world.browser().get(&url).await.message().1["error"], "login_required");
}
