//! Where this crate takes chance from: when to kill, what a disk forgets. Nothing secret is made of it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A number from `range`, which must not be empty.
pub(crate) fn between(range: std::ops::RangeInclusive<u64>) -> u64 {
    let (low, high) = range.into_inner();
    // Each state is seeded by the system.
    low + RandomState::new().build_hasher().finish() % (high - low + 1)
}
