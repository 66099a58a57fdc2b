//! One-time passwords by time (TOTP; RFC 6238 on HOTP, RFC 4226): HMAC-SHA-1, six digits, steps of thirty seconds, which is what every app can.
//!
//! A code is good in its step and the ones before and after (RFC 6238 §5.2: "at most one time step is allowed as the network delay"), and
//! once: "The verifier MUST NOT accept the second attempt of the OTP after the successful validation has been issued for the first OTP".

use std::fmt;

use aws_lc_rs::hmac;
use symbolon_jose::ct_eq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a secret (RFC 4226 §4, R6: "This document RECOMMENDs a shared secret length of 160 bits").
pub const SECRET_LEN: usize = 20;
/// Seconds of a step (RFC 6238 §5.2: "We RECOMMEND a default time-step size of 30 seconds").
pub const STEP_SECS: u64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;

/// What an authenticator app and the server share. `Debug` does not show it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Totp([u8; SECRET_LEN]);

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpError {
    /// It is not the code of this time, or none at all.
    Wrong,
    /// It was used, or one of a later step was.
    Used,
}

impl fmt::Display for TotpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrong => "the code is not the one of this time",
            Self::Used => "the code was used already",
        })
    }
}

impl std::error::Error for TotpError {}

impl Totp {
    /// With a secret of unpredictable bytes.
    #[must_use]
    pub fn new(secret: [u8; SECRET_LEN]) -> Self {
        Self(secret)
    }

    /// The secret, to be sealed.
    #[must_use]
    pub fn secret(&self) -> &[u8; SECRET_LEN] {
        &self.0
    }

    /// Judges what was typed and returns the step of the code, which is to be remembered: `last_step` is the one that was used last. Blanks
    /// do not matter. Takes as long whichever step fits (RUSTSEC-2022-0018).
    ///
    /// ```
    /// use symbolon_factors::totp::{Totp, TotpError};
    /// let totp = Totp::new(*b"12345678901234567890");
    /// assert_eq!(totp.check("287 082", 59, None), Ok(1));
    /// assert_eq!(totp.check("287082", 59, Some(1)), Err(TotpError::Used));
    /// ```
    ///
    /// # Errors
    /// [`TotpError`].
    pub fn check(&self, typed: &str, now: u64, last_step: Option<u64>) -> Result<u64, TotpError> {
        let typed: String = typed.chars().filter(|sign| !sign.is_whitespace()).take(DIGITS + 1).collect();
        let current = now / STEP_SECS;
        let steps = [Some(current), current.checked_sub(1), current.checked_add(1)];
        let fits = |found: Option<u64>, step: u64| {
            let same = ct_eq(self.code(step).as_bytes(), typed.as_bytes());
            // Were two steps to have the same code, the earlier one counts less against the next sign-in.
            if same { Some(found.map_or(step, |found| found.min(step))) } else { found }
        };
        let unused = |step: &u64| last_step.is_none_or(|last| *step > last);
        let found = steps.into_iter().flatten().fold(None, fits).ok_or(TotpError::Wrong)?;
        Some(found).filter(unused).ok_or(TotpError::Used)
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 0x0f);
        let number = tag[offset..offset + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// The secret as people type it into an app that reads no QR code: base32 (RFC 4648 §6) in groups of four.
    #[must_use]
    pub fn text(&self) -> String {
        let letters = self.base32();
        let groups: Vec<&str> = (0..letters.len()).step_by(4).map(|at| &letters[at..at + 4]).collect();
        groups.join(" ")
    }

    /// What the QR code says: the address of the secret in the form that authenticator apps agree on, under the issuer's and the account's name.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.base32();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECS}"
        )
    }

    /// 20 bytes are 32 letters, without padding.
    fn base32(&self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let letters = self.0.chunks_exact(5).flat_map(|five| {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |at| char::from(LETTERS[usize::try_from(bits >> (5 * at) & 31).unwrap_or_default()]))
        });
        letters.collect()
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp(..)")
    }
}

/// RFC 3986 §2.3: everything but unreserved characters; a colon in a name would end it.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totp() -> Totp {
        Totp::new(*b"12345678901234567890")
    }

    #[test]
    fn rfc4226_appendix_d_values() {
        let values =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, value) in (0..).zip(values) {
            assert_eq!(totp().code(step), value);
        }
    }

    #[test]
    fn rfc6238_appendix_b_values() {
        // Its SHA-1 rows; the last six of eight digits.
        let rows = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (time, value) in rows {
            assert_eq!(totp().code(time / STEP_SECS), value);
            assert_eq!(totp().check(value, time, None), Ok(time / STEP_SECS));
        }
    }

    #[test]
    fn rfc6238_section_5_2_one_step_of_delay_is_taken_and_no_more() {
        let code = totp().code(100);
        for (now, verdict) in [
            (99 * 30 - 1, Err(TotpError::Wrong)),
            (99 * 30, Ok(100)),
            (100 * 30, Ok(100)),
            (101 * 30 + 29, Ok(100)),
            (102 * 30, Err(TotpError::Wrong)),
        ] {
            assert_eq!(totp().check(&code, now, None), verdict, "{now}");
        }
        assert_eq!(totp().check(&totp().code(0), 0, None), Ok(0), "there is no step before the first");
    }

    #[test]
    fn rfc6238_section_5_2_a_code_is_taken_once_and_none_before_it() {
        let now = 100 * 30;
        assert_eq!(totp().check(&totp().code(100), now, Some(99)), Ok(100));
        assert_eq!(totp().check(&totp().code(100), now, Some(100)), Err(TotpError::Used));
        assert_eq!(totp().check(&totp().code(99), now, Some(100)), Err(TotpError::Used));
        assert_eq!(totp().check(&totp().code(101), now, Some(100)), Ok(101));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for wrong in ["", "28708", "2870820", "0287082", "28708a", "२८७०८२", "287082287082"] {
            assert_eq!(totp().check(wrong, 59, None), Err(TotpError::Wrong), "{wrong}");
        }
        assert_eq!(totp().check(" 287 082\n", 59, None), Ok(1));
    }

    #[test]
    fn rfc4648_section_6_the_secret_is_base32_and_names_cannot_break_out_of_the_address() {
        assert_eq!(totp().text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = totp().uri("id.example", "a:b&secret=x@ö");
        let expected = "otpauth://totp/id.example:a%3Ab%26secret%3Dx%40%C3%B6?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(uri, format!("{expected}&issuer=id.example&algorithm=SHA1&digits=6&period=30"));
        assert_eq!(format!("{:?}", totp()), "Totp(..)");
    }
}
