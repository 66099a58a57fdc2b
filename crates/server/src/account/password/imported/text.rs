//! How other systems write a hash into one text: crypt and PHC strings, passlib, Django, Werkzeug, LDAP (RFC 2307), Shiro and Stormpath.

use super::{
    Argon2Hash, BcryptHash, DigestHash, DigestKind, HashProblem, ImportedHash, Pbkdf2Hash, Prf, SaltPlace, ScryptHash,
    Stored, number,
};

/// Reads a hash; which system wrote it shows in how it begins.
pub(super) fn read(text: &str) -> Result<ImportedHash, HashProblem> {
    let text = ["{CRYPT}", "{crypt}"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    match text.as_bytes().first() {
        Some(b'$') => modular(text),
        Some(b'{') => ldap(text),
        _ if text.contains(':') => werkzeug(text),
        _ => django(text),
    }
}

/// `$…$`: Modular Crypt Format.
fn modular(text: &str) -> Result<ImportedHash, HashProblem> {
    let mut parts = text.split('$').skip(1);
    match parts.next().unwrap_or_default() {
        "2a" | "2b" | "2x" | "2y" => Ok(BcryptHash::parse(text)?.into()),
        "argon2d" | "argon2i" | "argon2id" => Ok(Argon2Hash::parse(text)?.into()),
        "digest" => Ok(DigestHash::parse(text).ok_or(HashProblem::Malformed { scheme: "digest" })?.into()),
        "django-bcrypt-sha256" | "firebase-scrypt" | "imported" | "wrapped" => {
            Ok(ImportedHash(Stored::parse(text).ok_or(HashProblem::Malformed { scheme: "exported" })?))
        }
        "scrypt" => Ok(ScryptHash::parse(text)?.into()),
        "shiro1" | "stormpath2" => shiro(parts),
        "stormpath1" => stormpath1(parts),
        "pbkdf2" => passlib(Prf::Sha1, parts),
        name => match name.strip_prefix("pbkdf2-").and_then(Prf::named) {
            Some(_) if text.contains("$i=") => Ok(Pbkdf2Hash::parse(text)?.into()),
            Some(prf) => passlib(prf, parts),
            None => Err(HashProblem::Unknown),
        },
    }
}

/// `29000$SALT$HASH`, in an alphabet with a dot for the plus sign.
fn passlib<'a>(prf: Prf, mut parts: impl Iterator<Item = &'a str>) -> Result<ImportedHash, HashProblem> {
    let mut read = || {
        let iterations = number(parts.next()?)?;
        let mut bytes = || decode_base64(&parts.next()?.replace('.', "+"));
        let (salt, hash) = (bytes()?, bytes()?);
        parts.next().is_none().then_some((iterations, salt, hash))
    };
    let (iterations, salt, hash) = read().ok_or(HashProblem::Malformed { scheme: "PBKDF2" })?;
    Ok(Pbkdf2Hash::new(prf, iterations, salt, hash)?.into())
}

/// `SHA-512$ROUNDS$SALT$HASH`, as Apache Shiro makes it; Stormpath took such hashes over under its own name.
fn shiro<'a>(mut parts: impl Iterator<Item = &'a str>) -> Result<ImportedHash, HashProblem> {
    let mut read = || {
        let (kind, rounds) = (DigestKind::named(parts.next()?)?, number(parts.next()?)?);
        let (salt, hash) = (decode_base64(parts.next()?)?, decode_base64(parts.next()?)?);
        parts.next().is_none().then_some((kind, rounds, salt, hash))
    };
    let (kind, rounds, salt, hash) = read().ok_or(HashProblem::Malformed { scheme: "Stormpath" })?;
    Ok(DigestHash::new(kind, SaltPlace::Before, rounds, salt, hash)?.into())
}

/// `SALT$HASH`: HMAC-SHA-256 of the password, with the salt as key.
fn stormpath1<'a>(mut parts: impl Iterator<Item = &'a str>) -> Result<ImportedHash, HashProblem> {
    let mut bytes = || decode_base64(parts.next()?);
    let (Some(salt), Some(hash), None) = (bytes(), bytes(), bytes()) else {
        return Err(HashProblem::Malformed { scheme: "Stormpath" });
    };
    Ok(DigestHash::new(DigestKind::Sha256, SaltPlace::Key, 1, salt, hash)?.into())
}

