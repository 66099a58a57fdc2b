//! Token Status Lists (draft-ietf-oauth-status-list-20) for APIs that ask for them: a place for each access token, and the signed lists.
//!
//! A place costs a write per token, which is why it is the API's choice. A list is read from the store and signed at most once in
//! [`TTL_SECS`], however many ask.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use miniz_oxide::deflate::compress_to_vec_zlib;
use symbolon_jose::Algorithm;
use symbolon_oauth::access_token::AccessTokenClaims;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::status_list::{ListClaims, Status, StatusReference, TTL_SECS, TYP, bits};
use symbolon_oauth::{OAuthError, random_id};
use symbolon_store::{NewStatus, NewStatusList, StatusList};

use crate::app::App;
use crate::effects::store_failure;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// Tokens in a list: 8 KiB of bits, next to nothing when compressed, and a crowd to hide in.
const SIZE: u32 = 1 << 16;
/// Lists that are kept signed.
const MAX_KEPT: usize = 256;
/// Of zlib's levels the one that is worth its time.
const LEVEL: u8 = 6;

/// The signed lists of the last moments.
#[derive(Debug, Default)]
pub struct StatusLists {
    kept: Mutex<HashMap<String, Signed>>,
    /// Lists are read and signed one after the other: many who ask at once for one that is due wait for the same one.
    turn: tokio::sync::Mutex<()>,
}

/// A list token.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The JWS.
    pub(crate) token: Bytes,
    made_at: u64,
}

impl Signed {
    /// How long it may still be kept, seconds.
    pub(crate) fn fresh_secs(&self, now: u64) -> u64 {
        if now < self.made_at {
            // The clock was put back.
            return 0;
        }
        self.made_at.saturating_add(TTL_SECS).saturating_sub(now).min(TTL_SECS)
    }
}

/// Gives the token a place, if its API asks for status lists.
pub(crate) async fn assign(app: &App, registry: &Registry, claims: &mut AccessTokenClaims) -> Result<(), OAuthError> {
    let api = claims.aud.iter().find(|audience| registry.api(audience).is_some_and(|api| api.status_list));
    let Some(audience) = api.map(str::to_owned) else { return Ok(()) };
    let new = NewStatus {
        jti: claims.jti.clone(),
        sid: claims.sid.clone(),
        revocation_handle: claims.rh.clone(),
        client_id: claims.client_id.clone(),
        audience,
        issued_at: claims.iat,
        expires_at: claims.exp,
    };
    let assigned = app.store.assign_status(new, fresh_list()).await.map_err(|error| store_failure(&error))?;
    let status_list = StatusReference { idx: assigned.place.into(), uri: uri(app, &assigned.list) };
    claims.status = Some(Status { status_list });
    Ok(())
}

/// The list token of a list; `None` if there is no such list.
pub(crate) async fn signed(app: &App, id: &str) -> Result<Option<Signed>, OAuthError> {
    let now = app.clock.now();
    let kept = || app.status_lists.lock().get(id).filter(|kept| kept.fresh_secs(now) > 0).cloned();
    if let Some(kept) = kept() {
        return Ok(Some(kept));
    }
    let _turn = app.status_lists.turn.lock().await;
    if let Some(kept) = kept() {
        return Ok(Some(kept));
    }
    let Some(StatusList { size, revoked, .. }) =
        app.store.status_list(id).await.map_err(|error| store_failure(&error))?
    else {
        return Ok(None);
    };
    let claims = ListClaims::new(uri(app, id), &compress_to_vec_zlib(&bits(size, revoked), LEVEL), now);
    let token = app.registry().sign(Algorithm::RS256, TYP, &claims)?;
    let signed = Signed { token: Bytes::from(token), made_at: now };
    let mut lists = app.status_lists.lock();
    if lists.len() >= MAX_KEPT {
        lists.retain(|_, kept| kept.fresh_secs(now) > 0);
    }
    if lists.len() < MAX_KEPT {
        lists.insert(id.to_owned(), signed.clone());
    }
    Ok(Some(signed))
}

impl StatusLists {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Signed>> {
        // The lock is never held while something can fail.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uri(app: &App, list: &str) -> String {
    app.issuer.endpoint(&format!("{}/{list}", path::STATUS_LISTS))
}

fn fresh_list() -> NewStatusList {
    let random = || {
        let mut bytes = [0; 4];
        symbolon_oauth::Rng::fill(&mut SystemRng, &mut bytes);
        u32::from_be_bytes(bytes)
    };
    NewStatusList { id: random_id(&mut SystemRng), size: SIZE, step: random() | 1, start: random() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::inflate::decompress_to_vec_zlib;
    use symbolon_jose::base64url;

    /// §4.2 of the draft: another compressor may write other bytes that mean the same.
    #[test]
    fn what_is_compressed_here_is_what_the_drafts_example_unpacks_to() {
        let example = decompress_to_vec_zlib(&base64url::decode("eNrbuRgAAhcBXQ").unwrap()).unwrap();
        let ours = bits(16, [0, 3, 4, 5, 7, 8, 9, 13, 15]);
        assert_eq!(example, ours);
        assert_eq!(decompress_to_vec_zlib(&compress_to_vec_zlib(&ours, LEVEL)).unwrap(), ours);
    }

    #[test]
    fn an_empty_list_is_small() {
        assert!(compress_to_vec_zlib(&bits(SIZE, []), LEVEL).len() < 64);
    }
}
