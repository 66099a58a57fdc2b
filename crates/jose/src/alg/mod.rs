//! The tables of algorithms: for signatures here (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2, RFC 9964 §5), for encryption in
//! [`encryption`](self).
//!
//! A row says all there is to an algorithm: its name, its hash and the family that signs and verifies. `none` has no row, and
//! neither has `RSA1_5`.

pub(crate) mod aes_cbc_hmac;
pub(crate) mod aes_gcm;
pub(crate) mod aes_kw;
mod ecdh_es;
mod ecdsa;
mod eddsa;
mod encryption;
mod hmac;
mod key;
mod keys;
mod ml_dsa;
mod names;
pub(crate) mod pbes2;
mod rsa;
mod rsa_oaep;

use std::fmt;

use aws_lc_rs::digest;

pub(crate) use ecdh_es::{Agreement, Coordinates as EcdhCoordinates, coordinates as ecdh_coordinates};
pub(crate) use ecdh_es::{derive as ecdh_derive, generate as ecdh_generate, other_info as ecdh_other_info};
pub(crate) use ecdh_es::{x25519_check, x25519_pair_check};
pub(crate) use ecdsa::Curve;
pub(crate) use encryption::{Content, MAX_CONTENT_KEY_LEN, Management};
pub use encryption::{ContentEncryption, KeyManagement};
pub use key::{SigningKey, VerifyingKey};
pub use keys::VerifyingKeys;
pub(crate) use ml_dsa::{MlDsa, SEED_LEN as ML_DSA_SEED_LEN};
pub(crate) use ml_dsa::{expanded_of as ml_dsa_expanded, public_of as ml_dsa_public_of};
pub(crate) use ml_dsa::{key_pair as ml_dsa_key_pair, public_key as ml_dsa_public_key};
use names::names;
pub(crate) use rsa::{check as rsa_check, key_pair as rsa_key_pair};
pub(crate) use rsa_oaep::{PrivateKey as OaepPrivateKey, PublicKey as OaepPublicKey};
pub(crate) use {ecdsa::key_pair as ec_key_pair, ecdsa::public_key as ec_public_key};
pub(crate) use {eddsa::key_pair as ed_key_pair, eddsa::public_key as ed_public_key, eddsa::public_of as ed_public_of};

/// The longest signature there can be, in bytes: ML-DSA-87 (FIPS 204, table 2).
pub(crate) const MAX_SIGNATURE_LEN: usize = 4627;

/// What the keys of an algorithm look like, and with which parameters it runs.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    Ecdsa(Curve),
    EdDsa,
    Hmac(aws_lc_rs::hmac::Algorithm),
    MlDsa(MlDsa),
    Rsa(&'static rsa::Parameters),
}

names! {
    /// A signature algorithm. `none` does not exist. The names are those of RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2 and RFC 9964 §5.
    ///
    /// `EdDSA` and `Ed25519` are two names of one algorithm (RFC 9864 §2.2): a token is written with the name chosen for the
    /// signing key, and either is read.
    ///
    /// ```
    /// use symbolon_jose::Algorithm;
    ///
    /// assert_eq!(Algorithm::from_name("RS256"), Some(Algorithm::RS256));
    /// assert_eq!(Algorithm::from_name("ML-DSA-65"), Some(Algorithm::MlDsa65));
    /// assert_eq!(Algorithm::from_name("rs256"), None);
    /// assert_eq!(Algorithm::from_name("none"), None);
    /// ```
    Algorithm, row -> (&'static digest::Algorithm, Family) {
        Ed25519 = "Ed25519", (&digest::SHA512, Family::EdDsa);
        EdDSA = "EdDSA", (&digest::SHA512, Family::EdDsa);
        ES256 = "ES256", (&digest::SHA256, Family::Ecdsa(Curve::P256));
        ES384 = "ES384", (&digest::SHA384, Family::Ecdsa(Curve::P384));
        ES512 = "ES512", (&digest::SHA512, Family::Ecdsa(Curve::P521));
        HS256 = "HS256", (&digest::SHA256, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA256));
        HS384 = "HS384", (&digest::SHA384, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA384));
        HS512 = "HS512", (&digest::SHA512, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA512));
        MlDsa44 = "ML-DSA-44", (&digest::SHA512, Family::MlDsa(MlDsa::D44));
        MlDsa65 = "ML-DSA-65", (&digest::SHA512, Family::MlDsa(MlDsa::D65));
        MlDsa87 = "ML-DSA-87", (&digest::SHA512, Family::MlDsa(MlDsa::D87));
        PS256 = "PS256", (&digest::SHA256, Family::Rsa(&rsa::PS256));
        PS384 = "PS384", (&digest::SHA384, Family::Rsa(&rsa::PS384));
        PS512 = "PS512", (&digest::SHA512, Family::Rsa(&rsa::PS512));
        RS256 = "RS256", (&digest::SHA256, Family::Rsa(&rsa::RS256));
        RS384 = "RS384", (&digest::SHA384, Family::Rsa(&rsa::RS384));
        RS512 = "RS512", (&digest::SHA512, Family::Rsa(&rsa::RS512));
    }
}

