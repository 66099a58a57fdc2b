//! OpenID Connect Core 1.0, incorporating errata set 2.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, JwkSet, VerifyingKeys, jwt, left_half_hash};

use crate::flows::{ADA, BOB, both_tokens, id_claims, signed_in, text};
use crate::support::answers::everything;
use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::{ISSUER, NOW, World};

told_to_the_client! {
    openid_core_section_3_1_2_1_prompt_none_with_another_value_is_refused:
        "web", [("prompt", "none login")] => "invalid_request";
    openid_core_section_3_1_2_1_an_unknown_prompt_is_refused: "web", [("prompt", "please")] => "invalid_request";
    openid_core_section_3_1_2_1_prompts_are_case_sensitive: "web", [("prompt", "None")] => "invalid_request";
    openid_core_section_3_1_2_1_a_negative_max_age_is_refused: "web", [("max_age", "-1")] => "invalid_request";
    openid_core_section_3_1_2_1_a_max_age_that_is_no_number_is_refused: "web", [("max_age", "soon")] => "invalid_request";
    openid_core_section_3_1_2_6_prompt_none_without_a_session_is_login_required:
        "web", [("prompt", "none")] => "login_required";
    openid_core_section_3_1_2_2_a_hint_that_is_no_id_token_is_refused: "web", [("id_token_hint", "garbage")] => "invalid_request";
    openid_core_section_5_5_claims_that_are_no_json_are_refused: "web", [("claims", "{")] => "invalid_request";
    openid_core_section_5_5_claims_that_are_no_object_are_refused: "web", [("claims", "[]")] => "invalid_request";
    openid_core_section_6_1_a_request_object_that_is_none_is_refused: "web", [("request", "x")] => "invalid_request_object";
    openid_core_section_6_2_a_request_uri_that_nobody_registered_is_refused:
        "web", [("request_uri", "https://evil.example/r")] => "invalid_request_uri";
    openid_core_section_7_2_1_a_registration_in_the_request_is_not_supported:
        "web", [("registration", "{}")] => "registration_not_supported";
}

told_on_a_page! {
    openid_core_section_3_1_2_1_a_redirect_uri_is_required: "web", [("redirect_uri", "")] => "invalid_request";
    openid_core_section_3_1_2_1_a_redirect_uri_must_match_by_simple_string_comparison:
        "web", [("redirect_uri", "https://app.example.com/callback#")] => "invalid_request";
}

/// Front-channel requests of a client that may ask for everything, each refused in the fragment.
macro_rules! refused_in_front {
    ($($(#[$about:meta])* $name:ident: $more:expr => $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            world.change_client("web", everything).await;
            let answer = world.browser().get(&authorize_url("web", &$more)).await;
            answer.is_redirected_error($code);
            answer.fragment();
        }
    )+};
}

refused_in_front! {
    openid_core_section_3_2_2_1_an_id_token_needs_a_nonce: [("response_type", "id_token"), ("nonce", "")] => "invalid_request";
    openid_core_section_3_2_2_1_an_id_token_beside_a_token_needs_a_nonce:
        [("response_type", "id_token token"), ("nonce", "")] => "invalid_request";
    openid_core_section_3_3_2_11_an_id_token_beside_a_code_needs_a_nonce:
        [("response_type", "code id_token"), ("nonce", "")] => "invalid_request";
    openid_core_section_3_1_2_1_an_id_token_needs_the_scope_openid:
        [("response_type", "id_token"), ("scope", "email")] => "invalid_scope";
    openid_core_section_3_2_2_5_tokens_never_stand_in_the_query:
        [("response_type", "id_token"), ("response_mode", "query")] => "invalid_request";
    openid_core_section_3_2_2_6_an_error_stands_in_the_fragment_too:
        [("response_type", "id_token token"), ("prompt", "none")] => "login_required";
    openid_core_section_3_3_2_5_an_error_of_the_hybrid_flow_stands_in_the_fragment:
        [("response_type", "code id_token"), ("prompt", "none")] => "login_required";
    multiple_response_types_section_5_a_token_never_stands_in_the_query:
        [("response_type", "code token"), ("response_mode", "query")] => "invalid_request";
}

/// "The Authorization Server MUST NOT display any authentication or consent user interface pages."
#[tokio::test]
async fn openid_core_section_3_1_2_1_prompt_none_never_asks_for_consent() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    browser.get(&authorize_url("partner", &[("prompt", "none")])).await.is_redirected_error("consent_required");
}

