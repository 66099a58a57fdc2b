//! `response_mode` is one we know, the client may use and the response type can travel in; the type's default if absent (OAuth 2.0 Multiple
//! Response Types §2.1, §5).
//!
//! A client whose profile wants signed answers gets no others. A message goes to pages whose origin the client has registered, so that nobody else can frame us for it.

use super::Draft;
use crate::error::OAuthError;
use crate::response_mode::ResponseMode;
use crate::response_type::ResponseType;

pub(in crate::authorize) fn check(
    draft: &Draft<'_, '_>,
    response_type: ResponseType,
) -> Result<ResponseMode, OAuthError> {
    if draft.params.is_repeated("response_mode") {
        return Err(OAuthError::ParameterRepeated("response_mode".to_owned()));
    }
    // The default is asked for by saying nothing: who may not have it does not get it by leaving the parameter out.
    let asked = match draft.params.get("response_mode") {
        None => response_type.default_mode(),
        Some(name) => ResponseMode::from_name(name).ok_or(OAuthError::ResponseModeUnsupported)?,
    };
    let mode = asked.resolved(response_type);
    if !draft.client.may_answer_by(asked) && !draft.client.may_answer_by(mode) {
        return Err(OAuthError::ResponseModeUnsupported);
    }
    if draft.client.must_get_signed(response_type, mode) {
        return Err(OAuthError::ResponseModeUnsigned);
    }
    if !mode.fits(response_type, draft.redirect_uri) {
        return Err(OAuthError::ResponseModeUnfit);
    }
    let is_registered = |origin: String| draft.client.allowed_origins.contains(&origin);
    if mode.is_message() && !draft.redirect_uri.origin().is_some_and(is_registered) {
        return Err(OAuthError::ResponseModeOrigin);
    }
    Ok(mode)
}

/// The mode in which a refusal travels: the one asked for, or the type's default, signed where the client gets nothing else.
pub(in crate::authorize) fn of_refusal(draft: &Draft<'_, '_>, response_type: ResponseType) -> ResponseMode {
    check(draft, response_type).unwrap_or_else(|_| {
        let mode = response_type.default_mode();
        let signed = draft.client.must_get_signed(response_type, mode);
        if signed { ResponseMode::Jwt.resolved(response_type) } else { mode }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::on_client;
    use super::*;
    use crate::registration::Client;
    use crate::testing::spa;

    fn with_origin() -> Client {
        Client { allowed_origins: vec!["https://spa.example".to_owned()], ..spa() }
    }

    fn asked(client: &Client, name: &str, response_type: ResponseType) -> Result<ResponseMode, OAuthError> {
        on_client(client, &format!("response_mode={name}"), |draft| check(draft, response_type))
    }

    #[test]
    fn every_listed_mode_and_no_other() {
        for mode in ResponseMode::ALL {
            let expected = mode.resolved(ResponseType::Code);
            assert_eq!(asked(&with_origin(), mode.name(), ResponseType::Code), Ok(expected));
        }
        for name in ["Query", "query fragment", "QUERY.JWT", "jwt.query", "form_post.jwt.jwt", "cookie"] {
            assert_eq!(
                asked(&with_origin(), name, ResponseType::Code),
                Err(OAuthError::ResponseModeUnsupported),
                "{name}"
            );
        }
    }

    #[test]
    fn tokens_go_into_the_fragment_and_never_into_a_query_multiple_response_types_5() {
        for response_type in ResponseType::ALL.iter().copied().filter(|one| one.is_front_channel()) {
            let default = on_client(&spa(), "", |draft| check(draft, response_type));
            assert_eq!(default, Ok(ResponseMode::Fragment), "{response_type:?}");
            for name in ["query", "query.jwt"] {
                assert_eq!(asked(&spa(), name, response_type), Err(OAuthError::ResponseModeUnfit), "{response_type:?}");
            }
            assert_eq!(asked(&spa(), "jwt", response_type), Ok(ResponseMode::FragmentJwt));
        }
        for response_type in [ResponseType::Code, ResponseType::None] {
            assert_eq!(on_client(&spa(), "", |draft| check(draft, response_type)), Ok(ResponseMode::Query));
            assert_eq!(asked(&spa(), "jwt", response_type), Ok(ResponseMode::QueryJwt));
        }
    }

    #[test]
    fn a_mode_the_client_is_not_registered_for_is_refused() {
        let mut client = with_origin();
        client.responses.response_modes.insert(ResponseMode::Query);
        for name in ["fragment", "form_post", "query.jwt", "jwt", "web_message"] {
            assert_eq!(asked(&client, name, ResponseType::Code), Err(OAuthError::ResponseModeUnsupported), "{name}");
        }
        assert_eq!(asked(&client, "query", ResponseType::Code), Ok(ResponseMode::Query));
        assert_eq!(asked(&client, "", ResponseType::Code), Ok(ResponseMode::Query));
        client.responses.response_modes = [ResponseMode::Jwt].into();
        assert_eq!(asked(&client, "jwt", ResponseType::Code), Ok(ResponseMode::QueryJwt));
        assert_eq!(asked(&client, "", ResponseType::Code), Err(OAuthError::ResponseModeUnsupported), "no way round it");
    }

    #[test]
    fn a_message_goes_to_a_registered_origin_only() {
        for mode in ["web_message", "web_message.jwt"] {
            assert!(asked(&with_origin(), mode, ResponseType::Code).is_ok());
            for origins in
                [vec![], vec!["https://other.example"], vec!["https://spa.example.evil"], vec!["*"], vec!["null"]]
            {
                let allowed_origins = origins.iter().map(ToString::to_string).collect();
                let client = Client { allowed_origins, ..spa() };
                assert_eq!(
                    asked(&client, mode, ResponseType::Code),
                    Err(OAuthError::ResponseModeOrigin),
                    "{origins:?}"
                );
            }
        }
    }

    #[test]
    fn forms_and_messages_are_never_for_a_private_use_scheme() {
        let client = Client { allowed_origins: vec!["null".to_owned()], ..spa() };
        let redirect_uri = crate::testing::registered("com.example.app:/cb");
        for mode in ["form_post", "form_post.jwt", "web_message", "web_message.jwt"] {
            let params = crate::Params::parse_for_authorize(format!("response_mode={mode}").as_bytes()).unwrap();
            let source = crate::authorize::Source::default();
            let draft = Draft { params: &params, source, client: &client, redirect_uri: &redirect_uri };
            assert_eq!(check(&draft, ResponseType::Code), Err(OAuthError::ResponseModeUnfit), "{mode}");
        }
    }
}
