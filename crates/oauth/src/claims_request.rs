//! The `claims` parameter (OpenID Connect Core §5.5): single claims, into the ID token or into userinfo.
//!
//! Claims that are not ours to give are left out, as unknown scopes are. What is asked here counts as the scope that has the claim (§5.4): the client must be
//! registered for that scope, and people are asked for it. Refuses what is not well-formed or endless.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claims::{self, Profile};
use crate::error::OAuthError;
use crate::json::strict;
use crate::language::Languages;
use crate::registration::Client;
use crate::scope::Scope;

/// The longest `claims`, in bytes.
const MAX_BYTES: usize = 4 * 1024;

const INVALID: OAuthError = OAuthError::ParameterInvalid("claims");

/// Claims of the profile that were asked for by name; kept with what is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// For the ID token.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub id_token: BTreeSet<String>,
    /// For userinfo.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub userinfo: BTreeSet<String>,
    /// In which languages claims are told beside what has none (`claims_locales`, §5.2), the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locales: Vec<String>,
}

impl ClaimsRequest {
    /// Itself, unless it asks for nothing.
    #[must_use]
    pub fn some(self) -> Option<Self> {
        if self == Self::default() { None } else { Some(self) }
    }

    /// What of it the client may have as it is registered now: what was asked for when more was allowed is not given for ever.
    #[must_use]
    pub fn of_client(&self, client: &Client) -> Self {
        let may_have = |names: &BTreeSet<String>| names.iter().filter(|name| may_have(client, name)).cloned().collect();
        Self { id_token: may_have(&self.id_token), userinfo: may_have(&self.userinfo), locales: self.locales.clone() }
    }

    /// Adds to claims of the profile those that `names` asks for, then their languages.
    pub(crate) fn fill(&self, claims: &mut Map<String, Value>, profile: &Profile, names: &BTreeSet<String>) {
        claims.extend(claims::named(profile, names));
        if !self.locales.is_empty() {
            let languages = Languages::of(&self.locales, "");
            claims.extend(claims::localized(profile, claims, &languages));
        }
    }

    /// The standard scopes that have these claims.
    #[must_use]
    pub fn as_scope(&self) -> Scope {
        let has =
            |scope: &str| self.id_token.iter().chain(&self.userinfo).any(|name| claims::scope_of(name) == Some(scope));
        crate::scope::standard().filtered(has)
    }
}

/// A `claims` parameter as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What is given if it is there.
    pub(crate) claims: ClaimsRequest,
    /// Who must be the one to sign in, if somebody must (§5.5.1).
    pub(crate) sub: Option<Vec<String>>,
    /// How strongly they must have done so, if that is essential (§5.5.1.1).
    pub(crate) acr: Option<Vec<String>>,
    /// How strongly they had better have done so: a wish, as `acr_values` is (§5.5.1.1).
    pub(crate) wished_acr: Option<Vec<String>>,
}

/// One entry (§5.5.1): `null`, or what qualifies it.
#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    values: Option<Vec<Value>>,
}

impl Entry {
    /// The values it must have, if it must have some.
    fn texts(self) -> Result<Option<Vec<String>>, OAuthError> {
        if self.value.is_none() && self.values.is_none() {
            return Ok(None);
        }
        let all = self.value.into_iter().chain(self.values.unwrap_or_default());
        let text = |value| if let Value::String(text) = value { Ok(text) } else { Err(INVALID) };
        all.map(text).collect::<Result<_, _>>().map(Some)
    }
}

/// Whether the client is registered for the scope that has the claim.
fn may_have(client: &Client, name: &str) -> bool {
    claims::scope_of(name).is_some_and(|scope| client.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope)))
}

