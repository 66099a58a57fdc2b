//! The keys a recipient has, and which of them a header means.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::header::Received;
use super::{DecryptingKey, compact::Segments};
use crate::Error;

/// The keys a recipient has. Cheap to clone.
///
/// ```
/// use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
/// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
///
/// let old = Jwk::generate(KeyManagement::RsaOaep256)?;
/// let new = Jwk::generate(KeyManagement::EcdhEsA256Kw)?;
/// let enc = [ContentEncryption::A256Gcm];
/// let keys: DecryptingKeys = [
///     DecryptingKey::from_jwk(&old, KeyManagement::RsaOaep256, &enc)?,
///     DecryptingKey::from_jwk(&new, KeyManagement::EcdhEsA256Kw, &enc)?,
/// ]
/// .into_iter()
/// .collect();
/// assert_eq!(keys.find(new.kid(), "ECDH-ES+A256KW")?.kid(), new.kid());
/// assert_eq!(keys.find(new.kid(), "RSA-OAEP-256").unwrap_err(), Error::AlgorithmMismatch);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default)]
pub struct DecryptingKeys(Arc<Keys>);

#[derive(Default)]
struct Keys {
    keys: Vec<DecryptingKey>,
    /// Encoded headers of tokens that were decrypted and in which nothing changes from token to token.
    known: [OnceLock<Known>; 4],
}

struct Known {
    encoded: Box<str>,
    header: Arc<Received>,
    key: usize,
}

impl DecryptingKeys {
    /// One key.
    pub fn single(key: DecryptingKey) -> Self {
        Self::from_iter([key])
    }

    /// The key for a header; the header's `alg` must be the key's own. Without `kid`, or for a key without one, it must be the
    /// only one possible.
    pub fn find(&self, kid: Option<&str>, alg_in_header: &str) -> Result<&DecryptingKey, Error> {
        let index = self.select(kid, alg_in_header)?;
        self.0.keys.get(index).ok_or(Error::UnknownKey)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &DecryptingKey> {
        self.0.keys.iter()
    }

    pub(super) fn select(&self, kid: Option<&str>, alg: &str) -> Result<usize, Error> {
        let answers = |key: &DecryptingKey| match (key.kid(), kid) {
            (Some(own), Some(asked)) => own == asked,
            // As for signatures: where one side has no kid, only the algorithm is left.
            _ => true,
        };
        let named = |key: &DecryptingKey| kid.is_some() && key.kid() == kid;
        let fits = |key: &DecryptingKey| key.key_management().name() == alg;
        let answering = || self.0.keys.iter().enumerate().filter(|(_, key)| answers(key));
        if let Some((index, _)) = answering().find(|(_, key)| named(key) && fits(key)) {
            return Ok(index);
        }
        let mut fitting = answering().filter(|(_, key)| fits(key));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Ok(index),
            (None, _) if answering().next().is_some() => Err(Error::AlgorithmMismatch),
            _ => Err(Error::UnknownKey),
        }
    }

    pub(super) fn key(&self, index: usize) -> Result<&DecryptingKey, Error> {
        self.0.keys.get(index).ok_or(Error::UnknownKey)
    }

    /// The key and the meaning of a header that was on a decrypted token, by its text.
    pub(super) fn known(&self, segments: &Segments<'_>) -> Option<(&DecryptingKey, &Arc<Received>)> {
        let mut known = self.0.known.iter().map_while(OnceLock::get);
        let known = known.find(|known| *known.encoded == *segments.header)?;
        Some((self.0.keys.get(known.key)?, &known.header))
    }

    /// Remembers a header after its token has been decrypted.
    pub(super) fn remember(&self, encoded: &str, header: &Arc<Received>, key: usize) {
        if !header.parameters.is_constant() {
            return;
        }
        let make = || Known { encoded: encoded.into(), header: Arc::clone(header), key };
        for slot in &self.0.known {
            if *slot.get_or_init(make).encoded == *encoded {
                return;
            }
        }
    }
}

impl FromIterator<DecryptingKey> for DecryptingKeys {
    fn from_iter<I: IntoIterator<Item = DecryptingKey>>(keys: I) -> Self {
        Self(Arc::new(Keys { keys: keys.into_iter().collect(), known: Default::default() }))
    }
}

impl fmt::Debug for DecryptingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}
