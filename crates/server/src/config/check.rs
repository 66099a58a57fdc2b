//! Combinations that would be unsafe or could not work, each with its fix. Asked before serving, by `config check` and by `doctor`.

use symbolon_oauth::second_factor::{Factor, Required};
use url::{Host, Url};

use super::{Config, ConfigError, Listen, MailedCodes, Problem, cookie};
use crate::account::password::Policy;
use crate::mail::Route;
use crate::seal::MasterKey;

/// Least Argon2id memory of the published recommendations, in KiB (with five passes; the default has more).
const LEAST_MEMORY_KIB: u32 = 7 * 1024;

impl Config {
    /// Refuses what must not be served.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        check_issuer(self, &mut problems);
        check_master_key(self, &mut problems);
        check_backup(self, &mut problems);
        check_lifetimes(self, &mut problems);
        check_limits(self, &mut problems);
        check_redirect(self, &mut problems);
        cookie::check(self, &mut problems);
        self.acme.check(self, &mut problems);
        self.mtls.check(self, &mut problems);
        problems.extend(Route::of(self).err());
        if self.sign_up.needs_mail() && self.mail.server.is_none() && !self.dev {
            problems.push(Problem::new(
                "people are to make accounts, which are proven by mail, and no mail is sent",
                "set mail.server and mail.from, or sign_up to \"invitation\" or \"off\"",
            ));
        }
        if self.factors.email != MailedCodes::Off && self.mail.server.is_none() && !self.dev {
            problems.push(Problem::new(
                "codes are to be mailed, and no mail is sent",
                "set mail.server and mail.from, or factors.email to \"off\"",
            ));
        }
        check_factors(self, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    /// What can be served and is probably not meant so.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let http = &self.http;
        // On a Unix socket the one peer is the proxy, which is believed without being named.
        let over_tcp = matches!(http.listen, Listen::Tcp(_));
        if self.issuer.starts_with("https:") && over_tcp && !self.speaks_tls() && http.trusted_proxies.is_empty() {
            found.push(Problem::new(
                "the issuer is https and nothing here speaks TLS, so a proxy must, and none is trusted: all callers will seem to have its address",
                "set http.trusted_proxies to the proxy's address, for example [\"127.0.0.1\"]",
            ));
        }
        if let Some(listen) = self.metrics.listen.as_ref().filter(|listen| !listen.is_local()) {
            found.push(Problem::new(
                format!("metrics are answered to whoever reaches {listen}"),
                "set metrics.listen to a loopback address or a Unix socket, or keep others from that port",
            ));
        }
        if self.issuer.ends_with('/') {
            found.push(Problem::new(
                "the issuer ends with a slash; it is compared as text, and most programs are told the one without",
                "give every program exactly this issuer, or make new data without the slash",
            ));
        }
        if let Some(network) = http.trusted_proxies.iter().find(|network| network.is_everybody()) {
            found.push(Problem::new(
                format!("http.trusted_proxies holds {network}: anybody can choose the address they seem to come from"),
                "name the proxies alone, for example [\"10.0.0.7\"]",
            ));
        }
        found.extend((self.backup.every_secs > 0).then(|| self.backups_beside_data()).flatten());
        found.extend(self.short_passwords());
        if self.tokens.access_lifetime_secs > 3_600 {
            found.push(Problem::new(
                "access tokens live longer than an hour; an API that does not follow revocations accepts them that long",
                "set tokens.access_lifetime to 10m",
            ));
        }
        found
    }

    /// Passwords that are shorter than what stands beside them allows.
    fn short_passwords(&self) -> Option<Problem> {
        let (chosen, least) = (self.password.min_length, Policy::least(self.factors.required).min_chars);
        (chosen < least).then(|| {
            Problem::new(
                format!("new passwords may have {chosen} characters, and a password alone signs in: {least} are the least there (NIST SP 800-63B-4)"),
                "set password.min_length to 15, or factors.required to \"always\"",
            )
        })
    }

    /// Backups that go with what they are a backup of.
    pub fn backups_beside_data(&self) -> Option<Problem> {
        if !self.backup.folder.starts_with(&self.data) {
            return None;
        }
        // The master key opens them unless they have a key of their own, and lies there unless it was given.
        let with_their_key = self.backup.key.is_none() && self.master_key.is_none();
        let key = if with_their_key { ", and whoever copies the folder has the key to them, too" } else { "" };
        Some(Problem::new(
            format!(
                "backups are kept in {}, within the data folder: a disk that fails takes both{key}",
                self.backup.folder.display()
            ),
            "set backup.folder to another disk, and keep a copy of the master key apart from both",
        ))
    }
}

