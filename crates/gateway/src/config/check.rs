//! Combinations that would be unsafe or could not work, each with its fix.

use symbolon_server::config::{ConfigError, Listen, Problem};

use super::Config;
use crate::path::OWN_PATHS;

impl Config {
    /// Refuses what must not be served.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        self.check_apis(&mut problems);
        self.check_origins(&mut problems);
        self.check_scope(&mut problems);
        self.check_listener(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    fn check_apis(&self, problems: &mut Vec<Problem>) {
        if self.apis.is_empty() {
            problems.push(Problem::new("there is no API to call", "add [[api]] with path and url"));
        }
        for (at, api) in self.apis.iter().enumerate() {
            if let Some(own) = OWN_PATHS.iter().find(|own| is_within(own, &api.path)) {
                problems.push(Problem::new(
                    format!("the path {} would hide {own}, which is the gateway's own", api.path),
                    "give the API another path, such as /api",
                ));
            }
            if self.apis[..at].iter().any(|other| other.path == api.path) {
                problems.push(Problem::new(
                    format!("two APIs have the path {}", api.path),
                    "give each API a path of its own, such as /orders",
                ));
            }
            let differs = |other: &&super::Api| other.audience == api.audience && other.scope != api.scope;
            if let Some(other) = self.apis[..at].iter().find(differs) {
                problems.push(Problem::new(
                    format!("{} and {} are one audience with two scopes, and have one token", other.path, api.path),
                    "give both the same scope",
                ));
            }
        }
        if self.apis.len() > 10 {
            problems.push(Problem::new("there are more than ten APIs", "run a second gateway for the others"));
        }
    }

    fn check_origins(&self, problems: &mut Vec<Problem>) {
        for origin in self.origins.iter().filter(|origin| !origin.may_be_same_site(&self.origin)) {
            problems.push(Problem::new(
                format!("{origin} is another site than {}: browsers would send no cookie from there", self.origin),
                "give the gateway a name of the app's own site, such as https://gateway.example.com for https://www.example.com",
            ));
        }
    }

    fn check_scope(&self, problems: &mut Vec<Problem>) {
        let has = |name| self.scope.split_ascii_whitespace().any(|scope| scope == name);
        if !has("openid") {
            problems.push(Problem::new("`scope` lacks openid: nobody would know who signed in", "add openid to scope"));
        }
        if !has("offline_access") {
            problems.push(Problem::new(
                "`scope` lacks offline_access: there would be nothing to renew tokens with",
                "add offline_access to scope",
            ));
        }
        if self.session.idle_secs > self.session.absolute_secs {
            problems.push(Problem::new("session.idle is longer than session.absolute", "shorten session.idle"));
        }
    }

    fn check_listener(&self, problems: &mut Vec<Problem>) {
        let plain = self.origin.scheme() == "http";
        if plain && self.http.tls.is_some() {
            problems.push(Problem::new("url is http and a certificate is set", "begin url with https://"));
        }
        if plain && !self.http.listen.is_local() {
            let what = format!("plain http would be spoken on {}, which other machines reach", self.http.listen);
            problems.push(Problem::new(what, "listen on 127.0.0.1:4600, or set an https url"));
        }
        if self.app.content_security_policy.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
            problems.push(Problem::new(
                "app.content_security_policy has characters that no header has",
                "write it in ASCII, on one line",
            ));
        }
        if self.app.folder.as_ref().is_some_and(|folder| !folder.is_dir()) {
            problems.push(Problem::new("app.folder is no folder", "name the folder that has the app's index.html"));
        }
    }

    /// What can be served and is probably not meant so.
    pub fn warnings(&self) -> Vec<Problem> {
        let over_tcp = matches!(self.http.listen, Listen::Tcp(_));
        let behind = self.origin.scheme() == "https" && self.http.tls.is_none() && over_tcp;
        let mut found = Vec::new();
        if behind && self.http.trusted_proxies.is_empty() {
            found.push(Problem::new(
                "url is https and nothing here speaks TLS, so a proxy must, and none is trusted: it may hold a quarter of all connections only",
                "set http.trusted_proxies to the proxy's address, for example [\"127.0.0.1\"]",
            ));
        }
        found
    }
}

