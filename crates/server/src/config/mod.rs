//! Configuration: one file, all of it optional, with defaults that are safe in production.
//!
//! [`load`] merges defaults, file, environment and flags into a [`Config`]; [`Config::check`] refuses combinations that would be
//! unsafe, each with its fix. Unknown names are errors. Clients, users and other things that change at run time are not
//! configuration: they live in the database.

mod acme;
mod check;
mod cookie;
mod environment;
mod file;
mod load;
mod mtls;
mod network;
mod pages;
mod read;
mod reload;
mod setting;
mod suggest;
mod template;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderName;
use symbolon_oauth::acr::Levels;
use symbolon_oauth::second_factor::{Factor, Required};
use symbolon_oauth::sign_up::SignUp;
use zeroize::Zeroizing;

pub(crate) use acme::external_account;
pub use load::{Effective, Loaded, Mode, Source, Sources, Values, load};
pub use network::{Listen, Network};
pub use pages::Pages;
pub use read::Reader;
pub use reload::{Change, When, changes};
pub use setting::{Gone, Kind, SERVER, SETTINGS, Setting, Table};
pub use suggest::nearest;
pub use template::{lines_of, template};
pub use value::{format_duration, format_size, parse_duration, parse_size};

/// The whole configuration. Lengths of time are in seconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The exact issuer. Empty where none was given, which [`Config::check`] refuses and an offline command replaces by the
    /// one the data was made with.
    pub issuer: String,
    /// `serve --dev`: plain HTTP on loopback, sample app and API.
    pub dev: bool,
    /// Folder of database, master key and control socket.
    pub data: PathBuf,
    /// The master key, where it was given; else the file in the data folder counts.
    pub master_key: Option<SecretText>,
    /// Where the data is, if not in the data folder.
    pub store: Store,
    /// The listener.
    pub http: Http,
    /// Certificates of ours that are ordered.
    pub acme: Acme,
    /// Certificates of clients.
    pub mtls: Mtls,
    /// What sign-ins are worth.
    pub acr: Levels,
    /// Second factors.
    pub factors: FactorRules,
    /// Browser sessions.
    pub session: Session,
    /// The domain of access tokens that are cookies; without it the issuer's host.
    pub cookie_domain: Option<String>,
    /// Lifetimes of what is issued.
    pub tokens: Tokens,
    /// Signing keys.
    pub keys: Keys,
    /// Password policy and hashing.
    pub password: Password,
    /// Slowing of failed sign-ins.
    pub throttle: Throttle,
    /// Calls to others.
    pub outgoing: Outgoing,
    /// Letters to people.
    pub mail: Mail,
    /// What people see.
    pub pages: Pages,
    /// Clients that register themselves.
    pub registration: RegistrationMode,
    /// Who may make an account without the operator.
    pub sign_up: SignUp,
    /// What people may do with theirs.
    pub account: AccountRules,
    /// Feed of the revocation log.
    pub revocation: Revocation,
    /// Shared signals.
    pub ssf: Ssf,
    /// Audit log.
    pub audit: Audit,
    /// Backups.
    pub backup: Backup,
    /// Request and event log.
    pub log: Log,
    /// Where this node is watched from.
    pub metrics: Metrics,
    /// Ports of the sample.
    pub sample: Sample,
}

/// `store.*`
#[derive(Clone, Debug)]
pub struct Store {
    /// A PostgreSQL database. Without one the data is in the data folder.
    pub url: Option<SecretText>,
    /// Connections of this node.
    pub connections: usize,
    /// Changes of other nodes are asked for this often.
    pub poll_secs: u64,
}

/// `http.*`
#[derive(Clone, Debug)]
pub struct Http {
    /// Where to answer.
    pub listen: Listen,
    /// Where plain HTTP is answered with the way to the issuer; nowhere without it.
    pub redirect: Option<Listen>,
    /// Certificate and key in files.
    pub tls: Option<Tls>,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// Largest request head.
    pub max_header_bytes: usize,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Open connections at once.
    pub max_connections: usize,
    /// Time to send a head.
    pub header_timeout_secs: u64,
    /// Time for a whole request.
    pub request_timeout_secs: u64,
    /// Time for open requests after SIGTERM.
    pub drain_timeout_secs: u64,
}

/// `http.tls.*`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the certificate chain.
    pub cert: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// `factors.*`
#[derive(Clone, Debug)]
pub struct FactorRules {
    /// When somebody is asked.
    pub required: Required,
    /// Roles whose users are always asked.
    pub roles: Vec<String>,
    /// What can be set up.
    pub offered: Vec<Factor>,
    /// What a code by mail is good for.
    pub email: MailedCodes,
}

/// What a code by mail is good for; each is more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailedCodes {
    /// Nothing: none is sent.
    #[default]
    Off,
    /// In place of a factor that is not at hand, beside a password.
    Second,
    /// That, and to sign in with.
    First,
}

