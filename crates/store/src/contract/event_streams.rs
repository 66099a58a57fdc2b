//! Event streams: who hears of what, that it is told with what happened or not at all, and that nobody fills the store.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::{NOW, World, begin, family, hash, session};
use crate::error::{Conflict, StoreError};
use crate::record::{
    Claim, Consent, Delivery, DeliveryOutcome, DeliveryState, EventFate, EventStream, Family, ListDeliveries,
    NewSession, NewStreamStatus, Retried, RevocationKind, StatusBy, StreamChange, StreamStatus, Transmission,
    UserStatus, Verification, WhichDeliveries,
};

const ALL: &[&str] =
    &["session_revoked", "credential_change", "token_claims_change", "account_disabled", "account_purged"];
const ROOM: u64 = 5;

fn stream(id: &str, client: &str, transmission: Transmission, events: &[&str]) -> EventStream {
    EventStream {
        id: id.into(),
        client_id: client.into(),
        transmission,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        configuration: json!({ "description": id }),
        status: StreamStatus::Enabled,
        reason: None,
        max_waiting: ROOM,
        waiting: None,
        dropped: 0,
        verified_at: None,
        created_at: NOW,
        updated_at: NOW,
        revision: 1,
    }
}

fn status(status: StreamStatus, by: StatusBy) -> NewStreamStatus {
    NewStreamStatus { status, reason: Some("why not".into()), by }
}

impl World {
    pub(super) async fn listen(&self, id: &str, events: &[&str]) -> EventStream {
        self.put_client("hub", json!({ "first_party": true })).await;
        let new = stream(id, "hub", Transmission::Poll, events);
        assert_eq!(self.create_stream(new.clone(), 100).await, Ok(true));
        new
    }

    async fn stream_now(&self, id: &str) -> EventStream {
        let stream = self.stream(id).await.unwrap().unwrap();
        let mut of_list = self.streams(Some(&stream.client_id)).await.unwrap();
        of_list.retain(|other| other.id == id);
        assert_eq!(stream, EventStream { waiting: None, ..of_list[0].clone() }, "looked up alone, nothing is counted");
        of_list.remove(0)
    }

    /// What waits to be polled.
    pub(super) async fn heard(&self, id: &str) -> Vec<Value> {
        self.polled_events(id, 100).await.unwrap().into_iter().map(|delivery| delivery.payload).collect()
    }

    async fn names(&self, id: &str) -> Vec<String> {
        self.heard(id).await.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    }

    async fn sign_in_and_out(&self, number: u8) {
        self.sign_in("ann", number).await;
        self.end_session(&format!("sid-{number}"), "signed_out", NOW).await.unwrap();
    }

    async fn turn(&self, id: &str, to: StreamStatus, by: StatusBy) -> EventStream {
        self.set_stream_status(id, status(to, by), NOW + 5).await.unwrap().stream
    }
}

pub(crate) async fn a_stream_hears_what_it_asked_for_and_nothing_else(world: World) {
    world.listen("all", ALL).await;
    world.listen("few", &["account_disabled"]).await;
    world.listen("none", &[]).await;
    world.sign_in_and_out(1).await;
    let heard = world.heard("all").await;
    let cause = heard[0]["cause"].as_u64().unwrap();
    let expected = json!({
        "event": "session_revoked", "sub": "ann", "sid": "sid-1", "why": "signed_out", "at": NOW, "cause": cause,
        "knows": false, "number": 1,
    });
    assert_eq!(heard, [expected]);
    world.end_session("sid-1", "signed_out", NOW).await.unwrap();
    assert_eq!(world.heard("all").await.len(), 1, "it had ended already");
    world.set_user_status("ann", UserStatus::Blocked, "h", NOW).await.unwrap();
    assert_eq!(world.names("few").await, ["account_disabled"]);
    assert!(world.heard("none").await.is_empty());
    // A superseded session ends as well; the same person again is no end.
    let old = world.sign_in("bob", 2).await;
    let again = begin(session("bob", 3));
    world.create_session(NewSession { replaces: Some(old.id_hash), ..again }).await.unwrap();
    assert_eq!(world.heard("all").await.last().unwrap()["sid"], "sid-2");
}

