//! A key in PEM: what is read is written, in every format it has, and read again as the same key; also by way of a JWK.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::formats;
use symbolon_jose::{Jwk, KeyFormat};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(jwk) = Jwk::from_pem(text) else { return };
    let said = KeyFormat::ALL.iter().find(|format| text.contains(&format!("-----BEGIN {}-----", format.label())));
    // What the label says is what is inside, so it can be written in that format again.
    let written = jwk.to_pem(*said.expect("it has been read")).expect("it was read from this format");
    assert_eq!(Jwk::from_pem(&written).expect("it was written by us").to_private_json(), jwk.to_private_json());
    formats::come_back(&jwk);
});
