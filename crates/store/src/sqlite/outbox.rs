//! The outbox: messages to others. Written inside the transaction of what they tell; taken under a lease, so that whoever dies
//! over one does not take it along.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::readers::snapshot;
use super::value::{Json, Num};
use super::{event_stream, session};
use crate::error::StoreError;
use crate::page::{cut, page_size};
use crate::port::Result;
use crate::record::place::place_of;
use crate::record::signal::logout;
use crate::record::{
    Claim, Delivery, DeliveryOutcome, DeliveryState, EventFate, Issued, ListDeliveries, NewDelivery, Page, Retried,
    User, WaitingTarget, WhichDeliveries,
};

const COLUMNS: &str =
    "id, kind, target, payload, created_at, queued_at, attempts, last_error, state, next_at, settled_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let settled_at = || Ok::<_, rusqlite::Error>(row.get::<_, Num>(10)?.0);
    Ok(Delivery {
        id: row.get::<_, Num>(0)?.0,
        kind: row.get(1)?,
        target: row.get(2)?,
        payload: row.get::<_, Json<_>>(3)?.0,
        created_at: row.get::<_, Num>(4)?.0,
        queued_at: row.get::<_, Num>(5)?.0,
        attempts: row.get::<_, Num>(6)?.0,
        last_error: row.get(7)?,
        state: match row.get_ref(8)?.as_str()? {
            "delivered" => DeliveryState::Delivered { at: settled_at()? },
            "given_up" => DeliveryState::GivenUp { at: settled_at()? },
            _ => DeliveryState::Waiting { next_at: row.get::<_, Num>(9)?.0 },
        },
    })
}

/// Every number that was ever given out is at most this one.
pub(super) fn seq(conn: &Connection) -> Result<u64> {
    let mut select = conn.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?;
    Ok(select.query_row([], |row| row.get::<_, Num>(0)).optional()?.map_or(0, |seq| seq.0))
}

pub(super) fn put_all(conn: &Connection, messages: &[NewDelivery], now: u64) -> Result<()> {
    messages.iter().try_for_each(|message| put(conn, &message.kind, &message.target, None, &message.payload, now))
}

/// A message of a stream has its number there.
pub(super) fn put(
    conn: &Connection,
    kind: &str,
    target: &str,
    number: Option<u64>,
    payload: &Value,
    now: u64,
) -> Result<()> {
    let sql = "INSERT INTO outbox (kind, target, number, payload, created_at, queued_at, attempts, state, next_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 'waiting', ?5)";
    conn.prepare_cached(sql)?.execute(params![kind, target, number.map(Num), Json(payload), Num(now)])?;
    Ok(())
}

/// Notes that a client got tokens in a session.
pub(super) fn note_client(conn: &Connection, sid: &str, client_id: &str) -> Result<()> {
    let sql = "INSERT INTO session_client (sid, client_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    conn.prepare_cached(sql)?.execute([sid, client_id])?;
    Ok(())
}

/// The same, for a client that gets an ID token and no family; not in a session that has ended.
pub(super) fn join_session(conn: &Connection, sid: &str, client_id: &str) -> Result<Issued> {
    if !session::stands(conn, Some(sid))? {
        return Ok(Issued::Gone);
    }
    note_client(conn, sid, client_id)?;
    Ok(Issued::Done)
}

/// The clients that got tokens in a session.
pub(super) fn clients_of_session(conn: &Connection, sid: &str) -> Result<Vec<String>> {
    let mut select = conn.prepare_cached("SELECT client_id FROM session_client WHERE sid = ?1 ORDER BY client_id")?;
    let clients = select.query_map([sid], |row| row.get(0))?;
    Ok(clients.collect::<rusqlite::Result<_>>()?)
}

/// For each client of a session that has ended: that it has.
pub(super) fn tell_end_of_session(conn: &Connection, sid: &str, user_id: &str, now: u64) -> Result<()> {
    let clients = clients_of_session(conn, sid)?;
    clients.iter().try_for_each(|client| tell_logout(conn, client, user_id, Some(sid), now))
}

