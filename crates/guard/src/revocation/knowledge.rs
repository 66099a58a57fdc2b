//! What is known of revocations, up to which number of the log, and how old that is. No clock, no I/O, no waiting: signed words and
//! the time go in.
//!
//! Whatever the issuer has signed is true for ever, so its entries are added whenever they come, and nothing is taken away before
//! it is due. A word that is older than one heard before moves neither the number nor the age: whoever repeats it gains nothing.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use symbolon_revocation::{Entry, Event, Position, RevocationSet, Snapshot};

/// The time by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Seconds since 1970.
    pub(crate) unix: u64,
    /// By the clock that never jumps.
    pub(crate) steady: Duration,
}

/// What a word of the issuer brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// All is known up to its number, as of its time.
    Known,
    /// It is older than what was heard before.
    Older,
    /// Entries are missing between what is known and this, or it is of another log: a snapshot is needed.
    Hole,
}

/// Shared by the follower, who writes, and all verdicts, which read the set.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    pub(crate) set: RevocationSet,
    head: Mutex<Head>,
}

/// How far the knowledge goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// `None` before the first snapshot.
    pub(crate) position: Option<Position>,
    /// The newest number that was heard of in this log.
    pub(crate) announced: u64,
    /// Entries of kinds that this version does not know. What they refuse, it accepts.
    pub(crate) unknown: u64,
    /// How often the issuer's database was put back to an older state.
    pub(crate) set_back: u64,
    confirmed: Confirmed,
}

/// The newest signed time, and when it was heard.
#[derive(Debug, Clone, Copy, Default)]
struct Confirmed {
    iat: u64,
    at: Duration,
}

impl Knowledge {
    /// Takes in an event that was verified.
    pub(crate) fn hear(&self, event: &Event, now: Now) -> Heard {
        let due_at = self.due_at(now, event.iat);
        self.note_left_out(self.set.insert(&event.entries, due_at).rules_left_out);
        let mut head = self.head_mut();
        head.unknown += event.unknown;
        let Some(known) = head.position.as_ref() else { return Heard::Hole };
        if event.iat < head.confirmed.iat {
            return Heard::Older;
        }
        if event.epoch != known.epoch {
            return Heard::Hole;
        }
        if event.seq < known.seq {
            // In the same second it may be a word said before that one; later, the database was put back, and what has happened
            // since then only a snapshot tells.
            return if event.iat == head.confirmed.iat { Heard::Older } else { Heard::Hole };
        }
        let follows_on = event.after <= known.seq;
        head.announced = head.announced.max(event.seq);
        if !follows_on {
            return Heard::Hole;
        }
        head.position = Some(event.position());
        head.confirm(event.iat, now);
        Heard::Known
    }

    /// Takes in a snapshot that was verified. Long for a large one; verdicts go on beside it.
    pub(crate) fn take(&self, snapshot: &Snapshot<'_>, now: Now) -> Heard {
        let due_at = self.due_at(now, snapshot.iat());
        self.note_left_out(self.set.merge(snapshot, due_at).rules_left_out);
        let unknown = {
            let mut rules = snapshot.rules();
            rules.by_ref().for_each(drop);
            rules.unknown()
        };
        let mut head = self.head_mut();
        if let Some(known) = &head.position {
            if snapshot.iat() < head.confirmed.iat {
                return Heard::Older;
            }
            if snapshot.epoch() != known.epoch {
                tracing::warn!(
                    "the issuer has another log of revocations; what was revoked in the one before stays refused"
                );
            } else if snapshot.seq() < known.seq {
                if snapshot.iat() == head.confirmed.iat {
                    return Heard::Older;
                }
                let (was, is) = (known.seq, snapshot.seq());
                head.set_back += 1;
                tracing::error!(
                    was,
                    is,
                    "the issuer's log of revocations was put back; what was revoked before stays refused"
                );
            }
        }
        head.unknown = unknown;
        head.announced = snapshot.seq();
        head.position = Some(snapshot.position());
        head.confirm(snapshot.iat(), now);
        Heard::Known
    }

    /// How old the knowledge is, by the worse of two clocks: the signed time against the time of day, and what has passed since that
    /// was first heard. `None` before the first snapshot.
    pub(crate) fn staleness(&self, now: Now) -> Option<Duration> {
        self.head_mut().staleness(now)
    }

    /// Drops a part of what is due; whether all has been looked at.
    pub(crate) fn forget(&self, now: Now) -> bool {
        self.set.forget(self.due_at(now, 0)).is_round
    }

    /// What is due by now: by the time of day, but not beyond what the issuer has signed and what has passed since. A clock that is ahead for
    /// a while must not make anything forgotten that is refused when it is right again. `iat`: signed, and just heard.
    fn due_at(&self, now: Now, iat: u64) -> u64 {
        let head = self.head_mut();
        let Confirmed { iat: confirmed, at } = head.confirmed;
        let passed = now.steady.saturating_sub(at).as_secs();
        now.unix.min(confirmed.saturating_add(passed).max(iat))
    }

    /// How far it goes.
    pub(crate) fn head(&self) -> Head {
        self.head_mut().clone()
    }

    /// Where the stream goes on.
    pub(crate) fn position(&self) -> Option<Position> {
        self.head_mut().position.clone()
    }

    /// Adds what was learned some other way than from the feed.
    pub(crate) fn add(&self, entry: Entry, now: u64) {
        self.note_left_out(self.set.insert(&[entry], now).rules_left_out);
    }

    fn note_left_out(&self, rules: usize) {
        if rules > 0 {
            let all = self.set.rules_left_out();
            tracing::error!(
                rules,
                all,
                "more rules of revocation than are kept: tokens may be accepted that should not"
            );
        }
    }

    fn head_mut(&self) -> MutexGuard<'_, Head> {
        // Whole at every step.
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Head {
    pub(crate) fn staleness(&self, now: Now) -> Option<Duration> {
        self.position.as_ref()?;
        let by_day = Duration::from_secs(now.unix.saturating_sub(self.confirmed.iat));
        Some(by_day.max(now.steady.saturating_sub(self.confirmed.at)))
    }

    /// How many entries are known to be missing.
    pub(crate) fn lag(&self) -> u64 {
        self.position.as_ref().map_or(0, |known| self.announced.saturating_sub(known.seq))
    }

    fn confirm(&mut self, iat: u64, now: Now) {
        // The same second said again is no younger for it.
        if iat > self.confirmed.iat {
            self.confirmed = Confirmed { iat, at: now.steady };
        }
    }
}

#[cfg(test)]
#[path = "knowledge_tests.rs"]
mod tests;