fn check_issuer(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |what: String, fix: &str| problems.push(Problem::new(what, fix));
    if config.issuer.is_empty() {
        return refuse(
            "no issuer is set".into(),
            "set issuer = \"https://auth.example.com\" in symbolon.toml, SYMBOLON_ISSUER or --issuer; or start with --dev",
        );
    }
    let Ok(url) = Url::parse(&config.issuer) else {
        return refuse(format!("the issuer `{}` is not a URL", config.issuer), "write it as https://auth.example.com");
    };
    // RFC 8414 §2: "a URL that uses the https scheme and has no query or fragment components".
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        refuse(
            format!("the issuer `{url}` has a query, a fragment or a user name"),
            "write it as https://auth.example.com",
        );
    }
    // Tokens carry the issuer as it is written, and URLs are compared as text, so only the normal spelling will do.
    if url.as_str().trim_end_matches('/') != config.issuer.trim_end_matches('/') {
        refuse(
            format!("the issuer `{}` is not in its normal spelling", config.issuer),
            &format!("write it as {}", url.as_str().trim_end_matches('/')),
        );
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => check_tls_is_somewhere(config, &mut refuse),
        "http" if config.http.tls.is_some() => {
            refuse("the issuer is http and a certificate is set".into(), "begin the issuer with https://");
        }
        "http" if !loopback => refuse(
            format!("the issuer `{}` is plain http, and not on this machine only", config.issuer),
            "begin the issuer with https:// and set http.tls.cert and http.tls.key or acme.terms, or put a proxy in front",
        ),
        "http" => {}
        _ => refuse(format!("the issuer `{}` is neither https nor http", config.issuer), "begin it with https://"),
    }
    let plain = url.scheme() == "http" && loopback;
    if plain && !config.http.listen.is_local() {
        let what = format!("plain http would be spoken on {}, which other machines reach", config.http.listen);
        refuse(what, "listen on 127.0.0.1:4400, or set an https issuer");
    }
    if config.dev && !loopback {
        refuse(
            "development mode is for this machine only, and the issuer is not".into(),
            "drop --dev, or use --issuer http://localhost:4400",
        );
    }
}

/// Passkeys are for names (Web Authentication Level 3 §5.1.2: an RP ID is a domain), so who must set one up could not.
fn check_factors(config: &Config, problems: &mut Vec<Problem>) {
    let rules = &config.factors;
    let must = rules.required == Required::Always || !rules.roles.is_empty();
    let host = Url::parse(&config.issuer).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    if let Some(host @ (Host::Ipv4(_) | Host::Ipv6(_))) = host.filter(|_| must && rules.offered == [Factor::Passkey]) {
        problems.push(Problem::new(
            format!("people must set up a passkey, and no browser makes one for an address such as {host}"),
            "give the issuer a host name, or add totp to factors.offered",
        ));
    }
}

/// A key that cannot be one is told before the data is touched. Its text never is.
fn check_master_key(config: &Config, problems: &mut Vec<Problem>) {
    let Some(text) = &config.master_key else { return };
    if MasterKey::from_text(text.expose(), "master_key").is_err() {
        problems.push(Problem::new(
            "`master_key` is not 43 characters of base64url",
            "restore the original from your backup; for new data, take the text of the master.key that symbolon init makes",
        ));
    }
}

fn check_backup(config: &Config, problems: &mut Vec<Problem>) {
    let backup = &config.backup;
    if backup.key.as_ref().is_some_and(|text| MasterKey::from_text(text.expose(), "backup.key").is_err()) {
        problems.push(Problem::new(
            "`backup.key` is not 43 characters of base64url",
            "make one with: head -c 32 /dev/urandom | basenc --base64url | tr -d =",
        ));
    }
    if (1..3_600).contains(&backup.every_secs) && !config.dev {
        problems
            .push(Problem::new("backup.every is shorter than an hour", "set backup.every to 1h or longer, or to 0s"));
    }
}

