//! Why a command was not carried out, with what to do about it. The kinds are the exit codes of the command line.

use std::fmt;

use serde::{Deserialize, Serialize};
use symbolon_store::StoreError;

use crate::backup::BackupError;

/// What sort of failure, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminErrorKind {
    /// What was examined is not in order.
    CheckFailed,
    /// It exists already, or was changed in between.
    Conflict,
    /// Our fault.
    Failed,
    /// Another process has the data open.
    InUse,
    /// A value that was given does not hold up.
    Invalid,
    /// A rule forbids it.
    NotAllowed,
    /// No such thing.
    NotFound,
    /// Try again later.
    Unavailable,
}

/// A failure, in words for the operator. Travels over the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminError {
    /// What sort.
    pub kind: AdminErrorKind,
    /// What is wrong; lower case, without a full stop.
    pub message: String,
    /// What to do: a command where there is one.
    #[serde(rename = "try")]
    pub hint: String,
}

impl AdminError {
    /// A failure of `kind`.
    pub fn new(kind: AdminErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into() }
    }

    pub(super) fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(AdminErrorKind::Conflict, message, hint)
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(AdminErrorKind::Failed, message, "symbolon doctor")
    }

    pub(super) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(AdminErrorKind::Invalid, message, hint)
    }

    pub(super) fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(AdminErrorKind::NotFound, message, hint)
    }

    /// The exit code that stands for it.
    pub const fn exit_code(&self) -> u8 {
        match self.kind {
            AdminErrorKind::Failed => 1,
            AdminErrorKind::Invalid => 2,
            AdminErrorKind::NotFound => 4,
            AdminErrorKind::Conflict => 5,
            AdminErrorKind::NotAllowed => 6,
            AdminErrorKind::InUse | AdminErrorKind::Unavailable => 7,
            AdminErrorKind::CheckFailed => 8,
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AdminError {}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = match &error {
            StoreError::Conflict(_) => (AdminErrorKind::Conflict, "look at what is there, then repeat the command"),
            StoreError::Invalid(_) => (AdminErrorKind::Invalid, "correct the value"),
            StoreError::NotFound(_) => (AdminErrorKind::NotFound, "list what there is"),
            StoreError::InUse { .. } => (AdminErrorKind::InUse, "stop the other process, or use its server"),
            StoreError::Corrupt(_) => (AdminErrorKind::Failed, "restore the data from your backup"),
            StoreError::NewerSchema { .. } => {
                (AdminErrorKind::Failed, "use the version of symbolon that wrote the data")
            }
            StoreError::Misconfigured(_) => (AdminErrorKind::Unavailable, "correct store.url, then repeat the command"),
            StoreError::DiskFull => (AdminErrorKind::Unavailable, "make room on the disk, then repeat the command"),
            StoreError::NotWritable { .. } => {
                (AdminErrorKind::Unavailable, "run the command as the user who owns the data folder")
            }
            _ if error.is_retryable() => (AdminErrorKind::Unavailable, "repeat the command in a moment"),
            _ => (AdminErrorKind::Failed, "symbolon doctor"),
        };
        Self::new(kind, error.to_string(), hint)
    }
}

impl From<BackupError> for AdminError {
    fn from(error: BackupError) -> Self {
        let (kind, hint) = match &error {
            BackupError::Store(StoreError::Conflict(_)) => {
                let message = "there is data already";
                let hint = "add --replace to put the backup in its place; the old data is put aside";
                return Self::new(AdminErrorKind::Conflict, message, hint);
            }
            BackupError::Store(error) => return error.clone().into(),
            BackupError::Damaged(_) | BackupError::Truncated | BackupError::Unlike { .. } => {
                (AdminErrorKind::CheckFailed, "take an older backup; check the disk and whoever can write to it")
            }
            BackupError::File(error) if error.kind() == std::io::ErrorKind::NotFound => {
                (AdminErrorKind::NotFound, "check the path")
            }
            BackupError::File(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                (AdminErrorKind::Conflict, "name another file with --out")
            }
            BackupError::File(_) => {
                (AdminErrorKind::Failed, "check the path, who may read and write there, and the room left")
            }
            BackupError::KeyFile(_) => (AdminErrorKind::Invalid, "name the file that holds the key of the backup"),
            BackupError::MasterKey(_) => (
                AdminErrorKind::Invalid,
                "put the master key of that data into the data folder first (master.key, mode 600), or set master_key",
            ),
            BackupError::Newer { .. } => (AdminErrorKind::Invalid, "use that version of symbolon, or a newer one"),
            BackupError::NotABackup => (AdminErrorKind::Invalid, "name a file that symbolon backup create has made"),
            BackupError::OtherIssuer { .. } => (AdminErrorKind::Invalid, "set issuer to that of the backup"),
            BackupError::OtherKey { .. } => (
                AdminErrorKind::Invalid,
                "name the file of the right key with --key-file; by default it is the master key",
            ),
            BackupError::WrongMasterKey => {
                (AdminErrorKind::Invalid, "restore the master key that the data was made with, then the data")
            }
        };
        Self::new(kind, error.to_string(), hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbolon_store::Conflict;

    #[test]
    fn store_failures_keep_their_meaning() {
        for (error, code) in [
            (StoreError::Conflict(Conflict::Exists), 5),
            (StoreError::NotFound("user"), 4),
            (StoreError::Busy, 7),
            (StoreError::DiskFull, 7),
            (StoreError::Invalid("x"), 2),
            (StoreError::Io("x".into()), 1),
        ] {
            let error = AdminError::from(error);
            assert_eq!(error.exit_code(), code, "{error}");
            assert!(!error.hint.is_empty());
        }
    }

    #[test]
    fn an_error_survives_the_socket() {
        let error = AdminError::not_found("no user named x", "symbolon user list");
        let text = serde_json::to_string(&error).unwrap();
        assert!(text.contains("\"try\":\"symbolon user list\""), "{text}");
        assert_eq!(serde_json::from_str::<AdminError>(&text).unwrap(), error);
    }
}
