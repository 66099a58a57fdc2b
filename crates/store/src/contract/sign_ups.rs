//! Sign-ups: an account is born with its first session of one proof of an address, once, or not at all.

use serde_json::json;

use super::world::{NOW, World, begin, code, hash, new_user, session};
use crate::error::{Conflict, StoreError};
use crate::record::{Artefact, Claim, CompleteSignUp, Hash32, NewDelivery, NewSession, Redeemed};

/// What waits for proof of an address.
fn waiting(number: u8) -> Artefact {
    Artefact { kind: Artefact::SIGN_UP.into(), user_id: None, sid: None, ..code(&session("eve", 1), number) }
}

/// Eve's end of it: proof `hash(number)`, and a session of that number.
fn eve(number: u8) -> CompleteSignUp {
    CompleteSignUp {
        kind: Artefact::SIGN_UP,
        hash: hash(number),
        now: NOW + 5,
        user: new_user("eve"),
        session: Some(begin(session("eve", number))),
    }
}

pub(crate) async fn a_sign_up_makes_the_account_and_its_session_once(world: World) {
    world.put_artefact(waiting(1)).await.unwrap();
    assert_eq!(world.complete_sign_up(eve(1)).await, Ok(Redeemed::Done));
    assert_eq!(world.user_by_identifier("eve@example.com").await.unwrap(), Some(new_user("eve").user));
    assert!(world.session_lives("sid-1").await);
    let used = world.artefact(Artefact::SIGN_UP, hash(1)).await.unwrap().unwrap();
    assert_eq!(used.redeemed_at, Some(NOW + 5));
    assert_eq!(world.complete_sign_up(eve(1)).await, Ok(Redeemed::AlreadyRedeemed));
}

pub(crate) async fn an_account_of_which_more_is_asked_begins_without_a_session(world: World) {
    world.put_artefact(waiting(1)).await.unwrap();
    let end = || CompleteSignUp { session: None, ..eve(1) };
    assert_eq!(world.complete_sign_up(end()).await, Ok(Redeemed::Done));
    assert_eq!(world.user_by_identifier("eve@example.com").await.unwrap(), Some(new_user("eve").user));
    assert_eq!(world.session_by_sid("sid-1").await, Ok(None));
    assert_eq!(world.complete_sign_up(end()).await, Ok(Redeemed::AlreadyRedeemed));
}

pub(crate) async fn a_proof_that_cannot_be_used_makes_no_account(world: World) {
    world.put_artefact(waiting(1)).await.unwrap();
    world.put_artefact(Artefact { kind: Artefact::INVITATION.into(), ..waiting(2) }).await.unwrap();
    let late = CompleteSignUp { now: NOW + 60, ..eve(1) };
    assert_eq!(world.complete_sign_up(late).await, Ok(Redeemed::Expired));
    assert_eq!(world.complete_sign_up(eve(2)).await, Ok(Redeemed::Unknown), "of another kind");
    let foreign = CompleteSignUp { session: Some(begin(session("bob", 1))), ..eve(1) };
    assert!(matches!(world.complete_sign_up(foreign).await, Err(StoreError::Invalid(_))));
    assert_eq!(world.user("eve").await, Ok(None));
    assert_eq!(world.complete_sign_up(eve(1)).await, Ok(Redeemed::Done), "it is not used up");
}

pub(crate) async fn of_parallel_ends_of_one_sign_up_one_wins(world: World) {
    world.put_artefact(waiting(1)).await.unwrap();
    let end = |world: World, number: u8| async move {
        let mut end = eve(1);
        end.session = Some(begin(session("eve", 10 + number)));
        world.complete_sign_up(end).await
    };
    let answers = world.at_once(20, end).await;
    let done = answers.iter().filter(|answer| **answer == Ok(Redeemed::Done)).count();
    let used = answers.iter().filter(|answer| **answer == Ok(Redeemed::AlreadyRedeemed)).count();
    assert_eq!((done, used), (1, 19), "{answers:?}");
    assert_eq!(world.sessions_of("eve", NOW).await.unwrap().len(), 1);
}

