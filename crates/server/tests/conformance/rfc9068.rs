//! JWT Profile for Access Tokens (RFC 9068).

use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, base64url, jwt};

use crate::flows::{ADA, both_tokens, text};
use crate::support::protocol::{claims, header};
use crate::support::{API, ISSUER, NOW, OTHER_API, SECRET, World};

/// "the "typ" value used SHOULD be "at+jwt"", and no other kind of token has it (§2.1).
#[tokio::test]
async fn rfc9068_section_2_1_no_other_token_has_the_type_of_access_tokens() {
    let world = World::new().await;
    let (access, id) = both_tokens(&world).await;
    assert_eq!(header(&json!(access))["typ"], "at+jwt");
    assert_ne!(header(&json!(id))["typ"], "at+jwt");
}

/// "JWT access tokens MUST be signed … MUST NOT use "none"" (§2.1).
#[tokio::test]
async fn rfc9068_section_2_1_no_access_token_is_unsigned() {
    let world = World::new().await;
    let (access, _) = both_tokens(&world).await;
    let head = header(&json!(access));
    assert!(head["alg"] != "none" && head["kid"].is_string(), "{head}");
    assert!(!access.rsplit_once('.').unwrap().1.is_empty());
}

/// §2.2: iss, exp, aud, sub, client_id, iat and jti are REQUIRED, for people and for machines.
#[tokio::test]
async fn rfc9068_section_2_2_no_required_claim_is_missing() {
    let world = World::new().await;
    let person = claims(&world.tokens("web", ADA).await["access_token"]);
    let machine = claims(&world.token("machine", &[("grant_type", "client_credentials")]).await.json()["access_token"]);
    for (whose, claims) in [("person", person), ("machine", machine)] {
        for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            assert!(claims.get(name).is_some(), "{whose}: {name}");
        }
        assert_eq!(claims["iss"], ISSUER);
    }
}

/// §2.2.1: `auth_time` is not that of the token.
#[tokio::test]
async fn rfc9068_section_2_2_1_the_time_of_authentication_does_not_move() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.advance(300);
    let renewed = claims(&world.refresh("web", &refresh).await.json()["access_token"]);
    assert_eq!((&renewed["auth_time"], &renewed["iat"]), (&json!(NOW), &json!(NOW + 300)));
}

/// §2.2: `jti` is unique.
#[tokio::test]
async fn rfc9068_section_2_2_no_two_tokens_have_one_id() {
    let world = World::new().await;
    let ids: Vec<_> =
        [both_tokens(&world).await.0, both_tokens(&world).await.0].map(|one| claims(&json!(one))["jti"].clone()).into();
    assert_ne!(ids[0], ids[1]);
}

/// §3: "the resource … aud": of a token that was asked for one API no other is the audience.
#[tokio::test]
async fn rfc9068_section_3_the_audience_is_what_was_asked_for_and_no_other_api() {
    let world = World::new().await;
    let aud = claims(&json!(both_tokens(&world).await.0))["aud"].to_string();
    assert!(aud.contains(API) && !aud.contains(OTHER_API), "{aud}");
}

/// Tokens that the resource must reject (§4), tried at userinfo.
macro_rules! rejected {
    ($($(#[$about:meta])* $name:ident: $change:expr;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let (access, id) = both_tokens(&world).await;
            let change: fn(&str, &str) -> String = $change;
            assert_eq!(world.userinfo(&change(&access, &id)).await.status, 401);
        }
    )+};
}

/// With another header in front.
fn beheaded(token: &str, head: &str) -> String {
    format!("{}.{}", base64url::encode(head.as_bytes()), token.split_once('.').unwrap().1)
}

rejected! {
    rfc9068_section_4_an_id_token_is_rejected: |_, id| id.to_owned();
    rfc9068_section_4_alg_none_is_rejected: |access, _| beheaded(access, r#"{"alg":"none","typ":"at+jwt"}"#);
    rfc9068_section_4_alg_hmac_is_rejected: |access, _| beheaded(access, r#"{"alg":"HS256","typ":"at+jwt"}"#);
    rfc9068_section_4_another_type_is_rejected: |access, _| beheaded(access, r#"{"alg":"ES256","typ":"JWT"}"#);
    rfc9068_section_4_a_signature_of_nobody_is_rejected: |access, _| {
        let key = Jwk::generate(Algorithm::ES256).unwrap();
        jwt::sign_with_jwk(&key, Algorithm::ES256, "at+jwt", &claims(&json!(access))).unwrap()
    };
    rfc9068_section_4_changed_claims_are_rejected: |access, _| {
        let parts: Vec<&str> = access.split('.').collect();
        let mut claims = claims(&json!(access));
        claims["exp"] = json!(NOW + 100_000);
        format!("{}.{}.{}", parts[0], base64url::encode(claims.to_string().as_bytes()), parts[2])
    };
}

#[tokio::test]
async fn rfc9068_section_4_an_expired_token_is_rejected() {
    let world = World::new().await;
    let (access, _) = both_tokens(&world).await;
    world.advance(600);
    assert_eq!(world.userinfo(&access).await.status, 401);
}

#[tokio::test]
async fn rfc9068_section_4_a_token_for_another_audience_is_rejected() {
    let world = World::new().await;
    let token = text(&world.token("machine", &[("grant_type", "client_credentials")]).await.json()["access_token"]);
    assert_eq!(world.userinfo(&token).await.status, 401, "it is for the API alone");
    assert_eq!(world.introspect_as(OTHER_API, SECRET, &token).await.json(), json!({ "active": false }));
}

/// §5: a client cannot pose as a user: "sub" of its own token is its own name.
#[tokio::test]
async fn rfc9068_section_5_a_machines_subject_is_no_user() {
    let world = World::new().await;
    let token = claims(&world.token("machine", &[("grant_type", "client_credentials")]).await.json()["access_token"]);
    assert_eq!(token["sub"], token["client_id"]);
    for of_people in ["auth_time", "acr", "amr", "sid", "roles"] {
        assert!(token.get(of_people).is_none(), "{of_people}");
    }
}
