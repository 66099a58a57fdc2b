//! A client's certificate in DER: what is read is one certificate and nothing more, and reads the same out of a header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::padded_base64;
use symbolon_jose::{base64url, sha256};
use symbolon_oauth::certificate::{ClientCertificate, header, thumbprint};

fuzz_target!(|input: &[u8]| {
    let Ok(read) = ClientCertificate::read(input) else { return };
    assert_eq!(thumbprint(input), base64url::encode(&sha256(input)));
    assert!(ClientCertificate::read(&input[..input.len() - 1]).is_err(), "a byte is missing");
    assert!(ClientCertificate::read(&[input, &[0]].concat()).is_err(), "a byte is too much");
    let handed = header::read(&format!(":{}:", padded_base64(input))).expect("it fits into a header");
    assert_eq!(ClientCertificate::read(&handed), Ok(read));
});
