//! `mtls.*`: where clients show certificates (RFC 8705), and what of it would be unsafe.

use symbolon_oauth::Issuer;
use symbolon_oauth::endpoint::discovery::Certificates;
use url::Url;

use super::{Config, Listen, Mtls, Problem};

/// Headers that mean something else already.
const TAKEN: [&str; 7] = ["authorization", "content-type", "cookie", "dpop", "forwarded", "host", "x-forwarded-for"];

impl Mtls {
    /// Whether certificates are taken at all.
    pub fn is_on(&self) -> bool {
        self.listen.is_some() || self.header.is_some()
    }

    pub(super) fn check(&self, config: &Config, problems: &mut Vec<Problem>) {
        let mut refuse = |what: String, fix: &str| problems.push(Problem::new(what, fix));
        match &self.listen {
            Some(Listen::Unix(_)) => {
                refuse("mtls.listen is a Unix socket, and certificates are shown over TLS".into(), "give it IP:PORT");
            }
            Some(Listen::Tcp(_)) if !config.speaks_tls() => refuse(
                "mtls.listen needs this server to speak TLS, and there is no certificate".into(),
                "set http.tls.cert and http.tls.key, or acme.terms; or let a proxy ask for certificates, and set mtls.header",
            ),
            _ => {}
        }
        if let Some(header) = &self.header {
            check_header(header.as_str(), config, &mut refuse);
        }
        if let Some(url) = &self.url
            && !is_base(url)
        {
            refuse(format!("mtls.url `{url}` is no https address"), "write it as https://mtls.auth.example.com");
        }
        if !self.is_on() && (self.ca.is_some() || self.url.is_some()) {
            refuse(
                "mtls.ca or mtls.url is set, and certificates are taken nowhere".into(),
                "set mtls.listen, or mtls.header behind a proxy",
            );
        }
    }
}

/// Whoever may write the header may be any client.
fn check_header(header: &str, config: &Config, refuse: &mut impl FnMut(String, &str)) {
    let http = &config.http;
    if TAKEN.contains(&header) {
        refuse(format!("mtls.header cannot be {header}, which means something else"), "use client-cert");
    }
    if http.trusted_proxies.is_empty() && matches!(http.listen, Listen::Tcp(_)) {
        refuse(
            "mtls.header is believed from trusted proxies only, and none is named".into(),
            "set http.trusted_proxies to the proxy's address",
        );
    }
    if let Some(network) = http.trusted_proxies.iter().find(|network| network.is_everybody()) {
        refuse(
            format!("http.trusted_proxies holds {network}: with mtls.header anybody could be any client"),
            "name the proxies alone, for example [\"10.0.0.7\"]",
        );
    }
}

fn is_base(text: &str) -> bool {
    let plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host() && plain(&url))
}

impl Config {
    /// What is published of certificates.
    pub fn certificates(&self) -> Certificates {
        if !self.mtls.is_on() {
            return Certificates::Off;
        }
        Certificates::Taken { base: self.mtls_base(), authorities: self.mtls.ca.is_some() }
    }

    /// What the addresses begin with at which certificates are taken, where it is not the issuer.
    pub fn mtls_base(&self) -> Option<Issuer> {
        if let Some(url) = &self.mtls.url {
            return Issuer::parse(url).ok();
        }
        let port = self.mtls.listen.as_ref()?.port()?;
        let mut url = Url::parse(&self.issuer).ok()?;
        url.set_port(Some(port)).ok()?;
        // Nobody takes the issuer's path away in front of this listener.
        url.set_path("");
        Issuer::parse(url.as_str().trim_end_matches('/')).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, load};
    use super::*;

    fn config(settings: &[(&'static str, &str)]) -> Config {
        let always = [("issuer", "https://a.example"), ("http.tls.cert", "c"), ("http.tls.key", "k")];
        let flags = always.iter().chain(settings).map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
        load(&Sources { flags, ..Sources::default() }).unwrap().config
    }

    #[track_caller]
    fn refused(settings: &[(&'static str, &str)], about: &str) {
        let error = config(settings).check().unwrap_err();
        assert!(error.to_string().contains(about), "{error}");
    }

    fn base(settings: &[(&'static str, &str)]) -> Option<String> {
        let config = config(settings);
        config.check().unwrap();
        config.mtls_base().map(|base| base.as_str().to_owned())
    }

    const PROXY: (&str, &str) = ("http.trusted_proxies", "10.0.0.7");

    #[test]
    fn where_certificates_are_taken_is_told() {
        assert_eq!(config(&[]).certificates(), Certificates::Off);
        assert_eq!(base(&[("mtls.listen", "0.0.0.0:8443")]).as_deref(), Some("https://a.example:8443"));
        let named = [("mtls.listen", "0.0.0.0:8443"), ("mtls.url", "https://mtls.a.example")];
        assert_eq!(base(&named).as_deref(), Some("https://mtls.a.example"));
        assert_eq!(base(&[("mtls.header", "Client-Cert"), PROXY]), None);
        let both = Certificates::Taken { base: None, authorities: true };
        assert_eq!(config(&[("mtls.header", "client-cert"), PROXY, ("mtls.ca", "ca.pem")]).certificates(), both);
    }

    #[test]
    fn what_would_let_anybody_be_any_client_is_refused() {
        refused(&[("mtls.header", "client-cert")], "trusted proxies only");
        refused(
            &[("mtls.header", "client-cert"), ("http.trusted_proxies", "0.0.0.0/0")],
            "anybody could be any client",
        );
        refused(&[("mtls.header", "authorization"), PROXY], "means something else");
    }

    #[test]
    fn what_could_not_work_is_refused() {
        refused(&[("mtls.listen", "unix:/run/m.sock")], "Unix socket");
        refused(&[("mtls.ca", "ca.pem")], "taken nowhere");
        for url in ["http://mtls.a.example", "mtls.a.example", "https://a.example?x", "https://u@a.example"] {
            refused(&[("mtls.listen", "0.0.0.0:8443"), ("mtls.url", url)], "mtls.url");
        }
        let flags =
            vec![("issuer", "--issuer", "https://a.example".to_owned()), ("mtls.listen", "--x", "[::1]:1".to_owned())];
        let plain = load(&Sources { flags, ..Sources::default() }).unwrap().config;
        assert!(plain.check().unwrap_err().to_string().contains("speak TLS"));
        let flags = vec![("mtls.header", "--x", "not a header".to_owned())];
        assert!(load(&Sources { flags, ..Sources::default() }).is_err());
    }
}
