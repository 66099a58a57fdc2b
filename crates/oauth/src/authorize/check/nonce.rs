//! `nonce` goes into the ID token as it is (OpenID Connect Core §3.1.2.1), up to 512 bytes: it makes tokens larger.

use super::Draft;
use crate::error::OAuthError;

/// Longest `nonce`, in bytes after decoding.
const MAX_BYTES: usize = 512;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Option<String>, OAuthError> {
    match draft.params.get("nonce") {
        Some(nonce) if nonce.len() > MAX_BYTES => Err(OAuthError::ParameterInvalid("nonce")),
        nonce => Ok(nonce.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn an_endless_nonce_is_refused_and_none_is_invented() {
        assert_eq!(on("nonce=abc%3D", check), Ok(Some("abc=".to_owned())));
        assert_eq!(on("", check), Ok(None));
        assert_eq!(on(&format!("nonce={}", "n".repeat(513)), check), Err(OAuthError::ParameterInvalid("nonce")));
    }
}
