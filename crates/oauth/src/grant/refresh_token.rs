//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2): every use rotates, and a token that had its day gives a thief away.
//!
//! The state table is in `rotation.rs`. A client whose profile forbids rotation keeps its token, which is bound to what proves the client. Another client's attempt changes nothing for the owner.

use crate::access_token::{self, BornIn, UserToken};
use crate::authorization_details::{self, AuthorizationDetails};
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::effect::{AlsoSession, Effect, EndReason, FamilyGrant, RotateExpect};
use crate::error::OAuthError;
use crate::family::new_refresh_token;
use crate::grant::Grant;
use crate::id_token;
use crate::ids::ClientId;
use crate::issue::{Issue, RefreshAnswer, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::{Api, Apis};
use crate::scope::Scope;
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

pub use crate::rotation::{Successor, TokenState, Verdict, verdict};

/// The value of `grant_type`.
pub const NAME: &str = "refresh_token";
/// What it reads.
pub const PARAMETERS: &[&str] = &["authorization_details", "refresh_token", "resource", "scope"];

/// How long a superseded token stays on record at least, in seconds, once its successor was used. After that its family, which it names, tells
/// that it was there: a table of everything ever superseded would outgrow all others.
const REMEMBERED_SECS: u64 = 60;

/// What is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The token; the shell unseals its successor with it.
    pub refresh_token: OpaqueToken,
    /// The API, if one was named again.
    pub resource: Option<String>,
    /// Less than was granted, if anything.
    pub scope: Option<Scope>,
    /// Less in detail than was allowed, if anything.
    pub authorization_details: Option<String>,
}

impl Request {
    /// Reads the parameters. A token that is not even well-formed is [`OAuthError::RefreshTokenUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let text = params.get("refresh_token").ok_or(OAuthError::RefreshTokenMissing)?;
        Ok(Self {
            refresh_token: OpaqueToken::parse(TokenKind::RefreshToken, text)
                .map_err(|_| OAuthError::RefreshTokenUnknown)?,
            resource: target::resource(params)?.map(str::to_owned),
            scope: params.get("scope").map(Scope::parse).transpose()?,
            authorization_details: params.get(authorization_details::NAME).map(str::to_owned),
        })
    }
}

/// What was found for the token's hash, with family, successor, user and session, in one read. A token that is not on record any more, whose
/// [family](OpaqueToken::family) is, is [`TokenState::Dead`].
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What became of the token.
    pub state: TokenState,
    /// When it ends if unused.
    pub expires_at: u64,
    /// Its family.
    pub family: FamilyFacts,
    /// The user, if there still is one.
    pub user: Option<UserFacts>,
    /// The session the family was born of.
    pub session: SessionState,
}

/// What was found of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyFacts {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub client_id: ClientId,
    /// Which session.
    pub sid: Option<String>,
    /// Ends with the session.
    pub session_bound: bool,
    /// No token of it lives longer.
    pub absolute_expires_at: u64,
    /// When it ended, if it did.
    pub ended_at: Option<u64>,
    /// What was granted.
    pub grant: FamilyGrant,
}

/// Decides.
///
/// # Errors
/// Every way a refresh can be wrong; [`OAuthError::RefreshTokenReused`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let facts = facts.ok_or(OAuthError::RefreshTokenUnknown)?;
    if facts.family.client_id != client.client().client_id {
        return Err(OAuthError::RefreshTokenOfAnotherClient.into());
    }
    check_key(client, held, &facts.family.grant)?;
    if facts.family.ended_at.is_some() {
        return Err(OAuthError::RefreshTokenRevoked.into());
    }
    let next = match verdict(facts.state, ctx.now, ctx.lifetimes.refresh_grace_secs) {
        Verdict::ReplaceSuccessor { unused_hash } => {
            Next::Rotate(RotateExpect::SuccessorUnused { successor_hash: unused_hash })
        }
        // FAPI 2.0 §5.3.2.1: "shall not use refresh token rotation". RFC 6749 §6: without a new one the client keeps the one it has.
        Verdict::Rotate if client.client().keeps_refresh_token() => Next::Keep,
        Verdict::Rotate => Next::Rotate(RotateExpect::Current),
        Verdict::SameSuccessor => Next::SameSuccessor,
        // Before everything that could refuse more mildly: a thief does not hide behind a wrong scope or an idle expiry.
        Verdict::Theft => {
            let effect = Box::new(Effect::EndFamily {
                family_id: facts.family.id,
                beside: None,
                why: EndReason::RefreshTokenReused,
                also_session: AlsoSession::Yes,
            });
            return Err(Refusal { error: OAuthError::RefreshTokenReused, effect });
        }
    };
    let user = check_alive(ctx, client, &facts)?;
    let grant = &facts.family.grant;
    let granted = target::chosen(grant.audience.as_deref(), &grant.extent.resources, request.resource.as_deref());
    let api = target::of_grant(ctx.issuer, client.client(), granted, request.resource.as_deref(), apis)?;
    let details = grant.extent.authorization_details.narrowed(request.authorization_details.as_deref())?;
    let scope = match &request.scope {
        None => grant.scope.clone(),
        // RFC 6749 §6: "MUST NOT include any scope not originally granted"
        Some(asked) if asked.is_subset_of(&grant.scope) => asked.clone(),
        Some(_) => return Err(OAuthError::ScopeGrows.into()),
    };
    let scope = target::scope_for_user(client.client(), api, &scope);
    let mut issue = sign_plan(ctx, (client, held), &facts, user, (&scope, &details), api);
    match next {
        Next::Keep => issue.refresh_token = RefreshAnswer::Absent,
        Next::Rotate(expect) => rotate_to_new(ctx, client, request, &facts, expect, &mut issue),
        Next::SameSuccessor => issue.refresh_token = RefreshAnswer::SameSuccessor,
    }
    Ok(issue)
}

