//! From texts to typed values, within the bounds of the table of settings.

use std::path::PathBuf;
use std::str::FromStr;

use symbolon_oauth::acr::Levels;
use symbolon_oauth::second_factor::{Factor, Required};
use symbolon_oauth::sign_up::SignUp;

use super::acme::hosts;
use super::load::{Mode, Values};
use super::setting::Kind;
use super::{
    AccountDeletion, AccountRules, Acme, Audit, Backup, Config, ConfigError, FactorRules, FeedAccess, Http, KeyFetches,
    Keys, Limit, Listen, Log, LogFormat, Mail, MailedCodes, Metrics, Mtls, Network, Outgoing, PROFILE_CLAIMS, Pages,
    Password, Problem, RegistrationMode, Revocation, Sample, SecretText, Session, Ssf, Store, Terms, Throttle, Tls,
    Tokens, format_duration, format_size, parse_duration, parse_size,
};
use crate::pages::Support;
use crate::words::Language;

/// The first wait once the free failures are used up; each further one is twice as long.
const FIRST_WAIT_SECS: u64 = 1;
/// The longest wait before a request object is fetched again, in seconds: people wait for it.
const LONGEST_WAIT_FOR_OBJECT_SECS: u64 = 60;
/// How long a sign-in waits for its counts in Valkey.
const VALKEY_PATIENCE_MS: u64 = 200;

impl Config {
    pub(super) fn from_values(values: &Values, mode: Mode) -> Result<Self, ConfigError> {
        let mut read = Reader::of(values);
        let config = Self {
            issuer: values.text("issuer").to_owned(),
            dev: mode == Mode::Development,
            data: PathBuf::from(values.text("data")),
            master_key: read.optional("master_key").map(SecretText::new),
            store: Store {
                url: read.optional("store.url").map(SecretText::new),
                connections: read.number("store.connections"),
                poll_secs: read.number("store.poll"),
            },
            http: Http::read(&mut read),
            acme: Acme::read(&mut read),
            mtls: Mtls::read(&mut read),
            acr: read.levels("acr.levels"),
            factors: FactorRules::read(&mut read),
            session: Session::read(&mut read),
            cookie_domain: read.optional("cookie.domain"),
            tokens: Tokens::read(&mut read),
            keys: Keys {
                rotation_secs: read.number("keys.rotation"),
                publish_ahead_secs: read.number("keys.publish_ahead"),
            },
            password: Password::read(&mut read),
            throttle: Throttle::read(&mut read),
            outgoing: Outgoing {
                allow: read.networks("outgoing.allow"),
                ca: read.optional("outgoing.ca").map(PathBuf::from),
            },
            mail: Mail {
                server: read.optional("mail.server"),
                password: read.optional("mail.password").map(SecretText::new),
                from: read.optional("mail.from"),
            },
            pages: Pages::read(&mut read),
            registration: RegistrationMode::read(&mut read),
            sign_up: read.sign_up(),
            account: AccountRules::read(&mut read),
            revocation: Revocation::read(&mut read),
            ssf: Ssf { max_waiting: read.number("ssf.max_waiting"), max_pollers: read.number("ssf.max_pollers") },
            audit: Audit { retention_secs: read.number("audit.retention") },
            backup: Backup::read(&mut read),
            log: Log::read(&mut read),
            metrics: Metrics { listen: read.optional("metrics.listen").and_then(|_| read.parsed("metrics.listen")) },
            sample: Sample { spa_port: read.number("sample.spa_port"), api_port: read.number("sample.api_port") },
        };
        read.finish(config)
    }
}

impl AccountRules {
    fn read(read: &mut Reader<'_>) -> Self {
        let delete = if read.choice("account.delete") == "off" { AccountDeletion::Off } else { AccountDeletion::On };
        let mut profile = Vec::new();
        for name in read.values.text("account.profile").split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if PROFILE_CLAIMS.contains(&name) {
                profile.push(name.to_owned());
            } else {
                let why = format!("has no `{name}`, but {}", PROFILE_CLAIMS.join(", "));
                read.misfit::<()>("account.profile", &why).unwrap_or_default();
            }
        }
        Self { delete, profile }
    }
}

