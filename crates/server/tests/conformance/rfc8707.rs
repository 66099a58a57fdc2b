//! Resource Indicators (RFC 8707).

use crate::flows::{ADA, redeem_but, text};
use crate::support::{API, OTHER_API, World};

const MACHINE: (&str, &str) = ("grant_type", "client_credentials");

told_to_the_client! {
    rfc8707_section_2_an_unknown_resource_is_invalid_target:
        "web", [("audience", ""), ("resource", "https://nobody.example")] => "invalid_target";
    rfc8707_section_2_a_relative_resource_is_invalid_target: "web", [("audience", ""), ("resource", "/api")] => "invalid_target";
    rfc8707_section_2_a_resource_with_a_fragment_is_invalid_target:
        "web", [("audience", ""), ("resource", "https://api.example.com#x")] => "invalid_target";
    rfc8707_section_2_a_resource_is_compared_exactly:
        "web", [("audience", ""), ("resource", "https://api.example.com/")] => "invalid_target";
    rfc8707_section_2_a_resource_that_is_no_uri_is_invalid_target:
        "web", [("audience", ""), ("resource", "not a uri")] => "invalid_target";
}

refused_for_tokens! {
    rfc8707_section_2_2_an_unknown_resource_is_invalid_target:
        "machine", [MACHINE, ("resource", "https://nobody.example")] => 400, "invalid_target";
    rfc8707_section_2_2_a_resource_beyond_the_registration_is_invalid_target:
        "machine", [MACHINE, ("resource", OTHER_API)] => 400, "invalid_target";
    rfc8707_section_2_2_a_relative_resource_is_invalid_target: "machine", [MACHINE, ("resource", "api")] => 400, "invalid_target";
    rfc8707_section_2_2_a_resource_with_a_fragment_is_invalid_target:
        "machine", [MACHINE, ("resource", "https://api.example.com#x")] => 400, "invalid_target";
    rfc8707_section_2_2_a_good_resource_does_not_cover_for_a_bad_one:
        "machine", [MACHINE, ("resource", API), ("resource", OTHER_API)] => 400, "invalid_target";
}

/// "the resource … a subset of the resources originally granted".
#[tokio::test]
async fn rfc8707_section_2_2_a_code_opens_no_other_resource() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    redeem_but(&world, "web", &code, "resource", OTHER_API).await.is_error(400, "invalid_target");
    assert_eq!(world.redeem("web", &code).await.status, 200);
}

#[tokio::test]
async fn rfc8707_section_2_2_a_refresh_token_opens_no_other_resource() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("resource", OTHER_API)];
    world.token("web", &fields).await.is_error(400, "invalid_target");
}

/// §2, `invalid_target`: "The requested resource is invalid, missing, unknown, or malformed". One that is switched off is none.
#[tokio::test]
async fn rfc8707_section_2_a_resource_that_is_switched_off_is_invalid_target() {
    let world = World::new().await;
    world.change_api(API, |api| api.disabled = true).await;
    world.token("machine", &[MACHINE, ("resource", API)]).await.is_error(400, "invalid_target");
}
