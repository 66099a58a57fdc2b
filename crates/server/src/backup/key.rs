//! The key that archives are encrypted with: derived from the master key, or from a key of its own where one is set.
//!
//! Its name stands in every line of an archive, so that a wrong key is told from damage. The name is derived as well and tells nothing.

use std::fmt;
use std::path::Path;

use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement, base64url};

use super::BackupError;
use crate::app::{AppError, known_master_key};
use crate::config::Config;
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

    /// The one that `config` names: `backup.key`, else the master key; nothing where that is not at hand.
    pub fn configured(config: &Config) -> Result<Option<Self>, BackupError> {
        let key = match &config.backup.key {
            Some(text) => MasterKey::from_text(text.expose(), "the configuration (backup.key)").map(Some),
            None => return known_master_key(config).map(|key| key.as_ref().map(Self::of)).map_err(of_master_key),
        };
        Ok(key.map_err(BackupError::MasterKey)?.as_ref().map(Self::of))
    }

    /// The one in a file.
    pub fn load(path: &Path) -> Result<Self, BackupError> {
        MasterKey::load(path).map(|key| Self::of(&key)).map_err(BackupError::KeyFile)
    }

    /// What it is called in archives.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Reading a key fails in no other way.
pub(super) fn of_master_key(error: AppError) -> BackupError {
    match error {
        AppError::MasterKey(error) => BackupError::MasterKey(error),
        _ => BackupError::WrongMasterKey,
    }
}

impl fmt::Debug for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveKey").field("name", &self.name).finish_non_exhaustive()
    }
}
