//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2), in two steps without a side effect.
//!
//! [`validate`] proves client and redirect URI first, then checks everything else: until both are proven a refusal is a page, after
//! that it is a redirect in the response mode asked for. [`decide`] says what comes next: sign in, ask for consent, issue what the
//! response type says, or refuse.

pub(crate) mod check;
mod consent;
mod decide;
mod effective;
mod initiate_login;
mod issue;
mod request;
mod validate;

pub use consent::{ConsentAnswer, ConsentOnRecord, ConsentPrompt, ConsentWhy};
pub(crate) use decide::check_sign_up;
pub use decide::{
    CodeGrant, Decision, Facts, IdTokenHint, InteractionFacts, SessionFacts, SignInPrompt, SignInWhy, decide,
};
pub use effective::{Effective, ObjectKind, Source};
pub use initiate_login::{begin_again, initiate_login};
pub use issue::{Granted, NewCode};
pub use request::{Prompt, ValidRequest};
pub use validate::{Rejection, refuse, validate};

use crate::error::OAuthError;
use crate::response_mode::AuthorizationResponse;

/// What an authorization request may say (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1 and what extends them), also when it is pushed.
pub const PARAMETERS: &[&str] = &[
    "acr_values",
    "audience",
    "authorization_details",
    "claims",
    "claims_locales",
    "code_challenge",
    "code_challenge_method",
    "display",
    "dpop_jkt",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];

/// A refusal on its way to the client; the redirect URI is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRedirect {
    /// Why, for the log.
    pub error: OAuthError,
    /// What the client gets.
    pub response: AuthorizationResponse,
}
