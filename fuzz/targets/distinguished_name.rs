//! A distinguished name as people write it (RFC 4514): the same in other case (RFC 5280 §7.1), and another one with one part more.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_oauth::certificate::DistinguishedName;

/// Longer texts are refused for their length.
const MAX_BYTES: usize = 4096;
const MORE: &str = ",CN=x";

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let read = text.parse::<DistinguishedName>();
    assert_eq!(text.to_ascii_uppercase().parse(), read, "case is no difference");
    let Ok(name) = read else { return };
    assert!(!name.is_empty());
    if text.len() + MORE.len() <= MAX_BYTES {
        let longer: DistinguishedName = format!("{text}{MORE}").parse().expect("two good parts");
        assert_ne!(longer, name);
    }
});