/// Reads the parameter for a client.
pub(crate) fn parse(text: &str, client: &Client) -> Result<Asked, OAuthError> {
    if text.len() > MAX_BYTES {
        return Err(INVALID);
    }
    let mut members: Map<String, Value> = strict(text.as_bytes()).ok_or(INVALID)?;
    let mut asked = Asked::default();
    for place in ["id_token", "userinfo"] {
        let entries = match members.remove(place) {
            None => continue,
            Some(Value::Object(entries)) => entries,
            Some(_) => return Err(INVALID),
        };
        for (name, entry) in entries {
            let entry: Option<Entry> = serde_json::from_value(entry).map_err(|_| INVALID)?;
            let entry = entry.unwrap_or_default();
            match name.as_str() {
                "sub" => asked.sub = entry.texts()?.or(asked.sub),
                "acr" if place == "id_token" && entry.essential => asked.acr = entry.texts()?,
                "acr" if place == "id_token" => asked.wished_acr = entry.texts()?,
                name if may_have(client, name) => {
                    let names = &mut asked.claims;
                    let names = if place == "id_token" { &mut names.id_token } else { &mut names.userinfo };
                    names.insert(name.to_owned());
                }
                _ => {}
            }
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spa;
    use serde_json::json;

    fn asked(claims: &Value) -> Result<Asked, OAuthError> {
        parse(&claims.to_string(), &spa())
    }

    #[test]
    fn claims_are_taken_by_name_and_place_and_unknown_ones_left_out_core_5_5() {
        let asked = asked(&json!({
            "userinfo": {"given_name": {"essential": true}, "email": null, "http://example.info/claims/groups": null},
            "id_token": {"auth_time": {"essential": true}, "email_verified": {"value": true}, "sub": null, "rh": null},
            "tomorrow": 1,
        }))
        .unwrap();
        let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(names(&asked.claims.userinfo), "email given_name");
        assert_eq!(names(&asked.claims.id_token), "email_verified");
        assert_eq!((asked.sub, asked.acr), (None, None));
        assert_eq!(asked.claims.as_scope().to_string(), "profile email");
        assert_eq!(ClaimsRequest::default().some(), None);
    }

    #[test]
    fn who_and_how_strongly_are_requirements_core_5_5_1() {
        let of = |claims: Value| asked(&claims).map(|asked| (asked.sub, asked.acr));
        let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(json!({"id_token": {"sub": {"value": "usr_ada"}}})), Ok((texts(&["usr_ada"]), None)));
        assert_eq!(of(json!({"userinfo": {"sub": {"values": ["a", "b"]}}})), Ok((texts(&["a", "b"]), None)));
        let acr = json!({"id_token": {"acr": {"essential": true, "values": ["x"]}}});
        assert_eq!(of(acr), Ok((None, texts(&["x"]))));
        // Voluntary, or without a value, it is a wish.
        for acr in [json!({"values": ["x"]}), json!({"essential": true}), Value::Null] {
            assert_eq!(of(json!({"id_token": {"acr": acr}})), Ok((None, None)), "{acr}");
        }
    }

    #[test]
    fn what_is_not_well_formed_or_endless_is_refused() {
        for claims in [
            json!([]),
            json!("x"),
            json!({"id_token": []}),
            json!({"userinfo": null}),
            json!({"id_token": {"email": true}}),
            json!({"id_token": {"email": {"essential": "yes"}}}),
            json!({"id_token": {"email": {"values": "x"}}}),
            json!({"id_token": {"sub": {"value": 1}}}),
            json!({"id_token": {"acr": {"essential": true, "values": [1]}}}),
            json!({"tomorrow": "x".repeat(4_096)}),
        ] {
            assert_eq!(asked(&claims), Err(INVALID), "{claims}");
        }
        for text in ["", "{", "{}x", r#"{"id_token":{},"id_token":{}}"#, r#"{"a":"\u0000"}"#] {
            assert_eq!(parse(text, &spa()), Err(INVALID), "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(parse(&format!(r#"{{"id_token":{{"email":{{"value":{deep}}}}}}}"#), &spa()), Err(INVALID));
    }

    #[test]
    fn a_client_gets_no_claim_of_a_scope_it_is_not_registered_for() {
        let client = Client { scopes: Some(Scope::parse("openid email").unwrap()), ..spa() };
        let asked = parse(r#"{"userinfo":{"email":null,"phone_number":null},"id_token":{"name":null}}"#, &client);
        let claims = asked.unwrap().claims;
        assert_eq!((claims.userinfo.len(), claims.id_token.len()), (1, 0));
        let less = Client { scopes: Some(Scope::parse("openid").unwrap()), ..spa() };
        assert_eq!((claims.of_client(&client), claims.of_client(&less)), (claims.clone(), ClaimsRequest::default()));
    }
}
