//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a service trades the token it was called with for one that fits where it
//! calls on, saying who acts (delegation) or not (impersonation).
//!
//! Nothing is possible but what the client's rules name. The new token never allows more than the presented one, never lives longer, names
//! the same session and the same revocation handle, and belongs to the same family: what ends the presented token ends it.

use zeroize::Zeroizing;

use crate::access_token::{self, AccessTokenClaims, BornIn, UserToken};
use crate::actor::{Actor, MAX_ACTORS, MayAct};
use crate::assertion::{Assertion, AssertionFailure};
use crate::authorization_details::AuthorizationDetails;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::Effect;
use crate::endpoint::userinfo::{TokenFacts, is_not_revoked, still_counts};
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::grant::jwt_bearer::of_no_session;
use crate::grant::refresh_token;
use crate::id_token::IdTokenClaims;
use crate::issue::{Issue, RefreshAnswer, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::{Apis, Client, ExchangeMode, ExchangeRule};
use crate::scope::Scope;
use crate::target;

/// The value of `grant_type`.
pub const NAME: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What it reads.
pub const PARAMETERS: &[&str] = &[
    "actor_token",
    "actor_token_type",
    "audience",
    "requested_token_type",
    "resource",
    "scope",
    "subject_token",
    "subject_token_type",
];

/// What kind of token something is (§3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// An access token of ours.
    AccessToken,
    /// An ID token of ours.
    IdToken,
    /// Presented: an assertion of a trusted issuer. Asked for: an access token, which is a JWT.
    Jwt,
    /// A refresh token of the client's own.
    RefreshToken,
}

impl TokenType {
    /// Every kind that can be presented.
    pub const ALL: &'static [Self] = &[Self::AccessToken, Self::IdToken, Self::Jwt, Self::RefreshToken];

    /// The identifier (§3).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
        }
    }

    fn parse(params: &Params, name: &'static str) -> Result<Option<Self>, OAuthError> {
        let Some(text) = params.get(name) else { return Ok(None) };
        Self::ALL.iter().copied().find(|kind| kind.name() == text).map(Some).ok_or(OAuthError::ParameterInvalid(name))
    }
}

/// A token that is shown. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// The token.
    pub token: Zeroizing<String>,
    /// What it is said to be.
    pub kind: TokenType,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _, kind } = self;
        f.debug_struct("Shown").field("kind", kind).finish_non_exhaustive()
    }
}

/// What is presented, and what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom the new token will speak for.
    pub subject: Shown,
    /// Who will act, if not the client itself.
    pub actor: Option<Shown>,
    /// What to issue: an access token, called so or by the name of its format.
    pub requested: TokenType,
    /// The API, if one was named.
    pub audience: Option<String>,
    /// The scope, if one was named.
    pub scope: Option<Scope>,
}

impl Request {
    /// Reads the parameters (§2.1).
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let shown = |token: &str, kind| Shown { token: Zeroizing::new(token.to_owned()), kind };
        let kind = TokenType::parse(params, "subject_token_type")?;
        let kind = kind.ok_or(OAuthError::ParameterMissing("subject_token_type"))?;
        let subject = shown(params.require("subject_token")?, kind);
        let actor = match (params.get("actor_token"), TokenType::parse(params, "actor_token_type")?) {
            (Some(token), Some(kind)) => Some(shown(token, kind)),
            (Some(_), None) => return Err(OAuthError::ParameterMissing("actor_token_type")),
            // §2.1: actor_token_type "is REQUIRED when the actor_token parameter is present … but MUST NOT be included otherwise"
            (None, Some(_)) => return Err(OAuthError::ParameterInvalid("actor_token_type")),
            (None, None) => None,
        };
        let requested = match TokenType::parse(params, "requested_token_type")? {
            None => TokenType::AccessToken,
            Some(TokenType::IdToken | TokenType::RefreshToken) => {
                return Err(OAuthError::ParameterInvalid("requested_token_type"));
            }
            Some(kind) => kind,
        };
        let mut named = params.all("resource").chain(params.all("audience"));
        let audience = named.next();
        if named.any(|other| Some(other) != audience) {
            return Err(OAuthError::TargetsSeveral);
        }
        Ok(Self {
            subject,
            actor,
            requested,
            audience: audience.map(str::to_owned),
            scope: params.get("scope").map(Scope::parse).transpose()?,
        })
    }
}

