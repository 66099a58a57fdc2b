//! Accounts of other systems: their exports, read record by record and turned into the one shape that is taken over.
//!
//! Pure but for the reader's file: a record goes in, an [`Account`] or a cause comes out. What a shape has beyond an account (metadata, groups, one-time
//! password secrets) is left behind, and the manual says so for each. A cause never holds a part of a hash.

mod account;
mod auth0;
mod csv;
mod date;
mod firebase;
mod keycloak;
mod parts;
mod reader;
mod stormpath;

pub use self::{
    account::{Account, PasswordHash},
    firebase::HashConfig,
    parts::HashParts,
    reader::{Item, read},
};

use std::str::FromStr;

use serde_json::Value;
use symbolon_oauth::json::holds_nul;

/// Whose export it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Auth0's bulk export and import: lines or an array.
    Auth0,
    /// A table with a header.
    Csv,
    /// `firebase auth:export users.json`.
    Firebase,
    /// A realm with its users, or a file of users.
    Keycloak,
    /// The accounts of a Stormpath export, one after the other.
    Stormpath,
    /// Our own: an [`Account`] a line.
    Symbolon,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auth0" => Self::Auth0,
            "csv" => Self::Csv,
            "firebase" => Self::Firebase,
            "keycloak" => Self::Keycloak,
            "stormpath" => Self::Stormpath,
            "symbolon" => Self::Symbolon,
            _ => return Err("one of symbolon, csv, auth0, keycloak, firebase, stormpath".to_owned()),
        })
    }
}

/// How records are read.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Whose export it is.
    pub format: Format,
    /// What all hashes of a Firebase project have in common.
    pub firebase: Option<HashConfig>,
    /// Whether people keep the ids they had; in our own shape and in a table an id that is there is always kept.
    pub ids: Ids,
}

/// Which id, the `sub` of tokens, somebody has afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The one they had.
    Keep,
    /// A new one.
    New,
}

impl Shape {
    /// The account in a record, or why there is none.
    ///
    /// # Errors
    /// The cause, for people.
    pub fn account(&self, record: Value) -> Result<Account, String> {
        let account = match self.format {
            Format::Symbolon => return serde_json::from_value(record).map_err(|why| account::cause(&why)),
            Format::Auth0 => auth0::account(&record)?,
            // An id is a column that somebody put there.
            Format::Csv => return csv::account(&record),
            Format::Firebase => firebase::account(&record, self.firebase.as_ref())?,
            Format::Keycloak => keycloak::account(&record)?,
            Format::Stormpath => stormpath::account(&record),
        };
        Ok(if self.ids == Ids::Keep { account } else { Account { id: None, ..account } })
    }

    /// The same, with what no store can keep refused.
    ///
    /// # Errors
    /// The cause, for people.
    pub fn keepable(&self, record: Value) -> Result<Account, String> {
        let account = self.account(record)?;
        let written = serde_json::to_vec(&account).map_err(|_| "cannot be written down".to_owned())?;
        if holds_nul(&written) { Err("a value holds U+0000, which cannot be kept".to_owned()) } else { Ok(account) }
    }
}

/// A member that is a text with something in it.
fn text(record: &Value, name: &str) -> Option<String> {
    record[name].as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The profile claims among these members, each with the claim that it is.
fn claims(record: &Value, names: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), text(record, from)?))).collect()
}

#[cfg(test)]
mod tests;
