//! What comes in: key files, which are recognised by looking at them, and the password of an encrypted one. All of it is wiped.

use std::path::Path;

use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, compact};
use symbolon_jose::{ContentEncryption, Error, Jwk, JwkSet, KeyManagement};

use crate::error::{CliError, FAILED};
use crate::input::{self, PasswordSource};
use crate::program::quoted;

/// The longest file we read: that of a key set.
const MAX_LEN: usize = 512 * 1024;

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Found {
    /// PEM or DER.
    Structure(Jwk),
    /// A JWK.
    Jwk(Jwk),
    /// A JWK set.
    Set(JwkSet),
    /// A JWK in a JWE, compact.
    Encrypted(String),
}

/// A key that was read and is not taken is told apart from what is no key.
fn refused(name: &str, why: Error, hint: &str) -> CliError {
    let is_read = matches!(
        why,
        Error::CurveUnsupported
            | Error::KeyInconsistent
            | Error::KeyTypeUnsupported
            | Error::PointLowOrder
            | Error::PointOffCurve
            | Error::RsaExponent
            | Error::RsaModulusSize
    );
    let hint = if is_read { "the form is known here, and this key in it is not taken: use another" } else { hint };
    no_key(name, &why.to_string(), hint)
}

/// What a key file holds.
pub(crate) fn read(path: &Path) -> Result<Found, CliError> {
    parse(&path.display().to_string(), &input::read_bytes(path, MAX_LEN)?)
}

/// The same from standard input, which is called `name`.
pub(crate) fn read_stdin(name: &str) -> Result<Found, CliError> {
    parse(name, &input::pipe(name, MAX_LEN)?)
}

/// A password that opens nothing was meant for something else: to encrypt, perhaps.
pub(crate) fn refuse_idle_password(name: &str, found: &Found, password: &PasswordSource) -> Result<(), CliError> {
    if !password.is_given() || matches!(found, Found::Encrypted(_)) {
        return Ok(());
    }
    Err(CliError::usage(
        format!("{name} is not encrypted, so there is nothing to open with a password"),
        "leave it out; to encrypt a key with one: symbolon keys convert --new-password-file FILE",
    ))
}

fn no_key(name: &str, why: &str, hint: impl Into<String>) -> CliError {
    CliError::new(FAILED, format!("{name} is no key that can be read: {why}"), hint)
}

/// Looks at the bytes and reads what they are.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Found, CliError> {
    let trimmed = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if trimmed.first() == Some(&b'{') {
        return json(name, trimmed);
    }
    let Some(text) = std::str::from_utf8(trimmed).ok().filter(|text| !text.is_empty()) else {
        return der(name, bytes);
    };
    if text.contains("-----BEGIN ") {
        return pem(name, text).map(Found::Structure);
    }
    if text.starts_with("eyJ") && !text.contains(char::is_whitespace) {
        return match text.matches('.').count() {
            4 => Ok(Found::Encrypted(text.to_owned())),
            _ => Err(no_key(name, "it is a token, not a key", "symbolon token decode shows what it says")),
        };
    }
    if ["ssh-", "ecdsa-sha2-"].iter().any(|start| text.starts_with(start)) {
        let hint = format!("rewrite it first: ssh-keygen -e -m PKCS8 -f {}", quoted(name));
        return Err(no_key(name, "it is a public key of SSH", hint));
    }
    der(name, bytes)
}

fn json(name: &str, text: &[u8]) -> Result<Found, CliError> {
    let why = match Jwk::from_slice(text) {
        Ok(key) => return Ok(Found::Jwk(key)),
        Err(why) => why,
    };
    match JwkSet::from_slice(text) {
        Ok(set) => Ok(Found::Set(set)),
        Err(Error::KeyMemberMissing("keys")) => Err(refused(name, why, "check that it is a JWK (RFC 7517)")),
        Err(why) => Err(no_key(name, &why.to_string(), "check that it is a JWK or a JWK set (RFC 7517)")),
    }
}

fn der(name: &str, bytes: &[u8]) -> Result<Found, CliError> {
    let hint = "PEM, DER, a JWK, a JWK set or an encrypted JWK can be read";
    if bytes.first() != Some(&0x30) {
        return Err(no_key(name, "it is none of the forms that are known here", hint));
    }
    Jwk::from_der(bytes).map(Found::Structure).map_err(|why| refused(name, why, hint))
}