pub(crate) async fn of_two_sign_ups_with_one_address_one_gets_it(world: World) {
    for number in 1..=8 {
        world.put_artefact(waiting(number)).await.unwrap();
    }
    let end = |world: World, number: u8| async move {
        let mut end = eve(number + 1);
        end.user.user.id = format!("eve-{number}");
        if let Some(new) = &mut end.session {
            new.session.user_id.clone_from(&end.user.user.id);
        }
        (number + 1, world.complete_sign_up(end).await)
    };
    let answers = world.at_once(8, end).await;
    let taken = Err(StoreError::Conflict(Conflict::IdentifierTaken));
    assert_eq!(answers.iter().filter(|(_, answer)| *answer == Ok(Redeemed::Done)).count(), 1, "{answers:?}");
    assert_eq!(world.count_users().await, Ok(3));
    for (number, answer) in answers {
        let proof = world.artefact(Artefact::SIGN_UP, hash(number)).await.unwrap().unwrap();
        assert_eq!(proof.redeemed_at.is_none(), answer == taken, "{answer:?}");
    }
}

pub(crate) async fn whose_session_it_was_before_is_signed_out(world: World) {
    let his = world.sign_in("bob", 3).await;
    let family = world.authorise(&his, 13).await;
    world.put_artefact(waiting(1)).await.unwrap();
    let session = Some(NewSession { replaces: Some(his.id_hash), ..begin(session("eve", 1)) });
    assert_eq!(world.complete_sign_up(CompleteSignUp { session, ..eve(1) }).await, Ok(Redeemed::Done));
    assert!(world.session_lives("sid-1").await && !world.session_lives(&his.sid).await);
    assert!(!world.family_lives(&family.id).await);
    assert_eq!(world.session_by_sid(&his.sid).await.unwrap().unwrap().ended_why.as_deref(), Some("superseded"));
}

pub(crate) async fn what_is_told_of_an_artefact_is_told_with_it_or_not_at_all(world: World) {
    let message = NewDelivery { kind: "news".into(), target: "eve".into(), payload: json!({ "it": 1 }) };
    world.put_artefact_and_tell(waiting(1), vec![message.clone()]).await.unwrap();
    let again = world.put_artefact_and_tell(waiting(1), vec![message.clone()]).await;
    assert_eq!(again, Err(StoreError::Conflict(Conflict::Exists)));
    let claim = Claim { kind: "news".into(), target: "eve".into(), limit: 9, lease_secs: 9, now: NOW };
    let told: Vec<_> = world.claim_deliveries(claim).await.unwrap().into_iter().map(|one| one.payload).collect();
    assert_eq!(told, [message.payload]);
    world.put_artefact_and_tell(waiting(2), Vec::new()).await.unwrap();
    assert!(world.artefact(Artefact::SIGN_UP, hash(2)).await.unwrap().is_some());
}

pub(crate) async fn artefacts_of_a_kind_are_listed_while_they_can_be_used(world: World) {
    let of = |number: u8| Artefact { created_at: NOW + u64::from(number), expires_at: NOW + 60, ..waiting(number) };
    for number in 1..=4 {
        world.put_artefact(of(number)).await.unwrap();
    }
    world.put_artefact(Artefact { kind: "other".into(), ..of(5) }).await.unwrap();
    world.put_artefact(Artefact { expires_at: NOW + 5, ..of(6) }).await.unwrap();
    assert_eq!(world.redeem_artefact(Artefact::SIGN_UP, hash(2), NOW).await, Ok(Redeemed::Done));
    let listed = |limit: u32, now: u64| {
        let world = world.clone();
        async move {
            let found = world.artefacts_of_kind(Artefact::SIGN_UP, limit, now).await.unwrap();
            found.into_iter().map(|one| one.hash).collect::<Vec<Hash32>>()
        }
    };
    assert_eq!(listed(9, NOW + 5).await, [hash(4), hash(3), hash(1)]);
    assert_eq!(listed(2, NOW + 5).await, [hash(4), hash(3)]);
    assert!(listed(9, NOW + 60).await.is_empty());
}
