//! `symbolon keys generate`: a new key, the private half into a file, the public half to standard output.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use symbolon_jose::jwe::EncryptingKey;
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyAlgorithm, KeyCurve, KeyFormat, KeyManagement};
use symbolon_server::admin::NewPassword;
use zeroize::Zeroizing;

use super::write::{self, Destination, Readers};
use crate::error::{CliError, FAILED};
use crate::input::PasswordSource;
use crate::output::Output;
use crate::program::quoted;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    symbolon keys generate --alg ES256 --out key.jwk\n  \
    symbolon keys generate --alg RS256 --bits 3072 --format pem --out key.pem --public-out key.pub.pem\n  \
    symbolon keys generate --alg ECDH-ES+A256KW --curve X25519 --out key.jwk\n  \
    symbolon keys generate --alg A256GCM --out secret.jwk                   for alg dir with enc A256GCM\n  \
    symbolon keys generate --alg Ed25519 --password-file pass.txt --out key.jwe")]
pub(crate) struct Generate {
    /// What the key is for: a signature (ES256), a key management (ECDH-ES+A256KW) or a content encryption (A256GCM)
    #[arg(long)]
    alg: String,
    /// The curve, for ECDH-ES: P-256, P-384, P-521 or X25519 [default: P-256]
    #[arg(long, value_parser = curve)]
    curve: Option<KeyCurve>,
    /// Bits of an RSA key [default: 2048]
    #[arg(long, value_parser = ["2048", "3072", "4096"])]
    bits: Option<String>,
    /// The key's identifier [default: its thumbprint]
    #[arg(long, value_parser = super::kid)]
    kid: Option<String>,
    /// How the key is written
    #[arg(long, value_enum, default_value_t = Format::Jwk)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
    /// Write the public key to this file too, in the same format
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordSource,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON Web Key
    Jwk,
    /// PKCS#8 and SPKI as text
    Pem,
    /// PKCS#8 and SPKI as bytes
    Der,
}