impl Pages {
    fn read(read: &mut Reader<'_>) -> Self {
        let support = read.optional("pages.support").and_then(|text| {
            let support = Support::parse(&text);
            support.or_else(|| {
                read.misfit("pages.support", "is neither an address of mail nor one that begins with https://")
            })
        });
        Self { language: Language::of_tag(read.choice("pages.language")).unwrap_or_default(), support }
    }
}

impl FactorRules {
    fn read(read: &mut Reader<'_>) -> Self {
        let required = Required::from_name(read.choice("factors.required")).unwrap_or_default();
        let words = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let mut offered = Vec::new();
        for name in words(read.values.text("factors.offered")) {
            match Factor::from_name(&name).filter(|factor| Factor::CHOICES.contains(factor)) {
                Some(factor) => offered.push(factor),
                None => read.misfit::<()>("factors.offered", "has passkey and totp to choose from").unwrap_or_default(),
            }
        }
        let roles = words(read.values.text("factors.roles"));
        // Who must have one and has none sets it up at sign-in, before there is a session.
        if (required == Required::Always || !roles.is_empty()) && offered.is_empty() {
            read.refuse::<()>(
                "factors are required and factors.offered has none that people could set up",
                "add passkey or totp to factors.offered",
            );
        }
        let email = match read.choice("factors.email") {
            "first" => MailedCodes::First,
            "second" => MailedCodes::Second,
            _ => MailedCodes::Off,
        };
        Self { required, roles, offered, email }
    }
}

impl Http {
    fn read(read: &mut Reader<'_>) -> Self {
        let tls = match (read.optional("http.tls.cert"), read.optional("http.tls.key")) {
            (Some(cert), Some(key)) => Some(Tls { cert: cert.into(), key: key.into() }),
            (None, None) => None,
            (Some(_), None) => read.refuse(
                "http.tls.cert is set and http.tls.key is not",
                "set http.tls.key to the file of the private key",
            ),
            (None, Some(_)) => read.refuse(
                "http.tls.key is set and http.tls.cert is not",
                "set http.tls.cert to the file of the certificate",
            ),
        };
        Self {
            listen: read.parsed("http.listen").unwrap_or(Listen::Unix(PathBuf::new())),
            redirect: read.optional("http.redirect").and_then(|_| read.parsed("http.redirect")),
            tls,
            trusted_proxies: read.networks("http.trusted_proxies"),
            max_header_bytes: read.number("http.max_header"),
            max_body_bytes: read.number("http.max_body"),
            max_connections: read.number("http.max_connections"),
            header_timeout_secs: read.number("http.header_timeout"),
            request_timeout_secs: read.number("http.request_timeout"),
            drain_timeout_secs: read.number("http.drain_timeout"),
        }
    }
}

impl Acme {
    fn read(read: &mut Reader<'_>) -> Self {
        let terms = if read.choice("acme.terms") == "agreed" { Terms::Agreed } else { Terms::Unread };
        let named = read.values.text("acme.domains").split(',').map(str::trim).filter(|name| !name.is_empty());
        let named: Vec<String> = named.map(str::to_owned).collect();
        let of_addresses = || hosts(read.values.text("issuer"), read.optional("mtls.url").as_deref());
        Self {
            terms,
            directory: read.values.text("acme.directory").to_owned(),
            contact: read.optional("acme.contact"),
            domains: if named.is_empty() { of_addresses() } else { named },
            external_account: read.optional("acme.external_account").map(SecretText::new),
        }
    }
}

impl Mtls {
    fn read(read: &mut Reader<'_>) -> Self {
        Self {
            listen: read.optional("mtls.listen").and_then(|_| read.parsed("mtls.listen")),
            url: read.optional("mtls.url"),
            ca: read.optional("mtls.ca").map(PathBuf::from),
            header: read.optional("mtls.header").and_then(|text| match text.parse() {
                Ok(name) => Some(name),
                Err(_) => read.misfit("mtls.header", "is no name of a header"),
            }),
        }
    }
}

impl Session {
    fn read(read: &mut Reader<'_>) -> Self {
        Self {
            idle_secs: read.number("session.idle"),
            absolute_secs: read.number("session.absolute"),
            remember_idle_secs: read.number("session.remember_idle"),
            remember_absolute_secs: read.number("session.remember_absolute"),
        }
    }
}

