//! How long a failed sign-in takes while there are hashes of other systems, or of other settings (security 123).
//!
//! Whoever guesses at an account whose hash takes 200 ms could see that it exists, since everybody else is told after the 14 ms of ours. So a failure is
//! told no earlier than the slowest kind of imported hash takes that has been verified since the start, whoever it is about: by waiting, without a
//! thread or a processor. What is left is the first guess at an account of each kind after a start, and the sign-in that succeeds, which tells nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Kinds that are told apart; a file has one or two.
const MAX_KINDS: usize = 32;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// For what comes before and after the hash itself.
const AROUND: Duration = Duration::from_millis(20);

/// What takes the same time: a scheme and its work.
type Cost = (&'static str, u64);

/// The least time that each kind of imported hash took: a thread that waited for a processor says nothing about the hash.
#[derive(Default)]
pub(super) struct Pace(Mutex<Vec<(Cost, Duration)>>);

impl Pace {
    pub(super) fn note(&self, cost: Cost, took: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, least)) = kinds.iter_mut().find(|(known, _)| *known == cost) {
            *least = took.min(*least);
        } else if kinds.len() < MAX_KINDS {
            kinds.push((cost, took));
        }
    }

    /// How long a failed sign-in takes; nothing where no imported hash was seen.
    pub(super) fn least(&self) -> Duration {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = kinds.iter().map(|(_, least)| *least).max();
        slowest.map_or(Duration::ZERO, |slowest| (slowest + slowest / 4 + AROUND).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_slowest_kind_counts_and_of_each_kind_its_fastest_time() {
        let pace = Pace::default();
        assert_eq!(pace.least(), Duration::ZERO);
        pace.note(("bcrypt", 10), ms(400));
        pace.note(("bcrypt", 10), ms(40));
        pace.note(("pbkdf2-sha256", 27_500), ms(8));
        assert_eq!(pace.least(), ms(40 + 10 + 20));
        pace.note(("scrypt", 1 << 20), ms(100_000));
        assert_eq!(pace.least(), LONGEST);
    }

    #[test]
    fn more_kinds_than_are_kept_change_nothing() {
        let pace = Pace::default();
        (0..100).for_each(|work| pace.note(("argon2", work), ms(1 + work)));
        assert_eq!(pace.0.lock().unwrap().len(), MAX_KINDS);
    }
}
