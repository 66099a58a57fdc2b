//! `urn:openid:params:grant-type:ciba` (CIBA Core 1.0 §10.1, §11): the client gets the answer of somebody it has asked for.
//!
//! As with a device code: the request is bound to the client, nobody is slowed down who waits for no answer, and a second use by its rightful
//! owner ends everything born of it. Clients of the push mode have nothing to ask for here.

use crate::access_token::BornIn;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::{AlsoSession, CodeKind, Effect, EndReason};
use crate::endpoint::backchannel_authentication::CibaGrant;
use crate::endpoint::device_authorization::Answer;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::family::{self, SignIn};
use crate::grant::Grant;
use crate::grant::device_code::Pace;
use crate::issue::{Issue, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::{Apis, Client, DeliveryMode};
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "urn:openid:params:grant-type:ciba";
/// What it reads.
pub const PARAMETERS: &[&str] = &["auth_req_id"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The request's id.
    pub auth_req_id: OpaqueToken,
}

impl Request {
    /// Reads the parameters. An id that is not even well-formed is [`OAuthError::AuthReqIdUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let auth_req_id = OpaqueToken::parse(TokenKind::AuthReqId, params.require("auth_req_id")?)
            .map_err(|_| OAuthError::AuthReqIdUnknown)?;
        Ok(Self { auth_req_id })
    }
}

/// What to load: the request by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.auth_req_id.hash()
}

/// What was found for the hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its hash.
    pub hash: [u8; 32],
    /// What was kept with the request.
    pub grant: CibaGrant,
    /// When it ends.
    pub expires_at: u64,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<u64>,
    /// Whether the client keeps to its interval; asked for only while there is no answer ([`awaits_answer`]).
    pub pace: Pace,
    /// The user who allowed it, if there is one still.
    pub user: Option<UserFacts>,
    /// The session in which it was allowed.
    pub session: SessionState,
    /// That session's id; empty before there is one.
    pub sid: String,
    /// When that session ends at the latest; 0 if it is not on record.
    pub session_ends_at: u64,
}

/// Whether asking too often can be held against this request: nobody has answered, and it is the client's own.
#[must_use]
pub fn awaits_answer(client: AuthenticatedClient<'_>, grant: &CibaGrant) -> bool {
    grant.answer == Answer::Pending && grant.client_id == client.client().client_id
}

/// Decides.
///
/// # Errors
/// Every way a request can be wrong or not yet answered; [`OAuthError::AuthReqIdReplayed`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    let pushed = client.backchannel.backchannel_token_delivery_mode == Some(DeliveryMode::Push);
    // §11: "If the Client is registered to use the Push Mode then … unauthorized_client".
    if !client.may_use(Grant::Ciba) || pushed {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let facts = facts.ok_or(OAuthError::AuthReqIdUnknown)?;
    if facts.grant.client_id != client.client_id {
        return Err(OAuthError::AuthReqIdOfAnotherClient.into());
    }
    if facts.redeemed_at.is_some() {
        let effect = Box::new(Effect::EndFamily {
            family_id: facts.grant.family_id,
            beside: None,
            why: EndReason::CodeReplayed,
            also_session: AlsoSession::No,
        });
        return Err(Refusal { error: OAuthError::AuthReqIdReplayed, effect });
    }
    if ctx.now >= facts.expires_at {
        return Err(OAuthError::AuthReqIdExpired.into());
    }
    issue(ctx, client, held, &facts, apis)
}

