//! The keys a verifier accepts.

use std::fmt;
use std::sync::Arc;

use super::{Algorithm, VerifyingKey};
use crate::jws::Header;
use crate::jws::compact::Segments;
use crate::keys::{Key, Keys};
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
pub struct VerifyingKeys(Arc<Keys<VerifyingKey, Header, 8>>);

impl Key for VerifyingKey {
    fn kid(&self) -> Option<&str> {
        self.kid()
    }

    fn answers_to(&self, alg: &str) -> bool {
        self.algorithm().answers_to(alg)
    }
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
        self.0.select(kid, alg_in_header).ok().map(|(_, key)| key)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.keys.iter()
    }

    /// No key at all.
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// The key a header means and where it stands, or why there is none.
    pub(crate) fn select(&self, header: &Header) -> Result<(usize, &VerifyingKey), Error> {
        self.0.select(header.kid.as_deref(), &header.alg)
    }

    /// The segments of a token whose header, by its text, has been seen on a verified one; with its key and meaning.
    pub(crate) fn known<'t>(&self, token: &'t str) -> Option<(Segments<'t>, &VerifyingKey, &Arc<Header>)> {
        self.0.known(|encoded, key| Segments::behind(encoded, token, key))
    }

    /// Remembers a header after its token has been verified.
    pub(crate) fn remember(&self, encoded: &str, header: &Arc<Header>, key: usize) {
        self.0.remember(encoded, header, key);
    }
}

impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self(Arc::new(Keys::new(keys.into_iter().collect())))
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}
