//! `symbolon keys convert`: a key file in another form.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{Error, Jwk, JwkSet, KeyAlgorithm, KeyFormat};
use zeroize::Zeroizing;

use super::generate::{encrypted, unknown};
use super::source::{self, Found};
use super::write::{self, Destination, Readers};
use crate::error::{CliError, FAILED, NOT_FOUND};
use crate::input::{self, PasswordSource};
use crate::output::Output;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    symbolon keys convert --in key.pem --alg RS256 --thumbprint-kid --out key.jwk\n  \
    symbolon keys convert --in key.jwk --public                      the public key as PEM\n  \
    symbolon keys convert --in key.jwk --public --to jwks --out jwks.json\n  \
    symbolon keys convert --in jwks.json --kid 2026-01 --to spki\n  \
    symbolon keys convert --in key.jwk --new-password-file pass.txt --out key.jwe\n  \
    symbolon keys convert --in key.jwe --password-file pass.txt --to pkcs8 --out key.pem")]
pub(crate) struct Convert {
    /// The key file, or - for standard input
    #[arg(long = "in", value_name = "FILE")]
    input: PathBuf,
    /// Which key of a set
    #[arg(long, value_parser = super::kid)]
    kid: Option<String>,
    /// The form to write [default: jwk of PEM, DER and an encrypted JWK; pkcs8 or spki of a JWK]
    #[arg(long, value_enum)]
    to: Option<Form>,
    /// Write DER, not PEM
    #[arg(long)]
    der: bool,
    /// Write the public half only
    #[arg(long)]
    public: bool,
    /// Bind the key to this algorithm
    #[arg(long)]
    alg: Option<String>,
    /// Give the key this identifier
    #[arg(long, value_name = "KID", value_parser = super::kid, conflicts_with = "thumbprint_kid")]
    set_kid: Option<String>,
    /// Give the key its thumbprint as identifier
    #[arg(long)]
    thumbprint_kid: bool,
    /// Say what the key is for: signatures or encryption
    #[arg(long = "use", value_name = "USE")]
    purpose: Option<Use>,
    #[command(flatten)]
    password: PasswordSource,
    /// Encrypt what is written with the password in this file
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

/// What a key is for (RFC 7517 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Use {
    /// Signatures
    Sig,
    /// Encryption
    Enc,
}

/// A form in which a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// JSON Web Key
    Jwk,
    /// JSON Web Key set
    Jwks,
    /// PRIVATE KEY: any private key
    Pkcs8,
    /// RSA PRIVATE KEY
    Pkcs1,
    /// RSA PUBLIC KEY
    Pkcs1Public,
    /// EC PRIVATE KEY
    Sec1,
    /// PUBLIC KEY: any public key
    Spki,
}

/// What goes out.
struct Written {
    bytes: Zeroizing<Vec<u8>>,
    readers: Readers,
    is_encrypted: bool,
}

