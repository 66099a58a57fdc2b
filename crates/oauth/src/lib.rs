//! OAuth 2 and OpenID Connect as pure functions: parse, validate, decide.
//!
//! A request comes in as text, is parsed once ([`Params`]), checked ([`client_auth`], [`authorize::validate`]) and decided
//! ([`authorize::decide`], [`grant`]) against facts the shell has loaded. What comes out is data: an answer, and the effect that
//! must hold before it is given. No I/O, no clock, no randomness of its own: [`Context`] brings the time and the bytes.
//!
//! Every refusal is an [`OAuthError`], and [`OAuthError::wire`] is the only place that knows what it looks like outside.

pub mod access_token;
pub mod acr;
pub mod actor;
pub mod assertion;
pub mod authorization_details;
pub mod authorize;
pub mod certificate;
pub mod claims;
pub mod claims_request;
pub mod client_auth;
pub mod confirmation;
pub mod context;
pub mod dpop;
mod effect;
pub mod endpoint;
pub mod error;
pub mod extent;
mod family;
pub mod grant;
pub mod id_token;
pub mod ids;
mod issue;
pub mod json;
mod language;
pub mod logout_token;
pub mod pairwise;
pub mod params;
pub mod password_sign_in;
pub mod pkce;
pub mod plain_text;
pub mod profile;
pub mod pushed_request;
pub mod redirect_uri;
pub mod registration;
pub mod relying_party;
pub mod request_object;
pub mod response_mode;
pub mod response_type;
mod rotation;
pub mod scope;
pub mod second_factor;
pub mod shared_keys;
pub mod shared_signals;
pub mod sign_up;
pub mod status_list;
mod target;
#[cfg(test)]
mod testing;
pub mod token_format;
pub mod user_code;

pub use access_token::AccessTokenClaims;
pub use confirmation::Confirmation;
pub use context::{Context, LONGEST_TOKEN_SECS, Lifetimes, Rng};
pub use dpop::DpopFailure;
pub use effect::{
    AlsoSession, CodeKind, Effect, EndReason, FamilyGrant, IssuedAccessToken, NewFamily, NewRefreshToken, RotateExpect,
};
pub use error::{ClientAuthFailure, ErrorBody, OAuthError, Presented, Wire};
pub use grant::{Grant, TokenRequest};
pub use id_token::IdTokenClaims;
pub use ids::{ClientId, InvalidName, Issuer, Subject, dated_id, random_id};
pub use issue::{
    AccessTokenForm, AccessTokenPlan, Beside, IdTokenPlan, Issue, RefreshAnswer, Refusal, SessionState, TokenResponse,
    UserFacts, UserStatus,
};
pub use language::Languages;
pub use logout_token::{LogoutTokenClaims, LogoutTokenPlan, SignOut};
pub use pairwise::Pairwise;
pub use params::Params;
pub use redirect_uri::RegisteredRedirectUri;
pub use registration::{
    AccessTokenFormat, Api, ApiScope, Apis, AuthMethod, Client, ClientApi, ClientKind, ProfileClaims,
    RegistrationError, Responses, Role, SecretHash, SubjectType,
};
pub use response_mode::{AuthorizationResponse, Rendering, ResponseMode};
pub use response_type::ResponseType;
pub use scope::Scope;
pub use token_format::{OpaqueToken, TokenKind};
pub use user_code::UserCode;
