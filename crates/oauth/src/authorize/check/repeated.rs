//! "Request and response parameters MUST NOT be included more than once" (RFC 6749 §3.1); only `resource` may be.

use super::Draft;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<(), OAuthError> {
    match draft.params.first_repeated() {
        Some(name) => Err(OAuthError::ParameterRepeated(name.to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn any_parameter_twice_is_refused_but_resource() {
        for query in [
            "scope=a&scope=b",
            "state=a&state=a",
            "nonce=a&b=c&nonce=",
            "unknown=1&unknown=1",
            "prompt=none&prompt=none",
        ] {
            assert!(matches!(on(query, check), Err(OAuthError::ParameterRepeated(_))), "{query}");
        }
        assert_eq!(on("resource=a&resource=b&x=1", check), Ok(()));
    }
}