pub(crate) async fn what_takes_from_a_user_is_told(world: World) {
    world.listen("all", ALL).await;
    let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    world.set_user_roles("ann", &roles(&["writer"]), &[], Some("h1"), NOW).await.unwrap();
    assert!(world.heard("all").await.is_empty(), "nothing was taken away");
    world.set_user_roles("ann", &[], &roles(&["reader"]), Some("h2"), NOW).await.unwrap();
    world.set_user_roles("ann", &[], &roles(&["reader"]), Some("h3"), NOW).await.unwrap();
    let told = world.heard("all").await;
    assert_eq!(told.len(), 1, "the second time she did not have it");
    assert_eq!((&told[0]["event"], &told[0]["claims"]), (&"token_claims_change".into(), &json!({"roles": ["writer"]})));

    world.withdraw_consent("ann", "spa", NOW).await.unwrap();
    assert_eq!(world.heard("all").await.len(), 1, "there was none");
    let consent = Consent {
        user_id: "ann".into(),
        client_id: "spa".into(),
        audience: String::new(),
        scope: "openid".into(),
        granted_at: NOW,
    };
    world.grant_consent(consent).await.unwrap();
    world.withdraw_consent("ann", "spa", NOW).await.unwrap();
    let told = world.heard("all").await;
    assert_eq!((&told[1]["client_id"], &told[1]["claims"]), (&"spa".into(), &json!({ "scope": "" })));
}

pub(crate) async fn what_ends_a_user_is_told_with_one_cause(world: World) {
    world.listen("all", ALL).await;
    let told = |from: usize| {
        let world = world.clone();
        async move {
            let heard = world.heard("all").await.split_off(from);
            let causes: BTreeSet<u64> = heard.iter().map(|event| event["cause"].as_u64().unwrap()).collect();
            assert_eq!(causes.len(), 1, "{heard:?}");
            assert!(heard.iter().all(|event| event["sub"] == "ann" && event.get("sid").is_none()));
            let name = |event: &Value| event["event"].as_str().unwrap().to_owned();
            (heard.iter().map(name).collect::<Vec<_>>(), causes.into_iter().next().unwrap())
        }
    };
    world.sign_in("ann", 1).await;
    world.set_password("ann", "$x", "h1", NOW).await.unwrap();
    let (names, first) = told(0).await;
    assert_eq!(names, ["session_revoked", "credential_change"]);
    world.set_password("ann", "$y", "h2", NOW).await.unwrap();
    let (names, second) = told(2).await;
    assert_eq!(names, ["credential_change"], "no session was left");
    assert_ne!(first, second);
    world.set_user_status("ann", UserStatus::Blocked, "h3", NOW).await.unwrap();
    world.set_user_status("ann", UserStatus::Blocked, "h4", NOW).await.unwrap();
    world.set_user_status("ann", UserStatus::Active, "h5", NOW).await.unwrap();
    assert_eq!(told(3).await.0, ["account_disabled"], "once, and letting her in again takes nothing");
    world.delete_user("ann", NOW).await.unwrap();
    assert_eq!(told(4).await.0, ["account_purged"]);
    let bob = world.sign_in("bob", 2).await;
    world.sign_out_user("bob", "h6", NOW).await.unwrap();
    let waiting = world.stream_now("all").await;
    assert_eq!((waiting.status, waiting.waiting), (StreamStatus::Paused, Some(ROOM + 1)), "{}", bob.sid);
}

pub(crate) async fn events_say_whether_the_client_knows_the_user(world: World) {
    for client in ["spa", "hub", "ask"] {
        world.put_client(client, json!({ "first_party": true })).await;
        let new = stream(client, client, Transmission::Poll, ALL);
        world.create_stream(new, 9).await.unwrap();
    }
    let consent = Consent {
        user_id: "ann".into(),
        client_id: "ask".into(),
        audience: String::new(),
        scope: String::new(),
        granted_at: NOW,
    };
    world.grant_consent(consent).await.unwrap();
    let ann = world.sign_in("ann", 1).await;
    world.authorise(&ann, 11).await;
    let bob = world.sign_in("bob", 2).await;
    let elsewhere = Family { client_id: "web".into(), ..family(&bob, 12) };
    let access_token = super::world::access_token("bob", 12);
    world
        .create_family(crate::NewFamily { family: elsewhere, refresh_token: None, access_token, session: None })
        .await
        .unwrap();
    world.delete_user("ann", NOW).await.unwrap();
    world.end_session("sid-2", "admin", NOW).await.unwrap();
    for (client, expected) in [("spa", [true, true, false]), ("hub", [false; 3]), ("ask", [true, true, false])] {
        let knows: Vec<bool> = world.heard(client).await.iter().map(|event| event["knows"] == true).collect();
        assert_eq!(knows, expected, "{client}: ann's end and her purge, then bob's session");
    }
}

