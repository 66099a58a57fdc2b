//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4, §3.5).
//!
//! The device asks again and again until its user has answered on another device. The code is bound to the client; a second use by its
//! rightful owner ends everything born of it, as of an authorization code: whoever stole it and was quicker loses what they got when the
//! device asks next. Asking too often is held against nobody but while there is no answer.

use crate::access_token::BornIn;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::{AlsoSession, CodeKind, Effect, EndReason};
use crate::endpoint::device_authorization::{Answer, DeviceGrant};
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::family::{self, SignIn};
use crate::grant::Grant;
use crate::issue::{Issue, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::Apis;
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What it reads.
pub const PARAMETERS: &[&str] = &["device_code", "resource"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The code.
    pub device_code: OpaqueToken,
    /// The API, if one was named again.
    pub resource: Option<String>,
}

impl Request {
    /// Reads the parameters. A code that is not even well-formed is [`OAuthError::DeviceCodeUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let device_code = OpaqueToken::parse(TokenKind::DeviceCode, params.require("device_code")?)
            .map_err(|_| OAuthError::DeviceCodeUnknown)?;
        Ok(Self { device_code, resource: target::resource(params)?.map(str::to_owned) })
    }
}

/// What to load: the code by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.device_code.hash()
}

/// What was found for the code's hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What was kept with the code.
    pub grant: DeviceGrant,
    /// When it ends.
    pub expires_at: u64,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<u64>,
    /// Whether the device keeps to its interval; asked for only while there is no answer ([`awaits_answer`]).
    pub pace: Pace,
    /// The user, if there is one yet and still.
    pub user: Option<UserFacts>,
    /// The session in which it was allowed.
    pub session: SessionState,
    /// That session's id; empty before there is one.
    pub sid: String,
    /// When that session ends at the latest; 0 if it is not on record.
    pub session_ends_at: u64,
}

/// How often a device asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// No more often than it was told.
    Kept,
    /// More often.
    TooFast,
}

/// Whether asking too often can be held against this request: nobody has answered, and it is the client's own.
#[must_use]
pub fn awaits_answer(client: AuthenticatedClient<'_>, grant: &DeviceGrant) -> bool {
    grant.answer == Answer::Pending && grant.client_id == client.client().client_id
}

