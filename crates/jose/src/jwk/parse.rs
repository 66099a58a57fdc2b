//! Reading a JWK. Absent and wrong are different: a member of the wrong type, `null` included, is an error.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Certificates, Jwk, MAX_KID_LEN, Material, OkpCurve, Operations, Purpose, RsaPrivate, Secret};
use crate::alg::{Agreement, Curve, MlDsa};
use crate::json::{self, Guard, Limits, Strict, Text, present};
use crate::{Error, KeyAlgorithm, base64url};

/// The members we know, as they stand there.
#[derive(Deserialize)]
pub(super) struct Raw<'j> {
    #[serde(borrow, default, deserialize_with = "present")]
    kty: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    kid: Option<Text<'j>>,
    #[serde(borrow, rename = "use", default, deserialize_with = "present")]
    purpose: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    key_ops: Option<Vec<Text<'j>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    crv: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    x: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    y: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    n: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    e: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    p: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    q: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    dp: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    dq: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    qi: Option<Text<'j>>,
    #[serde(default, deserialize_with = "present")]
    oth: Option<IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "present")]
    k: Option<Text<'j>>,
    #[serde(borrow, rename = "pub", default, deserialize_with = "present")]
    public: Option<Text<'j>>,
    #[serde(borrow, rename = "priv", default, deserialize_with = "present")]
    seed: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) x5c: Option<Vec<Text<'j>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) x5t: Option<Text<'j>>,
    #[serde(borrow, rename = "x5t#S256", default, deserialize_with = "present")]
    pub(super) x5t_s256: Option<Text<'j>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) x5u: Option<Text<'j>>,
}

/// The public key of an ephemeral pair in a header (RFC 7518 §4.6.1.1): its curve and coordinates, nothing private.
#[derive(Debug, Deserialize)]
pub(crate) struct Epk<'h> {
    #[serde(borrow, deserialize_with = "Text::deserialize")]
    kty: Text<'h>,
    #[serde(borrow, deserialize_with = "Text::deserialize")]
    crv: Text<'h>,
    #[serde(borrow, deserialize_with = "Text::deserialize")]
    x: Text<'h>,
    #[serde(borrow, default, deserialize_with = "present")]
    y: Option<Text<'h>>,
    #[serde(default, deserialize_with = "present")]
    d: Option<IgnoredAny>,
}

/// The key an `epk` holds.
pub(crate) fn epk(epk: &Epk<'_>) -> Result<(Agreement, Vec<u8>, Vec<u8>), Error> {
    let invalid = Error::HeaderMemberInvalid("epk");
    let curve = match (epk.kty.as_str(), epk.crv.as_str()) {
        ("EC", name) => Agreement::Ec(Curve::from_name(name)?),
        ("OKP", "X25519") => Agreement::X25519,
        ("OKP", _) => return Err(Error::CurveUnsupported),
        _ => return Err(invalid),
    };
    if epk.d.is_some() || epk.y.is_some() != matches!(curve, Agreement::Ec(_)) {
        return Err(invalid);
    }
    let decode = |text: &Text<'_>| base64url::decode(text.as_str()).map_err(|_| invalid);
    Ok((curve, decode(&epk.x)?, epk.y.as_ref().map(decode).transpose()?.unwrap_or_default()))
}

pub(super) fn from_slice(json: &[u8]) -> Result<Jwk, Error> {
    json::parse_borrowed::<Raw<'_>>(json, Limits::KEY)?.into_jwk()
}

pub(super) fn from_value(value: &Value) -> Result<Jwk, Error> {
    let guard = Guard::new(Limits::KEY);
    Raw::deserialize(Strict::new(value, guard.context()))
        .map_err(|error: serde_json::Error| guard.cause(&error))?
        .into_jwk()
}

