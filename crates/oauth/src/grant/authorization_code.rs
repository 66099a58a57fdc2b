//! `authorization_code` (RFC 6749 §4.1.3, RFC 7636, OpenID Connect Core §3.1.3).
//!
//! The code is bound to client, `redirect_uri`, PKCE, session and API. A second use by its rightful owner ends everything born of
//! it (§4.1.2); an attempt by anybody else changes nothing, so that nobody can end another's sign-in.

use crate::authorize::CodeGrant;
use crate::client_auth::AuthenticatedClient;
use crate::context::Context;
use crate::effect::{AlsoSession, Effect, EndReason};
use crate::error::OAuthError;
use crate::family::{self, SignIn};
use crate::grant::Grant;
use crate::issue::{Issue, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::pkce::{self, PkceVerified};
use crate::registration::{Api, Apis};
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "authorization_code";
/// What it reads.
pub const PARAMETERS: &[&str] = &["code", "code_verifier", "redirect_uri", "resource"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The code.
    pub code: OpaqueToken,
    /// The verifier, if one was sent.
    pub code_verifier: Option<zeroize::Zeroizing<String>>,
    /// The URI of the authorization request.
    pub redirect_uri: String,
    /// The API, if one was named again.
    pub resource: Option<String>,
}

impl Request {
    /// Reads the parameters. A code that is not even well-formed is [`OAuthError::CodeUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let code = OpaqueToken::parse(TokenKind::AuthorizationCode, params.require("code")?)
            .map_err(|_| OAuthError::CodeUnknown)?;
        Ok(Self {
            code,
            code_verifier: params.get("code_verifier").map(|verifier| zeroize::Zeroizing::new(verifier.to_owned())),
            redirect_uri: params.require("redirect_uri")?.to_owned(),
            resource: target::resource(params)?.map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code: _, code_verifier: _, redirect_uri, resource } = self;
        f.debug_struct("Request")
            .field("redirect_uri", redirect_uri)
            .field("resource", resource)
            .finish_non_exhaustive()
    }
}

/// What to load: the code by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.code.hash()
}

/// What was found for the code's hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What was kept with the code.
    pub grant: CodeGrant,
    /// When it ends.
    pub expires_at: u64,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<u64>,
    /// The user, if there still is one.
    pub user: Option<UserFacts>,
    /// The session it was born of.
    pub session: SessionState,
}

/// Decides.
///
/// # Errors
/// Every way a code can be wrong; [`OAuthError::CodeReplayed`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let facts = facts.ok_or(OAuthError::CodeUnknown)?;
    let verified = prove_owner(client, request, &facts.grant)?;
    if facts.redeemed_at.is_some() {
        let effect = Effect::EndFamily {
            family_id: facts.grant.family_id,
            why: EndReason::CodeReplayed,
            also_session: AlsoSession::No,
        };
        return Err(Refusal { error: OAuthError::CodeReplayed, effect });
    }
    if ctx.now >= facts.expires_at {
        return Err(OAuthError::CodeExpired.into());
    }
    if !client.client().may_use(Grant::AuthorizationCode) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let user = facts.user.as_ref().ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    if facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded.into());
    }
    let api = target::of_grant(
        ctx.issuer,
        client.client(),
        facts.grant.audience.as_deref(),
        request.resource.as_deref(),
        apis,
    )?;
    Ok(issue(ctx, client, request, &facts.grant, user, api, verified))
}

/// Whoever cannot prove all of this is not the code's owner, and learns and changes nothing.
fn prove_owner(
    client: AuthenticatedClient<'_>,
    request: &Request,
    grant: &CodeGrant,
) -> Result<PkceVerified, OAuthError> {
    if grant.client_id != client.client().client_id {
        return Err(OAuthError::CodeOfAnotherClient);
    }
    if grant.redirect_uri != request.redirect_uri {
        return Err(OAuthError::RedirectUriMismatch);
    }
    pkce::verify(grant.code_challenge.as_ref(), request.code_verifier.as_ref().map(|verifier| verifier.as_str()))
}

fn issue(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    grant: &CodeGrant,
    user: &UserFacts,
    api: Option<&Api>,
    _proof: PkceVerified,
) -> Issue {
    let born = family::begin(
        ctx,
        &SignIn {
            family_id: &grant.family_id,
            client: client.client(),
            user,
            api,
            scope: &grant.scope,
            sid: Some(&grant.sid),
            nonce: grant.nonce.as_deref(),
            auth_time: grant.auth_time,
            amr: &grant.amr,
            acr: grant.acr.as_deref(),
        },
    );
    let effect = Effect::RedeemCode {
        code_hash: request.code.hash(),
        family: born.family,
        refresh_token: born.record,
        access_token: born.access_token.issued(),
    };
    Issue { access_token: born.access_token, id_token: born.id_token, refresh_token: born.refresh_token, effect }
}
