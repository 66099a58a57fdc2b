//! `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1, §3): a trusted issuer says who somebody is, and that is enough.
//!
//! Nobody is asked at a page, so nothing is possible but what the client's rules name: which issuer, for which API, with which scopes at
//! most. Brings no refresh token (RFC 7521 §4.1) and no ID token. A user's token belongs to no session; it ends with the user's others.

use zeroize::Zeroizing;

use crate::access_token::{self, UserToken};
use crate::assertion::{Assertion, AssertionFailure};
use crate::authorization_details::AuthorizationDetails;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::effect::{Effect, FamilyGrant, NewFamily};
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::grant::Grant;
use crate::ids::dated_id;
use crate::issue::{AccessTokenPlan, Issue, RefreshAnswer, Refusal, UserFacts, UserStatus};
use crate::params::Params;
use crate::registration::{Apis, Client};
use crate::scope::Scope;
use crate::target;

/// The value of `grant_type`.
pub const NAME: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What it reads.
pub const PARAMETERS: &[&str] = &["assertion", "audience", "resource", "scope"];

/// What is presented. `Debug` shows no assertion.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The assertion.
    pub assertion: Zeroizing<String>,
    /// The API, if one was named.
    pub audience: Option<String>,
    /// The scope, if one was named.
    pub scope: Option<Scope>,
}

impl Request {
    /// Reads the parameters.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            assertion: Zeroizing::new(params.require("assertion")?.to_owned()),
            audience: target::requested(params)?.map(str::to_owned),
            scope: params.get("scope").map(Scope::parse).transpose()?,
        })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { assertion: _, audience, scope } = self;
        f.debug_struct("Request").field("audience", audience).field("scope", scope).finish_non_exhaustive()
    }
}

/// What was found for the assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What it says.
    pub assertion: Assertion,
    /// Whom its `sub` means.
    pub subject: Subject,
}

/// Whom the `sub` of an assertion means.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A client, by its `client_id`.
    Client(String),
    /// A user, if there is one.
    User(Option<Box<UserFacts>>),
}

/// Decides. `facts` is what was found, or what is wrong with the assertion.
///
/// # Errors
/// The client may not use the grant or the assertion, or the assertion does not count ([`OAuthError::AssertionInvalid`]).
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Result<Facts, AssertionFailure>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    if client.is_public() || !client.may_use(Grant::JwtBearer) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let Facts { assertion, subject } = facts.map_err(|failure| OAuthError::AssertionInvalid(failure.0))?;
    let rules = client.grant_rules.jwt_bearer.iter().filter(|rule| rule.issuer == assertion.issuer);
    let rules: Vec<_> = rules.collect();
    if rules.is_empty() {
        return Err(OAuthError::AssertionInvalid("the client may not use assertions of this issuer").into());
    }
    let allowed: Vec<&str> = rules.iter().map(|rule| rule.audience.as_str()).collect();
    let audience = target::among(client, request.audience.as_deref(), &allowed)?;
    let api = target::for_user(client, Some(audience), ctx.issuer, apis)?.ok_or(OAuthError::TargetUnknown)?;
    let most = rules.iter().find(|rule| rule.audience == audience).map(|rule| rule.scopes.clone()).unwrap_or_default();
    let most = target::scope_for_user(client, Some(api), &most);
    let most = match &assertion.scope {
        Some(said) => most.filtered(|name| said.contains(name)),
        None => most,
    };
    let scope = target::asked_of(request.scope.as_ref(), &most)?;
    let details = &AuthorizationDetails::default();
    let user = match &subject {
        Subject::Client(id) if *id != client.client_id.as_str() => {
            return Err(OAuthError::AssertionInvalid(AssertionFailure::NOBODY.0).into());
        }
        Subject::Client(_) => {
            let mut access_token = access_token::for_client(ctx, client, scope, api, details, held);
            access_token.claims.act = assertion.act;
            return Ok(issue(access_token, Effect::None));
        }
        Subject::User(user) => user.as_deref().ok_or(OAuthError::AssertionInvalid(AssertionFailure::NOBODY.0))?,
    };
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    let scope = &scope;
    let (api, auth_time) = (Some(api), ctx.now);
    let token =
        UserToken { client, user, scope, api, details, born_in: None, auth_time, acr: None, amr: &[], cnf: held };
    let mut access_token = access_token::for_user(ctx, &token);
    // When the user authenticated elsewhere, nobody here knows.
    access_token.claims.auth_time = None;
    access_token.claims.act = assertion.act;
    let effect = of_no_session(ctx, client, &access_token);
    Ok(issue(access_token, effect))
}

