//! The OAuth 2.0 Authorization Framework: the authorization endpoint (RFC 6749 §3.1, §4.1, §10).

use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};

use crate::flows::{ADA, BOB, redeem_but, signed_in};
use crate::support::flow::authorize_url;
use crate::support::{PASSWORD, World};

told_on_a_page! {
    rfc6749_section_2_2_an_unknown_client_is_told_on_a_page: "web", [("client_id", "nobody")] => "invalid_client";
    rfc6749_section_2_2_a_client_id_in_other_case_is_another: "web", [("client_id", "WEB")] => "invalid_client";
    rfc6749_section_2_2_a_client_id_with_a_blank_is_another: "web", [("client_id", "web ")] => "invalid_client";
    rfc6749_section_4_1_1_a_client_id_is_required: "web", [("client_id", "")] => "invalid_request";
    rfc6749_section_3_1_2_3_a_missing_redirect_uri_is_not_guessed: "web", [("redirect_uri", "")] => "invalid_request";
    rfc6749_section_3_1_2_a_redirect_uri_must_be_absolute: "web", [("redirect_uri", "/callback")] => "invalid_request";
    rfc6749_section_3_1_2_a_redirect_uri_without_a_scheme_is_none:
        "web", [("redirect_uri", "//app.example.com/callback")] => "invalid_request";
    rfc6749_section_3_1_2_a_redirect_uri_must_have_no_fragment:
        "web", [("redirect_uri", "https://app.example.com/callback#x")] => "invalid_request";
    rfc6749_section_3_1_2_3_the_redirect_uri_of_another_client_is_refused:
        "web", [("redirect_uri", "https://spa.example.com/")] => "invalid_request";
    rfc6749_section_3_1_2_4_an_invalid_redirect_uri_is_never_followed:
        "web", [("redirect_uri", "https://evil.example/"), ("prompt", "none")] => "invalid_request";
    rfc6749_section_10_15_a_redirect_uri_of_script_is_never_followed:
        "web", [("redirect_uri", "javascript:alert(1)")] => "invalid_request";
    rfc6749_section_10_15_a_redirect_uri_of_data_is_never_followed:
        "web", [("redirect_uri", "data:text/html,x")] => "invalid_request";
}

told_to_the_client! {
    rfc6749_section_3_1_1_a_response_type_is_required: "web", [("response_type", "")] => "invalid_request";
    rfc6749_section_3_1_1_an_unknown_response_type_is_unsupported:
        "web", [("response_type", "saml")] => "unsupported_response_type";
    rfc6749_section_3_1_1_response_types_are_case_sensitive:
        "web", [("response_type", "Code")] => "unsupported_response_type";
    rfc6749_section_3_1_1_an_unknown_word_beside_code_is_unsupported:
        "web", [("response_type", "code saml")] => "unsupported_response_type";
    rfc6749_section_4_1_2_1_a_type_the_client_may_not_use_is_unauthorized:
        "web", [("response_type", "none")] => "unauthorized_client";
    rfc6749_section_3_3_a_quote_in_a_scope_is_invalid_scope: "web", [("scope", "openid a\"b")] => "invalid_scope";
    rfc6749_section_3_3_a_backslash_in_a_scope_is_invalid_scope: "web", [("scope", "openid a\\b")] => "invalid_scope";
    rfc6749_section_3_3_a_control_character_in_a_scope_is_invalid_scope:
        "web", [("scope", "openid a\u{7}b")] => "invalid_scope";
    rfc6749_section_3_3_a_scope_beyond_ascii_is_invalid_scope: "web", [("scope", "openid ä")] => "invalid_scope";
}

/// A parameter twice at the authorization endpoint (§3.1: "MUST NOT be included more than once").
macro_rules! twice {
    ($($name:ident: $parameter:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let url = format!("{}&{p}=a&{p}=a", authorize_url("web", &[]), p = $parameter);
            let answer = world.browser().get(&url).await;
            assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{answer:?}");
            assert_eq!(answer.param("code"), None);
        }
    )+};
}

