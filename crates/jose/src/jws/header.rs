//! The header (RFC 7515 §4): a hint which key to look for, and nothing else.
//!
//! `jwk`, `jku`, `x5u`, `x5c` and `x5t` have no meaning here: a key never comes out of the token it is to verify
//! (CVE-2018-0114). The one critical extension we understand is `b64` (RFC 7797), and only where it is asked for.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Encoding;
use super::joined::Joined;
use crate::json::{self, Limits, Text, present};
use crate::jwk::MAX_KID_LEN;
use crate::{Algorithm, Error, base64url};

/// What a header says.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) alg: Cow<'static, str>,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) cty: Option<String>,
    pub(crate) encoding: Encoding,
}

/// The members we know. Whatever else stands there has no meaning.
#[derive(Deserialize)]
struct Raw<'h> {
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    kid: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    typ: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    cty: Option<Text<'h>>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<bool>,
}

/// The longest encoded header.
pub(crate) const MAX_ENCODED_LEN: usize = base64url::encoded_len(Limits::HEADER.max_bytes);

/// What must be protected in a signature (RFC 7515 §4.1.11, RFC 7797 §6), and what it is called elsewhere.
const PROTECTED_ONLY: [(&str, Error); 2] = [("crit", Error::CritInvalid), ("b64", Error::B64NotCritical)];

impl Header {
    /// Reads an encoded header in which `b64` is not accepted.
    pub(crate) fn parse(encoded: &str) -> Result<Self, Error> {
        let json = decode(encoded)?;
        let raw = Raw::read(&json)?;
        if raw.b64.is_some() { Err(Error::B64Unsupported) } else { raw.into_header() }
    }

    /// Reads an encoded header, with or without `b64`.
    pub(crate) fn parse_any(encoded: &str) -> Result<Self, Error> {
        Raw::read(&decode(encoded)?)?.into_header()
    }

    /// Reads a protected and an unprotected header. With it the `kid` of either.
    pub(crate) fn join(
        protected: Option<&str>,
        unprotected: Map<String, Value>,
    ) -> Result<(Self, Option<String>), Error> {
        let (text, protected) = Joined::protected(protected)?.join(unprotected, &PROTECTED_ONLY)?.into_text();
        let header = Raw::read(text.as_bytes())?.into_header()?;
        let hint = header.kid.clone();
        let [typ, cty, kid] = protected.only([header.typ, header.cty, header.kid]);
        Ok((Self { kid, typ, cty, ..header }, hint))
    }
}

impl<'h> Raw<'h> {
    fn read(json: &'h [u8]) -> Result<Self, Error> {
        let raw: Self = json::parse_borrowed(json, Limits::HEADER).map_err(shape)?;
        raw.check_critical()?;
        Ok(raw)
    }

    /// RFC 7515 §4.1.11 and RFC 7797 §6: what is critical is `b64` or nothing, and `b64` is critical.
    fn check_critical(&self) -> Result<(), Error> {
        match (&self.crit, self.b64) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Error::B64NotCritical),
            (Some(crit), b64) => {
                check_crit(crit)?;
                // It names `b64` alone, which must then be there.
                b64.map(drop).ok_or(Error::CritInvalid)
            }
        }
    }

    fn into_header(self) -> Result<Header, Error> {
        let known = |alg: &str| Algorithm::from_name(alg).map(Algorithm::name);
        Ok(Header {
            alg: self.alg.map(|alg| alg.into_known(known)).ok_or(Error::AlgorithmMissing)?,
            kid: self.kid.map(bounded_kid).transpose()?,
            typ: self.typ.map(Text::into_owned),
            cty: self.cty.map(Text::into_owned),
            encoding: if self.b64 == Some(false) { Encoding::Unencoded } else { Encoding::Base64url },
        })
    }
}

/// A `kid` that is not too long to look up.
pub(crate) fn bounded_kid(kid: Text<'_>) -> Result<String, Error> {
    if kid.as_str().len() > MAX_KID_LEN { Err(Error::KidTooLong) } else { Ok(kid.into_owned()) }
}

/// What is wrong with the JSON of a header, as said of a header.
pub(crate) fn shape(error: Error) -> Error {
    match error {
        Error::JsonShape => Error::HeaderInvalid,
        Error::JsonTooLong => Error::HeaderTooLong,
        other => other,
    }
}

