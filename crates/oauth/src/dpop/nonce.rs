//! Nonces for DPoP proofs (RFC 9449 §8, §9): they say the time by our clock, so that a proof cannot have been made in advance.
//!
//! Nothing is stored: a nonce names its minute and carries a MAC over it, and every node that has the same secret reads it.

use symbolon_jose::jws::{Encoding, compact};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, ct_eq};

/// A new nonce this often, in seconds; the one before is accepted too.
const SLOT_SECS: u64 = 60;

/// Makes nonces and recognizes them.
///
/// ```
/// use symbolon_oauth::dpop::Nonces;
///
/// let nonces = Nonces::new(&[7; 32])?;
/// let nonce = nonces.at(1_800_000_000)?;
/// assert!(nonces.accepted_until(&nonce, 1_800_000_059).is_some());
/// assert_eq!(nonces.accepted_until(&nonce, 1_800_000_120), None);
/// assert_eq!(Nonces::new(&[8; 32])?.accepted_until(&nonce, 1_800_000_000), None);
/// # Ok::<(), symbolon_jose::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Nonces {
    key: SigningKey,
}

impl Nonces {
    /// Nonces of all who have this secret.
    ///
    /// # Errors
    /// None that a secret of 32 bytes could bring.
    pub fn new(secret: &[u8; 32]) -> Result<Self, Error> {
        Self::of(&Jwk::oct(secret, Algorithm::HS256)?)
    }

    /// Nonces of all who have this key, which is for HS256.
    ///
    /// # Errors
    /// It is not.
    pub fn of(key: &Jwk) -> Result<Self, Error> {
        Ok(Self { key: SigningKey::from_jwk(key, Algorithm::HS256)? })
    }

    /// The nonce of this second, Unix time.
    ///
    /// # Errors
    /// The back end failed to make a MAC.
    pub fn at(&self, now: u64) -> Result<String, Error> {
        self.of_slot(now / SLOT_SECS)
    }

    /// Until when, in Unix seconds, a nonce is accepted; `None` for one that is not: not ours, or its time is over.
    #[must_use]
    pub fn accepted_until(&self, nonce: &str, now: u64) -> Option<u64> {
        let slot: u64 = nonce.split_once('.')?.0.parse().ok()?;
        // Another node's clock may be a little ahead.
        let near = (slot..=slot.saturating_add(1)).contains(&(now / SLOT_SECS)) || slot == now / SLOT_SECS + 1;
        let ours = near && ct_eq(self.of_slot(slot).ok()?.as_bytes(), nonce.as_bytes());
        ours.then(|| slot.saturating_add(2).saturating_mul(SLOT_SECS))
    }

    fn of_slot(&self, slot: u64) -> Result<String, Error> {
        let message = format!("dpop nonce {slot}");
        let token = compact::sign_detached(&self.key, None, message.as_bytes(), Encoding::Base64url)?;
        let mac = token.rsplit('.').next().unwrap_or_default();
        Ok(format!("{slot}.{mac}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn a_nonce_lives_one_to_two_minutes_and_is_the_same_on_every_node() {
        let (one, other) = (Nonces::new(&[1; 32]).unwrap(), Nonces::new(&[1; 32]).unwrap());
        let nonce = one.at(NOW).unwrap();
        assert_eq!(NOW % SLOT_SECS, 0);
        assert_eq!(other.at(NOW + 59).unwrap(), nonce);
        assert_ne!(other.at(NOW + 60).unwrap(), nonce);
        for at in [NOW - 1, NOW, NOW + 119] {
            assert_eq!(other.accepted_until(&nonce, at), Some(NOW + 120), "{at}");
        }
        for at in [NOW - 61, NOW + 120, 0, u64::MAX] {
            assert_eq!(other.accepted_until(&nonce, at), None, "{at}");
        }
    }

    #[test]
    fn nobody_else_makes_one() {
        let nonces = Nonces::new(&[1; 32]).unwrap();
        let nonce = nonces.at(NOW).unwrap();
        let (slot, mac) = nonce.split_once('.').unwrap();
        let next = slot.parse::<u64>().unwrap() + 1;
        for forged in [
            String::new(),
            slot.to_owned(),
            format!("{slot}."),
            format!("{next}.{mac}"),
            format!("+{slot}.{mac}"),
            format!("0{slot}.{mac}"),
            format!("{slot}.{mac}A"),
            format!("{slot}.{}", &mac[1..]),
            format!("{slot}.{}", mac.to_lowercase()),
            format!("18446744073709551616.{mac}"),
            format!("18446744073709551615.{mac}"),
        ] {
            assert_eq!(nonces.accepted_until(&forged, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_nonce_is_of_the_characters_of_rfc_9449_8_1_and_debug_shows_no_key() {
        let nonces = Nonces::new(&[1; 32]).unwrap();
        let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        assert!(nonces.at(NOW).unwrap().bytes().all(allowed));
        assert!(!format!("{nonces:?}").contains("1, 1, 1"));
    }
}
