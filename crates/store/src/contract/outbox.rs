//! The outbox: who is told of an end, and that a message is neither lost nor sent by two at once.

use serde_json::{Value, json};

use super::world::{NOW, World, access_token, begin, family, hash, new_user, redeem, session};
use crate::error::StoreError;
use crate::record::{
    AlsoSession, Claim, Delivery, DeliveryOutcome, DeliveryState, Family, Issued, ListDeliveries, NewDelivery,
    NewFamily, NewSession, Retried, Session, Sweep, UserStatus, WaitingTarget, WhichDeliveries,
};

const KIND: &str = "news";
const LEASE: u64 = 20;
const WEEK: u64 = 7 * 86_400;

fn message(target: &str, number: u8) -> NewDelivery {
    NewDelivery { kind: KIND.into(), target: target.into(), payload: json!({ "number": number }) }
}

fn of(target: &str, limit: u32, now: u64) -> Claim {
    Claim { kind: KIND.into(), target: target.into(), limit, lease_secs: LEASE, now }
}

fn failed(next_at: u64) -> DeliveryOutcome {
    DeliveryOutcome::Failed { error: "it is down".into(), next_at }
}

impl World {
    /// Puts `count` messages for a target, numbered from 0.
    async fn put(&self, target: &str, count: u8) {
        let messages = (0..count).map(|number| message(target, number)).collect();
        self.put_deliveries(messages, NOW).await.unwrap();
    }

    /// The one message of a target that is due.
    async fn take(&self, target: &str, now: u64) -> Option<Delivery> {
        let mut taken = self.claim_deliveries(of(target, 1, now)).await.unwrap();
        assert!(taken.len() <= 1);
        taken.pop()
    }

    async fn listed(&self, which: WhichDeliveries) -> Vec<Delivery> {
        let list = ListDeliveries { after: None, limit: 1000, which };
        self.deliveries(list).await.unwrap().items
    }

    /// Client and payload of what tells that sessions have ended, sorted.
    async fn told(&self) -> Vec<(String, Value)> {
        let all = self.listed(WhichDeliveries::All).await;
        assert!(all.iter().all(|delivery| delivery.kind == Delivery::BACKCHANNEL_LOGOUT));
        let mut told: Vec<_> = all.into_iter().map(|delivery| (delivery.target, delivery.payload)).collect();
        told.sort_by_key(|(client, payload)| (client.clone(), payload.to_string()));
        told
    }

    /// A family of this client in that session.
    async fn authorise_client(&self, client: &str, session: &Session, number: u8) {
        let family = Family { client_id: client.into(), ..family(session, number) };
        self.family_of(family, number).await;
    }

    async fn family_of(&self, family: Family, number: u8) {
        let access_token = access_token(&family.user_id, number);
        self.create_family(NewFamily { session: None, family, refresh_token: None, access_token }).await.unwrap();
    }
}

fn logout(client: &str, user: &str, sid: &str) -> (String, Value) {
    (client.to_owned(), json!({ "sub": user, "sid": sid }))
}

pub(crate) async fn what_is_sealed_goes_when_the_message_has_arrived(world: World) {
    let payload = json!({ "sealed": "v1.x", "to": "ann" });
    let letter = || NewDelivery { kind: Delivery::MAIL.into(), target: "server".into(), payload: payload.clone() };
    world.put_deliveries(vec![letter(), letter()], NOW).await.unwrap();
    let claim = Claim { kind: Delivery::MAIL.into(), ..of("server", 2, NOW) };
    let taken = world.claim_deliveries(claim).await.unwrap();
    let [arrives, fails] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!(arrives.payload, json!({ "sealed": "v1.x", "to": "ann" }));
    assert!(world.settle_delivery(arrives.id, NOW + LEASE, DeliveryOutcome::Delivered, NOW).await.unwrap());
    let given_up = DeliveryOutcome::GivenUp { error: "no".into() };
    assert!(world.settle_delivery(fails.id, NOW + LEASE, given_up, NOW).await.unwrap());
    let payloads: Vec<Value> = world.listed(WhichDeliveries::All).await.into_iter().map(|one| one.payload).collect();
    // What was given up can be tried again.
    assert_eq!(payloads, [json!({ "sealed": "v1.x", "to": "ann" }), json!({ "to": "ann" })]);
}

