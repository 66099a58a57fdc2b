//! Attestation objects (§6.5) and as much of their statements as is looked at: none (§8.7) and self attestation (§8.2).

use super::WebAuthnError;
use super::authenticator_data::{AttestedCredential, AuthenticatorData};
use crate::cbor::{self, Value};

/// An attestation object.
#[derive(Debug)]
pub(super) struct AttestationObject<'a> {
    fmt: &'a str,
    statement: Value<'a>,
    bytes: &'a [u8],
    pub(super) data: AuthenticatorData<'a>,
}

impl<'a> AttestationObject<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        let malformed = WebAuthnError::AttestationMalformed;
        let object = cbor::read(bytes).map_err(|_| malformed)?;
        let fmt = object.member("fmt").and_then(Value::text).ok_or(malformed)?;
        let statement = object.member("attStmt").filter(|it| it.members().is_some()).ok_or(malformed)?.clone();
        let bytes = object.member("authData").and_then(Value::bytes).ok_or(malformed)?;
        Ok(Self { fmt, statement, bytes, data: AuthenticatorData::read(bytes)? })
    }

    /// §7.1 step 21, over the hash of the client data.
    pub(super) fn check_statement(
        &self,
        credential: &AttestedCredential<'_>,
        hash: &[u8; 32],
    ) -> Result<(), WebAuthnError> {
        let refused = WebAuthnError::AttestationStatement;
        match self.fmt {
            "none" if self.statement.members() == Some(&[]) => Ok(()),
            "none" => Err(refused),
            // §8.2: "If x5c is not present, self attestation is in use."
            "packed" if self.statement.member("x5c").is_none() => {
                let alg = self.statement.member("alg").and_then(Value::integer);
                let signature = self.statement.member("sig").and_then(Value::bytes).ok_or(refused)?;
                if alg != Some(credential.public_key.algorithm().into()) {
                    return Err(refused);
                }
                credential.public_key.verify(&[self.bytes, hash].concat(), signature).map_err(|_| refused)
            }
            _ => Ok(()),
        }
    }
}
