//! JWS JSON serialization (RFC 7515 §7.2), general and flattened, with several signatures, detached or unencoded payloads.
//!
//! Refused: members of both forms at once, encrypted texts (also one that would be both), a name in the protected and the
//! unprotected header of one signature, `crit` or `b64` outside the protected header, signatures that disagree about `b64` (RFC 7797
//! §3), none or more than [`MAX_SIGNATURES`]. `typ`, `cty` and, once verified, `kid` count only where they are protected.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::compact::{check_header, verify_encoded};
use super::{Encoding, Header, Verified};
use crate::json::{self, Limits, Text, present, written};
use crate::{Error, SigningKey, VerifyingKey, base64url};

/// Most signatures in one text.
pub const MAX_SIGNATURES: usize = 16;

/// What a protected header says of itself.
const OWN: [&str; 5] = ["alg", "kid", "typ", "b64", "crit"];

/// One signature to make.
#[derive(Clone, Debug)]
pub struct Signature<'k> {
    key: &'k SigningKey,
    typ: Option<&'k str>,
    protected: Map<String, Value>,
    unprotected: Map<String, Value>,
}

impl<'k> Signature<'k> {
    /// By `key`; the protected header holds `alg` and the key's `kid`.
    pub fn new(key: &'k SigningKey) -> Self {
        Self { key, typ: None, protected: Map::new(), unprotected: Map::new() }
    }

    /// With `typ` in the protected header.
    #[must_use]
    pub fn typ(mut self, typ: &'k str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// With a member in the protected header, such as the `nonce` and `url` of RFC 8555 §6. What the header says of itself (`alg`, `kid`,
    /// `typ`, `b64`, `crit`) is refused when it is signed.
    #[must_use]
    pub fn protected(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.protected.insert(name.into(), value.into());
        self
    }

    /// With a member in the unprotected header, which anybody can change.
    #[must_use]
    pub fn unprotected(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.unprotected.insert(name.into(), value.into());
        self
    }

    fn sign(&self, payload: &Signed<'_>) -> Result<Map<String, Value>, Error> {
        if OWN.iter().any(|name| self.protected.contains_key(*name)) {
            return Err(Error::HeaderNotDisjoint);
        }
        let mut more = match payload {
            Signed::Encoded(_) => String::new(),
            Signed::Plain(_) => ",\"b64\":false,\"crit\":[\"b64\"]".to_owned(),
        };
        for (name, value) in &self.protected {
            // Writing to a string does not fail.
            let _ = write!(more, ",{}:{value}", Value::from(name.as_str()));
        }
        signed(self.key, &self.key.header_json(self.typ, &more), &self.unprotected, payload)
    }
}

/// `protected`, `header` and `signature` of one signature.
fn signed(
    key: &SigningKey,
    protected: &str,
    unprotected: &Map<String, Value>,
    payload: &Signed<'_>,
) -> Result<Map<String, Value>, Error> {
    let protected = base64url::encode(protected.as_bytes());
    check_header(&protected)?;
    if !unprotected.is_empty() {
        // What our own reader would refuse is not made.
        Header::join((!protected.is_empty()).then_some(&protected), unprotected.clone())?;
    }
    let signature = key.sign(&payload.under(&protected))?;
    let mut members = Map::new();
    if !protected.is_empty() {
        members.insert("protected".into(), protected.into());
    }
    if !unprotected.is_empty() {
        members.insert("header".into(), unprotected.clone().into());
    }
    members.insert("signature".into(), base64url::encode(signature.as_ref()).into());
    Ok(members)
}

/// Where the payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'p> {
    /// In the text.
    Attached(&'p [u8]),
    /// Elsewhere (RFC 7515 appendix F).
    Detached(&'p [u8]),
}

impl<'p> Payload<'p> {
    const fn bytes(self) -> &'p [u8] {
        match self {
            Self::Attached(bytes) | Self::Detached(bytes) => bytes,
        }
    }

    /// The member it makes.
    fn member(self, signed: &Signed<'_>) -> Result<Option<Value>, Error> {
        match (self, signed) {
            (Self::Detached(_), _) => Ok(None),
            (Self::Attached(_), Signed::Encoded(text)) => Ok(Some(text.as_ref().into())),
            (Self::Attached(bytes), Signed::Plain(_)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Error::JsonNotUtf8)?;
                Ok(Some(text.into()))
            }
        }
    }
}

