//! The yardstick for JWE: key management, KDF, wrap and content encryption on the bare primitives, keys prepared, nothing encoded.
//!
//! As lean as it can be: the random bytes of key and vector are drawn at once.

use aes_kw::{KeyInit as _, KwAes128, KwAes256};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::kdf::{SskdfDigestAlgorithm, SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::{hmac, pbkdf2};
use std::num::NonZeroU32;
use symbolon_jose::{ContentEncryption, Jwk, KeyFormat, KeyManagement};

use crate::jwe::Case;
use crate::key::{member, secret};
use crate::measure::Side;
use crate::{Failure, rng};

const NAME: &str = "raw";

/// What is authenticated: the encoded header of a token.
const AAD: &[u8] = b"eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoibkdWZTJ4NmJ3M2ZyIn0";
const INFO: &[u8] = b"\0\0\0\x0eECDH-ES+A256KW\0\0\0\0\0\0\0\0\0\0\x01\0";
const SALT: &[u8] = b"PBES2-HS256+A128KW\0sixteen bytes...";

/// How content is encrypted.
#[derive(Clone, Copy)]
enum Content {
    CbcHmac,
    Gcm,
}

/// Everything fresh of one token: a content key of 32 bytes and a vector.
fn fresh() -> Result<([u8; 32], [u8; 16]), Failure> {
    let mut bytes = [0; 48];
    rng::fill(&mut bytes)?;
    let (key, iv) = bytes.split_at(32);
    Ok((key.try_into()?, iv.try_into()?))
}

fn gcm(key: &[u8]) -> Result<LessSafeKey, Failure> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?))
}

fn seal_gcm(key: &LessSafeKey, iv: [u8; 16], content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let mut text = content.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&iv[..12])?;
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(AAD), &mut text)?;
    Ok((text, tag.as_ref().to_vec()))
}

fn open_gcm(key: &LessSafeKey, iv: [u8; 16], text: &[u8], tag: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut text = text.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&iv[..12])?;
    key.open_in_place_separate_tag(nonce, Aad::from(AAD), tag, &mut text)?;
    Ok(text)
}

fn mac(key: &[u8], iv: [u8; 16], text: &[u8]) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    mac.update(AAD);
    mac.update(&iv);
    mac.update(text);
    mac.update(&(AAD.len() as u64 * 8).to_be_bytes());
    mac.sign()
}

fn seal(content: Content, key: &[u8; 32], iv: [u8; 16], text: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    match content {
        Content::Gcm => seal_gcm(&gcm(key)?, iv, text),
        Content::CbcHmac => {
            let mut out = Vec::with_capacity(text.len() + 16);
            out.extend_from_slice(text);
            let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, &key[16..])?)?;
            cipher.less_safe_encrypt(&mut out, EncryptionContext::Iv128(FixedLength::from(iv)))?;
            let tag = mac(&key[..16], iv, &out);
            Ok((out, tag.as_ref()[..16].to_vec()))
        }
    }
}

fn open(content: Content, key: &[u8; 32], iv: [u8; 16], text: &[u8], tag: &[u8]) -> Result<Vec<u8>, Failure> {
    match content {
        Content::Gcm => open_gcm(&gcm(key)?, iv, text, tag),
        Content::CbcHmac => {
            if aws_lc_rs::constant_time::verify_slices_are_equal(&mac(&key[..16], iv, text).as_ref()[..16], tag)
                .is_err()
            {
                return Err("the tag is wrong".into());
            }
            let mut out = text.to_vec();
            let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, &key[16..])?)?;
            let len = cipher.decrypt(&mut out, DecryptionContext::Iv128(FixedLength::from(iv)))?.len();
            out.truncate(len);
            Ok(out)
        }
    }
}

/// A way to wrap a content key and to have it back.
trait Wrap {
    /// The wrapped key, with whatever public the recipient needs before it.
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure>;
    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure>;
}

struct Kw128(KwAes128);
struct Kw256(KwAes256);
struct GcmKw(LessSafeKey);
struct Oaep(OaepPublicEncryptingKey, OaepPrivateDecryptingKey, &'static OaepAlgorithm);
struct Ecdh(ParsedPublicKey, PrivateKey);
struct Password(Vec<u8>, NonZeroU32);

impl Wrap for Kw128 {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let mut out = vec![0; 40];
        self.0.wrap_key(key, &mut out).map_err(|_| "wrap")?;
        Ok(out)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        let mut key = [0; 32];
        self.0.unwrap_key(wrapped, &mut key).map_err(|_| "unwrap")?;
        Ok(key)
    }
}

impl Wrap for Kw256 {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let mut out = vec![0; 40];
        self.0.wrap_key(key, &mut out).map_err(|_| "wrap")?;
        Ok(out)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        let mut key = [0; 32];
        self.0.unwrap_key(wrapped, &mut key).map_err(|_| "unwrap")?;
        Ok(key)
    }
}

impl Wrap for GcmKw {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        // The vector was drawn with the rest; which bytes it has does not matter for the time.
        let mut out = key.to_vec();
        let nonce = Nonce::assume_unique_for_key([7; 12]);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), &mut out)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        let mut key: [u8; 32] = wrapped[..32].try_into()?;
        let nonce = Nonce::assume_unique_for_key([7; 12]);
        self.0.open_in_place_separate_tag(nonce, Aad::empty(), &wrapped[32..], &mut key)?;
        Ok(key)
    }
}

