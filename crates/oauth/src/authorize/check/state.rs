//! `state` comes back byte for byte (RFC 6749 §4.1.2), up to 1.5 KB; longer ones are refused rather than cut.

use super::Draft;
use crate::error::OAuthError;

/// Longest `state`, in bytes after decoding.
const MAX_BYTES: usize = 1536;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Option<String>, OAuthError> {
    if draft.params.is_repeated("state") {
        return Err(OAuthError::ParameterRepeated("state".to_owned()));
    }
    match draft.params.get("state") {
        Some(state) if state.len() > MAX_BYTES => Err(OAuthError::StateTooLong),
        state => Ok(state.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn any_text_of_sane_length_is_kept_and_a_longer_one_refused() {
        assert_eq!(on("state=%C3%A4%20%2B%22%3C%0A", check), Ok(Some("ä +\"<\n".to_owned())));
        assert_eq!(on(&format!("state={}", "x".repeat(1536)), check), Ok(Some("x".repeat(1536))));
        assert_eq!(on(&format!("state={}", "x".repeat(1537)), check), Err(OAuthError::StateTooLong));
        assert_eq!(on("state=", check), Ok(None));
    }
}
