//! Keys, a policy that accepts, and a forge that signs whatever header it is given.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::jwt::{self, Claims, Policy, Verified};
use symbolon_jose::{
    Algorithm, ContentEncryption, Error, Jwk, KeyAlgorithm, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys,
    base64url,
};

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
    format!("{signed}.{}", tag(&signed, secret))
}

/// The HS256 signature of a text, encoded.
pub(crate) fn tag(signed: &str, secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    base64url::encode(tag.as_ref())
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

pub(crate) const PASSWORD: &[u8] = b"correct horse battery staple";

/// Both sides of one `alg` and `enc`, with the same `kid` but for passwords, which have none. The RSA key is that of RFC 7516 A.1.
pub(crate) fn encryption_jwk(alg: KeyManagement, enc: ContentEncryption) -> Jwk {
    static KEYS: LazyLock<Vec<(KeyAlgorithm, Jwk)>> = LazyLock::new(|| {
        let rsa: Value = serde_json::from_str(include_str!("../vectors/rfc7516/appendix_a.json")).expect("a vector");
        let managed = KeyManagement::ALL.iter().filter(|it| !it.is_password() && **it != KeyManagement::Dir);
        let all = managed.map(|it| KeyAlgorithm::from(*it)).chain(ContentEncryption::ALL.iter().map(|it| (*it).into()));
        let key = |algorithm: KeyAlgorithm| {
            let jwk = if algorithm.name().starts_with("RSA") {
                Jwk::from_value(&rsa["A.1"]["key"]).and_then(|jwk| jwk.with_algorithm(algorithm)).expect("a vector")
            } else {
                Jwk::generate(algorithm).expect("a key")
            };
            (algorithm, jwk.with_kid(algorithm.name()))
        };
        all.map(key).collect()
    });
    let wanted = if alg == KeyManagement::Dir { enc.into() } else { KeyAlgorithm::from(alg) };
    KEYS.iter().find(|(own, _)| *own == wanted).expect("every algorithm has one").1.clone()
}

pub(crate) fn encrypting(alg: KeyManagement, enc: ContentEncryption) -> EncryptingKey {
    if alg.is_password() {
        return EncryptingKey::from_password_with_count(PASSWORD, 1_000, alg, enc).expect("a password");
    }
    EncryptingKey::from_jwk(&encryption_jwk(alg, enc), alg, enc).expect("an encrypting key")
}

pub(crate) fn decrypting(alg: KeyManagement, enc: ContentEncryption) -> DecryptingKey {
    if alg.is_password() {
        return DecryptingKey::from_password(PASSWORD, alg, &[enc]).expect("a password");
    }
    DecryptingKey::from_jwk(&encryption_jwk(alg, enc), alg, &[enc]).expect("a decrypting key")
}

/// Every `alg` with every `enc`.
pub(crate) fn encryptions() -> impl Iterator<Item = (KeyManagement, ContentEncryption)> {
    KeyManagement::ALL.iter().flat_map(|alg| ContentEncryption::ALL.iter().map(|enc| (*alg, *enc)))
}

/// Why a compact token is refused.
pub(crate) fn not_decrypted(token: &str, key: &DecryptingKey) -> Error {
    let whole =
        jwe::compact::Encrypted::parse(token).and_then(|token| token.decrypt(key)).expect_err("must be refused");
    let by_set = jwe::compact::decrypt(token, &DecryptingKeys::single(key.clone())).expect_err("must be refused");
    // A set says that no key has the name, where a single key says nothing of names.
    assert!(by_set == whole || by_set == Error::UnknownKey, "{by_set:?} {whole:?}");
    whole
}
