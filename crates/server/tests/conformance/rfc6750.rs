//! Bearer Token Usage (RFC 6750), at userinfo.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::flows::{ADA, both_tokens};
use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::{Answer, SECRET, World};

const FORM: &str = "application/x-www-form-urlencoded";

/// Refused with a challenge of the scheme and this in it; nothing about the user.
#[track_caller]
fn challenged(answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer ") && challenge.contains(says), "{challenge}");
    assert!(!answer.body.contains(ADA), "{}", answer.body);
}

async fn with_header(world: &World, value: &str) -> Answer {
    world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, value)], None).await
}

/// "Clients MUST NOT use more than one method to transmit the token in each request."
#[tokio::test]
async fn rfc6750_section_2_two_methods_at_once_are_refused() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    let bearer = format!("Bearer {token}");
    let headers = [(AUTHORIZATION, &*bearer), (CONTENT_TYPE, FORM)];
    let answer = world.send(Method::POST, "/userinfo", &headers, Some(form(&[("access_token", &token)]))).await;
    challenged(&answer, 400, "error=\"invalid_request\"");
}

#[tokio::test]
async fn rfc6750_section_2_1_two_headers_are_refused() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", both_tokens(&world).await.0);
    let headers = [(AUTHORIZATION, &*bearer), (AUTHORIZATION, &*bearer)];
    challenged(&world.send(Method::GET, "/userinfo", &headers, None).await, 400, "invalid_request");
}

#[tokio::test]
async fn rfc6750_section_2_1_another_scheme_is_no_token() {
    let world = World::new().await;
    challenged(&with_header(&world, &basic("web", SECRET)).await, 401, "Bearer ");
    let (token, _) = both_tokens(&world).await;
    assert_eq!(with_header(&world, &format!("Token {token}")).await.status, 401);
    assert_eq!(with_header(&world, &token).await.status, 401);
}

#[tokio::test]
async fn rfc6750_section_2_1_a_header_without_a_token_is_refused() {
    let world = World::new().await;
    for empty in ["Bearer", "Bearer "] {
        let answer = with_header(&world, empty).await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{answer:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
}

/// "The entity-body … MUST … application/x-www-form-urlencoded".
#[tokio::test]
async fn rfc6750_section_2_2_a_body_of_another_type_holds_no_token() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let body = Some(form(&[("access_token", &token)]));
        let answer = world.send(Method::POST, "/userinfo", &[(CONTENT_TYPE, kind)], body).await;
        assert!(answer.status.is_client_error(), "{kind}: {answer:?}");
        assert!(!answer.body.contains(ADA));
    }
}

/// "… the request method … MUST NOT be GET".
#[tokio::test]
async fn rfc6750_section_2_2_a_get_with_a_body_holds_no_token() {
    let world = World::new().await;
    let body = Some(form(&[("access_token", &both_tokens(&world).await.0)]));
    challenged(&world.send(Method::GET, "/userinfo", &[(CONTENT_TYPE, FORM)], body).await, 401, "Bearer ");
}

#[tokio::test]
async fn rfc6750_section_2_2_a_token_twice_in_a_form_is_refused() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    let body = Some(form(&[("access_token", &token), ("access_token", &token)]));
    let answer = world.send(Method::POST, "/userinfo", &[(CONTENT_TYPE, FORM)], body).await;
    challenged(&answer, 400, "invalid_request");
}

/// "SHOULD NOT be used": a token in the address is none.
#[tokio::test]
async fn rfc6750_section_2_3_a_token_in_the_uri_is_none() {
    let world = World::new().await;
    let path = format!("/userinfo?access_token={}", both_tokens(&world).await.0);
    challenged(&world.browser().get(&path).await, 401, "Bearer ");
}

/// "the resource server SHOULD NOT include an error code" where there was no token.
#[tokio::test]
async fn rfc6750_section_3_1_without_a_token_the_challenge_names_no_error() {
    let world = World::new().await;
    let answer = world.browser().get("/userinfo").await;
    challenged(&answer, 401, "Bearer ");
    assert!(!answer.header("www-authenticate").contains("error="), "{answer:?}");
}

/// Tokens that are none, each `invalid_token` with 401.
macro_rules! invalid_tokens {
    ($($(#[$about:meta])* $name:ident: $change:expr;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let (token, id_token) = both_tokens(&world).await;
            let change: fn(&World, &str, &str) -> String = $change;
            let changed = change(&world, &token, &id_token);
            challenged(&world.userinfo(&changed).await, 401, "error=\"invalid_token\"");
        }
    )+};
}

invalid_tokens! {
    rfc6750_section_3_1_an_expired_token_is_invalid_token: |world, token, _| { world.advance(600); token.to_owned() };
    rfc6750_section_3_1_a_changed_token_is_invalid_token: |_, token, _| format!("{token}x");
    rfc6750_section_3_1_a_token_without_its_signature_is_invalid_token:
        |_, token, _| token.rsplit_once('.').unwrap().0.to_owned() + ".";
    rfc6750_section_3_1_a_text_that_is_no_token_is_invalid_token: |_, _, _| "x".to_owned();
    rfc6750_section_5_2_an_id_token_is_no_access_token: |_, _, id_token| id_token.to_owned();
    rfc6750_section_5_2_the_signature_of_another_token_does_not_fit: |_, token, id_token| {
        format!("{}.{}", token.rsplit_once('.').unwrap().0, id_token.rsplit_once('.').unwrap().1)
    };
}

#[tokio::test]
async fn rfc6750_section_3_1_a_revoked_token_is_invalid_token() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    assert_eq!(world.post_as("web", "/oauth/revoke", &[("token", &token)]).await.status, 200);
    challenged(&world.userinfo(&token).await, 401, "error=\"invalid_token\"");
}

/// "The request requires higher privileges than provided by the access token": 403, with the scope it takes.
#[tokio::test]
async fn rfc6750_section_3_1_too_little_scope_is_403() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "email"), ("audience", "")]).await;
    let token = world.redeem("web", &code).await.json()["access_token"].clone();
    let answer = world.userinfo(token.as_str().unwrap()).await;
    challenged(&answer, 403, "error=\"insufficient_scope\"");
    assert!(answer.header("www-authenticate").contains("scope=\"openid"), "{answer:?}");
}

/// §3: "the resource server MUST include the HTTP "WWW-Authenticate" response header field", with a scheme and parameters.
#[tokio::test]
async fn rfc6750_section_3_a_challenge_is_on_every_401() {
    let world = World::new().await;
    for path in ["/userinfo", "/userinfo?x=y"] {
        for method in [Method::GET, Method::POST] {
            let headers = [(CONTENT_TYPE, FORM)];
            let answer = world.send(method.clone(), path, &headers, Some(String::new())).await;
            challenged(&answer, 401, "Bearer ");
        }
    }
}

/// §5.3: "Don't store bearer tokens in cookies", and nothing that answers one is kept.
#[tokio::test]
async fn rfc6750_section_5_3_an_answer_to_a_token_is_not_stored_and_sets_no_cookie() {
    let world = World::new().await;
    let answer = world.userinfo(&both_tokens(&world).await.0).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.headers.get("set-cookie").is_none());
}
