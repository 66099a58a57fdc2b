//! Where the operator's mail server is, and in whose name letters go out: `mail.server`, `mail.password` and `mail.from`.
//!
//! `smtps://` is TLS from the first byte (RFC 8314 §3.3), `smtp://` begins it with STARTTLS (RFC 3207) and goes on with nothing less, and
//! `smtp+plain://` is without: refused but for a server on this machine. A password in the address is refused, since addresses are shown.

use url::{Host, Url};

use crate::account::normalize::EmailAddress;
use crate::config::{Config, Problem, SecretText};

/// How letters go out.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(super) security: Security,
    pub(super) host: String,
    pub(super) port: u16,
    /// The name and the password with which this server proves itself there.
    pub(super) login: Option<(String, SecretText)>,
    pub(super) from: Sender,
}

/// In whose name letters go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(super) name: Option<String>,
    pub(super) address: EmailAddress,
}

/// What keeps others from reading along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing: the server is on this machine.
    Loopback,
    /// TLS after a word in the open, or no letter.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

const FIX_SERVER: &str = "write it as smtps://user@mail.example.com, or smtp://user@mail.example.com:587 for STARTTLS";
const FIX_FROM: &str = "write it as no-reply@example.com, or as \"Example <no-reply@example.com>\"";

impl Route {
    /// What the configuration says; nothing where no server is named.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, Problem> {
        let mail = &config.mail;
        let Some(server) = &mail.server else {
            if mail.from.is_some() || mail.password.is_some() {
                return Err(Problem::new("mail.from or mail.password is set and mail.server is not", FIX_SERVER));
            }
            return Ok(None);
        };
        let (security, host, port, user) = server_of(server)?;
        let login = match (user, &mail.password) {
            (Some(user), Some(password)) => Some((user, password.clone())),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Problem::new("mail.server names a user and mail.password is not set", "set mail.password"));
            }
            (None, Some(_)) => {
                return Err(Problem::new("mail.password is set and mail.server names no user", FIX_SERVER));
            }
        };
        let from =
            mail.from.as_deref().ok_or_else(|| Problem::new("mail.server is set and mail.from is not", FIX_FROM))?;
        Ok(Some(Self { security, host, port, login, from: Sender::parse(from)? }))
    }

    /// The server, for people.
    pub(crate) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn server_of(text: &str) -> Result<(Security, String, u16, Option<String>), Problem> {
    // Never the address itself: it may hold a password.
    let refuse = |why: &str| Err(Problem::new(format!("mail.server {why}"), FIX_SERVER));
    let Ok(url) = Url::parse(text) else { return refuse("is not a URL") };
    let (security, port) = match url.scheme() {
        "smtps" => (Security::Tls, 465),
        "smtp" => (Security::StartTls, 587),
        "smtp+plain" => (Security::Loopback, 25),
        _ => return refuse("begins with neither smtps:// nor smtp://"),
    };
    if url.password().is_some() {
        return refuse("holds a password, which belongs into mail.password");
    }
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let Some(host) = url.host_str().filter(|host| bare && !host.is_empty()) else {
        return refuse("is more or less than a server, its port and a user");
    };
    // Of a scheme it does not know, the parser takes any host for a name.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let Ok(parsed) = Host::parse(&host).or_else(|_| Host::parse(&format!("[{host}]"))) else {
        return refuse("names no host");
    };
    let here = match parsed {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if security == Security::Loopback && !here {
        return refuse("would be spoken to without TLS, and is not on this machine");
    }
    let user = Some(url.username()).filter(|user| !user.is_empty());
    let user = user.map(|user| percent_decoded(user).ok_or(())).transpose();
    let Ok(user) = user else { return refuse("names a user that is no text") };
    Ok((security, host, url.port().unwrap_or(port), user))
}

