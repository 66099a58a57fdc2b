//! The recipient's side of key management (RFC 7518 §4): from a token to its content key.
//!
//! RFC 7516 §11.5: a content key that cannot be had is replaced by one that nobody knows, so that whoever sent the token cannot tell, by
//! the answer or by its time, where decryption failed.

use zeroize::Zeroizing;

use super::content::{Cipher, ContentKey};
use super::header::Parameters;
use super::key::{Decrypter, Password, RecipientKey};
use super::manage::{MAX_KEK_LEN, Ready};
use crate::alg::aes_gcm::{self, GcmKey};
use crate::alg::aes_kw::KeyWrap;
use crate::alg::{OaepPrivateKey, ecdh_derive, ecdh_other_info, pbes2};
use crate::{ContentEncryption, Error};

impl Decrypter {
    /// The cipher for the content. What the header lacks or has wrong is said; what happens with the encrypted key is not.
    pub(super) fn unmanage(
        &self,
        encryption: ContentEncryption,
        parameters: &Parameters,
        encrypted_key: &[u8],
    ) -> Result<Ready<'_>, Error> {
        let mut key = ContentKey::empty(encryption);
        let outcome = match &*self.kek {
            RecipientKey::Direct(cipher) => {
                // RFC 7516 §5.2, step 10.
                return if encrypted_key.is_empty() {
                    Ok(Ready::Prepared(cipher))
                } else {
                    Err(Error::DecryptionFailed)
                };
            }
            RecipientKey::EcdhEs(_, _, None) => {
                self.agree(parameters, encryption.name(), key.as_mut())?;
                if encrypted_key.is_empty() { Ok(()) } else { Err(Error::DecryptionFailed) }
            }
            RecipientKey::EcdhEs(_, _, Some(size)) => {
                let mut room = Zeroizing::new([0; MAX_KEK_LEN]);
                let kek = room.get_mut(..size.len()).ok_or(Error::KeyLength)?;
                self.agree(parameters, self.management.name(), kek)?;
                KeyWrap::new(*size, kek)?.unwrap(encrypted_key, key.as_mut())
            }
            RecipientKey::AesGcm(kek) => unwrap_gcm(kek, parameters, encrypted_key, key.as_mut())?,
            RecipientKey::AesKw(kek) => kek.unwrap(encrypted_key, key.as_mut()),
            RecipientKey::Oaep(private) => unwrap_oaep(private, encrypted_key, key.as_mut()),
            RecipientKey::Pbes2(password) => {
                self.password_key(password, parameters)?.unwrap(encrypted_key, key.as_mut())
            }
        };
        if outcome.is_err() {
            let key = key.as_mut();
            key.copy_from_slice(self.decoy.as_ref().get(..key.len()).ok_or(Error::DecryptionFailed)?);
        }
        Cipher::opening(encryption, key.as_ref()).map(Ready::Fresh)
    }

    fn agree(&self, parameters: &Parameters, name: &str, key: &mut [u8]) -> Result<(), Error> {
        let RecipientKey::EcdhEs(curve, private, _) = &*self.kek else {
            return Err(Error::KeyAlgorithm);
        };
        let (theirs, x, y) = parameters.epk.as_ref().ok_or(Error::HeaderMemberMissing("epk"))?;
        if theirs != curve {
            return Err(Error::HeaderMemberInvalid("epk"));
        }
        let info = ecdh_other_info(name, &parameters.apu, &parameters.apv, key.len());
        // A coordinate of another length is the header's fault, and no key's.
        let peer = curve.public_key(x, y).map_err(|why| match why {
            Error::KeyMemberInvalid(_) => Error::HeaderMemberInvalid("epk"),
            why => why,
        })?;
        ecdh_derive(private, peer, &info, key)
    }

    fn password_key(&self, password: &Password, parameters: &Parameters) -> Result<KeyWrap, Error> {
        let salt = parameters.p2s.as_deref().ok_or(Error::HeaderMemberMissing("p2s"))?;
        let count = parameters.p2c.ok_or(Error::HeaderMemberMissing("p2c"))?;
        let count = pbes2::check(salt, count, password.count)?;
        password.prf.derive(password.size, self.management.name(), password.bytes.as_ref(), salt, count)
    }
}

/// The outer refusal is the header's, the inner one the key's.
fn unwrap_gcm(
    kek: &GcmKey,
    parameters: &Parameters,
    encrypted_key: &[u8],
    key: &mut [u8],
) -> Result<Result<(), Error>, Error> {
    let iv = parameters.iv.as_deref().ok_or(Error::HeaderMemberMissing("iv"))?;
    let tag = parameters.tag.as_deref().ok_or(Error::HeaderMemberMissing("tag"))?;
    let iv: [u8; aes_gcm::IV_LEN] = iv.try_into().map_err(|_| Error::HeaderMemberInvalid("iv"))?;
    if tag.len() != aes_gcm::TAG_LEN {
        return Err(Error::HeaderMemberInvalid("tag"));
    }
    if encrypted_key.len() != key.len() {
        return Ok(Err(Error::DecryptionFailed));
    }
    key.copy_from_slice(encrypted_key);
    Ok(kek.open(iv, b"", key, tag))
}

fn unwrap_oaep(private: &OaepPrivateKey, encrypted_key: &[u8], key: &mut [u8]) -> Result<(), Error> {
    let mut room = Zeroizing::new(vec![0; private.room()]);
    let plain = private.decrypt(encrypted_key, &mut room)?;
    if plain.len() != key.len() {
        return Err(Error::DecryptionFailed);
    }
    key.copy_from_slice(plain);
    Ok(())
}
