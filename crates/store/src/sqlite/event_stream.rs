//! Event streams: their configuration and status, and where in the outbox their events wait.
//!
//! The kind of a message says whether it may go out: pushed, polled, or held while the stream is paused. A change of the stream
//! moves what waits in the same transaction.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::value::{Json, Num};
use super::{outbox, signal};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{
    Delivery, EventStream, NewStreamStatus, StatusBy, StatusChange, StreamChange, StreamStatus, Transmission,
    Verification,
};

/// The columns of table `event_stream` under the alias `s`, in the order of [`from_row`], which wants [`WAITING`] or `NULL` after them.
const COLUMNS: &str = "s.id, s.client_id, s.transmission, s.events, s.configuration, s.status, s.reason, \
    s.max_waiting, s.dropped, s.verified_at, s.created_at, s.updated_at, s.revision";

/// How many wait, which costs the more of them there are.
const WAITING: &str = "(SELECT count(*) FROM outbox o WHERE o.state = 'waiting' AND o.target = s.id \
        AND o.kind IN ('security_event', 'security_event_poll', 'security_event_held'))";

fn from_row(row: &Row<'_>) -> rusqlite::Result<EventStream> {
    Ok(EventStream {
        id: row.get(0)?,
        client_id: row.get(1)?,
        transmission: row.get(2)?,
        events: row.get::<_, Json<_>>(3)?.0,
        configuration: row.get::<_, Json<_>>(4)?.0,
        status: row.get(5)?,
        reason: row.get(6)?,
        max_waiting: row.get::<_, Num>(7)?.0,
        dropped: row.get::<_, Num>(8)?.0,
        verified_at: row.get::<_, Option<Num>>(9)?.map(|time| time.0),
        created_at: row.get::<_, Num>(10)?.0,
        updated_at: row.get::<_, Num>(11)?.0,
        revision: row.get::<_, Num>(12)?.0,
        waiting: row.get::<_, Option<Num>>(13)?.map(|waiting| waiting.0),
    })
}

/// Where events of a stream wait that is enabled.
pub(super) const fn way_out(transmission: Transmission) -> &'static str {
    match transmission {
        Transmission::Poll => Delivery::SECURITY_EVENT_POLL,
        Transmission::Push => Delivery::SECURITY_EVENT,
    }
}

pub(super) fn create(conn: &Connection, stream: &EventStream, max_of_client: u32) -> Result<bool> {
    let mut count = conn.prepare_cached("SELECT count(*) FROM event_stream WHERE client_id = ?1")?;
    if count.query_row([&stream.client_id], |row| row.get::<_, Num>(0))?.0 >= u64::from(max_of_client) {
        return Ok(false);
    }
    let sql = "INSERT INTO event_stream (id, client_id, transmission, events, configuration, status, reason,
            max_waiting, room, dropped, last_number, verified_at, created_at, updated_at, revision)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 0, 0, NULL, ?9, ?9, 1) ON CONFLICT DO NOTHING";
    let created = conn.prepare_cached(sql)?.execute(params![
        stream.id,
        stream.client_id,
        stream.transmission,
        Json(&stream.events),
        Json(&stream.configuration),
        stream.status,
        stream.reason,
        Num(stream.max_waiting),
        Num(stream.created_at),
    ])?;
    if created == 0 { Err(Conflict::Exists.into()) } else { Ok(true) }
}

pub(super) fn by_id(conn: &Connection, id: &str) -> Result<Option<EventStream>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS}, NULL FROM event_stream s WHERE s.id = ?1"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

fn existing(conn: &Connection, id: &str) -> Result<EventStream> {
    let sql = format!("SELECT {COLUMNS}, {WAITING} FROM event_stream s WHERE s.id = ?1");
    let stream = conn.prepare_cached(&sql)?.query_row([id], from_row).optional()?;
    stream.ok_or(StoreError::NotFound("stream"))
}

