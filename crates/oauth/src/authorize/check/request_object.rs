//! `request`, `request_uri` and `registration` are refused by name (OpenID Connect Core §3.1.2.6), and nothing is ever fetched.

use super::Draft;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<(), OAuthError> {
    let given = |name| draft.params.get(name).is_some();
    if given("request") {
        Err(OAuthError::RequestNotSupported)
    } else if given("request_uri") {
        Err(OAuthError::RequestUriNotSupported)
    } else if given("registration") {
        Err(OAuthError::RegistrationNotSupported)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn each_is_refused_with_its_own_code() {
        assert_eq!(on("request=eyJhbGciOiJub25lIn0.e30.", check), Err(OAuthError::RequestNotSupported));
        assert_eq!(on("request_uri=http%3A%2F%2F169.254.169.254%2F", check), Err(OAuthError::RequestUriNotSupported));
        assert_eq!(on("registration=%7B%7D", check), Err(OAuthError::RegistrationNotSupported));
        assert_eq!(on("claims=%7B%7D&display=page", check), Ok(()));
    }
}
