//! Redirect URIs: what may be registered, and whether a presented one is registered.
//!
//! Compared as exact text (RFC 9700 §2.1): no normalising, no prefixes, no patterns, so that userinfo, encoding and case tricks
//! have nothing to work on. One exception: the port of a native client's loopback URI (RFC 8252 §7.3).

use std::fmt;

use serde::Serialize;
use url::Url;

use crate::error::OAuthError;
use crate::ids::is_loopback;
use crate::registration::{Client, ClientKind};

/// Schemes that run code, read files or mean something else to a browser; never a place to send a code to.
const DANGEROUS_SCHEMES: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "resource",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// A redirect URI proven to be the client's. Only [`find_registered`] makes one, and nothing is redirected to without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisteredRedirectUri(String);

impl RegisteredRedirectUri {
    /// The URI exactly as the request had it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of the page that receives it, if it is one on the web.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
    }

    /// Whether a program on the person's own machine receives it, whose identity nobody can assure (RFC 8252 §8.6): loopback
    /// or a private-use scheme.
    #[must_use]
    pub fn is_on_device(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| match url.scheme() {
            "http" | "https" => is_loopback(&url),
            _ => true,
        })
    }
}

impl fmt::Display for RegisteredRedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Proves that `presented` is one of the client's redirect URIs.
///
/// # Errors
/// [`OAuthError::RedirectUriNotRegistered`], to be told on a page and never by redirect (RFC 6749 §4.1.2.1).
pub fn find_registered(client: &Client, presented: &str) -> Result<RegisteredRedirectUri, OAuthError> {
    find(&client.redirect_uris, client.kind, presented).ok_or(OAuthError::RedirectUriNotRegistered)
}

/// The same for `post_logout_redirect_uris` (OpenID Connect RP-Initiated Logout §3.1).
#[must_use]
pub fn find_post_logout(client: &Client, presented: &str) -> Option<RegisteredRedirectUri> {
    find(&client.post_logout_redirect_uris, client.kind, presented)
}

fn find(registered: &[String], kind: ClientKind, presented: &str) -> Option<RegisteredRedirectUri> {
    let found =
        registered.iter().any(|uri| uri == presented || (kind == ClientKind::Native && same_but_port(uri, presented)));
    found.then(|| RegisteredRedirectUri(presented.to_owned()))
}

/// RFC 8252 §7.3: "The authorization server MUST allow any port to be specified at the time of the request for loopback IP
/// redirect URIs". Both are cut at the literal host, so nothing but digits of a port can differ.
fn same_but_port(registered: &str, presented: &str) -> bool {
    match (split_loopback(registered), split_loopback(presented)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// `(host, what follows the port)` of an http URI whose host is literally a loopback one.
fn split_loopback(uri: &str) -> Option<(&'static str, &str)> {
    for host in ["http://127.0.0.1", "http://[::1]", "http://localhost"] {
        let Some(rest) = uri.strip_prefix(host) else { continue };
        let after_port = match rest.strip_prefix(':') {
            Some(port_on) => {
                let digits = port_on.bytes().take_while(u8::is_ascii_digit).count();
                let port: u16 = port_on[..digits].parse().ok()?;
                // One spelling per port: no leading zeros, no port 0.
                if port == 0 || port_on.starts_with('0') {
                    return None;
                }
                &port_on[digits..]
            }
            None => rest,
        };
        return (after_port.is_empty() || after_port.starts_with(['/', '?'])).then_some((host, after_port));
    }
    None
}

/// Whether a URI may be registered for a client of that kind (RFC 9700 §2.6, RFC 6749 §3.1.2, RFC 8252 §7).
///
/// # Errors
/// What is wrong, in words for the operator.
pub fn check_registration(uri: &str, kind: ClientKind) -> Result<(), &'static str> {
    if uri.len() > 2048 {
        return Err("is longer than 2048 bytes");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) || uri.contains(['\\', '"', '<', '>', '`']) {
        return Err("must be printable ASCII without spaces, quotes and backslashes");
    }
    if uri.contains('*') {
        return Err("must not have wildcards");
    }
    if uri.contains('#') {
        return Err("must not have a fragment");
    }
    let url = Url::parse(uri).map_err(|_| "is not an absolute URI")?;
    if !url.username().is_empty() || url.password().is_some() || authority(uri).contains('@') {
        return Err("must not have a user name");
    }
    if url.path_segments().is_some_and(|_| has_dot_segment(uri)) {
        return Err("must not have dot segments");
    }
    match url.scheme() {
        // What a browser would rewrite before sending is refused: it would never be presented in this spelling.
        "http" | "https" if authority(uri).is_empty() || !uri.starts_with(url.scheme()) => {
            Err("must be written in lower case, with two slashes and a host")
        }
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("plain http is for loopback only"),
        scheme => check_private_use(scheme, kind),
    }
}

/// The origins of the pages behind these URIs, each once (RFC 6454 §6.2); a private-use scheme has none.
#[must_use]
pub fn origins(uris: &[String]) -> Vec<String> {
    let mut origins = Vec::new();
    for origin in uris.iter().filter_map(|uri| Url::parse(uri).ok()).map(|url| url.origin()) {
        if origin.is_tuple() && !origins.contains(&origin.ascii_serialization()) {
            origins.push(origin.ascii_serialization());
        }
    }
    origins
}

/// RFC 8252 §7.1: private-use schemes are reverse domain names, so they have a dot, and belong to apps.
fn check_private_use(scheme: &str, kind: ClientKind) -> Result<(), &'static str> {
    if DANGEROUS_SCHEMES.contains(&scheme) {
        return Err("this scheme cannot receive an answer safely");
    }
    if kind != ClientKind::Native {
        return Err("private-use schemes are for native clients");
    }
    if scheme.contains('.') {
        Ok(())
    } else {
        Err("a private-use scheme must be a reversed domain name, such as com.example.app")
    }
}