/// "prompt=login: … MUST prompt the End-User for reauthentication".
#[tokio::test]
async fn openid_core_section_3_1_2_1_prompt_login_is_not_answered_from_a_session() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let page = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    page.is_page(200);
    assert!(page.body.contains("name=\"password\""));
}

#[tokio::test]
async fn openid_core_section_3_1_2_1_prompt_consent_is_not_answered_from_a_session() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    browser.get(&authorize_url("web", &[("prompt", "consent")])).await.is_page(200);
}

/// "If the elapsed time is greater than this value, the OP MUST attempt to actively re-authenticate the End-User."
#[tokio::test]
async fn openid_core_section_3_1_2_1_an_older_authentication_than_max_age_does_not_count() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    world.advance(100);
    let page = browser.get(&authorize_url("web", &[("max_age", "99")])).await;
    page.is_page(200);
    assert!(page.body.contains("name=\"password\""));
    browser
        .get(&authorize_url("web", &[("max_age", "99"), ("prompt", "none")]))
        .await
        .is_redirected_error("login_required");
}

/// "the ID Token returned MUST include an auth_time Claim Value" where `max_age` was asked for.
#[tokio::test]
async fn openid_core_section_3_1_2_1_with_max_age_auth_time_is_never_missing() {
    let world = World::new().await;
    assert_eq!(id_claims(&world, &[("max_age", "600")]).await["auth_time"], NOW);
}

/// "If the End-User identified by the ID Token is already logged in … otherwise, it MUST return an error, such as login_required" (§3.1.2.1, `id_token_hint`).
#[tokio::test]
async fn openid_core_section_3_1_2_1_a_hint_of_somebody_else_never_brings_a_code() {
    let world = World::new().await;
    let bobs = text(&world.tokens("web", BOB).await["id_token"]);
    let mut browser = signed_in(&world, "web", ADA).await;
    let more = [("prompt", "none"), ("id_token_hint", bobs.as_str())];
    browser.get(&authorize_url("web", &more)).await.is_redirected_error("login_required");
}

#[tokio::test]
async fn openid_core_section_3_1_2_1_a_forged_hint_is_refused() {
    let world = World::new().await;
    let (_, id) = both_tokens(&world).await;
    let key = Jwk::generate(Algorithm::RS256).unwrap();
    let forged = jwt::sign_with_jwk(&key, Algorithm::RS256, "JWT", &claims(&json!(id))).unwrap();
    let mut browser = signed_in(&world, "web", ADA).await;
    let answer = browser.get(&authorize_url("web", &[("prompt", "none"), ("id_token_hint", &forged)])).await;
    assert_eq!(answer.param("code"), None, "{answer:?}");
}

/// "Authorization Servers MUST support the use of the HTTP GET and POST methods" (§3.1.2.1), and no other is needed.
#[tokio::test]
async fn openid_core_section_3_1_2_1_other_methods_are_refused() {
    let world = World::new().await;
    assert_eq!(world.send(Method::PUT, &authorize_url("web", &[]), &[], None).await.status, 405);
}

/// `display`, `ui_locales`, `claims_locales`: "An error SHOULD NOT result if some or all of the requested locales are not supported" (§3.1.2.1,
/// §5.2).
#[tokio::test]
async fn openid_core_section_3_1_2_1_preferences_never_cause_an_error() {
    let world = World::new().await;
    for one in [
        ("display", "wap"),
        ("display", "unheard-of"),
        ("ui_locales", "xx-YY zz"),
        ("claims_locales", "tlh"),
        ("login_hint", "who?"),
    ] {
        world.browser().get(&authorize_url("web", &[one])).await.is_page(200);
    }
}

/// "MUST … ignore" what it does not understand (§3.1.2.1).
#[tokio::test]
async fn openid_core_section_3_1_2_1_an_unknown_scope_value_is_ignored() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "openid unheard-of")]).await;
    assert_eq!(world.redeem("web", &code).await.json()["scope"], "openid");
}

/// "REQUIRED … openid": without it there is no ID token (§3.1.2.1).
#[tokio::test]
async fn openid_core_section_3_1_2_1_without_openid_there_is_no_id_token() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "email")]).await;
    assert_eq!(world.redeem("web", &code).await.json().get("id_token"), None);
}

