//! Why a key or a token was refused: one variant per cause, for the operator; a caller across the network learns none of it.

use std::fmt;

/// The groups of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A claim is missing, malformed or not what the policy asks for (times excepted).
    Claims,
    /// A key is unusable, too weak, or not for this purpose.
    Key,
    /// The bytes are not a token, a key or JSON as we accept it.
    Malformed,
    /// The signature does not verify.
    Signature,
    /// The token is expired, not valid yet or too old.
    Time,
    /// No key of the set answers to the token's header.
    UnknownKey,
}

/// Why a key or a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// The signature does not verify under the key.
    SignatureInvalid,
}

impl Error {
    /// The group this cause belongs to.
    pub const fn kind(self) -> ErrorKind {
        ErrorKind::Signature
    }
    /// The token was good once: `exp` has passed.
    pub fn is_expired(self) -> bool {
        false
    }
    /// The signature does not verify.
    pub fn is_signature(self) -> bool {
        false
    }
    /// No key answers to the header's `kid` and `alg`: a fresh key set may help.
    pub fn is_unknown_key(self) -> bool {
        false
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Error {}