fn check_tls_is_somewhere(config: &Config, refuse: &mut impl FnMut(String, &str)) {
    let http = &config.http;
    if !config.speaks_tls() && !http.listen.is_local() && http.trusted_proxies.is_empty() {
        refuse(
            format!("the issuer is https, but {} would speak plain HTTP to anyone", http.listen),
            "set http.tls.cert and http.tls.key, or acme.terms; or listen on 127.0.0.1 or a Unix socket behind a proxy; or name the proxy in http.trusted_proxies",
        );
    }
}

fn check_redirect(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |what: &str, fix: &str| problems.push(Problem::new(what, fix));
    let Some(redirect) = &config.http.redirect else { return };
    if matches!(redirect, Listen::Unix(_)) {
        refuse("http.redirect is a Unix socket, which no browser reaches", "give it IP:PORT, for example 0.0.0.0:80");
    }
    if !config.issuer.starts_with("https:") {
        refuse("http.redirect leads to the issuer, and the issuer is plain http itself", "remove http.redirect");
    }
    if *redirect == config.http.listen || Some(redirect) == config.mtls.listen.as_ref() {
        refuse("http.redirect is an address on which TLS is spoken", "give it another port, for example 0.0.0.0:80");
    }
}

fn check_lifetimes(config: &Config, problems: &mut Vec<Problem>) {
    let (session, tokens) = (&config.session, &config.tokens);
    for (short, short_secs, long, long_secs) in [
        ("session.idle", session.idle_secs, "session.absolute", session.absolute_secs),
        (
            "session.remember_idle",
            session.remember_idle_secs,
            "session.remember_absolute",
            session.remember_absolute_secs,
        ),
        ("tokens.refresh_idle", tokens.refresh_idle_secs, "tokens.refresh_absolute", tokens.refresh_absolute_secs),
        (
            "tokens.access_lifetime",
            tokens.access_lifetime_secs,
            "tokens.refresh_absolute",
            tokens.refresh_absolute_secs,
        ),
        // A count that is forgotten ends the wait, too.
        (
            "throttle.max_delay",
            config.throttle.pair.max_delay_secs,
            "throttle.window",
            config.throttle.pair.window_secs,
        ),
        ("keys.publish_ahead", config.keys.publish_ahead_secs, "keys.rotation", config.keys.rotation_secs),
    ] {
        if short_secs > long_secs {
            problems
                .push(Problem::new(format!("{short} is longer than {long}"), format!("make {short} the shorter one")));
        }
    }
}

