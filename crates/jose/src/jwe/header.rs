//! The header of a received token (RFC 7516 §4): which key it asks for, and the parameters of its algorithm.
//!
//! `jwk`, `jku`, `x5u`, `x5c` and `x5t` have no meaning here. Any `crit` is refused, as there is no extension we understand.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::alg::Agreement;
use crate::json::{self, Limits, Text, present};
use crate::jwk::{self, Epk};
use crate::jws::{Joined, bounded_kid, decode_header, refuse_crit, shape};
use crate::{ContentEncryption, Error, KeyManagement, base64url};

/// What a header says.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) alg: Cow<'static, str>,
    pub(super) enc: Cow<'static, str>,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) cty: Option<String>,
    pub(super) zip: bool,
    pub(super) parameters: Parameters,
}

/// What an algorithm finds in the header, beside its name.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) epk: Option<(Agreement, Vec<u8>, Vec<u8>)>,
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
    pub(super) iv: Option<Vec<u8>>,
    pub(super) tag: Option<Vec<u8>>,
    pub(super) p2s: Option<Vec<u8>>,
    pub(super) p2c: Option<u64>,
}

impl Parameters {
    /// Nothing in it changes from token to token.
    pub(super) fn is_constant(&self) -> bool {
        self.epk.is_none() && self.iv.is_none() && self.tag.is_none() && self.p2s.is_none()
    }
}

/// The members we know.
#[derive(Deserialize)]
struct Raw<'h> {
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    enc: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    kid: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    typ: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    cty: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    zip: Option<Text<'h>>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
    #[serde(borrow, default, deserialize_with = "present")]
    epk: Option<Epk<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    apu: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    apv: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    iv: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    tag: Option<Text<'h>>,
    #[serde(borrow, default, deserialize_with = "present")]
    p2s: Option<Text<'h>>,
    #[serde(default, deserialize_with = "present")]
    p2c: Option<u64>,
}

impl Received {
    /// Reads an encoded header that holds everything.
    pub(super) fn parse(encoded: &str) -> Result<Self, Error> {
        let json = decode_header(encoded)?;
        Raw::read(&json)?.into_received()
    }

    /// From the union of several headers. With it the `kid` of any of them.
    pub(super) fn from_joined(joined: Joined) -> Result<(Self, Option<String>), Error> {
        let (text, protected) = joined.into_text();
        let received = Raw::read(text.as_bytes())?.into_received()?;
        let hint = received.kid.clone();
        let [typ, cty, kid] = protected.only([received.typ, received.cty, received.kid]);
        Ok((Self { kid, typ, cty, ..received }, hint))
    }
}

impl<'h> Raw<'h> {
    fn read(json: &'h [u8]) -> Result<Self, Error> {
        json::parse_borrowed(json, Limits::HEADER).map_err(shape)
    }

    fn into_received(self) -> Result<Received, Error> {
        if let Some(crit) = &self.crit {
            return Err(refuse_crit(crit));
        }
        let (alg, enc) = (self.alg.ok_or(Error::AlgorithmMissing)?, self.enc);
        let kid = self.kid.map(bounded_kid).transpose()?;
        let zip = match self.zip.as_ref().map(Text::as_str) {
            None => false,
            Some("DEF") => true,
            Some(_) => return Err(Error::HeaderMemberInvalid("zip")),
        };
        Ok(Received {
            alg: alg.into_known(|alg| KeyManagement::from_name(alg).map(KeyManagement::name)),
            enc: enc
                .ok_or(Error::HeaderMemberMissing("enc"))?
                .into_known(|enc| ContentEncryption::from_name(enc).map(ContentEncryption::name)),
            kid,
            typ: self.typ.map(Text::into_owned),
            cty: self.cty.map(Text::into_owned),
            zip,
            parameters: Parameters {
                epk: self.epk.as_ref().map(jwk::epk).transpose()?,
                apu: bytes("apu", self.apu.as_ref())?.unwrap_or_default(),
                apv: bytes("apv", self.apv.as_ref())?.unwrap_or_default(),
                iv: bytes("iv", self.iv.as_ref())?,
                tag: bytes("tag", self.tag.as_ref())?,
                p2s: bytes("p2s", self.p2s.as_ref())?,
                p2c: self.p2c,
            },
        })
    }
}

fn bytes(name: &'static str, text: Option<&Text<'_>>) -> Result<Option<Vec<u8>>, Error> {
    let decode = |text: &Text<'_>| base64url::decode(text.as_str()).map_err(|_| Error::HeaderMemberInvalid(name));
    text.map(decode).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Error {
        Received::parse(&base64url::encode(json.as_bytes())).unwrap_err()
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_type_is_refused() {
        assert_eq!(refused(r#"{"enc":"A128GCM"}"#), Error::AlgorithmMissing);
        assert_eq!(refused(r#"{"alg":"dir"}"#), Error::HeaderMemberMissing("enc"));
        for json in [
            r#"{"alg":"dir","enc":1}"#,
            r#"{"alg":"dir","enc":"A128GCM","zip":null}"#,
            r#"{"alg":"dir","enc":"A128GCM","p2c":"1000"}"#,
            r#"{"alg":"dir","enc":"A128GCM","p2c":-1}"#,
            r#"{"alg":"dir","enc":"A128GCM","p2c":1.5}"#,
            r#"{"alg":"dir","enc":"A128GCM","epk":"x"}"#,
            r#"{"alg":"dir","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256"}}"#,
            "[]",
        ] {
            assert_eq!(refused(json), Error::HeaderInvalid, "{json}");
        }
    }

    #[test]
    fn values_that_cannot_be_are_refused_by_name() {
        for (member, name) in [
            (r#""zip":"def""#, "zip"),
            (r#""apu":"a=""#, "apu"),
            (r#""apv":"a+""#, "apv"),
            (r#""iv":"a""#, "iv"),
            (r#""tag":" ""#, "tag"),
            (r#""p2s":"é""#, "p2s"),
            (r#""epk":{"kty":"RSA","crv":"P-256","x":"AA"}"#, "epk"),
            (r#""epk":{"kty":"EC","crv":"P-256","x":"AA"}"#, "epk"),
            (r#""epk":{"kty":"OKP","crv":"X25519","x":"AA","y":"AA"}"#, "epk"),
            (r#""epk":{"kty":"OKP","crv":"X25519","x":"AA","d":"AA"}"#, "epk"),
        ] {
            let json = format!(r#"{{"alg":"dir","enc":"A128GCM",{member}}}"#);
            assert_eq!(refused(&json), Error::HeaderMemberInvalid(name), "{json}");
        }
        let curve = r#"{"alg":"dir","enc":"A128GCM","epk":{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}}"#;
        assert_eq!(refused(curve), Error::CurveUnsupported);
    }

    #[test]
    fn any_crit_is_refused() {
        for (crit, why) in
            [(r#"["exp"]"#, Error::CritUnsupported), (r#"["b64"]"#, Error::CritUnsupported), ("[]", Error::CritInvalid)]
        {
            assert_eq!(refused(&format!(r#"{{"alg":"dir","enc":"A128GCM","crit":{crit},"exp":1}}"#)), why);
        }
    }
}