impl Generate {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let algorithm = algorithm(&self.alg)?;
        self.check(algorithm)?;
        if self.password.is_given() && self.format != Format::Jwk {
            return Err(CliError::usage("a password encrypts a JWK only", "leave out --format"));
        }
        let password = if self.password.is_given() { Some(self.password.read()?) } else { None };
        let key = self.key(algorithm)?;
        let private = match &password {
            Some(password) => encrypted(&key, password)?,
            None => self.format.private(&key)?,
        };
        if let Some(path) = &self.destination.out {
            write::write(path, &private, Readers::Owner, self.destination.existing())?;
        }
        if let Some((path, public)) = self.public_out.as_deref().zip(key.public()) {
            write::write(path, &self.format.public(&public)?, Readers::Everyone, self.destination.existing())?;
        }
        let public = key.public_value().ok();
        if output.is_json() {
            output.json(&self.answer(&key, public.as_ref(), &private, password.is_some())?);
            return Ok(());
        }
        if self.destination.show {
            output.line(text(&private)?.trim_end());
        } else if let Some(public) = &public {
            output.line(&public.to_string());
        }
        self.explain(output, &key, password.is_some());
        Ok(())
    }

    /// What can be refused before there is a key.
    fn check(&self, algorithm: KeyAlgorithm) -> Result<(), CliError> {
        if self.destination.out.is_none() && !self.destination.show {
            return Err(CliError::usage(
                "nothing says where the private key goes, and it is not shown unasked",
                "--out FILE, or --show",
            ));
        }
        if self.curve.is_some() && !agrees(algorithm) {
            let message = format!("{algorithm} leaves no choice of curve; only ECDH-ES does");
            return Err(CliError::usage(message, "leave out --curve"));
        }
        if self.bits.is_some() && !is_rsa(algorithm) {
            return Err(CliError::usage(format!("{algorithm} is not for RSA keys"), "leave out --bits"));
        }
        if is_secret(algorithm) && self.format != Format::Jwk {
            let message = format!("a key for {algorithm} is a shared secret, for which there is no PEM or DER");
            return Err(CliError::usage(message, "--format jwk"));
        }
        if is_secret(algorithm) && self.public_out.is_some() {
            let message = format!("a key for {algorithm} is a shared secret: it has no public half");
            return Err(CliError::usage(message, "leave out --public-out"));
        }
        if self.format == Format::Der && self.destination.show {
            return Err(CliError::usage("DER is not text that could be shown", "--out FILE, or --format pem"));
        }
        if let Some((public, private)) = self.public_out.as_ref().zip(self.destination.out.as_ref())
            && write::is_same_file(public, private)
        {
            return Err(CliError::usage("--out and --public-out name the same file", "name two files"));
        }
        for path in [&self.destination.out, &self.public_out].into_iter().flatten() {
            write::check(path, self.destination.existing())?;
        }
        Ok(())
    }

    fn key(&self, algorithm: KeyAlgorithm) -> Result<Jwk, CliError> {
        let bits = self.bits.as_deref().and_then(|bits| bits.parse().ok());
        let key = match (algorithm, self.curve, bits) {
            (KeyAlgorithm::KeyManagement(management), Some(curve), _) => Jwk::generate_on(curve, management),
            (algorithm, _, Some(bits)) => Jwk::generate_rsa(bits, algorithm),
            (algorithm, _, None) => Jwk::generate(algorithm),
        };
        let key = key.map_err(|why| failed(&why))?;
        Ok(match &self.kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    fn answer(&self, key: &Jwk, public: Option<&Value>, private: &[u8], is_encrypted: bool) -> Result<Value, CliError> {
        let mut answer = json!({
            "alg": key.key_algorithm().map(KeyAlgorithm::name),
            "encrypted": is_encrypted,
            "kid": key.kid(),
            "kty": key.kty(),
            "out": self.destination.named(),
            "public": public,
            "public_out": self.public_out.as_ref().map(|path| path.display().to_string()),
            "thumbprint_uri": key.thumbprint_uri(),
        });
        if self.destination.show {
            answer["private"] = Value::from(text(private)?.trim_end());
        }
        Ok(answer)
    }

    /// Words about the key, and what to do with it.
    fn explain(&self, output: &Output, key: &Jwk, is_encrypted: bool) {
        output.say(&format!("kid {}", key.kid().unwrap_or_default()));
        output.say(&format!("thumbprint {}", key.thumbprint_uri()));
        let secret = key.public().is_none();
        if secret {
            output.say("this is a shared secret: it has no public half, and whoever has it can do all that you can");
        }
        let Some(out) = &self.destination.out else { return };
        let what = match (is_encrypted, secret) {
            (true, _) => "the key, encrypted with the password,",
            (false, true) => "the secret",
            (false, false) => "the private key",
        };
        output.say(&format!("{what} is in {}, which only you may read", out.display()));
        output.next(&self.next(out, key, is_encrypted));
    }

    fn next(&self, out: &Path, key: &Jwk, is_encrypted: bool) -> String {
        let file = quoted(&out.display().to_string());
        let password = if is_encrypted { " --password-file PASSWORD_FILE" } else { "" };
        if key.public().is_none() {
            return format!("hand {file} to the other side on a way that nobody else can read");
        }
        // PEM and DER hold neither.
        let named = match (self.format, key.key_algorithm(), key.kid()) {
            (Format::Pem | Format::Der, Some(alg), Some(kid)) => format!(" --alg {alg} --set-kid {}", quoted(kid)),
            _ => String::new(),
        };
        match &self.public_out {
            Some(public) => {
                let public = quoted(&public.display().to_string());
                format!("symbolon keys convert --in {public} --to jwks{named} --out jwks.json")
            }
            None => format!("symbolon keys convert --in {file}{password} --public --to jwks{named} --out jwks.json"),
        }
    }
}

impl Format {
    fn private(self, key: &Jwk) -> Result<Zeroizing<Vec<u8>>, CliError> {
        match self {
            Self::Der => key.to_der(KeyFormat::Pkcs8).map_err(|why| failed(&why)),
            Self::Jwk => Ok(line(&key.to_private_json())),
            Self::Pem => {
                let pem = key.to_pem(KeyFormat::Pkcs8).map_err(|why| failed(&why))?;
                Ok(Zeroizing::new(pem.as_bytes().to_vec()))
            }
        }
    }

    fn public(self, key: &Jwk) -> Result<Vec<u8>, CliError> {
        match self {
            Self::Der => key.to_der(KeyFormat::Spki).map(|der| der.to_vec()).map_err(|why| failed(&why)),
            Self::Jwk => {
                let jwk = key.public_value().map_err(|why| failed(&why))?;
                Ok(format!("{jwk}\n").into_bytes())
            }
            Self::Pem => key.to_pem(KeyFormat::Spki).map(|pem| pem.as_bytes().to_vec()).map_err(|why| failed(&why)),
        }
    }
}

/// The whole key as the content of a JWE (RFC 7517 §7).
pub(super) fn encrypted(key: &Jwk, password: &NewPassword) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let (alg, enc) = (KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A256Gcm);
    let encrypting = EncryptingKey::from_password(password.0.as_bytes(), alg, enc).map_err(|why| failed(&why))?;
    let token = key.to_encrypted(&encrypting).map_err(|why| failed(&why))?;
    Ok(line(&token))
}

