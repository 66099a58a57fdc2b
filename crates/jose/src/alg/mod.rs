//! The one table of algorithms (RFC 7518 §3.1, RFC 8037 §3.1).
//!
//! A row says all there is to an algorithm: its name, its hash and the family that signs and verifies. `none` has no row.

mod ecdsa;
mod eddsa;
mod hmac;
mod key;
mod keys;
mod rsa;

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

pub(crate) use ecdsa::Curve;
pub use key::{SigningKey, VerifyingKey};
pub use keys::VerifyingKeys;
pub(crate) use {ecdsa::key_pair as ec_key_pair, ecdsa::public_key as ec_public_key};
pub(crate) use {eddsa::key_pair as ed_key_pair, eddsa::public_key as ed_public_key};
pub(crate) use {rsa::MAX_SIGNATURE_LEN, rsa::check as rsa_check, rsa::key_pair as rsa_key_pair};

/// What the keys of an algorithm look like, and with which parameters it runs.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    Ecdsa(Curve),
    EdDsa,
    Hmac(aws_lc_rs::hmac::Algorithm),
    Rsa(&'static rsa::Parameters),
}

macro_rules! algorithms {
    ($($name:ident, $hash:ident, $family:expr;)+) => {
        /// A signature algorithm. `none` does not exist.
        ///
        /// ```
        /// use symbolon_jose::Algorithm;
        ///
        /// assert_eq!(Algorithm::from_name("RS256"), Some(Algorithm::RS256));
        /// assert_eq!(Algorithm::from_name("rs256"), None);
        /// assert_eq!(Algorithm::from_name("none"), None);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names are the standard's (RFC 7518 §3.1, RFC 8037 §3.1)")]
        pub enum Algorithm {
            $($name,)+
        }

        impl Algorithm {
            /// Every algorithm, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The algorithm of exactly that name, case-sensitive (RFC 7515 §4.1.1).
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The hash that belongs to the algorithm; for Ed25519 the one it uses inside.
            pub(crate) fn hash(self) -> &'static digest::Algorithm {
                match self {
                    $(Self::$name => &digest::$hash,)+
                }
            }

            pub(crate) const fn family(self) -> Family {
                match self {
                    $(Self::$name => $family,)+
                }
            }
        }
    };
}

algorithms! {
    EdDSA, SHA512, Family::EdDsa;
    ES256, SHA256, Family::Ecdsa(Curve::P256);
    ES384, SHA384, Family::Ecdsa(Curve::P384);
    ES512, SHA512, Family::Ecdsa(Curve::P521);
    HS256, SHA256, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA256);
    HS384, SHA384, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA384);
    HS512, SHA512, Family::Hmac(aws_lc_rs::hmac::HMAC_SHA512);
    PS256, SHA256, Family::Rsa(&rsa::PS256);
    PS384, SHA384, Family::Rsa(&rsa::PS384);
    PS512, SHA512, Family::Rsa(&rsa::PS512);
    RS256, SHA256, Family::Rsa(&rsa::RS256);
    RS384, SHA384, Family::Rsa(&rsa::RS384);
    RS512, SHA512, Family::Rsa(&rsa::RS512);
}

impl Algorithm {
    /// Signer and verifier share one secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac(_))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
        assert_eq!(Algorithm::ALL.len(), 13);
    }

    #[test]
    fn none_and_other_spellings_are_no_algorithm() {
        for name in ["none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", "Rs256", "HS1", "RS1", "ES256K"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }
}