pub(super) fn of(conn: &Connection, client_id: Option<&str>) -> Result<Vec<EventStream>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {WAITING} FROM event_stream s WHERE ?1 IS NULL OR s.client_id = ?1 ORDER BY s.created_at, s.id"
    ))?;
    let streams = select.query_map([client_id], from_row)?;
    Ok(streams.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn update(conn: &Connection, id: &str, change: &StreamChange, now: u64) -> Result<EventStream> {
    let stream = existing(conn, id)?;
    if stream.revision != change.expect_revision {
        return Err(Conflict::Revision.into());
    }
    let sql = "UPDATE event_stream SET transmission = ?2, events = ?3, configuration = ?4, updated_at = ?5,
            revision = revision + 1
        WHERE id = ?1";
    let (events, configuration) = (Json(&change.events), Json(&change.configuration));
    conn.prepare_cached(sql)?.execute(params![id, change.transmission, events, configuration, Num(now)])?;
    if stream.transmission != change.transmission {
        // What tells of the status goes out whatever the status is.
        move_waiting(conn, id, way_out(stream.transmission), way_out(change.transmission), now)?;
    }
    existing(conn, id)
}

pub(super) fn set_status(conn: &Connection, id: &str, new: &NewStreamStatus, now: u64) -> Result<StatusChange> {
    let stream = existing(conn, id)?;
    let sql = "UPDATE event_stream SET status = ?2, reason = ?3, updated_at = ?4 WHERE id = ?1";
    conn.prepare_cached(sql)?.execute(params![id, new.status, new.reason, Num(now)])?;
    if new.status == stream.status {
        return Ok(StatusChange { stream: existing(conn, id)?, lost: 0 });
    }
    let out = way_out(stream.transmission);
    match new.status {
        StreamStatus::Disabled => {
            forget_waiting(conn, id)?;
            let sql = "UPDATE event_stream SET dropped = 0, room = max_waiting WHERE id = ?1";
            conn.prepare_cached(sql)?.execute([id])?;
        }
        StreamStatus::Paused => move_waiting(conn, id, out, Delivery::SECURITY_EVENT_HELD, now)?,
        StreamStatus::Enabled => {
            move_waiting(conn, id, Delivery::SECURITY_EVENT_HELD, out, now)?;
            // A stream that is full would be paused again by the next event: as much room once more, and no more than that.
            let sql =
                "UPDATE event_stream SET dropped = 0, room = min(max_waiting + ?2, 2 * max_waiting) WHERE id = ?1";
            conn.prepare_cached(sql)?.execute(params![id, stream.waiting.map(Num)])?;
        }
    }
    let lost = if new.status == StreamStatus::Paused { 0 } else { stream.dropped };
    if new.by == StatusBy::Transmitter {
        signal::tell_status(conn, id, new, lost, now)?;
    }
    Ok(StatusChange { stream: existing(conn, id)?, lost })
}

pub(super) fn verify(
    conn: &Connection,
    id: &str,
    state: Option<&str>,
    interval_secs: u64,
    now: u64,
) -> Result<Verification> {
    let stream = existing(conn, id)?;
    let next = stream.verified_at.map(|at| at.saturating_add(interval_secs));
    if let Some(at) = next.filter(|at| now < *at) {
        return Ok(Verification::TooSoon { at });
    }
    conn.prepare_cached("UPDATE event_stream SET verified_at = ?2 WHERE id = ?1")?.execute(params![id, Num(now)])?;
    signal::tell_verification(conn, id, state, now)?;
    Ok(Verification::Done)
}

/// What is settled the sweep removes in its time.
pub(super) fn delete(conn: &Connection, id: &str) -> Result<bool> {
    forget_waiting(conn, id)?;
    Ok(conn.prepare_cached("DELETE FROM event_stream WHERE id = ?1")?.execute([id])? > 0)
}

pub(super) fn delete_of(conn: &Connection, client_id: &str) -> Result<u64> {
    let mut deleted = 0;
    for stream in of(conn, Some(client_id))? {
        deleted += u64::from(delete(conn, &stream.id)?);
    }
    Ok(deleted)
}

fn forget_waiting(conn: &Connection, id: &str) -> Result<()> {
    conn.prepare_cached(FORGET_WAITING)?.execute([id])?;
    Ok(())
}

/// The index has nothing that is settled.
pub(super) const FORGET_WAITING: &str = "DELETE FROM outbox INDEXED BY outbox_numbered
    WHERE state = 'waiting' AND target = ?1 AND number IS NOT NULL";

/// What is held is not late, so its patience begins when it may go out. One that is under way may go out twice; its receiver
/// knows it by its id.
fn move_waiting(conn: &Connection, id: &str, from: &str, to: &str, now: u64) -> Result<()> {
    let sql = "UPDATE outbox SET kind = ?3, queued_at = ?4, last_error = NULL
        WHERE state = 'waiting' AND kind = ?2 AND target = ?1";
    conn.prepare_cached(sql)?.execute(params![id, from, to, Num(now)])?;
    if to != Delivery::SECURITY_EVENT_HELD {
        let sql = "UPDATE outbox SET next_at = ?3 WHERE state = 'waiting' AND kind = ?2 AND target = ?1";
        conn.prepare_cached(sql)?.execute(params![id, to, Num(now)])?;
    }
    Ok(())
}

/// What is put on a stream.
pub(super) struct Place {
    pub(super) kind: &'static str,
    pub(super) number: u64,
}

/// Takes the next number of a stream.
pub(super) fn next_number(conn: &Connection, id: &str) -> Result<u64> {
    let sql = "UPDATE event_stream SET last_number = last_number + 1 WHERE id = ?1 RETURNING last_number";
    Ok(conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Num>(0))?.0)
}

