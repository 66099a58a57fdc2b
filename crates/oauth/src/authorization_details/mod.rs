//! `authorization_details` (RFC 9396): permission for this one thing, said in JSON and shown in words.
//!
//! An API's operator registers the types and what may stand in them, and which client may ask for which. What is of no registered type, has
//! a member that its type does not know, or lacks one that it needs is refused (§5), and so is a token request that asks for more than was
//! allowed (§6). What is allowed counts for the API that has the type, and for tokens of that API.

mod shown;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::OAuthError;
use crate::json::{holds_nul, strict};
use crate::plain_text::is_seen;
use crate::registration::{Api, Client, DetailsField, DetailsType, FieldKind};

pub use shown::{Row, Shown};

/// The name of the parameter and of the member in answers and tokens.
pub const NAME: &str = "authorization_details";
/// The longest parameter, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// So many things at once are more than anybody would read.
const MAX_DETAILS: usize = 20;

/// Why authorization details are refused (§5 `invalid_authorization_details`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetailsFailure {
    /// More than was allowed (§6).
    Grows,
    /// A member is missing that its type needs.
    Incomplete,
    /// `locations` names another place than the API that has the type.
    Location,
    /// Not a JSON array of objects with a `type`, or an endless one.
    Malformed,
    /// The client is not registered for the type.
    NotAllowed,
    /// A member that the type does not know.
    UnknownField,
    /// A type that no API has that is asked for.
    UnknownType,
    /// A member's value is not what its type says.
    Value,
}

impl DetailsFailure {
    /// For the client's developer: ASCII without quotes and backslashes.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Grows => "authorization_details go beyond what was granted",
            Self::Incomplete => "a member is missing that the type in authorization_details needs",
            Self::Location => "locations in authorization_details is not the API that has the type",
            Self::Malformed => "authorization_details must be a JSON array of objects with a type",
            Self::NotAllowed => "the client may not ask for a type in authorization_details",
            Self::UnknownField => "a member in authorization_details is unknown to its type",
            Self::UnknownType => "a type in authorization_details is unknown, or not of the API asked for",
            Self::Value => "a value in authorization_details is not what its type says",
        }
    }
}

impl From<DetailsFailure> for OAuthError {
    fn from(failure: DetailsFailure) -> Self {
        Self::AuthorizationDetails(failure)
    }
}

/// One thing, as the client wrote it, and the API it is for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The API that has its type.
    pub audience: String,
    /// What stands in it.
    pub detail: Map<String, Value>,
}

impl Detail {
    /// Its `type`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.detail.get("type").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Authorization details that were checked. `Debug` shows types only: whom somebody pays is nobody else's business.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<Detail>);

impl fmt::Debug for AuthorizationDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Detail::type_name)).finish()
    }
}

impl AuthorizationDetails {
    /// Reads the parameter of a request for these APIs. Each thing belongs to the first of them that has its type.
    ///
    /// # Errors
    /// [`OAuthError::AuthorizationDetails`].
    pub fn asked(text: &str, client: &Client, apis: &[&Api]) -> Result<Self, OAuthError> {
        let details = parse(text)?.into_iter().map(|detail| {
            let name = type_of(&detail)?;
            if !client.security.authorization_details_types.contains(name) {
                return Err(DetailsFailure::NotAllowed);
            }
            let located = |api: &&Api| is_located_at(&detail, &api.identifier);
            let having = || apis.iter().copied().filter_map(|api| Some((api, api.details_type(name)?)));
            let found = having().find(|(api, _)| located(api));
            let (api, known) = match found {
                Some(found) => found,
                None if having().next().is_some() => return Err(DetailsFailure::Location),
                None => return Err(DetailsFailure::UnknownType),
            };
            check(&detail, known)?;
            Ok(Detail { audience: api.identifier.clone(), detail })
        });
        Ok(Self(details.collect::<Result<_, _>>()?))
    }

    /// The same, if there is any. Not for session values, which no API looks into.
    ///
    /// # Errors
    /// [`OAuthError::AuthorizationDetails`].
    pub fn of_user(text: Option<&str>, client: &Client, apis: &[&Api]) -> Result<Self, OAuthError> {
        match text {
            None => Ok(Self::default()),
            Some(_) if client.gets_sessions() => Err(DetailsFailure::NotAllowed.into()),
            Some(text) => Self::asked(text, client, apis),
        }
    }

    /// What of it a token request wants; all of it if it does not say (§6, §7).
    ///
    /// # Errors
    /// It wants more.
    pub fn narrowed(&self, wanted: Option<&str>) -> Result<Self, OAuthError> {
        let Some(text) = wanted else { return Ok(self.clone()) };
        let details = parse(text)?.into_iter().map(|wanted| {
            let granted = self.0.iter().find(|granted| is_within(&wanted, &granted.detail));
            let granted = granted.ok_or(DetailsFailure::Grows)?;
            Ok(Detail { audience: granted.audience.clone(), detail: wanted })
        });
        Ok(Self(details.collect::<Result<_, DetailsFailure>>()?))
    }

