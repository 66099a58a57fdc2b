//! Replay windows and values written once.

use super::conn::Conn;
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::Hash32;

pub(super) async fn remember_once(conn: &Conn, kind: &str, key: Hash32, expires_at: u64, now: u64) -> Result<bool> {
    // One statement: of parallel calls the second waits for the first, and then sees what it wrote.
    let sql = "INSERT INTO remembered (kind, key, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (kind, key) DO UPDATE SET expires_at = excluded.expires_at WHERE remembered.expires_at <= $4";
    let key = key.as_bytes().as_slice();
    Ok(conn.ask(sql, &[&kind, &key, &num(expires_at), &num(now)]).await?.changed > 0)
}

pub(super) async fn meta(conn: &Conn, key: &str) -> Result<Option<String>> {
    let answer = conn.ask("SELECT value FROM meta WHERE key = $1", &[&key]).await?;
    answer.row().map(|row| row.at(0)).transpose()
}

pub(super) async fn put_meta_once(conn: &Conn, key: &str, value: &str) -> Result<String> {
    conn.ask("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", &[&key, &value]).await?;
    meta(conn, key).await?.ok_or(StoreError::NotFound("value"))
}

/// Reads, and learns whether this server takes writes: a standby does not.
pub(super) async fn ping(conn: &Conn) -> Result<()> {
    let sql = "SELECT current_setting('transaction_read_only') = 'off' AND EXISTS (SELECT 1 FROM registry)";
    if conn.ask(sql, &[]).await?.one()?.at(0)? {
        return Ok(());
    }
    conn.abandon();
    Err(StoreError::Unavailable("the database takes no writes: it is a standby, or set to read only".into()))
}