/// The user for whom this client would get tokens by the refresh token, if it would; asking changes nothing.
pub(crate) fn would_serve<'f>(
    ctx: &Context<'_>,
    client: AuthenticatedClient<'_>,
    facts: &'f Facts,
) -> Option<&'f UserFacts> {
    let its_own = facts.family.client_id == client.client().client_id && facts.family.ended_at.is_none();
    if !its_own || verdict(facts.state, ctx.now, ctx.lifetimes.refresh_grace_secs) == Verdict::Theft {
        return None;
    }
    check_alive(ctx, client, facts).ok()
}

/// What becomes of the refresh token.
enum Next {
    /// It stays the current one.
    Keep,
    /// A new one takes its place.
    Rotate(RotateExpect),
    /// Its successor is handed out again.
    SameSuccessor,
}

/// RFC 9449 §5, RFC 8705 §4: the refresh tokens of a public client are bound to the key, or the certificate, that was proven when the first was issued. Asked before
/// anything else of the family: who has the token and not the key is not its owner, and ends nothing. A proof where none was
/// before would bind what follows, and a family stays what it was born as.
fn check_key(
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    grant: &FamilyGrant,
) -> Result<(), OAuthError> {
    match (&grant.cnf, held) {
        (Some(bound), held) => confirmation::check(bound, held),
        (None, Some(Confirmation::Jkt(_))) if client.client().is_public() => Err(OAuthError::DpopKeyMismatch),
        (None, Some(Confirmation::X5tS256(_))) if client.client().is_public() => Err(OAuthError::CertificateMismatch),
        (None, _) => Ok(()),
    }
}

/// Token, family, user and session still count.
fn check_alive<'f>(
    ctx: &Context<'_>,
    client: AuthenticatedClient<'_>,
    facts: &'f Facts,
) -> Result<&'f UserFacts, OAuthError> {
    let user = facts.user.as_ref().ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked);
    }
    if facts.family.session_bound && facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded);
    }
    if ctx.now >= facts.expires_at || ctx.now >= facts.family.absolute_expires_at {
        return Err(OAuthError::RefreshTokenExpired);
    }
    if client.client().may_use(Grant::RefreshToken) { Ok(user) } else { Err(OAuthError::GrantNotAllowed) }
}

/// The tokens, as if nothing were rotated.
fn sign_plan(
    ctx: &mut Context<'_>,
    (client, held): (AuthenticatedClient<'_>, Option<&Confirmation>),
    facts: &Facts,
    user: &UserFacts,
    (scope, details): (&Scope, &AuthorizationDetails),
    api: Option<&Api>,
) -> Issue {
    let client = client.client();
    let FamilyFacts { id, sid, grant, .. } = &facts.family;
    let (sid, acr) = (sid.as_deref(), grant.acr.as_deref());
    // Ending a session ends every access token that names it; one made after that must not.
    let live_sid = sid.filter(|_| facts.session == SessionState::Live);
    let born_in = live_sid.map(|sid| BornIn { sid, ends_at: facts.family.absolute_expires_at });
    let auth_time = grant.auth_time;
    let token = UserToken { client, user, scope, api, details, born_in, auth_time, acr, amr: &grant.amr, cnf: held };
    let access_token = access_token::for_user(ctx, &token);
    // OpenID Connect Core §12.2: `auth_time` stays, and there is no `nonce`.
    let inputs = id_token::Inputs {
        client,
        user,
        scope,
        nonce: None,
        sid,
        auth_time,
        acr,
        amr: &grant.amr,
        claims: grant.claims.as_ref(),
        profile: client.profile_claims,
    };
    let id_token = id_token::plan(ctx, &inputs);
    let effect = Effect::NoteAccessToken { family_id: id.clone(), access_token: access_token.issued() };
    Issue { access_token, id_token, refresh_token: RefreshAnswer::Absent, effect }
}

fn rotate_to_new(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    facts: &Facts,
    expect: RotateExpect,
    issue: &mut Issue,
) {
    let FamilyFacts { id, absolute_expires_at, .. } = &facts.family;
    let (token, successor) = new_refresh_token(ctx, client.client(), id, *absolute_expires_at);
    issue.refresh_token = RefreshAnswer::New(token);
    issue.effect = Effect::RotateRefreshToken {
        presented_hash: request.refresh_token.hash(),
        expect,
        successor,
        family_id: id.clone(),
        forget_until: ctx.now.saturating_sub(ctx.lifetimes.refresh_grace_secs.max(REMEMBERED_SECS)),
        access_token: issue.access_token.issued(),
    };
}

#[cfg(test)]
mod tests;
