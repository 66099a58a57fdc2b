//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2): every use rotates, and a token that had its day gives a thief away.
//!
//! | presented | within the grace of its rotation | later |
//! | --- | --- | --- |
//! | the current token | rotates | rotates |
//! | a superseded token, its successor unused | the same successor again | a lost answer: the successor dies, a new one takes its place |
//! | a superseded token, its successor used | the same successor again | theft: family and session end |
//! | a token that was replaced unused (dead) | theft | theft |
//!
//! So ten tabs that refresh at once all go on, a lost answer costs nothing, and a stolen token is found out. Another client's
//! attempt changes nothing for the owner.

use crate::access_token::{self, UserToken};
use crate::client_auth::AuthenticatedClient;
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

/// The value of `grant_type`.
pub const NAME: &str = "refresh_token";
/// What it reads.
pub const PARAMETERS: &[&str] = &["refresh_token", "resource", "scope"];

/// What is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The token; the shell unseals its successor with it.
    pub refresh_token: OpaqueToken,
    /// The API, if one was named again.
    pub resource: Option<String>,
    /// Less than was granted, if anything.
    pub scope: Option<Scope>,
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
        })
    }
}

/// What to load: the token by its hash, with family, successor, user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.refresh_token.hash()
}

/// Whether a successor has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// Still the family's current token.
    Unused {
        /// SHA-256 of it.
        hash: [u8; 32],
    },
    /// Superseded itself, or dead.
    Used,
}

/// What became of the presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// The family's current one.
    Current,
    /// Replaced before it was ever used.
    Dead,
    /// Rotated away.
    Superseded {
        /// When its present successor was made, Unix seconds.
        at: u64,
        /// What became of that.
        successor: Successor,
    },
}

/// What was found for the token's hash.
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

/// What the state table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A lost answer: the unused successor dies, a new one takes its place.
    ReplaceSuccessor {
        /// SHA-256 of the one that dies.
        unused_hash: [u8; 32],
    },
    /// A new successor.
    Rotate,
    /// The successor already made, again.
    SameSuccessor,
    /// Family and session end.
    Theft,
}

/// The state table alone.
#[must_use]
pub fn verdict(state: TokenState, now: u64, grace_secs: u64) -> Verdict {
    match state {
        TokenState::Current => Verdict::Rotate,
        TokenState::Dead => Verdict::Theft,
        // A clock that went backwards is within the grace, not theft.
        TokenState::Superseded { at, .. } if now < at.saturating_add(grace_secs) => Verdict::SameSuccessor,
        TokenState::Superseded { successor: Successor::Unused { hash }, .. } => {
            Verdict::ReplaceSuccessor { unused_hash: hash }
        }
        TokenState::Superseded { successor: Successor::Used, .. } => Verdict::Theft,
    }
}

/// Decides.
///
/// # Errors
/// Every way a refresh can be wrong; [`OAuthError::RefreshTokenReused`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let facts = facts.ok_or(OAuthError::RefreshTokenUnknown)?;
    if facts.family.client_id != client.client().client_id {
        return Err(OAuthError::RefreshTokenOfAnotherClient.into());
    }
    if facts.family.ended_at.is_some() {
        return Err(OAuthError::RefreshTokenRevoked.into());
    }
    let rotate = match verdict(facts.state, ctx.now, ctx.lifetimes.refresh_grace_secs) {
        Verdict::ReplaceSuccessor { unused_hash } => {
            Some(RotateExpect::SuccessorUnused { successor_hash: unused_hash })
        }
        Verdict::Rotate => Some(RotateExpect::Current),
        Verdict::SameSuccessor => None,
        // Before everything that could refuse more mildly: a thief does not hide behind a wrong scope or an idle expiry.
        Verdict::Theft => {
            let effect = Effect::EndFamily {
                family_id: facts.family.id,
                why: EndReason::RefreshTokenReused,
                also_session: AlsoSession::Yes,
            };
            return Err(Refusal { error: OAuthError::RefreshTokenReused, effect });
        }
    };
    let user = check_alive(ctx, client, &facts)?;
    let grant = &facts.family.grant;
    let api =
        target::of_grant(ctx.issuer, client.client(), grant.audience.as_deref(), request.resource.as_deref(), apis)?;
    let scope = match &request.scope {
        None => grant.scope.clone(),
        // RFC 6749 §6: "MUST NOT include any scope not originally granted"
        Some(asked) if asked.is_subset_of(&grant.scope) => asked.clone(),
        Some(_) => return Err(OAuthError::ScopeGrows.into()),
    };
    let scope = target::scope_for_user(client.client(), api, &scope);
    let mut issue = sign_plan(ctx, client, &facts, user, &scope, api);
    match rotate {
        Some(expect) => rotate_to_new(ctx, client, request, &facts, expect, &mut issue),
        None => issue.refresh_token = RefreshAnswer::SameSuccessor,
    }
    Ok(issue)
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
    client: AuthenticatedClient<'_>,
    facts: &Facts,
    user: &UserFacts,
    scope: &Scope,
    api: Option<&Api>,
) -> Issue {
    let client = client.client();
    let FamilyFacts { id, sid, session_bound, grant, .. } = &facts.family;
    let (sid, acr) = (sid.as_deref(), grant.acr.as_deref());
    let in_token = sid.filter(|_| *session_bound);
    let access_token = access_token::for_user(
        ctx,
        &UserToken { client, user, scope, api, sid: in_token, auth_time: grant.auth_time, acr },
    );
    // OpenID Connect Core §12.2: `auth_time` stays, and there is no `nonce`.
    let id_token = id_token::plan(
        ctx,
        &id_token::From { client, user, scope, nonce: None, sid, auth_time: grant.auth_time, acr, amr: &grant.amr },
    );
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
    let (token, successor) = new_refresh_token(ctx, client.client(), facts.family.absolute_expires_at);
    issue.refresh_token = RefreshAnswer::New(token);
    issue.effect = Effect::RotateRefreshToken {
        presented_hash: request.refresh_token.hash(),
        expect,
        successor,
        family_id: facts.family.id.clone(),
        access_token: issue.access_token.issued(),
    };
}
