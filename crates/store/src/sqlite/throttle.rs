//! Counters that slow failed attempts down (security 124 and 125). They live in the file, so a restart forgets nothing.

use rusqlite::{Connection, OptionalExtension, params};

use super::value::Num;
use crate::port::Result;
use crate::record::{Attempt, ThrottleKey};

struct Counter {
    attempts: u64,
    last_at: u64,
}

pub(super) fn begin(conn: &Connection, keys: &[ThrottleKey], now: u64) -> Result<Attempt> {
    let mut wait = 0;
    let mut counters = Vec::with_capacity(keys.len());
    for key in keys {
        let counter = current(conn, key, now)?;
        wait = wait.max(wait_secs(key, &counter, now));
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

/// What counts at this moment: nothing, if the window has passed in quiet.
fn current(conn: &Connection, key: &ThrottleKey, now: u64) -> Result<Counter> {
    let mut select = conn.prepare_cached("SELECT attempts, last_at FROM throttle WHERE key = ?1")?;
    let found = select
        .query_row([&key.key], |row| {
            Ok(Counter { attempts: row.get::<_, Num>(0)?.0, last_at: row.get::<_, Num>(1)?.0 })
        })
        .optional()?;
    let counter = found.filter(|counter| now < counter.last_at.saturating_add(key.window_secs));
    let Some(mut counter) = counter else {
        return Ok(Counter { attempts: 0, last_at: now });
    };
    if counter.last_at > now {
        // The clock went back: begin the delay anew from here, or the wait would last as long as the jump.
        counter.last_at = now;
        count(conn, key, counter.attempts, now)?;
    }
    Ok(counter)
}

fn wait_secs(key: &ThrottleKey, counter: &Counter, now: u64) -> u64 {
    let Some(beyond) = counter.attempts.checked_sub(u64::from(key.free)) else {
        return 0;
    };
    if counter.attempts == 0 {
        return 0;
    }
    let factor = u32::try_from(beyond).ok().and_then(|beyond| 1_u64.checked_shl(beyond)).unwrap_or(u64::MAX);
    let delay = key.base_delay_secs.saturating_mul(factor).min(key.max_delay_secs);
    counter.last_at.saturating_add(delay).saturating_sub(now)
}

fn count(conn: &Connection, key: &ThrottleKey, attempts: u64, now: u64) -> Result<()> {
    let sql = "INSERT INTO throttle (key, attempts, last_at, expires_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) DO UPDATE
        SET attempts = excluded.attempts, last_at = excluded.last_at, expires_at = excluded.expires_at";
    let expires_at = now.saturating_add(key.window_secs);
    conn.prepare_cached(sql)?.execute(params![key.key, Num(attempts), Num(now), Num(expires_at)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_bound() {
        let key = ThrottleKey { key: "k".into(), free: 3, base_delay_secs: 2, max_delay_secs: 60, window_secs: 900 };
        let wait = |attempts| wait_secs(&key, &Counter { attempts, last_at: 100 }, 100);
        let waits: Vec<_> = (0..9).map(wait).collect();
        assert_eq!(waits, [0, 0, 0, 2, 4, 8, 16, 32, 60]);
        assert_eq!(wait(u64::MAX), 60);
    }
}
