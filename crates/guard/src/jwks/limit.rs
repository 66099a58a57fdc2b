//! What keeps a flood of invented `kid`s from becoming a flood of fetches: a token bucket, and a memory of what was not found.

use std::{collections::HashMap, time::Duration};

/// How many fetches unknown `kid`s may cause in a burst.
pub(crate) const BURST: u32 = 5;
/// How often one more is allowed.
pub(crate) const REFILL: Duration = Duration::from_secs(10);
/// How long a `kid` that a fetch did not bring is refused without another.
pub(crate) const NEGATIVE: Duration = Duration::from_secs(10);
/// How many such `kid`s are remembered; past that the bucket alone limits.
const NEGATIVE_MAX: usize = 1024;

/// A token bucket: [`BURST`] at once, one more every [`REFILL`].
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: u32,
    /// Up to when the refill has been counted.
    since: Duration,
}

impl Bucket {
    pub(crate) fn new(now: Duration) -> Self {
        Self { tokens: BURST, since: now }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let gained = now.saturating_sub(self.since).as_millis() / REFILL.as_millis();
        match u32::try_from(gained) {
            Ok(gained) if self.tokens + gained.min(BURST) < BURST => {
                self.tokens += gained;
                self.since += REFILL * gained;
            }
            // Full: a bucket does not save up.
            _ => (self.tokens, self.since) = (BURST, now),
        }
        let taken = self.tokens > 0;
        self.tokens -= u32::from(taken);
        taken
    }
}

/// The `kid`s that a fetch did not bring.
#[derive(Debug, Default)]
pub(crate) struct Missing(HashMap<String, Duration>);

impl Missing {
    pub(crate) fn contains(&self, kid: &str, now: Duration) -> bool {
        self.0.get(kid).is_some_and(|until| now < *until)
    }

    pub(crate) fn insert(&mut self, kid: &str, now: Duration) {
        if self.0.len() >= NEGATIVE_MAX {
            self.0.retain(|_, until| now < *until);
        }
        if self.0.len() < NEGATIVE_MAX {
            self.0.insert(kid.to_owned(), now + NEGATIVE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_empties_and_refills_one_by_one() {
        let mut bucket = Bucket::new(Duration::ZERO);
        let take = |bucket: &mut Bucket, secs| bucket.take(Duration::from_secs(secs));
        assert!((0..BURST).all(|_| take(&mut bucket, 0)));
        assert!(!take(&mut bucket, 0) && !take(&mut bucket, 9));
        assert!(take(&mut bucket, 10) && !take(&mut bucket, 10) && !take(&mut bucket, 19));
        // Half an interval that was waited for already is not lost.
        assert!(take(&mut bucket, 35) && take(&mut bucket, 35) && !take(&mut bucket, 39) && take(&mut bucket, 40));
    }

    #[test]
    fn the_bucket_never_holds_more_than_its_burst() {
        let mut bucket = Bucket::new(Duration::ZERO);
        let year = Duration::from_hours(365 * 24);
        assert!((0..BURST).all(|_| bucket.take(year)));
        assert!(!bucket.take(year));
    }

    #[test]
    fn missing_kids_are_forgotten_in_time_and_bounded() {
        let mut missing = Missing::default();
        missing.insert("a", Duration::ZERO);
        assert!(missing.contains("a", Duration::from_secs(9)) && !missing.contains("b", Duration::ZERO));
        assert!(!missing.contains("a", NEGATIVE));
        for n in 0..NEGATIVE_MAX * 2 {
            missing.insert(&n.to_string(), Duration::from_secs(1));
        }
        assert_eq!(missing.0.len(), NEGATIVE_MAX);
        missing.insert("late", Duration::from_mins(1));
        assert_eq!(missing.0.len(), 1);
    }
}
