//! Authorization Server Metadata (RFC 8414).

use http::Method;

use crate::flows::{listed, metadata};
use crate::support::{ISSUER, World};

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// "The "issuer" value returned MUST be identical to the authorization server's issuer identifier value".
#[tokio::test]
async fn rfc8414_section_3_3_the_issuer_is_identical_whatever_host_is_asked() {
    let world = World::new().await;
    let headers = [(http::HeaderName::from_static("x-forwarded-host"), "evil.example")];
    let answer = world.send(Method::GET, WELL_KNOWN, &headers, None).await;
    assert_eq!(answer.json()["issuer"], ISSUER);
    assert!(!answer.body.contains("evil"));
}

/// "Claims with zero elements MUST be omitted from the response."
#[tokio::test]
async fn rfc8414_section_3_2_no_list_is_empty_and_nothing_is_null() {
    let world = World::new().await;
    for (member, value) in metadata(&world).await.as_object().unwrap() {
        assert!(!value.is_null() && value != "", "{member}");
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{member}");
    }
}

/// "MUST be … 200 … using the application/json content type".
#[tokio::test]
async fn rfc8414_section_3_2_it_is_json_and_an_unknown_well_known_is_not_found() {
    let world = World::new().await;
    assert_eq!(world.browser().get(WELL_KNOWN).await.header("content-type"), "application/json");
    assert_eq!(world.browser().get("/.well-known/unheard-of").await.status, 404);
}

#[tokio::test]
async fn rfc8414_section_3_1_only_get_is_allowed() {
    let world = World::new().await;
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(world.send(method, WELL_KNOWN, &[], None).await.status, 405);
    }
}

/// `token_endpoint_auth_signing_alg_values_supported`: "The value "none" MUST NOT be used."
#[tokio::test]
async fn rfc8414_section_2_no_list_of_algorithms_for_proofs_has_none() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    for (member, _) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.contains("auth_signing_alg")) {
        assert!(!listed(&metadata, member).iter().any(|alg| alg == "none"), "{member}");
    }
}

/// §2: "This metadata entry MUST be present if either of these authentication methods are specified".
#[tokio::test]
async fn rfc8414_section_2_algorithms_are_listed_wherever_keys_prove_a_client() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = listed(&metadata, &format!("{endpoint}_endpoint_auth_methods_supported"));
        if methods.iter().any(|method| method == "private_key_jwt") {
            let member = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
            assert!(!listed(&metadata, &member).is_empty(), "{member}");
        }
    }
}

/// §2: every endpoint is a URL below the issuer, with no fragment.
#[tokio::test]
async fn rfc8414_section_2_every_endpoint_is_a_url_of_the_issuer_without_a_fragment() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    for (member, value) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint")) {
        let url = value.as_str().unwrap();
        assert!(url.starts_with(&format!("{ISSUER}/")) && !url.contains(['#', '?']), "{member}: {url}");
    }
}

/// §2: `response_types_supported` is REQUIRED; what is not listed does not work.
#[tokio::test]
async fn rfc8414_section_2_a_grant_that_is_not_listed_does_not_work() {
    let world = World::new().await;
    let grants = listed(&metadata(&world).await, "grant_types_supported");
    for grant in ["password", "urn:ietf:params:oauth:grant-type:saml2-bearer", "magic"] {
        assert!(!grants.iter().any(|one| one == grant));
        world.token("web", &[("grant_type", grant)]).await.is_error(400, "unsupported_grant_type");
    }
}

/// §2: `code_challenge_methods_supported` lists what works.
#[tokio::test]
async fn rfc8414_section_2_plain_is_not_listed_as_a_challenge_method() {
    let world = World::new().await;
    assert_eq!(listed(&metadata(&world).await, "code_challenge_methods_supported"), ["S256"]);
}
