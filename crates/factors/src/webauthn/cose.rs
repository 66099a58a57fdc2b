//! Public keys of credentials (§6.5.1, §5.8.5): COSE keys (RFC 9052 §7) that become JWKs, so that one place knows what a good key is.

use der::asn1::UintRef;
use der::{Reader as _, SliceReader};
use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, VerifyingKey, base64url};

use super::WebAuthnError;
use crate::cbor::Value;

/// The COSE algorithms that are offered, the one liked best first: ES256, EdDSA with Ed25519, RS256 (§5.8.5).
pub const ALGORITHMS: &[i64] = &[ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Bytes of half a signature of ES256.
const HALF: usize = 32;

/// The public key of a passkey, with the one algorithm it is for.
#[derive(Clone, Debug)]
pub struct PublicKey {
    jwk: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// The key in the text that is stored, a JWK with its `alg`.
    pub fn as_jwk(&self) -> &str {
        &self.jwk
    }

    /// A key from [its text](Self::as_jwk).
    ///
    /// # Errors
    /// [`WebAuthnError::KeyMalformed`], also for an algorithm that no passkey has.
    pub fn from_jwk(text: &str) -> Result<Self, WebAuthnError> {
        let jwk = Jwk::from_slice(text.as_bytes()).map_err(|_| WebAuthnError::KeyMalformed)?;
        let algorithm = jwk
            .algorithm()
            .filter(|algorithm| matches!(algorithm, Algorithm::ES256 | Algorithm::EdDSA | Algorithm::RS256));
        let key = VerifyingKey::from_jwk(&jwk, algorithm.ok_or(WebAuthnError::KeyMalformed)?);
        Ok(Self { jwk: text.to_owned(), key: key.map_err(|_| WebAuthnError::KeyMalformed)? })
    }

    /// §6.5.1: the key "MUST contain the alg parameter and MUST NOT contain any other OPTIONAL parameters".
    pub(crate) fn from_cose(key: &Value<'_>) -> Result<Self, WebAuthnError> {
        let malformed = WebAuthnError::KeyMalformed;
        let number = |label: i128| key.numbered(label).and_then(Value::integer).ok_or(malformed);
        let text = |label: i128| key.numbered(label).and_then(Value::bytes).map(base64url::encode).ok_or(malformed);
        let parameters = key.members().ok_or(malformed)?.len();
        let alg = i64::try_from(number(3)?).map_err(|_| malformed)?;
        let (jwk, kty, curve, expected) = match alg {
            // §5.8.5: "MUST specify P-256 (1) as the crv parameter and MUST NOT use the compressed point form."
            ES256 => {
                let jwk = json!({"kty": "EC", "crv": "P-256", "x": text(-2)?, "y": text(-3)?, "alg": "ES256"});
                (jwk, 2, Some(1), 5)
            }
            // §5.8.5: "MUST specify Ed25519 (6) as the crv parameter."
            EDDSA => (json!({"kty": "OKP", "crv": "Ed25519", "x": text(-2)?, "alg": "EdDSA"}), 1, Some(6), 4),
            RS256 => (json!({"kty": "RSA", "n": text(-1)?, "e": text(-2)?, "alg": "RS256"}), 3, None, 4),
            _ => return Err(WebAuthnError::AlgorithmNotOffered),
        };
        let right_curve = curve.is_none_or(|curve| number(-1) == Ok(curve));
        if number(1)? != kty || !right_curve || parameters != expected {
            return Err(malformed);
        }
        Self::from_jwk(&jwk.to_string())
    }

    /// The COSE identifier of the algorithm.
    pub(crate) fn algorithm(&self) -> i64 {
        match self.key.algorithm() {
            Algorithm::ES256 => ES256,
            Algorithm::RS256 => RS256,
            _ => EDDSA,
        }
    }

    /// §6.5.5: a signature of ES256 is "ASN.1 DER Ecdsa-Sig-Value", the others are what they are in JOSE.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), WebAuthnError> {
        let verified = match self.key.algorithm() {
            Algorithm::ES256 => {
                let fixed = fixed(signature).ok_or(WebAuthnError::Signature)?;
                self.key.verify_bytes(message, &fixed)
            }
            _ => self.key.verify_bytes(message, signature),
        };
        verified.map_err(|_| WebAuthnError::Signature)
    }
}

/// Both numbers at full length, which is how JOSE has them.
fn fixed(der: &[u8]) -> Option<[u8; 2 * HALF]> {
    let numbers = two_numbers(der)?;
    let mut signature = [0; 2 * HALF];
    let (first, second) = signature.split_at_mut(HALF);
    for (half, number) in [(first, numbers.0), (second, numbers.1)] {
        let at = HALF.checked_sub(number.len())?;
        half[at..].copy_from_slice(number);
    }
    Some(signature)
}

/// A sequence of two numbers in DER.
pub(super) fn two_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der).ok()?;
    let (first, second): (UintRef<'_>, UintRef<'_>) =
        reader.sequence(|inner| Ok::<_, der::Error>((inner.decode()?, inner.decode()?))).ok()?;
    reader.finish().ok()?;
    Some((first.as_bytes(), second.as_bytes()))
}