impl Algorithm {
    /// Those with a public key: all that a verifier may accept from whoever publishes a key set.
    ///
    /// ```
    /// use symbolon_jose::Algorithm;
    ///
    /// assert!(Algorithm::ASYMMETRIC.contains(&Algorithm::ES256));
    /// assert!(!Algorithm::ASYMMETRIC.iter().any(|algorithm| algorithm.is_symmetric()));
    /// ```
    pub const ASYMMETRIC: &'static [Self] = &[
        Self::EdDSA,
        Self::Ed25519,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
    ];

    /// The hash that belongs to the algorithm; for Ed25519 the one it uses inside, for ML-DSA (which has none of its own) the same.
    pub(crate) const fn hash(self) -> &'static digest::Algorithm {
        self.row().0
    }

    pub(crate) const fn family(self) -> Family {
        self.row().1
    }

    /// Signer and verifier share one secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac(_))
    }

    /// The same algorithm, perhaps under its other name.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self == other || matches!((self.family(), other.family()), (Family::EdDsa, Family::EdDsa))
    }

    /// Whether a header with this `alg` means this algorithm, under either name where it has two.
    ///
    /// ```
    /// use symbolon_jose::Algorithm;
    ///
    /// assert!(Algorithm::EdDSA.answers_to("Ed25519") && Algorithm::EdDSA.answers_to("EdDSA"));
    /// assert!(!Algorithm::EdDSA.answers_to("ES256"));
    /// ```
    pub fn answers_to(self, name: &str) -> bool {
        self.name() == name || (matches!(self.family(), Family::EdDsa) && matches!(name, "EdDSA" | "Ed25519"))
    }
}

/// What the `alg` of a JWK can name (RFC 7517 §4.4): one algorithm of one kind.
///
/// ```
/// use symbolon_jose::{Algorithm, ContentEncryption, KeyAlgorithm, KeyManagement};
///
/// assert_eq!(KeyAlgorithm::from_name("RS256"), Some(Algorithm::RS256.into()));
/// assert_eq!(KeyAlgorithm::from_name("ECDH-ES+A256KW"), Some(KeyManagement::EcdhEsA256Kw.into()));
/// assert_eq!(KeyAlgorithm::from_name("A128GCM"), Some(ContentEncryption::A128Gcm.into()));
/// assert_eq!(KeyAlgorithm::from_name("RSA1_5"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// Encrypts content directly: a key for `dir` that says for which `enc` it is.
    ContentEncryption(ContentEncryption),
    /// Manages the key of a JWE.
    KeyManagement(KeyManagement),
    /// Signs or verifies.
    Signature(Algorithm),
}

impl KeyAlgorithm {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentEncryption(encryption) => encryption.name(),
            Self::KeyManagement(management) => management.name(),
            Self::Signature(algorithm) => algorithm.name(),
        }
    }

    /// The algorithm of exactly that name, case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        let signature = || Algorithm::from_name(name).map(Self::Signature);
        let management = || KeyManagement::from_name(name).map(Self::KeyManagement);
        signature().or_else(management).or_else(|| ContentEncryption::from_name(name).map(Self::ContentEncryption))
    }

    pub(crate) fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Signature(own), Self::Signature(other)) => own.is_same(other),
            _ => self == other,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        Self::Signature(algorithm)
    }
}

impl From<KeyManagement> for KeyAlgorithm {
    fn from(management: KeyManagement) -> Self {
        Self::KeyManagement(management)
    }
}

impl From<ContentEncryption> for KeyAlgorithm {
    fn from(encryption: ContentEncryption) -> Self {
        Self::ContentEncryption(encryption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_through_serde() {
        for &algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
        }
        assert_eq!(Algorithm::ALL.len(), 17);
        let symmetric = Algorithm::ALL.iter().filter(|algorithm| algorithm.is_symmetric()).count();
        assert_eq!(Algorithm::ASYMMETRIC.len() + symmetric, Algorithm::ALL.len());
    }

    #[test]
    fn none_and_other_spellings_are_no_algorithm() {
        for name in
            ["none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", "Rs256", "HS1", "RS1", "ES256K", "Ed448", "RSA1_5"]
        {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
            assert_eq!(KeyAlgorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_algorithm_has_a_name_of_its_own() {
        let names = Algorithm::ALL.iter().map(|it| it.name());
        let names = names.chain(KeyManagement::ALL.iter().map(|it| it.name()));
        let names: Vec<&str> = names.chain(ContentEncryption::ALL.iter().map(|it| it.name())).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[index + 1..].contains(name), "{name}");
            assert_eq!(KeyAlgorithm::from_name(name).map(KeyAlgorithm::name), Some(*name));
            assert_eq!(KeyAlgorithm::from_name(name).unwrap().to_string(), *name);
        }
    }

    #[test]
    fn two_names_of_one_algorithm_and_no_others() {
        for &one in Algorithm::ALL {
            for &other in Algorithm::ALL {
                let ed = |algorithm| matches!(algorithm, Algorithm::EdDSA | Algorithm::Ed25519);
                let same = one == other || (ed(one) && ed(other));
                assert_eq!(one.is_same(other), same, "{one} {other}");
                assert_eq!(one.answers_to(other.name()), same, "{one} {other}");
            }
        }
    }
}
