//! The sender's side of key management (RFC 7518 §4): from a key to a content key that reaches its recipient.

use zeroize::Zeroizing;

use super::Header;
use super::content::{Cipher, ContentKey};
use super::entropy::Entropy;
use super::key::{Encrypter, SenderKey};
use crate::alg::aes_kw::{self, Kek, KeyWrap};
use crate::alg::{Agreement, EcdhCoordinates, aes_gcm, ecdh_derive, ecdh_other_info, pbes2};
use crate::{Error, base64url};

/// Most iterations of PBES2 that any token may ask for (draft-ietf-oauth-rfc8725bis-08 §3.13).
pub const PBES2_MAX_COUNT: u32 = pbes2::MAX_COUNT;

/// What a recipient needs beside the content.
#[derive(Default)]
pub(super) struct Managed {
    pub(super) encrypted_key: Vec<u8>,
    /// Members of the header that are of this one token: `,"name":value` and so on.
    pub(super) fresh: String,
}

/// A cipher that was prepared with the key, or is made for one token.
pub(super) enum Ready<'k> {
    Fresh(Cipher),
    Prepared(&'k Cipher),
}

impl Ready<'_> {
    pub(super) fn cipher(&self) -> &Cipher {
        match self {
            Self::Fresh(cipher) => cipher,
            Self::Prepared(cipher) => cipher,
        }
    }
}

impl Encrypter {
    /// For the one recipient of a token: the cipher for its content, and what the recipient needs to have it, too.
    pub(super) fn manage(&self, header: &Header<'_>, entropy: &mut dyn Entropy) -> Result<(Ready<'_>, Managed), Error> {
        match &self.kek {
            SenderKey::Direct(cipher) => {
                no_parties(header)?;
                Ok((Ready::Prepared(cipher), Managed::default()))
            }
            SenderKey::EcdhEs(_, _, None) => {
                let mut key = ContentKey::empty(self.encryption);
                let fresh = self.agree(header, entropy, self.encryption.name(), key.as_mut())?;
                let cipher = Cipher::sealing(self.encryption, key.as_ref())?;
                Ok((Ready::Fresh(cipher), Managed { encrypted_key: Vec::new(), fresh }))
            }
            _ => {
                let key = ContentKey::random(self.encryption, entropy)?;
                let managed = self.wrap(key.as_ref(), header, entropy)?;
                Ok((Ready::Fresh(Cipher::sealing(self.encryption, key.as_ref())?), managed))
            }
        }
    }

    /// For one of several recipients: wraps a content key they share.
    pub(super) fn wrap(&self, key: &[u8], header: &Header<'_>, entropy: &mut dyn Entropy) -> Result<Managed, Error> {
        match &self.kek {
            SenderKey::EcdhEs(_, _, Some(size)) => {
                let mut room = Zeroizing::new([0; 32]);
                let kek = room.get_mut(..size.len()).ok_or(Error::KeyLength)?;
                let fresh = self.agree(header, entropy, self.management.name(), kek)?;
                Ok(Managed { encrypted_key: wrapped(&KeyWrap::new(*size, kek)?, key)?, fresh })
            }
            other => {
                no_parties(header)?;
                self.wrap_alone(other, key, entropy)
            }
        }
    }

