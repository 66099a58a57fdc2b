//! Where fresh keys and vectors come from: the operating system's generator, and for the published examples what they say.

use aws_lc_rs::agreement::PrivateKey;

use crate::Error;
use crate::alg::{self, Agreement, EcdhCoordinates};

/// A source of keys and vectors that nobody else knows or has used.
pub(super) trait Entropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error>;

    fn ephemeral(&mut self, curve: Agreement) -> Result<(PrivateKey, EcdhCoordinates), Error>;
}

/// The operating system.
pub(super) struct System;

impl Entropy for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "a vector used twice under one key ends its secrecy, so no caller may choose it"
    )]
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Error::EncryptionFailed)
    }

    fn ephemeral(&mut self, curve: Agreement) -> Result<(PrivateKey, EcdhCoordinates), Error> {
        alg::ecdh_generate(curve)
    }
}
