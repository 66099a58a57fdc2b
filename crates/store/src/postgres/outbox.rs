//! The outbox: messages to others. Written inside the transaction of what they tell; taken under a lease, so that whoever dies
//! over one does not take it along.
//!
//! Of several messages the rows are locked by their ids, or passed over where another node has them.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::Row;

use super::conn::{Call, Conn, call, sql};
use super::event_stream;
use super::family::{LOCK_SESSION, stands};
use super::value::{Columns, json, num};
use crate::error::StoreError;
use crate::page::{cut, page_size};
use crate::port::Result;
use crate::record::place::place_of;
use crate::record::signal::logout;
use crate::record::{
    Claim, Delivery, DeliveryOutcome, DeliveryState, EventFate, Issued, ListDeliveries, NewDelivery, Page, Retried,
    User, WaitingTarget, WhichDeliveries,
};

/// The columns of table `outbox` under the alias `o`, in the order of [`from_row`].
const COLUMNS: &str = "o.id, o.kind, o.target, o.payload, o.created_at, o.queued_at, o.attempts, o.last_error, o.state, \
    o.next_at, o.settled_at";
/// How many they are.
const WIDTH: usize = 11;

fn from_row(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.num(0)?,
        kind: row.at(1)?,
        target: row.at(2)?,
        payload: row.json(3)?,
        created_at: row.num(4)?,
        queued_at: row.num(5)?,
        attempts: row.num(6)?,
        last_error: row.at(7)?,
        state: match row.at(8)? {
            "delivered" => DeliveryState::Delivered { at: row.num(10)? },
            "given_up" => DeliveryState::GivenUp { at: row.num(10)? },
            _ => DeliveryState::Waiting { next_at: row.num(9)? },
        },
    })
}

fn all(rows: &[Row]) -> Result<Vec<Delivery>> {
    rows.iter().map(from_row).collect()
}

/// A number that no message has, nor any later cause.
pub(super) const NEXT_CAUSE: &str = "SELECT nextval('outbox_id_seq')";

/// A message to put in. One of a stream has its number there.
pub(super) struct Message<'m> {
    pub(super) kind: &'m str,
    pub(super) target: &'m str,
    pub(super) number: Option<u64>,
    pub(super) payload: &'m Value,
}

/// Puts messages in, due at once, with ids in their order.
pub(super) fn put(conn: &Conn, messages: &[Message<'_>], now: u64) -> Result<Call<'static>> {
    let sql = "INSERT INTO outbox (kind, target, number, payload, created_at, queued_at, attempts, state, next_at)
        SELECT m.kind, m.target, m.number, m.payload, $5::BIGINT, $5::BIGINT, 0, 'waiting', $5::BIGINT
        FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::TEXT[]) WITH ORDINALITY
            AS m (kind, target, number, payload, place)
        ORDER BY m.place";
    conn.puts_message();
    let kinds: Vec<String> = messages.iter().map(|message| message.kind.to_owned()).collect();
    let targets: Vec<String> = messages.iter().map(|message| message.target.to_owned()).collect();
    let numbers: Vec<Option<i64>> = messages.iter().map(|message| message.number.map(num)).collect();
    let payloads = messages.iter().map(|message| json(message.payload)).collect::<Result<Vec<_>>>()?;
    Ok(call!(sql, kinds, targets, numbers, payloads, num(now)))
}

pub(super) async fn put_all(conn: &Conn, messages: &[NewDelivery], now: u64) -> Result<()> {
    match puts(conn, messages, now)? {
        Some(put) => conn.fly(vec![put]).await.map(drop),
        None => Ok(()),
    }
}

/// What puts them, if there are any.
pub(super) fn puts(conn: &Conn, messages: &[NewDelivery], now: u64) -> Result<Option<Call<'static>>> {
    if messages.is_empty() {
        return Ok(None);
    }
    let messages = messages.iter().map(|new| {
        let NewDelivery { kind, target, payload } = new;
        Message { kind, target, number: None, payload }
    });
    put(conn, &messages.collect::<Vec<_>>(), now).map(Some)
}

/// Notes that a client got tokens in a session.
pub(super) fn note_client<'t>(sid: &'t str, client_id: &'t str) -> Call<'t> {
    call!("INSERT INTO session_client (sid, client_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", sid, client_id)
}

/// The same, for a client that gets an ID token and no family; not in a session that has ended.
pub(super) async fn join_session(conn: &Conn, sid: &str, client_id: &str) -> Result<Issued> {
    let locked = conn.begin(vec![call!(LOCK_SESSION, sid)]).await?;
    let [session] = locked.as_slice() else { return Err(super::short()) };
    if !stands(session.row())? {
        return Ok(Issued::Gone);
    }
    conn.fly(vec![note_client(sid, client_id)]).await?;
    Ok(Issued::Done)
}

