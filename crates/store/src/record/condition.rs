//! What a store can tell of itself and of the engine beneath it: facts alone. Whether they are good, `symbolon doctor` judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The condition of a store. What an engine does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// The engine and its version, in its own words.
    pub engine: String,
    /// The schema found.
    pub schema: u64,
    /// The newest schema that this program knows.
    pub schema_known: u64,
    /// Of a store in one file.
    pub file: Option<FileCondition>,
    /// Of a store behind a database server.
    pub server: Option<ServerCondition>,
}

/// The connections of this process to a database server, at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// With an operation on them.
    pub busy: usize,
    /// Open, and free.
    pub idle: usize,
    /// Operations that wait for one.
    pub waiting: usize,
}

/// The condition of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileCondition {
    /// Its size, in bytes.
    pub bytes: u64,
    /// Bytes in it that hold nothing.
    pub free_bytes: u64,
    /// What the engine's own check found; absent where the file is too large to check in passing.
    pub check: Option<String>,
}

/// The condition of a database server, as the role of this node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerCondition {
    /// Settings in force, by their names, in the units of `pg_settings`.
    pub settings: BTreeMap<String, String>,
    /// Follows another server and takes no writes.
    pub is_standby: bool,
    /// The time there, Unix milliseconds.
    pub now_ms: u64,
    /// Connections to another machine are not encrypted.
    pub plain_abroad: bool,
    /// Takes no settings for a connection, as a pooler does.
    pub pooled: bool,
    /// A notice that was sent arrived.
    pub notices: Option<bool>,
    /// Client connections, of everybody.
    pub connections: Option<u64>,
    /// Nodes that listen for notices in this database.
    pub nodes: Option<u64>,
    /// The most connections that the role or the database may have, where that is limited.
    pub connection_limit: Option<u64>,
    /// Rights that the role lacks, such as `UPDATE on session`.
    pub missing_rights: Vec<String>,
    /// Standbys that follow.
    pub standbys: Option<u64>,
    /// How far the last of them is behind, in milliseconds, where the role may see it.
    pub lag_ms: Option<u64>,
    /// Replication slots that nobody reads.
    pub idle_slots: Option<u64>,
    /// Bytes of log that these keep.
    pub retained_bytes: Option<u64>,
    /// The table with the most dead rows, its live ones and its dead ones.
    pub dead_rows: Option<(String, u64, u64)>,
    /// How old the oldest open transaction is, in seconds, where the role may see it.
    pub oldest_transaction_secs: Option<u64>,
    /// Transactions since the oldest that is not frozen; at two thousand million the server stops.
    pub unfrozen: Option<u64>,
    /// What could not be asked, because the engine or the role does not allow it.
    pub unknown: Vec<String>,
}
