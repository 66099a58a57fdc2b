use super::*;
use crate::dpop::DpopFailure;
use crate::registration::Client;
use crate::testing::{API, NOW, TestRng, apis, at, authenticated, spa, third_party, user};

const UNUSED: Successor = Successor::Unused { hash: [7; 32] };

fn presented() -> OpaqueToken {
    OpaqueToken::generate(TokenKind::RefreshToken, &mut TestRng::new(9))
}

fn found(state: TokenState) -> Facts {
    Facts {
        state,
        expires_at: NOW + 1000,
        family: FamilyFacts {
            id: "family-1".to_owned(),
            client_id: spa().client_id,
            sid: Some("sid-1".to_owned()),
            session_bound: true,
            absolute_expires_at: NOW + 5000,
            ended_at: None,
            grant: FamilyGrant {
                scope: Scope::parse("openid offline_access read:dragons write:dragons").unwrap(),
                audience: Some(API.to_owned()),
                auth_time: NOW - 9999,
                amr: vec!["pwd".to_owned()],
                acr: None,
                claims: None,
                cnf: None,
                extent: crate::extent::Extent::default(),
            },
        },
        user: Some(user()),
        session: SessionState::Live,
    }
}

fn superseded(secs_ago: u64, successor: Successor) -> Facts {
    found(TokenState::Superseded { at: NOW - secs_ago, successor })
}

fn run_as(client: &Client, more: &[(&str, &str)], facts: Facts) -> Result<Issue, Refusal> {
    let token = presented();
    let form = [("refresh_token", token.reveal())].into_iter().chain(more.iter().copied());
    let request = Request::parse(&Params::from_pairs(form).unwrap()).unwrap();
    at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, Some(facts), &apis()))
}

fn run(facts: Facts) -> Result<Issue, Refusal> {
    run_as(&spa(), &[], facts)
}

/// Refused, and nothing is done.
#[track_caller]
fn refused(result: Result<Issue, Refusal>, error: OAuthError) {
    assert_eq!(result.expect_err("must be refused"), Refusal { error, effect: Box::new(Effect::None) });
}

#[track_caller]
fn theft(result: Result<Issue, Refusal>) {
    let effect = Box::new(Effect::EndFamily {
        family_id: "family-1".to_owned(),
        beside: None,
        why: EndReason::RefreshTokenReused,
        also_session: AlsoSession::Yes,
    });
    assert_eq!(result.expect_err("must be refused"), Refusal { error: OAuthError::RefreshTokenReused, effect });
}

#[test]
fn the_current_token_rotates_to_a_new_pair() {
    let issue = run(found(TokenState::Current)).unwrap();
    let RefreshAnswer::New(token) = &issue.refresh_token else { panic!("{:?}", issue.refresh_token) };
    let Effect::RotateRefreshToken { presented_hash, expect, successor, family_id, forget_until, access_token } =
        &issue.effect
    else {
        panic!("{:?}", issue.effect)
    };
    assert_eq!((*presented_hash, *expect, family_id.as_str()), (presented().hash(), RotateExpect::Current, "family-1"));
    assert_eq!((successor.hash, access_token.jti.as_str()), (token.hash(), issue.access_token.claims.jti.as_str()));
    assert_ne!(*token, presented());
    assert_eq!(*forget_until, NOW - REMEMBERED_SECS);
}

#[test]
fn ten_tabs_at_once_get_the_same_successor() {
    for successor in [UNUSED, Successor::Used] {
        let issue = run(superseded(3, successor)).unwrap();
        assert_eq!(issue.refresh_token, RefreshAnswer::SameSuccessor);
        let access_token = issue.access_token.issued();
        assert_eq!(issue.effect, Effect::NoteAccessToken { family_id: "family-1".to_owned(), access_token });
    }
}

