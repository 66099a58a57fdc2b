//! Keys in DER: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 8410, RFC 9881), PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1), SEC 1
//! (RFC 5915).
//!
//! The structures are read by the strict parsers of the RustCrypto project. Refused: trailing bytes, anything that is not
//! canonical DER, keys of types we do not have, and parameters that contradict each other.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::{Material, OkpCurve, RsaPrivate, Secret};
use crate::alg::{self, Agreement, Curve, MlDsa};
use crate::{Error, ct_eq};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");

const CURVES: [(Curve, ObjectIdentifier); 3] = [
    (Curve::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (Curve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Curve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
];

const ML_DSA: [(MlDsa, ObjectIdentifier); 3] = [
    (MlDsa::D44, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
    (MlDsa::D65, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
    (MlDsa::D87, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
];

/// Wiped on drop.
pub(super) type Der = Zeroizing<Vec<u8>>;

/// Which key an AlgorithmIdentifier means.
#[derive(Clone, Copy)]
enum KeyType {
    Ec(Curve),
    MlDsa(MlDsa),
    Okp(OkpCurve),
    Rsa,
}

impl KeyType {
    fn read(id: &AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        if id.oid == EC_PUBLIC_KEY {
            return curve_of(id.parameters_oid().map_err(|_| Error::DerInvalid)?).map(Self::Ec);
        }
        if id.oid == RSA_ENCRYPTION {
            // RFC 4055 §1.2: the parameters are NULL.
            let null = id.parameters.is_some_and(AnyRef::is_null);
            return if null { Ok(Self::Rsa) } else { Err(Error::DerInvalid) };
        }
        let set = ML_DSA.iter().find(|(_, oid)| *oid == id.oid).map(|(set, _)| Self::MlDsa(*set));
        let okp = match id.oid {
            ED25519 => Some(Self::Okp(OkpCurve::Ed25519)),
            X25519 => Some(Self::Okp(OkpCurve::X25519)),
            _ => None,
        };
        match set.or(okp) {
            // RFC 8410 §3, RFC 9881 §2: the parameters are absent.
            Some(_) if id.parameters.is_some() => Err(Error::DerInvalid),
            Some(found) => Ok(found),
            None => Err(Error::KeyTypeUnsupported),
        }
    }

    fn of(material: &Material) -> Result<Self, Error> {
        match material {
            Material::Akp { set, .. } => Ok(Self::MlDsa(*set)),
            Material::Ec { curve, .. } => Ok(Self::Ec(*curve)),
            Material::Oct { .. } => Err(Error::KeyIsSymmetric),
            Material::Okp { curve, .. } => Ok(Self::Okp(*curve)),
            Material::Rsa { .. } => Ok(Self::Rsa),
        }
    }

    fn identifier(&self) -> AlgorithmIdentifierRef<'_> {
        let (oid, parameters) = match self {
            Self::Ec(curve) => (EC_PUBLIC_KEY, Some(AnyRef::from(oid_of(*curve)))),
            Self::MlDsa(set) => (ML_DSA[*set as usize].1, None),
            Self::Okp(OkpCurve::Ed25519) => (ED25519, None),
            Self::Okp(OkpCurve::X25519) => (X25519, None),
            Self::Rsa => (RSA_ENCRYPTION, Some(AnyRef::NULL)),
        };
        AlgorithmIdentifierRef { oid, parameters }
    }
}

fn curve_of(oid: ObjectIdentifier) -> Result<Curve, Error> {
    CURVES.iter().find(|(_, known)| *known == oid).map(|(curve, _)| *curve).ok_or(Error::CurveUnsupported)
}

fn oid_of(curve: Curve) -> &'static ObjectIdentifier {
    &CURVES[curve as usize].1
}

fn invalid<E>(_: E) -> Error {
    Error::DerInvalid
}

/// A key in any of the structures; they cannot be taken for each other.
pub(super) fn any_key(der: &[u8]) -> Result<Material, Error> {
    if PrivateKeyInfoRef::from_der(der).is_ok() {
        private_key(der)
    } else if SubjectPublicKeyInfoRef::from_der(der).is_ok() {
        public_key(der)
    } else if EcPrivateKey::from_der(der).is_ok() {
        sec1_private(der)
    } else if RsaPublicKeyRef::from_der(der).is_ok() {
        pkcs1_public(der)
    } else {
        pkcs1_private(der)
    }
}

/// PKCS#8.
pub(super) fn private_key(der: &[u8]) -> Result<Material, Error> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(invalid)?;
    let secret = info.private_key.as_bytes();
    let material = match KeyType::read(&info.algorithm)? {
        KeyType::Ec(curve) => {
            let key = EcPrivateKey::from_der(secret).map_err(invalid)?;
            if key.parameters.is_some_and(|it| it.named_curve() != Some(*oid_of(curve))) {
                return Err(Error::KeyInconsistent);
            }
            ec_private(curve, &key)?
        }
        KeyType::MlDsa(set) => ml_dsa_private(set, secret)?,
        KeyType::Okp(curve) => {
            let d = <&OctetStringRef>::from_der(secret).map_err(invalid)?;
            okp_private(curve, Secret::new(d.as_bytes().to_vec()))?
        }
        KeyType::Rsa => pkcs1_private(secret)?,
    };
    // RFC 5958 §2: a public key that stands beside it must be its own.
    if let Some(said) = &info.public_key {
        let said = said.as_bytes().ok_or(Error::DerInvalid)?;
        let own = match raw_public(&material) {
            Some(own) => own,
            None => write_pkcs1_public(&material)?.to_vec(),
        };
        if said != own {
            return Err(Error::KeyInconsistent);
        }
    }
    Ok(material)
}

/// SubjectPublicKeyInfo.
pub(super) fn public_key(der: &[u8]) -> Result<Material, Error> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(invalid)?;
    let bytes = info.subject_public_key.as_bytes().ok_or(Error::DerInvalid)?;
    match KeyType::read(&info.algorithm)? {
        KeyType::Ec(curve) => {
            let (x, y) = coordinates(curve, bytes)?;
            Ok(Material::Ec { curve, x, y, d: None })
        }
        KeyType::MlDsa(set) => Ok(Material::Akp { set, public: bytes.to_vec(), seed: None }),
        KeyType::Okp(curve) => Ok(Material::Okp { curve, x: bytes.to_vec(), d: None }),
        KeyType::Rsa => pkcs1_public(bytes),
    }
}

/// PKCS#1, two primes.
pub(super) fn pkcs1_private(der: &[u8]) -> Result<Material, Error> {
    let key = RsaPrivateKeyRef::from_der(der).map_err(invalid)?;
    if key.other_prime_infos.is_some() {
        return Err(Error::KeyMemberInvalid("oth"));
    }
    let secret = |number: UintRef<'_>| Secret::new(number.as_bytes().to_vec());
    Ok(Material::Rsa {
        n: key.modulus.as_bytes().to_vec(),
        e: key.public_exponent.as_bytes().to_vec(),
        private: Some(Box::new(RsaPrivate {
            d: secret(key.private_exponent),
            p: secret(key.prime1),
            q: secret(key.prime2),
            dp: secret(key.exponent1),
            dq: secret(key.exponent2),
            qi: secret(key.coefficient),
        })),
    })
}

/// PKCS#1.
pub(super) fn pkcs1_public(der: &[u8]) -> Result<Material, Error> {
    let key = RsaPublicKeyRef::from_der(der).map_err(invalid)?;
    let (n, e) = (key.modulus.as_bytes().to_vec(), key.public_exponent.as_bytes().to_vec());
    Ok(Material::Rsa { n, e, private: None })
}

/// SEC 1, which here has to name its curve.
pub(super) fn sec1_private(der: &[u8]) -> Result<Material, Error> {
    let key = EcPrivateKey::from_der(der).map_err(invalid)?;
    let curve = key.parameters.and_then(EcParameters::named_curve).ok_or(Error::CurveUnsupported)?;
    ec_private(curve_of(curve)?, &key)
}

fn ec_private(curve: Curve, key: &EcPrivateKey<'_>) -> Result<Material, Error> {
    let d = Secret::new(key.private_key.to_vec());
    let (x, y) = if let Some(point) = key.public_key {
        coordinates(curve, point)?
    } else {
        let agreement = Agreement::Ec(curve);
        let point = alg::ecdh_coordinates(agreement, &agreement.private_key(&d)?)?;
        (point.x().to_vec(), point.y().to_vec())
    };
    Ok(Material::Ec { curve, x, y, d: Some(d) })
}

/// SEC 1 §2.3.4, uncompressed points only.
fn coordinates(curve: Curve, point: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    match point.split_first() {
        Some((4, rest)) if rest.len() == 2 * curve.coordinate_len() => {
            let (x, y) = rest.split_at(curve.coordinate_len());
            Ok((x.to_vec(), y.to_vec()))
        }
        _ => Err(Error::DerInvalid),
    }
}

fn okp_private(curve: OkpCurve, d: Secret) -> Result<Material, Error> {
    let x = match curve {
        OkpCurve::Ed25519 => alg::ed_public_of(&d)?,
        OkpCurve::X25519 => {
            let private = Agreement::X25519.private_key(&d)?;
            alg::ecdh_coordinates(Agreement::X25519, &private)?.x().to_vec()
        }
    };
    Ok(Material::Okp { curve, x, d: Some(d) })
}

/// RFC 9881 §6: `seed [0] IMPLICIT OCTET STRING`, or the seed and what follows from it (so OpenSSL writes it), which must then be
/// its own. The third form lacks the seed.
fn ml_dsa_private(set: MlDsa, secret: &[u8]) -> Result<Material, Error> {
    let key = AnyRef::from_der(secret).map_err(invalid)?;
    let (seed, expanded) = match key.tag() {
        SEED_TAG => (key.value(), None),
        Tag::Sequence => {
            let mut reader = SliceReader::new(key.value()).map_err(invalid)?;
            let seed = <&OctetStringRef>::decode(&mut reader).map_err(invalid)?;
            let expanded = <&OctetStringRef>::decode(&mut reader).map_err(invalid)?;
            reader.finish().map_err(invalid)?;
            (seed.as_bytes(), Some(expanded.as_bytes()))
        }
        _ => return Err(Error::KeyMemberInvalid("priv")),
    };
    let seed = Secret::new(seed.to_vec());
    if let Some(expanded) = expanded
        && !ct_eq(alg::ml_dsa_expanded(set, &seed)?.as_ref(), expanded)
    {
        return Err(Error::KeyInconsistent);
    }
    let public = alg::ml_dsa_public_of(set, &seed)?;
    Ok(Material::Akp { set, public, seed: Some(seed) })
}

const SEED_TAG: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };

/// The public key as it stands in a bit string; for RSA that is another structure (RFC 8017 A.1.1).
fn raw_public(material: &Material) -> Option<Vec<u8>> {
    match material {
        Material::Akp { public, .. } => Some(public.clone()),
        Material::Ec { x, y, .. } => Some([&[4], &x[..], y].concat()),
        Material::Okp { x, .. } => Some(x.clone()),
        Material::Oct { .. } | Material::Rsa { .. } => None,
    }
}

/// Writes SubjectPublicKeyInfo.
pub(super) fn write_public(material: &Material) -> Result<Der, Error> {
    let bytes = match (material, raw_public(material)) {
        (_, Some(bytes)) => bytes,
        (Material::Rsa { n, e, .. }, None) => return rsa_spki(n, e).map(Der::from),
        (_, None) => return Err(Error::KeyIsSymmetric),
    };
    write_spki(KeyType::of(material)?, &bytes)
}

/// SubjectPublicKeyInfo of an RSA key.
pub(crate) fn rsa_spki(n: &[u8], e: &[u8]) -> Result<Vec<u8>, Error> {
    write_spki(KeyType::Rsa, &write_pkcs1_public_numbers(n, e)?).map(|der| der.to_vec())
}

fn write_spki(key_type: KeyType, bytes: &[u8]) -> Result<Der, Error> {
    let subject_public_key = BitStringRef::from_bytes(bytes).map_err(invalid)?;
    encode(&SubjectPublicKeyInfoRef { algorithm: key_type.identifier(), subject_public_key })
}

