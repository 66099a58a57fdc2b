//! Backups: everything the store keeps, in one encrypted file, made beside a running server and proven without one.
//!
//! An archive is lines of text. The first names the format; each other is a JWE (RFC 7516) of a piece of one stream (`seal.rs`), which
//! consists of a header, the rows of every table, and a footer with their counts and sums ([`archive`]). The master key is never in it.
//!
//! Refused: a file that is cut, reordered, changed or put together from two; one of another key; one of a newer schema.

pub mod archive;
mod file;
mod key;
mod restore;
mod schedule;
mod seal;
mod take;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use symbolon_store::StoreError;

use crate::seal::MasterKeyError;

pub use archive::{Header, Summary};
pub use file::{Partial, default_name, verify};
pub use key::ArchiveKey;
pub use restore::{Restored, SignInsAfter, restore};
pub(crate) use schedule::{last_made, run};
pub use take::{record, take};

/// Why a backup could not be made, read or restored, in words for the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackupError {
    /// The file was changed or is damaged; what does not fit is named.
    Damaged(&'static str),
    /// The file could not be read or written.
    File(io::Error),
    /// It is of a newer version of the program.
    Newer {
        /// The program that made it.
        version: String,
    },
    /// It is no backup.
    NotABackup,
    /// The data in it is of another issuer.
    OtherIssuer {
        /// Whose data it is.
        made_for: String,
        /// Who is configured.
        configured: String,
    },
    /// The file of a backup's own key.
    KeyFile(MasterKeyError),
    /// The master key that the data needs.
    MasterKey(MasterKeyError),
    /// It was made under another key; both are told by their public names.
    OtherKey {
        /// The name in the file.
        file: String,
        /// The name of the key that was given.
        given: String,
    },
    /// The store failed.
    Store(StoreError),
    /// The end is missing.
    Truncated,
    /// What was restored is not what the file says.
    Unlike {
        /// The table.
        table: String,
    },
    /// The data in it was made with another master key.
    WrongMasterKey,
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "the backup is damaged or was changed: {what}"),
            Self::File(error) => write!(f, "the backup file failed: {error}"),
            Self::Newer { version } => write!(f, "the backup was made by a newer version of symbolon ({version})"),
            Self::NotABackup => f.write_str("this is no backup of symbolon"),
            Self::KeyFile(MasterKeyError::Missing { path }) => write!(f, "there is no key file {}", path.display()),
            Self::KeyFile(MasterKeyError::Malformed { origin }) => {
                write!(f, "the key in {origin} is not 43 characters of base64url")
            }
            Self::KeyFile(error) | Self::MasterKey(error) => error.fmt(f),
            Self::OtherIssuer { made_for, configured } => {
                write!(f, "the backup is of the issuer {made_for}, but {configured} is configured")
            }
            Self::OtherKey { file, given } => {
                write!(f, "the backup was made with the key named {file}, and the one given here is named {given}")
            }
            Self::Store(error) => error.fmt(f),
            Self::Truncated => f.write_str("the backup is incomplete: its end is missing"),
            Self::Unlike { table } => write!(f, "table {table} is not as the backup says"),
            Self::WrongMasterKey => f.write_str("the data in the backup was made with another master key"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull { Self::Store(StoreError::DiskFull) } else { Self::File(error) }
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
