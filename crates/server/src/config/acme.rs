//! `acme.*`: certificates that the server orders for itself (RFC 8555), and what of it could not work.

use std::net::IpAddr;

use symbolon_jose::base64url;
use url::{Host, Url};

use super::{Acme, Config, Listen, Problem, Terms};

/// Where certificates are ordered unless said otherwise.
pub(super) const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// RFC 7518 §3.2: a key for HS256 has at least the length of its hash.
const EXTERNAL_KEY_BYTES: usize = 32;

impl Acme {
    /// Whether certificates are ordered.
    pub fn is_on(&self) -> bool {
        self.terms == Terms::Agreed
    }

    pub(super) fn check(&self, config: &Config, problems: &mut Vec<Problem>) {
        let mut refuse = |what: String, fix: &str| problems.push(Problem::new(what, fix));
        if !self.is_on() {
            if self.is_set() {
                refuse(
                    "acme.* is set, and its authority's terms of service are not agreed to".into(),
                    "read them, and set acme.terms = \"agreed\"; or remove the settings",
                );
            }
            return;
        }
        check_door(config, &mut refuse);
        self.check_names(&mut refuse);
        if !is_directory(&self.directory) {
            refuse(
                format!("acme.directory `{}` is no https address", self.directory),
                "write it as its authority does, for example https://acme-v02.api.letsencrypt.org/directory",
            );
        }
        if self.contact.as_ref().is_some_and(|contact| !is_mailbox(contact)) {
            refuse("acme.contact is no single address of mail".into(), "write it as operator@example.com");
        }
        if self.external_account.as_ref().is_some_and(|text| external_account(text.expose()).is_none()) {
            refuse(
                "acme.external_account is not KID:KEY with a key of 32 bytes or more in base64url".into(),
                "write the key's name and the MAC key as the authority's page gives them, with a colon between",
            );
        }
    }

    fn check_names(&self, refuse: &mut impl FnMut(String, &str)) {
        if self.domains.is_empty() {
            refuse(
                "there is no name to order a certificate for: the issuer's host is none".into(),
                "set acme.domains to the names under which clients know this server",
            );
        }
        if let Some(name) = self.domains.iter().find(|name| !is_host_name(name)) {
            // A wildcard is proven by records in DNS alone (RFC 8555 §8.4), which nothing here can write.
            refuse(
                format!("acme.domains has `{name}`, for which no certificate can be ordered here"),
                "write whole names such as auth.example.com, in lower case; neither addresses nor wildcards",
            );
        }
    }

    /// Whether anything but the switch is set.
    fn is_set(&self) -> bool {
        self.contact.is_some() || self.external_account.is_some() || self.directory != LETS_ENCRYPT
    }
}

/// What is shown must be shown by this server itself, and come from nowhere else.
fn check_door(config: &Config, refuse: &mut impl FnMut(String, &str)) {
    if config.http.tls.is_some() {
        refuse(
            "a certificate is set, and another would be ordered".into(),
            "remove http.tls.cert and http.tls.key, or acme.terms",
        );
    }
    if matches!(config.http.listen, Listen::Unix(_)) {
        refuse(
            "http.listen is a Unix socket, on which nobody speaks TLS".into(),
            "listen on 0.0.0.0:443, or let the proxy order the certificate and remove acme.terms",
        );
    }
    if config.issuer.starts_with("http:") {
        refuse("the issuer is http and a certificate is to be ordered".into(), "begin the issuer with https://");
    }
}

/// The name and the bytes of an external account's key, in either alphabet, with padding or without (RFC 8555 §7.3.4).
pub(crate) fn external_account(text: &str) -> Option<(&str, Vec<u8>)> {
    let (kid, key) = text.trim().rsplit_once(':').filter(|(kid, _)| !kid.is_empty())?;
    let key = key.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(&key).ok().filter(|key| key.len() >= EXTERNAL_KEY_BYTES).map(|key| (kid, key))
}