fn write_pkcs1_public_numbers(n: &[u8], e: &[u8]) -> Result<Der, Error> {
    let number = |bytes| UintRef::new(bytes).map_err(invalid);
    encode(&RsaPublicKeyRef { modulus: number(n)?, public_exponent: number(e)? })
}

/// Writes PKCS#1, the public half.
pub(super) fn write_pkcs1_public(material: &Material) -> Result<Der, Error> {
    match material {
        Material::Rsa { n, e, .. } => write_pkcs1_public_numbers(n, e),
        _ => Err(Error::KeyTypeUnsupported),
    }
}

/// Writes PKCS#1.
pub(super) fn write_pkcs1_private(material: &Material) -> Result<Der, Error> {
    let Material::Rsa { n, e, private } = material else {
        return Err(Error::KeyTypeUnsupported);
    };
    let private = private.as_deref().ok_or(Error::KeyNotPrivate)?;
    let number = |bytes| UintRef::new(bytes).map_err(invalid);
    encode(&RsaPrivateKeyRef {
        modulus: number(n)?,
        public_exponent: number(e)?,
        private_exponent: number(private.d.as_ref())?,
        prime1: number(private.p.as_ref())?,
        prime2: number(private.q.as_ref())?,
        exponent1: number(private.dp.as_ref())?,
        exponent2: number(private.dq.as_ref())?,
        coefficient: number(private.qi.as_ref())?,
        other_prime_infos: None,
    })
}

