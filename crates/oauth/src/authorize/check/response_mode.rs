//! `response_mode` is one we know and the client may use; `query` if absent (OAuth 2.0 Multiple Response Types §2.1).
//!
//! A form can be posted to web addresses only.

use super::Draft;
use crate::error::OAuthError;
use crate::response_mode::ResponseMode;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<ResponseMode, OAuthError> {
    if draft.params.is_repeated("response_mode") {
        return Err(OAuthError::ParameterRepeated("response_mode".to_owned()));
    }
    let Some(name) = draft.params.get("response_mode") else { return Ok(ResponseMode::Query) };
    let mode = ResponseMode::from_name(name).ok_or(OAuthError::ResponseModeUnsupported)?;
    let uri = draft.redirect_uri.as_str();
    let on_the_web = uri.starts_with("https://") || uri.starts_with("http://");
    let fits = mode != ResponseMode::FormPost || on_the_web;
    if fits && draft.client.may_answer_by(mode) { Ok(mode) } else { Err(OAuthError::ResponseModeUnsupported) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::testing::spa;

    #[test]
    fn three_modes_and_no_others() {
        assert_eq!(on("", check), Ok(ResponseMode::Query));
        assert_eq!(on("response_mode=fragment", check), Ok(ResponseMode::Fragment));
        assert_eq!(on("response_mode=form_post", check), Ok(ResponseMode::FormPost));
        for name in ["web_message", "jwt", "form_post.jwt", "Query", "query fragment"] {
            assert_eq!(on(&format!("response_mode={name}"), check), Err(OAuthError::ResponseModeUnsupported), "{name}");
        }
    }

    #[test]
    fn a_mode_the_client_is_not_registered_for_is_refused() {
        let mut client = spa();
        client.response_modes.insert(ResponseMode::Query);
        assert_eq!(on_client(&client, "response_mode=fragment", check), Err(OAuthError::ResponseModeUnsupported));
        assert_eq!(on_client(&client, "response_mode=query", check), Ok(ResponseMode::Query));
    }

    #[test]
    fn a_form_is_never_posted_to_a_private_use_scheme() {
        let params = crate::Params::parse_for_authorize(b"response_mode=form_post").unwrap();
        let redirect_uri = crate::testing::registered("com.example.app:/cb");
        let source = crate::authorize::Source::default();
        let draft = Draft { params: &params, source, client: &spa(), redirect_uri: &redirect_uri };
        assert_eq!(check(&draft), Err(OAuthError::ResponseModeUnsupported));
    }
}
