//! Where fresh keys and vectors come from: the operating system's generator, and for the published examples what they say.

use aws_lc_rs::agreement::PrivateKey;
use zeroize::Zeroizing;

use crate::Error;
use crate::alg::{self, Agreement, EcdhCoordinates, MAX_CONTENT_KEY_LEN, aes_cbc_hmac, pbes2};

/// A source of keys and vectors that nobody else knows or has used.
pub(super) trait Entropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error>;

    fn ephemeral(&mut self, curve: Agreement) -> Result<(PrivateKey, EcdhCoordinates), Error>;
}

/// The operating system, for one token. Asking costs the same for a hundred bytes as for one, so key and vector are asked for at
/// once; what is left is wiped.
pub(super) struct System {
    bytes: Zeroizing<[u8; ONE_TOKEN]>,
    used: usize,
}

/// The largest content key, the largest vector, and what its wrapping takes: a vector of AES-GCM or the salt of PBES2.
const ONE_TOKEN: usize = MAX_CONTENT_KEY_LEN + aes_cbc_hmac::IV_LEN + pbes2::SALT_LEN;

impl System {
    pub(super) fn new() -> Self {
        Self { bytes: Zeroizing::new([0; ONE_TOKEN]), used: ONE_TOKEN }
    }
}

impl Entropy for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "a vector used twice under one key ends its secrecy, so no caller may choose it"
    )]
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        if self.used + bytes.len() > ONE_TOKEN {
            aws_lc_rs::rand::fill(self.bytes.as_mut_slice()).map_err(|_| Error::EncryptionFailed)?;
            self.used = 0;
        }
        let end = self.used + bytes.len();
        bytes.copy_from_slice(self.bytes.get(self.used..end).ok_or(Error::EncryptionFailed)?);
        self.used = end;
        Ok(())
    }

    fn ephemeral(&mut self, curve: Agreement) -> Result<(PrivateKey, EcdhCoordinates), Error> {
        alg::ecdh_generate(curve)
    }
}

/// What a published example says, in the order in which it is asked for.
#[cfg(test)]
pub(super) struct Fixed {
    bytes: std::collections::VecDeque<Vec<u8>>,
    ephemeral: Option<crate::jwk::Secret>,
}

#[cfg(test)]
impl Fixed {
    pub(super) fn new(bytes: impl IntoIterator<Item = Vec<u8>>, ephemeral: Option<Vec<u8>>) -> Self {
        let ephemeral = ephemeral.map(crate::jwk::Secret::new);
        Self { bytes: bytes.into_iter().collect(), ephemeral }
    }

    /// Everything has been asked for.
    pub(super) fn is_used_up(&self) -> bool {
        self.bytes.is_empty() && self.ephemeral.is_none()
    }
}

#[cfg(test)]
impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let next = self.bytes.pop_front().filter(|next| next.len() == bytes.len()).ok_or(Error::EncryptionFailed)?;
        bytes.copy_from_slice(&next);
        Ok(())
    }

    fn ephemeral(&mut self, curve: Agreement) -> Result<(PrivateKey, EcdhCoordinates), Error> {
        let private = curve.private_key(&self.ephemeral.take().ok_or(Error::EncryptionFailed)?)?;
        let point = alg::ecdh_coordinates(curve, &private)?;
        Ok((private, point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_given_out_twice() {
        let mut system = System::new();
        let mut all = Vec::new();
        for len in (1..=64).chain([12; 100]) {
            let mut bytes = vec![0; len];
            system.fill(&mut bytes).unwrap();
            all.extend(bytes);
        }
        let windows: std::collections::HashSet<&[u8]> = all.windows(8).collect();
        assert_eq!(windows.len(), all.len() - 7);
        let mut long = [0; ONE_TOKEN];
        system.fill(&mut long).unwrap();
        assert!(long.chunks(12).all(|part| part != [0; 12]));
        assert_eq!(system.fill(&mut [0; ONE_TOKEN + 1]), Err(Error::EncryptionFailed));
    }
}
