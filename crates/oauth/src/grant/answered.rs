//! What the two grants share whose client waits for somebody's answer: the device's (RFC 8628 §3.5) and CIBA's (CIBA Core 1.0 §11).
//!
//! The client asks again and again until there is an answer. What it asks with is bound to it; a second use by its rightful owner ends
//! everything born of it, as of an authorization code: whoever stole it and was quicker loses what they got when the client asks next. Asking
//! too often is held against nobody but while there is no answer.

use crate::access_token::BornIn;
use crate::authorization_details;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::{AlsoSession, CodeKind, Effect, EndReason};
use crate::endpoint::elsewhere::{Answer, Asked};
use crate::error::OAuthError;
use crate::family::{self, SignIn};
use crate::issue::{Issue, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::{Apis, Client};
use crate::target;

/// What was found for the hash of what is presented.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<G> {
    /// Its hash.
    pub hash: [u8; 32],
    /// What was kept with it.
    pub grant: G,
    /// When it ends.
    pub expires_at: u64,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<u64>,
    /// Whether the client keeps to its interval; asked for only while there is no answer ([`awaits_answer`]).
    pub pace: Pace,
    /// The user who allowed it, if there is one yet and still.
    pub user: Option<UserFacts>,
    /// The session in which it was allowed.
    pub session: SessionState,
    /// That session's id; empty before there is one.
    pub sid: String,
    /// When that session ends at the latest; 0 if it is not on record.
    pub session_ends_at: u64,
}

/// How often a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// No more often than it was told.
    Kept,
    /// More often.
    TooFast,
}

/// Whether asking too often can be held against this request: nobody has answered, and it is the client's own.
#[must_use]
pub fn awaits_answer(client: AuthenticatedClient<'_>, asked: &Asked) -> bool {
    asked.is_pending() && asked.client_id == client.client().client_id
}

/// What a token request may say of what it wants of the grant.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// The API, if one was named again (RFC 8707 §2.2).
    pub resource: Option<String>,
    /// Less in detail than was allowed, if anything (RFC 9396 §6).
    pub authorization_details: Option<String>,
}

impl Share {
    pub(super) fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            resource: target::resource(params)?.map(str::to_owned),
            authorization_details: params.get(authorization_details::NAME).map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// What each grant calls it.
pub(super) struct Causes {
    pub(super) kind: CodeKind,
    pub(super) unknown: OAuthError,
    pub(super) of_another_client: OAuthError,
    pub(super) replayed: OAuthError,
    pub(super) expired: OAuthError,
    pub(super) denied: OAuthError,
}

/// What is the client's own, unused and young.
pub(super) fn owned<G: AsRef<Asked>>(
    ctx: &Context<'_>,
    client: &Client,
    facts: Option<Facts<G>>,
    causes: &Causes,
) -> Result<Facts<G>, Refusal> {
    let facts = facts.ok_or_else(|| causes.unknown.clone())?;
    let asked = facts.grant.as_ref();
    if asked.client_id != client.client_id {
        return Err(causes.of_another_client.clone().into());
    }
    if facts.redeemed_at.is_some() {
        let effect = Box::new(Effect::EndFamily {
            family_id: asked.family_id.clone(),
            beside: None,
            why: EndReason::CodeReplayed,
            also_session: AlsoSession::No,
        });
        return Err(Refusal { error: causes.replayed.clone(), effect });
    }
    if ctx.now >= facts.expires_at { Err(causes.expired.clone().into()) } else { Ok(facts) }
}

/// What was allowed, if it was, to whoever allowed it.
pub(super) fn issue<G: AsRef<Asked>>(
    ctx: &mut Context<'_>,
    (client, held): (&Client, Option<&Confirmation>),
    facts: &Facts<G>,
    share: &Share,
    apis: &dyn Apis,
    causes: Causes,
) -> Result<Issue, Refusal> {
    let asked = facts.grant.as_ref();
    let (auth_time, amr, acr) = match (&asked.answer, facts.pace) {
        (Answer::Pending, Pace::TooFast) => return Err(OAuthError::SlowDown.into()),
        (Answer::Pending, Pace::Kept) => return Err(OAuthError::AuthorizationPending.into()),
        (Answer::Denied, _) => return Err(causes.denied.into()),
        (Answer::Unmet, _) => return Err(OAuthError::UnmetAuthenticationRequirements.into()),
        (Answer::Allowed { auth_time, amr, acr }, _) => (*auth_time, amr, acr),
    };
    let user = facts.user.as_ref().ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    if facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded.into());
    }
    let named = share.resource.as_deref();
    let granted = target::chosen(asked.audience.as_deref(), &asked.extent.resources, named);
    let api = target::of_grant(ctx.issuer, client, granted, named, apis)?;
    let details = asked.extent.authorization_details.narrowed(share.authorization_details.as_deref())?;
    let from = SignIn {
        family_id: &asked.family_id,
        client,
        user,
        api,
        scope: &asked.scope,
        born_in: Some(BornIn { sid: &facts.sid, ends_at: facts.session_ends_at }),
        nonce: None,
        auth_time,
        amr,
        acr: acr.as_deref(),
        claims: None,
        extent: &asked.extent,
        held,
    };
    let mut born = family::begin(ctx, &from);
    // The token that was asked for says less; what was allowed stays with the family.
    born.access_token.claims.authorization_details = details.at(client, api);
    let effect = Effect::RedeemCode {
        kind: causes.kind,
        code_hash: facts.hash,
        family: born.family,
        refresh_token: born.record,
        access_token: born.access_token.issued(),
    };
    Ok(Issue { access_token: born.access_token, id_token: born.id_token, refresh_token: born.refresh_token, effect })
}
