//! DPoP proofs (RFC 9449 §4): a JWT, made for one request, that shows a key and is signed with it.
//!
//! The one place where a key out of a header verifies the token it stands in: a proof says nothing but that its sender holds that
//! key. Refuses private and symmetric keys, other algorithms than [`ALGS`], other types than `dpop+jwt`, and proofs for another
//! method, another URI, another token, another time. That a proof counts once is for the shell to remember ([`Proven::once`]).

mod nonce;
pub mod uri;

use serde::Deserialize;
use serde_json::Value;
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::jwk::PRIVATE_MEMBERS;
use symbolon_jose::jws::compact;
use symbolon_jose::jwt::{MAX_NUMERIC_DATE, decode_unverified, is_same_type};
use symbolon_jose::{Algorithm, Jwk, VerifyingKey, base64url, sha256};

use crate::confirmation::Confirmation;

pub use nonce::Nonces;

/// The header with the proof.
pub const HEADER: &str = "dpop";
/// The header with the nonce to use next (RFC 9449 §8).
pub const NONCE_HEADER: &str = "dpop-nonce";
/// The type of a proof.
pub const TYP: &str = "dpop+jwt";

/// What a proof may be signed with: every signature but the post-quantum ones, whose keys would fill the header.
pub const ALGS: &[Algorithm] = &[
    Algorithm::EdDSA,
    Algorithm::Ed25519,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

/// A proof is this old at most, in seconds, unless a nonce says when it was made.
pub const MAX_AGE_SECS: u64 = 60;
/// A proof may come from this far in the future, and be over for this long, in seconds: clocks differ.
pub const MAX_AHEAD_SECS: u64 = 15;
const MAX_JTI_BYTES: usize = 256;

/// Why a proof does not count. The caller may know: it is its own mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DpopFailure {
    /// `alg` is not one of [`ALGS`], or not the key's.
    Algorithm,
    /// `ath` is not the hash of the access token beside it (RFC 9449 §4.3, check 12).
    HashMismatch,
    /// Another key than the token is bound to.
    KeyMismatch,
    /// `jwk` is missing, private, symmetric or unusable.
    KeyUnusable,
    /// Not a JWT, or a claim missing or of the wrong shape.
    Malformed,
    /// `htm` is not the request's method.
    MethodMismatch,
    /// No proof, though one is needed.
    Missing,
    /// A nonce is needed, and this proof has none, or an old one.
    NonceWanted,
    /// The same proof was used before (RFC 9449 §11.1).
    Replayed,
    /// More than one `DPoP` header (RFC 9449 §4.3, check 1).
    Several,
    /// The key did not make the signature.
    Signature,
    /// `iat` is too long ago or too far ahead, `exp` is over, or `nbf` is yet to come.
    Time,
    /// `typ` is not `dpop+jwt`.
    Type,
    /// `htu` is not where the request went.
    UriMismatch,
}

impl DpopFailure {
    /// The error code (RFC 9449 §5, §7.1, §8). A good proof of another key leaves the token invalid.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyMismatch => "invalid_token",
            Self::NonceWanted => "use_dpop_nonce",
            _ => "invalid_dpop_proof",
        }
    }

    /// For the client's developer: ASCII without quotes and backslashes.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Algorithm => "the DPoP proof has an alg that is not supported, or not of its key",
            Self::HashMismatch => "ath of the DPoP proof is not the hash of this access token",
            Self::KeyMismatch => "the DPoP proof is of another key than the token is bound to",
            Self::KeyUnusable => "jwk of the DPoP proof must be a usable public key",
            Self::Malformed => "the DPoP proof is not a JWT with jti, htm, htu and iat",
            Self::MethodMismatch => "htm of the DPoP proof is not the method of this request",
            Self::Missing => "a DPoP proof is needed in the header DPoP",
            Self::NonceWanted => "use the nonce of the header DPoP-Nonce in the DPoP proof",
            Self::Replayed => "the DPoP proof was used before",
            Self::Several => "there must be one DPoP header",
            Self::Signature => "the signature of the DPoP proof is not of its jwk",
            Self::Time => "the DPoP proof is of another time: see its iat, and exp and nbf if it has them",
            Self::Type => "typ of the DPoP proof must be dpop+jwt",
            Self::UriMismatch => "htu of the DPoP proof is not the URI of this request",
        }
    }
}

/// What a proof must be a proof of.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'e> {
    /// The request's method.
    pub method: &'e str,
    /// Where the request went, as its sender knows it: never made from what the request itself says (`Host`).
    pub uri: &'e str,
    /// Unix seconds.
    pub now: u64,
    /// The access token that comes with it.
    pub access_token: Option<&'e str>,
    /// Whose nonce it must have, if it must have one.
    pub nonces: Option<&'e Nonces>,
}

/// A good proof, unless it was used before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Proven {
    /// The thumbprint of the key (RFC 7638).
    pub jkt: String,
    /// What it is signed with.
    pub alg: Algorithm,
    /// What to remember: the same for the same proof, and nothing that another key's proof could share.
    pub once: [u8; 32],
    /// How long to remember it, Unix seconds.
    pub expires_at: u64,
}

impl Proven {
    /// What a token is bound to that is issued for this proof.
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        Confirmation::Jkt(self.jkt.clone())
    }

    /// Whether this is the key of a token bound to `cnf`.
    ///
    /// # Errors
    /// It is not.
    pub fn is_key_of(&self, cnf: &Confirmation) -> Result<(), DpopFailure> {
        match cnf {
            Confirmation::Jkt(jkt) if *jkt == self.jkt => Ok(()),
            Confirmation::Jkt(_) | Confirmation::X5tS256(_) => Err(DpopFailure::KeyMismatch),
        }
    }
}

