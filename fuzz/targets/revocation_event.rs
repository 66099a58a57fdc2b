//! An event of the revocation stream, two ways in. Text as it is: what verifies was signed with that key. Text that starts with `{`:
//! claims, put under a good signature; accepted exactly when other code says that they are in order, and then signed again the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_fuzz::{feed, tree::Tree};
use symbolon_jose::base64url;
use symbolon_jose::json::Limits;
use symbolon_revocation::{Event, EventToSign, LEEWAY_SECS, RECORD_LEN, Records, event};

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        return forged(input);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if event::verify(text, &feed::KEYS, feed::ISSUER, feed::NOW).is_ok() {
        assert!(feed::is_signed(text), "nobody signed this");
    }
});

fn forged(claims: &[u8]) {
    let jws = feed::jws(event::TYPE, claims);
    let read = event::verify(&jws, &feed::KEYS, feed::ISSUER, feed::NOW);
    assert_eq!(read.is_ok(), is_in_order(claims).is_some(), "{read:?}");
    let Ok(read) = read else { return };
    let Event { iat, ref epoch, after, seq, ref entries, unknown } = read;
    assert_eq!(seq - after, entries.len() as u64 + unknown);
    if unknown == 0 {
        let again = EventToSign { iss: feed::ISSUER, iat, epoch, after, seq, entries };
        let again = event::sign(&feed::SIGNING, &again).expect("it was read");
        assert_eq!(event::verify(&again, &feed::SIGNED, feed::ISSUER, feed::NOW).expect("it was signed"), read);
    }
}

/// By way of a generic value.
fn is_in_order(claims: &[u8]) -> Option<()> {
    let tree = Tree::parse(claims)?;
    let claims: Value = serde_json::from_slice(claims).ok()?;
    let number = |name: &str| claims.get(name)?.as_u64();
    let epoch = claims.get("epoch")?.as_str()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_epoch = !epoch.is_empty() && epoch.len() <= 64 && epoch.bytes().all(is_plain);
    let count = match claims.get("entries") {
        None => 0,
        Some(entries) => {
            let bytes = base64url::decode(entries.as_str()?).ok()?;
            Records::new(&bytes).ok()?;
            bytes.len() / RECORD_LEN
        }
    };
    let in_order = !tree.has_duplicate()
        && tree.fits(Limits::CLAIMS)
        && claims.get("iss")?.as_str()? == feed::ISSUER
        && number("iat")? <= feed::NOW + LEEWAY_SECS
        && is_epoch
        && number("seq")?.checked_sub(number("after")?)? == count as u64;
    in_order.then_some(())
}