pub(crate) async fn every_client_of_a_session_is_told_of_its_end_once(world: World) {
    let (one, two) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    world.code(&one, 21).await;
    world.redeem_code(redeem(&one, 21, 11)).await.unwrap();
    world.authorise(&one, 12).await;
    world.authorise_client("web", &one, 13).await;
    // What goes on after the session is told of its end too: the program may hold a session of its own.
    world.family_of(Family { client_id: "app".into(), session_bound: false, ..family(&one, 14) }, 14).await;
    // A client whose family has ended before may still show the person as signed in.
    world.authorise_client("left", &one, 15).await;
    world.end_family("family-15", "revoked", NOW, AlsoSession::No).await.unwrap();
    world.authorise_client("web", &two, 16).await;
    assert!(world.told().await.is_empty(), "the end of a family alone is no sign-out");
    assert_eq!(world.clients_of_session("sid-1").await.unwrap(), ["app", "left", "spa", "web"]);

    world.end_session("sid-1", "logout", NOW).await.unwrap();
    let expected = ["app", "left", "spa", "web"].map(|client| logout(client, "ann", "sid-1"));
    assert_eq!(world.told().await, expected);
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    world.end_family("family-11", "theft", NOW, AlsoSession::Yes).await.unwrap();
    world.end_session("nobody", "logout", NOW).await.unwrap();
    assert_eq!(world.told().await, expected, "what ended already is not told again");
}

pub(crate) async fn a_client_that_got_an_id_token_alone_is_told_of_the_end(world: World) {
    world.sign_in("ann", 1).await;
    for _ in 0..2 {
        assert_eq!(world.join_session("sid-1", "front").await, Ok(Issued::Done));
    }
    assert_eq!(world.join_session("nobody", "front").await, Ok(Issued::Gone));
    assert_eq!(world.clients_of_session("sid-1").await.unwrap(), ["front"]);
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    assert_eq!(world.join_session("sid-1", "late").await, Ok(Issued::Gone), "nobody joins what has ended");
    assert_eq!(world.told().await, [logout("front", "ann", "sid-1")]);
}

pub(crate) async fn a_session_ends_with_its_message_however_it_ends(world: World) {
    let ended_with = async |number: u8| {
        let session = world.sign_in("ann", number).await;
        world.authorise(&session, 10 + number).await;
        session
    };
    let old = ended_with(1).await;
    world.create_session(NewSession { replaces: Some(old.id_hash), ..begin(session("bob", 9)) }).await.unwrap();
    let stolen = ended_with(2).await;
    world.end_family("family-12", "refresh_token_replayed", NOW, AlsoSession::Yes).await.unwrap();
    // The same person again: the session goes on.
    let kept = ended_with(3).await;
    let again = Session { id_hash: hash(8), ..kept.clone() };
    world.create_session(NewSession { replaces: Some(kept.id_hash), ..begin(again) }).await.unwrap();
    let expected = [logout("spa", "ann", &old.sid), logout("spa", "ann", &stolen.sid)];
    assert_eq!(world.told().await, expected);
    world.end_session(&kept.sid, "logout", NOW).await.unwrap();
    assert_eq!(world.told().await.len(), 3);
    // Whose time ran out is forgotten in silence, also when the browser comes back the next morning.
    let yesterdays = ended_with(4).await;
    let mut todays = session("ann", 7);
    (todays.created_at, todays.auth_time) = (yesterdays.idle_expires_at, yesterdays.idle_expires_at);
    world.create_session(NewSession { replaces: Some(yesterdays.id_hash), ..begin(todays) }).await.unwrap();
    assert!(!world.session_lives(&yesterdays.sid).await);
    assert_eq!(world.told().await.len(), 3);
}