impl Wrap for Oaep {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let mut out = vec![0; self.0.ciphertext_size()];
        self.0.encrypt(self.2, key, &mut out, None)?;
        Ok(out)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        let mut room = vec![0; self.1.min_output_size()];
        let key: &[u8] = self.1.decrypt(self.2, wrapped, &mut room, None)?;
        Ok(key.try_into()?)
    }
}

fn concat_kdf(secret: &[u8]) -> Result<[u8; 32], Failure> {
    const SHA256: &SskdfDigestAlgorithm = match get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256) {
        Some(algorithm) => algorithm,
        None => panic!("the back end has the KDF with SHA-256"),
    };
    let mut kek = [0; 32];
    sskdf_digest(SHA256, secret, INFO, &mut kek)?;
    Ok(kek)
}

impl Wrap for Ecdh {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let ephemeral = PrivateKey::generate(&ECDH_P256)?;
        let mut out = ephemeral.compute_public_key()?.as_ref().to_vec();
        let kek = agree(&ephemeral, self.0.clone(), "agree".into(), concat_kdf)?;
        let start = out.len();
        out.resize(start + 40, 0);
        KwAes256::new(&kek.into()).wrap_key(key, &mut out[start..]).map_err(|_| "wrap")?;
        Ok(out)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        let (point, wrapped) = wrapped.split_at(65);
        let kek = agree(&self.1, UnparsedPublicKey::new(&ECDH_P256, point), "agree".into(), concat_kdf)?;
        let mut key = [0; 32];
        KwAes256::new(&kek.into()).unwrap_key(wrapped, &mut key).map_err(|_| "unwrap")?;
        Ok(key)
    }
}

impl Password {
    fn kek(&self) -> KwAes128 {
        let mut kek = [0; 16];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, self.1, SALT, &self.0, &mut kek);
        KwAes128::new(&kek.into())
    }
}

impl Wrap for Password {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        Kw128(self.kek()).wrap(key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; 32], Failure> {
        Kw128(self.kek()).unwrap(wrapped)
    }
}

fn oaep(jwk: &Jwk, algorithm: &'static OaepAlgorithm) -> Result<Oaep, Failure> {
    let public = PublicEncryptingKey::from_der(&jwk.to_der(KeyFormat::Spki)?)?;
    let private = PrivateDecryptingKey::from_pkcs8(&jwk.to_der(KeyFormat::Pkcs8)?)?;
    Ok(Oaep(OaepPublicEncryptingKey::new(public)?, OaepPrivateDecryptingKey::new(private)?, algorithm))
}

fn wrap_of(case: &Case) -> Result<Box<dyn Wrap>, Failure> {
    let Some(jwk) = &case.jwk else {
        return Ok(Box::new(Password(case.password.to_vec(), NonZeroU32::new(case.count).ok_or("a count")?)));
    };
    let fixed = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| "a key of 32 bytes");
    Ok(match case.alg {
        KeyManagement::A128Kw => Box::new(Kw128(KwAes128::new_from_slice(&secret(jwk)?)?)),
        KeyManagement::A256Kw => Box::new(Kw256(KwAes256::new(&fixed(secret(jwk)?)?.into()))),
        KeyManagement::A256Gcmkw => Box::new(GcmKw(gcm(&secret(jwk)?)?)),
        KeyManagement::RsaOaep => Box::new(oaep(jwk, &OAEP_SHA1_MGF1SHA1)?),
        KeyManagement::RsaOaep256 => Box::new(oaep(jwk, &OAEP_SHA256_MGF1SHA256)?),
        KeyManagement::EcdhEsA256Kw => {
            let point = [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat();
            let public = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point))?;
            Box::new(Ecdh(public, PrivateKey::from_private_key(&ECDH_P256, &member(jwk, "d")?)?))
        }
        other => return Err(format!("no yardstick for {other}").into()),
    })
}

fn content_of(case: &Case) -> Result<Content, Failure> {
    match case.enc {
        ContentEncryption::A256Gcm => Ok(Content::Gcm),
        ContentEncryption::A128CbcHs256 => Ok(Content::CbcHmac),
        other => Err(format!("no yardstick for {other}").into()),
    }
}

pub(crate) fn encrypting<'a>(case: &Case, content: &'a [u8]) -> Result<Side<'a>, Failure> {
    if case.alg == KeyManagement::Dir {
        let key = gcm(&secret(case.jwk.as_ref().ok_or("a key")?)?)?;
        return Ok(Side::new(NAME, move || {
            let mut iv = [0; 16];
            rng::fill(&mut iv[..12])?;
            seal_gcm(&key, iv, content).map(drop)
        }));
    }
    let (wrap, kind) = (wrap_of(case)?, content_of(case)?);
    Ok(Side::new(NAME, move || {
        let (key, iv) = fresh()?;
        std::hint::black_box(wrap.wrap(&key)?);
        seal(kind, &key, iv, content).map(drop)
    }))
}

pub(crate) fn decrypting(case: &Case, content: &[u8]) -> Result<Side<'static>, Failure> {
    let (key, iv) = fresh()?;
    if case.alg == KeyManagement::Dir {
        let key = gcm(&secret(case.jwk.as_ref().ok_or("a key")?)?)?;
        let (text, tag) = seal_gcm(&key, iv, content)?;
        return Ok(Side::new(NAME, move || open_gcm(&key, iv, &text, &tag).map(drop)));
    }
    let (wrap, kind) = (wrap_of(case)?, content_of(case)?);
    let (text, tag) = seal(kind, &key, iv, content)?;
    let wrapped = wrap.wrap(&key)?;
    Ok(Side::new(NAME, move || {
        let key = wrap.unwrap(&wrapped)?;
        open(kind, &key, iv, &text, &tag).map(drop)
    }))
}
