//! Verifying a JWT: signature first, then every claim of the policy.

use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Policy;
use crate::{Algorithm, Error, VerifyingKeys};

/// Claims that passed. Dereferences to them.
#[derive(Clone, Debug)]
pub struct Verified<C> {
    claims: C,
}
impl<C> Verified<C> {
    /// The claims by value.
    pub fn into_claims(self) -> C {
        self.claims
    }
    /// The claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }
    /// The algorithm, which is the key's.
    pub fn algorithm(&self) -> Algorithm {
        todo!()
    }
    /// The header's `kid`.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        todo!()
    }
    /// `exp` in whole Unix seconds.
    pub fn exp(&self) -> Option<u64> {
        todo!()
    }
    /// `nbf` in whole Unix seconds.
    pub fn nbf(&self) -> Option<u64> {
        todo!()
    }
    /// `iat` in whole Unix seconds.
    pub fn iat(&self) -> Option<u64> {
        todo!()
    }
}
impl<C> Deref for Verified<C> {
    type Target = C;
    fn deref(&self) -> &C {
        &self.claims
    }
}

/// Verifies `token` at `now` (Unix seconds).
pub fn verify<C: DeserializeOwned>(
    _token: &str,
    _keys: &VerifyingKeys,
    _policy: &Policy,
    _now: u64,
) -> Result<Verified<C>, Error> {
    todo!()
}

/// What a token says of itself, for people to read. Nothing of it has been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedParts {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Takes a token apart without verifying anything.
pub fn decode_unverified(_token: &str) -> Result<UnverifiedParts, Error> {
    todo!()
}
