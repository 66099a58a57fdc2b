//! Rotation: conditional, atomic, never a fork (security 40 to 48, specs rule 4).

use super::world::{IDLE, NOW, World, access_token, hash, refresh_token, rotate};
use crate::error::StoreError;
use crate::record::{
    AlsoSession, Family, Issued, NewFamily, RefreshState, Rotate, RotateExpect, Rotated, Sweep, UNNAMED_UNTIL,
    UserStatus,
};

const CURRENT: RotateExpect = RotateExpect::Current;

fn unused(number: u8) -> RotateExpect {
    RotateExpect::SuccessorUnused(hash(number))
}

/// Ann, a session, a family with token 1.
async fn start(world: &World) -> Family {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 1).await
}

pub(crate) async fn rotation_supersedes_and_seals(world: World) {
    let family = start(&world).await;
    assert_eq!(world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await, Ok(Rotated::Done));
    let facts = world.refresh_facts(None, hash(1)).await.unwrap().unwrap();
    let superseded = RefreshState::Superseded { at: NOW + 10, successor: hash(2), sealed_successor: vec![2; 3] };
    assert_eq!(facts.token.state, superseded);
    assert_eq!(facts.successor, Some(refresh_token(&family.id, 2)));
    assert_eq!(facts.user, Some(world.ann().await));
    assert_eq!((facts.session.unwrap().sid.as_str(), facts.family), ("sid-1", family));
    assert_eq!(world.refresh_facts(None, hash(2)).await.unwrap().unwrap().successor, None);
}

pub(crate) async fn a_token_is_found_in_the_family_it_names_and_without_a_name_only_if_it_is_old(world: World) {
    let family = start(&world).await;
    let named = world.refresh_facts(Some(&family.id), hash(1)).await.unwrap().unwrap();
    assert_eq!(Some(named), world.refresh_facts(None, hash(1)).await.unwrap());
    assert_eq!(world.refresh_facts(Some("family-2"), hash(1)).await, Ok(None), "it is not of this family");
    let mut next = rotate(&family, 1, 2, CURRENT);
    next.successor.created_at = UNNAMED_UNTIL;
    assert_eq!(world.rotate_refresh_token(next).await, Ok(Rotated::Done));
    assert!(world.refresh_facts(Some(&family.id), hash(2)).await.unwrap().is_some());
    assert_eq!(world.refresh_facts(None, hash(2)).await, Ok(None));
}

pub(crate) async fn of_parallel_rotations_one_wins_and_the_family_cannot_fork(world: World) {
    let family = start(&world).await;
    let answers = world
        .at_once(50, move |world, number| {
            let rotate = rotate(&family, 1, 100 + number, CURRENT);
            async move { world.rotate_refresh_token(rotate).await.unwrap() }
        })
        .await;
    assert_eq!(answers.iter().filter(|answer| **answer == Rotated::Done).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Rotated::LostRace).count(), 49);
    let mut known = 0;
    for number in 100..150 {
        known += u8::from(world.refresh_facts(None, hash(number)).await.unwrap().is_some());
    }
    assert_eq!(known, 1, "the losers' tokens do not exist");
}

/// Each of ten tabs presents the same token; whoever loses the race reads again and finds the winner's successor.
pub(crate) async fn ten_refreshers_at_once_all_go_on(world: World) {
    let family = start(&world).await;
    let successors = world
        .at_once(10, move |world, number| {
            let rotate = rotate(&family, 1, 100 + number, CURRENT);
            async move {
                let rotated = world.rotate_refresh_token(rotate).await.unwrap();
                let facts = world.refresh_facts(None, hash(1)).await.unwrap().unwrap();
                if rotated == Rotated::LostRace {
                    let token = access_token("ann", 200 + number);
                    let noted = world.note_access_token(&facts.family.id, token, NOW + 10).await;
                    assert_eq!(noted, Ok(Issued::Done));
                }
                let RefreshState::Superseded { successor, sealed_successor, .. } = facts.token.state else {
                    panic!("not superseded")
                };
                assert_eq!(sealed_successor, vec![successor.0[0]; 3], "the seal belongs to the successor");
                successor
            }
        })
        .await;
    assert!(successors.iter().all(|successor| *successor == successors[0]), "all got the same one");
    assert!(world.family_lives("family-1").await);
    let families = world.end_family("family-1", "logout", NOW, AlsoSession::No).await.unwrap();
    assert_eq!((families.families, world.revoked().await.len()), (1, 11), "every access token was on record");
}