/// The clients that got tokens in a session.
pub(super) async fn clients_of_session(conn: &Conn, sid: &str) -> Result<Vec<String>> {
    let sql = "SELECT client_id FROM session_client WHERE sid = $1 ORDER BY client_id";
    conn.ask(sql, &[&sid]).await?.rows.iter().map(|row| row.at(0)).collect()
}

/// For each client of a session that has ended: that it has.
pub(super) async fn tell_end_of_session(conn: &Conn, sid: &str, user_id: &str, now: u64) -> Result<()> {
    let sql = "INSERT INTO outbox (kind, target, payload, created_at, queued_at, attempts, state, next_at)
        SELECT $2, client_id, $3, $4::BIGINT, $4::BIGINT, 0, 'waiting', $4::BIGINT
        FROM session_client WHERE sid = $1 ORDER BY client_id";
    let payload = json(&logout(user_id, Some(sid)))?;
    let told = conn.ask(sql, &[&sid, &Delivery::BACKCHANNEL_LOGOUT, &payload, &num(now)]).await?;
    if told.changed > 0 {
        conn.puts_message();
    }
    Ok(())
}

/// For each client that has something of the user, before all of that ends: once for each session that has not ended, and
/// for each family that goes on without one (it may have outlived its session, or never had one).
pub(super) async fn tell_end_of_user(conn: &Conn, user: &User, now: u64) -> Result<()> {
    // What ends at this moment by itself is told by who ends it.
    let locks = [
        "SELECT 1 FROM session WHERE user_id = $1 AND ended_at IS NULL ORDER BY sid FOR UPDATE",
        "SELECT 1 FROM family WHERE user_id = $1 AND ended_at IS NULL ORDER BY id FOR UPDATE",
    ];
    let sql = "SELECT c.client_id, c.sid FROM session s JOIN session_client c ON c.sid = s.sid
            WHERE s.user_id = $1 AND s.ended_at IS NULL
        UNION SELECT client_id, sid FROM family WHERE user_id = $1 AND ended_at IS NULL
        ORDER BY 1, 2";
    let answers = conn.fly(vec![call!(locks[0], &user.id), call!(locks[1], &user.id), call!(sql, &user.id)]).await?;
    let [_, _, told] = answers.as_slice() else { return Err(super::short()) };
    let told = told.rows.iter().map(|row| Ok((row.at::<&str>(0)?, logout(&user.id, row.at(1)?))));
    let told = told.collect::<Result<Vec<_>>>()?;
    if told.is_empty() {
        return Ok(());
    }
    let messages = told.iter().map(|(target, payload)| {
        let kind = Delivery::BACKCHANNEL_LOGOUT;
        Message { kind, target, number: None, payload }
    });
    conn.fly(vec![put(conn, &messages.collect::<Vec<_>>(), now)?]).await.map(drop)
}

/// Steps from target to target along the index, so that it costs nothing how much is waiting for each.
const TARGETS: &str = "WITH RECURSIVE step AS (
        (SELECT o.kind, o.target, o.next_at FROM outbox o WHERE o.state = 'waiting'
            ORDER BY o.kind, o.target, o.next_at LIMIT 1)
        UNION ALL
        SELECT n.kind, n.target, n.next_at FROM step s CROSS JOIN LATERAL
            (SELECT o.kind, o.target, o.next_at FROM outbox o
                WHERE o.state = 'waiting' AND (o.kind, o.target) > (s.kind, s.target)
                ORDER BY o.kind, o.target, o.next_at LIMIT 1) n
    ) SELECT kind, target, next_at FROM step ORDER BY next_at, kind, target";

pub(super) async fn waiting(conn: &Conn) -> Result<Vec<WaitingTarget>> {
    let target = |row: &Row| Ok(WaitingTarget { kind: row.at(0)?, target: row.at(1)?, next_at: row.num(2)? });
    conn.ask(TARGETS, &[]).await?.rows.iter().map(target).collect()
}

/// What another node is just taking is passed over.
pub(super) async fn claim(conn: &Conn, claim: &Claim) -> Result<Vec<Delivery>> {
    let sql = sql!(
        "WITH due AS (SELECT id, next_at FROM outbox
            WHERE state = 'waiting' AND kind = $1 AND target = $2 AND next_at <= $3
            ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE outbox AS o SET next_at = $5, attempts = o.attempts + 1 FROM due WHERE o.id = due.id
        RETURNING {COLUMNS}, due.next_at"
    );
    let Claim { kind, target, limit, lease_secs, now } = claim;
    let until = num(now.saturating_add((*lease_secs).max(1)));
    let taken = conn.ask(sql, &[kind, target, &num(*now), &i64::from(*limit), &until]).await?;
    let mut taken = taken.rows.iter().map(|row| Ok((row.num(WIDTH)?, from_row(row)?))).collect::<Result<Vec<_>>>()?;
    taken.sort_by_key(|(due, delivery)| (*due, delivery.id));
    Ok(taken.into_iter().map(|(_, delivery)| delivery).collect())
}

