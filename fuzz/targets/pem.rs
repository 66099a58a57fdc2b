//! A key in PEM: what is read is written, in every format it has, and read again as the same key; also by way of a JWK.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::formats;
use symbolon_jose::{Jwk, KeyFormat};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(jwk) = Jwk::from_pem(text) else { return };
    // RFC 7468 §2: text may stand before it, perhaps with labels of its own. One of them says what was read.
    let labelled = KeyFormat::ALL.iter().filter(|format| text.contains(&format!("-----BEGIN {}-----", format.label())));
    let mut again = labelled.filter_map(|format| Jwk::from_pem(&jwk.to_pem(*format).ok()?).ok());
    assert!(again.any(|again| again.to_private_json() == jwk.to_private_json()), "it cannot be written as it was");
    formats::come_back(&jwk);
});
