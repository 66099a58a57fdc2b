//! Key files as the other commands want them: the keys in a file, and the one that was meant.

use std::path::{Path, PathBuf};

use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
use symbolon_jose::{ContentEncryption, Error, Jwk, JwkSet, KeyManagement};
use symbolon_server::admin::NewPassword;

use super::source::{self, Found};
use crate::error::{CHECK_FAILED, CliError, FAILED, NOT_FOUND};
use crate::input::PasswordSource;
use crate::program::quoted;

/// The keys in a file.
#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
    pub(crate) set: JwkSet,
    /// Whether its form has room for `kid`, `alg` and `use`.
    pub(crate) is_json: bool,
    is_encrypted: bool,
}

impl KeyFile {
    /// Reads a file that is not encrypted.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        Self::found(path, source::read(path)?, || {
            Err(CliError::usage(
                format!("{} is encrypted with a password", path.display()),
                format!(
                    "symbolon keys convert --in {} --password-file FILE --public --to jwk",
                    quoted(&path.display().to_string())
                ),
            ))
        })
    }

    /// The same; an encrypted file asks for its password, and any other refuses one.
    pub(crate) fn read_with(path: &Path, password: &PasswordSource) -> Result<Self, CliError> {
        let found = source::read(path)?;
        source::refuse_idle_password(&path.display().to_string(), &found, password)?;
        Self::found(path, found, || password.read_existing())
    }

    fn found(
        path: &Path,
        found: Found,
        password: impl FnOnce() -> Result<NewPassword, CliError>,
    ) -> Result<Self, CliError> {
        let (set, is_json, is_encrypted) = match found {
            Found::Structure(jwk) => (JwkSet::from_iter([jwk]), false, false),
            Found::Jwk(jwk) => (JwkSet::from_iter([jwk]), true, false),
            Found::Set(set) => (set, true, false),
            Found::Encrypted(token) => {
                let jwk = source::decrypt(&path.display().to_string(), &token, password()?.0.as_bytes())?;
                (JwkSet::from_iter([jwk]), true, true)
            }
        };
        Ok(Self { path: path.to_owned(), set, is_json, is_encrypted })
    }

    /// The file in a command to copy that asks for no password: of an encrypted key the public half has to be taken out first.
    pub(crate) fn named_for_verifying(&self) -> String {
        if self.is_encrypted { "PUBLIC_KEY_FILE".to_owned() } else { quoted(&self.path.display().to_string()) }
    }

    /// The key that is named; without a name the only one.
    pub(crate) fn one(&self, kid: Option<&str>) -> Result<Jwk, CliError> {
        let named: Vec<&Jwk> =
            self.set.keys().iter().filter(|key| kid.is_none_or(|kid| key.kid() == Some(kid))).collect();
        let path = self.path.display();
        match named[..] {
            [key] => Ok(key.clone()),
            [] if kid.is_none() => Err(CliError::new(
                FAILED,
                format!("{path} holds no key that can be used ({} were skipped)", self.set.skipped()),
                "symbolon keys generate --alg ES256 --out key.jwk",
            )),
            [] => Err(CliError::new(NOT_FOUND, format!("{path} holds no key with that kid"), self.names())),
            _ => Err(CliError::usage(format!("{path} holds several keys, and none was chosen"), self.names())),
        }
    }

    /// How to name one of them.
    fn names(&self) -> String {
        let names: Vec<&str> = self.set.keys().iter().filter_map(Jwk::kid).collect();
        if names.is_empty() {
            "give the keys a kid".to_owned()
        } else {
            format!("one of these kids: {}", names.join(", "))
        }
    }
}

/// The password for every algorithm that takes one.
pub(crate) fn password_keys(password: &NewPassword) -> Result<DecryptingKeys, Error> {
    let algorithms = KeyManagement::ALL.iter().filter(|algorithm| algorithm.is_password());
    let key = |&algorithm| DecryptingKey::from_password(password.0.as_bytes(), algorithm, ContentEncryption::ALL);
    algorithms.map(key).collect()
}

pub(crate) fn wrong_password(what: &str) -> CliError {
    CliError::new(
        CHECK_FAILED,
        format!("{what} cannot be decrypted with this password"),
        "check the password: spaces count, the end of the line does not",
    )
}

/// A key that is not for what it was to be used for.
pub(crate) fn unfit(path: &Path, why: Error, hint: impl Into<String>) -> CliError {
    CliError::usage(format!("{} cannot be used for this: {why}", path.display()), hint)
}
