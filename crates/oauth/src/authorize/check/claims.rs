//! `claims` and `claims_locales` (OpenID Connect Core §5.5, §5.2), if they are there.

use super::{Draft, hints};
use crate::claims_request::{self, Asked};
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Asked, OAuthError> {
    let claims = draft.params.get("claims");
    let mut asked = claims.map_or(Ok(Asked::default()), |text| claims_request::parse(text, draft.client))?;
    asked.claims.locales = hints::locales(draft, "claims_locales");
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn it_may_be_absent_and_must_be_json() {
        assert_eq!(on("", check), Ok(Asked::default()));
        assert_eq!(
            on("claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D", check).unwrap().claims.userinfo.len(),
            1
        );
        assert_eq!(on("claims=email", check), Err(OAuthError::ParameterInvalid("claims")));
    }
}
