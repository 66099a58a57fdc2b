//! `sign` and `verify` (RFC 7515).

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::jws::compact;
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};

use crate::bytes::{Bytes, encoded};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    alg: Algorithm,
    key: Value,
    payload: Bytes,
    typ: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    alg: Algorithm,
    key: Value,
    token: String,
}

impl Sign {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = SigningKey::from_jwk(&Jwk::from_value(&self.key)?, self.alg)?;
        compact::sign(&key, self.typ.as_deref(), &self.payload.0).map(Value::from)
    }
}

impl Verify {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = VerifyingKey::from_jwk(&Jwk::from_value(&self.key)?, self.alg)?;
        let verified = compact::Unverified::parse(&self.token)?.verify(&key)?;
        Ok(json!({ "payload": encoded(verified.payload()), "typ": verified.typ(), "kid": verified.kid() }))
    }
}
