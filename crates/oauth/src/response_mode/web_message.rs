//! `response_mode=web_message`: a page that hands the answer to the window that opened or frames it, by `postMessage`
//! (draft-sakimura-oauth-wmrm-01).
//!
//! The message goes to one origin, that of the registered redirect URI, and to nobody when another page stands there.

use serde_json::{Map, Value};

use super::{Fields, Rendering};
use crate::redirect_uri::RegisteredRedirectUri;

pub(super) const NAME: &str = "web_message";

pub(super) fn render(uri: &RegisteredRedirectUri, fields: Fields) -> Rendering {
    let response: Map<String, Value> =
        fields.into_iter().map(|(name, text)| (name.to_owned(), typed(name, text))).collect();
    // A URI without an origin is refused when the request is checked; "null" is an origin that no message reaches.
    Rendering::WebMessage { origin: uri.origin().unwrap_or_else(|| "null".to_owned()), response }
}

/// In JSON a number is one (RFC 6749 §5.1); elsewhere everything is text.
fn typed(name: &str, text: String) -> Value {
    match text.parse::<u64>() {
        Ok(secs) if name == "expires_in" => secs.into(),
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::registered;

    #[test]
    fn the_target_is_the_origin_of_the_redirect_uri_and_nothing_else() {
        for (uri, expected) in [
            ("https://app.example/deep/cb?tenant=1", "https://app.example"),
            ("https://app.example:8443/", "https://app.example:8443"),
            ("http://localhost:4200/callback", "http://localhost:4200"),
        ] {
            let Rendering::WebMessage { origin, .. } = render(&registered(uri), Vec::new()) else { panic!("{uri}") };
            assert_eq!(origin, expected);
        }
        let app = render(&registered("com.example.app:/cb"), Vec::new());
        assert!(matches!(app, Rendering::WebMessage { origin, .. } if origin == "null"), "never a star");
    }

    #[test]
    fn seconds_are_a_number_and_a_state_of_digits_is_text() {
        let fields = vec![("expires_in", "600".to_owned()), ("state", "600".to_owned())];
        let rendering = render(&registered("https://app.example/"), fields);
        let Rendering::WebMessage { response, .. } = rendering else { panic!("no message") };
        assert_eq!((&response["expires_in"], &response["state"]), (&600.into(), &"600".into()));
    }
}