#[derive(Deserialize)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    /// RFC 7519 §2: any JSON number.
    iat: Value,
    #[serde(default, deserialize_with = "given")]
    exp: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    nbf: Option<Value>,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// A member that is there, whatever it is: `null` is not "absent".
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Checks a proof (RFC 9449 §4.3), all but whether it was used before.
///
/// ```
/// use serde_json::json;
/// use symbolon_jose::{Algorithm, Jwk, jwt};
/// use symbolon_oauth::dpop::{self, Expect};
///
/// let key = Jwk::generate(Algorithm::ES256)?;
/// let uri = "https://auth.example/oauth/token";
/// let claims = json!({"jti": "1", "htm": "POST", "htu": uri, "iat": 1_800_000_000});
/// let proof = jwt::sign_with_jwk(&key, Algorithm::ES256, dpop::TYP, &claims)?;
/// let expect = Expect { method: "POST", uri, now: 1_800_000_005, access_token: None, nonces: None };
/// assert_eq!(dpop::check(&proof, &expect).map(|proven| proven.jkt), Ok(key.thumbprint_base64url()));
/// # Ok::<(), symbolon_jose::Error>(())
/// ```
///
/// # Errors
/// The first thing that is wrong.
pub fn check(proof: &str, expect: &Expect<'_>) -> Result<Proven, DpopFailure> {
    let (jwk, alg, payload) = authentic(proof)?;
    let claims: ProofClaims = parse_strict(&payload, Limits::CLAIMS).map_err(|_| DpopFailure::Malformed)?;
    if !(1..=MAX_JTI_BYTES).contains(&claims.jti.len()) {
        return Err(DpopFailure::Malformed);
    }
    if claims.htm != expect.method {
        return Err(DpopFailure::MethodMismatch);
    }
    if !uri::is_same(&claims.htu, expect.uri) {
        return Err(DpopFailure::UriMismatch);
    }
    let expires_at = fresh_until(&claims, expect)?;
    if let Some(access_token) = expect.access_token
        && claims.ath != Some(base64url::encode(&sha256(access_token.as_bytes())))
    {
        return Err(DpopFailure::HashMismatch);
    }
    let jkt = jwk.thumbprint_base64url();
    let once = sha256(format!("{jkt}\0{}\0{}", expect.uri, claims.jti).as_bytes());
    Ok(Proven { jkt, alg, once, expires_at })
}

/// The key a proof shows and what it says, once the signature is that key's.
fn authentic(proof: &str) -> Result<(Jwk, Algorithm, Vec<u8>), DpopFailure> {
    let header = decode_unverified(proof).map_err(|_| DpopFailure::Malformed)?.header;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if !text("typ").is_some_and(|typ| is_same_type(TYP, typ)) {
        return Err(DpopFailure::Type);
    }
    let algorithm = text("alg").and_then(Algorithm::from_name).filter(|alg| ALGS.contains(alg));
    let algorithm = algorithm.ok_or(DpopFailure::Algorithm)?;
    let shown = header.get("jwk").ok_or(DpopFailure::KeyUnusable)?;
    // RFC 9449 §4.3, check 7: also not one that we would not understand and skip.
    if PRIVATE_MEMBERS.iter().any(|name| shown.get(name).is_some()) {
        return Err(DpopFailure::KeyUnusable);
    }
    let jwk = Jwk::from_value(shown).map_err(|_| DpopFailure::KeyUnusable)?;
    let key = VerifyingKey::from_jwk(&jwk, algorithm).map_err(|_| DpopFailure::Algorithm)?;
    let verified = compact::Unverified::parse(proof)
        .and_then(|proof| proof.verify(&key))
        .map_err(|error| if error.is_signature() { DpopFailure::Signature } else { DpopFailure::Malformed })?;
    Ok((jwk, algorithm, verified.payload().to_vec()))
}

/// Until when this proof would be accepted again. A nonce says by our own clock when it was made (RFC 9449 §11.1); without one the
/// client's `iat` must do.
fn fresh_until(claims: &ProofClaims, expect: &Expect<'_>) -> Result<u64, DpopFailure> {
    let iat = seconds(&claims.iat).ok_or(DpopFailure::Malformed)?;
    is_within_its_time(claims, expect.now)?;
    if let Some(nonces) = expect.nonces {
        let nonce = claims.nonce.as_deref();
        return nonce.and_then(|nonce| nonces.accepted_until(nonce, expect.now)).ok_or(DpopFailure::NonceWanted);
    }
    let until = iat.saturating_add(MAX_AGE_SECS);
    let fresh = expect.now <= until && iat <= expect.now.saturating_add(MAX_AHEAD_SECS);
    if fresh { Ok(until.saturating_add(1)) } else { Err(DpopFailure::Time) }
}

/// The time that a proof sets for itself, if it does (RFC 7519 §4.1.4, §4.1.5).
fn is_within_its_time(claims: &ProofClaims, now: u64) -> Result<(), DpopFailure> {
    let time =
        |claim: &Option<Value>| claim.as_ref().map(|value| seconds(value).ok_or(DpopFailure::Malformed)).transpose();
    let is_over = time(&claims.exp)?.is_some_and(|exp| now >= exp.saturating_add(MAX_AHEAD_SECS));
    let is_to_come = time(&claims.nbf)?.is_some_and(|nbf| nbf > now.saturating_add(MAX_AHEAD_SECS));
    if is_over || is_to_come { Err(DpopFailure::Time) } else { Ok(()) }
}

/// A NumericDate in whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "between 0 and the year 9999 a double holds every whole second; dropping the fraction is what is wanted"
)]
fn seconds(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    (0.0..=MAX_NUMERIC_DATE as f64).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests;
