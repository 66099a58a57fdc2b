//! Who the API is to the issuer: its identifier and secret in HTTP Basic (RFC 6749 §2.3.1, RFC 7617).

use http::HeaderValue;
use symbolon_jose::base64url;
use url::form_urlencoded::byte_serialize;

/// Ready for the header; marked sensitive, so that nothing prints it.
#[derive(Debug, Clone)]
pub(crate) struct Credentials(HeaderValue);

impl Credentials {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        // Both are form-encoded first: an API's identifier is a URL, and the first colon ends it.
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(id), encoded(secret));
        // RFC 7617 asks for the alphabet of RFC 4648 §4, with padding.
        let mut base64 = base64url::encode(pair.as_bytes()).replace('-', "+").replace('_', "/");
        while !base64.len().is_multiple_of(4) {
            base64.push('=');
        }
        let mut value = HeaderValue::try_from(format!("Basic {base64}")).expect("base64 is printable");
        value.set_sensitive(true);
        Self(value)
    }

    /// The value of `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_form_encoded_and_nothing_shows_them() {
        // printf 'https%%3A%%2F%%2Fapi:s+%%2B%%C3%%BC' | base64
        let credentials = Credentials::new("https://api", "s +ü");
        assert_eq!(credentials.header().to_str().unwrap(), "Basic aHR0cHMlM0ElMkYlMkZhcGk6cyslMkIlQzMlQkM=");
        assert_eq!(format!("{credentials:?}"), "Credentials(Sensitive)");
    }
}
