//! Every cause of refusal, in our words, and the one place that turns a cause into what the standards say on the wire.
//!
//! A cause is for the log ([`OAuthError::cause`], `Display`); [`OAuthError::wire`] is for the caller and says no more than it must.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::authorization_details::DetailsFailure;
pub use crate::client_auth::failure::{ClientAuthFailure, Presented};
use crate::dpop::DpopFailure;

/// Why a request was refused. Grouped by whose fault it is; alphabetical within a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthError {
    // The client's request, anywhere.
    /// Client authentication failed.
    ClientAuthentication {
        /// Why, for the log.
        failure: ClientAuthFailure,
        /// Where the credentials were.
        presented: Presented,
    },
    /// `authorization_details` that cannot be asked for (RFC 9396 §5).
    AuthorizationDetails(DetailsFailure),
    /// The client is not registered for the grant.
    GrantNotAllowed,
    /// A `grant_type` nobody knows.
    GrantTypeUnsupported,
    /// A parameter's value is not of its form.
    ParameterInvalid(&'static str),
    /// A required parameter is absent or empty.
    ParameterMissing(&'static str),
    /// A parameter came twice (RFC 6749 §3.1, §3.2).
    ParameterRepeated(String),
    /// The form or query does not decode: bad percent-encoding, invalid UTF-8, a NUL, or not a JSON object of strings.
    ParametersMalformed,
    /// A body of another type than the endpoint takes.
    MediaType(&'static str),
    /// Parameters of ours in the URL, where logs and histories keep them; they belong into the body (RFC 6749 §3.2).
    ParametersInUrl,
    /// More parameters or bytes than anyone needs.
    ParametersTooLarge,
    /// `scope` is not of its grammar, or endless.
    ScopeMalformed,
    /// A scope the client is not registered for.
    ScopeNotAllowed,
    /// No API is named, and none is meant by default.
    TargetMissing,
    /// The API is switched off, unknown, or not one the client may ask for.
    TargetUnknown,
    /// More than one API at once (RFC 8707 §2.2).
    TargetsSeveral,
    /// Two client authentication methods in one request (RFC 6749 §2.3).
    TwoClientAuthMethods,

    // The client's request at the authorization endpoint.
    /// The client is switched off.
    ClientDisabled,
    /// Nobody has that `client_id`.
    ClientUnknown,
    /// Not base64url of a SHA-256 (RFC 7636 §4.2).
    CodeChallengeMalformed,
    /// `plain`, or no method with a challenge, which would mean plain (RFC 9700 §2.1.1).
    CodeChallengeMethodUnsupported,
    /// No `code_challenge`, and the client must send one.
    CodeChallengeMissing,
    /// Not an ID token of ours, for this client.
    IdTokenHintInvalid,
    /// Not one of the client's `post_logout_redirect_uris` (RP-Initiated Logout 1.0 §3).
    PostLogoutRedirectUriNotRegistered,
    /// `prompt=create` where nobody can sign up, or not on the way to this client.
    SignUpClosed,
    /// `prompt=none` together with another value, or an unknown value.
    PromptInvalid,
    /// The client must push its requests (RFC 9126 §6), and did not.
    PushedRequestRequired,
    /// No request pushed by this client has that `request_uri`, or its time is over, or it was used.
    PushedRequestUnknown,
    /// Not one of the client's redirect URIs.
    RedirectUriNotRegistered,
    /// `registration` is not supported.
    RegistrationNotSupported,
    /// `request` is not supported.
    RequestNotSupported,
    /// `request` and `request_uri` at once (RFC 9101 §5).
    RequestObjectTwice,
    /// A request object that is not what it must be; why, in words for the client's developer.
    RequestObjectInvalid(&'static str),
    /// The client must sign its requests (RFC 9101 §10.5), and did not.
    RequestObjectRequired,
    /// A `request_uri` that is not registered, or at which no request object was to be had.
    RequestUriInvalid(&'static str),
    /// `request_uri` is not supported.
    RequestUriNotSupported,
    /// A message, and the origin of the redirect URI is not one of the client's.
    ResponseModeOrigin,
    /// A `response_mode` in which this `response_type` must not travel, or not to this redirect URI.
    ResponseModeUnfit,
    /// An answer that is not signed, for a client whose profile wants signed ones.
    ResponseModeUnsigned,
    /// A `response_mode` nobody knows, or not for this client.
    ResponseModeUnsupported,
    /// The client is not registered for the `response_type`.
    ResponseTypeNotAllowed,
    /// A `response_type` nobody knows.
    ResponseTypeUnsupported,
    /// An ID token is asked for without the scope that it needs.
    ScopeOpenidMissing,
    /// `state` is longer than 1.5 KB.
    StateTooLong,

    // The client's request at the token endpoint.
    /// An actor token that does not count (RFC 8693 §2.2.2); why, in words for the client's developer.
    ActorTokenInvalid(&'static str),
    /// An assertion that does not count (RFC 7523 §3.1); why.
    AssertionInvalid(&'static str),
    /// The person said no on the page.
    AuthReqIdDenied,
    /// The request's time is over.
    AuthReqIdExpired,
    /// The request is another client's.
    AuthReqIdOfAnotherClient,
    /// A second use of a request that was allowed: everything born of it ends.
    AuthReqIdReplayed,
    /// No such request.
    AuthReqIdUnknown,
    /// A message that cannot be shown (CIBA Core 1.0 §13).
    BindingMessageInvalid,
    /// More than one hint who is meant (CIBA Core 1.0 §7.1).
    HintsSeveral,
    /// Too many requests wait for this person.
    PersonAskedTooOften {
        /// When to try again.
        retry_after_secs: u32,
    },
    /// A signed request that does not count (CIBA Core 1.0 §7.1.1); why, in words for the client's developer.
    SignedRequestInvalid(&'static str),
    /// The hint means nobody here (CIBA Core 1.0 §13).
    UserIdUnknown,
    /// The code's time is over.
    CodeExpired,
    /// The code was issued to another client.
    CodeOfAnotherClient,
    /// The code is redeemed for cookies in a browser that does not hold the session it was born in.
    CodeOfAnotherBrowser,
    /// A second valid use (RFC 6749 §4.1.2): everything born of the code ends.
    CodeReplayed,
    /// No such code.
    CodeUnknown,
    /// The person has not answered yet (RFC 8628 §3.5).
    AuthorizationPending,
    /// The person said no on the device's page.
    DeviceCodeDenied,
    /// The device code's time is over.
    DeviceCodeExpired,
    /// The device code was issued to another client.
    DeviceCodeOfAnotherClient,
    /// A second use of a device code: everything born of it ends.
    DeviceCodeReplayed,
    /// No such device code.
    DeviceCodeUnknown,
    /// Too many device codes for this address.
    DeviceStartsTooMany {
        /// When to try again.
        retry_after_secs: u32,
    },
    /// Too many pushed requests of public clients for this address (RFC 9126 §2.3).
    PushesTooMany {
        /// When to try again.
        retry_after_secs: u32,
    },
    /// A subject token that does not count (RFC 8693 §2.2.2); why.
    SubjectTokenInvalid(&'static str),
    /// Asked again before its time, while the person has not answered (RFC 8628 §3.5).
    SlowDown,
    /// Not the `redirect_uri` of the authorization request.
    RedirectUriMismatch,
    /// Tokens or a refresh token are bound to a certificate, and the connection has none (RFC 8705 §3, §4).
    CertificateMissing,
    /// The refresh token is bound to another certificate than the connection's (RFC 8705 §4).
    CertificateMismatch,
    /// A proof of possession is missing or does not count.
    Dpop(DpopFailure),
    /// A proof from a client whose tokens are bound to its certificate.
    DpopBesideCertificate,
    /// Code or refresh token are bound to another key than the proof's, or to none (RFC 9449 §5, §10).
    DpopKeyMismatch,
    /// A proof from a client that gets session values, which cannot be bound to a key.
    DpopNotForSessions,
    /// A request for cookies, or with them, that no page of the client's has made, or that lacks the page's token.
    NotFromItsPage,
    /// The refresh token's time is over, idle or absolute.
    RefreshTokenExpired,
    /// No `refresh_token` in the request.
    RefreshTokenMissing,
    /// The refresh token was issued to another client.
    RefreshTokenOfAnotherClient,
    /// A refresh token that had its day: theft is assumed, family and session end.
    RefreshTokenReused,
    /// Its family has ended.
    RefreshTokenRevoked,
    /// No such refresh token.
    RefreshTokenUnknown,
    /// A client that may see passwords sent a wrong one, or for nobody.
    PasswordWrong,
    /// A client that may see passwords sent a right one, of somebody who signs in with a second factor.
    SecondFactorNeeded,
    /// Too many passwords were wrong: this one was not looked at.
    PasswordsTooMany {
        /// When to try again.
        retry_after_secs: u32,
    },
    /// More than was granted (RFC 6749 §6).
    ScopeGrows,
    /// Another API than was granted.
    TargetNotGranted,
    /// A token to revoke that was issued to another client (RFC 7009 §2.1).
    TokenOfAnotherClient,
    /// The access token does not fit a cookie.
    TokenTooLargeForCookie,
    /// `code_verifier` is not the challenge's (RFC 7636 §4.6).
    VerifierMismatch,
    /// No `code_verifier` though there was a challenge.
    VerifierMissing,
    /// A `code_verifier` though there was no challenge (RFC 9700 §4.8.2).
    VerifierUnexpected,

    // The user, or what became of the user.
    /// The user said no.
    AccessDenied,
    /// `prompt=none`, and consent is needed.
    ConsentRequired,
    /// `prompt=none`, and some other page is needed.
    InteractionRequired,
    /// `prompt=none`, and nobody (or somebody else) is signed in.
    LoginRequired,
    /// The user signed out.
    SessionEnded,
    /// How strongly somebody must have signed in is essential, and nobody here can.
    UnmetAuthenticationRequirements,
    /// An administrator blocked the user.
    UserBlocked,
    /// The user was deleted.
    UserGone,

    // Us.
    /// Something of ours failed; the log has the cause under the request id.
    ServerError,
    /// Storage or hashing is busy or away.
    TemporarilyUnavailable {
        /// When to try again.
        retry_after_secs: u32,
    },
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The registered error code.
    pub code: &'static str,
    /// The HTTP status when the answer is not a redirect.
    pub status: u16,
    /// `error_description`: ASCII without quotes and backslashes (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
    /// `WWW-Authenticate`, if the status needs it.
    pub www_authenticate: Option<&'static str>,
    /// `Retry-After` in seconds.
    pub retry_after_secs: Option<u32>,
}

/// The JSON of an error answer (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// The registered error code.
    pub error: &'static str,
    /// One sentence for the client's developer.
    pub error_description: Cow<'static, str>,
}

impl Wire {
    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        ErrorBody { error: self.code, error_description: self.description.clone() }
    }
}

fn wire(code: &'static str, status: u16, description: impl Into<Cow<'static, str>>) -> Wire {
    Wire { code, status, description: description.into(), www_authenticate: None, retry_after_secs: None }
}

impl OAuthError {
    /// The one mapping from cause to code, status and public text.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a flat table, one line per cause")]
    pub fn wire(&self) -> Wire {
        match self {
            // RFC 6749 §5.2: 401, with a challenge in the scheme the client used.
            Self::ClientAuthentication { failure: _, presented } => Wire {
                www_authenticate: match presented {
                    Presented::AuthorizationHeader => Some("Basic realm=\"symbolon\", charset=\"UTF-8\""),
                    Presented::Body => None,
                },
                ..wire("invalid_client", 401, "client authentication failed")
            },
            // RFC 6749 §5.2
            Self::GrantNotAllowed => wire("unauthorized_client", 400, "the client is not registered for this grant"),
            Self::GrantTypeUnsupported => wire("unsupported_grant_type", 400, "this grant_type is not supported"),
            Self::ParameterInvalid(name) => wire("invalid_request", 400, format!("{name} is not valid")),
            Self::ParameterMissing(name) => wire("invalid_request", 400, format!("{name} is missing")),
            Self::ParameterRepeated(name) => {
                wire("invalid_request", 400, format!("{} must not be given twice", printable_name(name)))
            }
            Self::ParametersMalformed => wire("invalid_request", 400, "the parameters are not well-formed"),
            Self::MediaType(expected) => wire("invalid_request", 400, format!("the body must be {expected}")),
            Self::ParametersInUrl => {
                wire("invalid_request", 400, "the parameters belong into the body, not into the URL")
            }
            Self::ParametersTooLarge => wire("invalid_request", 400, "the parameters are too large"),
            Self::ScopeMalformed => wire("invalid_scope", 400, "scope is not well-formed"),
            Self::ScopeNotAllowed => wire("invalid_scope", 400, "the client may not ask for this scope"),
            // RFC 9396 §5
            Self::AuthorizationDetails(failure) => wire("invalid_authorization_details", 400, failure.text()),
            // RFC 8707 §2
            Self::TargetMissing => wire("invalid_target", 400, "name the API with resource or audience"),
            Self::TargetUnknown => wire("invalid_target", 400, "this API is unknown, or the client may not ask for it"),
            Self::TargetsSeveral => wire("invalid_target", 400, "only one API at a time can be asked for"),
            Self::TargetNotGranted => wire("invalid_target", 400, "this API was not part of the grant"),
            // RFC 6749 §5.2: "utilizes more than one mechanism for authenticating the client"
            Self::TwoClientAuthMethods => {
                wire("invalid_request", 400, "more than one client authentication method was used")
            }

            // RFC 6749 §4.1.2.1: unknown client or redirect URI is told to the person, never by redirect.
            Self::ClientDisabled => wire("unauthorized_client", 400, "the client is switched off"),
            Self::ClientUnknown => wire("invalid_client", 400, "the client is not registered here"),
            Self::RedirectUriNotRegistered => {
                wire("invalid_request", 400, "redirect_uri is not registered for this client")
            }
            // RFC 7636 §4.4.1
            Self::CodeChallengeMalformed => wire("invalid_request", 400, "code_challenge is not a base64url SHA-256"),
            Self::CodeChallengeMethodUnsupported => wire("invalid_request", 400, "code_challenge_method must be S256"),
            Self::CodeChallengeMissing => wire("invalid_request", 400, "code_challenge is missing (PKCE is required)"),
            // OpenID Connect Core §3.1.2.1, §3.1.2.6
            Self::IdTokenHintInvalid => {
                wire("invalid_request", 400, "id_token_hint is not a valid ID token for this client")
            }
            Self::PostLogoutRedirectUriNotRegistered => {
                wire("invalid_request", 400, "post_logout_redirect_uri is not registered for this client")
            }
            Self::PromptInvalid => {
                wire("invalid_request", 400, "prompt is not supported, or none was combined with another value")
            }
            // OpenID Prompt Create 1.0 §4.1
            Self::SignUpClosed => wire("invalid_request", 400, "prompt=create is not supported here"),
            // RFC 9126 §4, RFC 9101 §7
            Self::PushedRequestRequired => {
                wire("invalid_request", 400, "the client must push its authorization requests")
            }
            Self::PushedRequestUnknown => {
                wire("invalid_request_uri", 400, "request_uri is unknown, expired, used, or of another client")
            }
            Self::RequestObjectInvalid(why) => wire("invalid_request_object", 400, *why),
            Self::RequestObjectRequired => {
                wire("invalid_request", 400, "the client must sign its authorization requests")
            }
            Self::RequestObjectTwice => wire("invalid_request", 400, "request and request_uri exclude each other"),
            Self::RequestUriInvalid(why) => wire("invalid_request_uri", 400, *why),
            Self::RegistrationNotSupported => {
                wire("registration_not_supported", 400, "the registration parameter is not supported")
            }
            Self::RequestNotSupported => wire("request_not_supported", 400, "the request parameter is not supported"),
            Self::RequestUriNotSupported => {
                wire("request_uri_not_supported", 400, "the request_uri parameter is not supported")
            }
            Self::ResponseModeUnsupported => wire("invalid_request", 400, "this response_mode is not supported"),
            // FAPI 2.0 Message Signing §5.4
            Self::ResponseModeUnsigned => wire(
                "invalid_request",
                400,
                "answers to this client must be signed: use a response_mode that ends in jwt",
            ),
            // OAuth 2.0 Multiple Response Types §5
            Self::ResponseModeUnfit => {
                wire("invalid_request", 400, "this response_mode is not for this response_type or redirect_uri")
            }
            Self::ResponseModeOrigin => {
                wire("invalid_request", 400, "the origin of redirect_uri is not registered for messages")
            }
            Self::ResponseTypeNotAllowed => {
                wire("unauthorized_client", 400, "the client is not registered for this response_type")
            }
            Self::ResponseTypeUnsupported => {
                wire("unsupported_response_type", 400, "this response_type is not supported")
            }
            // OpenID Connect Core §3.1.2.1
            Self::ScopeOpenidMissing => wire("invalid_scope", 400, "an ID token needs the scope openid"),
            Self::StateTooLong => wire("invalid_request", 400, "state is longer than 1536 bytes"),

            // RFC 8693 §2.2.2: "the value of the error parameter MUST be the invalid_request error code"; CIBA Core 1.0 §13.
            Self::ActorTokenInvalid(why) | Self::SignedRequestInvalid(why) | Self::SubjectTokenInvalid(why) => {
                wire("invalid_request", 400, *why)
            }
            // RFC 7523 §3.1: "the error parameter MUST be the invalid_grant error code"
            Self::AssertionInvalid(why) => wire("invalid_grant", 400, *why),
            // RFC 6749 §5.2 invalid_grant. Another client's code and an unknown one look alike.
            Self::CodeExpired => wire("invalid_grant", 400, "the authorization code has expired"),
            Self::CodeOfAnotherClient | Self::CodeOfAnotherBrowser | Self::CodeUnknown => {
                wire("invalid_grant", 400, "the authorization code is not valid")
            }
            Self::CodeReplayed => wire("invalid_grant", 400, "the authorization code was used before"),
            // CIBA Core 1.0 §11, §13. Another client's id and an unknown one look alike.
            Self::AuthReqIdExpired => wire("expired_token", 400, "the request has expired: ask anew"),
            Self::AuthReqIdOfAnotherClient | Self::AuthReqIdUnknown => {
                wire("invalid_grant", 400, "auth_req_id is not valid")
            }
            Self::AuthReqIdReplayed => wire("invalid_grant", 400, "auth_req_id was used before"),
            Self::BindingMessageInvalid => {
                wire("invalid_binding_message", 400, "binding_message must be one line of at most 80 characters")
            }
            Self::HintsSeveral => wire("invalid_request", 400, "exactly one of login_hint and id_token_hint is needed"),
            Self::PersonAskedTooOften { retry_after_secs } => Wire {
                retry_after_secs: Some(*retry_after_secs),
                ..wire("temporarily_unavailable", 429, "too many requests wait for this person")
            },
            Self::UserIdUnknown => wire("unknown_user_id", 400, "nobody here is meant by the hint"),
            // RFC 8628 §3.5. Another client's device code and an unknown one look alike.
            Self::AuthorizationPending => wire("authorization_pending", 400, "the person has not answered yet"),
            Self::AuthReqIdDenied | Self::DeviceCodeDenied => wire("access_denied", 400, "the person declined"),
            Self::DeviceCodeExpired => wire("expired_token", 400, "the device code has expired: ask for a new one"),
            Self::DeviceCodeOfAnotherClient | Self::DeviceCodeUnknown => {
                wire("invalid_grant", 400, "the device code is not valid")
            }
            Self::DeviceCodeReplayed => wire("invalid_grant", 400, "the device code was used before"),
            Self::SlowDown => wire("slow_down", 400, "asked too often: wait five seconds longer from now on"),
            Self::DeviceStartsTooMany { retry_after_secs } => Wire {
                retry_after_secs: Some(*retry_after_secs),
                ..wire("temporarily_unavailable", 429, "too many device codes were asked for from here")
            },
            // RFC 9126 §2.3: "the authorization server responds with an HTTP 429 (Too Many Requests)"
            Self::PushesTooMany { retry_after_secs } => Wire {
                retry_after_secs: Some(*retry_after_secs),
                ..wire("temporarily_unavailable", 429, "too many requests were pushed from here and not answered")
            },
            Self::RedirectUriMismatch => {
                wire("invalid_grant", 400, "redirect_uri is not the one of the authorization request")
            }
            // RFC 8705 §3, §4
            Self::CertificateMissing => {
                wire("invalid_request", 400, "this needs a connection with the client certificate, and there is none")
            }
            Self::CertificateMismatch => {
                wire("invalid_grant", 400, "invalid refresh token: it is bound to another client certificate")
            }
            Self::DpopBesideCertificate => wire(
                "invalid_request",
                400,
                "access tokens of this client are bound to its certificate, not to a DPoP key",
            ),
            // RFC 9449 §5, §8
            Self::Dpop(failure) => wire(failure.code(), 400, failure.text()),
            Self::DpopKeyMismatch => wire(
                "invalid_grant",
                400,
                "invalid refresh token or code: it is not bound to the key of this DPoP proof",
            ),
            Self::DpopNotForSessions => {
                wire("invalid_request", 400, "access tokens of this client are session values, which DPoP cannot bind")
            }
            Self::NotFromItsPage => wire(
                "invalid_request",
                403,
                "tokens of this client are cookies: a page of a registered origin of this site must ask, with its X-CSRF-Token once it has one",
            ),
            // Some clients look for the words "invalid refresh token", "Missing Refresh Token" and "user is blocked".
            Self::RefreshTokenExpired => wire("invalid_grant", 400, "invalid refresh token: it has expired"),
            Self::RefreshTokenMissing => {
                wire("invalid_request", 400, "Missing Refresh Token: refresh_token is missing")
            }
            Self::RefreshTokenOfAnotherClient | Self::RefreshTokenUnknown => {
                wire("invalid_grant", 400, "invalid refresh token")
            }
            Self::RefreshTokenReused => {
                wire("invalid_grant", 400, "invalid refresh token: it was used before, and the sign-in has been ended")
            }
            Self::RefreshTokenRevoked => wire("invalid_grant", 400, "invalid refresh token: it was revoked"),
            // Unknown people and wrong passwords look alike. No standard has a code for the other; clients know this one.
            Self::PasswordWrong => wire("invalid_grant", 403, "Wrong email or password"),
            // The same: Auth0's clients know it, and lead to the sign-in page.
            Self::SecondFactorNeeded => {
                wire("mfa_required", 403, "this account signs in with a second factor: use the sign-in page")
            }
            Self::PasswordsTooMany { retry_after_secs } => Wire {
                retry_after_secs: Some(*retry_after_secs),
                ..wire("too_many_attempts", 429, "too many passwords were wrong: try again later")
            },
            // RFC 6749 §6
            Self::ScopeGrows => wire("invalid_scope", 400, "scope goes beyond what was granted"),
            Self::TokenOfAnotherClient => wire("invalid_grant", 400, "the token was issued to another client"),
            // RFC 6265bis §5.6: what is larger is dropped without a word.
            Self::TokenTooLargeForCookie => wire(
                "invalid_scope",
                400,
                "the access token does not fit a cookie of 4096 bytes: ask for fewer scopes, or have the client registered for session values",
            ),
            // RFC 7636 §4.6
            Self::VerifierMismatch => wire("invalid_grant", 400, "code_verifier does not match the code_challenge"),
            Self::VerifierMissing => wire("invalid_grant", 400, "code_verifier is missing"),
            Self::VerifierUnexpected => wire(
                "invalid_grant",
                400,
                "code_verifier was sent, but the authorization request had no code_challenge",
            ),

            // RFC 6749 §4.1.2.1
            Self::AccessDenied => wire("access_denied", 403, "the person declined"),
            // OpenID Connect Core §3.1.2.6
            Self::ConsentRequired => wire("consent_required", 400, "consent is needed, and prompt=none forbids asking"),
            Self::InteractionRequired => {
                wire("interaction_required", 400, "a page is needed, and prompt=none forbids showing one")
            }
            // unmet_authentication_requirements 1.0 §1
            Self::UnmetAuthenticationRequirements => {
                wire("unmet_authentication_requirements", 400, "no acr that was asked for is to be had")
            }
            Self::LoginRequired => wire("login_required", 400, "sign-in is needed"),
            // RFC 6749 §5.2: the grant is revoked
            Self::SessionEnded => wire("invalid_grant", 400, "the sign-in was ended (invalid refresh token or code)"),
            Self::UserBlocked => wire("invalid_grant", 400, "user is blocked"),
            Self::UserGone => wire("invalid_grant", 400, "the account is gone (invalid refresh token or code)"),

            // RFC 6749 §4.1.2.1; the token endpoint borrows the codes.
            Self::ServerError => wire("server_error", 500, "something went wrong on the server"),
            Self::TemporarilyUnavailable { retry_after_secs } => Wire {
                retry_after_secs: Some(*retry_after_secs),
                ..wire("temporarily_unavailable", 503, "the server is busy, try again shortly")
            },
        }
    }

    /// The cause's name for logs, metrics and audit events: the variant, without its data.
    #[must_use]
    pub fn cause(&self) -> String {
        let full = format!("{self:?}");
        let name: String = full.chars().take_while(char::is_ascii_alphanumeric).collect();
        match self {
            Self::ClientAuthentication { failure, presented: _ } => format!("{name}.{failure:?}"),
            Self::AuthorizationDetails(failure) => format!("{name}.{failure:?}"),
            Self::Dpop(failure) => format!("{name}.{failure:?}"),
            _ => name,
        }
    }

    /// A failed client authentication.
    #[must_use]
    pub fn client_auth(failure: ClientAuthFailure, presented: Presented) -> Self {
        Self::ClientAuthentication { failure, presented }
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wire { code, description, .. } = self.wire();
        write!(f, "{code}: {description} ({})", self.cause())
    }
}

impl std::error::Error for OAuthError {}

/// A parameter's name is the caller's text: it goes back only if it is shaped like one.
fn printable_name(name: &str) -> &str {
    let plain = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if plain { name } else { "a parameter" }
}

#[cfg(test)]
mod tests;