fn check_limits(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |what: String, fix: &str| problems.push(Problem::new(what, fix));
    if let Some(url) = &config.throttle.valkey
        && let Err(why) = symbolon_store::valkey::check(url.expose())
    {
        refuse(
            format!("throttle.valkey: {why}"),
            "write it as redis://host:6379, or rediss://user:password@host for TLS",
        );
    }
    let password = &config.password;
    if !config.dev && password.memory_kib < LEAST_MEMORY_KIB {
        refuse(
            "password.memory is too little to slow an attacker".into(),
            "set password.memory to 19MiB, at least to 7MiB",
        );
    }
    if config.revocation.max_followers >= config.http.max_connections {
        refuse(
            "revocation.max_followers leaves no connection for anything else".into(),
            "set revocation.max_followers to at most half of http.max_connections",
        );
    }
    let sample = &config.sample;
    let ports = [config.http.listen.port().unwrap_or(0), sample.spa_port, sample.api_port];
    if config.dev && (ports[0] == ports[1] || ports[0] == ports[2] || ports[1] == ports[2]) {
        refuse(
            format!("the ports {}, {} and {} are not three", ports[0], ports[1], ports[2]),
            "choose others with --listen and --sample-ports",
        );
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Sources, load};
    use super::*;

    fn config(mode: Mode, settings: &[(&'static str, &str)]) -> Config {
        let flags = settings.iter().map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
        load(&Sources { flags, mode, ..Sources::default() }).unwrap().config
    }

    fn accepted(settings: &[(&'static str, &str)]) {
        config(Mode::Production, settings).check().unwrap();
    }

    fn refused(settings: &[(&'static str, &str)], about: &str) {
        let error = config(Mode::Production, settings).check().unwrap_err();
        assert!(error.to_string().contains(about), "{error}");
    }

    const TLS: [(&str, &str); 2] = [("http.tls.cert", "c.pem"), ("http.tls.key", "k.pem")];

    #[test]
    fn safe_ways_to_serve_are_accepted() {
        config(Mode::Development, &[]).check().unwrap();
        accepted(&[("issuer", "http://localhost:4400")]);
        accepted(&[("issuer", "http://127.0.0.1:4400")]);
        accepted(&[("issuer", "https://auth.example.com")]);
        accepted(&[("issuer", "https://auth.example.com/")]);
        accepted(&[("issuer", "https://auth.example.com/tenant")]);
        accepted(&[("issuer", "https://a.example"), ("http.listen", "unix:/run/s.sock")]);
        accepted(&[("issuer", "https://a.example"), ("http.listen", "0.0.0.0:443"), TLS[0], TLS[1]]);
        accepted(&[
            ("issuer", "https://a.example"),
            ("http.listen", "0.0.0.0:80"),
            ("http.trusted_proxies", "10.0.0.0/8"),
        ]);
    }

    #[test]
    fn passkeys_alone_may_be_required_where_browsers_make_them() {
        let (always, passkey) = (("factors.required", "always"), ("factors.offered", "passkey"));
        let (name, address) = (("issuer", "https://a.example"), ("issuer", "https://[2001:db8::1]"));
        for must in [always, ("factors.roles", "admin")] {
            accepted(&[name, must, passkey]);
            accepted(&[address, must, ("factors.offered", "totp")]);
            accepted(&[address, must]);
            refused(&[address, must, passkey], "no browser makes one for an address such as [2001:db8::1]");
            refused(&[("issuer", "http://127.0.0.1:4400"), must, passkey], "such as 127.0.0.1");
        }
        accepted(&[address, passkey]);
    }

    #[test]
    fn issuers_that_are_missing_plain_or_odd_are_refused() {
        refused(&[], "no issuer is set");
        refused(&[("issuer", "http://auth.example.com")], "plain http");
        refused(&[("issuer", "http://localhost.example.com")], "plain http");
        refused(&[("issuer", "auth.example.com")], "not a URL");
        refused(&[("issuer", "ftp://auth.example.com")], "neither https nor http");
        refused(&[("issuer", "https://a.example?x=1")], "query");
        refused(&[("issuer", "https://a.example#x")], "fragment");
        refused(&[("issuer", "https://u:p@a.example")], "user name");
        refused(&[("issuer", "https://A.example")], "normal spelling");
        refused(&[("issuer", "https://a.example:443")], "normal spelling");
    }

    #[test]
    fn plain_http_where_others_reach_it_is_refused() {
        refused(&[("issuer", "https://a.example"), ("http.listen", "0.0.0.0:80")], "speak plain HTTP");
        refused(&[("issuer", "http://localhost:4400"), ("http.listen", "0.0.0.0:4400")], "other machines reach");
        refused(&[("issuer", "http://localhost:4400"), TLS[0], TLS[1]], "certificate is set");
        assert!(config(Mode::Development, &[("issuer", "https://a.example")]).check().is_err());
        assert!(config(Mode::Development, &[("http.listen", "0.0.0.0:4400")]).check().is_err());
    }

    #[test]
    fn a_redirect_is_in_plain_http_and_leads_to_https() {
        let https = [("issuer", "https://a.example"), ("http.listen", "0.0.0.0:443"), TLS[0], TLS[1]];
        accepted(&[&https[..], &[("http.redirect", "0.0.0.0:80")]].concat());
        refused(&[&https[..], &[("http.redirect", "0.0.0.0:443")]].concat(), "TLS is spoken");
        refused(&[&https[..], &[("http.redirect", "unix:/run/s.sock")]].concat(), "no browser reaches");
        refused(&[("issuer", "http://localhost:4400"), ("http.redirect", "127.0.0.1:80")], "plain http itself");
    }

    #[test]
    fn values_that_contradict_each_other_are_refused() {
        let issuer = ("issuer", "https://a.example");
        refused(&[issuer, ("session.idle", "30d")], "session.idle is longer");
        refused(&[issuer, ("tokens.refresh_idle", "100d")], "tokens.refresh_idle is longer");
        refused(&[issuer, ("keys.rotation", "1h")], "keys.publish_ahead is longer");
        refused(&[issuer, ("throttle.max_delay", "1h")], "throttle.max_delay is longer than throttle.window");
        refused(&[issuer, ("password.memory", "64KiB")], "too little");
        refused(&[issuer, ("http.max_connections", "5000")], "max_followers leaves no connection");
        let same = config(Mode::Development, &[("sample.spa_port", "4400")]);
        assert!(same.check().unwrap_err().to_string().contains("not three"));
    }

    #[test]
    fn a_proxy_that_nobody_named_is_worth_a_warning() {
        assert_eq!(config(Mode::Production, &[("issuer", "https://a.example")]).warnings().len(), 1);
        let named = [("issuer", "https://a.example"), ("http.trusted_proxies", "127.0.0.1")];
        assert!(config(Mode::Production, &named).warnings().is_empty());
        let socket = [("issuer", "https://a.example"), ("http.listen", "unix:/run/s.sock")];
        assert!(config(Mode::Production, &socket).warnings().is_empty());
    }

    #[test]
    fn short_passwords_are_worth_a_warning_where_one_alone_signs_in() {
        let told = |settings: &[(&'static str, &str)]| {
            let always = [("issuer", "https://a.example"), ("http.trusted_proxies", "127.0.0.1")];
            let settings: Vec<_> = always.iter().chain(settings).copied().collect();
            let found = config(Mode::Production, &settings).warnings();
            found.into_iter().map(|it| it.what).collect::<Vec<String>>().join("; ")
        };
        let (fourteen, eight) = (("password.min_length", "14"), ("password.min_length", "8"));
        assert_eq!(told(&[]), "");
        assert!(told(&[fourteen]).starts_with("new passwords may have 14 characters"));
        for required in ["never", "new_device", "when_enrolled"] {
            assert!(told(&[eight, ("factors.required", required)]).contains("15 are the least"), "{required}");
        }
        assert_eq!(told(&[eight, ("factors.required", "always")]), "");
        // Some are asked for more, others are not.
        assert!(told(&[eight, ("factors.roles", "admin")]).contains("15 are the least"));
    }

    #[test]
    fn backups_in_the_data_folder_are_worth_a_warning_once_there_are_any() {
        let told = |settings: &[(&'static str, &str)]| {
            let always = [("issuer", "https://a.example"), ("http.trusted_proxies", "127.0.0.1"), ("data", "/d")];
            let settings: Vec<_> = always.iter().chain(settings).copied().collect();
            let warnings = config(Mode::Production, &settings).warnings();
            warnings.into_iter().map(|it| it.what).collect::<Vec<String>>().join("; ")
        };
        let (daily, key) = (("backup.every", "1d"), "A".repeat(43));
        assert_eq!(told(&[]), "");
        assert!(told(&[daily]).contains("/d/backups, within the data folder"));
        assert!(told(&[daily]).ends_with("has the key to them, too"));
        for elsewhere in ["backup.key", "master_key"] {
            assert!(told(&[daily, (elsewhere, &key)]).ends_with("takes both"), "{elsewhere}");
        }
        assert!(told(&[daily, ("backup.folder", "/d/more/backups")]).contains("within the data folder"));
        assert_eq!(told(&[daily, ("backup.folder", "/mnt/safe")]), "");
        assert_eq!(told(&[daily, ("backup.folder", "/d-backups")]), "");
    }

    #[test]
    fn an_issuer_with_a_slash_and_proxies_that_are_everybody_are_worth_a_warning() {
        let told = |issuer: &str, proxies: &str| {
            let warnings =
                config(Mode::Production, &[("issuer", issuer), ("http.trusted_proxies", proxies)]).warnings();
            warnings.into_iter().map(|it| it.what).collect::<Vec<String>>().join("; ")
        };
        assert!(told("https://a.example/", "127.0.0.1").contains("ends with a slash"));
        assert!(told("https://a.example", "10.0.0.0/8,0.0.0.0/0").contains("0.0.0.0/0: anybody"));
        assert!(told("https://a.example", "::/0").contains("::/0: anybody"));
        assert_eq!(told("https://a.example/tenant", "10.0.0.0/8"), "");
    }

    #[test]
    fn a_master_key_that_cannot_be_one_is_refused_and_not_repeated() {
        let issuer = ("issuer", "https://a.example");
        let long = "A".repeat(44);
        for text in ["short", "sesame-sesame-sesame", long.as_str(), "+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let error = config(Mode::Production, &[issuer, ("master_key", text)]).check().unwrap_err().to_string();
            assert!(error.contains("master_key") && !error.contains(text), "{error}");
        }
        accepted(&[issuer, ("master_key", &"A".repeat(43))]);
    }
}