/// Whether a `crit` lists only what we understand.
fn check_crit(crit: &Value) -> Result<(), Error> {
    /// Names that the standard itself defines must not stand there.
    const STANDARD: [&str; 19] = [
        "alg", "apu", "apv", "crit", "cty", "enc", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s", "tag", "typ", "x5c",
        "x5t", "x5u", "zip",
    ];
    let names: Option<Vec<&str>> = crit.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let names = names.filter(|names| !names.is_empty()).ok_or(Error::CritInvalid)?;
    // No header of ours lists more; comparing each with each must stay cheap.
    if names.len() > STANDARD.len() {
        return Err(Error::CritUnsupported);
    }
    let doubled = names.iter().enumerate().any(|(index, name)| names[..index].contains(name));
    if doubled || names.iter().any(|name| STANDARD.contains(name) || *name == "x5t#S256") {
        return Err(Error::CritInvalid);
    }
    if names == ["b64"] { Ok(()) } else { Err(Error::CritUnsupported) }
}

/// The same where no extension is understood at all.
pub(crate) fn refuse_crit(crit: &Value) -> Error {
    check_crit(crit).err().unwrap_or(Error::CritUnsupported)
}

/// The JSON text of an encoded header; its length is looked at before anything is decoded.
pub(crate) fn decode(encoded: &str) -> Result<Vec<u8>, Error> {
    if encoded.len() > MAX_ENCODED_LEN {
        return Err(Error::HeaderTooLong);
    }
    base64url::decode(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Error {
        Header::parse(&base64url::encode(json.as_bytes())).unwrap_err()
    }

    #[test]
    fn any_crit_is_refused() {
        for crit in [r#"["exp"]"#, r#"["b64","exp"]"#, r#"["http://example.com/x"]"#] {
            let json = format!(r#"{{"alg":"ES256","crit":{crit},"exp":1,"b64":true}}"#);
            assert_eq!(refused(&json), Error::CritUnsupported, "{crit}");
        }
        for crit in ["[]", "null", r#""exp""#, "[1]", r#"["alg"]"#, "{}", r#"["b64","b64"]"#, r#"["x5t#S256"]"#] {
            let json = format!(r#"{{"alg":"ES256","crit":{crit},"exp":1,"b64":true}}"#);
            assert_eq!(refused(&json), Error::CritInvalid, "{crit}");
        }
    }

    #[test]
    fn b64_is_refused_and_outside_crit_for_its_own_reason() {
        assert_eq!(refused(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), Error::B64Unsupported);
        assert_eq!(refused(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#), Error::B64Unsupported);
        assert_eq!(refused(r#"{"alg":"HS256","b64":false}"#), Error::B64NotCritical);
        assert_eq!(refused(r#"{"alg":"HS256","b64":true}"#), Error::B64NotCritical);
        assert_eq!(refused(r#"{"alg":"HS256","crit":["b64"]}"#), Error::CritInvalid);
        for b64 in ["0", "null", r#""false""#] {
            let json = format!(r#"{{"alg":"HS256","b64":{b64},"crit":["b64"]}}"#);
            assert_eq!(refused(&json), Error::HeaderInvalid);
        }
    }

    #[test]
    fn members_of_the_wrong_type_are_refused_and_not_absent() {
        for json in [
            r#"{"alg":"ES256","kid":1}"#,
            r#"{"alg":"ES256","kid":null}"#,
            r#"{"alg":"ES256","kid":["a"]}"#,
            r#"{"alg":"ES256","kid":{"$ne":""}}"#,
            r#"{"alg":"ES256","typ":1}"#,
            r#"{"alg":"ES256","cty":[]}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["ES256"]}"#,
            r#""ES256""#,
            "[]",
            "null",
        ] {
            assert_eq!(refused(json), Error::HeaderInvalid, "{json}");
        }
        assert_eq!(refused("{}"), Error::AlgorithmMissing);
        assert_eq!(refused(r#"{"ALG":"ES256"}"#), Error::AlgorithmMissing);
    }

    #[test]
    fn kid_and_header_are_bounded() {
        let with_kid = |len: usize| format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(len));
        assert!(Header::parse(&base64url::encode(with_kid(256).as_bytes())).is_ok());
        assert_eq!(refused(&with_kid(257)), Error::KidTooLong);
        assert_eq!(refused(&with_kid(5000)), Error::HeaderTooLong);
        let deep = format!(r#"{{"alg":"ES256","x":{}1{}}}"#, "[".repeat(100), "]".repeat(100));
        assert_eq!(refused(&deep), Error::JsonTooDeep);
    }

    #[test]
    fn duplicate_members_are_refused() {
        assert_eq!(refused(r#"{"alg":"none","alg":"RS256"}"#), Error::JsonDuplicateMember);
        assert_eq!(refused(r#"{"alg":"RS256","x":1,"x":1}"#), Error::JsonDuplicateMember);
        assert_eq!(refused(r#"{"alg":"RS256","jwk":{"kty":"RSA","kty":"EC"}}"#), Error::JsonDuplicateMember);
    }
}
