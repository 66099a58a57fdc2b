//! What is told on event streams, written in the transaction of what happened: one event for each stream that wants to hear of it.
//!
//! Where nobody listens it costs one round trip; else two more for each event: the streams are locked, in the order of their ids, and the
//! events written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::conn::{Call, Conn, call};
use super::event_stream::{self, Locked};
use super::outbox::{self, Message};
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::place::{Room, full, place_of};
use crate::record::signal::{Origin, Party, Told};
use crate::record::{Delivery, StreamStatus};

/// What one operation tells: its events share a cause.
pub(super) struct Signal<'a> {
    pub(super) conn: &'a Conn,
    pub(super) user_id: &'a str,
    pub(super) now: u64,
    cause: u64,
    listeners: Vec<Listener>,
}

/// What has to be known of a stream to tell it something.
struct Listener {
    stream: String,
    client_id: String,
    events: BTreeSet<String>,
    party: Party,
    knows: bool,
}

impl Listener {
    fn hears(&self, told: &Told) -> bool {
        self.events.contains(told.event) && told.may_reach(self.party, &self.client_id, self.knows)
    }
}

impl<'a> Signal<'a> {
    /// Made before the operation removes anything: what a client has of the user says whether it knows them.
    pub(super) async fn of(conn: &'a Conn, user_id: &'a str, now: u64) -> Result<Self> {
        let answers = conn.fly(vec![call!(outbox::NEXT_CAUSE), call!(LISTENERS, user_id)]).await?;
        let [cause, streams] = answers.as_slice() else { return Err(super::short()) };
        let mut listeners = Vec::new();
        for row in &streams.rows {
            // Whose client is disabled is told nothing.
            let party = Party::of_client(row.at(3)?);
            let party = party.map_err(|_| StoreError::Corrupt("the document of a client cannot be read".into()))?;
            if let Some(party) = party {
                let (stream, client_id, events, knows) = (row.at(0)?, row.at(1)?, row.json(2)?, row.at(4)?);
                listeners.push(Listener { stream, client_id, events, party, knows });
            }
        }
        Ok(Self { conn, user_id, now, cause: cause.one()?.num(0)?, listeners })
    }

    /// Something has ended: one session, or whatever the user had.
    pub(super) async fn session_revoked(&self, sid: Option<&str>, why: &str) -> Result<()> {
        // The end of a session is told alone. The end of all a user had is told first of several events: whoever hears of any of them is locked
        // now, or two operations could each wait for a stream that the other has.
        let lock = if sid.is_some() { Lock::Hearers } else { Lock::Listeners };
        self.tell(&Told::session_revoked(sid, why), lock).await
    }

    /// The password is another one, or is there at all.
    pub(super) async fn credential_change(&self, change: &str) -> Result<()> {
        self.tell(&Told::credential_change(change), Lock::Hearers).await
    }

    /// Something beside the password is there, or is no more.
    pub(super) async fn factor_change(&self, credential_type: &str, change: &str) -> Result<()> {
        self.tell(&Told::factor_change(credential_type, change), Lock::Hearers).await
    }

    /// The user has other roles.
    pub(super) async fn roles_change(&self, roles: &Value) -> Result<()> {
        self.tell(&Told::roles_change(roles), Lock::Hearers).await
    }

    /// A client has no scope left.
    pub(super) async fn scope_change(&self, client_id: &str) -> Result<()> {
        self.tell(&Told::scope_change(client_id), Lock::Hearers).await
    }

    /// The user is blocked.
    pub(super) async fn account_disabled(&self) -> Result<()> {
        self.tell(&Told::account_disabled(), Lock::Hearers).await
    }

    /// The user is deleted. Told before, as then nobody knows them any more.
    pub(super) async fn account_purged(&self) -> Result<()> {
        self.tell(&Told::account_purged(), Lock::Hearers).await
    }

    async fn tell(&self, told: &Told, lock: Lock) -> Result<()> {
        let hearers: Vec<&Listener> = self.listeners.iter().filter(|listener| listener.hears(told)).collect();
        if hearers.is_empty() {
            return Ok(());
        }
        let locked = match lock {
            Lock::Hearers => &hearers,
            Lock::Listeners => &self.listeners.iter().collect::<Vec<_>>(),
        };
        let mut streams = Vec::new();
        for open in open(self.conn, locked).await? {
            let stream = &open.locked.stream;
            let hearer = hearers.iter().find(|hearer| hearer.stream == stream.id);
            // As the stream is now: it may have been changed since the look.
            let place = place_of(stream.status, stream.transmission, Some(told.event));
            if let (Some(hearer), Some(place), true) = (hearer, place, stream.events.contains(told.event)) {
                streams.push(Hearing { knows: hearer.knows, place, open });
            }
        }
        let has_room = count(self.conn, &streams).await?;
        let calls = self.writes(told, streams, &has_room)?;
        self.conn.fly(calls).await.map(drop)
    }

