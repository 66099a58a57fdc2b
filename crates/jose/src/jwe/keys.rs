//! The keys a recipient has.

use std::fmt;
use std::sync::Arc;

use super::DecryptingKey;
use super::header::Received;
use crate::Error;
use crate::keys::{Key, Keys};

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
pub struct DecryptingKeys(Arc<Keys<DecryptingKey, Received, 4>>);

impl Key for DecryptingKey {
    fn kid(&self) -> Option<&str> {
        self.kid()
    }

    fn answers_to(&self, alg: &str) -> bool {
        self.key_management().name() == alg
    }
}

impl DecryptingKeys {
    /// One key.
    pub fn single(key: DecryptingKey) -> Self {
        Self::from_iter([key])
    }

    /// The key for a header; the header's `alg` must be the key's own. Without `kid`, or for a key without one, it must be the
    /// only one possible.
    pub fn find(&self, kid: Option<&str>, alg_in_header: &str) -> Result<&DecryptingKey, Error> {
        self.0.select(kid, alg_in_header).map(|(_, key)| key)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &DecryptingKey> {
        self.0.keys.iter()
    }

    /// The key a header means and where it stands, or why there is none.
    pub(super) fn select(&self, header: &Received) -> Result<(usize, &DecryptingKey), Error> {
        self.0.select(header.kid.as_deref(), &header.alg)
    }

    /// The key and the meaning of a header that was on a decrypted token, by its text.
    pub(super) fn known(&self, encoded: &str) -> Option<(&DecryptingKey, &Arc<Received>)> {
        let ((), key, header) = self.0.known(|known, _| (known == encoded).then_some(()))?;
        Some((key, header))
    }

    /// Remembers a header after its token has been decrypted.
    pub(super) fn remember(&self, encoded: &str, header: &Arc<Received>, key: usize) {
        // To a public key anybody can encrypt, under as many headers as he likes.
        let is_shared = self.0.keys.get(key).is_some_and(|key| key.key_management().is_symmetric());
        if is_shared && header.parameters.is_constant() {
            self.0.remember(encoded, header, key);
        }
    }
}

impl FromIterator<DecryptingKey> for DecryptingKeys {
    fn from_iter<I: IntoIterator<Item = DecryptingKey>>(keys: I) -> Self {
        Self(Arc::new(Keys::new(keys.into_iter().collect())))
    }
}

impl fmt::Debug for DecryptingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwe::{EncryptingKey, Header, compact};
    use crate::{ContentEncryption, Jwk, KeyManagement};

    fn is_remembered(alg: KeyManagement) -> bool {
        let enc = ContentEncryption::A128Gcm;
        let jwk = Jwk::generate(alg).unwrap();
        let keys = DecryptingKeys::single(DecryptingKey::from_jwk(&jwk, alg, &[enc]).unwrap());
        let key = EncryptingKey::from_jwk(&jwk, alg, enc).unwrap();
        let token = compact::encrypt(&key, &Header::default(), b"hello").unwrap();
        assert_eq!(compact::decrypt(&token, &keys).unwrap().plaintext(), b"hello");
        keys.known(token.split('.').next().unwrap()).is_some()
    }

    #[test]
    fn headers_are_remembered_only_where_nobody_but_holders_of_the_secret_can_make_them() {
        assert!(is_remembered(KeyManagement::A128Kw));
        assert!(!is_remembered(KeyManagement::RsaOaep256));
        // These have something new in each.
        assert!(!is_remembered(KeyManagement::A128Gcmkw) && !is_remembered(KeyManagement::EcdhEs));
    }
}
