//! Randomness: the only file of this crate that asks the system for it.

use std::hash::{BuildHasher, RandomState};

/// Numbers that nobody outside can foresee, for hashing and for spreading work. Not for keys or ids.
pub(crate) fn seed<const N: usize>() -> [u64; N] {
    // The standard library keys its hash maps from the system's generator; what its hash makes of a number is as secret.
    let keyed = RandomState::new();
    std::array::from_fn(|number| keyed.hash_one(number))
}