fn authority(uri: &str) -> &str {
    let after = uri.split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?']).next().unwrap_or_default()
}

fn has_dot_segment(uri: &str) -> bool {
    let path = uri.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    path.split('/').any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientId;
    use proptest::prelude::*;

    fn client(kind: ClientKind, uris: &[&str]) -> Client {
        let id = ClientId::parse("c").unwrap();
        let mut client = if kind == ClientKind::Native { Client::native(id, "C") } else { Client::web(id, "C") };
        client.redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        client
    }

    #[track_caller]
    fn refused(kind: ClientKind, registered: &str, presented: &str) {
        assert_eq!(
            find_registered(&client(kind, &[registered]), presented),
            Err(OAuthError::RedirectUriNotRegistered),
            "{presented}"
        );
    }

    #[test]
    fn origins_come_from_redirect_uris_once_each() {
        let uris = [
            "http://localhost:4200/",
            "http://localhost:4200/callback",
            "https://a.example/x",
            "com.example:/cb",
            "nonsense",
        ];
        let uris: Vec<String> = uris.map(str::to_owned).to_vec();
        assert_eq!(origins(&uris), ["http://localhost:4200", "https://a.example"]);
    }

    #[test]
    fn only_the_exact_text_matches() {
        let registered = "https://app.example.com/callback";
        assert!(find_registered(&client(ClientKind::Web, &[registered]), registered).is_ok());
        for near_miss in [
            "https://app.example.com/callback/",
            "https://app.example.com/callback?x=1",
            "https://app.example.com/callback#x",
            "https://app.example.com/Callback",
            "https://APP.example.com/callback",
            "HTTPS://app.example.com/callback",
            "https://app.example.com:443/callback",
            "https://app.example.com/callback/../evil",
            "https://app.example.com//callback",
            "https://app.example.com/%63allback",
            "https://app.example.com/callback%00",
            "https://app.example.com/callback ",
            "https://app.example.com.evil.example/callback",
            "https://app.example.com@evil.example/callback",
            "https://evil.example/callback",
            "http://app.example.com/callback",
            "https://app.example.com",
            "",
            "https://app.example.com/callbackevil",
            "//app.example.com/callback",
            "https:\\\\app.example.com/callback",
        ] {
            refused(ClientKind::Web, registered, near_miss);
        }
    }

    #[test]
    fn dots_in_a_registered_uri_are_no_pattern_cve_2024_52289() {
        refused(ClientKind::Web, "https://app.example.com/", "https://appXexample.com/");
    }

    #[test]
    fn port_of_loopback_may_vary_for_native_clients_rfc_8252() {
        for (registered, presented) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb"),
            ("http://[::1]/cb", "http://[::1]:61023/cb"),
            ("http://localhost/cb", "http://localhost:8080/cb"),
            ("http://localhost:3000", "http://localhost:8080"),
            ("http://127.0.0.1/?a=1", "http://127.0.0.1:9/?a=1"),
        ] {
            assert!(find_registered(&client(ClientKind::Native, &[registered]), presented).is_ok(), "{presented}");
            refused(ClientKind::Web, registered, presented);
        }
    }

    #[test]
    fn nothing_but_the_port_may_vary_cve_2024_8883() {
        for presented in [
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1:@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80evil/cb",
            "http://127.0.0.2:80/cb",
            "http://localhost:80/cb",
            "http://[::1]:80/cb",
            "https://127.0.0.1:80/cb",
            "http://127.0.0.1:80/cb/x",
            "http://127.0.0.1:80/CB",
            "http://127.0.0.1:80/cb?x",
            "http://127.0.0.1:80",
            "http://127.1:80/cb",
            "http://2130706433/cb",
            "http://127.0.0.1:+80/cb",
        ] {
            refused(ClientKind::Native, "http://127.0.0.1/cb", presented);
        }
        refused(ClientKind::Native, "https://app.example.com/cb", "https://app.example.com:8443/cb");
    }

    #[test]
    fn registration_refuses_what_could_send_a_code_elsewhere() {
        for uri in [
            "",
            "callback",
            "/callback",
            "//app.example.com/",
            "https://*.example.com/",
            "https://app.example.com/*",
            "https://app.example.com/#",
            "https://app.example.com/#frag",
            "https://user@app.example.com/",
            "https://user:pw@app.example.com/",
            "https://@app.example.com/",
            "http://app.example.com/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:https://a/b",
            "ftp://a/",
            "mailto:a@b",
            "https://app.example.com/a b",
            "https://app.example.com/\n",
            "https://app.example.com/\\evil",
            "https:app.example.com/cb",
            "https:///app.example.com",
            "https://app.example.com/a/../b",
            "https://app.example.com/a/%2e%2e/b",
            "https://ünï.example/",
            "myapp:cb",
            "com.example.app:/cb",
            "intent://x",
            &format!("https://a.example/{}", "x".repeat(2048)),
        ] {
            assert!(check_registration(uri, ClientKind::Web).is_err(), "{uri}");
        }
    }

    #[test]
    fn private_use_schemes_need_a_dot_and_a_native_client() {
        assert_eq!(check_registration("com.example.app:/callback", ClientKind::Native), Ok(()));
        assert!(check_registration("com.example.app:/callback", ClientKind::Spa).is_err());
        assert!(check_registration("myapp:/callback", ClientKind::Native).is_err());
        assert!(check_registration("javascript:alert(1)", ClientKind::Native).is_err());
    }

    #[test]
    fn usual_uris_may_be_registered() {
        for uri in [
            "https://app.example.com/callback",
            "https://app.example.com:8443/cb?tenant=1",
            "http://localhost:4401/",
            "http://localhost:4200/callback",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
        ] {
            assert_eq!(check_registration(uri, ClientKind::Spa), Ok(()), "{uri}");
        }
    }

    #[test]
    fn programs_on_the_device_are_known_as_such() {
        let native =
            client(ClientKind::Native, &["http://localhost/cb", "com.example.app:/cb", "https://app.example.com/cb"]);
        let on_device = |uri: &str| find_registered(&native, uri).unwrap().is_on_device();
        assert!(
            on_device("http://localhost:5/cb")
                && on_device("com.example.app:/cb")
                && !on_device("https://app.example.com/cb")
        );
    }

    proptest! {
        #[test]
        fn a_match_differs_in_nothing_but_a_loopback_port(presented in "(http|https)://(127\\.0\\.0\\.1|localhost|\\[::1\\]|evil\\.example)(:[0-9@a]{0,6})?(/cb|/x)?") {
            let native = client(ClientKind::Native, &["http://127.0.0.1/cb"]);
            if find_registered(&native, &presented).is_ok() {
                let url = Url::parse(&presented).unwrap();
                prop_assert_eq!((url.scheme(), url.host_str(), url.path(), url.username()), ("http", Some("127.0.0.1"), "/cb", ""));
            }
        }

        #[test]
        fn what_may_be_registered_is_a_url_that_stays_what_it_is(uri in "(https?|data|javascript|com\\.x)://?[a-z@.:*#\\\\/%2e]{0,30}") {
            if check_registration(&uri, ClientKind::Native).is_ok() {
                let url = Url::parse(&uri).unwrap();
                prop_assert!(url.username().is_empty() && url.fragment().is_none() && !uri.contains('*'));
            }
        }
    }
}
