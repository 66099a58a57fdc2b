//! `redirect_uri` is one of the client's (RFC 6749 §3.1.2.4, OpenID Connect Core §3.1.2.1: required). Told on a page.

use crate::error::OAuthError;
use crate::params::Params;
use crate::redirect_uri::{RegisteredRedirectUri, find_registered};
use crate::registration::Client;

pub(in crate::authorize) fn check(params: &Params, client: &Client) -> Result<RegisteredRedirectUri, OAuthError> {
    if params.is_repeated("redirect_uri") {
        return Err(OAuthError::ParameterRepeated("redirect_uri".to_owned()));
    }
    find_registered(client, params.require("redirect_uri")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spa;

    #[test]
    fn missing_repeated_and_foreign_uris_are_refused_on_a_page() {
        let checked = |query: &str| check(&Params::parse_for_authorize(query.as_bytes()).unwrap(), &spa()).err();
        assert_eq!(checked("redirect_uri=https%3A%2F%2Fspa.example%2Fcallback"), None);
        assert_eq!(checked(""), Some(OAuthError::ParameterMissing("redirect_uri")));
        assert_eq!(checked("redirect_uri=https%3A%2F%2Fevil.example"), Some(OAuthError::RedirectUriNotRegistered));
        let twice = "redirect_uri=https%3A%2F%2Fspa.example%2Fcallback&redirect_uri=https%3A%2F%2Fevil.example";
        assert_eq!(checked(twice), Some(OAuthError::ParameterRepeated("redirect_uri".to_owned())));
    }
}
