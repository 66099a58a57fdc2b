//! The master key, and what it protects: secrets that must be readable again are sealed with AES-256-GCM
//! under keys derived from it (HKDF-SHA256, RFC 5869), one per purpose.
//!
//! The master key lives outside the database (a file of mode 0600, or the environment), so that a stolen
//! database file signs nothing.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use symbolon_jose::base64url;
use symbolon_oauth::Rng;
use zeroize::{Zeroize as _, Zeroizing};

const KEY_BYTES: usize = 32;

/// The purpose of clients' secrets that are keys themselves.
pub(crate) const CLIENT_SECRET: &str = "client secret";

/// The root secret of a deployment: 256 random bits, written as 43 characters of base64url.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Why a master key could not be had, in words for the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The text is not 43 characters of base64url.
    Malformed {
        /// Where the text came from.
        origin: String,
    },
    /// The file is gone.
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file could not be read or made.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { origin } => {
                write!(
                    f,
                    "the master key in {origin} is not 43 characters of base64url; restore the original from your backup"
                )
            }
            Self::Missing { path } => write!(
                f,
                "the master key file {} is missing, and this data was made with it; restore it from your backup",
                path.display()
            ),
            Self::Unreadable { path, why } => write!(f, "the master key file {} cannot be used: {why}", path.display()),
        }
    }
}

impl std::error::Error for MasterKeyError {}

impl MasterKey {
    /// Reads a key from its text form; `origin` names the source in the error.
    pub fn from_text(text: &str, origin: &str) -> Result<Self, MasterKeyError> {
        let malformed = || MasterKeyError::Malformed { origin: origin.to_owned() };
        let mut bytes = base64url::decode(text.trim()).map_err(|_| malformed())?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return Err(malformed());
        }
        key.copy_from_slice(&bytes);
        bytes.zeroize();
        Ok(Self(key))
    }

    /// Reads the key from `path`.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_text(&Zeroizing::new(text), &path.display().to_string()),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                Err(MasterKeyError::Missing { path: path.to_owned() })
            }
            Err(why) => Err(MasterKeyError::Unreadable { path: path.to_owned(), why }),
        }
    }

    /// Reads the key from `path`, or makes one there with mode 0600 when there is no such file. Only for data
    /// that nothing has been sealed in yet: a new key beside old data would hide that the old key is gone.
    ///
    /// The file is synced before it is used: data sealed under a key that a power cut forgets is lost.
    pub fn load_or_create(path: &Path, rng: &mut dyn Rng) -> Result<Self, MasterKeyError> {
        match Self::load(path) {
            Err(MasterKeyError::Missing { .. }) => {
                Self::create(path, rng).map_err(|why| MasterKeyError::Unreadable { path: path.to_owned(), why })
            }
            loaded => loaded,
        }
    }

    fn create(path: &Path, rng: &mut dyn Rng) -> std::io::Result<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rng.fill(key.as_mut_slice());
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let text = Zeroizing::new(base64url::encode(key.as_slice()));
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        if let Some(folder) = path.parent() {
            fs::File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
        }
        Ok(Self(key))
    }

    /// A key for one purpose; the same purpose gives the same key for the life of the master key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        derive(self.0.as_slice(), purpose)
    }

    /// What seals and unseals under this master key.
    pub fn sealer(&self) -> Sealer {
        Sealer { key: self.derive("seal") }
    }
}

/// Seals secrets for the database. The purpose is authenticated: what was sealed as a signing key does
/// not open as anything else.
pub struct Sealer {
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// The sealed text was not made under this key and purpose, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealBroken;

impl fmt::Display for SealBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sealed data does not open under this master key")
    }
}

impl std::error::Error for SealBroken {}