pub(crate) async fn what_a_third_party_may_not_hear_takes_no_room_and_no_number(world: World) {
    for client in ["spa", "ask"] {
        world.put_client(client, json!({})).await;
        world.create_stream(stream(client, client, Transmission::Poll, ALL), 9).await.unwrap();
    }
    let consent = |client: &str| Consent {
        user_id: "ann".into(),
        client_id: client.into(),
        audience: String::new(),
        scope: "openid".into(),
        granted_at: NOW,
    };
    for client in ["spa", "ask"] {
        world.grant_consent(consent(client)).await.unwrap();
    }
    let told = |client: &'static str| {
        let world = world.clone();
        async move {
            let heard = world.heard(client).await;
            heard.iter().map(|event| (event["event"].clone(), event["number"].clone())).collect::<Vec<_>>()
        }
    };
    for number in 1..=9 {
        world.sign_in("bob", number).await;
        world.end_session(&format!("sid-{number}"), "admin", NOW).await.unwrap();
    }
    world.sign_in("ann", 10).await;
    let roles = ["reader".to_owned()];
    world.set_user_roles("ann", &roles, &[], Some("h1"), NOW).await.unwrap();
    world.set_user_roles("ann", &[], &roles, Some("h2"), NOW).await.unwrap();
    for client in ["spa", "ask"] {
        assert!(told(client).await.is_empty(), "neither of whom it does not know, nor of roles");
        assert_eq!(world.stream_now(client).await.status, StreamStatus::Enabled);
    }
    world.withdraw_consent("ann", "ask", NOW).await.unwrap();
    assert!(told("spa").await.is_empty(), "what others may is not its business");
    assert_eq!(told("ask").await, [(json!("token_claims_change"), json!(1))]);
    world.end_session("sid-10", "signed_out", NOW).await.unwrap();
    assert_eq!(told("spa").await, [(json!("session_revoked"), json!(1))]);
    // As the client is now, not as it was when its stream began.
    world.put_client("spa", json!({ "first_party": true, "disabled": true })).await;
    world.sign_in("bob", 11).await;
    world.end_session("sid-11", "admin", NOW).await.unwrap();
    assert_eq!(told("spa").await.len(), 1, "it is disabled");
    world.put_client("spa", json!({ "first_party": true })).await;
    world.set_user_status("bob", UserStatus::Blocked, "h", NOW).await.unwrap();
    assert_eq!(told("spa").await[1..], [(json!("account_disabled"), json!(2))]);
}