#[test]
fn a_lost_answer_costs_nothing() {
    let issue = run(superseded(3600, UNUSED)).unwrap();
    let Effect::RotateRefreshToken { expect, .. } = issue.effect else { panic!("{:?}", issue.effect) };
    assert_eq!(expect, RotateExpect::SuccessorUnused { successor_hash: [7; 32] });
    assert!(matches!(issue.refresh_token, RefreshAnswer::New(_)));
}

#[test]
fn reuse_of_any_ancestor_after_its_successor_was_used_ends_family_and_session() {
    theft(run(superseded(11, Successor::Used)));
    theft(run(found(TokenState::Dead)));
}

#[test]
fn a_thief_does_not_hide_behind_a_milder_refusal() {
    let mut facts = superseded(3600, Successor::Used);
    facts.expires_at = NOW - 1;
    theft(run_as(&spa(), &[("scope", "everything"), ("resource", "https://other.example")], facts.clone()));
    theft(run(Facts { session: SessionState::Ended, ..facts }));
}

#[test]
fn another_clients_token_changes_nothing_for_its_owner() {
    for state in
        [TokenState::Current, TokenState::Dead, TokenState::Superseded { at: NOW - 3600, successor: Successor::Used }]
    {
        refused(run_as(&third_party(), &[], found(state)), OAuthError::RefreshTokenOfAnotherClient);
    }
}

fn run_with_key(client: &Client, key: Option<&str>, facts: Facts) -> Result<Issue, Refusal> {
    let request = Request::parse(&Params::from_pairs([("refresh_token", presented().reveal())]).unwrap()).unwrap();
    let held = key.map(|key| Confirmation::Jkt(key.to_owned()));
    at(NOW, |ctx| decide(ctx, authenticated(client), held.as_ref(), &request, Some(facts), &apis()))
}

#[test]
fn a_bound_refresh_token_is_nothing_without_its_key_rfc_9449_5() {
    // Whatever became of the token: who lacks the key gets no successor, also not the same again, and ends nothing.
    for state in [
        TokenState::Current,
        TokenState::Superseded { at: NOW, successor: UNUSED },
        TokenState::Superseded { at: NOW - 3600, successor: Successor::Used },
        TokenState::Dead,
    ] {
        let mut bound = found(state);
        bound.family.grant.cnf = Some(Confirmation::Jkt("k".to_owned()));
        refused(run_with_key(&spa(), Some("other"), bound.clone()), OAuthError::DpopKeyMismatch);
        refused(run_with_key(&spa(), None, bound), OAuthError::Dpop(DpopFailure::Missing));
    }
    let mut bound = superseded(3, Successor::Used);
    bound.family.grant.cnf = Some(Confirmation::Jkt("k".to_owned()));
    let issue = run_with_key(&spa(), Some("k"), bound.clone()).unwrap();
    assert_eq!(issue.refresh_token, RefreshAnswer::SameSuccessor);
    assert_eq!(issue.access_token.claims.cnf, bound.family.grant.cnf);
    bound.state = TokenState::Dead;
    theft(run_with_key(&spa(), Some("k"), bound));
}

#[test]
fn a_public_client_cannot_bind_later_what_was_not_bound_and_a_confidential_one_may_change_its_key() {
    let unbound = found(TokenState::Current);
    refused(run_with_key(&spa(), Some("k"), unbound.clone()), OAuthError::DpopKeyMismatch);
    let mut facts = unbound;
    facts.family.client_id = third_party().client_id;
    for key in ["k", "another"] {
        let issue = run_with_key(&third_party(), Some(key), facts.clone()).unwrap();
        assert_eq!(issue.access_token.claims.cnf, Some(Confirmation::Jkt(key.to_owned())));
    }
    assert_eq!(run_with_key(&third_party(), None, facts).unwrap().access_token.claims.cnf, None);
}

#[test]
fn an_ended_family_stays_ended() {
    let mut facts = found(TokenState::Current);
    facts.family.ended_at = Some(NOW - 1);
    refused(run(facts), OAuthError::RefreshTokenRevoked);
}

