//! The request came as the client must send it: pushed (RFC 9126 §6), signed (RFC 9101 §10.5). `registration` is refused by name
//! (OpenID Connect Core §3.1.2.6), and so are `request` and `request_uri` where nobody has put what they stand for in their place.

use super::Draft;
use crate::authorize::ObjectKind;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<(), OAuthError> {
    let given = |name| draft.params.get(name).is_some();
    if given("request") {
        Err(OAuthError::RequestNotSupported)
    } else if given("request_uri") {
        Err(OAuthError::RequestUriNotSupported)
    } else if given("registration") {
        Err(OAuthError::RegistrationNotSupported)
    } else if draft.client.must_push() && draft.source.pushed.is_none() {
        Err(OAuthError::PushedRequestRequired)
    } else if draft.client.must_sign_requests() && !matches!(draft.source.object, Some(ObjectKind::Signed(_))) {
        Err(OAuthError::RequestObjectRequired)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{from, on};
    use super::*;
    use crate::authorize::Source;
    use crate::testing::spa;
    use symbolon_jose::Algorithm;

    #[test]
    fn what_nobody_has_opened_is_refused_with_its_own_code() {
        assert_eq!(on("request=eyJhbGciOiJub25lIn0.e30.", check), Err(OAuthError::RequestNotSupported));
        assert_eq!(on("request_uri=http%3A%2F%2F169.254.169.254%2F", check), Err(OAuthError::RequestUriNotSupported));
        assert_eq!(on("registration=%7B%7D", check), Err(OAuthError::RegistrationNotSupported));
        assert_eq!(on("claims=%7B%7D&display=page", check), Ok(()));
    }

    #[test]
    fn a_client_that_must_push_or_sign_does_so_rfc_9126_6_rfc_9101_10_5() {
        let signed = Source { object: Some(ObjectKind::Signed(Algorithm::ES256)), ..Source::default() };
        let unsigned = Source { object: Some(ObjectKind::Unsigned), ..Source::default() };
        let pushed = Source { pushed: Some([7; 32]), ..Source::default() };
        let mut client = spa();
        client.requests.require_pushed_authorization_requests = true;
        for source in [Source::default(), signed, unsigned] {
            assert_eq!(from(&client, source, check), Err(OAuthError::PushedRequestRequired));
        }
        assert_eq!(from(&client, pushed, check), Ok(()));
        client.requests.require_signed_request_object = true;
        assert_eq!(from(&client, pushed, check), Err(OAuthError::RequestObjectRequired));
        assert_eq!(from(&client, Source { object: signed.object, ..pushed }, check), Ok(()));
        client.requests.require_pushed_authorization_requests = false;
        for source in [Source::default(), unsigned] {
            assert_eq!(from(&client, source, check), Err(OAuthError::RequestObjectRequired));
        }
        assert_eq!(from(&client, signed, check), Ok(()));
    }
}