/// `account.*`
#[derive(Clone, Debug)]
pub struct AccountRules {
    /// Whether people delete their own account.
    pub delete: AccountDeletion,
    /// The profile claims that people change.
    pub profile: Vec<String>,
}

/// The profile claims that `account.profile` can name.
pub const PROFILE_CLAIMS: [&str; 9] =
    ["name", "given_name", "family_name", "nickname", "website", "picture", "birthdate", "zoneinfo", "locale"];

/// `account.delete`: who deletes accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountDeletion {
    /// The operator alone.
    Off,
    /// Also whoever has one.
    On,
}

/// `acme.*`
#[derive(Clone, Debug)]
pub struct Acme {
    /// Whether certificates may be ordered.
    pub terms: Terms,
    /// The authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// Where the authority may write to.
    pub contact: Option<String>,
    /// What the certificate is for.
    pub domains: Vec<String>,
    /// Name and key of the external account, `KID:KEY` (RFC 8555 §7.3.4).
    pub external_account: Option<SecretText>,
}

/// `acme.terms`: whether the operator agrees to the authority's terms of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Agreed to: certificates are ordered.
    Agreed,
    /// Not agreed to: nothing is ordered.
    Unread,
}

/// `mtls.*`
#[derive(Clone, Debug, Default)]
pub struct Mtls {
    /// Where clients are asked for certificates; nowhere without it.
    pub listen: Option<Listen>,
    /// The address of that, as clients see it.
    pub url: Option<String>,
    /// PEM file of the authorities that clients' certificates are signed by.
    pub ca: Option<PathBuf>,
    /// The header in which a trusted proxy hands on a client's certificate.
    pub header: Option<HeaderName>,
}

/// `session.*`
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Unused this long, it ends.
    pub idle_secs: u64,
    /// This long after sign-in it ends in any case.
    pub absolute_secs: u64,
    /// [`Session::idle_secs`] with "keep me signed in".
    pub remember_idle_secs: u64,
    /// [`Session::absolute_secs`] with "keep me signed in".
    pub remember_absolute_secs: u64,
}

/// `tokens.*`
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Life of an access token.
    pub access_lifetime_secs: u64,
    /// Life of an ID token.
    pub id_lifetime_secs: u64,
    /// Life of an authorization code.
    pub code_lifetime_secs: u64,
    /// How long the browser may take to arrive with a pushed request.
    pub pushed_request_lifetime_secs: u64,
    /// Life of a device code.
    pub device_code_lifetime_secs: u64,
    /// How long a request over the back channel waits at most.
    pub backchannel_lifetime_secs: u64,
    /// Unused this long, a refresh token dies.
    pub refresh_idle_secs: u64,
    /// This long after sign-in its family ends.
    pub refresh_absolute_secs: u64,
    /// A superseded refresh token is answered again this long.
    pub refresh_grace_secs: u64,
    /// Issuing a larger access token fails.
    pub max_bytes: usize,
}

/// `keys.*`
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// A key signs this long.
    pub rotation_secs: u64,
    /// The next one is published this long before it signs.
    pub publish_ahead_secs: u64,
}

/// `password.*`
#[derive(Clone, Debug)]
pub struct Password {
    /// Characters a new password needs.
    pub min_length: usize,
    /// Argon2id memory.
    pub memory_kib: u32,
    /// Argon2id passes.
    pub passes: u32,
    /// File of leaked passwords.
    pub leaked: Option<PathBuf>,
    /// Hashes at once; 0 means one per processor.
    pub workers: usize,
    /// Hashes that may wait.
    pub queue: usize,
}

/// `throttle.*`
#[derive(Clone, Debug)]
pub struct Throttle {
    /// Per account and network address together.
    pub pair: Limit,
    /// Per account.
    pub account: Limit,
    /// Per network address.
    pub address: Limit,
    /// Per network.
    pub subnet: Limit,
    /// How much work saves a browser the wait for its network: bits of zeros; none for no work at all.
    pub work_bits: u8,
    /// Fetches of request objects, per client.
    pub request_uri: Limit,
    /// Fetches of a client's keys, per address they are fetched from.
    pub client_keys: KeyFetches,
    /// Requests over the back channel that may wait for one person.
    pub backchannel_waiting: u32,
    /// Where the counts are, if not in the store.
    pub valkey: Option<SecretText>,
    /// How long a sign-in waits for it before the store counts. Not a setting; for tests on a busy machine.
    pub valkey_patience_ms: u64,
}

/// How often the keys of one client are fetched anew because a token names one that nobody knows.
#[derive(Clone, Copy, Debug)]
pub struct KeyFetches {
    /// How often at once.
    pub free: u64,
    /// After how long once more; never 0.
    pub refill_secs: u64,
}

/// How failures of one key are slowed: after `free` of them each further try must wait, longer every time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Failures without a wait.
    pub free: u32,
    /// The first wait.
    pub base_delay_secs: u64,
    /// The longest wait.
    pub max_delay_secs: u64,
    /// Failures are forgotten after this long.
    pub window_secs: u64,
}

