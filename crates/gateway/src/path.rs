//! Which API a path belongs to, and what it is called there. Never another host, never above the API's own path.
//!
//! A path is forwarded as it was written, so it must mean the same to everybody who reads it: dot segments, encoded slashes and dots, backslashes,
//! empty segments and control characters are refused, also where somebody would decode twice (CVE-2021-41773 and many like it).

use url::Url;

use crate::config::Api;

/// Paths of the gateway's own, which no API may take.
pub(crate) const OWN_PATHS: &[&str] = &[
    "/login",
    "/callback",
    "/authorize",
    "/oauth",
    "/sdk",
    "/logout",
    "/session",
    "/user",
    "/backchannel-logout",
    "/jwks.json",
    "/livez",
    "/readyz",
    "/.well-known",
];

/// A path that means two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// The API that `path` belongs to; the longest of their paths wins.
pub(crate) fn api_of<'a>(apis: &'a [Api], path: &str) -> Option<&'a Api> {
    apis.iter().filter(|api| below(api, path).is_some()).max_by_key(|api| api.path.len())
}

/// What remains of `path` below the API's own.
fn below<'p>(api: &Api, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(api.path.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a call to `path` with `query` goes.
///
/// # Errors
/// [`Ambiguous`]: it goes nowhere.
pub(crate) fn target(api: &Api, path: &str, query: Option<&str>) -> Result<Url, Ambiguous> {
    let rest = below(api, path).ok_or(Ambiguous)?;
    if !rest.is_empty() && !rest[1..].split('/').enumerate().all(|(at, segment)| is_clear(segment, at, rest)) {
        return Err(Ambiguous);
    }
    let whole = format!("{}{rest}", api.url.path().trim_end_matches('/'));
    let mut url = api.url.clone();
    url.set_path(&whole);
    url.set_query(query);
    // The parser of the WHATWG is more forgiving than this module: what it changed was not clear after all.
    let same = url.path() == whole || (whole.is_empty() && url.path() == "/");
    if same { Ok(url) } else { Err(Ambiguous) }
}

/// A segment that is what it looks like. The last one may be empty: `/api/dragons/`.
fn is_clear(segment: &str, at: usize, rest: &str) -> bool {
    if segment.is_empty() {
        return at + 1 == rest[1..].split('/').count();
    }
    let once = decoded(segment.as_bytes());
    [segment.as_bytes().to_vec(), decoded(&once), once].iter().all(|bytes| {
        // Some servers cut parameters (`..;x`) before they look at dots.
        let name = bytes.split(|b| *b == b';').next().unwrap_or_default();
        !matches!(name, b"." | b"..") && !bytes.iter().any(|b| matches!(b, b'/' | b'\\') || b.is_ascii_control())
    })
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.filter(|_| first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(path: &str, url: &str) -> Api {
        Api { path: path.to_owned(), url: Url::parse(url).unwrap(), audience: None, scope: None }
    }

    fn to(path: &str, query: Option<&str>) -> Option<String> {
        let apis = [api("/api", "https://api.example/v1"), api("/api/orders", "https://orders.example")];
        target(api_of(&apis, path)?, path, query).ok().map(|url| url.to_string())
    }

    #[test]
    fn a_path_goes_to_the_api_with_the_longest_one() {
        for (path, url) in [
            ("/api/dragons", "https://api.example/v1/dragons"),
            ("/api/dragons/", "https://api.example/v1/dragons/"),
            ("/api", "https://api.example/v1"),
            ("/api/", "https://api.example/v1/"),
            ("/api/orders/7", "https://orders.example/7"),
            ("/api/orders", "https://orders.example/"),
            ("/api/ordersX", "https://api.example/v1/ordersX"),
            ("/api/a%20b/%C3%A9", "https://api.example/v1/a%20b/%C3%A9"),
            ("/api/100%25", "https://api.example/v1/100%25"),
            ("/api/a:b@c", "https://api.example/v1/a:b@c"),
        ] {
            assert_eq!(to(path, None).as_deref(), Some(url), "{path}");
        }
        assert_eq!(to("/api/x", Some("a=%2F&b=..")).as_deref(), Some("https://api.example/v1/x?a=%2F&b=.."));
        for path in ["/", "/apix", "/other", "/API/x", "api/x"] {
            assert_eq!(to(path, None), None, "{path}");
        }
    }

    #[test]
    fn what_could_mean_two_things_goes_nowhere() {
        for path in [
            "/api/..",
            "/api/../x",
            "/api/x/../../y",
            "/api/.",
            "/api/./x",
            "/api//x",
            "/api//evil.example/x",
            "/api/x//y",
            "/api/%2e%2e/x",
            "/api/%2E./x",
            "/api/.%2e",
            "/api/%2e",
            "/api/a%2fb",
            "/api/a%2Fb",
            "/api/a%5cb",
            "/api/a\\b",
            "/api/%252e%252e/x",
            "/api/a%252fb",
            "/api/..;/x",
            "/api/..;a=b/x",
            "/api/%2e%2e;/x",
            "/api/x%00",
            "/api/x%0d%0ay",
            "/api/x\u{7f}",
            "/api/a b",
            "/api/a\"b",
            "/api/é",
        ] {
            assert_eq!(to(path, None), None, "{path}");
        }
    }

    #[test]
    fn nothing_that_is_written_leads_to_another_host_or_above_the_api() {
        let api = api("/api", "https://api.example/v1");
        for piece in [
            "@evil.example",
            ":80",
            "//evil.example",
            "/\\evil.example",
            "/https://evil.example",
            "?",
            "#x",
            "/%23",
            "/%3f",
            ".evil.example",
        ] {
            if let Ok(url) = target(&api, &format!("/api{piece}"), Some("x#y")) {
                assert!(url.as_str().starts_with("https://api.example/v1/"), "{piece}: {url}");
                assert_eq!(url.host_str(), Some("api.example"));
            }
        }
    }
}
