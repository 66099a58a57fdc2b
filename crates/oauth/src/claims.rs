//! From scopes to claims of the user (OpenID Connect Core §5.1, §5.4).
//!
//! Every claim has the right JSON type: `email_verified` a Boolean, `updated_at` a number, `address` an object; absent rather than
//! null or empty. Refuses names that are not standard profile claims, so nothing stored with a user can overwrite `sub` or `iss`
//! (CVE-2024-29892).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::language::{self, Languages};
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

/// Claims that people may have in several languages and scripts (§5.2), such as `name#ja-Kana-JP`.
pub const LOCALIZED: &[&str] = &["family_name", "given_name", "middle_name", "name", "nickname", "profile", "website"];

/// A claim of [`LOCALIZED`] and its language, if it is written so.
#[must_use]
pub fn in_language(name: &str) -> Option<(&str, &str)> {
    let (claim, tag) = name.split_once('#')?;
    (LOCALIZED.contains(&claim) && language::is_tag(tag)).then_some((claim, tag))
}

/// The names in `claims_supported` that come from the profile.
pub fn supported() -> impl Iterator<Item = &'static str> {
    ["name", "preferred_username", "updated_at", "email", "email_verified"]
        .into_iter()
        .chain(STORED.iter().map(|(name, _, _)| *name))
}

/// The scope that has a claim of the profile (§5.4).
pub(crate) fn scope_of(name: &str) -> Option<&'static str> {
    let name = in_language(name).map_or(name, |(claim, _)| claim);
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
    // §5.2: a language can be part of what is asked for; tags are compared without regard to case (RFC 5646 §2.1.1).
    let tagged = names.iter().filter(|name| in_language(name).is_some());
    claims.extend(tagged.filter_map(|asked| {
        let (name, value) = profile.more.iter().find(|(name, _)| name.eq_ignore_ascii_case(asked))?;
        has_type(value, Type::Text).then(|| (name.clone(), value.clone()))
    }));
    claims
}

/// What `claims` has, again in the language that fits best, where the profile has it so (`claims_locales`, §5.2): beside what has no
/// language, under a name that says which it is.
pub(crate) fn localized(profile: &Profile, claims: &Map<String, Value>, languages: &Languages) -> Map<String, Value> {
    let tagged = |claim: &'static str| {
        let of_claim = profile.more.iter().filter(|(_, value)| has_type(value, Type::Text));
        of_claim
            .filter_map(move |(name, value)| Some((in_language(name).filter(|(known, _)| *known == claim)?.1, value)))
    };
    let best = LOCALIZED.iter().filter(|claim| claims.contains_key(**claim)).filter_map(|claim| {
        let tag = languages.choose(tagged(claim).map(|(tag, _)| tag))?;
        let (_, value) = tagged(claim).find(|(known, _)| *known == tag)?;
        Some((format!("{claim}#{tag}"), value.clone()))
    });
    best.collect()
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
    fn core_section_5_2_a_claim_is_told_in_the_language_asked_for() {
        let more = json!({
            "name#ja-Kana-JP": "エイダ", "name#de": "Ada (deutsch)", "family_name#de": "Gräfin", "nickname#de": 7, "sub#de": "evil", "name#": "x",
        });
        let profile = Profile { more: more.as_object().unwrap().clone(), ..full() };
        let claims = of(&profile, &scope("openid profile"));
        assert!(claims.keys().all(|name| !name.contains('#')), "only who asks for it");
        let in_languages = |locales: &str| {
            let locales: Vec<String> = locales.split(' ').map(str::to_owned).collect();
            Value::Object(localized(&profile, &claims, &Languages::of(&locales, "")))
        };
        assert_eq!(
            in_languages("fr DE-at"),
            json!({ "name#de": "Ada (deutsch)" }),
            "what is not told is not told in German"
        );
        assert_eq!(in_languages("ja-Kana-JP de"), json!({ "name#ja-Kana-JP": "エイダ" }));
        assert_eq!(in_languages("fr"), json!({}));
        let names = ["name#DE", "family_name#de", "nickname#de", "sub#de"].map(str::to_owned).into();
        assert_eq!(
            Value::Object(named(&profile, &names)),
            json!({ "name#de": "Ada (deutsch)", "family_name#de": "Gräfin" })
        );
        assert_eq!((scope_of("name#ja"), scope_of("sub#ja"), scope_of("name#")), (Some("profile"), None, None));
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