#[test]
fn idle_and_absolute_expiry_hold_to_the_second() {
    refused(run(Facts { expires_at: NOW, ..found(TokenState::Current) }), OAuthError::RefreshTokenExpired);
    refused(run(Facts { expires_at: NOW, ..superseded(3600, UNUSED) }), OAuthError::RefreshTokenExpired);
    let mut facts = found(TokenState::Current);
    facts.family.absolute_expires_at = NOW;
    refused(run(facts), OAuthError::RefreshTokenExpired);
    assert!(run(Facts { expires_at: NOW + 1, ..found(TokenState::Current) }).is_ok());
}

#[test]
fn a_successor_never_outlives_the_first_sign_in() {
    let Effect::RotateRefreshToken { successor, .. } = run(found(TokenState::Current)).unwrap().effect else {
        panic!("must rotate")
    };
    assert_eq!(successor.expires_at, NOW + 5000);
}

#[test]
fn blocked_and_deleted_users_get_nothing_ghsa_6rrr_78xp_5jp8() {
    let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
    for state in [TokenState::Current, TokenState::Superseded { at: NOW, successor: UNUSED }] {
        refused(run(Facts { user: Some(blocked.clone()), ..found(state) }), OAuthError::UserBlocked);
        refused(run(Facts { user: None, ..found(state) }), OAuthError::UserGone);
    }
}

#[test]
fn signing_out_ends_what_is_bound_to_the_session_and_nothing_else() {
    for session in [SessionState::Ended, SessionState::Unknown] {
        refused(run(Facts { session, ..found(TokenState::Current) }), OAuthError::SessionEnded);
        let mut stays = Facts { session, ..found(TokenState::Current) };
        stays.family.session_bound = false;
        assert_eq!(run(stays).unwrap().access_token.claims.sid, None);
    }
}

#[test]
fn a_client_that_lost_the_grant_is_refused() {
    let mut client = spa();
    client.grant_types.remove(NAME);
    refused(run_as(&client, &[], found(TokenState::Current)), OAuthError::GrantNotAllowed);
}

#[test]
fn scope_may_shrink_and_never_grow() {
    let shrunk = run_as(&spa(), &[("scope", "openid read:dragons")], found(TokenState::Current)).unwrap();
    assert_eq!(shrunk.access_token.claims.scope.to_string(), "openid read:dragons");
    for scope in ["openid profile", "admin", "READ:dragons"] {
        refused(run_as(&spa(), &[("scope", scope)], found(TokenState::Current)), OAuthError::ScopeGrows);
    }
}

#[test]
fn what_the_api_dropped_since_is_not_granted_any_more() {
    let mut apis = apis();
    apis[0].scopes.retain(|scope| scope.name != "write:dragons");
    let request = Request::parse(&Params::from_pairs([("refresh_token", presented().reveal())]).unwrap()).unwrap();
    let decided = |apis: &Vec<Api>| {
        at(NOW, |ctx| decide(ctx, authenticated(&spa()), None, &request, Some(found(TokenState::Current)), apis))
    };
    assert_eq!(decided(&apis).unwrap().access_token.claims.scope.to_string(), "openid offline_access read:dragons");
    apis[0].disabled = true;
    refused(decided(&apis), OAuthError::TargetUnknown);
}

#[test]
fn another_api_than_was_granted_is_invalid_target() {
    refused(
        run_as(&spa(), &[("resource", "https://other.example")], found(TokenState::Current)),
        OAuthError::TargetNotGranted,
    );
    assert!(
        run_as(&spa(), &[("resource", API), ("redirect_uri", "x"), ("audience", "y")], found(TokenState::Current))
            .is_ok()
    );
}

#[test]
fn every_answer_has_an_id_token_without_nonce_and_with_the_first_auth_time() {
    for facts in [found(TokenState::Current), superseded(3, Successor::Used), superseded(3600, UNUSED)] {
        let claims = run(facts).unwrap().id_token.unwrap().claims;
        assert_eq!((claims.nonce, claims.auth_time, claims.iat), (None, NOW - 9999, NOW));
    }
}

