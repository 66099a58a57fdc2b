//! What a profile changes where a request comes in, one test per sentence of its standard.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};

use super::*;
use crate::client_auth::{self, Authentication, ClientKeys, Credentials, keys_of};
use crate::confirmation::{self, Confirmation};
use crate::dpop::{DpopFailure, Proven};
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::issue::AccessTokenForm;
use crate::params::Params;
use crate::pushed_request::{self, Push};
use crate::testing::{API, CHALLENGE, NOW, apis, at, authenticated, fapi2, issuer, third_party};
use crate::{authorize, request_object};

const URI: &str = "https://bank.example/cb";

fn of(profile: SecurityProfile) -> (Client, SigningKey) {
    let (mut client, key) = fapi2();
    client.security.security_profile = profile;
    assert_eq!(client.validate(), Ok(()));
    (client, key)
}

fn usual(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [
        ("redirect_uri", URI),
        ("response_type", "code"),
        ("scope", "openid"),
        ("nonce", "n"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let all = kept.chain(changes).filter(|(_, value)| !value.is_empty());
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn push(client: &Client, changes: &[(&str, &str)]) -> Result<Push, OAuthError> {
    pushed(client, usual(changes))
}

fn pushed(client: &Client, pairs: Vec<(String, String)>) -> Result<Push, OAuthError> {
    let (params, keys) = (Params::from_pairs(pairs).unwrap(), keys_of(client));
    let keys = request_object::Keys { verifying: keys.as_ref(), ..request_object::Keys::default() };
    at(NOW, |ctx| pushed_request::decide(ctx, authenticated(client), None, &params, keys, &apis()))
}

/// The claims of a request object that keeps every rule.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({ "iss": "bank", "aud": "https://auth.example", "client_id": "bank",
        "response_mode": "jwt", "nbf": NOW, "exp": NOW + 300 });
    for (name, value) in usual(&[]) {
        claims[name] = value.into();
    }
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn push_signed(client: &Client, key: &SigningKey, changes: &Value) -> Result<Push, OAuthError> {
    let object = jwt::sign(key, request_object::TYP, &claims(changes)).unwrap();
    pushed(client, vec![("request".to_owned(), object)])
}

#[track_caller]
fn object_refused(result: Result<Push, OAuthError>) -> &'static str {
    match result {
        Err(OAuthError::RequestObjectInvalid(why)) => why,
        other => panic!("must be refused: {other:?}"),
    }
}

fn in_query(client: &Client, changes: &[(&str, &str)]) -> Result<(), authorize::Rejection> {
    let mut pairs = usual(changes);
    pairs.push(("client_id".to_owned(), client.client_id.to_string()));
    let request = authorize::Effective::plain(Params::from_pairs(pairs).unwrap());
    let (apis, issuer) = (apis(), issuer());
    authorize::validate(&request, Some(client), &apis, &issuer).map(drop)
}