/// Decides.
///
/// # Errors
/// Every way a code can be wrong or not yet answered; [`OAuthError::DeviceCodeReplayed`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let facts = facts.ok_or(OAuthError::DeviceCodeUnknown)?;
    let grant = &facts.grant;
    if grant.client_id != client.client().client_id {
        return Err(OAuthError::DeviceCodeOfAnotherClient.into());
    }
    if facts.redeemed_at.is_some() {
        let effect = Box::new(Effect::EndFamily {
            family_id: grant.family_id.clone(),
            beside: None,
            why: EndReason::CodeReplayed,
            also_session: AlsoSession::No,
        });
        return Err(Refusal { error: OAuthError::DeviceCodeReplayed, effect });
    }
    if ctx.now >= facts.expires_at {
        return Err(OAuthError::DeviceCodeExpired.into());
    }
    if !client.client().may_use(Grant::DeviceCode) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let (auth_time, amr, acr) = match (&grant.answer, facts.pace) {
        (Answer::Pending, Pace::TooFast) => return Err(OAuthError::SlowDown.into()),
        (Answer::Pending, Pace::Kept) => return Err(OAuthError::AuthorizationPending.into()),
        (Answer::Denied, _) => return Err(OAuthError::DeviceCodeDenied.into()),
        (Answer::Allowed { auth_time, amr, acr }, _) => (*auth_time, amr, acr),
    };
    let user = facts.user.as_ref().ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    if facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded.into());
    }
    let api =
        target::of_grant(ctx.issuer, client.client(), grant.audience.as_deref(), request.resource.as_deref(), apis)?;
    let from = SignIn {
        family_id: &grant.family_id,
        client: client.client(),
        user,
        api,
        scope: &grant.scope,
        born_in: Some(BornIn { sid: &facts.sid, ends_at: facts.session_ends_at }),
        nonce: None,
        auth_time,
        amr,
        acr: acr.as_deref(),
        claims: None,
        extent: &Extent::default(),
        held,
    };
    let born = family::begin(ctx, &from);
    let effect = Effect::RedeemCode {
        kind: CodeKind::DeviceCode,
        code_hash: request.device_code.hash(),
        family: born.family,
        refresh_token: born.record,
        access_token: born.access_token.issued(),
    };
    Ok(Issue { access_token: born.access_token, id_token: born.id_token, refresh_token: born.refresh_token, effect })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::device_authorization::Device;
    use crate::issue::RefreshAnswer;
    use crate::registration::Client;
    use crate::scope::Scope;
    use crate::testing::{API, NOW, TestRng, apis, at, authenticated, spa, third_party, tv, user};

    fn code() -> OpaqueToken {
        OpaqueToken::generate(TokenKind::DeviceCode, &mut TestRng::new(5))
    }

    fn found() -> Facts {
        Facts {
            grant: DeviceGrant {
                client_id: tv().client_id,
                family_id: "family-1".to_owned(),
                scope: Scope::parse("openid offline_access read:dragons").unwrap(),
                audience: Some(API.to_owned()),
                device: Device { address: "192.0.2.7".to_owned(), user_agent: None },
                answer: Answer::Allowed { auth_time: NOW - 100, amr: vec!["pwd".to_owned()], acr: None },
            },
            expires_at: NOW + 60,
            redeemed_at: None,
            pace: Pace::Kept,
            user: Some(user()),
            session: SessionState::Live,
            sid: "sid-1".to_owned(),
            session_ends_at: NOW + 36_000,
        }
    }

    fn run_as(client: &Client, more: &str, facts: Option<Facts>) -> Result<Issue, Refusal> {
        let form = format!("device_code={}{more}", code().reveal());
        let request = Request::parse(&Params::parse(form.as_bytes()).unwrap()).unwrap();
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, facts, &apis()))
    }

    fn run(change: impl FnOnce(&mut Facts)) -> Result<Issue, Refusal> {
        let mut facts = found();
        change(&mut facts);
        run_as(&tv(), "", Some(facts))
    }

    /// Refused, and nothing is done.
    #[track_caller]
    fn refused(result: Result<Issue, Refusal>, error: OAuthError) {
        assert_eq!(result.expect_err("must be refused"), Refusal { error, effect: Box::new(Effect::None) });
    }

    #[test]
    fn once_allowed_the_device_gets_the_tokens_of_whoever_allowed_it() {
        let issue = run(|_| ()).unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!((claims.sub.as_str(), claims.sid.as_deref()), ("usr_ada", Some("sid-1")));
        assert_eq!(
            (claims.auth_time, claims.scope.to_string().as_str()),
            (Some(NOW - 100), "openid offline_access read:dragons")
        );
        assert!(matches!(issue.refresh_token, RefreshAnswer::New(_)));
        let id_token = issue.id_token.unwrap().claims;
        assert_eq!((id_token.auth_time, id_token.nonce), (NOW - 100, None));
        let Effect::RedeemCode { kind: CodeKind::DeviceCode, code_hash, family, .. } = issue.effect else {
            panic!("{:?}", issue.effect)
        };
        assert_eq!((code_hash, family.id.as_str()), (code().hash(), "family-1"));
        assert!(!family.session_bound, "offline access outlives the browser in which it was allowed");
    }

    #[test]
    fn without_offline_access_it_ends_with_the_session_in_which_it_was_allowed() {
        let issue = run(|facts| facts.grant.scope = Scope::parse("openid").unwrap()).unwrap();
        assert_eq!(issue.refresh_token, RefreshAnswer::Absent);
        let Effect::RedeemCode { family, .. } = issue.effect else { panic!("{:?}", issue.effect) };
        assert!(family.session_bound);
    }

    #[test]
    fn before_that_it_waits_and_slows_down_rfc_8628_3_5() {
        let pending = |pace| run(|facts| (facts.grant.answer, facts.pace) = (Answer::Pending, pace));
        refused(pending(Pace::Kept), OAuthError::AuthorizationPending);
        refused(pending(Pace::TooFast), OAuthError::SlowDown);
        assert!(run(|facts| facts.pace = Pace::TooFast).is_ok(), "an answer is not kept back");
    }

    #[test]
    fn no_is_no_and_late_is_late_rfc_8628_3_5() {
        refused(run(|facts| facts.grant.answer = Answer::Denied), OAuthError::DeviceCodeDenied);
        assert_eq!(OAuthError::DeviceCodeDenied.wire().status, 400, "RFC 6749 §5.2");
        refused(run(|facts| facts.expires_at = NOW), OAuthError::DeviceCodeExpired);
        let pending_and_late = run(|facts| (facts.grant.answer, facts.expires_at) = (Answer::Pending, NOW));
        refused(pending_and_late, OAuthError::DeviceCodeExpired);
    }

    #[test]
    fn another_clients_code_and_an_unknown_one_look_alike_and_change_nothing() {
        refused(run_as(&third_party(), "", Some(found())), OAuthError::DeviceCodeOfAnotherClient);
        let used = Facts { redeemed_at: Some(NOW - 1), ..found() };
        refused(run_as(&spa(), "", Some(used)), OAuthError::DeviceCodeOfAnotherClient);
        refused(run_as(&tv(), "", None), OAuthError::DeviceCodeUnknown);
        let pending = DeviceGrant { answer: Answer::Pending, ..found().grant };
        assert!(awaits_answer(authenticated(&tv()), &pending));
        assert!(!awaits_answer(authenticated(&spa()), &pending), "a stranger cannot make the device slow");
    }

    #[test]
    fn a_second_use_ends_what_the_first_brought() {
        let refusal = run(|facts| facts.redeemed_at = Some(NOW - 1)).unwrap_err();
        assert_eq!(refusal.error, OAuthError::DeviceCodeReplayed);
        assert!(matches!(&*refusal.effect, Effect::EndFamily { family_id, .. } if family_id == "family-1"));
    }

    #[test]
    fn what_changed_between_the_answer_and_the_request_counts_security_22() {
        refused(run(|facts| facts.user = None), OAuthError::UserGone);
        refused(run(|facts| facts.user.as_mut().unwrap().status = UserStatus::Blocked), OAuthError::UserBlocked);
        for session in [SessionState::Ended, SessionState::Unknown] {
            refused(run(|facts| facts.session = session), OAuthError::SessionEnded);
        }
        let no_more = Client { grant_types: third_party().grant_types, ..tv() };
        refused(run_as(&no_more, "", Some(found())), OAuthError::GrantNotAllowed);
        let narrowed = Client { apis: Vec::new(), ..tv() };
        refused(run_as(&narrowed, "", Some(found())), OAuthError::TargetUnknown);
        refused(
            run_as(&tv(), "&resource=https%3A%2F%2Felsewhere.example", Some(found())),
            OAuthError::TargetNotGranted,
        );
    }

    #[test]
    fn a_code_of_another_kind_or_shape_is_none() {
        let parse = |form: &str| Request::parse(&Params::parse(form.as_bytes()).unwrap());
        assert_eq!(parse(""), Err(OAuthError::ParameterMissing("device_code")));
        let other = OpaqueToken::generate(TokenKind::AuthorizationCode, &mut TestRng::new(5));
        for text in [other.reveal(), "WDJB-MJHT", &code().reveal().to_lowercase()] {
            assert_eq!(parse(&format!("device_code={text}")), Err(OAuthError::DeviceCodeUnknown), "{text}");
        }
    }
}
