//! Tokens as cookies (mission P13; draft-ietf-httpbis-rfc6265bis-22 §4.1.3; security 85–89), and the token by which their pages vouch for
//! what they ask (security 98).
//!
//! The access token goes wherever the issuer's cookies go, so that an API on the same host takes it: `__Host-symbolon_access`, for
//! navigations as well. With a domain it is `__Secure-symbolon_access`. The refresh token goes to the endpoints that take it and nowhere
//! else, from pages of this site only. Over plain HTTP on loopback prefix and `Secure` are dropped, and the issuer's port stands in the
//! names, as for all cookies ([`super::cookie`]). Both live until the browser closes; what is in them ends before.

use std::borrow::Cow;

use aws_lc_rs::hmac;
use http::{HeaderMap, HeaderValue};
use symbolon_jose::{base64url, sha256};

use super::cookie::{self, CookieProblem};
use super::csrf::CsrfKey;
use crate::pages::Transport;

/// What a browser takes at the most: 4096 bytes of name and value (RFC 6265bis §5.6), and older ones with all attributes. Beyond, it drops the
/// cookie without a word.
pub const MAX_BYTES: usize = 4096;
/// Under which the endpoints are that take refresh tokens.
const REFRESH_PATH: &str = "/oauth";
/// The header that carries a page's token.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The cookies that are tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenCookie {
    /// The access token, or a session value.
    Access,
    /// The refresh token.
    Refresh,
}

/// Where they go.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// How browsers reach the issuer.
    pub transport: Transport,
    /// Beyond the issuer's host, for access tokens.
    pub domain: Option<&'a str>,
}

/// Longer than what a browser keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooLarge {
    /// Name, value and attributes.
    pub bytes: usize,
}

impl TokenCookie {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Access, Self::Refresh];

    /// The cookie's exact name.
    pub fn name(self, reach: Reach<'_>) -> Cow<'static, str> {
        match (self, reach.transport, reach.domain) {
            (Self::Access, Transport::Https, None) => Cow::Borrowed("__Host-symbolon_access"),
            (Self::Access, Transport::Https, Some(_)) => Cow::Borrowed("__Secure-symbolon_access"),
            (Self::Access, Transport::LoopbackHttp { port }, _) => Cow::Owned(format!("symbolon_access-{port}")),
            // `__Host-` wants the path `/` (RFC 6265bis §4.1.3.2).
            (Self::Refresh, Transport::Https, _) => Cow::Borrowed("__Secure-symbolon_refresh"),
            (Self::Refresh, Transport::LoopbackHttp { port }, _) => Cow::Owned(format!("symbolon_refresh-{port}")),
        }
    }

    /// Reads it out of a request.
    ///
    /// # Errors
    /// It came twice, so that another host of the domain may have planted one; or it is none of ours.
    pub fn read<'h>(self, headers: &'h HeaderMap, reach: Reach<'_>) -> Result<Option<&'h str>, CookieProblem> {
        cookie::find(headers, &self.name(reach), MAX_BYTES)
    }

    /// All values of the name that could be ours: prefix and host do not keep a sibling host from planting one beside it.
    pub fn read_all<'h>(self, headers: &'h HeaderMap, reach: Reach<'_>) -> Vec<&'h str> {
        cookie::find_all(headers, &self.name(reach), MAX_BYTES)
    }

    /// The `Set-Cookie` value that stores `token`.
    ///
    /// # Errors
    /// No browser would keep it.
    pub fn set(self, token: &str, reach: Reach<'_>) -> Result<HeaderValue, TooLarge> {
        let header = self.header(token, "", reach);
        if header.len() > MAX_BYTES { Err(TooLarge { bytes: header.len() }) } else { Ok(header) }
    }

    /// The `Set-Cookie` value that removes it.
    pub fn clear(self, reach: Reach<'_>) -> HeaderValue {
        self.header("", "; Max-Age=0", reach)
    }

    fn header(self, value: &str, max_age: &str, reach: Reach<'_>) -> HeaderValue {
        let secure = if reach.transport == Transport::Https { "; Secure" } else { "" };
        let (path, same_site) = match self {
            Self::Access => ("/", "Lax"),
            Self::Refresh => (REFRESH_PATH, "Strict"),
        };
        let domain = match (self, reach.domain) {
            (Self::Access, Some(domain)) => format!("; Domain={domain}"),
            _ => String::new(),
        };
        let name = self.name(reach);
        let text = format!("{name}={value}; Path={path}{max_age}{domain}{secure}; HttpOnly; SameSite={same_site}");
        let mut header = HeaderValue::try_from(text).expect("names, tokens and checked domains are visible ASCII");
        header.set_sensitive(true);
        header
    }
}

