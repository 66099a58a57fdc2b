//! Session values: access tokens that mean nothing until they are looked up.

use super::world::{ABSOLUTE, NOW, World, access_token, family, hash, session};
use crate::error::StoreError;
use crate::record::{
    AlsoSession, Ended, Family, Issued, IssuedAccessToken, NewFamily, NewRevocation, RevocationKind, Session, Sweep,
    UserStatus,
};

/// A value with the hash `hash(number)` and the id `jti-NUMBER`, as long-lived as its family.
fn value(user: &str, number: u8) -> IssuedAccessToken {
    IssuedAccessToken { expires_at: ABSOLUTE, session_hash: Some(hash(number)), ..access_token(user, number) }
}

fn born_in(session: &Session, number: u8) -> NewFamily {
    NewFamily {
        family: family(session, number),
        session: None,
        refresh_token: None,
        access_token: value(&session.user_id, number),
    }
}

pub(crate) async fn a_session_value_is_found_with_all_that_decides_about_it(world: World) {
    let session = world.sign_in("ann", 1).await;
    assert_eq!(world.create_family(born_in(&session, 11)).await, Ok(Issued::Done));
    world.authorise(&session, 12).await;
    let found = world.session_value_facts(hash(11)).await.unwrap().unwrap();
    assert_eq!((found.jti.as_str(), &found.family), ("jti-11", &family(&session, 11)));
    assert_eq!((found.token.user, found.token.session), (Some(world.ann().await), Some(session.clone())));
    assert!(!found.token.jti_revoked && found.token.revoked_until.is_none());
    for other in [12, 1, 99] {
        assert_eq!(world.session_value_facts(hash(other)).await, Ok(None), "a refresh token, a cookie, nothing");
    }
    let rule =
        NewRevocation { kind: RevocationKind::Client, id: "spa".into(), revoked_at: NOW + 5, expires_at: NOW + 5 };
    world.revoke(vec![rule]).await.unwrap();
    world.end_session("sid-1", "logout", NOW + 9).await.unwrap();
    let found = world.session_value_facts(hash(11)).await.unwrap().unwrap();
    assert_eq!((found.family.ended_at, found.token.revoked_until), (Some(NOW + 5), Some(NOW + 5)), "by the rule");
    assert_eq!(found.token.session.unwrap().ended_at, Some(NOW + 9));
}

pub(crate) async fn what_ends_a_session_value_is_logged_for_a_guards_memory_only(world: World) {
    let (one, two) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let three = world.sign_in("ann", 3).await;
    for (session, number) in [(&one, 11), (&two, 12), (&three, 13)] {
        assert_eq!(world.create_family(born_in(session, number)).await, Ok(Issued::Done));
    }
    let alone = world.end_family("family-11", "revoked", NOW + 1, AlsoSession::No).await;
    assert_eq!(alone, Ok(Ended { families: 1, session: false, tokens_until: None }), "nobody can go on without asking");
    let signed_out = world.end_session("sid-2", "logout", NOW + 2).await;
    assert_eq!(signed_out, Ok(Ended { families: 1, session: true, tokens_until: None }));
    let everywhere = world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW + 3).await.unwrap();
    assert_eq!((everywhere.families, everywhere.tokens_until), (1, None));
    let log = world.revocations(0, 9).await.unwrap();
    let named: Vec<_> = log.iter().map(|entry| (entry.kind, entry.id.as_str(), entry.expires_at)).collect();
    assert_eq!(
        named,
        [
            (RevocationKind::Jti, "jti-11", NOW + 1),
            (RevocationKind::Sid, "sid-2", NOW + 2),
            (RevocationKind::UserHandle, "handle-ann", NOW + 3)
        ]
    );
}