pub(crate) async fn what_ends_all_of_a_user_tells_all_their_clients(world: World) {
    let his = world.sign_in("bob", 99).await;
    world.authorise(&his, 99).await;
    for (number, way) in (1..).zip(["signed out", "new password", "blocked", "deleted"]) {
        let (name, base) = (format!("eve{number}"), number * 10);
        world.create_user(new_user(&name)).await.unwrap();
        let (one, two) = (world.sign_in(&name, base).await, world.sign_in(&name, base + 1).await);
        world.authorise_client("spa", &one, base).await;
        world.authorise_client("web", &one, base + 1).await;
        world.authorise_client("web", &two, base + 2).await;
        // A password sign-in has no session: it is about whatever the client has of her.
        world.family_of(Family { sid: None, session_bound: false, ..family(&one, base + 3) }, base + 3).await;
        // One that is told of already, and whose client has nothing left.
        let over = world.sign_in(&name, base + 4).await;
        world.authorise_client("web", &over, base + 4).await;
        world.end_session(&over.sid, "logout", NOW).await.unwrap();

        let ended = match way {
            "signed out" => world.sign_out_user(&name, "h1", NOW).await,
            "new password" => world.set_password(&name, "$x", "h2", NOW).await,
            "blocked" => world.set_user_status(&name, UserStatus::Blocked, "h3", NOW).await,
            _ => world.delete_user(&name, NOW).await,
        };
        assert_eq!(ended.unwrap().sessions, 2);
        let told = world.told().await.into_iter().filter(|(_, payload)| payload["sub"] == *name);
        let expected = [
            logout("spa", &name, &one.sid),
            ("spa".to_owned(), json!({ "sub": name })),
            logout("web", &name, &one.sid),
            logout("web", &name, &two.sid),
            logout("web", &name, &over.sid),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected, "{way}");
    }
    assert!(world.session_lives(&his.sid).await);
}

pub(crate) async fn a_client_is_told_although_its_tokens_are_long_gone(world: World) {
    let far = NOW + 30 * 86_400;
    let long = Session { idle_expires_at: far, absolute_expires_at: far, ..session("ann", 1) };
    world.create_session(begin(long.clone())).await.unwrap();
    world.authorise(&long, 11).await;
    let sweep = Sweep { now: NOW + 20 * 86_400, limit: 100, keep_secs: 3900, audit_keep_secs: None };
    world.sweep(sweep).await.unwrap();
    assert_eq!(world.family("family-11").await, Ok(None), "nothing is left of them");
    world.end_session("sid-1", "logout", sweep.now).await.unwrap();
    assert_eq!(world.told().await, [logout("spa", "ann", "sid-1")]);
    // The note goes with the session.
    world.sweep(Sweep { now: far + 3900, ..sweep }).await.unwrap();
    assert!(world.clients_of_session("sid-1").await.unwrap().is_empty());
}

pub(crate) async fn a_refused_end_tells_nobody(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.sign_in("bob", 2).await;
    // The sid is taken, so the sign-in that would have ended the session is refused as a whole.
    let refused = NewSession {
        replaces: Some(session.id_hash),
        ..begin(Session { id_hash: hash(9), ..super::world::session("bob", 2) })
    };
    assert_eq!(world.create_session(refused).await, Ok(crate::Issued::Changed));
    assert!(world.session_lives("sid-1").await);
    assert!(world.told().await.is_empty());
}

pub(crate) async fn a_message_comes_back_as_it_went_in_and_is_due_at_once(world: World) {
    assert_eq!(world.waiting_targets().await, Ok(vec![]));
    world.put("a", 1).await;
    let taken = world.take("a", NOW).await.unwrap();
    let expected = Delivery {
        id: taken.id,
        kind: KIND.into(),
        target: "a".into(),
        payload: json!({ "number": 0 }),
        created_at: NOW,
        queued_at: NOW,
        attempts: 1,
        last_error: None,
        state: DeliveryState::Waiting { next_at: NOW + LEASE },
    };
    assert_eq!(taken, expected);
    assert_eq!(world.listed(WhichDeliveries::All).await, [expected]);
}

