//! `scope`: the grammar is checked, what is unknown or not for this client is dropped (RFC 6749 §3.3).
//!
//! `offline_access` is dropped where no code will bring a refresh token (OpenID Connect Core §11), and an ID token needs `openid` (§3.1.2.1).

use super::Draft;
use crate::error::OAuthError;
use crate::registration::Api;
use crate::response_type::ResponseType;
use crate::scope::Scope;
use crate::target;

pub(in crate::authorize) fn check(
    draft: &Draft<'_, '_>,
    response_type: ResponseType,
    apis: &[&Api],
) -> Result<Scope, OAuthError> {
    let asked = Scope::parse(draft.params.get("scope").unwrap_or_default())?;
    let scope = target::scope_for_all(draft.client, apis, &asked);
    if response_type.has_id_token() && !scope.contains("openid") {
        return Err(OAuthError::ScopeOpenidMissing);
    }
    if response_type.has_code() { Ok(scope) } else { Ok(without_offline_access(&scope)) }
}

/// What a token that came through the browser may have: nothing of it can be renewed.
pub(in crate::authorize) fn without_offline_access(scope: &Scope) -> Scope {
    scope.filtered(|name| name != "offline_access")
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
            on("scope=openid+read%3Adragons+fly", |draft| check(draft, ResponseType::Code, &[&apis[0]]))
                .unwrap()
                .to_string(),
            "openid read:dragons"
        );
        assert_eq!(on("scope=a%22b", |draft| check(draft, ResponseType::Code, &[])), Err(OAuthError::ScopeMalformed));
        assert_eq!(on("", |draft| check(draft, ResponseType::Code, &[])), Ok(Scope::empty()));
    }

    #[test]
    fn nothing_that_came_without_a_code_can_be_renewed_core_11() {
        for response_type in ResponseType::ALL.iter().copied() {
            let scope = on("scope=openid+offline_access", |draft| check(draft, response_type, &[])).unwrap();
            assert_eq!(scope.contains("offline_access"), response_type.name().contains("code"), "{response_type:?}");
        }
    }

    #[test]
    fn an_id_token_needs_openid_core_3_1_2_1() {
        for response_type in ResponseType::ALL.iter().copied() {
            let without = on("scope=profile", |draft| check(draft, response_type, &[]));
            let needed = response_type.name().contains("id_token");
            assert_eq!(without == Err(OAuthError::ScopeOpenidMissing), needed, "{response_type:?}");
        }
    }
}
