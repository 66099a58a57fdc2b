//! Where a token may stand in a request (RFC 6750 §2), and the defence that a cookie needs.
//!
//! The `Authorization` header is always read. Cookie, form body and query are read only if the owner of the API chose so.
//! Two tokens in one request are refused, with one exception: a browser sends a cookie without being asked, so a cookie
//! beside a token that was sent on purpose is ignored.

use std::borrow::Cow;

use http::{HeaderMap, Method, Uri, header};

use crate::{
    csrf::{self, Sender},
    error::{Malformed, Rejection},
};

/// The longest form body that is searched for a token.
#[cfg(feature = "axum")]
pub(crate) const MAX_FORM_BYTES: usize = 64 * 1024;

/// Where tokens are read besides the `Authorization` header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) cookie: Option<Cookie>,
    pub(crate) form_body: bool,
    pub(crate) query: bool,
    /// Also the scheme `DPoP` (RFC 9449 §7.1).
    pub(crate) proven: bool,
}

/// A cookie that carries the token.
#[derive(Debug, Clone)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    /// Origins, besides the API's own, whose pages may send state-changing requests with the cookie.
    pub(crate) origins: Vec<String>,
}

/// Where a token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    /// In the header, under the scheme that wants a proof beside it.
    Proof,
    Query,
    /// In place of a token, at the end of a signed URL.
    Signed,
    Form,
    Cookie,
}

/// A token as it stands in the request. Nothing about it has been checked but its characters.
pub(crate) struct Found<'r> {
    pub(crate) token: Cow<'r, str>,
    pub(crate) place: Place,
}

/// The part of a request that stands before its body.
#[derive(Clone, Copy)]
pub(crate) struct Head<'r> {
    pub(crate) method: &'r Method,
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
}

impl Sources {
    /// Finds the one token of a request. `form` is the body, if it was read because [`Sources::wants_form`] said so.
    pub(crate) fn find<'r>(&self, head: Head<'r>, form: Option<&'r [u8]>) -> Result<Option<Found<'r>>, Rejection> {
        let mut found = from_header(head.headers, self.proven)?;
        if self.query
            && let Some(query) = head.uri.query()
        {
            add(&mut found, from_parameters(query.as_bytes(), Place::Query)?)?;
        }
        if let Some(form) = form {
            add(&mut found, from_parameters(form, Place::Form)?)?;
        }
        match (&self.cookie, &found) {
            (Some(cookie), None) => cookie.find(head),
            _ => Ok(found),
        }
    }

    /// Whether the body has to be read before a token can be looked for (RFC 6750 §2.2).
    pub(crate) fn wants_form(&self, head: Head<'_>) -> bool {
        let is_form = || {
            let value = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        };
        self.form_body && !matches!(*head.method, Method::GET | Method::HEAD) && is_form()
    }
}

fn add<'r>(found: &mut Option<Found<'r>>, another: Option<Found<'r>>) -> Result<(), Rejection> {
    match (&found, another) {
        (Some(_), Some(_)) => Err(Rejection::Malformed(Malformed::TwoTokens)),
        (None, Some(another)) => {
            *found = Some(another);
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

/// RFC 6750 §2.1: `Authorization: Bearer b64token`; RFC 9449 §7.1: `DPoP` in the same shape. Another scheme counts as no token.
fn from_header(headers: &HeaderMap, proven: bool) -> Result<Option<Found<'_>>, Rejection> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::Malformed(Malformed::TwoHeaders));
    }
    let bytes = value.as_bytes();
    let scheme = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
    let place = if scheme.eq_ignore_ascii_case(b"Bearer") {
        Place::Header
    } else if proven && scheme.eq_ignore_ascii_case(b"DPoP") {
        Place::Proof
    } else {
        return Ok(None);
    };
    // RFC 9110 §11.4 allows more than one space between scheme and token.
    let token = bytes[scheme.len()..].trim_ascii_start();
    Ok(Some(Found { token: Cow::Borrowed(b64token(token)?), place }))
}

/// RFC 6750 §2.2 and §2.3: the parameter `access_token`, once.
fn from_parameters(encoded: &[u8], place: Place) -> Result<Option<Found<'_>>, Rejection> {
    let mut values = url::form_urlencoded::parse(encoded).filter(|(name, _)| name == "access_token");
    let Some((_, value)) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::Malformed(Malformed::TwoTokens));
    }
    b64token(value.as_bytes())?;
    Ok(Some(Found { token: value, place }))
}

/// RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub(crate) fn b64token(bytes: &[u8]) -> Result<&str, Rejection> {
    let body = bytes.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    match std::str::from_utf8(bytes) {
        Ok(token) if body > 0 && bytes[..body].iter().all(allowed) => Ok(token),
        _ => Err(Rejection::Malformed(Malformed::NotOneToken)),
    }
}

