//! Event streams: their configuration and status, and where in the outbox their events wait.
//!
//! The kind of a message says whether it may go out: pushed, polled, or held while the stream is paused. A change of the stream
//! moves what waits in the same transaction. Whoever puts something on a stream or changes it has locked its row, so its numbers have
//! no gaps and nothing is put where it would not be found.

#[cfg(test)]
mod tests;

use tokio_postgres::Row;

use super::conn::{Answer, Call, Conn, call, sql};
use super::outbox::{self, Message};
use super::value::{Columns, Word, json, num};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::place::{Fate, Fullness, STREAM_UPDATED, place_of, too_soon, turn, way_out};
use crate::record::signal::{VERIFICATION, stream_updated, verification};
use crate::record::{Delivery, EventStream, NewStreamStatus, StatusChange, StreamChange, Verification};

/// The columns of table `event_stream` under the alias `s`, in the order of [`from_row`], which wants [`WAITING`] or [`UNCOUNTED`] after them.
const COLUMNS: &str = "s.id, s.client_id, s.transmission, s.events, s.configuration, s.status, s.reason, \
    s.max_waiting, s.dropped, s.verified_at, s.created_at, s.updated_at, s.revision";

/// How many wait, which costs the more of them there are.
const WAITING: &str = "(SELECT count(*) FROM outbox o WHERE o.state = 'waiting' AND o.target = s.id \
        AND o.kind IN ('security_event', 'security_event_poll', 'security_event_held'))";
/// That nobody has counted them.
const UNCOUNTED: &str = "CAST(NULL AS BIGINT)";

pub(super) fn from_row(row: &Row) -> Result<EventStream> {
    Ok(EventStream {
        id: row.at(0)?,
        client_id: row.at(1)?,
        transmission: row.word(2)?,
        events: row.json(3)?,
        configuration: row.json(4)?,
        status: row.word(5)?,
        reason: row.at(6)?,
        max_waiting: row.num(7)?,
        dropped: row.num(8)?,
        verified_at: row.opt_num(9)?,
        created_at: row.num(10)?,
        updated_at: row.num(11)?,
        revision: row.num(12)?,
        waiting: row.opt_num(13)?,
    })
}

/// A stream whose row is locked.
pub(super) struct Locked {
    pub(super) stream: EventStream,
    pub(super) fullness: Fullness,
}

impl Locked {
    fn from_row(row: &Row) -> Result<Self> {
        let stream = from_row(row)?;
        let fullness = Fullness { dropped: stream.dropped, room: row.num(14)?, last_number: row.num(15)? };
        Ok(Self { stream, fullness })
    }

    /// Takes the next number; the caller writes it into the row.
    pub(super) const fn take_number(&mut self) -> u64 {
        self.fullness.last_number += 1;
        self.fullness.last_number
    }
}

/// Locks streams by their ids.
pub(super) fn lock(ids: &[&str]) -> Call<'static> {
    let sql = sql!(
        "SELECT {COLUMNS}, {UNCOUNTED}, s.room, s.last_number FROM event_stream s WHERE s.id = ANY($1)
        ORDER BY s.id FOR UPDATE"
    );
    call!(sql, ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
}

/// The streams that [`lock`] found.
pub(super) fn locked(answer: &Answer) -> Result<Vec<Locked>> {
    answer.rows.iter().map(Locked::from_row).collect()
}

/// Keeps the stream of a message as it is; its row is one for [`from_row`].
pub(super) fn lock_of_message(id: i64) -> Call<'static> {
    let sql = sql!(
        "SELECT {COLUMNS}, {UNCOUNTED} FROM event_stream s
        WHERE s.id = (SELECT target FROM outbox WHERE id = $1 AND number IS NOT NULL) FOR SHARE"
    );
    call!(sql, id)
}

pub(super) async fn create(conn: &Conn, stream: &EventStream, max_of_client: u32) -> Result<bool> {
    // Of two at once for one client the second waits, and counts the first.
    let lock = "SELECT 1 FROM document WHERE kind = 'client' AND id = $1 FOR UPDATE";
    let count = "SELECT count(*) FROM event_stream WHERE client_id = $1";
    let answers = conn.begin(vec![call!(lock, &stream.client_id), call!(count, &stream.client_id)]).await?;
    let [_, count] = answers.as_slice() else { return Err(super::short()) };
    if count.one()?.num(0)? >= u64::from(max_of_client) {
        return Ok(false);
    }
    let sql = "INSERT INTO event_stream (id, client_id, transmission, events, configuration, status, reason,
            max_waiting, room, dropped, last_number, verified_at, created_at, updated_at, revision)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, 0, NULL, $9, $9, 1)";
    let insert = call!(
        sql,
        &stream.id,
        &stream.client_id,
        stream.transmission.word(),
        json(&stream.events)?,
        json(&stream.configuration)?,
        stream.status.word(),
        &stream.reason,
        num(stream.max_waiting),
        num(stream.created_at),
    );
    conn.finish(vec![insert]).await?;
    Ok(true)
}

