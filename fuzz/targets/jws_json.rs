//! JWS JSON serialization, two ways in. A text as it is: whatever verifies was signed with that key. Text that starts with `#`: a
//! protected header, an unprotected one and a payload, a line each, put under a good HS256 signature to get past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use symbolon_fuzz::known::{CONTENT, VERIFYING};
use symbolon_fuzz::{forge, lines, tree::Tree};
use symbolon_jose::base64url;
use symbolon_jose::jws::json::{MAX_SIGNATURES, Unverified};

fuzz_target!(|input: &[u8]| {
    if let Some(input) = input.strip_prefix(b"#") {
        return forged(input);
    }
    let parsed = match Unverified::parse(input) {
        Ok(parsed) => parsed,
        Err(_) => match Unverified::parse_detached(input, CONTENT) {
            Ok(parsed) => parsed,
            Err(_) => return,
        },
    };
    assert!((1..=MAX_SIGNATURES).contains(&parsed.signatures().len()));
    assert!(!Tree::parse(input).expect("it has been read").has_duplicate());
    for key in VERIFYING.iter() {
        if let Ok(verified) = parsed.verify(key) {
            assert_eq!(verified.payload(), CONTENT, "nobody signed this");
            assert!(parsed.signatures().iter().any(|signature| signature.alg() == key.algorithm().name()));
        }
    }
});

fn forged(input: &[u8]) {
    let [protected, unprotected, payload] = lines(input);
    let Ok(header) = serde_json::from_slice::<Value>(unprotected) else { return };
    let encoded = base64url::encode(protected);
    let signature = forge::sign(&format!("{encoded}.{}", base64url::encode(payload)));
    let text = json!({
        "payload": base64url::encode(payload),
        "protected": encoded,
        "header": header,
        "signature": signature,
    });
    let text = text.to_string();
    let Ok(verified) = Unverified::parse(text.as_bytes()).and_then(|parsed| parsed.verify(&forge::VERIFYING)) else {
        return;
    };
    assert_eq!(verified.payload(), payload);
    let unprotected = header.as_object().expect("it has been read");
    let protected = match protected {
        b"" => Map::new(),
        text => serde_json::from_slice(text).expect("it has been read"),
    };
    assert!(protected.keys().all(|name| !unprotected.contains_key(name)), "a name in both headers");
    let alg = protected.get("alg").or(unprotected.get("alg"));
    assert_eq!(alg.and_then(Value::as_str), Some("HS256"));
    assert!(!unprotected.contains_key("crit") && !unprotected.contains_key("b64"));
    if let Some(crit) = protected.get("crit") {
        assert_eq!((crit, &protected["b64"]), (&json!(["b64"]), &json!(true)), "the payload is encoded");
    }
}
