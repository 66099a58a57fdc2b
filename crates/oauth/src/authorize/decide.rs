//! What comes next for a checked authorization request (OpenID Connect Core §3.1.2.3 to §3.1.2.6).
//!
//! `prompt=login` and `max_age` are met only by an authentication within this interaction or young enough; `prompt=none` never leads
//! to a page; an `id_token_hint` of somebody else never leads to a code.

use serde::{Deserialize, Serialize};

use super::consent::{self, Consent};
use super::{ConsentAnswer, ConsentOnRecord, ConsentPrompt, ErrorRedirect, Prompt, ValidRequest};
use crate::context::Context;
use crate::error::OAuthError;
use crate::ids::{ClientId, random_id};
use crate::pkce::CodeChallenge;
use crate::response_mode::AuthorizationResponse;
use crate::scope::Scope;
use crate::token_format::{OpaqueToken, TokenKind};

/// A live session of an active user; the shell has judged expiry and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The user.
    pub user_id: String,
    /// The session's public id.
    pub sid: String,
    /// When the user really authenticated, Unix seconds.
    pub auth_time: u64,
    /// By what means (RFC 8176).
    pub amr: Vec<String>,
    /// How strongly.
    pub acr: Option<String>,
}

/// What has happened on the pages of this request so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionFacts {
    /// When the request first came in, Unix seconds: an authentication since then is a fresh one.
    pub started_at: u64,
    /// The answer on the consent page.
    pub consent: Option<ConsentAnswer>,
}

/// What the shell found about `id_token_hint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdTokenHint {
    /// There was none.
    #[default]
    Absent,
    /// Not an ID token of ours for this client.
    Invalid,
    /// A good one, of this user; it may have expired.
    Subject(String),
}

/// What the shell knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The browser's session, if it is live and its user active.
    pub session: Option<SessionFacts>,
    /// What has happened so far; `None` on the first look.
    pub interaction: Option<InteractionFacts>,
    /// What the session's user allowed this client before.
    pub consent_on_record: Option<ConsentOnRecord>,
    /// The hint.
    pub id_token_hint: IdTokenHint,
}

/// Why the sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInWhy {
    /// `max_age` has passed.
    MaxAge,
    /// Nobody is signed in.
    NoSession,
    /// Somebody other than the hint's user is signed in.
    OtherUser,
    /// `prompt=login`.
    PromptLogin,
    /// `prompt=select_account`.
    SelectAccount,
}

/// What the sign-in page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPrompt {
    /// Why.
    pub why: SignInWhy,
    /// What to write into the user-name field.
    pub login_hint: Option<String>,
}

/// Everything kept with a code; stored as its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
    /// The only client that may redeem it.
    pub client_id: ClientId,
    /// The user.
    pub user_id: String,
    /// The session.
    pub sid: String,
    /// The id of the family that redeeming begins.
    pub family_id: String,
    /// The URI of the request, exactly.
    pub redirect_uri: String,
    /// What is granted.
    pub scope: Scope,
    /// The API, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// For the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What the verifier must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// By what means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

/// A code to store by its hash, and the answer that carries it once it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueCode {
    /// The code.
    pub code: OpaqueToken,
    /// What to keep with it.
    pub grant: CodeGrant,
    /// When it ends, Unix seconds.
    pub expires_at: u64,
    /// Consent to put on record with it: what the user just allowed.
    pub record_consent: Option<Scope>,
    /// The answer.
    pub response: AuthorizationResponse,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Show the consent page.
    Consent(Box<ConsentPrompt>),
    /// Refuse, by redirect.
    Error(Box<ErrorRedirect>),
    /// Store the code, then answer.
    Issue(Box<IssueCode>),
    /// Show the sign-in page.
    SignIn(SignInPrompt),
}

/// Decides. The same request comes back here after each page, with more facts.
pub fn decide(ctx: &mut Context<'_>, request: &ValidRequest<'_>, facts: &Facts) -> Decision {
    let refuse = |error| Decision::Error(Box::new(request.error(error)));
    if facts.id_token_hint == IdTokenHint::Invalid {
        return refuse(OAuthError::IdTokenHintInvalid);
    }
    let silent = request.has_prompt(Prompt::None);
    let session = match sign_in(ctx.now, request, facts) {
        Ok(session) => session,
        Err(_) if silent => return refuse(OAuthError::LoginRequired),
        // Somebody else has just signed in: asking again would go on for ever.
        Err(SignInWhy::OtherUser) if signed_in_here(facts) => return refuse(OAuthError::LoginRequired),
        Err(why) => return Decision::SignIn(SignInPrompt { why, login_hint: request.login_hint.clone() }),
    };
    match consent::judge(request, session, facts.interaction.as_ref(), facts.consent_on_record.as_ref()) {
        Consent::Ask(_) if silent => refuse(OAuthError::ConsentRequired),
        Consent::Ask(prompt) => Decision::Consent(Box::new(prompt)),
        Consent::Denied => refuse(OAuthError::AccessDenied),
        Consent::Given => Decision::Issue(Box::new(issue(ctx, request, session, facts))),
    }
}

/// The session, if it will do as it is.
fn sign_in<'f>(now: u64, request: &ValidRequest<'_>, facts: &'f Facts) -> Result<&'f SessionFacts, SignInWhy> {
    let session = facts.session.as_ref().ok_or(SignInWhy::NoSession)?;
    if matches!(&facts.id_token_hint, IdTokenHint::Subject(sub) if *sub != session.user_id) {
        return Err(SignInWhy::OtherUser);
    }
    if signed_in_here(facts) {
        return Ok(session);
    }
    if request.has_prompt(Prompt::Login) {
        return Err(SignInWhy::PromptLogin);
    }
    if request.has_prompt(Prompt::SelectAccount) {
        return Err(SignInWhy::SelectAccount);
    }
    // An `auth_time` in the future is no authentication: fail closed.
    let age_secs = now.checked_sub(session.auth_time);
    let too_old = match request.max_age {
        None => false,
        Some(0) => true,
        Some(max_age) => age_secs.is_none_or(|age_secs| age_secs > max_age),
    };
    if too_old { Err(SignInWhy::MaxAge) } else { Ok(session) }
}

/// Whether the user has authenticated since this request came in.
fn signed_in_here(facts: &Facts) -> bool {
    match (&facts.session, &facts.interaction) {
        (Some(session), Some(interaction)) => session.auth_time >= interaction.started_at,
        _ => false,
    }
}

fn issue(ctx: &mut Context<'_>, request: &ValidRequest<'_>, session: &SessionFacts, facts: &Facts) -> IssueCode {
    let code = OpaqueToken::generate(TokenKind::AuthorizationCode, ctx.rng);
    let response = request.success(&code);
    let allowed = facts
        .interaction
        .as_ref()
        .is_some_and(|interaction| matches!(interaction.consent, Some(ConsentAnswer::Allowed { .. })));
    IssueCode {
        code,
        grant: CodeGrant {
            client_id: request.client.client_id.clone(),
            user_id: session.user_id.clone(),
            sid: session.sid.clone(),
            family_id: random_id(ctx.rng),
            redirect_uri: request.redirect_uri.as_str().to_owned(),
            scope: request.scope.clone(),
            audience: request.api.map(|api| api.identifier.clone()),
            nonce: request.nonce.clone(),
            code_challenge: request.code_challenge.clone(),
            auth_time: session.auth_time,
            amr: session.amr.clone(),
            acr: session.acr.clone(),
        },
        expires_at: ctx.now.saturating_add(ctx.lifetimes.code_secs),
        record_consent: allowed.then(|| request.scope.clone()),
        response,
    }
}
