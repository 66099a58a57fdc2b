//! The yardstick's key management: from a key to a wrapped content key and back (RFC 7518 §4), into room that is used again.

use std::num::NonZeroU32;

use aes_kw::{KeyInit as _, KwAes128, KwAes256};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::agreement::{self, ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::kdf::{SskdfDigestAlgorithm, SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::pbkdf2;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::job::{Job, PASSWORD, PBES2_COUNT};
use symbolon_bench_jose_common::key::{member, secret, sized_secret, text};
use symbolon_jose::{Jwk, KeyFormat, KeyManagement};

use super::raw_jwe::gcm;
use crate::rng;

/// Bytes of a content key, here with both ciphers.
pub(super) const CEK_LEN: usize = 32;
/// The same, wrapped.
const WRAPPED_LEN: usize = CEK_LEN + 8;

/// Everything random of one token.
pub(super) struct Fresh {
    pub(super) cek: [u8; CEK_LEN],
    pub(super) iv: [u8; 16],
    /// The vector or the salt that wrapping needs.
    wrap: [u8; 16],
}

impl Fresh {
    pub(super) fn draw() -> Result<Self, Failure> {
        let mut bytes = [0; CEK_LEN + 32];
        rng::fill(&mut bytes)?;
        let (cek, rest) = bytes.split_at(CEK_LEN);
        let (iv, wrap) = rest.split_at(16);
        Ok(Self { cek: cek.try_into()?, iv: iv.try_into()?, wrap: wrap.try_into()? })
    }
}

/// A way to wrap a content key and to have it back.
pub(super) trait Wrap {
    /// Puts into `out` what the recipient needs, public values first.
    fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure>;
    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure>;
}

pub(super) fn of(job: &Job, alg: KeyManagement) -> Result<Box<dyn Wrap>, Failure> {
    if alg == KeyManagement::Pbes2Hs256A128Kw {
        return Ok(Box::new(Password(NonZeroU32::new(PBES2_COUNT).ok_or("a count")?)));
    }
    let jwk = job.jwk()?;
    Ok(match alg {
        KeyManagement::A128Kw => Box::new(Kw128(KwAes128::new(&sized_secret(jwk)?.into()))),
        KeyManagement::A256Gcmkw => Box::new(GcmKw(gcm(&secret(jwk)?)?)),
        KeyManagement::A256Kw => Box::new(Kw256(KwAes256::new(&sized_secret(jwk)?.into()))),
        KeyManagement::EcdhEsA256Kw => Box::new(Ecdh::new(jwk)?),
        KeyManagement::RsaOaep => Box::new(Oaep::new(jwk, &OAEP_SHA1_MGF1SHA1)?),
        KeyManagement::RsaOaep256 => Box::new(Oaep::new(jwk, &OAEP_SHA256_MGF1SHA256)?),
        other => return Err(format!("no yardstick for {other}").into()),
    })
}

/// Room for a wrapped key behind what is there already.
fn room(out: &mut Vec<u8>) -> &mut [u8] {
    let start = out.len();
    out.resize(start + WRAPPED_LEN, 0);
    &mut out[start..]
}

macro_rules! key_wrap {
    ($($name:ident($kek:ty);)+) => {
        $(
            struct $name($kek);

            impl Wrap for $name {
                fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure> {
                    out.clear();
                    self.0.wrap_key(&fresh.cek, room(out)).map(drop).map_err(|_| "wrap".into())
                }

                fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure> {
                    let mut cek = [0; CEK_LEN];
                    self.0.unwrap_key(wrapped, &mut cek).map_err(|_| "unwrap")?;
                    Ok(cek)
                }
            }
        )+
    };
}

key_wrap! {
    Kw128(KwAes128);
    Kw256(KwAes256);
}

/// Vector, wrapped key, tag.
struct GcmKw(LessSafeKey);

impl Wrap for GcmKw {
    fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.clear();
        let (iv, _) = fresh.wrap.split_at(12);
        out.extend_from_slice(iv);
        out.extend_from_slice(&fresh.cek);
        let nonce = Nonce::try_assume_unique_for_key(iv)?;
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), &mut out[12..])?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure> {
        let (iv, rest) = wrapped.split_at(12);
        let (cek, tag) = rest.split_at(CEK_LEN);
        let mut cek: [u8; CEK_LEN] = cek.try_into()?;
        let nonce = Nonce::try_assume_unique_for_key(iv)?;
        self.0.open_in_place_separate_tag(nonce, Aad::empty(), tag, &mut cek)?;
        Ok(cek)
    }
}

