//! Signing a JWT.

use serde::Serialize;

use crate::{Error, SigningKey};

/// Signs `claims`, which must serialize to a JSON object, under the header type `typ` (`JWT`, `at+jwt`, ..).
pub fn sign<C: Serialize + ?Sized>(
    _key: &SigningKey,
    _typ: &str,
    _claims: &C,
) -> Result<String, Error> {
    todo!()
}
