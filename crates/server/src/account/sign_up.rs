//! A sign-up between its form and the proof of its address (security 119–123): there is no account before it, only what waits for a
//! while, sealed, until somebody brings the code or the link that was mailed.
//!
//! The code is for the browser that asked; the link works elsewhere, too, but there for whoever knows the password that was chosen: else
//! somebody could have a stranger's click make them an account under the stranger's address (pre-hijacking). For an address that has an
//! account the same is kept, and no code fits it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_jose::base64url;
use symbolon_oauth::{OpaqueToken, Rng};
use symbolon_store::{Artefact, Hash32};

use crate::interaction::fingerprint;
use crate::seal::{SealBroken, Sealer};

/// How long code and link work, in minutes.
pub const MINUTES: u64 = 20;
const LIFETIME_SECS: u64 = MINUTES * 60;
/// How many digits a code has: so many that as many first guesses as letters are no way in (`ThrottlePolicy::sign_up_code_keys`).
const DIGITS: u32 = 8;

/// Whose the address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// Nobody signs in with it.
    Free,
    /// It has an account: nothing makes another one.
    Taken,
}

/// What waits for proof of its address.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The address, as typed.
    pub email: String,
    /// Display name.
    pub name: Option<String>,
    /// Of the password that was chosen.
    pub password_hash: String,
    /// What is typed to prove the address.
    pub code: String,
    /// Whose the address was when it was asked for.
    pub address: Address,
    /// What waits for the sign-up in the browser that asked, sealed for it.
    pub interaction: Option<String>,
    /// The browser that asked, if there is one with a page for the code.
    pub browser: Option<String>,
    /// The id that the account will have, where somebody was told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

/// What an invitation promises to whoever has its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The address it was sent to.
    pub email: String,
    /// The roles of the account.
    #[serde(default)]
    pub roles: BTreeSet<String>,
}

impl Invitation {
    /// What the store keeps of it, found by the hash of `link`.
    pub fn artefact(&self, link: &OpaqueToken, client_id: Option<String>, now: u64, expires_at: u64) -> Artefact {
        Artefact {
            kind: Artefact::INVITATION.to_owned(),
            hash: Hash32(link.hash()),
            family: None,
            client_id,
            user_id: None,
            sid: None,
            created_at: now,
            expires_at,
            redeemed_at: None,
            payload: json!(self),
        }
    }

    /// Reads what [`Invitation::artefact`] made.
    pub fn open(artefact: &Artefact) -> serde_json::Result<Self> {
        Self::deserialize(&artefact.payload)
    }
}

/// The digits of a code, each code as likely as the others.
pub fn draw_code(rng: &mut dyn Rng) -> String {
    draw_digits(rng, DIGITS)
}

/// So many digits, nine at most, each code as likely as the others.
pub fn draw_digits(rng: &mut dyn Rng, digits: u32) -> String {
    let codes = 10_u32.pow(digits);
    // The part of the range that is a multiple of the number of codes.
    let fair = u32::MAX - u32::MAX % codes;
    loop {
        let mut bytes = [0; 4];
        rng.fill(&mut bytes);
        let drawn = u32::from_be_bytes(bytes);
        if drawn < fair {
            return format!("{:0width$}", drawn % codes, width = digits as usize);
        }
    }
}

impl Pending {
    /// What the store keeps of it, found by the hash of `link`.
    pub fn artefact(&self, sealer: &Sealer, link: &OpaqueToken, client_id: Option<String>, now: u64) -> Artefact {
        let hash = Hash32(link.hash());
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).expect("it has only string keys"));
        Artefact {
            kind: Artefact::SIGN_UP.to_owned(),
            hash,
            family: None,
            client_id,
            user_id: None,
            sid: None,
            created_at: now,
            expires_at: now.saturating_add(LIFETIME_SECS),
            redeemed_at: None,
            payload: json!({ "sealed": sealer.seal(&purpose(hash), &plain) }),
        }
    }

    /// Reads what [`Pending::artefact`] made.
    pub fn open(sealer: &Sealer, artefact: &Artefact) -> Result<Self, SealBroken> {
        let text = artefact.payload["sealed"].as_str().unwrap_or_default();
        let plain = sealer.open(&purpose(artefact.hash), text)?;
        serde_json::from_slice(&plain).map_err(|_| SealBroken)
    }

    /// Whether the code proves the address. Spaces are how people read eight digits.
    pub fn fits(&self, code: &str) -> bool {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        let is_right = symbolon_jose::ct_eq(digits.as_bytes(), self.code.as_bytes());
        is_right && self.address == Address::Free
    }

    /// Whether the browser with this pre-session cookie is the one that asked.
    pub fn is_of(&self, browser: &str) -> bool {
        let asked = self.browser.as_deref();
        asked.is_some_and(|asked| symbolon_jose::ct_eq(asked.as_bytes(), fingerprint(browser).as_bytes()))
    }
}

