//! Sentences of OpenID Connect Core that no other file of these tests keeps, each by its section.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use symbolon_oauth::Subject;

use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::{CALLBACK, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";

/// §2: `iss`, `sub`, `aud`, `exp` and `iat` are REQUIRED; `sub` "MUST NOT exceed 255 ASCII [RFC20] characters in length".
#[tokio::test]
async fn core_section_2_an_id_token_says_who_for_whom_and_until_when() {
    let world = World::new().await;
    let said = claims(&world.tokens("web", ADA).await["id_token"]);
    assert_eq!((&said["iss"], &said["aud"], &said["iat"]), (&json!(ISSUER), &json!("web"), &json!(NOW)));
    assert!(said["exp"].as_u64().unwrap() > NOW && said["auth_time"].is_u64());
    assert!(Subject::parse(said["sub"].as_str().unwrap()).is_ok(), "{said}");
    assert!(said.get("azp").is_none(), "there is one audience, and it is the client");
}

/// §2: "ID Tokens SHOULD NOT use the JWS or JWE x5u, x5c, jku, or jwk Header Parameter fields"; §10.1: "a kid value MUST be provided in the JOSE Header".
#[tokio::test]
async fn core_section_10_1_every_signature_names_its_key_in_the_published_set() {
    let world = World::new().await;
    world
        .change_client("web", |client| {
            client.userinfo.userinfo_signed_response_alg = Some(symbolon_jose::Algorithm::ES256);
        })
        .await;
    let tokens = world.tokens("web", ADA).await;
    let userinfo = json!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.body);
    let set = world.browser().get("/.well-known/jwks.json").await.json();
    let keys = set["keys"].as_array().unwrap();
    assert!(keys.len() > 1, "where there are several it matters");
    for token in [&tokens["id_token"], &tokens["access_token"], &userinfo] {
        let header = header(token);
        let of_it: Vec<&Value> = keys.iter().filter(|key| key["kid"] == header["kid"]).collect();
        assert!(of_it.len() == 1 && of_it[0]["alg"] == header["alg"], "{header}");
        for from_the_token in ["x5u", "x5c", "jku", "jwk"] {
            assert!(header.get(from_the_token).is_none(), "{header}");
        }
    }
    // §10: what is published is public.
    assert!(["d", "p", "q", "k"].iter().all(|private| keys.iter().all(|key| key.get(*private).is_none())));
}

/// §11: the server "MUST ignore the offline_access request unless the Client is using a response_type value that would result in an Authorization Code
/// being returned".
#[tokio::test]
async fn core_section_11_offline_access_needs_a_code() {
    let world = World::of_answers().await;
    let more = [("response_type", "id_token token"), ("scope", "openid offline_access"), ("audience", "")];
    let answer = world.authorized(&mut world.browser(), "web", ADA, &more).await.fragment();
    assert!(!answer.contains_key("refresh_token") && !answer["scope"].contains("offline_access"), "{answer:?}");
    assert!(!claims(&json!(answer["access_token"]))["scope"].as_str().unwrap().contains("offline_access"));
}

/// §3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored."
#[tokio::test]
async fn core_section_3_1_2_1_unknown_scopes_are_ignored_and_not_granted() {
    let world = World::new().await;
    let code =
        world.browser().code("web", ADA, &[("scope", "openid email tomorrow:everything"), ("audience", "")]).await;
    let tokens = world.redeem("web", &code).await.json();
    assert_eq!(tokens["scope"], "openid email");
}

/// §3.1.2.6, §7.2.1: what this server does not do is refused by its own name.
#[tokio::test]
async fn core_section_3_1_2_6_registration_in_a_request_is_refused_by_name() {
    let world = World::new().await;
    let refused = world.browser().get(&authorize_url("web", &[("registration", "{}")])).await;
    refused.is_redirected_error("registration_not_supported");
}

/// §3.1.3.2: the code must be one of an OpenID authentication, for its client and redirect URI; a refused one brings neither token.
#[tokio::test]
async fn core_section_3_1_3_4_a_refusal_holds_no_token() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "https://app.example.com/other"),
        ("code_verifier", crate::support::flow::VERIFIER),
    ];
    let refused = world.token("web", &wrong).await;
    refused.is_error(400, "invalid_grant");
    for token in ["id_token", "access_token", "refresh_token"] {
        assert!(refused.json().get(token).is_none(), "{}", refused.body);
    }
}

/// §5.3.1: "The Access Token obtained from an OpenID Connect Authentication Request MUST be sent as a Bearer Token"; §5.3.3: errors are those of RFC 6750.
#[tokio::test]
async fn core_section_5_3_3_userinfo_refuses_what_is_no_access_token_of_openid() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "read")]).await;
    let plain = world.redeem("web", &code).await.json();
    let refused = world.userinfo(plain["access_token"].as_str().unwrap()).await;
    assert_eq!(refused.status.as_u16() / 100, 4, "a token without openid: {refused:?}");
    let tokens = world.tokens("web", ADA).await;
    let id_token = world.userinfo(tokens["id_token"].as_str().unwrap()).await;
    assert_eq!((id_token.status.as_u16(), id_token.body.contains("example.com")), (401, false));
    let scheme = format!("Token {}", tokens["access_token"].as_str().unwrap());
    let odd = world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &scheme)], None).await;
    assert_eq!(odd.status, 401);
}

/// §3.1.2.1: "This URI MUST exactly match one of the Redirection URI values", by simple string comparison: also where a URL library sees no difference.
#[tokio::test]
async fn core_section_3_1_2_1_a_redirect_uri_is_compared_as_text() {
    let world = World::new().await;
    for other in [
        "https://APP.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com/x/../callback",
    ] {
        assert_ne!(other, CALLBACK);
        world.browser().get(&authorize_url("web", &[("redirect_uri", other)])).await.is_page(400);
    }
}

/// §12.2: issuer, person and audience are those of the first ID token, and `iat` is the time at which the new one is issued.
#[tokio::test]
async fn core_section_12_2_a_refreshed_id_token_is_of_the_same_person_and_newer() {
    let world = World::new().await;
    let first = world.tokens("web", ADA).await;
    world.advance(60);
    let renewed = world.refresh("web", first["refresh_token"].as_str().unwrap()).await.json();
    let (first, renewed) = (claims(&first["id_token"]), claims(&renewed["id_token"]));
    for same in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(first[same], renewed[same], "{same}");
    }
    assert_eq!(renewed["iat"], NOW + 60);
}
