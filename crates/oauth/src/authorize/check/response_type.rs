//! `response_type` is `code`: types that put tokens into the front channel do not exist (RFC 9700 §2.1.2).

use super::Draft;
use crate::error::OAuthError;

/// The response types that work.
pub(crate) const SUPPORTED: &[&str] = &["code"];

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<(), OAuthError> {
    if SUPPORTED.contains(&draft.params.require("response_type")?) {
        Ok(())
    } else {
        Err(OAuthError::ResponseTypeUnsupported)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn tokens_in_the_front_channel_do_not_exist() {
        assert_eq!(on("response_type=code", check), Ok(()));
        for name in ["token", "id_token", "id_token+token", "code+token", "code+id_token", "none", "CODE"] {
            assert_eq!(on(&format!("response_type={name}"), check), Err(OAuthError::ResponseTypeUnsupported), "{name}");
        }
        assert_eq!(on("", check), Err(OAuthError::ParameterMissing("response_type")));
    }
}
