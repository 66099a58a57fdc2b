//! JWE JSON serialization (RFC 7516 §7.2), general and flattened, with several recipients and additional authenticated data.
//!
//! Refused: members of both forms at once, signed texts (also one that would be both), a name in two of the headers of one
//! recipient, `crit` or `zip` outside the protected header, recipients that disagree about `enc`, others beside one whose key is the
//! content key, none or more than [`MAX_RECIPIENTS`]. `typ`, `cty` and, once decrypted, `kid` count only where they are protected.

use std::fmt;
use std::sync::Arc;

use super::compact::{check_lengths, content, inflated, refuse_unwanted_zip};
use super::content::{Cipher, ContentKey, Sealed};
use super::entropy::{Entropy, System};
use super::header::Received;
use super::key::{DecryptingKey, Encrypter, EncryptingKey};
use super::plaintext::Plaintext;
use super::{Decrypted, Header};
use crate::json::{self, Limits, Text, present, written};
use crate::jws::Joined;
use crate::{Error, KeyManagement, base64url};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

/// Most recipients of one text.
pub const MAX_RECIPIENTS: usize = 16;

/// Encrypts for one recipient, flattened (RFC 7516 §7.2.2). `aad` is authenticated and not encrypted.
///
/// ```
/// use symbolon_jose::jwe::{DecryptingKey, EncryptingKey, Header, json};
/// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
///
/// let (alg, enc) = (KeyManagement::A256Kw, ContentEncryption::A256Gcm);
/// let jwk = Jwk::generate(alg)?;
/// let key = EncryptingKey::from_jwk(&jwk, alg, enc)?;
/// let text = json::encrypt_flattened(&key, &Header::default(), Some(b"seen by all"), b"hello")?;
/// let encrypted = json::Encrypted::parse(text.as_bytes())?;
/// let decrypted = encrypted.decrypt(&DecryptingKey::from_jwk(&jwk, alg, &[enc])?)?;
/// assert_eq!(decrypted.plaintext(), b"hello");
/// assert_eq!(encrypted.aad(), Some(&b"seen by all"[..]));
/// # Ok::<(), Error>(())
/// ```
pub fn encrypt_flattened(
    key: &EncryptingKey,
    header: &Header<'_>,
    aad: Option<&[u8]>,
    plaintext: &[u8],
) -> Result<String, Error> {
    encrypt_flattened_with(key, header, aad, plaintext, &mut System::new())
}

pub(super) fn encrypt_flattened_with(
    key: &EncryptingKey,
    header: &Header<'_>,
    aad: Option<&[u8]>,
    plaintext: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<String, Error> {
    let aad = unless_empty(aad);
    let key = key.inner();
    let (ready, managed) = key.manage(header, entropy)?;
    let protected = key.header(header, &managed.fresh);
    let mut text = content(plaintext, header.compression, key.encryption);
    let sealed = ready.cipher().seal(entropy, &authenticated(&protected, aad), &mut text)?;
    let mut members = body(&protected, aad, &text, &sealed);
    if !managed.encrypted_key.is_empty() {
        members.insert("encrypted_key".into(), base64url::encode(&managed.encrypted_key).into());
    }
    check_lengths(&protected, 0)?;
    written(&Value::Object(members))
}

/// Encrypts for several recipients, general (RFC 7516 §7.2.1). All keys have the same `enc`; with `dir` and plain ECDH-ES there can
/// be one recipient only.
pub fn encrypt_general(
    keys: &[EncryptingKey],
    header: &Header<'_>,
    aad: Option<&[u8]>,
    plaintext: &[u8],
) -> Result<String, Error> {
    let aad = unless_empty(aad);
    let keys: Vec<&Encrypter> = keys.iter().map(EncryptingKey::inner).collect();
    let first = *keys.first().ok_or(Error::RecipientCount)?;
    if keys.len() > MAX_RECIPIENTS {
        return Err(Error::RecipientCount);
    }
    if keys.iter().any(|key| key.encryption != first.encryption) {
        return Err(Error::ContentEncryptionMismatch);
    }
    let entropy: &mut dyn Entropy = &mut System::new();
    let mut recipients = Vec::with_capacity(keys.len());
    let cipher;
    let ready;
    let cipher = if first.is_direct() {
        if keys.len() > 1 {
            return Err(Error::OneRecipientOnly);
        }
        let (made, managed) = first.manage(header, entropy)?;
        recipients.push(recipient(first, &managed)?);
        ready = made;
        ready.cipher()
    } else {
        let content_key = ContentKey::random(first.encryption, entropy)?;
        for key in &keys {
            recipients.push(recipient(key, &key.wrap(content_key.as_ref(), header, entropy)?)?);
        }
        cipher = Cipher::sealing(first.encryption, content_key.as_ref())?;
        &cipher
    };
    let mut protected = String::from("{");
    Encrypter::push_common_members(&mut protected, first.encryption, header);
    protected.push('}');
    let protected = base64url::encode(protected.as_bytes());
    check_lengths(&protected, 0)?;
    for recipient in &recipients {
        // What our own reader would refuse is not made.
        let members = recipient["header"].as_object().cloned().unwrap_or_default();
        Received::from_joined(Joined::protected(Some(&protected))?.join(members, &PROTECTED_ONLY)?)?;
    }
    let mut text = content(plaintext, header.compression, first.encryption);
    let sealed = cipher.seal(entropy, &authenticated(&protected, aad), &mut text)?;
    let mut members = body(&protected, aad, &text, &sealed);
    members.insert("recipients".into(), recipients.into());
    written(&Value::Object(members))
}

fn recipient(key: &Encrypter, managed: &super::manage::Managed) -> Result<Value, Error> {
    let header = key.recipient_members(&managed.fresh) + "}";
    let header: Value = serde_json::from_str(&header).map_err(|_| Error::HeaderInvalid)?;
    let mut members = json!({ "header": header });
    if !managed.encrypted_key.is_empty() {
        members["encrypted_key"] = base64url::encode(&managed.encrypted_key).into();
    }
    Ok(members)
}

/// RFC 7516 §7.2.1: `aad` must be absent when it is empty.
fn unless_empty(aad: Option<&[u8]>) -> Option<&[u8]> {
    aad.filter(|aad| !aad.is_empty())
}

fn body(protected: &str, aad: Option<&[u8]>, text: &[u8], sealed: &Sealed) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: String| members.insert(name.into(), value.into());
    put("protected", protected.into());
    put("iv", base64url::encode(sealed.iv()));
    put("ciphertext", base64url::encode(text));
    put("tag", base64url::encode(sealed.tag()));
    if let Some(aad) = aad {
        put("aad", base64url::encode(aad));
    }
    members
}

