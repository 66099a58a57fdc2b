//! Firebase: `firebase auth:export users.json`, with the password hash parameters of the project, which the console shows in a text of their own.
//!
//! Left behind: custom claims, second factors, and identities at other providers.

use serde_json::Value;

use super::{Account, PasswordHash, claims, date, text};
use crate::account::password::imported::{FirebaseHash, FirebaseSettings, ImportedHash, decode_base64};

/// The password hash parameters of a project.
#[derive(Clone)]
pub struct HashConfig(FirebaseSettings);

impl std::fmt::Debug for HashConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashConfig(********)")
    }
}

impl HashConfig {
    /// Reads what the console shows: `hash_config { algorithm: SCRYPT, base64_signer_key: …, … }`.
    ///
    /// # Errors
    /// The member that is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value = |name: &str| {
            let lines = text.split(['\n', ',', '{', '}']);
            let values = lines.filter_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix(':'));
            let value = values.map(|value| value.trim().trim_matches('"')).find(|value| !value.is_empty());
            value.ok_or_else(|| format!("{name} is missing"))
        };
        let number = |name: &str| value(name)?.parse().map_err(|_| format!("{name} is no number"));
        let bytes = |name: &str| decode_base64(value(name)?).ok_or_else(|| format!("{name} is not base64"));
        if value("algorithm")? != "SCRYPT" {
            return Err("only the algorithm SCRYPT is known, with which Firebase itself hashes".to_owned());
        }
        Ok(Self(FirebaseSettings {
            signer_key: bytes("base64_signer_key")?,
            salt_separator: bytes("base64_salt_separator")?,
            rounds: number("rounds")?,
            mem_cost: number("mem_cost")?,
        }))
    }
}

pub(super) fn account(record: &Value, config: Option<&HashConfig>) -> Result<Account, String> {
    Ok(Account {
        id: text(record, "localId"),
        username: None,
        email: text(record, "email"),
        email_verified: record["emailVerified"] == true,
        name: text(record, "displayName"),
        claims: claims(record, &[("phoneNumber", "phone_number"), ("photoUrl", "picture")]),
        roles: Vec::new(),
        blocked: record["disabled"] == true,
        created_at: date::seconds(&record["createdAt"]),
        password_hash: password_hash(record, config)?,
    })
}

fn password_hash(record: &Value, config: Option<&HashConfig>) -> Result<Option<PasswordHash>, String> {
    let Some(hash) = text(record, "passwordHash") else { return Ok(None) };
    let config = config.ok_or("a Firebase hash needs the parameters of its project")?;
    let salt = decode_base64(record["salt"].as_str().unwrap_or_default());
    let (Some(salt), Some(hash)) = (salt, decode_base64(&hash)) else {
        return Err("the Firebase scrypt hash cannot be read".to_owned());
    };
    let hash: ImportedHash = FirebaseHash::new(&config.0, salt, hash).map_err(|why| why.to_string())?.into();
    Ok(Some(PasswordHash::Text(hash.text())))
}
