//! What a client asks of a person who is elsewhere: at another device (RFC 8628 §3.3), or wherever they are signed in (CIBA Core 1.0). One
//! rule for both of what can be asked for, which is what can be asked for at the authorization endpoint, and of what an answer means.
//!
//! Whoever started the request is not whom the answer gives power over: so the page always asks, also for first-party clients and for
//! what was allowed before, and shows where the request came from (RFC 8628 §5.4; RFC 10027 on cross-device flows).

use serde::{Deserialize, Serialize};

use crate::authorization_details::{self, AuthorizationDetails, Shown};
use crate::authorize::SessionFacts;
use crate::context::Context;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::grant::Grant;
use crate::ids::{ClientId, Issuer, dated_id};
use crate::params::Params;
use crate::registration::{Api, Apis, Client};
use crate::scope::Scope;
use crate::target;

/// What a client asks for. `Debug` shows nothing of what it asks for in detail.
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Unknown names are dropped later.
    pub scope: Scope,
    /// The APIs that were named, each once (RFC 8707 §2).
    pub targets: Vec<String>,
    /// What exactly, unread (RFC 9396 §5).
    pub authorization_details: Option<String>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scope, targets, authorization_details: _ } = self;
        f.debug_struct("Wanted").field("scope", scope).field("targets", targets).finish_non_exhaustive()
    }
}

impl Wanted {
    /// Reads the parameters.
    ///
    /// # Errors
    /// What is malformed.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            scope: Scope::parse(params.get("scope").unwrap_or_default())?,
            targets: target::all_requested(params)?.into_iter().map(str::to_owned).collect(),
            authorization_details: params.get(authorization_details::NAME).map(str::to_owned),
        })
    }
}

/// What a person is asked, kept until they have answered, and with the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Whose request it is.
    pub client_id: ClientId,
    /// The family that will be born of it.
    pub family_id: String,
    /// What is asked for, and once it is allowed, what the page showed.
    pub scope: Scope,
    /// The API, if one is asked for: the first, if several are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// More APIs, and what is asked for in detail.
    #[serde(flatten)]
    pub extent: Extent,
    /// What its user said.
    pub answer: Answer,
}

/// Where a request came from, as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its address.
    pub address: String,
    /// Its `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What became of the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, in this session.
    Allowed {
        /// When the user really authenticated.
        auth_time: u64,
        /// By what means.
        amr: Vec<String>,
        /// How strongly.
        acr: Option<String>,
    },
    /// No.
    Denied,
    /// None yet.
    Pending,
    /// Yes, by somebody whose sign-in is of no level that was asked for.
    Unmet,
}

/// What a page asks: always all of it, whatever was allowed before.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The APIs that are asked for.
    pub apis: Vec<&'a Api>,
    /// What can be had of the scope.
    pub scope: Scope,
    /// What is asked for in detail, in words.
    pub details: Vec<Shown>,
}

impl Asked {
    /// A question that nobody has answered.
    pub(super) fn begin(
        ctx: &mut Context<'_>,
        client: &Client,
        wanted: &Wanted,
        apis: &dyn Apis,
    ) -> Result<Self, OAuthError> {
        let named: Vec<&str> = wanted.targets.iter().map(String::as_str).collect();
        let text = wanted.authorization_details.as_deref();
        let types = text.map_or(Ok(Vec::new()), authorization_details::types)?;
        let apis = target::all_for_user(client, &named, &types, ctx.issuer, apis)?;
        let details = AuthorizationDetails::of_user(text, client, &apis)?;
        let identifiers = || apis.iter().map(|api| api.identifier.clone());
        Ok(Self {
            client_id: client.client_id.clone(),
            family_id: dated_id(ctx.now, ctx.rng),
            scope: target::scope_for_all(client, &apis, &wanted.scope),
            audience: identifiers().next(),
            extent: Extent {
                resources: if apis.len() > 1 { identifiers().collect() } else { Vec::new() },
                authorization_details: details,
            },
            answer: Answer::Pending,
        })
    }

