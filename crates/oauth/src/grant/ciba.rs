//! `urn:openid:params:grant-type:ciba` (CIBA Core 1.0 §10.1, §11): the client gets the answer of somebody it has asked for. What is so of every
//! client that waits for an answer is in [`answered`]; clients of the push mode have nothing to ask for here.

use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::CodeKind;
use crate::endpoint::backchannel_authentication::CibaGrant;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::grant::answered::{self, Causes, Share};
use crate::issue::{Issue, Refusal};
use crate::params::Params;
use crate::registration::{Apis, Client, DeliveryMode};
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "urn:openid:params:grant-type:ciba";
/// What it reads.
pub const PARAMETERS: &[&str] = &["auth_req_id", "authorization_details", "resource"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The request's id.
    pub auth_req_id: OpaqueToken,
    /// What is wanted of what was allowed.
    pub share: Share,
}

impl Request {
    /// Reads the parameters. An id that is not even well-formed is [`OAuthError::AuthReqIdUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let auth_req_id = OpaqueToken::parse(TokenKind::AuthReqId, params.require("auth_req_id")?)
            .map_err(|_| OAuthError::AuthReqIdUnknown)?;
        Ok(Self { auth_req_id, share: Share::parse(params)? })
    }
}

/// What to load: the request by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.auth_req_id.hash()
}

/// What was found for the hash.
pub type Facts = answered::Facts<CibaGrant>;

const CAUSES: Causes = Causes {
    kind: CodeKind::AuthReqId,
    unknown: OAuthError::AuthReqIdUnknown,
    of_another_client: OAuthError::AuthReqIdOfAnotherClient,
    replayed: OAuthError::AuthReqIdReplayed,
    expired: OAuthError::AuthReqIdExpired,
    denied: OAuthError::AuthReqIdDenied,
};

/// Decides.
///
/// # Errors
/// Every way a request can be wrong or not yet answered; [`OAuthError::AuthReqIdReplayed`] comes with an effect.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    // §11: "If the Client is registered to use the Push Mode then … unauthorized_client".
    if !client.may_use(Grant::Ciba) || is_pushed(client) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let facts = answered::owned(ctx, client, facts, &CAUSES)?;
    issue(ctx, (client, held), &facts, &request.share, apis)
}

/// What is pushed to a client once its request is allowed (§10.3). The shell sees to it that nothing is pushed twice that differs.
///
/// # Errors
/// It was not allowed, or what was allowed has ended.
pub fn push(ctx: &mut Context<'_>, client: &Client, facts: &Facts, apis: &dyn Apis) -> Result<Issue, Refusal> {
    let is_own = facts.grant.asked.client_id == client.client_id;
    if !client.may_use(Grant::Ciba) || !is_pushed(client) || client.disabled || !is_own {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    issue(ctx, (client, None), facts, &Share::default(), apis)
}

fn is_pushed(client: &Client) -> bool {
    client.backchannel.backchannel_token_delivery_mode == Some(DeliveryMode::Push)
}

/// Tokens of the person who was asked for, and of nobody else.
fn issue(
    ctx: &mut Context<'_>,
    of: (&Client, Option<&Confirmation>),
    facts: &Facts,
    share: &Share,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let issue = answered::issue(ctx, of, facts, share, apis, CAUSES)?;
    let is_theirs = facts.user.as_ref().is_some_and(|user| user.id == facts.grant.user_id);
    if is_theirs { Ok(issue) } else { Err(OAuthError::UserGone.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Effect;
    use crate::endpoint::elsewhere::{Answer, Asked, Device};
    use crate::extent::Extent;
    use crate::grant::answered::{Pace, awaits_answer};
    use crate::issue::{RefreshAnswer, SessionState, UserStatus};
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
                asked: Asked {
                    client_id: third_party().client_id,
                    family_id: "family-1".to_owned(),
                    scope: Scope::parse("openid offline_access read:dragons").unwrap(),
                    audience: Some(API.to_owned()),
                    extent: Extent::default(),
                    answer: Answer::Allowed { auth_time: NOW - 100, amr: vec!["pwd".to_owned()], acr: None },
                },
                user_id: "usr_ada".to_owned(),
                binding_message: None,
                from: Device { address: "192.0.2.7".to_owned(), user_agent: None },
                mode: DeliveryMode::Poll,
                notification: None,
                answered_at: NOW - 3,
                acr_values: Vec::new(),
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
        let request = Request { auth_req_id: id(), share: Share::default() };
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, facts, &apis()))
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
        let pending = |pace| run(|facts| (facts.grant.asked.answer, facts.pace) = (Answer::Pending, pace));
        refused(pending(Pace::Kept), OAuthError::AuthorizationPending);
        refused(pending(Pace::TooFast), OAuthError::SlowDown);
        assert!(run(|facts| facts.pace = Pace::TooFast).is_ok(), "an answer is not kept back");
    }

    #[test]
    fn ciba_section_11_no_is_no_and_late_is_late() {
        refused(run(|facts| facts.grant.asked.answer = Answer::Denied), OAuthError::AuthReqIdDenied);
        let unmet = run(|facts| facts.grant.asked.answer = Answer::Unmet);
        refused(unmet, OAuthError::UnmetAuthenticationRequirements);
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
        assert!(
            !awaits_answer(authenticated(&machine()), &found().grant.asked),
            "a stranger cannot make the client slow"
        );
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
