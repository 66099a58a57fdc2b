//! `response_mode=form_post`: a page with a form that is posted to the redirect URI (OAuth 2.0 Form Post Response Mode §2).
//!
//! The page escapes what it shows; the action is a registered http(s) URI, never `javascript:` (GHSA-484q-784p-8m5h).

use super::{Fields, Rendering};
use crate::redirect_uri::RegisteredRedirectUri;

pub(super) const NAME: &str = "form_post";

pub(super) fn render(uri: &RegisteredRedirectUri, fields: Fields) -> Rendering {
    Rendering::FormPost { action: uri.as_str().to_owned(), fields }
}
