//! Shared Signals: what a receiver hears of, by polling; and that nothing of it is lost or told to the wrong one.

use serde_json::{Value, json};
use symbolon_server::admin::{Command, DeliveryCommand, RoleCommand, SessionCommand, UserCommand, control};

use crate::support::client::form;
use crate::support::protocol::claims;
use crate::support::signals::{
    ALL, CLAIMS_CHANGE, CREDENTIAL_CHANGE, DISABLED, Hub, PURGED, SESSION_REVOKED, UPDATED, VERIFICATION, event,
};
use crate::support::{Answer, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const NEW_PASSWORD: &str = "staple battery horse";

async fn world() -> World {
    let world = World::new().await;
    world.open_signals().await;
    world
}

fn user(sub: &Value) -> Value {
    json!({ "format": "iss_sub", "iss": ISSUER, "sub": sub })
}

fn names(sets: &[Value]) -> Vec<&str> {
    sets.iter().map(event).collect()
}

fn command(command: UserCommand) -> Command {
    Command::User(command)
}

/// Signs in; gives the ID token's claims.
async fn signed_in(world: &World, client: &str, email: &str) -> Value {
    claims(&world.tokens(client, email).await["id_token"])
}

#[tokio::test]
async fn a_sign_out_is_told_with_user_and_session() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let id_token = claims(&tokens["id_token"]);
    assert!(hub.drain(&stream).await.is_empty(), "nothing has ended");
    world.advance(60);
    let hint = form(&[("id_token_hint", tokens["id_token"].as_str().unwrap())]);
    assert!(browser.get(&format!("/logout?{hint}")).await.body.contains("You are signed out"));
    let sets = hub.drain(&stream).await;
    assert_eq!(sets.len(), 1);
    let set = &sets[0];
    assert_eq!(
        set["sub_id"],
        json!({
            "format": "complex",
            "user": user(&id_token["sub"]),
            "session": { "format": "opaque", "id": id_token["sid"] },
        })
    );
    let body = json!({
        "event_timestamp": NOW + 60, "initiating_entity": "user", "reason_admin": { "en": "signed_out" },
    });
    assert_eq!((&set["events"], &set["iat"]), (&json!({ SESSION_REVOKED: body }), &json!(NOW + 60)));
    assert!(hub.drain(&stream).await.is_empty(), "it was taken");
}

#[tokio::test]
async fn whatever_takes_from_a_person_is_told() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    let sid = signed_in(&world, "web", BOB).await["sid"].as_str().unwrap().to_owned();
    world.carry_out(Command::Session(SessionCommand::End { sid })).await;
    let sets = hub.drain(&stream).await;
    assert_eq!(names(&sets), [SESSION_REVOKED]);
    assert_eq!(sets[0]["events"][SESSION_REVOKED]["initiating_entity"], "admin");

    let sub = signed_in(&world, "web", BOB).await["sub"].clone();
    world.carry_out(command(UserCommand::SignOut { user: BOB.to_owned() })).await;
    let sets = hub.drain(&stream).await;
    assert_eq!(names(&sets), [SESSION_REVOKED]);
    assert_eq!(sets[0]["sub_id"], user(&sub), "all of theirs");

    signed_in(&world, "web", BOB).await;
    let link = world.reset_link(BOB).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let (csrf, code) = (page.field("csrf"), page.field("code"));
    let fields = [("csrf", &*csrf), ("code", &code), ("password", NEW_PASSWORD), ("password_confirm", NEW_PASSWORD)];
    let done = browser.post("/reset", &fields).await;
    assert!(done.status.is_success() || done.status.is_redirection(), "{done:?}");
    let sets = hub.drain(&stream).await;
    assert_eq!(names(&sets), [SESSION_REVOKED, CREDENTIAL_CHANGE]);
    assert_eq!(sets[0]["txn"], sets[1]["txn"], "one cause");
    let change = &sets[1]["events"][CREDENTIAL_CHANGE];
    assert_eq!((&change["credential_type"], &change["change_type"]), (&json!("password"), &json!("update")));

    for name in ["editor", "reader"] {
        world.carry_out(Command::Role(RoleCommand::Add { name: name.into(), description: String::new() })).await;
    }
    let roles = vec!["editor".to_owned(), "reader".to_owned()];
    world.carry_out(Command::Role(RoleCommand::Grant { roles, user: BOB.to_owned() })).await;
    assert!(hub.drain(&stream).await.is_empty(), "nothing was taken away");
    let take = RoleCommand::Revoke { roles: vec!["editor".to_owned()], user: BOB.to_owned() };
    world.carry_out(Command::Role(take)).await;
    let sets = hub.drain(&stream).await;
    assert_eq!(names(&sets), [CLAIMS_CHANGE]);
    assert_eq!(sets[0]["events"][CLAIMS_CHANGE]["claims"], json!({ "roles": ["reader"] }));

    world.block(BOB).await;
    let sets = hub.drain(&stream).await;
    assert_eq!((names(&sets), &sets[0]["sub_id"]), (vec![DISABLED], &user(&sub)));
    world.carry_out(command(UserCommand::Unblock { user: BOB.to_owned() })).await;
    world.carry_out(command(UserCommand::Delete { user: BOB.to_owned() })).await;
    let sets = hub.drain(&stream).await;
    assert_eq!((names(&sets), &sets[0]["sub_id"]), (vec![PURGED], &user(&sub)));
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let (blocks, all) = (hub.listen(&[DISABLED]).await, hub.listen(&ALL).await);
    signed_in(&world, "web", BOB).await;
    world.block(BOB).await;
    assert_eq!(names(&hub.drain(&blocks).await), [DISABLED]);
    // What still waits is not told to who has lost interest.
    let narrowed = json!({ "stream_id": all, "events_requested": [SESSION_REVOKED] });
    assert_eq!(hub.call(http::Method::PATCH, "/ssf/streams", Some(&narrowed)).await.status, 200);
    assert_eq!(names(&hub.drain(&all).await), [SESSION_REVOKED]);
    assert!(hub.drain(&all).await.is_empty());
}

