//! `nonce` goes into the ID token as it is (OpenID Connect Core §3.1.2.1), up to 512 bytes: it makes tokens larger.
//!
//! An ID token that comes through the browser has nothing else that binds it to the request: there it is required (§3.2.2.1, §3.3.2.11).

use super::Draft;
use crate::error::OAuthError;
use crate::profile::Demand;
use crate::response_type::ResponseType;

/// Longest `nonce`, in bytes after decoding.
const MAX_BYTES: usize = 512;

/// FAPI 1.0 Part 1 §5.2.2.2, §5.2.2.3: "shall require the nonce parameter" if `openid` is asked for, and a `state` if not.
fn is_missing(draft: &Draft<'_, '_>) -> Option<&'static str> {
    let openid = draft.params.get("scope").is_some_and(|scope| scope.split(' ').any(|name| name == "openid"));
    let wanted = if openid { "nonce" } else { "state" };
    let demanded = draft.client.profile().demands(Demand::NonceOrState);
    (demanded && draft.params.get(wanted).is_none()).then_some(wanted)
}

pub(in crate::authorize) fn check(
    draft: &Draft<'_, '_>,
    response_type: ResponseType,
) -> Result<Option<String>, OAuthError> {
    match draft.params.get("nonce") {
        Some(nonce) if nonce.len() > MAX_BYTES => Err(OAuthError::ParameterInvalid("nonce")),
        None if response_type.has_id_token() => Err(OAuthError::ParameterMissing("nonce")),
        nonce => match is_missing(draft) {
            Some(name) => Err(OAuthError::ParameterMissing(name)),
            None => Ok(nonce.map(str::to_owned)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn an_endless_nonce_is_refused_and_none_is_invented() {
        let check = |draft: &Draft<'_, '_>| check(draft, ResponseType::Code);
        assert_eq!(on("nonce=abc%3D", check), Ok(Some("abc=".to_owned())));
        assert_eq!(on("", check), Ok(None));
        assert_eq!(on(&format!("nonce={}", "n".repeat(513)), check), Err(OAuthError::ParameterInvalid("nonce")));
    }

    #[test]
    fn an_id_token_through_the_browser_needs_a_nonce_core_3_2_2_1() {
        for response_type in ResponseType::ALL.iter().copied() {
            for query in ["", "nonce="] {
                let checked = on(query, |draft| check(draft, response_type));
                let needed = response_type.name().contains("id_token");
                assert_eq!(checked.is_err(), needed, "{response_type:?} {query}");
            }
            assert!(on("nonce=n", |draft| check(draft, response_type)).is_ok());
        }
    }
}
