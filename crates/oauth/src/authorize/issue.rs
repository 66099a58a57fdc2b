//! What an authorization brings: a code, tokens of the front channel, both, or nothing but the news (RFC 6749 §4.1.2, §4.2.2; OpenID Connect
//! Core §3.2.2.5, §3.3.2.5).
//!
//! A token of the front channel has a family of its own, which ends with the session it was born in: it cannot be renewed, and signing out
//! revokes it.

use super::check::scope::without_offline_access;
use super::{CodeGrant, SessionFacts, ValidRequest};
use crate::access_token::BornIn;
use crate::context::Context;
use crate::effect::Effect;
use crate::error::OAuthError;
use crate::family::{self, SignIn};
use crate::id_token;
use crate::ids::dated_id;
use crate::issue::{IdTokenPlan, Issue, RefreshAnswer, UserFacts, UserStatus};
use crate::registration::ProfileClaims;
use crate::response_type::ResponseType;
use crate::scope::Scope;
use crate::token_format::{OpaqueToken, TokenKind};

/// A code to store by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// The code.
    pub code: OpaqueToken,
    /// What to keep with it.
    pub grant: CodeGrant,
    /// When it ends, Unix seconds.
    pub expires_at: u64,
}

/// What to make durable, then to sign, then to send ([`ValidRequest::success`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// The code, if the response type has one.
    pub code: Option<NewCode>,
    /// The access token of the front channel and the effect that must hold before it is handed out, if the type has one.
    pub access_token: Option<Issue>,
    /// The ID token of the front channel, if the type has one.
    pub id_token: Option<IdTokenPlan>,
    /// Consent to put on record with it: what the user just allowed.
    pub record_consent: Option<Scope>,
}

/// What the request's type brings. `user` is the session's; only tokens of the front channel need it.
pub(super) fn issue(
    ctx: &mut Context<'_>,
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    user: Option<&UserFacts>,
    record_consent: Option<Scope>,
) -> Result<Granted, OAuthError> {
    let mut granted = Granted { code: None, access_token: None, id_token: None, record_consent };
    if request.response_type.is_front_channel() {
        // The shell loads the user of the session it found; anything else is a fault of ours.
        let is_theirs = |user: &&UserFacts| user.id == session.user_id && user.status == UserStatus::Active;
        let user = user.filter(is_theirs).ok_or(OAuthError::ServerError)?;
        granted.access_token = request.response_type.has_token().then(|| access_token(ctx, request, session, user));
        if request.response_type.has_id_token() {
            granted.id_token = id_token(ctx, request, session, user);
        }
    }
    let beside = granted.access_token.as_ref().and_then(family);
    granted.code = request.response_type.has_code().then(|| new_code(ctx, request, session, beside));
    Ok(granted)
}

/// The family that an access token of the front channel begins.
fn family(issue: &Issue) -> Option<String> {
    match &issue.effect {
        Effect::CreateFamily { family, .. } => Some(family.id.clone()),
        _ => None,
    }
}

fn new_code(
    ctx: &mut Context<'_>,
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    beside: Option<String>,
) -> NewCode {
    NewCode {
        code: OpaqueToken::generate(TokenKind::AuthorizationCode, ctx.rng),
        grant: CodeGrant {
            client_id: request.client.client_id.clone(),
            user_id: session.user_id.clone(),
            sid: session.sid.clone(),
            family_id: dated_id(ctx.now, ctx.rng),
            beside,
            redirect_uri: request.redirect_uri.as_str().to_owned(),
            scope: request.scope.clone(),
            audience: request.api.map(|api| api.identifier.clone()),
            nonce: request.nonce.clone(),
            code_challenge: request.code_challenge.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            auth_time: session.auth_time,
            amr: session.amr.clone(),
            acr: session.acr.clone(),
            claims: request.claims.claims.clone().some(),
            extent: request.extent(),
        },
        expires_at: ctx.now.saturating_add(ctx.lifetimes.code_secs),
    }
}

fn access_token(ctx: &mut Context<'_>, request: &ValidRequest<'_>, session: &SessionFacts, user: &UserFacts) -> Issue {
    let family_id = dated_id(ctx.now, ctx.rng);
    // Session values, which live as long as the session, are refused with the response type.
    let born_in = BornIn { sid: &session.sid, ends_at: ctx.now };
    let born = family::begin(
        ctx,
        &SignIn {
            family_id: &family_id,
            client: request.client,
            user,
            api: request.api,
            scope: &without_offline_access(&request.scope),
            born_in: Some(born_in),
            nonce: None,
            auth_time: session.auth_time,
            amr: &session.amr,
            acr: session.acr.as_deref(),
            claims: request.claims.claims.clone().some().as_ref(),
            extent: &request.extent(),
            // Nobody proves anything on the way through a browser.
            held: None,
        },
    );
    let access_token = born.access_token.issued();
    let effect = Effect::CreateFamily { family: born.family, refresh_token: None, access_token };
    Issue { access_token: born.access_token, id_token: None, refresh_token: RefreshAnswer::Absent, effect }
}