#[tokio::test]
async fn a_third_party_hears_of_its_own_people_and_never_of_roles() {
    let world = world().await;
    world.make_receiver("partner").await;
    let (partner, hub) = (world.hub("partner").await, world.hub("hub").await);
    let (theirs, ours) = (partner.listen(&ALL).await, hub.listen(&ALL).await);
    // Bob uses the partner's site, Ada does not.
    let mut browser = world.browser();
    let page = browser.get(&crate::support::flow::authorize_url("partner", &[])).await;
    let consent = browser.sign_in(&page, BOB, crate::support::PASSWORD).await;
    let (interaction, csrf) = (consent.field("interaction"), consent.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    let code = answer.param("code").unwrap();
    let bob = claims(&world.redeem("partner", &code).await.json()["id_token"])["sub"].clone();
    signed_in(&world, "web", ADA).await;
    world.carry_out(Command::Role(RoleCommand::Add { name: "editor".into(), description: String::new() })).await;
    for role in [
        RoleCommand::Grant { roles: vec!["editor".to_owned()], user: BOB.to_owned() },
        RoleCommand::Revoke { roles: vec!["editor".to_owned()], user: BOB.to_owned() },
    ] {
        world.carry_out(Command::Role(role)).await;
    }
    world.carry_out(command(UserCommand::SignOut { user: ADA.to_owned() })).await;
    world.carry_out(command(UserCommand::Delete { user: BOB.to_owned() })).await;
    let told = partner.drain(&theirs).await;
    assert_eq!(names(&told), [SESSION_REVOKED, PURGED]);
    assert!(told.iter().all(|set| set["sub_id"] == user(&bob)), "{told:?}");
    assert_eq!(names(&hub.drain(&ours).await), [CLAIMS_CHANGE, SESSION_REVOKED, SESSION_REVOKED, PURGED]);
}

/// RFC 8936 §2.4.
#[tokio::test]
async fn events_come_until_they_are_acknowledged_and_in_portions() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&[SESSION_REVOKED]).await;
    for _ in 0..5 {
        signed_in(&world, "web", BOB).await;
        world.carry_out(command(UserCommand::SignOut { user: BOB.to_owned() })).await;
    }
    let at_once = |more: Value| {
        let mut body = json!({ "returnImmediately": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (first, more) = hub.poll(&stream, &at_once(json!({ "maxEvents": 2 }))).await;
    assert_eq!((first.len(), more), (2, true));
    let (again, _) = hub.poll(&stream, &at_once(json!({ "maxEvents": 2 }))).await;
    assert_eq!(first, again, "the very same tokens");
    let said = json!({
        "maxEvents": 0, "ack": [first[0]["jti"], "unknown", "x.1"],
        "setErrs": { first[1]["jti"].as_str().unwrap(): { "err": "invalid_key", "description": "no key for it" } },
    });
    let (none, more) = hub.poll(&stream, &said).await;
    assert_eq!((none.len(), more), (0, true));
    let (rest, more) = hub.poll(&stream, &at_once(json!({}))).await;
    assert_eq!((rest.len(), more), (3, false));
    let failed = json!({ "delivery": { "list": { "which": "failed", "after": null, "limit": 100 } } });
    let failed = world.command(&failed).await["deliveries"].clone();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert!(failed[0].to_string().contains("invalid_key: no key for it"), "{failed}");
    hub.set_status(&stream, "disabled").await;
    let id = failed[0]["id"].as_u64().unwrap();
    let retry = Command::Delivery(DeliveryCommand::Retry { id });
    let refused = control::run(&world.running.app, retry, "test").await.unwrap_err();
    assert!(refused.to_string().contains("is of a stream that is disabled"), "{refused}");
    for wrong in [json!([]), json!({ "ack": "x" }), json!({ "maxEvents": -1 })] {
        hub.post(&format!("/ssf/poll/{stream}"), &wrong).await.is_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn who_waits_is_told_when_it_happens_and_not_kept_for_ever() {
    let world = World::with(|config| config.http.request_timeout_secs = 2).await;
    world.open_signals().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    let watch = tokio::time::Instant::now();
    let (none, more) = hub.poll(&stream, &json!({})).await;
    assert_eq!((none.len(), more), (0, false));
    assert!(watch.elapsed() >= std::time::Duration::from_millis(900), "it waited");
    let nothing = json!({});
    let (waiting, ()) = tokio::join!(hub.poll(&stream, &nothing), world.block(BOB));
    assert_eq!(names(&waiting.0), [DISABLED]);
}

#[tokio::test]
async fn one_too_many_does_not_wait_and_a_stop_ends_the_wait() {
    let world = World::with(|config| config.ssf.max_pollers = 0).await;
    world.open_signals().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    let (none, _) = hub.poll(&stream, &json!({})).await;
    assert!(none.is_empty());

    let world = self::world().await;
    let (address, token) = (world.running.address.unwrap(), world.hub("hub").await.token);
    let stream = world.hub("hub").await.listen(&ALL).await;
    let waiting = tokio::spawn(async move {
        let headers = [(http::header::AUTHORIZATION, &*format!("Bearer {token}"))];
        let mut browser = crate::support::Browser::new(address, ISSUER);
        browser.send(http::Method::POST, &format!("/ssf/poll/{stream}"), &headers, Some("{}".to_owned())).await
    });
    let watch = tokio::time::Instant::now();
    while world.running.app.signals.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let stopped = world.stop().await;
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(watch.elapsed() < std::time::Duration::from_secs(10), "not until its time was over");
    drop(stopped);
}

/// Who polls while `meanwhile` and then the block of somebody happen.
async fn polled_meanwhile(world: &World, hub: &Hub<'_>, stream: &str, meanwhile: impl Future<Output = ()>) -> Answer {
    let path = format!("/ssf/poll/{stream}");
    let nothing = json!({});
    let happens = async {
        while world.running.app.signals.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        meanwhile.await;
        world.block(BOB).await;
    };
    tokio::join!(hub.post(&path, &nothing), happens).0
}

#[tokio::test]
async fn who_waits_is_judged_by_what_holds_when_it_is_told() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&[PURGED]).await;
    let widen = async {
        let wider = json!({ "stream_id": stream, "events_requested": [DISABLED] });
        assert_eq!(hub.call(http::Method::PATCH, "/ssf/streams", Some(&wider)).await.status, 200);
    };
    let answer = Box::pin(polled_meanwhile(&world, &hub, &stream, widen)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["sets"].as_object().unwrap().len()), (200, 1), "not thrown away");
    assert_eq!(names(&hub.drain(&stream).await), [DISABLED]);

    world.carry_out(command(UserCommand::Unblock { user: BOB.to_owned() })).await;
    let lock_out = world.change_client("hub", |client| client.disabled = true);
    let answer = Box::pin(polled_meanwhile(&world, &hub, &stream, lock_out)).await;
    answer.is_error(401, "invalid_token");
}

#[tokio::test]
async fn what_waits_survives_a_restart_with_the_same_ids() {
    let world = world().await;
    let stream = world.hub("hub").await.listen(&ALL).await;
    signed_in(&world, "web", BOB).await;
    world.block(BOB).await;
    let (before, _) = world.hub("hub").await.poll(&stream, &json!({})).await;
    let world = world.restart().await;
    let hub = world.hub("hub").await;
    let (after, _) = hub.poll(&stream, &json!({})).await;
    assert_eq!((before.len(), &before), (2, &after));
    assert_eq!(hub.drain(&stream).await, after);
    let world = world.restart().await;
    assert!(world.hub("hub").await.drain(&stream).await.is_empty());
}

/// Shared Signals Framework 1.0 §8.1.2.
#[tokio::test]
async fn a_stream_is_paused_disabled_and_enabled() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&[DISABLED, PURGED]).await;
    assert_eq!(hub.status(&stream).await, json!({ "stream_id": stream, "status": "enabled" }));
    let asked = json!({ "stream_id": stream, "status": "paused", "reason": "maintenance" });
    assert_eq!(hub.post("/ssf/status", &asked).await.json(), asked);
    assert_eq!(hub.status(&stream).await, asked);
    world.block(BOB).await;
    assert!(hub.drain(&stream).await.is_empty());
    let enabled = hub.set_status(&stream, "enabled").await.json();
    assert_eq!(enabled, json!({ "stream_id": stream, "status": "enabled" }));
    assert_eq!(names(&hub.drain(&stream).await), [DISABLED], "it was kept");
    hub.set_status(&stream, "disabled").await;
    world.carry_out(command(UserCommand::Delete { user: BOB.to_owned() })).await;
    hub.set_status(&stream, "enabled").await;
    assert!(hub.drain(&stream).await.is_empty(), "it was not");
    for wrong in ["ENABLED", "deleted", ""] {
        hub.set_status(&stream, wrong).await.is_error(400, "invalid_request");
    }
}