fn issue(access_token: AccessTokenPlan, effect: Effect) -> Issue {
    Issue { access_token, id_token: None, refresh_token: RefreshAnswer::Absent, effect }
}

/// A family for a user's access token that was born of no sign-in here, so that it can be revoked like others.
pub(crate) fn of_no_session(ctx: &mut Context<'_>, client: &Client, token: &AccessTokenPlan) -> Effect {
    let claims = &token.claims;
    let family = NewFamily {
        id: dated_id(ctx.now, ctx.rng),
        client_id: client.client_id.clone(),
        user_id: claims.user().to_owned(),
        sid: claims.sid.clone(),
        session_bound: claims.sid.is_some(),
        created_at: ctx.now,
        absolute_expires_at: claims.exp,
        grant: FamilyGrant {
            scope: claims.scope.clone(),
            audience: claims.aud.iter().next().map(str::to_owned),
            auth_time: claims.auth_time.unwrap_or(ctx.now),
            amr: Vec::new(),
            acr: claims.acr.clone(),
            claims: None,
            cnf: None,
            extent: Extent::default(),
        },
    };
    Effect::CreateFamily { family, refresh_token: None, access_token: token.issued() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::tests::PARTNER;
    use crate::registration::BearerRule;
    use crate::testing::{API, NOW, apis, at, authenticated, machine, spa, user};
    use symbolon_jose::jwt::Audience;

    fn service() -> Client {
        let mut client = machine();
        client.grant_types.insert(NAME.to_owned());
        client.grant_rules.jwt_bearer = vec![BearerRule {
            issuer: PARTNER.to_owned(),
            audience: API.to_owned(),
            scopes: Scope::parse("read:dragons write:dragons").unwrap(),
        }];
        client
    }

    fn assertion() -> Assertion {
        Assertion {
            issuer: PARTNER.to_owned(),
            sub: "ada@example.com".to_owned(),
            scope: None,
            exp: NOW + 60,
            act: None,
            may_act: None,
            key: [1; 32],
            remember_until: NOW + 75,
        }
    }

    fn of_user() -> Facts {
        Facts { assertion: assertion(), subject: Subject::User(Some(Box::new(user()))) }
    }

    fn run_as(client: &Client, more: &str, facts: Result<Facts, AssertionFailure>) -> Result<Issue, OAuthError> {
        let form = format!("assertion=x.y.z{more}");
        let request = Request::parse(&Params::parse(form.as_bytes())?)?;
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, facts, &apis()))
            .map_err(|refusal| refusal.error)
    }

    fn run(more: &str) -> Result<Issue, OAuthError> {
        run_as(&service(), more, Ok(of_user()))
    }

    #[test]
    fn a_trusted_issuers_word_brings_a_token_of_the_user() {
        let issue = run("").unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("usr_ada", "machine"));
        assert_eq!((&claims.aud, claims.scope.to_string().as_str()), (&Audience::One(API.to_owned()), "read:dragons"));
        assert_eq!((claims.rh.as_deref(), &claims.sid, claims.auth_time), (Some("handle-1"), &None, None));
        assert!(claims.roles.is_empty(), "a third party carries none");
        let Effect::CreateFamily { family, refresh_token, access_token } = &issue.effect else {
            panic!("{:?}", issue.effect)
        };
        assert_eq!((family.user_id.as_str(), &family.sid, family.session_bound), ("usr_ada", &None, false));
        assert_eq!((refresh_token, &access_token.jti), (&None, &claims.jti));
    }

    #[test]
    fn rfc7521_section_4_1_there_is_no_refresh_token_and_no_id_token() {
        let mut client = service();
        client.grant_rules.jwt_bearer[0].scopes = Scope::parse("openid offline_access read:dragons").unwrap();
        let issue = run_as(&client, "", Ok(of_user())).unwrap();
        assert_eq!((issue.id_token, issue.refresh_token), (None, RefreshAnswer::Absent));
        assert!(!issue.access_token.claims.scope.contains("offline_access"));
    }

    #[test]
    fn a_service_account_acts_for_itself_and_no_other_does() {
        let named = |id: &str| Ok(Facts { assertion: assertion(), subject: Subject::Client(id.to_owned()) });
        let issue = run_as(&service(), "", named("machine")).unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!((claims.sub.as_str(), &claims.rh, &issue.effect), ("machine", &None, &Effect::None));
        assert_eq!(
            run_as(&service(), "", named("other")).err(),
            Some(OAuthError::AssertionInvalid(AssertionFailure::NOBODY.0))
        );
    }

    #[test]
    fn rfc7523_section_3_1_all_that_is_wrong_is_invalid_grant() {
        let refused = run_as(&service(), "", Err(AssertionFailure("the assertion has expired"))).unwrap_err();
        assert_eq!((refused.wire().code, refused.wire().status), ("invalid_grant", 400));
        let nobody = Facts { subject: Subject::User(None), ..of_user() };
        assert_eq!(run_as(&service(), "", Ok(nobody)).unwrap_err().wire().code, "invalid_grant");
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        let blocked = Facts { subject: Subject::User(Some(Box::new(blocked))), ..of_user() };
        assert_eq!(run_as(&service(), "", Ok(blocked)).unwrap_err(), OAuthError::UserBlocked);
        let mut of_another = of_user();
        of_another.assertion.issuer = "https://elsewhere.example".to_owned();
        assert_eq!(run_as(&service(), "", Ok(of_another)).unwrap_err().wire().code, "invalid_grant");
    }

    #[test]
    fn nothing_is_possible_without_grant_and_rule_and_nothing_for_public_clients() {
        let mut without = service();
        without.grant_rules.jwt_bearer.clear();
        assert!(matches!(run_as(&without, "", Ok(of_user())), Err(OAuthError::AssertionInvalid(_))));
        let mut public = spa();
        (public.grant_types, public.grant_rules) = (service().grant_types, service().grant_rules);
        for client in [machine(), public] {
            assert_eq!(run_as(&client, "", Ok(of_user())), Err(OAuthError::GrantNotAllowed));
        }
    }

    #[test]
    fn scopes_are_those_of_rule_registration_and_assertion() {
        assert_eq!(run("&scope=read:dragons").unwrap().access_token.claims.scope.to_string(), "read:dragons");
        for scope in ["write:dragons", "read:dragons+write:dragons", "openid", "READ:dragons"] {
            assert_eq!(run(&format!("&scope={scope}")).err(), Some(OAuthError::ScopeNotAllowed), "{scope}");
        }
        let mut narrow = of_user();
        narrow.assertion.scope = Some(Scope::parse("write:dragons").unwrap());
        assert!(run_as(&service(), "", Ok(narrow)).unwrap().access_token.claims.scope.is_empty());
    }

    #[test]
    fn apis_are_those_of_the_rules() {
        assert!(run(&format!("&audience={API}")).is_ok() && run(&format!("&resource={API}")).is_ok());
        for more in ["&audience=https%3A%2F%2Felsewhere.example", "&resource=https%3A%2F%2Fauth.example%2Fuserinfo"] {
            assert_eq!(run(more).err(), Some(OAuthError::TargetUnknown), "{more}");
        }
        assert_eq!(run("&resource=a&resource=b").err(), Some(OAuthError::TargetsSeveral));
        let mut two = service();
        let rule = two.grant_rules.jwt_bearer[0].clone();
        two.grant_rules.jwt_bearer.push(BearerRule { audience: "https://b.example".to_owned(), ..rule });
        assert_eq!(run_as(&two, "", Ok(of_user())).err(), Some(OAuthError::TargetMissing));
        assert_eq!(
            run_as(&two, "&audience=https%3A%2F%2Fb.example", Ok(of_user())).err(),
            Some(OAuthError::TargetUnknown)
        );
    }

    #[test]
    fn the_token_is_bound_to_the_key_that_was_proven() {
        let held = Confirmation::Jkt("k".to_owned());
        let request = Request::parse(&Params::parse(b"assertion=x.y.z").unwrap()).unwrap();
        let issue =
            at(NOW, |ctx| decide(ctx, authenticated(&service()), Some(&held), &request, Ok(of_user()), &apis()));
        assert_eq!(issue.unwrap().access_token.claims.cnf, Some(held));
    }

    #[test]
    fn rfc7523_section_2_1_the_assertion_is_required_and_never_shown() {
        let parse = |form: &str| Request::parse(&Params::parse(form.as_bytes()).unwrap());
        assert_eq!(parse("scope=x").err(), Some(OAuthError::ParameterMissing("assertion")));
        assert!(!format!("{:?}", parse("assertion=eyJsecret").unwrap()).contains("eyJsecret"));
    }
}
