//! Authorization Server Issuer Identification (RFC 9207).

use crate::flows::{ADA, metadata, signed_in};
use crate::support::flow::authorize_url;
use crate::support::{ISSUER, World};

/// Errors, each with `iss` (§2: "In authorization responses to the client, including error responses").
macro_rules! errors_with_the_issuer {
    ($($name:ident: $more:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let answer = world.browser().get(&authorize_url("web", &$more)).await;
            assert!(answer.param("error").is_some(), "{answer:?}");
            assert_eq!(answer.param("iss").as_deref(), Some(ISSUER));
        }
    )+};
}

errors_with_the_issuer! {
    rfc9207_section_2_login_required_names_the_issuer: [("prompt", "none")];
    rfc9207_section_2_invalid_request_names_the_issuer: [("prompt", "none login")];
    rfc9207_section_2_invalid_scope_names_the_issuer: [("scope", "a\"b")];
    rfc9207_section_2_unsupported_response_type_names_the_issuer: [("response_type", "saml")];
    rfc9207_section_2_an_error_in_the_fragment_names_the_issuer: [("prompt", "none"), ("response_mode", "fragment")];
    rfc9207_section_2_an_error_without_state_names_the_issuer: [("prompt", "none"), ("state", "")];
}

#[tokio::test]
async fn rfc9207_section_2_a_code_names_the_issuer_in_every_mode() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    for mode in ["query", "fragment"] {
        let answer = browser.get(&authorize_url("web", &[("response_mode", mode)])).await;
        assert!(answer.param("code").is_some());
        assert_eq!(answer.param("iss").as_deref(), Some(ISSUER), "{mode}");
    }
    let posted = browser.get(&authorize_url("web", &[("response_mode", "form_post")])).await;
    assert_eq!(posted.field("iss"), ISSUER);
}

/// "a URL that uses the "https" scheme without any query or fragment components" (§2), and the client compares by "simple string comparison"
/// (§2.4).
#[tokio::test]
async fn rfc9207_section_2_4_the_issuer_is_that_of_the_metadata_character_by_character() {
    let world = World::new().await;
    let answer = world.browser().get(&authorize_url("web", &[("prompt", "none")])).await;
    assert_eq!(answer.param("iss").unwrap(), metadata(&world).await["issuer"].as_str().unwrap());
    assert!(!ISSUER.contains(['?', '#']));
}

/// "authorization_response_iss_parameter_supported" (§3).
#[tokio::test]
async fn rfc9207_section_3_support_is_published() {
    let world = World::new().await;
    assert_eq!(metadata(&world).await["authorization_response_iss_parameter_supported"], true);
}

/// A request cannot choose it.
#[tokio::test]
async fn rfc9207_section_2_a_request_does_not_choose_the_issuer() {
    let world = World::new().await;
    let url = authorize_url("web", &[("prompt", "none"), ("iss", "https://evil.example")]);
    let answer = world.browser().get(&url).await;
    assert_eq!(answer.param("iss").as_deref(), Some(ISSUER));
    assert_eq!(answer.location().matches("iss=").count(), 1);
}
