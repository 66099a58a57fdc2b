//! The engine's errors in the port's words. No message ever holds a stored value: the engine puts those into the detail, which stays out.

use std::error::Error as _;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, SqlState};

use crate::error::{Conflict, StoreError};

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => of_engine(said),
            None if error.is_closed() => Self::Unavailable("the connection to the database broke".into()),
            None if is_io(&error) => Self::Unavailable(format!("the connection to the database broke: {error}")),
            None => Self::Internal(error.to_string()),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => of_connecting(&error),
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy,
            PoolError::Timeout(_) => Self::Unavailable("the database does not answer".into()),
            PoolError::Closed => Self::Unavailable("it is closing".into()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Whether the same transaction may succeed when it is run again from its beginning.
pub(super) fn is_worth_repeating(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the connection is of no more use, although the engine still answers on it: a server that has become a standby, or is ending.
pub(super) fn is_of_the_past(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| {
        *code == SqlState::READ_ONLY_SQL_TRANSACTION || code.code().starts_with("57P") || code.code().starts_with("08")
    })
}

fn of_engine(said: &DbError) -> StoreError {
    let code = said.code();
    let text = format!("{} ({})", said.message(), code.code());
    match code.code() {
        _ if *code == SqlState::UNIQUE_VIOLATION => StoreError::Conflict(Conflict::Exists),
        _ if *code == SqlState::DISK_FULL => StoreError::DiskFull,
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            StoreError::Unavailable("the database takes no writes: it is a standby, or set to read only".into())
        }
        _ if *code == SqlState::QUERY_CANCELED => StoreError::Unavailable("the database took too long".into()),
        _ if *code == SqlState::LOCK_NOT_AVAILABLE => StoreError::Busy,
        // This engine's text has no NUL.
        "22021" | "22P05" => StoreError::Invalid("text holds a NUL"),
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Misconfigured(format!(
            "{text}; try: GRANT the role of the URL what it needs, or let it own the schema"
        )),
        _ if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN => StoreError::Corrupt(text),
        // Serialization failure and deadlock: repeated by the runner as long as that is sensible.
        class if class.starts_with("40") => StoreError::Busy,
        class if ["08", "53", "57", "58"].iter().any(|start| class.starts_with(start)) => StoreError::Unavailable(text),
        class if class.starts_with("XX00") => StoreError::Corrupt(text),
        class if class.starts_with("28") || class.starts_with("3D") => of_refusal(said),
        _ => StoreError::Internal(text),
    }
}

/// What is wrong with the URL, told so that it can be mended.
fn of_refusal(said: &DbError) -> StoreError {
    let hint = match said.code().code() {
        "28P01" => "the password in store.url is not the role's",
        "28000" => "the role in store.url does not exist, or the server's pg_hba.conf does not let it in from here",
        "3D000" => "the database does not exist; try: createdb NAME",
        _ => "see the server's log",
    };
    StoreError::Misconfigured(format!("{} ({}): {hint}", said.message(), said.code().code()))
}

/// Errors of a connection that does not come about.
pub(super) fn of_connecting(error: &tokio_postgres::Error) -> StoreError {
    if let Some(said) = error.as_db_error() {
        return of_engine(said);
    }
    let text = chain(error);
    if text.contains("server does not support TLS") {
        return StoreError::Misconfigured(
            "the server has no TLS, which store.url demands; try: turn it on (ssl = on), or on a network of your own sslmode=disable".into(),
        );
    }
    if text.contains("certificate") {
        return StoreError::Misconfigured(format!(
            "the server's certificate was refused ({text}); try: sslrootcert=FILE in store.url for a certificate authority of your own, and the name \
             that stands in the certificate as host"
        ));
    }
    if text.contains("lookup address") {
        return StoreError::Unavailable(format!(
            "the host in store.url has no address ({text}); try: check its spelling"
        ));
    }
    if text.contains("missing") {
        return StoreError::Misconfigured(format!("store.url is not complete: {text}"));
    }
    StoreError::Unavailable(format!("the database cannot be reached: {text}"))
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// The error and what caused it, without repeating.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
