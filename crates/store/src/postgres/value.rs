//! How values of the port stand in columns: numbers as BIGINT, hashes as BYTEA, lists and maps as JSON text, enums as words.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Hash32, RevocationKind, StreamStatus, Transmission, UserStatus};

/// A `u64` for a signed column; what does not fit is stored as the largest value that does (a time that never comes).
pub(super) fn num(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The same for a column that may be empty.
pub(super) fn opt_num(value: Option<u64>) -> Option<i64> {
    value.map(num)
}

/// A hash for its column.
pub(super) fn bytes(hash: &Hash32) -> &[u8] {
    hash.as_bytes().as_slice()
}

/// Anything serde knows, as JSON text.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(format!("not JSON: {error}")))
}

/// A value that is a word in its column.
pub(super) trait Word: Copy + 'static {
    /// Every value and its word.
    const WORDS: &'static [(Self, &'static str)];

    /// The value's word.
    fn word(self) -> &'static str
    where
        Self: PartialEq,
    {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }
}

impl Word for UserStatus {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Active, "active"), (Self::Blocked, "blocked")];
}

impl Word for RevocationKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Jti, "jti"),
        (Self::Sid, "sid"),
        (Self::UserHandle, "user_handle"),
        (Self::Client, "client"),
        (Self::Api, "api"),
        (Self::Key, "key"),
        (Self::All, "all"),
    ];
}

impl Word for Transmission {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Poll, "poll"), (Self::Push, "push")];
}

impl Word for StreamStatus {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Disabled, "disabled"), (Self::Enabled, "enabled"), (Self::Paused, "paused")];
}

/// Columns of a row by their place. What cannot be read is damage; the value itself is told to nobody.
pub(super) trait Columns {
    /// A value of a type that the engine's driver knows.
    fn at<'r, T: FromSql<'r>>(&'r self, place: usize) -> Result<T>;

    /// A number of the port.
    fn num(&self, place: usize) -> Result<u64> {
        self.at::<i64>(place).and_then(|number| unsigned(number, place))
    }

    /// A number that may be missing.
    fn opt_num(&self, place: usize) -> Result<Option<u64>> {
        self.at::<Option<i64>>(place)?.map(|number| unsigned(number, place)).transpose()
    }

    /// A SHA-256.
    fn hash(&self, place: usize) -> Result<Hash32> {
        self.at::<&[u8]>(place)?.try_into().map(Hash32).map_err(|_| unreadable(place))
    }

    /// JSON text.
    fn json<T: DeserializeOwned>(&self, place: usize) -> Result<T> {
        serde_json::from_str(self.at(place)?).map_err(|_| unreadable(place))
    }

    /// A word.
    fn word<T: Word>(&self, place: usize) -> Result<T> {
        let found = self.at::<&str>(place)?;
        T::WORDS.iter().find(|(_, word)| *word == found).map(|(value, _)| *value).ok_or_else(|| unreadable(place))
    }
}

impl Columns for Row {
    fn at<'r, T: FromSql<'r>>(&'r self, place: usize) -> Result<T> {
        self.try_get(place).map_err(|_| unreadable(place))
    }
}

fn unsigned(number: i64, place: usize) -> Result<u64> {
    u64::try_from(number).map_err(|_| unreadable(place))
}

fn unreadable(place: usize) -> StoreError {
    StoreError::Corrupt(format!("result column {place} cannot be read"))
}
