//! The crate openidconnect, and oauth2 below it, through every flow they know.

use std::fmt::Debug;
use std::thread::sleep;

use clients::{Client, METADATA, WORLD, api, begin, call, client, errand, http, signed_in};
use openidconnect::core::{CoreDeviceAuthorizationResponse, CoreRevocableToken, CoreUserInfoClaims};
use openidconnect::{
    AccessToken, AuthorizationCode, Nonce, NonceVerifier, OAuth2TokenResponse as _, PkceCodeVerifier, RefreshToken,
    RequestTokenError, Scope, TokenIntrospectionResponse as _, TokenResponse as _,
};
use serde_json::json;

/// The error code of the standard, whichever type the library gives it.
#[track_caller]
fn refused<T: Debug, RE: std::error::Error, TE: openidconnect::ErrorResponse + Debug>(
    outcome: Result<T, RequestTokenError<RE, TE>>,
    code: &str,
) {
    match outcome {
        Err(RequestTokenError::ServerResponse(error)) => assert!(format!("{error:?}").contains(code), "{error:?}"),
        other => panic!("not refused by the endpoint: {other:?}"),
    }
}

fn again(of: &AuthorizationCode) -> AuthorizationCode {
    AuthorizationCode::new(of.secret().clone())
}

fn resource<'a>() -> (&'static str, &'a str) {
    ("resource", WORLD.api.id.as_str())
}

/// Authorization code with PKCE (RFC 6749 §4.1, RFC 7636), OpenID Connect Core §3.1 and §5.3.
#[test]
fn code_gives_tokens_and_userinfo() {
    let client = client("web");
    let (tokens, claims) = signed_in(&client);
    assert!(tokens.scopes().unwrap().contains(&Scope::new("read:dragons".to_owned())));
    let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
    let user: CoreUserInfoClaims = request.request(&http).unwrap();
    assert_eq!(user.email().unwrap().as_str(), WORLD.user.email);
    assert_eq!(user.name().unwrap().get(None).unwrap().as_str(), WORLD.user.name);
    assert!(user.email_verified().is_some());
    assert_eq!(call(tokens.access_token().secret()), 200);
}

#[test]
fn public_client_and_client_secret_post() {
    for name in ["spa", "post"] {
        assert!(signed_in(&client(name)).0.refresh_token().is_some(), "{name}");
    }
}

#[test]
fn an_id_token_is_for_one_client_and_one_request() {
    let (tokens, _) = signed_in(&client("web"));
    let token = tokens.id_token().unwrap();
    let any_nonce = |_: Option<&Nonce>| Ok::<(), String>(());
    assert!(token.claims(&client("spa").id_token_verifier(), any_nonce).is_err());
    assert!(token.claims(&client("web").id_token_verifier(), any_nonce).is_ok());
    assert!(token.claims(&client("web").id_token_verifier(), &Nonce::new("another".to_owned())).is_err());
}

#[test]
fn the_api_never_takes_the_id_token() {
    let (tokens, _) = signed_in(&client("web"));
    assert_eq!(call(&tokens.id_token().unwrap().to_string()), 401);
}

#[test]
fn a_code_needs_its_verifier_and_works_once() {
    let client = client("web");
    let begun = begin(&client, &[]);
    let code = begun.code();
    let verifier = || PkceCodeVerifier::new(begun.verifier.secret().clone());
    let exchange = |verifier| client.exchange_code(again(&code)).unwrap().set_pkce_verifier(verifier).request(&http);
    refused(client.exchange_code(again(&code)).unwrap().request(&http), "invalid_grant");
    refused(exchange(PkceCodeVerifier::new("x".repeat(64))), "invalid_grant");
    let tokens = exchange(verifier()).unwrap();
    refused(exchange(verifier()), "invalid_grant");
    // The second use ends what the first brought (RFC 6749 §4.1.2).
    refused(renewed(&client, tokens.refresh_token().unwrap()), "invalid_grant");
}

#[test]
fn no_at_the_consent_page_is_access_denied() {
    let begun = begin(&client("stranger"), &[("prompt", "consent")]);
    let brought = errand("sign-in", &json!({"url": begun.url, "decision": "deny"}));
    assert!(brought["url"].as_str().unwrap().contains("error=access_denied"), "{brought}");
}

