use super::*;
use crate::assertion::tests::PARTNER;
use crate::endpoint::userinfo::JtiState;
use crate::endpoint::userinfo::tests::{live, overtaken, token};
use crate::testing::{API, NOW, apis, at, authenticated, machine, spa, user};
use serde_json::json;
use symbolon_jose::jwt::Audience;

const STOCK: &str = "https://stock.example";

/// A third-party service that may exchange the tokens of `spa` for ones for [`STOCK`].
fn service(mode: ExchangeMode) -> Client {
    let mut client = machine();
    client.grant_types.insert(NAME.to_owned());
    let scopes = Scope::parse("read:dragons write:dragons").unwrap();
    client.apis.push(crate::registration::ClientApi { audience: STOCK.to_owned(), scopes: scopes.clone() });
    client.grant_rules.token_exchange = vec![ExchangeRule {
        audience: STOCK.to_owned(),
        scopes,
        subject_clients: ["spa".to_owned()].into(),
        subject_issuers: [PARTNER.to_owned()].into(),
        subject_audience: None,
        mode,
    }];
    client
}

fn all_apis() -> Vec<crate::registration::Api> {
    let mut apis = apis();
    let stock = crate::registration::Api::new(STOCK, "Stock");
    apis.push(stock.with_scope("read:dragons", "See").with_scope("write:dragons", "Feed"));
    apis
}

fn access(claims: AccessTokenClaims, facts: TokenFacts) -> Presented {
    Presented::AccessToken { claims: Box::new(claims), facts: Box::new(facts), family_id: Some("family-1".to_owned()) }
}

fn good() -> AccessTokenClaims {
    AccessTokenClaims { scope: Scope::parse("openid email read:dragons offline_access").unwrap(), ..token() }
}

fn machines_own(client_id: &str) -> Presented {
    let claims = AccessTokenClaims {
        sub: client_id.to_owned(),
        client_id: client_id.to_owned(),
        rh: None,
        sid: None,
        ..token()
    };
    let nobody = TokenFacts { user: None, session: SessionState::Unknown, jti: JtiState::Live, revoked_until: None };
    Presented::AccessToken { claims: Box::new(claims), facts: Box::new(nobody), family_id: None }
}

fn id_token(aud: &str) -> IdTokenClaims {
    let claims = json!({
        "iss": "https://auth.example", "sub": "usr_ada", "aud": aud, "exp": NOW + 300, "iat": NOW - 10, "auth_time": NOW - 20,
        "sid": "sid-1", "acr": "1"
    });
    serde_json::from_value(claims).unwrap()
}

fn assertion() -> Assertion {
    Assertion {
        issuer: PARTNER.to_owned(),
        sub: "ada@example.com".to_owned(),
        scope: Some(Scope::parse("read:dragons").unwrap()),
        exp: NOW + 60,
        act: None,
        may_act: None,
        key: [1; 32],
        remember_until: NOW + 75,
    }
}

const FORM: &str = "subject_token=x&subject_token_type=urn:ietf:params:oauth:token-type:access_token";

fn parse(form: &str) -> Result<Request, OAuthError> {
    Request::parse(&Params::parse(format!("grant_type={NAME}&{form}").as_bytes())?)
}

fn run_as(client: &Client, more: &str, subject: Presented, actor: Option<Presented>) -> Result<Issue, OAuthError> {
    let request = parse(&format!("{FORM}{more}"))?;
    let facts = Facts { subject, actor };
    at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, facts, &all_apis()))
        .map_err(|refusal| refusal.error)
}

fn run(subject: Presented) -> Result<Issue, OAuthError> {
    run_as(&service(ExchangeMode::Delegation), "", subject, None)
}

#[track_caller]
fn invalid(result: Result<Issue, OAuthError>) {
    let error = result.expect_err("must be refused");
    assert_eq!((error.wire().code, error.wire().status), ("invalid_request", 400), "{error}");
}