impl Raw<'_> {
    fn into_jwk(self) -> Result<Jwk, Error> {
        let material = self.material()?;
        let algorithm = self.algorithm()?;
        let purpose = match self.purpose.as_ref().map(Text::as_str) {
            None => None,
            Some("enc") => Some(Purpose::Encryption),
            Some("sig") => Some(Purpose::Signature),
            Some(_) => return Err(Error::KeyUse),
        };
        // WebCrypto lists nothing for the public half of an agreement, for which RFC 7517 §4.3 has no operation.
        let only_agrees = self.key_ops.as_ref().is_some_and(Vec::is_empty) && material.is_public_half_of_agreement();
        let (purpose, operations) = match (only_agrees, purpose) {
            (true, None | Some(Purpose::Encryption)) => (Some(Purpose::Encryption), None),
            _ => (purpose, self.key_ops.as_deref().map(Operations::parse).transpose()?),
        };
        let certificates = Certificates::parse(&self)?;
        let kid = self.kid.map(|kid| kid.0.into_owned());
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::KidTooLong);
        }
        Jwk { material, algorithm, kid, purpose, operations, certificates }.validated()
    }

    /// An `alg` we do not know makes the key one we must not use: it never falls back to another.
    fn algorithm(&self) -> Result<Option<KeyAlgorithm>, Error> {
        match &self.alg {
            None => Ok(None),
            Some(name) => match KeyAlgorithm::from_name(name.as_str()) {
                Some(algorithm) => Ok(Some(algorithm)),
                None => Err(Error::KeyAlgorithm),
            },
        }
    }

    fn material(&self) -> Result<Material, Error> {
        let kty = self.kty.as_ref().ok_or(Error::KeyMemberMissing("kty"))?;
        match kty.as_str() {
            "EC" => Ok(Material::Ec {
                curve: self.curve()?,
                x: bytes("x", self.x.as_ref())?,
                y: bytes("y", self.y.as_ref())?,
                d: optional_secret("d", self.d.as_ref())?,
            }),
            "AKP" => self.akp(),
            "OKP" => Ok(Material::Okp {
                // RFC 8037 §2: also Ed448 and X448, which we do not have.
                curve: match self.crv()? {
                    "Ed25519" => OkpCurve::Ed25519,
                    "X25519" => OkpCurve::X25519,
                    _ => return Err(Error::CurveUnsupported),
                },
                x: bytes("x", self.x.as_ref())?,
                d: optional_secret("d", self.d.as_ref())?,
            }),
            "RSA" => Ok(Material::Rsa {
                n: bytes("n", self.n.as_ref())?,
                e: bytes("e", self.e.as_ref())?,
                private: self.rsa_private()?,
            }),
            "oct" => Ok(Material::Oct { k: secret("k", self.k.as_ref())? }),
            _ => Err(Error::KeyTypeUnsupported),
        }
    }

    /// RFC 9964 §3: here `alg` is required, a part of the key.
    fn akp(&self) -> Result<Material, Error> {
        if self.alg.is_none() {
            return Err(Error::KeyMemberMissing("alg"));
        }
        let set = match self.algorithm()? {
            Some(KeyAlgorithm::Signature(algorithm)) => MlDsa::of(algorithm),
            _ => None,
        };
        Ok(Material::Akp {
            set: set.ok_or(Error::KeyAlgorithm)?,
            public: bytes("pub", self.public.as_ref())?,
            seed: optional_secret("priv", self.seed.as_ref())?,
        })
    }

    fn crv(&self) -> Result<&str, Error> {
        let crv = self.crv.as_ref().ok_or(Error::KeyMemberMissing("crv"))?;
        Ok(crv.as_str())
    }

    fn curve(&self) -> Result<Curve, Error> {
        Curve::from_name(self.crv()?)
    }

    /// All or nothing: RFC 7518 §6.3.2 allows `d` alone, but signing without the factors is slow and unblinded.
    fn rsa_private(&self) -> Result<Option<Box<RsaPrivate>>, Error> {
        if self.oth.is_some() {
            return Err(Error::KeyMemberInvalid("oth"));
        }
        let parts = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi];
        if parts.into_iter().all(Option::is_none) {
            return Ok(None);
        }
        Ok(Some(Box::new(RsaPrivate {
            d: secret("d", self.d.as_ref())?,
            p: secret("p", self.p.as_ref())?,
            q: secret("q", self.q.as_ref())?,
            dp: secret("dp", self.dp.as_ref())?,
            dq: secret("dq", self.dq.as_ref())?,
            qi: secret("qi", self.qi.as_ref())?,
        })))
    }
}

fn bytes(name: &'static str, text: Option<&Text<'_>>) -> Result<Vec<u8>, Error> {
    let text = text.ok_or(Error::KeyMemberMissing(name))?;
    base64url::decode(text.as_str()).map_err(|_| Error::KeyMemberInvalid(name))
}

fn secret(name: &'static str, text: Option<&Text<'_>>) -> Result<Secret, Error> {
    bytes(name, text).map(Secret::new)
}

fn optional_secret(name: &'static str, text: Option<&Text<'_>>) -> Result<Option<Secret>, Error> {
    text.map(|text| secret(name, Some(text))).transpose()
}
