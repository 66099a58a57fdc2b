//! The client is registered for the grants its response type needs (RFC 6749 §4.1.2.1 `unauthorized_client`; the table of RFC 7591 §2.1).

use super::Draft;
use crate::error::OAuthError;
use crate::grant::{Grant, IMPLICIT};
use crate::response_type::ResponseType;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>, response_type: ResponseType) -> Result<(), OAuthError> {
    let code = !response_type.has_code() || draft.client.may_use(Grant::AuthorizationCode);
    let tokens = !response_type.is_front_channel() || draft.client.grant_types.contains(IMPLICIT);
    if code && tokens { Ok(()) } else { Err(OAuthError::GrantNotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::testing::{machine, spa};

    #[test]
    fn a_machine_signs_nobody_in() {
        assert_eq!(on("", |draft| check(draft, ResponseType::Code)), Ok(()));
        assert_eq!(
            on_client(&machine(), "", |draft| check(draft, ResponseType::Code)),
            Err(OAuthError::GrantNotAllowed)
        );
    }

    #[test]
    fn each_type_needs_the_grants_of_its_words_rfc_7591_2_1() {
        for response_type in ResponseType::ALL.iter().copied() {
            for (grants, code, implicit) in [
                (&["authorization_code"][..], true, false),
                (&[IMPLICIT], false, true),
                (&["authorization_code", IMPLICIT], true, true),
            ] {
                let mut client = spa();
                client.grant_types = grants.iter().map(ToString::to_string).collect();
                let enough = (code || !response_type.has_code()) && (implicit || !response_type.is_front_channel());
                let checked = on_client(&client, "", |draft| check(draft, response_type));
                assert_eq!(checked.is_ok(), enough, "{response_type:?} {grants:?}");
            }
        }
    }
}