/// A payload as it is signed (RFC 7515 §5.1, step 5; RFC 7797 §3).
enum Signed<'p> {
    Encoded(Cow<'p, str>),
    Plain(Cow<'p, [u8]>),
}

impl<'p> Signed<'p> {
    fn new(payload: &'p [u8], encoding: Encoding) -> Self {
        match encoding {
            Encoding::Base64url => Self::Encoded(base64url::encode(payload).into()),
            Encoding::Unencoded => Self::Plain(payload.into()),
        }
    }

    /// From a text in which it stands.
    fn attached(text: Text<'p>, encoding: Encoding) -> Self {
        match (encoding, text.0) {
            (Encoding::Base64url, text) => Self::Encoded(text),
            (Encoding::Unencoded, Cow::Borrowed(text)) => Self::Plain(text.as_bytes().into()),
            (Encoding::Unencoded, Cow::Owned(text)) => Self::Plain(text.into_bytes().into()),
        }
    }

    /// What is signed with this protected header.
    fn under(&self, protected: &str) -> Vec<u8> {
        let bytes = match self {
            Self::Encoded(text) => text.as_bytes(),
            Self::Plain(bytes) => bytes,
        };
        [protected.as_bytes(), b".", bytes].concat()
    }

    fn decode(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Encoded(text) => base64url::decode(text),
            Self::Plain(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// Signs once, flattened (RFC 7515 §7.2.2).
///
/// ```
/// use symbolon_jose::jws::{Encoding, json};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::ES256)?;
/// let text = json::sign_flattened(&json::Signature::new(&key), json::Payload::Attached(b"hello"), Encoding::Base64url)?;
/// let verified = json::Unverified::parse(text.as_bytes())?.verify(&VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?)?;
/// assert_eq!(verified.payload(), b"hello");
/// # Ok::<(), Error>(())
/// ```
pub fn sign_flattened(signature: &Signature<'_>, payload: Payload<'_>, encoding: Encoding) -> Result<String, Error> {
    let signed = Signed::new(payload.bytes(), encoding);
    let mut text = signature.sign(&signed)?;
    if let Some(member) = payload.member(&signed)? {
        text.insert("payload".into(), member);
    }
    written(&Value::Object(text))
}

/// Signs once or several times, general (RFC 7515 §7.2.1).
pub fn sign_general(signatures: &[Signature<'_>], payload: Payload<'_>, encoding: Encoding) -> Result<String, Error> {
    if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
        return Err(Error::SignatureCount);
    }
    let signed = Signed::new(payload.bytes(), encoding);
    let made: Result<Vec<_>, _> = signatures.iter().map(|it| it.sign(&signed)).collect();
    let mut text = json!({ "signatures": made? });
    if let Some(member) = payload.member(&signed)? {
        text["payload"] = member;
    }
    written(&text)
}

#[derive(Deserialize)]
struct Raw<'t> {
    #[serde(default, deserialize_with = "present")]
    ciphertext: Option<IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "present")]
    signatures: Option<Vec<RawSignature<'t>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    protected: Option<Text<'t>>,
    #[serde(default, deserialize_with = "present")]
    header: Option<Map<String, Value>>,
    #[serde(borrow, default, deserialize_with = "present")]
    signature: Option<Text<'t>>,
}

#[derive(Deserialize)]
struct RawSignature<'t> {
    #[serde(borrow, default, deserialize_with = "present")]
    protected: Option<Text<'t>>,
    #[serde(default, deserialize_with = "present")]
    header: Option<Map<String, Value>>,
    #[serde(borrow, default, deserialize_with = "present")]
    signature: Option<Text<'t>>,
}

/// Signatures nobody has verified: they show only what is needed to choose a key. `Debug` shows no payload.
pub struct Unverified<'t> {
    payload: Signed<'t>,
    signatures: Vec<UnverifiedSignature>,
}