/// For each client that has something of the user, before all of that ends: once for each session that has not ended, and
/// for each family that goes on without one (it may have outlived its session, or never had one).
pub(super) fn tell_end_of_user(conn: &Connection, user: &User, now: u64) -> Result<()> {
    let sql = "SELECT c.client_id, c.sid FROM session s JOIN session_client c ON c.sid = s.sid
            WHERE s.user_id = ?1 AND s.ended_at IS NULL
        UNION SELECT client_id, sid FROM family WHERE user_id = ?1 AND ended_at IS NULL
        ORDER BY 1, 2";
    let mut select = conn.prepare_cached(sql)?;
    let told = select.query_map([&user.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (client, sid) in told.collect::<rusqlite::Result<Vec<(String, Option<String>)>>>()? {
        tell_logout(conn, &client, &user.id, sid.as_deref(), now)?;
    }
    Ok(())
}

fn tell_logout(conn: &Connection, client: &str, user_id: &str, sid: Option<&str>, now: u64) -> Result<()> {
    put(conn, Delivery::BACKCHANNEL_LOGOUT, client, None, &logout(user_id, sid), now)
}

pub(super) fn waiting(conn: &Connection) -> Result<Vec<WaitingTarget>> {
    let mut targets = snapshot(conn, || targets(conn))?;
    targets.sort_by_key(|target| target.next_at);
    Ok(targets)
}

/// Steps from target to target along the index, so that it costs nothing how much is waiting for each.
fn targets(conn: &Connection) -> Result<Vec<WaitingTarget>> {
    let sql = "SELECT kind, target, next_at FROM outbox WHERE state = 'waiting' AND (kind, target) > (?1, ?2)
        ORDER BY kind, target, next_at LIMIT 1";
    let mut select = conn.prepare_cached(sql)?;
    let mut targets: Vec<WaitingTarget> = Vec::new();
    loop {
        let after = targets.last().map_or(("", ""), |last| (last.kind.as_str(), last.target.as_str()));
        let next = select.query_row(params![after.0, after.1], |row| {
            Ok(WaitingTarget { kind: row.get(0)?, target: row.get(1)?, next_at: row.get::<_, Num>(2)?.0 })
        });
        match next.optional()? {
            Some(target) => targets.push(target),
            None => return Ok(targets),
        }
    }
}

pub(super) fn claim(conn: &Connection, claim: &Claim) -> Result<Vec<Delivery>> {
    let sql = "SELECT id FROM outbox WHERE state = 'waiting' AND kind = ?1 AND target = ?2 AND next_at <= ?3
        ORDER BY next_at, id LIMIT ?4";
    let mut select = conn.prepare_cached(sql)?;
    let due = select.query_map(params![claim.kind, claim.target, Num(claim.now), claim.limit], |row| row.get(0))?;
    let due = due.collect::<rusqlite::Result<Vec<Num>>>()?;
    let until = claim.now.saturating_add(claim.lease_secs.max(1));
    let sql = format!("UPDATE outbox SET next_at = ?2, attempts = attempts + 1 WHERE id = ?1 RETURNING {COLUMNS}");
    let mut update = conn.prepare_cached(&sql)?;
    let taken = due.into_iter().map(|id| update.query_row(params![id, Num(until)], from_row));
    Ok(taken.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn settle(
    conn: &Connection,
    id: u64,
    leased_until: u64,
    outcome: &DeliveryOutcome,
    now: u64,
) -> Result<bool> {
    // Whoever took longer than the lease may speak only of what is good news whenever it comes.
    const MINE: &str = "id = ?1 AND state = 'waiting' AND next_at = ?2";
    let (id, until, now) = (Num(id), Num(leased_until), Num(now));
    let changed = match outcome {
        DeliveryOutcome::Delivered => {
            let sql = "UPDATE outbox SET state = 'delivered', settled_at = ?2, last_error = NULL,
                    payload = CASE kind WHEN 'mail' THEN json_remove(payload, '$.sealed') ELSE payload END
                WHERE id = ?1 AND state <> 'delivered'";
            conn.prepare_cached(sql)?.execute(params![id, now])?
        }
        DeliveryOutcome::Failed { error, next_at } => {
            let sql = format!("UPDATE outbox SET last_error = ?3, next_at = ?4 WHERE {MINE}");
            conn.prepare_cached(&sql)?.execute(params![id, until, error, Num(*next_at)])?
        }
        DeliveryOutcome::GivenUp { error } => {
            let sql = format!("UPDATE outbox SET state = 'given_up', settled_at = ?4, last_error = ?3 WHERE {MINE}");
            conn.prepare_cached(&sql)?.execute(params![id, until, error, now])?
        }
        DeliveryOutcome::Unreachable { error, next_at } => {
            let sql = format!("UPDATE outbox SET last_error = ?3, next_at = ?4 WHERE {MINE} RETURNING kind, target");
            let mut update = conn.prepare_cached(&sql)?;
            let place = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
            let found = update.query_row(params![id, until, error, Num(*next_at)], place).optional()?;
            let Some((kind, target)) = found else { return Ok(false) };
            // What is taken by somebody is not due, so their leases stay.
            let sql = "UPDATE outbox SET last_error = ?4, next_at = ?5
                WHERE state = 'waiting' AND kind = ?1 AND target = ?2 AND next_at <= ?3";
            conn.prepare_cached(sql)?.execute(params![kind, target, now, error, Num(*next_at)])?;
            1
        }
        DeliveryOutcome::Unwanted => {
            conn.prepare_cached(&format!("DELETE FROM outbox WHERE {MINE}"))?.execute(params![id, until])?
        }
    };
    Ok(changed > 0)
}

pub(super) fn forget(conn: &Connection, kind: &str, target: &str, limit: u32) -> Result<u64> {
    let sql = "DELETE FROM outbox WHERE id IN
        (SELECT id FROM outbox WHERE state = 'waiting' AND kind = ?1 AND target = ?2 LIMIT ?3)";
    Ok(conn.prepare_cached(sql)?.execute(params![kind, target, page_size(limit)])? as u64)
}

/// The index has only what fails, so it costs nothing how much waits to be polled.
pub(super) const TRIED_LONG_ENOUGH: &str = "SELECT id FROM outbox INDEXED BY outbox_failing
    WHERE state = 'waiting' AND queued_at <= ?1 AND last_error IS NOT NULL AND kind <> 'security_event_held'
    ORDER BY queued_at";

pub(super) fn give_up(conn: &Connection, queued_until: u64, limit: u32, now: u64) -> Result<Vec<Delivery>> {
    let sql = format!(
        "UPDATE outbox SET state = 'given_up', settled_at = ?2 WHERE id IN
            ({TRIED_LONG_ENOUGH} LIMIT ?3)
        RETURNING {COLUMNS}"
    );
    let mut update = conn.prepare_cached(&sql)?;
    let given_up = update.query_map(params![Num(queued_until), Num(now), page_size(limit)], from_row)?;
    Ok(given_up.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn retry(conn: &Connection, id: u64, now: u64) -> Result<Retried> {
    let sql = "SELECT state, kind, target, number, json_extract(payload, '$.event') FROM outbox WHERE id = ?1";
    let found = conn.prepare_cached(sql)?.query_row([Num(id)], |row| {
        let (state, kind, target): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((state, kind, target, row.get::<_, Option<Num>>(3)?, row.get::<_, Option<String>>(4)?))
    });
    let Some((state, mut kind, target, number, event)) = found.optional()? else { return Ok(Retried::Unknown) };
    if state == "delivered" {
        return Ok(Retried::Arrived);
    }
    if number.is_some() {
        // The stream may have changed since.
        let Some(stream) = event_stream::by_id(conn, &target)? else { return Ok(Retried::StreamGone) };
        let Some(place) = place_of(stream.status, stream.transmission, event.as_deref()) else {
            return Ok(Retried::StreamDisabled);
        };
        place.clone_into(&mut kind);
    }
    let sql = format!(
        "UPDATE outbox SET state = 'waiting', kind = ?3, queued_at = ?2, next_at = ?2, attempts = 0, settled_at = NULL
        WHERE id = ?1 RETURNING {COLUMNS}"
    );
    Ok(Retried::Again(conn.prepare_cached(&sql)?.query_row(params![Num(id), Num(now), kind], from_row)?))
}

pub(super) fn page(conn: &Connection, list: &ListDeliveries) -> Result<Page<Delivery>> {
    let before = match &list.after {
        None => u64::MAX,
        Some(cursor) => cursor.parse().map_err(|_| StoreError::Invalid("the page cursor is not one"))?,
    };
    let filter = match list.which {
        WhichDeliveries::All => "",
        WhichDeliveries::Failed => "AND last_error IS NOT NULL",
    };
    let limit = page_size(list.limit);
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id < ?1 {filter} ORDER BY id DESC LIMIT ?2");
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map(params![Num(before), limit + 1], from_row)?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(cut(rows, limit, |delivery| delivery.id.to_string()))
}

/// The first events of a stream that wait to be polled.
pub(super) fn polled(conn: &Connection, stream: &str, limit: u32) -> Result<Vec<Delivery>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox
        WHERE state = 'waiting' AND target = ?1 AND kind = ?2 AND number IS NOT NULL ORDER BY number LIMIT ?3"
    );
    let mut select = conn.prepare_cached(&sql)?;
    let waiting = select.query_map(params![stream, Delivery::SECURITY_EVENT_POLL, page_size(limit)], from_row)?;
    Ok(waiting.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn settle_polled(conn: &Connection, stream: &str, fates: &[(u64, EventFate)], now: u64) -> Result<u64> {
    // One that was polled before the stream was paused is held now.
    const THIS: &str = "state = 'waiting' AND target = ?1 AND number = ?2
        AND kind IN ('security_event_poll', 'security_event_held')";
    let mut settled = 0;
    for (number, fate) in fates {
        let (number, now) = (Num(*number), Num(now));
        settled += match fate {
            EventFate::Taken => {
                let sql = format!("UPDATE outbox SET state = 'delivered', settled_at = ?3 WHERE {THIS}");
                conn.prepare_cached(&sql)?.execute(params![stream, number, now])?
            }
            EventFate::Refused { error } => {
                let sql =
                    format!("UPDATE outbox SET state = 'given_up', settled_at = ?3, last_error = ?4 WHERE {THIS}");
                conn.prepare_cached(&sql)?.execute(params![stream, number, now, error])?
            }
            EventFate::Unwanted => {
                let sql = format!("DELETE FROM outbox WHERE {THIS}");
                conn.prepare_cached(&sql)?.execute(params![stream, number])?
            }
        } as u64;
    }
    Ok(settled)
}