impl Tokens {
    fn read(read: &mut Reader<'_>) -> Self {
        Self {
            access_lifetime_secs: read.number("tokens.access_lifetime"),
            id_lifetime_secs: read.number("tokens.id_lifetime"),
            code_lifetime_secs: read.number("tokens.code_lifetime"),
            pushed_request_lifetime_secs: read.number("tokens.pushed_request_lifetime"),
            device_code_lifetime_secs: read.number("tokens.device_code_lifetime"),
            backchannel_lifetime_secs: read.number("tokens.backchannel_lifetime"),
            refresh_idle_secs: read.number("tokens.refresh_idle"),
            refresh_absolute_secs: read.number("tokens.refresh_absolute"),
            refresh_grace_secs: read.number("tokens.refresh_grace"),
            max_bytes: read.number("tokens.max_size"),
        }
    }
}

impl Password {
    fn read(read: &mut Reader<'_>) -> Self {
        let memory_bytes: u64 = read.number("password.memory");
        Self {
            min_length: read.number("password.min_length"),
            memory_kib: u32::try_from(memory_bytes / 1024).unwrap_or(u32::MAX),
            passes: read.number("password.passes"),
            leaked: read.optional("password.leaked").map(PathBuf::from),
            workers: read.number("password.workers"),
            queue: read.number("password.queue"),
        }
    }
}

/// Neighbours are slowed by it, too.
const LONGEST_WAIT_OF_NETWORK_SECS: u64 = 30;

impl Throttle {
    fn read(read: &mut Reader<'_>) -> Self {
        let (max_delay_secs, window_secs): (u64, u64) =
            (read.number("throttle.max_delay"), read.number("throttle.window"));
        let longest_of_account: u64 = read.number("throttle.account.max_delay");
        let work_bits = read.number("throttle.work_bits");
        let mut limit = |free, max_delay_secs| Limit {
            free: read.number(free),
            base_delay_secs: FIRST_WAIT_SECS,
            max_delay_secs,
            window_secs,
        };
        Self {
            pair: limit("throttle.pair.free", max_delay_secs),
            account: limit("throttle.account.free", max_delay_secs.min(longest_of_account)),
            address: limit("throttle.address.free", max_delay_secs),
            subnet: limit("throttle.subnet.free", max_delay_secs.min(LONGEST_WAIT_OF_NETWORK_SECS)),
            work_bits,
            request_uri: limit("throttle.request_uri.free", max_delay_secs.min(LONGEST_WAIT_FOR_OBJECT_SECS)),
            client_keys: KeyFetches {
                free: read.number("throttle.client_keys.free"),
                refill_secs: read.number("throttle.client_keys.refill"),
            },
            backchannel_waiting: read.number("throttle.backchannel_waiting"),
            valkey: read.optional("throttle.valkey").map(SecretText::new),
            valkey_patience_ms: VALKEY_PATIENCE_MS,
        }
    }
}

impl RegistrationMode {
    fn read(read: &mut Reader<'_>) -> Self {
        match read.choice("registration.mode") {
            "open" => Self::Open,
            "token" => Self::Token,
            _ => Self::Off,
        }
    }
}

impl Revocation {
    fn read(read: &mut Reader<'_>) -> Self {
        let feed = match read.choice("revocation.feed") {
            "authenticated" => FeedAccess::Authenticated,
            "off" => FeedAccess::Off,
            _ => FeedAccess::Open,
        };
        Self {
            feed,
            heartbeat_secs: read.number("revocation.heartbeat"),
            max_followers: read.number("revocation.max_followers"),
        }
    }
}

impl Backup {
    fn read(read: &mut Reader<'_>) -> Self {
        let beside_data = || PathBuf::from(read.values.text("data")).join("backups");
        Self {
            folder: read.optional("backup.folder").map_or_else(beside_data, PathBuf::from),
            key: read.optional("backup.key").map(SecretText::new),
            every_secs: read.number("backup.every"),
            keep: read.number("backup.keep"),
        }
    }
}

impl Log {
    fn read(read: &mut Reader<'_>) -> Self {
        let format = match read.choice("log.format") {
            "json" => LogFormat::Json,
            "pretty" => LogFormat::Pretty,
            _ => LogFormat::Auto,
        };
        Self { format, level: read.values.text("log.level").to_owned() }
    }
}

/// Turns texts into values and collects what does not fit.
#[derive(Debug)]
pub struct Reader<'v> {
    values: &'v Values,
    problems: Vec<Problem>,
}