fn assertion(client: &Client, key: &SigningKey, changes: &Value) -> Result<(), OAuthError> {
    let mut claims =
        json!({ "iss": "bank", "sub": "bank", "aud": "https://auth.example", "exp": NOW + 60, "jti": "1" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let assertion = jwt::sign(key, "JWT", &claims).unwrap();
    let form = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let credentials = Credentials::from_request(None, &Params::from_pairs(form).unwrap())?;
    let keys = keys_of(client);
    at(NOW, |ctx| {
        match client_auth::authenticate(
            ctx,
            Some(client),
            ClientKeys { public: keys.as_ref(), shared: &[] },
            None,
            &credentials,
        )? {
            Authentication::Done(_) | Authentication::Once(_) => Ok(()),
        }
    })
}

fn auth_failure(failure: ClientAuthFailure) -> Result<(), OAuthError> {
    Err(OAuthError::client_auth(failure, Presented::Body))
}

#[test]
fn fapi2_section_5_3_2_2_a_request_that_was_not_pushed_is_refused() {
    let (client, _) = of(SecurityProfile::Fapi2);
    let refused = in_query(&client, &[]).unwrap_err();
    assert_eq!(refused.error(), &OAuthError::PushedRequestRequired);
    assert!(push(&client, &[]).is_ok());
    let plain = Client { security: crate::registration::Security::default(), ..client };
    assert!(in_query(&plain, &[]).is_ok(), "nothing strict is global");
}

#[test]
fn fapi2_section_5_3_2_2_a_request_without_pkce_s256_is_refused() {
    let (mut client, _) = of(SecurityProfile::Fapi2);
    // Also if the document says otherwise, which registration refuses.
    client.require_pkce = false;
    assert_eq!(push(&client, &[("code_challenge", "")]).err(), Some(OAuthError::CodeChallengeMissing));
    let plain = push(&client, &[("code_challenge_method", "plain")]);
    assert_eq!(plain.err(), Some(OAuthError::CodeChallengeMethodUnsupported));
    let missing = push(&client, &[("code_challenge_method", "")]);
    assert_eq!(missing.err(), Some(OAuthError::CodeChallengeMethodUnsupported));
}

#[test]
fn fapi2_section_5_3_2_2_another_response_type_is_refused_whatever_is_registered() {
    let (mut client, _) = of(SecurityProfile::Fapi2);
    client.grant_types.insert("implicit".to_owned());
    client.responses.response_types = ResponseType::ALL.iter().copied().collect();
    for response_type in ResponseType::ALL.iter().copied().filter(|one| *one != ResponseType::Code) {
        let refused = push(&client, &[("response_type", response_type.name())]);
        assert_eq!(refused.err(), Some(OAuthError::ResponseTypeNotAllowed), "{response_type:?}");
    }
}

#[test]
fn fapi2_section_5_3_2_2_a_pushed_request_without_redirect_uri_is_refused() {
    let (client, _) = of(SecurityProfile::Fapi2);
    assert_eq!(push(&client, &[("redirect_uri", "")]).err(), Some(OAuthError::ParameterMissing("redirect_uri")));
}

#[test]
fn fapi2_section_5_3_2_2_a_nonce_of_64_characters_is_taken() {
    let (client, _) = of(SecurityProfile::Fapi2);
    assert!(push(&client, &[("nonce", &"n".repeat(64))]).is_ok());
}

#[test]
fn fapi2_section_5_3_2_2_a_request_uri_lives_less_than_600_seconds() {
    let (client, _) = of(SecurityProfile::Fapi2);
    assert!(push(&client, &[]).unwrap().answer().expires_in < 600);
}

#[test]
fn fapi2_section_5_3_2_1_a_token_request_without_a_key_is_refused() {
    let proven = Proven { jkt: "x".to_owned(), alg: Algorithm::ES256, once: [0; 32], expires_at: NOW };
    for profile in [SecurityProfile::Fapi1, SecurityProfile::Fapi2, SecurityProfile::Fapi2Signed] {
        let (client, _) = of(profile);
        assert_eq!(confirmation::held(&client, None, None), Err(OAuthError::Dpop(DpopFailure::Missing)));
        assert_eq!(confirmation::held(&client, Some(&proven), None), Ok(Some(Confirmation::Jkt("x".to_owned()))));
    }
    assert_eq!(confirmation::held(&third_party(), None, None), Ok(None));
}

#[test]
fn fapi2_section_5_3_2_1_the_audience_of_an_assertion_is_the_issuer_as_a_string() {
    let (mut client, key) = of(SecurityProfile::Fapi2);
    client.legacy_assertion_audience = true;
    assert_eq!(assertion(&client, &key, &json!({})), Ok(()));
    for aud in [
        json!(["https://auth.example"]),
        json!("https://auth.example/oauth/token"),
        json!("https://auth.example/"),
        json!(["https://auth.example", "https://auth.example/oauth/token"]),
        json!("https://auth.example/oauth/par"),
    ] {
        let refused = assertion(&client, &key, &json!({ "aud": aud }));
        assert_eq!(refused, auth_failure(ClientAuthFailure::AssertionAudience), "{aud}");
    }
}

#[test]
fn fapi2_section_5_3_2_1_iat_and_nbf_may_be_10_seconds_ahead_and_not_60() {
    let (client, key) = of(SecurityProfile::Fapi2);
    for member in ["iat", "nbf"] {
        for ahead in [0, 8, 10, 15] {
            assert_eq!(assertion(&client, &key, &json!({ member: NOW + ahead })), Ok(()), "{member} +{ahead}");
        }
        for ahead in [16, 61, 3_600] {
            assert!(assertion(&client, &key, &json!({ member: NOW + ahead })).is_err(), "{member} +{ahead}");
        }
        let signed = of(SecurityProfile::Fapi2Signed);
        let ahead = |secs: u64| push_signed(&signed.0, &signed.1, &json!({ member: NOW + secs }));
        assert!(ahead(10).is_ok() && ahead(61).is_err(), "{member}");
    }
}

#[test]
fn fapi2_section_5_4_1_an_assertion_by_another_algorithm_is_refused() {
    let (mut client, _) = of(SecurityProfile::Fapi2);
    for alg in [Algorithm::RS256, Algorithm::ES384, Algorithm::PS512] {
        let jwk = Jwk::generate(alg).unwrap();
        client.jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
        let key = SigningKey::from_jwk(&jwk, alg).unwrap();
        assert_eq!(assertion(&client, &key, &json!({})), auth_failure(ClientAuthFailure::AssertionAlgorithm), "{alg}");
    }
    for alg in [Algorithm::PS256, Algorithm::EdDSA, Algorithm::ES256] {
        let jwk = Jwk::generate(alg).unwrap();
        client.jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
        assert_eq!(assertion(&client, &SigningKey::from_jwk(&jwk, alg).unwrap(), &json!({})), Ok(()), "{alg}");
    }
}

#[test]
fn fapi2_section_5_3_2_1_a_secret_authenticates_nobody_whatever_is_registered() {
    let mut client = third_party();
    client.security.security_profile = SecurityProfile::Fapi2;
    let form = [("client_id", "third"), ("client_secret", "s3cret")];
    let credentials = Credentials::from_request(None, &Params::from_pairs(form).unwrap()).unwrap();
    let refused = at(NOW, |ctx| {
        client_auth::authenticate(ctx, Some(&client), ClientKeys::default(), None, &credentials).map(drop)
    });
    assert_eq!(refused, auth_failure(ClientAuthFailure::MethodNotRegistered));
}

#[test]
fn fapi2_section_5_4_1_access_tokens_are_not_signed_with_an_algorithm_of_the_api_that_is_not_allowed() {
    let (mut client, _) = of(SecurityProfile::Fapi2);
    client.grant_types.insert("client_credentials".to_owned());
    let held = Confirmation::Jkt("x".to_owned());
    let request = crate::grant::client_credentials::Request::parse(&Params::default()).unwrap();
    for (of_api, expected) in [(Algorithm::RS256, Algorithm::ES256), (Algorithm::PS256, Algorithm::PS256)] {
        let mut apis = apis();
        apis[0].signing_alg = of_api;
        let issue = at(NOW, |ctx| {
            crate::grant::client_credentials::decide(ctx, authenticated(&client), Some(&held), &request, &apis)
        });
        let issue = issue.unwrap();
        assert_eq!(issue.access_token.form, AccessTokenForm::Signed(expected));
        assert_eq!(issue.access_token.claims.cnf, Some(held.clone()));
    }
    assert_eq!(client.api(API).map(|api| api.scopes.to_string()).as_deref(), Some("read:dragons"));
}

#[test]
fn fapi2_message_signing_section_5_3_1_an_unsigned_request_is_refused() {
    let (client, key) = of(SecurityProfile::Fapi2Signed);
    let unsigned = push(&client, &[("response_mode", "jwt")]);
    assert_eq!(unsigned.err(), Some(OAuthError::RequestObjectRequired));
    assert!(push_signed(&client, &key, &json!({})).is_ok());
    // Signed, but not pushed: it is the pushing that authenticates.
    let refused = in_query(&client, &[]).unwrap_err();
    assert_eq!(refused.error(), &OAuthError::PushedRequestRequired);
}

#[test]
fn fapi2_message_signing_section_5_3_1_aud_is_the_issuer_and_is_not_left_out() {
    let (client, key) = of(SecurityProfile::Fapi2Signed);
    assert!(push_signed(&client, &key, &json!({"aud": ["x", "https://auth.example"]})).is_ok());
    for aud in [Value::Null, json!("https://auth.example/oauth/par"), json!([]), json!(["https://other.example"])] {
        let why = object_refused(push_signed(&client, &key, &json!({ "aud": aud })));
        assert!(why.contains("aud"), "{aud}: {why}");
    }
}

#[test]
fn fapi2_message_signing_section_5_3_1_nbf_is_at_most_60_minutes_ago() {
    let (client, key) = of(SecurityProfile::Fapi2Signed);
    let began = |secs_ago: u64| push_signed(&client, &key, &json!({"nbf": NOW - secs_ago, "exp": NOW + 1}));
    assert!(began(3_599).is_ok());
    assert!(object_refused(began(3_601)).contains("nbf"));
    assert!(object_refused(push_signed(&client, &key, &json!({"nbf": null}))).contains("nbf"));
}

#[test]
fn fapi2_message_signing_section_5_3_1_exp_is_at_most_60_minutes_after_nbf() {
    let (client, key) = of(SecurityProfile::Fapi2Signed);
    let until = |secs: u64| push_signed(&client, &key, &json!({"exp": NOW + secs}));
    assert!(until(3_600).is_ok());
    assert!(object_refused(until(3_601)).contains("exp"));
    assert!(object_refused(push_signed(&client, &key, &json!({"exp": null}))).contains("exp"));
}

#[test]
fn fapi2_section_5_4_1_an_unsigned_object_is_refused_whatever_is_registered() {
    for profile in [SecurityProfile::Fapi2, SecurityProfile::Fapi2Signed] {
        let (mut client, _) = of(profile);
        client.requests.request_object_signing_alg = Some(RequestObjectAlg::Unsigned);
        let part = |value: &Value| symbolon_jose::base64url::encode(value.to_string().as_bytes());
        let text = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims(&json!({}))));
        object_refused(pushed(&client, vec![("request".to_owned(), text)]));
    }
}