fn percent_decoded(text: &str) -> Option<String> {
    let form = format!("user={}", text.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(form.as_bytes()).next()?.1.into_owned();
    (!decoded.chars().any(|c| c.is_control() || c == '\u{fffd}')).then_some(decoded)
}

impl Sender {
    /// `address` or `Name <address>`. No line of a header ends within it.
    fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = || Problem::new("mail.from is no address of mail", FIX_FROM);
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        if name.chars().any(char::is_control) {
            return Err(refuse());
        }
        let address = EmailAddress::parse(address).map_err(|_| refuse())?;
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()).map(str::to_owned), address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(server: &str, from: &str, password: &str) -> Config {
        let mut config = Config::development(Path::new("d")).unwrap();
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        config.mail.server = text(server);
        config.mail.from = text(from);
        config.mail.password = text(password).map(SecretText::new);
        config
    }

    fn route(server: &str) -> Result<Option<Route>, Problem> {
        let password = if server.contains('@') { "sesame" } else { "" };
        Route::of(&config(server, "Example <no-reply@example.com>", password))
    }

    #[test]
    fn a_server_is_spoken_to_with_tls_unless_it_is_here() {
        for (text, security, server) in [
            ("smtps://mail.example.com", Security::Tls, "mail.example.com:465"),
            ("smtps://u@mail.example.com:1465/", Security::Tls, "mail.example.com:1465"),
            ("smtp://u%40example.com@mail.example.com", Security::StartTls, "mail.example.com:587"),
            ("smtp://localhost", Security::StartTls, "localhost:587"),
            ("smtp+plain://localhost", Security::Loopback, "localhost:25"),
            ("smtp+plain://127.0.0.1:1025", Security::Loopback, "127.0.0.1:1025"),
            ("smtp+plain://[::1]:1025", Security::Loopback, "::1:1025"),
        ] {
            let route = route(text).unwrap().unwrap();
            assert_eq!((route.security, route.server().as_str()), (security, server), "{text}");
        }
        let login = route("smtp://u%40example.com@mail.example.com").unwrap().unwrap().login.unwrap();
        assert_eq!((login.0.as_str(), login.1.expose()), ("u@example.com", "sesame"));
    }

    #[test]
    fn what_is_no_server_is_refused_without_showing_it() {
        for text in [
            "mail.example.com",
            "https://mail.example.com",
            "smtp+plain://mail.example.com",
            "smtp+plain://10.0.0.1",
            "smtp+plain://localhost.evil.example",
            "smtps://u:sesame@mail.example.com",
            "smtps://",
            "smtps://mail.example.com/x",
            "smtps://mail.example.com?tls=none",
            "smtps://a%0d%0aRCPT@mail.example.com",
        ] {
            let problem = route(text).unwrap_err();
            assert!(!problem.what.contains("sesame") && problem.what.contains("mail.server"), "{text}: {problem:?}");
        }
    }

    #[test]
    fn halves_are_refused() {
        for (server, from, password) in [
            ("smtps://mail.example.com", "", ""),
            ("smtps://u@mail.example.com", "a@example.com", ""),
            ("smtps://mail.example.com", "a@example.com", "p"),
            ("", "a@example.com", ""),
            ("", "", "p"),
        ] {
            assert!(Route::of(&config(server, from, password)).is_err(), "{server} {from} {password}");
        }
        assert!(Route::of(&config("", "", "")).unwrap().is_none());
    }

    #[test]
    fn a_sender_is_one_address_with_or_without_a_name_security_148() {
        let sender = |text| Sender::parse(text).map(|sender| (sender.name, sender.address.as_typed));
        assert_eq!(sender("a@example.com").unwrap(), (None, "a@example.com".to_owned()));
        let named = (Some("Example, Inc.".to_owned()), "a@example.com".to_owned());
        assert_eq!(sender("\"Example, Inc.\" <a@example.com>").unwrap(), named);
        assert_eq!(sender("Example, Inc. <a@example.com>").unwrap(), named);
        for bad in ["", "a", "a@b@c", "A\r\nBcc: x <a@example.com>", "a@example.com\r\nBcc: x", "<a@example.com> x"] {
            assert!(sender(bad).is_err(), "{bad:?}");
        }
    }
}
