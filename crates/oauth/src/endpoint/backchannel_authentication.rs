//! The backchannel authentication endpoint (CIBA Core 1.0 §7), and what the person is asked on the page on which they answer.
//!
//! A client asks for somebody by name, and they answer wherever they are signed in. Whoever set it going is perhaps not that person: the page
//! always asks, says who asks, when and from where, and shows the message that the client shows, too (RFC 10027 on cross-device flows).

use serde::{Deserialize, Serialize};

use crate::acr::{Levels, Performed};
use crate::authorize::SessionFacts;
use crate::client_auth::AuthenticatedClient;
use crate::context::Context;
use crate::endpoint::elsewhere::{Answer, Asked, Device, Wanted};
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::issue::{UserFacts, UserStatus};
use crate::params::Params;
use crate::plain_text::is_seen;
use crate::profile::Demand;
use crate::registration::{Apis, Client, DeliveryMode};
use crate::scope::Scope;
use crate::token_format::{OpaqueToken, TokenKind};

mod signed;

pub use signed::{SignedRequest, open};

/// What such a request may say beyond an authorization request (§7.1).
pub const PARAMETERS: &[&str] =
    &["binding_message", "client_notification_token", "login_hint_token", "requested_expiry", "user_code"];
/// How long a client waits between two requests for the answer, in seconds (§7.3).
pub const INTERVAL_SECS: u64 = 5;
/// The longest message. §7.1: it "SHOULD be relatively short".
const MAX_MESSAGE_CHARS: usize = 80;
/// §7.1: "The length of the token MUST NOT exceed 1024 characters".
const MAX_TOKEN_BYTES: usize = 1024;
const MAX_ACR_VALUES: usize = 20;
const MAX_HINT_BYTES: usize = 320;
const MAX_ID_TOKEN_BYTES: usize = 16 * 1024;

/// What a client asks for. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// For what; `openid` is among its scope.
    pub wanted: Wanted,
    /// Who is meant.
    pub hint: Hint,
    /// What the person compares.
    pub binding_message: Option<String>,
    /// What the client knows our notification by.
    pub notification_token: Option<String>,
    /// How long the client wants to wait.
    pub requested_expiry: Option<u64>,
    /// Levels of authentication, of which the sign-in behind the answer must be one; best first.
    pub acr_values: Vec<String>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

/// Who is meant.
#[derive(Clone, PartialEq, Eq)]
pub enum Hint {
    /// Whom an ID token of ours is about; an expired one is good enough (§7.2 leaves that to us).
    IdToken(String),
    /// What they sign in with, or their `sub`.
    Login(String),
}

impl Request {
    /// Reads the parameters (§7.1). Nothing is said of `user_code`, which there is none of.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        params.require("scope")?;
        let wanted = Wanted::parse(params)?;
        if !wanted.scope.contains("openid") {
            return Err(OAuthError::ScopeOpenidMissing);
        }
        let binding_message = params.get("binding_message").map(message).transpose()?;
        let notification_token = params.get("client_notification_token").map(bearer_token).transpose()?;
        let requested_expiry = params.get("requested_expiry").map(positive).transpose()?;
        let acr_values = words(params.get("acr_values").unwrap_or_default());
        Ok(Self { wanted, hint: hint(params)?, binding_message, notification_token, requested_expiry, acr_values })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).take(MAX_ACR_VALUES).map(str::to_owned).collect()
}

/// §7.1: "it is REQUIRED that the Client provides one (and only one) of the hints".
fn hint(params: &Params) -> Result<Hint, OAuthError> {
    let names = ["id_token_hint", "login_hint", "login_hint_token"];
    match names.map(|name| params.get(name)) {
        [Some(token), None, None] => {
            let shaped = token.len() <= MAX_ID_TOKEN_BYTES && token.matches('.').count() == 2;
            if shaped { Ok(Hint::IdToken(token.to_owned())) } else { Err(OAuthError::IdTokenHintInvalid) }
        }
        [None, Some(name), None] => {
            let shaped = name.len() <= MAX_HINT_BYTES && !name.chars().any(char::is_control);
            if shaped { Ok(Hint::Login(name.to_owned())) } else { Err(OAuthError::UserIdUnknown) }
        }
        [None, None, None] => Err(OAuthError::ParameterMissing("login_hint")),
        [_, _, Some(_)] => Err(OAuthError::ParameterInvalid("login_hint_token")),
        _ => Err(OAuthError::HintsSeveral),
    }
}

