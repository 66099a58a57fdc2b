//! The client is registered for the code grant (RFC 6749 §4.1.2.1 `unauthorized_client`).

use super::Draft;
use crate::error::OAuthError;
use crate::grant::Grant;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<(), OAuthError> {
    if draft.client.may_use(Grant::AuthorizationCode) { Ok(()) } else { Err(OAuthError::GrantNotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::testing::machine;

    #[test]
    fn a_machine_signs_nobody_in() {
        assert_eq!(on("", check), Ok(()));
        assert_eq!(on_client(&machine(), "", check), Err(OAuthError::GrantNotAllowed));
    }
}