/// One of them. `Debug` shows no signature.
pub struct UnverifiedSignature {
    header: Header,
    /// `kid`, protected or not.
    hint: Option<String>,
    protected: String,
    signature: String,
}

impl UnverifiedSignature {
    /// The header's `alg`: what the sender says, not a choice.
    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    /// The header's `kid`: a name to look up among known keys, nothing else.
    pub fn kid(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn parse(raw: RawSignature<'_>) -> Result<Self, Error> {
        let signature = raw.signature.ok_or(Error::NotJsonSerialization)?.into_owned();
        let protected = raw.protected.map(Text::into_owned);
        let (header, hint) = match raw.header {
            // The common case, and the same reader as for compact tokens.
            None => {
                let header = Header::parse_any(protected.as_deref().ok_or(Error::AlgorithmMissing)?)?;
                let hint = header.kid.clone();
                (header, hint)
            }
            Some(unprotected) => Header::join(protected.as_deref(), unprotected)?,
        };
        Ok(Self { header, hint, protected: protected.unwrap_or_default(), signature })
    }
}

impl<'t> Unverified<'t> {
    /// Reads a text of at most 64 KiB that holds its payload.
    pub fn parse(text: &'t [u8]) -> Result<Self, Error> {
        let (payload, signatures) = Self::read(text)?;
        let payload = Signed::attached(payload.ok_or(Error::PayloadMisplaced)?, signatures[0].header.encoding);
        Ok(Self { payload, signatures })
    }

    /// Reads one whose payload came some other way.
    pub fn parse_detached(text: &'t [u8], payload: &'t [u8]) -> Result<Self, Error> {
        let (attached, signatures) = Self::read(text)?;
        if attached.is_some() {
            return Err(Error::PayloadMisplaced);
        }
        Ok(Self { payload: Signed::new(payload, signatures[0].header.encoding), signatures })
    }

    /// The payload, if it is there, and the signatures, of which there is one at least.
    fn read(text: &'t [u8]) -> Result<(Option<Text<'t>>, Vec<UnverifiedSignature>), Error> {
        let raw: Raw<'_> = json::parse_borrowed(text, Limits::SERIALIZATION)?;
        // RFC 7516 §9: what has a `ciphertext` is a JWE.
        if raw.ciphertext.is_some() {
            return Err(Error::Encrypted);
        }
        let flattened = raw.protected.is_some() || raw.header.is_some() || raw.signature.is_some();
        let list = match raw.signatures {
            Some(_) if flattened => return Err(Error::NotJsonSerialization),
            Some(list) if list.is_empty() || list.len() > MAX_SIGNATURES => return Err(Error::SignatureCount),
            Some(list) => list,
            None => vec![RawSignature { protected: raw.protected, header: raw.header, signature: raw.signature }],
        };
        let signatures: Vec<_> = list.into_iter().map(UnverifiedSignature::parse).collect::<Result<_, _>>()?;
        // RFC 7797 §3: one payload, one way in which it stands there.
        let encoding = signatures[0].header.encoding;
        if signatures.iter().any(|signature| signature.header.encoding != encoding) {
            return Err(Error::B64Disagrees);
        }
        Ok((raw.payload, signatures))
    }

    /// Every signature, to choose a key by.
    pub fn signatures(&self) -> &[UnverifiedSignature] {
        &self.signatures
    }

    /// Verifies the signature that is `key`'s: by its algorithm, and by its `kid` where both sides have one. Where several keys must
    /// have signed, ask for each.
    pub fn verify(&self, key: &VerifyingKey) -> Result<Verified, Error> {
        let own = |it: &&UnverifiedSignature| match (key.kid(), it.kid()) {
            (Some(own), Some(said)) => own == said,
            _ => true,
        };
        let mut why = Error::UnknownKey;
        for signature in self.signatures.iter().filter(own) {
            if !key.algorithm().answers_to(signature.alg()) {
                // A signature that did not verify says more.
                if why == Error::UnknownKey {
                    why = Error::AlgorithmMismatch;
                }
                continue;
            }
            match verify_encoded(key, &self.payload.under(&signature.protected), &signature.signature) {
                Ok(()) => return Ok(Verified { payload: self.payload.decode()?, header: signature.header.clone() }),
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payload: _, signatures } = self;
        f.debug_struct("Unverified").field("signatures", signatures).finish_non_exhaustive()
    }
}

impl fmt::Debug for UnverifiedSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { header, hint, protected: _, signature: _ } = self;
        f.debug_struct("UnverifiedSignature").field("header", header).field("kid", hint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Jwk};