/// RFC 7516 §5.1, step 14.
fn authenticated(protected: &str, aad: Option<&[u8]>) -> Vec<u8> {
    match aad {
        Some(aad) => [protected, ".", &base64url::encode(aad)].concat().into_bytes(),
        None => protected.as_bytes().to_vec(),
    }
}

#[derive(Deserialize)]
struct Raw<'t> {
    #[serde(default, deserialize_with = "present")]
    payload: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    signatures: Option<IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "present")]
    protected: Option<Text<'t>>,
    #[serde(default, deserialize_with = "present")]
    unprotected: Option<Map<String, Value>>,
    #[serde(borrow, default, deserialize_with = "present")]
    recipients: Option<Vec<RawRecipient<'t>>>,
    #[serde(default, deserialize_with = "present")]
    header: Option<Map<String, Value>>,
    #[serde(borrow, default, deserialize_with = "present")]
    encrypted_key: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "present")]
    aad: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "present")]
    iv: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "present")]
    ciphertext: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "present")]
    tag: Option<Text<'t>>,
}

#[derive(Deserialize)]
struct RawRecipient<'t> {
    #[serde(default, deserialize_with = "present")]
    header: Option<Map<String, Value>>,
    #[serde(borrow, default, deserialize_with = "present")]
    encrypted_key: Option<Text<'t>>,
}

/// A well-formed text nobody has decrypted: it shows only what is needed to choose a key. `Debug` shows the headers and nothing else.
pub struct Encrypted {
    recipients: Vec<Recipient>,
    authenticated: Vec<u8>,
    aad: Option<Vec<u8>>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

/// One of its recipients. `Debug` does not show its encrypted key.
pub struct Recipient {
    header: Arc<Received>,
    /// `kid`, protected or not.
    hint: Option<String>,
    encrypted_key: Vec<u8>,
}

impl Recipient {
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
        self.hint.as_deref()
    }
}