/// The names that a certificate is for unless said otherwise: under which the issuer is known, and where clients show theirs.
pub(super) fn hosts(issuer: &str, mtls: Option<&str>) -> Vec<String> {
    let mut names = Vec::new();
    for url in [Some(issuer), mtls].into_iter().flatten().filter_map(|text| Url::parse(text).ok()) {
        if let Some(Host::Domain(name)) = url.host()
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

fn is_directory(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        _ => false,
    })
}

/// RFC 8555 §7.3: one address, without header fields.
fn is_mailbox(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains([',', '?', ' ', '%', ':'])
}

fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.parse::<IpAddr>().is_err() && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Sources, load};
    use super::*;

    const ON: [(&str, &str); 3] =
        [("issuer", "https://auth.example.com"), ("http.listen", "0.0.0.0:443"), ("acme.terms", "agreed")];

    fn config(more: &[(&'static str, &str)]) -> Config {
        let flags = ON.iter().chain(more).map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
        load(&Sources { flags, mode: Mode::Production, ..Sources::default() }).unwrap().config
    }

    fn refused(more: &[(&'static str, &str)], about: &str) {
        let error = config(more).check().unwrap_err().to_string();
        assert!(error.contains(about), "{error}");
    }

    #[test]
    fn three_lines_switch_it_on_and_the_names_follow_the_addresses() {
        let found = config(&[]);
        found.check().unwrap();
        assert!(found.warnings().is_empty() && found.acme.is_on() && found.http.tls.is_none());
        assert_eq!(found.acme.domains, ["auth.example.com"]);
        let found = config(&[("mtls.listen", "0.0.0.0:444"), ("mtls.url", "https://mtls.example.com")]);
        found.check().unwrap();
        assert_eq!(found.acme.domains, ["auth.example.com", "mtls.example.com"]);
        let found = config(&[("acme.domains", "a.example, b.example")]);
        assert_eq!(found.acme.domains, ["a.example", "b.example"]);
        let external = format!("kid-1:{}", "A".repeat(43));
        let external = [("acme.external_account", external.as_str()), ("acme.contact", "ops@example.com")];
        config(&external).check().unwrap();
    }

    #[test]
    fn rfc8555_section_7_3_nothing_is_ordered_before_the_terms_are_agreed_to() {
        for one in [
            ("acme.contact", "ops@example.com"),
            ("acme.external_account", "k"),
            ("acme.directory", "https://ca.example"),
        ] {
            refused(&[("acme.terms", "unread"), ("http.listen", "127.0.0.1:4400"), one], "terms of service");
        }
        let off = config(&[("acme.terms", "unread"), ("http.listen", "127.0.0.1:4400")]);
        off.check().unwrap();
        assert!(!off.acme.is_on());
    }

    #[test]
    fn what_could_not_work_is_refused() {
        refused(&[("http.tls.cert", "c"), ("http.tls.key", "k")], "a certificate is set");
        refused(&[("http.listen", "unix:/run/s.sock")], "Unix socket");
        refused(&[("issuer", "http://localhost:4400"), ("acme.domains", "a.example")], "the issuer is http");
        refused(&[("issuer", "https://192.0.2.1")], "no name to order");
        for name in ["*.example.com", "192.0.2.1", "::1", "A.example", "a..example", "-a.example", "a_b.example"] {
            refused(&[("acme.domains", name)], "acme.domains has");
        }
        for directory in ["ftp://ca.example", "http://ca.example/directory", "ca.example"] {
            refused(&[("acme.directory", directory)], "acme.directory");
        }
        for contact in ["ops", "a@b@c", "a@example.com,b@example.com", "mailto:a@example.com", "a@example.com?cc=b"] {
            refused(&[("acme.contact", contact)], "acme.contact");
        }
        for account in ["k", "k:", "k:c2hvcnQ", ":c2hvcnQ"] {
            refused(&[("acme.external_account", account)], "32 bytes");
        }
        refused(&[("acme.external_account", &format!(":{}", "A".repeat(43)))], "32 bytes");
    }
}
