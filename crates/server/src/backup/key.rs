//! The key that archives are encrypted with: derived from the master key, or from a key of its own where one is set.
//!
//! Its name stands in every line of an archive, so that a wrong key is told from damage. The name is derived as well and tells nothing.

use std::fmt;

use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement, base64url};

use crate::seal::MasterKey;

const ALG: KeyManagement = KeyManagement::A256Kw;
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

/// Encrypts and decrypts archives.
#[derive(Clone)]
pub struct ArchiveKey {
    name: String,
    pub(super) encrypting: EncryptingKey,
    pub(super) decrypting: DecryptingKeys,
}

impl ArchiveKey {
    /// From the master key, or from another key of the same form.
    pub fn of(root: &MasterKey) -> Self {
        let name = base64url::encode(&root.derive("backup key name")[..9]);
        let jwk = Jwk::oct(root.derive("backup").as_slice(), ALG).expect("32 bytes are a key for A256KW");
        let jwk = jwk.with_kid(&name);
        Self {
            encrypting: EncryptingKey::from_jwk(&jwk, ALG, ENC).expect("the key is for this algorithm"),
            decrypting: DecryptingKeys::single(
                DecryptingKey::from_jwk(&jwk, ALG, &[ENC]).expect("the key is for this algorithm"),
            ),
            name,
        }
    }

    /// What it is called in archives.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveKey").field("name", &self.name).finish_non_exhaustive()
    }
}
