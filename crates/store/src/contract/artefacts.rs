//! Single use: codes and links work once, for whom they were made, while they last (security 23 to 25).

use super::world::{NOW, World, code, family, handle, hash, redeem, session};
use crate::error::{Conflict, StoreError};
use crate::record::{
    AnswerArtefact, AnsweredBy, Artefact, Claim, NewDelivery, RedeemCode, Redeemed, RefreshState, Session, UserStatus,
};

const CODE: &str = Artefact::AUTHORIZATION_CODE;

fn link(number: u8) -> Artefact {
    Artefact { kind: "setup".into(), user_id: None, sid: None, client_id: None, ..code(&session("ann", 1), number) }
}

pub(crate) async fn of_parallel_redemptions_one_wins(world: World) {
    world.put_artefact(link(1)).await.unwrap();
    let answers =
        world.at_once(50, |world, _| async move { world.redeem_artefact("setup", hash(1), NOW).await.unwrap() }).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Redeemed::Done).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Redeemed::AlreadyRedeemed).count(), 49);
}

pub(crate) async fn of_parallel_code_redemptions_one_wins(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    let answers = world
        .at_once(50, move |world, number| {
            let redeem = redeem(&session, 1, 100 + number);
            async move { (number, world.redeem_code(redeem).await.unwrap()) }
        })
        .await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.1 == Redeemed::Done).map(|answer| answer.0).collect();
    let [winner] = winners[..] else { panic!("{} winners", winners.len()) };
    assert!(answers.iter().all(|answer| answer.0 == winner || answer.1 == Redeemed::AlreadyRedeemed));
    let families = world.families_of("ann", NOW).await.unwrap();
    assert_eq!(families.len(), 1, "the losers left nothing");
    assert_eq!(
        world.code_facts(Artefact::AUTHORIZATION_CODE, hash(1)).await.unwrap().unwrap().code.family.as_ref(),
        Some(&families[0].id)
    );
    assert_eq!(families[0].id, format!("family-{}", 100 + winner));
}

pub(crate) async fn a_code_is_redeemed_once_with_all_that_is_born_of_it(world: World) {
    let session = world.sign_in("ann", 1).await;
    let code = world.code(&session, 1).await;
    assert_eq!(world.artefact(CODE, hash(1)).await, Ok(Some(code)));
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Done));
    let found = world.artefact(CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!((found.redeemed_at, found.family.as_deref()), (Some(NOW + 1), Some("family-11")));
    let facts = world.refresh_facts(None, hash(11)).await.unwrap().unwrap();
    assert_eq!(facts.family, family(&session, 11));
    assert_eq!(facts.token.state, RefreshState::Current);
    // The second use tells the caller which family has to die.
    assert_eq!(world.redeem_code(redeem(&session, 1, 12)).await, Ok(Redeemed::AlreadyRedeemed));
    assert_eq!(
        world.code_facts(Artefact::AUTHORIZATION_CODE, hash(1)).await.unwrap().unwrap().code.family.as_deref(),
        Some("family-11")
    );
    assert_eq!(world.refresh_facts(None, hash(12)).await, Ok(None));
    assert_eq!(world.family("family-12").await, Ok(None));
}

pub(crate) async fn an_expired_artefact_is_refused(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    world.put_artefact(link(2)).await.unwrap();
    let late = RedeemCode { now: NOW + 60, ..redeem(&session, 1, 11) };
    assert_eq!(world.redeem_code(late).await, Ok(Redeemed::Expired));
    assert_eq!(world.redeem_artefact("setup", hash(2), NOW + 60).await, Ok(Redeemed::Expired));
    assert_eq!(
        world.redeem_artefact("setup", hash(2), NOW + 59).await,
        Ok(Redeemed::Done),
        "a refusal uses nothing up"
    );
}

pub(crate) async fn a_redeemed_code_says_so_even_when_expired(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    world.redeem_code(redeem(&session, 1, 11)).await.unwrap();
    let late = RedeemCode { now: NOW + 600, ..redeem(&session, 1, 12) };
    assert_eq!(world.redeem_code(late).await, Ok(Redeemed::AlreadyRedeemed));
}

pub(crate) async fn an_unknown_artefact_is_unknown(world: World) {
    assert_eq!(world.artefact("setup", hash(1)).await, Ok(None));
    assert_eq!(world.code_facts(Artefact::AUTHORIZATION_CODE, hash(1)).await, Ok(None));
    assert_eq!(world.redeem_artefact("setup", hash(1), NOW).await, Ok(Redeemed::Unknown));
    assert_eq!(world.redeem_code(redeem(&session("ann", 1), 1, 11)).await, Ok(Redeemed::Unknown));
}