    /// What a person can be asked now: what is registered may have changed since the client asked.
    ///
    /// # Errors
    /// The client or an API is switched off, or may not do this any more; or something cannot be put into words any more.
    pub fn question<'a>(
        &self,
        grant: Grant,
        issuer: &Issuer,
        client: Option<&'a Client>,
        apis: &'a dyn Apis,
    ) -> Result<Question<'a>, OAuthError> {
        let client = client.ok_or(OAuthError::ClientUnknown)?;
        if client.disabled {
            return Err(OAuthError::ClientDisabled);
        }
        if !client.may_use(grant) {
            return Err(OAuthError::GrantNotAllowed);
        }
        let first = self.audience.as_deref().into_iter();
        let more =
            self.extent.resources.iter().map(String::as_str).filter(|more| Some(*more) != self.audience.as_deref());
        let mut asked_for = Vec::new();
        for one in first.chain(more) {
            asked_for.extend(target::of_grant(issuer, client, Some(one), None, apis)?);
        }
        if asked_for.is_empty() {
            target::of_grant(issuer, client, None, None, apis)?;
        }
        let scope = target::scope_for_all(client, &asked_for, &self.scope);
        let details = self.extent.authorization_details.in_words(client, &asked_for)?;
        Ok(Question { client, apis: asked_for, scope, details })
    }

    /// Whether nobody has answered.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.answer == Answer::Pending
    }

    /// Allowed by whoever is signed in, with the scope that the page showed.
    pub(super) fn allow(&mut self, shown: &Scope, session: &SessionFacts) {
        let SessionFacts { auth_time, amr, acr, .. } = session.clone();
        self.scope = shown.clone();
        self.answer = Answer::Allowed { auth_time, amr, acr };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{API, NOW, apis, at, issuer, payer, payments, third_party, tv};

    const PAY: &str = "https://pay.example";
    const PAYMENT: &str = "authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22creditor%22%3A%22M%22%2C%22amount%22%3A\
        %7B%22currency%22%3A%22EUR%22%2C%22value%22%3A1%7D%7D%5D";

    fn both() -> Vec<Api> {
        let mut all = apis();
        all.push(payments());
        all
    }

    /// A device's client that may ask for payments.
    fn paying_tv() -> Client {
        let Client { apis, security, .. } = payer();
        Client { apis, security, ..tv() }
    }

    fn begin(client: &Client, form: &str) -> Result<Asked, OAuthError> {
        let wanted = Wanted::parse(&Params::parse(form.as_bytes())?)?;
        at(NOW, |ctx| Asked::begin(ctx, client, &wanted, &both()))
    }

    fn question(asked: &Asked, client: &Client, apis: &Vec<Api>) -> Result<(String, usize, usize), OAuthError> {
        let question = asked.question(Grant::DeviceCode, &issuer(), Some(client), apis)?;
        Ok((question.scope.to_string(), question.apis.len(), question.details.len()))
    }

    #[test]
    fn rfc8707_section_2_several_apis_are_asked_for_together() {
        let asked = begin(&paying_tv(), &format!("scope=openid+read%3Adragons&resource={API}&resource={PAY}")).unwrap();
        assert_eq!(
            (asked.audience.as_deref(), &asked.extent.resources[..]),
            (Some(API), &[API.to_owned(), PAY.to_owned()][..])
        );
        assert_eq!(question(&asked, &paying_tv(), &both()), Ok(("openid read:dragons".to_owned(), 2, 0)));
        let one = begin(&paying_tv(), &format!("scope=openid&resource={API}&resource={API}")).unwrap();
        assert!(one.extent.resources.is_empty());
        let elsewhere = begin(&paying_tv(), &format!("resource={API}&resource=https%3A%2F%2Felsewhere.example"));
        assert_eq!(elsewhere.unwrap_err(), OAuthError::TargetUnknown);
    }

    #[test]
    fn rfc9396_section_5_details_are_checked_and_find_their_api() {
        let asked = begin(&paying_tv(), PAYMENT).unwrap();
        assert_eq!(asked.audience.as_deref(), Some(PAY));
        assert_eq!(question(&asked, &paying_tv(), &both()), Ok((String::new(), 1, 1)));
        let stored = serde_json::to_value(&asked).unwrap();
        assert_eq!(serde_json::from_value::<Asked>(stored).unwrap(), asked);
        for (client, form) in [
            (tv(), PAYMENT.to_owned()),
            (paying_tv(), "authorization_details=%5B%7B%7D%5D".to_owned()),
            (paying_tv(), "authorization_details=%5B%7B%22type%22%3A%22payment%22%7D%5D".to_owned()),
            (paying_tv(), format!("{PAYMENT}&resource={API}")),
        ] {
            assert_eq!(begin(&client, &form).unwrap_err().wire().code, "invalid_authorization_details", "{form}");
        }
    }

    #[test]
    fn what_is_asked_is_judged_again_when_the_page_is_shown() {
        let asked =
            begin(&paying_tv(), &format!("scope=openid+read%3Adragons&resource={API}&resource={PAY}&{PAYMENT}"));
        let asked = asked.unwrap();
        let again = |client: &Client, apis: &Vec<Api>| question(&asked, client, apis);
        assert_eq!(again(&paying_tv(), &both()), Ok(("openid read:dragons".to_owned(), 2, 1)));
        let gone = asked.question(Grant::DeviceCode, &issuer(), None, &apis()).map(|_| ());
        assert_eq!(gone, Err(OAuthError::ClientUnknown));
        assert_eq!(again(&Client { disabled: true, ..paying_tv() }, &both()), Err(OAuthError::ClientDisabled));
        let no_more = Client { grant_types: third_party().grant_types, ..paying_tv() };
        assert_eq!(again(&no_more, &both()), Err(OAuthError::GrantNotAllowed));
        for off in 0..2 {
            let mut one_off = both();
            one_off[off].disabled = true;
            assert_eq!(again(&paying_tv(), &one_off), Err(OAuthError::TargetUnknown));
        }
        let mut less = both();
        less[0].scopes.clear();
        assert_eq!(again(&paying_tv(), &less), Ok(("openid".to_owned(), 2, 1)));
        less[1].authorization_details_types.clear();
        let mut not_allowed = paying_tv();
        not_allowed.security.authorization_details_types.clear();
        for refused in [again(&paying_tv(), &less), again(&not_allowed, &both())] {
            assert_eq!(refused.unwrap_err().wire().code, "invalid_authorization_details");
        }
    }
}
