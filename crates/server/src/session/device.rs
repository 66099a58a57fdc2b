//! Known devices (security 125): a browser in which an account has signed in before is not kept waiting by what strangers
//! elsewhere guess at that account.
//!
//! The device cookie says which account and which device, under a key of its own; it signs nobody in. Attempts that
//! bring it are counted per device and account instead of per account, so a stolen one buys as many guesses as one
//! address has, and no more. A browser keeps one: of the account that signed in last.

use aws_lc_rs::hmac;
use symbolon_jose::base64url;
use symbolon_oauth::Rng;

/// How long a browser keeps the cookie after a sign-in, in seconds.
pub const LIFETIME_SECS: u64 = 365 * 86_400;
const VERSION: u8 = 1;
const ID_LEN: usize = 16;
const ACCOUNT_LEN: usize = 16;

/// The server's key for device cookies, and for nothing else.
#[derive(Clone, Debug)]
pub struct DeviceKey(hmac::Key);

impl DeviceKey {
    /// Takes 32 bytes derived for this purpose.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// A device that has proven to be known to an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Device([u8; ID_LEN]);

impl Device {
    /// A device not seen before.
    pub fn new(rng: &mut dyn Rng) -> Self {
        let mut id = [0; ID_LEN];
        rng.fill(&mut id);
        Self(id)
    }

    /// The name of its counter.
    pub fn name(&self) -> String {
        base64url::encode(&self.0)
    }
}

/// Makes the cookie that says: `user_id` has signed in on `device`.
pub fn issue(key: &DeviceKey, device: Device, user_id: &str) -> String {
    let account = account(user_id);
    let tag = hmac::sign(&key.0, &message(&account, &device.0));
    base64url::encode(&[&[VERSION][..], &account, &device.0, tag.as_ref()].concat())
}

/// The device that `cookie` proves for `user_id`; `None` if it is forged, or another account's.
pub fn check(key: &DeviceKey, cookie: &str, user_id: &str) -> Option<Device> {
    let bytes = base64url::decode(cookie).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (account_named, rest) = rest.split_first_chunk::<ACCOUNT_LEN>()?;
    let (id, tag) = rest.split_first_chunk::<ID_LEN>()?;
    hmac::verify(&key.0, &message(account_named, id), tag).ok()?;
    (*version == VERSION && *account_named == account(user_id)).then_some(Device(*id))
}

fn account(user_id: &str) -> [u8; ACCOUNT_LEN] {
    let digest = symbolon_jose::sha256(format!("symbolon device {user_id}").as_bytes());
    let mut account = [0; ACCOUNT_LEN];
    account.copy_from_slice(&digest[..ACCOUNT_LEN]);
    account
}

/// Every part has one length.
fn message(account: &[u8; ACCOUNT_LEN], id: &[u8; ID_LEN]) -> Vec<u8> {
    [b"symbolon device v1\0", &account[..], id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Device = Device([7; ID_LEN]);

    fn key() -> DeviceKey {
        DeviceKey::new(&[3; 32])
    }

    #[test]
    fn a_cookie_names_its_device_to_its_account_only() {
        let cookie = issue(&key(), DEVICE, "usr_ada");
        assert_eq!(check(&key(), &cookie, "usr_ada"), Some(DEVICE));
        assert_eq!(check(&key(), &cookie, "usr_bob"), None);
        assert_eq!(check(&DeviceKey::new(&[4; 32]), &cookie, "usr_ada"), None);
        assert!(!cookie.contains("ada"));
    }

    #[test]
    fn a_changed_or_cut_cookie_is_none() {
        let cookie = issue(&key(), DEVICE, "usr_ada");
        let bytes = base64url::decode(&cookie).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(check(&key(), &base64url::encode(&changed), "usr_ada"), None, "byte {at}");
            assert_eq!(check(&key(), &base64url::encode(&bytes[..at]), "usr_ada"), None, "cut at {at}");
        }
        for text in ["", "x", "=", &format!("{cookie}A"), &format!("{cookie}=")] {
            assert_eq!(check(&key(), text, "usr_ada"), None, "{text}");
        }
    }
}