pub(crate) async fn a_second_kind_does_not_find_the_hash(world: World) {
    world.put_artefact(link(1)).await.unwrap();
    assert_eq!(world.redeem_artefact("password_reset", hash(1), NOW).await, Ok(Redeemed::Unknown));
    assert_eq!(world.redeem_code(redeem(&session("ann", 1), 1, 11)).await, Ok(Redeemed::Unknown));
    let reset = Artefact { kind: "password_reset".into(), ..link(1) };
    world.put_artefact(reset).await.unwrap();
    assert_eq!(world.redeem_artefact("password_reset", hash(1), NOW).await, Ok(Redeemed::Done));
    assert_eq!(world.redeem_artefact("setup", hash(1), NOW).await, Ok(Redeemed::Done), "kinds stay apart");
}

pub(crate) async fn an_exchange_uses_one_and_stores_the_other_or_neither(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.put_artefact(link(1)).await.unwrap();
    let new = code(&session, 2);
    assert_eq!(world.exchange_artefact("other", hash(1), new.clone(), NOW).await, Ok(Redeemed::Unknown));
    assert_eq!(world.exchange_artefact("setup", hash(9), new.clone(), NOW).await, Ok(Redeemed::Unknown));
    assert_eq!(world.exchange_artefact("setup", hash(1), new.clone(), NOW + 60).await, Ok(Redeemed::Expired));
    assert_eq!(world.artefact(CODE, hash(2)).await, Ok(None), "what is refused stores nothing");

    // One whose place is taken is not used up for nothing.
    world.code(&session, 3).await;
    let taken = world.exchange_artefact("setup", hash(1), code(&session, 3), NOW).await;
    assert_eq!(taken, Err(StoreError::Conflict(Conflict::Exists)));
    assert_eq!(world.artefact("setup", hash(1)).await.unwrap().unwrap().redeemed_at, None);

    assert_eq!(world.exchange_artefact("setup", hash(1), new.clone(), NOW + 5).await, Ok(Redeemed::Done));
    assert_eq!(world.artefact("setup", hash(1)).await.unwrap().unwrap().redeemed_at, Some(NOW + 5));
    assert_eq!(world.artefact(CODE, hash(2)).await, Ok(Some(new)));
    let again = world.exchange_artefact("setup", hash(1), code(&session, 4), NOW + 6).await;
    assert_eq!(again, Ok(Redeemed::AlreadyRedeemed));
    assert_eq!(world.artefact(CODE, hash(4)).await, Ok(None));
}

pub(crate) async fn of_parallel_exchanges_one_wins_and_the_others_leave_nothing(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.put_artefact(link(1)).await.unwrap();
    let answers = world
        .at_once(50, move |world, number| {
            let new = code(&session, 100 + number);
            async move { (number, world.exchange_artefact("setup", hash(1), new, NOW).await.unwrap()) }
        })
        .await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.1 == Redeemed::Done).map(|answer| answer.0).collect();
    let [winner] = winners[..] else { panic!("{} winners", winners.len()) };
    assert!(answers.iter().all(|answer| answer.0 == winner || answer.1 == Redeemed::AlreadyRedeemed));
    for number in 0..50 {
        let stored = world.artefact(CODE, hash(100 + number)).await.unwrap().is_some();
        assert_eq!(stored, number == winner, "{number}");
    }
}

/// A device code and the question whether it may have somebody's account, under one hash.
async fn ask(world: &World, number: u8) {
    let waiting = Artefact { kind: Artefact::DEVICE_CODE.into(), client_id: Some("tv".into()), ..link(number) };
    world.put_artefact(Artefact { kind: Artefact::USER_CODE.into(), ..waiting.clone() }).await.unwrap();
    world.put_artefact(waiting).await.unwrap();
}

fn yes(session: &Session, number: u8) -> AnswerArtefact {
    let by = AnsweredBy {
        user_id: session.user_id.clone(),
        revocation_handle: handle(&session.user_id),
        sid: session.sid.clone(),
    };
    AnswerArtefact {
        question: (Artefact::USER_CODE.into(), hash(number)),
        waiting: (Artefact::DEVICE_CODE.into(), hash(number)),
        by: Some(by),
        payload: serde_json::json!({ "said": session.sid }),
        tell: Vec::new(),
        now: NOW,
    }
}

fn of_device(session: &Session, number: u8, born: u8) -> RedeemCode {
    RedeemCode { kind: Artefact::DEVICE_CODE, ..redeem(session, number, born) }
}

