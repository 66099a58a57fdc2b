#![doc = include_str!("../README.md")]

mod entry;
mod error;
pub mod event;
mod fingerprint;
mod kind;
mod position;
mod set;
mod signed;
pub mod snapshot;
mod token;

pub use entry::{Entry, RECORD_LEN, Records};
pub use error::Error;
pub use event::{Event, EventToSign};
pub use fingerprint::Fingerprint;
pub use kind::{IdKind, Kind, RuleKind};
pub use position::{Position, is_epoch};
pub use set::{Added, Forgotten, MAX_RULES, RevocationSet};
pub use snapshot::{Snapshot, SnapshotToSign};
pub use token::TokenIds;

/// How far ahead of a reader's clock the time of a signed head may lie, in seconds.
pub const LEEWAY_SECS: u64 = 30;
