//! The one place that asks the system for randomness.

use crate::Failure;

/// Fills `bytes` from the back end's generator.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    Ok(aws_lc_rs::rand::fill(bytes)?)
}
