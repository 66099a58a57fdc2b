//! How failed attempts are slowed down (security 124 and 125; specs rule 11).
//!
//! Four counters per attempt, each with its own [`Limit`]: this account from this address, this account
//! from anywhere, anything from this address, anything from its network. Somebody who guesses from one place waits up to a quarter
//! of an hour; the account's owner, elsewhere, waits half a minute at most. Whoever polls from many addresses could take
//! every one of those turns, so a device that the account knows ([`Device`]) has a counter of its own instead of the
//! account's: nobody can be locked out.
//! The network's is for who guesses from many addresses of one, and waits are short there: neighbours are slowed by it, too. Nobody is who comes from a
//! known device, or has done some work (`session/work.rs`).
//! Pure: the counting is done elsewhere ([`Attempts`](super::attempts::Attempts)), before the password is looked at.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use symbolon_jose::base64url;
use symbolon_store::ThrottleKey;

use super::normalize::Identifier;
use crate::session::device::Device;

/// The limits of sign-in and of every other place where a password is tried.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottlePolicy {
    /// One account from one address.
    pub pair: Limit,
    /// One account from everywhere.
    pub account: Limit,
    /// One address, whatever the account.
    pub address: Limit,
    /// One network, whatever the address.
    pub subnet: Limit,
}

/// Whether somebody has done work for their attempt (`session/work.rs`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Effort {
    /// They have.
    Made,
    /// They have not.
    #[default]
    None,
}

/// Which guess at a code it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Guess {
    /// The first.
    First,
    /// One after it.
    Later,
}

/// Attempts that cost nothing, then waits that double.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Failures without a wait.
    pub free: u32,
    /// The first wait, in seconds.
    pub base_delay_secs: u64,
    /// The longest wait, in seconds.
    pub max_delay_secs: u64,
    /// Failures are forgotten after this long, in seconds.
    pub window_secs: u64,
}

const QUARTER_HOUR: u64 = 15 * 60;

impl Default for ThrottlePolicy {
    fn default() -> Self {
        let limit =
            |free, max_delay_secs| Limit { free, base_delay_secs: 1, max_delay_secs, window_secs: QUARTER_HOUR };
        Self {
            pair: limit(5, QUARTER_HOUR),
            account: limit(20, 30),
            address: limit(100, QUARTER_HOUR),
            subnet: limit(1_000, 30),
        }
    }
}