    /// Puts an event on each stream that has room. Another one is paused (if it was not), its receiver told, and the event lost.
    fn writes(&self, told: &Told, streams: Vec<Hearing>, has_room: &[bool]) -> Result<Vec<Call<'static>>> {
        let origin = Origin { user_id: self.user_id, at: self.now, cause: self.cause };
        let (mut calls, mut lost) = (Vec::new(), Vec::new());
        let (mut ids, mut events) = (Vec::new(), Vec::new());
        for (Hearing { knows, place, open: Open { mut locked, .. } }, has_room) in streams.into_iter().zip(has_room) {
            if *has_room {
                let mut payload = told.payload(origin, knows);
                let number = locked.take_number();
                payload["number"] = number.into();
                ids.push(locked.stream.id);
                events.push((place, number, payload));
                continue;
            }
            lost.push(locked.stream.id.clone());
            if locked.stream.status == StreamStatus::Enabled {
                calls.extend(event_stream::turned(self.conn, &mut locked, &full(), self.cause, self.now)?.0);
            }
        }
        if !lost.is_empty() {
            calls.push(call!("UPDATE event_stream SET dropped = dropped + 1 WHERE id = ANY($1)", lost));
        }
        if !ids.is_empty() {
            let messages = ids.iter().zip(&events).map(|(id, (place, number, payload))| {
                let number = Some(*number);
                Message { kind: place, target: id, number, payload }
            });
            calls.push(outbox::put(self.conn, &messages.collect::<Vec<_>>(), self.now)?);
            calls.push(call!("UPDATE event_stream SET last_number = last_number + 1 WHERE id = ANY($1)", ids));
        }
        Ok(calls)
    }
}

/// Which streams an event locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    /// Those that hear of it.
    Hearers,
    /// Those that may hear of anything.
    Listeners,
}

/// The streams that are told anything, with their client's document, and whether the user ($1) has allowed that client anything, or has something
/// there.
const LISTENERS: &str = "SELECT s.id, s.client_id, s.events, d.body,
        EXISTS (SELECT 1 FROM consent c WHERE c.user_id = $1 AND c.client_id = s.client_id)
        OR EXISTS (SELECT 1 FROM family f WHERE f.user_id = $1 AND f.client_id = s.client_id)
        OR EXISTS (SELECT 1 FROM session b JOIN session_client c ON c.sid = b.sid
            WHERE b.user_id = $1 AND c.client_id = s.client_id)
    FROM event_stream s JOIN document d ON d.kind = 'client' AND d.id = s.client_id
    WHERE s.status <> 'disabled' ORDER BY s.id";

/// A stream that an event is for.
struct Hearing {
    open: Open,
    place: &'static str,
    knows: bool,
}

/// A locked stream, and the first number that waits at each place, if there is one.
struct Open {
    locked: Locked,
    firsts: Vec<(String, u64)>,
}

/// Locks streams. One that was deleted since the look is missing.
async fn open(conn: &Conn, listeners: &[&Listener]) -> Result<Vec<Open>> {
    const PLACES: [&str; 3] = [Delivery::SECURITY_EVENT, Delivery::SECURITY_EVENT_POLL, Delivery::SECURITY_EVENT_HELD];
    let firsts = "SELECT t.id, k.kind, (SELECT min(o.number) FROM outbox o
            WHERE o.state = 'waiting' AND o.target = t.id AND o.kind = k.kind AND o.number IS NOT NULL)
        FROM unnest($1::TEXT[]) AS t (id) CROSS JOIN unnest($2::TEXT[]) AS k (kind)";
    let ids: Vec<&str> = listeners.iter().map(|listener| listener.stream.as_str()).collect();
    let answers = conn.fly(vec![event_stream::lock(&ids), call!(firsts, &ids, PLACES.to_vec())]).await?;
    let [streams, waiting] = answers.as_slice() else { return Err(super::short()) };
    let mut firsts: BTreeMap<&str, Vec<(String, u64)>> = BTreeMap::new();
    for row in &waiting.rows {
        if let Some(first) = row.opt_num(2)? {
            firsts.entry(row.at(0)?).or_default().push((row.at(1)?, first));
        }
    }
    let open = |locked: Locked| {
        let firsts = firsts.remove(locked.stream.id.as_str()).unwrap_or_default();
        Open { locked, firsts }
    };
    Ok(event_stream::locked(streams)?.into_iter().map(open).collect())
}

/// Whether each stream has room for one more; what waits is counted only where the numbers leave it open.
async fn count(conn: &Conn, streams: &[Hearing]) -> Result<Vec<bool>> {
    let waiting = "SELECT count(*) FROM (SELECT 1 FROM outbox
        WHERE state = 'waiting' AND target = $1 AND kind = $2 AND number IS NOT NULL LIMIT $3) AS counted";
    let room_of = |Hearing { open, place, .. }: &Hearing| {
        let first = open.firsts.iter().find(|(kind, _)| kind == place).map(|(_, first)| *first);
        open.locked.fullness.room_behind(first)
    };
    let rooms: Vec<Room> = streams.iter().map(room_of).collect();
    let open = streams.iter().zip(&rooms).filter(|(_, room)| **room == Room::Uncounted);
    let calls = open.map(|(Hearing { open: Open { locked, .. }, place, .. }, _)| {
        call!(waiting, &locked.stream.id, place, num(locked.fullness.room))
    });
    let mut counts = conn.fly(calls.collect()).await?.into_iter();
    let has_room = |(Hearing { open, .. }, room): (&Hearing, Room)| match room {
        Room::Left => Ok(true),
        Room::None => Ok(false),
        Room::Uncounted => Ok(counts.next().ok_or_else(super::short)?.one()?.num(0)? < open.locked.fullness.room),
    };
    streams.iter().zip(rooms).map(has_room).collect()
}
