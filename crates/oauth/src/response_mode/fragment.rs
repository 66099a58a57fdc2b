//! `response_mode=fragment`: parameters behind the `#` (OAuth 2.0 Multiple Response Types §2.1). A registered URI never has one.

use super::{AuthorizationResponse, Rendering};

pub(super) const NAME: &str = "fragment";

pub(super) fn render(response: &AuthorizationResponse) -> Rendering<'_> {
    Rendering::Redirect(format!("{}#{}", response.redirect_uri.as_str(), response.encoded()))
}