#[test]
fn prompt_none_without_a_session_is_login_required() {
    let answer = begin(&client("web"), &[("prompt", "none")]).answer();
    assert_eq!(answer["error"], "login_required");
}

fn renewed(client: &Client, token: &RefreshToken) -> Result<openidconnect::core::CoreTokenResponse, RenewalError> {
    client.exchange_refresh_token(token).unwrap().request(&http)
}

type RenewalError =
    RequestTokenError<ureq::Error, openidconnect::StandardErrorResponse<openidconnect::core::CoreErrorResponseType>>;

/// RFC 6749 §6, RFC 9700 §4.14.
#[test]
fn refresh_tokens_rotate_and_belong_to_their_client() {
    let web = client("web");
    let (first, _) = signed_in(&web);
    let first = first.refresh_token().unwrap();
    let second = renewed(&web, first).unwrap();
    assert_ne!(second.refresh_token().unwrap().secret(), first.secret());
    assert_eq!(call(second.access_token().secret()), 200);
    refused(renewed(&client("post"), second.refresh_token().unwrap()), "invalid_grant");
    let wider = web.exchange_refresh_token(second.refresh_token().unwrap()).unwrap();
    refused(wider.add_scope(Scope::new("write:dragons".to_owned())).request(&http), "invalid_scope");
}

/// RFC 6749 §4.4, RFC 8707.
#[test]
fn client_credentials() {
    let machine = client("machine");
    let ask = |scope: &str, (name, value): (&'static str, &str)| {
        let request = machine.exchange_client_credentials().unwrap().add_scope(Scope::new(scope.to_owned()));
        request.add_extra_param(name, value.to_owned()).request(&http)
    };
    let tokens = ask("read:dragons", resource()).unwrap();
    assert_eq!(call(tokens.access_token().secret()), 200);
    assert!(tokens.refresh_token().is_none());
    refused(ask("write:dragons", resource()), "invalid_scope");
    refused(ask("read:dragons", ("resource", "https://unknown.example")), "invalid_target");
}

/// RFC 8628.
#[test]
fn device() {
    let tv = client("tv");
    for decision in ["allow", "deny"] {
        let request = tv.exchange_device_code().add_scope(Scope::new("openid".to_owned()));
        let request = request.add_scope(Scope::new("read:dragons".to_owned()));
        let request = request.add_extra_param("resource", WORLD.api.id.clone());
        let started: CoreDeviceAuthorizationResponse = request.request(&http).unwrap();
        let (uri, code) = (started.verification_uri().as_str(), started.user_code().secret());
        errand("device", &json!({"verification_uri": uri, "user_code": code, "decision": decision}));
        let outcome = tv.exchange_device_access_token(&started).unwrap().request(&http, sleep, None);
        if decision == "deny" {
            refused(outcome, "access_denied");
            continue;
        }
        let tokens = outcome.unwrap();
        assert_eq!(call(tokens.access_token().secret()), 200);
        let verifier = tv.id_token_verifier();
        assert!(tokens.id_token().unwrap().claims(&verifier, NoNonce).is_ok());
    }
}

/// A device has none to send.
struct NoNonce;

impl NonceVerifier for NoNonce {
    fn verify(self, nonce: Option<&Nonce>) -> Result<(), String> {
        nonce.map_or(Ok(()), |_| Err("a nonce that nobody sent".to_owned()))
    }
}

/// RFC 7009, RFC 7662.
#[test]
fn revocation_is_seen_by_introspection() {
    let (web, api) = (client("web"), api());
    let (tokens, claims) = signed_in(&web);
    let look = |token: &AccessToken| api.introspect(token).request(&http).unwrap();
    let told = look(tokens.access_token());
    assert!(told.active());
    assert_eq!(told.sub(), Some(claims.subject().as_str()));
    let refresh = tokens.refresh_token().unwrap().clone();
    web.revoke_token(CoreRevocableToken::RefreshToken(refresh.clone())).unwrap().request(&http).unwrap();
    assert!(!look(tokens.access_token()).active());
    refused(renewed(&web, &refresh), "invalid_grant");
}

/// OpenID Connect Discovery 1.0 §3, as the library types it.
#[test]
fn the_metadata_is_typed() {
    assert_eq!(*METADATA.issuer(), WORLD.issuer);
    assert!(!METADATA.jwks().keys().is_empty());
    assert!(!METADATA.id_token_signing_alg_values_supported().is_empty());
}