pub(crate) async fn events_are_polled_in_order_until_they_are_taken(world: World) {
    world.listen("one", ALL).await;
    world.listen("two", ALL).await;
    for number in 1..=4 {
        world.sign_in_and_out(number).await;
    }
    let numbers = |events: Vec<Delivery>| {
        events.iter().map(|event| event.payload["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(world.polled_events("one", 3).await.unwrap()), [1, 2, 3]);
    assert_eq!(numbers(world.polled_events("one", 3).await.unwrap()), [1, 2, 3], "looking takes nothing");
    let refused = EventFate::Refused { error: "invalid_key".into() };
    let fates = vec![(1, EventFate::Taken), (2, refused), (3, EventFate::Unwanted), (99, EventFate::Taken)];
    assert_eq!(world.settle_polled_events("one", fates.clone(), NOW + 1).await, Ok(3));
    assert_eq!(world.settle_polled_events("one", fates, NOW + 2).await, Ok(0), "it is done");
    assert_eq!(numbers(world.polled_events("one", 3).await.unwrap()), [4]);
    assert_eq!(numbers(world.polled_events("two", 9).await.unwrap()), [1, 2, 3, 4], "others' events are others'");
    let list = ListDeliveries { limit: 100, which: WhichDeliveries::Failed, ..ListDeliveries::default() };
    let failed = world.deliveries(list).await.unwrap().items;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].last_error.as_deref(), Some("invalid_key"));
    // An operator puts it back.
    world.retry_delivery(failed[0].id, NOW + 3).await.unwrap();
    assert_eq!(numbers(world.polled_events("one", 3).await.unwrap()), [2, 4]);
    let push = stream("push", "hub", Transmission::Push, ALL);
    world.create_stream(push, 9).await.unwrap();
    world.sign_in_and_out(5).await;
    assert!(world.polled_events("push", 9).await.unwrap().is_empty());
    let claim =
        Claim { kind: Delivery::SECURITY_EVENT.into(), target: "push".into(), limit: 9, lease_secs: 20, now: NOW };
    assert_eq!(numbers(world.claim_deliveries(claim).await.unwrap()), [1]);
}

pub(crate) async fn an_event_that_is_put_back_waits_where_its_stream_is_now(world: World) {
    world.listen("one", ALL).await;
    world.sign_in_and_out(1).await;
    let refused = EventFate::Refused { error: "invalid_key".into() };
    world.settle_polled_events("one", vec![(1, refused)], NOW).await.unwrap();
    let list = ListDeliveries { limit: 100, which: WhichDeliveries::Failed, ..ListDeliveries::default() };
    let id = world.deliveries(list).await.unwrap().items[0].id;
    let retry = || async {
        match world.retry_delivery(id, NOW + 9).await.unwrap() {
            Retried::Again(delivery) => delivery.kind,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(retry().await, Delivery::SECURITY_EVENT_POLL);
    let again = EventFate::Refused { error: "invalid_key".into() };
    world.settle_polled_events("one", vec![(1, again)], NOW).await.unwrap();
    world.turn("one", StreamStatus::Disabled, StatusBy::Receiver).await;
    assert_eq!(retry().await, "StreamDisabled");
    world.turn("one", StreamStatus::Paused, StatusBy::Receiver).await;
    assert_eq!(retry().await, Delivery::SECURITY_EVENT_HELD);
    let pushed = StreamChange {
        expect_revision: 1,
        transmission: Transmission::Push,
        events: BTreeSet::new(),
        configuration: json!({}),
    };
    world.turn("one", StreamStatus::Enabled, StatusBy::Receiver).await;
    world.settle_polled_events("one", vec![(1, EventFate::Refused { error: "x".into() })], NOW).await.unwrap();
    world.update_stream("one", pushed, NOW).await.unwrap();
    assert_eq!(retry().await, Delivery::SECURITY_EVENT);
    let claim =
        Claim { kind: Delivery::SECURITY_EVENT.into(), target: "one".into(), limit: 9, lease_secs: 20, now: NOW + 9 };
    let taken = world.claim_deliveries(claim).await.unwrap().remove(0);
    let given_up = DeliveryOutcome::GivenUp { error: "x".into() };
    assert_eq!(world.settle_delivery(taken.id, NOW + 29, given_up, NOW + 9).await, Ok(true));
    world.delete_stream("one").await.unwrap();
    assert_eq!(retry().await, "StreamGone");
}

pub(crate) async fn a_paused_stream_keeps_its_events_in_order(world: World) {
    world.put_client("hub", json!({ "first_party": true })).await;
    world.create_stream(stream("push", "hub", Transmission::Push, ALL), 9).await.unwrap();
    world.sign_in_and_out(1).await;
    let claim =
        |now| Claim { kind: Delivery::SECURITY_EVENT.into(), target: "push".into(), limit: 9, lease_secs: 20, now };
    let first = world.claim_deliveries(claim(NOW)).await.unwrap().remove(0);
    let failed = DeliveryOutcome::Failed { error: "it is down".into(), next_at: NOW + 900 };
    world.settle_delivery(first.id, NOW + 20, failed, NOW + 1).await.unwrap();
    let paused = world.turn("push", StreamStatus::Paused, StatusBy::Receiver).await;
    assert_eq!(
        (paused.status, paused.reason.as_deref(), paused.waiting),
        (StreamStatus::Paused, Some("why not"), Some(1))
    );
    world.sign_in_and_out(2).await;
    assert!(world.claim_deliveries(claim(NOW + 1000)).await.unwrap().is_empty());
    assert!(world.give_up_deliveries(NOW + 1000, 9, NOW + 1000).await.unwrap().is_empty(), "what is held is not late");
    // Polled from now on: it is still paused.
    let change = StreamChange {
        expect_revision: 1,
        transmission: Transmission::Poll,
        events: paused.events.clone(),
        configuration: json!({}),
    };
    let polled = world.update_stream("push", change, NOW + 6).await.unwrap();
    assert_eq!((polled.transmission, polled.revision), (Transmission::Poll, 2));
    assert!(world.heard("push").await.is_empty());
    assert_eq!(world.turn("push", StreamStatus::Enabled, StatusBy::Receiver).await.waiting, Some(2));
    let sids: Vec<Value> = world.heard("push").await.into_iter().map(|event| event["sid"].clone()).collect();
    assert_eq!(sids, ["sid-1", "sid-2"]);
    // And pushed again.
    let change = StreamChange {
        expect_revision: 2,
        transmission: Transmission::Push,
        events: paused.events,
        configuration: json!({}),
    };
    world.update_stream("push", change, NOW + 7).await.unwrap();
    assert!(world.heard("push").await.is_empty());
    assert_eq!(world.claim_deliveries(claim(NOW + 7)).await.unwrap().len(), 2);
    // Whoever is told by this side hears it although nothing else goes out any more.
    world.turn("push", StreamStatus::Paused, StatusBy::Transmitter).await;
    let told = world.claim_deliveries(claim(NOW + 7)).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].payload["event"], &told[0].payload["status"]), (&"stream_updated".into(), &"paused".into()));
    assert_eq!(told[0].payload["reason"], "why not");
}

