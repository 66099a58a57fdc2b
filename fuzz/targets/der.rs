//! A key in DER, in whichever structure: it is read as PEM reads it under exactly one label, and it is written, in every format it has,
//! and read again as the same key; also by way of a JWK.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::formats;
use symbolon_jose::Jwk;

fuzz_target!(|input: &[u8]| {
    let labelled: Vec<Jwk> = formats::labelled(input);
    match Jwk::from_der(input) {
        Ok(jwk) => {
            assert_eq!(labelled.len(), 1, "one structure and no other");
            assert_eq!(labelled[0].to_private_json(), jwk.to_private_json());
            formats::come_back(&jwk);
        }
        Err(_) => assert!(labelled.is_empty(), "PEM reads it"),
    }
});
