//! The one place of this crate that asks the system for randomness: the raw signature primitives want it.

use aws_lc_rs::rand::SystemRandom;

/// The operating system's generator.
#[expect(clippy::disallowed_methods, reason = "the randomness file of this crate")]
pub(crate) fn system() -> SystemRandom {
    SystemRandom::new()
}
