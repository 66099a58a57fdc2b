//! Proof of work in place of a captcha: where many attempts come from one network, a browser that has done some arithmetic is not kept waiting by its
//! neighbours (`account/throttle.rs`, `subnet`). Without a script one waits instead.
//!
//! A challenge is signed, of one browser and ten minutes, and counts once. It is done when SHA-256 of `CHALLENGE.NUMBER` begins with so many zero bits. That slows
//! a program down by what a processor takes, not a farm of them: it opens no other counter than the network's, and that of an address
//! for codes by mail.

use aws_lc_rs::hmac;
use symbolon_jose::base64url;
use symbolon_oauth::Rng;

/// How long a challenge may be worked at, in seconds.
pub const LIFETIME_SECS: u64 = 600;
const RANDOM_LEN: usize = 12;
const TIME_LEN: usize = 8;
/// Digits of a number that solves a challenge: more than anybody gets to.
const MAX_DIGITS: usize = 16;

/// The server's key for challenges, and for nothing else.
#[derive(Clone, Debug)]
pub struct WorkKey(hmac::Key);

impl WorkKey {
    /// Takes 32 bytes derived for this purpose.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// Makes a challenge of so many bits for the browser with this pre-session cookie.
pub fn issue(key: &WorkKey, rng: &mut dyn Rng, browser: &str, bits: u8, now: u64) -> String {
    let mut random = [0; RANDOM_LEN];
    rng.fill(&mut random);
    let head = [&[bits][..], &now.to_be_bytes(), &random].concat();
    let tag = hmac::sign(&key.0, &message(browser, &head));
    base64url::encode(&[&head, tag.as_ref()].concat())
}

/// What was done, to be remembered so that it counts once; `None` if the challenge is not this browser's, too old, or not done.
pub fn check(key: &WorkKey, challenge: &str, number: &str, browser: &str, now: u64) -> Option<[u8; 32]> {
    let bytes = base64url::decode(challenge).ok()?;
    let (head, tag) = bytes.split_at_checked(1 + TIME_LEN + RANDOM_LEN)?;
    // An absent cookie binds to nothing.
    if browser.is_empty()
        || number.is_empty()
        || number.len() > MAX_DIGITS
        || !number.bytes().all(|it| it.is_ascii_digit())
    {
        return None;
    }
    hmac::verify(&key.0, &message(browser, head), tag).ok()?;
    let (bits, rest) = head.split_first()?;
    let issued_at = u64::from_be_bytes(*rest.first_chunk::<TIME_LEN>()?);
    let young = now < issued_at.saturating_add(LIFETIME_SECS);
    let done = symbolon_jose::sha256(format!("{challenge}.{number}").as_bytes());
    (young && zero_bits(&done) >= u32::from(*bits)).then(|| symbolon_jose::sha256(challenge.as_bytes()))
}

/// Does the work, as a browser would: for tests.
#[must_use]
pub fn solve(challenge: &str, bits: u8) -> String {
    let done =
        |number: &u64| zero_bits(&symbolon_jose::sha256(format!("{challenge}.{number}").as_bytes())) >= u32::from(bits);
    (0..u64::MAX).find(done).unwrap_or_default().to_string()
}

fn zero_bits(hash: &[u8]) -> u32 {
    let whole = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(rest)
}

fn message(browser: &str, head: &[u8]) -> Vec<u8> {
    [b"symbolon work v1\0", head, browser.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    fn key() -> WorkKey {
        WorkKey::new(&[3; 32])
    }

    #[test]
    fn work_that_is_done_counts_in_its_browser_for_ten_minutes() {
        let challenge = issue(&key(), &mut SystemRng, "cookie", 8, 1_000);
        let number = solve(&challenge, 8);
        let done = check(&key(), &challenge, &number, "cookie", 1_000).unwrap();
        assert_eq!(
            check(&key(), &challenge, &number, "cookie", 1_599),
            Some(done),
            "known again, so that it counts once"
        );
        assert_eq!(check(&key(), &challenge, &number, "cookie", 1_600), None);
        assert_eq!(check(&key(), &challenge, &number, "other", 1_000), None);
        assert_eq!(check(&key(), &challenge, &number, "", 1_000), None);
        assert_eq!(check(&WorkKey::new(&[4; 32]), &challenge, &number, "cookie", 1_000), None);
    }

    #[test]
    fn work_that_is_not_done_or_easier_than_asked_is_none() {
        let challenge = issue(&key(), &mut SystemRng, "cookie", 12, 1_000);
        let number: u64 = solve(&challenge, 12).parse().unwrap();
        for wrong in
            [String::new(), "x".into(), format!("+{number}"), format!(" {number}"), "1".repeat(17), "-1".into()]
        {
            assert_eq!(check(&key(), &challenge, &wrong, "cookie", 1_000), None, "{wrong:?}");
        }
        // Whoever lowers the bits in it has another challenge, which is nobody's.
        let mut bytes = base64url::decode(&challenge).unwrap();
        bytes[0] = 0;
        assert_eq!(check(&key(), &base64url::encode(&bytes), "0", "cookie", 1_000), None);
        for text in ["", "x", "AAAA", &challenge[..challenge.len() - 4]] {
            assert_eq!(check(&key(), text, "0", "cookie", 1_000), None, "{text}");
        }
    }

    #[test]
    fn bits_are_counted_from_the_front() {
        assert_eq!(
            [zero_bits(&[0xff, 0]), zero_bits(&[0x01]), zero_bits(&[0, 0x40]), zero_bits(&[0, 0])],
            [0, 7, 9, 16]
        );
    }
}