pub(crate) async fn a_disabled_stream_hears_and_keeps_nothing(world: World) {
    world.listen("one", ALL).await;
    world.sign_in_and_out(1).await;
    let off = world.turn("one", StreamStatus::Disabled, StatusBy::Receiver).await;
    assert_eq!((off.status, off.waiting), (StreamStatus::Disabled, Some(0)));
    world.sign_in_and_out(2).await;
    assert_eq!(world.verify_stream("one", None, 0, NOW).await, Ok(Verification::Done));
    world.turn("one", StreamStatus::Enabled, StatusBy::Receiver).await;
    assert!(world.heard("one").await.is_empty());
    world.sign_in_and_out(3).await;
    assert_eq!(world.names("one").await, ["session_revoked"]);
    let unknown = world.set_stream_status("none", status(StreamStatus::Paused, StatusBy::Receiver), NOW).await;
    assert_eq!(unknown, Err(StoreError::NotFound("stream")));
}

pub(crate) async fn a_full_stream_is_paused_and_says_so(world: World) {
    world.listen("one", ALL).await;
    world.listen("other", &["account_purged"]).await;
    for number in 1..=7 {
        world.sign_in_and_out(number).await;
    }
    let full = world.stream_now("one").await;
    assert_eq!((full.status, full.dropped, full.waiting), (StreamStatus::Paused, 2, Some(ROOM + 1)));
    assert!(full.reason.unwrap().contains("too many"));
    assert_eq!(world.names("one").await, ["stream_updated"], "why nothing else comes");
    assert_eq!(world.stream_now("other").await.status, StreamStatus::Enabled);
    // Whoever goes on gets what was kept, and has time to take it.
    world.turn("one", StreamStatus::Enabled, StatusBy::Receiver).await;
    world.sign_in_and_out(8).await;
    let going = world.stream_now("one").await;
    assert_eq!((going.status, going.dropped, going.waiting), (StreamStatus::Enabled, 0, Some(ROOM + 2)));
    let sids: Vec<Value> = world.heard("one").await.iter().map(|event| event["sid"].clone()).collect();
    assert_eq!(
        sids,
        [json!("sid-1"), json!("sid-2"), json!("sid-3"), json!("sid-4"), json!("sid-5"), Value::Null, json!("sid-8")]
    );
    // How much was lost is said when its count begins anew; also to who disables it, and to who only hears of it.
    for number in 9..=20 {
        world.sign_in_and_out(number).await;
    }
    let full = world.stream_now("one").await.dropped;
    assert!(full > 0);
    let on = status(StreamStatus::Enabled, StatusBy::Transmitter);
    assert_eq!(world.set_stream_status("one", on.clone(), NOW).await.unwrap().lost, full);
    assert_eq!(world.set_stream_status("one", on, NOW).await.unwrap().lost, 0, "once");
    let told = world.heard("one").await.into_iter().rfind(|event| event["event"] == "stream_updated").unwrap();
    assert_eq!(told["reason"], format!("why not ({full} events are lost)"));
    for number in 21..=40 {
        world.sign_in_and_out(number).await;
    }
    let full = world.stream_now("one").await.dropped;
    let off = world.set_stream_status("one", status(StreamStatus::Disabled, StatusBy::Receiver), NOW).await.unwrap();
    assert!(full > 0);
    assert_eq!((off.lost, off.stream.dropped, off.stream.waiting), (full, 0, Some(0)));
    world.turn("one", StreamStatus::Enabled, StatusBy::Receiver).await;
    for number in 41..=40 + u8::try_from(ROOM).unwrap() + 1 {
        world.sign_in_and_out(number).await;
    }
    assert_eq!(world.stream_now("one").await.dropped, 1, "it has the room of a new one");
    // But not for ever.
    for number in 60..=80 {
        world.turn("one", StreamStatus::Enabled, StatusBy::Receiver).await;
        world.sign_in_and_out(number).await;
    }
    assert!(world.stream_now("one").await.waiting.unwrap() <= 2 * ROOM + 1, "of what says so only the last is kept");
    let events = world.heard("one").await.iter().filter(|event| event["event"] == "session_revoked").count();
    assert!(events as u64 <= 2 * ROOM, "{events}");
}