pub(super) async fn settle(
    conn: &Conn,
    id: u64,
    leased_until: u64,
    outcome: &DeliveryOutcome,
    now: u64,
) -> Result<bool> {
    // Whoever took longer than the lease may speak only of what is good news whenever it comes.
    const MINE: &str = "id = $1 AND state = 'waiting' AND next_at = $2";
    let (id, until, settled) = (num(id), num(leased_until), num(now));
    let answer = match outcome {
        DeliveryOutcome::Delivered => {
            let sql = "UPDATE outbox SET state = 'delivered', settled_at = $2, last_error = NULL,
                    payload = CASE kind WHEN 'mail' THEN CAST(CAST(payload AS JSONB) - 'sealed' AS TEXT) ELSE payload END
                WHERE id = $1 AND state <> 'delivered'";
            conn.ask(sql, &[&id, &settled]).await?
        }
        DeliveryOutcome::Failed { error, next_at } => {
            let sql = sql!("UPDATE outbox SET last_error = $3, next_at = $4 WHERE {MINE}");
            conn.ask(sql, &[&id, &until, error, &num(*next_at)]).await?
        }
        DeliveryOutcome::GivenUp { error } => {
            let sql = sql!("UPDATE outbox SET state = 'given_up', settled_at = $4, last_error = $3 WHERE {MINE}");
            conn.ask(sql, &[&id, &until, error, &settled]).await?
        }
        DeliveryOutcome::Unreachable { error, next_at } => {
            let sql = sql!("UPDATE outbox SET last_error = $3, next_at = $4 WHERE {MINE} RETURNING kind, target");
            let mut found = conn.begin(vec![call!(sql, &id, &until, error, num(*next_at))]).await?;
            let Some(mine) = found.pop().filter(|answer| answer.changed > 0) else { return Ok(false) };
            let (kind, target): (&str, &str) = (mine.one()?.at(0)?, mine.one()?.at(1)?);
            // What is taken by somebody is not due, so their leases stay; what somebody is just taking is theirs.
            let sql = "UPDATE outbox SET last_error = $4, next_at = $5 WHERE id IN
                (SELECT id FROM outbox WHERE state = 'waiting' AND kind = $1 AND target = $2 AND next_at <= $3
                    FOR UPDATE SKIP LOCKED)";
            conn.finish(vec![call!(sql, kind, target, settled, error, num(*next_at))]).await?;
            return Ok(true);
        }
        DeliveryOutcome::Unwanted => conn.ask(sql!("DELETE FROM outbox WHERE {MINE}"), &[&id, &until]).await?,
    };
    Ok(answer.changed > 0)
}

pub(super) async fn forget(conn: &Conn, kind: &str, target: &str, limit: u32) -> Result<u64> {
    let sql = "WITH gone AS (SELECT id FROM outbox WHERE state = 'waiting' AND kind = $1 AND target = $2 LIMIT $3
            FOR UPDATE SKIP LOCKED)
        DELETE FROM outbox WHERE id IN (SELECT id FROM gone)";
    Ok(conn.ask(sql, &[&kind, &target, &i64::from(page_size(limit))]).await?.changed)
}

/// The index has only what fails, so it costs nothing how much waits to be polled.
const TRIED_LONG_ENOUGH: &str = "SELECT id FROM outbox
    WHERE state = 'waiting' AND queued_at <= $1 AND last_error IS NOT NULL AND kind <> 'security_event_held'
    ORDER BY queued_at LIMIT $2 FOR UPDATE SKIP LOCKED";

pub(super) async fn give_up(conn: &Conn, queued_until: u64, limit: u32, now: u64) -> Result<Vec<Delivery>> {
    let sql = sql!(
        "WITH late AS ({TRIED_LONG_ENOUGH})
        UPDATE outbox AS o SET state = 'given_up', settled_at = $3 FROM late WHERE o.id = late.id RETURNING {COLUMNS}"
    );
    let given_up = conn.ask(sql, &[&num(queued_until), &i64::from(page_size(limit)), &num(now)]).await?;
    let mut given_up = all(&given_up.rows)?;
    given_up.sort_by_key(|delivery| (delivery.queued_at, delivery.id));
    Ok(given_up)
}

