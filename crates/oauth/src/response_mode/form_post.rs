//! `response_mode=form_post`: a page with a form that is posted to the redirect URI (OAuth 2.0 Form Post Response Mode §2).
//!
//! The page escapes what it shows; the action is a registered http(s) URI, never `javascript:` (GHSA-484q-784p-8m5h).

use super::{AuthorizationResponse, Rendering};

pub(super) const NAME: &str = "form_post";

pub(super) fn render(response: &AuthorizationResponse) -> Rendering<'_> {
    Rendering::FormPost { action: response.redirect_uri.as_str(), fields: &response.params }
}
