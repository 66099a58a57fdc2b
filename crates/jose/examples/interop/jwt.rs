//! Signed tokens within encrypted ones (RFC 7519 §5.2, §11.2).

use serde::Deserialize;
use serde_json::Value;
use symbolon_jose::jwe::{Compression, DecryptingKeys};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};

use crate::wire::Recipient;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signer {
    alg: Algorithm,
    key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignThenEncrypt {
    sign: Signer,
    encrypt: Recipient,
    claims: Value,
    typ: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecryptThenVerify {
    sign: Signer,
    encrypt: Recipient,
    token: String,
    typ: String,
    iss: String,
    aud: String,
    /// Unix seconds.
    now: u64,
}

impl SignThenEncrypt {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let signing = SigningKey::from_jwk(&Jwk::from_value(&self.sign.key)?, self.sign.alg)?;
        let encrypting = self.encrypt.encrypting(None)?;
        jwt::sign_then_encrypt(&signing, &encrypting, &self.typ, &self.claims).map(Value::from)
    }
}

impl DecryptThenVerify {
    pub(crate) fn answer(self) -> Result<Value, Error> {
        let verifying = VerifyingKey::from_jwk(&Jwk::from_value(&self.sign.key)?, self.sign.alg)?;
        let decrypting = DecryptingKeys::single(self.encrypt.decrypting(Compression::None)?);
        let policy = Policy::new(self.iss, self.aud).accept_type(self.typ);
        let verifying = VerifyingKeys::single(verifying);
        let verified = jwt::decrypt_then_verify::<Value>(&self.token, &decrypting, &verifying, &policy, self.now)?;
        Ok(verified.into_claims())
    }
}