pub(crate) async fn a_lost_answer_gets_a_new_successor(world: World) {
    let family = start(&world).await;
    world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await.unwrap();
    let repair = Rotate { now: NOW + 60, ..rotate(&family, 1, 3, unused(2)) };
    assert_eq!(world.rotate_refresh_token(repair).await, Ok(Rotated::Done));
    assert_eq!((world.state(2).await, world.state(3).await), (RefreshState::Dead, RefreshState::Current));
    let repointed = RefreshState::Superseded { at: NOW + 60, successor: hash(3), sealed_successor: vec![3; 3] };
    assert_eq!(world.state(1).await, repointed);
    // The dead token neither rotates nor is repaired.
    for expect in [CURRENT, unused(3), unused(2)] {
        assert_eq!(world.rotate_refresh_token(rotate(&family, 2, 9, expect)).await, Ok(Rotated::LostRace));
    }
    assert_eq!(world.rotate_refresh_token(rotate(&family, 3, 4, CURRENT)).await, Ok(Rotated::Done));
}

/// All but the presented one, whose successor may still be unused; and nothing of another family.
pub(crate) async fn a_rotation_forgets_what_was_superseded_before(world: World) {
    let family = start(&world).await;
    let other = world.sign_in("bob", 2).await;
    let other = world.authorise(&other, 50).await;
    world.rotate_refresh_token(rotate(&other, 50, 51, CURRENT)).await.unwrap();
    let at = |now, presented, successor, expect| Rotate { now, ..rotate(&family, presented, successor, expect) };
    for rotate in [
        at(NOW + 10, 1, 2, CURRENT),
        at(NOW + 20, 1, 3, unused(2)),
        at(NOW + 30, 3, 4, CURRENT),
        at(NOW + 40, 4, 5, CURRENT),
    ] {
        assert_eq!(world.rotate_refresh_token(rotate).await, Ok(Rotated::Done));
    }
    let last = Rotate { forget_until: NOW + 30, ..at(NOW + 50, 5, 6, CURRENT) };
    assert_eq!(world.rotate_refresh_token(last).await, Ok(Rotated::Done));
    let mut known = Vec::new();
    for number in [1, 2, 3, 4, 5, 6, 50, 51] {
        if world.refresh_facts(None, hash(number)).await.unwrap().is_some() {
            known.push(number);
        }
    }
    assert_eq!(known, [4, 5, 6, 50, 51]);
    let much_later = Rotate { forget_until: NOW + 1000, ..at(NOW + 1060, 6, 7, CURRENT) };
    assert_eq!(world.rotate_refresh_token(much_later).await, Ok(Rotated::Done));
    assert!(matches!(world.state(6).await, RefreshState::Superseded { .. }), "its answer may have been lost");
}

/// What the sweep has removed was over, not used: whoever shows it is no thief.
pub(crate) async fn only_a_family_with_a_current_and_a_superseded_token_forgets(world: World) {
    let family = start(&world).await;
    let forgetful = async || world.forgetful_family(&family.id).await.unwrap().map(|found| found.id);
    assert_eq!(forgetful().await, None, "it has never rotated");
    let mut successor = refresh_token(&family.id, 2);
    successor.expires_at = IDLE + 1000;
    let rotate = Rotate { successor, ..rotate(&family, 1, 2, CURRENT) };
    assert_eq!(world.rotate_refresh_token(rotate).await, Ok(Rotated::Done));
    assert_eq!(forgetful().await, Some(family.id.clone()));
    let sweep = async |now| {
        let sweep = Sweep { now, limit: 100, keep_secs: 0, audit_keep_secs: None };
        while world.sweep(sweep).await.unwrap().more {}
    };
    sweep(IDLE + 10).await;
    assert_eq!(world.refresh_facts(None, hash(1)).await, Ok(None), "its answer got lost, and its time is over");
    assert_eq!((world.state(2).await, forgetful().await), (RefreshState::Current, None));
    sweep(IDLE + 2000).await;
    assert_eq!(forgetful().await, None, "nothing is left of it");
    assert_eq!(world.forgetful_family("nobody's").await, Ok(None));
}

pub(crate) async fn of_parallel_repairs_one_wins(world: World) {
    let family = start(&world).await;
    world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await.unwrap();
    let answers = world
        .at_once(30, move |world, number| {
            let rotate = rotate(&family, 1, 100 + number, unused(2));
            async move { (number, world.rotate_refresh_token(rotate).await.unwrap()) }
        })
        .await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.1 == Rotated::Done).map(|answer| answer.0).collect();
    let [winner] = winners[..] else { panic!("{} winners", winners.len()) };
    assert_eq!(world.state(100 + winner).await, RefreshState::Current, "the token that was handed out works");
}

pub(crate) async fn a_used_successor_cannot_be_replaced(world: World) {
    let family = start(&world).await;
    world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await.unwrap();
    world.rotate_refresh_token(rotate(&family, 2, 3, CURRENT)).await.unwrap();
    for expect in [CURRENT, unused(2), unused(3)] {
        assert_eq!(world.rotate_refresh_token(rotate(&family, 1, 9, expect)).await, Ok(Rotated::LostRace));
    }
    assert_eq!(world.rotate_refresh_token(rotate(&family, 3, 9, unused(2))).await, Ok(Rotated::LostRace));
    assert_eq!(world.state(3).await, RefreshState::Current, "the store does not decide that it was theft");
    assert!(world.family_lives(&family.id).await);
}