/// Shared Signals Framework 1.0 §8.1.4.
#[tokio::test]
async fn a_verification_comes_back_with_its_state() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&[]).await;
    let asked = hub.post("/ssf/verify", &json!({ "stream_id": stream, "state": "VGhpcyBp+/=" })).await;
    assert_eq!((asked.status.as_u16(), &*asked.body), (204, ""));
    let sets = hub.drain(&stream).await;
    assert_eq!(sets[0]["sub_id"], json!({ "format": "opaque", "id": stream }));
    assert_eq!(sets[0]["events"], json!({ VERIFICATION: { "state": "VGhpcyBp+/=" } }));
    let soon = hub.post("/ssf/verify", &json!({ "stream_id": stream })).await;
    soon.is_error(429, "too_many_requests");
    assert_eq!(soon.header("retry-after"), "10");
    world.advance(10);
    assert_eq!(hub.post("/ssf/verify", &json!({ "stream_id": stream })).await.status, 204);
    assert_eq!(hub.drain(&stream).await[0]["events"], json!({ VERIFICATION: {} }));
    hub.post("/ssf/verify", &json!({})).await.is_error(400, "invalid_request");
    hub.post("/ssf/verify", &json!({ "stream_id": "none" })).await.is_error(404, "stream_not_found");
}

