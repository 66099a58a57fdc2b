//! Keys: made, halved, named (RFC 7517, RFC 7638).

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Error, Jwk};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Generate {
    alg: Algorithm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Public {
    key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thumbprint {
    key: Value,
}

impl Generate {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        both_halves(&Jwk::generate(self.alg)?)
    }
}

impl Public {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        Jwk::from_value(&self.key)?.public_value()
    }
}

impl Thumbprint {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        Ok(Value::from(Jwk::from_value(&self.key)?.thumbprint_base64url()))
    }
}

/// A shared secret has no public half: `null`.
fn both_halves(jwk: &Jwk) -> Result<Value, Error> {
    let private: Value = serde_json::from_str(&jwk.to_private_json()).map_err(|_| Error::JsonSyntax)?;
    let public = if jwk.public().is_some() { jwk.public_value()? } else { Value::Null };
    Ok(json!({ "private": private, "public": public }))
}
