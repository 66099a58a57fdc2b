//! The sweep: bounded, and never of something that still matters.

use super::logs::event;
use super::world::{ABSOLUTE, ACCESS, IDLE, NOW, World, code, hash, redeem, rotate, session};
use crate::record::{AlsoSession, Artefact, Attempt, RefreshState, RotateExpect, Sweep, Swept, ThrottleKey};

const KEEP: u64 = 3900;

fn at(now: u64) -> Sweep {
    Sweep { now, limit: 100, keep_secs: KEEP, audit_keep_secs: None }
}

/// One of everything, all live at `NOW`.
async fn fill(world: &World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    world.rotate_refresh_token(rotate(&family, 11, 12, RotateExpect::Current)).await.unwrap();
    world.code(&session, 21).await;
    world.redeem_code(redeem(&session, 21, 22)).await.unwrap();
    world.remember_once("assertion", hash(1), NOW + 60, NOW).await.unwrap();
    let key = ThrottleKey { key: "k".into(), free: 1, base_delay_secs: 1, max_delay_secs: 1, window_secs: 60 };
    assert_eq!(world.begin_attempt(vec![key], NOW).await, Ok(Attempt::Allowed));
    world.append_audit(vec![event(NOW, "a")]).await.unwrap();
}

pub(crate) async fn nothing_live_is_swept(world: World) {
    fill(&world).await;
    for now in [0, NOW, IDLE] {
        assert_eq!(world.sweep(at(now)).await, Ok(Swept::default()));
    }
    assert_eq!(world.state(12).await, RefreshState::Current);
    assert_eq!(world.audit(0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn ended_things_are_kept_for_their_time(world: World) {
    fill(&world).await;
    world.end_family("family-11", "theft", NOW + 10, AlsoSession::Yes).await.unwrap();
    world.sweep(at(ACCESS + 299)).await.unwrap();
    assert_eq!(world.revoked().await.len(), 3, "as long as a token they concern may live");
    world.sweep(at(NOW + 9 + KEEP)).await.unwrap();
    let facts = world.refresh_facts(None, hash(11)).await.unwrap().unwrap();
    assert!(facts.family.ended_at.is_some(), "whoever presents the token is told that it ended");
    assert!(world.session_by_sid("sid-1").await.unwrap().is_some());
    assert!(world.revoked().await.is_empty());
    let last = ACCESS + KEEP;
    world.sweep(at(last)).await.unwrap();
    assert_eq!(world.session_by_sid("sid-1").await, Ok(None));
    assert_eq!(world.family("family-11").await, Ok(None));
    assert_eq!(world.sweep(at(last)).await, Ok(Swept::default()), "nothing is left over");
    assert!(world.user("ann").await.unwrap().is_some());
}

pub(crate) async fn superseded_tokens_stay_as_long_as_a_replay_matters(world: World) {
    fill(&world).await;
    world.sweep(at(IDLE + KEEP - 1)).await.unwrap();
    assert!(matches!(world.state(11).await, RefreshState::Superseded { .. }));
    // A redeemed code is remembered as redeemed, with its family, well past its own life.
    world.sweep(at(NOW + 59 + KEEP)).await.unwrap();
    let code = world.code_facts(Artefact::AUTHORIZATION_CODE, hash(21)).await;
    assert!(code.is_ok());
    let fresh = Artefact { expires_at: NOW + 60, ..code_of_ann(23) };
    world.put_artefact(fresh).await.unwrap();
    world.sweep(at(NOW + 59 + KEEP)).await.unwrap();
    assert!(world.code_facts(Artefact::AUTHORIZATION_CODE, hash(23)).await.unwrap().is_some());
    world.sweep(at(NOW + 60 + KEEP)).await.unwrap();
    assert_eq!(world.code_facts(Artefact::AUTHORIZATION_CODE, hash(23)).await, Ok(None));
}

fn code_of_ann(number: u8) -> Artefact {
    code(&session("ann", 1), number)
}

pub(crate) async fn a_spent_family_goes_with_its_last_token(world: World) {
    fill(&world).await;
    let swept = world.sweep(at(IDLE + KEEP)).await.unwrap();
    let expected = Swept { artefacts: 1, families: 2, remembered: 1, sessions: 1, throttles: 1, tokens: 6, ..swept };
    assert_eq!(swept, expected);
    assert!(!swept.more);
    assert_eq!(world.family("family-11").await, Ok(None));
    assert_eq!(world.refresh_facts(None, hash(12)).await, Ok(None));
    assert_eq!(world.sweep(at(ABSOLUTE + KEEP)).await, Ok(Swept::default()));
}

pub(crate) async fn batches_are_small_and_say_when_there_is_more(world: World) {
    let session = world.sign_in("ann", 1).await;
    for number in 10..17 {
        world.authorise(&session, number).await;
        world.code(&session, number).await;
    }
    let small = Sweep { limit: 3, ..at(ABSOLUTE + KEEP) };
    let mut rounds = 0;
    let mut total = Swept::default();
    loop {
        let swept = world.sweep(small).await.unwrap();
        assert!(swept.artefacts <= 3 && swept.families <= 9);
        total.artefacts += swept.artefacts;
        total.families += swept.families;
        rounds += 1;
        if !swept.more {
            break;
        }
        assert!(rounds < 20, "it ends");
    }
    assert_eq!((total.artefacts, total.families), (7, 7));
    assert!(rounds > 2);
}

pub(crate) async fn audit_goes_by_its_own_retention(world: World) {
    let events = [5, 10, 15].map(|age| event(NOW - age, "a"));
    world.append_audit(events.to_vec()).await.unwrap();
    let sweep = Sweep { audit_keep_secs: Some(10), ..at(NOW) };
    assert_eq!(world.sweep(sweep).await.unwrap().audit_events, 1);
    let left: Vec<_> = world.audit(0, 9).await.unwrap().into_iter().map(|record| record.event.at).collect();
    assert_eq!(left, [NOW - 5, NOW - 10]);
    let one_at_a_time = Sweep { limit: 1, audit_keep_secs: Some(0), ..at(NOW) };
    let swept = world.sweep(one_at_a_time).await.unwrap();
    assert!(swept.audit_events == 1 && swept.more);
    let seq = world.audit(0, 9).await.unwrap()[0].seq;
    world.sweep(one_at_a_time).await.unwrap();
    world.append_audit(vec![event(NOW, "b")]).await.unwrap();
    assert!(world.audit(0, 9).await.unwrap()[0].seq > seq, "a number does not come back");
}