twice! {
    rfc6749_section_3_1_scope_twice_is_refused: "scope";
    rfc6749_section_3_1_response_type_twice_is_refused: "response_type";
    rfc6749_section_3_1_state_twice_is_refused: "state";
    rfc6749_section_3_1_response_mode_twice_is_refused: "response_mode";
    rfc6749_section_3_1_nonce_twice_is_refused: "nonce";
    rfc6749_section_3_1_prompt_twice_is_refused: "prompt";
    rfc6749_section_3_1_code_challenge_twice_is_refused: "code_challenge";
    rfc6749_section_3_1_even_an_unknown_parameter_twice_is_refused: "unheard_of";
}

/// A client or a place that is named twice is not proven.
#[tokio::test]
async fn rfc6749_section_3_1_client_id_twice_is_told_on_a_page() {
    let world = World::new().await;
    world.browser().get(&format!("{}&client_id=web", authorize_url("web", &[]))).await.is_page(400);
}

#[tokio::test]
async fn rfc6749_section_3_1_redirect_uri_twice_is_told_on_a_page() {
    let world = World::new().await;
    let url = format!("{}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback", authorize_url("web", &[]));
    world.browser().get(&url).await.is_page(400);
}

#[tokio::test]
async fn rfc6749_section_3_1_unknown_parameters_are_ignored() {
    let world = World::new().await;
    world.browser().get(&authorize_url("web", &[("unheard_of", "x")])).await.is_page(200);
}

/// "Parameters sent without a value MUST be treated as if they were omitted from the request."
#[tokio::test]
async fn rfc6749_section_3_1_a_parameter_without_a_value_is_none() {
    let world = World::new().await;
    for parameter in ["prompt", "max_age", "display", "response_mode", "claims", "request", "request_uri"] {
        let url = format!("{}&{parameter}=", authorize_url("web", &[]));
        world.browser().get(&url).await.is_page(200);
    }
}

#[tokio::test]
async fn rfc6749_section_3_1_get_and_post_are_the_only_methods() {
    let world = World::new().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = world.send(method.clone(), &authorize_url("web", &[]), &[], None).await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[tokio::test]
async fn rfc6749_section_3_1_a_post_must_be_a_form() {
    let world = World::new().await;
    let headers = [(CONTENT_TYPE, "application/json"), (ORIGIN, "https://app.example.com")];
    world.send(Method::POST, "/authorize", &headers, Some("{\"client_id\":\"web\"}".to_owned())).await.is_page(400);
}

/// "The authorization server MUST require the following clients to register their redirection endpoint: Public clients" (§3.1.2.2).
#[tokio::test]
async fn rfc6749_section_3_1_2_2_a_public_client_without_a_registered_uri_gets_nothing() {
    let world = World::new().await;
    world.change_client("spa", |client| client.redirect_uris.clear()).await;
    world.browser().get(&authorize_url("spa", &[])).await.is_page(400);
}

#[tokio::test]
async fn rfc6749_section_3_1_2_3_one_of_several_registered_uris_must_be_named() {
    let world = World::new().await;
    world.change_client("web", |client| client.redirect_uris.push("https://app.example.com/two".to_owned())).await;
    world.browser().get(&authorize_url("web", &[("redirect_uri", "")])).await.is_page(400);
}

#[tokio::test]
async fn rfc6749_section_2_2_a_disabled_client_is_told_on_a_page() {
    let world = World::new().await;
    world.change_client("web", |client| client.disabled = true).await;
    world.browser().get(&authorize_url("web", &[])).await.is_page(400);
}

#[tokio::test]
async fn rfc6749_section_4_1_2_1_a_client_without_the_grant_is_unauthorized() {
    let world = World::new().await;
    world.change_client("web", |client| client.grant_types.retain(|grant| grant != "authorization_code")).await;
    world.browser().get(&authorize_url("web", &[])).await.is_redirected_error("unauthorized_client");
}

/// "REQUIRED if a "state" parameter was present in the client authorization request. The exact value".
#[tokio::test]
async fn rfc6749_section_4_1_2_1_an_error_carries_the_exact_state() {
    let world = World::new().await;
    for state in ["+/=&?#%", "a b", "ä€😀", "%2B"] {
        let url = authorize_url("web", &[("state", state), ("prompt", "none")]);
        assert_eq!(world.browser().get(&url).await.param("state").as_deref(), Some(state));
    }
}

#[tokio::test]
async fn rfc6749_section_4_1_2_no_state_is_invented() {
    let world = World::new().await;
    let answer = world.browser().get(&authorize_url("web", &[("state", ""), ("prompt", "none")])).await;
    assert_eq!((answer.param("error").as_deref(), answer.param("state")), (Some("login_required"), None));
}

/// "access_denied: The resource owner … denied the request."
#[tokio::test]
async fn rfc6749_section_4_1_2_1_no_at_the_consent_page_is_access_denied() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", &[])).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    let (interaction, csrf) = (consent.field("interaction"), consent.field("csrf"));
    let no = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "deny")];
    browser.post("/consent", &no).await.is_redirected_error("access_denied");
}

