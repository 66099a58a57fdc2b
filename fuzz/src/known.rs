//! Keys, and every token that was ever made with them: nothing else may verify or decrypt.
//!
//! `known.json` holds private keys that are published here: never use them for anything else. `examples/seeds.rs` wrote it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, VerifyingKey};

/// What all tokens say: the payload of the signed ones, the content of the encrypted ones.
pub const CONTENT: &[u8] = b"the only thing that was ever said under these keys";

/// The password of the PBES2 token, whose count is the smallest allowed.
pub const PASSWORD: &[u8] = b"a password of the fuzzer";

/// The smallest count of iterations that RFC 8018 advises, so that runs stay quick.
pub const PASSWORD_COUNT: u32 = 1000;

/// Most bytes that compressed content may become.
pub const MAX_DEFLATED: usize = 10_000;

/// Algorithms with a key and tokens.
pub const SIGNATURES: [Algorithm; 4] = [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];

/// The same for encryption; the password is beside them.
pub const ENCRYPTIONS: [(KeyManagement, ContentEncryption); 7] = [
    (KeyManagement::Dir, ContentEncryption::A128Gcm),
    (KeyManagement::A128Kw, ContentEncryption::A128CbcHs256),
    (KeyManagement::A256Gcmkw, ContentEncryption::A256Gcm),
    (KeyManagement::EcdhEs, ContentEncryption::A128Gcm),
    (KeyManagement::EcdhEsA128Kw, ContentEncryption::A256CbcHs512),
    (KeyManagement::RsaOaep256, ContentEncryption::A192Gcm),
    PASSWORD_ENCRYPTION,
];

const PASSWORD_ENCRYPTION: (KeyManagement, ContentEncryption) =
    (KeyManagement::Pbes2Hs256A128Kw, ContentEncryption::A128Gcm);

/// What `known.json` holds.
#[derive(Default, Deserialize, Serialize)]
pub struct Known {
    /// Private JWKs by the algorithm they are for.
    pub keys: BTreeMap<String, Value>,
    /// Every compact JWS.
    pub signed: Vec<String>,
    /// Every compact JWE.
    pub encrypted: Vec<String>,
}

/// The one instance.
pub static KNOWN: LazyLock<Known> =
    LazyLock::new(|| serde_json::from_str(include_str!("../known.json")).expect("our own file"));

impl Known {
    /// The key for the algorithm of this name.
    pub fn jwk(&self, algorithm: &str) -> Jwk {
        Jwk::from_value(&self.keys[algorithm]).expect("our own key")
    }

    /// The key that makes tokens of this kind.
    pub fn encrypting(&self, alg: KeyManagement, enc: ContentEncryption) -> EncryptingKey {
        if alg.is_password() {
            return EncryptingKey::from_password_with_count(PASSWORD, PASSWORD_COUNT, alg, enc).expect("a password");
        }
        EncryptingKey::from_jwk(&self.jwk(alg.name()), alg, enc).expect("our own key")
    }
}

/// One verifying key per algorithm.
pub static VERIFYING: LazyLock<Vec<VerifyingKey>> = LazyLock::new(|| {
    let key = |algorithm: &Algorithm| VerifyingKey::from_jwk(&KNOWN.jwk(algorithm.name()), *algorithm);
    SIGNATURES.iter().map(|algorithm| key(algorithm).expect("our own key")).collect()
});

/// One decrypting key per algorithm.
pub static DECRYPTING: LazyLock<Vec<DecryptingKey>> = LazyLock::new(|| {
    let key = |&(alg, enc): &(KeyManagement, ContentEncryption)| {
        let key = if alg.is_password() {
            DecryptingKey::from_password(PASSWORD, alg, &[enc]).map(|key| key.max_pbes2_count(PASSWORD_COUNT))
        } else {
            DecryptingKey::from_jwk(&KNOWN.jwk(alg.name()), alg, &[enc])
        };
        key.expect("our own key").accept_deflate(MAX_DEFLATED)
    };
    ENCRYPTIONS.iter().map(key).collect()
});

/// All of them as a recipient holds them. Made anew, since a set remembers the headers it has seen.
pub fn decrypting_keys() -> DecryptingKeys {
    DECRYPTING.iter().cloned().collect()
}
