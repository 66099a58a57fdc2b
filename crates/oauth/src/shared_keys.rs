//! A client's secret as a key: for MACs in both directions, and for encryption to the client (OpenID Connect Core §10.1, §10.2).
//!
//! The key of a MAC is "the octets of the UTF-8 representation of the client_secret", so the shell has to hand the secret itself over. Refuses
//! secrets shorter than the hash (RFC 7518 §3.2). Whoever knows the secret could have made what it authenticates: it proves something between
//! this server and that client, and to nobody else.

use std::fmt;

use symbolon_jose::jwe::EncryptingKey;
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys};
use zeroize::Zeroizing;

use crate::registration::{Client, RequestObjectAlg};

/// The MACs there are.
pub const MAC_ALGS: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// A client's secret as the keys it makes.
#[derive(Clone)]
pub struct SharedKeys {
    secret: Zeroizing<String>,
    verifying: VerifyingKeys,
    expires_at: Option<u64>,
}

impl SharedKeys {
    /// The keys of a secret that ends then (Unix seconds), if it ends.
    #[must_use]
    pub fn of(secret: &str, expires_at: Option<u64>) -> Self {
        let key = |alg: &Algorithm| {
            let jwk = Jwk::oct(secret.as_bytes(), *alg).ok()?;
            VerifyingKey::from_jwk(&jwk, *alg).ok()
        };
        let verifying = MAC_ALGS.iter().filter_map(key).collect();
        Self { secret: Zeroizing::new(secret.to_owned()), verifying, expires_at }
    }

    /// What verifies the client's MACs, one key for each algorithm that the secret is long enough for.
    #[must_use]
    pub fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
    }

    /// What authenticates a token for the client, if the secret is long enough.
    #[must_use]
    pub fn signing(&self, alg: Algorithm) -> Option<SigningKey> {
        let jwk = Jwk::oct(self.secret.as_bytes(), alg).ok()?;
        SigningKey::from_jwk(&jwk, alg).ok()
    }

    /// What encrypts to the client.
    #[must_use]
    pub fn encrypting(&self, (alg, enc): (KeyManagement, ContentEncryption)) -> Option<EncryptingKey> {
        let jwk = Jwk::oct_of_text(self.secret.as_bytes(), alg, enc).ok()?;
        EncryptingKey::from_jwk(&jwk, alg, enc).ok()
    }

    pub(crate) fn is_live(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret: _, verifying, expires_at } = self;
        f.debug_struct("SharedKeys")
            .field("verifying", verifying)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}

/// Whether a secret can be the key for this. A password could be guessed from what is encrypted under it, so PBES2 is not for secrets.
#[must_use]
pub fn can_encrypt(alg: KeyManagement) -> bool {
    Jwk::oct_of_text(b"", alg, ContentEncryption::A128Gcm).is_ok()
}

impl Client {
    /// Whether its secret can be a key for tokens: it has one, and its profile allows it. None but `oidc` does.
    #[must_use]
    pub fn can_share_keys(&self) -> bool {
        self.has_secret() && self.profile() == crate::profile::SecurityProfile::Oidc
    }

