//! Sessions: beginning, replacing, touching, ending.

use super::world::{ABSOLUTE, ACCESS, IDLE, NOW, World, begin, hash, session};
use crate::error::{Conflict, StoreError};
use crate::record::{Ended, Family, Issued, NewFamily, NewSession, RevocationKind, Session, UserStatus};

pub(crate) async fn a_blocked_or_deleted_user_begins_no_session(world: World) {
    let stale = NewSession { revocation_handle: "handle-old".into(), ..begin(session("ann", 1)) };
    assert_eq!(world.create_session(stale).await, Ok(Issued::Changed));
    world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await.unwrap();
    let fresh = NewSession { revocation_handle: "handle-new".into(), ..begin(session("ann", 1)) };
    assert_eq!(world.create_session(fresh.clone()).await, Ok(Issued::Gone));
    world.delete_user("ann", NOW).await.unwrap();
    assert_eq!(world.create_session(fresh).await, Ok(Issued::Gone));
    assert_eq!(world.session(hash(1)).await, Ok(None));
}

pub(crate) async fn a_new_session_ends_the_one_it_replaces(world: World) {
    let old = world.sign_in("ann", 1).await;
    let family = world.authorise(&old, 11).await;
    let other = world.sign_in("ann", 3).await;
    let new = NewSession { replaces: Some(old.id_hash), ..begin(session("bob", 2)) };
    assert_eq!(world.create_session(new).await, Ok(Issued::Done));
    let (found, user) = world.session(hash(1)).await.unwrap().unwrap();
    assert_eq!((found.ended_at, found.ended_why.as_deref()), (Some(NOW), Some("superseded")));
    assert_eq!(user.id, "ann");
    assert!(!world.family_lives(&family.id).await);
    assert!(world.session_lives(&other.sid).await && world.session_lives("sid-2").await);
    let unknown = NewSession { replaces: Some(hash(99)), ..begin(session("ann", 4)) };
    assert_eq!(world.create_session(unknown).await, Ok(Issued::Done), "an unknown old cookie is no hindrance");
}

pub(crate) async fn authenticating_again_changes_the_cookie_only(world: World) {
    let old = world.sign_in("ann", 1).await;
    let family = world.authorise(&old, 11).await;
    let again = Session { id_hash: hash(2), auth_time: NOW + 9, created_at: NOW + 9, ..old.clone() };
    let new = NewSession { replaces: Some(old.id_hash), ..begin(again.clone()) };
    assert_eq!(world.create_session(new).await, Ok(Issued::Done));
    assert_eq!(world.session(hash(1)).await, Ok(None), "the old cookie is dead");
    assert_eq!(world.session_by_sid(&old.sid).await, Ok(Some(again)));
    assert!(world.family_lives(&family.id).await);
    assert!(world.revoked().await.is_empty());
    // Neither another user nor an ended session can be taken over by its sid.
    let theft = Session { sid: old.sid.clone(), ..session("bob", 3) };
    let theft = NewSession { replaces: Some(hash(2)), ..begin(theft) };
    assert_eq!(world.create_session(theft).await, Ok(Issued::Changed));
    assert!(world.session_lives(&old.sid).await, "nothing was ended on the way");
    world.end_session(&old.sid, "logout", NOW + 9).await.unwrap();
    let sid = old.sid.clone();
    let revival = Session { id_hash: hash(4), ..old };
    let revival = NewSession { replaces: Some(hash(2)), ..begin(revival) };
    assert_eq!(world.create_session(revival).await, Ok(Issued::Changed));
    assert!(!world.session_lives(&sid).await);
}

pub(crate) async fn a_taken_sid_or_hash_is_refused(world: World) {
    world.sign_in("ann", 1).await;
    let same_sid = Session { id_hash: hash(2), ..session("bob", 1) };
    let same_hash = Session { sid: "sid-2".into(), ..session("bob", 1) };
    assert_eq!(world.create_session(begin(same_sid)).await, Ok(Issued::Changed));
    let refused = world.create_session(begin(same_hash)).await;
    assert_eq!(refused, Err(StoreError::Conflict(Conflict::Exists)));
    assert_eq!(world.session(hash(1)).await.unwrap().unwrap().1.id, "ann");
}

