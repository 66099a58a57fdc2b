//! Known devices (security 125): a browser in which an account has signed in before is not kept waiting by what strangers
//! elsewhere guess at that account.
//!
//! The device cookie says which account and which device, under a key of its own; it signs nobody in. Attempts that
//! bring it are counted per device and account instead of per account, so a stolen one buys as many guesses as one
//! address has, and no more. A browser keeps one entry for each of the last [`MOST`] accounts that signed in there, with the time of the last
//! sign-in: a device that an account has not seen since its password changed is new to it (`account/new_device.rs`).

use aws_lc_rs::hmac;
use symbolon_jose::base64url;
use symbolon_oauth::Rng;

/// How long a browser keeps the cookie after a sign-in, in seconds.
pub const LIFETIME_SECS: u64 = 365 * 86_400;
/// Accounts that a browser is a known device of: those of a household.
pub const MOST: usize = 4;
const VERSION: u8 = 2;
const ID_LEN: usize = 16;
const ACCOUNT_LEN: usize = 16;
const TIME_LEN: usize = 8;
/// Between entries; no sign of base64url.
const BETWEEN: char = '.';

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

/// What an entry of the cookie proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Known {
    /// Which device.
    pub device: Device,
    /// When the account last signed in there, Unix seconds.
    pub seen_at: u64,
}

/// Makes the cookie that says: `user_id` has signed in on `device` at `now`. What `before` proves of other accounts stays in it, the latest first.
pub fn issue(key: &DeviceKey, before: Option<&str>, device: Device, user_id: &str, now: u64) -> String {
    let account = account(user_id);
    let time = now.to_be_bytes();
    let tag = hmac::sign(&key.0, &message(&account, &device.0, time));
    let entry = base64url::encode(&[&[VERSION][..], &account, &device.0, &time, tag.as_ref()].concat());
    let others = entries(before.unwrap_or_default())
        .filter(|text| read(key, text).is_some_and(|(whose, _)| whose != account))
        .map(str::to_owned);
    let all: Vec<String> = std::iter::once(entry).chain(others).take(MOST).collect();
    all.join(&BETWEEN.to_string())
}

/// The device that `cookie` proves for `user_id`; `None` if it is forged, or of other accounts only.
pub fn check(key: &DeviceKey, cookie: &str, user_id: &str) -> Option<Device> {
    known(key, cookie, user_id).map(|known| known.device)
}

/// A device that `cookie` proves for some account, whichever: no name has to be looked up for it.
pub fn of_anybody(key: &DeviceKey, cookie: &str) -> Option<Device> {
    entries(cookie).find_map(|text| read(key, text)).map(|(_, known)| known.device)
}

/// What [`check`] says, and when it was last seen.
pub fn known(key: &DeviceKey, cookie: &str, user_id: &str) -> Option<Known> {
    let account = account(user_id);
    entries(cookie).filter_map(|text| read(key, text)).find(|(whose, _)| *whose == account).map(|(_, known)| known)
}

fn entries(cookie: &str) -> impl Iterator<Item = &str> {
    cookie.split(BETWEEN).take(MOST)
}

/// Whose entry it is, and what it proves.
fn read(key: &DeviceKey, entry: &str) -> Option<([u8; ACCOUNT_LEN], Known)> {
    let bytes = base64url::decode(entry).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (account, rest) = rest.split_first_chunk::<ACCOUNT_LEN>()?;
    let (id, rest) = rest.split_first_chunk::<ID_LEN>()?;
    let (time, tag) = rest.split_first_chunk::<TIME_LEN>()?;
    hmac::verify(&key.0, &message(account, id, *time), tag).ok()?;
    let known = Known { device: Device(*id), seen_at: u64::from_be_bytes(*time) };
    (*version == VERSION).then_some((*account, known))
}

fn account(user_id: &str) -> [u8; ACCOUNT_LEN] {
    let digest = symbolon_jose::sha256(format!("symbolon device {user_id}").as_bytes());
    let mut account = [0; ACCOUNT_LEN];
    account.copy_from_slice(&digest[..ACCOUNT_LEN]);
    account
}

/// Every part has one length.
fn message(account: &[u8; ACCOUNT_LEN], id: &[u8; ID_LEN], time: [u8; TIME_LEN]) -> Vec<u8> {
    [b"symbolon device v2\0", &account[..], id, &time].concat()
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
        let cookie = issue(&key(), None, DEVICE, "usr_ada", 5);
        assert_eq!(known(&key(), &cookie, "usr_ada"), Some(Known { device: DEVICE, seen_at: 5 }));
        assert_eq!(check(&key(), &cookie, "usr_bob"), None);
        assert_eq!(check(&DeviceKey::new(&[4; 32]), &cookie, "usr_ada"), None);
        assert!(!cookie.contains("ada"));
    }

    #[test]
    fn a_changed_or_cut_cookie_is_none() {
        let cookie = issue(&key(), None, DEVICE, "usr_ada", 5);
        let bytes = base64url::decode(&cookie).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(check(&key(), &base64url::encode(&changed), "usr_ada"), None, "byte {at}");
            assert_eq!(check(&key(), &base64url::encode(&bytes[..at]), "usr_ada"), None, "cut at {at}");
        }
        for text in ["", "x", "=", ".", &format!("{cookie}A"), &format!("{cookie}=")] {
            assert_eq!(check(&key(), text, "usr_ada"), None, "{text}");
        }
    }

    #[test]
    fn a_household_shares_a_browser_and_whoever_came_first_goes_first() {
        let all = ["ann", "ben", "cid", "dot", "eve"];
        let of = |n: u8| Device([n; ID_LEN]);
        let mut cookie = String::new();
        for (name, n) in all.iter().zip(1..) {
            cookie = issue(&key(), Some(&cookie), of(n), name, u64::from(n));
        }
        let known: Vec<_> = all.iter().map(|name| known(&key(), &cookie, name).map(|it| it.seen_at)).collect();
        assert_eq!(known, [None, Some(2), Some(3), Some(4), Some(5)]);
        let again = issue(&key(), Some(&cookie), of(3), "cid", 9);
        assert_eq!(again.split('.').count(), MOST, "once for each account");
        assert!(again.len() <= 512, "a cookie longer than that is not looked at");
        assert_eq!(super::known(&key(), &again, "cid").unwrap().seen_at, 9);
    }

    #[test]
    fn what_was_planted_in_the_cookie_is_dropped() {
        let planted = format!("x.{}", issue(&DeviceKey::new(&[4; 32]), None, DEVICE, "usr_eve", 5));
        assert!(!issue(&key(), Some(&planted), DEVICE, "usr_ada", 5).contains('.'));
    }
}
