//! JWT Secured Authorization Response Mode (JARM).

use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use crate::flows::{ADA, metadata, signed_in};
use crate::support::answers::everything;
use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::{ISSUER, NOW, World};

/// The signed answer to a request of `web`, in the query.
async fn signed(world: &World, more: &[(&str, &str)]) -> String {
    let mut all = vec![("response_mode", "query.jwt")];
    all.extend(more);
    let answer = signed_in(world, "web", ADA).await.get(&authorize_url("web", &all)).await;
    answer.param("response").unwrap_or_else(|| panic!("{answer:?}"))
}

async fn keys(world: &World) -> VerifyingKeys {
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC)
}

/// §2.1: `iss`, `aud` and `exp`; "a maximum JWT lifetime of 10 minutes is RECOMMENDED".
#[tokio::test]
async fn jarm_section_2_1_no_answer_is_without_issuer_audience_and_a_near_expiry() {
    let world = World::new().await;
    let said = claims(&json!(signed(&world, &[]).await));
    assert_eq!((&said["iss"], &said["aud"]), (&json!(ISSUER), &json!("web")));
    let exp = said["exp"].as_u64().unwrap();
    assert!(exp > NOW && exp <= NOW + 600, "{exp}");
}

/// §2.4: "the client … MUST … aud": an answer is one client's.
#[tokio::test]
async fn jarm_section_2_4_an_answer_for_another_client_does_not_verify() {
    let world = World::new().await;
    let text = signed(&world, &[]).await;
    let keys = keys(&world).await;
    let read = |audience: &str, now| {
        jwt::verify::<Value>(&text, &keys, &Policy::new(ISSUER, audience).accept_type("JWT"), now).is_ok()
    };
    assert!(read("web", NOW) && !read("other", NOW) && !read("web", NOW + 3_600));
}

/// §2.2: the signature "none" does not exist.
#[tokio::test]
async fn jarm_section_2_2_no_answer_is_unsigned() {
    let world = World::new().await;
    assert_ne!(header(&json!(signed(&world, &[]).await))["alg"], "none");
    let metadata = metadata(&world).await;
    assert!(!metadata["authorization_signing_alg_values_supported"].to_string().contains("none"), "{metadata}");
}

/// §2.3: nothing of the answer stands beside the JWT.
#[tokio::test]
async fn jarm_section_2_3_nothing_stands_beside_the_jwt() {
    let world = World::new().await;
    for mode in ["query.jwt", "fragment.jwt", "jwt"] {
        let mut browser = signed_in(&world, "web", ADA).await;
        let answer = browser.get(&authorize_url("web", &[("response_mode", mode)])).await;
        for plain in ["code", "state", "iss", "error"] {
            assert_eq!(answer.param(plain), None, "{mode}: {plain}");
        }
    }
}

/// §2.3.1: "query.jwt MUST NOT be used in conjunction with response types that contain token or id_token".
macro_rules! not_in_the_query {
    ($($name:ident: $response_type:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            world.change_client("web", everything).await;
            let more = [("response_type", $response_type), ("response_mode", "query.jwt")];
            let answer = signed_in(&world, "other", ADA).await.get(&authorize_url("web", &more)).await;
            answer.is_redirected_error("invalid_request");
        }
    )+};
}

not_in_the_query! {
    jarm_section_2_3_1_a_token_stays_out_of_the_query: "token";
    jarm_section_2_3_1_an_id_token_stays_out_of_the_query: "id_token";
    jarm_section_2_3_1_both_stay_out_of_the_query: "id_token token";
    jarm_section_2_3_1_a_token_beside_a_code_stays_out_of_the_query: "code token";
    jarm_section_2_3_1_an_id_token_beside_a_code_stays_out_of_the_query: "code id_token";
    jarm_section_2_3_1_all_of_them_stay_out_of_the_query: "code id_token token";
}

/// §2.1: an error response is signed as well.
#[tokio::test]
async fn jarm_section_2_1_an_error_is_never_in_the_clear() {
    let world = World::new().await;
    let url = authorize_url("web", &[("response_mode", "query.jwt"), ("prompt", "none")]);
    let answer = world.browser().get(&url).await;
    assert_eq!(answer.param("error"), None);
    let said = claims(&json!(answer.param("response").unwrap()));
    assert_eq!((&said["error"], &said["state"]), (&json!("login_required"), &json!("st/ate +1")));
}

#[tokio::test]
async fn jarm_section_2_3_nothing_is_signed_for_an_unregistered_place() {
    let world = World::new().await;
    let more = [("response_mode", "query.jwt"), ("redirect_uri", "https://evil.example/")];
    let page = world.browser().get(&authorize_url("web", &more)).await;
    page.is_page(400);
    assert!(!page.body.contains("eyJhbGciOi"), "{}", page.body);
}

#[tokio::test]
async fn jarm_section_2_1_an_answer_is_no_access_token_and_no_id_token_hint() {
    let world = World::new().await;
    let text = signed(&world, &[]).await;
    assert_eq!(world.userinfo(&text).await.status, 401);
    let more = [("prompt", "none"), ("id_token_hint", text.as_str())];
    world.browser().get(&authorize_url("web", &more)).await.is_redirected_error("invalid_request");
}
