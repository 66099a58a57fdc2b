//! What of a configuration can be taken up while the server runs, and what it takes a restart for.

use super::{Config, Effective};

/// Settings that are taken up at once; a name that ends in a dot stands for a section. All others need a restart.
const AT_ONCE: [&str; 22] = [
    "account.",
    "http.trusted_proxies",
    "http.max_body",
    "http.tls.",
    "factors.",
    "session.",
    "tokens.",
    "keys.",
    "password.min_length",
    "throttle.pair.",
    "throttle.account.",
    "throttle.address.",
    "throttle.request_uri.",
    "throttle.client_keys.",
    "throttle.backchannel_waiting",
    "throttle.max_delay",
    "throttle.window",
    "pages.",
    "sign_up",
    "ssf.max_waiting",
    "audit.retention",
    "log.level",
];

/// A setting that was found to have another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its dotted path.
    pub path: &'static str,
    /// What it was; masked if it is a secret.
    pub from: String,
    /// What it is now; masked if it is a secret.
    pub to: String,
    /// When it counts.
    pub when: When,
}

/// When a changed setting counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From now on.
    Now,
    /// After the next start.
    Restart,
}

impl Config {
    /// This configuration with all that can change at once taken from `new`. TLS can be read from other files, but neither begin
    /// nor end.
    #[must_use]
    pub fn take_up(&self, new: &Self) -> Self {
        let mut next = self.clone();
        next.http.trusted_proxies.clone_from(&new.http.trusted_proxies);
        next.http.max_body_bytes = new.http.max_body_bytes;
        if self.http.tls.is_some() && new.http.tls.is_some() {
            next.http.tls.clone_from(&new.http.tls);
        }
        next.factors.clone_from(&new.factors);
        next.session = new.session;
        next.tokens = new.tokens;
        next.keys = new.keys;
        next.password.min_length = new.password.min_length;
        next.throttle.pair = new.throttle.pair;
        next.throttle.account = new.throttle.account;
        next.throttle.address = new.throttle.address;
        next.throttle.request_uri = new.throttle.request_uri;
        next.throttle.client_keys = new.throttle.client_keys;
        next.throttle.backchannel_waiting = new.throttle.backchannel_waiting;
        next.pages.clone_from(&new.pages);
        next.sign_up = new.sign_up;
        next.account.clone_from(&new.account);
        next.ssf.max_waiting = new.ssf.max_waiting;
        next.audit = new.audit;
        next.log.level.clone_from(&new.log.level);
        next
    }
}

/// What differs between the settings in force and those read now, in reading order. `secret_changed` tells of a secret by its path,
/// since two masked values look alike.
pub fn changes(
    before: &[Effective],
    now: &[Effective],
    tls_stays: bool,
    secret_changed: impl Fn(&str) -> bool,
) -> Vec<Change> {
    let pairs = before.iter().zip(now);
    pairs
        .filter(|(before, now)| before.value != now.value || secret_changed(now.setting.path))
        .map(|(before, now)| {
            let path = now.setting.path;
            let at_once = AT_ONCE.iter().any(|name| path == *name || (name.ends_with('.') && path.starts_with(name)));
            let when = if at_once && (tls_stays || !path.starts_with("http.tls.")) { When::Now } else { When::Restart };
            Change { path, from: before.value.clone(), to: now.value.clone(), when }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Loaded, Mode, SETTINGS, Sources, load};
    use super::*;

    fn with(flags: &[(&'static str, &str)]) -> Loaded {
        let tls = [("http.tls.cert", "cert.pem"), ("http.tls.key", "key.pem")];
        let flags = tls.iter().chain(flags).map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
        load(&Sources { flags, mode: Mode::Production, ..Sources::default() }).unwrap()
    }

    fn another(kind: Kind, default: &str) -> String {
        let known = match kind {
            Kind::Choice(words) => return words.iter().find(|word| **word != default).unwrap().to_string(),
            Kind::Duration { min, .. } => format!("{}s", min + 1),
            Kind::Integer { min, .. } => (min + 2).to_string(),
            Kind::List if default.starts_with("passkey") => "totp".to_owned(),
            Kind::List if default.starts_with("name") => "name".to_owned(),
            Kind::List => "1=pwd".to_owned(),
            Kind::Listen => "127.0.0.1:1".to_owned(),
            Kind::Networks => "10.0.0.0/8".to_owned(),
            Kind::Path => "elsewhere".to_owned(),
            Kind::Secret => "A".repeat(43),
            Kind::Size { min, .. } => format!("{}KiB", min / 1024 + 3),
            Kind::Text => "warn".to_owned(),
        };
        assert_ne!(known, default);
        known
    }

    /// What is said to count at once does, and what is said to need a restart changes nothing before it.
    #[test]
    fn each_setting_does_what_is_said_of_it() {
        let before = with(&[]);
        for setting in SETTINGS {
            let text = match setting.path {
                "pages.support" => "help@example.com".to_owned(),
                _ => another(setting.kind, setting.default),
            };
            let now = with(&[(setting.path, &text)]);
            let found = changes(&before.effective, &now.effective, true, |_| false);
            assert_eq!(found.len(), 1, "{}: {found:?}", setting.path);
            let taken_up = before.config.take_up(&now.config);
            let differs = format!("{taken_up:?}") != format!("{:?}", before.config);
            assert_eq!(differs, found[0].when == When::Now, "{}", setting.path);
        }
    }

    #[test]
    fn a_secret_that_changed_is_told_without_its_value() {
        let (before, now) = (with(&[("master_key", &"A".repeat(43))]), with(&[("master_key", &"B".repeat(43))]));
        let found = changes(&before.effective, &now.effective, true, |path| path == "master_key");
        let masked = "********".to_owned();
        let told = Change { path: "master_key", from: masked.clone(), to: masked, when: When::Restart };
        assert_eq!(found, [told]);
    }

    #[test]
    fn tls_neither_begins_nor_ends_while_it_runs() {
        let (with_tls, mut without) = (with(&[]), with(&[]));
        without.config.http.tls = None;
        assert!(with_tls.config.take_up(&without.config).http.tls.is_some());
        assert!(without.config.take_up(&with_tls.config).http.tls.is_none());
    }
}
