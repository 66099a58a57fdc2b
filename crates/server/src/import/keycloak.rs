//! Keycloak: `kc.sh export --users realm_file`, its files of users, and the older form of credentials with `hashedSaltedValue`.
//!
//! Left behind: groups, roles, required actions, attributes but for those that are claims, one-time password secrets and passkeys; service accounts are refused, as they are clients.

use serde_json::Value;

use super::{Account, PasswordHash, claims, date, text};
use crate::account::password::imported::{ImportedHash, Pbkdf2Hash, Prf, decode_base64};

pub(super) fn account(record: &Value) -> Result<Account, String> {
    if text(record, "serviceAccountClientId").is_some() {
        return Err("the account of a client, not of a person".to_owned());
    }
    let (given, family) = (text(record, "firstName"), text(record, "lastName"));
    let name = [given, family].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut claims = claims(record, &[("firstName", "given_name"), ("lastName", "family_name")]);
    for (attribute, claim) in [("locale", "locale"), ("phoneNumber", "phone_number"), ("picture", "picture")] {
        if let Some(value) = record["attributes"][attribute][0].as_str().filter(|value| !value.trim().is_empty()) {
            claims.insert(claim.to_owned(), value.to_owned());
        }
    }
    let credentials = record["credentials"].as_array().into_iter().flatten();
    let password = credentials.clone().find(|credential| credential["type"] == "password");
    Ok(Account {
        id: text(record, "id"),
        username: text(record, "username"),
        email: text(record, "email"),
        email_verified: record["emailVerified"] == true,
        name: Some(name).filter(|name| !name.is_empty()),
        claims,
        roles: Vec::new(),
        blocked: record["enabled"] == false,
        created_at: date::seconds(&record["createdTimestamp"]),
        password_hash: password.map(password_hash).transpose()?,
    })
}

/// `credentialData` and `secretData` are JSON in a text.
fn password_hash(credential: &Value) -> Result<PasswordHash, String> {
    let inner = |name: &str| credential[name].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let (data, secret) = match (inner("credentialData"), inner("secretData")) {
        (Some(data), Some(secret)) => (data, secret),
        // Before version 8.
        _ if credential["hashedSaltedValue"].is_string() => (credential.clone(), credential.clone()),
        _ => return Err("the password credential cannot be read".to_owned()),
    };
    let value = secret["value"].as_str().or_else(|| secret["hashedSaltedValue"].as_str()).unwrap_or_default();
    let salt = secret["salt"].as_str().unwrap_or_default();
    let (Some(value), Some(salt)) = (decode_base64(value), decode_base64(salt)) else {
        return Err("the password credential cannot be read".to_owned());
    };
    let iterations = data["hashIterations"].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let hash: ImportedHash = match data["algorithm"].as_str().unwrap_or_default() {
        "argon2" => return argon2(&data["additionalParameters"], iterations, &salt, &value),
        algorithm => {
            let prf = match algorithm {
                "pbkdf2" => Prf::Sha1,
                "pbkdf2-sha256" => Prf::Sha256,
                "pbkdf2-sha512" => Prf::Sha512,
                _ => return Err("the hash is of no kind that is known".to_owned()),
            };
            Pbkdf2Hash::new(prf, iterations, salt, value).map_err(|why| why.to_string())?.into()
        }
    };
    Ok(PasswordHash::Text(hash.text()))
}

/// Each parameter is a list of one text.
fn argon2(parameters: &Value, passes: u32, salt: &[u8], hash: &[u8]) -> Result<PasswordHash, String> {
    let first = |name: &str| parameters[name][0].as_str().unwrap_or_default();
    let version = match first("version") {
        "1.0" => 16,
        "1.3" => 19,
        _ => return Err("the argon2 hash cannot be read".to_owned()),
    };
    let (kind, memory, lanes) = (first("type"), first("memory"), first("parallelism"));
    let print = |bytes| base64_simd::STANDARD_NO_PAD.encode_to_string(bytes);
    let text = format!("$argon2{kind}$v={version}$m={memory},t={passes},p={lanes}${}${}", print(salt), print(hash));
    ImportedHash::read(&text).map_err(|why| why.to_string())?;
    Ok(PasswordHash::Text(text))
}
