//! One row of the table: an operation, an algorithm, a key, a token.

use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement};

use crate::Failure;
use crate::claims::{AccessToken, Size};

/// What is done to a token.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Operation {
    /// From content to a token that only the recipient reads.
    Encrypt,
    /// And back.
    Decrypt,
    /// From claims to a signed token.
    Sign,
    /// From a token to claims that were checked.
    Verify,
}

impl Operation {
    /// As in the figures' names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decrypt => "decrypt",
            Self::Encrypt => "encrypt",
            Self::Sign => "sign",
            Self::Verify => "verify",
        }
    }
}

/// With which algorithm.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Method {
    /// JWE `alg` and `enc`.
    Encryption(KeyManagement, ContentEncryption),
    /// JWS `alg`.
    Signature(Algorithm),
}

/// Whoever knows it can decrypt, and it takes this many iterations to try one.
pub const PASSWORD: &[u8] = b"correct horse battery staple";
/// The fewest iterations of PBES2 there are, so that the rest can be seen beside them.
pub const PBES2_COUNT: u32 = 1_000;

/// One row.
pub struct Job {
    /// `operation.algorithm.size`.
    pub name: String,
    /// What is done.
    pub operation: Operation,
    /// With which algorithm.
    pub method: Method,
    /// To which of the two tokens.
    pub size: Size,
    /// Both halves; none where the key is [`PASSWORD`].
    pub jwk: Option<Jwk>,
    /// What the token says.
    pub claims: AccessToken,
    /// The same as JSON: what is encrypted.
    pub content: String,
    /// The token, made once with our library, the same bytes for all.
    pub token: String,
    /// Unix seconds.
    pub now: u64,
}

impl Job {
    /// The key, where it is none that a password makes.
    pub fn jwk(&self) -> Result<&Jwk, Failure> {
        self.jwk.as_ref().ok_or_else(|| "there is only a password".into())
    }
}
