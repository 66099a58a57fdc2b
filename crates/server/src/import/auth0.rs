//! Auth0: the bulk export of users, the export of their hashes that its support hands out, and the shape of its bulk import with
//! `custom_password_hash`.
//!
//! Left behind: `user_metadata`, `app_metadata`, `mfa_factors`, and identities at other providers; whoever has only those comes without a password.

use serde_json::Value;

use super::{Account, HashParts, PasswordHash, claims, date, parts::Encoding, parts::SaltPosition, text};

const CLAIMS: [(&str, &str); 5] = [
    ("family_name", "family_name"),
    ("given_name", "given_name"),
    ("nickname", "nickname"),
    ("phone_number", "phone_number"),
    ("picture", "picture"),
];

pub(super) fn account(record: &Value) -> Result<Account, String> {
    let of_hashes = || record["_id"]["$oid"].as_str().map(|id| format!("auth0|{id}"));
    Ok(Account {
        id: text(record, "user_id").or_else(of_hashes),
        username: text(record, "username"),
        email: text(record, "email"),
        email_verified: record["email_verified"] == true,
        name: text(record, "name"),
        claims: claims(record, &CLAIMS),
        roles: Vec::new(),
        blocked: record["blocked"] == true,
        created_at: date::seconds(&record["created_at"]),
        password_hash: password_hash(record)?,
    })
}

fn password_hash(record: &Value) -> Result<Option<PasswordHash>, String> {
    if let Some(hash) = text(record, "passwordHash").or_else(|| text(record, "password_hash")) {
        return Ok(Some(PasswordHash::Text(hash)));
    }
    let custom = &record["custom_password_hash"];
    let Some(algorithm) = custom["algorithm"].as_str() else { return Ok(None) };
    if !matches!(custom["password"]["encoding"].as_str(), None | Some("ascii" | "utf8" | "utf-8")) {
        return Err("the password was hashed in another encoding than UTF-8".to_owned());
    }
    let (hash, salt) = (&custom["hash"], &custom["salt"]);
    let Some(value) = hash["value"].as_str() else { return Err("the hash has no value".to_owned()) };
    let parts = match algorithm {
        // In one text: the PHC form, bcrypt's own, or what LDAP keeps.
        "argon2" | "bcrypt" | "ldap" | "pbkdf2" => return Ok(Some(PasswordHash::Text(value.to_owned()))),
        "hmac" => HashParts {
            algorithm: hash["digest"].as_str().unwrap_or_default().to_owned(),
            salt: hash["key"]["value"].as_str().unwrap_or_default().to_owned(),
            salt_encoding: Some(encoding(&hash["key"]["encoding"], Encoding::Utf8)?),
            salt_position: Some(SaltPosition::Key),
            ..HashParts::default()
        },
        "md5" | "scrypt" | "sha1" | "sha256" | "sha512" => HashParts {
            algorithm: algorithm.to_owned(),
            salt: salt["value"].as_str().unwrap_or_default().to_owned(),
            salt_encoding: Some(encoding(&salt["encoding"], Encoding::Utf8)?),
            salt_position: match salt["position"].as_str() {
                Some("suffix") => Some(SaltPosition::After),
                _ => Some(SaltPosition::Before),
            },
            ..HashParts::default()
        },
        _ => return Err("the hash is of no kind that is known".to_owned()),
    };
    if algorithm == "hmac" && salt["value"].as_str().is_some_and(|salt| !salt.is_empty()) {
        return Err("an HMAC with a salt besides its key is not known".to_owned());
    }
    let number = |name: &str| custom[name].as_u64().and_then(|number| u32::try_from(number).ok());
    let of_scrypt = |value| (algorithm == "scrypt").then_some(value);
    Ok(Some(PasswordHash::Parts(Box::new(HashParts {
        hash: value.to_owned(),
        encoding: Some(encoding(&hash["encoding"], Encoding::Hex)?),
        n: of_scrypt(number("cost").unwrap_or(16_384)),
        r: of_scrypt(number("blockSize").unwrap_or(8)),
        p: of_scrypt(number("parallelization").unwrap_or(1)),
        ..parts
    }))))
}

fn encoding(value: &Value, default: Encoding) -> Result<Encoding, String> {
    Ok(match value.as_str() {
        None => default,
        Some("base64") => Encoding::Base64,
        Some("hex") => Encoding::Hex,
        Some("utf8" | "utf-8") => Encoding::Utf8,
        Some(_) => return Err("the hash is in an encoding that is not known".to_owned()),
    })
}