#[test]
fn a_service_gets_a_token_for_where_it_calls_on_and_is_named_as_actor() {
    let issue = run(access(good(), live())).unwrap();
    let claims = &issue.access_token.claims;
    assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("usr_ada", "machine"));
    assert_eq!((&claims.aud, claims.scope.to_string().as_str()), (&Audience::One(STOCK.to_owned()), "read:dragons"));
    assert_eq!((claims.sid.as_deref(), claims.rh.as_deref()), (Some("sid-1"), Some("handle-1")));
    assert_eq!(claims.act, Some(Actor::new("machine", None)));
    assert_eq!((claims.auth_time, issue.id_token, issue.refresh_token), (Some(NOW), None, RefreshAnswer::Absent));
    let Effect::NoteAccessToken { family_id, access_token } = &issue.effect else { panic!("{:?}", issue.effect) };
    assert_eq!((family_id.as_str(), &access_token.jti), ("family-1", &claims.jti), "it ends with the source");
}

#[test]
fn rfc8693_section_1_1_impersonation_names_nobody_but_keeps_who_acted_before() {
    let impersonating = service(ExchangeMode::Impersonation);
    let issue = run_as(&impersonating, "", access(good(), live()), None).unwrap();
    assert_eq!(issue.access_token.claims.act, None);
    let acted = AccessTokenClaims { act: Some(Actor::new("shop", None)), ..good() };
    let issue = run_as(&impersonating, "", access(acted, live()), None).unwrap();
    assert_eq!(issue.access_token.claims.act, Some(Actor::new("shop", None)));
}

#[test]
fn rfc8693_section_4_1_the_newest_actor_is_outermost() {
    let acted = AccessTokenClaims { act: Some(Actor::new("shop", None)), ..good() };
    let issue = run(access(acted, live())).unwrap();
    let chain = serde_json::to_value(issue.access_token.claims.act).unwrap();
    assert_eq!(chain, json!({"sub": "machine", "act": {"sub": "shop"}}));
    let mut chain = Actor::new("a", None);
    for _ in 1..MAX_ACTORS {
        chain = Actor::new("a", Some(chain));
    }
    invalid(run(access(AccessTokenClaims { act: Some(chain), ..good() }, live())));
}

#[test]
fn rfc8693_section_2_1_an_actor_token_says_who_acts() {
    let more = "&actor_token=y&actor_token_type=urn:ietf:params:oauth:token-type:access_token";
    let acting = |actor, mode| run_as(&service(mode), more, access(good(), live()), Some(actor));
    let bob = || {
        let claims = AccessTokenClaims { sub: "usr_bob".to_owned(), client_id: "machine".to_owned(), ..token() };
        let facts = TokenFacts { user: Some(UserFacts { id: "usr_bob".to_owned(), ..user() }), ..live() };
        access(claims, facts)
    };
    for mode in [ExchangeMode::Delegation, ExchangeMode::Impersonation] {
        let issue = acting(bob(), mode).unwrap();
        assert_eq!(issue.access_token.claims.act, Some(Actor::new("usr_bob", None)));
    }
    let issue = acting(machines_own("machine"), ExchangeMode::Delegation).unwrap();
    assert_eq!(issue.access_token.claims.act, Some(Actor::new("machine", None)));
    let by_id_token = Presented::IdToken(Box::new(id_token("machine")), Box::new(live()));
    assert_eq!(
        acting(by_id_token, ExchangeMode::Delegation).unwrap().access_token.claims.act,
        Some(Actor::new("usr_ada", None))
    );
}

