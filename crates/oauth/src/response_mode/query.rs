//! `response_mode=query`: parameters added to the redirect URI's query (RFC 6749 §4.1.2).

use super::{Fields, Rendering, encoded};
use crate::redirect_uri::RegisteredRedirectUri;

pub(super) const NAME: &str = "query";

pub(super) fn render(uri: &RegisteredRedirectUri, fields: &Fields) -> Rendering {
    let uri = uri.as_str();
    // RFC 6749 §3.1.2: a query in the registered URI "MUST be retained when adding additional query parameters".
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    Rendering::Redirect(format!("{uri}{joint}{}", encoded(fields)))
}

#[cfg(test)]
mod tests {
    use crate::response_mode::{AuthorizationResponse, ResponseMode};
    use crate::testing::{issuer, registered};

    #[test]
    fn a_query_in_the_registered_uri_is_kept() {
        for (uri, start) in [
            ("https://app.example/cb", "https://app.example/cb?code=x&"),
            ("https://app.example/cb?tenant=1", "https://app.example/cb?tenant=1&code=x&"),
            ("https://app.example/cb?", "https://app.example/cb?code=x&"),
            ("com.example.app:/cb", "com.example.app:/cb?code=x&"),
        ] {
            let code = vec![("code", "x".to_owned())];
            let response = AuthorizationResponse::new(registered(uri), ResponseMode::Query, code, &issuer(), None);
            assert!(response.location().unwrap().starts_with(start), "{uri}");
        }
    }
}