pub(crate) async fn touch_moves_the_idle_expiry_within_bounds(world: World) {
    world.sign_in("ann", 1).await;
    assert_eq!(world.touch_session(hash(1), NOW + 5, IDLE + 5).await, Ok(true));
    let found = world.session_by_sid("sid-1").await.unwrap().unwrap();
    assert_eq!((found.last_seen_at, found.idle_expires_at), (NOW + 5, IDLE + 5));
    assert_eq!(world.touch_session(hash(1), NOW + 3, IDLE).await, Ok(true));
    let found = world.session_by_sid("sid-1").await.unwrap().unwrap();
    assert_eq!((found.last_seen_at, found.idle_expires_at), (NOW + 5, IDLE + 5), "never back");
    world.touch_session(hash(1), NOW + 6, ABSOLUTE + 100).await.unwrap();
    let found = world.session_by_sid("sid-1").await.unwrap().unwrap();
    assert_eq!(found.idle_expires_at, ABSOLUTE, "never past the absolute expiry");
    assert_eq!(world.touch_session(hash(1), ABSOLUTE, ABSOLUTE + 9).await, Ok(false), "an expired one stays expired");
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    assert_eq!(world.touch_session(hash(1), NOW + 7, IDLE).await, Ok(false));
    assert_eq!(world.touch_session(hash(9), NOW, IDLE).await, Ok(false));
}

pub(crate) async fn ending_a_session_ends_what_is_bound_to_it(world: World) {
    let (one, two) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let (bound, other) = (world.authorise(&one, 11).await, world.authorise(&two, 12).await);
    let offline = Family { session_bound: false, ..super::world::family(&one, 13) };
    let new = NewFamily {
        family: offline.clone(),
        refresh_token: None,
        session: None,
        access_token: super::world::access_token("ann", 13),
    };
    assert_eq!(world.create_family(new).await, Ok(Issued::Done));
    let ended = world.end_session("sid-1", "logout", NOW + 1).await;
    assert_eq!(ended, Ok(Ended { families: 1, session: true, tokens_until: Some(ACCESS) }));
    let found = world.family(&bound.id).await.unwrap().unwrap();
    assert_eq!((found.ended_at, found.ended_why.as_deref()), (Some(NOW + 1), Some("logout")));
    assert!(world.family_lives(&offline.id).await && world.family_lives(&other.id).await);
    assert!(world.session_lives(&two.sid).await);
    assert_eq!(world.revoked().await, [(RevocationKind::Sid, "sid-1".to_owned())]);
    assert_eq!(world.revocations(0, 9).await.unwrap()[0].expires_at, ACCESS);
    for sid in ["sid-1", "nobody"] {
        assert_eq!(world.end_session(sid, "logout", NOW + 2).await, Ok(Ended::default()));
    }
    assert_eq!(world.revoked().await.len(), 1);
}

pub(crate) async fn live_sessions_are_listed(world: World) {
    for number in 1..=4 {
        world.sign_in("ann", number).await;
    }
    let short = Session { idle_expires_at: NOW + 10, ..session("ann", 5) };
    world.create_session(begin(short)).await.unwrap();
    world.sign_in("bob", 6).await;
    world.end_session("sid-2", "logout", NOW).await.unwrap();
    let sids = async |now| {
        let sessions = world.sessions_of("ann", now).await.unwrap();
        sessions.into_iter().map(|session| session.sid).collect::<Vec<_>>()
    };
    assert_eq!(sids(NOW).await, ["sid-1", "sid-3", "sid-4", "sid-5"]);
    assert_eq!(sids(NOW + 10).await, ["sid-1", "sid-3", "sid-4"]);
    assert!(sids(ABSOLUTE).await.is_empty());
    for (now, live) in [(NOW, 5), (NOW + 10, 4), (ABSOLUTE, 0)] {
        assert_eq!(world.count_sessions(now).await.unwrap(), live, "at {now}");
    }
}

pub(crate) async fn pages_of_sessions_cover_all_once(world: World) {
    for number in 1..=5 {
        world.sign_in(if number % 2 == 0 { "ann" } else { "bob" }, number).await;
    }
    world.end_session("sid-3", "logout", NOW).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.list_sessions(after, 2, NOW).await.unwrap();
        seen.extend(page.items.into_iter().map(|session| session.sid));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["sid-1", "sid-2", "sid-4", "sid-5"]);
    assert_eq!(world.count_sessions(NOW).await.unwrap(), 4);
}
