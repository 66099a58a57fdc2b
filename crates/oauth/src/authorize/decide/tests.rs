//! What comes next, by request and facts.

use super::*;
use crate::acr::Levels;
use crate::authorize::{Effective, validate};
use crate::params::Params;
use crate::registration::Client;
use crate::sign_up::{SignUp, SignUpRule};
use crate::testing::{API, CHALLENGE, NOW, SPA_URI, apis, at, issuer, spa};

fn session(secs_ago: u64) -> SessionFacts {
    SessionFacts {
        user_id: "usr_ada".to_owned(),
        sid: "sid-1".to_owned(),
        auth_time: NOW - secs_ago,
        amr: vec!["pwd".to_owned()],
        acr: None,
    }
}

fn signed_in(secs_ago: u64) -> Facts {
    Facts { session: Some(session(secs_ago)), ..Facts::default() }
}

/// The interaction began so long ago.
fn since(secs_ago: u64) -> InteractionFacts {
    InteractionFacts { sign_in_since: Some(NOW - secs_ago), ..InteractionFacts::default() }
}

fn run_as(client: &Client, more: &str, facts: &Facts) -> Decision {
    let redirect_uri: String = url::form_urlencoded::byte_serialize(client.redirect_uris[0].as_bytes()).collect();
    let query = format!(
        "client_id={}&redirect_uri={redirect_uri}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&{more}",
        client.client_id
    );
    let (apis, issuer) = (apis(), issuer());
    let asked = Effective::plain(Params::parse_for_authorize(query.as_bytes()).unwrap());
    let request = validate(&asked, Some(client), &apis, &issuer).unwrap();
    at(NOW, |ctx| decide(ctx, &request, facts))
}

fn run(more: &str, facts: &Facts) -> Decision {
    run_as(&spa(), more, facts)
}

#[track_caller]
fn asks_to_sign_in(decision: &Decision, expected: SignInWhy) {
    assert!(matches!(decision, Decision::SignIn(prompt) if prompt.why == expected), "{decision:?}");
}

#[track_caller]
fn refuses(decision: &Decision, expected: &OAuthError) {
    assert!(matches!(decision, Decision::Error(redirect) if redirect.error == *expected), "{decision:?}");
}

#[track_caller]
fn issues(decision: Decision) -> Granted {
    match decision {
        Decision::Issue(granted) => *granted,
        other => panic!("must issue: {other:?}"),
    }
}

#[test]
fn a_session_of_a_first_party_client_brings_a_code() {
    let issue = issues(run(
        "scope=openid+read%3Adragons&nonce=n&state=s&audience=http%3A%2F%2Flocalhost%3A4402",
        &signed_in(50),
    ));
    assert_eq!((&issue.record_consent, &issue.access_token, &issue.id_token), (&None, &None, &None));
    let code = issue.code.unwrap();
    assert_eq!(code.expires_at, NOW + 60);
    let grant = &code.grant;
    assert_eq!((grant.auth_time, grant.nonce.as_deref(), grant.audience.as_deref()), (NOW - 50, Some("n"), Some(API)));
    assert_eq!(
        (grant.redirect_uri.as_str(), grant.sid.as_str(), grant.user_id.as_str()),
        (SPA_URI, "sid-1", "usr_ada")
    );
    assert_eq!(grant.code_challenge.as_ref().map(CodeChallenge::as_str), Some(CHALLENGE));
    let stored = serde_json::to_string(grant).unwrap();
    assert!(!stored.contains(code.code.reveal()));
    assert_eq!(serde_json::from_str::<CodeGrant>(&stored).unwrap(), *grant);
}

#[test]
fn claims_are_kept_with_the_code_core_5_5() {
    let claims = "claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%2C%22x%22%3Anull%7D%7D";
    let issue = issues(run(claims, &signed_in(50)));
    let kept = issue.code.unwrap().grant.claims.unwrap();
    assert!(kept.id_token.contains("email") && kept.id_token.len() == 1 && kept.userinfo.is_empty());
    assert_eq!(issues(run("claims=%7B%22id_token%22%3A%7B%7D%7D", &signed_in(50))).code.unwrap().grant.claims, None);
}

#[test]
fn a_sub_asked_for_is_the_only_one_core_5_5_1() {
    let of = |sub: &str| format!("claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22{sub}%22%7D%7D%7D");
    issues(run(&of("usr_ada"), &signed_in(50)));
    asks_to_sign_in(&run(&of("usr_bob"), &signed_in(50)), SignInWhy::OtherUser);
    let just_now = Facts { session: Some(session(0)), interaction: Some(since(10)), ..Facts::default() };
    refuses(&run(&of("usr_bob"), &just_now), &OAuthError::LoginRequired);
    refuses(&run(&format!("prompt=none&{}", of("usr_bob")), &signed_in(50)), &OAuthError::LoginRequired);
}

