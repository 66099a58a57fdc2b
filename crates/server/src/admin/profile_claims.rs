//! Profile claims that have no field of their own (OpenID Connect Core §5.1), as an operator types them: each with the JSON type it has in tokens.
//!
//! Refuses names that are no such claims, and values that would be of the wrong type or form there, or that people could not give themselves.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use symbolon_oauth::claims;

use super::AdminError;
use crate::account::profile::{MAX_ADDRESS_CHARS, MAX_NAME_CHARS, is_birthdate, is_line, zone};

/// Those that are addresses.
const OF_ADDRESSES: &[&str] = &["picture", "profile", "website"];

/// Those that are texts.
const TEXTS: &[&str] = &[
    "birthdate",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "nickname",
    "phone_number",
    "picture",
    "profile",
    "website",
    "zoneinfo",
];

/// The members of `address` (§5.1.1), written `address.country`.
const OF_ADDRESS: &[&str] = &["country", "formatted", "locality", "postal_code", "region", "street_address"];

/// The profile with these claims changed; an empty value removes one.
pub(super) fn changed(
    mut profile: Map<String, Value>,
    claims: &BTreeMap<String, String>,
    now: u64,
) -> Result<Map<String, Value>, AdminError> {
    for (name, text) in claims {
        let text = Some(text.trim()).filter(|text| !text.is_empty());
        match name.as_str() {
            "phone_number_verified" => {
                let value = text.map(|text| boolean(name, text)).transpose()?;
                put(&mut profile, name, value);
            }
            "address" => {
                let value = text.map(address).transpose()?;
                put(&mut profile, name, value);
            }
            "phone_number" => {
                // Nobody has proven anything about a new number.
                if profile.get(name).and_then(Value::as_str) != text && !claims.contains_key("phone_number_verified") {
                    profile.remove("phone_number_verified");
                }
                put(&mut profile, name, text.map(Value::from));
            }
            "birthdate" => {
                let value = text.map(|text| birthdate(text, now)).transpose()?;
                put(&mut profile, name, value);
            }
            "zoneinfo" => {
                let value = text.map(zoneinfo).transpose()?;
                put(&mut profile, name, value);
            }
            _ if TEXTS.contains(&name.as_str()) || claims::in_language(name).is_some() => {
                let value = text.map(|text| line(name, text)).transpose()?;
                put(&mut profile, name, value);
            }
            _ => match name.strip_prefix("address.").filter(|member| OF_ADDRESS.contains(member)) {
                Some(member) => put_in_address(&mut profile, member, text),
                None => return Err(unknown(name)),
            },
        }
    }
    Ok(profile)
}

fn put(profile: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => profile.insert(name.to_owned(), value),
        None => profile.remove(name),
    };
}