/// Core §5.4: claims of the profile come "from the UserInfo Endpoint … when a response_type value is used that results in an Access Token being
/// issued", and where none is, in the ID token.
fn id_token(
    ctx: &Context<'_>,
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    user: &UserFacts,
) -> Option<IdTokenPlan> {
    let nothing_else = request.response_type == ResponseType::IdToken;
    let claims = request.claims.claims.clone().some();
    let inputs = id_token::Inputs {
        client: request.client,
        user,
        scope: &request.scope,
        nonce: request.nonce.as_deref(),
        sid: Some(&session.sid),
        auth_time: session.auth_time,
        acr: session.acr.as_deref(),
        amr: &session.amr,
        profile: if nothing_else { ProfileClaims::IdTokenToo } else { request.client.profile_claims },
        claims: claims.as_ref(),
    };
    id_token::plan(ctx, &inputs)
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Effective, Facts, decide, validate};
    use super::*;
    use crate::AuthorizationResponse;
    use crate::issue::{AccessTokenForm, Beside};
    use crate::params::Params;
    use crate::registration::Client;
    use crate::testing::{API, CHALLENGE, NOW, SPA_URI, apis, at, issuer, spa, user};
    use symbolon_jose::Algorithm;

    fn client() -> Client {
        let mut client = spa();
        client.responses.response_types = ResponseType::ALL.iter().copied().collect();
        client.grant_types.insert(crate::grant::IMPLICIT.to_owned());
        client
    }

    fn facts() -> Facts {
        let session = SessionFacts {
            user_id: "usr_ada".to_owned(),
            sid: "sid-1".to_owned(),
            auth_time: NOW - 50,
            amr: vec!["pwd".to_owned()],
            acr: None,
        };
        Facts { session: Some(session), user: Some(user()), ..Facts::default() }
    }

    fn query(response_type: ResponseType, more: &[(&str, &str)]) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", "spa"),
                ("redirect_uri", SPA_URI),
                ("response_type", response_type.name()),
                ("scope", "openid email offline_access read:dragons"),
                ("audience", API),
                ("state", "st4te"),
                ("nonce", "n0nce"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .extend_pairs(more)
            .finish()
    }

    /// What is decided, and the answer as it would be sent with signatures in it.
    fn run(response_type: ResponseType, facts: &Facts) -> (Decision, AuthorizationResponse) {
        let (apis, issuer, client) = (apis(), issuer(), client());
        let params = Params::parse_for_authorize(query(response_type, &[]).as_bytes()).unwrap();
        let request = validate(&Effective::plain(params), Some(&client), &apis, &issuer).unwrap();
        let decision = at(NOW, |ctx| decide(ctx, &request, facts));
        let response = match &decision {
            Decision::Issue(granted) => {
                let code = granted.code.as_ref().map(|new| &new.code);
                let token = granted.access_token.as_ref();
                let token = token.map(|issue| issue.response("a.t.s".to_owned(), None, None));
                request.success(code, token.as_ref(), granted.id_token.as_ref().map(|_| "i.t.s".to_owned()))
            }
            Decision::Error(redirect) => redirect.response.clone(),
            other => panic!("neither granted nor refused: {other:?}"),
        };
        (decision, response)
    }

    fn granted(response_type: ResponseType) -> Granted {
        match run(response_type, &facts()).0 {
            Decision::Issue(granted) => *granted,
            other => panic!("not granted: {other:?}"),
        }
    }

    #[test]
    fn each_type_brings_what_its_words_say_and_nothing_else() {
        for response_type in ResponseType::ALL.iter().copied() {
            let granted = granted(response_type);
            assert_eq!(granted.code.is_some(), response_type.has_code(), "{response_type:?}");
            assert_eq!(granted.access_token.is_some(), response_type.has_token(), "{response_type:?}");
            assert_eq!(granted.id_token.is_some(), response_type.has_id_token(), "{response_type:?}");
            let (_, response) = run(response_type, &facts());
            let has = |name| response.params().iter().any(|(param, _)| *param == name);
            assert_eq!((has("code"), has("id_token")), (response_type.has_code(), response_type.has_id_token()));
            for name in ["access_token", "token_type", "expires_in", "scope"] {
                assert_eq!(has(name), response_type.has_token(), "{response_type:?}: {name}");
            }
            assert!(has("state") && has("iss") && !has("refresh_token"), "{response_type:?}");
        }
    }

    #[test]
    fn a_token_of_the_front_channel_ends_with_its_session_and_cannot_be_renewed() {
        let issue = granted(ResponseType::CodeIdTokenToken).access_token.unwrap();
        let Effect::CreateFamily { family, refresh_token: None, access_token } = &issue.effect else {
            panic!("{:?}", issue.effect)
        };
        assert!(family.session_bound && !family.grant.scope.contains("offline_access"));
        assert_eq!((family.sid.as_deref(), access_token.sid.as_deref()), (Some("sid-1"), Some("sid-1")));
        assert_eq!(access_token.revocation_handle, "handle-1");
        let claims = &issue.access_token.claims;
        assert_eq!((claims.sid.as_deref(), claims.rh.as_deref()), (Some("sid-1"), Some("handle-1")));
        assert_eq!(family.absolute_expires_at, claims.exp, "nothing of it lives longer");
        assert!(matches!(issue.access_token.form, AccessTokenForm::Signed(_)));
    }

    #[test]
    fn the_family_of_the_front_channel_is_not_the_codes_which_knows_it() {
        let granted = granted(ResponseType::CodeToken);
        let of_token = family(granted.access_token.as_ref().unwrap());
        let grant = granted.code.unwrap().grant;
        assert_ne!(of_token.as_ref(), Some(&grant.family_id));
        assert_eq!(grant.beside, of_token);
        assert_eq!(super::tests::granted(ResponseType::CodeIdToken).code.unwrap().grant.beside, None);
    }

    #[test]
    fn the_id_token_is_bound_to_what_is_beside_it_core_3_3_2_11() {
        let plan = granted(ResponseType::CodeIdTokenToken).id_token.unwrap();
        // The examples of OpenID Connect Core §A.4 and §A.6.
        let (code, token) = (
            "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
            "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        );
        assert_eq!(plan.alg, Algorithm::RS256);
        let claims = plan.beside(&Beside { access_token: Some(token), code: Some(code), state: Some("st4te") });
        assert_eq!(claims.c_hash.as_deref(), Some("LDktKdoQak3Pk0cnXxCltA"));
        assert_eq!(claims.at_hash.as_deref(), Some("77QmUPtjPfzWtF2AnpK9RQ"));
        assert_eq!(claims.s_hash, Some(symbolon_jose::left_half_hash(Algorithm::RS256, b"st4te")));
        assert_eq!((claims.nonce.as_deref(), claims.sid.as_deref()), (Some("n0nce"), Some("sid-1")));
    }

    #[test]
    fn the_profile_is_in_the_id_token_where_no_access_token_can_fetch_it_core_5_4() {
        for response_type in ResponseType::ALL.iter().copied().filter(|one| one.has_id_token()) {
            let claims = granted(response_type).id_token.unwrap().claims;
            assert_eq!(
                claims.profile.contains_key("email"),
                response_type == ResponseType::IdToken,
                "{response_type:?}"
            );
        }
    }

    #[test]
    fn single_claims_are_given_in_front_as_anywhere_core_5_5() {
        let (apis, issuer, client) = (apis(), issuer(), client());
        for response_type in ResponseType::ALL.iter().copied().filter(|one| one.has_id_token()) {
            let asked = query(response_type, &[("claims", r#"{"id_token": {"name": null}}"#)]);
            let params = Params::parse_for_authorize(asked.as_bytes()).unwrap();
            let request = validate(&Effective::plain(params), Some(&client), &apis, &issuer).unwrap();
            let Decision::Issue(granted) = at(NOW, |ctx| decide(ctx, &request, &facts())) else {
                panic!("not granted")
            };
            assert_eq!(granted.id_token.unwrap().claims.profile["name"], "Ada", "{response_type:?}");
        }
    }

    #[test]
    fn auth_time_in_the_front_channel_is_that_of_the_real_authentication() {
        assert_eq!(granted(ResponseType::IdToken).id_token.unwrap().claims.auth_time, NOW - 50);
        let issue = granted(ResponseType::Token).access_token.unwrap();
        assert_eq!(issue.access_token.claims.auth_time, Some(NOW - 50));
    }

    #[test]
    fn tokens_are_never_made_for_a_user_who_is_not_the_sessions() {
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        let other = UserFacts { id: "usr_bob".to_owned(), ..user() };
        for found in [None, Some(blocked), Some(other)] {
            let facts = Facts { user: found, ..facts() };
            for response_type in ResponseType::ALL.iter().copied().filter(|one| one.is_front_channel()) {
                let (decision, response) = run(response_type, &facts);
                assert!(matches!(decision, Decision::Error(error) if error.error == OAuthError::ServerError));
                assert!(response.params().iter().all(|(name, _)| !name.ends_with("token") && *name != "code"));
            }
        }
    }

    #[test]
    fn a_refusal_of_tokens_goes_into_the_fragment_too() {
        for response_type in ResponseType::ALL.iter().copied().filter(|one| one.is_front_channel()) {
            let nobody = Facts { id_token_hint: super::super::IdTokenHint::Invalid, ..facts() };
            let location = run(response_type, &nobody).1.location().unwrap();
            assert!(location.starts_with(&format!("{SPA_URI}#error=invalid_request&")), "{location}");
        }
    }

    #[test]
    fn no_token_shows_in_debug() {
        let (decision, response) = run(ResponseType::CodeIdTokenToken, &facts());
        let code = response.params().iter().find(|(name, _)| *name == "code").unwrap().1.clone();
        let shown = format!("{decision:?} {response:?}");
        assert!(!shown.contains(&code) && !shown.contains("a.t.s"));
    }
}