/// Its public name, by which the page that asks for the code finds it. It opens nothing: the link is not to be had from its hash.
pub fn name(hash: Hash32) -> String {
    base64url::encode(hash.as_bytes())
}

/// The hash in a public name.
pub fn hash(name: &str) -> Option<Hash32> {
    base64url::decode(name).ok()?.try_into().ok().map(Hash32)
}

fn purpose(hash: Hash32) -> String {
    format!("sign-up {}", name(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;
    use crate::seal::MasterKey;
    use symbolon_oauth::TokenKind;

    fn sealer(seed: u8) -> Sealer {
        MasterKey::from_text(&base64url::encode(&[seed; 32]), "test").unwrap().sealer()
    }

    fn pending(address: Address) -> Pending {
        Pending {
            email: "ada@example.com".into(),
            name: None,
            password_hash: "$argon2id$x".into(),
            code: "271828".into(),
            address,
            interaction: None,
            browser: Some(fingerprint("cookie")),
            user_id: None,
        }
    }

    #[test]
    fn only_the_code_fits_and_for_an_address_that_is_taken_none_does() {
        for right in ["271828", "271 828", " 271828\n"] {
            assert!(pending(Address::Free).fits(right), "{right:?}");
            assert!(!pending(Address::Taken).fits(right), "{right:?}");
        }
        for wrong in ["", "271829", "2718280", "0271828", "27182", "２７１８２８"] {
            assert!(!pending(Address::Free).fits(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_kept_shows_nothing_and_cannot_take_anothers_place() {
        let link = OpaqueToken::generate(TokenKind::SignUp, &mut SystemRng);
        let artefact = pending(Address::Free).artefact(&sealer(1), &link, None, 1_000);
        let text = serde_json::to_string(&artefact).unwrap();
        for secret in ["271828", "ada@", "argon2", link.reveal()] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert_eq!(Pending::open(&sealer(1), &artefact).unwrap().code, "271828");
        assert!(Pending::open(&sealer(2), &artefact).is_err());
        let elsewhere = Artefact { hash: Hash32([1; 32]), ..artefact.clone() };
        assert!(Pending::open(&sealer(1), &elsewhere).is_err());
        assert_eq!((artefact.expires_at, hash(&name(artefact.hash))), (2_200, Some(artefact.hash)));
        assert_eq!(hash("x"), None);
    }

    #[test]
    fn the_browser_that_asked_is_known_by_its_cookie() {
        let pending = pending(Address::Free);
        assert!(pending.is_of("cookie") && !pending.is_of("other") && !pending.is_of(""));
        let by_an_app = Pending { browser: None, ..pending };
        assert!(!by_an_app.is_of("cookie") && !by_an_app.is_of(""));
    }

    /// Counts, so that every value comes up.
    struct Counting(u32);

    impl Rng for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_be_bytes());
            self.0 = self.0.wrapping_add(1);
        }
    }

    #[test]
    fn a_code_has_eight_digits_and_no_value_comes_up_more_often() {
        assert_eq!(draw_code(&mut Counting(7)), "00000007");
        assert_eq!(draw_code(&mut Counting(4_199_999_999)), "99999999");
        // The last values of the range would favour the first codes: they are drawn again.
        assert_eq!(draw_code(&mut Counting(4_200_000_000)), "00000000");
        assert_eq!(draw_code(&mut Counting(u32::MAX)), "00000000");
        assert_eq!(draw_digits(&mut Counting(7), 6), "000007");
        assert_eq!(draw_digits(&mut Counting(1_999_999), 6), "999999");
    }
}
