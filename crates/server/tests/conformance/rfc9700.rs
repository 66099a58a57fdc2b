//! Best Current Practice for OAuth 2.0 Security (RFC 9700).

use http::HeaderName;
use http::Method;
use http::header::ORIGIN;

use crate::flows::{ADA, id_claims, signed_in, text};
use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Browser, ISSUER, PASSWORD, SPA_ORIGIN, World};

told_on_a_page! {
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_another_path:
        "web", [("redirect_uri", "https://app.example.com/callback2")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_a_path_below:
        "web", [("redirect_uri", "https://app.example.com/callback/x")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_a_path_that_climbs:
        "web", [("redirect_uri", "https://app.example.com/callback/../evil")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_a_slash_more:
        "web", [("redirect_uri", "https://app.example.com/callback/")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_a_query_more:
        "web", [("redirect_uri", "https://app.example.com/callback?x=1")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_other_case:
        "web", [("redirect_uri", "https://app.example.com/Callback")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_a_host_in_other_case:
        "web", [("redirect_uri", "https://APP.example.com/callback")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_an_escaped_letter:
        "web", [("redirect_uri", "https://app.example.com/%63allback")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_the_default_port:
        "web", [("redirect_uri", "https://app.example.com:443/callback")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_another_port:
        "web", [("redirect_uri", "https://app.example.com:8443/callback")] => "invalid_request";
    rfc9700_section_2_1_a_redirect_uri_is_compared_exactly_plain_http:
        "web", [("redirect_uri", "http://app.example.com/callback")] => "invalid_request";
    rfc9700_section_4_1_3_a_subdomain_is_another_place:
        "web", [("redirect_uri", "https://evil.app.example.com/callback")] => "invalid_request";
    rfc9700_section_4_1_3_a_longer_domain_is_another_place:
        "web", [("redirect_uri", "https://app.example.com.evil.example/callback")] => "invalid_request";
    rfc9700_section_4_1_3_a_user_part_is_another_place:
        "web", [("redirect_uri", "https://app.example.com@evil.example/callback")] => "invalid_request";
    rfc9700_section_4_1_3_a_backslash_is_another_place:
        "web", [("redirect_uri", "https://app.example.com\\@evil.example/callback")] => "invalid_request";
    rfc9700_section_4_1_3_a_line_break_is_another_place:
        "web", [("redirect_uri", "https://app.example.com/callback\r\nLocation: https://evil.example")] => "invalid_request";
    rfc9700_section_4_11_2_a_page_of_ours_is_no_redirector:
        "web", [("redirect_uri", "https://evil.example/?https://app.example.com/callback")] => "invalid_request";
}

told_to_the_client! {
    rfc9700_section_2_1_1_pkce_is_required: "web", [("code_challenge", ""), ("code_challenge_method", "")] => "invalid_request";
    rfc9700_section_2_1_2_no_access_token_in_the_front_channel: "web", [("response_type", "token")] => "unauthorized_client";
    rfc9700_section_2_1_2_no_access_token_beside_an_id_token:
        "web", [("response_type", "id_token token")] => "unauthorized_client";
    rfc9700_section_2_1_2_no_access_token_beside_a_code:
        "spa", [("response_type", "code token")] => "unauthorized_client";
}

refused_for_tokens! {
    rfc9700_section_2_4_the_password_grant_must_not_be_used:
        "spa", [("grant_type", "password"), ("username", "ada@example.com"), ("password", "correct horse battery")]
        => 400, "unsupported_grant_type";
}

/// "Authorization servers MUST mitigate PKCE downgrade attacks": a code whose request had no challenge takes no verifier (§2.1.1, §4.8.2).
#[tokio::test]
async fn rfc9700_section_4_8_2_a_verifier_without_a_challenge_is_refused() {
    let world = World::new().await;
    world.change_client("web", |client| client.require_pkce = false).await;
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = world.browser().code("web", ADA, &none).await;
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
}

/// Code injection: a code of one browser is worth nothing beside the verifier of another (§4.5.3).
#[tokio::test]
async fn rfc9700_section_4_5_3_an_injected_code_does_not_fit_the_verifier() {
    let world = World::new().await;
    let stolen = world.browser().code("spa", ADA, &[("code_challenge", &"A".repeat(43))]).await;
    world.redeem("spa", &stolen).await.is_error(400, "invalid_grant");
}

/// …and its ID token carries the nonce of the request that it was made for.
#[tokio::test]
async fn rfc9700_section_4_5_3_2_the_nonce_is_that_of_the_request_of_the_code() {
    let world = World::new().await;
    assert_eq!(id_claims(&world, &[("nonce", "of-this-one")]).await["nonce"], "of-this-one");
    assert_eq!(id_claims(&world, &[("nonce", "")]).await.get("nonce"), None, "one was invented");
}

/// "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation" (§2.2.2).
#[tokio::test]
async fn rfc9700_section_2_2_2_a_public_clients_refresh_token_rotates() {
    let world = World::new().await;
    let first = text(&world.tokens("spa", ADA).await["refresh_token"]);
    let second = text(&world.refresh("spa", &first).await.json()["refresh_token"]);
    assert_ne!(first, second);
}

/// "If a refresh token is compromised and subsequently used by both …, one of them will present an invalidated refresh token" (§4.14.2).
#[tokio::test]
async fn rfc9700_section_4_14_2_reuse_ends_the_family() {
    let world = World::new().await;
    let first = text(&world.tokens("spa", ADA).await["refresh_token"]);
    let second = text(&world.refresh("spa", &first).await.json()["refresh_token"]);
    let third = text(&world.refresh("spa", &second).await.json()["refresh_token"]);
    world.advance(60);
    world.refresh("spa", &first).await.is_error(400, "invalid_grant");
    world.refresh("spa", &third).await.is_error(400, "invalid_grant");
}

/// "Refresh tokens SHOULD expire if the client has been inactive for some time" (§4.14.2).
#[tokio::test]
async fn rfc9700_section_4_14_2_an_unused_refresh_token_expires() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.advance(400 * 86_400);
    world.refresh("web", &refresh).await.is_error(400, "invalid_grant");
}

/// §4.14.2: they "MUST be bound to the scope and resource servers as consented by the resource owner".
#[tokio::test]
async fn rfc9700_section_4_14_2_a_refresh_reaches_no_other_api() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("resource", "https://other.example.com")];
    world.token("web", &fields).await.is_error(400, "invalid_target");
}

/// "Authorization servers that redirect a request that potentially contains the user's credentials … MUST NOT use the HTTP 307 status code" (§4.12).
#[tokio::test]
async fn rfc9700_section_4_12_credentials_are_not_passed_on_by_a_redirect() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("username", ADA), ("password", PASSWORD)];
    let mut answer = browser.post("/login", &fields).await;
    while answer.status.is_redirection() {
        assert_eq!(answer.status, 303, "{answer:?}");
        if !answer.location().starts_with('/') {
            break;
        }
        let next = answer.location().to_owned();
        answer = browser.get(&next).await;
    }
    assert!(answer.param("code").is_some(), "{answer:?}");
}

/// "Suppress the Referer header by applying an appropriate Referrer Policy" (§4.2.4).
#[tokio::test]
async fn rfc9700_section_4_2_4_no_page_sends_a_referrer() {
    let world = World::new().await;
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert_eq!(page.header("referrer-policy"), "no-referrer");
}

/// "the authorization endpoint SHOULD NOT include third-party resources or links to external sites" (§4.2.4).
#[tokio::test]
async fn rfc9700_section_4_2_4_no_page_has_foreign_content() {
    let world = World::new().await;
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{page:?}");
    for attribute in ["src=\"http", "href=\"http://evil", "src=\"//"] {
        assert!(!page.body.contains(attribute), "{attribute}: {}", page.body);
    }
}

/// "Authorization servers SHOULD NOT allow clients to influence their client_id … that could cause confusion with a genuine resource owner"
/// (§4.15.1).
#[tokio::test]
async fn rfc9700_section_4_15_1_no_user_has_the_id_of_a_client() {
    let world = World::new().await;
    let person = claims(&world.tokens("web", ADA).await["access_token"])["sub"].clone();
    let machine = claims(&world.token("machine", &[("grant_type", "client_credentials")]).await.json()["access_token"]);
    assert_eq!(machine["sub"], "machine");
    assert!(person.as_str().unwrap().starts_with("usr_"), "{person}");
    assert!(world.running.app.registry().client(person.as_str().unwrap()).is_none());
    assert!(symbolon_oauth::ClientId::parse(person.as_str().unwrap()).is_err(), "a client could take that name");
}

/// "MUST prevent clickjacking attacks" (§4.16).
#[tokio::test]
async fn rfc9700_section_4_16_the_consent_page_can_not_be_framed() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", &[])).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    consent.is_page(200);
    assert_eq!(consent.header("x-frame-options").to_ascii_uppercase(), "DENY");
}

/// "CORS MUST NOT be supported at the authorization endpoint" (§2.6).
#[tokio::test]
async fn rfc9700_section_2_6_the_authorization_endpoint_has_no_cors() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let origin = (ORIGIN, SPA_ORIGIN);
    let answer = browser.send(Method::GET, &authorize_url("web", &[]), std::slice::from_ref(&origin), None).await;
    let method = HeaderName::from_static("access-control-request-method");
    let asked = browser.send(Method::OPTIONS, "/authorize", &[origin, (method, "GET")], None).await;
    for answer in [answer, asked] {
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
    }
}

/// "clients … metadata … PKCE" must be published so that a client can know (§2.1.1).
#[tokio::test]
async fn rfc9700_section_2_1_1_pkce_support_is_published() {
    let world = World::new().await;
    let metadata = world.browser().get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["issuer"], ISSUER);
}

/// "the privileges associated with an access token SHOULD be restricted to the minimum" (§2.3): one API, not all.
#[tokio::test]
async fn rfc9700_section_2_3_a_token_is_for_one_api() {
    let world = World::new().await;
    let access = claims(&world.tokens("web", ADA).await["access_token"]);
    let audience: Vec<_> = access["aud"].as_array().unwrap().iter().map(text).collect();
    assert!(!audience.iter().any(|one| one == "https://other.example.com"), "{audience:?}");
}

/// Mix-up: what comes back names who answered, also where it is an error (§4.4.2.1).
#[tokio::test]
async fn rfc9700_section_4_4_2_1_every_answer_names_the_issuer() {
    let world = World::new().await;
    let mut browser: Browser = world.browser();
    let error = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    let page = browser.get(&authorize_url("web", &[])).await;
    let code = browser.sign_in(&page, ADA, PASSWORD).await;
    for answer in [error, code] {
        assert_eq!(answer.param("iss").as_deref(), Some(ISSUER), "{answer:?}");
    }
}

/// A code or token never stands in the address of a page of ours (§4.3.1).
#[tokio::test]
async fn rfc9700_section_4_3_2_no_address_of_ours_carries_a_token() {
    let world = World::new().await;
    let token = text(&world.tokens("web", ADA).await["access_token"]);
    let path = format!("/userinfo?{}", form(&[("access_token", &token)]));
    assert_eq!(world.browser().get(&path).await.status, 401);
}
