//! OAuth 2.0 for Native Apps (RFC 8252).

use symbolon_oauth::{Client, ClientId};

use crate::flows::{ADA, native, signed_in};
use crate::support::World;
use crate::support::flow::authorize_url;

/// Redirect URIs that a native client with two registered ones is not given; nothing leads there.
macro_rules! not_registered {
    ($($(#[$about:meta])* $name:ident: $uri:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            native(&world, &["http://127.0.0.1/cb", "com.example.app:/cb"]).await;
            let mut browser = signed_in(&world, "web", ADA).await;
            browser.get(&authorize_url("native", &[("redirect_uri", $uri)])).await.is_page(400);
        }
    )+};
}

not_registered! {
    rfc8252_section_7_3_only_the_port_of_a_loopback_uri_may_vary: "http://127.0.0.1:49152/other";
    rfc8252_section_7_3_a_query_is_no_port: "http://127.0.0.1:49152/cb?x=1";
    rfc8252_section_7_3_another_loopback_address_is_not_registered: "http://127.0.0.2:49152/cb";
    rfc8252_section_7_3_the_other_family_is_not_registered: "http://[::1]:49152/cb";
    rfc8252_section_7_3_https_is_not_registered: "https://127.0.0.1:49152/cb";
    rfc8252_section_7_3_a_port_in_the_user_part_is_no_port: "http://127.0.0.1:1@evil.example/cb";
    rfc8252_section_7_3_a_port_that_cannot_be_is_refused: "http://127.0.0.1:99999/cb";
    rfc8252_section_8_3_localhost_is_not_the_loopback_address: "http://localhost:49152/cb";
    rfc8252_section_7_1_a_private_use_scheme_is_compared_whole: "com.example.app:/cb/x";
    rfc8252_section_7_1_a_longer_private_use_scheme_is_another: "com.example.app.evil:/cb";
    rfc8252_section_7_1_a_private_use_uri_with_an_authority_is_another: "com.example.app://cb";
    rfc8252_section_8_4_a_scheme_that_nobody_registered_is_refused: "org.evil.app:/cb";
}

/// The port of a redirect URI that is no loopback address may not vary.
#[tokio::test]
async fn rfc8252_section_7_3_no_other_uri_has_a_port_that_varies() {
    let world = World::new().await;
    native(&world, &["https://app.example.com/cb"]).await;
    let uri = [("redirect_uri", "https://app.example.com:8443/cb")];
    world.browser().get(&authorize_url("native", &uri)).await.is_page(400);
}

/// Registrations that the validation refuses (§8.4: a scheme without a period "SHOULD be rejected"; §7.1: "based on a domain name").
macro_rules! not_registrable {
    ($($(#[$about:meta])* $name:ident: $uri:literal;)+) => {$(
        $(#[$about])*
        #[test]
        fn $name() {
            let mut client = Client::native(ClientId::parse("native").unwrap(), "Native");
            client.redirect_uris = vec![$uri.to_owned()];
            assert!(client.validate().is_err(), "{} was registered", $uri);
        }
    )+};
}

not_registrable! {
    rfc8252_section_8_4_a_scheme_without_a_dot_is_not_registered: "myapp:/cb";
    rfc8252_section_8_4_a_star_is_not_registered: "com.example.*:/cb";
    rfc8252_section_8_4_script_is_not_registered: "javascript:alert(1)";
    rfc8252_section_8_4_a_fragment_is_not_registered: "com.example.app:/cb#x";
    rfc8252_section_8_3_plain_http_elsewhere_is_not_registered: "http://app.example.com/cb";
}

/// "public native app clients MUST implement the Proof Key for Code Exchange … and authorization servers MUST support PKCE".
#[tokio::test]
async fn rfc8252_section_8_1_a_native_client_without_pkce_is_refused() {
    let world = World::new().await;
    native(&world, &["com.example.app:/cb"]).await;
    let more = [("redirect_uri", "com.example.app:/cb"), ("code_challenge", ""), ("code_challenge_method", "")];
    let answer = world.browser().get(&authorize_url("native", &more)).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{answer:?}");
}

/// "the authorization server SHOULD NOT process authorization requests automatically without user consent or interaction".
#[tokio::test]
async fn rfc8252_section_8_6_a_native_clients_answer_waits_for_the_person() {
    let world = World::new().await;
    native(&world, &["http://127.0.0.1/cb"]).await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let asked = browser.get(&authorize_url("native", &[("redirect_uri", "http://127.0.0.1:5000/cb")])).await;
    asked.is_page(200);
    let silent = [("redirect_uri", "http://127.0.0.1:5000/cb"), ("prompt", "none")];
    let answer = browser.get(&authorize_url("native", &silent)).await;
    assert_eq!(answer.param("code"), None, "{answer:?}");
}

/// Such a server must "not accept the secret as proof of the client's identity" (§8.5): a native client has none to show.
#[tokio::test]
async fn rfc8252_section_8_5_a_native_client_with_a_secret_is_refused() {
    let world = World::new().await;
    native(&world, &["http://127.0.0.1/cb"]).await;
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "native"), ("client_secret", "s")];
    world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
}