impl Convert {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        if self.der && self.destination.out.is_none() {
            return Err(CliError::usage("DER is not text that could be shown", "--out FILE, or leave out --der"));
        }
        if let Some(path) = &self.destination.out {
            write::check(path, self.destination.existing())?;
        }
        let alg =
            self.alg.as_deref().map(|alg| KeyAlgorithm::from_name(alg).ok_or_else(|| unknown(alg))).transpose()?;
        let (keys, form) = self.keys(output)?;
        if self.set_kid.is_some() && keys.len() > 1 {
            return Err(CliError::usage(
                "several keys cannot have one kid",
                "choose one with --kid, or --thumbprint-kid",
            ));
        }
        let keys = keys.into_iter().map(|key| self.prepared(key, alg)).collect::<Result<Vec<Jwk>, CliError>>()?;
        let written = self.write(&keys, form)?;
        let is_secret = written.readers == Readers::Owner && !written.is_encrypted;
        if is_secret && self.destination.out.is_none() && !self.destination.show {
            return Err(CliError::usage(
                "this is a private key or a shared secret, which is not shown unasked",
                "--out FILE, or --show, or --public for the public half",
            ));
        }
        if let Some(path) = &self.destination.out {
            write::write(path, &written.bytes, written.readers, self.destination.existing())?;
        }
        self.tell(output, &keys, form, &written);
        Ok(())
    }

    /// The keys of the file that are meant, and the form to write.
    fn keys(&self, output: &Output) -> Result<(Vec<Jwk>, Form), CliError> {
        let stdin = self.input == Path::new("-");
        if stdin && self.password.is_stdin() {
            return Err(CliError::usage(
                "standard input cannot be both the key and the password",
                "--password-file FILE",
            ));
        }
        let name = if stdin { "standard input".to_owned() } else { self.input.display().to_string() };
        let found = if stdin { source::read_stdin(&name)? } else { source::read(&self.input)? };
        source::refuse_idle_password(&name, &found, &self.password)?;
        let set = match found {
            Found::Encrypted(token) => {
                if !self.password.is_given() && (stdin || !std::io::stdin().is_terminal()) {
                    return Err(CliError::usage(format!("{name} is encrypted"), "--password-file FILE"));
                }
                let key = source::decrypt(&name, &token, self.password.read_existing()?.0.as_bytes())?;
                return Ok((self.one(&name, key)?, self.to.unwrap_or(Form::Jwk)));
            }
            Found::Jwk(key) => {
                let form = self.form_of(&key);
                return Ok((self.one(&name, key)?, self.to.unwrap_or(form)));
            }
            Found::Structure(key) => return Ok((self.one(&name, key)?, self.to.unwrap_or(Form::Jwk))),
            Found::Set(set) => set,
        };
        if set.skipped() > 0 {
            let count = if set.skipped() == 1 { "one key".to_owned() } else { format!("{} keys", set.skipped()) };
            output.say(&format!("{count} of {name} left out: malformed, or of a kind unknown here"));
        }
        let keys = choose(&name, &set, self.kid.as_deref(), self.to == Some(Form::Jwks))?;
        let form = keys.first().map_or(Form::Jwks, |key| self.form_of(key));
        Ok((keys, self.to.unwrap_or(form)))
    }

    /// What a JWK becomes unless said otherwise: what is to be said about it, only a JWK can say.
    fn form_of(&self, key: &Jwk) -> Form {
        let named = self.alg.is_some() || self.set_kid.is_some() || self.thumbprint_kid || self.purpose.is_some();
        if named || self.new_password_file.is_some() { Form::Jwk } else { Form::of(key, self.public) }
    }

    /// A key on its own, if it is the one that was named.
    fn one(&self, name: &str, key: Jwk) -> Result<Vec<Jwk>, CliError> {
        match &self.kid {
            Some(kid) if key.kid() != Some(kid) => Err(no_such(name, kid, &[key])),
            _ => Ok(vec![key]),
        }
    }

    /// The key with what it is to say about itself.
    fn prepared(&self, key: Jwk, alg: Option<KeyAlgorithm>) -> Result<Jwk, CliError> {
        let mut key = match alg {
            Some(alg) => {
                let own = key.key_algorithm();
                key.with_algorithm(alg).map_err(|why| not_for(alg, own, &why))?
            }
            None => key,
        };
        if let Some(purpose) = self.purpose {
            key = with_purpose(key, purpose)?;
        }
        if let Some(kid) = &self.set_kid {
            key = key.with_kid(kid);
        } else if self.thumbprint_kid {
            // RFC 7638 §7: whoever reads a header could try secrets against it.
            if key.kty() == "oct" {
                let message = "the thumbprint of a shared secret is a hash of it, and a kid is for everyone to read";
                return Err(CliError::usage(message, "--set-kid KID"));
            }
            let kid = key.thumbprint_base64url();
            key = key.with_kid(kid);
        }
        if !self.public {
            return Ok(key);
        }
        key.public().ok_or_else(|| CliError::usage("a shared secret has no public half", "leave out --public"))
    }

    fn write(&self, keys: &[Jwk], form: Form) -> Result<Written, CliError> {
        if let Some(password) = &self.new_password_file {
            return self.write_encrypted(keys, form, password);
        }
        let Some(format) = form.structure() else {
            if self.der {
                return Err(CliError::usage("there is no DER of a JWK", "--to pkcs8 or --to spki"));
            }
            let readers = if keys.iter().any(Jwk::is_private) { Readers::Owner } else { Readers::Everyone };
            return Ok(Written { bytes: json_of(keys, form), readers, is_encrypted: false });
        };
        let [key] = keys else {
            return Err(CliError::usage(
                format!("{} holds one key", form.name()),
                "--to jwks, or choose one with --kid",
            ));
        };
        if key.kty() == "oct" {
            return Err(CliError::usage("a shared secret has no PEM or DER form", "--to jwk"));
        }
        if form.is_private() && !key.is_private() {
            let message = format!("{} holds a private key, and this is a public one", form.name());
            return Err(CliError::usage(message, "--to spki"));
        }
        let refused = |why: Error| {
            let message = format!("this {} key has no {} form: {why}", key.kty(), form.name());
            let hint = if form.is_private() { "--to pkcs8" } else { "--to spki" };
            CliError::usage(message, hint)
        };
        let bytes = if self.der {
            key.to_der(format).map_err(refused)?
        } else {
            let pem = key.to_pem(format).map_err(refused)?;
            Zeroizing::new(pem.as_bytes().to_vec())
        };
        let readers = if form.is_private() { Readers::Owner } else { Readers::Everyone };
        Ok(Written { bytes, readers, is_encrypted: false })
    }

    /// The whole key as the content of a JWE (RFC 7517 §7).
    fn write_encrypted(&self, keys: &[Jwk], form: Form, password: &Path) -> Result<Written, CliError> {
        let (Form::Jwk, [key], false) = (form, keys, self.der) else {
            return Err(CliError::usage(
                "a password encrypts one JWK and nothing else",
                "--to jwk, with --kid for one of several",
            ));
        };
        if !key.is_private() {
            return Err(CliError::usage("a public key has nothing to hide", "leave out --new-password-file"));
        }
        let bytes = encrypted(key, &input::new_password_file(password)?)?;
        Ok(Written { bytes, readers: Readers::Owner, is_encrypted: true })
    }

    fn tell(&self, output: &Output, keys: &[Jwk], form: Form, written: &Written) {
        let private = written.readers == Readers::Owner;
        let to_stdout = self.destination.out.is_none();
        let text = std::str::from_utf8(&written.bytes).unwrap_or_default().trim_end();
        if output.is_json() {
            let about = |key: &Jwk| json!({ "alg": key.key_algorithm().map(KeyAlgorithm::name), "kid": key.kid(), "kty": key.kty() });
            let mut answer = json!({
                "form": form.name(),
                "keys": keys.iter().map(about).collect::<Vec<Value>>(),
                "encrypted": written.is_encrypted,
                "out": self.destination.named(),
                "private": private,
            });
            if to_stdout {
                answer["text"] = Value::from(text);
            }
            return output.json(&answer);
        }
        match &self.destination.out {
            None => output.line(text),
            Some(path) if private => {
                let encrypted = if written.is_encrypted { ", encrypted with the password," } else { "" };
                output.say(&format!("the key{encrypted} is in {}, which only you may read", path.display()));
            }
            Some(path) => output.say(&format!("the public key is in {}", path.display())),
        }
        hint(output, keys, form);
    }
}

