//! What the engine tells of the file.

use rusqlite::Connection;

use super::migrate;
use crate::port::Result;
use crate::record::{Condition, FileCondition};

/// A larger file is not checked in passing: that reads all of it.
const CHECKED_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn of(conn: &Connection) -> Result<Condition> {
    let number = |pragma: &str| -> Result<u64> {
        let number: i64 = conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or(0))
    };
    let page = number("page_size")?;
    let bytes = number("page_count")?.saturating_mul(page);
    let free_bytes = number("freelist_count")?.saturating_mul(page);
    let check = if bytes <= CHECKED_BYTES {
        Some(conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?)
    } else {
        None
    };
    Ok(Condition {
        engine: format!("SQLite {}", rusqlite::version()),
        schema: number("user_version")?,
        schema_known: migrate::known(),
        file: Some(FileCondition { bytes, free_bytes, check }),
        server: None,
    })
}