/// What was found for the tokens that are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// For the subject token.
    pub subject: Presented,
    /// For the actor token, if there is one.
    pub actor: Option<Presented>,
}

/// What was found for a token. Signature, issuer, type and expiry hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Presented {
    /// An access token of ours, signed or looked up.
    AccessToken {
        /// What it says.
        claims: Box<AccessTokenClaims>,
        /// What became of it.
        facts: Box<TokenFacts>,
        /// The family it is of, if one is on record.
        family_id: Option<String>,
    },
    /// An assertion of a trusted issuer, and the user it means.
    Assertion(Box<Assertion>, Option<Box<UserFacts>>),
    /// An ID token of ours; its session must be live.
    IdToken(Box<IdTokenClaims>, Box<TokenFacts>),
    /// A refresh token of ours. It is not used up.
    RefreshToken(Box<refresh_token::Facts>),
    /// None that counts; why, in words for the client's developer.
    Refused(&'static str),
}

impl Presented {
    /// The clients through whose hands it has come, each once: what revokes all of one of them reaches what comes of it.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        let mut all: Vec<String> = match self {
            Self::AccessToken { claims, .. } => {
                let acted = claims.act.iter().flat_map(Actor::subjects).map(str::to_owned);
                acted.chain([claims.client_id.clone()]).collect()
            }
            Self::IdToken(claims, _) => vec![claims.aud.clone()],
            Self::RefreshToken(facts) => vec![facts.family.client_id.to_string()],
            Self::Assertion(assertion, _) => {
                assertion.act.iter().flat_map(Actor::subjects).map(str::to_owned).collect()
            }
            Self::Refused(_) => Vec::new(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Client(String),
    Issuer(String),
}

/// What of the subject token counts.
struct Subject {
    user: UserFacts,
    origin: Origin,
    /// `None` where the token says nothing about what is allowed.
    scope: Option<Scope>,
    audience: Vec<String>,
    exp: u64,
    sid: Option<String>,
    auth_time: Option<u64>,
    acr: Option<String>,
    amr: Vec<String>,
    act: Option<Actor>,
    may_act: Option<MayAct>,
    family_id: Option<String>,
}

const SPENT: &str = "the token does not count (any more)";
const NO_USER: &str = "the token speaks for no user";

/// Decides.
///
/// # Errors
/// A token that does not count, or what no rule of the client allows.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Facts,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    if client.is_public() || !client.may_use(Grant::TokenExchange) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let subject = subject(ctx, client, facts.subject).map_err(OAuthError::SubjectTokenInvalid)?;
    let actor = facts.actor.map(|actor| actor_of(client, actor)).transpose().map_err(OAuthError::ActorTokenInvalid)?;
    let acting = actor.as_deref().unwrap_or(client.client_id.as_str());
    let named = |may_act: &MayAct| may_act.names(ctx.issuer.as_str(), acting, client.client_id.as_str());
    if !subject.may_act.as_ref().is_none_or(named) {
        return Err(OAuthError::SubjectTokenInvalid("may_act of the token names another party").into());
    }
    let rules: Vec<&ExchangeRule> =
        client.grant_rules.token_exchange.iter().filter(|rule| covers(rule, &subject)).collect();
    if rules.is_empty() {
        return Err(OAuthError::SubjectTokenInvalid("no rule lets the client exchange this token").into());
    }
    let allowed: Vec<&str> = rules.iter().map(|rule| rule.audience.as_str()).collect();
    let audience = target::among(client, request.audience.as_deref(), &allowed)?;
    let rule = rules.iter().find(|rule| rule.audience == audience).ok_or(OAuthError::TargetUnknown)?;
    let api = target::for_user(client, Some(audience), ctx.issuer, apis)?.ok_or(OAuthError::TargetUnknown)?;
    let most = target::scope_for_user(client, Some(api), &rule.scopes);
    let most = most.filtered(|name| {
        name != "offline_access" && subject.scope.as_ref().is_none_or(|granted| granted.contains(name))
    });
    let scope = &target::asked_of(request.scope.as_ref(), &most)?;
    let act = match (rule.mode, actor) {
        (ExchangeMode::Impersonation, None) => subject.act.clone(),
        (_, actor) => {
            let sub = actor.unwrap_or_else(|| client.client_id.as_str().to_owned());
            Some(Actor::new(sub, subject.act.clone()))
        }
    };
    if act.as_ref().is_some_and(|act| act.count() > MAX_ACTORS) {
        return Err(OAuthError::SubjectTokenInvalid("the token went through too many hands").into());
    }
    let born_in = subject.sid.as_deref().map(|sid| BornIn { sid, ends_at: subject.exp });
    let (acr, auth_time) = (subject.acr.as_deref(), subject.auth_time.unwrap_or(ctx.now));
    let (details, user, amr) = (&AuthorizationDetails::default(), &subject.user, &subject.amr);
    let token = UserToken { client, user, scope, api: Some(api), details, born_in, auth_time, acr, amr, cnf: held };
    let mut access_token = access_token::for_user(ctx, &token);
    let claims = &mut access_token.claims;
    (claims.exp, claims.auth_time, claims.act) = (claims.exp.min(subject.exp), subject.auth_time, act);
    let effect = match subject.family_id {
        Some(family_id) => Effect::NoteAccessToken { family_id, access_token: access_token.issued() },
        None => of_no_session(ctx, client, &access_token),
    };
    Ok(Issue { access_token, id_token: None, refresh_token: RefreshAnswer::Absent, effect })
}