impl Sealer {
    /// Seals `plain` for `purpose`: `v1.` and base64url of nonce, ciphertext and tag.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> String {
        format!("v1.{}", base64url::encode(&seal_bytes(&self.key, purpose, plain)))
    }

    /// Opens what [`Sealer::seal`] made for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let sealed = sealed.strip_prefix("v1.").ok_or(SealBroken)?;
        let bytes = base64url::decode(sealed).map_err(|_| SealBroken)?;
        open_bytes(&self.key, purpose, bytes)
    }
}

const SUCCESSOR: &str = "refresh token successor";

/// Seals a successor refresh token under a key derived from the one it replaces, so that only the holder
/// of the old token can be given the same successor again (see the rotation table in `ARCHITECTURE.md`).
pub fn seal_successor(presented: &str, successor: &str) -> Vec<u8> {
    seal_bytes(&derive(presented.as_bytes(), SUCCESSOR), SUCCESSOR, successor.as_bytes())
}

/// Opens what [`seal_successor`] made, with the presented token.
pub fn open_successor(presented: &str, sealed: &[u8]) -> Result<Zeroizing<String>, SealBroken> {
    let plain = open_bytes(&derive(presented.as_bytes(), SUCCESSOR), SUCCESSOR, sealed.to_vec())?;
    String::from_utf8(plain.to_vec()).map(Zeroizing::new).map_err(|_| SealBroken)
}

struct KeyLen;

impl hkdf::KeyType for KeyLen {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

fn derive(secret: &[u8], purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"symbolon")
        .extract(secret)
        .expand(&[purpose.as_bytes()], KeyLen)
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .expect("32 bytes are within HKDF's output bound (RFC 5869 §2.3)");
    key
}

fn seal_bytes(key: &[u8; KEY_BYTES], purpose: &str, plain: &[u8]) -> Vec<u8> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has AES-256's length");
    let mut body = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut body)
        .expect("a secret is far below the bound of AES-GCM");
    let mut sealed = nonce.as_ref().to_vec();
    sealed.append(&mut body);
    sealed
}

fn open_bytes(key: &[u8; KEY_BYTES], purpose: &str, mut sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
    if sealed.len() < NONCE_LEN {
        return Err(SealBroken);
    }
    let mut body = Zeroizing::new(sealed.split_off(NONCE_LEN));
    let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(|_| SealBroken)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has AES-256's length");
    let length = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).map_err(|_| SealBroken)?.len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;
    use std::os::unix::fs::PermissionsExt as _;

    fn key(seed: u8) -> MasterKey {
        MasterKey::from_text(&base64url::encode(&[seed; KEY_BYTES]), "test").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_key_and_purpose_only() {
        let sealed = key(1).sealer().seal("signing key", b"secret");
        assert_eq!(key(1).sealer().open("signing key", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(key(1).sealer().open("totp", &sealed), Err(SealBroken));
        assert_eq!(key(2).sealer().open("signing key", &sealed), Err(SealBroken));
        assert_eq!(key(1).sealer().open("signing key", "v1."), Err(SealBroken));
        assert_eq!(key(1).sealer().open("signing key", "plain text"), Err(SealBroken));
    }

    #[test]
    fn every_flipped_byte_breaks_the_seal() {
        let sealed = seal_bytes(&[7; KEY_BYTES], "p", b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open_bytes(&[7; KEY_BYTES], "p", changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_successor_opens_only_for_the_holder_of_the_old_token() {
        let sealed = seal_successor("old", "new");
        assert_eq!(open_successor("old", &sealed).unwrap().as_str(), "new");
        assert!(open_successor("other", &sealed).is_err());
    }

    #[test]
    fn the_key_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = MasterKey::load_or_create(&path, &mut SystemRng).unwrap();
        let again = MasterKey::load_or_create(&path, &mut SystemRng).unwrap();
        assert_eq!(first.derive("x"), again.derive("x"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_malformed_key_says_where_it_came_from() {
        let error = MasterKey::from_text("short", "SYMBOLON_MASTER_KEY").unwrap_err();
        assert!(error.to_string().contains("SYMBOLON_MASTER_KEY"), "{error}");
    }
}