/// What a JWK made of a PEM lacks, and what a PEM made of a JWK has lost.
fn hint(output: &Output, keys: &[Jwk], form: Form) {
    let [key] = keys else { return };
    match (form.structure(), key.kid()) {
        (Some(_), Some(kid)) => output.say(&format!("{} does not hold the kid, which was {kid}", form.name())),
        (None, kid) if kid.is_none() || key.key_algorithm().is_none() => {
            output.say("the key does not say its kid or its algorithm: --thumbprint-kid and --alg ALG add them");
        }
        _ => {}
    }
}

impl Form {
    /// What a JWK becomes unless said otherwise.
    fn of(key: &Jwk, public: bool) -> Self {
        match (key.kty(), key.is_private() && !public) {
            ("oct", _) => Self::Jwk,
            (_, true) => Self::Pkcs8,
            (_, false) => Self::Spki,
        }
    }

    const fn structure(self) -> Option<KeyFormat> {
        match self {
            Self::Jwk | Self::Jwks => None,
            Self::Pkcs1 => Some(KeyFormat::Pkcs1),
            Self::Pkcs1Public => Some(KeyFormat::Pkcs1Public),
            Self::Pkcs8 => Some(KeyFormat::Pkcs8),
            Self::Sec1 => Some(KeyFormat::Sec1),
            Self::Spki => Some(KeyFormat::Spki),
        }
    }

    /// Whether it can hold nothing but a private key.
    const fn is_private(self) -> bool {
        matches!(self, Self::Pkcs1 | Self::Pkcs8 | Self::Sec1)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Jwk => "jwk",
            Self::Jwks => "jwks",
            Self::Pkcs1 => "pkcs1",
            Self::Pkcs1Public => "pkcs1-public",
            Self::Pkcs8 => "pkcs8",
            Self::Sec1 => "sec1",
            Self::Spki => "spki",
        }
    }
}

/// The keys of a set that are meant.
fn choose(name: &str, set: &JwkSet, kid: Option<&str>, all: bool) -> Result<Vec<Jwk>, CliError> {
    let keys: Vec<Jwk> = set.keys().iter().filter(|key| kid.is_none() || key.kid() == kid).cloned().collect();
    match (keys.len(), kid) {
        (0, Some(kid)) => Err(no_such(name, kid, set.keys())),
        (0, None) => Err(CliError::new(FAILED, format!("{name} holds no key"), "check the path")),
        (2.., None) if !all => {
            let kids: Vec<&str> = keys.iter().filter_map(Jwk::kid).collect();
            let hint = if kids.is_empty() {
                "--to jwks for all; without kids one cannot be chosen".to_owned()
            } else {
                format!("--kid KID for one of {}; --to jwks for all", kids.join(", "))
            };
            Err(CliError::usage(format!("{name} holds {} keys", keys.len()), hint))
        }
        (2.., Some(kid)) if !all => Err(CliError::usage(
            format!("{name} holds {} keys with the kid {kid}", keys.len()),
            "--to jwks takes them all",
        )),
        _ => Ok(keys),
    }
}

