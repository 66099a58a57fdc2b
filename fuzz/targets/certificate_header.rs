//! A certificate in a header (RFC 9440, and what proxies older than it send): any bytes come back out of every form; and whatever a text brings,
//! it brings again in the form of the standard.

#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::padded_base64;
use symbolon_oauth::certificate::header::{read, read_chain};

fuzz_target!(|input: &[u8]| {
    if !input.is_empty() {
        comes_back(input);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    // PEM may hold nothing, which the form of the standard cannot say.
    if let Some(bytes) = read(text).filter(|bytes| !bytes.is_empty()) {
        assert_eq!(read(&format!(":{}:", padded_base64(&bytes))), Some(bytes));
    }
    if let Some(chain) = read_chain(text) {
        let items: Vec<String> = chain.iter().map(|bytes| format!(":{}:", padded_base64(bytes))).collect();
        assert_eq!(read_chain(&items.join(", ")), Some(chain));
    }
});

fn comes_back(bytes: &[u8]) {
    let plain = padded_base64(bytes);
    let escaped = plain.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02x}").expect("a string takes all");
        escaped
    });
    for text in [format!(":{plain}:"), plain, escaped] {
        assert_eq!(read(&text).as_deref(), Some(bytes));
    }
    let item = format!(":{}:", padded_base64(bytes));
    assert_eq!(read_chain(&format!("{item},{item}")), Some(vec![bytes.to_vec(), bytes.to_vec()]));
}