#[test]
fn fapi2_section_5_4_1_a_request_object_by_another_algorithm_is_refused() {
    let (mut client, _) = of(SecurityProfile::Fapi2);
    let jwk = Jwk::generate(Algorithm::RS256).unwrap();
    client.jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
    let key = SigningKey::from_jwk(&jwk, Algorithm::RS256).unwrap();
    object_refused(push_signed(&client, &key, &json!({})));
}

#[test]
fn fapi2_message_signing_section_5_4_an_answer_that_is_not_signed_is_refused() {
    let (client, key) = of(SecurityProfile::Fapi2Signed);
    for mode in ["query", "fragment", "form_post"] {
        let refused = push_signed(&client, &key, &json!({ "response_mode": mode }));
        assert_eq!(refused.err(), Some(OAuthError::ResponseModeUnsigned), "{mode}");
    }
    let refused = push_signed(&client, &key, &json!({ "response_mode": null }));
    assert_eq!(refused.err(), Some(OAuthError::ResponseModeUnsigned));
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        assert!(push_signed(&client, &key, &json!({ "response_mode": mode })).is_ok(), "{mode}");
    }
}

#[test]
fn fapi2_message_signing_section_5_4_a_refusal_is_signed_too() {
    let (client, _) = of(SecurityProfile::Fapi2Signed);
    for asked in [&[][..], &[("response_mode", "query")], &[("response_mode", "jwt")]] {
        let authorize::Rejection::Redirect(refusal) = in_query(&client, asked).unwrap_err() else { panic!("a page") };
        assert_eq!(refusal.response.mode(), ResponseMode::QueryJwt, "{asked:?}");
    }
}