/// JWK or JWK set, in a buffer that does not grow.
fn json_of(keys: &[Jwk], form: Form) -> Zeroizing<Vec<u8>> {
    let keys: Vec<Zeroizing<String>> = keys.iter().map(Jwk::to_private_json).collect();
    let (before, after) = if form == Form::Jwks { ("{\"keys\":[", "]}\n") } else { ("", "\n") };
    let len = keys.iter().map(|key| key.len() + 1).sum::<usize>() + before.len() + after.len();
    let mut text = Zeroizing::new(Vec::with_capacity(len));
    text.extend_from_slice(before.as_bytes());
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(key.as_bytes());
    }
    text.extend_from_slice(after.as_bytes());
    text
}

fn no_such(name: &str, kid: &str, keys: &[Jwk]) -> CliError {
    let kids: Vec<&str> = keys.iter().filter_map(Jwk::kid).collect();
    let hint = if kids.is_empty() { "leave out --kid".to_owned() } else { format!("--kid {}", kids.join(" or ")) };
    CliError::new(NOT_FOUND, format!("{name} holds no key with the kid {kid}"), hint)
}

fn not_for(alg: KeyAlgorithm, own: Option<KeyAlgorithm>, why: &Error) -> CliError {
    match own {
        Some(own) => CliError::usage(format!("the key is for {own}, not for {alg}"), "leave out --alg"),
        None => {
            CliError::usage(format!("the key does not fit {alg}: {why}"), "name another algorithm, or leave out --alg")
        }
    }
}

fn with_purpose(key: Jwk, purpose: Use) -> Result<Jwk, CliError> {
    let (purpose, word, other) = match purpose {
        Use::Sig => (Purpose::Signature, "signatures", "encryption"),
        Use::Enc => (Purpose::Encryption, "encryption", "signatures"),
    };
    key.with_purpose(purpose)
        .map_err(|_| CliError::usage(format!("the key is for {other}, not for {word}"), "leave out --use"))
}

#[cfg(test)]
mod tests {
    use symbolon_jose::Algorithm;

    use super::*;

    fn key(kid: &str) -> Jwk {
        Jwk::generate(Algorithm::ES256).unwrap().with_kid(kid)
    }

    #[test]
    fn a_set_is_written_as_it_is_read() {
        let keys = [key("a"), key("b")];
        let text = json_of(&keys, Form::Jwks);
        let set = JwkSet::from_slice(&text).unwrap();
        assert_eq!(set.keys().iter().filter_map(Jwk::kid).collect::<Vec<_>>(), ["a", "b"]);
        assert!(set.keys().iter().all(Jwk::is_private));
        assert!(Jwk::from_slice(&json_of(&keys[..1], Form::Jwk)).is_ok());
    }

    #[test]
    fn one_key_of_a_set_is_meant() {
        let set: JwkSet = [key("a"), key("b"), key("b")].into_iter().collect();
        let code = |kid, all| choose("FILE", &set, kid, all).map(|keys| keys.len()).map_err(|error| error.code);
        assert_eq!(code(Some("a"), false), Ok(1));
        assert_eq!(code(Some("b"), true), Ok(2));
        assert_eq!(code(None, true), Ok(3));
        assert_eq!(code(Some("c"), true), Err(NOT_FOUND));
        assert_eq!(code(Some("b"), false), Err(crate::error::USAGE));
        assert_eq!(code(None, false), Err(crate::error::USAGE));
        assert_eq!(choose("FILE", &JwkSet::default(), None, false).unwrap_err().code, FAILED);
    }

    #[test]
    fn names_are_those_of_the_options() {
        for form in Form::value_variants() {
            assert_eq!(form.to_possible_value().unwrap().get_name(), form.name());
        }
    }

    #[test]
    fn a_jwk_becomes_what_can_hold_it() {
        assert_eq!(Form::of(&key("a"), false), Form::Pkcs8);
        assert_eq!(Form::of(&key("a"), true), Form::Spki);
        assert_eq!(Form::of(&key("a").public().unwrap(), false), Form::Spki);
        assert_eq!(Form::of(&Jwk::generate(Algorithm::HS256).unwrap(), false), Form::Jwk);
    }
}
