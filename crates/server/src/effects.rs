//! Carries out what a decision at the token endpoint asks for: one effect is one atomic store operation that
//! checks again what the decision was based on.

use symbolon_oauth::{AlsoSession, CodeKind, Effect, Issue, OAuthError, RefreshAnswer, RotateExpect};
use symbolon_store::{
    self as store, Artefact, Ended, Hash32, Issued, NewFamily, NewRevocation, RedeemCode, Redeemed, RevocationKind,
    Rotate, Rotated, Session, StoreError,
};

use crate::app::App;
use crate::facts;
use crate::seal;

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It holds, durably.
    Done,
    /// The facts changed meanwhile and nothing was written: load them again and decide again, once.
    LostRace,
}

/// How long a client should wait after the store was busy or away.
const RETRY_AFTER_SECS: u32 = 2;

/// A storage failure as the caller hears it: what may pass is 503, the rest is ours (500). The cause is in
/// the log.
pub fn store_failure(error: &StoreError) -> OAuthError {
    tracing::error!(%error, "the store failed");
    if error.is_retryable() {
        OAuthError::TemporarilyUnavailable { retry_after_secs: RETRY_AFTER_SECS }
    } else {
        OAuthError::ServerError
    }
}

/// Applies the effect of an issue. `presented` is the refresh token that was shown, under which its successor is
/// sealed; empty for other grants.
pub async fn apply(app: &App, issue: &Issue, presented: &str, now: u64) -> Result<Applied, OAuthError> {
    let applied = match &issue.effect {
        Effect::CreateFamily { .. } => return begin(app, issue, None).await,
        Effect::EndFamily { .. } | Effect::RevokeAccessToken { .. } | Effect::RevokeExchangedToken { .. } => {
            return apply_end(app, &issue.effect, now).await.map(|_| Applied::Done);
        }
        Effect::None => Ok(Applied::Done),
        Effect::NoteAccessToken { family_id, access_token } => {
            app.store.note_access_token(family_id, facts::issued(access_token), now).await.map(of_issued)
        }
        Effect::RedeemCode { kind, code_hash, family, refresh_token, access_token } => {
            let redeem = RedeemCode {
                kind: match kind {
                    CodeKind::AuthReqId => Artefact::AUTH_REQ_ID,
                    CodeKind::AuthorizationCode => Artefact::AUTHORIZATION_CODE,
                    CodeKind::DeviceCode => Artefact::DEVICE_CODE,
                },
                hash: Hash32(*code_hash),
                now,
                refresh_token: refresh_token.as_ref().map(|token| facts::new_refresh_token(token, &family.id)),
                family: facts::new_family(family),
                access_token: facts::issued(access_token),
            };
            app.store.redeem_code(redeem).await.map(|redeemed| match redeemed {
                Redeemed::Done => Applied::Done,
                _ => Applied::LostRace,
            })
        }
        Effect::RotateRefreshToken { presented_hash, expect, successor, family_id, forget_until, access_token } => {
            let RefreshAnswer::New(token) = &issue.refresh_token else { return Err(OAuthError::ServerError) };
            let rotate = Rotate {
                presented: Hash32(*presented_hash),
                expect: rotate_expect(*expect),
                successor: facts::new_refresh_token(successor, family_id),
                sealed_successor: seal::seal_successor(presented, token.reveal()),
                forget_until: *forget_until,
                access_token: facts::issued(access_token),
                now,
            };
            app.store.rotate_refresh_token(rotate).await.map(|rotated| match rotated {
                Rotated::Done => Applied::Done,
                Rotated::Ended | Rotated::LostRace => Applied::LostRace,
            })
        }
    };
    applied.map_err(|error| store_failure(&error))
}

/// Begins a family without a code, and the session that begins with it.
pub async fn begin(app: &App, issue: &Issue, session: Option<Session>) -> Result<Applied, OAuthError> {
    let Effect::CreateFamily { family, refresh_token, access_token } = &issue.effect else {
        return Err(OAuthError::ServerError);
    };
    let new = NewFamily {
        session,
        refresh_token: refresh_token.as_ref().map(|token| facts::new_refresh_token(token, &family.id)),
        family: facts::new_family(family),
        access_token: facts::issued(access_token),
    };
    app.store.create_family(new).await.map(of_issued).map_err(|error| store_failure(&error))
}

/// Applies the effect of a refusal or a revocation: what must end because of what was presented.
pub async fn apply_end(app: &App, effect: &Effect, now: u64) -> Result<Ended, OAuthError> {
    let ended = match effect {
        Effect::EndFamily { family_id, beside, why, also_session } => {
            if let Some(beside) = beside {
                match app.store.end_family(beside, why.name(), now, store::AlsoSession::No).await {
                    Ok(_) | Err(StoreError::NotFound(_)) => {}
                    Err(error) => return Err(store_failure(&error)),
                }
            }
            let also_session = match also_session {
                AlsoSession::No => store::AlsoSession::No,
                AlsoSession::Yes => store::AlsoSession::Yes,
            };
            app.store.end_family(family_id, why.name(), now, also_session).await
        }
        Effect::RevokeAccessToken { jti, expires_at, why } => {
            app.store.revoke_access_token(jti, *expires_at, why.name(), now).await
        }
        Effect::RevokeExchangedToken { jti, expires_at } => {
            let entry =
                NewRevocation { kind: RevocationKind::Jti, id: jti.clone(), revoked_at: now, expires_at: *expires_at };
            let news = app.store.revoke(vec![entry]).await;
            news.map(|news| Ended { tokens_until: (news > 0).then_some(*expires_at), ..Ended::default() })
        }
        _ => return Ok(Ended::default()),
    };
    match ended {
        Ok(ended) => Ok(ended),
        Err(StoreError::NotFound(_)) => Ok(Ended::default()),
        Err(error) => Err(store_failure(&error)),
    }
}

fn of_issued(issued: Issued) -> Applied {
    match issued {
        Issued::Done => Applied::Done,
        _ => Applied::LostRace,
    }
}

fn rotate_expect(expect: RotateExpect) -> store::RotateExpect {
    match expect {
        RotateExpect::Current => store::RotateExpect::Current,
        RotateExpect::SuccessorUnused { successor_hash } => {
            store::RotateExpect::SuccessorUnused(Hash32(successor_hash))
        }
    }
}
