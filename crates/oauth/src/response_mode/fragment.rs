//! `response_mode=fragment`: parameters behind the `#` (OAuth 2.0 Multiple Response Types §2.1). A registered URI never has one.

use super::{Fields, Rendering, encoded};
use crate::redirect_uri::RegisteredRedirectUri;

pub(super) const NAME: &str = "fragment";

pub(super) fn render(uri: &RegisteredRedirectUri, fields: &Fields) -> Rendering {
    Rendering::Redirect(format!("{}#{}", uri.as_str(), encoded(fields)))
}
