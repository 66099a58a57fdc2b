//! Moving everything a store keeps: to another engine, into a backup, and out of one (design §3).
//!
//! What there is to move is one list of tables and typed columns ([`tables`]), the same for every engine. An adapter reads it
//! from one moment ([`Snapshot`]) and writes it ([`Load`]); what was moved is compared by count and SHA-256 ([`Sum`]).
//!
//! A store that is being filled carries a mark and must not be served ([`MARK`]). Refuses to fill what holds other data.

mod copy;
mod sums;
mod table;
mod value;

use async_trait::async_trait;

pub use copy::{BATCH, CopyError, Progress, Step, copy, sum, sums};
pub use sums::{Sum, Summing};
pub use table::{Column, Kind, MARK, SCHEMA, Table, tables};
pub use value::{BadRow, Row, Value, read_row, write_row};

#[cfg(test)]
pub(crate) mod testing;

use crate::port::Result;

/// A number that only grows and must not come back after its rows were swept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counter {
    /// The table whose key it counts.
    pub table: String,
    /// The last number given out; 0 for none.
    pub last: i64,
}

/// By how much numbers of events move on when what was told after a backup is not known: the same number must not be told twice.
pub(crate) const NUMBERS_SKIPPED: i64 = 1 << 32;

/// The tables whose keys the engine counts.
pub const COUNTED: [&str; 2] = ["audit", "outbox"];

/// Everything a store holds at one moment, while it goes on being used.
#[async_trait]
pub trait Snapshot: Send {
    /// Up to `limit` rows of a table in the order of its key, after a key (exclusive) or from the beginning. The row that marks a
    /// half-filled store is left out.
    async fn rows(&mut self, table: &Table, after: Option<&[Value]>, limit: u32) -> Result<Vec<Row>>;

    /// How many rows a table has.
    async fn count(&mut self, table: &Table) -> Result<u64>;

    /// How far the counted keys have come, for the tables in [`COUNTED`].
    async fn counters(&mut self) -> Result<Vec<Counter>>;
}

/// A store that is filled. It is locked as if it were served, where the engine can.
#[async_trait]
pub trait Load: Send {
    /// The mark it carries: of what it is a half-done copy.
    async fn mark(&mut self) -> Result<Option<String>>;

    /// Writes the mark.
    async fn set_mark(&mut self, of: &str) -> Result<()>;

    /// The last key of a table, in the order of [`Snapshot::rows`].
    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>>;

    /// Writes rows, all or none; what stands under the same key already stays, or, in a table that is never empty, gives way.
    async fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<()>;

    /// Moves counted keys forward, never back.
    async fn set_counters(&mut self, counters: &[Counter]) -> Result<()>;

    /// What it holds now.
    async fn snapshot(&mut self) -> Result<Box<dyn Snapshot>>;

    /// Brings the schema from that of the rows to the newest.
    async fn upgrade(&mut self) -> Result<()>;

    /// After a restore: what must not go on as it stood at the time of the backup.
    async fn start_over(&mut self, over: &StartOver) -> Result<Begun>;

    /// Takes the mark away: the store may be served. What it replaces goes at this moment, and nothing is written after it.
    async fn finish(&mut self) -> Result<()>;
}

/// What becomes of data that stands where other data is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// It stays, and the new data is refused.
    Keep,
    /// It goes, once the new data is complete and proven.
    Replace {
        /// Unix seconds; where the old data is put aside, its name tells them.
        now: u64,
    },
}

/// How a restored store begins anew.
#[derive(Clone, Debug)]
pub struct StartOver {
    /// A new epoch of the revocation log: followers drop their place and take a snapshot.
    pub epoch: String,
    /// Unix seconds.
    pub now: u64,
    /// What becomes of who was signed in.
    pub sign_ins: SignIns,
}

/// What becomes of sessions and grants when a store is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIns {
    /// All of them end, codes and links are void, and a rule of the revocation log refuses every access token that was issued
    /// until now: what was ended, rotated or revoked after the backup must not come back to life.
    End {
        /// When the last access token of before has expired, Unix seconds.
        last_expiry: u64,
    },
    /// They go on as they stood. For a move, where nothing happened after the backup.
    Keep,
}

/// What [`Load::start_over`] ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// Sessions that were live.
    pub sessions: u64,
    /// Grants that were live.
    pub families: u64,
}