/// §2: iss, sub, aud, exp and iat are REQUIRED.
#[tokio::test]
async fn openid_core_section_2_no_required_claim_is_missing() {
    let world = World::new().await;
    let claims = id_claims(&world, &[]).await;
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        assert!(claims.get(name).is_some(), "{name}: {claims}");
    }
    assert!(claims["sub"].as_str().unwrap().len() <= 255);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("web")));
}

/// "The iss value is a case-sensitive URL … that contains … no query or fragment".
#[tokio::test]
async fn openid_core_section_2_no_claim_is_null_or_empty() {
    let world = World::new().await;
    for (name, value) in id_claims(&world, &[("scope", "openid profile email")]).await.as_object().unwrap() {
        assert!(!value.is_null() && value != "" && value != &json!([]), "{name}");
    }
}

/// "ID Tokens MUST NOT use none as the alg value unless …": no client can be registered for it.
#[tokio::test]
async fn openid_core_section_2_no_id_token_is_unsigned() {
    let world = World::new().await;
    let (_, id) = both_tokens(&world).await;
    assert_ne!(header(&json!(id))["alg"], "none");
    assert!(serde_json::from_value::<Algorithm>(json!("none")).is_err());
}

/// "ID Tokens SHOULD NOT use the JWS … x5u, x5c, jku, or jwk Header Parameter fields."
#[tokio::test]
async fn openid_core_section_2_no_header_brings_or_names_a_key_of_its_own() {
    let world = World::new().await;
    let head = header(&json!(both_tokens(&world).await.1));
    for name in ["x5u", "x5c", "jku", "jwk"] {
        assert!(head.get(name).is_none(), "{head}");
    }
}

/// "The value is passed through unmodified … the nonce value is a case-sensitive string" (§2, §3.1.2.1).
#[tokio::test]
async fn openid_core_section_2_a_nonce_is_never_changed_or_invented() {
    let world = World::new().await;
    for nonce in ["n-0S6_WzA2Mj", "A a+/=%2B", "ж😀"] {
        assert_eq!(id_claims(&world, &[("nonce", nonce)]).await["nonce"], nonce);
    }
    assert_eq!(id_claims(&world, &[("nonce", "")]).await.get("nonce"), None);
}

/// "the at_hash … left-most half" (§3.1.3.6): where it is, it fits.
#[tokio::test]
async fn openid_core_section_3_1_3_6_a_hash_of_another_token_is_never_given() {
    let world = World::new().await;
    let (access, id) = both_tokens(&world).await;
    let (said, alg) = (claims(&json!(id)), header(&json!(id))["alg"].clone());
    if let Some(hash) = said.get("at_hash") {
        assert_eq!(alg, "RS256");
        assert_eq!(hash, &json!(left_half_hash(Algorithm::RS256, access.as_bytes())));
    }
}

/// In the front channel it is REQUIRED (§3.2.2.10).
#[tokio::test]
async fn openid_core_section_3_2_2_10_beside_a_token_at_hash_is_never_missing() {
    let world = World::new().await;
    world.change_client("web", everything).await;
    let mut browser = signed_in(&world, "other", ADA).await;
    let fragment = browser.get(&authorize_url("web", &[("response_type", "id_token token")])).await.fragment();
    let said = claims(&json!(fragment["id_token"]));
    assert_eq!(said["at_hash"], left_half_hash(Algorithm::RS256, fragment["access_token"].as_bytes()));
    assert!(said.get("c_hash").is_none(), "there is no code");
}

/// …and so is `c_hash` beside a code (§3.3.2.11).
#[tokio::test]
async fn openid_core_section_3_3_2_11_beside_a_code_c_hash_is_never_missing() {
    let world = World::new().await;
    world.change_client("web", everything).await;
    let mut browser = signed_in(&world, "other", ADA).await;
    let fragment = browser.get(&authorize_url("web", &[("response_type", "code id_token")])).await.fragment();
    let said = claims(&json!(fragment["id_token"]));
    assert_eq!(said["c_hash"], left_half_hash(Algorithm::RS256, fragment["code"].as_bytes()));
    assert!(said.get("at_hash").is_none(), "there is no token");
}

