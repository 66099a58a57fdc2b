//! `code_challenge` with S256, unless the client's registration says that it need not (RFC 7636 §4.4.1, RFC 9700 §2.1.1). Where there is no
//! code there is nothing to challenge.

use super::Draft;
use crate::error::OAuthError;
use crate::pkce::CodeChallenge;
use crate::profile::Pushed;
use crate::response_type::ResponseType;

pub(in crate::authorize) fn check(
    draft: &Draft<'_, '_>,
    response_type: ResponseType,
) -> Result<Option<CodeChallenge>, OAuthError> {
    if !response_type.has_code() {
        return Ok(None);
    }
    let challenge =
        CodeChallenge::from_request(draft.params.get("code_challenge"), draft.params.get("code_challenge_method"))?;
    let pushed = if draft.source.pushed.is_some() { Pushed::Yes } else { Pushed::No };
    if challenge.is_none() && draft.client.must_challenge(pushed) {
        Err(OAuthError::CodeChallengeMissing)
    } else {
        Ok(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on_client;
    use super::*;
    use crate::registration::Client;
    use crate::testing::{CHALLENGE, spa, third_party};

    fn on_client_with_code(client: &Client, query: &str) -> Result<Option<CodeChallenge>, OAuthError> {
        on_client(client, query, |draft| check(draft, ResponseType::Code))
    }

    fn on_spa(query: &str) -> Result<Option<CodeChallenge>, OAuthError> {
        on_client_with_code(&spa(), query)
    }

    #[test]
    fn missing_plain_and_malformed_challenges_are_refused() {
        assert!(on_spa(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap().is_some());
        assert_eq!(on_spa(""), Err(OAuthError::CodeChallengeMissing));
        assert_eq!(on_spa(&format!("code_challenge={CHALLENGE}")), Err(OAuthError::CodeChallengeMethodUnsupported));
        assert_eq!(
            on_spa(&format!("code_challenge={CHALLENGE}&code_challenge_method=plain")),
            Err(OAuthError::CodeChallengeMethodUnsupported)
        );
        assert_eq!(on_spa("code_challenge=x&code_challenge_method=S256"), Err(OAuthError::CodeChallengeMalformed));
        assert_eq!(on_spa("code_challenge_method=S256"), Err(OAuthError::CodeChallengeMissing));
    }

    #[test]
    fn only_a_confidential_client_may_be_exempt() {
        let exempt = Client { require_pkce: false, ..third_party() };
        assert_eq!(on_client_with_code(&exempt, ""), Ok(None));
        assert_eq!(
            on_client_with_code(&exempt, &format!("code_challenge={CHALLENGE}")),
            Err(OAuthError::CodeChallengeMethodUnsupported)
        );
        assert_eq!(
            on_client_with_code(&Client { require_pkce: false, ..spa() }, ""),
            Err(OAuthError::CodeChallengeMissing)
        );
    }

    #[test]
    fn every_type_with_a_code_needs_one_and_the_others_have_nothing_to_challenge() {
        for response_type in ResponseType::ALL.iter().copied() {
            let without = on_client(&spa(), "", |draft| check(draft, response_type));
            assert_eq!(without.is_err(), response_type.name().contains("code"), "{response_type:?}");
        }
    }
}