/// One line that can be shown as it is.
fn message(text: &str) -> Result<String, OAuthError> {
    let fits = text.chars().count() <= MAX_MESSAGE_CHARS && is_seen(text) && !text.trim().is_empty();
    if fits { Ok(text.to_owned()) } else { Err(OAuthError::BindingMessageInvalid) }
}

/// §7.1: the syntax of RFC 6750 §2.1, as it goes back in a header.
fn bearer_token(text: &str) -> Result<String, OAuthError> {
    let body = text.trim_end_matches('=');
    let is_token = !body.is_empty()
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
        && text.len() <= MAX_TOKEN_BYTES;
    if is_token { Ok(text.to_owned()) } else { Err(OAuthError::ParameterInvalid("client_notification_token")) }
}

fn positive(text: &str) -> Result<u64, OAuthError> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let secs = if digits { text.parse().unwrap_or(0) } else { 0 };
    if secs > 0 { Ok(secs) } else { Err(OAuthError::ParameterInvalid("requested_expiry")) }
}

/// What waits under an `auth_req_id` until its user has answered, and afterwards for the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CibaGrant {
    /// What is asked, and what was answered.
    #[serde(flatten)]
    pub asked: Asked,
    /// The user who is asked.
    pub user_id: String,
    /// What the person compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_message: Option<String>,
    /// Where the client's request came from.
    pub from: Device,
    /// How the client learns the answer.
    pub mode: DeliveryMode,
    /// What it takes to tell it, sealed by the shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<String>,
    /// When there was an answer.
    #[serde(default)]
    pub answered_at: u64,
    /// Levels of authentication, of which the sign-in behind the answer must be one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
}

/// A request to store and to answer. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// For the client: the store gets its hash.
    pub auth_req_id: OpaqueToken,
    /// What is kept with it.
    pub grant: CibaGrant,
    /// When it ends.
    pub expires_at: u64,
    /// How long that is.
    pub expires_in: u64,
}

/// Whether a client may ask at all; asked before anybody is looked up.
///
/// # Errors
/// It is not registered for the grant, or sends what its mode does not have.
pub fn admit(client: &Client, request: &Request) -> Result<DeliveryMode, OAuthError> {
    let mode = client.backchannel.backchannel_token_delivery_mode;
    let mode =
        mode.filter(|_| !client.is_public() && client.may_use(Grant::Ciba)).ok_or(OAuthError::GrantNotAllowed)?;
    // What is pushed is bound to no key: nobody is asked for tokens that would not be issued.
    if mode == DeliveryMode::Push && client.must_bind() {
        return Err(OAuthError::GrantNotAllowed);
    }
    // §7.1: "REQUIRED if the Client is registered to use Ping or Push modes".
    if mode != DeliveryMode::Poll && request.notification_token.is_none() {
        return Err(OAuthError::ParameterMissing("client_notification_token"));
    }
    if client.profile().demands(Demand::BindingMessage) && request.binding_message.is_none() {
        return Err(OAuthError::ParameterMissing("binding_message"));
    }
    Ok(mode)
}

/// How many requests of all clients wait for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many do.
    pub now: usize,
    /// How many may: more would only wear them out.
    pub at_most: usize,
}

