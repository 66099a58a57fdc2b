//! The one place of this crate that asks the system for randomness: the raw primitives want it.

use aws_lc_rs::rand::{self, SystemRandom};
use symbolon_bench_jose_common::Failure;

/// The operating system's generator.
#[expect(clippy::disallowed_methods, reason = "the randomness file of this crate")]
pub(crate) fn system() -> SystemRandom {
    SystemRandom::new()
}

/// Bytes that nobody has seen before.
#[expect(clippy::disallowed_methods, reason = "the randomness file of this crate")]
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    Ok(rand::fill(bytes)?)
}