#[test]
fn rfc8693_section_2_2_2_an_actor_token_that_strayed_or_died_acts_for_nobody() {
    let more = "&actor_token=y&actor_token_type=urn:ietf:params:oauth:token-type:access_token";
    let refused =
        |actor| invalid(run_as(&service(ExchangeMode::Delegation), more, access(good(), live()), Some(actor)));
    refused(machines_own("another"));
    refused(access(good(), live()));
    refused(Presented::Refused("the token is not one of this server's"));
    refused(Presented::Assertion(Box::new(assertion()), Some(Box::new(user()))));
    refused(Presented::IdToken(Box::new(id_token("spa")), Box::new(live())));
    let own = || AccessTokenClaims { client_id: "machine".to_owned(), ..token() };
    for facts in overtaken() {
        refused(access(own(), facts));
    }
    refused(access(AccessTokenClaims { act: Some(Actor::new("shop", None)), ..own() }, live()));
}

#[test]
fn rfc8693_section_2_2_2_a_subject_token_overtaken_by_events_is_refused() {
    for facts in overtaken() {
        invalid(run(access(good(), facts)));
    }
    invalid(run(Presented::Refused("the token is not one of this server's")));
    invalid(run(machines_own("spa")));
    let without_family = Presented::AccessToken { claims: Box::new(good()), facts: Box::new(live()), family_id: None };
    invalid(run(without_family));
}

#[test]
fn rfc8693_section_2_2_2_nothing_is_allowed_without_a_rule_for_just_this() {
    let mut none = service(ExchangeMode::Delegation);
    none.grant_rules.token_exchange.clear();
    invalid(run_as(&none, "", access(good(), live()), None));
    for other in ["third", "machine", "SPA"] {
        invalid(run(access(AccessTokenClaims { client_id: other.to_owned(), ..good() }, live())));
    }
    let mut of_own_api = service(ExchangeMode::Delegation);
    of_own_api.grant_rules.token_exchange[0].subject_audience = Some("https://another.example".to_owned());
    invalid(run_as(&of_own_api, "", access(good(), live()), None));
    of_own_api.grant_rules.token_exchange[0].subject_audience = Some(API.to_owned());
    assert!(run_as(&of_own_api, "", access(good(), live()), None).is_ok());
    invalid(run_as(&of_own_api, "", Presented::IdToken(Box::new(id_token("spa")), Box::new(live())), None));
}

#[test]
fn rfc8693_section_5_public_and_unregistered_clients_exchange_nothing() {
    let mut public = spa();
    let allowed = service(ExchangeMode::Delegation);
    (public.grant_types, public.grant_rules) = (allowed.grant_types, allowed.grant_rules);
    for client in [machine(), public] {
        let result = run_as(&client, "", access(good(), live()), None);
        assert_eq!(result.err(), Some(OAuthError::GrantNotAllowed));
    }
}

#[test]
fn scopes_only_ever_shrink() {
    let client = service(ExchangeMode::Delegation);
    let asked = |scope: &str| run_as(&client, &format!("&scope={scope}"), access(good(), live()), None);
    assert_eq!(asked("read:dragons").unwrap().access_token.claims.scope.to_string(), "read:dragons");
    for scope in ["write:dragons", "read:dragons+write:dragons", "openid", "offline_access", "email", "Read:Dragons"] {
        assert_eq!(asked(scope).err(), Some(OAuthError::ScopeNotAllowed), "{scope}");
    }
    let mut narrow = client.clone();
    narrow.grant_rules.token_exchange[0].scopes = Scope::empty();
    assert!(run_as(&narrow, "", access(good(), live()), None).unwrap().access_token.claims.scope.is_empty());
    let mut unregistered = client;
    unregistered.apis.retain(|api| api.audience != STOCK);
    assert_eq!(run_as(&unregistered, "", access(good(), live()), None).err(), Some(OAuthError::TargetUnknown));
}

