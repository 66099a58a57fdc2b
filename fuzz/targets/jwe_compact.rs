//! JWE compact serialization, two ways in. A token as it is: whatever decrypts was encrypted for that key, and both ways to decrypt
//! agree. Text that starts with `{`: a header, a line feed and content, put under a good A128GCM tag to get past it, also to the
//! decompressor.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_fuzz::known::{CONTENT, DECRYPTING, KNOWN, MAX_DEFLATED, decrypting_keys};
use symbolon_fuzz::{forge, lines, tree::Tree};
use symbolon_jose::jwe::compact::{self, Encrypted};
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
use symbolon_jose::{ContentEncryption, Error, KeyManagement};

static FORGED: LazyLock<DecryptingKey> = LazyLock::new(|| {
    DecryptingKey::from_jwk(&forge::content_jwk(), KeyManagement::Dir, &[ContentEncryption::A128Gcm])
        .expect("our own key")
        .accept_deflate(MAX_DEFLATED)
});

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        return forged(input);
    }
    let Ok(token) = std::str::from_utf8(input) else { return };
    let Ok(parsed) = Encrypted::parse(token) else {
        assert!(compact::decrypt(token, &decrypting_keys()).is_err());
        return;
    };
    let alg = parsed.alg().to_owned();
    let mut decrypted = None;
    for key in DECRYPTING.iter() {
        match Encrypted::parse(token).expect("it parsed before").decrypt(key) {
            Ok(content) => decrypted = Some(content),
            Err(why) => assert_eq!(why == Error::AlgorithmMismatch, alg != key.key_management().name()),
        }
    }
    let found = compact::decrypt(token, &decrypting_keys());
    match decrypted {
        Some(content) => {
            assert!(KNOWN.encrypted.iter().any(|known| known == token), "nobody encrypted this");
            assert_eq!(content.plaintext(), CONTENT);
            assert_eq!(found.expect("the same key is among several").plaintext(), CONTENT);
        }
        None => assert!(found.is_err()),
    }
});

fn forged(input: &[u8]) {
    let [header, content] = lines(input);
    let token = forge::compact_jwe(header, content);
    let Ok(decrypted) = Encrypted::parse(&token).and_then(|parsed| parsed.decrypt(&FORGED)) else { return };
    let members: Value = serde_json::from_slice(header).expect("it has been read");
    assert_eq!((&members["alg"], &members["enc"]), (&Value::from("dir"), &Value::from("A128GCM")));
    assert!(members.get("crit").is_none());
    assert!(!Tree::parse(header).expect("it has been read").has_duplicate());
    match members.get("zip") {
        Some(zip) => assert_eq!(zip, "DEF"),
        None => assert_eq!(decrypted.plaintext(), content),
    }
    assert!(members.get("zip").is_none() || decrypted.plaintext().len() <= MAX_DEFLATED);
    // The second time the header is known by its text.
    let keys = DecryptingKeys::single(FORGED.clone());
    for _ in 0..2 {
        let again = compact::decrypt(&token, &keys).expect("it decrypted before");
        assert_eq!(again.plaintext(), decrypted.plaintext());
    }
}
