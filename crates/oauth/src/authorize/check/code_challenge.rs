//! `code_challenge` with S256, unless the client's registration says that it need not (RFC 7636 §4.4.1, RFC 9700 §2.1.1).

use super::Draft;
use crate::error::OAuthError;
use crate::pkce::CodeChallenge;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Option<CodeChallenge>, OAuthError> {
    let challenge =
        CodeChallenge::from_request(draft.params.get("code_challenge"), draft.params.get("code_challenge_method"))?;
    // A public client's switch is not believed: the registration refuses it, and so does this.
    let required = draft.client.require_pkce || draft.client.is_public();
    if challenge.is_none() && required { Err(OAuthError::CodeChallengeMissing) } else { Ok(challenge) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::registration::Client;
    use crate::testing::{CHALLENGE, spa, third_party};

    #[test]
    fn missing_plain_and_malformed_challenges_are_refused() {
        assert!(on(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256"), check).unwrap().is_some());
        assert_eq!(on("", check), Err(OAuthError::CodeChallengeMissing));
        assert_eq!(on(&format!("code_challenge={CHALLENGE}"), check), Err(OAuthError::CodeChallengeMethodUnsupported));
        assert_eq!(
            on(&format!("code_challenge={CHALLENGE}&code_challenge_method=plain"), check),
            Err(OAuthError::CodeChallengeMethodUnsupported)
        );
        assert_eq!(on("code_challenge=x&code_challenge_method=S256", check), Err(OAuthError::CodeChallengeMalformed));
        assert_eq!(on("code_challenge_method=S256", check), Err(OAuthError::CodeChallengeMissing));
    }

    #[test]
    fn only_a_confidential_client_may_be_exempt() {
        let exempt = Client { require_pkce: false, ..third_party() };
        assert_eq!(on_client(&exempt, "", check), Ok(None));
        assert_eq!(
            on_client(&exempt, &format!("code_challenge={CHALLENGE}"), check),
            Err(OAuthError::CodeChallengeMethodUnsupported)
        );
        assert_eq!(
            on_client(&Client { require_pkce: false, ..spa() }, "", check),
            Err(OAuthError::CodeChallengeMissing)
        );
    }
}
