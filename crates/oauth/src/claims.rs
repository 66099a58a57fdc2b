//! From scopes to claims of the user (OpenID Connect Core §5.1, §5.4).
//!
//! Every claim has the right JSON type: `email_verified` a Boolean, `updated_at` a number, `address` an object; absent rather than
//! null or empty. Refuses names that are not standard profile claims, so nothing stored with a user can overwrite `sub` or `iss`
//! (CVE-2024-29892).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::scope::Scope;

/// What is known of a user beyond the identifier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// `preferred_username`.
    pub username: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: bool,
    /// Other standard claims by name, as stored.
    pub more: Map<String, Value>,
    /// `updated_at`, Unix seconds.
    pub updated_at: Option<u64>,
}

/// The JSON type a claim must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Boolean,
    Object,
    Text,
}

/// Stored claims: name, scope that asks for it, type. `name`, `email` and the like come from their own fields.
const STORED: &[(&str, &str, Type)] = &[
    ("family_name", "profile", Type::Text),
    ("given_name", "profile", Type::Text),
    ("middle_name", "profile", Type::Text),
    ("nickname", "profile", Type::Text),
    ("profile", "profile", Type::Text),
    ("picture", "profile", Type::Text),
    ("website", "profile", Type::Text),
    ("gender", "profile", Type::Text),
    ("birthdate", "profile", Type::Text),
    ("zoneinfo", "profile", Type::Text),
    ("locale", "profile", Type::Text),
    ("phone_number", "phone", Type::Text),
    ("phone_number_verified", "phone", Type::Boolean),
    ("address", "address", Type::Object),
];

/// The names in `claims_supported` that come from the profile.
pub fn supported() -> impl Iterator<Item = &'static str> {
    ["name", "preferred_username", "updated_at", "email", "email_verified"]
        .into_iter()
        .chain(STORED.iter().map(|(name, _, _)| *name))
}

/// The scope that has a claim of the profile (§5.4).
pub(crate) fn scope_of(name: &str) -> Option<&'static str> {
    match name {
        "name" | "preferred_username" | "updated_at" => Some("profile"),
        "email" | "email_verified" => Some("email"),
        _ => STORED.iter().find(|(known, _, _)| *known == name).map(|(_, scope, _)| *scope),
    }
}

/// The claims of the profile with these names, those that are there.
pub(crate) fn named(profile: &Profile, names: &BTreeSet<String>) -> Map<String, Value> {
    if names.is_empty() {
        return Map::new();
    }
    let mut claims = of(profile, &crate::scope::standard());
    claims.retain(|name, _| names.contains(name));
    claims
}

/// The claims of the profile that `scope` asks for.
///
/// ```
/// use symbolon_oauth::{Scope, claims};
/// let profile = claims::Profile { email: Some("ada@example.com".into()), email_verified: true, ..Default::default() };
/// let claims = claims::of(&profile, &Scope::parse("openid email")?);
/// assert_eq!(serde_json::to_string(&claims).unwrap(), r#"{"email":"ada@example.com","email_verified":true}"#);
/// # Ok::<(), symbolon_oauth::OAuthError>(())
/// ```
#[must_use]
pub fn of(profile: &Profile, scope: &Scope) -> Map<String, Value> {
    let Profile { username, name, email, email_verified, more, updated_at } = profile;
    let mut claims = Map::new();
    if scope.contains("profile") {
        put_text(&mut claims, "name", name.as_deref());
        put_text(&mut claims, "preferred_username", username.as_deref());
        if let Some(at) = updated_at {
            claims.insert("updated_at".to_owned(), Value::from(*at));
        }
    }
    if scope.contains("email") && put_text(&mut claims, "email", email.as_deref()) {
        claims.insert("email_verified".to_owned(), Value::Bool(*email_verified));
    }
    for (name, asked_by, kind) in STORED {
        if let Some(value) = more.get(*name).filter(|value| scope.contains(asked_by) && has_type(value, *kind)) {
            claims.insert((*name).to_owned(), value.clone());
        }
    }
    // "verified" says nothing without the number it speaks of.
    if !claims.contains_key("phone_number") {
        claims.remove("phone_number_verified");
    }
    claims
}

fn put_text(claims: &mut Map<String, Value>, name: &str, value: Option<&str>) -> bool {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => {
            claims.insert(name.to_owned(), Value::from(value));
            true
        }
        None => false,
    }
}

fn has_type(value: &Value, kind: Type) -> bool {
    match (value, kind) {
        (Value::Bool(_), Type::Boolean) => true,
        (Value::Object(members), Type::Object) => !members.is_empty(),
        (Value::String(text), Type::Text) => !text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn full() -> Profile {
        let more = json!({
            "given_name": "Ada", "phone_number": "+49 1", "phone_number_verified": false, "address": {"country": "DE"}, "birthdate": "",
            "sub": "evil", "iss": "evil", "roles": ["admin"], "picture": 7, "locale": null
        });
        Profile {
            username: Some("ada".to_owned()),
            name: Some("Ada L".to_owned()),
            email: Some("ada@example.com".to_owned()),
            email_verified: false,
            more: more.as_object().unwrap().clone(),
            updated_at: Some(1_700_000_000),
        }
    }

    #[test]
    fn a_claim_asked_for_by_name_comes_alone() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        let claims = Value::Object(named(&full(), &names(&["email", "given_name", "locale", "sub", "iss", "roles"])));
        assert_eq!(claims, json!({"email": "ada@example.com", "given_name": "Ada"}));
        assert!(named(&full(), &names(&[])).is_empty());
        for name in supported() {
            assert!(scope_of(name).is_some_and(|scope| crate::scope::STANDARD.contains(&scope)), "{name}");
        }
        assert!(["sub", "iss", "roles", "sid", "rh", "acr", "auth_time"].iter().all(|name| scope_of(name).is_none()));
    }

    #[test]
    fn openid_alone_tells_nothing() {
        assert!(of(&full(), &scope("openid")).is_empty());
    }

    #[test]
    fn types_are_the_standard_ones() {
        let claims = Value::Object(of(&full(), &scope("openid profile email phone address")));
        assert_eq!(
            claims,
            json!({
                "name": "Ada L", "preferred_username": "ada", "updated_at": 1_700_000_000, "email": "ada@example.com", "email_verified": false,
                "given_name": "Ada", "phone_number": "+49 1", "phone_number_verified": false, "address": {"country": "DE"}
            })
        );
    }

    #[test]
    fn stored_members_never_overwrite_reserved_claims_cve_2024_29892() {
        let claims = of(&full(), &scope("openid profile email phone address offline_access sub iss roles"));
        assert!(!claims.contains_key("sub") && !claims.contains_key("iss") && !claims.contains_key("roles"));
    }

    #[test]
    fn empty_null_and_wrongly_typed_values_are_absent() {
        let claims = of(&full(), &scope("profile"));
        assert!(!claims.contains_key("birthdate") && !claims.contains_key("picture") && !claims.contains_key("locale"));
        let nobody =
            Profile { more: json!({"phone_number_verified": true}).as_object().unwrap().clone(), ..Profile::default() };
        assert!(of(&nobody, &scope("profile email phone address")).is_empty());
    }
}
