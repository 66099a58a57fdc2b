//! Keys, a policy that accepts, and a forge that signs whatever header it is given.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Claims, Policy, Verified};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys, base64url};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const SECRET: &[u8] = b"a shared secret of some 40 bytes, at least";

/// RFC 7515 appendix A by section.
pub(crate) static RFC_7515: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors/rfc7515/appendix_a.json")).expect("a vector"));

/// One key for every algorithm; the RSA ones share the key of RFC 7515 A.2 (making new ones is slow).
pub(crate) static KEYS: LazyLock<Vec<(Algorithm, Jwk)>> = LazyLock::new(|| {
    let key = |&algorithm: &Algorithm| {
        let rsa = matches!(&algorithm.name()[..2], "RS" | "PS");
        let jwk = if rsa { rsa_jwk() } else { Jwk::generate(algorithm).expect("a key") };
        (algorithm, jwk.with_kid(algorithm.name()))
    };
    Algorithm::ALL.iter().map(key).collect()
});

pub(crate) fn rsa_jwk() -> Jwk {
    Jwk::from_value(&RFC_7515["A.2"]["key"]).expect("a vector")
}

pub(crate) fn jwk(algorithm: Algorithm) -> &'static Jwk {
    &KEYS.iter().find(|(own, _)| *own == algorithm).expect("every algorithm has one").1
}

pub(crate) fn signing(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_jwk(jwk(algorithm), algorithm).expect("a signing key")
}

pub(crate) fn verifying(algorithm: Algorithm) -> VerifyingKey {
    VerifyingKey::from_jwk(jwk(algorithm), algorithm).expect("a verifying key")
}

pub(crate) fn hs256_keys() -> VerifyingKeys {
    let jwk = Jwk::oct(SECRET, Algorithm::HS256).expect("long enough");
    VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::HS256).expect("a key"))
}

pub(crate) fn policy() -> Policy {
    Policy::new(ISSUER, AUDIENCE)
}

/// Claims the policy accepts, with some replaced; `null` takes one away.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 600});
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    let all = claims.as_object_mut().expect("an object");
    for (name, value) in changes {
        if value.is_null() {
            all.remove(&name)
        } else {
            all.insert(name, value)
        };
    }
    claims
}

pub(crate) fn encoded(header: &str, payload: &str) -> String {
    format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()))
}

/// A token with any header and payload, under a correct HS256 signature of `secret`.
pub(crate) fn forge(header: &str, payload: &str, secret: &[u8]) -> String {
    let signed = encoded(header, payload);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", base64url::encode(tag.as_ref()))
}

/// Verifies claims, written as text, under a good HS256 signature.
pub(crate) fn verify_text(payload: &str, policy: &Policy, now: u64) -> Result<Verified<Claims>, Error> {
    jwt::verify(&forge(r#"{"alg":"HS256"}"#, payload, SECRET), &hs256_keys(), policy, now)
}

pub(crate) fn verify_claims(claims: &Value, policy: &Policy) -> Result<Verified<Claims>, Error> {
    verify_text(&claims.to_string(), policy, NOW)
}

/// Why a token is refused by the given keys and a policy that would accept.
pub(crate) fn refused(token: &str, keys: &VerifyingKeys) -> Error {
    jwt::verify::<Claims>(token, keys, &policy(), NOW).expect_err("must be refused")
}