/// The token of the pages of a client in a session: HMAC-SHA256 under the server's key, so the same as long as the session, whatever is renewed
/// meanwhile, and known to nobody whom the server has not told.
pub fn page_token(key: &CsrfKey, sid: &str, client_id: &str) -> String {
    base64url::encode(hmac::sign(&key.0, &message(sid, client_id)).as_ref())
}

/// Whether a request carries the token, once.
pub fn has_page_token(key: &CsrfKey, headers: &HeaderMap, sid: &str, client_id: &str) -> bool {
    let mut values = headers.get_all(CSRF_HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let tag = value.to_str().ok().and_then(|text| base64url::decode(text).ok());
    tag.is_some_and(|tag| hmac::verify(&key.0, &message(sid, client_id), &tag).is_ok())
}

/// What the access token names the page's token by.
pub fn page_token_hash(page_token: &str) -> String {
    base64url::encode(&sha256(page_token.as_bytes()))
}

/// Session ids are base64url, so the NUL tells where one ends.
fn message(sid: &str, client_id: &str) -> Vec<u8> {
    [b"symbolon page token v1\0", sid.as_bytes(), b"\0", client_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS: Reach<'static> = Reach { transport: Transport::Https, domain: None };
    const WIDE: Reach<'static> = Reach { transport: Transport::Https, domain: Some("example.com") };
    const LOOPBACK: Reach<'static> = Reach { transport: Transport::LoopbackHttp { port: 4400 }, domain: None };

    #[test]
    fn no_script_reads_them_and_the_refresh_token_travels_to_its_endpoints_only() {
        for (cookie, reach, expected) in [
            (TokenCookie::Access, HTTPS, "__Host-symbolon_access=a.b.c; Path=/; Secure; HttpOnly; SameSite=Lax"),
            (
                TokenCookie::Access,
                WIDE,
                "__Secure-symbolon_access=a.b.c; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
            ),
            (TokenCookie::Access, LOOPBACK, "symbolon_access-4400=a.b.c; Path=/; HttpOnly; SameSite=Lax"),
            (
                TokenCookie::Refresh,
                HTTPS,
                "__Secure-symbolon_refresh=a.b.c; Path=/oauth; Secure; HttpOnly; SameSite=Strict",
            ),
            (
                TokenCookie::Refresh,
                WIDE,
                "__Secure-symbolon_refresh=a.b.c; Path=/oauth; Secure; HttpOnly; SameSite=Strict",
            ),
            (TokenCookie::Refresh, LOOPBACK, "symbolon_refresh-4400=a.b.c; Path=/oauth; HttpOnly; SameSite=Strict"),
        ] {
            let set = cookie.set("a.b.c", reach).unwrap();
            assert!(set.is_sensitive());
            assert_eq!(set, expected);
            assert!(cookie.clear(reach).to_str().unwrap().contains("=; Path=/"), "{cookie:?}");
            assert!(cookie.clear(reach).to_str().unwrap().contains("; Max-Age=0"), "{cookie:?}");
        }
    }

    #[test]
    fn rfc6265bis_section_5_6_what_no_browser_would_keep_is_not_sent() {
        let around = TokenCookie::Access.set("", HTTPS).unwrap().len();
        assert!(TokenCookie::Access.set(&"a".repeat(MAX_BYTES - around), HTTPS).is_ok());
        let too_large = TokenCookie::Access.set(&"a".repeat(MAX_BYTES - around + 1), HTTPS);
        assert_eq!(too_large, Err(TooLarge { bytes: MAX_BYTES + 1 }));
    }

    #[test]
    fn a_page_token_is_of_one_session_and_one_client() {
        let key = CsrfKey::new(&[7; 32]);
        let token = page_token(&key, "sid-1", "app");
        let carries = |values: &[&str], sid: &str, client: &str| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CSRF_HEADER, HeaderValue::from_str(value).unwrap());
            }
            has_page_token(&key, &headers, sid, client)
        };
        assert!(carries(&[&token], "sid-1", "app"));
        assert_eq!(page_token(&key, "sid-1", "app"), token, "it outlives renewals");
        for (values, sid, client) in [
            (&[token.as_str()][..], "sid-2", "app"),
            (&[token.as_str()], "sid-1", "other"),
            (&[], "sid-1", "app"),
            (&[""], "sid-1", "app"),
            (&[&token[1..]], "sid-1", "app"),
            (&[token.as_str(), token.as_str()], "sid-1", "app"),
        ] {
            assert!(!carries(values, sid, client), "{values:?} {sid} {client}");
        }
        assert_ne!(page_token(&CsrfKey::new(&[8; 32]), "sid-1", "app"), token);
        assert_ne!(page_token_hash(&token), token);
    }
}
