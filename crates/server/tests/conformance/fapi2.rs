//! FAPI 2.0 as a client's security profile, over HTTP: what it refuses, and that nothing of it is global.

use http::Method;
use serde_json::{Value, json};
use symbolon_jose::jwt::decode_unverified;
use symbolon_oauth::profile::SecurityProfile;

use crate::support::bank::Bank;
use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::{Answer, ISSUER, NOW};

fn code(answer: &Answer) -> String {
    answer.param("code").unwrap_or_else(|| panic!("no code in {answer:?}"))
}

#[tokio::test]
async fn a_pushed_request_a_code_and_bound_tokens() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    assert_eq!(told.param("iss").as_deref(), Some(ISSUER), "FAPI 2.0 §5.3.2.2: iss in the answer");
    let answer = bank.redeem(&code(&told), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(claims(&tokens["access_token"])["cnf"]["jkt"], bank.prover.jkt());
    for token in ["access_token", "id_token"] {
        assert_eq!(header(&tokens[token])["alg"], "ES256", "{token}");
    }
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_a_request_in_the_browser_alone_is_refused_for_this_client_only() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let answer = bank.world.browser().get(&authorize_url("bank", &[])).await;
    answer.is_redirected_error("invalid_request");
    let page = bank.world.browser().get(&authorize_url("web", &[])).await;
    page.is_page(200);
    let discovery = bank.world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(discovery["require_pushed_authorization_requests"], false);
}

#[tokio::test]
async fn require_pushed_authorization_requests_is_true_once_every_client_needs_it() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    for other in ["web", "other", "partner", "spa"] {
        bank.world.change_client(other, |client| client.disabled = true).await;
    }
    let discovery = bank.world.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(discovery["require_pushed_authorization_requests"], true);
    assert_eq!(discovery["require_signed_request_object"], false);
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_a_pushed_request_without_client_authentication_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let pairs = [("client_id", "bank"), ("response_type", "code")];
    bank.world.post_with("", "/oauth/par", &pairs).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_without_pkce_a_pushed_request_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    bank.push(&[("code_challenge", ""), ("code_challenge_method", "")]).await.is_error(400, "invalid_request");
    bank.push(&[("code_challenge_method", "plain")]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_without_a_proof_no_token_is_issued() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    let code = code(&told);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", crate::support::CALLBACK),
        ("code_verifier", crate::support::flow::VERIFIER),
    ];
    bank.post("/oauth/token", &fields, None).await.is_error(400, "invalid_dpop_proof");
    let machine = [("grant_type", "client_credentials"), ("scope", "read")];
    bank.post("/oauth/token", &machine, None).await.is_error(400, "invalid_dpop_proof");
    assert_eq!(bank.redeem(&code, &[]).await.status, 200, "and nothing was used up by that");
}