fn covers(rule: &ExchangeRule, subject: &Subject) -> bool {
    let named = match &subject.origin {
        Origin::Client(id) => rule.subject_clients.contains(id),
        Origin::Issuer(issuer) => rule.subject_issuers.contains(issuer),
    };
    named && rule.subject_audience.as_ref().is_none_or(|audience| subject.audience.contains(audience))
}

/// The subject token, if it speaks for a user and counts.
fn subject(ctx: &Context<'_>, client: &Client, presented: Presented) -> Result<Subject, &'static str> {
    match presented {
        Presented::Refused(why) => Err(why),
        Presented::RefreshToken(facts) => of_refresh_token(ctx, client, *facts),
        Presented::AccessToken { claims, facts, family_id } => {
            if claims.rh.is_none() {
                return Err(NO_USER);
            }
            let user = still_counts(&claims, &facts).ok_or(SPENT)?.clone();
            let claims = *claims;
            Ok(Subject {
                user,
                origin: Origin::Client(claims.client_id),
                scope: Some(claims.scope),
                audience: claims.aud.iter().map(str::to_owned).collect(),
                exp: claims.exp,
                sid: claims.sid,
                auth_time: claims.auth_time,
                acr: claims.acr,
                amr: claims.amr,
                act: claims.act,
                may_act: None,
                // Of a family that is over there is none.
                family_id: Some(family_id.ok_or(SPENT)?),
            })
        }
        Presented::IdToken(claims, facts) => {
            let user = of_id_token(&claims, &facts).ok_or(SPENT)?.clone();
            let claims = *claims;
            Ok(Subject {
                user,
                origin: Origin::Client(claims.aud),
                scope: None,
                audience: Vec::new(),
                exp: claims.exp,
                sid: claims.sid,
                auth_time: Some(claims.auth_time),
                acr: claims.acr,
                amr: claims.amr,
                act: None,
                may_act: None,
                family_id: None,
            })
        }
        Presented::Assertion(assertion, user) => {
            let user = *user.ok_or(AssertionFailure::NOBODY.0)?;
            if user.status == UserStatus::Blocked {
                return Err(SPENT);
            }
            let assertion = *assertion;
            Ok(Subject {
                user,
                origin: Origin::Issuer(assertion.issuer),
                scope: assertion.scope,
                audience: Vec::new(),
                exp: assertion.exp,
                sid: None,
                auth_time: None,
                acr: None,
                amr: Vec::new(),
                act: assertion.act,
                may_act: assertion.may_act,
                family_id: None,
            })
        }
    }
}

/// What the client could have by using it. One that was superseded gives nothing away here, and nobody is found out by it.
fn of_refresh_token(ctx: &Context<'_>, client: &Client, facts: refresh_token::Facts) -> Result<Subject, &'static str> {
    let refresh_token::Facts { state, expires_at, family, user, session } = facts;
    if family.client_id != client.client_id {
        return Err("a refresh token is exchanged by its own client alone");
    }
    let ends_at = expires_at.min(family.absolute_expires_at);
    let over = family.ended_at.is_some() || ctx.now >= ends_at || state != refresh_token::TokenState::Current;
    if over || (family.session_bound && session != SessionState::Live) {
        return Err(SPENT);
    }
    let user = user.filter(|user| user.status == UserStatus::Active).ok_or(SPENT)?;
    Ok(Subject {
        user,
        origin: Origin::Client(family.client_id.to_string()),
        scope: Some(family.grant.scope),
        audience: family.grant.audience.into_iter().chain(family.grant.extent.resources).collect(),
        exp: ends_at,
        // Ending a session ends every access token that names it; one made after that must not.
        sid: family.sid.filter(|_| session == SessionState::Live),
        auth_time: Some(family.grant.auth_time),
        acr: family.grant.acr,
        amr: family.grant.amr,
        act: None,
        may_act: None,
        family_id: Some(family.id),
    })
}

/// An ID token cannot be revoked by name: it counts as long as the session it names.
fn of_id_token<'f>(claims: &IdTokenClaims, facts: &'f TokenFacts) -> Option<&'f UserFacts> {
    let user = facts.user.as_ref().filter(|user| user.id == claims.sub && user.status == UserStatus::Active)?;
    let ruled_out = facts.revoked_until.is_some_and(|until| claims.iat <= until);
    let live = claims.sid.is_some() && facts.session == SessionState::Live;
    (live && !ruled_out).then_some(user)
}

/// Who acts: the subject of a token that was issued to the client itself, so that nobody acts by a token that strayed.
fn actor_of(client: &Client, presented: Presented) -> Result<String, &'static str> {
    let (issued_to, sub) = match presented {
        Presented::Refused(why) => return Err(why),
        Presented::Assertion(..) | Presented::RefreshToken(_) => {
            return Err("an actor token must be an access token or ID token of this server's");
        }
        Presented::AccessToken { claims, facts, family_id: _ } => {
            let own = claims.rh.is_none() && claims.sub == claims.client_id;
            let counts = if own { is_not_revoked(&claims, &facts) } else { still_counts(&claims, &facts).is_some() };
            if !counts {
                return Err(SPENT);
            }
            if claims.act.is_some() {
                return Err("an actor token must be the actor's own");
            }
            (claims.client_id, claims.sub)
        }
        Presented::IdToken(claims, facts) => {
            of_id_token(&claims, &facts).ok_or(SPENT)?;
            (claims.aud, claims.sub)
        }
    };
    if client.client_id == issued_to.as_str() { Ok(sub) } else { Err("the actor token was issued to another client") }
}

#[cfg(test)]
mod tests;