pub(crate) async fn a_verification_is_not_asked_for_too_often(world: World) {
    world.listen("one", &[]).await;
    assert_eq!(world.verify_stream("one", Some("s1".into()), 60, NOW).await, Ok(Verification::Done));
    let soon = world.verify_stream("one", Some("s2".into()), 60, NOW + 59).await;
    assert_eq!(soon, Ok(Verification::TooSoon { at: NOW + 60 }));
    assert_eq!(world.verify_stream("one", None, 60, NOW + 60).await, Ok(Verification::Done));
    let states: Vec<Value> = world.heard("one").await.iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, [Value::Null], "the one before that nobody took is overtaken");
    assert_eq!(world.stream_now("one").await.verified_at, Some(NOW + 60));
    assert_eq!(world.verify_stream("none", None, 60, NOW).await, Err(StoreError::NotFound("stream")));
}

pub(crate) async fn a_client_has_its_own_streams_and_not_too_many(world: World) {
    let of = |id: &str, client: &str| stream(id, client, Transmission::Poll, ALL);
    assert_eq!(world.create_stream(of("a", "hub"), 2).await, Ok(true));
    assert_eq!(world.create_stream(of("b", "hub"), 2).await, Ok(true));
    assert_eq!(world.create_stream(of("c", "hub"), 2).await, Ok(false));
    assert_eq!(world.create_stream(of("c", "spa"), 2).await, Ok(true));
    assert_eq!(world.create_stream(of("a", "spa"), 2).await, Err(StoreError::Conflict(Conflict::Exists)));
    let ids = |streams: Vec<EventStream>| streams.into_iter().map(|stream| stream.id).collect::<Vec<_>>();
    assert_eq!(ids(world.streams(Some("hub")).await.unwrap()), ["a", "b"]);
    assert_eq!(ids(world.streams(None).await.unwrap()), ["a", "b", "c"]);
    assert_eq!(world.stream("a").await, Ok(Some(of("a", "hub"))), "it comes back as it went in");
    assert_eq!(world.delete_streams_of("hub").await, Ok(2));
    assert_eq!(ids(world.streams(None).await.unwrap()), ["c"]);
}