#[tokio::test]
async fn fapi2_section_5_4_1_a_proof_by_another_algorithm_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    let jwk = symbolon_jose::Jwk::generate(symbolon_jose::Algorithm::ES384).unwrap();
    let proof = json!({"jti": "1", "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": NOW});
    let proof = symbolon_jose::jwt::sign_with_jwk(&jwk, symbolon_jose::Algorithm::ES384, "dpop+jwt", &proof).unwrap();
    let code = code(&told);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", crate::support::CALLBACK),
        ("code_verifier", crate::support::flow::VERIFIER),
    ];
    bank.post("/oauth/token", &fields, Some(&proof)).await.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_assertions_name_the_issuer_alone_at_every_endpoint() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    bank.world.change_client("bank", |client| client.legacy_assertion_audience = true).await;
    for path in ["/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/bc-authorize"] {
        for aud in [json!([ISSUER]), json!(format!("{ISSUER}/oauth/token")), json!(format!("{ISSUER}{path}"))] {
            let assertion = bank.assertion(&json!({ "aud": aud }));
            let answer = bank.post_with(path, &[("grant_type", "client_credentials")], &assertion, None).await;
            answer.is_error(401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_clocks_may_differ_by_8_seconds_and_not_by_a_minute() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    for (ahead, status) in [(8, 201), (61, 401)] {
        let assertion = bank.assertion(&json!({ "iat": NOW + ahead, "nbf": NOW + ahead, "exp": NOW + ahead + 60 }));
        let pairs = crate::support::requests::parameters("bank", &[]);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = bank.post_with("/oauth/par", &pairs, &assertion, None).await;
        assert_eq!(answer.status, status, "+{ahead}: {}", answer.body);
    }
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_a_code_counts_for_60_seconds_at_most() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    bank.world.advance(60);
    let later = bank.world.running.app.clock.now();
    let assertion = bank.assertion(&json!({ "iat": later, "exp": later + 60 }));
    let proof = bank.prover.proof("POST", "/oauth/token", &json!({ "iat": later }));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code(&told)),
        ("redirect_uri", crate::support::CALLBACK),
        ("code_verifier", crate::support::flow::VERIFIER),
    ];
    bank.post_with("/oauth/token", &fields, &assertion, Some(&proof)).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_a_code_that_was_used_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    assert_eq!(bank.redeem(&code(&told), &[]).await.status, 200);
    bank.redeem(&code(&told), &[]).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_a_refresh_token_works_again_and_again_and_is_not_replaced() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    let first = bank.redeem(&code(&told), &[]).await.json();
    let refresh_token = first["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        let answer = bank.refresh(refresh_token, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["refresh_token"], Value::Null);
        assert_eq!(answer.json()["token_type"], "DPoP");
        bank.world.advance(5);
    }
    let without = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    bank.post("/oauth/token", &without, None).await.is_error(400, "invalid_dpop_proof");
    // Revoked, it is as dead as any other.
    assert_eq!(bank.post("/oauth/revoke", &[("token", refresh_token)], None).await.status, 200);
    bank.refresh(refresh_token, &[]).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_redirects_with_credentials_in_the_request_are_303() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let pushed = bank.push(&[]).await.json();
    let mut browser = bank.world.browser();
    let url = crate::support::requests::reference_url("bank", pushed["request_uri"].as_str().unwrap(), &[]);
    let page = browser.get(&url).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [
        ("interaction", &*interaction),
        ("csrf", &csrf),
        ("username", "ada@example.com"),
        ("password", crate::support::PASSWORD),
    ];
    assert_eq!(browser.post("/login", &fields).await.status, 303);
}