/// Whether `path` is `prefix` or below it.
fn is_within(path: &str, prefix: &str) -> bool {
    prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, load};

    const GOOD: &str =
        "url = \"https://app.example.com\"\nissuer = \"https://auth.example.com\"\nclient_id = \"app\"\n";
    const API: &str =
        "[[api]]\npath = \"/api/\"\nurl = \"https://api.example.com/v1/\"\naudience = \"https://api.example.com\"\n";

    fn loaded(text: &str) -> Result<super::Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, text).unwrap();
        let sources = Sources { file: Some(file), ..Sources::default() };
        load(&sources).map(|loaded| loaded.config).map_err(|error| error.to_string())
    }

    #[test]
    fn four_lines_and_an_api_are_enough() {
        let config = loaded(&format!("{GOOD}{API}")).unwrap();
        assert_eq!((config.apis[0].path.as_str(), config.apis[0].url.as_str()), ("/api", "https://api.example.com/v1"));
        assert_eq!(config.session.idle_secs, 12 * 3_600);
        assert!(!config.warnings().is_empty());
    }

    #[test]
    fn what_would_be_unsafe_is_refused_with_its_fix() {
        let api = |path: &str, url: &str| format!("{GOOD}[[api]]\npath = \"{path}\"\nurl = \"{url}\"\n");
        for (text, why) in [
            (GOOD.to_owned(), "add [[api]]"),
            (API.to_owned(), "`url`"),
            (format!("{GOOD}lissten = \"x\"\n{API}"), "unknown setting"),
            (format!("{GOOD}{API}audiense = \"x\"\n"), "did you mean `api.audience`?"),
            (format!("{GOOD}[http]\nlitsen = \"x\"\n{API}"), "did you mean `http.listen`?"),
            (api("/api", "http://api.example.com"), "tokens would travel open"),
            (api("/api", "https://u:p@api.example.com"), "no user"),
            (api("/api", "ftp://api.example.com"), "https"),
            (api("api", "https://a.example"), "slash"),
            (api("/a/../b", "https://a.example"), "single slashes"),
            (api("/a%2fb", "https://a.example"), "single slashes"),
            (api("/", "https://a.example"), "gateway's own"),
            (api("/session", "https://a.example"), "gateway's own"),
            (format!("{GOOD}{API}{API}"), "a path of its own"),
            (format!("{GOOD}origins = [\"https://evil.example\"]\n{API}"), "another site"),
            (format!("{GOOD}origins = [\"http://www.example.com\"]\n{API}"), "plain http"),
            (format!("{GOOD}scope = \"profile\"\n{API}"), "openid"),
            (
                format!("url = \"http://app.example.com\"\nissuer = \"http://a\"\nclient_id = \"a\"\n{API}"),
                "https://app.example.com",
            ),
            (format!("{GOOD}api = 5"), "[[api]]"),
            ("url = ".to_owned(), "not TOML"),
        ] {
            let said = loaded(&text).unwrap_err();
            assert!(said.contains(why), "{text}\n{said}");
        }
        let private =
            format!("{GOOD}[[api]]\npath = \"/a\"\nurl = \"http://api:8080\"\ntransport = \"private-network\"\n");
        assert!(loaded(&private).is_ok());
    }

    #[test]
    fn the_environment_may_say_it_and_no_misspelt_name_passes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, format!("{GOOD}{API}")).unwrap();
        let with = |name: &str, value: &str| {
            let environment = vec![(name.to_owned(), value.to_owned()), ("SYMBOLON_ISSUER".to_owned(), "x".to_owned())];
            load(&Sources { file: Some(file.clone()), environment, ..Sources::default() })
        };
        let loaded = with("SYMBOLON_GATEWAY__SESSION__IDLE", "1h").unwrap();
        assert_eq!(loaded.config.session.idle_secs, 3_600);
        assert!(with("SYMBOLON_GATEWAY__SESION__IDLE", "1h").unwrap_err().to_string().contains("did you mean"));
    }
}