#[test]
fn a_role_change_shows_in_the_next_token_and_signs_nobody_out() {
    let changed = UserFacts { roles: Vec::new(), revocation_handle: "handle-2".to_owned(), ..user() };
    let issue = run(Facts { user: Some(changed), ..found(TokenState::Current) }).unwrap();
    assert_eq!((issue.access_token.claims.rh.as_deref(), issue.access_token.claims.roles.len()), (Some("handle-2"), 0));
    assert_eq!(issue.access_token.issued().revocation_handle, "handle-2");
}

#[test]
fn missing_malformed_and_unknown_tokens_are_refused() {
    assert_eq!(Request::parse(&Params::default()), Err(OAuthError::RefreshTokenMissing));
    for text in ["x", &presented().reveal()[..50], &presented().reveal().replace("rt", "ac")] {
        assert_eq!(
            Request::parse(&Params::from_pairs([("refresh_token", text)]).unwrap()),
            Err(OAuthError::RefreshTokenUnknown)
        );
    }
    let request = Request::parse(&Params::from_pairs([("refresh_token", presented().reveal())]).unwrap()).unwrap();
    refused(
        at(NOW, |ctx| decide(ctx, authenticated(&spa()), None, &request, None, &apis())),
        OAuthError::RefreshTokenUnknown,
    );
}

#[test]
fn the_answer_is_the_json_clients_expect() {
    let issue = run(superseded(1, UNUSED)).unwrap();
    let response = issue.response("at".to_owned(), Some("it".to_owned()), Some("rt".to_owned()));
    let expected = serde_json::json!({
        "access_token": "at", "token_type": "Bearer", "expires_in": 600, "scope": "openid offline_access read:dragons write:dragons",
        "refresh_token": "rt", "id_token": "it"
    });
    assert_eq!(serde_json::to_value(&response).unwrap(), expected);
    let shown = format!("{response:?}");
    assert!(!shown.contains("\"rt\"") && !shown.contains("\"at\"") && !shown.contains("\"it\""));
}

fn found_of(client: &Client, state: TokenState) -> Facts {
    let mut facts = found(state);
    facts.family.client_id = client.client_id.clone();
    facts
}

fn run_bound(client: &Client, facts: Facts) -> Result<Issue, Refusal> {
    let (token, held) = (presented(), Confirmation::Jkt("key".to_owned()));
    let request = Request::parse(&Params::from_pairs([("refresh_token", token.reveal())]).unwrap()).unwrap();
    at(NOW, |ctx| decide(ctx, authenticated(client), Some(&held), &request, Some(facts), &apis()))
}

#[test]
fn fapi2_section_5_3_2_1_a_refresh_token_is_not_rotated() {
    let (client, _) = crate::testing::fapi2();
    let issue = run_bound(&client, found_of(&client, TokenState::Current)).unwrap();
    assert_eq!(issue.refresh_token, RefreshAnswer::Absent, "RFC 6749 §6: the client keeps what it has");
    let Effect::NoteAccessToken { family_id, .. } = &issue.effect else { panic!("{:?}", issue.effect) };
    assert_eq!(family_id, "family-1");
    // What was rotated before the client kept to the profile still gives a thief away.
    let stolen = TokenState::Superseded { at: NOW - 3_600, successor: Successor::Used };
    theft(run_bound(&client, found_of(&client, stolen)));
    let plain = Client { security: crate::registration::Security::default(), ..client };
    let issue = run_bound(&plain, found_of(&plain, TokenState::Current)).unwrap();
    assert!(matches!(issue.refresh_token, RefreshAnswer::New(_)));
}

#[test]
fn a_token_that_is_not_rotated_lives_as_long_as_its_family() {
    let (client, _) = crate::testing::fapi2();
    let record = |client: &Client| at(NOW, |ctx| new_refresh_token(ctx, client, "family-1", NOW + 90 * 86_400).1);
    assert_eq!(record(&client).expires_at, NOW + 90 * 86_400);
    assert_eq!(record(&spa()).expires_at, NOW + 14 * 86_400);
}
