//! What RFC 7009 (revocation) and RFC 7662 (introspection) say must not be, sentence by sentence, beside the promises of `revocation.rs` and `introspection.rs`.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Method};
use serde_json::json;

use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::{API, Answer, SECRET, World};

const ADA: &str = "ada@example.com";
const REVOKE: &str = "/oauth/revoke";
const INTROSPECT: &str = "/oauth/introspect";
const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/x-www-form-urlencoded");

async fn token(world: &World) -> String {
    world.tokens("web", ADA).await["access_token"].as_str().unwrap().to_owned()
}

async fn is_active(world: &World, token: &str) -> bool {
    world.introspect(token).await["active"] == true
}

/// Posts as `who` with the secret `secret`.
async fn post(world: &World, path: &str, (who, secret): (&str, &str), body: &str) -> Answer {
    let authorization = basic(who, secret);
    world.send(Method::POST, path, &[FORM, (AUTHORIZATION, &authorization)], Some(body.to_owned())).await
}

#[tokio::test]
async fn rfc7009_section_2_1_token_is_required() {
    let world = World::new().await;
    for body in ["", "token=", "token_type_hint=access_token"] {
        post(&world, REVOKE, ("web", SECRET), body).await.is_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn rfc7009_section_2_1_a_parameter_given_twice_revokes_nothing() {
    let world = World::new().await;
    let token = token(&world).await;
    let twice = form(&[("token", &token), ("token", &token)]);
    post(&world, REVOKE, ("web", SECRET), &twice).await.is_error(400, "invalid_request");
    assert!(is_active(&world, &token).await);
}

#[tokio::test]
async fn rfc7009_section_2_1_the_client_proves_itself_before_anything_is_revoked() {
    let world = World::new().await;
    let token = token(&world).await;
    let body = form(&[("token", &token)]);
    let wrong = post(&world, REVOKE, ("web", "wrong"), &body).await;
    wrong.is_error(401, "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic "), "RFC 6749 §5.2");
    post(&world, REVOKE, ("nobody", SECRET), &body).await.is_error(401, "invalid_client");
    let named = form(&[("token", &token), ("client_id", "web")]);
    world.send(Method::POST, REVOKE, &[FORM], Some(named)).await.is_error(401, "invalid_client");
    // A public client says who it is, and is then another one.
    let public = form(&[("token", &token), ("client_id", "spa")]);
    assert!(world.send(Method::POST, REVOKE, &[FORM], Some(public)).await.status.as_u16() >= 200);
    assert!(is_active(&world, &token).await);
}

/// "the authorization server … verifies whether the token was issued to the client making the revocation request. If this validation fails, the request
/// is refused and the client is informed of the error".
#[tokio::test]
async fn rfc7009_section_2_1_a_token_of_another_client_lives_on() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    for kind in ["access_token", "refresh_token"] {
        let body = form(&[("token", tokens[kind].as_str().unwrap())]);
        let refused = post(&world, REVOKE, ("other", SECRET), &body).await;
        assert_eq!(refused.status, 400, "{kind}: {}", refused.body);
    }
    assert!(is_active(&world, tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.status, 200);
}

/// "An invalid token type hint value is ignored by the authorization server and does not influence the revocation response."
#[tokio::test]
async fn rfc7009_section_2_2_an_unknown_hint_and_an_unknown_token_are_no_errors() {
    let world = World::new().await;
    for hint in ["saml2", "", "access_token", "refresh_token", "<script>"] {
        let token = token(&world).await;
        let body = form(&[("token", &token), ("token_type_hint", hint)]);
        assert_eq!(post(&world, REVOKE, ("web", SECRET), &body).await.status, 200, "{hint}");
        assert!(!is_active(&world, &token).await, "{hint}");
        assert_eq!(post(&world, REVOKE, ("web", SECRET), &body).await.status, 200, "a second time is as good");
    }
    for unknown in ["x", "eyJ.e30.x", "sym_rt_x", "sym_ac_x"] {
        let body = form(&[("token", unknown)]);
        assert_eq!(post(&world, REVOKE, ("web", SECRET), &body).await.status, 200, "{unknown}");
    }
}

/// RFC 7009 §2: "by making an HTTP POST request to the token revocation endpoint URL", and never with a token in an address that is logged.
#[tokio::test]
async fn rfc7009_section_2_1_a_token_in_the_url_is_refused() {
    let world = World::new().await;
    let token = token(&world).await;
    let authorization = basic("web", SECRET);
    let query = format!("{REVOKE}?{}", form(&[("token", &token)]));
    let headers = [FORM, (AUTHORIZATION, &*authorization)];
    assert_eq!(world.send(Method::GET, &query, &headers, None).await.status, 405);
    world.send(Method::POST, &query, &headers, Some(String::new())).await.is_error(400, "invalid_request");
    assert!(is_active(&world, &token).await);
}

#[tokio::test]
async fn rfc7662_section_2_1_token_is_required_once() {
    let world = World::new().await;
    let token = token(&world).await;
    for body in [String::new(), "token=".to_owned(), form(&[("token", &token), ("token", &token)])] {
        post(&world, INTROSPECT, (API, SECRET), &body).await.is_error(400, "invalid_request");
    }
}

/// "To prevent token scanning attacks, the endpoint MUST also require some form of authorization".
#[tokio::test]
async fn rfc7662_section_2_1_nobody_asks_without_proof() {
    let world = World::new().await;
    let token = token(&world).await;
    let body = form(&[("token", &token)]);
    world.send(Method::POST, INTROSPECT, &[FORM], Some(body.clone())).await.is_error(401, "invalid_client");
    post(&world, INTROSPECT, (API, "wrong"), &body).await.is_error(401, "invalid_client");
    // The token that is asked about is no credential, nor is its owner's being public one.
    let bearer = format!("Bearer {token}");
    let as_bearer = world.send(Method::POST, INTROSPECT, &[FORM, (AUTHORIZATION, &bearer)], Some(body)).await;
    assert!(as_bearer.status.is_client_error(), "{as_bearer:?}");
    let public = form(&[("token", &token), ("client_id", "spa")]);
    let public = world.send(Method::POST, INTROSPECT, &[FORM], Some(public)).await;
    assert!(public.status.is_client_error() && !public.body.contains("active"), "{public:?}");
}

/// "the authorization server … SHOULD NOT include any additional information about an inactive token, including why the token is inactive".
#[tokio::test]
async fn rfc7662_section_2_2_an_inactive_token_is_inactive_and_nothing_else() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let access_token = tokens["access_token"].as_str().unwrap();
    let code = world.browser().code("web", ADA, &[]).await;
    for other in [code.as_str(), tokens["id_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap(), "x"] {
        for hint in ["", "refresh_token", "access_token"] {
            let body = form(&[("token", other), ("token_type_hint", hint)]);
            let answer = post(&world, INTROSPECT, (API, SECRET), &body).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"active":false}"#), "{other}");
        }
    }
    assert_eq!(world.redeem("web", &code).await.status, 200, "a code that was asked about is not used up");
    post(&world, REVOKE, ("web", SECRET), &form(&[("token", access_token)])).await;
    assert_eq!(world.introspect(access_token).await, json!({ "active": false }));
}

/// RFC 7662 §4: what is told is not for caches.
#[tokio::test]
async fn rfc7662_section_4_an_answer_is_not_cached_and_a_token_in_the_url_is_refused() {
    let world = World::new().await;
    let token = token(&world).await;
    let authorization = basic(API, SECRET);
    let headers = [FORM, (AUTHORIZATION, &*authorization)];
    let body = Some(form(&[("token", &token)]));
    let answer = world.send(Method::POST, INTROSPECT, &headers, body).await;
    assert_eq!((answer.header("cache-control"), answer.json()["active"].clone()), ("no-store", json!(true)));
    let query = format!("{INTROSPECT}?{}", form(&[("token", &token)]));
    assert_eq!(world.send(Method::GET, &query, &headers, None).await.status, 405);
    world.send(Method::POST, &query, &headers, Some(String::new())).await.is_error(400, "invalid_request");
}
