//! Pushed Authorization Requests (RFC 9126).

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::flows::{ADA, metadata, signed_in};
use crate::support::flow::{authorize_url, basic};
use crate::support::key_server::{self, KeyServer};
use crate::support::requests::reference_url;
use crate::support::{SECRET, World};

const PAR: &str = "/oauth/par";

/// Requests that are refused when they are pushed (§2.1, §2.3), with the code that the authorization endpoint would use.
macro_rules! not_pushed {
    ($($(#[$about:meta])* $name:ident: $more:expr => $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let answer = world.push("web", &$more).await;
            answer.is_error(400, $code);
            assert!(!answer.body.contains("request_uri\":"), "{}", answer.body);
        }
    )+};
}

not_pushed! {
    rfc9126_section_2_1_a_request_uri_cannot_be_pushed:
        [("request_uri", "urn:ietf:params:oauth:request_uri:x")] => "invalid_request";
    rfc9126_section_2_1_an_unregistered_redirect_uri_is_refused:
        [("redirect_uri", "https://evil.example/")] => "invalid_request";
    rfc9126_section_2_1_a_missing_redirect_uri_is_refused: [("redirect_uri", "")] => "invalid_request";
    rfc9126_section_2_1_a_missing_response_type_is_refused: [("response_type", "")] => "invalid_request";
    rfc9126_section_2_3_an_unknown_response_type_is_refused: [("response_type", "saml")] => "unsupported_response_type";
    rfc9126_section_2_3_a_type_the_client_may_not_use_is_refused: [("response_type", "token")] => "unauthorized_client";
    rfc9126_section_2_3_a_malformed_scope_is_refused: [("scope", "a\"b")] => "invalid_scope";
    rfc9126_section_2_3_a_missing_challenge_is_refused: [("code_challenge", "")] => "invalid_request";
    rfc9126_section_2_3_an_unknown_resource_is_refused: [("audience", "https://nobody.example")] => "invalid_target";
    rfc9126_section_3_a_bad_request_object_is_refused: [("request", "nonsense")] => "invalid_request_object";
}

