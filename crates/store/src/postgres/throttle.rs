//! Counters that slow failed attempts down (security 124 and 125): one truth for all nodes.

use tokio_postgres::Row;

use super::conn::{Call, Conn, call};
use super::value::{Columns, num};
use crate::port::Result;
use crate::record::{Attempt, Counter, ThrottleKey};

pub(super) async fn begin(conn: &Conn, keys: &[ThrottleKey], now: u64) -> Result<Attempt> {
    // Every counter has a row before it is looked at, so that of two attempts at once the second waits for the first. In order of their keys, so
    // that they never wait for each other.
    let mut names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    names.sort_unstable();
    let make = "INSERT INTO throttle (key, attempts, last_at, expires_at)
        SELECT name, 0, $2, $2 FROM unnest($1::TEXT[]) AS name ORDER BY name
        ON CONFLICT (key) DO UPDATE SET attempts = throttle.attempts";
    let lock = "SELECT key, attempts, last_at FROM throttle WHERE key = ANY($1) ORDER BY key FOR UPDATE";
    let answers = conn.begin(vec![call!(make, &names, num(now)), call!(lock, &names)]).await?;
    let [_, found] = answers.as_slice() else { return Err(super::short()) };
    let mut wait = 0;
    let mut writes = Vec::new();
    let mut counted = Vec::new();
    for key in keys {
        let row = found.rows.iter().find(|row| row.at::<&str>(0).is_ok_and(|name| name == key.key));
        let stored = row.map(counter).transpose()?;
        let (current, moved) = Counter::current(stored, key, now);
        wait = wait.max(current.wait_secs(key, now));
        if moved {
            writes.push(count(key, current.attempts, now));
        }
        counted.push((key, current.attempts.saturating_add(1)));
    }
    if wait == 0 {
        writes.extend(counted.into_iter().map(|(key, attempts)| count(key, attempts, now)));
    }
    conn.finish(writes).await?;
    Ok(if wait > 0 { Attempt::Wait { secs: wait } } else { Attempt::Allowed })
}

fn counter(row: &Row) -> Result<Counter> {
    Ok(Counter { attempts: row.num(1)?, last_at: row.num(2)? })
}

fn count(key: &ThrottleKey, attempts: u64, now: u64) -> Call<'_> {
    let sql = "INSERT INTO throttle (key, attempts, last_at, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE
        SET attempts = excluded.attempts, last_at = excluded.last_at, expires_at = excluded.expires_at";
    call!(sql, &key.key, num(attempts), num(now), num(now.saturating_add(key.window_secs)))
}

pub(super) async fn forgive(conn: &Conn, forget: &[String], give_back: &[String]) -> Result<()> {
    let lock = "SELECT 1 FROM throttle WHERE key = ANY($1) OR key = ANY($2) ORDER BY key FOR UPDATE";
    conn.begin(vec![call!(lock, forget, give_back)]).await?;
    let delete = "DELETE FROM throttle WHERE key = ANY($1)";
    let less = "UPDATE throttle SET attempts = attempts - 1 WHERE key = ANY($1) AND attempts > 0";
    conn.finish(vec![call!(delete, forget), call!(less, give_back)]).await.map(drop)
}
