//! JWS JSON serialization (RFC 7515 §7.2), general and flattened, with several signatures, detached or unencoded payloads.
//!
//! Refused: members of both forms at once, encrypted texts (also one that would be both), a name in the protected and the
//! unprotected header of one signature, `crit` or `b64` outside the protected header, signatures that disagree about `b64` (RFC 7797
//! §3), and more than [`MAX_SIGNATURES`]. `typ` and `cty` count only where they are protected.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::compact::{check_header, signing_input, verify_encoded};
use super::header::{Raw as RawHeader, shape};
use super::{Encoding, Header, Verified, decode_header};
use crate::json::{self, Limits, Text, present, written};
use crate::{Error, SigningKey, VerifyingKey, base64url};

/// Most signatures in one text.
pub const MAX_SIGNATURES: usize = 16;

/// One signature to make.
#[derive(Clone, Debug)]
pub struct Signature<'k> {
    key: &'k SigningKey,
    typ: Option<&'k str>,
    unprotected: Map<String, Value>,
}

impl<'k> Signature<'k> {
    /// By `key`; the protected header holds `alg` and the key's `kid`.
    pub fn new(key: &'k SigningKey) -> Self {
        Self { key, typ: None, unprotected: Map::new() }
    }

    /// With `typ` in the protected header.
    #[must_use]
    pub fn typ(mut self, typ: &'k str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// With a member in the unprotected header, which anybody can change.
    #[must_use]
    pub fn unprotected(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.unprotected.insert(name.into(), value.into());
        self
    }

    fn sign(&self, payload: &[u8], encoding: Encoding) -> Result<Map<String, Value>, Error> {
        let more = match encoding {
            Encoding::Base64url => "",
            Encoding::Unencoded => ",\"b64\":false,\"crit\":[\"b64\"]",
        };
        let protected = self.key.header_json(self.typ, more);
        let taken = |name: &String| ["alg", "b64", "crit", "kid", "typ"].contains(&name.as_str());
        if self.unprotected.keys().any(taken) {
            return Err(Error::HeaderNotDisjoint);
        }
        signed(self.key, &protected, &self.unprotected, payload, encoding)
    }
}

/// `protected`, `header` and `signature` of one signature.
fn signed(
    key: &SigningKey,
    protected: &str,
    unprotected: &Map<String, Value>,
    payload: &[u8],
    encoding: Encoding,
) -> Result<Map<String, Value>, Error> {
    let protected = base64url::encode(protected.as_bytes());
    check_header(&protected)?;
    let signature = key.sign(&signing_input(&protected, payload, encoding))?;
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

impl Payload<'_> {
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::Attached(bytes) | Self::Detached(bytes) => bytes,
        }
    }

    /// The member it makes.
    fn member(self, encoding: Encoding) -> Result<Option<Value>, Error> {
        match (self, encoding) {
            (Self::Detached(_), _) => Ok(None),
            (Self::Attached(bytes), Encoding::Base64url) => Ok(Some(base64url::encode(bytes).into())),
            (Self::Attached(bytes), Encoding::Unencoded) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Error::JsonNotUtf8)?;
                Ok(Some(text.into()))
            }
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
    let mut text = signature.sign(payload.bytes(), encoding)?;
    if let Some(member) = payload.member(encoding)? {
        text.insert("payload".into(), member);
    }
    written(&Value::Object(text))
}

/// Signs once or several times, general (RFC 7515 §7.2.1).
pub fn sign_general(signatures: &[Signature<'_>], payload: Payload<'_>, encoding: Encoding) -> Result<String, Error> {
    if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
        return Err(Error::NotJsonSerialization);
    }
    let made: Result<Vec<_>, _> = signatures.iter().map(|it| it.sign(payload.bytes(), encoding)).collect();
    let mut text = json!({ "signatures": made? });
    if let Some(member) = payload.member(encoding)? {
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

/// Signatures nobody has verified: they show only what is needed to choose a key.
#[derive(Debug)]
pub struct Unverified<'t> {
    payload: Cow<'t, [u8]>,
    signatures: Vec<UnverifiedSignature>,
}

/// One of them.
#[derive(Debug)]
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

    fn parse(raw: RawSignature<'_>) -> Result<(Self, Option<bool>), Error> {
        let protected = raw.protected.map(|text| text.0.into_owned());
        let (header, hint, b64) = match raw.header {
            // The common case, and the same reader as for compact tokens.
            None => {
                let (header, b64) = Header::parse_any(protected.as_deref().unwrap_or_default())?;
                let hint = header.kid.clone();
                (header, hint, b64)
            }
            Some(unprotected) => Self::union(protected.as_deref(), unprotected)?,
        };
        let protected = protected.unwrap_or_default();
        let signature = raw.signature.ok_or(Error::NotJsonSerialization)?.0.into_owned();
        Ok((Self { header, hint, protected, signature }, b64))
    }

    /// RFC 7515 §4: the header is the union of both, in which no name stands twice. With it the `kid` of either, and what `b64` says.
    fn union(
        protected: Option<&str>,
        unprotected: Map<String, Value>,
    ) -> Result<(Header, Option<String>, Option<bool>), Error> {
        // RFC 7515 §4.1.11, RFC 7797 §6: these must be protected.
        if unprotected.contains_key("crit") {
            return Err(Error::CritInvalid);
        }
        if unprotected.contains_key("b64") {
            return Err(Error::B64NotCritical);
        }
        let mut members = Map::new();
        let mut critical = None;
        // RFC 7515 §7.2.1: absent and not empty where there is none.
        if let Some(protected) = protected {
            members = json::parse_strict(&decode_header(protected)?, Limits::HEADER).map_err(shape)?;
            critical = super::header::critical(members.get("crit"), members.get("b64").and_then(Value::as_bool))?;
        }
        let [typ, cty, kid] = ["typ", "cty", "kid"].map(|name| members.contains_key(name));
        for (name, value) in unprotected {
            if members.insert(name, value).is_some() {
                return Err(Error::HeaderNotDisjoint);
            }
        }
        let all = Value::Object(members).to_string();
        let raw: RawHeader<'_> = json::parse_borrowed(all.as_bytes(), Limits::HEADER).map_err(shape)?;
        let header = Header::from_raw(raw)?;
        let hint = header.kid.clone();
        // Anybody can change what is not protected, and these are asked for once the text is trusted.
        let (typ, cty, kid) = (header.typ.filter(|_| typ), header.cty.filter(|_| cty), header.kid.filter(|_| kid));
        Ok((Header { kid, typ, cty, ..header }, hint, critical))
    }
}

