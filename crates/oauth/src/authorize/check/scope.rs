//! `scope`: the grammar is checked, what is unknown or not for this client is dropped (RFC 6749 §3.3).

use super::Draft;
use crate::error::OAuthError;
use crate::registration::Api;
use crate::scope::Scope;
use crate::target;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>, api: Option<&Api>) -> Result<Scope, OAuthError> {
    let asked = Scope::parse(draft.params.get("scope").unwrap_or_default())?;
    Ok(target::scope_for_user(draft.client, api, &asked))
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;
    use crate::testing::apis;

    #[test]
    fn malformed_scopes_are_refused_and_unknown_ones_dropped() {
        let apis = apis();
        assert_eq!(
            on("scope=openid+read%3Adragons+fly", |draft| check(draft, apis.first())).unwrap().to_string(),
            "openid read:dragons"
        );
        assert_eq!(on("scope=a%22b", |draft| check(draft, None)), Err(OAuthError::ScopeMalformed));
        assert_eq!(on("", |draft| check(draft, None)), Ok(Scope::empty()));
    }
}
