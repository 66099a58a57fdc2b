//! The `WWW-Authenticate` challenges (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1) and the whole answer to a turned-away request.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{
    dpop::{Dpop, algorithms},
    error::{InvalidToken, Rejection},
};

/// The fixed parts of a guard's challenges.
#[derive(Debug, Clone)]
pub(crate) struct Challenge {
    realm: Arc<str>,
}

impl Challenge {
    pub(crate) fn new(realm: &str) -> Self {
        Self { realm: quotable(realm).into() }
    }

    /// A value of `WWW-Authenticate` for `rejection`. `metadata` is the address of the protected resource metadata.
    fn header(&self, scheme: &'static str, rejection: &Rejection, metadata: Option<&str>) -> HeaderValue {
        let mut text = format!("{scheme} realm=\"{}\"", self.realm);
        let mut attribute = |name: &str, value: &str| {
            text.push_str(", ");
            text.push_str(name);
            text.push_str("=\"");
            text.push_str(value);
            text.push('"');
        };
        if let Some(error) = rejection.wire().error {
            attribute("error", error);
        }
        if let Rejection::InsufficientScope { required } = rejection {
            attribute("scope", &quotable(required));
        }
        if let Rejection::InsufficientAuthentication(needed) = rejection {
            attribute("error_description", "a fresher or stronger sign-in is needed");
            if !needed.acr_values.is_empty() {
                attribute("acr_values", &quotable(&needed.acr_values.join(" ")));
            }
            if let Some(max_age) = needed.max_age {
                attribute("max_age", &max_age.to_string());
            }
        }
        if let Rejection::Dpop(failure) = rejection {
            attribute("error_description", failure.text());
        }
        if scheme == DPOP {
            attribute("algs", &algorithms().collect::<Vec<_>>().join(" "));
        }
        if let Some(metadata) = metadata {
            attribute("resource_metadata", &quotable(metadata));
        }
        // `quotable` leaves printable ASCII only, so this cannot fail; a bare challenge is right even if it did.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(scheme))
    }

    /// The answer to a turned-away request.
    pub(crate) fn response<B: From<Bytes>>(
        &self,
        rejection: &Rejection,
        metadata: Option<&str>,
        dpop: Option<&Dpop>,
    ) -> Response<B> {
        let wire = rejection.wire();
        let mut response = Response::new(B::from(Bytes::from_static(wire.body.as_bytes())));
        *response.status_mut() = wire.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(wire.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            for scheme in schemes(rejection, dpop) {
                headers.append(header::WWW_AUTHENTICATE, self.header(scheme, rejection, metadata));
            }
        }
        if let Rejection::KeysUnavailable { retry_after_secs }
        | Rejection::RevocationsUnavailable { retry_after_secs }
        | Rejection::SessionsUnavailable { retry_after_secs } = rejection
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_secs));
        }
        response
    }
}

const BEARER: &str = "Bearer";
const DPOP: &str = "DPoP";

/// How the token could be shown instead. What is wrong with a proof, or with having none, is said in the one scheme that has proofs.
fn schemes(rejection: &Rejection, dpop: Option<&Dpop>) -> &'static [&'static str] {
    let bound = matches!(rejection, Rejection::Dpop(_) | Rejection::InvalidToken(InvalidToken::SenderConstrained));
    match dpop {
        None => &[BEARER],
        Some(dpop) if bound || dpop.is_required() => &[DPOP],
        Some(_) => &[BEARER, DPOP],
    }
}

/// Drops what may not stand in a quoted string unescaped (RFC 6750 §3: `%x20-21 / %x23-5B / %x5D-7E`).
fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{InvalidToken, Malformed};

    fn challenge(rejection: &Rejection) -> Option<String> {
        let response: Response<Bytes> = Challenge::new("dragons").response(rejection, None, None);
        response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn no_token_has_no_error_attribute() {
        assert_eq!(challenge(&Rejection::NoToken).unwrap(), r#"Bearer realm="dragons""#);
    }

    #[test]
    fn error_codes_stand_behind_the_realm() {
        let invalid = Rejection::InvalidToken(InvalidToken::UnknownKey);
        assert_eq!(challenge(&invalid).unwrap(), r#"Bearer realm="dragons", error="invalid_token""#);
        let malformed = Rejection::Malformed(Malformed::TwoTokens);
        assert_eq!(challenge(&malformed).unwrap(), r#"Bearer realm="dragons", error="invalid_request""#);
        let scope = Rejection::InsufficientScope { required: "read:dragons".into() };
        let expected = r#"Bearer realm="dragons", error="insufficient_scope", scope="read:dragons""#;
        assert_eq!(challenge(&scope).unwrap(), expected);
    }

    #[test]
    fn our_own_failures_carry_no_challenge() {
        assert_eq!(challenge(&Rejection::NotGuarded), None);
        assert_eq!(challenge(&Rejection::KeysUnavailable { retry_after_secs: 1 }), None);
    }

    #[test]
    fn a_realm_cannot_break_out_of_its_quotes() {
        let response: Response<Bytes> =
            Challenge::new("a\", error=\"x\\\r\nSet-Cookie: é").response(&Rejection::NoToken, None, None);
        let header = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
        assert_eq!(header, r#"Bearer realm="a, error=xSet-Cookie: ""#);
    }

    #[test]
    fn the_metadata_address_is_named() {
        let response: Response<Bytes> =
            Challenge::new("d").response(&Rejection::NoToken, Some("https://a/.well-known/x"), None);
        let header = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
        assert_eq!(header, r#"Bearer realm="d", resource_metadata="https://a/.well-known/x""#);
    }
}