/// The one key of a PEM text; `openssl ecparam` writes the curve before it.
fn pem(name: &str, text: &str) -> Result<Jwk, CliError> {
    let blocks: Vec<(&str, &str)> = blocks(text).into_iter().filter(|(label, _)| *label != "EC PARAMETERS").collect();
    let (label, block) = match blocks.as_slice() {
        [one] => *one,
        [] => return Err(no_key(name, "its PEM has no end", "check that the file is whole")),
        [_, _, ..] => {
            let why = format!("it holds {} PEM blocks", blocks.len());
            return Err(no_key(name, &why, "put each key into a file of its own"));
        }
    };
    let file = quoted(name);
    let (why, hint) = match label {
        "CERTIFICATE" => {
            ("it is a certificate", format!("take the key out of it: openssl x509 -in {file} -pubkey -noout"))
        }
        "ENCRYPTED PRIVATE KEY" => ("it is encrypted", format!("decrypt it first: openssl pkey -in {file} -out FILE")),
        "OPENSSH PRIVATE KEY" => {
            ("it is a key of OpenSSH", format!("rewrite a copy of it: ssh-keygen -p -m PKCS8 -f {file}"))
        }
        _ if block.contains("ENCRYPTED") => {
            ("it is encrypted", format!("decrypt it first: openssl pkey -in {file} -out FILE"))
        }
        _ => {
            let hint = "PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY and RSA PUBLIC KEY can be read";
            return Jwk::from_pem(block).map_err(|why| refused(name, why, hint));
        }
    };
    Err(no_key(name, why, hint))
}

/// The blocks of a PEM text, with their labels.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let block = &rest[start..];
        let Some((label, _)) = block["-----BEGIN ".len()..].split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        let Some(at) = block.find(&end) else { break };
        let (block, after) = block.split_at(at + end.len());
        blocks.push((label, block));
        rest = after;
    }
    blocks
}

/// The key in an encrypted JWK.
pub(crate) fn decrypt(name: &str, token: &str, password: &[u8]) -> Result<Jwk, CliError> {
    let unreadable = |why: Error| no_key(name, &why.to_string(), "check that it is a JWK encrypted with a password");
    let alg = compact::Encrypted::parse(token).map_err(unreadable)?.alg().to_owned();
    let Some(alg) = KeyManagement::from_name(&alg).filter(|alg| alg.is_password()) else {
        let why = format!("it is encrypted with {alg}, not with a password");
        return Err(no_key(name, &why, "ask whoever made it for one encrypted with a password (PBES2)"));
    };
    let key = DecryptingKey::from_password(password, alg, ContentEncryption::ALL).map_err(unreadable)?;
    Jwk::from_encrypted(token, &DecryptingKeys::single(key)).map_err(|why| match why {
        Error::DecryptionFailed => super::file::wrong_password(name),
        Error::HeaderMemberInvalid("cty") => no_key(
            name,
            "it is something else that was encrypted, such as a key set",
            "ask for the key itself, encrypted",
        ),
        why => unreadable(why),
    })
}

#[cfg(test)]
mod tests {
    use symbolon_jose::{Algorithm, KeyFormat};

    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        let error = parse("FILE", bytes).unwrap_err();
        let (message, hint) = error.problems.into_iter().next().unwrap();
        format!("{message}; {hint}")
    }

    #[test]
    fn every_form_is_recognised() {
        let key = Jwk::generate(Algorithm::ES256).unwrap();
        let is = |found: &Found| match found {
            Found::Structure(_) => "structure",
            Found::Jwk(_) => "jwk",
            Found::Set(_) => "set",
            Found::Encrypted(_) => "encrypted",
        };
        for format in [KeyFormat::Pkcs8, KeyFormat::Sec1, KeyFormat::Spki] {
            let pem = key.to_pem(format).unwrap();
            assert_eq!(is(&parse("FILE", pem.as_bytes()).unwrap()), "structure");
            assert_eq!(is(&parse("FILE", &key.to_der(format).unwrap()).unwrap()), "structure");
            let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
            let behind = [parameters, pem.as_str()].concat();
            assert_eq!(is(&parse("FILE", behind.as_bytes()).unwrap()), "structure");
        }
        let jwk = key.to_private_json();
        assert_eq!(is(&parse("FILE", jwk.as_bytes()).unwrap()), "jwk");
        assert_eq!(is(&parse("FILE", format!("\u{feff} {}\r\n", jwk.as_str()).as_bytes()).unwrap()), "jwk");
        assert_eq!(is(&parse("FILE", format!("{{\"keys\":[{}]}}", jwk.as_str()).as_bytes()).unwrap()), "set");
        assert_eq!(is(&parse("FILE", b"eyJh.b.c.d.e\n").unwrap()), "encrypted");
    }

    #[test]
    fn what_is_no_key_is_named() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (bytes, said) in [
            (String::new(), "none of the forms"),
            ("hello".to_owned(), "none of the forms"),
            ("0\u{1}".to_owned(), "no key that can be read"),
            ("{}".to_owned(), "RFC 7517"),
            ("eyJh.b.c".to_owned(), "a token"),
            ("ssh-ed25519 AAAA ada".to_owned(), "ssh-keygen -e"),
            (block("CERTIFICATE"), "openssl x509"),
            (block("ENCRYPTED PRIVATE KEY"), "openssl pkey"),
            (block("OPENSSH PRIVATE KEY"), "ssh-keygen -p"),
            (block("PUBLIC KEY").repeat(2), "2 PEM blocks"),
            (block("PUBLIC KEY").replace("END", "END "), "has no end"),
            (block("NONSENSE"), "RSA PUBLIC KEY"),
        ] {
            let refusal = refusal(bytes.as_bytes());
            assert!(refusal.contains(said), "{bytes:?}: {refusal}");
        }
    }
}