/// §3.3.3.6: "iss and sub Claim Values MUST be identical" in both ID tokens of the hybrid flow.
#[tokio::test]
async fn openid_core_section_3_3_3_6_the_two_id_tokens_never_disagree() {
    let world = World::new().await;
    world.change_client("web", everything).await;
    let mut browser = signed_in(&world, "other", ADA).await;
    let fragment = browser.get(&authorize_url("web", &[("response_type", "code id_token")])).await.fragment();
    let front = claims(&json!(fragment["id_token"]));
    let back = claims(&world.redeem("web", &fragment["code"]).await.json()["id_token"]);
    for name in ["iss", "sub", "aud", "nonce", "auth_time"] {
        assert_eq!(front[name], back[name], "{name}");
    }
}

/// §3.1.3.2: "Ensure the Authorization Code was issued to the authenticated Client."
#[tokio::test]
async fn openid_core_section_3_1_3_2_a_code_of_another_client_is_refused() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    world.redeem("other", &code).await.is_error(400, "invalid_grant");
}

/// §3.1.3.3: "MUST include … Cache-Control: no-store".
#[tokio::test]
async fn openid_core_section_3_1_3_3_no_token_answer_is_stored() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    assert_eq!(world.redeem("web", &code).await.header("cache-control"), "no-store");
}

/// §3.1.3.7: what a client validates fails where it should.
#[tokio::test]
async fn openid_core_section_3_1_3_7_an_id_token_verifies_for_its_client_until_it_expires() {
    let world = World::new().await;
    let (_, id) = both_tokens(&world).await;
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let verifies = |issuer: &str, audience: &str, now| {
        let policy = jwt::Policy::new(issuer, audience).accept_type("JWT");
        jwt::verify::<Value>(&id, &keys, &policy, now).is_ok()
    };
    assert!(verifies(ISSUER, "web", NOW));
    assert!(!verifies("https://evil.example", "web", NOW) && !verifies(ISSUER, "other", NOW));
    assert!(!verifies(ISSUER, "web", NOW + 100_000));
}

/// §5.3: it "MUST accept Access Tokens as OAuth 2.0 Bearer Token Usage"; §5.3.1.
#[tokio::test]
async fn openid_core_section_5_3_1_userinfo_takes_no_other_credential() {
    let world = World::new().await;
    for value in [crate::support::flow::basic("web", crate::support::SECRET), "Negotiate x".to_owned()] {
        assert_eq!(world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &value)], None).await.status, 401);
    }
}

/// §5.3.2: "The sub (subject) Claim MUST always be returned"; it is that of the ID token, and never somebody else's.
#[tokio::test]
async fn openid_core_section_5_3_2_userinfo_never_tells_of_another_subject() {
    let world = World::new().await;
    let mut subjects = Vec::new();
    for person in [ADA, BOB] {
        let tokens = world.tokens("web", person).await;
        let said = world.userinfo(&text(&tokens["access_token"])).await.json();
        assert_eq!(said["sub"], claims(&tokens["id_token"])["sub"]);
        subjects.push(said["sub"].clone());
    }
    assert_ne!(subjects[0], subjects[1]);
}

/// "If a Claim is not returned, that Claim Name SHOULD be omitted …; it SHOULD NOT be present with a null or empty string value" (§5.3.2).
#[tokio::test]
async fn openid_core_section_5_3_2_no_claim_is_null_or_empty() {
    let world = World::new().await;
    let said = world.userinfo(&both_tokens(&world).await.0).await.json();
    assert!(said.as_object().unwrap().values().all(|value| !value.is_null() && value != ""), "{said}");
}

/// §5.3.3: errors as RFC 6750 §3 has them.
#[tokio::test]
async fn openid_core_section_5_3_3_an_invalid_token_is_401_with_a_challenge() {
    let world = World::new().await;
    let answer = world.userinfo("x").await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
}

/// §5.4: a scope that was not asked for opens no claim.
macro_rules! not_told {
    ($($name:ident: $scope:literal, $absent:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let code = world.browser().code("web", ADA, &[("scope", $scope)]).await;
            let token = text(&world.redeem("web", &code).await.json()["access_token"]);
            let said = world.userinfo(&token).await.json();
            for claim in $absent {
                assert!(said.get(claim).is_none(), "{claim}: {said}");
            }
        }
    )+};
}

not_told! {
    openid_core_section_5_4_openid_alone_tells_nothing_but_sub: "openid", ["name", "email", "email_verified", "updated_at"];
    openid_core_section_5_4_profile_does_not_tell_the_address_of_mail: "openid profile", ["email", "email_verified"];
    openid_core_section_5_4_email_does_not_tell_the_name: "openid email", ["name", "updated_at"];
    openid_core_section_5_4_without_phone_there_is_no_number: "openid profile email", ["phone_number", "address"];
}