/// "A maximum authorization code lifetime of 10 minutes is RECOMMENDED"; here it is a minute, to the second.
#[tokio::test]
async fn rfc6749_section_4_1_2_a_code_expires_shortly() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    world.advance(60);
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
}

/// "The client MUST NOT use the authorization code more than once."
#[tokio::test]
async fn rfc6749_section_4_1_2_a_code_works_once() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    assert_eq!(world.redeem("web", &code).await.status, 200);
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
}

/// "SHOULD revoke (when possible) all tokens previously issued based on that authorization code".
#[tokio::test]
async fn rfc6749_section_4_1_2_a_second_use_ends_the_tokens_of_the_first() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
    world.assert_dead(&tokens["access_token"]).await;
    world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.is_error(400, "invalid_grant");
}

/// "The authorization code is bound to the client identifier and redirection URI."
#[tokio::test]
async fn rfc6749_section_4_1_2_a_code_of_another_client_is_refused_and_unhurt() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    redeem_but(&world, "other", &code, "", "").await.is_error(400, "invalid_grant");
    assert_eq!(world.redeem("web", &code).await.status, 200);
}

/// "tokens, … authorization codes … generated … MUST be … the probability … less than or equal to 2^(-128)".
#[tokio::test]
async fn rfc6749_section_10_10_codes_are_long_and_never_the_same() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(browser.code("web", ADA, &[]).await);
    }
    assert!(codes.iter().all(|code| code.len() >= 22 + "sym_".len()), "{codes:?}");
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 8);
}

/// "The authorization server MUST implement CSRF protection for its authorization endpoint".
#[tokio::test]
async fn rfc6749_section_10_12_a_consent_that_another_site_posts_is_refused() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", &[])).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    let (interaction, csrf) = (consent.field("interaction"), consent.field("csrf"));
    let yes = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
    assert_eq!(browser.post_from("/consent", &yes, "https://evil.example").await.status, 403);
}

#[tokio::test]
async fn rfc6749_section_10_12_a_sign_in_with_the_token_of_another_browser_is_refused() {
    let world = World::new().await;
    let (mut one, mut other) = (world.browser(), world.browser());
    let page = one.get(&authorize_url("web", &[])).await;
    let foreign = other.get(&authorize_url("web", &[])).await.field("csrf");
    let interaction = page.field("interaction");
    let fields = [("interaction", &*interaction), ("csrf", &foreign), ("username", BOB), ("password", PASSWORD)];
    assert_eq!(one.post("/login", &fields).await.status, 403);
}

/// "To prevent this form of attack, … avoidance of iframes".
#[tokio::test]
async fn rfc6749_section_10_13_no_page_can_be_framed() {
    let world = World::new().await;
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{page:?}");
    assert_eq!(page.header("x-frame-options").to_ascii_uppercase(), "DENY");
}

/// "The authorization server … MUST NOT redirect the user-agent to any URI" that it has not registered, whoever is signed in.
#[tokio::test]
async fn rfc6749_section_3_1_2_4_a_session_changes_nothing_about_that() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    browser.get(&authorize_url("web", &[("redirect_uri", "https://evil.example/callback")])).await.is_page(400);
}
