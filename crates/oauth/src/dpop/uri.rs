//! Whether two URIs are the same request's (RFC 9449 §4.3): without query and fragment, normalized as RFC 3986 §6.2.2 and §6.2.3 say.

use url::Url;

/// The longest URI in a proof.
const MAX_BYTES: usize = 2048;

/// Whether `htu` names `uri`, both absolute. What is no plain http(s) URI names nothing.
///
/// ```
/// use symbolon_oauth::dpop::uri::is_same;
/// assert!(is_same("HTTPS://server.example.com:443/token?a=b", "https://server.example.com/token"));
/// assert!(!is_same("https://server.example.com/token/", "https://server.example.com/token"));
/// ```
#[must_use]
pub fn is_same(htu: &str, uri: &str) -> bool {
    match (normalized(htu), normalized(uri)) {
        (Some(htu), Some(uri)) => htu == uri,
        _ => false,
    }
}

/// Lower-case scheme and host, no default port, no dot segments, escapes only where needed; no query, no fragment.
#[must_use]
pub fn normalized(text: &str) -> Option<String> {
    // The parser forgives what a URI does not have: spaces, line feeds, backslashes for slashes.
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>');
    if text.len() > MAX_BYTES || !text.bytes().all(is_plain) {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    // The parser also forgives missing slashes.
    let rest = text.get(url.scheme().len()..)?;
    if !rest.starts_with("://") || rest[3..].starts_with('/') {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = plain_escapes(url.path())?;
    url.set_path(&path);
    Some(url.into())
}

/// RFC 3986 §6.2.2.1 and §6.2.2.2: escapes in upper case, and none of what needs none. A percent sign that begins no escape is in no URI, and what
/// was made of one could be read as another escape.
fn plain_escapes(path: &str) -> Option<String> {
    let mut rest = path;
    let mut plain = String::with_capacity(path.len());
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        // A dot that was escaped has been judged as one by the parser already.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            plain.push(char::from(byte));
        } else {
            plain.push('%');
            plain.push_str(&digits.to_ascii_uppercase());
        }
        rest = &rest[at + 3..];
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "https://server.example.com/token";

    #[test]
    fn what_normalization_makes_equal_is_equal_rfc_9449_4_3() {
        for htu in [
            TOKEN,
            "HTTPS://Server.Example.COM/token",
            "https://server.example.com:443/token",
            "https://server.example.com/token?a=b",
            "https://server.example.com/token#top",
            "https://server.example.com/a/../token",
            "https://server.example.com/%74oken",
        ] {
            assert!(is_same(htu, TOKEN), "{htu}");
        }
        assert!(is_same("https://a.example/%c3%a4", "https://a.example/%C3%A4"));
        assert!(is_same("https://a.example", "https://a.example/"));
        assert!(is_same("http://[::1]:4400/token", "http://[0:0::1]:4400/token"));
    }

    #[test]
    fn another_place_is_another_place() {
        for htu in [
            "http://server.example.com/token",
            "https://server.example.com:8443/token",
            "https://server.example.com/Token",
            "https://server.example.com/token/",
            "https://server.example.com/token%2F",
            "https://server.example.com/tok%65n%00",
            "https://evil.example/token",
            "https://server.example.com.evil.example/token",
            "https://server.example.com@evil.example/token",
            "https://a:b@server.example.com/token",
            "//server.example.com/token",
            "/token",
            "token",
            "",
            "https:server.example.com/token",
            "https:/server.example.com/token",
            "https:///server.example.com/token",
            "https:\\\\server.example.com\\token",
            " https://server.example.com/token",
            "https://server.example.com/token\n",
            "https://server.example.com/to\tken",
            "javascript:https://server.example.com/token",
            "https://server.example.com/%%37%34oken",
            "https://server.example.com/%7",
            "https://server.example.com/%+4",
        ] {
            assert!(!is_same(htu, TOKEN), "{htu:?}");
        }
        let long = format!("{TOKEN}?{}", "a".repeat(MAX_BYTES));
        assert!(!is_same(&long, TOKEN));
    }

    proptest! {
        #[test]
        fn normalizing_twice_is_normalizing_once(text in "https?://[a-zA-Z0-9.:%\\-]{1,20}/[a-zA-Z0-9./%~?#\\-]{0,30}") {
            if let Some(once) = normalized(&text) {
                prop_assert_eq!(normalized(&once), Some(once));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = normalized(&text);
        }
    }
}
