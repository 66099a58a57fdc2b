//! Who made a browser send a request with a cookie (Fetch Metadata §2.3; RFC 6454 §7; security requirement 98), and the tokens that only the
//! right page can know.
//!
//! Cookies travel unasked, from whatever page. So a request that may change something must come from a page that may; [`sender`] tells by the
//! headers that no script can set. That is the first fence. The second is a token in [`CSRF_HEADER`]: derived from the cookie's value
//! ([`csrf_token`]), or, in access tokens that the issuer put into the cookie itself, named by its hash in the claim [`CSRF_CLAIM`].

use http::{HeaderMap, Method, Uri, header};
use symbolon_jose::{base64url, sha256};
use url::Url;

/// The header that carries a page's token.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The claim of an access token that was issued into a cookie: SHA-256 of the token, in base64url, that must stand in [`CSRF_HEADER`] beside
/// it on every request that may change something.
pub const CSRF_CLAIM: &str = "csrf#S256";

/// What the headers of a request tell of the page that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// It asks for nothing to be changed: handlers of `GET`, `HEAD` and `OPTIONS` change nothing. Opening a WebSocket is none of these.
    Irrelevant,
    /// A page of the origin that was asked, or of one that was named, or the person's own doing.
    Ours,
    /// A page of anybody else.
    Foreign,
    /// Nothing is said. No current browser leaves it so.
    Unsaid,
}

/// Tells who made a browser send this.
///
/// 1. Safe methods need no page, unless they open a WebSocket, which a page of any origin can.
/// 2. An `Origin` in `allowed` is ours.
/// 3. With `Sec-Fetch-Site`, only `same-origin` and `none` (the person's own doing) are.
/// 4. Else `Origin` must name the host that was asked, over https: whoever holds the network can speak as `http://` of any host but the
///    loopback ones.
/// 5. With neither, the origin of `Referer` is held to the same rules.
///
/// ```
/// use http::{HeaderMap, Method, Uri};
/// use symbolon_guard::{Sender, sender};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("sec-fetch-site", "cross-site".parse()?);
/// headers.insert("origin", "https://evil.example".parse()?);
/// let allowed = ["https://app.example.com".to_owned()];
/// assert_eq!(sender(&Method::POST, &Uri::from_static("/orders"), &headers, &allowed), Sender::Foreign);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn sender(method: &Method, uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> Sender {
    let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe && !headers.contains_key(header::UPGRADE) {
        return Sender::Irrelevant;
    }
    let is_listed = |origin: &str| allowed.iter().any(|listed| listed == origin);
    let has = |name| headers.contains_key(name);
    let (origin, site) = (single(headers, "origin"), single(headers, "sec-fetch-site"));
    let ours = if origin.is_some_and(is_listed) {
        true
    } else if has("sec-fetch-site") {
        site.is_some_and(|site| matches!(site, "same-origin" | "none"))
    } else if has("origin") {
        origin.is_some_and(|origin| is_own(origin, uri, headers))
    } else if has("referer") {
        let page = single(headers, "referer").and_then(|page| Url::parse(page).ok());
        let origin = page.map(|page| page.origin().ascii_serialization());
        origin.is_some_and(|origin| is_listed(&origin) || is_own(&origin, uri, headers))
    } else {
        return Sender::Unsaid;
    };
    if ours { Sender::Ours } else { Sender::Foreign }
}

/// What [`CSRF_HEADER`] has to say beside this cookie: give it to your own page when it signs in.
///
/// It is derived from the cookie's value, which no other page can read; from it, nobody finds the value.
pub fn csrf_token(cookie_value: &str) -> String {
    hash_of(&format!("symbolon csrf\0{cookie_value}"))
}

/// Whether the request carries the [`csrf_token`] of this cookie's value.
pub fn is_csrf_token(headers: &HeaderMap, cookie_value: &str) -> bool {
    has_hash(headers, &hash_of(&csrf_token(cookie_value)))
}

/// Whether the request carries the token that a [`CSRF_CLAIM`] names.
pub(crate) fn has_hash(headers: &HeaderMap, hash: &str) -> bool {
    // What is compared is hashed, so that how long it takes says nothing of the token.
    single(headers, CSRF_HEADER).is_some_and(|presented| hash_of(presented) == hash)
}

fn hash_of(text: &str) -> String {
    base64url::encode(&sha256(text.as_bytes()))
}

/// Whether an origin is the one that was asked.
fn is_own(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let host = single(headers, "host").or_else(|| uri.authority().map(http::uri::Authority::as_str));
    match origin.split_once("://") {
        Some(("https", named)) => host == Some(named),
        Some(("http", named)) => host == Some(named) && is_loopback(named),
        _ => false,
    }
}

/// Whether `authority` is a name or address that never leaves the machine.
fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

/// The value of a header that came exactly once.
fn single<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(tokens: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for token in tokens {
            headers.append(CSRF_HEADER, HeaderValue::from_str(token).unwrap());
        }
        headers
    }

    #[test]
    fn a_csrf_token_fits_its_own_cookie_only() {
        let token = csrf_token("sym_sv_abc");
        assert!(is_csrf_token(&with(&[&token]), "sym_sv_abc") && !is_csrf_token(&with(&[&token]), "sym_sv_abd"));
        assert!(!is_csrf_token(&with(&[""]), "sym_sv_abc") && !is_csrf_token(&with(&["sym_sv_abc"]), "sym_sv_abc"));
        assert!(!is_csrf_token(&with(&[]), "sym_sv_abc") && !is_csrf_token(&with(&[&token, &token]), "sym_sv_abc"));
        assert_eq!(token.len(), 43);
    }

    #[test]
    fn a_claim_names_one_token() {
        let hash = hash_of("the page's");
        assert!(has_hash(&with(&["the page's"]), &hash));
        for wrong in [&["another's"][..], &[], &[""], &[hash.as_str()], &["the page's", "the page's"]] {
            assert!(!has_hash(&with(wrong), &hash), "{wrong:?}");
        }
        assert!(!has_hash(&with(&[""]), ""));
    }
}