/// What is pushed to a client once its request is allowed (§10.3). The shell sees to it that nothing is pushed twice that differs.
///
/// # Errors
/// It was not allowed, or what was allowed has ended.
pub fn push(ctx: &mut Context<'_>, client: &Client, facts: &Facts, apis: &dyn Apis) -> Result<Issue, Refusal> {
    let pushed = client.backchannel.backchannel_token_delivery_mode == Some(DeliveryMode::Push);
    if !client.may_use(Grant::Ciba) || !pushed || client.disabled || facts.grant.client_id != client.client_id {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    issue(ctx, client, None, facts, apis)
}

fn issue(
    ctx: &mut Context<'_>,
    client: &Client,
    held: Option<&Confirmation>,
    facts: &Facts,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let grant = &facts.grant;
    let (auth_time, amr, acr) = match (&grant.answer, facts.pace) {
        (Answer::Pending, Pace::TooFast) => return Err(OAuthError::SlowDown.into()),
        (Answer::Pending, Pace::Kept) => return Err(OAuthError::AuthorizationPending.into()),
        (Answer::Denied, _) => return Err(OAuthError::AuthReqIdDenied.into()),
        (Answer::Allowed { auth_time, amr, acr }, _) => (*auth_time, amr, acr),
    };
    let user = facts.user.as_ref().filter(|user| user.id == grant.user_id).ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    if facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded.into());
    }
    let api = target::of_grant(ctx.issuer, client, grant.audience.as_deref(), None, apis)?;
    let from = SignIn {
        family_id: &grant.family_id,
        client,
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
        kind: CodeKind::AuthReqId,
        code_hash: facts.hash,
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
    use crate::scope::Scope;
    use crate::testing::{API, NOW, TestRng, apis, at, authenticated, machine, third_party, user};

    fn id() -> OpaqueToken {
        OpaqueToken::generate(TokenKind::AuthReqId, &mut TestRng::new(5))
    }

    fn client(mode: DeliveryMode) -> Client {
        let mut client = third_party();
        client.grant_types.insert(NAME.to_owned());
        client.backchannel.backchannel_token_delivery_mode = Some(mode);
        client
    }

    fn found() -> Facts {
        Facts {
            hash: id().hash(),
            grant: CibaGrant {
                client_id: third_party().client_id,
                user_id: "usr_ada".to_owned(),
                family_id: "family-1".to_owned(),
                scope: Scope::parse("openid offline_access read:dragons").unwrap(),
                audience: Some(API.to_owned()),
                binding_message: None,
                from: Device { address: "192.0.2.7".to_owned(), user_agent: None },
                mode: DeliveryMode::Poll,
                notification: None,
                answered_at: NOW - 3,
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

    fn run_as(client: &Client, facts: Option<Facts>) -> Result<Issue, Refusal> {
        at(NOW, |ctx| decide(ctx, authenticated(client), None, facts, &apis()))
    }

    fn run(change: impl FnOnce(&mut Facts)) -> Result<Issue, Refusal> {
        let mut facts = found();
        change(&mut facts);
        run_as(&client(DeliveryMode::Poll), Some(facts))
    }

    /// Refused, and nothing is done.
    #[track_caller]
    fn refused(result: Result<Issue, Refusal>, error: OAuthError) {
        assert_eq!(result.expect_err("must be refused"), Refusal { error, effect: Box::new(Effect::None) });
    }

    #[test]
    fn once_allowed_the_client_gets_the_tokens_of_whoever_allowed_it() {
        for mode in [DeliveryMode::Poll, DeliveryMode::Ping] {
            let issue = run_as(&client(mode), Some(found())).unwrap();
            let claims = &issue.access_token.claims;
            assert_eq!((claims.sub.as_str(), claims.sid.as_deref()), ("usr_ada", Some("sid-1")));
            assert!(matches!(issue.refresh_token, RefreshAnswer::New(_)));
            let id_token = issue.id_token.unwrap().claims;
            assert_eq!((id_token.auth_time, id_token.nonce), (NOW - 100, None));
            let Effect::RedeemCode { kind, code_hash, family, .. } = issue.effect else { panic!("{:?}", issue.effect) };
            assert_eq!((kind, code_hash, family.id.as_str()), (CodeKind::AuthReqId, id().hash(), "family-1"));
        }
    }

    #[test]
    fn ciba_section_11_before_that_it_waits_and_slows_down() {
        let pending = |pace| run(|facts| (facts.grant.answer, facts.pace) = (Answer::Pending, pace));
        refused(pending(Pace::Kept), OAuthError::AuthorizationPending);
        refused(pending(Pace::TooFast), OAuthError::SlowDown);
        assert!(run(|facts| facts.pace = Pace::TooFast).is_ok(), "an answer is not kept back");
    }

    #[test]
    fn ciba_section_11_no_is_no_and_late_is_late() {
        refused(run(|facts| facts.grant.answer = Answer::Denied), OAuthError::AuthReqIdDenied);
        let denied = OAuthError::AuthReqIdDenied.wire();
        assert_eq!((denied.code, denied.status), ("access_denied", 400));
        refused(run(|facts| facts.expires_at = NOW), OAuthError::AuthReqIdExpired);
        assert_eq!(OAuthError::AuthReqIdExpired.wire().code, "expired_token");
    }

    #[test]
    fn ciba_section_11_a_client_of_the_push_mode_has_nothing_to_ask() {
        refused(run_as(&client(DeliveryMode::Push), Some(found())), OAuthError::GrantNotAllowed);
        refused(run_as(&third_party(), Some(found())), OAuthError::GrantNotAllowed);
    }

    #[test]
    fn ciba_section_11_another_clients_id_and_an_unknown_one_look_alike_and_change_nothing() {
        let mut other = machine();
        other.grant_types.insert(NAME.to_owned());
        refused(run_as(&other, Some(found())), OAuthError::AuthReqIdOfAnotherClient);
        let used = Facts { redeemed_at: Some(NOW - 1), ..found() };
        refused(run_as(&other, Some(used)), OAuthError::AuthReqIdOfAnotherClient);
        refused(run_as(&client(DeliveryMode::Poll), None), OAuthError::AuthReqIdUnknown);
        let [one, two] = [OAuthError::AuthReqIdOfAnotherClient, OAuthError::AuthReqIdUnknown].map(|error| error.wire());
        assert_eq!((one.code, &one), ("invalid_grant", &two));
        assert!(!awaits_answer(authenticated(&machine()), &found().grant), "a stranger cannot make the client slow");
    }

    #[test]
    fn a_second_use_ends_what_the_first_brought() {
        let refusal = run(|facts| facts.redeemed_at = Some(NOW - 1)).unwrap_err();
        assert_eq!(refusal.error, OAuthError::AuthReqIdReplayed);
        assert!(matches!(&*refusal.effect, Effect::EndFamily { family_id, .. } if family_id == "family-1"));
    }

    #[test]
    fn what_changed_between_the_answer_and_the_request_counts_security_22() {
        refused(run(|facts| facts.user = None), OAuthError::UserGone);
        refused(run(|facts| facts.user.as_mut().unwrap().id = "usr_bob".to_owned()), OAuthError::UserGone);
        refused(run(|facts| facts.user.as_mut().unwrap().status = UserStatus::Blocked), OAuthError::UserBlocked);
        for session in [SessionState::Ended, SessionState::Unknown] {
            refused(run(|facts| facts.session = session), OAuthError::SessionEnded);
        }
        let narrowed = Client { apis: Vec::new(), ..client(DeliveryMode::Poll) };
        refused(run_as(&narrowed, Some(found())), OAuthError::TargetUnknown);
    }

    #[test]
    fn ciba_section_10_3_what_is_pushed_is_the_same_each_time() {
        let push_once = || {
            let facts = Facts { redeemed_at: Some(NOW), ..found() };
            at(NOW, |ctx| push(ctx, &client(DeliveryMode::Push), &facts, &apis())).unwrap()
        };
        assert_eq!(push_once(), push_once());
        for wrong in
            [client(DeliveryMode::Ping), third_party(), Client { disabled: true, ..client(DeliveryMode::Push) }]
        {
            let result = at(NOW, |ctx| push(ctx, &wrong, &found(), &apis()));
            refused(result, OAuthError::GrantNotAllowed);
        }
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_none() {
        let parse = |form: &str| Request::parse(&Params::parse(form.as_bytes()).unwrap());
        assert_eq!(parse(""), Err(OAuthError::ParameterMissing("auth_req_id")));
        let other = OpaqueToken::generate(TokenKind::DeviceCode, &mut TestRng::new(5));
        for text in [other.reveal(), "1c266114-a1be-4252-8ad1-04986c5b9ac1", &id().reveal().to_lowercase()] {
            assert_eq!(parse(&format!("auth_req_id={text}")), Err(OAuthError::AuthReqIdUnknown), "{text}");
        }
    }
}
