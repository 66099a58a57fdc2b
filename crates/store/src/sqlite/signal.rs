//! What is told on event streams, written in the transaction of what happened: one event for each stream that wants to hear of it.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::event_stream::{self, Listener};
use super::outbox;
use crate::port::Result;
use crate::record::place::{STREAM_UPDATED, place_of, way_out};
use crate::record::signal::{Origin, Told, VERIFICATION, stream_updated, verification};
use crate::record::{EventStream, NewStreamStatus};

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
        self.tell(&Told::session_revoked(sid, why))
    }

    /// The password is another one, or is there at all.
    pub(super) fn credential_change(&self, change: &str) -> Result<()> {
        self.tell(&Told::credential_change(change))
    }

    /// Something beside the password is there, or is no more.
    pub(super) fn factor_change(&self, credential_type: &str, change: &str) -> Result<()> {
        self.tell(&Told::factor_change(credential_type, change))
    }

    /// The user has other roles.
    pub(super) fn roles_change(&self, roles: &Value) -> Result<()> {
        self.tell(&Told::roles_change(roles))
    }

    /// A client has no scope left.
    pub(super) fn scope_change(&self, client_id: &str) -> Result<()> {
        self.tell(&Told::scope_change(client_id))
    }

    /// The user is blocked.
    pub(super) fn account_disabled(&self) -> Result<()> {
        self.tell(&Told::account_disabled())
    }

    /// The user is deleted. Told before, as then nobody knows them any more.
    pub(super) fn account_purged(&self) -> Result<()> {
        self.tell(&Told::account_purged())
    }

    fn tell(&self, told: &Told) -> Result<()> {
        for stream in event_stream::listeners(self.conn, told.event)? {
            let knows = self.is_known_to(&stream)?;
            if !told.may_reach(stream.party, &stream.client_id, knows) {
                continue;
            }
            let Some(place) = event_stream::place(self.conn, &stream, told.event, self.now)? else { continue };
            let origin = Origin { user_id: self.user_id, at: self.now, cause: self.cause };
            event_stream::put(self.conn, &stream.id, place, told.payload(origin, knows), self.now)?;
        }
        Ok(())
    }

    /// Whether the user has allowed the stream's client anything, or has something there.
    fn is_known_to(&self, stream: &Listener) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM consent WHERE user_id = ?1 AND client_id = ?2)
            OR EXISTS (SELECT 1 FROM family WHERE user_id = ?1 AND client_id = ?2)
            OR EXISTS (SELECT 1 FROM session s JOIN session_client c ON c.sid = s.sid
                WHERE s.user_id = ?1 AND c.client_id = ?2)";
        let mut select = self.conn.prepare_cached(sql)?;
        Ok(select.query_row(params![self.user_id, stream.client_id], |row| row.get(0))?)
    }
}

/// The receiver asked for a sign of life.
pub(super) fn tell_verification(conn: &Connection, stream: &EventStream, state: Option<&str>, now: u64) -> Result<()> {
    let Some(place) = place_of(stream.status, stream.transmission, Some(VERIFICATION)) else { return Ok(()) };
    overtake(conn, &stream.id, VERIFICATION)?;
    event_stream::put(conn, &stream.id, place, verification(state, now, outbox::seq(conn)?), now)
}

/// This side has changed the status.
pub(super) fn tell_status(
    conn: &Connection,
    stream: &EventStream,
    new: &NewStreamStatus,
    lost: u64,
    now: u64,
) -> Result<()> {
    overtake(conn, &stream.id, STREAM_UPDATED)?;
    let event = stream_updated(new, lost, now, outbox::seq(conn)?);
    event_stream::put(conn, &stream.id, way_out(stream.transmission), event, now)
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