/// An address without members is none.
fn put_in_address(profile: &mut Map<String, Value>, member: &str, text: Option<&str>) {
    let mut address = match profile.remove("address") {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    put(&mut address, member, text.map(Value::from));
    put(profile, "address", Some(Value::Object(address)).filter(|address| address != &Value::Object(Map::new())));
}

fn boolean(name: &str, text: &str) -> Result<Value, AdminError> {
    text.parse::<bool>()
        .map(Value::Bool)
        .map_err(|_| AdminError::invalid(format!("`{name}` is true or false"), format!("--claim {name}=true")))
}

/// §5.1.1: a JSON object whose members are texts.
fn address(text: &str) -> Result<Value, AdminError> {
    let refuse = || {
        let example = "--claim address.country=DE, or address={\"country\":\"DE\"}";
        AdminError::invalid(format!("`address` is a JSON object of {}", OF_ADDRESS.join(", ")), example)
    };
    let members: Map<String, Value> = serde_json::from_str(text).map_err(|_| refuse())?;
    let good = |(name, value): (&String, &Value)| {
        OF_ADDRESS.contains(&name.as_str()) && value.as_str().is_some_and(|text| !text.is_empty())
    };
    if members.is_empty() || !members.iter().all(good) { Err(refuse()) } else { Ok(Value::Object(members)) }
}

/// §5.1: `YYYY-MM-DD`, where the year may be 0000 for one that is not told, or `YYYY` alone.
fn birthdate(text: &str, now: u64) -> Result<Value, AdminError> {
    if is_birthdate(text, now) {
        return Ok(text.into());
    }
    let why = "`birthdate` is YYYY-MM-DD, 0000-MM-DD or YYYY, from 1900 until today";
    Err(AdminError::invalid(why, "--claim birthdate=1915-12-10"))
}

/// §5.1: a name of the time zone database.
fn zoneinfo(text: &str) -> Result<Value, AdminError> {
    let unknown =
        || AdminError::invalid("`zoneinfo` is a time zone of the IANA database", "--claim zoneinfo=Europe/Vienna");
    zone(text).map(Value::from).ok_or_else(unknown)
}

/// What is read as it is written.
pub(super) fn line(name: &str, text: &str) -> Result<Value, AdminError> {
    let longest = if OF_ADDRESSES.contains(&name) { MAX_ADDRESS_CHARS } else { MAX_NAME_CHARS };
    if is_line(text, longest) {
        return Ok(text.into());
    }
    let why = format!("`{name}` is one line of at most {longest} characters, none of which hides or turns others");
    Err(AdminError::invalid(why, "write it again by hand"))
}

fn unknown(name: &str) -> AdminError {
    let of_address = OF_ADDRESS.iter().map(|member| format!("address.{member}"));
    let known: Vec<String> = TEXTS
        .iter()
        .map(|name| (*name).to_owned())
        .chain(["phone_number_verified".to_owned()])
        .chain(of_address)
        .collect();
    let texts = claims::LOCALIZED.join(", ");
    let expected = format!("one of {}; in a language, such as name#ja: {texts}", known.join(", "));
    AdminError::invalid(format!("`{name}` is not a profile claim"), expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(before: &Value, claims: &[(&str, &str)]) -> Result<Value, AdminError> {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        changed(before.as_object().unwrap().clone(), &claims, 1_790_000_000).map(Value::Object)
    }

    #[test]
    fn core_section_5_1_every_claim_gets_the_json_type_it_has_in_tokens() {
        let claims = [
            ("phone_number", "+49 30 1"),
            ("phone_number_verified", "true"),
            ("address.country", "DE"),
            ("address.locality", "Berlin"),
            ("birthdate", "0000-12-10"),
            ("zoneinfo", "Europe/Berlin"),
        ];
        assert_eq!(
            after(&json!({}), &claims).unwrap(),
            json!({
                "phone_number": "+49 30 1", "phone_number_verified": true, "address": {"country": "DE", "locality": "Berlin"},
                "birthdate": "0000-12-10", "zoneinfo": "Europe/Berlin",
            })
        );
        let in_japanese = after(&json!({}), &[("name#ja-Kana-JP", "x"), ("family_name#de", "")]).unwrap();
        assert_eq!(in_japanese, json!({ "name#ja-Kana-JP": "x" }));
        let whole = after(&json!({}), &[("address", r#"{"country":"DE"}"#)]).unwrap();
        assert_eq!(whole, json!({ "address": {"country": "DE"} }));
    }

    #[test]
    fn what_is_emptied_is_gone_and_a_new_number_is_not_verified() {
        let before =
            json!({ "phone_number": "+1", "phone_number_verified": true, "address": {"country": "DE"}, "gender": "x" });
        let emptied = after(&before, &[("address.country", ""), ("gender", " ")]).unwrap();
        assert_eq!(emptied, json!({ "phone_number": "+1", "phone_number_verified": true }));
        assert_eq!(after(&before, &[("phone_number", "+2")]).unwrap().get("phone_number_verified"), None);
        assert_eq!(after(&before, &[("phone_number", "+1")]).unwrap()["phone_number_verified"], true);
    }

    #[test]
    fn wrong_names_types_and_forms_are_refused() {
        for (name, value) in [
            ("sub", "x"),
            ("updated_at", "1"),
            ("email_verified", "true"),
            ("address.planet", "Mars"),
            ("address", "Berlin"),
            ("address", "{}"),
            ("address", r#"{"country":1}"#),
            ("address", r#"{"planet":"Mars"}"#),
            ("phone_number_verified", "yes"),
            ("birthdate", "10.12.1815"),
            ("birthdate", "1815-13-10"),
            ("birthdate", "1815-12"),
            ("birthdate", "815-12-10"),
            ("birthdate", "1915-1-1"),
            ("birthdate", "1815-12-10"),
            ("birthdate", "2999-01-01"),
            ("birthdate", "1990-02-30"),
            ("zoneinfo", "Mars/Olympus"),
            ("given_name", "Ada\u{202e}nimda"),
            ("nickname#de", "A\u{200b}da"),
            ("email#de", "x"),
            ("name#", "x"),
            ("name#de_CH", "x"),
        ] {
            assert!(after(&json!({}), &[(name, value)]).is_err(), "{name}={value}");
        }
    }
}
