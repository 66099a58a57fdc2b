//! JWE compact serialization (RFC 7516 §3.1, §5, §7.1).
//!
//! Refused: signed tokens, JSON serializations, more than [`MAX_TOKEN_LEN`] bytes, and an `alg` or `enc`
//! that the key is not for.

use std::fmt;
use std::sync::Arc;

use super::content::Sealed;
use super::entropy::{Entropy, System};
use super::header::Received;
use super::key::{DecryptingKey, EncryptingKey};
use super::plaintext::Plaintext;
use super::{Compression, Decrypted, DecryptingKeys, Header, MAX_TOKEN_LEN, zip};
use crate::base64url::{self, Scratch};
use crate::jws::MAX_HEADER_LEN;
use crate::{ContentEncryption, Error};

/// Encrypts `plaintext` for whoever holds `key`'s other half.
///
/// ```
/// use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey, Header, compact};
/// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
///
/// let (alg, enc) = (KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm);
/// let jwk = Jwk::generate(alg)?;
/// let public = jwk.public().expect("it is no shared secret");
/// let token = compact::encrypt(&EncryptingKey::from_jwk(&public, alg, enc)?, &Header::default(), b"hello")?;
///
/// let keys = DecryptingKeys::single(DecryptingKey::from_jwk(&jwk, alg, &[enc])?);
/// assert_eq!(compact::decrypt(&token, &keys)?.plaintext(), b"hello");
/// # Ok::<(), Error>(())
/// ```
pub fn encrypt(key: &EncryptingKey, header: &Header<'_>, plaintext: &[u8]) -> Result<String, Error> {
    encrypt_with(key, header, plaintext, &mut System::new())
}

pub(super) fn encrypt_with(
    key: &EncryptingKey,
    header: &Header<'_>,
    plaintext: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<String, Error> {
    let key = key.inner();
    let (ready, managed) = key.manage(header, entropy)?;
    let header_text = key.header(header, &managed.fresh);
    assemble(&header_text, &managed.encrypted_key, content(plaintext, header.compression, key.encryption), |text| {
        ready.cipher().seal(entropy, header_text.as_bytes(), text)
    })
}

/// The content to encrypt, in a buffer with room for padding, so that it need not move.
pub(super) fn content(plaintext: &[u8], compression: Compression, encryption: ContentEncryption) -> Plaintext {
    // A block at most.
    let padding = encryption.iv_len();
    match compression {
        Compression::Deflate => zip::compress(plaintext, padding),
        Compression::None => {
            let mut room = Plaintext::new(Vec::with_capacity(plaintext.len() + padding));
            room.extend_from_slice(plaintext);
            room
        }
    }
}

/// The five segments. `text` is encrypted in place.
pub(super) fn assemble(
    header: &str,
    encrypted_key: &[u8],
    mut text: Plaintext,
    seal: impl FnOnce(&mut Vec<u8>) -> Result<Sealed, Error>,
) -> Result<String, Error> {
    let sealed = seal(&mut text)?;
    let segments = [encrypted_key, sealed.iv(), &text, sealed.tag()];
    let len = segments.iter().map(|bytes| 1 + base64url::encoded_len(bytes.len())).sum::<usize>() + header.len();
    check_lengths(header, len)?;
    let mut token = String::with_capacity(len);
    token.push_str(header);
    for bytes in segments {
        token.push('.');
        base64url::append(bytes, &mut token);
    }
    Ok(token)
}

/// What our own recipients would refuse is not made.
pub(super) fn check_lengths(header: &str, token_len: usize) -> Result<(), Error> {
    match (header.len() > MAX_HEADER_LEN, token_len > MAX_TOKEN_LEN) {
        (true, _) => Err(Error::HeaderTooLong),
        (false, true) => Err(Error::TokenTooLong),
        (false, false) => Ok(()),
    }
}

/// The five segments, still encoded.
pub(super) struct Segments<'t> {
    pub(super) header: &'t str,
    encrypted_key: &'t str,
    iv: &'t str,
    ciphertext: &'t str,
    tag: &'t str,
}

