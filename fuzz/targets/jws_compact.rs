//! JWS compact serialization, two ways in. A token as it is: whatever verifies was signed with that key, and its segments have one
//! spelling. Text that starts with `{`: a header, a line feed and a payload, put under a good HS256 signature to get past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_fuzz::known::{CONTENT, KNOWN, VERIFYING};
use symbolon_fuzz::{forge, lines, tree::Tree};
use symbolon_jose::jws::compact::{MAX_TOKEN_LEN, Unverified};
use symbolon_jose::{base64url, jwt};

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        return forged(input);
    }
    let Ok(token) = std::str::from_utf8(input) else { return };
    let Ok(parsed) = Unverified::parse(token) else { return detached(token) };
    assert!(token.len() <= MAX_TOKEN_LEN);
    let (header, _) = token.split_once('.').expect("three segments");
    let json = base64url::decode(header).expect("it has been read");
    assert_eq!(base64url::encode(&json), header);
    let members: Value = serde_json::from_slice(&json).expect("it has been read");
    assert_eq!(members["alg"], parsed.alg());
    assert_eq!(members.get("kid").map(|kid| kid.as_str().expect("a string")), parsed.kid());
    assert_eq!(members.get("typ").map(|typ| typ.as_str().expect("a string")), parsed.typ());
    // A verification consumes the token; the header need not be read again for that to be tried.
    for key in VERIFYING.iter() {
        if let Ok(verified) = Unverified::parse(token).expect("it parsed before").verify(key) {
            assert!(KNOWN.signed.iter().any(|signed| signed == token), "nobody signed this");
            assert_eq!(verified.payload(), CONTENT);
        }
    }
    // What people are shown has passed the same parsers.
    let _ = jwt::decode_unverified(token);
});

/// None of the known tokens is detached or unencoded, so none of these verifies.
fn detached(token: &str) {
    for key in VERIFYING.iter() {
        for parsed in [Unverified::parse_detached(token, CONTENT), Unverified::parse_unencoded(token)] {
            if let Ok(verified) = parsed.and_then(|parsed| parsed.verify(key)) {
                // But for a signed token with its payload taken out, which is what detaching means.
                let (header, signature) = token.split_once("..").expect("nobody signed this");
                let attached = format!("{header}.{}.{signature}", base64url::encode(verified.payload()));
                assert!(KNOWN.signed.contains(&attached), "nobody signed this");
            }
        }
    }
}

fn forged(input: &[u8]) {
    let [header, payload] = lines(input);
    let token = forge::compact_jws(header, payload);
    let Ok(verified) = Unverified::parse(&token).and_then(|parsed| parsed.verify(&forge::VERIFYING)) else { return };
    assert_eq!(verified.payload(), payload);
    let members: Value = serde_json::from_slice(header).expect("it has been read");
    assert_eq!(members["alg"], "HS256");
    assert_eq!(members.get("kid").and_then(Value::as_str), verified.kid());
    assert!(members.get("crit").is_none() && members.get("b64").is_none());
    assert!(!Tree::parse(header).expect("it has been read").has_duplicate());
}
