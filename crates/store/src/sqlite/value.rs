//! How values of the port stand in columns: numbers as INTEGER, hashes as BLOB, lists and maps as JSON text, enums as words.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::{Hash32, RevocationKind, StreamStatus, Transmission, UserStatus};

/// A `u64` in a signed column; what does not fit is stored as the largest value that does (a time that never comes).
#[derive(Clone, Copy, Debug)]
pub(super) struct Num(pub(super) u64);

impl ToSql for Num {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Num {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// Anything serde knows, as JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<&T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text =
            serde_json::to_string(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

impl ToSql for Hash32 {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for Hash32 {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let blob_size = bytes.len();
        bytes.try_into().map(Self).map_err(|_| FromSqlError::InvalidBlobSize { expected_size: 32, blob_size })
    }
}

impl ToSql for UserStatus {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
        }
        .into())
    }
}

impl FromSql for UserStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "active" => Ok(Self::Active),
            "blocked" => Ok(Self::Blocked),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for RevocationKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Jti => "jti",
            Self::Sid => "sid",
            Self::UserHandle => "user_handle",
            Self::Client => "client",
            Self::Api => "api",
            Self::Key => "key",
            Self::All => "all",
        }
        .into())
    }
}

impl FromSql for RevocationKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "jti" => Ok(Self::Jti),
            "sid" => Ok(Self::Sid),
            "user_handle" => Ok(Self::UserHandle),
            "client" => Ok(Self::Client),
            "api" => Ok(Self::Api),
            "key" => Ok(Self::Key),
            "all" => Ok(Self::All),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Transmission {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Poll => "poll",
            Self::Push => "push",
        }
        .into())
    }
}

impl FromSql for Transmission {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "poll" => Ok(Self::Poll),
            "push" => Ok(Self::Push),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for StreamStatus {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Paused => "paused",
        }
        .into())
    }
}

impl FromSql for StreamStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "disabled" => Ok(Self::Disabled),
            "enabled" => Ok(Self::Enabled),
            "paused" => Ok(Self::Paused),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
