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