pub(crate) async fn an_answer_gives_what_waits_its_user_once(world: World) {
    let session = world.sign_in("ann", 1).await;
    let his = world.sign_in("bob", 2).await;
    ask(&world, 1).await;
    assert_eq!(world.redeem_code(of_device(&session, 1, 11)).await, Ok(Redeemed::Gone), "nobody has answered");

    let unknown = AnswerArtefact { question: (Artefact::USER_CODE.into(), hash(9)), ..yes(&session, 1) };
    assert_eq!(world.answer_artefact(unknown).await, Ok(Redeemed::Unknown));
    let nothing_waits = AnswerArtefact { waiting: (Artefact::DEVICE_CODE.into(), hash(9)), ..yes(&session, 1) };
    assert_eq!(world.answer_artefact(nothing_waits).await, Ok(Redeemed::Unknown));
    let late = AnswerArtefact { now: NOW + 60, ..yes(&session, 1) };
    assert_eq!(world.answer_artefact(late).await, Ok(Redeemed::Expired));
    world.code(&session, 1).await;
    let of_another = AnswerArtefact { waiting: (CODE.into(), hash(1)), ..yes(&session, 1) };
    assert!(matches!(world.answer_artefact(of_another).await, Err(StoreError::Invalid(_))));

    assert_eq!(world.answer_artefact(yes(&session, 1)).await, Ok(Redeemed::Done), "refusals use nothing up");
    assert_eq!(world.answer_artefact(yes(&his, 1)).await, Ok(Redeemed::AlreadyRedeemed));
    let facts = world.code_facts(Artefact::DEVICE_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!(facts.code.payload, serde_json::json!({ "said": "sid-1" }));
    assert_eq!(
        (facts.user, facts.session, facts.code.redeemed_at),
        (Some(world.ann().await), Some(session.clone()), None)
    );
    assert!(matches!(world.redeem_code(of_device(&his, 1, 12)).await, Err(StoreError::Invalid(_))));
    assert_eq!(world.redeem_code(of_device(&session, 1, 11)).await, Ok(Redeemed::Done));
    assert_eq!(world.redeem_code(of_device(&session, 1, 13)).await, Ok(Redeemed::AlreadyRedeemed));
    let other_kind = world.code_facts(CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!(other_kind.code.redeemed_at, None, "the code of the same hash is another");
}

pub(crate) async fn an_answer_needs_the_user_as_read_and_a_live_session(world: World) {
    let session = world.sign_in("ann", 1).await;
    ask(&world, 1).await;
    let mut stale = yes(&session, 1);
    stale.by.as_mut().unwrap().revocation_handle = "handle-old".into();
    assert_eq!(world.answer_artefact(stale).await, Ok(Redeemed::Changed));
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    assert_eq!(world.answer_artefact(yes(&session, 1)).await, Ok(Redeemed::Gone));
    let again = world.sign_in("ann", 2).await;
    world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await.unwrap();
    assert_eq!(world.answer_artefact(yes(&again, 1)).await, Ok(Redeemed::Gone));
    let waiting = world.artefact(Artefact::DEVICE_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!((waiting.user_id, waiting.sid, waiting.payload), (None, None, link(1).payload));
    let question = world.artefact(Artefact::USER_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!(question.redeemed_at, None, "who may answer still can");
}

pub(crate) async fn no_for_an_answer_leaves_nothing_to_redeem(world: World) {
    let session = world.sign_in("ann", 1).await;
    ask(&world, 1).await;
    let no = AnswerArtefact { by: None, ..yes(&session, 1) };
    assert_eq!(world.answer_artefact(no).await, Ok(Redeemed::Done));
    assert_eq!(world.answer_artefact(yes(&session, 1)).await, Ok(Redeemed::AlreadyRedeemed));
    assert_eq!(world.redeem_code(of_device(&session, 1, 11)).await, Ok(Redeemed::Gone));
    assert_eq!(world.family("family-11").await, Ok(None));
}

pub(crate) async fn an_answer_tells_of_itself_or_does_not_count(world: World) {
    let session = world.sign_in("ann", 1).await;
    ask(&world, 1).await;
    let message = NewDelivery { kind: "news".into(), target: "tv".into(), payload: serde_json::json!({ "it": 1 }) };
    let telling = |answer: AnswerArtefact| AnswerArtefact { tell: vec![message.clone()], ..answer };
    let mut stale = telling(yes(&session, 1));
    stale.by.as_mut().unwrap().revocation_handle = "handle-old".into();
    assert_eq!(world.answer_artefact(stale).await, Ok(Redeemed::Changed));
    assert!(world.waiting_targets().await.unwrap().is_empty());
    assert_eq!(world.answer_artefact(telling(yes(&session, 1))).await, Ok(Redeemed::Done));
    assert_eq!(world.answer_artefact(telling(yes(&session, 1))).await, Ok(Redeemed::AlreadyRedeemed));
    let claim = Claim { kind: "news".into(), target: "tv".into(), limit: 9, lease_secs: 9, now: NOW };
    let told: Vec<_> = world.claim_deliveries(claim).await.unwrap().into_iter().map(|one| one.payload).collect();
    assert_eq!((told.len(), told.first()), (1, Some(&message.payload)));
}

pub(crate) async fn usable_artefacts_are_those_of_one_kind_and_user_the_newest_first(world: World) {
    let of = |number: u8, user: &str, kind: &str| Artefact {
        kind: kind.into(),
        user_id: Some(user.into()),
        created_at: NOW + u64::from(number),
        expires_at: NOW + 60 + u64::from(number),
        ..link(number)
    };
    for one in [of(1, "ann", "q"), of(2, "ann", "q"), of(3, "ann", "other"), of(4, "bob", "q"), of(5, "ann", "q")] {
        world.put_artefact(one).await.unwrap();
    }
    let found = |limit: u32, now: u64| {
        let world = world.clone();
        async move {
            let found = world.usable_artefacts("q", "ann", limit, now).await.unwrap();
            found.into_iter().map(|one| one.hash).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(9, NOW).await, [hash(5), hash(2), hash(1)]);
    assert_eq!(found(2, NOW).await, [hash(5), hash(2)]);
    assert_eq!(found(9, NOW + 61).await, [hash(5), hash(2)]);
    world.redeem_artefact("q", hash(5), NOW).await.unwrap();
    assert_eq!(found(9, NOW).await, [hash(2), hash(1)]);
    world.set_password("ann", "hash", "handle-new", NOW).await.unwrap();
    assert!(found(9, NOW).await.is_empty(), "a new password voids what was asked before");
}

pub(crate) async fn of_parallel_answers_one_counts(world: World) {
    let (hers, his) = (world.sign_in("ann", 1).await, world.sign_in("bob", 2).await);
    ask(&world, 1).await;
    let answers = world
        .at_once(50, move |world, number| {
            let session = if number % 2 == 0 { hers.clone() } else { his.clone() };
            async move { (session.user_id.clone(), world.answer_artefact(yes(&session, 1)).await.unwrap()) }
        })
        .await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.1 == Redeemed::Done).map(|answer| &answer.0).collect();
    let [winner] = winners[..] else { panic!("{} winners", winners.len()) };
    let waiting = world.artefact(Artefact::DEVICE_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!(waiting.user_id.as_ref(), Some(winner));
}

pub(crate) async fn the_same_hash_cannot_be_put_twice(world: World) {
    world.put_artefact(link(1)).await.unwrap();
    world.redeem_artefact("setup", hash(1), NOW).await.unwrap();
    assert_eq!(world.put_artefact(link(1)).await, Err(StoreError::Conflict(Conflict::Exists)));
    assert_eq!(world.redeem_artefact("setup", hash(1), NOW).await, Ok(Redeemed::AlreadyRedeemed));
}

pub(crate) async fn code_facts_are_read_together(world: World) {
    let session = world.sign_in("ann", 1).await;
    let code = world.code(&session, 1).await;
    let facts = world.code_facts(Artefact::AUTHORIZATION_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!((facts.code, facts.session), (code, Some(session)));
    assert_eq!(facts.user, Some(world.ann().await));
    world.end_session("sid-1", "logout", NOW + 1).await.unwrap();
    let facts = world.code_facts(Artefact::AUTHORIZATION_CODE, hash(1)).await.unwrap().unwrap();
    assert_eq!(facts.session.unwrap().ended_at, Some(NOW + 1));
}

pub(crate) async fn redemption_refuses_an_ended_session(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Gone));
    assert_eq!(world.family("family-11").await, Ok(None));
}

pub(crate) async fn redemption_refuses_a_blocked_user(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await.unwrap();
    // Made in the moment of the block, so that the block did not void it.
    world.code(&session, 1).await;
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Gone));
    world.delete_user("ann", NOW).await.unwrap();
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Unknown));
}

pub(crate) async fn redemption_tells_when_the_handle_changed(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    let roles = ["admin".to_owned()];
    world.set_user_roles("ann", &roles, &[], Some("handle-new"), NOW).await.unwrap();
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Changed));
    let mut again = redeem(&session, 1, 11);
    again.access_token.revocation_handle = "handle-new".into();
    assert_eq!(world.redeem_code(again).await, Ok(Redeemed::Done), "decided again, it works");
}

pub(crate) async fn redemption_refuses_a_foreign_user(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.code(&session, 1).await;
    let his = world.sign_in("bob", 2).await;
    assert!(matches!(world.redeem_code(redeem(&his, 1, 11)).await, Err(StoreError::Invalid(_))));
    assert_eq!(world.redeem_code(redeem(&session, 1, 11)).await, Ok(Redeemed::Done), "nothing was used up");
}
