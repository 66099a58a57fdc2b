//! How long a failed sign-in takes while there are hashes of other systems, or of other settings (security 123).
//!
//! Whoever guesses at an account whose hash takes 200 ms could see that it exists, since everybody else is told after the 14 ms of ours. So a failure is
//! told no earlier than the slowest kind of such hashes takes, whoever it is about: by waiting, without a thread or a processor. It counts from the moment
//! when a thread took the password up, so that who waits in the queue waits the same for any account. The kinds are kept beside the accounts, so that
//! they are known from the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Kinds that are told apart; a file has one or two.
const MAX_KINDS: usize = 32;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// For what comes before and after the hash itself.
const AROUND: Duration = Duration::from_millis(20);
/// How many times as long as ever one may take to be believed: one that waited for a processor is to slow nobody down for ever.
const BELIEVED: u32 = 4;

/// A kind of hash that takes longer than ours, and how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowKind {
    /// Work as the kind counts it.
    pub work: u64,
    /// Microseconds.
    pub micros: u64,
}

/// Of one kind, what takes longest.
struct Known {
    work: u64,
    least: Duration,
    last: Duration,
    kept: Kept,
}

/// Whether a kind is on record.
#[derive(PartialEq, Eq)]
enum Kept {
    OnRecord,
    Here,
}

/// The slowest hashes of each kind.
#[derive(Default)]
pub(super) struct Pace(Mutex<BTreeMap<String, Known>>);

impl Pace {
    pub(super) fn note(&self, (name, work): (String, u64), took: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kinds.len() < MAX_KINDS;
        match kinds.get_mut(&name) {
            Some(known) if known.work == work => (known.least, known.last) = (took.min(known.least), took),
            Some(known) if known.work > work => {}
            None if !room => {}
            _ => {
                kinds.insert(name, Known { work, least: took, last: took, kept: Kept::Here });
            }
        }
    }

    /// What was on record, unless something slower of the kind is known.
    pub(super) fn learn(&self, name: &str, kind: &SlowKind) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kinds.len() < MAX_KINDS || kinds.contains_key(name);
        if room && kinds.get(name).is_none_or(|known| known.work < kind.work) {
            let took = Duration::from_micros(kind.micros);
            kinds.insert(name.to_owned(), Known { work: kind.work, least: took, last: took, kept: Kept::OnRecord });
        }
    }

    /// What has to be put on record, once.
    pub(super) fn unkept(&self) -> Vec<(String, SlowKind)> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kinds.iter_mut().filter(|(_, known)| known.kept == Kept::Here);
        fresh
            .map(|(name, known)| {
                known.kept = Kept::OnRecord;
                let micros = u64::try_from(known.least.as_micros()).unwrap_or(u64::MAX);
                (name.clone(), SlowKind { work: known.work, micros })
            })
            .collect()
    }

    /// Whether nothing that takes as long is known of this kind.
    pub(super) fn is_new(&self, (name, work): &(String, u64)) -> bool {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.get(name).map_or(kinds.len() < MAX_KINDS, |known| known.work < *work)
    }

    /// How long a failed sign-in takes; nothing where only hashes of today's settings are known.
    pub(super) fn least(&self) -> Duration {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = kinds.values().map(|known| known.last.min(known.least * BELIEVED)).max();
        slowest.map_or(Duration::ZERO, |slowest| (slowest + slowest / 4 + AROUND).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn cost(name: &str, work: u64) -> (String, u64) {
        (name.to_owned(), work)
    }

    #[test]
    fn the_slowest_kind_counts_and_of_each_kind_how_long_it_takes_these_days() {
        let pace = Pace::default();
        assert_eq!(pace.least(), Duration::ZERO);
        pace.note(cost("bcrypt", 10), ms(40));
        pace.note(cost("pbkdf2-sha256", 27_500), ms(8));
        assert_eq!(pace.least(), ms(40 + 10 + 20));
        // While processors are short, those that know no account wait longer, too.
        pace.note(cost("bcrypt", 10), ms(80));
        assert_eq!(pace.least(), ms(80 + 20 + 20));
        pace.note(cost("bcrypt", 10), ms(40_000));
        assert_eq!(pace.least(), ms(160 + 40 + 20), "but not for ever after one that stood still");
        pace.note(cost("bcrypt", 4), ms(1));
        assert_eq!(pace.least(), ms(160 + 40 + 20), "a cheaper one of the kind says nothing");
        pace.note(cost("scrypt", 1 << 20), ms(100_000));
        assert_eq!(pace.least(), LONGEST);
    }

    #[test]
    fn more_kinds_than_are_kept_change_nothing() {
        let pace = Pace::default();
        (0..100).for_each(|number| pace.note(cost(&format!("kind-{number}"), 1), ms(1 + number)));
        assert_eq!(pace.0.lock().unwrap().len(), MAX_KINDS);
        assert!(!pace.is_new(&cost("kind-99", 1)) && pace.is_new(&cost("kind-1", 2)));
    }

    #[test]
    fn after_a_start_the_first_guess_is_paced_by_what_is_on_record() {
        let before = Pace::default();
        before.note(cost("bcrypt", 12), ms(200));
        let kept = before.unkept();
        assert_eq!(kept, [("bcrypt".to_owned(), SlowKind { work: 12, micros: 200_000 })]);
        assert_eq!(before.unkept(), [], "once");
        let pace = Pace::default();
        assert!(pace.is_new(&cost("bcrypt", 12)));
        pace.learn("bcrypt", &kept[0].1);
        assert_eq!((pace.least(), pace.unkept().len()), (before.least(), 0));
        assert!(!pace.is_new(&cost("bcrypt", 12)) && pace.is_new(&cost("bcrypt", 13)));
        // What another node knows does not undo what is known here.
        pace.note(cost("bcrypt", 13), ms(400));
        pace.learn("bcrypt", &kept[0].1);
        assert_eq!(pace.unkept()[0].1.work, 13);
    }
}