pub(super) async fn by_id(conn: &Conn, id: &str) -> Result<Option<EventStream>> {
    let sql = sql!("SELECT {COLUMNS}, {UNCOUNTED} FROM event_stream s WHERE s.id = $1");
    conn.ask(sql, &[&id]).await?.row().map(from_row).transpose()
}

pub(super) async fn of(conn: &Conn, client_id: Option<&str>) -> Result<Vec<EventStream>> {
    const ORDER: &str = "ORDER BY s.created_at, s.id";
    let found = match client_id {
        Some(client_id) => {
            let sql = sql!("SELECT {COLUMNS}, {WAITING} FROM event_stream s WHERE s.client_id = $1 {ORDER}");
            conn.ask(sql, &[&client_id]).await?
        }
        None => conn.ask(sql!("SELECT {COLUMNS}, {WAITING} FROM event_stream s {ORDER}"), &[]).await?,
    };
    found.rows.iter().map(from_row).collect()
}

/// Begins by locking a stream; what waits is counted once that is done. Besides, a cause for what is told of it.
async fn begin_with(conn: &Conn, id: &str) -> Result<(Locked, u64)> {
    let flight = vec![
        lock(&[id]),
        call!(sql!("SELECT {WAITING} FROM event_stream s WHERE s.id = $1"), id),
        call!(outbox::NEXT_CAUSE),
    ];
    let answers = conn.begin(flight).await?;
    let [stream, waiting, cause] = answers.as_slice() else { return Err(super::short()) };
    let mut stream = locked(stream)?.pop().ok_or(StoreError::NotFound("stream"))?;
    stream.stream.waiting = Some(waiting.one()?.num(0)?);
    Ok((stream, cause.one()?.num(0)?))
}

/// Commits, and reads the stream as it is then.
async fn finish_with(conn: &Conn, id: &str, mut calls: Vec<Call<'_>>) -> Result<EventStream> {
    calls.push(call!(sql!("SELECT {COLUMNS}, {WAITING} FROM event_stream s WHERE s.id = $1"), id));
    conn.finish(calls).await?.last().ok_or_else(super::short)?.one().and_then(from_row)
}

pub(super) async fn update(conn: &Conn, id: &str, change: &StreamChange, now: u64) -> Result<EventStream> {
    let (Locked { stream, .. }, _) = begin_with(conn, id).await?;
    if stream.revision != change.expect_revision {
        return Err(Conflict::Revision.into());
    }
    let sql = "UPDATE event_stream SET transmission = $2, events = $3, configuration = $4, updated_at = $5,
            revision = revision + 1
        WHERE id = $1";
    let (events, configuration) = (json(&change.events)?, json(&change.configuration)?);
    let mut calls = vec![call!(sql, id, change.transmission.word(), events, configuration, num(now))];
    if stream.transmission != change.transmission {
        // What tells of the status goes out whatever the status is.
        calls.extend(move_waiting(id, way_out(stream.transmission), way_out(change.transmission), now));
    }
    finish_with(conn, id, calls).await
}

pub(super) async fn set_status(conn: &Conn, id: &str, new: &NewStreamStatus, now: u64) -> Result<StatusChange> {
    let (mut stream, cause) = begin_with(conn, id).await?;
    let (calls, lost) = turned(conn, &mut stream, new, cause, now)?;
    Ok(StatusChange { stream: finish_with(conn, id, calls).await?, lost })
}

/// A new status of a locked stream, whose `waiting` is counted where it is enabled; and what is lost by it.
pub(super) fn turned(
    conn: &Conn,
    locked: &mut Locked,
    new: &NewStreamStatus,
    cause: u64,
    now: u64,
) -> Result<(Vec<Call<'static>>, u64)> {
    let id = locked.stream.id.clone();
    let sql = "UPDATE event_stream SET status = $2, reason = $3, updated_at = $4 WHERE id = $1";
    let mut calls = vec![call!(sql, id.clone(), new.status.word(), new.reason.clone(), num(now))];
    let Some(turn) = turn(&locked.stream, new) else { return Ok((calls, 0)) };
    match turn.waiting {
        Fate::Goes => calls.push(call!(FORGET_WAITING, id.clone())),
        Fate::Moves { from, to } => calls.extend(move_waiting(&id, from, to, now)),
    }
    if let Some(room) = turn.room {
        calls.push(call!("UPDATE event_stream SET dropped = 0, room = $2 WHERE id = $1", id, num(room)));
    }
    if turn.is_told {
        let place = way_out(locked.stream.transmission);
        let event = stream_updated(new, turn.lost, now, cause);
        calls.extend(tell_of_itself(conn, locked, STREAM_UPDATED, place, event, now)?);
    }
    Ok((calls, turn.lost))
}

