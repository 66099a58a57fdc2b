//! The events of the last while. Bounded: whoever falls behind further reads the store or takes a snapshot.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Signed, Span};

const MAX_EVENTS: usize = 4096;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Events are counted from 0; the first one kept has the index `first`.
#[derive(Default)]
pub(super) struct Ring {
    events: VecDeque<Published>,
    first: u64,
    bytes: usize,
    /// The key of all that is kept.
    kid: Option<String>,
    closed: bool,
}

struct Published {
    span: Span,
    frame: Bytes,
}

/// What there is at an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum At {
    Event(Bytes),
    /// Nothing yet.
    Later,
    /// The event is no longer kept, or the feed is closed: this follower begins anew.
    Gone,
}

impl Ring {
    /// Appends an event; returns the index after it. What another key has signed goes: that key may leave the key set, and then nobody
    /// could verify it any more.
    pub(super) fn push(&mut self, span: Span, Signed { frame, kid }: Signed) -> u64 {
        if kid != self.kid {
            self.clear();
            self.kid = kid;
        }
        self.bytes += frame.len();
        self.events.push_back(Published { span, frame });
        while self.events.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.events.len() > 1) {
            self.drop_first();
        }
        self.end()
    }

    /// Forgets all: the next event does not follow on the last one.
    pub(super) fn clear(&mut self) {
        while !self.events.is_empty() {
            self.drop_first();
        }
    }

    /// Nothing comes any more; returns the index after the last event.
    pub(super) fn close(&mut self) -> u64 {
        self.closed = true;
        self.end()
    }

    pub(super) fn at(&self, index: u64) -> At {
        if self.closed || index < self.first {
            return At::Gone;
        }
        let place = usize::try_from(index - self.first).unwrap_or(usize::MAX);
        self.events.get(place).map_or(At::Later, |event| At::Event(event.frame.clone()))
    }

    /// The index of the newest event, or of the first to come.
    pub(super) fn newest(&self) -> u64 {
        self.end() - u64::from(!self.events.is_empty())
    }

    /// The index where one begins who knows the log up to `seq`; `None` if what is kept here does not tell. Whoever knows
    /// everything gets the newest event again, so that nobody waits for a first word.
    pub(super) fn start_after(&self, seq: u64) -> Option<u64> {
        let newest = self.events.back()?;
        if seq == newest.span.seq {
            return Some(self.newest());
        }
        // In order, so the first that reaches beyond is the one that has to follow on.
        let place = self.events.partition_point(|event| event.span.seq <= seq);
        let event = self.events.get(place)?;
        (event.span.after <= seq).then(|| self.first + place as u64)
    }

    /// The index after the newest event.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    fn drop_first(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bytes -= event.frame.len();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &mut Ring, after: u64, seq: u64) {
        ring.push(Span { after, seq }, signed(format!("{after}-{seq}"), "k1"));
    }

    fn signed(frame: impl Into<Bytes>, kid: &str) -> Signed {
        Signed { frame: frame.into(), kid: Some(kid.to_owned()) }
    }

    fn text(at: At) -> String {
        match at {
            At::Event(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            At::Later => "later".to_owned(),
            At::Gone => "gone".to_owned(),
        }
    }

    #[test]
    fn a_follower_begins_where_its_knowledge_ends() {
        let mut ring = Ring::default();
        assert_eq!((ring.start_after(7), ring.newest()), (None, 0), "nothing was published yet");
        for (after, seq) in [(5, 5), (5, 8), (8, 8), (8, 9), (9, 9)] {
            push(&mut ring, after, seq);
        }
        for (seq, expected) in [(5, "5-8"), (6, "5-8"), (7, "5-8"), (8, "8-9"), (9, "9-9")] {
            assert_eq!(text(ring.at(ring.start_after(seq).unwrap())), expected, "{seq}");
        }
        assert_eq!((ring.start_after(4), ring.start_after(10)), (None, None));
        assert_eq!((ring.newest(), ring.end()), (4, 5));
    }

    #[test]
    fn every_event_comes_once_and_in_order() {
        let mut ring = Ring::default();
        for seq in 0..3 {
            assert_eq!(ring.at(seq), At::Later);
            push(&mut ring, seq, seq + 1);
        }
        let texts: Vec<String> = (0..4).map(|index| text(ring.at(index))).collect();
        assert_eq!(texts, ["0-1", "1-2", "2-3", "later"]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_late_begin_anew() {
        let mut ring = Ring::default();
        for seq in 0..MAX_EVENTS as u64 + 3 {
            push(&mut ring, seq, seq + 1);
        }
        assert_eq!(ring.events.len(), MAX_EVENTS);
        assert_eq!(text(ring.at(2)), "gone");
        assert_eq!(text(ring.at(3)), "3-4");
        assert_eq!(ring.start_after(2), None);
        let mut ring = Ring::default();
        for seq in 0..4 {
            ring.push(Span { after: seq, seq: seq + 1 }, signed(vec![0; MAX_BYTES / 2], "k1"));
        }
        assert_eq!(ring.events.len(), 2);
        ring.push(Span { after: 4, seq: 5 }, signed(vec![0; MAX_BYTES * 2], "k1"));
        assert_eq!(ring.events.len(), 1, "one is always kept");
    }

    #[test]
    fn after_a_gap_or_the_end_followers_begin_anew() {
        let mut ring = Ring::default();
        push(&mut ring, 0, 1);
        ring.clear();
        assert_eq!(text(ring.at(0)), "gone");
        push(&mut ring, 9, 9);
        assert_eq!(ring.start_after(1), None);
        assert_eq!(text(ring.at(1)), "9-9");
        ring.close();
        assert_eq!(text(ring.at(1)), "gone");
    }

    #[test]
    fn nothing_is_kept_that_another_key_has_signed() {
        let mut ring = Ring::default();
        push(&mut ring, 0, 1);
        push(&mut ring, 1, 2);
        let end = ring.end();
        ring.push(Span { after: 2, seq: 3 }, signed("2-3", "k2"));
        assert_eq!(ring.start_after(1), None, "from the store, with the new key");
        assert_eq!(text(ring.at(end)), "2-3", "who has heard all goes on");
        assert_eq!(text(ring.at(end - 1)), "gone");
    }
}
