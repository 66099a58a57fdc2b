//! `symbolon token encrypt`: content for whoever holds a key or a password.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_jose::jwe::{self, EncryptingKey, Header};
use symbolon_jose::{ContentEncryption, Error, Jwk, KeyAlgorithm, KeyManagement, jws};
use zeroize::Zeroizing;

use super::with::With;
use crate::command::keys::file::unfit;
use crate::error::CliError;
use crate::input;
use crate::output::Output;
use crate::program::quoted;

/// As much as fits into a token.
const MAX_CONTENT: usize = jwe::MAX_TOKEN_LEN;

#[derive(Args, Debug)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    with: With,
    /// What the content is (cty) [default: JWT if it is a signed token]
    #[arg(long, value_name = "TYPE")]
    cty: Option<String>,
    /// What the whole is (typ) [default: nothing]
    #[arg(long = "type", value_name = "TYPE")]
    typ: Option<String>,
    /// Read the content from this file; - is standard input [default: standard input]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Encrypt {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let file = self.file.as_deref().filter(|path| *path != "-");
        self.with.check_stdin("content", file.is_some())?;
        let key = match &self.with.key {
            Some(path) => self.with_key(path)?,
            None => self.with_password()?,
        };
        let content = match file {
            Some(path) => input::read_bytes(path, MAX_CONTENT)?,
            None => input::pipe("the content", MAX_CONTENT)?,
        };
        let (content, nested) = token_within(content);
        if nested && self.cty.is_none() {
            output.say("the content is a signed token: cty is JWT");
        }
        let cty = self.cty.as_deref().or_else(|| nested.then_some("JWT"));
        let header = Header { typ: self.typ.as_deref(), cty, ..Header::default() };
        let token = jwe::compact::encrypt(&key, &header, &content).map_err(|why| {
            CliError::usage(format!("this cannot be encrypted: {why}"), "put less into it: a token has at most 64 KiB")
        })?;
        if output.is_json() {
            let header = json!({
                "alg": key.key_management().name(), "enc": key.content_encryption().name(),
                "kid": key.kid(), "typ": self.typ, "cty": cty,
            });
            output.json(&json!({ "token": token, "header": header }));
            return Ok(());
        }
        output.line(&token);
        output.next(&match &self.with.key {
            Some(path) if key.key_management().is_symmetric() => {
                format!("symbolon token decrypt --key {}{}", quoted(&path.display().to_string()), self.with.same_key())
            }
            Some(_) => {
                format!("symbolon token decrypt --key FILE{}, with the private key", self.with.same_algorithms())
            }
            None => "symbolon token decrypt --password-file FILE".to_owned(),
        });
        Ok(())
    }

    fn with_key(&self, path: &Path) -> Result<EncryptingKey, CliError> {
        let jwk = self.with.jwk(path)?;
        let (alg, enc) = self.with.choice().of(&jwk, path)?;
        let enc = enc.unwrap_or(ContentEncryption::A256Gcm);
        EncryptingKey::from_jwk(&jwk, alg, enc).map_err(|why| refused_key(path, &jwk, why))
    }

    fn with_password(&self) -> Result<EncryptingKey, CliError> {
        let alg = self.with.alg.unwrap_or(KeyManagement::Pbes2Hs512A256Kw);
        if !alg.is_password() {
            return Err(CliError::usage(format!("{alg} needs a key, not a password"), "--key FILE"));
        }
        let password = self.with.password.read()?;
        let enc = self.with.enc.unwrap_or(ContentEncryption::A256Gcm);
        EncryptingKey::from_password(password.0.as_bytes(), alg, enc).map_err(|why| {
            CliError::usage(format!("this password cannot be used: {why}"), "use a password that is not empty")
        })
    }
}

/// What was said about the algorithms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) alg: Option<KeyManagement>,
    pub(super) enc: Option<ContentEncryption>,
}