struct Oaep(OaepPublicEncryptingKey, OaepPrivateDecryptingKey, &'static OaepAlgorithm);

impl Oaep {
    fn new(jwk: &Jwk, algorithm: &'static OaepAlgorithm) -> Result<Self, Failure> {
        let public = PublicEncryptingKey::from_der(&jwk.to_der(KeyFormat::Spki)?)?;
        let private = PrivateDecryptingKey::from_pkcs8(&jwk.to_der(KeyFormat::Pkcs8)?)?;
        Ok(Self(OaepPublicEncryptingKey::new(public)?, OaepPrivateDecryptingKey::new(private)?, algorithm))
    }
}

impl Wrap for Oaep {
    fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.resize(self.0.ciphertext_size(), 0);
        Ok(self.0.encrypt(self.2, &fresh.cek, out, None).map(drop)?)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure> {
        // As long as the modulus of the keys measured here.
        let mut room = [0; 256];
        let cek: &[u8] = self.1.decrypt(self.2, wrapped, &mut room, None)?;
        Ok(cek.try_into()?)
    }
}

/// `OtherInfo` of RFC 7518 §4.6.2 for ECDH-ES+A256KW without parties.
const INFO: &[u8] = b"\0\0\0\x0eECDH-ES+A256KW\0\0\0\0\0\0\0\0\0\0\x01\0";

/// Public value of the fresh pair, wrapped key.
struct Ecdh {
    curve: &'static agreement::Algorithm,
    public: ParsedPublicKey,
    private: PrivateKey,
}

impl Ecdh {
    fn new(jwk: &Jwk) -> Result<Self, Failure> {
        let (curve, point) = match text(jwk, "crv")?.as_str() {
            "P-256" => (&ECDH_P256, [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat()),
            "X25519" => (&X25519, member(jwk, "x")?),
            other => return Err(format!("no yardstick on {other}").into()),
        };
        let public = ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, point))?;
        Ok(Self { curve, public, private: PrivateKey::from_private_key(curve, &member(jwk, "d")?)? })
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
    fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure> {
        let ephemeral = PrivateKey::generate(self.curve)?;
        out.clear();
        out.extend_from_slice(ephemeral.compute_public_key()?.as_ref());
        let kek = agree(&ephemeral, self.public.clone(), "agree".into(), concat_kdf)?;
        KwAes256::new(&kek.into()).wrap_key(&fresh.cek, room(out)).map(drop).map_err(|_| "wrap".into())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure> {
        let (point, wrapped) = wrapped.split_at(wrapped.len() - WRAPPED_LEN);
        let kek = agree(&self.private, UnparsedPublicKey::new(self.curve, point), "agree".into(), concat_kdf)?;
        Kw256(KwAes256::new(&kek.into())).unwrap(wrapped)
    }
}

/// Salt, wrapped key.
struct Password(NonZeroU32);

impl Password {
    /// RFC 7518 §4.8.1.1: what is salted with is the name of the algorithm, a zero, and the salt.
    fn kek(&self, salt: &[u8]) -> KwAes128 {
        const NAME: &[u8; 19] = b"PBES2-HS256+A128KW\0";
        let mut salted = [0; NAME.len() + 16];
        let (name, rest) = salted.split_at_mut(NAME.len());
        name.copy_from_slice(NAME);
        rest.copy_from_slice(salt);
        let mut kek = [0; 16];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, self.0, &salted, PASSWORD, &mut kek);
        KwAes128::new(&kek.into())
    }
}

impl Wrap for Password {
    fn wrap(&self, fresh: &Fresh, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.clear();
        out.extend_from_slice(&fresh.wrap);
        self.kek(&fresh.wrap).wrap_key(&fresh.cek, room(out)).map(drop).map_err(|_| "wrap".into())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<[u8; CEK_LEN], Failure> {
        let (salt, wrapped) = wrapped.split_at(16);
        Kw128(self.kek(salt)).unwrap(wrapped)
    }
}
