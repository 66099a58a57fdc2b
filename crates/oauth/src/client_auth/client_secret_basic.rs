//! `client_secret_basic`: identifier and secret in the `Authorization` header (RFC 6749 §2.3.1, RFC 7617).
//!
//! Both halves are form-decoded after the split: "encoded using the application/x-www-form-urlencoded encoding algorithm".
//! Refuses other schemes, foreign base64, and a `client_id` in the form that names somebody else.

use zeroize::Zeroizing;

use super::{Credentials, Proof};
use crate::certificate::header::from_base64;
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::params::{self, Params};

pub(super) const NAME: &str = "client_secret_basic";

pub(super) fn read(header: &str, params: &Params) -> Result<Credentials, OAuthError> {
    let credentials = parse(header)
        .ok_or(OAuthError::client_auth(ClientAuthFailure::HeaderMalformed, Presented::AuthorizationHeader))?;
    match params.get("client_id") {
        Some(other) if other != credentials.client_id => Err(OAuthError::ParameterInvalid("client_id")),
        _ => Ok(credentials),
    }
}

fn parse(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = Zeroizing::new(from_base64(encoded.trim_matches(' '))?);
    let at = decoded.iter().position(|byte| *byte == b':')?;
    let client_id = params::decode(&decoded[..at]).ok().filter(|id| !id.is_empty())?;
    let secret = params::decode(&decoded[at + 1..]).ok().filter(|secret| !secret.is_empty())?;
    Some(Credentials { client_id, proof: Proof::SecretInHeader(Zeroizing::new(secret)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use symbolon_jose::base64url;

    fn encode(text: &str) -> String {
        let mut encoded = base64url::encode(text.as_bytes()).replace('-', "+").replace('_', "/");
        while !encoded.len().is_multiple_of(4) {
            encoded.push('=');
        }
        encoded
    }

    fn parsed(text: &str) -> Option<(String, String)> {
        parse(&format!("Basic {}", encode(text))).map(|credentials| match credentials.proof {
            Proof::SecretInHeader(secret) => (credentials.client_id, secret.to_string()),
            _ => unreachable!("a header gives a secret from the header"),
        })
    }

    #[test]
    fn both_halves_are_form_decoded_rfc_6749_2_3_1() {
        let expected = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(parsed("web:s3cret"), expected("web", "s3cret"));
        assert_eq!(parsed("http%3A%2F%2Flocalhost%3A4402:a%2Bb"), expected("http://localhost:4402", "a+b"));
        assert_eq!(parsed("a+b:c:d"), expected("a b", "c:d"));
    }

    #[test]
    fn rfc_7617_example() {
        let credentials = parse("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert_eq!(credentials.client_id, "Aladdin");
    }

    #[test]
    fn malformed_headers_are_refused() {
        for header in [
            "",
            "Basic",
            "Basic ",
            "Bearer abc",
            "Basic !!!!",
            "Basic YQ",
            "Basic YQ=",
            "Basic YTpi=",
            "Basic YTpiX_==",
            "Basic YTpi YTpi",
            "Digest a=b",
        ] {
            assert!(parse(header).is_none(), "{header}");
        }
        for text in ["nocolon", ":secret", "id:", "%zz:secret", "id:%ff", "id:a%00b"] {
            assert!(parsed(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_form_that_names_another_client_is_refused() {
        let header = format!("Basic {}", encode("one:x"));
        let form = Params::parse(b"client_id=two").unwrap();
        assert_eq!(read(&header, &form).err(), Some(OAuthError::ParameterInvalid("client_id")));
        assert!(read(&header, &Params::parse(b"client_id=one").unwrap()).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(header in "(Basic )?.{0,60}", text in ".{0,40}") {
            let _ = parse(&header);
            let _ = parsed(&text);
        }
    }
}
