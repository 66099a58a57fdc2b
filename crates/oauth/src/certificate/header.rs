//! A certificate in a header, as a proxy that ends TLS hands it on (RFC 9440, and what proxies older than it send).
//!
//! Whether the header may be believed is the shell's to know: it says who somebody is, and anybody can write one.

use der::pem;
use symbolon_jose::base64url;
use zeroize::Zeroizing;

use super::MAX_BYTES;

/// The header of RFC 9440 §2.2.
pub const CLIENT_CERT: &str = "client-cert";
/// What the certificate was signed with, up to its root (RFC 9440 §2.3).
pub const CLIENT_CERT_CHAIN: &str = "client-cert-chain";
/// More of a chain than anybody has.
const MAX_CHAIN: usize = 8;

/// The certificate in DER, from a header in one of three forms: `:…:` (a byte sequence of structured fields, RFC 9440 §2.1), PEM with
/// percent-encoding (nginx's `$ssl_client_escaped_cert`), or base64 alone.
///
/// ```
/// use symbolon_oauth::certificate::header;
/// assert_eq!(header::read(":aGk=:"), Some(b"hi".to_vec()));
/// assert_eq!(header::read("aGk%3D"), Some(b"hi".to_vec()));
/// assert_eq!(header::read(":aGk=:;x, :aGk=:"), None);
/// ```
#[must_use]
pub fn read(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > 3 * MAX_BYTES {
        return None;
    }
    if text.starts_with(':') {
        return byte_sequence(text);
    }
    let plain = percent_decoded(text)?;
    if plain.starts_with("-----BEGIN ") {
        // One certificate: whatever stands behind it is not read over.
        let (label, der) = pem::decode_vec(plain.trim_end().as_bytes()).ok()?;
        return (label == "CERTIFICATE").then_some(der);
    }
    from_base64(&plain)
}

/// The certificates of a `Client-Cert-Chain`: a list of byte sequences (RFC 9440 §2.3).
#[must_use]
pub fn read_chain(text: &str) -> Option<Vec<Vec<u8>>> {
    if text.len() > 3 * MAX_BYTES * MAX_CHAIN {
        return None;
    }
    let chain: Option<Vec<Vec<u8>>> =
        text.split(',').map(|item| byte_sequence(item.trim_matches([' ', '\t']))).collect();
    chain.filter(|chain| chain.len() <= MAX_CHAIN)
}

/// RFC 9651 §4.2.7, without parameters, of which RFC 9440 has none.
fn byte_sequence(text: &str) -> Option<Vec<u8>> {
    from_base64(text.strip_prefix(':')?.strip_suffix(':')?)
}

/// Base64 of RFC 4648 §4, with padding: the strict decoder knows the other alphabet, so translate.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if text.is_empty() || !text.len().is_multiple_of(4) || padding > 2 || text.contains(['-', '_']) {
        return None;
    }
    let translated = Zeroizing::new(body.replace('+', "-").replace('/', "_"));
    base64url::decode(&translated).ok()
}

/// RFC 3986 §2.1; a plus is a plus.
fn percent_decoded(text: &str) -> Option<String> {
    let digit =
        |sign: Option<&u8>| sign.and_then(|sign| char::from(*sign).to_digit(16)).and_then(|it| u8::try_from(it).ok());
    let mut signs = text.as_bytes().iter();
    let mut found = Vec::with_capacity(text.len());
    while let Some(sign) = signs.next() {
        found.push(if *sign == b'%' { digit(signs.next())? << 4 | digit(signs.next())? } else { *sign });
    }
    String::from_utf8(found).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_ways_to_write_one_certificate() {
        let pem = "-----BEGIN CERTIFICATE-----\n+++/\n-----END CERTIFICATE-----\n";
        let escaped = pem.replace('\n', "%0A").replace('+', "%2B").replace('/', "%2F").replace(' ', "%20");
        for text in [":+++/:", "+++/", "%2B%2B%2B%2F", escaped.as_str()] {
            assert_eq!(read(text), Some(vec![0xfb, 0xef, 0xbf]), "{text}");
        }
        assert_eq!(read_chain(":+++/:, :aGk=:"), Some(vec![vec![0xfb, 0xef, 0xbf], b"hi".to_vec()]));
    }

    #[test]
    fn rfc9440_section_2_2_one_byte_sequence_and_nothing_else() {
        for text in
            ["", ":", ":aGk=", "aGk=:", ":aGk:", ":aGk=:;a=1", ":aGk=:, :aGk=:", "?1", "aGk", "%", "%4", "aG k="]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read(&format!(":{}:", "AAAA".repeat(20_000))), None);
        assert_eq!(read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), None);
        let two = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".repeat(2);
        assert_eq!(read(&two), None);
        assert_eq!(read_chain(":aGk=:,"), None);
        assert_eq!(read_chain(&[":aGk=:"; 9].join(",")), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_readers_panic(text in "[:%A-Za-z0-9+/=, -]{0,80}") {
            let _ = (read(&text), read_chain(&text));
        }
    }
}
