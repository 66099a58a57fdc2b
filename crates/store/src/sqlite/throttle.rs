//! Counters that slow failed attempts down (security 124 and 125). They live in the file, so a restart forgets nothing.

use rusqlite::{Connection, OptionalExtension, params};

use super::value::Num;
use crate::port::Result;
use crate::record::{Attempt, Counter, ThrottleKey};

pub(super) fn begin(conn: &Connection, keys: &[ThrottleKey], now: u64) -> Result<Attempt> {
    let mut wait = 0;
    let mut counters = Vec::with_capacity(keys.len());
    for key in keys {
        let counter = current(conn, key, now)?;
        wait = wait.max(counter.wait_secs(key, now));
        counters.push(counter);
    }
    if wait > 0 {
        return Ok(Attempt::Wait { secs: wait });
    }
    for (key, counter) in keys.iter().zip(counters) {
        count(conn, key, counter.attempts.saturating_add(1), now)?;
    }
    Ok(Attempt::Allowed)
}

pub(super) fn forgive(conn: &Connection, forget: &[String], give_back: &[String]) -> Result<()> {
    for key in forget {
        conn.prepare_cached("DELETE FROM throttle WHERE key = ?1")?.execute([key])?;
    }
    for key in give_back {
        let sql = "UPDATE throttle SET attempts = attempts - 1 WHERE key = ?1 AND attempts > 0";
        conn.prepare_cached(sql)?.execute([key])?;
    }
    Ok(())
}

/// What counts at this moment.
fn current(conn: &Connection, key: &ThrottleKey, now: u64) -> Result<Counter> {
    let mut select = conn.prepare_cached("SELECT attempts, last_at FROM throttle WHERE key = ?1")?;
    let stored = select
        .query_row([&key.key], |row| {
            Ok(Counter { attempts: row.get::<_, Num>(0)?.0, last_at: row.get::<_, Num>(1)?.0 })
        })
        .optional()?;
    let (counter, moved) = Counter::current(stored, key, now);
    if moved {
        count(conn, key, counter.attempts, now)?;
    }
    Ok(counter)
}

fn count(conn: &Connection, key: &ThrottleKey, attempts: u64, now: u64) -> Result<()> {
    let sql = "INSERT INTO throttle (key, attempts, last_at, expires_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) DO UPDATE
        SET attempts = excluded.attempts, last_at = excluded.last_at, expires_at = excluded.expires_at";
    let expires_at = now.saturating_add(key.window_secs);
    conn.prepare_cached(sql)?.execute(params![key.key, Num(attempts), Num(now), Num(expires_at)])?;
    Ok(())
}
