//! Keys: made, halved, named, and in every format (RFC 7517, RFC 7638, RFC 9278, RFC 7468).

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::jwe::{Compression, DecryptingKeys};
use symbolon_jose::{ContentEncryption, Error, Jwk, KeyAlgorithm, KeyCurve, KeyFormat, KeyManagement};

use crate::wire::{Bytes, Recipient};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Generate {
    alg: String,
    curve: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Public {
    key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Private {
    key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thumbprint {
    key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FromPem {
    pem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToPem {
    key: Value,
    format: Format,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Pkcs1,
    Pkcs1Public,
    Pkcs8,
    Sec1,
    Spki,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealKey {
    key: Value,
    alg: KeyManagement,
    enc: ContentEncryption,
    password: Bytes,
    count: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenKey {
    token: String,
    alg: KeyManagement,
    enc: ContentEncryption,
    password: Bytes,
}

impl Generate {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let jwk = match (KeyAlgorithm::from_name(&self.alg).ok_or(Error::KeyAlgorithm)?, self.curve) {
            (KeyAlgorithm::KeyManagement(alg), Some(name)) => {
                let curve = KeyCurve::ALL.iter().find(|it| it.name() == name).ok_or(Error::CurveUnsupported)?;
                Jwk::generate_on(*curve, alg)?
            }
            (alg, _) => Jwk::generate(alg)?,
        };
        // A shared secret has no public half.
        let public = if jwk.public().is_some() { jwk.public_value()? } else { Value::Null };
        Ok(json!({ "private": private(&jwk)?, "public": public }))
    }
}

impl Public {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        Jwk::from_value(&self.key)?.public_value()
    }
}

impl Private {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        private(&Jwk::from_value(&self.key)?)
    }
}

impl Thumbprint {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let jwk = Jwk::from_value(&self.key)?;
        Ok(json!({ "thumbprint": jwk.thumbprint_base64url(), "uri": jwk.thumbprint_uri() }))
    }
}

impl FromPem {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        private(&Jwk::from_pem(&self.pem)?)
    }
}

impl ToPem {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let format = match self.format {
            Format::Pkcs1 => KeyFormat::Pkcs1,
            Format::Pkcs1Public => KeyFormat::Pkcs1Public,
            Format::Pkcs8 => KeyFormat::Pkcs8,
            Format::Sec1 => KeyFormat::Sec1,
            Format::Spki => KeyFormat::Spki,
        };
        Ok(Value::from(Jwk::from_value(&self.key)?.to_pem(format)?.as_str()))
    }
}

impl SealKey {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let recipient = Recipient::new(self.alg, self.enc, None, Some(self.password), self.count);
        Jwk::from_value(&self.key)?.to_encrypted(&recipient.encrypting(None)?).map(Value::from)
    }
}

impl OpenKey {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let recipient = Recipient::new(self.alg, self.enc, None, Some(self.password), None);
        let keys = DecryptingKeys::single(recipient.decrypting(Compression::None)?);
        private(&Jwk::from_encrypted(&self.token, &keys)?)
    }
}

/// Everything a key has; of a public key that is its public half.
fn private(jwk: &Jwk) -> Result<Value, Error> {
    serde_json::from_str(&jwk.to_private_json()).map_err(|_| Error::JsonSyntax)
}
