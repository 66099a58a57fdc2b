//! JWT-Secured Authorization Requests (RFC 9101).

use serde_json::{Value, json};
use symbolon_jose::{SigningKey, base64url, jwt};

use crate::flows::{ADA, signed_in};
use crate::support::flow::authorize_url;
use crate::support::requests::{TYP, object, object_claims, object_url, reference_url};
use crate::support::{CALLBACK, ISSUER, NOW, World};

const BESIDE: [(&str, &str); 3] = [("redirect_uri", CALLBACK), ("state", "st/ate +1"), ("response_type", "code")];

/// A request object with one claim changed, or left out where it is null.
fn changed(key: &SigningKey, typ: &str, member: &str, value: Value) -> String {
    let mut claims = object_claims("web", &[]);
    claims[member] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jwt::sign(key, typ, &claims).unwrap()
}

/// Objects with one claim changed, each `invalid_request_object`: to the client where what is beside it proves the place, else on a page.
macro_rules! not_taken {
    ($($(#[$about:meta])* $name:ident: $member:literal, $value:expr;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let key = world.signs_requests("web").await;
            let text = changed(&key, TYP, $member, $value);
            let mut browser = signed_in(&world, "other", ADA).await;
            browser.get(&object_url("web", &text, &BESIDE)).await.is_redirected_error("invalid_request_object");
            browser.get(&object_url("web", &text, &[])).await.is_page(400);
        }
    )+};
}

not_taken! {
    rfc9101_section_4_an_object_of_another_issuer_is_refused: "iss", json!("other");
    rfc9101_section_4_an_object_for_another_server_is_refused: "aud", json!("https://evil.example");
    rfc9101_section_4_an_audience_with_a_slash_more_is_another: "aud", json!(format!("{ISSUER}/"));
    rfc9101_section_4_a_request_inside_the_object_is_refused: "request", json!("eyJ9.e30.x");
    rfc9101_section_4_a_request_uri_inside_the_object_is_refused: "request_uri", json!("https://evil.example/");
    rfc9101_section_6_3_a_client_id_inside_must_be_that_beside_it: "client_id", json!("other");
    rfc9101_section_4_a_client_id_inside_is_required: "client_id", Value::Null;
    rfc9101_section_4_an_expired_object_is_refused: "exp", json!(NOW - 60);
    rfc9101_section_4_an_object_that_does_not_count_yet_is_refused: "nbf", json!(NOW + 60);
    rfc9101_section_10_8_a_subject_would_make_it_a_client_assertion: "sub", json!("web");
}

/// Objects of another type, each refused (§10.8, cross-JWT confusion).
macro_rules! other_types {
    ($($name:ident: $typ:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let key = world.signs_requests("web").await;
            let text = changed(&key, $typ, "iss", json!("web"));
            world.browser().get(&object_url("web", &text, &BESIDE)).await.is_redirected_error("invalid_request_object");
        }
    )+};
}

other_types! {
    rfc9101_section_10_8_an_access_token_is_no_request: "at+jwt";
    rfc9101_section_10_8_a_client_assertion_is_no_request: "client-authentication+jwt";
    rfc9101_section_10_8_a_dpop_proof_is_no_request: "dpop+jwt";
    rfc9101_section_10_8_a_logout_token_is_no_request: "logout+jwt";
}

/// "The authorization server MUST validate the signature" (§6.2).
#[tokio::test]
async fn rfc9101_section_6_2_a_signature_of_another_client_is_refused() {
    let world = World::new().await;
    world.signs_requests("web").await;
    let foreign = world.signs_requests("other").await;
    let answer = world.browser().get(&object_url("web", &object(&foreign, "web", &[]), &BESIDE)).await;
    answer.is_redirected_error("invalid_request_object");
}

#[tokio::test]
async fn rfc9101_section_6_2_a_changed_object_is_refused() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let good = object(&key, "web", &[]);
    let parts: Vec<&str> = good.split('.').collect();
    let claims = object_claims("web", &[("scope", "openid")]).to_string();
    let text = format!("{}.{}.{}", parts[0], base64url::encode(claims.as_bytes()), parts[2]);
    world.browser().get(&object_url("web", &text, &BESIDE)).await.is_redirected_error("invalid_request_object");
}

