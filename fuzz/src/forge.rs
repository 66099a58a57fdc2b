//! Good signatures and tags over anything, so that mutations reach what is behind them. aws-lc-rs directly, none of our code but
//! base64url.

use std::sync::LazyLock;

use aws_lc_rs::{aead, hmac};
use symbolon_jose::{Algorithm, Jwk, VerifyingKey, base64url};

const SECRET: &[u8] = b"a shared secret of the fuzzer, of 40 byte";
const CONTENT_KEY: [u8; 16] = *b"sixteen bytes ok";
const IV: [u8; 12] = *b"always a one";

static MAC: LazyLock<hmac::Key> = LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA256, SECRET));

/// The HS256 key that verifies what [`sign`] makes.
pub static VERIFYING: LazyLock<VerifyingKey> = LazyLock::new(|| {
    let jwk = Jwk::oct(SECRET, Algorithm::HS256).expect("long enough");
    VerifyingKey::from_jwk(&jwk, Algorithm::HS256).expect("our own key")
});

/// The key of `dir` with A128GCM that decrypts what [`seal`] makes.
pub fn content_jwk() -> Jwk {
    Jwk::oct(&CONTENT_KEY, symbolon_jose::ContentEncryption::A128Gcm).expect("long enough")
}

/// The HS256 signature of a signing input, encoded.
pub fn sign(signed: &str) -> String {
    base64url::encode(hmac::sign(&MAC, signed.as_bytes()).as_ref())
}

/// A compact JWS with this header and payload.
pub fn compact_jws(header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    format!("{signed}.{}", sign(&signed))
}

/// What A128GCM makes of a content.
pub struct Sealed {
    /// The nonce, encoded.
    pub iv: String,
    /// Encoded.
    pub ciphertext: String,
    /// Encoded.
    pub tag: String,
}

/// Encrypts `content`, authenticating `aad` with it.
pub fn seal(aad: &[u8], content: &[u8]) -> Sealed {
    let key = aead::UnboundKey::new(&aead::AES_128_GCM, &CONTENT_KEY).expect("the right length");
    let mut text = content.to_vec();
    let tag = aead::LessSafeKey::new(key)
        .seal_in_place_separate_tag(aead::Nonce::assume_unique_for_key(IV), aead::Aad::from(aad), &mut text)
        .expect("short enough");
    Sealed { iv: base64url::encode(&IV), ciphertext: base64url::encode(&text), tag: base64url::encode(tag.as_ref()) }
}

/// A compact JWE (`dir`, A128GCM) with this header and content.
pub fn compact_jwe(header: &[u8], content: &[u8]) -> String {
    let header = base64url::encode(header);
    let Sealed { iv, ciphertext, tag } = seal(header.as_bytes(), content);
    format!("{header}..{iv}.{ciphertext}.{tag}")
}