impl<'t> Segments<'t> {
    /// Cuts a token; exactly five segments.
    fn split(token: &'t str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Error::TokenTooLong);
        }
        // A JSON text may have dots, too.
        if token.starts_with('{') {
            return Err(Error::NotCompact);
        }
        // In bulk: content may be long.
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let four = [dots.next(), dots.next(), dots.next(), dots.next()];
        match (four, dots.next()) {
            ([Some(one), Some(two), Some(three), Some(four)], None) => Ok(Self {
                header: &token[..one],
                encrypted_key: &token[one + 1..two],
                iv: &token[two + 1..three],
                ciphertext: &token[three + 1..four],
                tag: &token[four + 1..],
            }),
            ([_, Some(_), None, None], _) => Err(Error::NotEncrypted),
            _ => Err(Error::NotCompact),
        }
    }

    fn decrypt(&self, key: &DecryptingKey, header: &Received) -> Result<Plaintext, Error> {
        let key = key.inner();
        let encryption = key.allowed(&header.enc)?;
        let (mut encrypted_key, mut iv, mut tag) = (Scratch::<520>::new(), Scratch::<18>::new(), Scratch::<34>::new());
        let encrypted_key = encrypted_key.decode(self.encrypted_key)?;
        let iv = iv.decode(self.iv)?;
        let tag = tag.decode(self.tag)?;
        let mut text = Plaintext::new(base64url::decode(self.ciphertext)?);
        let ready = key.unmanage(encryption, &header.parameters, encrypted_key)?;
        ready.cipher().open(iv, self.header.as_bytes(), &mut text, tag)?;
        inflated(text, header.zip, key.max_decompressed)
    }
}

/// The content as it was before compression.
pub(super) fn inflated(text: Plaintext, is_compressed: bool, max: Option<usize>) -> Result<Plaintext, Error> {
    match (is_compressed, max) {
        (false, _) => Ok(text),
        (true, Some(max)) => zip::decompress(&text, max),
        (true, None) => Err(Error::ZipUnsupported),
    }
}

/// Decrypts `token` with the one of `keys` that its header names.
pub fn decrypt(token: &str, keys: &DecryptingKeys) -> Result<Decrypted, Error> {
    let segments = Segments::split(token)?;
    if let Some((key, header)) = keys.known(segments.header) {
        let plaintext = segments.decrypt(key, header)?;
        return Ok(Decrypted { plaintext, header: Arc::clone(header) });
    }
    let header = Arc::new(Received::parse(segments.header)?);
    let (index, key) = keys.select(&header)?;
    refuse_unwanted_zip(key, &header)?;
    let plaintext = segments.decrypt(key, &header)?;
    keys.remember(segments.header, &header, index);
    Ok(Decrypted { plaintext, header })
}

/// Before anything is decrypted: no work for what is refused anyway.
pub(super) fn refuse_unwanted_zip(key: &DecryptingKey, header: &Received) -> Result<(), Error> {
    if header.zip && key.inner().max_decompressed.is_none() { Err(Error::ZipUnsupported) } else { Ok(()) }
}

/// A well-formed token nobody has decrypted: it shows only what is needed to choose a key. `Debug` shows the header and nothing else.
pub struct Encrypted<'t> {
    segments: Segments<'t>,
    header: Received,
}

impl<'t> Encrypted<'t> {
    /// Splits and reads the header; refuses `crit`, JSON serializations and signed tokens.
    pub fn parse(token: &'t str) -> Result<Self, Error> {
        let segments = Segments::split(token)?;
        let header = Received::parse(segments.header)?;
        Ok(Self { segments, header })
    }

    /// The header's `alg`: what the sender says, not a choice.
    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    /// The header's `enc`: what the sender says, not a choice.
    pub fn enc(&self) -> &str {
        &self.header.enc
    }

    /// The header's `kid`: a name to look up among known keys, nothing else.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Decrypts with `key`, whose `alg` must be the header's.
    pub fn decrypt(self, key: &DecryptingKey) -> Result<Decrypted, Error> {
        if self.header.alg != key.key_management().name() {
            return Err(Error::AlgorithmMismatch);
        }
        refuse_unwanted_zip(key, &self.header)?;
        let plaintext = self.segments.decrypt(key, &self.header)?;
        Ok(Decrypted { plaintext, header: Arc::new(self.header) })
    }
}

impl fmt::Debug for Encrypted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segments: _, header } = self;
        f.debug_struct("Encrypted").field("header", header).finish_non_exhaustive()
    }
}
