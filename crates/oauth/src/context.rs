//! What every decision gets first: the time, the issuer, randomness, and how long things live.
//!
//! Nothing in this crate asks the system for the time or for randomness; a decision with the same context and the same
//! facts is the same decision.

use serde::{Deserialize, Serialize};

use crate::acr::Levels;
use crate::ids::Issuer;
use crate::pairwise::Pairwise;
use crate::sign_up::SignUp;

/// A source of unpredictable bytes, given by the shell (the operating system's generator; a seeded one in tests).
pub trait Rng {
    /// Fills `bytes` completely. A source that cannot must not return.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// What goes first into every decision.
pub struct Context<'a> {
    /// Unix seconds, read once per request.
    pub now: u64,
    /// Who issues.
    pub issuer: &'a Issuer,
    /// How long things live, as configured.
    pub lifetimes: Lifetimes,
    /// What sign-ins are worth.
    pub levels: &'a Levels,
    /// What users are called towards clients that may not compare them.
    pub pairwise: &'a Pairwise,
    /// To whom the sign-up page is open.
    pub sign_up: SignUp,
    /// Where unpredictable values come from.
    pub rng: &'a mut dyn Rng,
}

#[cfg(test)]
impl Context<'_> {
    /// The same for a shorter while, so that a test can change a member.
    pub(crate) fn reborrow(&mut self) -> Context<'_> {
        let Self { now, issuer, lifetimes, levels, pairwise, sign_up, rng } = self;
        Context { now: *now, issuer, lifetimes: *lifetimes, levels, pairwise, sign_up: *sign_up, rng: &mut **rng }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { now, issuer, lifetimes, levels, pairwise: _, sign_up, rng: _ } = self;
        f.debug_struct("Context")
            .field("now", now)
            .field("issuer", issuer)
            .field("lifetimes", lifetimes)
            .field("levels", levels)
            .field("sign_up", sign_up)
            .finish_non_exhaustive()
    }
}

/// The longest life that settings and registrations can give an access token or an ID token, in seconds: after that nothing
/// that was signed before counts anywhere.
pub const LONGEST_TOKEN_SECS: u64 = 86_400;

/// How long things live, all in seconds. The defaults are safe in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lifetimes {
    /// Access tokens, unless the API or the client says otherwise.
    pub access_token_secs: u64,
    /// What is asked over the back channel waits for its user so long, unless its client wants less.
    pub backchannel_secs: u64,
    /// Authorization codes; at most 60.
    pub code_secs: u64,
    /// Device codes and the user codes beside them.
    pub device_code_secs: u64,
    /// ID tokens.
    pub id_token_secs: u64,
    /// A pushed request, until the browser has arrived with it.
    pub pushed_request_secs: u64,
    /// A refresh token, and with it all its descendants, from the sign-in on.
    pub refresh_absolute_secs: u64,
    /// How long a superseded refresh token brings the same successor again; 0 to 60.
    pub refresh_grace_secs: u64,
    /// A refresh token that is not used.
    pub refresh_idle_secs: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access_token_secs: 600,
            backchannel_secs: 300,
            code_secs: 60,
            device_code_secs: 600,
            id_token_secs: 600,
            pushed_request_secs: 60,
            refresh_absolute_secs: 90 * 86_400,
            refresh_grace_secs: 10,
            refresh_idle_secs: 14 * 86_400,
        }
    }
}

impl Lifetimes {
    /// Says what is out of bounds: codes are short-lived (RFC 6749 §4.1.2), and so is the grace, in which a superseded refresh token is not
    /// yet a sign of theft (RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// The first limit that is broken, in words for the operator.
    pub fn validate(&self) -> Result<(), &'static str> {
        let Self {
            access_token_secs,
            backchannel_secs,
            code_secs,
            device_code_secs,
            id_token_secs,
            pushed_request_secs,
            refresh_absolute_secs,
            refresh_grace_secs,
            refresh_idle_secs,
        } = *self;
        if !(1..=60).contains(&code_secs) {
            return Err("code lifetime must be 1 to 60 seconds");
        }
        if [backchannel_secs, device_code_secs, pushed_request_secs].iter().any(|secs| !(1..=3_600).contains(secs)) {
            return Err("what waits for a person must wait 1 second to 1 hour");
        }
        if refresh_grace_secs > 60 {
            return Err("refresh grace must be 0 to 60 seconds");
        }
        let bounds = 1..=LONGEST_TOKEN_SECS;
        if !bounds.contains(&access_token_secs) || !bounds.contains(&id_token_secs) {
            return Err("access token and ID token lifetimes must be 1 second to 1 day");
        }
        if refresh_idle_secs == 0 || refresh_absolute_secs < refresh_idle_secs {
            return Err("refresh token idle lifetime must be at least 1 second and not above the absolute lifetime");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_bounds() {
        assert_eq!(Lifetimes::default().validate(), Ok(()));
    }

    #[test]
    fn codes_over_a_minute_and_grace_over_a_minute_are_refused() {
        assert!(Lifetimes { code_secs: 61, ..Lifetimes::default() }.validate().is_err());
        assert!(Lifetimes { code_secs: 0, ..Lifetimes::default() }.validate().is_err());
        assert!(Lifetimes { refresh_grace_secs: 61, ..Lifetimes::default() }.validate().is_err());
        assert!(
            Lifetimes { refresh_idle_secs: 10, refresh_absolute_secs: 9, ..Lifetimes::default() }.validate().is_err()
        );
        assert!(Lifetimes { device_code_secs: 3_601, ..Lifetimes::default() }.validate().is_err());
        assert!(Lifetimes { access_token_secs: 86_401, ..Lifetimes::default() }.validate().is_err());
    }
}
