//! Scopes and roles: extractors and layers.

use axum::{Router, body::Body, http::Request, routing::get};
use symbolon_guard::{
    Scoped, scopes,
    testing::{AUDIENCE, TestIssuer},
};

use super::{bearer, send};

scopes! { ReadDragons = "read:dragons" }

async fn scoped(caller: Scoped<ReadDragons>) -> String {
    caller.sub.clone()
}

fn world() -> (TestIssuer, Router) {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).realm("dragons");
    let app = Router::new()
        .route("/scoped", get(scoped))
        .route("/scope", get(|| async {}).layer(guard.scope("read:dragons")))
        .route("/any", get(|| async {}).layer(guard.any_scope(["read:dragons", "admin:dragons"])))
        .route("/role", get(|| async {}).layer(guard.role("admin")))
        .layer(guard.layer());
    (issuer, app)
}

#[tokio::test]
async fn scopes_and_roles_open_their_routes() {
    let (issuer, app) = world();
    let reader = issuer.token().scope("openid read:dragons").sign();
    let owner = issuer.token().scope("admin:dragons").role("user").role("admin").sign();
    let nobody = issuer.token().sign();
    let table = [
        ("/scoped", [200, 403, 403]),
        ("/scope", [200, 403, 403]),
        ("/any", [200, 200, 403]),
        ("/role", [403, 200, 403]),
    ];
    for (path, expected) in table {
        for (token, status) in [&reader, &owner, &nobody].into_iter().zip(expected) {
            assert_eq!(send(&app, bearer(path, token)).await.status.as_u16(), status, "{path}");
        }
    }
}

#[tokio::test]
async fn the_challenge_says_which_scope_is_missing() {
    let (issuer, app) = world();
    let token = issuer.token().scope("read:dragonsx xread:dragons READ:DRAGONS").sign();
    let insufficient = r#"Bearer realm="dragons", error="insufficient_scope""#;
    for (path, attribute) in [
        ("/scoped", r#", scope="read:dragons""#),
        ("/scope", r#", scope="read:dragons""#),
        ("/any", r#", scope="read:dragons admin:dragons""#),
        ("/role", ""),
    ] {
        let answer = send(&app, bearer(path, &token)).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.challenge.unwrap(), format!("{insufficient}{attribute}"), "{path}");
    }
}

#[tokio::test]
async fn without_a_token_it_is_401_and_no_scope_is_told() {
    let (_issuer, app) = world();
    for path in ["/scoped", "/scope", "/any", "/role"] {
        let answer = send(&app, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (401, Some(r#"Bearer realm="dragons""#)));
    }
}

#[tokio::test]
async fn a_requirement_outside_the_guard_is_a_wiring_mistake() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let app = Router::new().route("/", get(|| async {})).layer(guard.layer()).layer(guard.role("admin"));
    let token = issuer.token().role("admin").sign();
    assert_eq!(send(&app, bearer("/", &token)).await.status, 500);
}