#[tokio::test]
async fn fapi2_message_signing_a_signed_request_gets_a_signed_answer() {
    let bank = Bank::new(SecurityProfile::Fapi2Signed).await;
    let told = bank.arrive(&bank.push_signed(&json!({})).await).await;
    assert_eq!(told.param("code"), None, "{told:?}");
    let answer = decode_unverified(&told.param("response").unwrap()).unwrap();
    assert_eq!(answer.header["alg"], "ES256");
    assert_eq!((&answer.claims["iss"], &answer.claims["aud"]), (&json!(ISSUER), &json!("bank")));
    assert_eq!(answer.claims["state"], "st/ate +1");
    let answer = bank.redeem(answer.claims["code"].as_str().unwrap(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn fapi2_message_signing_section_5_3_1_what_is_not_signed_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2Signed).await;
    bank.push(&[("response_mode", "jwt")]).await.is_error(400, "invalid_request");
    for changes in [
        json!({ "aud": null }),
        json!({ "aud": "https://other.example" }),
        json!({ "nbf": null }),
        json!({ "exp": null }),
        json!({ "nbf": NOW - 3_601 }),
        json!({ "exp": NOW + 3_601 }),
    ] {
        bank.push_signed(&changes).await.is_error(400, "invalid_request_object");
    }
}

#[tokio::test]
async fn fapi2_message_signing_section_5_4_a_refusal_in_the_browser_is_signed() {
    let bank = Bank::new(SecurityProfile::Fapi2Signed).await;
    let answer = bank.world.browser().get(&authorize_url("bank", &[])).await;
    assert_eq!((answer.status.as_u16(), answer.param("error")), (303, None), "{answer:?}");
    let told = decode_unverified(&answer.param("response").unwrap()).unwrap();
    assert_eq!((&told.claims["error"], &told.claims["iss"]), (&json!("invalid_request"), &json!(ISSUER)));
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_the_password_grant_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let fields = [("grant_type", "password"), ("username", "ada@example.com"), ("password", crate::support::PASSWORD)];
    let proof = bank.prover.for_tokens();
    bank.post("/oauth/token", &fields, Some(&proof)).await.is_error(400, "unsupported_grant_type");
    // Nor in the way that this server has for programs of ours, whatever the document says.
    bank.world.change_client("bank", |client| client.password_sign_in = true).await;
    let body = json!({ "username": "ada@example.com", "password": crate::support::PASSWORD, "client_id": "bank" });
    bank.world.post_json("/authenticate", &[], &body).await.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_a_code_that_is_bound_to_a_key_is_redeemed_with_that_key() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let stranger = crate::support::dpop::Prover::new();
    let told = bank.arrive(&bank.push(&[("dpop_jkt", &stranger.jkt())]).await).await;
    bank.redeem(&code(&told), &[]).await.is_error(400, "invalid_grant");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code(&told)),
        ("redirect_uri", crate::support::CALLBACK),
        ("code_verifier", crate::support::flow::VERIFIER),
    ];
    let answer = bank.post("/oauth/token", &fields, Some(&stranger.for_tokens())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn fapi2_section_5_3_2_1_nobody_is_redirected_to_what_is_not_registered() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    for uri in ["https://evil.example/", "https://app.example.com.evil.example/cb", "http://app.example.com/cb"] {
        bank.push(&[("redirect_uri", uri)]).await.is_error(400, "invalid_request");
        bank.world.browser().get(&authorize_url("bank", &[("redirect_uri", uri)])).await.is_page(400);
    }
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_a_pushed_request_without_redirect_uri_is_refused_though_one_is_registered() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    bank.push(&[("redirect_uri", "")]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn fapi2_section_5_3_2_2_a_request_uri_of_another_client_is_refused() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let pushed = bank.push(&[]).await.json();
    let url = crate::support::requests::reference_url("web", pushed["request_uri"].as_str().unwrap(), &[]);
    bank.world.browser().get(&url).await.is_page(400);
}

#[tokio::test]
async fn fapi2_section_5_3_4_userinfo_takes_the_token_with_its_proof_and_not_as_a_bearer() {
    let bank = Bank::new(SecurityProfile::Fapi2).await;
    let told = bank.arrive(&bank.push(&[]).await).await;
    let tokens = bank.redeem(&code(&told), &[]).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bank.world.userinfo(token).await.status, 401);
    assert_eq!(bank.world.userinfo_with(token, &bank.prover.for_userinfo(token)).await.status, 200);
    let stranger = crate::support::dpop::Prover::new();
    assert_eq!(bank.world.userinfo_with(token, &stranger.for_userinfo(token)).await.status, 401);
}

/// FAPI 2.0 §5.3.2.1: "sender-constrained using one of the following methods: MTLS … or DPoP", and clients authenticate by MTLS as well.
#[tokio::test]
async fn fapi2_section_5_3_2_1_a_certificate_stands_for_both_the_assertion_and_the_proof() {
    let world = crate::support::World::with_certificates().await;
    let strict = |client: &mut symbolon_oauth::Client| client.security.security_profile = SecurityProfile::Fapi2;
    world.change_client("reports", strict).await;
    world.token_over(&["client"], "reports").await.is_error(400, "invalid_dpop_proof");
    let bound =
        |client: &mut symbolon_oauth::Client| client.certificate.tls_client_certificate_bound_access_tokens = true;
    world.change_client("reports", bound).await;
    let answer = world.token_over(&["client"], "reports").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = &answer.json()["access_token"];
    assert_eq!(claims(token)["cnf"]["x5t#S256"], crate::support::certificates::thumbprint("client"));
    assert_eq!(header(token)["alg"], "ES256");
    world.token_over(&[], "reports").await.is_error(401, "invalid_client");
}
