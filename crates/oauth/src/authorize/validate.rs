//! Checks an authorization request: first what must be proven before anything is redirected, then the rest, rule by rule.

use super::check::{self, Draft};
use super::{Effective, ErrorRedirect, Source, ValidRequest};
use crate::error::OAuthError;
use crate::ids::Issuer;
use crate::params::Params;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::registration::{Apis, Client};
use crate::response_mode::AuthorizationResponse;
use crate::response_type::ResponseType;
use crate::target;

/// Why a request was refused, and how the caller learns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// On a page of ours: client or redirect URI are in doubt (RFC 6749 §4.1.2.1).
    Page(OAuthError),
    /// At the redirect URI.
    Redirect(Box<ErrorRedirect>),
}

impl Rejection {
    /// Why.
    #[must_use]
    pub fn error(&self) -> &OAuthError {
        match self {
            Self::Page(error) => error,
            Self::Redirect(redirect) => &redirect.error,
        }
    }

    /// Why, by value.
    #[must_use]
    pub fn into_error(self) -> OAuthError {
        match self {
            Self::Page(error) => error,
            Self::Redirect(redirect) => redirect.error,
        }
    }
}

/// Checks a request against the client it names, `None` if there is none of that name. Look the client up by
/// `params.get("client_id")`.
///
/// # Errors
/// [`Rejection`]; its variant says where it may be told.
pub fn validate<'a>(
    request: &Effective,
    client: Option<&'a Client>,
    apis: &'a dyn Apis,
    issuer: &'a Issuer,
) -> Result<ValidRequest<'a>, Rejection> {
    let Effective { params, source } = request;
    let client = check::client::check(params, client).map_err(Rejection::Page)?;
    let redirect_uri = check::redirect_uri::check(params, client).map_err(Rejection::Page)?;
    let draft = Draft { params, source: *source, client, redirect_uri: &redirect_uri };
    rest(&draft, apis, issuer)
        .map_err(|error| Rejection::Redirect(Box::new(refusal(&draft, &redirect_uri, issuer, error))))
}

/// Refuses a request whose parameters are not to be had, because what they stand in cannot be opened. `params` are what came beside it:
/// if they name the client and one of its redirect URIs, the client is told there.
#[must_use]
pub fn refuse(params: &Params, client: Option<&Client>, issuer: &Issuer, error: OAuthError) -> Rejection {
    let client = match check::client::check(params, client) {
        Ok(client) => client,
        Err(error) => return Rejection::Page(error),
    };
    let Ok(redirect_uri) = check::redirect_uri::check(params, client) else { return Rejection::Page(error) };
    let draft = Draft { params, source: Source::default(), client, redirect_uri: &redirect_uri };
    Rejection::Redirect(Box::new(refusal(&draft, &redirect_uri, issuer, error)))
}

/// Every rule whose breach may be told by redirect. The order decides which breach is told first.
fn rest<'a>(draft: &Draft<'a, '_>, apis: &'a dyn Apis, issuer: &'a Issuer) -> Result<ValidRequest<'a>, OAuthError> {
    check::repeated::check(draft)?;
    let state = check::state::check(draft)?;
    check::request_object::check(draft)?;
    let response_type = check::response_type::check(draft)?;
    let response_mode = check::response_mode::check(draft, response_type)?;
    check::grant::check(draft, response_type)?;
    let code_challenge = check::code_challenge::check(draft, response_type)?;
    let dpop_jkt = check::dpop_jkt::check(draft)?;
    let prompt = check::prompt::check(draft)?;
    let max_age = check::max_age::check(draft)?;
    let nonce = check::nonce::check(draft, response_type)?;
    let hints = check::hints::check(draft)?;
    let named = target::all_requested(draft.params)?;
    let types = check::authorization_details::types(draft)?;
    let asked_for = target::all_for_user(draft.client, &named, &types, issuer, apis)?;
    let details = check::authorization_details::check(draft, &asked_for)?;
    let scope = check::scope::check(draft, response_type, &asked_for)?;
    let mut asked_for = asked_for.into_iter();
    let claims = check::claims::check(draft)?;
    let acr_values = check::acr_values::check(draft, &claims);
    Ok(ValidRequest {
        client: draft.client,
        source: draft.source,
        issuer,
        api: asked_for.next(),
        more_apis: asked_for.collect(),
        details,
        redirect_uri: draft.redirect_uri.clone(),
        response_type,
        response_mode,
        scope,
        claims,
        state,
        nonce,
        code_challenge,
        dpop_jkt,
        prompt,
        max_age,
        acr_values,
        login_hint: hints.login_hint,
        ui_locales: hints.ui_locales,
        id_token_hint: hints.id_token_hint,
    })
}

