//! The protected header (RFC 7515 §4): a hint which key to look for, and nothing else.
//!
//! `jwk`, `jku`, `x5u`, `x5c` and `x5t` have no meaning here: a key never comes out of the token it is to verify
//! (CVE-2018-0114). Any `crit` is refused, since there is no extension we understand, and so is `b64` (RFC 7797).

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::json::{self, Limits, Text, present};
use crate::jwk::MAX_KID_LEN;
use crate::{Error, base64url};

/// What a header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

#[derive(Deserialize)]
struct Raw<'h> {
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    kid: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    typ: Option<Text<'h>>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
}

const MAX_ENCODED_LEN: usize = base64url::encoded_len(Limits::HEADER.max_bytes);

impl Header {
    /// Reads an encoded header.
    pub(crate) fn parse(encoded: &str) -> Result<Self, Error> {
        let json = decode(encoded)?;
        let raw: Raw<'_> = json::parse_borrowed(&json, Limits::HEADER).map_err(|error| match error {
            Error::JsonShape => Error::HeaderInvalid,
            other => other,
        })?;
        if raw.crit.is_some() {
            return Err(Error::CritUnsupported);
        }
        if raw.b64.is_some() {
            return Err(Error::B64Unsupported);
        }
        let owned = |text: Text<'_>| text.0.into_owned();
        let kid = raw.kid.map(owned);
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::KidTooLong);
        }
        Ok(Self { alg: raw.alg.map(owned).ok_or(Error::AlgorithmMissing)?, kid, typ: raw.typ.map(owned) })
    }
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
        for crit in [r#"["exp"]"#, r#"["b64"]"#, "[]", "null", r#""exp""#, "[1]", r#"["alg"]"#, "{}"] {
            let json = format!(r#"{{"alg":"ES256","crit":{crit},"exp":1}}"#);
            assert_eq!(refused(&json), Error::CritUnsupported, "{crit}");
        }
    }

    #[test]
    fn b64_is_refused() {
        assert_eq!(refused(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), Error::CritUnsupported);
        assert_eq!(refused(r#"{"alg":"HS256","b64":false}"#), Error::B64Unsupported);
        assert_eq!(refused(r#"{"alg":"HS256","b64":true}"#), Error::B64Unsupported);
    }

    #[test]
    fn members_of_the_wrong_type_are_refused_and_not_absent() {
        for json in [
            r#"{"alg":"ES256","kid":1}"#,
            r#"{"alg":"ES256","kid":null}"#,
            r#"{"alg":"ES256","kid":["a"]}"#,
            r#"{"alg":"ES256","kid":{"$ne":""}}"#,
            r#"{"alg":"ES256","typ":1}"#,
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
