//! Signatures, compact and JSON (RFC 7515, RFC 7797).

use serde::Deserialize;
use serde_json::{Map, Value, json};
use symbolon_jose::jws::{self, Encoding, Verified, compact};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};

use crate::wire::{Bytes, Form, encoded};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    alg: Algorithm,
    key: Value,
    payload: Bytes,
    typ: Option<String>,
    #[serde(default)]
    detached: bool,
    #[serde(default, deserialize_with = "encoding")]
    encoding: Encoding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignJson {
    form: Form,
    signers: Vec<Signer>,
    payload: Bytes,
    #[serde(default)]
    detached: bool,
    #[serde(default, deserialize_with = "encoding")]
    encoding: Encoding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signer {
    alg: Algorithm,
    key: Value,
    typ: Option<String>,
    /// The unprotected header.
    #[serde(default)]
    header: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    alg: Algorithm,
    key: Value,
    token: String,
    /// The detached payload.
    payload: Option<Bytes>,
    #[serde(default, deserialize_with = "encoding")]
    encoding: Encoding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyJson {
    alg: Algorithm,
    key: Value,
    token: String,
    payload: Option<Bytes>,
}

impl Sign {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = SigningKey::from_jwk(&Jwk::from_value(&self.key)?, self.alg)?;
        let (typ, payload) = (self.typ.as_deref(), &self.payload.0);
        let token = match (self.detached, self.encoding) {
            (true, encoding) => compact::sign_detached(&key, typ, payload, encoding),
            (false, Encoding::Base64url) => compact::sign(&key, typ, payload),
            (false, Encoding::Unencoded) => {
                let text = std::str::from_utf8(payload).map_err(|_| Error::JsonNotUtf8)?;
                compact::sign_unencoded(&key, typ, text)
            }
        };
        token.map(Value::from)
    }
}

impl SignJson {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let prepare = |signer: &Signer| SigningKey::from_jwk(&Jwk::from_value(&signer.key)?, signer.alg);
        let keys = self.signers.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let signatures: Vec<_> = (self.signers.iter().zip(&keys))
            .map(|(signer, key)| {
                let signature = jws::json::Signature::new(key);
                let signature = signer.typ.iter().fold(signature, |it, typ| it.typ(typ));
                signer.header.iter().fold(signature, |it, (name, value)| it.unprotected(name.as_str(), value.clone()))
            })
            .collect();
        let payload = if self.detached {
            jws::json::Payload::Detached(&self.payload.0)
        } else {
            jws::json::Payload::Attached(&self.payload.0)
        };
        let text = match (self.form, signatures.as_slice()) {
            (Form::Flattened, [one]) => jws::json::sign_flattened(one, payload, self.encoding),
            (Form::Flattened, _) => Err(Error::NotJsonSerialization),
            (Form::General, all) => jws::json::sign_general(all, payload, self.encoding),
        };
        text.map(Value::from)
    }
}

impl Verify {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = VerifyingKey::from_jwk(&Jwk::from_value(&self.key)?, self.alg)?;
        let unverified = match (&self.payload, self.encoding) {
            (Some(payload), _) => compact::Unverified::parse_detached(&self.token, &payload.0),
            (None, Encoding::Base64url) => compact::Unverified::parse(&self.token),
            (None, Encoding::Unencoded) => compact::Unverified::parse_unencoded(&self.token),
        };
        unverified?.verify(&key).map(|verified| described(&verified))
    }
}

impl VerifyJson {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = VerifyingKey::from_jwk(&Jwk::from_value(&self.key)?, self.alg)?;
        let text = self.token.as_bytes();
        let unverified = match &self.payload {
            Some(payload) => jws::json::Unverified::parse_detached(text, &payload.0),
            None => jws::json::Unverified::parse(text),
        };
        unverified?.verify(&key).map(|verified| described(&verified))
    }
}

fn described(verified: &Verified) -> Value {
    json!({
        "payload": encoded(verified.payload()),
        "typ": verified.typ(),
        "cty": verified.cty(),
        "kid": verified.kid(),
    })
}

fn encoding<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Encoding, D::Error> {
    match <&str>::deserialize(deserializer)? {
        "base64url" => Ok(Encoding::Base64url),
        "unencoded" => Ok(Encoding::Unencoded),
        _ => Err(serde::de::Error::custom("encoding is base64url or unencoded")),
    }
}