/// In the mode asked for and with the state sent, if those are sound themselves.
fn refusal(
    draft: &Draft<'_, '_>,
    redirect_uri: &RegisteredRedirectUri,
    issuer: &Issuer,
    error: OAuthError,
) -> ErrorRedirect {
    let response_type = check::response_type::of_refusal(draft).unwrap_or(ResponseType::Code);
    let mode = check::response_mode::of_refusal(draft, response_type);
    let state = check::state::check(draft).unwrap_or(None);
    let response = AuthorizationResponse::error(redirect_uri.clone(), mode, issuer, state.as_deref(), &error);
    ErrorRedirect { error, response }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::Api;
    use crate::testing::{API, CHALLENGE, SPA_URI, apis, issuer, spa, third_party};
    use proptest::prelude::*;

    fn query(changes: &[(&str, &str)]) -> String {
        let usual = [
            ("client_id", "spa"),
            ("redirect_uri", SPA_URI),
            ("response_type", "code"),
            ("scope", "openid read:dragons"),
            ("state", "st4te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("audience", API),
        ];
        let kept = usual.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(changes)).finish()
    }

    fn run<T>(client: Option<&Client>, query: &str, f: impl FnOnce(Result<ValidRequest<'_>, Rejection>) -> T) -> T {
        let apis: Vec<Api> = apis();
        let issuer = issuer();
        let request = Effective::plain(Params::parse_for_authorize(query.as_bytes()).unwrap());
        f(validate(&request, client, &apis, &issuer))
    }

    /// The cause and the URL of a refusal that is told by redirect.
    #[track_caller]
    fn redirected(changes: &[(&str, &str)]) -> (OAuthError, String) {
        run(Some(&spa()), &query(changes), |result| match result {
            Err(Rejection::Redirect(redirect)) => {
                (redirect.error.clone(), redirect.response.location().unwrap_or_default())
            }
            other => panic!("must be refused by redirect: {other:?}"),
        })
    }

    #[track_caller]
    fn on_a_page(client: Option<&Client>, query: &str) -> OAuthError {
        run(client, query, |result| match result {
            Err(Rejection::Page(error)) => error,
            other => panic!("must be refused on a page: {other:?}"),
        })
    }

    #[test]
    fn a_good_request_passes_with_unknown_parameters_ignored() {
        let more = [
            ("nonce", "n"),
            ("max_age", "60"),
            ("ui_locales", "de en"),
            ("auth0Client", "e30="),
            ("login_hint", "ada"),
        ];
        run(Some(&spa()), &query(&more), |result| {
            let request = result.unwrap();
            assert_eq!((request.scope().to_string().as_str(), request.max_age()), ("openid read:dragons", Some(60)));
            assert_eq!((request.login_hint(), request.ui_locales().len()), (Some("ada"), 2));
            assert_eq!(request.api().map(|api| api.identifier.as_str()), Some(API));
        });
    }

    #[test]
    fn nothing_is_redirected_before_client_and_uri_are_proven_rfc_6749_4_1_2_1() {
        let spa = spa();
        assert_eq!(on_a_page(None, &query(&[])), OAuthError::ClientUnknown);
        assert_eq!(on_a_page(Some(&third_party()), &query(&[])), OAuthError::ClientUnknown);
        assert_eq!(
            on_a_page(Some(&spa), &query(&[("redirect_uri", "https://evil.example/")])),
            OAuthError::RedirectUriNotRegistered
        );
        assert_eq!(
            on_a_page(Some(&spa), &query(&[("redirect_uri", "")])),
            OAuthError::ParameterMissing("redirect_uri")
        );
        for name in ["client_id", "redirect_uri"] {
            let twice = format!("{}&{name}=x", query(&[]));
            assert_eq!(on_a_page(Some(&spa), &twice), OAuthError::ParameterRepeated(name.to_owned()));
        }
        // Even if everything else is wrong as well.
        let all_wrong = query(&[("redirect_uri", "javascript:alert(1)"), ("response_type", "token"), ("prompt", "x")]);
        assert_eq!(on_a_page(Some(&spa), &all_wrong), OAuthError::RedirectUriNotRegistered);
    }

    #[test]
    fn after_that_every_refusal_goes_home_with_state_and_iss() {
        for (changes, code) in [
            (("response_type", "saml"), "unsupported_response_type"),
            (("response_type", "none"), "unauthorized_client"),
            (("response_type", ""), "invalid_request"),
            (("response_mode", "web_message"), "invalid_request"),
            (("request", "eyJ.e30."), "request_not_supported"),
            (("request_uri", "https://evil.example"), "request_uri_not_supported"),
            (("registration", "{}"), "registration_not_supported"),
            (("code_challenge", ""), "invalid_request"),
            (("code_challenge_method", "plain"), "invalid_request"),
            (("prompt", "none login"), "invalid_request"),
            (("max_age", "-1"), "invalid_request"),
            (("scope", "a\"b"), "invalid_scope"),
            (("claims", "email"), "invalid_request"),
            (("audience", "https://other.example"), "invalid_target"),
            (("id_token_hint", "nonsense"), "invalid_request"),
        ] {
            let (_, location) = redirected(&[changes]);
            assert!(location.starts_with(&format!("{SPA_URI}?error={code}&")), "{changes:?}: {location}");
            assert!(location.ends_with("&state=st4te&iss=https%3A%2F%2Fauth.example"), "{location}");
        }
    }

    #[test]
    fn the_mode_asked_for_is_used_for_refusals_too() {
        let (_, location) = redirected(&[("response_mode", "fragment"), ("response_type", "token")]);
        assert!(location.starts_with(&format!("{SPA_URI}#error=")));
    }

    #[test]
    fn a_refused_type_with_tokens_is_told_in_the_fragment_multiple_response_types_5() {
        for mode in ["", "query", "query.jwt", "web_message"] {
            let (error, location) = redirected(&[("response_type", "id_token"), ("response_mode", mode)]);
            assert_eq!(error, OAuthError::ResponseTypeNotAllowed);
            assert!(location.starts_with(&format!("{SPA_URI}#error=unauthorized_client&")), "{mode}: {location}");
        }
        let twice = format!("{}&response_type=token", query(&[]));
        run(Some(&spa()), &twice, |result| {
            let Err(Rejection::Redirect(redirect)) = result else { panic!("{result:?}") };
            assert_eq!(redirect.response.mode(), crate::ResponseMode::Query, "neither of two is believed");
        });
    }

    #[test]
    fn a_refusal_is_signed_if_the_mode_asked_for_signs_jarm_2_1() {
        for (mode, effective) in
            [("jwt", "query.jwt"), ("fragment.jwt", "fragment.jwt"), ("form_post.jwt", "form_post.jwt")]
        {
            run(Some(&spa()), &query(&[("response_mode", mode), ("prompt", "x")]), |result| {
                let Err(Rejection::Redirect(redirect)) = result else { panic!("{result:?}") };
                assert_eq!(redirect.response.mode().name(), effective);
                assert_eq!(redirect.response.location(), None, "not in the clear");
            });
        }
    }

    #[test]
    fn a_repeated_parameter_is_told_by_redirect_without_trusting_its_value() {
        let twice = format!("{}&state=other", query(&[]));
        run(Some(&spa()), &twice, |result| {
            let Err(Rejection::Redirect(redirect)) = result else { panic!("{result:?}") };
            assert_eq!(redirect.error, OAuthError::ParameterRepeated("state".to_owned()));
            assert!(redirect.response.params().iter().all(|(name, _)| *name != "state"));
        });
    }

    #[test]
    fn an_endless_state_is_refused_and_not_echoed() {
        let (error, location) = redirected(&[("state", &"x".repeat(2000))]);
        assert_eq!(error, OAuthError::StateTooLong);
        assert!(!location.contains("state=x"));
    }

    #[test]
    fn rfc8707_section_2_an_unknown_api_among_several_is_invalid_target() {
        let several = format!("{}&resource=https%3A%2F%2Fother.example", query(&[]));
        run(Some(&spa()), &several, |result| assert_eq!(result.err().unwrap().error(), &OAuthError::TargetUnknown));
        let same = format!("{}&resource=http%3A%2F%2Flocalhost%3A4402", query(&[]));
        run(Some(&spa()), &same, |result| assert!(result.is_ok()));
    }

    #[test]
    fn what_cannot_be_opened_is_told_by_redirect_only_to_a_registered_uri() {
        let (spa, issuer, error) = (spa(), issuer(), OAuthError::RequestObjectInvalid("no"));
        let told = |client: Option<&Client>, changes: &[(&str, &str)]| {
            refuse(&Params::parse_for_authorize(query(changes).as_bytes()).unwrap(), client, &issuer, error.clone())
        };
        let Rejection::Redirect(redirect) = told(Some(&spa), &[]) else { panic!("proven") };
        let location = redirect.response.location().unwrap();
        assert!(location.starts_with(&format!("{SPA_URI}?error=invalid_request_object&")), "{location}");
        assert!(location.ends_with("&state=st4te&iss=https%3A%2F%2Fauth.example"), "{location}");
        for uri in ["https://evil.example/", ""] {
            assert_eq!(told(Some(&spa), &[("redirect_uri", uri)]), Rejection::Page(error.clone()));
        }
        assert_eq!(told(None, &[]), Rejection::Page(OAuthError::ClientUnknown));
        let off = Client { disabled: true, ..spa.clone() };
        assert_eq!(told(Some(&off), &[]), Rejection::Page(OAuthError::ClientDisabled));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_no_answer_goes_anywhere_but_home(changes in proptest::collection::vec((
            prop::sample::select(vec!["response_type", "response_mode", "prompt", "state", "scope", "redirect_uri", "max_age", "nonce", "resource"]),
            "[a-z:/.%#?& ]{0,20}",
        ), 0..6)) {
            let text = url::form_urlencoded::Serializer::new(query(&[])).extend_pairs(&changes).finish();
            run(Some(&spa()), &text, |result| match result {
                Ok(request) => assert_eq!(request.redirect_uri().as_str(), SPA_URI),
                Err(Rejection::Redirect(redirect)) => assert_eq!(redirect.response.redirect_uri().as_str(), SPA_URI),
                Err(Rejection::Page(_)) => assert!(changes.iter().any(|(name, _)| *name == "redirect_uri")),
            });
        }
    }
}