pub(crate) async fn a_stream_changes_only_as_it_was_read(world: World) {
    world.listen("one", ALL).await;
    let change = |revision| StreamChange {
        expect_revision: revision,
        transmission: Transmission::Poll,
        events: ["account_purged".to_owned()].into(),
        configuration: json!({ "revision": revision }),
    };
    let answers = world.at_once(10, |world, _| async move {
        let change = StreamChange {
            expect_revision: 1,
            transmission: Transmission::Push,
            events: BTreeSet::new(),
            configuration: json!({}),
        };
        world.update_stream("one", change, NOW).await
    });
    assert_eq!(answers.await.iter().filter(|answer| answer.is_ok()).count(), 1);
    let late = world.update_stream("one", change(1), NOW).await;
    assert_eq!(late, Err(StoreError::Conflict(Conflict::Revision)));
    let changed = world.update_stream("one", change(2), NOW + 9).await.unwrap();
    assert_eq!((changed.revision, changed.updated_at), (3, NOW + 9));
    assert_eq!(changed.configuration, json!({ "revision": 2 }));
    world.sign_in_and_out(1).await;
    assert!(world.heard("one").await.is_empty(), "it no longer wants to hear of sessions");
    assert_eq!(world.update_stream("none", change(1), NOW).await, Err(StoreError::NotFound("stream")));
}

pub(crate) async fn a_deleted_stream_leaves_nothing_that_waits(world: World) {
    world.listen("one", ALL).await;
    world.listen("two", ALL).await;
    world.sign_in_and_out(1).await;
    world.sign_in_and_out(2).await;
    world.settle_polled_events("one", vec![(1, EventFate::Taken)], NOW).await.unwrap();
    assert_eq!(world.delete_stream("one").await, Ok(true));
    assert_eq!(world.delete_stream("one").await, Ok(false));
    assert_eq!(world.stream("one").await, Ok(None));
    let all = world.deliveries(ListDeliveries { limit: 100, ..ListDeliveries::default() }).await.unwrap().items;
    let waits = |delivery: &&Delivery| matches!(delivery.state, DeliveryState::Waiting { .. });
    let targets: Vec<&str> = all.iter().filter(waits).map(|delivery| delivery.target.as_str()).collect();
    assert_eq!(targets, ["two", "two"]);
    assert_eq!(all.len(), 3, "what has arrived stays on record as long as everything else");
    world.sign_in_and_out(3).await;
    assert_eq!(world.heard("two").await.len(), 3);
}

pub(crate) async fn a_refused_operation_tells_no_stream(world: World) {
    world.listen("one", ALL).await;
    let ann = world.sign_in("ann", 1).await;
    world.sign_in("bob", 2).await;
    // The sid is taken, so the sign-in that would have ended the session is refused as a whole.
    let refused = crate::Session { id_hash: hash(9), ..session("bob", 2) };
    let refused = NewSession { replaces: Some(ann.id_hash), ..begin(refused) };
    assert_eq!(world.create_session(refused).await, Ok(crate::Issued::Changed));
    assert!(world.heard("one").await.is_empty());
    assert!(world.delete_user("nobody", NOW).await.is_err());
    assert!(world.heard("one").await.is_empty());
}

pub(crate) async fn of_parallel_ends_each_is_told_once_and_numbered(world: World) {
    let mut all = stream("one", "hub", Transmission::Poll, ALL);
    all.max_waiting = 100;
    world.put_client("hub", json!({ "first_party": true })).await;
    world.create_stream(all, 1).await.unwrap();
    for number in 1..=20 {
        world.sign_in("ann", number).await;
    }
    world
        .at_once(40, |world, number| async move {
            let sid = format!("sid-{}", number % 20 + 1);
            world.end_session(&sid, "signed_out", NOW).await.unwrap();
        })
        .await;
    let heard = world.heard("one").await;
    let numbers: Vec<u64> = heard.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let sids: BTreeSet<&str> = heard.iter().map(|event| event["sid"].as_str().unwrap()).collect();
    let revoked = world.revoked().await.into_iter().filter(|(kind, _)| *kind == RevocationKind::Sid).count();
    assert_eq!((sids.len(), revoked), (20, 20), "each with its entry of the revocation log");
}
