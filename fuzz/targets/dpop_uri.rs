//! Whether a proof names the address of a request (RFC 9449 §4.3): two texts, a line each.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::lines;
use symbolon_oauth::dpop::uri::{is_same, normalized};

/// Below the bound, with room for what is put behind it.
const MAX_BYTES: usize = 2000;

fuzz_target!(|input: &[u8]| {
    let [one, other] = lines::<2>(input);
    let (Ok(one), Ok(other)) = (std::str::from_utf8(one), std::str::from_utf8(other)) else { return };
    assert_eq!(is_same(one, other), is_same(other, one));
    let Some(plain) = normalized(one) else {
        assert!(!is_same(one, one) && !is_same(one, other), "what is no address names nothing");
        return;
    };
    // Escaped, it may have become longer than what is read.
    if plain.len() > MAX_BYTES {
        return;
    }
    assert_eq!(normalized(&plain).as_ref(), Some(&plain), "once is enough");
    assert!(plain.starts_with("http://") || plain.starts_with("https://"), "{plain}");
    assert!(is_same(one, &plain) && is_same(&format!("{plain}?a=b#c"), one));
    assert!(!is_same(&format!("{plain}/a"), one), "another path");
});
