//! Slowing of failed attempts (security 124 and 125).

/// One counter an attempt counts on, with its rule. The counter forgets when no attempt came for `window_secs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleKey {
    /// What is counted, such as `account:…` or `address:…`; normalised by the caller.
    pub key: String,
    /// Attempts without delay.
    pub free: u32,
    /// Delay after the free attempts are used up, doubled with every further one.
    pub base_delay_secs: u64,
    /// The delay never grows past this.
    pub max_delay_secs: u64,
    /// Quiet time after which the count is forgotten.
    pub window_secs: u64,
}

/// May this attempt go ahead?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Yes, and it was counted on every key.
    Allowed,
    /// No, and it was not counted anywhere: so hammering does not prolong a victim's wait.
    Wait {
        /// How long until one may go ahead; at least 1.
        secs: u64,
    },
}

/// How often, and when last. The rule is the same for every engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter {
    pub(crate) attempts: u64,
    pub(crate) last_at: u64,
}

impl Counter {
    /// What counts at this moment: nothing, if the window has passed in quiet. Tells whether what is stored has to be moved: the clock went
    /// back, and the delay begins anew from here, or the wait would last as long as the jump.
    pub(crate) fn current(stored: Option<Self>, key: &ThrottleKey, now: u64) -> (Self, bool) {
        match stored.filter(|counter| now < counter.last_at.saturating_add(key.window_secs)) {
            None => (Self { attempts: 0, last_at: now }, false),
            Some(counter) if counter.last_at > now => (Self { last_at: now, ..counter }, true),
            Some(counter) => (counter, false),
        }
    }

    /// How long until an attempt may go ahead, in seconds; 0 for at once.
    pub(crate) fn wait_secs(&self, key: &ThrottleKey, now: u64) -> u64 {
        let Some(beyond) = self.attempts.checked_sub(u64::from(key.free)) else {
            return 0;
        };
        if self.attempts == 0 {
            return 0;
        }
        let factor = u32::try_from(beyond).ok().and_then(|beyond| 1_u64.checked_shl(beyond)).unwrap_or(u64::MAX);
        let delay = key.base_delay_secs.saturating_mul(factor).min(key.max_delay_secs);
        self.last_at.saturating_add(delay).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_bound() {
        let key = ThrottleKey { key: "k".into(), free: 3, base_delay_secs: 2, max_delay_secs: 60, window_secs: 900 };
        let wait = |attempts| Counter { attempts, last_at: 100 }.wait_secs(&key, 100);
        let waits: Vec<_> = (0..9).map(wait).collect();
        assert_eq!(waits, [0, 0, 0, 2, 4, 8, 16, 32, 60]);
        assert_eq!(wait(u64::MAX), 60);
    }
}
