//! The yardstick for one token: the bare aws-lc-rs primitive with a key that is already parsed. No encoding, no JSON, no checks.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaEncoding, RsaKeyPair, RsaParameters,
    RsaPublicKeyComponents,
};
use serde_json::Value;
use symbolon_jose::{Algorithm, Jwk, base64url};

use crate::{Failure, rng};

/// A key of one algorithm, both halves.
pub(crate) struct RawKey {
    half: Half,
    random: SystemRandom,
}

enum Half {
    Ecdsa(EcdsaKeyPair, ParsedPublicKey),
    Ed25519(Ed25519KeyPair, ParsedPublicKey),
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding, ParsedPublicKey, usize),
}

impl RawKey {
    /// The same key as the library's, taken from its JSON.
    pub(crate) fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Failure> {
        let json: Value = serde_json::from_str(&jwk.to_private_json())?;
        let half = match algorithm {
            Algorithm::RS256 => rsa_key(&json, &signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256)?,
            Algorithm::PS256 => rsa_key(&json, &signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256)?,
            Algorithm::ES256 => {
                let point = [vec![4], part(&json, "x")?, part(&json, "y")?].concat();
                let signing = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, &part(&json, "d")?, &point)?;
                Half::Ecdsa(pair, ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &point)?)
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(&part(&json, "d")?, &part(&json, "x")?)?;
                let public = ParsedPublicKey::new(&signature::ED25519, pair.public_key())?;
                Half::Ed25519(pair, public)
            }
            Algorithm::HS256 => Half::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &part(&json, "k")?))),
            other => return Err(format!("no yardstick for {other}").into()),
        };
        Ok(Self { half, random: rng::system() })
    }

    /// Signs with the bare primitive.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(match &self.half {
            Half::Ecdsa(pair, _) => pair.sign(&self.random, message)?.as_ref().to_vec(),
            Half::Ed25519(pair, _) => pair.sign(message).as_ref().to_vec(),
            Half::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Half::Rsa(pair, encoding, _, len) => {
                let mut signature = vec![0; *len];
                pair.sign(*encoding, &self.random, message, &mut signature)?;
                signature
            }
        })
    }

    /// Verifies with the bare primitive.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failure> {
        match &self.half {
            Half::Ecdsa(_, public) | Half::Ed25519(_, public) | Half::Rsa(_, _, public, _) => {
                public.verify_sig(message, signature)?;
            }
            Half::Hmac(key) => hmac::verify(key, message, signature)?,
        }
        Ok(())
    }
}

fn part(json: &Value, name: &str) -> Result<Vec<u8>, Failure> {
    let text = json[name].as_str().ok_or_else(|| format!("the key has no member {name}"))?;
    Ok(base64url::decode(text)?)
}

#[expect(clippy::many_single_char_names, reason = "the standard's names (RFC 7518 §6.3)")]
fn rsa_key(
    json: &Value,
    encoding: &'static dyn RsaEncoding,
    parameters: &'static RsaParameters,
) -> Result<Half, Failure> {
    let (n, e, d) = (part(json, "n")?, part(json, "e")?, part(json, "d")?);
    let (p, q) = (part(json, "p")?, part(json, "q")?);
    let public_key = RsaPublicKeyComponents { n: &n[..], e: &e[..] };
    let public = public_key.to_parsed_public_key(parameters)?;
    let (dp, dq, qi) = (part(json, "dp")?, part(json, "dq")?, part(json, "qi")?);
    let components = rsa::KeyPairComponents { public_key, d, p, q, dP: dp, dQ: dq, qInv: qi };
    let pair = RsaKeyPair::from_components(&components)?;
    let len = pair.public_modulus_len();
    Ok(Half::Rsa(pair, encoding, public, len))
}