/// §5.4: where there is an access token, the profile stays out of the ID token.
#[tokio::test]
async fn openid_core_section_5_4_the_profile_is_not_in_the_id_token_of_the_code_flow() {
    let world = World::new().await;
    let said = id_claims(&world, &[("scope", "openid profile email")]).await;
    for name in ["email", "name", "email_verified"] {
        assert!(said.get(name).is_none(), "{name}: {said}");
    }
}

/// §3.1.2.2: "If the sub (subject) Claim is requested with a specific value …, the Authorization Server MUST only send a positive response if
/// the End-User identified by that sub value has an active session".
#[tokio::test]
async fn openid_core_section_3_1_2_2_another_subject_than_asked_for_brings_no_code() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let claims = r#"{"id_token":{"sub":{"value":"usr_somebody_else"}}}"#;
    let answer = browser.get(&authorize_url("web", &[("claims", claims), ("prompt", "none")])).await;
    assert_eq!(answer.param("code"), None, "{answer:?}");
    assert!(answer.param("error").is_some());
}

/// §5.5.1.1: the same of an essential `acr` that cannot be met.
#[tokio::test]
async fn openid_core_section_5_5_1_1_an_essential_acr_that_is_not_met_brings_no_code() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["urn:example:unheard-of"]}}}"#;
    let answer = browser.get(&authorize_url("web", &[("claims", claims), ("prompt", "none")])).await;
    assert_eq!(answer.param("code"), None, "{answer:?}");
    assert!(answer.param("error").is_some());
}

/// §5.5: claims that nobody knows are ignored.
#[tokio::test]
async fn openid_core_section_5_5_an_unknown_claim_is_no_error_and_is_not_invented() {
    let world = World::new().await;
    let said = id_claims(&world, &[("claims", r#"{"id_token":{"shoe_size":{"essential":true}}}"#)]).await;
    assert!(said.get("shoe_size").is_none());
}

/// §9: a client authenticates as it is registered to; one without a secret has none to show.
#[tokio::test]
async fn openid_core_section_9_a_public_client_with_a_secret_is_refused() {
    let world = World::new().await;
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "spa"), ("client_secret", "s")];
    world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
}

/// §11: `offline_access` "requests that an OAuth 2.0 Refresh Token be issued".
#[tokio::test]
async fn openid_core_section_11_without_offline_access_there_is_no_refresh_token() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "openid")]).await;
    assert_eq!(world.redeem("web", &code).await.json().get("refresh_token"), None);
}

#[tokio::test]
async fn openid_core_section_11_offline_access_is_not_to_be_had_without_a_code() {
    let world = World::new().await;
    world.change_client("web", everything).await;
    let mut browser = signed_in(&world, "other", ADA).await;
    let more = [("response_type", "id_token token"), ("scope", "openid offline_access")];
    let fragment = browser.get(&authorize_url("web", &more)).await.fragment();
    assert!(!fragment["scope"].contains("offline_access") && !fragment.contains_key("refresh_token"), "{fragment:?}");
}

/// §12.2: `iss`, `sub` and `aud` "MUST be the same as in the ID Token issued when the original authentication occurred", `auth_time` "MUST
/// represent the time of the original authentication", no new nonce.
#[tokio::test]
async fn openid_core_section_12_2_a_refresh_changes_neither_subject_nor_time_of_authentication() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let first = claims(&tokens["id_token"]);
    world.advance(120);
    let renewed = claims(&world.refresh("web", &text(&tokens["refresh_token"])).await.json()["id_token"]);
    for name in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(first[name], renewed[name], "{name}");
    }
    assert_eq!((renewed.get("nonce"), &renewed["iat"]), (None, &json!(NOW + 120)));
}

/// §16.11, token substitution: no JWT of one kind is taken for another.
#[tokio::test]
async fn openid_core_section_16_11_an_id_token_is_no_access_token() {
    let world = World::new().await;
    let (_, id) = both_tokens(&world).await;
    assert_eq!(world.userinfo(&id).await.status, 401);
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let body = Some(crate::support::client::form(&[("access_token", &id)]));
    assert_eq!(world.send(Method::POST, "/userinfo", &headers, body).await.status, 401);
}
