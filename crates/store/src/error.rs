//! What can go wrong in a store, sorted by what the caller can do about it (design §3, security F4 and F20).
//!
//! No message ever holds a stored value: identifiers and hashes stay out, paths and engine messages may stand in.

use std::fmt;
use std::path::PathBuf;

/// Why a store operation has no result. Nothing was changed, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The bounded queue is full: answer 503 and let the client retry.
    Busy,
    /// The state on record contradicts the request.
    Conflict(Conflict),
    /// The file is not a database of ours, or is damaged. Nothing is repaired or overwritten.
    Corrupt(String),
    /// The disk is full. Retryable: the store goes on by itself when space returns.
    DiskFull,
    /// Another process (or another opener in this one) has the database open.
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// A fault of this crate, such as a panic in an operation; its effects were rolled back.
    Internal(String),
    /// An argument breaks a documented rule, such as a forged page cursor.
    Invalid(&'static str),
    /// The disk or the engine failed. Whether the operation took effect is unknown only if the machine died.
    Io(String),
    /// The database refuses what is configured: a wrong address, password, certificate or right. The text says what to mend;
    /// a running server goes on when it is mended.
    Misconfigured(String),
    /// The data was written by a newer version of the program.
    NewerSchema {
        /// Schema version in the file.
        found: u32,
        /// Newest schema version this program knows.
        known: u32,
    },
    /// The thing the operation is about does not exist; the noun is named.
    NotFound(&'static str),
    /// The database file or its folder cannot be written.
    NotWritable {
        /// The file or folder.
        path: PathBuf,
        /// Why, in words for the operator.
        reason: String,
    },
    /// The store is shutting down or its engine is away: answer 503 and retry.
    Unavailable(String),
}

/// What exactly contradicts a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// A record with this key exists already.
    Exists,
    /// A login identifier belongs to another user.
    IdentifierTaken,
    /// The record was changed since it was read.
    Revision,
}

impl StoreError {
    /// True if the same call may succeed later without anyone changing the request: the edge answers 503.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::DiskFull | Self::Misconfigured(_) | Self::Unavailable(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the store is busy: its queue is full"),
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Corrupt(why) => write!(f, "the database is damaged or not one of ours: {why}"),
            Self::DiskFull => f.write_str("the disk is full"),
            Self::InUse { path } => write!(f, "the database {} is in use by another process", path.display()),
            Self::Internal(why) => write!(f, "internal fault in the store: {why}"),
            Self::Invalid(why) => write!(f, "invalid argument to the store: {why}"),
            Self::Io(why) => write!(f, "the database failed: {why}"),
            Self::Misconfigured(why) => write!(f, "the database cannot be used as configured: {why}"),
            Self::NewerSchema { found, known } => {
                write!(f, "the data was written by a newer version (schema {found}, this program knows up to {known})")
            }
            Self::NotFound(what) => write!(f, "no such {what}"),
            Self::NotWritable { path, reason } => {
                write!(f, "cannot write {}: {reason}", path.display())
            }
            Self::Unavailable(why) => write!(f, "the store is unavailable: {why}"),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exists => "it exists already",
            Self::IdentifierTaken => "this user name or e-mail address is taken",
            Self::Revision => "it was changed by someone else in the meantime",
        })
    }
}

impl std::error::Error for StoreError {}
impl std::error::Error for Conflict {}

impl From<Conflict> for StoreError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_troubles_are_retryable() {
        let text = String::new;
        for error in
            [StoreError::Busy, StoreError::DiskFull, StoreError::Misconfigured(text()), StoreError::Unavailable(text())]
        {
            assert!(error.is_retryable(), "{error}");
        }
        for error in [
            StoreError::Conflict(Conflict::Revision),
            StoreError::Corrupt(String::new()),
            StoreError::InUse { path: PathBuf::new() },
            StoreError::Internal(String::new()),
            StoreError::Invalid("x"),
            StoreError::NewerSchema { found: 2, known: 1 },
            StoreError::NotFound("user"),
        ] {
            assert!(!error.is_retryable(), "{error}");
        }
    }

    #[test]
    fn messages_are_lower_case_without_full_stop() {
        let error = StoreError::NotWritable { path: "/data/db".into(), reason: "it is read-only".into() };
        assert_eq!(error.to_string(), "cannot write /data/db: it is read-only");
        assert_eq!(
            StoreError::from(Conflict::IdentifierTaken).to_string(),
            "this user name or e-mail address is taken"
        );
    }
}
