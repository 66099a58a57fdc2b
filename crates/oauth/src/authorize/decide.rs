//! What comes next for a checked authorization request (OpenID Connect Core §3.1.2.3 to §3.1.2.6).
//!
//! `prompt=login` and `max_age` are met only by an authentication within this interaction or young enough; `prompt=none` never leads
//! to a page; an `id_token_hint` of somebody else never leads to a code.

use serde::{Deserialize, Serialize};

use super::consent::{self, Consent};
use super::issue::{Granted, issue};
use super::{ConsentAnswer, ConsentOnRecord, ConsentPrompt, ErrorRedirect, Prompt, ValidRequest};
use crate::acr::Performed;
use crate::claims_request::ClaimsRequest;
use crate::context::Context;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::ids::ClientId;
use crate::issue::UserFacts;
use crate::pkce::CodeChallenge;
use crate::scope::Scope;

/// A live session of an active user; the shell has judged expiry and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The user.
    pub user_id: String,
    /// The session's public id.
    pub sid: String,
    /// When the user really authenticated, Unix seconds.
    pub auth_time: u64,
    /// By what means (RFC 8176).
    pub amr: Vec<String>,
    /// How strongly: the strongest level that it is of, whatever a client asks for.
    pub acr: Option<String>,
}

/// What has happened on the pages of this request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InteractionFacts {
    /// When the sign-in page of this request was first shown, Unix seconds, if it was answered: an authentication
    /// since then is a fresh one. `None` when the request found somebody signed in.
    pub sign_in_since: Option<u64>,
    /// The answer on the consent page.
    pub consent: Option<ConsentAnswer>,
    /// The `sid` of the session that the person chose to go on in, on a page of this request that named its account.
    pub chosen: Option<String>,
}

/// What the shell found about `id_token_hint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdTokenHint {
    /// There was none.
    #[default]
    Absent,
    /// Not an ID token of ours for this client.
    Invalid,
    /// A good one, of this user as the client knows them; it may have expired.
    Subject(String),
}

/// What the shell knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The browser's session, if it is live and its user active.
    pub session: Option<SessionFacts>,
    /// Its user, if the answer will hold tokens ([`crate::ResponseType::is_front_channel`]).
    pub user: Option<UserFacts>,
    /// What has happened so far; `None` on the first look.
    pub interaction: Option<InteractionFacts>,
    /// What the session's user allowed this client before, at each of the APIs asked for.
    pub consent_on_record: Vec<ConsentOnRecord>,
    /// The hint.
    pub id_token_hint: IdTokenHint,
}

/// Why the sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInWhy {
    /// A level of authentication is wanted that the session is not of, and that a sign-in can bring.
    Acr,
    /// `max_age` has passed.
    MaxAge,
    /// Nobody is signed in.
    NoSession,
    /// Somebody other than the hint's user is signed in.
    OtherUser,
    /// `prompt=login`.
    PromptLogin,
    /// `prompt=select_account`.
    SelectAccount,
}

/// What the sign-in page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPrompt {
    /// Why.
    pub why: SignInWhy,
    /// What to write into the user-name field.
    pub login_hint: Option<String>,
}

/// Everything kept with a code; stored as its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
    /// The only client that may redeem it.
    pub client_id: ClientId,
    /// The user.
    pub user_id: String,
    /// The session.
    pub sid: String,
    /// The id of the family that redeeming begins.
    pub family_id: String,
    /// The family of the access token that came through the browser beside the code, if one did: whoever used the code twice saw that, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// The URI of the request, exactly.
    pub redirect_uri: String,
    /// What is granted.
    pub scope: Scope,
    /// The API, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// For the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What the verifier must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// The thumbprint of the key that redeeming it must prove to hold (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// By what means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Single claims that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsRequest>,
    /// More APIs, and what was allowed in detail.
    #[serde(flatten)]
    pub extent: Extent,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Show the consent page.
    Consent(Box<ConsentPrompt>),
    /// Refuse, by redirect.
    Error(Box<ErrorRedirect>),
    /// Make it durable, then answer.
    Issue(Box<Granted>),
    /// Show the sign-in page.
    SignIn(SignInPrompt),
}

/// Decides. The same request comes back here after each page, with more facts.
pub fn decide(ctx: &mut Context<'_>, request: &ValidRequest<'_>, facts: &Facts) -> Decision {
    let refuse = |error| Decision::Error(Box::new(request.error(error)));
    if facts.id_token_hint == IdTokenHint::Invalid {
        return refuse(OAuthError::IdTokenHintInvalid);
    }
    // Nobody here can bring it: the page need not be shown to find that out.
    if request.claims.acr.as_ref().is_some_and(|wanted| !ctx.levels.is_attainable(wanted)) {
        return refuse(OAuthError::UnmetAuthenticationRequirements);
    }
    let silent = request.has_prompt(Prompt::None);
    let session = match sign_in(ctx, request, facts) {
        Ok(session) => session,
        // A wish is not worth a refusal.
        Err(SignInWhy::Acr) if silent && request.claims.acr.is_none() => match &facts.session {
            Some(session) => session,
            None => return refuse(OAuthError::LoginRequired),
        },
        Err(_) if silent => return refuse(OAuthError::LoginRequired),
        // Somebody else has just signed in: asking again would go on for ever.
        Err(SignInWhy::OtherUser) if signed_in_here(facts) => return refuse(OAuthError::LoginRequired),
        Err(why) => return Decision::SignIn(SignInPrompt { why, login_hint: request.login_hint.clone() }),
    };
    // OpenID Connect Core §5.5.1.1: the server "MUST treat that outcome as a failed authentication attempt". Asking again would bring no more.
    let performed = performed(ctx, facts, session);
    let essential = request.claims.acr.as_deref();
    let level = wanted_acr(request).and_then(|wanted| ctx.levels.first_of(wanted, performed));
    if essential.is_some() && level.is_none() {
        return refuse(OAuthError::UnmetAuthenticationRequirements);
    }
    // The level that was asked for, where the sign-in is of it: one that is of a stronger one is.
    let acr = level.map(str::to_owned).or_else(|| session.acr.clone());
    let session = &SessionFacts { acr, ..session.clone() };
    match consent::judge(request, session, facts.interaction.as_ref(), &facts.consent_on_record) {
        Consent::Ask(_) if silent => refuse(OAuthError::ConsentRequired),
        Consent::Ask(prompt) => Decision::Consent(Box::new(prompt)),
        Consent::Denied => refuse(OAuthError::AccessDenied),
        Consent::Given => grant(ctx, request, session, facts, None),
        Consent::GivenNow => grant(ctx, request, session, facts, Some(request.scope_to_allow())),
    }
}

