//! What of a request's and an answer's head goes through the gateway (RFC 9110 §7.6.1), and what never does.
//!
//! To the API: no cookie, no credentials of the caller's, nothing that says who sent it but what the gateway itself says, nothing by which a
//! harmless method becomes another. To the browser: no cookie, nothing that speaks for the whole origin, no leave for other origins. Both ways: nothing
//! that is about one connection.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// About one connection (RFC 9110 §7.6.1, RFC 9112).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// What the caller says and the API must not take for the gateway's word.
const NOT_TO_THE_API: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "cookie",
    "host",
    "dpop",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "remote-user",
    "x-remote-user",
    "client-cert",
    "client-cert-chain",
    "x-csrf-token",
    "origin",
    "referer",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "expect",
];

/// What an API must not say in the name of the gateway's origin.
const NOT_TO_THE_BROWSER: &[&str] = &[
    "set-cookie",
    "expires",
    "pragma",
    "surrogate-control",
    "edge-control",
    "clear-site-data",
    "strict-transport-security",
    "public-key-pins",
    "alt-svc",
    "service-worker-allowed",
    "content-security-policy",
    "content-security-policy-report-only",
    "x-frame-options",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "nel",
    "sourcemap",
    "proxy-authenticate",
    "server",
];

/// What of a request's head goes to the API.
pub(crate) fn to_the_api(headers: &HeaderMap) -> HeaderMap {
    let unwanted = |name: &HeaderName| {
        let text = name.as_str();
        NOT_TO_THE_API.contains(&text)
            // Many programs read `X_Forwarded_For` as `X-Forwarded-For` (the class of CVE-2015-0219).
            || text.contains('_')
            || text.starts_with("x-forwarded")
            || text.starts_with("x-ssl-client-")
            || text.starts_with("sec-")
            || text.starts_with("access-control-")
    };
    passed(headers, unwanted)
}

/// What of an answer's head goes to the browser.
pub(crate) fn to_the_browser(headers: &HeaderMap) -> HeaderMap {
    let unwanted = |name: &HeaderName| {
        let text = name.as_str();
        NOT_TO_THE_BROWSER.contains(&text)
            || text.starts_with("access-control-")
            // What one cache is told in particular (RFC 9213), and what a proxy obeys.
            || text.ends_with("cdn-cache-control")
            || text.starts_with("x-accel-")
    };
    let mut passed = passed(headers, unwanted);
    // Opened as a page, what an API says is no page of the app's: it runs nothing in its name (security 103).
    passed.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    passed.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let says_no_store = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| text.split(',').any(|one| one.trim().eq_ignore_ascii_case("no-store")))
    };
    // One person's answer is for nobody else's cache, and not for the next person at this browser: the API knows of tokens, where caches know of
    // addresses (RFC 9111 §3.5). What has an `ETag` is asked for again, and not sent again.
    let cache =
        if passed.get_all(header::CACHE_CONTROL).iter().any(says_no_store) { "no-store" } else { "private, no-cache" };
    passed.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    passed.append(header::VARY, HeaderValue::from_static("Cookie, Origin"));
    passed
}

fn passed(headers: &HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        named.flat_map(|list| list.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let of_connection = HOP_BY_HOP.contains(&name.as_str()) || named.iter().any(|it| it == name.as_str());
        if !of_connection && !unwanted(name) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn an_api_hears_nothing_from_the_caller_that_it_could_take_for_the_gateways_word() {
        let sent = map(&[
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("cookie", "__Host-symbolon-gateway=x"),
            ("authorization", "Bearer planted"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-user", "root"),
            ("x_forwarded_for", "10.0.0.1"),
            ("remote_user", "root"),
            ("true-client-ip", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("sec-fetch-site", "same-origin"),
            ("x-http-method-override", "DELETE"),
            ("dpop", "x"),
            ("host", "app.example"),
            ("if-none-match", "\"x\""),
        ]);
        assert_eq!(names(&to_the_api(&sent)), ["accept", "content-type", "if-none-match"]);
    }

    #[test]
    fn rfc9110_section_7_6_1_what_is_about_a_connection_ends_there() {
        let sent = map(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("accept", "*/*"),
        ]);
        assert_eq!(names(&to_the_api(&sent)), ["accept"]);
        let answered = map(&[
            ("connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("etag", "\"x\""),
        ]);
        assert!(!names(&to_the_browser(&answered)).iter().any(|name| HOP_BY_HOP.contains(name)));
    }

    /// To the API a request with a token is private anyhow (RFC 9111 §3.5); what it says of caches is about that.
    #[test]
    fn no_cache_keeps_what_was_answered_to_a_session() {
        for (said, passed_on) in [
            ("", "private, no-cache"),
            ("max-age=600", "private, no-cache"),
            ("public, max-age=31536000, immutable", "private, no-cache"),
            ("s-maxage=60", "private, no-cache"),
            ("private, No-Store", "no-store"),
        ] {
            let mut answered = map(&[
                ("expires", "Thu, 01 Jan 2099 00:00:00 GMT"),
                ("etag", "\"x\""),
                ("cloudflare-cdn-cache-control", "max-age=60"),
                ("cdn-cache-control", "max-age=60"),
                ("edge-control", "max-age=60"),
                ("x-accel-expires", "60"),
                ("x-accel-redirect", "/etc/passwd"),
            ]);
            if !said.is_empty() {
                answered.insert(header::CACHE_CONTROL, HeaderValue::from_str(said).unwrap());
            }
            let passed = to_the_browser(&answered);
            assert_eq!(passed[header::CACHE_CONTROL], passed_on, "{said}");
            let left = ["cache-control", "content-security-policy", "etag", "vary", "x-content-type-options"];
            assert_eq!(names(&passed), left);
        }
    }

    #[test]
    fn an_api_says_nothing_in_the_name_of_the_apps_origin() {
        let answered = map(&[
            ("set-cookie", "__Host-symbolon-gateway=planted"),
            ("access-control-allow-origin", "*"),
            ("clear-site-data", "\"*\""),
            ("content-security-policy", "default-src *"),
            ("content-type", "text/html"),
            ("www-authenticate", "Bearer error=\"insufficient_scope\""),
        ]);
        let passed = to_the_browser(&answered);
        assert_eq!(
            names(&passed),
            [
                "cache-control",
                "content-security-policy",
                "content-type",
                "vary",
                "www-authenticate",
                "x-content-type-options"
            ]
        );
        assert_eq!(passed["content-security-policy"], "default-src 'none'; sandbox; frame-ancestors 'none'");
    }
}