/// `outgoing.*`
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Addresses that may be called although they are not public.
    pub allow: Vec<Network>,
    /// PEM file of certificates that are trusted beside those of the system.
    pub ca: Option<PathBuf>,
}

/// `mail.*`, as it stands there; what it means, `mail::Route` says.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The operator's mail server, as a URL. Without one no letters are sent.
    pub server: Option<String>,
    /// The password of the user in that URL.
    pub password: Option<SecretText>,
    /// In whose name letters go out.
    pub from: Option<String>,
}

/// `revocation.*`
#[derive(Clone, Copy, Debug)]
pub struct Revocation {
    /// Who may follow it.
    pub feed: FeedAccess,
    /// A stream without news says so this often.
    pub heartbeat_secs: u64,
    /// Open streams at once.
    pub max_followers: usize,
}

/// `ssf.*`
#[derive(Clone, Copy, Debug)]
pub struct Ssf {
    /// Events that wait for a receiver; with more its stream is paused.
    pub max_waiting: u64,
    /// Receivers that wait for events at once.
    pub max_pollers: usize,
}

/// `registration.mode`: who may register clients (RFC 7591). What they may choose is in the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Nobody but the operator.
    #[default]
    Off,
    /// Everybody.
    Open,
    /// Whoever has an initial access token.
    Token,
}

/// Who may follow the revocation log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedAccess {
    /// APIs that show their own secret.
    Authenticated,
    /// Nobody: there is no feed.
    Off,
    /// Everybody.
    Open,
}

/// `audit.*`
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// Events are kept this long.
    pub retention_secs: u64,
}

/// `backup.*`
#[derive(Clone, Debug)]
pub struct Backup {
    /// One is made this often; 0 for never.
    pub every_secs: u64,
    /// Where they are kept.
    pub folder: PathBuf,
    /// So many scheduled ones are kept.
    pub keep: usize,
    /// The key of their own, where they have one; else the master key counts.
    pub key: Option<SecretText>,
}

/// `log.*`
#[derive(Clone, Debug)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// Filter in the form `info,symbolon_server=debug`.
    pub level: String,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// `metrics.*`
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Where metrics and health are answered; nowhere without it.
    pub listen: Option<Listen>,
}

/// `sample.*`
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The sample app.
    pub spa_port: u16,
    /// The sample API.
    pub api_port: u16,
}

/// A secret text: no `Display`, redacted `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Wraps a secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(********)")
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// Both halves.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Clone, Debug)]
pub struct ConfigError {
    /// In the order found.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} (try: {})", problem.what, problem.fix)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Whether the public listener speaks TLS; else it speaks plain HTTP.
    pub fn speaks_tls(&self) -> bool {
        self.http.tls.is_some() || self.acme.is_on()
    }

    /// What `serve --dev` uses without file, environment and flags, but for the data folder. For tests and benchmarks too.
    pub fn development(data: &Path) -> Result<Self, ConfigError> {
        let flags = vec![("data", "--data", data.display().to_string())];
        let sources = Sources { flags, mode: Mode::Development, ..Sources::default() };
        load(&sources).map(|loaded| loaded.config)
    }

    /// Where commands reach a running server.
    pub fn control_socket(&self) -> PathBuf {
        self.data.join("control.sock")
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.data.join("symbolon.db")
    }

    /// The master key's file, used where no key was given.
    pub fn master_key_file(&self) -> PathBuf {
        self.data.join("master.key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_reads() {
        let config = Config::development(Path::new("d")).unwrap();
        assert_eq!(config.issuer, "http://localhost:4400");
        assert_eq!((config.password.memory_kib, config.password.min_length), (19 * 1024, 15));
        assert_eq!(config.tokens.refresh_absolute_secs, 90 * 86_400);
        assert_eq!(config.control_socket(), PathBuf::from("d/control.sock"));
    }

    #[test]
    fn half_a_certificate_is_refused() {
        let flags = vec![("http.tls.cert", "--cert", "c.pem".to_owned())];
        let error = load(&Sources { flags, ..Sources::default() }).unwrap_err();
        assert!(error.to_string().contains("http.tls.key"));
    }

    #[test]
    fn who_must_have_a_factor_can_set_one_up() {
        let offering = |offered: &str, must: (&'static str, &str)| {
            let flags = [must, ("factors.offered", offered)].map(|(path, text)| (path, "--flag", text.to_owned()));
            load(&Sources { flags: flags.to_vec(), ..Sources::default() }).map_err(|error| error.to_string())
        };
        for must in [("factors.required", "always"), ("factors.roles", "admin")] {
            for offered in ["passkey", "totp", "passkey,totp"] {
                assert!(offering(offered, must).is_ok(), "{must:?} {offered}");
            }
            assert!(offering(",", must).unwrap_err().contains("add passkey or totp to factors.offered"), "{must:?}");
        }
        assert!(offering(",", ("factors.required", "when_enrolled")).is_ok());
    }

    #[test]
    fn a_master_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", SecretText::new("sesame".into())), "SecretText(********)");
    }
}