impl<'t> Unverified<'t> {
    /// Reads a text of at most 64 KiB that holds its payload.
    pub fn parse(text: &'t [u8]) -> Result<Self, Error> {
        let (payload, signatures) = Self::read(text)?;
        let payload = payload.ok_or(Error::PayloadMisplaced)?;
        let payload = match signatures[0].header.encoding {
            Encoding::Base64url => base64url::decode(payload.as_str())?,
            Encoding::Unencoded => payload.0.into_owned().into_bytes(),
        };
        Ok(Self { payload: Cow::Owned(payload), signatures })
    }

    /// Reads one whose payload came some other way.
    pub fn parse_detached(text: &'t [u8], payload: &'t [u8]) -> Result<Self, Error> {
        match Self::read(text)? {
            (None, signatures) => Ok(Self { payload: Cow::Borrowed(payload), signatures }),
            (Some(_), _) => Err(Error::PayloadMisplaced),
        }
    }

    fn read(text: &'t [u8]) -> Result<(Option<Text<'t>>, Vec<UnverifiedSignature>), Error> {
        let raw: Raw<'_> = json::parse_borrowed(text, Limits::SERIALIZATION)?;
        // RFC 7516 §9: what has a `ciphertext` is a JWE.
        if raw.ciphertext.is_some() {
            return Err(Error::Encrypted);
        }
        let flattened = raw.protected.is_some() || raw.header.is_some() || raw.signature.is_some();
        let list = match raw.signatures {
            Some(_) if flattened => return Err(Error::NotJsonSerialization),
            Some(list) if list.is_empty() || list.len() > MAX_SIGNATURES => return Err(Error::NotJsonSerialization),
            Some(list) => list,
            None => vec![RawSignature { protected: raw.protected, header: raw.header, signature: raw.signature }],
        };
        let signatures: Result<Vec<_>, _> = list.into_iter().map(UnverifiedSignature::parse).collect();
        let signatures = signatures?;
        // RFC 7797 §3: one payload, one way in which it stands there.
        let encoding = signatures[0].0.header.encoding;
        if signatures.iter().any(|(signature, _)| signature.header.encoding != encoding) {
            return Err(Error::B64Unsupported);
        }
        Ok((raw.payload, signatures.into_iter().map(|(signature, _)| signature).collect()))
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
            let message = signing_input(&signature.protected, &self.payload, signature.header.encoding);
            match verify_encoded(key, &message, &signature.signature) {
                Ok(()) => return Ok(Verified { payload: self.payload.to_vec(), header: signature.header.clone() }),
                Err(error) => why = error,
            }
        }
        Err(why)
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

    /// Signs what the cookbook signs, with its headers, and compares the text.
    fn reproduces(case: &Value, signing: &Value, key: &Value, alg: &Value) {
        let algorithm = Algorithm::from_name(alg.as_str().unwrap()).unwrap();
        let key = SigningKey::from_jwk(&Jwk::from_value(key).unwrap(), algorithm).unwrap();
        let protected = signing["protected_b64u"].as_str().unwrap_or_default();
        let protected = String::from_utf8(base64url::decode(protected).unwrap()).unwrap();
        let unprotected = signing["unprotected"].as_object().cloned().unwrap_or_default();
        let payload = case["input"]["payload"].as_str().unwrap().as_bytes();
        let made = signed(&key, &protected, &unprotected, payload, Encoding::Base64url).unwrap();
        assert_eq!(made["signature"], signing["sig"], "{}", case["title"]);
    }

    #[test]
    fn rfc_7520_sections_4_6_and_4_7_come_out_byte_for_byte() {
        for case in [vector!("4_6.protecting_specific_header_fields.json"), vector!("4_7.protecting_content_only.json")]
        {
            reproduces(&case, &case["signing"], &case["input"]["key"], &case["input"]["alg"]);
        }
    }

    #[test]
    fn rfc_7520_section_4_8_comes_out_byte_for_byte_where_it_can() {
        let case = vector!("4_8.multiple_signatures.json");
        for index in [0, 2] {
            let (key, alg) = (&case["input"]["key"][index], &case["input"]["alg"][index]);
            reproduces(&case, &case["signing"][index], key, alg);
        }
    }
}