/// Decides whether a client may ask this person. `user` is whom the hint means, if that is anybody.
///
/// # Errors
/// The client may not ask, or nobody is meant.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    (user, waiting): (Option<&UserFacts>, Waiting),
    from: Device,
    apis: &dyn Apis,
) -> Result<Started, OAuthError> {
    let client = client.client();
    let mode = admit(client, request)?;
    let asked = Asked::begin(ctx, client, &request.wanted, apis)?;
    let acr_values = match &request.acr_values[..] {
        [] => client.metadata.default_acr_values.clone(),
        asked => asked.to_vec(),
    };
    // Nobody here can bring it: nobody need be asked to find that out.
    if !acr_values.is_empty() && !ctx.levels.is_attainable(&acr_values) {
        return Err(OAuthError::UnmetAuthenticationRequirements);
    }
    let user = user.filter(|user| user.status == UserStatus::Active).ok_or(OAuthError::UserIdUnknown)?;
    if waiting.now >= waiting.at_most {
        return Err(OAuthError::PersonAskedTooOften { retry_after_secs: 60 });
    }
    let longest = ctx.lifetimes.backchannel_secs;
    let expires_in = request.requested_expiry.map_or(longest, |secs| secs.min(longest));
    let grant = CibaGrant {
        asked,
        user_id: user.id.clone(),
        binding_message: request.binding_message.clone(),
        from,
        mode,
        notification: None,
        answered_at: 0,
        acr_values,
    };
    let auth_req_id = OpaqueToken::generate(TokenKind::AuthReqId, ctx.rng);
    Ok(Started { auth_req_id, grant, expires_at: ctx.now.saturating_add(expires_in), expires_in })
}

/// The JSON of the answer (§7.3). `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Response {
    /// For the client alone.
    pub auth_req_id: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds; only where the client asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl Started {
    /// The answer to the client.
    #[must_use]
    pub fn response(&self) -> Response {
        Response {
            auth_req_id: self.auth_req_id.reveal().to_owned(),
            expires_in: self.expires_in,
            interval: (self.grant.mode != DeliveryMode::Push).then_some(INTERVAL_SECS),
        }
    }
}

impl AsRef<Asked> for CibaGrant {
    fn as_ref(&self) -> &Asked {
        &self.asked
    }
}

/// Whether a sign-in is of a level that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is; the `acr` to tell.
    Met(Option<String>),
    /// It is not, and was there before the request: another may be.
    SignInAgain,
    /// It is not, although it was made for this request.
    Unmet,
}

impl CibaGrant {
    /// Whether an answer in this session is worth what the client asked for at `asked_at` (§7.1 `acr_values`).
    #[must_use]
    pub fn level(&self, levels: &Levels, session: &SessionFacts, (asked_at, now): (u64, u64)) -> Level {
        if self.acr_values.is_empty() {
            return Level::Met(session.acr.clone());
        }
        let is_fresh = session.auth_time >= asked_at;
        // Whoever signed in for this request is not asked again because the page was left open.
        let age_secs = if is_fresh { Some(0) } else { now.checked_sub(session.auth_time) };
        match levels.first_of(&self.acr_values, Performed { amr: &session.amr, age_secs }) {
            Some(level) => Level::Met(Some(level.to_owned())),
            None if is_fresh => Level::Unmet,
            None => Level::SignInAgain,
        }
    }

    /// The same, given up at `now`: no sign-in of the person is of a level that was asked for.
    #[must_use]
    pub fn unmet(mut self, now: u64) -> Self {
        self.asked.answer = Answer::Unmet;
        self.answered_at = now;
        self
    }

    /// The same, allowed at `now` by whoever is signed in, with the scope that the page showed.
    #[must_use]
    pub fn allowed(mut self, shown: &Scope, session: &SessionFacts, now: u64) -> Self {
        self.asked.allow(shown, session);
        self.answered_at = now;
        self
    }

    /// The same, denied at `now`.
    #[must_use]
    pub fn denied(mut self, now: u64) -> Self {
        self.asked.answer = Answer::Denied;
        self.answered_at = now;
        self
    }
}

#[cfg(test)]
mod tests;
