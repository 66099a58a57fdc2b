//! The cookies of the hosted pages (design §6; security 85–91; draft-ietf-httpbis-rfc6265bis-22 §4.1.3, §5.7).
//!
//! `__Host-symbolon-session` carries a signed-in browser's secret, `__Host-symbolon-pre` a random value that
//! anti-forgery tokens are bound to before anybody has signed in, `__Host-symbolon-device` tells a known device
//! ([`super::device`]), `__Host-symbolon-language` keeps the language that was chosen, and `__Host-symbolon-state` tells sessions apart for pages that watch them. Over plain HTTP on loopback the prefix and `Secure` are dropped, as browsers demand, for
//! development only. Cookies do not tell ports apart, so the issuer's port stands in the names there.
//!
//! Refused: names that merely look like ours (other case, other prefix, encoded), and a name of ours
//! that comes twice, which a sibling host could have planted.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::pages::Transport;

/// Longest value of ours; more is not looked at.
const MAX_VALUE_LEN: usize = 512;

/// The cookies this server sets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CookieKind {
    /// Tells sessions of a browser apart for pages that watch them (OpenID Connect Session Management 1.0 §3.2). It opens nothing, and is the only
    /// one that a script of ours reads and that travels in frames of other sites.
    BrowserState,
    /// Tells a device that an account has signed in on before.
    Device,
    /// The language that was chosen for the pages.
    Language,
    /// Binds forms to a browser before sign-in.
    PreSession,
    /// The session secret.
    Session,
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifetime {
    /// Until the browser closes.
    BrowserSession,
    /// "Keep me signed in".
    Persistent {
        /// Seconds from now.
        max_age_secs: u64,
    },
}

/// Why a request's cookie is not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CookieProblem {
    /// The name came more than once: which value is ours cannot be told.
    Duplicate,
    /// The value is longer than ours are, or has characters that ours never have.
    Malformed,
}

impl CookieKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::BrowserState, Self::Device, Self::Language, Self::PreSession, Self::Session];

    /// The cookie's exact name.
    pub fn name(self, transport: Transport) -> Cow<'static, str> {
        let (host_bound, plain) = match self {
            Self::BrowserState => ("__Host-symbolon-state", "symbolon-state"),
            Self::Device => ("__Host-symbolon-device", "symbolon-device"),
            Self::Language => ("__Host-symbolon-language", "symbolon-language"),
            Self::PreSession => ("__Host-symbolon-pre", "symbolon-pre"),
            Self::Session => ("__Host-symbolon-session", "symbolon-session"),
        };
        match transport {
            Transport::Https => Cow::Borrowed(host_bound),
            Transport::LoopbackHttp { port } => Cow::Owned(format!("{plain}-{port}")),
        }
    }

    /// Reads the cookie of a request; an empty value is none.
    ///
    /// # Errors
    /// A duplicate or a malformed value. Treat both as "not signed in", and clear the cookie.
    pub fn read(self, headers: &HeaderMap, transport: Transport) -> Result<Option<&str>, CookieProblem> {
        find(headers, &self.name(transport), MAX_VALUE_LEN)
    }

    /// The `Set-Cookie` value that stores `value`.
    ///
    /// # Panics
    /// Never, for values made of the base64url alphabet, as all of ours are.
    pub fn set(self, value: &str, lifetime: Lifetime, transport: Transport) -> HeaderValue {
        debug_assert!(check_value(value.as_bytes(), MAX_VALUE_LEN).is_ok(), "cookie values are base64url");
        let max_age = match lifetime {
            Lifetime::BrowserSession => String::new(),
            Lifetime::Persistent { max_age_secs } => format!("; Max-Age={max_age_secs}"),
        };
        self.header(value, &max_age, transport)
    }

    /// The `Set-Cookie` value that removes the cookie.
    pub fn clear(self, transport: Transport) -> HeaderValue {
        self.header("", "; Max-Age=0", transport)
    }

    fn header(self, value: &str, max_age: &str, transport: Transport) -> HeaderValue {
        let secure = match transport {
            Transport::Https => "; Secure",
            Transport::LoopbackHttp { .. } => "",
        };
        let name = self.name(transport);
        let reach = match (self, transport) {
            (Self::BrowserState, Transport::Https) => "; SameSite=None",
            // Browsers want `Secure` with `None`; on loopback frames of other ports are of the same site anyway.
            (Self::BrowserState, Transport::LoopbackHttp { .. }) => "; SameSite=Lax",
            _ => "; HttpOnly; SameSite=Lax",
        };
        let text = format!("{name}={value}; Path=/{max_age}{secure}{reach}");
        let mut header = HeaderValue::try_from(text).expect("names and values are visible ASCII");
        header.set_sensitive(true);
        header
    }
}

/// The one value of that exact name, of at most `longest` bytes; an empty value is none.
pub fn find<'h>(headers: &'h HeaderMap, name: &str, longest: usize) -> Result<Option<&'h str>, CookieProblem> {
    let mut found = values(headers, name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(CookieProblem::Duplicate),
        (None | Some([]), None) => Ok(None),
        (Some(value), None) => check_value(value, longest).map(Some),
    }
}

/// Every value of that exact name that could be one of ours, in the order of the request. For those who can tell whose a value is.
pub fn find_all<'h>(headers: &'h HeaderMap, name: &str, longest: usize) -> Vec<&'h str> {
    let written = values(headers, name).filter(|value| !value.is_empty());
    written.filter_map(|value| check_value(value, longest).ok()).collect()
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    // HTTP/2 may split the header (RFC 9113 §8.2.3).
    let pairs = headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|&b| b == b';'));
    pairs.filter_map(move |pair| {
        let at = pair.iter().position(|&b| b == b'=')?;
        (trim(&pair[..at]) == name.as_bytes()).then(|| trim(&pair[at + 1..]))
    })
}

fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let from = bytes.iter().position(|b| !blank(b)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|b| !blank(b)).map_or(from, |at| at + 1);
    &bytes[from..to]
}

fn check_value(value: &[u8], longest: usize) -> Result<&str, CookieProblem> {
    let ours = value.len() <= longest
        && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'));
    if !ours {
        return Err(CookieProblem::Malformed);
    }
    std::str::from_utf8(value).map_err(|_| CookieProblem::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: Transport = Transport::LoopbackHttp { port: 4400 };

    fn read(headers: &[&str], transport: Transport) -> Result<Option<String>, CookieProblem> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(COOKIE, HeaderValue::from_bytes(header.as_bytes()).unwrap());
        }
        CookieKind::Session.read(&map, transport).map(|value| value.map(str::to_owned))
    }

    #[test]
    fn the_session_cookie_has_every_attribute() {
        assert_eq!(
            CookieKind::Session.set("sym_se_x", Lifetime::BrowserSession, Transport::Https),
            "__Host-symbolon-session=sym_se_x; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            CookieKind::Session.set("sym_se_x", Lifetime::Persistent { max_age_secs: 1_209_600 }, Transport::Https),
            "__Host-symbolon-session=sym_se_x; Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            CookieKind::PreSession.set("x", Lifetime::BrowserSession, Transport::Https),
            "__Host-symbolon-pre=x; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            CookieKind::Session.clear(Transport::Https),
            "__Host-symbolon-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn only_the_browsers_state_is_for_scripts_and_frames() {
        for kind in CookieKind::ALL {
            let text = kind.set("x", Lifetime::BrowserSession, Transport::Https);
            let text = text.to_str().unwrap();
            let open = kind == CookieKind::BrowserState;
            assert!(text.contains("; Path=/; Secure") && text.starts_with("__Host-"), "{text}");
            assert_eq!((text.contains("; HttpOnly"), text.contains("SameSite=None")), (!open, open), "{text}");
        }
        let on_loopback = CookieKind::BrowserState.set("x", Lifetime::BrowserSession, LOOPBACK);
        assert_eq!(on_loopback, "symbolon-state-4400=x; Path=/; SameSite=Lax");
    }

    #[test]
    fn prefix_and_secure_are_dropped_on_loopback_http_only() {
        assert_eq!(
            CookieKind::Session.set("sym_se_x", Lifetime::BrowserSession, LOOPBACK),
            "symbolon-session-4400=sym_se_x; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(read(&["symbolon-session-4400=planted"], Transport::Https), Ok(None));
        assert_eq!(read(&["symbolon-session-4400=x"], LOOPBACK), Ok(Some("x".into())));
    }

    #[test]
    fn two_servers_on_one_machine_do_not_see_each_others_cookies() {
        let both = ["symbolon-session-4400=x; symbolon-session-4401=y; symbolon-session=z"];
        assert_eq!(read(&both, LOOPBACK), Ok(Some("x".into())));
        assert_eq!(read(&both, Transport::LoopbackHttp { port: 4401 }), Ok(Some("y".into())));
        assert_eq!(read(&both, Transport::LoopbackHttp { port: 440 }), Ok(None));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = ["a=b; __Host-symbolon-session=sym_se_x;c=d"];
        assert_eq!(read(&headers, Transport::Https), Ok(Some("sym_se_x".into())));
        let split = ["a=b", "__Host-symbolon-session=sym_se_x", "c=\"\u{e9}\""];
        assert_eq!(read(&split, Transport::Https), Ok(Some("sym_se_x".into())));
    }

    #[test]
    fn look_alikes_do_not_win() {
        for header in [
            "__host-symbolon-session=x",
            "__HOST-SYMBOLON-SESSION=x",
            "__Host-symbolon-session2=x",
            "__Host-symbolon-sessio=x",
            "x__Host-symbolon-session=x",
            "__Host%2Dsymbolon-session=x",
            "__Secure-symbolon-session=x",
            "__Host-symbolon-session",
            "=__Host-symbolon-session=x",
            "\u{a0}__Host-symbolon-session=x",
            "a=__Host-symbolon-session=x",
        ] {
            assert_eq!(read(&[header], Transport::Https), Ok(None), "{header}");
        }
    }

    #[test]
    fn a_cookie_that_comes_twice_is_refused() {
        for headers in [
            &["__Host-symbolon-session=a; __Host-symbolon-session=b"][..],
            &["__Host-symbolon-session=a; __Host-symbolon-session=a"],
            &["__Host-symbolon-session=a", "__Host-symbolon-session=b"],
            &["__Host-symbolon-session=; __Host-symbolon-session=b"],
            &["__Host-symbolon-session=a;\t__Host-symbolon-session =b"],
        ] {
            assert_eq!(read(headers, Transport::Https), Err(CookieProblem::Duplicate), "{headers:?}");
        }
    }

    #[test]
    fn values_that_are_not_ours_are_refused() {
        let long = "a".repeat(513);
        for value in ["a b", "\"quoted\"", "a,b", "a%41", "caf\u{e9}", long.as_str()] {
            let header = format!("__Host-symbolon-session={value}");
            assert_eq!(read(&[&header], Transport::Https), Err(CookieProblem::Malformed), "{value}");
        }
        assert_eq!(read(&["__Host-symbolon-session="], Transport::Https), Ok(None));
    }
}