/// The log forgets rules after a day.
pub(crate) async fn a_rule_ends_the_session_values_it_is_about_and_no_other_family(world: World) {
    let session = world.sign_in("ann", 1).await;
    let audience = family(&session, 11).audience[0].clone();
    let of = |kind, id: &str| NewRevocation { kind, id: id.into(), revoked_at: NOW + 5, expires_at: NOW + 5 };
    let rules = [
        of(RevocationKind::Client, "spa"),
        of(RevocationKind::Api, &audience),
        of(RevocationKind::All, ""),
        of(RevocationKind::Client, "other"),
        of(RevocationKind::Api, "https://other.example.com"),
        of(RevocationKind::Key, "spa"),
        NewRevocation { revoked_at: NOW - 1, ..of(RevocationKind::Client, "spa") },
    ];
    for (number, rule) in (11..).zip(rules.clone()) {
        let ends = number < 14;
        assert_eq!(world.create_family(born_in(&session, number)).await, Ok(Issued::Done));
        world.authorise(&session, number + 20).await;
        world.revoke(vec![rule.clone()]).await.unwrap();
        let found = world.session_value_facts(hash(number)).await.unwrap().unwrap();
        assert_eq!(found.family.ended_at, ends.then_some(NOW + 5), "{rule:?}");
        assert!(world.family_lives(&format!("family-{}", number + 20)).await, "its access tokens are signed: {rule:?}");
        world.end_family(&format!("family-{number}"), "revoked", NOW + 6, AlsoSession::No).await.unwrap();
    }
}

pub(crate) async fn a_session_can_begin_with_its_family(world: World) {
    let session = session("ann", 1);
    let new = NewFamily { session: Some(session.clone()), ..born_in(&session, 11) };
    assert_eq!(world.create_family(new).await, Ok(Issued::Done));
    assert_eq!(world.session_by_sid("sid-1").await, Ok(Some(session.clone())));
    assert_eq!(world.session_value_facts(hash(11)).await.unwrap().unwrap().token.session, Some(session));
    assert_eq!(world.touch_session(hash(1), NOW + 5, NOW + 9_000).await, Ok(true));
    world.end_session("sid-1", "logout", NOW + 9).await.unwrap();
    assert!(!world.family_lives("family-11").await);
}

pub(crate) async fn nothing_begins_with_a_family_that_is_refused(world: World) {
    let (mine, his) = (session("ann", 1), world.sign_in("bob", 2).await);
    let begun = |session: &Session| NewFamily { session: Some(session.clone()), ..born_in(session, 11) };
    let mut stale = begun(&mine);
    stale.access_token.revocation_handle = "handle-old".into();
    assert_eq!(world.create_family(stale).await, Ok(Issued::Changed));
    for strange in [Family { sid: None, ..family(&mine, 11) }, Family { user_id: "bob".into(), ..family(&mine, 11) }] {
        let new = NewFamily { family: strange, ..begun(&mine) };
        assert!(matches!(world.create_family(new).await, Err(StoreError::Invalid(_))));
    }
    let taken = Session { sid: his.sid.clone(), ..mine.clone() };
    assert!(world.create_family(begun(&taken)).await.is_err(), "somebody has that sid");
    world.set_user_status("ann", UserStatus::Blocked, "handle-ann", NOW).await.unwrap();
    assert_eq!(world.create_family(begun(&mine)).await, Ok(Issued::Gone));
    assert_eq!(world.session_by_sid("sid-1").await, Ok(None));
    assert_eq!(world.family("family-11").await, Ok(None));
    assert_eq!(world.session_value_facts(hash(11)).await, Ok(None));
    assert_eq!(world.session_by_sid(&his.sid).await, Ok(Some(his)));
}

pub(crate) async fn an_ended_session_value_is_forgotten_before_its_expiry(world: World) {
    let session = world.sign_in("ann", 1).await;
    for number in [11, 12] {
        assert_eq!(world.create_family(born_in(&session, number)).await, Ok(Issued::Done));
    }
    world.end_family("family-11", "revoked", NOW, AlsoSession::No).await.unwrap();
    let at = |now| Sweep { now, limit: 100, keep_secs: 100, audit_keep_secs: None };
    assert_eq!(world.sweep(at(NOW + 99)).await.unwrap().tokens, 0);
    let swept = world.sweep(at(NOW + 100)).await.unwrap();
    assert_eq!((swept.tokens, swept.families), (1, 1));
    assert_eq!(world.session_value_facts(hash(11)).await, Ok(None));
    assert!(world.session_value_facts(hash(12)).await.unwrap().is_some(), "the other lives on");
}