#[test]
fn an_essential_acr_that_is_not_met_is_a_failed_authentication_core_5_5_1_1() {
    let claims = "claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22values%22%3A%5B%22strong%22%5D%7D%7D%7D";
    refuses(&run(claims, &signed_in(50)), &OAuthError::UnmetAuthenticationRequirements);
    refuses(&run(claims, &Facts::default()), &OAuthError::UnmetAuthenticationRequirements);
    let pwd = claims.replace("strong", "urn%3Asymbolon%3Aacr%3Apwd");
    issues(run(&pwd, &signed_in(50)));
}

const PWD: &str = "urn:symbolon:acr:pwd";

#[test]
fn rfc9470_section_5_a_level_that_can_be_had_is_worth_another_sign_in() {
    let weak = |auth_time_ago| {
        let by_other_means = SessionFacts { amr: vec!["user".to_owned()], ..session(auth_time_ago) };
        Facts { session: Some(by_other_means), ..Facts::default() }
    };
    let wish = format!("acr_values=urn:other+{PWD}");
    let essential = format!(
        "claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22{PWD}%22%7D%7D%7D"
    );
    for asked in [&wish, &essential] {
        asks_to_sign_in(&run(asked, &weak(50)), SignInWhy::Acr);
        issues(run(asked, &signed_in(50)));
    }
    // Signed in again, and still not of the level.
    let interaction = Some(InteractionFacts { sign_in_since: Some(NOW - 60), ..InteractionFacts::default() });
    let again = Facts { interaction, ..weak(50) };
    issues(run(&wish, &again));
    refuses(&run(&essential, &again), &OAuthError::UnmetAuthenticationRequirements);
    // Without a page: a wish is let go, what is essential is not.
    issues(run(&format!("prompt=none&{wish}"), &weak(50)));
    refuses(&run(&format!("prompt=none&{essential}"), &weak(50)), &OAuthError::LoginRequired);
}

/// Decides under these levels: `recent` is a password within ten seconds, `known` one at any time.
fn under_levels(client: &Client, more: &str, facts: &Facts) -> Decision {
    let levels = Levels::parse(["recent=pwd@10s", "known=pwd"], |_| Ok(10)).unwrap();
    let query = format!(
        "client_id=spa&redirect_uri={SPA_URI}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&{more}"
    );
    let (apis, issuer) = (apis(), issuer());
    let asked = Effective::plain(Params::parse_for_authorize(query.as_bytes()).unwrap());
    let request = validate(&asked, Some(client), &apis, &issuer).unwrap();
    at(NOW, |ctx| decide(&mut Context { levels: &levels, ..ctx.reborrow() }, &request, facts))
}

#[test]
fn core_section_3_1_2_1_the_acr_told_is_the_first_wanted_that_the_sign_in_is_of() {
    let acr = |client: &Client, more: &str, secs_ago| {
        let session = SessionFacts { acr: Some("strongest".to_owned()), ..session(secs_ago) };
        let facts = Facts { session: Some(session), ..Facts::default() };
        issues(under_levels(client, more, &facts)).code.unwrap().grant.acr.unwrap()
    };
    assert_eq!(acr(&spa(), "acr_values=known+recent", 5), "known");
    assert_eq!(acr(&spa(), "acr_values=recent+known", 5), "recent");
    assert_eq!(acr(&spa(), "acr_values=other", 5), "strongest");
    assert_eq!(acr(&spa(), "", 5), "strongest");
    let mut client = spa();
    client.metadata.default_acr_values = vec!["known".to_owned()];
    assert_eq!(acr(&client, "", 5), "known", "OpenID Connect Registration §2");
    assert_eq!(acr(&client, "acr_values=recent", 5), "recent");
}

#[test]
fn a_level_that_has_passed_takes_another_sign_in() {
    let mut client = spa();
    client.metadata.default_acr_values = vec!["recent".to_owned()];
    asks_to_sign_in(&under_levels(&client, "", &signed_in(11)), SignInWhy::Acr);
    asks_to_sign_in(&under_levels(&spa(), "acr_values=recent", &signed_in(11)), SignInWhy::Acr);
    issues(under_levels(&spa(), "acr_values=known+recent", &signed_in(11)));
    // Signed in for this request, and then a page was left open.
    let facts = Facts { interaction: Some(since(70)), ..signed_in(60) };
    assert_eq!(issues(under_levels(&client, "", &facts)).code.unwrap().grant.acr.as_deref(), Some("recent"));
}

#[test]
fn a_level_that_nobody_knows_is_a_wish_and_no_more_core_3_1_2_1() {
    issues(run("acr_values=urn:mace:incommon:iap:silver+2", &signed_in(50)));
}

