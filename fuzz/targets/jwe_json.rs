//! JWE JSON serialization, two ways in. A text as it is: whatever decrypts was encrypted for that key. Text that starts with `#`: a
//! protected header, a shared unprotected one, a recipient's and content, a line each, put under a good A128GCM tag to get past it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use symbolon_fuzz::known::{CONTENT, DECRYPTING, MAX_DEFLATED};
use symbolon_fuzz::{forge, lines, tree::Tree};
use symbolon_jose::jwe::DecryptingKey;
use symbolon_jose::jwe::json::{Encrypted, MAX_RECIPIENTS};
use symbolon_jose::{ContentEncryption, KeyManagement, base64url};

static FORGED: LazyLock<DecryptingKey> = LazyLock::new(|| {
    DecryptingKey::from_jwk(&forge::content_jwk(), KeyManagement::Dir, &[ContentEncryption::A128Gcm])
        .expect("our own key")
        .accept_deflate(MAX_DEFLATED)
});

fuzz_target!(|input: &[u8]| {
    if let Some(input) = input.strip_prefix(b"#") {
        return forged(input);
    }
    let Ok(parsed) = Encrypted::parse(input) else { return };
    assert!((1..=MAX_RECIPIENTS).contains(&parsed.recipients().len()));
    assert!(!Tree::parse(input).expect("it has been read").has_duplicate());
    for key in DECRYPTING.iter() {
        if let Ok(decrypted) = parsed.decrypt(key) {
            assert_eq!(decrypted.plaintext(), CONTENT, "nobody encrypted this");
            assert_eq!(parsed.aad(), Some(&b"seen by all"[..]), "nobody authenticated this");
        }
    }
});

fn forged(input: &[u8]) {
    let [protected, shared, own, content] = lines(input);
    let (Ok(shared), Ok(own)) = (serde_json::from_slice::<Value>(shared), serde_json::from_slice::<Value>(own)) else {
        return;
    };
    let encoded = base64url::encode(protected);
    let forge::Sealed { iv, ciphertext, tag } = forge::seal(encoded.as_bytes(), content);
    let text = json!({
        "protected": encoded,
        "unprotected": shared,
        "header": own,
        "iv": iv,
        "ciphertext": ciphertext,
        "tag": tag,
    });
    let parsed = Encrypted::parse(text.to_string().as_bytes());
    let Ok(decrypted) = parsed.and_then(|parsed| parsed.decrypt(&FORGED)) else { return };
    let protected = match protected {
        b"" => Map::new(),
        text => serde_json::from_slice(text).expect("it has been read"),
    };
    let headers =
        [&protected, shared.as_object().expect("it has been read"), own.as_object().expect("it has been read")];
    let said = |name: &str| headers.iter().filter_map(|header| header.get(name)).collect::<Vec<_>>();
    for name in headers.iter().flat_map(|header| header.keys()) {
        assert_eq!(said(name).len(), 1, "a name in two headers");
    }
    assert_eq!((said("alg"), said("enc")), (vec![&json!("dir")], vec![&json!("A128GCM")]));
    assert!(said("crit").is_empty());
    match protected.get("zip") {
        Some(zip) => assert!(zip == "DEF" && decrypted.plaintext().len() <= MAX_DEFLATED),
        None => assert!(said("zip").is_empty() && decrypted.plaintext() == content),
    }
}
