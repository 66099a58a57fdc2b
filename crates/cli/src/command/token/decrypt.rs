//! `symbolon token decrypt`: the content of an encrypted token, which is asked for. Says that this proves nothing about its sender.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value, json};
use symbolon_jose::jwe::{self, Decrypted, DecryptingKey, DecryptingKeys};
use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement, base64url};

use super::encrypt::{Choice, refused_key};
use super::look::Look;
use super::with::With;
use super::{TokenSource, hide};
use crate::command::keys::file::{password_keys, wrong_password};
use crate::error::{CHECK_FAILED, CliError};
use crate::output::Output;

/// Most bytes that compressed content may become, as draft-ietf-oauth-rfc8725bis-08 §3.15 advises.
const MAX_DECOMPRESSED: usize = 250_000;

#[derive(Args, Debug)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    source: TokenSource,
    #[command(flatten)]
    with: With,
    /// Accept compressed content, of at most 250,000 bytes
    #[arg(long)]
    accept_zip: bool,
}

impl Decrypt {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        self.with.check_stdin("token", self.source.path().is_some())?;
        // First, because its header says what is needed.
        let token = self.source.read()?;
        let keys = if let Some(path) = &self.with.key {
            DecryptingKeys::single(decrypting_key(&self.with.jwk(path)?, path, self.with.choice())?)
        } else {
            if let Some(alg) = needs_key(&token) {
                let message = format!("it is encrypted with {alg}, to a key and not with a password");
                return Err(CliError::usage(message, "name the key it was encrypted to: --key FILE"));
            }
            password_keys(&self.with.password.read_existing()?)
                .map_err(|why| CliError::usage(format!("this password cannot be used: {why}"), "try another"))?
        };
        let keys: DecryptingKeys = keys.iter().map(|key| self.limited(key)).collect();
        match decrypted(&token, &keys) {
            Ok(decrypted) => {
                report(&decrypted, output);
                Ok(())
            }
            Err(Error::DecryptionFailed) if self.with.key.is_none() => Err(wrong_password("the token")),
            Err(why) => Err(refused(why, &token)),
        }
    }

    fn limited(&self, key: &DecryptingKey) -> DecryptingKey {
        if self.accept_zip { key.clone().accept_deflate(MAX_DECOMPRESSED) } else { key.clone() }
    }
}

/// The key of a file, for decrypting.
pub(super) fn decrypting_key(jwk: &Jwk, path: &Path, choice: Choice) -> Result<DecryptingKey, CliError> {
    let (alg, enc) = choice.of(jwk, path)?;
    let allowed = match enc {
        Some(enc) => vec![enc],
        None if alg == KeyManagement::Dir => {
            let message = format!("{} does not say for which enc it is", path.display());
            return Err(CliError::usage(message, "--enc A256GCM, if the key is for that"));
        }
        None => ContentEncryption::ALL.to_vec(),
    };
    DecryptingKey::from_jwk(jwk, alg, &allowed).map_err(|why| refused_key(path, jwk, why))
}

/// What the header asks for, if no password will do for any recipient.
fn needs_key(token: &str) -> Option<KeyManagement> {
    let look = Look::at(token, 0);
    let known = |header: &Map<String, Value>| header.get("alg")?.as_str().and_then(KeyManagement::from_name);
    let all: Option<Vec<KeyManagement>> = look.headers.iter().map(known).collect();
    all.filter(|all| !all.iter().any(|alg| alg.is_password()))?.first().copied()
}

/// In whichever serialization it is.
fn decrypted(token: &str, keys: &DecryptingKeys) -> Result<Decrypted, Error> {
    if !token.starts_with('{') {
        return jwe::compact::decrypt(token, keys);
    }
    let encrypted = jwe::json::Encrypted::parse(token.as_bytes())?;
    let mut why = Error::UnknownKey;
    for key in keys.iter() {
        match encrypted.decrypt(key) {
            Ok(decrypted) => return Ok(decrypted),
            // A key for an algorithm that is not there says nothing about the others.
            Err(Error::AlgorithmMismatch) if why != Error::UnknownKey => {}
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn report(decrypted: &Decrypted, output: &Output) {
    let (bytes, cty) = (decrypted.plaintext(), decrypted.cty());
    if output.is_json() {
        // The content was asked for, and the header was not.
        let [kid, typ, cty] = [decrypted.kid(), decrypted.typ(), cty].map(|said| said.map(hide::shown));
        let header = json!({ "kid": kid, "typ": typ, "cty": cty });
        return output.json(&match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "header": header, "content": text }),
            Err(_) => json!({ "header": header, "content_base64url": base64url::encode(bytes) }),
        });
    }
    output.content(bytes);
    if cty.is_some_and(|cty| cty.eq_ignore_ascii_case("JWT")) {
        output.say("the content is a signed token, which was not verified");
        // The whole could be verified in one go, but not if a password or a key of a set opens it.
        output.next("symbolon token verify --issuer URL, with this content");
    }
}

/// Why, and what to do; with the names in the header where they are names we know.
pub(super) fn refused(why: Error, token: &str) -> CliError {
    let look = Look::at(token, 0);
    let said = |name: &str| look.headers.first().and_then(|header| header.get(name)).and_then(|it| it.as_str());
    let hint = match why {
        Error::AlgorithmMismatch => match said("alg").and_then(KeyManagement::from_name) {
            Some(alg) if alg.is_password() => "it is encrypted with a password: --password-file FILE".to_owned(),
            Some(alg) => format!("if the key is for {alg}, which the header asks for: --alg {alg}"),
            None => "ask its sender to encrypt with an algorithm the key is for".to_owned(),
        },
        Error::ContentEncryptionMismatch => match said("enc").and_then(ContentEncryption::from_name) {
            Some(enc) => format!("if the key is for {enc}, which the header asks for: --enc {enc}"),
            None => "ask its sender to encrypt with one of RFC 7518 section 5".to_owned(),
        },
        Error::DecryptionFailed => "name the key it was encrypted to; or the token was changed on its way".to_owned(),
        Error::NotCompact => "pass the whole token: five parts with dots between".to_owned(),
        Error::NotEncrypted => "it is only signed and needs no key: symbolon token decode".to_owned(),
        Error::UnknownKey => "name the key whose kid stands in the header: symbolon token decode".to_owned(),
        Error::ZipUnsupported => "if you trust its sender: --accept-zip".to_owned(),
        _ => "symbolon token decode shows what it says".to_owned(),
    };
    CliError::new(CHECK_FAILED, format!("not decrypted: {why}"), hint)
}
