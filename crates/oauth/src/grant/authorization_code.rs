//! `authorization_code` (RFC 6749 §4.1.3, RFC 7636, OpenID Connect Core §3.1.3).
//!
//! The code is bound to client, `redirect_uri`, PKCE, session and API. A second use by its rightful owner ends everything born of
//! it (RFC 6749 §4.1.2); an attempt by anybody else changes nothing, so that nobody can end another's sign-in.

use crate::access_token::BornIn;
use crate::authorization_details;
use crate::authorize::CodeGrant;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::dpop::DpopFailure;
use crate::effect::{AlsoSession, CodeKind, Effect, EndReason};
use crate::error::OAuthError;
use crate::family::{self, SignIn};
use crate::grant::Grant;
use crate::issue::{Issue, Refusal, SessionState, UserFacts, UserStatus};
use crate::params::Params;
use crate::pkce::{self, PkceVerified};
use crate::registration::{Api, Apis};
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

/// The value of `grant_type`.
pub const NAME: &str = "authorization_code";
/// What it reads.
pub const PARAMETERS: &[&str] = &["authorization_details", "code", "code_verifier", "redirect_uri", "resource"];

/// What is presented. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The code.
    pub code: OpaqueToken,
    /// The verifier, if one was sent.
    pub code_verifier: Option<zeroize::Zeroizing<String>>,
    /// The URI of the authorization request.
    pub redirect_uri: String,
    /// The API, if one was named again.
    pub resource: Option<String>,
    /// Less in detail than was allowed, if anything.
    pub authorization_details: Option<String>,
}

impl Request {
    /// Reads the parameters. A code that is not even well-formed is [`OAuthError::CodeUnknown`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let code = OpaqueToken::parse(TokenKind::AuthorizationCode, params.require("code")?)
            .map_err(|_| OAuthError::CodeUnknown)?;
        Ok(Self {
            code,
            code_verifier: params.get("code_verifier").map(|verifier| zeroize::Zeroizing::new(verifier.to_owned())),
            redirect_uri: params.require("redirect_uri")?.to_owned(),
            resource: target::resource(params)?.map(str::to_owned),
            authorization_details: params.get(authorization_details::NAME).map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code: _, code_verifier: _, redirect_uri, resource, authorization_details: _ } = self;
        f.debug_struct("Request")
            .field("redirect_uri", redirect_uri)
            .field("resource", resource)
            .finish_non_exhaustive()
    }
}

/// What to load: the code by its hash, with its user and session, in one read.
#[must_use]
pub fn facts(request: &Request) -> [u8; 32] {
    request.code.hash()
}

/// What was found for the code's hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What was kept with the code.
    pub grant: CodeGrant,
    /// When it ends.
    pub expires_at: u64,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<u64>,
    /// The user, if there still is one.
    pub user: Option<UserFacts>,
    /// The session it was born of.
    pub session: SessionState,
    /// When that session ends at the latest; 0 if it is not on record.
    pub session_ends_at: u64,
    /// The session of the browser that redeems, as far as its cookie tells; looked up where tokens are cookies.
    pub here: Option<String>,
}

/// Decides.
///
/// # Errors
/// Every way a code can be wrong; [`OAuthError::CodeReplayed`] comes with [`Effect::EndFamily`].
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    facts: Option<Facts>,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let facts = facts.ok_or(OAuthError::CodeUnknown)?;
    let verified = prove_owner(client, held, request, &facts)?;
    if facts.redeemed_at.is_some() {
        let effect = Box::new(Effect::EndFamily {
            family_id: facts.grant.family_id,
            beside: facts.grant.beside,
            why: EndReason::CodeReplayed,
            also_session: AlsoSession::No,
        });
        return Err(Refusal { error: OAuthError::CodeReplayed, effect });
    }
    if ctx.now >= facts.expires_at {
        return Err(OAuthError::CodeExpired.into());
    }
    if !client.client().may_use(Grant::AuthorizationCode) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let user = facts.user.as_ref().ok_or(OAuthError::UserGone)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked.into());
    }
    if facts.session != SessionState::Live {
        return Err(OAuthError::SessionEnded.into());
    }
    let api = target::of_grant(
        ctx.issuer,
        client.client(),
        target::chosen(facts.grant.audience.as_deref(), &facts.grant.extent.resources, request.resource.as_deref()),
        request.resource.as_deref(),
        apis,
    )?;
    let details = facts.grant.extent.authorization_details.narrowed(request.authorization_details.as_deref())?;
    let born_in = BornIn { sid: &facts.grant.sid, ends_at: facts.session_ends_at };
    let mut issue = issue(ctx, (client, held), request, &facts.grant, (user, born_in), api, verified);
    // The token that was asked for says less; what was allowed stays with the family.
    issue.access_token.claims.authorization_details = details.at(client.client(), api);
    Ok(issue)
}

