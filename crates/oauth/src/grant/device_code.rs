//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4, §3.5): a device gets the tokens of whoever has answered it elsewhere. What is
//! so of every client that waits for an answer is in [`answered`].

use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::CodeKind;
use crate::endpoint::device_authorization::DeviceGrant;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::grant::answered::{self, Causes, Share};
use crate::issue::{Issue, Refusal};
use crate::params::Params;
use crate::registration::Apis;
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What it reads.
pub const PARAMETERS: &[&str] = &["authorization_details", "device_code", "resource"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The code.
    pub device_code: OpaqueToken,
    /// What is wanted of what was allowed.
    pub share: Share,
}

impl Request {
    /// Reads the parameters. A code that is not even well-formed is [`OAuthError::DeviceCodeUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let device_code = OpaqueToken::parse(TokenKind::DeviceCode, params.require("device_code")?)
            .map_err(|_| OAuthError::DeviceCodeUnknown)?;
        Ok(Self { device_code, share: Share::parse(params)? })
    }
}

/// What to load: the code by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.device_code.hash()
}

/// What was found for the code's hash.
pub type Facts = answered::Facts<DeviceGrant>;

const CAUSES: Causes = Causes {
    kind: CodeKind::DeviceCode,
    unknown: OAuthError::DeviceCodeUnknown,
    of_another_client: OAuthError::DeviceCodeOfAnotherClient,
    replayed: OAuthError::DeviceCodeReplayed,
    expired: OAuthError::DeviceCodeExpired,
    denied: OAuthError::DeviceCodeDenied,
};

/// Decides.
///
/// # Errors
/// Every way a code can be wrong or not yet answered; [`OAuthError::DeviceCodeReplayed`] comes with an effect.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    let facts = answered::owned(ctx, client, facts, &CAUSES)?;
    if !client.may_use(Grant::DeviceCode) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    answered::issue(ctx, (client, held), &facts, &request.share, apis, CAUSES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization_details::AuthorizationDetails;
    use crate::effect::Effect;
    use crate::endpoint::elsewhere::{Answer, Asked, Device};
    use crate::extent::Extent;
    use crate::grant::answered::{Pace, awaits_answer};
    use crate::issue::{RefreshAnswer, SessionState, UserStatus};
    use crate::registration::Client;
    use crate::scope::Scope;
    use crate::testing::{API, NOW, TestRng, apis, at, authenticated, payer, payments, spa, third_party, tv, user};

    fn code() -> OpaqueToken {
        OpaqueToken::generate(TokenKind::DeviceCode, &mut TestRng::new(5))
    }

    fn found() -> Facts {
        Facts {
            hash: code().hash(),
            grant: DeviceGrant {
                asked: Asked {
                    client_id: tv().client_id,
                    family_id: "family-1".to_owned(),
                    scope: Scope::parse("openid offline_access read:dragons").unwrap(),
                    audience: Some(API.to_owned()),
                    extent: Extent::default(),
                    answer: Answer::Allowed { auth_time: NOW - 100, amr: vec!["pwd".to_owned()], acr: None },
                },
                device: Device { address: "192.0.2.7".to_owned(), user_agent: None },
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
        let issue = run(|facts| facts.grant.asked.scope = Scope::parse("openid").unwrap()).unwrap();
        assert_eq!(issue.refresh_token, RefreshAnswer::Absent);
        let Effect::RedeemCode { family, .. } = issue.effect else { panic!("{:?}", issue.effect) };
        assert!(family.session_bound);
    }

    #[test]
    fn rfc9396_section_6_the_device_may_have_less_in_detail_than_was_allowed_and_never_more() {
        let payment = |value: u64| serde_json::json!({ "type": "payment", "creditor": "M", "amount": { "currency": "EUR", "value": value } });
        let (client, apis) = (Client { apis: payer().apis, security: payer().security, ..tv() }, {
            let mut all = apis();
            all.push(payments());
            all
        });
        let text = serde_json::json!([payment(1), payment(2)]).to_string();
        let mut facts = found();
        let asked = &mut facts.grant.asked;
        asked.extent.authorization_details =
            AuthorizationDetails::of_user(Some(&text), &client, &[&payments()]).unwrap();
        asked.extent.resources = vec![API.to_owned(), payments().identifier];
        let run = |share: Share| {
            let request = Request { device_code: code(), share };
            at(NOW, |ctx| decide(ctx, authenticated(&client), None, &request, Some(facts.clone()), &apis))
        };
        let at_pay = |wanted: Option<&serde_json::Value>| Share {
            resource: Some(payments().identifier),
            authorization_details: wanted.map(|wanted| serde_json::json!([wanted]).to_string()),
        };
        let says = |share: Share| run(share).unwrap().access_token.claims;
        assert!(says(Share::default()).authorization_details.is_empty(), "of another API");
        assert_eq!(says(Share::default()).scope.to_string(), "openid offline_access read:dragons");
        let all = says(at_pay(None));
        assert_eq!((all.authorization_details.len(), all.scope.to_string().as_str()), (2, "openid offline_access"));
        assert_eq!(says(at_pay(Some(&payment(2)))).authorization_details.len(), 1);
        let more = run(at_pay(Some(&payment(3)))).unwrap_err();
        assert_eq!(more.error.wire().code, "invalid_authorization_details");
        let Effect::RedeemCode { family, .. } = run(at_pay(Some(&payment(2)))).unwrap().effect else { panic!() };
        assert_eq!(family.grant.extent, facts.grant.asked.extent, "a refresh may have what was allowed");
    }

    #[test]
    fn before_that_it_waits_and_slows_down_rfc_8628_3_5() {
        let pending = |pace| run(|facts| (facts.grant.asked.answer, facts.pace) = (Answer::Pending, pace));
        refused(pending(Pace::Kept), OAuthError::AuthorizationPending);
        refused(pending(Pace::TooFast), OAuthError::SlowDown);
        assert!(run(|facts| facts.pace = Pace::TooFast).is_ok(), "an answer is not kept back");
    }

    #[test]
    fn no_is_no_and_late_is_late_rfc_8628_3_5() {
        refused(run(|facts| facts.grant.asked.answer = Answer::Denied), OAuthError::DeviceCodeDenied);
        assert_eq!(OAuthError::DeviceCodeDenied.wire().status, 400, "RFC 6749 §5.2");
        refused(run(|facts| facts.expires_at = NOW), OAuthError::DeviceCodeExpired);
        let pending_and_late = run(|facts| (facts.grant.asked.answer, facts.expires_at) = (Answer::Pending, NOW));
        refused(pending_and_late, OAuthError::DeviceCodeExpired);
    }

    #[test]
    fn another_clients_code_and_an_unknown_one_look_alike_and_change_nothing() {
        refused(run_as(&third_party(), "", Some(found())), OAuthError::DeviceCodeOfAnotherClient);
        let used = Facts { redeemed_at: Some(NOW - 1), ..found() };
        refused(run_as(&spa(), "", Some(used)), OAuthError::DeviceCodeOfAnotherClient);
        refused(run_as(&tv(), "", None), OAuthError::DeviceCodeUnknown);
        let pending = Asked { answer: Answer::Pending, ..found().grant.asked };
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