pub(super) async fn retry(conn: &Conn, id: u64, now: u64) -> Result<Retried> {
    let id = num(id);
    let message = sql!("SELECT {COLUMNS}, o.number IS NOT NULL FROM outbox o WHERE o.id = $1 FOR UPDATE");
    let answers = conn.begin(vec![event_stream::lock_of_message(id), call!(message, id)]).await?;
    let [stream, message] = answers.as_slice() else { return Err(super::short()) };
    let Some(row) = message.row() else { return Ok(Retried::Unknown) };
    let mut delivery = from_row(row)?;
    if matches!(delivery.state, DeliveryState::Delivered { .. }) {
        return Ok(Retried::Arrived);
    }
    if row.at(WIDTH)? {
        // The stream may have changed since.
        let Some(stream) = stream.row().map(event_stream::from_row).transpose()? else {
            return Ok(Retried::StreamGone);
        };
        let event = delivery.payload["event"].as_str();
        let Some(place) = place_of(stream.status, stream.transmission, event) else {
            return Ok(Retried::StreamDisabled);
        };
        place.clone_into(&mut delivery.kind);
    }
    let sql = sql!(
        "UPDATE outbox AS o SET state = 'waiting', kind = $3, queued_at = $2, next_at = $2, attempts = 0,
            settled_at = NULL
        WHERE o.id = $1 RETURNING {COLUMNS}"
    );
    let again = conn.finish(vec![call!(sql, id, num(now), &delivery.kind)]).await?;
    conn.puts_message();
    again.first().ok_or_else(super::short)?.one().and_then(from_row).map(Retried::Again)
}

pub(super) async fn page(conn: &Conn, list: &ListDeliveries) -> Result<Page<Delivery>> {
    let before = match &list.after {
        None => u64::MAX,
        Some(cursor) => cursor.parse().map_err(|_| StoreError::Invalid("the page cursor is not one"))?,
    };
    let limit = page_size(list.limit);
    let sql = match list.which {
        WhichDeliveries::All => sql!("SELECT {COLUMNS} FROM outbox o WHERE o.id < $1 ORDER BY o.id DESC LIMIT $2"),
        WhichDeliveries::Failed => sql!(
            "SELECT {COLUMNS} FROM outbox o WHERE o.id < $1 AND o.last_error IS NOT NULL ORDER BY o.id DESC LIMIT $2"
        ),
    };
    let rows = conn.ask(sql, &[&num(before), &i64::from(limit + 1)]).await?;
    Ok(cut(all(&rows.rows)?, limit, |delivery| delivery.id.to_string()))
}

/// The first events of a stream that wait to be polled.
pub(super) async fn polled(conn: &Conn, stream: &str, limit: u32) -> Result<Vec<Delivery>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM outbox o
        WHERE o.state = 'waiting' AND o.target = $1 AND o.kind = $2 AND o.number IS NOT NULL
        ORDER BY o.number LIMIT $3"
    );
    let limit = i64::from(page_size(limit));
    all(&conn.ask(sql, &[&stream, &Delivery::SECURITY_EVENT_POLL, &limit]).await?.rows)
}

pub(super) async fn settle_polled(conn: &Conn, stream: &str, fates: &[(u64, EventFate)], now: u64) -> Result<u64> {
    // One that was polled before the stream was paused is held now.
    const THESE: &str = "state = 'waiting' AND target = $1 AND number = ANY($2)
        AND kind IN ('security_event_poll', 'security_event_held')";
    if fates.is_empty() {
        return Ok(0);
    }
    // What is said of an event first counts.
    let mut said: BTreeMap<i64, &EventFate> = BTreeMap::new();
    for (number, fate) in fates {
        said.entry(num(*number)).or_insert(fate);
    }
    let (mut taken, mut unwanted, mut refused, mut errors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, fate) in &said {
        match fate {
            EventFate::Taken => taken.push(*number),
            EventFate::Unwanted => unwanted.push(*number),
            EventFate::Refused { error } => {
                refused.push(*number);
                errors.push(error);
            }
        }
    }
    let numbers: Vec<i64> = said.into_keys().collect();
    let lock = sql!("SELECT 1 FROM outbox WHERE {THESE} ORDER BY id FOR UPDATE");
    let mut flight = vec![call!("BEGIN"), call!(lock, stream, numbers)];
    if !taken.is_empty() {
        let sql = sql!("UPDATE outbox SET state = 'delivered', settled_at = $3 WHERE {THESE}");
        flight.push(call!(sql, stream, taken, num(now)));
    }
    if !refused.is_empty() {
        let sql = sql!(
            "UPDATE outbox AS o SET state = 'given_up', settled_at = $3, last_error = r.error
            FROM unnest($2::BIGINT[], $4::TEXT[]) AS r (refused, error) WHERE {THESE} AND r.refused = o.number"
        );
        flight.push(call!(sql, stream, refused, num(now), errors));
    }
    if !unwanted.is_empty() {
        flight.push(call!(sql!("DELETE FROM outbox WHERE {THESE}"), stream, unwanted));
    }
    conn.opens();
    let answers = conn.finish(flight).await?;
    Ok(answers.iter().skip(2).map(|answer| answer.changed).sum())
}
