//! The opening handshake (RFC 6455 §4.2): what makes a request one for a WebSocket, which subprotocol it gets, and the token that may
//! stand among the subprotocols.
//!
//! A page can set no header of a WebSocket but the list of subprotocols, so a token travels there as `symbolon.bearer.` and its base64url,
//! beside `symbolon.bearer` or a subprotocol of the API's own. The answer names one of the latter: a token is never sent back. In the same
//! way `symbolon.csrf.` brings the token of a page whose access token is in a cookie, which other requests have in a header.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use symbolon_jose::base64url;

use crate::{
    error::{Malformed, Rejection},
    extract::b64token,
};

/// The subprotocol of clients that show their token among the subprotocols.
pub(super) const BEARER: &str = "symbolon.bearer";

/// What a page's own token stands behind.
const CSRF: &str = "symbolon.csrf.";

/// RFC 6455 §1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The key of the client: base64 of 16 bytes (RFC 6455 §4.1).
const KEY_LEN: usize = 24;

/// Why a request opens no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOne {
    /// It does not ask for one, or not as HTTP/1.1 does.
    Other,
    /// It speaks another version than 13.
    OtherVersion,
}

/// The value of `Sec-WebSocket-Accept`, if the request asks for a WebSocket.
pub(super) fn accept(method: &Method, version: Version, headers: &HeaderMap) -> Result<String, NotOne> {
    let is_http1 = version == Version::HTTP_11 && *method == Method::GET;
    if !is_http1 || !lists(headers, &header::UPGRADE, "websocket") || !lists(headers, &header::CONNECTION, "upgrade") {
        return Err(NotOne::Other);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(NotOne::OtherVersion);
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next().filter(|key| key.len() == KEY_LEN), keys.next()) else {
        return Err(NotOne::Other);
    };
    // §4.2.2: no secret and no signature, only a sign that the other end has read the request.
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key.as_bytes());
    hash.update(GUID);
    Ok(base64(hash.finish().as_ref()))
}

/// Whether one of the words of a header is this, without regard to case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|listed| listed.eq_ignore_ascii_case(word))
}

fn words<'r>(headers: &'r HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'r str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|word| word.trim_matches([' ', '\t']))
}

/// The token among the subprotocols, if there is one.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<String>, Rejection> {
    let prefix = |word: &'_ str| word.strip_prefix(BEARER).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
    let mut encoded = words(headers, &header::SEC_WEBSOCKET_PROTOCOL).filter_map(prefix);
    let Some(first) = encoded.next() else { return Ok(None) };
    if encoded.next().is_some() {
        return Err(Rejection::Malformed(Malformed::TwoTokens));
    }
    let bytes = base64url::decode(&first).map_err(|_| Rejection::Malformed(Malformed::NotOneToken))?;
    b64token(&bytes).map(|token| Some(token.to_owned()))
}

/// The page's own token among the subprotocols, if there is one that could stand in a header.
pub(super) fn page_token(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut encoded = words(headers, &header::SEC_WEBSOCKET_PROTOCOL).filter_map(|word| word.strip_prefix(CSRF));
    let (Some(first), None) = (encoded.next(), encoded.next()) else { return None };
    HeaderValue::from_bytes(&base64url::decode(first).ok()?).ok()
}

/// The subprotocol of the answer: the first of the API's own that the client offers, or ours.
pub(super) fn chosen<'p>(headers: &HeaderMap, own: &'p [String]) -> Option<&'p str> {
    let offered = |name: &&str| words(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|word| word == *name);
    own.iter().map(String::as_str).chain([BEARER]).find(offered)
}

/// RFC 4648 §4, which this header wants.
fn base64(bytes: &[u8]) -> String {
    let mut text = base64url::encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    const GOOD: [(&str, &str); 4] = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn rfc6455_section_1_3_the_example_is_answered_as_the_rfc_does() {
        let accepted = accept(&Method::GET, Version::HTTP_11, &headers(&GOOD));
        assert_eq!(accepted.as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn rfc6455_section_4_2_1_what_is_not_a_handshake_is_refused() {
        let without = |name: &str| headers(&GOOD.iter().copied().filter(|(one, _)| *one != name).collect::<Vec<_>>());
        for (name, _) in GOOD {
            assert!(accept(&Method::GET, Version::HTTP_11, &without(name)).is_err(), "{name}");
        }
        let good = headers(&GOOD);
        assert_eq!(accept(&Method::POST, Version::HTTP_11, &good), Err(NotOne::Other));
        assert_eq!(accept(&Method::GET, Version::HTTP_10, &good), Err(NotOne::Other));
        for (name, value) in [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ"), ("upgrade", "websockets")] {
            let mut changed = good.clone();
            changed.insert(name, HeaderValue::from_static(value));
            assert_eq!(accept(&Method::GET, Version::HTTP_11, &changed), Err(NotOne::Other), "{name}");
        }
        let mut old = good.clone();
        old.insert("sec-websocket-version", HeaderValue::from_static("8"));
        assert_eq!(accept(&Method::GET, Version::HTTP_11, &old), Err(NotOne::OtherVersion));
        let mut twice = good;
        twice.append("sec-websocket-key", HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept(&Method::GET, Version::HTTP_11, &twice), Err(NotOne::Other));
    }

    #[test]
    fn a_token_stands_among_the_subprotocols_once_and_is_never_chosen() {
        let offered = |value: &str| headers(&[("sec-websocket-protocol", value)]);
        let encoded = base64url::encode(b"a.b.c");
        let both = offered(&format!("symbolon.bearer, symbolon.bearer.{encoded}"));
        assert_eq!(token(&both).unwrap().as_deref(), Some("a.b.c"));
        assert_eq!(chosen(&both, &[]), Some(BEARER));
        let own = ["dragons.v1".to_owned()];
        let with_own = offered(&format!("symbolon.bearer.{encoded}, other, dragons.v1"));
        assert_eq!(chosen(&with_own, &own), Some("dragons.v1"));
        assert_eq!(chosen(&with_own, &[]), None, "a client that offers nothing else gets nothing");
        assert_eq!(token(&offered("symbolon.bearer, dragons.v1")).unwrap(), None);
        for bad in
            ["symbolon.bearer.YQ, symbolon.bearer.YQ", "symbolon.bearer.", "symbolon.bearer.!", "symbolon.bearer.IA"]
        {
            assert!(token(&offered(bad)).is_err(), "{bad}");
        }
    }
}
