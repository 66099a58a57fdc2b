//! What comes next for a checked authorization request (OpenID Connect Core §3.1.2.3 to §3.1.2.6).
//!
//! `prompt=login` and `max_age` are met only by an authentication within this interaction or young enough; `prompt=none` never leads
//! to a page; an `id_token_hint` of somebody else never leads to a code.

use serde::{Deserialize, Serialize};

use super::consent::{self, Consent};
use super::issue::{Granted, issue};
use super::{ConsentAnswer, ConsentOnRecord, ConsentPrompt, ErrorRedirect, Prompt, ValidRequest};
use crate::acr::Performed;
use crate::claims_request::ClaimsRequest;
use crate::context::Context;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::ids::ClientId;
use crate::issue::UserFacts;
use crate::pkce::CodeChallenge;
use crate::scope::Scope;

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
    /// How strongly: the strongest level that it is of, whatever a client asks for.
    pub acr: Option<String>,
}

/// What has happened on the pages of this request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InteractionFacts {
    /// When the sign-in page of this request was first shown, Unix seconds, if it was answered: an authentication
    /// since then is a fresh one. `None` when the request found somebody signed in.
    pub sign_in_since: Option<u64>,
    /// The answer on the consent page.
    pub consent: Option<ConsentAnswer>,
    /// The `sid` of the session that the person chose to go on in, on a page of this request that named its account.
    pub chosen: Option<String>,
}

/// What the shell found about `id_token_hint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdTokenHint {
    /// There was none.
    #[default]
    Absent,
    /// Not an ID token of ours for this client.
    Invalid,
    /// A good one, of this user as the client knows them; it may have expired.
    Subject(String),
}

/// What the shell knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The browser's session, if it is live and its user active.
    pub session: Option<SessionFacts>,
    /// Its user, if the answer will hold tokens ([`crate::ResponseType::is_front_channel`]).
    pub user: Option<UserFacts>,
    /// What has happened so far; `None` on the first look.
    pub interaction: Option<InteractionFacts>,
    /// What the session's user allowed this client before, at each of the APIs asked for.
    pub consent_on_record: Vec<ConsentOnRecord>,
    /// The hint.
    pub id_token_hint: IdTokenHint,
}

/// Why the sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInWhy {
    /// A level of authentication is wanted that the session is not of, and that a sign-in can bring.
    Acr,
    /// `max_age` has passed.
    MaxAge,
    /// Nobody is signed in.
    NoSession,
    /// Somebody other than the hint's user is signed in.
    OtherUser,
    /// `prompt=create`: the page on which people make an account comes first.
    PromptCreate,
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
    /// The family of the access token that came through the browser beside the code, if one did: whoever used the code twice saw that, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
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
    /// The thumbprint of the key that redeeming it must prove to hold (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// By what means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Single claims that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsRequest>,
    /// More APIs, and what was allowed in detail.
    #[serde(flatten)]
    pub extent: Extent,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Show the consent page.
    Consent(Box<ConsentPrompt>),
    /// Refuse, by redirect.
    Error(Box<ErrorRedirect>),
    /// Make it durable, then answer.
    Issue(Box<Granted>),
    /// Show the sign-in page.
    SignIn(SignInPrompt),
}

/// Decides. The same request comes back here after each page, with more facts.
pub fn decide(ctx: &mut Context<'_>, request: &ValidRequest<'_>, facts: &Facts) -> Decision {
    let refuse = |error| Decision::Error(Box::new(request.error(error)));
    if facts.id_token_hint == IdTokenHint::Invalid {
        return refuse(OAuthError::IdTokenHintInvalid);
    }
    if let Err(error) = check_sign_up(ctx, request) {
        return refuse(error);
    }
    // Nobody here can bring it: the page need not be shown to find that out.
    if request.claims.acr.as_ref().is_some_and(|wanted| !ctx.levels.is_attainable(wanted)) {
        return refuse(OAuthError::UnmetAuthenticationRequirements);
    }
    let silent = request.has_prompt(Prompt::None);
    let session = match sign_in(ctx, request, facts) {
        Ok(session) => session,
        // A wish is not worth a refusal.
        Err(SignInWhy::Acr) if silent && request.claims.acr.is_none() => match &facts.session {
            Some(session) => session,
            None => return refuse(OAuthError::LoginRequired),
        },
        Err(_) if silent => return refuse(OAuthError::LoginRequired),
        // Somebody else has just signed in: asking again would go on for ever.
        Err(SignInWhy::OtherUser) if signed_in_here(facts) => return refuse(OAuthError::LoginRequired),
        Err(why) => return Decision::SignIn(SignInPrompt { why, login_hint: request.login_hint.clone() }),
    };
    // OpenID Connect Core §5.5.1.1: the server "MUST treat that outcome as a failed authentication attempt". Asking again would bring no more.
    let performed = performed(ctx, facts, session);
    let essential = request.claims.acr.as_deref();
    let level = wanted_acr(request).and_then(|wanted| ctx.levels.first_of(wanted, performed));
    if essential.is_some() && level.is_none() {
        return refuse(OAuthError::UnmetAuthenticationRequirements);
    }
    // The level that was asked for, where the sign-in is of it: one that is of a stronger one is.
    let acr = level.map(str::to_owned).or_else(|| session.acr.clone());
    let session = &SessionFacts { acr, ..session.clone() };
    match consent::judge(request, session, facts.interaction.as_ref(), &facts.consent_on_record) {
        Consent::Ask(_) if silent => refuse(OAuthError::ConsentRequired),
        Consent::Ask(prompt) => Decision::Consent(Box::new(prompt)),
        Consent::Denied => refuse(OAuthError::AccessDenied),
        Consent::Given => grant(ctx, request, session, facts, None),
        Consent::GivenNow => grant(ctx, request, session, facts, Some(request.scope_to_allow())),
    }
}