impl Cookie {
    fn find<'r>(&self, head: Head<'r>) -> Result<Option<Found<'r>>, Rejection> {
        let pairs = head.headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|&b| b == b';'));
        let mut values = pairs.filter_map(|pair| {
            let pair = pair.trim_ascii();
            let equals = pair.iter().position(|&byte| byte == b'=')?;
            // Compared byte by byte: `__host-x`, ` __Host-x` encoded, or a prefix of the name is another cookie.
            (&pair[..equals] == self.name.as_bytes()).then(|| &pair[equals + 1..])
        });
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Rejection::Malformed(Malformed::TwoTokens));
        }
        let token = b64token(value)?;
        self.check_origin(head, token)?;
        Ok(Some(Found { token: Cow::Borrowed(token), place: Place::Cookie }))
    }

    /// Refuses state-changing requests that a foreign page sent; where no header says what page it was, only somebody who was told the
    /// cookie's own token may pass ([`csrf_token`](crate::csrf_token)).
    fn check_origin(&self, head: Head<'_>, token: &str) -> Result<(), Rejection> {
        let allowed = match csrf::sender(head.method, head.uri, head.headers, &self.origins) {
            Sender::Irrelevant | Sender::Ours => true,
            Sender::Foreign => false,
            Sender::Unsaid => csrf::is_csrf_token(head.headers, token),
        };
        if allowed { Ok(()) } else { Err(Rejection::CrossSite) }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::csrf_token;

    fn find(sources: &Sources, request: &Request<()>) -> Result<Option<String>, Rejection> {
        let head = Head { method: request.method(), uri: request.uri(), headers: request.headers() };
        sources.find(head, None).map(|found| found.map(|found| found.token.into_owned()))
    }

    fn with_authorization(values: &[&[u8]]) -> Request<()> {
        let mut request = Request::new(());
        for value in values {
            request.headers_mut().append("authorization", http::HeaderValue::from_bytes(value).unwrap());
        }
        request
    }

    #[test]
    fn the_scheme_is_read_without_regard_to_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c"] {
            let found = find(&Sources::default(), &with_authorization(&[value.as_bytes()]));
            assert_eq!(found.unwrap().unwrap(), "a.b.c");
        }
    }

    #[test]
    fn other_schemes_are_no_token() {
        for value in [&b"Basic YTpi"[..], b"DPoP a.b.c", b"Bearerx a.b.c", b"", b"\xff\xfe"] {
            assert!(find(&Sources::default(), &with_authorization(&[value])).unwrap().is_none());
        }
    }

    #[test]
    fn what_is_not_one_token_is_malformed() {
        for value in
            [&b"Bearer"[..], b"Bearer ", b"Bearer a b", b"Bearer a,b", b"Bearer \xff", b"Bearer ===", b"Bearer a=b"]
        {
            let result = find(&Sources::default(), &with_authorization(&[value]));
            assert!(matches!(result, Err(Rejection::Malformed(Malformed::NotOneToken))), "{value:?}");
        }
        let result = find(&Sources::default(), &with_authorization(&[b"Bearer a", b"Bearer a"]));
        assert!(matches!(result, Err(Rejection::Malformed(Malformed::TwoHeaders))));
    }

    #[test]
    fn query_is_off_until_chosen() {
        let request = Request::get("/x?access_token=a.b.c&y=1").body(()).unwrap();
        assert_eq!(find(&Sources::default(), &request).unwrap(), None);
        let sources = Sources { query: true, ..Sources::default() };
        assert_eq!(find(&sources, &request).unwrap().as_deref(), Some("a.b.c"));
        let twice = Request::get("/x?access_token=a&access_token=a").body(()).unwrap();
        assert!(find(&sources, &twice).is_err());
        let empty = Request::get("/x?access_token=").body(()).unwrap();
        assert!(find(&sources, &empty).is_err());
    }

    fn cookie_sources() -> Sources {
        let cookie = Cookie { name: "__Host-at".into(), origins: vec!["https://app.example.com".into()] };
        Sources { cookie: Some(cookie), ..Sources::default() }
    }

    fn post(headers: &[(&str, &str)]) -> Request<()> {
        let mut request =
            Request::post("/x").header("host", "api.example.com").header("cookie", "a=1; __Host-at=t.t.t");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_cookie_counts_by_its_exact_name_once() {
        let get = |cookie: &str| Request::get("/").header("cookie", cookie).body(()).unwrap();
        assert_eq!(find(&cookie_sources(), &get("x=1; __Host-at=t")).unwrap().as_deref(), Some("t"));
        for other in ["__host-at=t", "__Host-at2=t", "x__Host-at=t", "__Host-at", "%5F_Host-at=t", "__Host-at =t"] {
            assert_eq!(find(&cookie_sources(), &get(other)).unwrap(), None, "{other}");
        }
        assert!(find(&cookie_sources(), &get("__Host-at=t; __Host-at=u")).is_err());
        assert_eq!(find(&Sources::default(), &get("__Host-at=t")).unwrap(), None);
    }

    #[test]
    fn a_cookie_beside_a_header_is_ignored() {
        let request = Request::post("/").header("authorization", "Bearer h").header("cookie", "__Host-at=t").body(());
        assert_eq!(find(&cookie_sources(), &request.unwrap()).unwrap().as_deref(), Some("h"));
    }

    #[test]
    fn state_changing_requests_need_a_same_origin_page() {
        let good: &[&[(&str, &str)]] = &[
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")],
            &[("origin", "https://api.example.com")],
            &[("referer", "https://api.example.com/page?x#y")],
            &[("referer", "https://app.example.com/")],
            &[("x-csrf-token", &csrf_token("t.t.t"))],
        ];
        for headers in good {
            assert!(find(&cookie_sources(), &post(headers)).is_ok(), "{headers:?}");
        }
        let bad: &[&[(&str, &str)]] = &[
            &[],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://api.example.com")],
            &[("sec-fetch-site", "")],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://api.example.com.evil.example")],
            &[("origin", "https://app.example.com.evil.example")],
            &[("origin", "https://api.example.com:8443")],
            &[("origin", "http://api.example.com")],
            &[("origin", "ftp://api.example.com")],
            &[("origin", "api.example.com")],
            &[("origin", "https://evil.example"), ("origin", "https://app.example.com")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("referer", "https://evil.example/https://api.example.com/")],
            &[("referer", "https://api.example.com@evil.example/")],
            &[("referer", "http://api.example.com/")],
            &[("referer", "about:blank")],
            &[("referer", "")],
            &[("x-csrf-token", "")],
            &[("x-csrf-token", "t.t.t")],
            &[("x-csrf-token", &csrf_token("t.t.u"))],
            // The token counts only where the browser says nothing at all.
            &[("x-csrf-token", &csrf_token("t.t.t")), ("sec-fetch-site", "cross-site")],
            &[("x-csrf-token", &csrf_token("t.t.t")), ("origin", "null")],
            &[("x-csrf-token", &csrf_token("t.t.t")), ("referer", "https://evil.example/")],
        ];
        for headers in bad {
            let result = find(&cookie_sources(), &post(headers));
            assert!(matches!(result, Err(Rejection::CrossSite)), "{headers:?}");
        }
    }

    #[test]
    fn plain_http_vouches_on_loopback_only() {
        let result = |host: &str, origin: &str| {
            let request = Request::post("/x").header("host", host).header("origin", origin);
            find(&cookie_sources(), &request.header("cookie", "__Host-at=t.t.t").body(()).unwrap())
        };
        for host in ["localhost:4402", "app.localhost", "127.0.0.1:4402", "127.1.2.3", "[::1]:4402"] {
            assert!(result(host, &format!("http://{host}")).is_ok(), "{host}");
            assert!(result(host, &format!("https://{host}")).is_ok(), "{host}");
            assert!(result(host, "http://localhost:9999").is_err(), "{host}");
        }
        for host in ["api.example.com", "localhost.example.com", "notlocalhost", "10.0.0.1", "127.0.0.1.example.com"] {
            assert!(result(host, &format!("http://{host}")).is_err(), "{host}");
            assert!(result(host, &format!("https://{host}")).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_websocket_is_not_safe() {
        let request = Request::get("/ws")
            .header("host", "api.example.com")
            .header("upgrade", "websocket")
            .header("origin", "https://evil.example")
            .header("cookie", "__Host-at=t");
        assert!(matches!(find(&cookie_sources(), &request.body(()).unwrap()), Err(Rejection::CrossSite)));
    }

    #[test]
    fn forms_are_read_only_where_chosen_and_fitting() {
        let sources = Sources { form_body: true, ..Sources::default() };
        let wants = |sources: &Sources, method: &str, kind: &str| {
            let request = Request::builder().method(method).header("content-type", kind).body(()).unwrap();
            sources.wants_form(Head { method: request.method(), uri: request.uri(), headers: request.headers() })
        };
        assert!(wants(&sources, "POST", "application/x-www-form-urlencoded; charset=UTF-8"));
        assert!(!wants(&sources, "GET", "application/x-www-form-urlencoded"));
        assert!(!wants(&sources, "POST", "multipart/form-data"));
        assert!(!wants(&Sources::default(), "POST", "application/x-www-form-urlencoded"));
    }
}
