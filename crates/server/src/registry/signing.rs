//! What is signed with the registered keys, and encrypted to those of the client it is for.

use std::fmt;

use serde::Serialize;
use symbolon_jose::jwe::{self, EncryptingKey};
use symbolon_jose::{Algorithm, jwt};
use symbolon_oauth::registration::{Client, encrypting_key};
use symbolon_oauth::{Beside, IdTokenPlan, OAuthError, id_token, response_mode};
use zeroize::Zeroizing;

use super::Registry;
use super::clients::Recipient;
use crate::client_keys::Fetched;

impl Registry {
    /// Signs `claims` with the active key of `alg`.
    pub fn sign(&self, alg: Algorithm, typ: &str, claims: &impl Serialize) -> Result<String, OAuthError> {
        let Some(key) = self.others.keys.signing(alg) else {
            tracing::error!(%alg, "no active key signs with this algorithm");
            return Err(OAuthError::ServerError);
        };
        jwt::sign(key, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing failed");
            OAuthError::ServerError
        })
    }

    /// Signs an ID token, bound to what is handed out with it, and encrypts it if its client is registered so. `fetched` are the client's keys, if
    /// they are not registered.
    pub fn sign_id_token(
        &self,
        plan: &IdTokenPlan,
        beside: &Beside<'_>,
        fetched: Option<&Fetched>,
    ) -> Result<String, OAuthError> {
        let claims = plan.beside(beside);
        let client = self.clients.get(&claims.aud);
        let Some(encryption) = client.and_then(|read| read.client.id_token_encryption()) else {
            return self.sign(plan.alg, id_token::TYP, &claims);
        };
        let fetched = fetched.and_then(|fetched| encrypting_key(fetched.set(), encryption));
        let recipient = self.recipient(&claims.aud).and_then(|recipient| recipient.id_tokens.as_ref());
        self.sign_then_encrypt(plan.alg, fetched.as_ref().or(recipient), id_token::TYP, &claims)
    }

    /// Signs an authorization answer for the client, and encrypts it if it is registered so (JARM §2.1, §3).
    pub fn sign_response(
        &self,
        client: &Client,
        claims: &impl Serialize,
        fetched: Option<&Fetched>,
    ) -> Result<String, OAuthError> {
        let alg = client.authorization_signed_response_alg();
        let Some(encryption) = client.authorization_encryption() else {
            return self.sign(alg, response_mode::JWT_TYP, claims);
        };
        let fetched = fetched.and_then(|fetched| encrypting_key(fetched.set(), encryption));
        let recipient = self.recipient(client.client_id.as_str());
        let recipient = recipient.and_then(|recipient| recipient.answers.as_ref());
        self.sign_then_encrypt(alg, fetched.as_ref().or(recipient), response_mode::JWT_TYP, claims)
    }

    /// Claims from userinfo as the client is registered to get them, if that is not plain JSON: signed, encrypted, or both (OpenID Connect
    /// Core §5.3.2).
    pub fn sign_userinfo(
        &self,
        client: &Client,
        claims: &impl Serialize,
        fetched: Option<&Fetched>,
    ) -> Result<Option<String>, OAuthError> {
        let signed = client.userinfo.userinfo_signed_response_alg;
        let recipient = self.recipient(client.client_id.as_str());
        let encryption = client.userinfo_encryption();
        let fetched = fetched.zip(encryption).and_then(|(fetched, one)| encrypting_key(fetched.set(), one));
        let recipient = recipient.and_then(|recipient| recipient.userinfo.as_ref());
        let recipient = fetched.as_ref().or(recipient);
        match (signed, encryption) {
            (None, None) => Ok(None),
            (Some(alg), None) => self.sign(alg, id_token::TYP, claims).map(Some),
            (Some(alg), Some(_)) => self.sign_then_encrypt(alg, recipient, id_token::TYP, claims).map(Some),
            (None, Some(_)) => encrypt(recipient, claims).map(Some),
        }
    }

    /// RFC 7519 §11.2: signed inside, encrypted outside.
    fn sign_then_encrypt(
        &self,
        alg: Algorithm,
        recipient: Option<&EncryptingKey>,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, OAuthError> {
        let (Some(key), Some(recipient)) = (self.others.keys.signing(alg), recipient) else {
            tracing::error!(%alg, "no active key signs with this algorithm, or the client has none to encrypt to");
            return Err(OAuthError::ServerError);
        };
        jwt::sign_then_encrypt(key, recipient, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing and encrypting failed");
            OAuthError::ServerError
        })
    }

    fn recipient(&self, client_id: &str) -> Option<&Recipient> {
        self.clients.get(client_id)?.recipient.as_ref()
    }
}

/// Encrypted and not signed: the claims themselves are inside, and prove nothing.
fn encrypt(recipient: Option<&EncryptingKey>, claims: &impl Serialize) -> Result<String, OAuthError> {
    let refuse = |error: &dyn fmt::Display| {
        tracing::error!(%error, "encrypting claims from userinfo failed");
        OAuthError::ServerError
    };
    let recipient = recipient.ok_or_else(|| refuse(&"the client has no key to encrypt to"))?;
    let claims = serde_json::to_vec(claims).map(Zeroizing::new).map_err(|error| refuse(&error))?;
    jwe::compact::encrypt(recipient, &jwe::Header::default(), &claims).map_err(|error| refuse(&error))
}