    fn wrap_alone(&self, kek: &SenderKey, key: &[u8], entropy: &mut dyn Entropy) -> Result<Managed, Error> {
        match kek {
            SenderKey::AesGcm(kek) => {
                let mut iv = [0; aes_gcm::IV_LEN];
                entropy.fill(&mut iv)?;
                let mut encrypted_key = key.to_vec();
                let tag = kek.seal(iv, b"", &mut encrypted_key)?;
                let mut fresh = String::with_capacity(64);
                push_bytes(&mut fresh, ",\"iv\":\"", &iv);
                push_bytes(&mut fresh, ",\"tag\":\"", &tag);
                Ok(Managed { encrypted_key, fresh })
            }
            SenderKey::AesKw(kek) => Ok(Managed { encrypted_key: wrapped(kek, key)?, fresh: String::new() }),
            SenderKey::Oaep(public) => {
                let mut encrypted_key = vec![0; public.ciphertext_len()];
                public.encrypt(key, &mut encrypted_key)?;
                Ok(Managed { encrypted_key, fresh: String::new() })
            }
            SenderKey::Pbes2(password) => {
                let mut salt = [0; pbes2::SALT_LEN];
                entropy.fill(&mut salt)?;
                let name = self.management.name();
                let kek = password.prf.derive(password.size, name, password.bytes.as_ref(), &salt, password.count)?;
                let fresh = format!(",\"p2s\":\"{}\",\"p2c\":{}", base64url::encode(&salt), password.count);
                Ok(Managed { encrypted_key: wrapped(&kek, key)?, fresh })
            }
            SenderKey::Direct(_) | SenderKey::EcdhEs(..) => Err(Error::OneRecipientOnly),
        }
    }

    /// Whether the content key is the recipient's own, so that there can be no other recipient.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.kek, SenderKey::Direct(_) | SenderKey::EcdhEs(_, _, None))
    }

    /// Agrees on `key` with a fresh pair; the members that tell the recipient how.
    fn agree(
        &self,
        header: &Header<'_>,
        entropy: &mut dyn Entropy,
        name: &str,
        key: &mut [u8],
    ) -> Result<String, Error> {
        let SenderKey::EcdhEs(curve, peer, _) = &self.kek else {
            return Err(Error::KeyAlgorithm);
        };
        let (private, point) = entropy.ephemeral(*curve)?;
        let (apu, apv) = (header.apu.unwrap_or_default(), header.apv.unwrap_or_default());
        ecdh_derive(&private, peer.clone(), &ecdh_other_info(name, apu, apv, key.len()), key)?;
        let mut fresh = String::with_capacity(MAX_EPK_LEN);
        push_epk(&mut fresh, *curve, &point);
        for (name, party) in [(",\"apu\":\"", header.apu), (",\"apv\":\"", header.apv)] {
            if let Some(party) = party {
                push_bytes(&mut fresh, name, party);
            }
        }
        Ok(fresh)
    }
}

/// RFC 7518 §4.6.1: only ECDH-ES binds to parties; elsewhere they would say something nobody checks.
fn no_parties(header: &Header<'_>) -> Result<(), Error> {
    match (header.apu, header.apv) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(Error::HeaderMemberInvalid("apu")),
        (None, Some(_)) => Err(Error::HeaderMemberInvalid("apv")),
    }
}

fn wrapped(kek: &KeyWrap, key: &[u8]) -> Result<Vec<u8>, Error> {
    let mut wrapped = vec![0; key.len() + aes_kw::OVERHEAD];
    kek.wrap(key, &mut wrapped)?;
    Ok(wrapped)
}

/// Room for an `epk` on the largest curve.
const MAX_EPK_LEN: usize = 256;

fn push_epk(json: &mut String, curve: Agreement, point: &EcdhCoordinates) {
    let (kty, crv) = match curve {
        Agreement::Ec(curve) => ("EC", curve.name()),
        Agreement::X25519 => ("OKP", "X25519"),
    };
    for part in [",\"epk\":{\"kty\":\"", kty, "\",\"crv\":\"", crv, "\""] {
        json.push_str(part);
    }
    push_bytes(json, ",\"x\":\"", point.x());
    if matches!(curve, Agreement::Ec(_)) {
        push_bytes(json, ",\"y\":\"", point.y());
    }
    json.push('}');
}

/// `start`, the bytes as base64url, and the closing quote.
fn push_bytes(json: &mut String, start: &str, bytes: &[u8]) {
    json.push_str(start);
    base64url::append(bytes, json);
    json.push('"');
}

/// Room for a key that wraps keys.
pub(super) const MAX_KEK_LEN: usize = Kek::A256.len();