    /// In the words of these APIs, for a client that may still ask for it.
    ///
    /// # Errors
    /// Something cannot be put into words any more: nobody can be asked for it.
    pub(crate) fn in_words(&self, client: &Client, apis: &[&Api]) -> Result<Vec<Shown>, OAuthError> {
        let of = |detail: &Detail| {
            let allowed = client.security.authorization_details_types.contains(detail.type_name());
            let api = apis.iter().find(|api| api.identifier == detail.audience).filter(|_| allowed);
            api.and_then(|api| detail.shown(api)).ok_or(DetailsFailure::UnknownType)
        };
        Ok(self.0.iter().map(of).collect::<Result<_, _>>()?)
    }

    /// What of it is for this API, of types that it still has and the client may still ask for.
    #[must_use]
    pub fn at(&self, client: &Client, api: Option<&Api>) -> Vec<Map<String, Value>> {
        let here = |detail: &&Detail| {
            let has = |api: &Api| api.identifier == detail.audience && api.details_type(detail.type_name()).is_some();
            api.is_some_and(has) && client.security.authorization_details_types.contains(detail.type_name())
        };
        self.0.iter().filter(here).map(|detail| detail.detail.clone()).collect()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything, in the order it was asked for.
    pub fn iter(&self) -> impl Iterator<Item = &Detail> {
        self.0.iter()
    }
}

/// The names of types that stand in the parameter, before anything else is known of it: to find the API that is meant.
pub(crate) fn types(text: &str) -> Result<Vec<String>, OAuthError> {
    let names = parse(text)?.iter().map(|detail| type_of(detail).map(str::to_owned)).collect::<Result<_, _>>();
    names.map_err(OAuthError::from)
}

fn parse(text: &str) -> Result<Vec<Map<String, Value>>, DetailsFailure> {
    if text.len() > MAX_BYTES || holds_nul(text.as_bytes()) {
        return Err(DetailsFailure::Malformed);
    }
    let details: Vec<Map<String, Value>> = strict(text.as_bytes()).ok_or(DetailsFailure::Malformed)?;
    if (1..=MAX_DETAILS).contains(&details.len()) { Ok(details) } else { Err(DetailsFailure::Malformed) }
}

/// §2: "type: … This field is REQUIRED."
fn type_of(detail: &Map<String, Value>) -> Result<&str, DetailsFailure> {
    detail.get("type").and_then(Value::as_str).ok_or(DetailsFailure::Malformed)
}

/// §2.2: "locations: An array of strings representing the location of the resource"; here nothing but the API itself.
fn is_located_at(detail: &Map<String, Value>, identifier: &str) -> bool {
    match detail.get("locations") {
        None => true,
        Some(Value::Array(places)) => !places.is_empty() && places.iter().all(|place| place == identifier),
        Some(_) => false,
    }
}

fn check(detail: &Map<String, Value>, known: &DetailsType) -> Result<(), DetailsFailure> {
    check_object(detail, &known.fields, &["locations", "type"])
}

fn check_object(object: &Map<String, Value>, fields: &[DetailsField], beside: &[&str]) -> Result<(), DetailsFailure> {
    for (name, value) in object.iter().filter(|(name, _)| !beside.contains(&name.as_str())) {
        let field = fields.iter().find(|field| field.name == *name).ok_or(DetailsFailure::UnknownField)?;
        check_value(value, field)?;
    }
    let missing = |field: &DetailsField| field.required && !object.contains_key(&field.name);
    if fields.iter().any(missing) { Err(DetailsFailure::Incomplete) } else { Ok(()) }
}

fn check_value(value: &Value, field: &DetailsField) -> Result<(), DetailsFailure> {
    let is_text = |value: &Value| {
        let plain = |text: &str| !text.is_empty() && is_seen(text);
        value.as_str().is_some_and(|text| {
            plain(text) && (field.values.is_empty() || field.values.iter().any(|known| known == text))
        })
    };
    let ok = match (field.kind, value) {
        (FieldKind::Boolean, Value::Bool(_)) | (FieldKind::Number, Value::Number(_)) => true,
        (FieldKind::Text, text) => is_text(text),
        (FieldKind::Texts, Value::Array(texts)) => !texts.is_empty() && texts.iter().all(is_text),
        (FieldKind::Object, Value::Object(object)) => return check_object(object, &field.fields, &[]),
        (FieldKind::Objects, Value::Array(objects)) if !objects.is_empty() => {
            return objects.iter().try_for_each(|object| match object {
                Value::Object(object) => check_object(object, &field.fields, &[]),
                _ => Err(DetailsFailure::Value),
            });
        }
        _ => false,
    };
    if ok { Ok(()) } else { Err(DetailsFailure::Value) }
}

/// Whether one thing asks for no more than another allows: the same members, the same values, and of a list of texts as few as it likes. A
/// member left out could mean more (a limit that is gone), so none is.
fn is_within(wanted: &Map<String, Value>, granted: &Map<String, Value>) -> bool {
    wanted.len() == granted.len()
        && wanted.iter().all(|(name, wanted)| match (wanted, granted.get(name)) {
            (Value::Array(some), Some(Value::Array(all))) => {
                !some.is_empty() && some.iter().all(|one| one.is_string() && all.contains(one)) || some == all
            }
            (wanted, granted) => granted == Some(wanted),
        })
}

#[cfg(test)]
mod tests;
