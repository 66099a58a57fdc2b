//! Types of authorization details (RFC 9396 §2): an API says what may stand in them, and in what words people are asked.

use serde::{Deserialize, Serialize};

use super::Api;
use super::validate::Faults;
use crate::plain_text::is_seen;

/// How deep objects may stand in objects.
const MAX_DEPTH: usize = 4;
const MAX_FIELDS: usize = 50;

/// A type of authorization details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailsType {
    /// The value of `type`.
    #[serde(rename = "type")]
    pub name: String,
    /// What people read above it, such as "Pay once".
    pub title: String,
    /// What it comes to, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What may stand in it, beside `type` and `locations`.
    #[serde(default)]
    pub fields: Vec<DetailsField>,
}

/// A member of authorization details.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailsField {
    /// The member's name.
    pub name: String,
    /// What people read beside its value; the name if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What its value is.
    #[serde(default)]
    pub kind: FieldKind,
    /// Whether it must be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The only texts it may be, or hold; any if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What may stand in it, if it is an object or a list of objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DetailsField>,
}

/// What the value of a member is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A list of objects.
    Objects,
    /// Text.
    #[default]
    Text,
    /// A list of texts.
    Texts,
}

impl FieldKind {
    const fn holds_fields(self) -> bool {
        matches!(self, Self::Object | Self::Objects)
    }

    const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Texts)
    }
}

impl DetailsField {
    /// What people read beside its value.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }
}

impl Api {
    /// The type of that name.
    #[must_use]
    pub fn details_type(&self, name: &str) -> Option<&DetailsType> {
        self.authorization_details_types.iter().find(|known| known.name == name)
    }

    pub(super) fn check_details_types(&self, faults: &mut Faults) {
        let types = &self.authorization_details_types;
        for (at, one) in types.iter().enumerate() {
            let first = types.iter().position(|other| other.name == one.name) == Some(at);
            let result = if first { check(one) } else { Err("is listed twice") };
            faults.check_value(result, "authorization_details_types", &one.name);
        }
    }
}

fn check(one: &DetailsType) -> Result<(), &'static str> {
    if !is_line(&one.name, 200) || !one.name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be 1 to 200 printable ASCII characters without spaces");
    }
    if !is_line(&one.title, 200) {
        return Err("needs a title of 1 to 200 characters, in words for the consent page");
    }
    if one.fields.iter().any(|field| ["locations", "type"].contains(&field.name.as_str())) {
        return Err("type and locations stand in every type and are not fields");
    }
    check_fields(&one.fields, MAX_DEPTH)
}

fn check_fields(fields: &[DetailsField], depth: usize) -> Result<(), &'static str> {
    if depth == 0 || fields.len() > MAX_FIELDS {
        return Err("has too many fields, or too deep ones");
    }
    for (at, field) in fields.iter().enumerate() {
        if !is_line(&field.name, 100) || !is_seen(&field.label) {
            return Err("has a field without a name of 1 to 100 characters");
        }
        if fields.iter().position(|other| other.name == field.name) != Some(at) {
            return Err("has a field twice");
        }
        if !field.values.is_empty() && !field.kind.is_text() {
            return Err("has values for a field that is no text");
        }
        if field.kind.holds_fields() == field.fields.is_empty() {
            return Err("needs fields for each object, and for nothing else");
        }
        if field.kind.holds_fields() {
            check_fields(&field.fields, depth - 1)?;
        }
    }
    Ok(())
}

fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && is_seen(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::payments;

    fn faulty(change: impl FnOnce(&mut DetailsType)) -> bool {
        let mut api = payments();
        assert_eq!(api.validate(), Ok(()));
        change(&mut api.authorization_details_types[0]);
        api.validate().is_err_and(|faults| faults.iter().all(|fault| fault.member == "authorization_details_types"))
    }

    #[test]
    fn a_type_that_could_not_be_shown_or_checked_is_not_registered() {
        assert!(faulty(|one| one.name = String::new()));
        assert!(faulty(|one| one.name = "pay ment".to_owned()));
        assert!(faulty(|one| one.title = " ".to_owned()));
        assert!(faulty(|one| one.title = "Pay\nnow".to_owned()));
        assert!(faulty(|one| one.fields[0].name = "type".to_owned()));
        assert!(faulty(|one| one.fields[0].name = "locations".to_owned()));
        assert!(faulty(|one| one.fields.push(one.fields[0].clone())));
        assert!(faulty(|one| one.fields[0].fields.clear()), "an object of nothing");
        assert!(faulty(|one| one.fields[1].kind = FieldKind::Objects), "a list of nothing");
        assert!(faulty(|one| one.fields[0].values = vec!["x".to_owned()]));
        assert!(faulty(|one| {
            for _ in 0..5 {
                let inner = one.fields[0].clone();
                one.fields[0].fields = vec![inner];
            }
        }));
        let mut twice = payments();
        twice.authorization_details_types.push(twice.authorization_details_types[0].clone());
        assert!(twice.validate().is_err());
    }

    #[test]
    fn a_misspelt_member_is_not_taken_for_none() {
        assert!(serde_json::from_value::<DetailsType>(json!({"type": "t", "title": "T", "field": []})).is_err());
        assert!(serde_json::from_value::<DetailsField>(json!({"name": "n", "kind": "string"})).is_err());
    }
}
