//! The keys a verifier accepts, and which of them a header means (RFC 7515 §6).
//!
//! The header names a key by `kid`; it never chooses the algorithm, which has to be the key's own.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Algorithm, VerifyingKey};
use crate::jws::Header;
use crate::jws::compact::Segments;
use crate::{Error, Jwk, JwkSet};

/// The keys a verifier accepts. Cheap to clone.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk, JwkSet, VerifyingKeys};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let set = JwkSet::from_value(&serde_json::json!({"keys": [jwk.public_value()?]}))?;
/// let keys = VerifyingKeys::from_jwks(&set, &[Algorithm::RS256, Algorithm::ES256]);
/// assert!(keys.find(jwk.kid(), "ES256").is_some());
/// assert!(keys.find(jwk.kid(), "RS256").is_none());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default)]
pub struct VerifyingKeys(Arc<Keys>);

#[derive(Default)]
struct Keys {
    keys: Vec<VerifyingKey>,
    /// Encoded headers seen on tokens that verified: an issuer has one or two per key, so most tokens need no parsing of
    /// their header. Only verified tokens get in, so nobody else can fill the slots.
    known: [OnceLock<Known>; 8],
}

struct Known {
    encoded: Box<str>,
    header: Arc<Header>,
    key: usize,
}

impl VerifyingKeys {
    /// The keys of `set` that can verify one of `allowed`. A key that does not name its `alg` gets the first of `allowed` that
    /// fits it. Shared secrets never come from a set: use [`VerifyingKeys::single`].
    pub fn from_jwks(set: &JwkSet, allowed: &[Algorithm]) -> Self {
        let usable = |jwk: &Jwk| {
            let mut allowed = allowed.iter().copied().filter(|algorithm| !algorithm.is_symmetric());
            match jwk.algorithm() {
                // Under its own name, where the algorithm has two.
                Some(own) => allowed.find(|it| it.is_same(own)).and_then(|_| VerifyingKey::from_jwk(jwk, own).ok()),
                None => allowed.find_map(|algorithm| VerifyingKey::from_jwk(jwk, algorithm).ok()),
            }
        };
        set.keys().iter().filter_map(usable).collect()
    }

    /// One key.
    pub fn single(key: VerifyingKey) -> Self {
        Self::from_iter([key])
    }

    /// The key for a header; the header's `alg` must be the key's own. Without `kid`, or for a key without one, it must be the
    /// only one possible.
    pub fn find(&self, kid: Option<&str>, alg_in_header: &str) -> Option<&VerifyingKey> {
        let index = self.select(kid, alg_in_header).ok()?;
        self.0.keys.get(index)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.keys.iter()
    }

    /// No key at all.
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// The key a header means, or why there is none.
    pub(crate) fn select(&self, kid: Option<&str>, alg: &str) -> Result<usize, Error> {
        let answers = |key: &VerifyingKey| match (key.kid(), kid) {
            (Some(own), Some(asked)) => own == asked,
            // RFC 7515 §4.1.4: kid is a hint; where one side has none, only the algorithm is left.
            _ => true,
        };
        let named = |key: &VerifyingKey| kid.is_some() && key.kid() == kid;
        let fits = |key: &VerifyingKey| key.algorithm().answers_to(alg);
        let answering = || self.0.keys.iter().enumerate().filter(|(_, key)| answers(key));
        // A key that was named wins over those without a name.
        if let Some((index, _)) = answering().find(|(_, key)| named(key) && fits(key)) {
            return Ok(index);
        }
        let mut fitting = answering().filter(|(_, key)| fits(key));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Ok(index),
            // Another key of the set may still be the one meant, unless the header named one that is here.
            (None, _) if answering().next().is_some_and(|(_, first)| named(first) || self.0.keys.len() == 1) => {
                Err(Error::AlgorithmMismatch)
            }
            _ => Err(Error::UnknownKey),
        }
    }

    pub(crate) fn key(&self, index: usize) -> Option<&VerifyingKey> {
        self.0.keys.get(index)
    }

    /// The segments of a token whose header, by its text, has been seen on a verified one; with its key and meaning.
    pub(crate) fn known<'t>(&self, token: &'t str) -> Option<(Segments<'t>, &VerifyingKey, &Arc<Header>)> {
        let (segments, known) = (self.0.known.iter())
            .map_while(OnceLock::get)
            .find_map(|known| Some((Segments::behind(&known.encoded, token)?, known)))?;
        Some((segments, self.0.keys.get(known.key)?, &known.header))
    }

    /// Remembers a header after its token has been verified.
    pub(crate) fn remember(&self, encoded: &str, header: &Arc<Header>, key: usize) {
        let make = || Known { encoded: encoded.into(), header: Arc::clone(header), key };
        for slot in &self.0.known {
            if *slot.get_or_init(make).encoded == *encoded {
                return;
            }
        }
    }
}

impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self(Arc::new(Keys { keys: keys.into_iter().collect(), known: Default::default() }))
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}