impl Choice {
    /// The algorithms of a key: as said, as the key says, else what goes without saying for its type. `enc` only where it is fixed.
    pub(super) fn of(self, jwk: &Jwk, path: &Path) -> Result<(KeyManagement, Option<ContentEncryption>), CliError> {
        let alg = match (self.alg, jwk.key_algorithm()) {
            (Some(alg), _) | (None, Some(KeyAlgorithm::KeyManagement(alg))) => alg,
            (None, Some(KeyAlgorithm::ContentEncryption(_))) => KeyManagement::Dir,
            (None, Some(KeyAlgorithm::Signature(_))) => return Err(refused_key(path, jwk, Error::KeyUse)),
            (None, None) => natural(jwk).ok_or_else(|| {
                let message = format!("{} does not say how it encrypts", path.display());
                CliError::usage(message, "--alg A256KW, or dir with --enc A256GCM, if the key is for that")
            })?,
        };
        let own = match jwk.key_algorithm() {
            Some(KeyAlgorithm::ContentEncryption(enc)) if alg == KeyManagement::Dir => Some(enc),
            _ => None,
        };
        Ok((alg, self.enc.or(own)))
    }
}

/// The algorithm that goes without saying for a key of this type; a shared secret has none.
fn natural(jwk: &Jwk) -> Option<KeyManagement> {
    const USUAL: [KeyManagement; 2] = [KeyManagement::EcdhEsA256Kw, KeyManagement::RsaOaep256];
    let fits = |alg: &KeyManagement| EncryptingKey::from_jwk(jwk, *alg, ContentEncryption::A256Gcm).is_ok();
    USUAL.into_iter().find(fits)
}

/// Why a key neither encrypts nor decrypts, and what does.
pub(super) fn refused_key(path: &Path, jwk: &Jwk, why: Error) -> CliError {
    let make = "make a key for it: symbolon keys generate --alg ECDH-ES+A256KW --out mine.jwk";
    let hint = match (why, jwk.key_algorithm()) {
        (Error::KeyNotPrivate, _) => "name the file with the private key".to_owned(),
        (Error::KeyAlgorithm, Some(KeyAlgorithm::KeyManagement(own))) => {
            format!("the key is for {own}: leave out --alg")
        }
        (Error::KeyAlgorithm, Some(KeyAlgorithm::ContentEncryption(own))) => {
            format!("the key is for dir with {own}: leave out --alg and --enc")
        }
        _ => make.to_owned(),
    };
    unfit(path, why, hint)
}

/// The content, and whether it is a signed token; then without the end of its line.
fn token_within(content: Zeroizing<Vec<u8>>) -> (Zeroizing<Vec<u8>>, bool) {
    let trimmed = content.trim_ascii();
    let is_token = std::str::from_utf8(trimmed).is_ok_and(|text| jws::compact::Unverified::parse(text).is_ok());
    if is_token { (Zeroizing::new(trimmed.to_vec()), true) } else { (content, false) }
}

pub(super) fn management(text: &str) -> Result<KeyManagement, String> {
    KeyManagement::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = KeyManagement::ALL.iter().map(|it| it.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

pub(super) fn encryption(text: &str) -> Result<ContentEncryption, String> {
    ContentEncryption::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = ContentEncryption::ALL.iter().map(|it| it.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbolon_jose::{Algorithm, SigningKey, jwt};

    #[test]
    fn a_signed_token_is_noticed_and_nothing_else_is() {
        let key = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256).unwrap(), Algorithm::ES256).unwrap();
        let token = jwt::sign(&key, "JWT", &json!({})).unwrap();
        let (content, nested) = token_within(Zeroizing::new(format!("{token}\n").into_bytes()));
        assert_eq!((content.as_slice(), nested), (token.as_bytes(), true));
        for other in ["hello\n", "a.b.c\n", "", "1.2.3"] {
            let (content, nested) = token_within(Zeroizing::new(other.as_bytes().to_vec()));
            assert_eq!((content.as_slice(), nested), (other.as_bytes(), false));
        }
    }

    #[test]
    fn what_a_key_is_for_is_asked_of_the_key() {
        let path = Path::new("key");
        let none = Choice { alg: None, enc: None };
        let of = |jwk: &Jwk| none.of(jwk, path).map_err(|error| error.problems[0].1.clone());
        let jwk = Jwk::generate(KeyManagement::A128Kw).unwrap();
        assert_eq!(of(&jwk), Ok((KeyManagement::A128Kw, None)));
        let jwk = Jwk::generate(ContentEncryption::A128Gcm).unwrap();
        assert_eq!(of(&jwk), Ok((KeyManagement::Dir, Some(ContentEncryption::A128Gcm))));
        assert!(of(&Jwk::generate(Algorithm::ES256).unwrap()).is_err());
        let bare = Jwk::from_slice(br#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}"#).unwrap();
        assert!(of(&bare).is_err());
    }
}
