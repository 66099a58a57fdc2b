//! The list of what is moved: tables in the order of their dependencies, columns with neutral types, keys. A migration that adds to the
//! schema must add here; each adapter's test compares the list with the real schema.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The version of the schema that the list describes. Every engine counts its migrations so that the same number means the same tables.
pub const SCHEMA: u32 = 10;

/// The key in `meta` under which a half-filled store says of what it is a copy.
pub const MARK: &str = "transfer";

/// What a column holds, whatever the engine calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bytes.
    Blob,
    /// True or false; an engine without that type has 0 and 1.
    Boolean,
    /// A signed number of 64 bits.
    Integer,
    /// UTF-8.
    Text,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it holds, besides NULL.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Which of them are the key, by name and in order. Text and bytes compare byte by byte.
    pub key: Vec<Cow<'static, str>>,
}

impl Table {
    /// Whether a new store has rows in it, which those that are moved replace.
    pub fn is_seeded(&self) -> bool {
        matches!(&*self.name, "meta" | "registry" | "revocation_head" | "audit_retention")
    }

    /// What every reader adds to its WHERE.
    pub fn filter(&self) -> &'static str {
        if self.name == "meta" { "key <> 'transfer'" } else { "1 = 1" }
    }

    /// The names of the columns, for a statement.
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(", ")
    }

    /// Where the columns of the key stand among the columns.
    pub fn key_positions(&self) -> Vec<usize> {
        let position = |name: &Cow<'static, str>| self.columns.iter().position(|column| column.name == *name);
        self.key.iter().filter_map(position).collect()
    }

    /// The key of a row.
    pub fn key_of(&self, row: &[super::Value]) -> Vec<super::Value> {
        self.key_positions().into_iter().filter_map(|position| row.get(position).cloned()).collect()
    }

    /// Whether all names are plain, so that they can stand in a statement.
    pub fn is_plain(&self) -> bool {
        let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let names = self.columns.iter().map(|column| &column.name);
        let is_key = self.key_positions().len() == self.key.len() && !self.key.is_empty();
        is_key && names.chain(&self.key).chain([&self.name]).all(|name| plain(name))
    }
}

/// One line for each table: key; columns with their kinds (b bytes, i integer, t text, ? boolean).
const LIST: &[(&str, &str, &str)] = &[
    ("meta", "key", "key:t value:t"),
    ("registry", "one", "one:i version:i"),
    ("document", "kind id", "kind:t id:t revision:i body:t"),
    ("document_change", "version kind id", "version:i kind:t id:t"),
    (
        "account",
        "id",
        "id:t username:t email:t email_verified:? name:t profile:t password_hash:t status:t roles:t revocation_handle:t \
         created_at:i updated_at:i password_changed_at:i revision:i",
    ),
    ("login_identifier", "identifier", "identifier:t user_id:t"),
    ("credential", "id", "id:t user_id:t kind:t key:b name:t payload:t counter:i created_at:i last_used_at:i"),
    ("consent", "user_id client_id audience", "user_id:t client_id:t audience:t scope:t granted_at:i"),
    (
        "session",
        "id_hash",
        "id_hash:b sid:t user_id:t created_at:i auth_time:i last_seen_at:i idle_expires_at:i absolute_expires_at:i \
         persistent:? amr:t user_agent:t address:t ended_at:i ended_why:t",
    ),
    ("session_client", "sid client_id", "sid:t client_id:t"),
    (
        "artefact",
        "kind hash",
        "kind:t hash:b family:t client_id:t user_id:t sid:t created_at:i expires_at:i redeemed_at:i payload:t",
    ),
    (
        "family",
        "id",
        "id:t client_id:t user_id:t sid:t session_bound:? scope:t audience:t auth_time:i created_at:i \
         absolute_expires_at:i ended_at:i ended_why:t payload:t",
    ),
    (
        "refresh_token",
        "family hash",
        "hash:b family:t state:t superseded_at:i successor:b sealed_successor:b created_at:i expires_at:i",
    ),
    ("access_token", "jti", "jti:t family:t expires_at:i session_hash:b"),
    ("remembered", "kind key", "kind:t key:b expires_at:i"),
    ("throttle", "key", "key:t attempts:i last_at:i expires_at:i"),
    ("revocation_head", "one", "one:i epoch:t seq:i"),
    ("revocation", "seq", "seq:i kind:t id:t revoked_at:i expires_at:i"),
    ("audit", "seq", "seq:i at:i name:t outcome:t actor:t user_id:t client_id:t sid:t address:t request_id:t detail:t"),
    ("audit_retention", "one", "one:i before:i"),
    ("status_list", "id", "id:t size:i used:i step:i start:i created_at:i expires_at:i"),
    ("status", "list place", "list:t place:i jti:t sid:t handle:t client_id:t audience:t issued_at:i expires_at:i"),
    (
        "outbox",
        "id",
        "id:i kind:t target:t payload:t created_at:i queued_at:i attempts:i last_error:t state:t next_at:i settled_at:i number:i",
    ),
    (
        "event_stream",
        "id",
        "id:t client_id:t transmission:t events:t configuration:t status:t reason:t max_waiting:i room:i dropped:i \
         last_number:i verified_at:i created_at:i updated_at:i revision:i",
    ),
];

/// All tables of [`SCHEMA`], each after those it refers to.
pub fn tables() -> Vec<Table> {
    let column = |word: &'static str| {
        let (name, kind) = word.split_once(':').expect("each word of the list has a kind");
        let kind = match kind {
            "b" => Kind::Blob,
            "i" => Kind::Integer,
            "?" => Kind::Boolean,
            _ => Kind::Text,
        };
        Column { name: name.into(), kind }
    };
    let table = |&(name, key, columns): &(&'static str, &'static str, &'static str)| Table {
        name: name.into(),
        columns: columns.split_whitespace().map(column).collect(),
        key: key.split(' ').map(Cow::Borrowed).collect(),
    };
    LIST.iter().map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_plain_and_every_key_is_of_the_table() {
        for table in tables() {
            assert!(table.is_plain(), "{}", table.name);
        }
        let names: BTreeSet<_> = tables().into_iter().map(|table| table.name).collect();
        assert_eq!(names.len(), LIST.len());
    }

    #[test]
    fn names_that_would_change_a_statement_are_not_plain() {
        for name in ["", "a b", "a;b", "a\"", "A", "a--"] {
            let column = Column { name: name.into(), kind: Kind::Text };
            let table = Table { name: "t".into(), columns: vec![column], key: vec![name.into()] };
            assert!(!table.is_plain(), "{name}");
        }
    }
}
