//! The beginning of a family: the first tokens of a sign-in, whichever way it came.
//!
//! A family ends with its session unless `offline_access` was granted, and for a browser program or a session value always (RFC 10017). Access tokens name
//! the session they were born in (`sid`) either way, so that ending it can revoke them by that name.

use crate::access_token::{self, BornIn, UserToken};
use crate::claims_request::ClaimsRequest;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::{FamilyGrant, NewFamily, NewRefreshToken};
use crate::extent::Extent;
use crate::id_token;
use crate::issue::{AccessTokenPlan, IdTokenPlan, RefreshAnswer, UserFacts};
use crate::registration::{Api, Client};
use crate::scope::Scope;
use crate::target;
use crate::token_format::OpaqueToken;

/// A sign-in from which a family is born.
pub(crate) struct SignIn<'a> {
    pub(crate) family_id: &'a str,
    pub(crate) client: &'a Client,
    pub(crate) user: &'a UserFacts,
    pub(crate) api: Option<&'a Api>,
    /// As asked and consented to; what cannot be had any more is dropped.
    pub(crate) scope: &'a Scope,
    pub(crate) born_in: Option<BornIn<'a>>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) auth_time: u64,
    pub(crate) amr: &'a [String],
    pub(crate) acr: Option<&'a str>,
    pub(crate) claims: Option<&'a ClaimsRequest>,
    pub(crate) extent: &'a Extent,
    /// What the sender has proven to hold.
    pub(crate) held: Option<&'a Confirmation>,
}

/// What it brings.
pub(crate) struct Born {
    pub(crate) access_token: AccessTokenPlan,
    pub(crate) id_token: Option<IdTokenPlan>,
    pub(crate) refresh_token: RefreshAnswer,
    pub(crate) family: NewFamily,
    pub(crate) record: Option<NewRefreshToken>,
}

pub(crate) fn begin(ctx: &mut Context<'_>, from: &SignIn<'_>) -> Born {
    let SignIn { client, user, api, born_in, nonce, auth_time, amr, acr, claims, extent, held, .. } = *from;
    let sid = born_in.map(|session| session.sid);
    let scope = &target::scope_for_user(client, api, from.scope);
    let stays = scope.contains("offline_access");
    let session_bound = sid.is_some() && (client.is_session_bound() || !stays);
    let details = &extent.authorization_details;
    let token = UserToken { client, user, scope, api, details, born_in, auth_time, acr, amr, cnf: held };
    let access_token = access_token::for_user(ctx, &token);
    let profile = client.profile_claims;
    let inputs = id_token::Inputs { client, user, scope, nonce, sid, auth_time, acr, amr, claims, profile };
    let id_token = id_token::plan(ctx, &inputs);
    let absolute_expires_at = if stays {
        ctx.now.saturating_add(client.refresh_absolute_secs(&ctx.lifetimes))
    } else {
        access_token.claims.exp
    };
    let (refresh_token, record) = if stays {
        let (token, record) = new_refresh_token(ctx, client, from.family_id, absolute_expires_at);
        (RefreshAnswer::New(token), Some(record))
    } else {
        (RefreshAnswer::Absent, None)
    };
    let family = NewFamily {
        id: from.family_id.to_owned(),
        client_id: client.client_id.clone(),
        user_id: user.id.clone(),
        sid: sid.map(str::to_owned),
        session_bound,
        created_at: ctx.now,
        absolute_expires_at,
        grant: FamilyGrant {
            // The scope of one API is not that of the others.
            scope: if extent.resources.is_empty() { scope.clone() } else { from.scope.clone() },
            audience: extent.resources.first().cloned().or_else(|| api.map(|api| api.identifier.clone())),
            auth_time,
            amr: amr.to_vec(),
            acr: acr.map(str::to_owned),
            claims: claims.cloned(),
            cnf: held.filter(|_| client.is_public()).cloned(),
            extent: extent.clone(),
        },
    };
    Born { access_token, id_token, refresh_token, family, record }
}

/// A new refresh token for the family, which ends at `absolute_expires_at`, and the record of it.
pub(crate) fn new_refresh_token(
    ctx: &mut Context<'_>,
    client: &Client,
    family_id: &str,
    absolute_expires_at: u64,
) -> (OpaqueToken, NewRefreshToken) {
    let token = OpaqueToken::of_family(family_id, ctx.rng);
    // Nothing follows a token that is not rotated, so its use cannot prolong it.
    let idle_end = if client.keeps_refresh_token() {
        absolute_expires_at
    } else {
        ctx.now.saturating_add(client.refresh_idle_secs(&ctx.lifetimes))
    };
    let record =
        NewRefreshToken { hash: token.hash(), created_at: ctx.now, expires_at: idle_end.min(absolute_expires_at) };
    (token, record)
}