#[tokio::test]
async fn a_receiver_that_never_comes_fills_nothing() {
    let world = World::with(|config| config.ssf.max_waiting = 3).await;
    world.open_signals().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&[DISABLED]).await;
    let block_and_let_in = async || {
        world.block(BOB).await;
        world.carry_out(command(UserCommand::Unblock { user: BOB.to_owned() })).await;
    };
    for _ in 0..6 {
        block_and_let_in().await;
    }
    let status = hub.status(&stream).await;
    assert_eq!(status["status"], "paused");
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains("too many events are waiting") && reason.contains("3 events are lost"), "{reason}");
    let told = hub.drain(&stream).await;
    assert_eq!(names(&told), [UPDATED], "why nothing else comes");
    assert_eq!(told[0]["events"][UPDATED]["status"], "paused");
    let enabled = hub.set_status(&stream, "enabled").await.json();
    assert_eq!(enabled["reason"], "3 events are lost", "it is said once more to who goes on");
    assert_eq!(hub.status(&stream).await, json!({ "stream_id": stream, "status": "enabled" }));
    world.running.app.audit.flush().await;
    let trail = world.audit_trail().await;
    let (_, detail) = trail.iter().rfind(|(name, _)| name == "stream.status").unwrap();
    assert_eq!(detail["lost"], 3);
    block_and_let_in().await;
    assert_eq!(names(&hub.drain(&stream).await), [DISABLED; 4], "what was kept, and what came since");
}

#[tokio::test]
async fn what_an_operator_does_to_a_stream_its_receiver_is_told() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let body = json!({ "events_requested": [DISABLED], "description": "one" });
    let stream = hub.create(&body).await;
    let set = |status: &str| json!({ "stream": { "set-status": { "stream": stream, "status": status, "reason": "upkeep" } } });
    world.command(&set("paused")).await;
    assert_eq!(hub.status(&stream).await["reason"], "upkeep");
    world.block(BOB).await;
    let told = hub.drain(&stream).await;
    assert_eq!(told[0]["sub_id"], json!({ "format": "opaque", "id": stream }));
    assert_eq!(told[0]["events"], json!({ UPDATED: { "status": "paused", "reason": "upkeep" } }));
    let listed = world.command(&json!({ "stream": "list" })).await["streams"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let of = |member: &str| listed[0][member].clone();
    assert_eq!(
        (of("client_id"), of("status"), of("waiting"), of("lost")),
        (json!("hub"), json!("paused"), json!(1), json!(0))
    );
    assert_eq!((of("events"), of("description")), (json!(["account_disabled"]), json!("one")));
    world.command(&set("enabled")).await;
    assert_eq!(names(&hub.drain(&stream).await), [DISABLED, UPDATED]);
    world.command(&json!({ "stream": { "delete": { "stream": stream } } })).await;
    assert_eq!(hub.get("/ssf/streams").await.json(), json!([]));
}