#[test]
fn fapi1_section_5_2_2_a_code_alone_needs_a_signed_answer_and_one_with_an_id_token_does_not() {
    let (mut client, key) = of(SecurityProfile::Fapi1);
    client.grant_types.insert("implicit".to_owned());
    client.responses.response_types.insert(ResponseType::CodeIdToken);
    let with = |changes: &Value| push_signed(&client, &key, changes);
    assert!(with(&json!({})).is_ok());
    assert_eq!(with(&json!({"response_mode": "query"})).err(), Some(OAuthError::ResponseModeUnsigned));
    assert!(with(&json!({"response_type": "code id_token", "response_mode": "fragment"})).is_ok());
    assert!(with(&json!({"response_type": "code id_token", "response_mode": null})).is_ok());
}

#[test]
fn fapi1_section_5_2_2_a_request_that_is_not_signed_is_refused() {
    let (client, _) = of(SecurityProfile::Fapi1);
    let refused = in_query(&client, &[("response_mode", "jwt")]).unwrap_err();
    assert_eq!(refused.error(), &OAuthError::RequestObjectRequired);
}

#[test]
fn fapi1_section_5_2_2_a_pushed_request_needs_pkce() {
    let (mut client, key) = of(SecurityProfile::Fapi1);
    client.require_pkce = false;
    let without = json!({"code_challenge": null, "code_challenge_method": null});
    assert_eq!(push_signed(&client, &key, &without).err(), Some(OAuthError::CodeChallengeMissing));
}

#[test]
fn fapi1_part_1_section_5_2_2_2_a_nonce_with_openid_and_a_state_without() {
    let (client, key) = of(SecurityProfile::Fapi1);
    let refused = push_signed(&client, &key, &json!({"nonce": null}));
    assert_eq!(refused.err(), Some(OAuthError::ParameterMissing("nonce")));
    assert!(push_signed(&client, &key, &json!({"state": null})).is_ok());
    let refused = push_signed(&client, &key, &json!({"state": null, "scope": "read:dragons", "resource": API}));
    assert_eq!(refused.err(), Some(OAuthError::ParameterMissing("state")));
    assert!(push_signed(&client, &key, &json!({"nonce": null, "scope": "read:dragons", "resource": API})).is_ok());
}
