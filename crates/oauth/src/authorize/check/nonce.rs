//! `nonce` goes into the ID token as it is (OpenID Connect Core §3.1.2.1), up to 512 bytes: it makes tokens larger.
//!
//! An ID token that comes through the browser has nothing else that binds it to the request: there it is required (§3.2.2.1, §3.3.2.11).

use super::Draft;
use crate::error::OAuthError;
use crate::response_type::ResponseType;

/// Longest `nonce`, in bytes after decoding.
const MAX_BYTES: usize = 512;

pub(in crate::authorize) fn check(
    draft: &Draft<'_, '_>,
    response_type: ResponseType,
) -> Result<Option<String>, OAuthError> {
    match draft.params.get("nonce") {
        Some(nonce) if nonce.len() > MAX_BYTES => Err(OAuthError::ParameterInvalid("nonce")),
        None if response_type.has_id_token() => Err(OAuthError::ParameterMissing("nonce")),
        nonce => Ok(nonce.map(str::to_owned)),
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