/// Writes SEC 1 with the curve and the point.
pub(super) fn write_sec1(material: &Material) -> Result<Der, Error> {
    let Material::Ec { curve, .. } = material else {
        return Err(Error::KeyTypeUnsupported);
    };
    write_ec_private(material, Some(EcParameters::NamedCurve(*oid_of(*curve))))
}

fn write_ec_private(material: &Material, parameters: Option<EcParameters>) -> Result<Der, Error> {
    let Material::Ec { d: Some(d), .. } = material else {
        return Err(Error::KeyNotPrivate);
    };
    let point = raw_public(material).unwrap_or_default();
    encode(&EcPrivateKey { private_key: d.as_ref(), parameters, public_key: Some(&point) })
}

/// Writes PKCS#8, version 1.
pub(super) fn write_pkcs8(material: &Material) -> Result<Der, Error> {
    let secret = match material {
        Material::Akp { seed: Some(seed), .. } => {
            let seed = AnyRef::new(SEED_TAG, seed.as_ref()).map_err(invalid)?;
            encode(&seed)?
        }
        Material::Ec { d: Some(_), .. } => write_ec_private(material, None)?,
        Material::Oct { .. } => return Err(Error::KeyIsSymmetric),
        Material::Okp { d: Some(d), .. } => encode(&OctetStringRef::new(d.as_ref()).map_err(invalid)?)?,
        Material::Rsa { private: Some(_), .. } => write_pkcs1_private(material)?,
        Material::Akp { .. } | Material::Ec { .. } | Material::Okp { .. } | Material::Rsa { .. } => {
            return Err(Error::KeyNotPrivate);
        }
    };
    let key_type = KeyType::of(material)?;
    let secret = OctetStringRef::new(&secret).map_err(invalid)?;
    encode(&PrivateKeyInfoRef::new(key_type.identifier(), secret))
}

fn encode(value: &(impl Encode + ?Sized)) -> Result<Der, Error> {
    // Room for all of it first: growing would leave copies of a secret behind.
    let len = value.encoded_len().and_then(usize::try_from).map_err(invalid)?;
    let mut der = Zeroizing::new(vec![0; len]);
    value.encode_to_slice(&mut der).map_err(invalid)?;
    Ok(der)
}
