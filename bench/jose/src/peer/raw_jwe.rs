//! The yardstick for encryption: key management, KDF, wrap and content encryption on the bare primitives, keys prepared, nothing
//! encoded, nothing allocated but by the back end itself.
//!
//! All random bytes of a token are drawn at once. Keys are wrapped by the `aes-kw` crate, which unlike the back end keeps a key
//! prepared.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::secret;
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{ContentEncryption, KeyManagement};

use super::RAW;
use super::raw_wrap::{self, CEK_LEN, Fresh};

/// What is authenticated: a header of usual length, encoded.
const AAD: &[u8] = b"eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoibkdWZTJ4NmJ3M2ZyIn0";

/// Bytes of either tag.
const TAG_LEN: usize = 16;

pub(crate) fn side(job: &Job) -> Result<Side<'_>, Failure> {
    let Method::Encryption(alg, enc) = job.method else { return Err("an encryption".into()) };
    let content = job.content.as_bytes();
    if alg == KeyManagement::Dir {
        return direct(job, gcm(&secret(job.jwk()?)?)?);
    }
    let cipher = match enc {
        ContentEncryption::A128CbcHs256 => Cipher::CbcHmac,
        ContentEncryption::A256Gcm => Cipher::Gcm,
        other => return Err(format!("no yardstick for {other}").into()),
    };
    let wrap = raw_wrap::of(job, alg)?;
    let (mut wrapped, mut room) = (Vec::new(), Vec::new());
    if job.operation == Operation::Encrypt {
        return Ok(Side::new(RAW, move || {
            let fresh = Fresh::draw()?;
            wrap.wrap(&fresh, &mut wrapped)?;
            cipher.seal(&fresh.cek, fresh.iv, content, &mut room)
        }));
    }
    let fresh = Fresh::draw()?;
    wrap.wrap(&fresh, &mut wrapped)?;
    let mut text = Vec::new();
    let tag = cipher.seal(&fresh.cek, fresh.iv, content, &mut text)?;
    Ok(Side::new(RAW, move || {
        let cek = wrap.unwrap(&wrapped)?;
        cipher.open(&cek, fresh.iv, &text, tag, &mut room)
    }))
}

/// Without key management: the cipher is prepared beforehand.
fn direct(job: &Job, key: LessSafeKey) -> Result<Side<'_>, Failure> {
    let (content, mut room) = (job.content.as_bytes(), Vec::new());
    if job.operation == Operation::Encrypt {
        return Ok(Side::new(RAW, move || seal_gcm(&key, Fresh::draw()?.iv, content, &mut room)));
    }
    let (iv, mut text) = (Fresh::draw()?.iv, Vec::new());
    let tag = seal_gcm(&key, iv, content, &mut text)?;
    Ok(Side::new(RAW, move || open_gcm(&key, iv, &text, tag, &mut room)))
}

/// How content is encrypted.
#[derive(Clone, Copy)]
enum Cipher {
    CbcHmac,
    Gcm,
}

impl Cipher {
    /// Into `room`; the tag.
    fn seal(
        self,
        cek: &[u8; CEK_LEN],
        iv: [u8; 16],
        content: &[u8],
        room: &mut Vec<u8>,
    ) -> Result<[u8; TAG_LEN], Failure> {
        match self {
            Self::CbcHmac => {
                fill(room, content);
                let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, &cek[16..])?)?;
                cipher.less_safe_encrypt(room, EncryptionContext::Iv128(FixedLength::from(iv)))?;
                mac(&cek[..16], iv, room)
            }
            Self::Gcm => seal_gcm(&gcm(cek)?, iv, content, room),
        }
    }

    /// Into `room`; the length.
    fn open(
        self,
        cek: &[u8; CEK_LEN],
        iv: [u8; 16],
        text: &[u8],
        tag: [u8; TAG_LEN],
        room: &mut Vec<u8>,
    ) -> Result<usize, Failure> {
        match self {
            Self::CbcHmac => {
                verify_slices_are_equal(&mac(&cek[..16], iv, text)?, &tag)?;
                fill(room, text);
                let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, &cek[16..])?)?;
                Ok(cipher.decrypt(room, DecryptionContext::Iv128(FixedLength::from(iv)))?.len())
            }
            Self::Gcm => open_gcm(&gcm(cek)?, iv, text, tag, room),
        }
    }
}

fn fill(room: &mut Vec<u8>, content: &[u8]) {
    room.clear();
    room.extend_from_slice(content);
}

/// A key of AES-256-GCM, prepared.
pub(super) fn gcm(key: &[u8]) -> Result<LessSafeKey, Failure> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?))
}

fn seal_gcm(key: &LessSafeKey, iv: [u8; 16], content: &[u8], room: &mut Vec<u8>) -> Result<[u8; TAG_LEN], Failure> {
    fill(room, content);
    let tag = key.seal_in_place_separate_tag(nonce(iv)?, Aad::from(AAD), room)?;
    Ok(tag.as_ref().try_into()?)
}

fn open_gcm(
    key: &LessSafeKey,
    iv: [u8; 16],
    text: &[u8],
    tag: [u8; TAG_LEN],
    room: &mut Vec<u8>,
) -> Result<usize, Failure> {
    fill(room, text);
    Ok(key.open_in_place_separate_tag(nonce(iv)?, Aad::from(AAD), &tag, room)?.len())
}

fn nonce(iv: [u8; 16]) -> Result<Nonce, Failure> {
    Ok(Nonce::try_assume_unique_for_key(&iv[..12])?)
}

fn mac(key: &[u8], iv: [u8; 16], text: &[u8]) -> Result<[u8; TAG_LEN], Failure> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in [AAD, &iv, text, &(AAD.len() as u64 * 8).to_be_bytes()] {
        mac.update(part);
    }
    Ok(mac.sign().as_ref()[..TAG_LEN].try_into()?)
}