/// `{SSHA}` and its like: the hash, then the salt, in one base64 text.
fn ldap(text: &str) -> Result<ImportedHash, HashProblem> {
    let (name, rest) = text.strip_prefix('{').and_then(|text| text.split_once('}')).ok_or(HashProblem::Unknown)?;
    let kind = match name.to_ascii_uppercase().as_str() {
        "MD5" | "SMD5" => DigestKind::Md5,
        "SHA" | "SSHA" => DigestKind::Sha1,
        "SHA256" | "SSHA256" => DigestKind::Sha256,
        "SHA384" | "SSHA384" => DigestKind::Sha384,
        "SHA512" | "SSHA512" => DigestKind::Sha512,
        _ => return Err(HashProblem::Unknown),
    };
    let malformed = HashProblem::Malformed { scheme: "LDAP" };
    let mut hash = decode_base64(rest).filter(|bytes| bytes.len() >= kind.output_len()).ok_or(malformed)?;
    let salt = hash.split_off(kind.output_len());
    Ok(DigestHash::new(kind, SaltPlace::After, 1, salt, hash)?.into())
}

/// `pbkdf2:sha256:600000$SALT$HEX` and `scrypt:32768:8:1$SALT$HEX`, with the salt as it stands.
fn werkzeug(text: &str) -> Result<ImportedHash, HashProblem> {
    let mut parts = text.split('$');
    let (Some(method), Some(salt), Some(hex), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(HashProblem::Unknown);
    };
    let (salt, hash) = (salt.as_bytes().to_vec(), decode_hex(hex));
    match (method.split(':').collect::<Vec<_>>().as_slice(), hash) {
        (["pbkdf2", prf, iterations], Some(hash)) => {
            let malformed = HashProblem::Malformed { scheme: "PBKDF2" };
            let (prf, iterations) = Prf::named(prf).zip(number(iterations)).ok_or(malformed)?;
            Ok(Pbkdf2Hash::new(prf, iterations, salt, hash)?.into())
        }
        (["scrypt", n, r, p], Some(hash)) => {
            let (Some(n), Some(r), Some(p)) = (number(n), number(r), number(p)) else {
                return Err(HashProblem::Malformed { scheme: "scrypt" });
            };
            Ok(ScryptHash::new(n, r, p, salt, hash)?.into())
        }
        _ => Err(HashProblem::Unknown),
    }
}

/// `ALGORITHM$…`, with the salt as it stands.
fn django(text: &str) -> Result<ImportedHash, HashProblem> {
    let (algorithm, rest) = text.split_once('$').ok_or(HashProblem::Unknown)?;
    match algorithm {
        "argon2" => return Ok(Argon2Hash::parse(&format!("${rest}"))?.into()),
        "bcrypt" => return Ok(BcryptHash::parse(rest)?.into()),
        "bcrypt_sha256" => return Ok(BcryptHash::parse(rest)?.of_hex_sha256().into()),
        _ => {}
    }
    let parts: Vec<&str> = rest.split('$').collect();
    match (algorithm, parts.as_slice()) {
        ("md5" | "sha1", [salt, hex]) => {
            let (kind, scheme) =
                if algorithm == "md5" { (DigestKind::Md5, "MD5") } else { (DigestKind::Sha1, "SHA-1") };
            let hash = decode_hex(hex).ok_or(HashProblem::Malformed { scheme })?;
            Ok(DigestHash::new(kind, SaltPlace::Before, 1, salt.as_bytes().to_vec(), hash)?.into())
        }
        ("pbkdf2_sha1" | "pbkdf2_sha256", [iterations, salt, hash]) => {
            let prf = if algorithm == "pbkdf2_sha1" { Prf::Sha1 } else { Prf::Sha256 };
            let malformed = HashProblem::Malformed { scheme: "PBKDF2" };
            let (iterations, hash) = number(iterations).zip(decode_base64(hash)).ok_or(malformed)?;
            Ok(Pbkdf2Hash::new(prf, iterations, salt.as_bytes().to_vec(), hash)?.into())
        }
        ("scrypt", [n, salt, r, p, hash]) => {
            let (Some(n), Some(r), Some(p), Some(hash)) = (number(n), number(r), number(p), decode_base64(hash)) else {
                return Err(HashProblem::Malformed { scheme: "scrypt" });
            };
            Ok(ScryptHash::new(n, r, p, salt.as_bytes().to_vec(), hash)?.into())
        }
        _ => Err(HashProblem::Unknown),
    }
}

/// Base64 in either alphabet, with or without padding.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    super::B64.decode_to_vec(text.as_bytes()).ok()
}

/// Pairs of hexadecimal digits in either case.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