/// "The authorization server MUST … authenticate the client in the same way as at the token endpoint" (§2.1).
#[tokio::test]
async fn rfc9126_section_2_1_a_client_that_does_not_prove_itself_is_refused() {
    let world = World::new().await;
    let fields = [("response_type", "code"), ("client_id", "web")];
    world.post_with(&basic("web", "wrong"), PAR, &fields).await.is_error(401, "invalid_client");
    world.post_with("", PAR, &fields).await.is_error(401, "invalid_client");
    world.post_with("", PAR, &[("response_type", "code")]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc9126_section_2_1_a_client_id_of_another_is_refused() {
    let world = World::new().await;
    world.push("web", &[("client_id", "other")]).await.is_error(400, "invalid_request");
}

/// "If the request did not use the POST method, the authorization server responds with an HTTP 405" (§2.3).
#[tokio::test]
async fn rfc9126_section_2_3_get_is_405() {
    let world = World::new().await;
    let own = basic("web", SECRET);
    let path = authorize_url("web", &[]).replace("/authorize", PAR);
    assert_eq!(world.send(Method::GET, &path, &[(AUTHORIZATION, &own)], None).await.status, 405);
}

/// "If the request size was beyond the upper bound that the authorization server allows, the authorization server responds with an HTTP 413" (§2.3).
#[tokio::test]
async fn rfc9126_section_2_3_too_large_is_413() {
    let world = World::new().await;
    let answer = world.push("web", &[("unheard_of", &"x".repeat(2 << 20))]).await;
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[tokio::test]
async fn rfc9126_section_2_1_what_is_no_form_is_refused() {
    let world = World::new().await;
    let own = basic("web", SECRET);
    let headers = [(AUTHORIZATION, &*own), (CONTENT_TYPE, "application/json")];
    let answer = world.send(Method::POST, PAR, &headers, Some("{\"response_type\":\"code\"}".to_owned())).await;
    assert!(answer.status.is_client_error() && !answer.body.contains("urn:"), "{answer:?}");
}

#[tokio::test]
async fn rfc9126_section_2_1_a_parameter_twice_is_refused() {
    let world = World::new().await;
    let fields = [("response_type", "code"), ("response_type", "code"), ("client_id", "web")];
    world.post_as("web", PAR, &fields).await.is_error(400, "invalid_request");
}

/// It "MUST contain some part generated using a cryptographically strong pseudorandom algorithm" (§2.2), for those who guess (§7.1).
#[tokio::test]
async fn rfc9126_section_7_1_a_request_uri_cannot_be_guessed() {
    let world = World::new().await;
    let (one, other) = (world.pushed("web", &[]).await, world.pushed("web", &[]).await);
    let prefix = "urn:ietf:params:oauth:request_uri:";
    assert!(one != other && one.starts_with(prefix) && one.len() >= prefix.len() + 22, "{one}");
    let near = format!("{}{}", &one[..one.len() - 1], if one.ends_with('A') { 'E' } else { 'A' });
    world.browser().get(&reference_url("web", &near, &[])).await.is_page(400);
}

/// "the request_uri … MUST be bound to the client that posted the authorization request" (§2.2).
#[tokio::test]
async fn rfc9126_section_2_2_a_request_uri_of_another_client_is_refused() {
    let world = World::new().await;
    let pushed = world.pushed("web", &[]).await;
    world.browser().get(&reference_url("other", &pushed, &[])).await.is_page(400);
    world.browser().get(&reference_url("web", &pushed, &[])).await.is_page(200);
}

#[tokio::test]
async fn rfc9126_section_4_a_request_uri_needs_a_client_id_beside_it() {
    let world = World::new().await;
    let pushed = world.pushed("web", &[]).await;
    let url = reference_url("web", &pushed, &[]).replace("client_id=web&", "");
    world.browser().get(&url).await.is_page(400);
}

/// "An expired request_uri MUST be rejected as invalid" (§4).
#[tokio::test]
async fn rfc9126_section_4_an_expired_request_uri_is_refused() {
    let world = World::new().await;
    let pushed = world.pushed("web", &[]).await;
    world.advance(61);
    world.browser().get(&reference_url("web", &pushed, &[])).await.is_page(400);
}

/// "authorization servers SHOULD treat request_uri values as one-time use" (§4).
#[tokio::test]
async fn rfc9126_section_4_a_request_uri_works_once() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let pushed = world.pushed("web", &[]).await;
    assert!(browser.get(&reference_url("web", &pushed, &[])).await.param("code").is_some());
    browser.get(&reference_url("web", &pushed, &[])).await.is_page(400);
}

#[tokio::test]
async fn rfc9126_section_4_nothing_beside_a_request_uri_counts() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let pushed = world.pushed("web", &[("scope", "openid")]).await;
    let beside = [("scope", "openid email"), ("redirect_uri", "https://evil.example/"), ("state", "evil")];
    let answer = browser.get(&reference_url("web", &pushed, &beside)).await;
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    assert_eq!(world.redeem("web", &answer.param("code").unwrap()).await.json()["scope"], "openid");
}

/// "require_pushed_authorization_requests" of a client (§6).
#[tokio::test]
async fn rfc9126_section_6_a_client_that_must_push_is_refused_without() {
    let world = World::new().await;
    world.change_client("web", |client| client.requests.require_pushed_authorization_requests = true).await;
    world.browser().get(&authorize_url("web", &[])).await.is_redirected_error("invalid_request");
}

/// §6, RFC 9101 §10.4: what is refused in any case is refused before this server asks somebody for it.
#[tokio::test]
async fn rfc9126_section_6_the_request_uri_of_a_client_that_must_push_is_not_fetched() {
    let server = KeyServer::new(&[]).await;
    let world = World::with(key_server::allowed).await;
    let registered = vec![server.uri()];
    world
        .change_client("web", |client| {
            client.requests.request_uris = registered;
            client.requests.require_pushed_authorization_requests = true;
        })
        .await;
    let answer = world.browser().get(&authorize_url("web", &[("request_uri", &server.uri())])).await;
    answer.is_redirected_error("invalid_request");
    assert!(answer.param("error_description").unwrap().contains("push"), "{answer:?}");
    assert_eq!(server.asked(), 0);
    world.change_client("web", |client| client.requests.require_pushed_authorization_requests = false).await;
    let answer = world.browser().get(&authorize_url("web", &[("request_uri", &server.uri())])).await;
    answer.is_redirected_error("invalid_request_uri");
    assert_eq!(server.asked(), 1, "it could have been fetched");
}

/// "The client policy might change between the lodging of the Request Object and the authorization request" (§7.4): what changes after the
/// push counts.
#[tokio::test]
async fn rfc9126_section_7_4_a_redirect_uri_that_was_withdrawn_is_not_used() {
    let world = World::new().await;
    let pushed = world.pushed("web", &[]).await;
    world.change_client("web", |client| client.redirect_uris = vec!["https://app.example.com/new".to_owned()]).await;
    world.browser().get(&reference_url("web", &pushed, &[])).await.is_page(400);
}

#[tokio::test]
async fn rfc9126_section_5_it_is_not_said_to_be_required_while_it_is_not() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    assert!(metadata["pushed_authorization_request_endpoint"].as_str().unwrap().ends_with(PAR));
    assert_ne!(metadata["require_pushed_authorization_requests"], true);
}

#[tokio::test]
async fn rfc9126_section_2_2_the_answer_is_not_stored() {
    let world = World::new().await;
    let answer = world.push("web", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
}