/// An event about a stream itself goes beyond its room. Of each sort only the newest waits, so that they fill nothing.
fn tell_of_itself(
    conn: &Conn,
    locked: &mut Locked,
    event: &'static str,
    place: &'static str,
    mut payload: serde_json::Value,
    now: u64,
) -> Result<[Call<'static>; 3]> {
    let number = locked.take_number();
    payload["number"] = number.into();
    let id = &locked.stream.id;
    let message = Message { kind: place, target: id, number: Some(number), payload: &payload };
    Ok([
        call!(OVERTAKE, id.clone(), event),
        call!("UPDATE event_stream SET last_number = $2 WHERE id = $1", id.clone(), num(number)),
        outbox::put(conn, &[message], now)?,
    ])
}

/// The index has only what is about streams, so it costs nothing how much else waits.
const OVERTAKE: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
    WHERE state = 'waiting' AND target = $1 AND number IS NOT NULL AND (CAST(payload AS JSONB) ->> 'sub') IS NULL
        AND (CAST(payload AS JSONB) ->> 'event') = $2
    ORDER BY id FOR UPDATE)";

/// The receiver asked for a sign of life.
pub(super) async fn verify(
    conn: &Conn,
    id: &str,
    state: Option<&str>,
    interval_secs: u64,
    now: u64,
) -> Result<Verification> {
    let answers = conn.begin(vec![lock(&[id]), call!(outbox::NEXT_CAUSE)]).await?;
    let [stream, cause] = answers.as_slice() else { return Err(super::short()) };
    let mut locked = locked(stream)?.pop().ok_or(StoreError::NotFound("stream"))?;
    if let Some(at) = too_soon(&locked.stream, interval_secs, now) {
        return Ok(Verification::TooSoon { at });
    }
    let mut calls = vec![call!("UPDATE event_stream SET verified_at = $2 WHERE id = $1", id, num(now))];
    if let Some(place) = place_of(locked.stream.status, locked.stream.transmission, Some(VERIFICATION)) {
        let event = verification(state, now, cause.one()?.num(0)?);
        calls.extend(tell_of_itself(conn, &mut locked, VERIFICATION, place, event, now)?);
    }
    conn.finish(calls).await?;
    Ok(Verification::Done)
}

/// What is settled the sweep removes in its time.
pub(super) async fn delete(conn: &Conn, id: &str) -> Result<bool> {
    let mut flight = vec![call!("BEGIN"), lock(&[id])];
    flight.extend(deletion(id));
    conn.opens();
    Ok(conn.finish(flight).await?.last().is_some_and(|gone| gone.changed > 0))
}

pub(super) async fn delete_of(conn: &Conn, client_id: &str) -> Result<u64> {
    let lock = "SELECT id FROM event_stream WHERE client_id = $1 ORDER BY id FOR UPDATE";
    let found = conn.begin(vec![call!(lock, client_id)]).await?;
    let rows = found.first().map_or(&[][..], |answer| &answer.rows);
    let ids = rows.iter().map(|row| row.at(0)).collect::<Result<Vec<&str>>>()?;
    conn.finish(ids.iter().flat_map(|id| deletion(id)).collect()).await?;
    Ok(ids.len() as u64)
}

/// Removes a locked stream, and all that waits on it.
fn deletion(id: &str) -> [Call<'_>; 2] {
    [call!(FORGET_WAITING, id), call!("DELETE FROM event_stream WHERE id = $1", id)]
}

/// The index has nothing that is settled.
const FORGET_WAITING: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
    WHERE state = 'waiting' AND target = $1 AND number IS NOT NULL ORDER BY id FOR UPDATE)";

/// What is held is not late, so its patience begins when it may go out. One that is under way may go out twice; its receiver
/// knows it by its id.
fn move_waiting(id: &str, from: &'static str, to: &'static str, now: u64) -> Vec<Call<'static>> {
    const THESE: &str = "SELECT id FROM outbox WHERE state = 'waiting' AND target = $1 AND kind = $2";
    let sql = sql!(
        "UPDATE outbox SET kind = $3, queued_at = $4, last_error = NULL WHERE id IN ({THESE} ORDER BY id FOR UPDATE)"
    );
    let mut calls = vec![call!(sql, id.to_owned(), from, to, num(now))];
    if to != Delivery::SECURITY_EVENT_HELD {
        let sql = sql!("UPDATE outbox SET next_at = $3 WHERE id IN ({THESE} AND next_at > $3 ORDER BY id FOR UPDATE)");
        calls.push(call!(sql, id.to_owned(), to, num(now)));
    }
    calls
}
