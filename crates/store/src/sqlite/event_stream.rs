//! Event streams: their configuration and status, and where in the outbox their events wait.
//!
//! The kind of a message says whether it may go out: pushed, polled, or held while the stream is paused. A change of the stream
//! moves what waits in the same transaction.

use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::value::{Json, Num};
use super::{outbox, signal};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::place::{Fate, Fullness, Room, full, place_of, too_soon, turn, way_out};
use crate::record::signal::Party;
use crate::record::{
    Delivery, EventStream, NewStreamStatus, StatusChange, StreamChange, StreamStatus, Transmission, Verification,
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
    let Some(turn) = turn(&stream, new) else { return Ok(StatusChange { stream: existing(conn, id)?, lost: 0 }) };
    match turn.waiting {
        Fate::Goes => forget_waiting(conn, id)?,
        Fate::Moves { from, to } => move_waiting(conn, id, from, to, now)?,
    }
    if let Some(room) = turn.room {
        let sql = "UPDATE event_stream SET dropped = 0, room = ?2 WHERE id = ?1";
        conn.prepare_cached(sql)?.execute(params![id, Num(room)])?;
    }
    if turn.is_told {
        signal::tell_status(conn, &stream, new, turn.lost, now)?;
    }
    Ok(StatusChange { stream: existing(conn, id)?, lost: turn.lost })
}

pub(super) fn verify(
    conn: &Connection,
    id: &str,
    state: Option<&str>,
    interval_secs: u64,
    now: u64,
) -> Result<Verification> {
    let stream = existing(conn, id)?;
    if let Some(at) = too_soon(&stream, interval_secs, now) {
        return Ok(Verification::TooSoon { at });
    }
    conn.prepare_cached("UPDATE event_stream SET verified_at = ?2 WHERE id = ?1")?.execute(params![id, Num(now)])?;
    signal::tell_verification(conn, &stream, state, now)?;
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

/// Makes room for an event, if there is some. Else the stream is paused (if it was not), its receiver told, and the event lost.
pub(super) fn place(conn: &Connection, stream: &Listener, event: &str, now: u64) -> Result<Option<&'static str>> {
    let Some(place) = place_of(stream.status, stream.transmission, Some(event)) else { return Ok(None) };
    if has_room(conn, stream, place)? {
        return Ok(Some(place));
    }
    conn.prepare_cached("UPDATE event_stream SET dropped = dropped + 1 WHERE id = ?1")?.execute([&stream.id])?;
    if stream.status == StreamStatus::Enabled {
        set_status(conn, &stream.id, &full(), now)?;
    }
    Ok(None)
}

fn has_room(conn: &Connection, stream: &Listener, kind: &str) -> Result<bool> {
    let sql = "SELECT min(number) FROM outbox
        WHERE state = 'waiting' AND target = ?1 AND kind = ?2 AND number IS NOT NULL";
    let first: Option<Num> = conn.prepare_cached(sql)?.query_row([&stream.id, kind], |row| row.get(0))?;
    match stream.fullness.room_behind(first.map(|first| first.0)) {
        Room::Left => Ok(true),
        Room::None => Ok(false),
        Room::Uncounted => {
            let sql = "SELECT count(*) FROM outbox
                WHERE state = 'waiting' AND target = ?1 AND kind = ?2 AND number IS NOT NULL";
            let waiting: Num = conn.prepare_cached(sql)?.query_row([&stream.id, kind], |row| row.get(0))?;
            Ok(waiting.0 < stream.fullness.room)
        }
    }
}

/// What has to be known of a stream to tell it something.
pub(super) struct Listener {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) transmission: Transmission,
    pub(super) status: StreamStatus,
    pub(super) party: Party,
    fullness: Fullness,
}

/// The streams that are told of an event of this name. Whose client is gone or disabled is told nothing.
pub(super) fn listeners(conn: &Connection, event: &str) -> Result<Vec<Listener>> {
    let sql = "SELECT s.id, s.client_id, s.transmission, s.status, s.room, s.dropped, s.last_number, s.events, d.body
        FROM event_stream s JOIN document d ON d.kind = 'client' AND d.id = s.client_id
        WHERE s.status <> 'disabled' ORDER BY s.id";
    let mut select = conn.prepare_cached(sql)?;
    let streams = select.query_map([], |row| {
        let events = row.get::<_, Json<Vec<String>>>(7)?.0;
        let Some(party) = Party::of_client(row.get_ref(8)?.as_str()?).map_err(FromSqlError::other)? else {
            return Ok(None);
        };
        let listener = Listener {
            id: row.get(0)?,
            client_id: row.get(1)?,
            transmission: row.get(2)?,
            status: row.get(3)?,
            party,
            fullness: Fullness {
                room: row.get::<_, Num>(4)?.0,
                dropped: row.get::<_, Num>(5)?.0,
                last_number: row.get::<_, Num>(6)?.0,
            },
        };
        Ok(events.iter().any(|name| name == event).then_some(listener))
    })?;
    Ok(streams.filter_map(rusqlite::Result::transpose).collect::<rusqlite::Result<_>>()?)
}

/// Puts an event at its place, with the next number of its stream.
pub(super) fn put(conn: &Connection, id: &str, place: &str, mut event: serde_json::Value, now: u64) -> Result<()> {
    let sql = "UPDATE event_stream SET last_number = last_number + 1 WHERE id = ?1 RETURNING last_number";
    let number = conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Num>(0))?.0;
    event["number"] = number.into();
    outbox::put(conn, place, id, Some(number), &event, now)
}
