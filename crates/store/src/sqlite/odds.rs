//! Replay windows and values written once.

use rusqlite::{Connection, OptionalExtension, params};

use super::value::Num;
use crate::port::Result;
use crate::record::Hash32;

pub(super) fn remember_once(conn: &Connection, kind: &str, key: Hash32, expires_at: u64, now: u64) -> Result<bool> {
    let mut select = conn.prepare_cached("SELECT expires_at FROM remembered WHERE kind = ?1 AND key = ?2")?;
    let seen = select.query_row(params![kind, key], |row| row.get::<_, Num>(0)).optional()?;
    if seen.is_some_and(|seen| seen.0 > now) {
        return Ok(false);
    }
    let sql = "INSERT INTO remembered (kind, key, expires_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (kind, key) DO UPDATE SET expires_at = excluded.expires_at";
    conn.prepare_cached(sql)?.execute(params![kind, key, Num(expires_at)])?;
    Ok(true)
}

pub(super) fn meta(conn: &Connection, key: &str) -> Result<Option<String>> {
    let mut select = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(select.query_row([key], |row| row.get(0)).optional()?)
}

/// A write like any other, to learn whether one can be made. Its row means nothing.
pub(super) fn try_writing(conn: &Connection) -> Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES ('writing_tried', '1')
        ON CONFLICT (key) DO UPDATE SET value = value + 1";
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

pub(super) fn put_meta_once(conn: &Connection, key: &str, value: &str) -> Result<String> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
    conn.prepare_cached(sql)?.execute([key, value])?;
    let mut select = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(select.query_row([key], |row| row.get(0))?)
}