pub(crate) async fn what_is_taken_is_nobody_elses_until_the_lease_is_over(world: World) {
    world.put("a", 1).await;
    let first = world.take("a", NOW).await.unwrap();
    assert_eq!(world.take("a", NOW + LEASE - 1).await, None);
    let second = world.take("a", NOW + LEASE).await.unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2), "whoever took it has died over it");
    // The first was only slow: what it says now would undo what the second does.
    let (id, late, now) = (first.id, NOW + LEASE, NOW + LEASE + 1);
    assert_eq!(world.settle_delivery(id, late, failed(now + 9), now).await, Ok(false));
    assert_eq!(world.settle_delivery(id, late, DeliveryOutcome::GivenUp { error: "x".into() }, now).await, Ok(false));
    assert_eq!(world.settle_delivery(id, late, DeliveryOutcome::Unwanted, now).await, Ok(false));
    assert_eq!(world.listed(WhichDeliveries::All).await, std::slice::from_ref(&second));
    assert_eq!(world.settle_delivery(id, late, DeliveryOutcome::Delivered, now).await, Ok(true), "good news counts");
    let late_failure = world.settle_delivery(id, NOW + 2 * LEASE, failed(now + 9), now).await;
    assert_eq!(late_failure, Ok(false));
    let arrived = Delivery { state: DeliveryState::Delivered { at: now }, ..second };
    assert_eq!(world.listed(WhichDeliveries::All).await, [arrived]);
}

