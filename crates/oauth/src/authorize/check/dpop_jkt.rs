//! `dpop_jkt` binds the code to a key before there is a proof (RFC 9449 §10): the base64url thumbprint of RFC 7638 with SHA-256.

use symbolon_jose::base64url;

use super::Draft;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Option<String>, OAuthError> {
    let Some(jkt) = draft.params.get("dpop_jkt") else { return Ok(None) };
    if draft.client.gets_sessions() {
        return Err(OAuthError::DpopNotForSessions);
    }
    let is_thumbprint = base64url::decode(jkt).is_ok_and(|hash| hash.len() == 32);
    if is_thumbprint { Ok(Some(jkt.to_owned())) } else { Err(OAuthError::ParameterInvalid("dpop_jkt")) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::registration::{AccessTokenFormat, Client};
    use crate::testing::spa;

    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    #[test]
    fn only_a_thumbprint_of_sha_256_is_one_rfc_9449_10() {
        assert_eq!(on(&format!("dpop_jkt={JKT}"), check), Ok(Some(JKT.to_owned())));
        assert_eq!(on("", check), Ok(None));
        for other in
            ["x", &JKT[1..], &format!("{JKT}%3D"), &format!("{JKT}AA"), "0ZcOCORZNYy%2FDWpqq30jZyJGHTN0d2HglBV3uiguA4I"]
        {
            assert_eq!(
                on(&format!("dpop_jkt={other}"), check),
                Err(OAuthError::ParameterInvalid("dpop_jkt")),
                "{other}"
            );
        }
    }

    #[test]
    fn session_values_are_not_bound() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        assert_eq!(on_client(&client, &format!("dpop_jkt={JKT}"), check), Err(OAuthError::DpopNotForSessions));
    }
}