pub(crate) async fn an_ended_family_does_not_rotate(world: World) {
    let family = start(&world).await;
    world.end_family(&family.id, "logout", NOW, AlsoSession::No).await.unwrap();
    assert_eq!(world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await, Ok(Rotated::Ended));
    assert_eq!(world.refresh_facts(None, hash(2)).await, Ok(None));
}

pub(crate) async fn a_family_past_its_absolute_expiry_does_not_rotate(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = Family { absolute_expires_at: NOW + 50, ..super::world::family(&session, 1) };
    let refresh_token = Some(refresh_token(&family.id, 1));
    let new = NewFamily { family: family.clone(), refresh_token, session: None, access_token: access_token("ann", 1) };
    world.create_family(new).await.unwrap();
    let late = Rotate { now: NOW + 50, ..rotate(&family, 1, 2, CURRENT) };
    assert_eq!(world.rotate_refresh_token(late).await, Ok(Rotated::Ended));
    let in_time = Rotate { now: NOW + 49, ..rotate(&family, 1, 2, CURRENT) };
    assert_eq!(world.rotate_refresh_token(in_time).await, Ok(Rotated::Done));
}

pub(crate) async fn an_expired_or_unknown_token_does_not_rotate(world: World) {
    let family = start(&world).await;
    let late = Rotate { now: IDLE, ..rotate(&family, 1, 2, CURRENT) };
    assert_eq!(world.rotate_refresh_token(late).await, Ok(Rotated::Ended));
    assert_eq!(world.rotate_refresh_token(rotate(&family, 9, 2, CURRENT)).await, Ok(Rotated::Ended));
    assert_eq!(world.refresh_facts(None, hash(9)).await, Ok(None));
    assert_eq!(world.state(1).await, RefreshState::Current);
}

pub(crate) async fn a_new_handle_makes_rotation_decide_again(world: World) {
    let family = start(&world).await;
    let roles = ["admin".to_owned()];
    world.set_user_roles("ann", &roles, &[], Some("handle-new"), NOW).await.unwrap();
    assert_eq!(world.rotate_refresh_token(rotate(&family, 1, 2, CURRENT)).await, Ok(Rotated::LostRace));
    let note = world.note_access_token(&family.id, access_token("ann", 5), NOW).await;
    assert_eq!(note, Ok(Issued::Changed));
    let mut again = rotate(&family, 1, 2, CURRENT);
    again.access_token.revocation_handle = "handle-new".into();
    assert_eq!(world.rotate_refresh_token(again.clone()).await, Ok(Rotated::Done));
    world.set_user_status("ann", UserStatus::Blocked, "handle-last", NOW).await.unwrap();
    again.access_token.revocation_handle = "handle-last".into();
    (again.presented, again.successor.hash) = (hash(2), hash(3));
    assert_eq!(world.rotate_refresh_token(again).await, Ok(Rotated::Ended));
}

pub(crate) async fn an_ended_session_stops_bound_families_only(world: World) {
    let bound = start(&world).await;
    let session = world.session_by_sid("sid-1").await.unwrap().unwrap();
    let offline = Family { session_bound: false, ..super::world::family(&session, 5) };
    let refresh_token = Some(refresh_token(&offline.id, 5));
    let new = NewFamily { family: offline.clone(), refresh_token, session: None, access_token: access_token("ann", 5) };
    world.create_family(new).await.unwrap();
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    assert_eq!(world.rotate_refresh_token(rotate(&bound, 1, 2, CURRENT)).await, Ok(Rotated::Ended));
    let mut naming_it = rotate(&offline, 5, 6, CURRENT);
    naming_it.access_token.sid = Some("sid-1".into());
    assert_eq!(world.rotate_refresh_token(naming_it).await, Ok(Rotated::LostRace), "no token names an ended session");
    assert_eq!(world.rotate_refresh_token(rotate(&offline, 5, 6, CURRENT)).await, Ok(Rotated::Done));
    let late = NewFamily {
        session: None,
        family: super::world::family(&session, 7),
        refresh_token: None,
        access_token: access_token("ann", 7),
    };
    assert_eq!(world.create_family(late).await, Ok(Issued::Gone), "no family is born into an ended session");
}

pub(crate) async fn a_successor_of_another_family_is_refused(world: World) {
    let family = start(&world).await;
    let his = world.sign_in("bob", 2).await;
    let his = world.authorise(&his, 5).await;
    let mut foreign = rotate(&family, 1, 2, CURRENT);
    foreign.successor = refresh_token(&his.id, 2);
    assert_eq!(world.rotate_refresh_token(foreign).await, Ok(Rotated::Ended), "that family has no such token");
    let mut dead = rotate(&family, 1, 2, CURRENT);
    dead.successor.state = RefreshState::Dead;
    assert!(matches!(world.rotate_refresh_token(dead).await, Err(StoreError::Invalid(_))));
    assert_eq!(world.state(1).await, RefreshState::Current, "a refused rotation changes nothing");
}
