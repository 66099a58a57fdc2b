//! `client_id` names a client that exists and is switched on (RFC 6749 §4.1.2.1). Told on a page.

use crate::error::OAuthError;
use crate::params::Params;
use crate::registration::Client;

pub(in crate::authorize) fn check<'a>(params: &Params, client: Option<&'a Client>) -> Result<&'a Client, OAuthError> {
    if params.is_repeated("client_id") {
        return Err(OAuthError::ParameterRepeated("client_id".to_owned()));
    }
    let client_id = params.require("client_id")?;
    let client = client.filter(|client| client.client_id == client_id).ok_or(OAuthError::ClientUnknown)?;
    if client.disabled { Err(OAuthError::ClientDisabled) } else { Ok(client) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spa;

    fn checked(query: &str, client: Option<&Client>) -> Option<OAuthError> {
        check(&Params::parse_for_authorize(query.as_bytes()).unwrap(), client).err()
    }

    #[test]
    fn unknown_missing_repeated_and_disabled_clients_are_refused() {
        let spa = spa();
        assert_eq!(checked("client_id=spa", Some(&spa)), None);
        assert_eq!(checked("client_id=spa", None), Some(OAuthError::ClientUnknown));
        assert_eq!(checked("client_id=SPA", Some(&spa)), Some(OAuthError::ClientUnknown));
        assert_eq!(checked("", Some(&spa)), Some(OAuthError::ParameterMissing("client_id")));
        assert_eq!(
            checked("client_id=spa&client_id=spa", Some(&spa)),
            Some(OAuthError::ParameterRepeated("client_id".to_owned()))
        );
        let off = Client { disabled: true, ..spa };
        assert_eq!(checked("client_id=spa", Some(&off)), Some(OAuthError::ClientDisabled));
    }
}