/// Whoever cannot prove all of this is not the code's owner, and learns and changes nothing.
fn prove_owner(
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
    Facts { grant, here, .. }: &Facts,
) -> Result<PkceVerified, OAuthError> {
    if grant.client_id != client.client().client_id {
        return Err(OAuthError::CodeOfAnotherClient);
    }
    // A script in the page could carry code and verifier elsewhere, and whoever sends them there the `Origin` of the page. The session's cookie it cannot.
    if client.client().gets_cookies() && here.as_ref() != Some(&grant.sid) {
        return Err(OAuthError::CodeOfAnotherBrowser);
    }
    if grant.redirect_uri != request.redirect_uri {
        return Err(OAuthError::RedirectUriMismatch);
    }
    if let Some(jkt) = &grant.dpop_jkt {
        match held {
            Some(Confirmation::Jkt(held)) if held == jkt => {}
            Some(_) => return Err(OAuthError::DpopKeyMismatch),
            None => return Err(OAuthError::Dpop(DpopFailure::Missing)),
        }
    }
    pkce::verify(grant.code_challenge.as_ref(), request.code_verifier.as_ref().map(|verifier| verifier.as_str()))
}

fn issue(
    ctx: &mut Context<'_>,
    (client, held): (AuthenticatedClient<'_>, Option<&Confirmation>),
    request: &Request,
    grant: &CodeGrant,
    (user, born_in): (&UserFacts, BornIn<'_>),
    api: Option<&Api>,
    _proof: PkceVerified,
) -> Issue {
    let born = family::begin(
        ctx,
        &SignIn {
            family_id: &grant.family_id,
            client: client.client(),
            user,
            api,
            scope: &grant.scope,
            born_in: Some(born_in),
            nonce: grant.nonce.as_deref(),
            auth_time: grant.auth_time,
            amr: &grant.amr,
            acr: grant.acr.as_deref(),
            claims: grant.claims.as_ref(),
            extent: &grant.extent,
            held,
        },
    );
    let effect = Effect::RedeemCode {
        kind: CodeKind::AuthorizationCode,
        code_hash: request.code.hash(),
        family: born.family,
        refresh_token: born.record,
        access_token: born.access_token.issued(),
    };
    Issue { access_token: born.access_token, id_token: born.id_token, refresh_token: born.refresh_token, effect }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extent::Extent;
    use crate::issue::{AccessTokenForm, RefreshAnswer};
    use crate::pkce::CodeChallenge;
    use crate::registration::{AccessTokenFormat, Client, ProfileClaims, TokenDelivery};
    use crate::scope::Scope;
    use crate::testing::{
        API, CHALLENGE, NOW, SPA_URI, TestRng, VERIFIER, apis, at, authenticated, spa, third_party, user,
    };
    use symbolon_jose::jwt::Audience;

    fn code() -> OpaqueToken {
        OpaqueToken::generate(TokenKind::AuthorizationCode, &mut TestRng::new(5))
    }

    fn found() -> Facts {
        Facts {
            grant: CodeGrant {
                client_id: spa().client_id,
                user_id: "usr_ada".to_owned(),
                sid: "sid-1".to_owned(),
                family_id: "family-1".to_owned(),
                beside: None,
                redirect_uri: SPA_URI.to_owned(),
                scope: Scope::parse("openid email offline_access read:dragons").unwrap(),
                audience: Some(API.to_owned()),
                nonce: Some("n0nce".to_owned()),
                code_challenge: Some(CodeChallenge::parse(CHALLENGE).unwrap()),
                dpop_jkt: None,
                auth_time: NOW - 100,
                amr: vec!["pwd".to_owned()],
                acr: None,
                claims: None,
                extent: Extent::default(),
            },
            expires_at: NOW + 60,
            redeemed_at: None,
            user: Some(user()),
            session: SessionState::Live,
            session_ends_at: NOW + 36_000,
            here: None,
        }
    }

    fn request(changes: &[(&str, &str)]) -> Request {
        let mut form = vec![
            ("code".to_owned(), code().reveal().to_owned()),
            ("redirect_uri".to_owned(), SPA_URI.to_owned()),
            ("code_verifier".to_owned(), VERIFIER.to_owned()),
        ];
        form.retain(|(name, _)| changes.iter().all(|(changed, _)| name != changed));
        form.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Request::parse(&Params::from_pairs(form).unwrap()).unwrap()
    }

    fn run_as(client: &Client, changes: &[(&str, &str)], facts: Facts) -> Result<Issue, Refusal> {
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &request(changes), Some(facts), &apis()))
    }

    fn run(facts: Facts) -> Result<Issue, Refusal> {
        run_as(&spa(), &[], facts)
    }

    /// Refused, and nothing is done.
    #[track_caller]
    fn refused(result: Result<Issue, Refusal>, error: OAuthError) {
        assert_eq!(result.expect_err("must be refused"), Refusal { error, effect: Box::new(Effect::None) });
    }

    #[test]
    fn the_rightful_owner_gets_tokens_once_the_code_is_redeemed() {
        let issue = run(found()).unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!(claims.aud, Audience::Many(vec![API.to_owned(), "https://auth.example/userinfo".to_owned()]));
        assert_eq!(
            (claims.sub.as_str(), claims.rh.as_deref(), claims.sid.as_deref()),
            ("usr_ada", Some("handle-1"), Some("sid-1"))
        );
        assert_eq!((claims.auth_time, claims.roles.as_slice()), (Some(NOW - 100), &["admin".to_owned()][..]));
        let Effect::RedeemCode { code_hash, family, refresh_token, access_token, .. } = &issue.effect else {
            panic!("{:?}", issue.effect)
        };
        assert_eq!((*code_hash, family.id.as_str(), family.session_bound), (code().hash(), "family-1", true));
        assert_eq!(access_token.jti, claims.jti);
        let RefreshAnswer::New(token) = &issue.refresh_token else { panic!("{:?}", issue.refresh_token) };
        let record = refresh_token.as_ref().unwrap();
        assert_eq!((record.hash, record.expires_at), (token.hash(), NOW + 14 * 86_400));
        assert_eq!(family.absolute_expires_at, NOW + 90 * 86_400);
    }

    fn held(key: &str) -> Confirmation {
        Confirmation::Jkt(key.to_owned())
    }

    fn run_with_key(client: &Client, key: Option<&str>, facts: Facts) -> Result<Issue, Refusal> {
        let (request, held) = (request(&[]), key.map(held));
        at(NOW, |ctx| decide(ctx, authenticated(client), held.as_ref(), &request, Some(facts), &apis()))
    }

    #[test]
    fn tokens_are_bound_to_the_key_and_refresh_tokens_of_public_clients_too_rfc_9449_5() {
        let issue = run_with_key(&spa(), Some("k"), found()).unwrap();
        let answer = issue.response("at".to_owned(), None, None);
        assert_eq!((&issue.access_token.claims.cnf, answer.token_type), (&Some(held("k")), "DPoP"));
        let Effect::RedeemCode { family, .. } = issue.effect else { panic!("must redeem") };
        assert_eq!(family.grant.cnf, Some(held("k")));

        let confidential = third_party();
        let mut facts = found();
        facts.grant.client_id = confidential.client_id.clone();
        let issue = run_with_key(&confidential, Some("k"), facts).unwrap();
        assert_eq!(issue.access_token.claims.cnf, Some(held("k")));
        let Effect::RedeemCode { family, .. } = issue.effect else { panic!("must redeem") };
        assert_eq!(family.grant.cnf, None, "it proves who it is");
    }

    #[test]
    fn a_code_bound_to_a_key_is_redeemed_with_that_key_alone_rfc_9449_10() {
        let mut facts = found();
        facts.grant.dpop_jkt = Some("k".to_owned());
        assert!(run_with_key(&spa(), Some("k"), facts.clone()).is_ok());
        // A second use by somebody without the key ends nothing either.
        for redeemed_at in [None, Some(NOW)] {
            facts.redeemed_at = redeemed_at;
            refused(run_with_key(&spa(), Some("other"), facts.clone()), OAuthError::DpopKeyMismatch);
            refused(run_with_key(&spa(), None, facts.clone()), OAuthError::Dpop(DpopFailure::Missing));
        }
    }

    #[test]
    fn the_id_token_answers_exactly_this_request() {
        let id_token = run(found()).unwrap().id_token.unwrap();
        assert_eq!((id_token.claims.aud.as_str(), id_token.claims.nonce.as_deref()), ("spa", Some("n0nce")));
        assert_eq!((id_token.claims.exp, id_token.claims.auth_time), (NOW + 600, NOW - 100));
        assert!(id_token.claims.profile.is_empty(), "profile claims are for userinfo");
        assert_eq!(
            id_token
                .beside(&crate::Beside { access_token: Some("token"), ..Default::default() })
                .at_hash
                .map(|hash| hash.len()),
            Some(22)
        );
        let mut without = found();
        without.grant.nonce = None;
        assert_eq!(run(without).unwrap().id_token.unwrap().claims.nonce, None, "never invented");
    }

    #[test]
    fn profile_claims_go_into_the_id_token_of_clients_that_want_them_there() {
        let client = Client { profile_claims: ProfileClaims::IdTokenToo, ..spa() };
        let claims = run_as(&client, &[], found()).unwrap().id_token.unwrap().claims;
        let value = serde_json::to_value(claims).unwrap();
        assert_eq!((&value["email"], &value["email_verified"]), (&"ada@example.com".into(), &true.into()));
        assert_eq!(value.get("name"), None, "profile was not asked for");
        assert_eq!(value["aud"], "spa");
    }

    #[test]
    fn no_openid_no_id_token_and_no_offline_access_no_refresh_token() {
        let mut facts = found();
        facts.grant.scope = Scope::parse("read:dragons").unwrap();
        let issue = run(facts).unwrap();
        assert_eq!((&issue.id_token, &issue.refresh_token), (&None, &RefreshAnswer::Absent));
        assert_eq!(issue.access_token.claims.aud, Audience::One(API.to_owned()));
        let Effect::RedeemCode { family, refresh_token: None, .. } = issue.effect else { panic!("{:?}", issue.effect) };
        assert_eq!(family.absolute_expires_at, NOW + 600, "it remembers the access token as long as that lives");
    }

    #[test]
    fn without_an_api_the_token_opens_userinfo_only_and_says_no_roles() {
        let mut facts = found();
        facts.grant.audience = None;
        let claims = run(facts).unwrap().access_token.claims;
        assert_eq!(claims.aud, Audience::One("https://auth.example/userinfo".to_owned()));
        assert!(claims.roles.is_empty() && !claims.scope.contains("read:dragons"));
    }

    #[test]
    fn a_second_valid_use_ends_everything_born_of_the_code_rfc_6749_4_1_2() {
        for expires_at in [NOW + 60, NOW - 300] {
            let mut used = Facts { redeemed_at: Some(NOW - 1), expires_at, ..found() };
            used.grant.beside = Some("family-0".to_owned());
            let refusal = run(used).unwrap_err();
            let effect = Box::new(Effect::EndFamily {
                family_id: "family-1".to_owned(),
                beside: Some("family-0".to_owned()),
                why: EndReason::CodeReplayed,
                also_session: AlsoSession::No,
            });
            assert_eq!(refusal, Refusal { error: OAuthError::CodeReplayed, effect });
        }
    }

    #[test]
    fn a_replay_by_anybody_else_changes_nothing() {
        let used = || Facts { redeemed_at: Some(NOW - 1), ..found() };
        refused(run_as(&third_party(), &[], used()), OAuthError::CodeOfAnotherClient);
        refused(
            run_as(&spa(), &[("code_verifier", &VERIFIER.replace('d', "e"))], used()),
            OAuthError::VerifierMismatch,
        );
        refused(run_as(&spa(), &[("code_verifier", "")], used()), OAuthError::VerifierMissing);
        refused(
            run_as(&spa(), &[("redirect_uri", "https://spa.example/other")], used()),
            OAuthError::RedirectUriMismatch,
        );
    }

    #[test]
    fn a_code_of_another_client_is_refused_cve_2026_28513() {
        refused(run_as(&third_party(), &[], found()), OAuthError::CodeOfAnotherClient);
    }

    #[test]
    fn a_code_for_cookies_is_of_the_browser_that_holds_its_session() {
        let mut client = spa();
        client.token_delivery = TokenDelivery::Cookie;
        for here in [None, Some("sid-2".to_owned())] {
            let facts = Facts { here, ..found() };
            refused(run_as(&client, &[], facts), OAuthError::CodeOfAnotherBrowser);
        }
        assert!(run_as(&client, &[], Facts { here: Some("sid-1".to_owned()), ..found() }).is_ok());
    }

    #[test]
    fn wrong_missing_and_uncalled_for_verifiers_are_refused() {
        refused(run_as(&spa(), &[("code_verifier", CHALLENGE)], found()), OAuthError::VerifierMismatch);
        refused(run_as(&spa(), &[("code_verifier", "")], found()), OAuthError::VerifierMissing);
        let mut downgraded = found();
        downgraded.grant.code_challenge = None;
        refused(run(downgraded), OAuthError::VerifierUnexpected);
    }

    #[test]
    fn near_misses_of_the_redirect_uri_are_refused() {
        for uri in ["https://spa.example/callback/", "https://SPA.example/callback", "https://spa.example/callback?a=1"]
        {
            refused(run_as(&spa(), &[("redirect_uri", uri)], found()), OAuthError::RedirectUriMismatch);
        }
    }

    #[test]
    fn a_code_lives_to_the_second() {
        assert!(run(Facts { expires_at: NOW + 1, ..found() }).is_ok());
        refused(run(Facts { expires_at: NOW, ..found() }), OAuthError::CodeExpired);
    }

    #[test]
    fn blocked_deleted_and_signed_out_users_get_nothing() {
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        refused(run(Facts { user: Some(blocked), ..found() }), OAuthError::UserBlocked);
        refused(run(Facts { user: None, ..found() }), OAuthError::UserGone);
        for session in [SessionState::Ended, SessionState::Unknown] {
            refused(run(Facts { session, ..found() }), OAuthError::SessionEnded);
        }
    }

    #[test]
    fn another_api_than_was_granted_is_invalid_target_and_audience_is_ignored_here() {
        refused(run_as(&spa(), &[("resource", "https://other.example")], found()), OAuthError::TargetNotGranted);
        assert!(run_as(&spa(), &[("resource", API), ("audience", "https://other.example")], found()).is_ok());
    }

    #[test]
    fn unknown_truncated_and_foreign_codes_are_one_and_the_same() {
        let unknown = at(NOW, |ctx| decide(ctx, authenticated(&spa()), None, &request(&[]), None, &apis()));
        refused(unknown, OAuthError::CodeUnknown);
        let refresh = OpaqueToken::generate(TokenKind::RefreshToken, &mut TestRng::new(5));
        for text in
            ["x", &code().reveal()[1..], &code().reveal()[..55], refresh.reveal(), &format!("{}%00", code().reveal())]
        {
            let params = Params::from_pairs([("code", text), ("redirect_uri", SPA_URI)]).unwrap();
            assert_eq!(Request::parse(&params), Err(OAuthError::CodeUnknown), "{text}");
        }
    }

    #[test]
    fn a_client_that_lost_the_grant_or_the_scope_gets_less_or_nothing() {
        let mut client = spa();
        client.grant_types.remove("refresh_token");
        let issue = run_as(&client, &[], found()).unwrap();
        assert_eq!(issue.refresh_token, RefreshAnswer::Absent);
        client.grant_types.clear();
        refused(run_as(&client, &[], found()), OAuthError::GrantNotAllowed);
    }

    #[test]
    fn access_tokens_name_the_session_they_were_born_in_even_if_the_family_may_outlive_it() {
        let mut facts = found();
        facts.grant.client_id = third_party().client_id;
        let issue = run_as(&third_party(), &[], facts).unwrap();
        let Effect::RedeemCode { family, .. } = &issue.effect else { panic!("{:?}", issue.effect) };
        assert!(!family.session_bound && family.sid.is_some());
        assert_eq!(issue.access_token.claims.sid.as_deref(), Some("sid-1"));
        assert_eq!(issue.id_token.unwrap().claims.sid.as_deref(), Some("sid-1"));
    }

    #[test]
    fn a_client_of_sessions_gets_a_value_that_ends_with_the_session_and_no_refresh_token() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..third_party() };
        let mut facts = found();
        facts.grant.client_id = client.client_id.clone();
        let issue = run_as(&client, &[], facts.clone()).unwrap();
        let AccessTokenForm::Session(value) = &issue.access_token.form else { panic!("{:?}", issue.access_token) };
        assert!(value.reveal().starts_with("sym_sv_"));
        assert_eq!((issue.access_token.claims.exp, &issue.refresh_token), (NOW + 36_000, &RefreshAnswer::Absent));
        let Effect::RedeemCode { family, refresh_token: None, access_token, .. } = &issue.effect else {
            panic!("{:?}", issue.effect)
        };
        assert!(family.session_bound, "whatever kind of program it is");
        assert_eq!((access_token.session_hash, access_token.expires_at), (Some(value.hash()), NOW + 36_000));
        facts.grant.audience = None;
        refused(run_as(&client, &[], facts.clone()), OAuthError::TargetMissing);
        // Never longer than the client's refresh tokens would have lived.
        let short = Client { refresh_absolute_secs: Some(60), ..client };
        facts.grant.audience = Some(API.to_owned());
        assert_eq!(run_as(&short, &[], facts).unwrap().access_token.claims.exp, NOW + 60);
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let shown = format!("{:?} {:?}", request(&[]), run(found()).unwrap());
        assert!(!shown.contains(code().reveal()) && !shown.contains(VERIFIER));
    }
}