    /// Whether tokens for it, or request objects of it, are made with its secret.
    pub(crate) fn shares_keys(&self) -> bool {
        let objects = match self.requests.request_object_signing_alg {
            Some(RequestObjectAlg::Signed(alg)) => Some(alg),
            Some(RequestObjectAlg::Unsigned) | None => None,
        };
        let signed = [
            Some(self.id_token_signed_response_alg),
            self.responses.authorization_signed_response_alg,
            self.userinfo.userinfo_signed_response_alg,
            objects,
        ];
        let encrypted = [
            self.responses.id_token_encrypted_response_alg,
            self.responses.authorization_encrypted_response_alg,
            self.userinfo.userinfo_encrypted_response_alg,
            self.security.introspection_encrypted_response_alg,
        ];
        signed.into_iter().flatten().any(Algorithm::is_symmetric)
            || encrypted.into_iter().flatten().any(KeyManagement::is_symmetric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::SecurityProfile;
    use crate::testing::{machine, spa, third_party};
    use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys};
    use symbolon_jose::{base64url, sha256};

    const SECRET: &str = "sym_cs_a-secret-of-sixty-four-characters-at-the-very-least-for-hs512";

    #[test]
    fn rfc7518_section_3_2_a_secret_shorter_than_the_hash_makes_no_key() {
        let short = SharedKeys::of(&"x".repeat(31), None);
        assert!(MAC_ALGS.iter().all(|alg| short.signing(*alg).is_none()));
        let middle = SharedKeys::of(&"x".repeat(48), None);
        assert!(middle.signing(Algorithm::HS384).is_some() && middle.signing(Algorithm::HS512).is_none());
        assert!(SharedKeys::of(SECRET, None).signing(Algorithm::RS256).is_none());
    }

    #[test]
    fn openid_core_section_10_2_the_key_is_the_left_of_the_hash() {
        let keys = SharedKeys::of(SECRET, None);
        let enc = ContentEncryption::A128CbcHs256;
        for (alg, len) in [(KeyManagement::A128Kw, 16), (KeyManagement::A256Gcmkw, 32), (KeyManagement::Dir, 32)] {
            let sent =
                jwe::compact::encrypt(&keys.encrypting((alg, enc)).unwrap(), &jwe::Header::default(), b"x").unwrap();
            let k = base64url::encode(&sha256(SECRET.as_bytes())[..len]);
            let jwk = Jwk::from_value(&serde_json::json!({ "kty": "oct", "k": k })).unwrap();
            let reader: DecryptingKeys = [DecryptingKey::from_jwk(&jwk, alg, &[enc]).unwrap()].into_iter().collect();
            assert_eq!(jwe::compact::decrypt(&sent, &reader).unwrap().plaintext(), b"x", "{alg}");
        }
        assert!(keys.encrypting((KeyManagement::Dir, ContentEncryption::A256CbcHs512)).is_some());
    }

    #[test]
    fn neither_passwords_nor_public_keys_are_made_of_a_secret() {
        let made: Vec<&str> =
            KeyManagement::ALL.iter().filter(|alg| can_encrypt(**alg)).map(|alg| alg.name()).collect();
        let named = ["A128KW", "A192KW", "A256KW", "dir", "A128GCMKW", "A192GCMKW", "A256GCMKW"];
        assert!(made.len() == named.len() && named.iter().all(|name| made.contains(name)), "{made:?}");
    }

    #[test]
    fn only_confidential_clients_of_the_profile_oidc_share_keys() {
        assert!(third_party().can_share_keys() && machine().can_share_keys() && !spa().can_share_keys());
        for profile in SecurityProfile::ALL.iter().copied().filter(|profile| *profile != SecurityProfile::Oidc) {
            let mut client = third_party();
            client.security.security_profile = profile;
            assert!(!client.can_share_keys(), "{profile:?}");
        }
    }

    #[test]
    fn what_is_made_with_the_secret_needs_it_readable() {
        assert!(!third_party().needs_readable_secret());
        let changes: &[fn(&mut Client)] = &[
            |client| client.id_token_signed_response_alg = Algorithm::HS256,
            |client| client.userinfo.userinfo_signed_response_alg = Some(Algorithm::HS512),
            |client| client.responses.authorization_signed_response_alg = Some(Algorithm::HS384),
            |client| client.requests.request_object_signing_alg = Some(RequestObjectAlg::Signed(Algorithm::HS256)),
            |client| client.responses.id_token_encrypted_response_alg = Some(KeyManagement::Dir),
            |client| client.responses.authorization_encrypted_response_alg = Some(KeyManagement::A128Kw),
            |client| client.userinfo.userinfo_encrypted_response_alg = Some(KeyManagement::A256Gcmkw),
            |client| client.security.introspection_encrypted_response_alg = Some(KeyManagement::Dir),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut client = third_party();
            change(&mut client);
            assert!(client.needs_readable_secret(), "{at}");
            assert_eq!(client.validate(), Ok(()), "{at}");
            client.security.security_profile = SecurityProfile::Fapi2;
            assert!(client.validate().is_err(), "{at}: never with a strict profile");
            let mut public = spa();
            change(&mut public);
            assert!(public.validate().is_err(), "{at}: a public client has no secret");
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        assert!(!format!("{:?}", SharedKeys::of(SECRET, Some(5))).contains("sixty-four"));
    }
}
