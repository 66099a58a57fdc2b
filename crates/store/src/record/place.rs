//! Where the events of a stream wait, whether there is room for one more, and what a new status does to those that wait. Rules only, the same for
//! every engine.

use super::{Delivery, EventStream, NewStreamStatus, StatusBy, StreamStatus, Transmission};

/// The event that tells of the status of its stream.
pub(crate) const STREAM_UPDATED: &str = "stream_updated";

/// Where events of a stream wait that is enabled.
pub(crate) const fn way_out(transmission: Transmission) -> &'static str {
    match transmission {
        Transmission::Poll => Delivery::SECURITY_EVENT_POLL,
        Transmission::Push => Delivery::SECURITY_EVENT,
    }
}

/// Where an event waits, by its name; nowhere on a stream that is disabled.
pub(crate) fn place_of(status: StreamStatus, transmission: Transmission, event: Option<&str>) -> Option<&'static str> {
    match status {
        StreamStatus::Disabled => None,
        // What tells of the status goes out whatever it is.
        StreamStatus::Paused if event != Some(STREAM_UPDATED) => Some(Delivery::SECURITY_EVENT_HELD),
        StreamStatus::Enabled | StreamStatus::Paused => Some(way_out(transmission)),
    }
}

/// How full a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fullness {
    /// Events lost since it was last enabled or disabled.
    pub(crate) dropped: u64,
    /// The last number that was given out.
    pub(crate) last_number: u64,
    /// How many may wait.
    pub(crate) room: u64,
}

/// Whether one more event may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Yes.
    Left,
    /// No.
    None,
    /// The numbers leave it open: who counts what waits knows.
    Uncounted,
}

impl Fullness {
    /// Asked with every event, so by the number of the first that waits and not by how many do.
    pub(crate) const fn room_behind(&self, first_waiting: Option<u64>) -> Room {
        match first_waiting {
            // Full, until it is enabled again.
            _ if self.dropped > 0 => Room::None,
            Some(first) if self.last_number.saturating_sub(first) + 1 >= self.room => Room::Uncounted,
            _ => Room::Left,
        }
    }
}

/// What becomes of a stream that has no room.
pub(crate) fn full() -> NewStreamStatus {
    let reason = Some("too many events are waiting: take them, and enable the stream again".to_owned());
    NewStreamStatus { status: StreamStatus::Paused, reason, by: StatusBy::Transmitter }
}

/// What a new status does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// To what waits.
    pub(crate) waiting: Fate,
    /// The stream's room from now on, where its count of lost events begins anew.
    pub(crate) room: Option<u64>,
    /// Events of that count which are lost.
    pub(crate) lost: u64,
    /// Whether the receiver is told, on the stream.
    pub(crate) is_told: bool,
}

/// What becomes of all that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is kept for nobody.
    Goes,
    /// It waits elsewhere.
    Moves {
        /// Where it was.
        from: &'static str,
        /// Where it is now.
        to: &'static str,
    },
}

/// What a stream's new status does, if it is another one. Its `waiting` must be counted.
pub(crate) fn turn(stream: &EventStream, new: &NewStreamStatus) -> Option<Turn> {
    if new.status == stream.status {
        return None;
    }
    let out = way_out(stream.transmission);
    let (waiting, room) = match new.status {
        StreamStatus::Disabled => (Fate::Goes, Some(stream.max_waiting)),
        StreamStatus::Paused => (Fate::Moves { from: out, to: Delivery::SECURITY_EVENT_HELD }, None),
        // A stream that is full would be paused again by the next event: as much room once more, and no more than that.
        StreamStatus::Enabled => {
            let more = stream.waiting.unwrap_or(0).min(stream.max_waiting);
            (
                Fate::Moves { from: Delivery::SECURITY_EVENT_HELD, to: out },
                Some(stream.max_waiting.saturating_add(more)),
            )
        }
    };
    let lost = if room.is_some() { stream.dropped } else { 0 };
    Some(Turn { waiting, room, lost, is_told: new.by == StatusBy::Transmitter })
}

/// When a verification may be asked for again, if that is still to come.
pub(crate) fn too_soon(stream: &EventStream, interval_secs: u64, now: u64) -> Option<u64> {
    stream.verified_at.map(|at| at.saturating_add(interval_secs)).filter(|at| now < *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_only_where_the_numbers_leave_it_open() {
        let stream = Fullness { dropped: 0, last_number: 9, room: 5 };
        assert_eq!(stream.room_behind(None), Room::Left);
        assert_eq!(stream.room_behind(Some(6)), Room::Left, "6 to 9 may wait, and one more");
        assert_eq!(stream.room_behind(Some(5)), Room::Uncounted);
        assert_eq!(Fullness { dropped: 1, ..stream }.room_behind(None), Room::None);
    }

    #[test]
    fn an_event_waits_where_its_stream_stands() {
        let of = |status, event| place_of(status, Transmission::Push, Some(event));
        assert_eq!(of(StreamStatus::Enabled, "session_revoked"), Some(Delivery::SECURITY_EVENT));
        assert_eq!(of(StreamStatus::Paused, "session_revoked"), Some(Delivery::SECURITY_EVENT_HELD));
        assert_eq!(of(StreamStatus::Paused, STREAM_UPDATED), Some(Delivery::SECURITY_EVENT));
        assert_eq!(of(StreamStatus::Disabled, STREAM_UPDATED), None);
    }
}
