//! When a message that was not taken is tried again, and for how long. All times are seconds.

use symbolon_oauth::Rng;

/// The shortest pause.
const FIRST_SECS: u64 = 1;
/// The longest pause, unless the kind has a shorter one.
pub(super) const LONGEST_SECS: u64 = 3_600;
/// A pause is this much of the time the message has waited already.
const GROWTH: u64 = 3;
/// After this long nobody tries any more.
pub(super) const PATIENCE_SECS: u64 = 24 * 3_600;

/// When to try again what was queued at `queued_at` and has just failed: after 1 s, 4 s, 16 s, 1 min, 4 min, 17 min, 1 h and then
/// every hour (or as often as `longest` says), counted from the beginning. By its age and not by its attempts: so a message that was not tried because its target
/// could not be reached waits no shorter than the one it was that showed it. Up to a quarter is added by chance, lest all that
/// failed together come back together.
pub(super) fn next_attempt(queued_at: u64, now: u64, longest: u64, rng: &mut dyn Rng) -> u64 {
    let pause = now.saturating_sub(queued_at).saturating_mul(GROWTH).clamp(FIRST_SECS, longest.max(FIRST_SECS));
    let mut random = [0; 8];
    rng.fill(&mut random);
    now.saturating_add(pause).saturating_add(u64::from_be_bytes(random) % (pause / 4 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte the same.
    struct Chance(u8);

    impl Rng for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    /// When a message is tried that fails at once each time.
    fn attempts(rng: &mut dyn Rng) -> Vec<u64> {
        let (mut now, mut times) = (0, Vec::new());
        while now < PATIENCE_SECS {
            times.push(now);
            now = next_attempt(0, now, LONGEST_SECS, rng);
        }
        times
    }

    #[test]
    fn pauses_grow_to_an_hour_and_end_after_a_day() {
        let times = attempts(&mut Chance(0));
        assert_eq!(times[..9], [0, 1, 4, 16, 64, 256, 1_024, 4_096, 7_696]);
        assert!(times[8..].windows(2).all(|pair| pair[1] - pair[0] == LONGEST_SECS));
        assert_eq!(times.len(), 30);
    }

    #[test]
    fn chance_adds_at_most_a_quarter() {
        for byte in 0..=255 {
            let next = next_attempt(0, 1_000, LONGEST_SECS, &mut Chance(byte));
            assert!((4_000..=4_750).contains(&next), "{next}");
        }
        assert_ne!(
            next_attempt(0, 1_000, LONGEST_SECS, &mut Chance(1)),
            next_attempt(0, 1_000, LONGEST_SECS, &mut Chance(2))
        );
    }

    #[test]
    fn a_kind_may_have_a_shorter_longest_pause() {
        assert_eq!(next_attempt(0, 10_000, 60, &mut Chance(0)), 10_060);
    }

    #[test]
    fn a_clock_that_jumps_neither_stops_nor_floods() {
        assert_eq!(next_attempt(1_000, 0, LONGEST_SECS, &mut Chance(0)), 1, "it went back");
        assert_eq!(next_attempt(0, u64::MAX, LONGEST_SECS, &mut Chance(0)), u64::MAX);
    }
}
