//! `cookie.domain`: what of it no browser would take, or would be meant otherwise.

use symbolon_oauth::registration::is_within;
use url::{Host, Url};

use super::{Config, Problem};

pub(super) fn check(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |what: String, fix: &str| problems.push(Problem::new(what, fix));
    let Some(domain) = &config.cookie_domain else { return };
    let Ok(issuer) = Url::parse(&config.issuer) else { return };
    // A name as browsers compare it; one label is a public suffix, or no name of the network's at all.
    let is_name = domain.contains('.') && matches!(Host::parse(domain), Ok(Host::Domain(name)) if name == *domain);
    if !is_name || domain.starts_with('.') || domain.ends_with('.') {
        return refuse(format!("cookie.domain `{domain}` is no domain"), "write it as example.com");
    }
    if issuer.scheme() != "https" {
        return refuse(
            "cookie.domain is set, and the issuer is plain http".into(),
            "remove cookie.domain: on one host apps and APIs need no domain, whatever their ports",
        );
    }
    if !issuer.host_str().is_some_and(|host| is_within(host, domain)) {
        refuse(
            format!("the issuer's host is not within cookie.domain `{domain}`, so no browser would take its cookies"),
            "set cookie.domain to the domain that the issuer shares with apps and APIs",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Sources, load};

    fn with(issuer: &str, domain: &str) -> Result<(), String> {
        let flags = [("issuer", issuer), ("cookie.domain", domain), ("http.trusted_proxies", "127.0.0.1")];
        let flags = flags.iter().map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
        let loaded = load(&Sources { flags, mode: Mode::Production, ..Sources::default() }).unwrap();
        loaded.config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn the_domain_is_one_that_the_issuer_is_in() {
        for domain in ["example.com", "auth.example.com", ""] {
            assert_eq!(with("https://auth.example.com", domain), Ok(()), "{domain}");
        }
        for domain in [
            "com",
            ".example.com",
            "example.com.",
            "other.example",
            "Example.com",
            "a b.example.com",
            "ample.com",
            "127.0.0.1",
            "example.com; Secure",
        ] {
            assert!(with("https://auth.example.com", domain).unwrap_err().contains("cookie.domain"), "{domain}");
        }
        assert!(with("http://localhost:4400", "app.localhost").unwrap_err().contains("plain http"));
    }
}
