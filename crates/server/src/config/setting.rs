//! The one table of settings: path, kind, default and what it means. The file's keys, the environment's names, `config show`,
//! the commented file of `symbolon init` and the manual are all derived from it. Another program of ours that is configured has a
//! [`Table`] of its own, and is read alike.

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A length of time such as `"15m"`, between two bounds in seconds.
    Duration {
        /// The shortest accepted, in seconds.
        min: u64,
        /// The longest accepted, in seconds.
        max: u64,
    },
    /// A whole number between two bounds.
    Integer {
        /// The smallest accepted.
        min: u64,
        /// The largest accepted.
        max: u64,
    },
    /// `127.0.0.1:4400`, `localhost:4400`, `[::1]:4400` or `unix:/run/symbolon.sock`.
    Listen,
    /// Texts: `["2=pwd+otp", "1=pwd"]`; comma-separated in the environment.
    List,
    /// Addresses and networks: `["10.0.0.0/8", "::1"]`; comma-separated in the environment.
    Networks,
    /// A file or folder; relative to the configuration file it stands in, else to the working directory.
    Path,
    /// Never printed. `NAME_file` (in the file) and `SYMBOLON_NAME_FILE` (in the environment) name a file that holds it.
    Secret,
    /// An amount of memory such as `"1MiB"`, between two bounds in bytes.
    Size {
        /// The smallest accepted, in bytes.
        min: u64,
        /// The largest accepted, in bytes.
        max: u64,
    },
    /// Any text.
    Text,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Dotted path, as in the file: `http.tls.cert`.
    pub path: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The default as text; empty where there is none.
    pub default: &'static str,
    /// One line for people.
    pub help: &'static str,
}

impl Setting {
    /// A row of a table.
    pub const fn row(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Self {
        Self { path, kind, default, help }
    }
}

/// All settings of one program.
#[derive(Debug)]
pub struct Table {
    /// In the order in which people read them.
    pub settings: &'static [Setting],
    /// What all its names in the environment begin with.
    pub prefix: &'static str,
    /// What tells all settings: for whoever wrote one that there is not.
    pub listed: &'static str,
    /// Settings of earlier versions.
    pub gone: &'static [Gone],
}

impl Table {
    /// The setting at `path`.
    pub fn find(&self, path: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.path == path)
    }

    /// The name in the environment: `http.tls.cert` is `SYMBOLON_HTTP__TLS__CERT`.
    pub fn env_name(&self, path: &str) -> String {
        format!("{}{}", self.prefix, path.replace('.', "__").to_ascii_uppercase())
    }
}