fn grant(
    ctx: &mut Context<'_>,
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    facts: &Facts,
    record_consent: Option<Scope>,
) -> Decision {
    match issue(ctx, request, session, facts.user.as_ref(), record_consent) {
        Ok(granted) => Decision::Issue(Box::new(granted)),
        Err(error) => Decision::Error(Box::new(request.error(error))),
    }
}

/// The session, if it will do as it is.
fn sign_in<'f>(ctx: &Context<'_>, request: &ValidRequest<'_>, facts: &'f Facts) -> Result<&'f SessionFacts, SignInWhy> {
    let session = facts.session.as_ref().ok_or(SignInWhy::NoSession)?;
    let known_as = ctx.pairwise.subject(request.client, &session.user_id);
    if matches!(&facts.id_token_hint, IdTokenHint::Subject(sub) if *sub != known_as) {
        return Err(SignInWhy::OtherUser);
    }
    // Core §3.1.2.2: "sub … with a specific value": only that one will do.
    if request.claims.sub.as_ref().is_some_and(|sub| !sub.contains(&known_as)) {
        return Err(SignInWhy::OtherUser);
    }
    if signed_in_here(facts) {
        return Ok(session);
    }
    if request.has_prompt(Prompt::Login) {
        return Err(SignInWhy::PromptLogin);
    }
    // §3.1.2.1: "prompt the End-User to select a user account": who is signed in is one that they can select.
    if request.has_prompt(Prompt::SelectAccount) && !chosen_here(facts, session) {
        return Err(SignInWhy::SelectAccount);
    }
    // An `auth_time` in the future is no authentication: fail closed.
    let age_secs = ctx.now.checked_sub(session.auth_time);
    let too_old = match request.max_age {
        None => false,
        Some(0) => true,
        Some(max_age) => age_secs.is_none_or(|age_secs| age_secs > max_age),
    };
    if too_old {
        return Err(SignInWhy::MaxAge);
    }
    // Core §3.1.2.1, §5.5.1.1; RFC 9470 §5: what is wanted and can be had is worth another sign-in.
    let Some(wanted) = wanted_acr(request) else { return Ok(session) };
    let is_met = ctx.levels.first_of(wanted, performed(ctx, facts, session)).is_some();
    if is_met || !ctx.levels.is_attainable(wanted) { Ok(session) } else { Err(SignInWhy::Acr) }
}

/// The levels asked for, best first: what is essential before what is wished for.
fn wanted_acr<'r>(request: &'r ValidRequest<'_>) -> Option<&'r [String]> {
    request.claims.acr.as_deref().or(Some(&request.acr_values)).filter(|wanted| !wanted.is_empty())
}

/// How the session was begun. Whoever signed in for this request is not asked again because a page was left open.
fn performed<'f>(ctx: &Context<'_>, facts: &Facts, session: &'f SessionFacts) -> Performed<'f> {
    let age_secs = if signed_in_here(facts) { Some(0) } else { ctx.now.checked_sub(session.auth_time) };
    Performed { amr: &session.amr, age_secs }
}

/// Whether the person chose to go on as whoever is signed in.
fn chosen_here(facts: &Facts, session: &SessionFacts) -> bool {
    facts.interaction.as_ref().is_some_and(|interaction| interaction.chosen.as_ref() == Some(&session.sid))
}

/// Whether the user has authenticated since this request came in.
fn signed_in_here(facts: &Facts) -> bool {
    match (&facts.session, &facts.interaction) {
        (Some(session), Some(interaction)) => {
            interaction.sign_in_since.is_some_and(|shown_at| session.auth_time >= shown_at)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Effective, validate};
    use super::*;
    use crate::acr::Levels;
    use crate::params::Params;
    use crate::registration::Client;
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
        assert_eq!(
            (grant.auth_time, grant.nonce.as_deref(), grant.audience.as_deref()),
            (NOW - 50, Some("n"), Some(API))
        );
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
        assert_eq!(
            issues(run("claims=%7B%22id_token%22%3A%7B%7D%7D", &signed_in(50))).code.unwrap().grant.claims,
            None
        );
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
        refuses(
            &run("", &Facts { id_token_hint: IdTokenHint::Invalid, ..signed_in(5) }),
            &OAuthError::IdTokenHintInvalid,
        );
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
}
