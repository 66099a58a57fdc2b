//! What is told on event streams, written in the transaction of what happened: one event for each stream that wants to hear of it.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::event_stream::{self, Listener, Party};
use super::outbox;
use crate::port::Result;
use crate::record::{Delivery, NewStreamStatus, StreamStatus, with_loss};

/// What one operation tells: its events share a cause.
pub(super) struct Signal<'a> {
    pub(super) conn: &'a Connection,
    pub(super) user_id: &'a str,
    pub(super) now: u64,
    cause: u64,
}

impl<'a> Signal<'a> {
    /// Made before the operation writes any message: no later operation that tells something gets the same cause.
    pub(super) fn of(conn: &'a Connection, user_id: &'a str, now: u64) -> Result<Self> {
        Ok(Self { conn, user_id, now, cause: outbox::seq(conn)? })
    }

    /// Something has ended: one session, or whatever the user had.
    pub(super) fn session_revoked(&self, sid: Option<&str>, why: &str) -> Result<()> {
        let what = match sid {
            Some(sid) => json!({ "sid": sid, "why": why }),
            None => json!({ "why": why }),
        };
        self.tell("session_revoked", &what)
    }

    /// The password is another one, or is there at all.
    pub(super) fn credential_change(&self, change: &str) -> Result<()> {
        self.tell("credential_change", &json!({ "change": change }))
    }

    /// The user has other roles.
    pub(super) fn roles_change(&self, roles: &Value) -> Result<()> {
        self.tell("token_claims_change", &json!({ "claims": { "roles": roles } }))
    }

    /// A client has no scope left.
    pub(super) fn scope_change(&self, client_id: &str) -> Result<()> {
        self.tell("token_claims_change", &json!({ "client_id": client_id, "claims": { "scope": "" } }))
    }

    /// The user is blocked.
    pub(super) fn account_disabled(&self) -> Result<()> {
        self.tell("account_disabled", &json!({}))
    }

    /// The user is deleted. Told before, as then nobody knows them any more.
    pub(super) fn account_purged(&self) -> Result<()> {
        self.tell("account_purged", &json!({}))
    }

    /// What a third party may not hear of is judged again when it goes out; but it must not take room on its stream, nor a number
    /// there, which would tell how much happens to others.
    fn tell(&self, event: &str, what: &Value) -> Result<()> {
        for stream in event_stream::listeners(self.conn, event)? {
            let knows = self.is_known_to(&stream)?;
            if stream.party == Party::Third && !(knows && is_about_its_own(&stream, event, what)) {
                continue;
            }
            let Some(place) = event_stream::place(self.conn, &stream, self.now)? else { continue };
            let mut told = what.clone();
            told["event"] = event.into();
            told["sub"] = self.user_id.into();
            told["at"] = self.now.into();
            told["cause"] = self.cause.into();
            told["knows"] = knows.into();
            event_stream::put(self.conn, &stream.id, &place, told, self.now)?;
        }
        Ok(())
    }

    /// Whether the user has allowed the stream's client anything, or has something there. Told as a fact, as it may not be
    /// known any more when the event goes out.
    fn is_known_to(&self, stream: &Listener) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM consent WHERE user_id = ?1 AND client_id = ?2)
            OR EXISTS (SELECT 1 FROM family WHERE user_id = ?1 AND client_id = ?2)
            OR EXISTS (SELECT 1 FROM session s JOIN session_client c ON c.sid = s.sid
                WHERE s.user_id = ?1 AND c.client_id = ?2)";
        let mut select = self.conn.prepare_cached(sql)?;
        Ok(select.query_row(params![self.user_id, stream.client_id], |row| row.get(0))?)
    }
}

/// Whether what a third party may know of people it knows is in this: of their claims, those of its own tokens.
fn is_about_its_own(stream: &Listener, event: &str, what: &Value) -> bool {
    event != "token_claims_change" || what["client_id"] == stream.client_id.as_str()
}

/// The receiver asked for a sign of life.
pub(super) fn tell_verification(conn: &Connection, stream: &str, state: Option<&str>, now: u64) -> Result<()> {
    let sql = "SELECT status FROM event_stream WHERE id = ?1";
    let status: StreamStatus = conn.prepare_cached(sql)?.query_row([stream], |row| row.get(0))?;
    if status == StreamStatus::Disabled {
        return Ok(());
    }
    overtake(conn, stream, "verification")?;
    let mut place = event_stream::way_out_of(conn, stream)?;
    if status == StreamStatus::Paused {
        place.kind = Delivery::SECURITY_EVENT_HELD;
    }
    let event = json!({ "event": "verification", "at": now, "cause": outbox::seq(conn)?, "state": state });
    event_stream::put(conn, stream, &place, event, now)
}

/// This side has changed the status. "the Transmitter MUST send this event to the Receiver before stopping the stream" (Shared
/// Signals Framework 1.0 §8.1.5), so it goes out whatever the status is now.
pub(super) fn tell_status(conn: &Connection, stream: &str, new: &NewStreamStatus, lost: u64, now: u64) -> Result<()> {
    overtake(conn, stream, "stream_updated")?;
    let place = event_stream::way_out_of(conn, stream)?;
    let cause = outbox::seq(conn)?;
    let mut event = json!({ "event": "stream_updated", "at": now, "cause": cause, "status": new.status });
    if let Some(reason) = with_loss(new.reason.as_deref(), lost) {
        event["reason"] = reason.into();
    }
    event_stream::put(conn, stream, &place, event, now)
}

/// Events about the stream itself go beyond its room. Of each sort only the newest waits, so that they fill nothing.
fn overtake(conn: &Connection, stream: &str, event: &str) -> Result<()> {
    conn.prepare_cached(OVERTAKE)?.execute([stream, event])?;
    Ok(())
}

/// The index has only what is about streams, so it costs nothing how much else waits.
pub(super) const OVERTAKE: &str = "DELETE FROM outbox INDEXED BY outbox_about_stream
    WHERE state = 'waiting' AND target = ?1 AND number IS NOT NULL AND json_extract(payload, '$.sub') IS NULL
        AND json_extract(payload, '$.event') = ?2";
