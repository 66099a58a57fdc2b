//! Token Revocation (RFC 7009).

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::flows::{ADA, both_tokens, text};
use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::{SECRET, World};

const REVOKE: &str = "/oauth/revoke";
const FORM: &str = "application/x-www-form-urlencoded";

/// "token: REQUIRED."
#[tokio::test]
async fn rfc7009_section_2_1_a_token_is_required() {
    let world = World::new().await;
    world.post_as("web", REVOKE, &[]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc7009_section_2_1_a_token_twice_is_refused() {
    let world = World::new().await;
    world.post_as("web", REVOKE, &[("token", "a"), ("token", "b")]).await.is_error(400, "invalid_request");
}

/// "The client also includes its authentication credentials": without them nothing happens.
#[tokio::test]
async fn rfc7009_section_2_1_a_client_that_does_not_prove_itself_is_refused() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.post_with(&basic("web", "wrong"), REVOKE, &[("token", &refresh)]).await.is_error(401, "invalid_client");
    let by_name = [("token", &*refresh), ("client_id", "web")];
    world.post_with("", REVOKE, &by_name).await.is_error(401, "invalid_client");
    world.post_with("", REVOKE, &[("token", &refresh)]).await.is_error(401, "invalid_client");
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

/// "verifies whether the token was issued to the client making the revocation request."
#[tokio::test]
async fn rfc7009_section_2_1_a_refresh_token_of_another_client_stays() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.post_as("other", REVOKE, &[("token", &refresh)]).await;
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

#[tokio::test]
async fn rfc7009_section_2_1_an_access_token_of_another_client_stays() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    world.post_as("other", REVOKE, &[("token", &token)]).await;
    assert_eq!(world.userinfo(&token).await.status, 200);
}

/// "If the particular token is a refresh token and the authorization server supports the revocation of access tokens, then the
/// authorization server SHOULD also invalidate all access tokens based on the same authorization grant".
#[tokio::test]
async fn rfc7009_section_2_1_with_the_refresh_token_its_access_tokens_end() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    world.post_as("web", REVOKE, &[("token", tokens["refresh_token"].as_str().unwrap())]).await;
    world.assert_dead(&tokens["access_token"]).await;
}

#[tokio::test]
async fn rfc7009_section_2_1_a_revoked_refresh_token_works_no_more() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    assert_eq!(world.post_as("web", REVOKE, &[("token", &refresh)]).await.status, 200);
    world.refresh("web", &refresh).await.is_error(400, "invalid_grant");
}

/// "An authorization server MAY ignore this parameter": a wrong or unknown hint keeps nothing alive.
#[tokio::test]
async fn rfc7009_section_2_1_a_wrong_hint_keeps_no_token_alive() {
    for hint in ["access_token", "unheard_of"] {
        let world = World::new().await;
        let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
        let fields = [("token", &*refresh), ("token_type_hint", hint)];
        assert_eq!(world.post_as("web", REVOKE, &fields).await.status, 200, "{hint}");
        world.refresh("web", &refresh).await.is_error(400, "invalid_grant");
    }
}

/// "Note: invalid tokens do not cause an error response".
#[tokio::test]
async fn rfc7009_section_2_2_an_unknown_token_is_no_error_whatever_it_looks_like() {
    let world = World::new().await;
    let mut said = Vec::new();
    for unknown in ["x", "a.b.c", &"x".repeat(5_000)] {
        let answer = world.post_as("web", REVOKE, &[("token", unknown)]).await;
        assert_eq!(answer.status, 200);
        said.push(answer.body);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[tokio::test]
async fn rfc7009_section_2_get_is_not_allowed() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let own = basic("web", SECRET);
    let path = format!("{REVOKE}?token={refresh}");
    assert_eq!(world.send(Method::GET, &path, &[(AUTHORIZATION, &own)], None).await.status, 405);
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

#[tokio::test]
async fn rfc7009_section_2_1_a_token_in_the_uri_does_not_count() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let own = basic("web", SECRET);
    let headers = [(AUTHORIZATION, &*own), (CONTENT_TYPE, FORM)];
    let path = format!("{REVOKE}?token={refresh}");
    world.send(Method::POST, &path, &headers, Some(String::new())).await.is_error(400, "invalid_request");
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

#[tokio::test]
async fn rfc7009_section_2_1_a_body_that_is_no_form_is_refused() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let own = basic("web", SECRET);
    let headers = [(AUTHORIZATION, &*own), (CONTENT_TYPE, "text/plain")];
    let answer = world.send(Method::POST, REVOKE, &headers, Some(form(&[("token", &refresh)]))).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

/// §5: "The token being revoked must also belong to the requesting client": whoever only guesses a token gets no further.
#[tokio::test]
async fn rfc7009_section_5_a_public_client_revokes_its_own_tokens_only() {
    let world = World::new().await;
    let of_web = text(&world.tokens("web", ADA).await["refresh_token"]);
    let of_spa = text(&world.tokens("spa", ADA).await["refresh_token"]);
    for token in [&of_web, &of_spa] {
        world.post_as("spa", REVOKE, &[("token", token)]).await;
    }
    assert_eq!(world.refresh("web", &of_web).await.status, 200);
    world.refresh("spa", &of_spa).await.is_error(400, "invalid_grant");
}