/// A line of a file, in a buffer that does not grow.
fn line(text: &str) -> Zeroizing<Vec<u8>> {
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    line
}

fn text(bytes: &[u8]) -> Result<&str, CliError> {
    std::str::from_utf8(bytes).map_err(|_| CliError::usage("DER is not text that could be shown", "--out FILE"))
}

fn failed(why: &Error) -> CliError {
    CliError::new(FAILED, format!("no key was made: {why}"), "symbolon keys generate --help")
}

fn curve(text: &str) -> Result<KeyCurve, String> {
    KeyCurve::ALL.iter().find(|curve| curve.name() == text).copied().ok_or_else(|| {
        let names: Vec<&str> = KeyCurve::ALL.iter().map(|curve| curve.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// An algorithm that a key can be made for.
fn algorithm(name: &str) -> Result<KeyAlgorithm, CliError> {
    let Some(algorithm) = KeyAlgorithm::from_name(name) else {
        return Err(unknown(name));
    };
    match algorithm {
        KeyAlgorithm::KeyManagement(KeyManagement::Dir) => Err(CliError::usage(
            "with dir the key encrypts the content itself, so it is made for the content encryption",
            "--alg A256GCM, or the enc that you use",
        )),
        KeyAlgorithm::KeyManagement(management) if management.is_password() => Err(CliError::usage(
            format!("the key of {name} is a password, which you choose"),
            "--alg A256KW for a random key; --password-file FILE with another algorithm encrypts its key",
        )),
        algorithm => Ok(algorithm),
    }
}

pub(super) fn unknown(name: &str) -> CliError {
    let all = algorithms();
    let hint = match all.iter().find(|other| other.eq_ignore_ascii_case(name)) {
        Some(other) => format!("--alg {other}"),
        None => format!("one of {}", all.join(", ")),
    };
    CliError::usage(format!("there is no algorithm {name} here"), hint)
}

/// The names of all that a key can be made for.
fn algorithms() -> Vec<&'static str> {
    let signatures = Algorithm::ALL.iter().map(|algorithm| algorithm.name());
    let with_key = |management: &&KeyManagement| **management != KeyManagement::Dir && !management.is_password();
    let managements = KeyManagement::ALL.iter().filter(with_key).map(|management| management.name());
    signatures.chain(managements).chain(ContentEncryption::ALL.iter().map(|encryption| encryption.name())).collect()
}

fn agrees(algorithm: KeyAlgorithm) -> bool {
    matches!(algorithm, KeyAlgorithm::KeyManagement(_)) && algorithm.name().starts_with("ECDH-ES")
}

fn is_rsa(algorithm: KeyAlgorithm) -> bool {
    ["RS", "PS"].iter().any(|start| algorithm.name().starts_with(start))
}

/// Whether the key is a shared secret.
const fn is_secret(algorithm: KeyAlgorithm) -> bool {
    match algorithm {
        KeyAlgorithm::ContentEncryption(_) => true,
        KeyAlgorithm::KeyManagement(management) => management.is_symmetric(),
        KeyAlgorithm::Signature(algorithm) => algorithm.is_symmetric(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_that_is_offered_has_a_key_of_the_kind_expected() {
        for name in algorithms() {
            let algorithm = algorithm(name).unwrap();
            let key = Jwk::generate(algorithm).unwrap();
            assert_eq!(is_rsa(algorithm), key.kty() == "RSA", "{name}");
            assert_eq!(is_secret(algorithm), key.kty() == "oct", "{name}");
            if let KeyAlgorithm::KeyManagement(management) = algorithm {
                assert_eq!(agrees(algorithm), Jwk::generate_on(KeyCurve::X25519, management).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn what_has_no_key_says_what_has() {
        for (name, hint) in [
            ("dir", "--alg A256GCM"),
            ("PBES2-HS512+A256KW", "--alg A256KW"),
            ("es256", "--alg ES256"),
            ("RSA1_5", "one of "),
            ("none", "one of "),
        ] {
            let error = algorithm(name).unwrap_err();
            assert!(error.problems.iter().all(|(_, said)| said.starts_with(hint)), "{name}: {error:?}");
        }
    }

    #[test]
    fn every_asymmetric_key_has_every_format() {
        for name in algorithms() {
            let key = Jwk::generate(algorithm(name).unwrap()).unwrap();
            let Some(public) = key.public() else { continue };
            for format in [Format::Der, Format::Jwk, Format::Pem] {
                assert!(!format.private(&key).unwrap().is_empty(), "{name}");
                assert!(!format.public(&public).unwrap().is_empty(), "{name}");
            }
        }
    }
}