/// Whether `prompt=create` can be had, if that is what is asked for. OpenID Prompt Create 1.0 §4.1: for a value that is not supported, "the OP
/// SHOULD respond with … an error value of invalid_request".
///
/// # Errors
/// [`OAuthError::SignUpClosed`].
pub(crate) fn check_sign_up(ctx: &Context<'_>, request: &ValidRequest<'_>) -> Result<(), OAuthError> {
    let is_refused = request.has_prompt(Prompt::Create) && !ctx.sign_up.is_open_to(Some(request.client));
    if is_refused { Err(OAuthError::SignUpClosed) } else { Ok(()) }
}

fn grant(
    ctx: &mut Context<'_>,
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    facts: &Facts,
    record_consent: Option<Scope>,
) -> Decision {
    match issue(ctx, request, session, facts.user.as_ref(), record_consent) {
        Ok(granted) => Decision::Issue(Box::new(granted)),
        Err(error) => Decision::Error(Box::new(request.error(error))),
    }
}

/// The session, if it will do as it is.
fn sign_in<'f>(ctx: &Context<'_>, request: &ValidRequest<'_>, facts: &'f Facts) -> Result<&'f SessionFacts, SignInWhy> {
    // Prompt Create §4.1: "the client desires that the user be shown the account creation UX", whoever is signed in. Whoever says on that page
    // that they have an account signs in instead.
    if request.has_prompt(Prompt::Create) && !signed_in_here(facts) {
        return Err(SignInWhy::PromptCreate);
    }
    let session = facts.session.as_ref().ok_or(SignInWhy::NoSession)?;
    let known_as = ctx.pairwise.subject(request.client, &session.user_id);
    if matches!(&facts.id_token_hint, IdTokenHint::Subject(sub) if *sub != known_as) {
        return Err(SignInWhy::OtherUser);
    }
    // Core §3.1.2.2: "sub … with a specific value": only that one will do.
    if request.claims.sub.as_ref().is_some_and(|sub| !sub.contains(&known_as)) {
        return Err(SignInWhy::OtherUser);
    }
    if signed_in_here(facts) {
        return Ok(session);
    }
    if request.has_prompt(Prompt::Login) {
        return Err(SignInWhy::PromptLogin);
    }
    // §3.1.2.1: "prompt the End-User to select a user account": who is signed in is one that they can select.
    if request.has_prompt(Prompt::SelectAccount) && !chosen_here(facts, session) {
        return Err(SignInWhy::SelectAccount);
    }
    // An `auth_time` in the future is no authentication: fail closed.
    let age_secs = ctx.now.checked_sub(session.auth_time);
    let too_old = match request.max_age {
        None => false,
        Some(0) => true,
        Some(max_age) => age_secs.is_none_or(|age_secs| age_secs > max_age),
    };
    if too_old {
        return Err(SignInWhy::MaxAge);
    }
    // Core §3.1.2.1, §5.5.1.1; RFC 9470 §5: what is wanted and can be had is worth another sign-in.
    let Some(wanted) = wanted_acr(request) else { return Ok(session) };
    let is_met = ctx.levels.first_of(wanted, performed(ctx, facts, session)).is_some();
    if is_met || !ctx.levels.is_attainable(wanted) { Ok(session) } else { Err(SignInWhy::Acr) }
}

/// The levels asked for, best first: what is essential before what is wished for.
fn wanted_acr<'r>(request: &'r ValidRequest<'_>) -> Option<&'r [String]> {
    request.claims.acr.as_deref().or(Some(&request.acr_values)).filter(|wanted| !wanted.is_empty())
}

/// How the session was begun. Whoever signed in for this request is not asked again because a page was left open.
fn performed<'f>(ctx: &Context<'_>, facts: &Facts, session: &'f SessionFacts) -> Performed<'f> {
    let age_secs = if signed_in_here(facts) { Some(0) } else { ctx.now.checked_sub(session.auth_time) };
    Performed { amr: &session.amr, age_secs }
}

/// Whether the person chose to go on as whoever is signed in.
fn chosen_here(facts: &Facts, session: &SessionFacts) -> bool {
    facts.interaction.as_ref().is_some_and(|interaction| interaction.chosen.as_ref() == Some(&session.sid))
}

/// Whether the user has authenticated since this request came in.
fn signed_in_here(facts: &Facts) -> bool {
    match (&facts.session, &facts.interaction) {
        (Some(session), Some(interaction)) => {
            interaction.sign_in_since.is_some_and(|shown_at| session.auth_time >= shown_at)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
