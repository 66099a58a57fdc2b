//! The engine's errors in the port's words.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::error::{Conflict, StoreError};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return of_value(&error);
        };
        let text = message.clone().unwrap_or_else(|| failure.to_string());
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt(text),
            ErrorCode::DiskFull => Self::DiskFull,
            // The shared-memory file grows by ftruncate, whose failure has a code of its own.
            ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::DiskFull,
            ErrorCode::ReadOnly => Self::NotWritable { path: "the database file".into(), reason: text },
            ErrorCode::ConstraintViolation => match failure.extended_code {
                ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE => Self::Conflict(Conflict::Exists),
                _ => Self::Internal(text),
            },
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure => Self::Io(text),
            _ => Self::Internal(text),
        }
    }
}

/// A stored value that cannot be read is damage; everything else is a fault of ours.
fn of_value(error: &rusqlite::Error) -> StoreError {
    match error {
        // The message of a conversion may quote the value, so only the place is told.
        rusqlite::Error::FromSqlConversionFailure(column, ..)
        | rusqlite::Error::IntegralValueOutOfRange(column, ..)
        | rusqlite::Error::InvalidColumnType(column, ..) => {
            StoreError::Corrupt(format!("result column {column} cannot be read"))
        }
        rusqlite::Error::QueryReturnedNoRows => StoreError::Corrupt("a row that must exist is missing".into()),
        other => StoreError::Internal(other.to_string()),
    }
}