#[test]
fn rfc8693_section_2_2_2_targets_beyond_the_rules_are_invalid_target() {
    let client = service(ExchangeMode::Delegation);
    let asked = |more: &str| run_as(&client, more, access(good(), live()), None);
    for more in [
        format!("&audience={STOCK}"),
        format!("&resource={STOCK}"),
        format!("&audience={STOCK}&audience={STOCK}&resource={STOCK}&resource={STOCK}"),
    ] {
        assert!(asked(&more).is_ok(), "{more}");
    }
    for more in [format!("&audience={API}"), "&audience=https%3A%2F%2Fauth.example%2Fuserinfo".to_owned()] {
        let error = asked(&more).unwrap_err();
        assert_eq!((error.clone(), error.wire().code), (OAuthError::TargetUnknown, "invalid_target"), "{more}");
    }
    for more in [format!("&audience={STOCK}&audience={API}"), format!("&resource={STOCK}&audience={API}")] {
        assert_eq!(asked(&more).err(), Some(OAuthError::TargetsSeveral), "{more}");
    }
}

#[test]
fn the_new_token_never_outlives_the_presented_one() {
    let ends = |exp: u64| {
        let issue = run(access(AccessTokenClaims { exp, ..good() }, live())).unwrap();
        issue.access_token.claims.exp
    };
    assert_eq!((ends(NOW + 7), ends(NOW + 86_400)), (NOW + 7, NOW + 600));
    let issue = run(Presented::Assertion(Box::new(assertion()), Some(Box::new(user())))).unwrap();
    assert_eq!(issue.access_token.claims.exp, NOW + 60);
}

#[test]
fn an_id_token_is_good_as_long_as_its_session() {
    let shown = |claims: IdTokenClaims, facts| run(Presented::IdToken(Box::new(claims), Box::new(facts)));
    let issue = shown(id_token("spa"), live()).unwrap();
    let claims = &issue.access_token.claims;
    assert_eq!((claims.sid.as_deref(), claims.auth_time, claims.exp), (Some("sid-1"), Some(NOW - 20), NOW + 300));
    // It says nothing of what is allowed: the rule does.
    assert_eq!(claims.scope.to_string(), "read:dragons write:dragons");
    let Effect::CreateFamily { family, .. } = &issue.effect else { panic!("{:?}", issue.effect) };
    assert!(family.session_bound && family.sid.as_deref() == Some("sid-1"));
    for facts in [
        TokenFacts { session: SessionState::Ended, ..live() },
        TokenFacts { session: SessionState::Unknown, ..live() },
        TokenFacts { user: None, ..live() },
        TokenFacts { user: Some(UserFacts { status: UserStatus::Blocked, ..user() }), ..live() },
        TokenFacts { revoked_until: Some(NOW - 10), ..live() },
    ] {
        invalid(shown(id_token("spa"), facts));
    }
    invalid(shown(IdTokenClaims { sid: None, ..id_token("spa") }, live()));
    invalid(shown(IdTokenClaims { sub: "usr_bob".to_owned(), ..id_token("spa") }, live()));
    invalid(shown(id_token("third"), live()));
}

#[test]
fn an_assertion_of_a_trusted_issuer_can_be_exchanged() {
    let shown = |assertion: Assertion, user: Option<UserFacts>| {
        run(Presented::Assertion(Box::new(assertion), user.map(Box::new)))
    };
    let issue = shown(assertion(), Some(user())).unwrap();
    let claims = &issue.access_token.claims;
    assert_eq!((claims.sub.as_str(), &claims.sid, claims.auth_time), ("usr_ada", &None, None));
    assert_eq!(claims.scope.to_string(), "read:dragons");
    assert!(matches!(&issue.effect, Effect::CreateFamily { family, .. } if !family.session_bound));
    invalid(shown(assertion(), None));
    invalid(shown(assertion(), Some(UserFacts { status: UserStatus::Blocked, ..user() })));
    invalid(shown(Assertion { issuer: "https://elsewhere.example".to_owned(), ..assertion() }, Some(user())));
}

