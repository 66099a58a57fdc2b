//! OpenID Connect Discovery 1.0.

use http::Method;

use crate::flows::{listed, metadata};
use crate::support::{ISSUER, World};

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// §3: the members that are REQUIRED.
#[tokio::test]
async fn openid_discovery_section_3_no_required_member_is_missing() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    for member in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        assert!(metadata.get(member).is_some(), "{member}");
    }
}

/// "The algorithm RS256 MUST be included."
#[tokio::test]
async fn openid_discovery_section_3_rs256_is_never_missing() {
    let world = World::new().await;
    let algs = listed(&metadata(&world).await, "id_token_signing_alg_values_supported");
    assert!(algs.iter().any(|alg| alg == "RS256"), "{algs:?}");
}

/// "The value none MAY be supported but MUST NOT be used unless the Response Type used returns no ID Token from the Authorization Endpoint".
#[tokio::test]
async fn openid_discovery_section_3_none_is_no_algorithm_of_id_tokens() {
    let world = World::new().await;
    let algs = listed(&metadata(&world).await, "id_token_signing_alg_values_supported");
    assert!(!algs.iter().any(|alg| alg == "none"), "{algs:?}");
}

/// "Dynamic OpenID Providers MUST support the code, id_token, and the id_token token Response Type values."
#[tokio::test]
async fn openid_discovery_section_3_no_response_type_of_the_standard_is_missing() {
    let world = World::new().await;
    let types = listed(&metadata(&world).await, "response_types_supported");
    for response_type in ["code", "id_token", "id_token token"] {
        assert!(types.iter().any(|one| one == response_type), "{response_type}");
    }
}

/// "The JWK Set MUST NOT contain private or symmetric key values": it is what everybody reads.
#[tokio::test]
async fn openid_discovery_section_3_the_key_set_has_no_private_and_no_symmetric_key() {
    let world = World::new().await;
    let jwks = world.browser().get("/.well-known/jwks.json").await.json();
    for key in jwks["keys"].as_array().unwrap() {
        assert_ne!(key["kty"], "oct");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
            assert!(key.get(private).is_none(), "{private}: {key}");
        }
        assert!(key["kid"].is_string(), "{key}");
    }
}

/// "the use … MUST be specified" where signing and encryption keys are both there.
#[tokio::test]
async fn openid_discovery_section_3_every_key_says_what_it_is_for() {
    let world = World::new().await;
    let jwks = world.browser().get("/.well-known/jwks.json").await.json();
    assert!(jwks["keys"].as_array().unwrap().iter().all(|key| key["use"].is_string()), "{jwks}");
}

/// §4.3: "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix", and to `iss` of ID tokens.
#[tokio::test]
async fn openid_discovery_section_4_3_the_issuer_is_that_of_the_id_tokens() {
    let world = World::new().await;
    assert_eq!(metadata(&world).await["issuer"], ISSUER);
    assert_eq!(crate::flows::id_claims(&world, &[]).await["iss"], ISSUER);
}

/// §4.1: "MUST be retrieved using an HTTP GET request".
#[tokio::test]
async fn openid_discovery_section_4_1_only_get_is_allowed() {
    let world = World::new().await;
    assert_eq!(world.send(Method::POST, WELL_KNOWN, &[], Some(String::new())).await.status, 405);
}

/// §4.2: "application/json"; "Claims with zero elements MUST be omitted".
#[tokio::test]
async fn openid_discovery_section_4_2_no_list_is_empty() {
    let world = World::new().await;
    assert_eq!(world.browser().get(WELL_KNOWN).await.header("content-type"), "application/json");
    let metadata = metadata(&world).await;
    let empty: Vec<_> =
        metadata.as_object().unwrap().iter().filter(|(_, value)| value.as_array().is_some_and(Vec::is_empty)).collect();
    assert!(empty.is_empty(), "{empty:?}");
}

/// §3: what defaults to true is stated where it is not so: `request_uri_parameter_supported`.
#[tokio::test]
async fn openid_discovery_section_3_what_defaults_to_true_is_never_left_to_guess() {
    let world = World::new().await;
    assert!(metadata(&world).await["request_uri_parameter_supported"].is_boolean());
}

/// §3: no endpoint is listed that does not answer.
#[tokio::test]
async fn openid_discovery_section_3_no_endpoint_is_listed_that_is_not_there() {
    let world = World::new().await;
    let metadata = metadata(&world).await;
    for (member, value) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint")) {
        let path = value.as_str().unwrap().strip_prefix(ISSUER).unwrap();
        assert_ne!(world.send(Method::HEAD, path, &[], None).await.status, 404, "{member}");
    }
}

/// §3: a mode, method or type that is not listed does not work.
#[tokio::test]
async fn openid_discovery_section_3_a_response_mode_that_is_not_listed_is_refused() {
    let world = World::new().await;
    let modes = listed(&metadata(&world).await, "response_modes_supported");
    assert!(!modes.iter().any(|mode| mode == "carrier_pigeon"));
    let url = crate::support::flow::authorize_url("web", &[("response_mode", "carrier_pigeon")]);
    world.browser().get(&url).await.is_redirected_error("invalid_request");
}