/// The server's settings.
pub const SERVER: Table = Table {
    settings: SETTINGS,
    prefix: "SYMBOLON_",
    listed: "symbolon init NEWDIR writes a file that lists all settings",
    gone: GONE,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

const fn row(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
    Setting::row(path, kind, default, help)
}
const fn time(min: u64, max: u64) -> Kind {
    Kind::Duration { min, max }
}
const fn size(min: u64, max: u64) -> Kind {
    Kind::Size { min, max }
}
const fn count(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// Every setting, in the order in which people read them.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("issuer", Kind::Text, "", "the one exact URL of this server, fixed when the data is created; needed unless --dev"),
    row("data", Kind::Path, "symbolon-data", "folder of the database, the master key and the control socket"),
    row("master_key", Kind::Secret, "", "seals signing keys at rest; without it DATA/master.key is made on first run"),
    row("sign_up", Kind::Choice(&["off", "invitation", "clients", "open"]), "off", "who may make an account at /signup: nobody, whoever has an invitation of `symbolon user invite`, also whoever comes from a client whose registration allows it, or everybody; the last two prove addresses by mail (open with --dev)"),

    row("account.delete", Kind::Choice(&["on", "off"]), "on", "whether people can delete their own account at /account/data"),
    row("account.profile", Kind::List, "name,given_name,family_name,nickname,website,picture,birthdate,zoneinfo,locale", "profile claims that people change at /account/profile; the others they see there"),

    row("store.url", Kind::Secret, "", "postgres://user:password@host/database, for more than one node; without it DATA/symbolon.db"),
    row("store.connections", count(2, 1000), "16", "connections of this node to PostgreSQL"),
    row("store.poll", time(1, MINUTE), "1s", "how often changes of other nodes are asked for, besides their notices"),

    row("http.listen", Kind::Listen, "127.0.0.1:4400", "address to answer on: IP:PORT or unix:/PATH"),
    row("http.redirect", Kind::Listen, "", "second address, in plain HTTP, that sends browsers to the issuer and answers http-01 challenges: IP:PORT; off without it"),
    row("http.trusted_proxies", Kind::Networks, "", "proxies whose X-Forwarded-For is believed"),
    row("http.max_header", size(4 * KIB, MIB), "32KiB", "largest request head"),
    row("http.max_body", size(4 * KIB, 16 * MIB), "64KiB", "largest request body"),
    row("http.max_connections", count(1, 1_000_000), "10000", "open connections at once"),
    row("http.header_timeout", time(1, 5 * MINUTE), "10s", "time to send a request's head"),
    row("http.request_timeout", time(1, 10 * MINUTE), "30s", "time for a whole request"),
    row("http.drain_timeout", time(0, 10 * MINUTE), "20s", "time for open requests after SIGTERM"),
    row("http.tls.cert", Kind::Path, "", "certificate chain in PEM, re-read when it changes"),
    row("http.tls.key", Kind::Path, "", "private key of the certificate in PEM"),

    row("acme.terms", Kind::Choice(&["unread", "agreed"]), "unread", "agreed: certificates are ordered and renewed by ACME (RFC 8555) in place of http.tls, under the authority's terms of service, which you have read"),
    row("acme.directory", Kind::Text, "https://acme-v02.api.letsencrypt.org/directory", "the authority, Let's Encrypt unless said otherwise; its own certificate is trusted as outgoing.ca says"),
    row("acme.contact", Kind::Text, "", "address of mail to which the authority may write"),
    row("acme.domains", Kind::List, "", "names the certificate is for; without it the issuer's host, and that of mtls.url"),
    row("acme.external_account", Kind::Secret, "", "what an authority gives its customers, where it asks for it: KID:KEY, the key in base64url"),

    row("mtls.listen", Kind::Listen, "", "second address, on which clients are asked for certificates (RFC 8705): IP:PORT; with TLS only, off without it"),
    row("mtls.url", Kind::Text, "", "what clients put before the paths of that address; without it the issuer's host with that port"),
    row("mtls.ca", Kind::Path, "", "authorities in PEM whose certificates prove clients (tls_client_auth); those that clients register themselves need none"),
    row("mtls.header", Kind::Text, "", "header in which a trusted proxy hands on the certificate it was shown: client-cert (RFC 9440), or one with PEM in percent-encoding"),

    row("acr.levels", Kind::List, "urn:symbolon:acr:mfa=mfa,urn:symbolon:acr:pwd=pwd", "levels of authentication, the strongest first: NAME=METHOD+METHOD, and @10m if it holds only so long after the sign-in; methods: email, hwk, mfa, otp, pwd, swk, user"),

    row("factors.required", Kind::Choice(&["never", "new_device", "when_enrolled", "always"]), "when_enrolled", "who is asked for a second factor at sign-in: nobody; who has set one up, once per browser or each time; everybody"),
    row("factors.roles", Kind::List, "", "roles whose users are always asked, and set one up at their next sign-in if they have none: [\"admin\"]"),
    row("factors.offered", Kind::List, "passkey,totp", "what people can set up, at sign-in where they must have one; what they have set up before goes on working"),
    row("factors.email", Kind::Choice(&["off", "second", "first"]), "off", "what a code by mail is good for: nothing; a factor that is not at hand, beside a password; that, and to sign in with"),

    row("session.idle", time(MINUTE, 365 * DAY), "12h", "a browser session ends when unused this long"),
    row("session.absolute", time(MINUTE, 365 * DAY), "24h", "… and this long after sign-in in any case"),
    row("session.remember_idle", time(MINUTE, 365 * DAY), "14d", "the same with \"keep me signed in\""),
    row("session.remember_absolute", time(MINUTE, 2 * 365 * DAY), "90d", "… and in any case"),

    row("cookie.domain", Kind::Text, "", "domain whose hosts all get the access tokens that are cookies, for apps and APIs beside the issuer; without it the issuer's host alone does"),

    row("tokens.access_lifetime", time(MINUTE, DAY), "10m", "access tokens, unless the API says otherwise"),
    row("tokens.id_lifetime", time(MINUTE, DAY), "10m", "ID tokens"),
    row("tokens.code_lifetime", time(10, MINUTE), "60s", "authorization codes"),
    row("tokens.pushed_request_lifetime", time(10, 10 * MINUTE), "60s", "a browser has to arrive with a pushed request within this time"),
    row("tokens.device_code_lifetime", time(MINUTE, 30 * MINUTE), "10m", "device codes, and the user codes beside them"),
    row("tokens.backchannel_lifetime", time(30, HOUR), "5m", "what is asked over the back channel waits for its person so long, unless the client wants less"),
    row("tokens.refresh_idle", time(MINUTE, 365 * DAY), "14d", "a refresh token dies when unused this long"),
    row("tokens.refresh_absolute", time(MINUTE, 2 * 365 * DAY), "90d", "… and this long after sign-in in any case"),
    row("tokens.refresh_grace", time(0, MINUTE), "10s", "a superseded refresh token is answered again this long"),
    row("tokens.max_size", size(KIB, 64 * KIB), "8KiB", "issuing a larger access token fails"),

    row("keys.rotation", time(HOUR, 2 * 365 * DAY), "90d", "a signing key signs this long"),
    row("keys.publish_ahead", time(MINUTE, 30 * DAY), "1d", "the next key is published this long before it signs"),

    row("password.min_length", count(8, 128), "15", "characters a new password needs; NIST asks for 15 where a password alone signs in, and for 8 with factors.required = \"always\""),
    row("password.memory", size(64 * KIB, 4096 * MIB), "19MiB", "Argon2id memory per hash"),
    row("password.passes", count(1, 100), "2", "Argon2id passes"),
    row("password.leaked", Kind::Path, "", "file of leaked passwords that nobody may choose, in addition to those in the program: SHA-1 in order, as Have I Been Pwned gives them out"),
    row("password.workers", count(0, 256), "0", "hashes at once; 0 means one per processor, within 4 GiB of memory"),
    row("password.queue", count(1, 100_000), "256", "sign-ins that may wait for a hash; more are told to retry"),

    row("throttle.pair.free", count(1, 1000), "5", "failures of one account from one address before each further try must wait: a second, and twice as long with every failure"),
    row("throttle.account.free", count(1, 1000), "20", "the same for one account from anywhere"),
    row("throttle.account.max_delay", time(1, 5 * MINUTE), "30s", "the longest wait there; short, so that nobody is locked out by a stranger"),
    row("throttle.address.free", count(1, 100_000), "100", "the same for anything from one address"),
    row("throttle.subnet.free", count(1, 1_000_000), "1000", "the same for anything from one network, of 24 bits in IPv4 and 48 in IPv6, but half a minute at most, and not for browsers that are known or have done some work"),
    row("throttle.request_uri.free", count(1, 100_000), "50", "fetches of one client's request objects that may fail before each further one must wait, a minute at most"),
    row("throttle.client_keys.free", count(1, 1_000), "5", "how often the keys behind one jwks_uri are fetched at once because tokens name keys that nobody knows"),
    row("throttle.client_keys.refill", time(1, HOUR), "10s", "after how long once more"),
    row("throttle.backchannel_waiting", count(1, 100), "5", "requests over the back channel that may wait for one person at once"),
    row("throttle.work_bits", count(0, 24), "16", "work that saves a browser that wait, done by a script: bits, each twice the work; 0 for none"),
    row("throttle.max_delay", time(1, DAY), "15m", "the longest wait"),
    row("throttle.window", time(MINUTE, 30 * DAY), "15m", "failures are forgotten after this long"),
    row("throttle.valkey", Kind::Secret, "", "redis:// or rediss:// URL of a Valkey or Redis that keeps these counts in place of the database, which takes over while it is away"),

    row("outgoing.allow", Kind::Networks, "", "private addresses that may be called, for example [\"10.1.0.0/16\"]; without it only public ones, and loopback with --dev"),
    row("outgoing.ca", Kind::Path, "", "certificates in PEM that are trusted beside those of the system when others are called"),

    row("mail.server", Kind::Text, "", "the mail server that takes letters: smtps://USER@HOST, or smtp://USER@HOST:587 for STARTTLS; without it no mail is sent"),
    row("mail.password", Kind::Secret, "", "the password of that user"),
    row("mail.from", Kind::Text, "", "in whose name letters go out: an address, or NAME <ADDRESS>"),

    row("pages.language", Kind::Choice(&["en", "de", "fr", "es"]), "en", "the language of pages and letters for whoever reads none of those there are"),
    row("pages.support", Kind::Text, "", "whom pages tell people to ask for help: an address of mail, or of a page that begins with https://; without it whoever runs the service"),

    row("registration.mode", Kind::Choice(&["off", "token", "open"]), "off", "who may register clients at /register: nobody, whoever has a token of `symbolon client registration-token create`, or everybody"),
    row("revocation.feed", Kind::Choice(&["open", "authenticated", "off"]), "open", "who may follow revocations: everybody (the feed tells counts and hashes of random ids), APIs with their secret, or nobody"),
    row("revocation.heartbeat", time(1, MINUTE), "5s", "how often followers are told that they miss nothing"),
    row("revocation.max_followers", count(1, 1_000_000), "5000", "open streams of revocations at once; fewer than http.max_connections"),

    row("ssf.max_waiting", count(10, 1_000_000), "10000", "events that wait for a receiver of shared signals; with more its stream is paused"),
    row("ssf.max_pollers", count(1, 1_000_000), "1000", "receivers that wait for events at once; more are answered without waiting"),

    row("audit.retention", time(DAY, 10 * 365 * DAY), "365d", "audit events are kept this long"),

    row("backup.every", time(0, 365 * DAY), "0s", "how often a backup is made, at least an hour apart; 0s for never"),
    row("backup.folder", Kind::Path, "", "where backups are kept; without it DATA/backups"),
    row("backup.keep", count(1, 10_000), "7", "so many scheduled backups are kept; older ones are removed once a new one is proven"),
    row("backup.key", Kind::Secret, "", "encrypts backups in place of the master key; 43 characters of base64url"),

    row("log.format", Kind::Choice(&["auto", "json", "pretty"]), "auto", "auto: pretty on a terminal, JSON otherwise"),
    row("log.level", Kind::Text, "info", "error, warn, info, debug, trace, or per module: info,symbolon_server=debug"),

    row("metrics.listen", Kind::Listen, "", "where /metrics and health in detail are answered, in plain HTTP: IP:PORT or unix:/PATH, for this machine or a private network; off without it"),

    row("sample.spa_port", count(1, 65_535), "4401", "the sample app of --dev"),
    row("sample.api_port", count(1, 65_535), "4402", "the sample API of --dev"),
];

/// A setting of earlier versions.
#[derive(Debug)]
pub struct Gone {
    /// The path it had.
    pub path: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

const FIRST_WAIT: &str = "remove it: the first wait is a second";
const LANES: &str = "remove it: a hash has one lane; older ones with more are verified as before";
const ONE_LONGEST: &str = "set throttle.max_delay, which counts for an account from one address and for an address";
const ONE_WINDOW: &str = "set throttle.window, which counts for all three";

/// Settings that an old file may still hold. They are refused like every unknown one, with what took their place.
#[rustfmt::skip]
const GONE: &[Gone] = &[
    Gone { path: "password.lanes", fix: LANES },
    Gone { path: "throttle.account.base_delay", fix: FIRST_WAIT },
    Gone { path: "throttle.account.window", fix: ONE_WINDOW },
    Gone { path: "throttle.address.base_delay", fix: FIRST_WAIT },
    Gone { path: "throttle.address.max_delay", fix: ONE_LONGEST },
    Gone { path: "throttle.address.window", fix: ONE_WINDOW },
    Gone { path: "throttle.pair.base_delay", fix: FIRST_WAIT },
    Gone { path: "throttle.pair.max_delay", fix: ONE_LONGEST },
    Gone { path: "throttle.pair.window", fix: ONE_WINDOW },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Nobody reads a longer list. Whoever adds one looks for one that nobody sets.
    #[test]
    fn there_are_fewer_than_a_hundred() {
        assert!(SETTINGS.len() < 100, "{} settings", SETTINGS.len());
    }

    #[test]
    fn what_is_gone_is_no_setting_and_its_fix_names_none_that_is_missing() {
        for gone in GONE {
            assert!(SERVER.find(gone.path).is_none(), "{}", gone.path);
            let named = gone.fix.strip_prefix("set ").map(|rest| rest.split(',').next().unwrap_or(rest));
            assert!(named.is_none_or(|path| SERVER.find(path).is_some()), "{}: {}", gone.path, gone.fix);
        }
    }

    #[test]
    fn paths_and_environment_names_are_unique() {
        let names: BTreeSet<String> = SETTINGS.iter().map(|setting| SERVER.env_name(setting.path)).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[test]
    fn no_path_is_a_section_of_another() {
        for one in SETTINGS {
            let section = format!("{}.", one.path);
            assert!(!SETTINGS.iter().any(|other| other.path.starts_with(&section)), "{}", one.path);
        }
    }
}