pub(crate) async fn of_parallel_claims_each_message_goes_to_one(world: World) {
    world.put("a", 100).await;
    let taken =
        world.at_once(20, |world, _| async move { world.claim_deliveries(of("a", 7, NOW)).await.unwrap() }).await;
    let mut ids: Vec<u64> = taken.into_iter().flatten().map(|delivery| delivery.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!((all, ids.len()), (100, 100));
}

pub(crate) async fn a_failed_message_waits_for_its_time(world: World) {
    world.put("a", 1).await;
    let first = world.take("a", NOW).await.unwrap();
    assert_eq!(world.settle_delivery(first.id, NOW + LEASE, failed(NOW + 60), NOW + 5).await, Ok(true));
    let found = world.listed(WhichDeliveries::Failed).await;
    assert_eq!((found.len(), found[0].last_error.as_deref()), (1, Some("it is down")));
    assert_eq!(found[0].state, DeliveryState::Waiting { next_at: NOW + 60 });
    assert_eq!(world.take("a", NOW + 59).await, None);
    let second = world.take("a", NOW + 60).await.unwrap();
    assert_eq!((second.attempts, second.queued_at), (2, NOW));
    world.settle_delivery(first.id, NOW + 60 + LEASE, DeliveryOutcome::Delivered, NOW + 61).await.unwrap();
    assert!(world.listed(WhichDeliveries::Failed).await.is_empty(), "it has arrived after all");
    assert_eq!(world.take("a", NOW + WEEK).await, None);
    assert_eq!(world.waiting_targets().await, Ok(vec![]));
}

pub(crate) async fn targets_are_told_apart_and_the_longest_due_comes_first(world: World) {
    world.put("slow", 200).await;
    world.put_deliveries(vec![message("quick", 1)], NOW - 5).await.unwrap();
    world.put_deliveries(vec![NewDelivery { kind: "other".into(), ..message("slow", 2) }], NOW + 5).await.unwrap();
    let target =
        |kind: &str, target: &str, next_at| WaitingTarget { kind: kind.into(), target: target.into(), next_at };
    let expected = vec![target(KIND, "quick", NOW - 5), target(KIND, "slow", NOW), target("other", "slow", NOW + 5)];
    assert_eq!(world.waiting_targets().await, Ok(expected));
    world.claim_deliveries(of("slow", 1000, NOW)).await.unwrap();
    let taken = world.take("quick", NOW).await.unwrap();
    world.settle_delivery(taken.id, NOW + LEASE, DeliveryOutcome::Delivered, NOW).await.unwrap();
    let expected = vec![target("other", "slow", NOW + 5), target(KIND, "slow", NOW + LEASE)];
    assert_eq!(world.waiting_targets().await, Ok(expected), "what is taken comes back when its lease is over");
    let mut claim = of("slow", 9, NOW + 4);
    claim.kind = "other".into();
    assert!(world.claim_deliveries(claim.clone()).await.unwrap().is_empty(), "it is not due yet");
    claim.now = NOW + 5;
    assert_eq!(world.claim_deliveries(claim).await.unwrap().len(), 1);
}

pub(crate) async fn an_unwanted_message_leaves_no_trace(world: World) {
    world.put("a", 3).await;
    world.put("b", 1).await;
    let taken = world.take("a", NOW).await.unwrap();
    world.settle_delivery(taken.id, NOW + LEASE, DeliveryOutcome::Unwanted, NOW).await.unwrap();
    assert_eq!(world.forget_deliveries(KIND, "a", 1).await, Ok(1));
    assert_eq!(world.forget_deliveries("other", "a", 9).await, Ok(0));
    assert_eq!(world.forget_deliveries(KIND, "a", 9).await, Ok(1));
    let left = world.listed(WhichDeliveries::All).await;
    assert_eq!(left.iter().map(|delivery| delivery.target.as_str()).collect::<Vec<_>>(), ["b"]);
}

pub(crate) async fn who_cannot_be_reached_is_not_tried_with_every_message(world: World) {
    world.put("down", 4).await;
    world.put("up", 1).await;
    let mut taken = world.claim_deliveries(of("down", 2, NOW)).await.unwrap();
    let (first, underway) = (taken.remove(0), taken.remove(0));
    let unreachable = DeliveryOutcome::Unreachable { error: "no answer".into(), next_at: NOW + 60 };
    assert_eq!(world.settle_delivery(first.id, NOW + LEASE, unreachable.clone(), NOW + 5).await, Ok(true));
    assert_eq!(world.take("down", NOW + 19).await, None, "the others wait as long");
    let waiting = world.listed(WhichDeliveries::Failed).await;
    assert_eq!(waiting.len(), 3);
    for delivery in &waiting {
        assert_eq!(delivery.state, DeliveryState::Waiting { next_at: NOW + 60 });
        assert_eq!(delivery.last_error.as_deref(), Some("no answer"));
        assert_eq!(delivery.attempts, u64::from(delivery.id == first.id));
    }
    assert!(world.take("up", NOW + 5).await.is_some(), "nobody else does");
    assert_eq!(world.settle_delivery(underway.id, NOW + LEASE, failed(NOW + 70), NOW + 5).await, Ok(true));
    // What comes later is tried, as the target may be back.
    world.put_deliveries(vec![message("down", 9)], NOW + 10).await.unwrap();
    assert_eq!(world.take("down", NOW + 10).await.unwrap().payload["number"], 9);
    assert_eq!(world.claim_deliveries(of("down", 9, NOW + 60)).await.unwrap().len(), 4);
    let late = world.settle_delivery(first.id, NOW + LEASE, unreachable, NOW + 200).await;
    assert_eq!(late, Ok(false), "whoever was too slow says nothing about the others either");
    assert_eq!(world.claim_deliveries(of("down", 9, NOW + 200)).await.unwrap().len(), 5);
}

pub(crate) async fn what_fails_too_long_is_given_up_and_can_be_put_back(world: World) {
    world.put_deliveries(vec![message("a", 1), message("a", 2)], NOW - 10).await.unwrap();
    world.put_deliveries(vec![message("a", 3), message("a", 4)], NOW).await.unwrap();
    for delivery in world.claim_deliveries(of("a", 3, NOW)).await.unwrap() {
        world.settle_delivery(delivery.id, NOW + LEASE, failed(NOW + 600), NOW).await.unwrap();
    }
    assert!(world.give_up_deliveries(NOW - 11, 9, NOW).await.unwrap().is_empty());
    let given_up = world.give_up_deliveries(NOW, 2, NOW + 100).await.unwrap();
    assert_eq!(
        given_up.iter().map(|delivery| delivery.queued_at).collect::<Vec<_>>(),
        [NOW - 10; 2],
        "the oldest first"
    );
    for delivery in &given_up {
        assert_eq!(delivery.state, DeliveryState::GivenUp { at: NOW + 100 });
        assert_eq!(delivery.last_error.as_deref(), Some("it is down"));
    }
    assert_eq!(world.give_up_deliveries(NOW, 9, NOW + 100).await.unwrap().len(), 1);
    assert!(world.give_up_deliveries(NOW + 999, 9, NOW + 999).await.unwrap().is_empty(), "one was never tried");
    assert_eq!(world.listed(WhichDeliveries::Failed).await.len(), 3);
    let last = world.take("a", NOW + 700).await.unwrap();
    assert_eq!(last.payload["number"], 4);
    world.settle_delivery(last.id, NOW + 700 + LEASE, DeliveryOutcome::Delivered, NOW + 700).await.unwrap();
    assert_eq!(world.take("a", NOW + 700).await, None);

    let id = given_up[0].id;
    let Ok(Retried::Again(back)) = world.retry_delivery(id, NOW + 800).await else { panic!("it can be put back") };
    assert_eq!((back.queued_at, back.attempts, back.created_at), (NOW + 800, 0, NOW - 10));
    assert_eq!(back.state, DeliveryState::Waiting { next_at: NOW + 800 });
    assert_eq!(back.last_error.as_deref(), Some("it is down"), "until it has arrived");
    assert!(world.give_up_deliveries(NOW + 799, 9, NOW + 801).await.unwrap().is_empty(), "its patience begins anew");
    let again = world.take("a", NOW + 801).await.unwrap();
    assert_eq!((again.id, again.attempts), (id, 1));
    world.settle_delivery(id, NOW + 801 + LEASE, DeliveryOutcome::Delivered, NOW + 802).await.unwrap();
    assert_eq!(world.retry_delivery(id, NOW + 803).await, Ok(Retried::Arrived));
    let all = world.listed(WhichDeliveries::All).await;
    let arrived = all.iter().find(|delivery| delivery.id == id).unwrap();
    assert_eq!(arrived.state, DeliveryState::Delivered { at: NOW + 802 }, "it has arrived and stays so");
    assert_eq!(world.retry_delivery(9_999, NOW).await, Ok(Retried::Unknown));
}

pub(crate) async fn pages_of_deliveries_begin_with_the_newest(world: World) {
    world.put("a", 5).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.deliveries(ListDeliveries { after, limit: 2, ..ListDeliveries::default() }).await.unwrap();
        seen.extend(page.items.into_iter().map(|delivery| delivery.payload["number"].clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [4, 3, 2, 1, 0]);
    for forged in ["", "x", "-1", "1 OR 1=1", "99999999999999999999"] {
        let list = ListDeliveries { after: Some(forged.into()), ..ListDeliveries::default() };
        assert!(matches!(world.deliveries(list).await, Err(StoreError::Invalid(_))), "{forged}");
    }
}

pub(crate) async fn what_is_settled_is_kept_for_a_week_and_what_waits_for_ever(world: World) {
    world.put("a", 3).await;
    for (number, outcome) in
        [(0, DeliveryOutcome::Delivered), (1, DeliveryOutcome::GivenUp { error: "no".into() }), (2, failed(NOW + 9))]
    {
        let taken = world.take("a", NOW).await.unwrap();
        assert_eq!(taken.payload["number"], number);
        world.settle_delivery(taken.id, NOW + LEASE, outcome, NOW + 5).await.unwrap();
    }
    let sweep = Sweep { now: NOW + 4 + WEEK, limit: 100, keep_secs: 0, audit_keep_secs: None };
    assert_eq!(world.sweep(sweep).await.unwrap().deliveries, 0);
    let one_at_a_time = Sweep { now: NOW + 5 + WEEK, limit: 1, ..sweep };
    let swept = world.sweep(one_at_a_time).await.unwrap();
    assert!(swept.deliveries == 1 && swept.more);
    world.sweep(one_at_a_time).await.unwrap();
    let left = world.listed(WhichDeliveries::All).await;
    assert_eq!((left.len(), left[0].payload["number"].as_u64()), (1, Some(2)));
    let newest = left[0].id;
    world.put("a", 1).await;
    assert!(world.listed(WhichDeliveries::All).await[0].id > newest, "a number does not come back");
}

pub(crate) async fn new_messages_are_seen_by_who_watches(world: World) {
    let mut news = world.watch_deliveries();
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    assert!(!news.has_changed().unwrap(), "nothing to tell anybody");
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    news.changed().await.unwrap();
    let first = *news.borrow_and_update();
    world.put("a", 2).await;
    news.wait_for(|newest| *newest == first + 2).await.unwrap();
}
