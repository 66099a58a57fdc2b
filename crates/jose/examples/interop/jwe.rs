//! Encryption, compact and JSON (RFC 7516).

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, Compression, Decrypted, Header, compact};
use symbolon_jose::{ContentEncryption, Error, KeyManagement};

use crate::wire::{Bytes, Form, Recipient, compression, encoded};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encrypt {
    alg: KeyManagement,
    enc: ContentEncryption,
    key: Option<Value>,
    password: Option<Bytes>,
    count: Option<u32>,
    plaintext: Bytes,
    typ: Option<String>,
    cty: Option<String>,
    apu: Option<Bytes>,
    apv: Option<Bytes>,
    #[serde(default, rename = "zip", deserialize_with = "compression")]
    compression: Compression,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncryptJson {
    form: Form,
    recipients: Vec<Recipient>,
    enc: ContentEncryption,
    plaintext: Bytes,
    aad: Option<Bytes>,
    typ: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decrypt {
    alg: KeyManagement,
    enc: ContentEncryption,
    key: Option<Value>,
    password: Option<Bytes>,
    token: String,
    #[serde(default, rename = "zip", deserialize_with = "compression")]
    compression: Compression,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecryptJson {
    alg: KeyManagement,
    enc: ContentEncryption,
    key: Option<Value>,
    password: Option<Bytes>,
    token: String,
}

impl Encrypt {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let key = Recipient::new(self.alg, self.enc, self.key, self.password, self.count).encrypting(None)?;
        let header = Header {
            typ: self.typ.as_deref(),
            cty: self.cty.as_deref(),
            apu: self.apu.as_ref().map(|it| it.0.as_slice()),
            apv: self.apv.as_ref().map(|it| it.0.as_slice()),
            compression: self.compression,
        };
        compact::encrypt(&key, &header, &self.plaintext.0).map(Value::from)
    }
}

impl EncryptJson {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let keys = self.recipients.iter().map(|it| it.encrypting(Some(self.enc))).collect::<Result<Vec<_>, _>>()?;
        let header = Header { typ: self.typ.as_deref(), ..Header::default() };
        let aad = self.aad.as_ref().map(|it| it.0.as_slice());
        let text = match (self.form, keys.as_slice()) {
            (Form::Flattened, [one]) => jwe::json::encrypt_flattened(one, &header, aad, &self.plaintext.0),
            (Form::Flattened, _) => Err(Error::NotJsonSerialization),
            (Form::General, all) => jwe::json::encrypt_general(all, &header, aad, &self.plaintext.0),
        };
        text.map(Value::from)
    }
}

impl Decrypt {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let recipient = Recipient::new(self.alg, self.enc, self.key, self.password, None);
        let decrypted = compact::Encrypted::parse(&self.token)?.decrypt(&recipient.decrypting(self.compression)?)?;
        Ok(described(&decrypted))
    }
}

impl DecryptJson {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let recipient = Recipient::new(self.alg, self.enc, self.key, self.password, None);
        let encrypted = jwe::json::Encrypted::parse(self.token.as_bytes())?;
        let mut answer = described(&encrypted.decrypt(&recipient.decrypting(Compression::None)?)?);
        answer["aad"] = encrypted.aad().map_or(Value::Null, encoded);
        Ok(answer)
    }
}

fn described(decrypted: &Decrypted) -> Value {
    json!({
        "plaintext": encoded(decrypted.plaintext()),
        "typ": decrypted.typ(),
        "cty": decrypted.cty(),
        "kid": decrypted.kid(),
    })
}