impl<'v> Reader<'v> {
    /// Of what was read.
    pub fn of(values: &'v Values) -> Self {
        Self { values, problems: Vec::new() }
    }

    /// `config`, if nothing was wrong.
    pub fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: self.problems }) }
    }

    /// A text as it stands.
    pub fn text(&self, path: &str) -> &'v str {
        self.values.text(path)
    }

    /// Texts of a list.
    pub fn list(&self, path: &str) -> impl Iterator<Item = &'v str> {
        self.values.text(path).split(',').map(str::trim).filter(|text| !text.is_empty())
    }

    fn refuse<T>(&mut self, what: impl Into<String>, fix: &str) -> Option<T> {
        self.problems.push(Problem::new(what, fix));
        None
    }

    /// Refuses the value of a setting.
    pub fn misfit<T>(&mut self, path: &str, why: &str) -> Option<T> {
        let what = format!("`{path}` from {}: {why}", self.values.source(path));
        let help = self.values.table().find(path).map_or("", |setting| setting.help);
        let fix = if help.is_empty() { "correct the value" } else { help };
        self.refuse(what, fix)
    }

    /// A text, if there is one.
    pub fn optional(&self, path: &str) -> Option<String> {
        Some(self.values.text(path)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A value that says itself what does not fit.
    pub fn parsed<T: FromStr<Err = String>>(&mut self, path: &str) -> Option<T> {
        match self.values.text(path).parse() {
            Ok(value) => Some(value),
            Err(why) => self.misfit(path, &why),
        }
    }

    /// Addresses and networks.
    pub fn networks(&mut self, path: &str) -> Vec<Network> {
        let values = self.values;
        let texts = values.text(path).split(',').map(str::trim).filter(|text| !text.is_empty());
        let parsed: Result<Vec<Network>, String> = texts.map(str::parse).collect();
        match parsed {
            Ok(networks) => networks,
            Err(why) => self.misfit(path, &why).unwrap_or_default(),
        }
    }

    fn sign_up(&mut self) -> SignUp {
        match self.choice("sign_up") {
            "clients" => SignUp::Clients,
            "invitation" => SignUp::Invitation,
            "open" => SignUp::Open,
            _ => SignUp::Off,
        }
    }

    fn levels(&mut self, path: &str) -> Levels {
        let values = self.values;
        let texts = values.text(path).split(',').map(str::trim).filter(|text| !text.is_empty());
        match Levels::parse(texts, parse_duration) {
            Ok(levels) => levels,
            Err(why) => self.misfit(path, &why.to_string()).unwrap_or_default(),
        }
    }

    /// One of the words of the table.
    pub fn choice(&mut self, path: &str) -> &str {
        let values = self.values;
        let text = values.text(path);
        if let Some(Kind::Choice(words)) = self.values.table().find(path).map(|setting| setting.kind)
            && !words.contains(&text)
        {
            self.misfit::<()>(path, &format!("`{text}` is none of {}", words.join(", ")));
        }
        text
    }

    /// A number, a length of time in seconds or a size in bytes, within the bounds of the table.
    pub fn number<T: TryFrom<u64> + Default>(&mut self, path: &str) -> T {
        let number =
            self.bounded(path).and_then(|number| T::try_from(number).map_err(|_| "is out of range".to_owned()));
        match number {
            Ok(number) => number,
            Err(why) => self.misfit(path, &why).unwrap_or_default(),
        }
    }

    fn bounded(&self, path: &str) -> Result<u64, String> {
        type Show = fn(u64) -> String;
        let text = self.values.text(path);
        let plain: Show = |number| number.to_string();
        let (number, min, max, show) = match self.values.table().find(path).map(|setting| setting.kind) {
            Some(Kind::Duration { min, max }) => (parse_duration(text)?, min, max, format_duration as Show),
            Some(Kind::Size { min, max }) => (parse_size(text)?, min, max, format_size as Show),
            Some(Kind::Integer { min, max }) => {
                (text.parse().map_err(|_| format!("`{text}` is not a whole number"))?, min, max, plain)
            }
            _ => return Err("is not a numeric setting".into()),
        };
        if (min..=max).contains(&number) {
            return Ok(number);
        }
        Err(format!("`{text}` is outside {} to {}", show(min), show(max)))
    }
}