fn under_sign_up(sign_up: SignUp, client: &Client, more: &str, facts: &Facts) -> Decision {
    let (apis, issuer) = (apis(), issuer());
    let query = format!(
        "client_id=spa&redirect_uri={SPA_URI}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&{more}"
    );
    let asked = Effective::plain(Params::parse_for_authorize(query.as_bytes()).unwrap());
    let request = validate(&asked, Some(client), &apis, &issuer).unwrap();
    at(NOW, |ctx| decide(&mut Context { sign_up, ..ctx.reborrow() }, &request, facts))
}

#[test]
fn prompt_create_section_4_1_leads_to_the_sign_up_page_whoever_is_signed_in() {
    let asked = |more: &str, facts: &Facts| under_sign_up(SignUp::Open, &spa(), more, facts);
    asks_to_sign_in(&asked("prompt=create", &Facts::default()), SignInWhy::PromptCreate);
    asks_to_sign_in(&asked("prompt=create", &signed_in(5)), SignInWhy::PromptCreate);
    asks_to_sign_in(&asked("prompt=create+login+select_account", &signed_in(5)), SignInWhy::PromptCreate);
    let before = Facts { interaction: Some(since(4)), ..signed_in(5) };
    asks_to_sign_in(&asked("prompt=create", &before), SignInWhy::PromptCreate);
    let here = Facts { interaction: Some(since(9)), ..signed_in(5) };
    issues(asked("prompt=create", &here));
    issues(asked("prompt=create+login&max_age=1", &here));
}

#[test]
fn prompt_create_section_4_1_where_nobody_can_sign_up_it_is_invalid_request() {
    let denied = Client { sign_up: Some(SignUpRule::Denied), ..spa() };
    let allowed = Client { sign_up: Some(SignUpRule::Allowed), ..spa() };
    for (setting, client) in [
        (SignUp::Off, &spa()),
        (SignUp::Off, &allowed),
        (SignUp::Invitation, &allowed),
        (SignUp::Clients, &spa()),
        (SignUp::Open, &denied),
    ] {
        let answer = under_sign_up(setting, client, "prompt=create", &signed_in(5));
        refuses(&answer, &OAuthError::SignUpClosed);
        issues(under_sign_up(setting, client, "prompt=none", &signed_in(5)));
    }
    assert_eq!(OAuthError::SignUpClosed.wire().code, "invalid_request");
    let answer = under_sign_up(SignUp::Clients, &allowed, "prompt=create", &signed_in(5));
    asks_to_sign_in(&answer, SignInWhy::PromptCreate);
}

#[test]
fn core_section_3_1_2_1_select_account_is_met_by_choosing_and_by_signing_in() {
    asks_to_sign_in(&run("prompt=select_account", &signed_in(5)), SignInWhy::SelectAccount);
    let chosen = |sid: &str| Facts {
        interaction: Some(InteractionFacts { chosen: Some(sid.to_owned()), ..InteractionFacts::default() }),
        ..signed_in(5)
    };
    issues(run("prompt=select_account", &chosen("sid-1")));
    asks_to_sign_in(&run("prompt=select_account", &chosen("sid-2")), SignInWhy::SelectAccount);
    // A choice is no authentication.
    asks_to_sign_in(&run("prompt=select_account+login", &chosen("sid-1")), SignInWhy::PromptLogin);
    asks_to_sign_in(&run("prompt=select_account&max_age=1", &chosen("sid-1")), SignInWhy::MaxAge);
    asks_to_sign_in(&run("prompt=select_account", &Facts::default()), SignInWhy::NoSession);
}

#[test]
fn hints_and_subs_are_those_the_client_knows_core_8_1() {
    let client = crate::testing::pairwise(spa());
    let sub = crate::testing::names().subject(&client, "usr_ada");
    let hinted = |sub: &str| Facts { id_token_hint: IdTokenHint::Subject(sub.to_owned()), ..signed_in(5) };
    issues(run_as(&client, "prompt=none", &hinted(&sub)));
    refuses(&run_as(&client, "prompt=none", &hinted("usr_ada")), &OAuthError::LoginRequired);
}

#[test]
fn without_a_session_the_person_signs_in_first() {
    let decision = run("login_hint=ada", &Facts::default());
    assert!(matches!(&decision, Decision::SignIn(prompt) if prompt.login_hint.as_deref() == Some("ada")));
    asks_to_sign_in(&decision, SignInWhy::NoSession);
}

#[test]
fn prompt_none_never_leads_to_a_page() {
    refuses(&run("prompt=none", &Facts::default()), &OAuthError::LoginRequired);
    refuses(&run("prompt=none&max_age=10", &signed_in(11)), &OAuthError::LoginRequired);
    refuses(&run("prompt=none&max_age=0", &signed_in(0)), &OAuthError::LoginRequired);
    let other = Facts { id_token_hint: IdTokenHint::Subject("usr_bob".to_owned()), ..signed_in(5) };
    refuses(&run("prompt=none", &other), &OAuthError::LoginRequired);
    issues(run("prompt=none", &signed_in(5)));
}

