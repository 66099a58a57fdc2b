//! What a verification costs in allocations, what stays behind in a buffer that is used again, and what `Debug` shows.

use allocation_counter::measure;
use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, Header};
use symbolon_jose::jws::{self, Encoding, compact};
use symbolon_jose::jwt::{self, Buffer};
use symbolon_jose::{Algorithm, ContentEncryption, Error, KeyManagement, VerifyingKeys};

use crate::support::{NOW, SECRET, claims, decrypting, encrypting, forge, hs256_keys, policy, signing, verifying};

#[derive(Debug, Deserialize)]
struct Borrowed<'b> {
    sub: &'b str,
    #[serde(borrow, default)]
    padding: Option<&'b str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only what it costs to make it is of interest")]
struct Owned {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
}

#[test]
fn a_verification_allocates_twice_at_most_beside_the_strings_of_the_claims() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let keys = VerifyingKeys::single(verifying(algorithm));
        let token = jwt::sign(&signing(algorithm), "at+jwt", &claims(json!({}))).unwrap();
        let policy = policy().accept_type("at+jwt");
        let mut buffer = Buffer::new();
        // The first one of a header reads and keeps it.
        jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy, NOW, &mut buffer).unwrap();
        let borrowed = measure(|| {
            jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy, NOW, &mut buffer).unwrap();
        });
        assert!(borrowed.count_total <= 2, "{algorithm}: {borrowed:?}");
        let owned = measure(|| drop(jwt::verify::<Owned>(&token, &keys, &policy, NOW).unwrap()));
        assert!(owned.count_total <= 2 + 3, "{algorithm}: {owned:?}");
    }
}

#[test]
fn into_borrowed_claims_of_plain_strings_hs256_allocates_nothing() {
    let keys = hs256_keys();
    let token = forge(r#"{"alg":"HS256"}"#, &claims(json!({})).to_string(), SECRET);
    let mut buffer = Buffer::new();
    let mut verify = || drop(jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy(), NOW, &mut buffer).unwrap());
    verify();
    let policy = measure(|| drop(policy())).count_total;
    assert_eq!(measure(verify).count_total, policy);
}

#[test]
fn a_buffer_that_is_used_again_holds_the_next_token_and_nothing_else() {
    let keys = hs256_keys();
    let mut buffer = Buffer::new();
    let mut verify = |payload: &str, sub: Result<&str, Error>, padding: usize| {
        let token = forge(r#"{"alg":"HS256"}"#, payload, SECRET);
        let verified = jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy(), NOW, &mut buffer);
        let found = verified.as_ref().map(|it| (it.sub, it.padding.map_or(0, str::len))).map_err(|error| *error);
        assert_eq!(found, sub.map(|sub| (sub, padding)), "{payload:.60}");
    };
    let of = |sub: &str, padding: usize| {
        let padding = if padding == 0 { Value::Null } else { "x".repeat(padding).into() };
        claims(json!({"sub": sub, "padding": padding})).to_string()
    };
    verify(&of("large", 8_000), Ok("large"), 8_000);
    verify(&of("small", 0), Ok("small"), 0);
    verify(&of("larger", 9_000), Ok("larger"), 9_000);
    verify(&of("cut", 3_000)[..3_000], Err(Error::JsonSyntax), 0);
    verify("not json", Err(Error::JsonSyntax), 0);
    verify(&of("in between", 2_000), Ok("in between"), 2_000);
    verify(&of("small again", 0), Ok("small again"), 0);
    buffer.wipe();
    let token = forge(r#"{"alg":"HS256"}"#, &of("after wiping", 4_000), SECRET);
    let verified = jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy(), NOW, &mut buffer).unwrap();
    assert_eq!(verified.sub, "after wiping");
}

#[test]
fn debug_shows_no_payload_no_signature_and_no_ciphertext() {
    const SENTINEL: &str = "a sentinel that no log may show";
    let key = signing(Algorithm::HS256);
    let verifying = verifying(Algorithm::HS256);
    let mut shown = Vec::new();
    let mut tokens = Vec::new();

    let token = compact::sign(&key, None, SENTINEL.as_bytes()).unwrap();
    let unverified = compact::Unverified::parse(&token).unwrap();
    shown.push(format!("{unverified:?}"));
    shown.push(format!("{:?}", unverified.verify(&verifying).unwrap()));
    let detached = compact::sign_detached(&key, None, SENTINEL.as_bytes(), Encoding::Unencoded).unwrap();
    shown.push(format!("{:?}", compact::Unverified::parse_detached(&detached, SENTINEL.as_bytes()).unwrap()));
    tokens.extend([token, detached]);

    for encoding in [Encoding::Base64url, Encoding::Unencoded] {
        let signature = jws::json::Signature::new(&key);
        let payload = jws::json::Payload::Attached(SENTINEL.as_bytes());
        let text = jws::json::sign_flattened(&signature, payload, encoding).unwrap();
        shown.push(format!("{:?}", jws::json::Unverified::parse(text.as_bytes()).unwrap()));
        tokens.push(text);
    }

    let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
    let key = encrypting(alg, enc);
    let token = jwe::compact::encrypt(&key, &Header::default(), SENTINEL.as_bytes()).unwrap();
    let encrypted = jwe::compact::Encrypted::parse(&token).unwrap();
    shown.push(format!("{encrypted:?}"));
    shown.push(format!("{:?}", encrypted.decrypt(&decrypting(alg, enc)).unwrap()));
    let text = jwe::json::encrypt_flattened(&key, &Header::default(), Some(SENTINEL.as_bytes()), b"").unwrap();
    shown.push(format!("{:?}", jwe::json::Encrypted::parse(text.as_bytes()).unwrap()));
    tokens.extend([token, text]);

    // As text, as a list of bytes, and every long stretch of the tokens beside their headers.
    let bytes = format!("{:?}", SENTINEL.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    let stretches = tokens.iter().flat_map(|token| token.split(['.', '"', ':', ',', '{', '}']));
    let secret: Vec<&str> = stretches.filter(|it| it.len() > 16 && !it.starts_with("eyJ")).collect();
    assert!(secret.len() > 8);
    for text in &shown {
        assert!(!text.contains(SENTINEL) && !text.contains(bytes), "{text}");
        assert!(secret.iter().all(|it| !text.contains(it)), "{text}");
        assert!(text.contains("HS256") || text.contains("A128KW"), "the header is shown: {text}");
    }
}
