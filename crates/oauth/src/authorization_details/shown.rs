//! Authorization details in words: the title of the type, and a row for each member (RFC 9396 §11: what people consent to must be clear to
//! them).

use serde_json::{Map, Value};

use super::Detail;
use crate::registration::{Api, DetailsField};

/// One thing as people see it. Text as it came: whoever puts it on a page escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub title: String,
    /// What it comes to; may be empty.
    pub description: String,
    /// Whose it is.
    pub api: String,
    /// What stands in it.
    pub rows: Vec<Row>,
}

/// A member and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}

impl Detail {
    /// In the words of the API that has its type. `None` if the type is gone.
    #[must_use]
    pub fn shown(&self, api: &Api) -> Option<Shown> {
        let known = api.details_type(self.type_name())?;
        let mut rows = Vec::new();
        object(&self.detail, &known.fields, "", &mut rows);
        Some(Shown { title: known.title.clone(), description: known.description.clone(), api: api.name.clone(), rows })
    }
}

/// In the order of the type's fields, so that the same kind of thing always looks the same.
fn object(members: &Map<String, Value>, fields: &[DetailsField], path: &str, rows: &mut Vec<Row>) {
    for field in fields {
        let Some(member) = members.get(&field.name) else { continue };
        let label = if path.is_empty() { field.label().to_owned() } else { format!("{path} · {}", field.label()) };
        value(member, field, label, rows);
    }
}

fn value(member: &Value, field: &DetailsField, label: String, rows: &mut Vec<Row>) {
    match member {
        Value::Object(members) => object(members, &field.fields, &label, rows),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            for (at, item) in items.iter().enumerate() {
                value(item, field, format!("{label} {}", at + 1), rows);
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(text).collect();
            rows.push(Row { label, value: texts.join(", ") });
        }
        member => rows.push(Row { label, value: text(member) }),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        value => value.to_string(),
    }
}