#[test]
fn prompt_login_is_met_only_by_an_authentication_within_this_interaction() {
    asks_to_sign_in(&run("prompt=login", &signed_in(5)), SignInWhy::PromptLogin);
    asks_to_sign_in(
        &run("prompt=login", &Facts { interaction: Some(since(4)), ..signed_in(5) }),
        SignInWhy::PromptLogin,
    );
    issues(run("prompt=login", &Facts { interaction: Some(since(5)), ..signed_in(5) }));
    issues(run("prompt=login", &Facts { interaction: Some(since(60)), ..signed_in(5) }));
}

#[test]
fn prompt_select_account_asks_until_somebody_signed_in_here() {
    asks_to_sign_in(&run("prompt=select_account", &signed_in(5)), SignInWhy::SelectAccount);
    issues(run("prompt=select_account", &Facts { interaction: Some(since(9)), ..signed_in(5) }));
}

#[test]
fn max_age_really_asks_again() {
    issues(run("max_age=10", &signed_in(10)));
    asks_to_sign_in(&run("max_age=10", &signed_in(11)), SignInWhy::MaxAge);
    asks_to_sign_in(&run("max_age=0", &signed_in(0)), SignInWhy::MaxAge);
    issues(run("max_age=0", &Facts { interaction: Some(since(3)), ..signed_in(1) }));
    let from_the_future = SessionFacts { auth_time: NOW + 5, ..session(0) };
    asks_to_sign_in(
        &run("max_age=10", &Facts { session: Some(from_the_future), ..Facts::default() }),
        SignInWhy::MaxAge,
    );
}

#[test]
fn a_consent_page_left_open_does_not_stop_max_age() {
    let answered = |sign_in_since| {
        let scope = Scope::parse("openid").unwrap();
        let consent = ConsentAnswer::Allowed { user_id: "usr_ada".to_owned(), scope, audience: None };
        Some(InteractionFacts { sign_in_since, consent: Some(consent), chosen: None })
    };
    let old = Facts { interaction: answered(None), ..signed_in(61) };
    asks_to_sign_in(&run("scope=openid&max_age=60", &old), SignInWhy::MaxAge);
    let fresh = Facts { interaction: answered(None), ..signed_in(60) };
    issues(run("scope=openid&max_age=60", &fresh));
    let signed_in_here = Facts { interaction: answered(Some(NOW - 70)), ..signed_in(61) };
    issues(run("scope=openid&max_age=60", &signed_in_here));
    let signed_in_before = Facts { interaction: answered(Some(NOW - 60)), ..signed_in(61) };
    asks_to_sign_in(&run("scope=openid&max_age=60", &signed_in_before), SignInWhy::MaxAge);
}

#[test]
fn silent_renewal_does_not_move_auth_time() {
    let session = session(4000);
    let issue = issues(run("prompt=none", &Facts { session: Some(session.clone()), ..Facts::default() }));
    assert_eq!(issue.code.unwrap().grant.auth_time, session.auth_time);
}

#[test]
fn a_hint_of_somebody_else_never_leads_to_a_code() {
    let facts = Facts { id_token_hint: IdTokenHint::Subject("usr_bob".to_owned()), ..signed_in(5) };
    asks_to_sign_in(&run("", &facts), SignInWhy::OtherUser);
    refuses(&run("", &Facts { interaction: Some(since(9)), ..facts }), &OAuthError::LoginRequired);
    issues(run("", &Facts { id_token_hint: IdTokenHint::Subject("usr_ada".to_owned()), ..signed_in(5) }));
}

#[test]
fn a_forged_hint_is_an_error_not_a_crash() {
    refuses(&run("", &Facts { id_token_hint: IdTokenHint::Invalid, ..signed_in(5) }), &OAuthError::IdTokenHintInvalid);
}

#[test]
fn two_codes_of_one_request_are_two_families() {
    let codes: Vec<_> = [NOW, NOW + 1].map(|now| {
        let (apis, issuer, client) = (apis(), issuer(), spa());
        let query = format!("client_id=spa&redirect_uri={SPA_URI}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256");
        let params = Params::parse_for_authorize(query.as_bytes()).unwrap();
        let request = validate(&Effective::plain(params), Some(&client), &apis, &issuer).unwrap();
        issues(at(now, |ctx| decide(ctx, &request, &signed_in(5)))).code.unwrap()
    }).into();
    assert_ne!(codes[0].code, codes[1].code);
    assert_ne!(codes[0].grant.family_id, codes[1].grant.family_id);
}