/// Whose password is tried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Account<'a> {
    /// A user on record, by id, so that user name and e-mail count as one.
    Known(&'a str),
    /// Nobody on record: counted all the same, so that the answer tells nothing.
    Unknown(&'a Identifier),
    /// Text that is no identifier at all.
    Unreadable,
}

impl ThrottlePolicy {
    /// The counters of one attempt, for the store.
    pub fn keys(&self, account: &Account<'_>, address: IpAddr, device: Option<Device>) -> Vec<ThrottleKey> {
        let (who, place) = (name_account(account), name_address(address));
        vec![
            key(format!("pair:{who}:{place}"), self.pair),
            match device {
                Some(device) => key(name_device(&who, device), self.pair),
                None => key(format!("account:{who}"), self.account),
            },
            key(format!("address:{place}"), self.address),
        ]
    }

    /// The counter of attempts to sign in from a network. Those who are known, or have made an effort, are not kept waiting by it, and not counted
    /// either: a count moves the end of the wait, so they could hold it up for everybody else.
    pub fn subnet_key(&self, address: IpAddr, device: Option<Device>, effort: Effort) -> Option<ThrottleKey> {
        let is_counted = device.is_none() && effort == Effort::None;
        is_counted.then(|| key(name_subnet("subnet", address), self.subnet))
    }

    /// The counter of what can be asked for without proving anything, each of which may send a letter: sign-ups, codes by mail, links for a new password.
    pub fn asked_subnet_key(&self, address: IpAddr, effort: Effort) -> Option<ThrottleKey> {
        (effort == Effort::None).then(|| key(name_subnet("asked_subnet", address), self.subnet))
    }

    /// The counters that a right password gives its one attempt back: that of the network, where it was counted there.
    pub fn given_back_at_sign_in(address: IpAddr, network: Option<&ThrottleKey>) -> Vec<String> {
        let mut keys = Self::given_back_keys(address);
        keys.extend(network.map(|one| one.key.clone()));
        keys
    }

    /// The counters of a guess at a device's user code, which only somebody who is signed in can make (RFC 8628 §5.1): this person from
    /// anywhere, and anything from this address. A success gives both back; it forgets none, or whoever has a device of their own could
    /// guess for ever.
    pub fn user_code_keys(&self, user_id: &str, address: IpAddr) -> Vec<ThrottleKey> {
        let who = name_account(&Account::Known(user_id));
        vec![
            key(format!("user_code:{who}"), self.pair),
            key(format!("address:{}", name_address(address)), self.address),
        ]
    }

    /// The counters of a guess at a second factor, which only somebody who knows the password can make: this account from anywhere, or one device that it
    /// knows, and anything from this address. So strict a count of an account would keep its owner out, did not each device of theirs have its own. And
    /// since whoever has the password could make their browsers known one after the other while nothing else was asked, there is a wide one of
    /// the account with all its devices. A million codes, three of them right: both count for a day, not for minutes.
    pub fn factor_keys(&self, user_id: &str, address: IpAddr, device: Option<Device>) -> Vec<ThrottleKey> {
        let (hour, day) = (4 * QUARTER_HOUR, 96 * QUARTER_HOUR);
        let one = Limit { base_delay_secs: 60, max_delay_secs: hour, window_secs: day, ..self.pair };
        let all = Limit { free: 100, base_delay_secs: 60, max_delay_secs: QUARTER_HOUR, window_secs: day };
        vec![
            key(name_factor(user_id, device), one),
            key(name_factors(user_id), all),
            key(format!("address:{}", name_address(address)), self.address),
        ]
    }

    /// The counters that a right second factor gives its one attempt back.
    pub fn right_factor_keys(user_id: &str, address: IpAddr) -> Vec<String> {
        let mut keys = Self::given_back_keys(address);
        keys.push(name_factors(user_id));
        keys
    }

    /// The counter that a right second factor forgets.
    pub fn forgotten_factor_keys(user_id: &str, device: Option<Device>) -> Vec<String> {
        vec![name_factor(user_id, device)]
    }

    /// The counter of passkeys that were shown and not right: nobody is named there, so anything from this address.
    pub fn passkey_keys(&self, address: IpAddr) -> Vec<ThrottleKey> {
        vec![key(format!("address:{}", name_address(address)), self.address)]
    }

    /// The counter of device codes that anybody can ask for and that nobody has allowed yet: each takes room in the store, and makes guessing
    /// one of them easier.
    pub fn device_start_key(&self, address: IpAddr) -> ThrottleKey {
        key(format!("device_start:{}", name_address(address)), self.address)
    }

    /// The counter of requests that anybody can push in the name of a public client, and that brought nothing yet: each takes room in the
    /// store until the person behind it would have had time to answer. People leave sign-in pages without an answer every day, and many
    /// share an address: ten times what may fail there passes, and nobody waits longer than a minute.
    pub fn push_key(&self, address: IpAddr) -> ThrottleKey {
        let Limit { free, max_delay_secs, .. } = self.address;
        let limit = Limit { free: free.saturating_mul(10), max_delay_secs: max_delay_secs.min(60), ..self.address };
        key(format!("push:{}", name_address(address)), limit)
    }

    /// The counter of clients that registered themselves without being invited: each takes room in every node's memory.
    pub fn registration_key(&self, address: IpAddr, free: u32) -> ThrottleKey {
        let hour = 3600;
        let limit = Limit { free, base_delay_secs: 60, max_delay_secs: hour, window_secs: hour };
        key(format!("registration:{}", name_address(address)), limit)
    }

    /// The counters of wishes for a new password by mail from one address: anybody can have them, each takes room in the store, and the answer
    /// to all of them is the same. So that strangers at that address, or in its network, keep nobody waiting, a browser that any account knows has a
    /// count of its own, and a small one; how much a mailbox gets is counted there ([`ThrottlePolicy::reset_mail_key`]).
    pub fn reset_asked_keys(&self, address: IpAddr, device: Option<Device>, effort: Effort) -> Vec<ThrottleKey> {
        let place = name_address(address);
        if let (Effort::None, Some(device)) = (effort, device) {
            return self.asked_by_device("reset_asked", device, &place);
        }
        let asked = key(format!("reset_asked:{place}"), self.address);
        std::iter::once(asked).chain(self.asked_subnet_key(address, effort)).collect()
    }

    /// The counters of what is asked for by mail in a browser that an account knows. Whoever has one account can have many such browsers: together they
    /// ask from an address for as much as those that nobody knows.
    fn asked_by_device(&self, kind: &str, device: Device, place: &str) -> Vec<ThrottleKey> {
        vec![
            key(format!("{kind}_device:{}", device.name()), self.pair),
            key(format!("{kind}_known:{place}"), self.address),
        ]
    }

    /// The counter of links for a new password that one account was sent: five in an hour, then one every quarter of an hour and rarer, so
    /// that nobody fills a stranger's mailbox. Not a setting: the owner has the links already. A device that the account knows has one of its own, so
    /// that strangers do not use up its owner's.
    pub fn reset_mail_key(user_id: &str, device: Option<Device>) -> ThrottleKey {
        asked_mail_key("reset_mail", user_id, device)
    }

    /// The counters of wishes for a code by mail: from one address, as those for a new password, and from its network. So that a stranger there keeps
    /// nobody out, a browser that any account knows has a count of its own, and who has made an effort one on which nobody waits for long.
    pub fn email_code_asked_keys(&self, address: IpAddr, device: Option<Device>, effort: Effort) -> Vec<ThrottleKey> {
        let place = name_address(address);
        match (effort, device) {
            (Effort::Made, _) => vec![key(format!("email_code_worked:{place}"), self.subnet)],
            (Effort::None, Some(device)) => self.asked_by_device("email_code", device, &place),
            (Effort::None, None) => {
                let asked = key(format!("email_code_asked:{place}"), self.address);
                std::iter::once(asked).chain(self.asked_subnet_key(address, effort)).collect()
            }
        }
    }

    /// The counter of codes that one account was sent: five in an hour, then rarer. So few can be guessed at, five times each, which is what keeps
    /// strangers from guessing their way in. A device that the account knows has one of its own, so that they cannot use up its owner's either.
    pub fn email_code_mail_key(user_id: &str, device: Option<Device>) -> ThrottleKey {
        asked_mail_key("email_code_mail", user_id, device)
    }

    /// The same of codes beside a password, apart: only who knows the password uses these up.
    pub fn second_step_mail_key(user_id: &str, device: Option<Device>) -> ThrottleKey {
        asked_mail_key("second_step_mail", user_id, device)
    }

    /// The counter of letters about sign-ins from where an account was not known: ten in an hour say enough.
    pub fn new_device_mail_key(user_id: &str) -> ThrottleKey {
        let hour = 4 * QUARTER_HOUR;
        let limit = Limit { free: 10, base_delay_secs: QUARTER_HOUR, max_delay_secs: hour, window_secs: hour };
        key(format!("new_device_mail:{}", name_account(&Account::Known(user_id))), limit)
    }

    /// The counters of sign-ups, each of which sends a letter: anything from this address, and whatever is sent to this mailbox. Five letters
    /// in an hour, then rarer, so that nobody fills a stranger's mailbox; not a setting, since whoever owns it has them already.
    pub fn sign_up_keys(&self, mailbox: &Identifier, address: IpAddr) -> Vec<ThrottleKey> {
        let hour = 4 * QUARTER_HOUR;
        let limit = Limit { free: 5, base_delay_secs: 60, max_delay_secs: hour, window_secs: hour };
        vec![
            key(format!("sign_up:{}", name_address(address)), self.address),
            key(format!("sign_up_mail:{}", name_account(&Account::Unknown(mailbox))), limit),
        ]
    }

    /// The counters of wishes for another address: those of letters to the mailbox and from this address as at a sign-up, and all of this account,
    /// which could else write to any number of strangers.
    pub fn email_change_keys(&self, user_id: &str, mailbox: &Identifier, address: IpAddr) -> Vec<ThrottleKey> {
        let hour = 4 * QUARTER_HOUR;
        let limit = Limit { free: 10, base_delay_secs: 60, max_delay_secs: hour, window_secs: 24 * hour };
        let mut keys = self.sign_up_keys(mailbox, address);
        keys.push(key(format!("email_change:{}", name_account(&Account::Known(user_id))), limit));
        keys
    }

    /// The counters of guesses at a sign-up's code: anything from this address, and whatever is guessed for this mailbox after the first guess at its
    /// code, ten in a day, then one in two hours. The first at each code is not held up by what strangers have guessed at theirs, so that the
    /// owner's right code need not wait. There are as few of those as there are letters: at five in an hour, a hundred million codes take centuries.
    pub fn sign_up_code_keys(&self, mailbox: &Identifier, address: IpAddr, guess: Guess) -> Vec<ThrottleKey> {
        let (hour, day) = (4 * QUARTER_HOUR, 96 * QUARTER_HOUR);
        let limit = Limit { free: 10, base_delay_secs: 120, max_delay_secs: 2 * hour, window_secs: day };
        let anything = key(format!("address:{}", name_address(address)), self.address);
        match guess {
            Guess::First => vec![anything],
            Guess::Later => {
                vec![key(format!("sign_up_code:{}", name_account(&Account::Unknown(mailbox))), limit), anything]
            }
        }
    }

    /// The counter of guesses at one code, by the public name of what waits for it: the fifth that is wrong is the last.
    pub fn one_code_key(name: &str) -> ThrottleKey {
        let limit = Limit { free: 5, base_delay_secs: 3600, max_delay_secs: 3600, window_secs: 3600 };
        key(format!("code:{name}"), limit)
    }

    /// The counter that tells the first guess at one code from those after it.
    pub fn first_guess_key(name: &str) -> ThrottleKey {
        let limit = Limit { free: 1, base_delay_secs: 3600, max_delay_secs: 3600, window_secs: 3600 };
        key(format!("first_guess:{name}"), limit)
    }

    /// The counters that a sign-up gives its one attempt back which sent no letter.
    pub fn unsent_keys(&self, mailbox: &Identifier, address: IpAddr, effort: Effort) -> Vec<String> {
        let letters = self.sign_up_keys(mailbox, address).into_iter();
        letters.chain(self.asked_subnet_key(address, effort)).map(|one| one.key).collect()
    }

    /// The counters that the right code gives its one attempt back.
    pub fn right_code_keys(&self, mailbox: &Identifier, address: IpAddr, guess: Guess) -> Vec<String> {
        self.sign_up_code_keys(mailbox, address, guess).into_iter().map(|one| one.key).collect()
    }

    /// The counters that a success forgets. On a known device the account's stays: what strangers guess elsewhere does
    /// not become free because the owner signs in.
    pub fn forgotten_keys(account: &Account<'_>, address: IpAddr, device: Option<Device>) -> Vec<String> {
        let (who, place) = (name_account(account), name_address(address));
        let whole = device.map_or_else(|| format!("account:{who}"), |device| name_device(&who, device));
        vec![format!("pair:{who}:{place}"), whole]
    }

    /// The counter that a success gives its one attempt back. The address keeps what failed: somebody with one
    /// account of their own must not be able to wipe the slate between guesses at others.
    pub fn given_back_keys(address: IpAddr) -> Vec<String> {
        vec![format!("address:{}", name_address(address))]
    }
}

fn key(key: String, limit: Limit) -> ThrottleKey {
    let Limit { free, base_delay_secs, max_delay_secs, window_secs } = limit;
    ThrottleKey { key, free, base_delay_secs, max_delay_secs, window_secs }
}

fn asked_mail_key(kind: &str, user_id: &str, device: Option<Device>) -> ThrottleKey {
    let hour = 4 * QUARTER_HOUR;
    let limit = Limit { free: 5, base_delay_secs: QUARTER_HOUR, max_delay_secs: hour, window_secs: hour };
    let who = name_account(&Account::Known(user_id));
    match device {
        Some(device) => key(format!("{kind}:{who}:{}", device.name()), limit),
        None => key(format!("{kind}:{who}"), limit),
    }
}

fn name_factors(user_id: &str) -> String {
    format!("factors:{}", name_account(&Account::Known(user_id)))
}

fn name_factor(user_id: &str, device: Option<Device>) -> String {
    let who = name_account(&Account::Known(user_id));
    match device {
        Some(device) => format!("factor:{who}:{}", device.name()),
        None => format!("factor:{who}"),
    }
}

fn name_device(who: &str, device: Device) -> String {
    format!("device:{who}:{}", device.name())
}

/// Hashed, because people type passwords into the wrong field, and so that every key has one length.
fn name_account(account: &Account<'_>) -> String {
    let (kind, text) = match account {
        Account::Known(id) => ("user", *id),
        Account::Unknown(identifier) => ("name", identifier.as_str()),
        Account::Unreadable => ("none", ""),
    };
    let digest = symbolon_jose::sha256(format!("symbolon throttle {kind} {text}").as_bytes());
    base64url::encode(&digest[..16])
}

/// An IPv4 address, or the /64 of an IPv6 one: a subscriber has at least that many.
pub(crate) fn name_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// An IPv4 network of 24 bits, or an IPv6 one of 48: what one who rents addresses gets at once.
fn name_subnet(kind: &str, address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{kind}:{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{kind}:{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(account: &Account<'_>, address: &str) -> Vec<String> {
        let keys = ThrottlePolicy::default().keys(account, address.parse().unwrap(), None);
        keys.into_iter().map(|key| key.key).collect()
    }

    #[test]
    fn the_defaults_throttle_within_ten_and_lock_nobody_out() {
        let policy = ThrottlePolicy::default();
        assert!(policy.pair.free < 10, "security 124");
        assert!(policy.account.max_delay_secs <= 30, "security 125");
        assert_eq!(policy.address.free, 100);
    }

    #[test]
    fn three_counters_of_which_two_are_forgotten_and_one_gets_its_attempt_back() {
        let account = Account::Known("usr_1");
        let names = names(&account, "192.0.2.7");
        assert!(names[0].starts_with("pair:") && names[1].starts_with("account:"));
        assert_eq!(names[2], "address:192.0.2.7");
        let address = "192.0.2.7".parse().unwrap();
        assert_eq!(ThrottlePolicy::forgotten_keys(&account, address, None), names[..2]);
        assert_eq!(ThrottlePolicy::given_back_keys(address), names[2..]);
    }

    #[test]
    fn a_known_device_has_a_counter_instead_of_the_accounts() {
        let (policy, account, address) =
            (ThrottlePolicy::default(), Account::Known("usr_1"), "192.0.2.7".parse().unwrap());
        let device = Device::new(&mut crate::rng::SystemRng);
        let keys = policy.keys(&account, address, Some(device));
        assert!(keys[1].key.starts_with("device:") && keys[1].free == policy.pair.free);
        assert!(keys.iter().all(|key| !key.key.starts_with("account:")));
        let forgotten = ThrottlePolicy::forgotten_keys(&account, address, Some(device));
        assert_eq!(forgotten, [keys[0].key.clone(), keys[1].key.clone()]);
        assert_ne!(policy.keys(&Account::Known("usr_2"), address, Some(device))[1].key, keys[1].key);
    }

    #[test]
    fn guesses_at_user_codes_follow_the_person_everywhere_rfc_8628_5_1() {
        let policy = ThrottlePolicy::default();
        let keys = |user: &str, address: &str| -> Vec<String> {
            policy.user_code_keys(user, address.parse().unwrap()).into_iter().map(|key| key.key).collect()
        };
        let (here, there) = (keys("usr_1", "192.0.2.7"), keys("usr_1", "192.0.2.8"));
        assert_eq!(here[0], there[0]);
        assert_ne!(here[1], there[1]);
        assert_ne!(here[0], keys("usr_2", "192.0.2.7")[0]);
        assert_eq!(here[1], names(&Account::Known("usr_1"), "192.0.2.7")[2], "one count of what fails at an address");
        let start = policy.device_start_key("192.0.2.7".parse().unwrap());
        assert!(!here.contains(&start.key), "devices that wait keep nobody from signing in");
        let push = policy.push_key("192.0.2.7".parse().unwrap());
        assert!(!here.contains(&push.key) && push.key != start.key, "nor do pages that somebody has left");
        assert_eq!((push.free, push.max_delay_secs), (1_000, 60));
        let asked = |device| policy.reset_asked_keys("192.0.2.7".parse().unwrap(), device, Effort::None).remove(0);
        assert!(!here.contains(&asked(None).key), "whoever has forgotten a password can still sign in");
        let known = asked(Some(Device::new(&mut crate::rng::SystemRng)));
        assert_ne!(known.key, asked(None).key, "what strangers ask for here is not counted against a known browser");
        assert_eq!((known.free, asked(None).free), (policy.pair.free, policy.address.free), "and it may ask for less");
        let key = |user_id, device| ThrottlePolicy::reset_mail_key(user_id, device).key;
        assert_ne!(key("usr_1", None), key("usr_2", None));
        let device = Some(Device::new(&mut crate::rng::SystemRng));
        assert_ne!(key("usr_1", None), key("usr_1", device), "strangers do not use up what a known browser asks");
    }

    #[test]
    fn another_account_or_address_is_another_counter() {
        let (one, two) = (names(&Account::Known("1"), "192.0.2.7"), names(&Account::Known("2"), "192.0.2.7"));
        assert_ne!(one[0], two[0]);
        assert_ne!(one[1], two[1]);
        assert_eq!(one[2], two[2]);
        let elsewhere = names(&Account::Known("1"), "192.0.2.8");
        assert_ne!(one[0], elsewhere[0]);
        assert_eq!(one[1], elsewhere[1]);
    }

    #[test]
    fn an_unknown_name_cannot_touch_a_known_users_counter() {
        let name = Identifier::parse("usr_1").unwrap();
        assert_ne!(names(&Account::Unknown(&name), "192.0.2.7")[1], names(&Account::Known("usr_1"), "192.0.2.7")[1]);
    }

    #[test]
    fn an_ipv6_subscriber_is_one_address_and_mapped_ipv4_is_ipv4() {
        let key = |address: &str| names(&Account::Unreadable, address)[2].clone();
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), "address:192.0.2.7");
    }

    #[test]
    fn guesses_at_a_second_factor_count_for_a_day_and_with_those_of_all_devices_of_the_account() {
        let keys = |device| ThrottlePolicy::default().factor_keys("usr_1", "192.0.2.7".parse().unwrap(), device);
        let (stranger, own) = (keys(None), keys(Some(Device::new(&mut crate::rng::SystemRng))));
        assert_ne!(stranger[0].key, own[0].key, "a stranger does not keep the owner out of a device of theirs");
        assert_eq!((&stranger[1], stranger[1].free), (&own[1], 100));
        assert!(stranger[..2].iter().all(|key| key.window_secs == 86_400 && key.base_delay_secs == 60));
        let right = ThrottlePolicy::right_factor_keys("usr_1", "192.0.2.7".parse().unwrap());
        assert_eq!(right, [own[2].key.clone(), own[1].key.clone()], "what failed before still counts");
    }

    #[test]
    fn a_network_is_one_counter_that_neither_sees_nor_keeps_who_is_known_or_has_worked() {
        let policy = ThrottlePolicy::default();
        let counted = |address: &str, device, effort| policy.subnet_key(address.parse().unwrap(), device, effort);
        let key = |address: &str, device, effort| counted(address, device, effort).unwrap();
        let stranger = key("192.0.2.7", None, Effort::None);
        assert_eq!((&*stranger.key, stranger.free, stranger.max_delay_secs), ("subnet:192.0.2.0/24", 1_000, 30));
        assert_eq!(key("192.0.2.200", None, Effort::None), stranger);
        assert_ne!(key("192.0.3.7", None, Effort::None).key, stranger.key);
        assert_eq!(key("2001:db8:1:2::1", None, Effort::None).key, key("2001:db8:1:ffff::9", None, Effort::None).key);
        let known = counted("192.0.2.7", Some(Device::new(&mut crate::rng::SystemRng)), Effort::None);
        assert_eq!([known, counted("192.0.2.7", None, Effort::Made)], [None, None], "they would hold the wait up");
        let asked = |effort| policy.asked_subnet_key("192.0.2.7".parse().unwrap(), effort);
        assert_ne!(
            asked(Effort::None).unwrap().key,
            stranger.key,
            "letters that are asked for keep nobody from signing in"
        );
        assert_eq!(asked(Effort::Made), None);
    }

    #[test]
    fn what_was_typed_never_stands_in_a_key() {
        let typed = Identifier::parse("my-password-by-mistake").unwrap();
        assert!(names(&Account::Unknown(&typed), "192.0.2.7").iter().all(|key| !key.contains("password")));
    }

    #[test]
    fn letters_of_a_sign_up_and_guesses_at_its_code_are_counted_apart() {
        let (policy, address) = (ThrottlePolicy::default(), "192.0.2.7".parse().unwrap());
        let ada = Identifier::parse("ada@example.com").unwrap();
        let (letters, codes) =
            (policy.sign_up_keys(&ada, address), policy.sign_up_code_keys(&ada, address, Guess::Later));
        let first = policy.sign_up_code_keys(&ada, address, Guess::First);
        assert!(first.iter().all(|key| key.key != codes[0].key), "who uses up one keeps nobody from the other");
        assert_eq!((first.len(), codes[0].free), (1, 10), "one first guess for each letter, which are counted");
        let sign_in = policy.keys(&Account::Unknown(&ada), address, None);
        for letter in &letters {
            assert!(sign_in.iter().chain(&codes).all(|other| other.key != letter.key), "{}", letter.key);
        }
        assert_eq!(codes[1].key, sign_in[2].key, "whoever guesses here has guessed there, too");
        let bob = Identifier::parse("bob@example.com").unwrap();
        assert_ne!(policy.sign_up_keys(&bob, address)[1].key, letters[1].key);
        assert!(ThrottlePolicy::one_code_key("a").base_delay_secs > 20 * 60, "no sixth guess while it works");
    }
}
