//! ML-DSA-44, ML-DSA-65, ML-DSA-87 (RFC 9964, FIPS 204): one key type (`AKP`) whose `alg` is a part of the key.
//!
//! The private key is the seed of 32 bytes and nothing else; a public key of another length is refused.

use aws_lc_rs::encoding::AsRawBytes as _;
use aws_lc_rs::signature::{
    self, KeyPair as _, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};

use super::Algorithm;
use crate::Error;
use crate::jwk::Secret;

/// Bytes of the private seed (FIPS 204, algorithm 6).
pub(crate) const SEED_LEN: usize = 32;

/// A parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MlDsa {
    D44,
    D65,
    D87,
}

impl MlDsa {
    /// The parameter set that an AKP key's `alg` names.
    pub(crate) const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm.family() {
            super::Family::MlDsa(own) => Some(own),
            _ => None,
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::D44 => Algorithm::MlDsa44,
            Self::D65 => Algorithm::MlDsa65,
            Self::D87 => Algorithm::MlDsa87,
        }
    }

    const fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::D44 => &signature::ML_DSA_44_SIGNING,
            Self::D65 => &signature::ML_DSA_65_SIGNING,
            Self::D87 => &signature::ML_DSA_87_SIGNING,
        }
    }

    const fn verifying(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::D44 => &signature::ML_DSA_44,
            Self::D65 => &signature::ML_DSA_65,
            Self::D87 => &signature::ML_DSA_87,
        }
    }

    /// Bytes of a signature (FIPS 204, table 2).
    pub(crate) const fn signature_len(self) -> usize {
        match self {
            Self::D44 => 2420,
            Self::D65 => 3309,
            Self::D87 => 4627,
        }
    }

    /// Bytes of a public key (FIPS 204, table 2).
    pub(crate) const fn public_len(self) -> usize {
        match self {
            Self::D44 => 1312,
            Self::D65 => 1952,
            Self::D87 => 2592,
        }
    }
}

/// The public key.
pub(crate) fn public_key(set: MlDsa, public: &[u8]) -> Result<ParsedPublicKey, Error> {
    if public.len() != set.public_len() {
        return Err(Error::KeyMemberInvalid("pub"));
    }
    ParsedPublicKey::new(set.verifying(), public).map_err(|_| Error::KeyMemberInvalid("pub"))
}

/// The key pair, refused if the seed does not belong to the public key.
pub(crate) fn key_pair(set: MlDsa, public: &[u8], seed: &Secret) -> Result<PqdsaKeyPair, Error> {
    public_key(set, public)?;
    let pair = from_seed(set, seed)?;
    if pair.public_key().as_ref() != public {
        return Err(Error::KeyInconsistent);
    }
    Ok(pair)
}

/// The key pair of a seed.
pub(crate) fn from_seed(set: MlDsa, seed: &Secret) -> Result<PqdsaKeyPair, Error> {
    if seed.as_ref().len() != SEED_LEN {
        return Err(Error::KeyMemberInvalid("priv"));
    }
    PqdsaKeyPair::from_seed(set.signing(), seed.as_ref()).map_err(|_| Error::KeyMemberInvalid("priv"))
}

/// The public key of a seed.
pub(crate) fn public_of(set: MlDsa, seed: &Secret) -> Result<Vec<u8>, Error> {
    from_seed(set, seed).map(|pair| pair.public_key().as_ref().to_vec())
}

/// The private key that follows from a seed (FIPS 204, table 2).
pub(crate) fn expanded_of(set: MlDsa, seed: &Secret) -> Result<Secret, Error> {
    let pair = from_seed(set, seed)?;
    let expanded = pair.private_key().as_raw_bytes().map_err(|_| Error::KeyMemberInvalid("priv"))?;
    Ok(Secret::new(expanded.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETS: [MlDsa; 3] = [MlDsa::D44, MlDsa::D65, MlDsa::D87];

    #[test]
    fn lengths_are_those_of_the_back_end() {
        for set in SETS {
            assert_eq!(set.signature_len(), set.signing().signature_len());
            assert_eq!(set.public_len(), set.signing().public_key_len());
            assert_eq!(SEED_LEN, set.signing().seed_len());
            assert_eq!(MlDsa::of(set.algorithm()), Some(set));
            assert!(set.signature_len() <= super::super::MAX_SIGNATURE_LEN);
        }
        assert_eq!(MlDsa::of(Algorithm::EdDSA), None);
    }

    #[test]
    fn other_lengths_and_foreign_seeds_are_refused() {
        let seed = |byte, len| Secret::new(vec![byte; len]);
        for set in SETS {
            let public = from_seed(set, &seed(7, SEED_LEN)).unwrap().public_key().as_ref().to_vec();
            assert!(key_pair(set, &public, &seed(7, SEED_LEN)).is_ok());
            assert_eq!(key_pair(set, &public, &seed(8, SEED_LEN)).err(), Some(Error::KeyInconsistent));
            for len in [0, 31, 33, 64] {
                assert_eq!(key_pair(set, &public, &seed(7, len)).err(), Some(Error::KeyMemberInvalid("priv")));
            }
            assert_eq!(public_key(set, &public[1..]).err(), Some(Error::KeyMemberInvalid("pub")));
            assert_eq!(public_key(set, &[]).err(), Some(Error::KeyMemberInvalid("pub")));
        }
    }
}