    macro_rules! vector {
        ($path:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!("../../tests/vectors/rfc7520/jws/", $path))).unwrap()
        };
    }

    /// Signs what the cookbook signs, with its headers, and compares everything but the payload, which the caller has.
    fn reproduces(case: &Value, signing: &Value, key: &Value, alg: &Value, expected: &Value) {
        let algorithm = Algorithm::from_name(alg.as_str().unwrap()).unwrap();
        let key = SigningKey::from_jwk(&Jwk::from_value(key).unwrap(), algorithm).unwrap();
        let protected = signing["protected_b64u"].as_str().unwrap_or_default();
        let protected = String::from_utf8(base64url::decode(protected).unwrap()).unwrap();
        let unprotected = signing["unprotected"].as_object().cloned().unwrap_or_default();
        let payload = case["input"]["payload"].as_str().unwrap().as_bytes();
        let made = signed(&key, &protected, &unprotected, &Signed::new(payload, Encoding::Base64url)).unwrap();
        assert_eq!(Value::Object(made), *expected, "{}", case["title"]);
    }

    #[test]
    fn rfc_7520_sections_with_one_deterministic_signature_come_out_as_they_stand() {
        for case in [
            vector!("4_1.rsa_v15_signature.json"),
            vector!("4_4.hmac-sha2_integrity_protection.json"),
            vector!("4_6.protecting_specific_header_fields.json"),
            vector!("4_7.protecting_content_only.json"),
        ] {
            let (general, mut flattened) = (&case["output"]["json"], case["output"]["json_flat"].clone());
            let payload = flattened.as_object_mut().unwrap().remove("payload").unwrap();
            assert_eq!(payload, base64url::encode(case["input"]["payload"].as_str().unwrap().as_bytes()));
            assert_eq!(general["payload"], payload);
            for expected in [&flattened, &general["signatures"][0]] {
                reproduces(&case, &case["signing"], &case["input"]["key"], &case["input"]["alg"], expected);
            }
        }
    }

    #[test]
    fn rfc_7520_section_4_8_comes_out_as_it_stands_where_it_can() {
        let case = vector!("4_8.multiple_signatures.json");
        for index in [0, 2] {
            let (key, alg) = (&case["input"]["key"][index], &case["input"]["alg"][index]);
            reproduces(&case, &case["signing"][index], key, alg, &case["output"]["json"]["signatures"][index]);
        }
    }

    #[test]
    fn rfc8555_section_6_2_members_of_the_caller_stand_in_the_protected_header_and_take_no_other_s_place() {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap().without_kid();
        let key = SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
        let signature = Signature::new(&key).protected("nonce", "a\"b").protected("jwk", jwk.public_value().unwrap());
        let sign = |signature: &Signature<'_>| sign_flattened(signature, Payload::Attached(b""), Encoding::Base64url);
        let text = sign(&signature).unwrap();
        let made: Value = serde_json::from_str(&text).unwrap();
        let header = base64url::decode(made["protected"].as_str().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({ "alg": "ES256", "nonce": "a\"b", "jwk": jwk.public_value().unwrap() }));
        assert_eq!(made["payload"], "");
        let verifying = VerifyingKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
        assert_eq!(Unverified::parse(text.as_bytes()).unwrap().verify(&verifying).unwrap().payload(), b"");
        for name in OWN {
            let twice = sign(&Signature::new(&key).protected(name, "x"));
            assert_eq!(twice.unwrap_err(), Error::HeaderNotDisjoint, "{name}");
        }
    }
}