#[tokio::test]
async fn rfc9101_section_6_2_an_unsigned_object_is_refused() {
    let world = World::new().await;
    world.signs_requests("web").await;
    let claims = base64url::encode(object_claims("web", &[]).to_string().as_bytes());
    let text = format!("{}.{claims}.", base64url::encode(br#"{"alg":"none"}"#));
    world.browser().get(&object_url("web", &text, &BESIDE)).await.is_redirected_error("invalid_request_object");
}

#[tokio::test]
async fn rfc9101_section_6_2_an_object_whose_signature_was_cut_off_is_refused() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let text = object(&key, "web", &[]).rsplit_once('.').unwrap().0.to_owned() + ".";
    world.browser().get(&object_url("web", &text, &BESIDE)).await.is_redirected_error("invalid_request_object");
}

#[tokio::test]
async fn rfc9101_section_6_2_a_client_without_a_key_signs_nothing() {
    let world = World::new().await;
    let key = world.signs_requests("other").await;
    let answer = world.browser().get(&object_url("web", &object(&key, "web", &[]), &BESIDE)).await;
    answer.is_redirected_error("invalid_request_object");
}

#[tokio::test]
async fn rfc9101_section_5_1_what_is_no_jwt_is_refused() {
    let world = World::new().await;
    world.signs_requests("web").await;
    for text in ["nonsense", "a.b.c", "e30.e30.e30"] {
        world.browser().get(&object_url("web", text, &BESIDE)).await.is_redirected_error("invalid_request_object");
    }
}

/// "If this parameter is present in the authorization request, request_uri MUST NOT be present" (§5).
#[tokio::test]
async fn rfc9101_section_5_request_and_request_uri_together_are_refused() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let url = format!(
        "{}&request_uri=https%3A%2F%2Fapp.example.com%2Fr",
        object_url("web", &object(&key, "web", &[]), &BESIDE)
    );
    let answer = world.browser().get(&url).await;
    assert!(answer.status == 400 || answer.param("error").is_some(), "{answer:?}");
    assert!(answer.headers.get("location").is_none() || answer.param("code").is_none());
}

/// "client_id: REQUIRED" beside the object (§5).
#[tokio::test]
async fn rfc9101_section_5_a_client_id_beside_the_object_is_required() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let url = object_url("web", &object(&key, "web", &[]), &[]).replace("client_id=web&", "");
    world.browser().get(&url).await.is_page(400);
}

/// "The authorization server MUST only use the parameters in the Request Object" (§6.3).
#[tokio::test]
async fn rfc9101_section_6_3_what_stands_beside_the_object_does_not_count() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let text = object(&key, "web", &[("prompt", "none")]);
    let beside = [("state", "evil"), ("prompt", "login"), ("response_mode", "fragment"), ("scope", "openid email")];
    let answer = world.browser().get(&object_url("web", &text, &beside)).await;
    answer.is_redirected_error("login_required");
    assert!(answer.location().starts_with(&format!("{CALLBACK}?")), "{answer:?}");
}

#[tokio::test]
async fn rfc9101_section_6_3_a_redirect_uri_is_not_taken_from_beside_the_object() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let text = object(&key, "web", &[("redirect_uri", "")]);
    world.browser().get(&object_url("web", &text, &[("redirect_uri", CALLBACK)])).await.is_page(400);
}

#[tokio::test]
async fn rfc9101_section_6_3_what_is_inside_is_validated_as_any_request() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let text = object(&key, "web", &[("code_challenge", "")]);
    world.browser().get(&object_url("web", &text, &[])).await.is_redirected_error("invalid_request");
}

/// "require_signed_request_object" (§10.5).
#[tokio::test]
async fn rfc9101_section_10_5_a_client_that_must_sign_is_refused_without() {
    let world = World::new().await;
    world.signs_requests("web").await;
    world.change_client("web", |client| client.requests.require_signed_request_object = true).await;
    world.browser().get(&authorize_url("web", &[])).await.is_redirected_error("invalid_request");
}

/// §10.4.1: "the value of the request_uri parameter does not point to an unexpected location": nothing but what is registered is ever fetched.
#[tokio::test]
async fn rfc9101_section_10_4_1_an_unregistered_request_uri_is_not_fetched() {
    let world = World::new().await;
    world.signs_requests("web").await;
    for uri in ["https://evil.example/r", "http://127.0.0.1:1/", "file:///etc/passwd", "urn:x"] {
        let answer = world.browser().get(&reference_url("web", uri, &BESIDE)).await;
        assert!(answer.status == 400 || answer.param("error").as_deref() == Some("invalid_request_uri"), "{answer:?}");
    }
}
