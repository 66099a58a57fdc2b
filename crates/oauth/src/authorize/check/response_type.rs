//! `response_type`: one that is known (RFC 6749 §3.1.1) and that the client is registered for (§4.1.2.1 `unauthorized_client`).
//!
//! What puts tokens into the front channel is off unless a registration turns it on (RFC 9700 §2.1.2).

use super::Draft;
use crate::error::OAuthError;
use crate::response_type::ResponseType;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<ResponseType, OAuthError> {
    let name = draft.params.require("response_type")?;
    let response_type = ResponseType::from_name(name).ok_or(OAuthError::ResponseTypeUnsupported)?;
    if draft.client.may_answer_with(response_type) {
        Ok(response_type)
    } else {
        Err(OAuthError::ResponseTypeNotAllowed)
    }
}

/// The type by which a refusal travels: also one that is not for the client says whether its answers go into the fragment.
pub(in crate::authorize) fn of_refusal(draft: &Draft<'_, '_>) -> Option<ResponseType> {
    let name = draft.params.get("response_type").filter(|_| !draft.params.is_repeated("response_type"))?;
    ResponseType::from_name(name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::testing::spa;

    #[test]
    fn tokens_in_the_front_channel_are_off_unless_registered_rfc_9700_2_1_2() {
        assert_eq!(on("response_type=code", check), Ok(ResponseType::Code));
        for name in ["token", "id_token", "id_token+token", "code+token", "code+id_token", "none", "token+id_token"] {
            assert_eq!(on(&format!("response_type={name}"), check), Err(OAuthError::ResponseTypeNotAllowed), "{name}");
        }
        for name in ["CODE", "code+code", "saml", "code,token", "code++token"] {
            assert_eq!(on(&format!("response_type={name}"), check), Err(OAuthError::ResponseTypeUnsupported), "{name}");
        }
        assert_eq!(on("", check), Err(OAuthError::ParameterMissing("response_type")));
    }

    #[test]
    fn a_registration_opens_exactly_what_it_names() {
        let mut client = spa();
        client.responses.response_types = [ResponseType::IdTokenToken].into();
        assert_eq!(on_client(&client, "response_type=token+id_token", check), Ok(ResponseType::IdTokenToken));
        for name in ["code", "token", "id_token", "code+id_token+token"] {
            let query = format!("response_type={name}");
            assert_eq!(on_client(&client, &query, check), Err(OAuthError::ResponseTypeNotAllowed), "{name}");
        }
    }
}
