//! The storage port of Symbolon and its adapters (design §3).
//!
//! [`Store`] is the port: each method is one atomic domain operation, never a get followed by a put. [`Sqlite`] is the
//! embedded adapter, [`Postgres`] the one for many nodes. The store keeps and compares; it never decides: times come in as `now` (Unix seconds), random
//! values come in ready-made, and an operation that lost a race answers with a fact, so that the caller decides again.
//!
//! Bearer secrets never reach this crate: only their SHA-256 ([`Hash32`]) does.

mod account_port;
#[cfg(test)]
mod contract;
mod error;
mod page;
mod port;
pub mod postgres;
mod record;
mod schema;
mod sqlite;
pub mod transfer;
pub mod valkey;

pub use account_port::AccountStore;
pub use error::{Conflict, StoreError};
pub use port::Store;
pub use postgres::Postgres;
pub use record::*;
pub use schema::SchemaState;
pub use sqlite::{Options, Sqlite};
pub use valkey::Valkey;
