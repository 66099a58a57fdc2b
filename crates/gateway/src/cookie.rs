//! The gateway's cookies (security 85–91): the session's, and one for each sign-in under way.
//!
//! `__Host-symbolon-gateway` holds the session's secret and is `SameSite=Strict`: no page of another site makes the browser send it. The other comes back
//! with a redirect of the issuer's, another site, and is `Lax`. Over plain http on loopback the prefix and `Secure` are dropped, and the port
//! stands in the name, for cookies do not tell ports apart.

use http::{HeaderMap, HeaderValue};
use symbolon_server::pages::Transport;
use symbolon_server::session::cookie::{CookieProblem, find};

/// Longest value of ours; a sealed sign-in is the longest. Browsers keep 4096 bytes with the name and what is said about it.
const MAX_VALUE_LEN: usize = 3_600;

/// One of the gateway's cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's secret.
    Session,
    /// What a sign-in under way must not forget, sealed; told from others by the beginning of its `state`.
    SignIn(String),
    /// The ID token of a session that has just ended, sealed, for the way to the issuer.
    Farewell,
}

impl Cookie {
    fn name(&self, transport: Transport) -> String {
        let name = match self {
            Self::Session => "symbolon-gateway".to_owned(),
            Self::SignIn(which) => format!("symbolon-gateway-sign-in-{which}"),
            Self::Farewell => "symbolon-gateway-farewell".to_owned(),
        };
        match transport {
            Transport::Https => format!("__Host-{name}"),
            Transport::LoopbackHttp { port } => format!("{name}-{port}"),
        }
    }

    /// Its value in a request.
    pub(crate) fn read<'h>(
        &self,
        headers: &'h HeaderMap,
        transport: Transport,
    ) -> Result<Option<&'h str>, CookieProblem> {
        find(headers, &self.name(transport), MAX_VALUE_LEN)
    }

    /// `Set-Cookie` that keeps `value` for `max_age_secs`; `None` if a browser would not keep it.
    pub(crate) fn set(&self, value: &str, max_age_secs: u64, transport: Transport) -> Option<HeaderValue> {
        (value.len() <= MAX_VALUE_LEN).then(|| self.header(value, max_age_secs, transport))
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(&self, transport: Transport) -> HeaderValue {
        self.header("", 0, transport)
    }

    fn header(&self, value: &str, max_age_secs: u64, transport: Transport) -> HeaderValue {
        let same_site = match self {
            Self::Session | Self::Farewell => "Strict",
            Self::SignIn(_) => "Lax",
        };
        let secure = if transport == Transport::Https { "; Secure" } else { "" };
        let name = self.name(transport);
        let text = format!("{name}={value}; Path=/; Max-Age={max_age_secs}{secure}; HttpOnly; SameSite={same_site}");
        let mut header = HeaderValue::try_from(text).expect("names and values are base64url and dots");
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_for_this_host_and_no_script() {
        let set = |cookie: Cookie, transport| cookie.set("x", 60, transport).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            set(Cookie::Session, Transport::Https),
            "__Host-symbolon-gateway=x; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            set(Cookie::SignIn("abc".into()), Transport::Https),
            "__Host-symbolon-gateway-sign-in-abc=x; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            set(Cookie::Session, Transport::LoopbackHttp { port: 4600 }),
            "symbolon-gateway-4600=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
        );
        assert!(Cookie::Session.set(&"x".repeat(4_000), 60, Transport::Https).is_none());
        assert!(Cookie::Session.clear(Transport::Https).to_str().unwrap().contains("=; Path=/; Max-Age=0"));
    }
}