impl Encrypted {
    /// Reads a text of at most 64 KiB.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let raw: Raw<'_> = json::parse_borrowed(text, Limits::SERIALIZATION)?;
        // RFC 7516 §9: what has a `payload` is a JWS.
        if raw.payload.is_some() || raw.signatures.is_some() {
            return Err(Error::NotEncrypted);
        }
        let ciphertext = raw.ciphertext.ok_or(Error::NotJsonSerialization)?;
        let flattened = raw.header.is_some() || raw.encrypted_key.is_some();
        let list = match raw.recipients {
            Some(_) if flattened => return Err(Error::NotJsonSerialization),
            Some(list) if list.is_empty() || list.len() > MAX_RECIPIENTS => return Err(Error::RecipientCount),
            Some(list) => list,
            None => vec![RawRecipient { header: raw.header, encrypted_key: raw.encrypted_key }],
        };
        let protected = raw.protected.as_ref().map(Text::as_str);
        let shared = Joined::protected(protected)?.join(raw.unprotected.unwrap_or_default(), &PROTECTED_ONLY)?;
        let protected = protected.unwrap_or_default();
        let count = list.len();
        // RFC 7516 §5.2: whoever is another recipient may have an algorithm or a curve that we do not know.
        let read: Vec<_> = list.into_iter().map(|raw| Recipient::parse(raw, &shared)).collect();
        if let Some(why) = read.iter().filter_map(|it| it.as_ref().err().copied()).find(spoils_all) {
            return Err(why);
        }
        let why = read.iter().find_map(|it| it.as_ref().err().copied());
        let recipients: Vec<_> = read.into_iter().filter_map(Result::ok).collect();
        if let (true, Some(why)) = (recipients.is_empty(), why) {
            return Err(why);
        }
        agree(&recipients, count)?;
        let aad = raw.aad.as_ref().map(|text| base64url::decode(text.as_str())).transpose()?;
        if aad.is_some() && unless_empty(aad.as_deref()).is_none() {
            return Err(Error::NotJsonSerialization);
        }
        let decode = |text: Option<Text<'_>>| base64url::decode(text.as_ref().map_or("", Text::as_str));
        Ok(Self {
            recipients,
            authenticated: authenticated(protected, aad.as_deref()),
            aad,
            iv: decode(raw.iv)?,
            ciphertext: base64url::decode(ciphertext.as_str())?,
            tag: decode(raw.tag)?,
        })
    }

    /// Every recipient whose header we understand, to choose a key by.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// What was authenticated beside the content. True only once decryption has succeeded.
    pub fn aad(&self) -> Option<&[u8]> {
        self.aad.as_deref()
    }

    /// Decrypts as the recipient that is `key`'s: by its algorithm, and by its `kid` where both sides have one.
    pub fn decrypt(&self, key: &DecryptingKey) -> Result<Decrypted, Error> {
        let own = |it: &&Recipient| match (key.kid(), it.kid()) {
            (Some(own), Some(said)) => own == said,
            _ => true,
        };
        let mut why = Error::UnknownKey;
        // A password is tried on every recipient that may be it, and all of them together must not cost more than one may.
        let mut iterations: u64 = 0;
        for recipient in self.recipients.iter().filter(own) {
            if recipient.alg() != key.key_management().name() {
                // What was tried and failed says more.
                if why == Error::UnknownKey {
                    why = Error::AlgorithmMismatch;
                }
                continue;
            }
            iterations = iterations.saturating_add(recipient.header.parameters.p2c.unwrap_or(0));
            if key.inner().max_iterations().is_some_and(|max| iterations > u64::from(max)) {
                return Err(Error::Pbes2Count);
            }
            match self.decrypt_as(recipient, key) {
                Ok(plaintext) => return Ok(Decrypted { plaintext, header: Arc::clone(&recipient.header) }),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn decrypt_as(&self, recipient: &Recipient, key: &DecryptingKey) -> Result<Plaintext, Error> {
        refuse_unwanted_zip(key, &recipient.header)?;
        let key = key.inner();
        let encryption = key.allowed(&recipient.header.enc)?;
        let ready = key.unmanage(encryption, &recipient.header.parameters, &recipient.encrypted_key)?;
        let mut text = Plaintext::new(self.ciphertext.clone());
        ready.cipher().open(&self.iv, &self.authenticated, &mut text, &self.tag)?;
        inflated(text, recipient.header.zip, key.max_decompressed)
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recipients, authenticated: _, aad: _, iv: _, ciphertext: _, tag: _ } = self;
        f.debug_struct("Encrypted").field("recipients", recipients).finish_non_exhaustive()
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { header, hint, encrypted_key: _ } = self;
        f.debug_struct("Recipient").field("header", header).field("kid", hint).finish_non_exhaustive()
    }
}

/// What is wrong whoever the recipient is; everything else may be an algorithm that we do not know.
fn spoils_all(why: &Error) -> bool {
    matches!(
        why,
        Error::Base64Invalid
            | Error::Base64NotCanonical
            | Error::Base64Padded
            | Error::Base64Surrounded
            | Error::CritInvalid
            | Error::HeaderMemberInvalid("zip")
            | Error::HeaderNotDisjoint
    )
}

/// RFC 7516 §7.2.1: all have one `enc`. RFC 7518 §4.5, §4.6: where the key of one is the content key, that one is alone.
fn agree(recipients: &[Recipient], count: usize) -> Result<(), Error> {
    if recipients.iter().any(|it| it.enc() != recipients[0].enc()) {
        return Err(Error::HeaderMemberInvalid("enc"));
    }
    let is_direct =
        |it: &Recipient| [KeyManagement::Dir, KeyManagement::EcdhEs].iter().any(|alg| alg.name() == it.alg());
    if count > 1 && recipients.iter().any(is_direct) { Err(Error::OneRecipientOnly) } else { Ok(()) }
}

/// What must be protected (RFC 7516 §4.1.3, §4.1.13), and what it is called elsewhere.
const PROTECTED_ONLY: [(&str, Error); 2] = [("crit", Error::CritInvalid), ("zip", Error::HeaderMemberInvalid("zip"))];

impl Recipient {
    fn parse(raw: RawRecipient<'_>, shared: &Joined) -> Result<Self, Error> {
        let encrypted_key = raw.encrypted_key.as_ref().map_or("", Text::as_str);
        let joined = shared.clone().join(raw.header.unwrap_or_default(), &PROTECTED_ONLY)?;
        let (header, hint) = Received::from_joined(joined)?;
        Ok(Self { header: Arc::new(header), hint, encrypted_key: base64url::decode(encrypted_key)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContentEncryption, Jwk};

    /// For a key of ours, beside a recipient with this header.
    fn beside(other: &Value) -> Result<Decrypted, Error> {
        let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
        let jwk = Jwk::generate(alg)?;
        let key = EncryptingKey::from_jwk(&jwk, alg, enc)?;
        let text = encrypt_general(&[key.clone(), key], &Header::default(), None, b"hello")?;
        let mut text: Value = serde_json::from_str(&text).unwrap();
        text["recipients"][0]["header"] = other.clone();
        Encrypted::parse(text.to_string().as_bytes())?.decrypt(&DecryptingKey::from_jwk(&jwk, alg, &[enc])?)
    }

    #[test]
    fn a_recipient_we_do_not_understand_is_no_obstacle_for_the_others() {
        for other in [
            json!({"alg": "RSA1_5"}),
            json!({"alg": "HPKE-0", "ek": "AAAA"}),
            json!({"alg": "ECDH-ES+A128KW", "epk": {"kty": "OKP", "crv": "X448", "x": "AAAA"}}),
            json!({"alg": "ECDH-ES+A128KW", "epk": {"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}}),
            json!({"alg": "A128GCMKW", "iv": "not base64url", "tag": 1}),
            json!({}),
        ] {
            assert_eq!(beside(&other).unwrap().plaintext(), b"hello", "{other}");
        }
    }

    #[test]
    fn many_recipients_with_passwords_cost_no_more_than_one() {
        let (alg, enc) = (KeyManagement::Pbes2Hs256A128Kw, ContentEncryption::A128Gcm);
        let key = |password: &[u8]| EncryptingKey::from_password_with_count(password, 2_000, alg, enc).unwrap();
        let keys = [key(b"somebody else's"), key(b"ours")];
        let text = encrypt_general(&keys, &Header::default(), None, b"content").unwrap();
        let encrypted = Encrypted::parse(text.as_bytes()).unwrap();
        let ours = |max| DecryptingKey::from_password(b"ours", alg, &[enc]).unwrap().max_pbes2_count(max);
        assert_eq!(encrypted.decrypt(&ours(4_000)).unwrap().plaintext(), b"content");
        assert_eq!(encrypted.decrypt(&ours(3_999)).unwrap_err(), Error::Pbes2Count);
    }

    #[test]
    fn an_empty_aad_is_left_out_and_refused_where_it_stands() {
        let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
        let jwk = Jwk::generate(alg).unwrap();
        let key = EncryptingKey::from_jwk(&jwk, alg, enc).unwrap();
        for text in [
            encrypt_flattened(&key, &Header::default(), Some(b""), b"hello").unwrap(),
            encrypt_general(std::slice::from_ref(&key), &Header::default(), Some(b""), b"hello").unwrap(),
        ] {
            let encrypted = Encrypted::parse(text.as_bytes()).unwrap();
            assert_eq!(encrypted.aad(), None);
            let decrypted = encrypted.decrypt(&DecryptingKey::from_jwk(&jwk, alg, &[enc]).unwrap()).unwrap();
            assert_eq!(decrypted.plaintext(), b"hello");
            let mut with: Value = serde_json::from_str(&text).unwrap();
            with["aad"] = "".into();
            assert_eq!(Encrypted::parse(with.to_string().as_bytes()).unwrap_err(), Error::NotJsonSerialization);
        }
    }
}
