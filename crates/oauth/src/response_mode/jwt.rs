//! The modes that end in `jwt`: the answer as one signed JWT in the parameter `response` (JWT Secured Authorization Response Mode §2).
//!
//! What goes in is the whole answer, errors too; what comes out travels in one of the plain modes. `jwt` alone means the default of the
//! response type (§2.3.4).

use serde_json::{Map, Value};

use super::{AuthorizationResponse, Fields, ResponseMode};
use crate::ids::ClientId;

pub(super) const NAME: &str = "jwt";
pub(super) const QUERY: &str = "query.jwt";
pub(super) const FRAGMENT: &str = "fragment.jwt";
pub(super) const FORM_POST: &str = "form_post.jwt";
pub(super) const WEB_MESSAGE: &str = "web_message.jwt";

/// The header's `typ`.
pub const TYP: &str = "JWT";

/// How long an answer counts, in seconds: §2.1 advises 10 minutes at most, and a code lives one.
const LIFETIME_SECS: u64 = 300;

/// The plain mode in which the JWT travels.
pub(super) const fn carrier(mode: ResponseMode) -> Option<ResponseMode> {
    match mode {
        ResponseMode::FormPostJwt => Some(ResponseMode::FormPost),
        ResponseMode::FragmentJwt | ResponseMode::Jwt => Some(ResponseMode::Fragment),
        ResponseMode::QueryJwt => Some(ResponseMode::Query),
        ResponseMode::WebMessageJwt => Some(ResponseMode::WebMessage),
        ResponseMode::FormPost | ResponseMode::Fragment | ResponseMode::Query | ResponseMode::WebMessage => None,
    }
}

/// The claims: every parameter of the answer, `iss` among them, for whom, and until when (§2.1).
pub(super) fn claims(response: &AuthorizationResponse, client_id: &ClientId, now: u64) -> Map<String, Value> {
    let mut claims: Map<String, Value> =
        response.params.iter().map(|(name, value)| ((*name).to_owned(), Value::String(value.clone()))).collect();
    claims.insert("aud".to_owned(), client_id.as_str().into());
    claims.insert("exp".to_owned(), now.saturating_add(LIFETIME_SECS).into());
    claims
}

/// All that is seen outside.
pub(super) fn fields(jwt: String) -> Fields {
    vec![("response", jwt)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OAuthError;
    use crate::response_mode::Rendering;
    use crate::testing::{NOW, issuer, registered, spa};

    const MODES: [ResponseMode; 4] =
        [ResponseMode::FormPostJwt, ResponseMode::FragmentJwt, ResponseMode::QueryJwt, ResponseMode::WebMessageJwt];

    fn refused(mode: ResponseMode) -> AuthorizationResponse {
        let uri = registered("https://app.example/cb");
        AuthorizationResponse::error(uri, mode, &issuer(), Some("s"), &OAuthError::AccessDenied)
    }

    #[test]
    fn an_answer_says_who_for_whom_until_when_and_everything_jarm_2_1() {
        let claims = refused(ResponseMode::QueryJwt).claims(&spa().client_id, NOW);
        assert_eq!((&claims["iss"], &claims["aud"]), (&"https://auth.example".into(), &"spa".into()));
        assert_eq!((&claims["exp"], &claims["state"]), (&(NOW + 300).into(), &"s".into()));
        assert_eq!((&claims["error"], claims.len()), (&"access_denied".into(), 6));
    }

    #[test]
    fn nothing_but_the_jwt_is_seen_outside_in_any_mode() {
        for mode in MODES {
            let response = refused(mode);
            let rendering = response.rendering(|inner| {
                assert_eq!(inner.params(), response.params());
                Ok::<_, ()>("h.p.s".to_owned())
            });
            let shown = match rendering.unwrap() {
                Rendering::Redirect(url) => {
                    let joint = if mode == ResponseMode::QueryJwt { '?' } else { '#' };
                    assert_eq!(url, format!("https://app.example/cb{joint}response=h.p.s"));
                    continue;
                }
                Rendering::FormPost { fields, .. } => {
                    serde_json::json!(fields.into_iter().collect::<std::collections::BTreeMap<_, _>>())
                }
                Rendering::WebMessage { response, .. } => response.into(),
            };
            assert_eq!(shown, serde_json::json!({"response": "h.p.s"}), "{mode:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_signed_is_not_sent_in_the_clear() {
        for mode in MODES {
            assert!(refused(mode).rendering(|_| Err("no key")).is_err(), "{mode:?}");
            assert_eq!(refused(mode).location(), None, "{mode:?}");
        }
    }
}
