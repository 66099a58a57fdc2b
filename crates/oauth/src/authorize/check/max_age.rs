//! `max_age` is a number of seconds (OpenID Connect Core §3.1.2.1); without one the client's own default counts.

use super::Draft;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Option<u64>, OAuthError> {
    let Some(text) = draft.params.get("max_age") else {
        // OpenID Connect Registration §2: "The max_age request parameter overrides this default value."
        return Ok(draft.client.metadata.default_max_age);
    };
    let digits = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let secs = text.parse().ok().filter(|_| digits);
    secs.map(Some).ok_or(OAuthError::ParameterInvalid("max_age"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;

    #[test]
    fn openid_registration_section_2_the_default_of_the_client_counts_until_a_request_says_otherwise() {
        let mut client = crate::testing::spa();
        client.metadata.default_max_age = Some(300);
        assert_eq!(on_client(&client, "", check), Ok(Some(300)));
        assert_eq!(on_client(&client, "max_age=9000", check), Ok(Some(9000)));
        assert_eq!(on("", check), Ok(None));
    }

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(on("max_age=0", check), Ok(Some(0)));
        assert_eq!(on("max_age=3600", check), Ok(Some(3600)));
        for text in ["-1", "%2B1", "1.5", "1e3", "x", "99999999999", "+1"] {
            assert_eq!(on(&format!("max_age={text}"), check), Err(OAuthError::ParameterInvalid("max_age")), "{text}");
        }
    }
}
