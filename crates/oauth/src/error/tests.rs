use super::*;

#[test]
fn phrases_that_clients_look_for_are_kept() {
    assert!(OAuthError::RefreshTokenUnknown.wire().description.contains("invalid refresh token"));
    assert!(OAuthError::RefreshTokenExpired.wire().description.contains("invalid refresh token"));
    assert!(OAuthError::RefreshTokenMissing.wire().description.contains("Missing Refresh Token"));
    assert!(OAuthError::UserBlocked.wire().description.contains("user is blocked"));
}

#[test]
fn unknown_code_and_code_of_another_client_look_alike() {
    assert_eq!(OAuthError::CodeUnknown.wire(), OAuthError::CodeOfAnotherClient.wire());
    assert_eq!(OAuthError::DeviceCodeUnknown.wire(), OAuthError::DeviceCodeOfAnotherClient.wire());
    assert_eq!(OAuthError::RefreshTokenUnknown.wire(), OAuthError::RefreshTokenOfAnotherClient.wire());
}

#[test]
fn why_client_authentication_failed_is_not_told() {
    let one = OAuthError::client_auth(ClientAuthFailure::ClientUnknown, Presented::Body);
    let other = OAuthError::client_auth(ClientAuthFailure::SecretWrong, Presented::Body);
    assert_eq!(one.wire(), other.wire());
    assert_ne!(one.cause(), other.cause());
}

#[test]
fn a_401_to_an_authorization_header_names_the_scheme() {
    let error = OAuthError::client_auth(ClientAuthFailure::SecretWrong, Presented::AuthorizationHeader);
    assert_eq!(error.wire().status, 401);
    assert!(error.wire().www_authenticate.is_some_and(|challenge| challenge.starts_with("Basic ")));
    assert_eq!(OAuthError::client_auth(ClientAuthFailure::Missing, Presented::Body).wire().www_authenticate, None);
}

#[test]
fn hostile_parameter_names_are_not_echoed() {
    let error = OAuthError::ParameterRepeated("<script>\"\\\r\n".to_owned());
    assert_eq!(error.wire().description, "a parameter must not be given twice");
    assert_eq!(OAuthError::ParameterRepeated("state".to_owned()).wire().description, "state must not be given twice");
}

#[test]
fn causes_are_named() {
    assert_eq!(OAuthError::CodeReplayed.cause(), "CodeReplayed");
    assert_eq!(OAuthError::ParameterRepeated("a b".to_owned()).cause(), "ParameterRepeated");
    assert_eq!(
        OAuthError::client_auth(ClientAuthFailure::SecretWrong, Presented::Body).cause(),
        "ClientAuthentication.SecretWrong"
    );
}

/// One of each cause that has data or a text of its own shape.
#[expect(clippy::too_many_lines, reason = "one line for each cause")]
fn samples() -> Vec<OAuthError> {
    use OAuthError as E;
    vec![
        E::client_auth(ClientAuthFailure::Missing, Presented::Body),
        E::Dpop(DpopFailure::NonceWanted),
        E::DpopKeyMismatch,
        E::DpopNotForSessions,
        E::GrantNotAllowed,
        E::GrantTypeUnsupported,
        E::ParameterInvalid("max_age"),
        E::ParameterMissing("code"),
        E::ParameterRepeated("a\"b".to_owned()),
        E::ParametersMalformed,
        E::MediaType("application/json"),
        E::ParametersTooLarge,
        E::ScopeMalformed,
        E::ScopeNotAllowed,
        E::TargetMissing,
        E::TargetUnknown,
        E::TargetsSeveral,
        E::TwoClientAuthMethods,
        E::ClientDisabled,
        E::ClientUnknown,
        E::CodeChallengeMalformed,
        E::CodeChallengeMethodUnsupported,
        E::CodeChallengeMissing,
        E::IdTokenHintInvalid,
        E::PostLogoutRedirectUriNotRegistered,
        E::PromptInvalid,
        E::PushedRequestRequired,
        E::PushedRequestUnknown,
        E::PushesTooMany { retry_after_secs: 1 },
        E::DeviceStartsTooMany { retry_after_secs: 1 },
        E::RequestObjectInvalid("the request object is not well-formed"),
        E::RequestObjectRequired,
        E::RequestObjectTwice,
        E::RequestUriInvalid("request_uri is not registered for this client"),
        E::RedirectUriNotRegistered,
        E::RegistrationNotSupported,
        E::RequestNotSupported,
        E::RequestUriNotSupported,
        E::ResponseModeOrigin,
        E::ResponseModeUnfit,
        E::ResponseModeUnsupported,
        E::ResponseTypeNotAllowed,
        E::ResponseTypeUnsupported,
        E::ScopeOpenidMissing,
        E::StateTooLong,
        E::CodeExpired,
        E::CodeOfAnotherClient,
        E::CodeOfAnotherBrowser,
        E::CodeReplayed,
        E::CodeUnknown,
        E::RedirectUriMismatch,
        E::RefreshTokenExpired,
        E::RefreshTokenMissing,
        E::RefreshTokenOfAnotherClient,
        E::RefreshTokenReused,
        E::RefreshTokenRevoked,
        E::RefreshTokenUnknown,
        E::PasswordWrong,
        E::SecondFactorNeeded,
        E::PasswordsTooMany { retry_after_secs: 1 },
        E::ScopeGrows,
        E::TargetNotGranted,
        E::TokenOfAnotherClient,
        E::VerifierMismatch,
        E::VerifierMissing,
        E::VerifierUnexpected,
        E::AccessDenied,
        E::ConsentRequired,
        E::InteractionRequired,
        E::LoginRequired,
        E::SessionEnded,
        E::UnmetAuthenticationRequirements,
        E::UserBlocked,
        E::UserGone,
        E::ServerError,
        E::TemporarilyUnavailable { retry_after_secs: 2 },
    ]
}

#[test]
fn every_answer_keeps_to_the_characters_of_rfc_6749_5_2_and_to_registered_codes() {
    let registered = [
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_dpop_proof",
        "invalid_grant",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "invalid_target",
        "login_required",
        // No standard has one; what clients of Auth0 know.
        "mfa_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "temporarily_unavailable",
        "too_many_attempts",
        "unauthorized_client",
        "unmet_authentication_requirements",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
        "use_dpop_nonce",
    ];
    for error in samples() {
        let wire = error.wire();
        assert!(registered.contains(&wire.code), "{error:?}");
        assert!(
            wire.description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)),
            "{error:?}"
        );
        assert!(
            matches!(wire.status, 400 | 401 | 403 | 429 | 500 | 503) && !wire.description.ends_with('.'),
            "{error:?}"
        );
    }
}

#[test]
fn only_our_own_faults_are_server_errors() {
    for error in samples() {
        let ours = matches!(error, OAuthError::ServerError | OAuthError::TemporarilyUnavailable { .. });
        assert_eq!(error.wire().status >= 500, ours, "{error:?}");
    }
}