/// Makes room for an event, if there is some. Else the stream is paused (if it was not), its receiver told, and the event lost.
pub(super) fn place(conn: &Connection, stream: &Listener, now: u64) -> Result<Option<Place>> {
    let kind = match stream.status {
        StreamStatus::Disabled => return Ok(None),
        StreamStatus::Enabled => way_out(stream.transmission),
        StreamStatus::Paused => Delivery::SECURITY_EVENT_HELD,
    };
    if has_room(conn, stream, kind)? {
        return Ok(Some(Place { kind, number: next_number(conn, &stream.id)? }));
    }
    conn.prepare_cached("UPDATE event_stream SET dropped = dropped + 1 WHERE id = ?1")?.execute([&stream.id])?;
    if stream.status == StreamStatus::Enabled {
        let reason = Some("too many events are waiting: take them, and enable the stream again".to_owned());
        let full = NewStreamStatus { status: StreamStatus::Paused, reason, by: StatusBy::Transmitter };
        set_status(conn, &stream.id, &full, now)?;
    }
    Ok(None)
}

/// This is asked with every event, so what waits is counted only where the numbers leave it open.
fn has_room(conn: &Connection, stream: &Listener, kind: &str) -> Result<bool> {
    if stream.dropped > 0 {
        return Ok(false); // full, until it is enabled again
    }
    let sql = "SELECT min(number) FROM outbox
        WHERE state = 'waiting' AND target = ?1 AND kind = ?2 AND number IS NOT NULL";
    let first: Option<Num> = conn.prepare_cached(sql)?.query_row([&stream.id, kind], |row| row.get(0))?;
    let Some(first) = first else { return Ok(true) };
    if stream.last_number.saturating_sub(first.0) + 1 < stream.room {
        return Ok(true);
    }
    let sql = "SELECT count(*) FROM outbox
        WHERE state = 'waiting' AND target = ?1 AND kind = ?2 AND number IS NOT NULL";
    let waiting: Num = conn.prepare_cached(sql)?.query_row([&stream.id, kind], |row| row.get(0))?;
    Ok(waiting.0 < stream.room)
}

/// What has to be known of a stream to tell it something.
pub(super) struct Listener {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) transmission: Transmission,
    pub(super) status: StreamStatus,
    pub(super) party: Party,
    room: u64,
    dropped: u64,
    last_number: u64,
}

/// Whose program a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// The operator's own.
    First,
    /// Somebody else's.
    Third,
}

/// The streams that are told of an event of this name. Whose client is gone or disabled is told nothing.
pub(super) fn listeners(conn: &Connection, event: &str) -> Result<Vec<Listener>> {
    let sql = "SELECT s.id, s.client_id, s.transmission, s.status, s.room, s.dropped, s.last_number, s.events,
            coalesce(json_extract(d.body, '$.first_party'), 0)
        FROM event_stream s JOIN document d ON d.kind = 'client' AND d.id = s.client_id
        WHERE s.status <> 'disabled' AND NOT coalesce(json_extract(d.body, '$.disabled'), 0) ORDER BY s.id";
    let mut select = conn.prepare_cached(sql)?;
    let streams = select.query_map([], |row| {
        let listener = Listener {
            id: row.get(0)?,
            client_id: row.get(1)?,
            transmission: row.get(2)?,
            status: row.get(3)?,
            party: if row.get(8)? { Party::First } else { Party::Third },
            room: row.get::<_, Num>(4)?.0,
            dropped: row.get::<_, Num>(5)?.0,
            last_number: row.get::<_, Num>(6)?.0,
        };
        Ok((listener, row.get::<_, Json<Vec<String>>>(7)?.0))
    })?;
    let streams = streams.collect::<rusqlite::Result<Vec<_>>>()?;
    let told = streams.into_iter().filter(|(_, events)| events.iter().any(|name| name == event));
    Ok(told.map(|(listener, _)| listener).collect())
}

/// The stream of this id, whatever it is told of.
pub(super) fn way_out_of(conn: &Connection, id: &str) -> Result<Place> {
    let sql = "SELECT transmission FROM event_stream WHERE id = ?1";
    let transmission = conn.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
    Ok(Place { kind: way_out(transmission), number: next_number(conn, id)? })
}

/// Puts an event at its place.
pub(super) fn put(conn: &Connection, id: &str, place: &Place, mut event: serde_json::Value, now: u64) -> Result<()> {
    event["number"] = place.number.into();
    outbox::put(conn, place.kind, id, Some(place.number), &event, now)
}
