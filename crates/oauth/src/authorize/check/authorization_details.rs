//! `authorization_details` are of types that the APIs asked for have and the client may ask for (RFC 9396 §5). Not for session values, which
//! no API looks into.

use super::Draft;
use crate::authorization_details::{self, AuthorizationDetails, NAME};
use crate::error::OAuthError;
use crate::registration::Api;

/// The types that are named, to find the API that is meant.
pub(in crate::authorize) fn types(draft: &Draft<'_, '_>) -> Result<Vec<String>, OAuthError> {
    draft.params.get(NAME).map_or(Ok(Vec::new()), authorization_details::types)
}

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>, apis: &[&Api]) -> Result<AuthorizationDetails, OAuthError> {
    AuthorizationDetails::of_user(draft.params.get(NAME), draft.client, apis)
}

#[cfg(test)]
mod tests {
    use super::super::testing::on_client;
    use super::*;
    use crate::authorization_details::DetailsFailure;
    use crate::registration::{AccessTokenFormat, Client};
    use crate::testing::{payer, payments};

    const ONE: &str = "authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22creditor%22%3A%22M%22%2C%22amount%22%3A\
        %7B%22currency%22%3A%22EUR%22%2C%22value%22%3A1%7D%7D%5D";

    #[test]
    fn absent_is_nothing_and_what_is_there_is_read() {
        let api = payments();
        assert!(on_client(&payer(), "", |draft| check(draft, &[&api])).unwrap().is_empty());
        assert!(!on_client(&payer(), ONE, |draft| check(draft, &[&api])).unwrap().is_empty());
        assert_eq!(on_client(&payer(), ONE, types).unwrap(), ["payment"]);
    }

    #[test]
    fn session_values_have_none() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..payer() };
        let api = payments();
        let refused = on_client(&client, ONE, |draft| check(draft, &[&api]));
        assert_eq!(refused, Err(OAuthError::AuthorizationDetails(DetailsFailure::NotAllowed)));
    }
}
