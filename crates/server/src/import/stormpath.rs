//! Stormpath: the account files of a tenant's export, one JSON text after the other. Passwords stand in `password` in Modular Crypt Format:
//! `$stormpath1$…`, `$stormpath2$…` or bcrypt.
//!
//! Left behind: custom data, groups, API keys and the directory, as there is one directory here.

use serde_json::Value;

use super::{Account, PasswordHash, claims, date, text};

const CLAIMS: [(&str, &str); 3] =
    [("givenName", "given_name"), ("middleName", "middle_name"), ("surname", "family_name")];

pub(super) fn account(record: &Value) -> Account {
    let status = record["status"].as_str().unwrap_or_default();
    let verified = record["emailVerificationStatus"] == "VERIFIED";
    Account {
        id: record["href"].as_str().and_then(|href| href.rsplit('/').next()).map(str::to_owned),
        username: text(record, "username"),
        email: text(record, "email"),
        email_verified: verified,
        name: text(record, "fullName"),
        claims: claims(record, &CLAIMS),
        roles: Vec::new(),
        // UNVERIFIED is whoever has not followed the link yet: they may sign in once they have a new one.
        blocked: status == "DISABLED",
        created_at: date::seconds(&record["createdAt"]),
        password_hash: text(record, "password").map(PasswordHash::Text),
    }
}
