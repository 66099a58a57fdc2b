//! A compact JWS that may be longer than a token (RFC 7515 §3.1), and the claims that all of ours share.
//!
//! Everything else is as strict as for tokens: one key by `kid`, its own algorithm, no `crit`, canonical base64url, strict JSON.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::jws::Encoding;
use symbolon_jose::jws::compact::{self, Unverified};
use symbolon_jose::jwt::is_same_type;
use symbolon_jose::{Error as JoseError, SigningKey, VerifyingKeys, base64url};

use crate::{Error, LEEWAY_SECS, is_epoch};

/// Signs a payload of any length.
pub(crate) fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, Error> {
    // RFC 7515 appendix F: the same signature, with the payload left out. It goes back between the two dots.
    let detached = compact::sign_detached(key, Some(typ), payload, Encoding::Base64url)?;
    let (header, signature) = detached.split_once("..").ok_or(JoseError::NotCompact)?;
    Ok([header, &base64url::encode(payload), signature].join("."))
}

/// The claims of a JWS of this `typ`, at most `max_len` bytes long, under one of these keys.
pub(crate) fn verify<C: DeserializeOwned>(
    jws: &str,
    keys: &VerifyingKeys,
    typ: &str,
    max_len: usize,
) -> Result<C, Error> {
    if jws.len() > max_len {
        return Err(JoseError::TokenTooLong.into());
    }
    let [header, payload, signature] = segments(jws)?;
    let detached = [header, "..", signature].concat();
    // Reads the header and refuses one in which the payload would stand unencoded, as a compact token of ours never does.
    let unverified = Unverified::parse(&detached)?;
    match unverified.typ() {
        None => return Err(JoseError::TypeMissing.into()),
        Some(found) if !is_same_type(found, typ) => return Err(JoseError::TypeMismatch.into()),
        Some(_) => {}
    }
    let key = keys.find(unverified.kid(), unverified.alg()).ok_or(JoseError::UnknownKey)?;
    // There is one spelling of a payload, so that its bytes stand for what was signed.
    let payload = base64url::decode(payload)?;
    Unverified::parse_detached(&detached, &payload)?.verify(key)?;
    Ok(parse_strict(&payload, Limits { max_bytes: max_len, ..Limits::CLAIMS })?)
}

fn segments(jws: &str) -> Result<[&str; 3], JoseError> {
    let mut segments = jws.splitn(3, '.');
    let three = [segments.next(), segments.next(), segments.next()];
    match three {
        [Some(header), Some(payload), Some(signature)] if !signature.contains('.') => Ok([header, payload, signature]),
        _ => Err(JoseError::NotCompact),
    }
}

/// What is demanded of every head: the issuer byte by byte, not from the future, an epoch that can be one.
pub(crate) fn check_head(iss: &str, issuer: &str, iat: u64, now: u64, epoch: &str) -> Result<(), Error> {
    if iss != issuer {
        Err(Error::IssuerMismatch)
    } else if iat > now.saturating_add(LEEWAY_SECS) {
        Err(Error::FromFuture)
    } else if !is_epoch(epoch) {
        Err(Error::EpochInvalid)
    } else {
        Ok(())
    }
}

/// For a member that may be absent but never `null`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