#[test]
fn rfc8693_section_4_4_may_act_is_kept_to() {
    let shown = |claim: serde_json::Value, mode| {
        let may_act = Some(serde_json::from_value(claim).unwrap());
        let presented = Presented::Assertion(Box::new(Assertion { may_act, ..assertion() }), Some(Box::new(user())));
        run_as(&service(mode), "", presented, None)
    };
    for mode in [ExchangeMode::Delegation, ExchangeMode::Impersonation] {
        assert!(shown(json!({"sub": "machine"}), mode).is_ok());
        invalid(shown(json!({"sub": "shop"}), mode));
        invalid(shown(json!({"sub": "machine", "iss": PARTNER}), mode));
        invalid(shown(json!({}), mode));
    }
}

#[test]
fn the_new_token_is_bound_to_the_key_that_was_proven_rfc_9449_5() {
    let held = Confirmation::Jkt("k".to_owned());
    let request = parse(FORM).unwrap();
    let client = service(ExchangeMode::Delegation);
    let facts = Facts { subject: access(good(), live()), actor: None };
    let issue = at(NOW, |ctx| decide(ctx, authenticated(&client), Some(&held), &request, facts, &all_apis())).unwrap();
    assert_eq!(issue.response("at".to_owned(), None, None).token_type, "DPoP");
}

#[test]
fn rfc8693_section_2_1_what_is_required_is_missed_and_what_is_unknown_refused() {
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    for (form, error) in [
        ("subject_token=x".to_owned(), OAuthError::ParameterMissing("subject_token_type")),
        (format!("subject_token_type={jwt}"), OAuthError::ParameterMissing("subject_token")),
        ("subject_token=x&subject_token_type=jwt".to_owned(), OAuthError::ParameterInvalid("subject_token_type")),
        (
            "subject_token=x&subject_token_type=urn:ietf:params:oauth:token-type:saml2".to_owned(),
            OAuthError::ParameterInvalid("subject_token_type"),
        ),
        (format!("{FORM}&actor_token=y"), OAuthError::ParameterMissing("actor_token_type")),
        (format!("{FORM}&actor_token_type={jwt}"), OAuthError::ParameterInvalid("actor_token_type")),
        (format!("{FORM}&actor_token=y&actor_token_type=y"), OAuthError::ParameterInvalid("actor_token_type")),
        (
            format!("{FORM}&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token"),
            OAuthError::ParameterInvalid("requested_token_type"),
        ),
        (
            format!("{FORM}&requested_token_type=urn:ietf:params:oauth:token-type:id_token"),
            OAuthError::ParameterInvalid("requested_token_type"),
        ),
        (format!("{FORM}&subject_token=z"), OAuthError::ParameterRepeated("subject_token".to_owned())),
        (format!("{FORM}&scope=a%22"), OAuthError::ScopeMalformed),
    ] {
        assert_eq!(parse(&form).err(), Some(error), "{form}");
    }
    let of_refresh_token = "subject_token=x&subject_token_type=urn:ietf:params:oauth:token-type:refresh_token";
    assert!(parse(of_refresh_token).is_ok(), "a client's own may be exchanged");
    assert_eq!(parse(FORM).unwrap().requested, TokenType::AccessToken);
    assert_eq!(parse(&format!("{FORM}&requested_token_type={jwt}")).unwrap().requested, TokenType::Jwt);
}

#[test]
fn only_an_exchange_may_name_audience_twice() {
    let twice = format!("grant_type={NAME}&audience=a&audience=a");
    assert!(Params::parse(twice.as_bytes()).is_ok());
    for form in ["audience=a&audience=a", "grant_type=client_credentials&audience=a&audience=a"] {
        assert_eq!(Params::parse(form.as_bytes()).err(), Some(OAuthError::ParameterRepeated("audience".to_owned())));
    }
}

#[test]
fn debug_shows_no_token() {
    let request = parse("subject_token=eyJsecret&subject_token_type=urn:ietf:params:oauth:token-type:jwt").unwrap();
    assert!(!format!("{request:?}").contains("eyJsecret"));
}
