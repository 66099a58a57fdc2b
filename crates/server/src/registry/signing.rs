//! What is signed with the registered keys, and encrypted to those of the client it is for; or both with the client's secret (OpenID Connect
//! Core §10).

use std::fmt;

use serde::Serialize;
use symbolon_jose::jwe::{self, EncryptingKey};
use symbolon_jose::{Algorithm, SigningKey, jwt};
use symbolon_oauth::client_auth::SharedKeys;
use symbolon_oauth::registration::{Client, Encryption, encrypting_key};
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

    /// Signs `claims` for one client: with the server's key, or for a MAC with the client's secret (OpenID Connect Core §10.1).
    pub fn sign_for(
        &self,
        client_id: &str,
        alg: Algorithm,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, OAuthError> {
        let key = self.signer(client_id, alg)?;
        jwt::sign(&key, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing failed");
            OAuthError::ServerError
        })
    }

    fn signer(&self, client_id: &str, alg: Algorithm) -> Result<SigningKey, OAuthError> {
        let key = if alg.is_symmetric() {
            self.newest_secret(client_id).and_then(|secret| secret.signing(alg))
        } else {
            self.others.keys.signing(alg).cloned()
        };
        key.ok_or_else(|| {
            tracing::error!(%alg, client = client_id, "there is no key that signs with this algorithm");
            OAuthError::ServerError
        })
    }

    /// The client holds the newest: it was shown that one last.
    fn newest_secret(&self, client_id: &str) -> Option<&SharedKeys> {
        self.shared_keys(client_id).last()
    }

    /// The key to which something is encrypted for a client: `registered`, unless its keys were fetched or its secret is the key.
    pub fn recipient(
        &self,
        client_id: &str,
        encryption: Encryption,
        fetched: Option<&Fetched>,
        registered: Option<EncryptingKey>,
    ) -> Option<EncryptingKey> {
        if encryption.0.is_symmetric() {
            return self.newest_secret(client_id)?.encrypting(encryption);
        }
        fetched.and_then(|fetched| encrypting_key(fetched.set(), encryption)).or(registered)
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
            return self.sign_for(&claims.aud, plan.alg, id_token::TYP, &claims);
        };
        let registered = self.registered_keys(&claims.aud).and_then(|keys| keys.id_tokens.clone());
        let recipient = self.recipient(&claims.aud, encryption, fetched, registered);
        self.sign_then_encrypt((&claims.aud, plan.alg), recipient.as_ref(), id_token::TYP, &claims)
    }

    /// Signs an authorization answer for the client, and encrypts it if it is registered so (JARM §2.1, §3).
    pub fn sign_response(
        &self,
        client: &Client,
        claims: &impl Serialize,
        fetched: Option<&Fetched>,
    ) -> Result<String, OAuthError> {
        let (client_id, alg) = (client.client_id.as_str(), client.authorization_signed_response_alg());
        let Some(encryption) = client.authorization_encryption() else {
            return self.sign_for(client_id, alg, response_mode::JWT_TYP, claims);
        };
        let registered = self.registered_keys(client_id).and_then(|keys| keys.answers.clone());
        let recipient = self.recipient(client_id, encryption, fetched, registered);
        self.sign_then_encrypt((client_id, alg), recipient.as_ref(), response_mode::JWT_TYP, claims)
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
        let client_id = client.client_id.as_str();
        let encryption = client.userinfo_encryption();
        let registered = self.registered_keys(client_id).and_then(|keys| keys.userinfo.clone());
        let recipient = encryption.and_then(|one| self.recipient(client_id, one, fetched, registered));
        let recipient = recipient.as_ref();
        match (signed, encryption) {
            (None, None) => Ok(None),
            (Some(alg), None) => self.sign_for(client_id, alg, id_token::TYP, claims).map(Some),
            (Some(alg), Some(_)) => {
                self.sign_then_encrypt((client_id, alg), recipient, id_token::TYP, claims).map(Some)
            }
            (None, Some(_)) => encrypt(recipient, claims).map(Some),
        }
    }

    /// RFC 7519 §11.2: signed inside, encrypted outside.
    pub fn sign_then_encrypt(
        &self,
        (client_id, alg): (&str, Algorithm),
        recipient: Option<&EncryptingKey>,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, OAuthError> {
        let key = self.signer(client_id, alg)?;
        let Some(recipient) = recipient else {
            tracing::error!(client = client_id, "there is no key to encrypt to");
            return Err(OAuthError::ServerError);
        };
        jwt::sign_then_encrypt(&key, recipient, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing and encrypting failed");
            OAuthError::ServerError
        })
    }

    fn registered_keys(&self, client_id: &str) -> Option<&Recipient> {
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
