//! Shared Signals: who may manage streams, and what a stream is.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_oauth::{ClientApi, Scope};
use symbolon_server::admin::{ClientCommand, Command};

use crate::support::signals::{ALL, POLL, PURGED, PUSH, SESSION_REVOKED, SSF_API};
use crate::support::{API, ISSUER, World};

async fn world() -> World {
    let world = World::new().await;
    world.open_signals().await;
    world
}

#[tokio::test]
async fn discovery_tells_what_works_once_the_door_is_open() {
    let world = World::new().await;
    let path = "/.well-known/ssf-configuration";
    assert_eq!(world.browser().get(path).await.status, 404);
    world.open_signals().await;
    let answer = world.browser().get(path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.json(),
        json!({
            "spec_version": "1_0",
            "issuer": ISSUER,
            "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": format!("{ISSUER}/ssf/streams"),
            "status_endpoint": format!("{ISSUER}/ssf/status"),
            "verification_endpoint": format!("{ISSUER}/ssf/verify"),
            "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6749" }],
            "default_subjects": "ALL",
        })
    );
    world.change_api(SSF_API, |api| api.disabled = true).await;
    assert_eq!(world.browser().get(path).await.status, 404);
}

#[tokio::test]
async fn a_stream_is_created_read_changed_replaced_and_deleted() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let body = json!({ "events_requested": [PURGED, "urn:unknown"], "description": "one" });
    let created = hub.post("/ssf/streams", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.header("cache-control"), "no-store");
    let created = created.json();
    let id = created["stream_id"].as_str().unwrap();
    let expected = json!({
        "stream_id": id,
        "iss": ISSUER,
        "aud": "hub",
        "events_supported": ALL,
        "events_requested": [PURGED, "urn:unknown"],
        "events_delivered": [PURGED],
        "delivery": { "method": POLL, "endpoint_url": format!("{ISSUER}/ssf/poll/{id}") },
        "min_verification_interval": 10,
        "description": "one",
    });
    assert_eq!(created, expected);
    let one = format!("/ssf/streams?stream_id={id}");
    assert_eq!(hub.get(&one).await.json(), expected);
    assert_eq!(hub.get("/ssf/streams").await.json(), json!([expected]));

    let patched =
        hub.call(Method::PATCH, "/ssf/streams", Some(&json!({ "stream_id": id, "events_requested": ALL }))).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    let patched = patched.json();
    assert_eq!((&patched["events_delivered"], &patched["description"]), (&json!(ALL), &json!("one")));
    let mut again = patched.clone();
    again["events_delivered"] = json!([PURGED]);
    assert_eq!(hub.call(Method::PATCH, "/ssf/streams", Some(&again)).await.status, 400);
    assert_eq!(hub.call(Method::PUT, "/ssf/streams", Some(&patched)).await.json(), patched, "as it was read");
    let only = json!({ "stream_id": id, "events_requested": [SESSION_REVOKED] });
    let replaced = hub.call(Method::PUT, "/ssf/streams", Some(&only));
    let replaced = replaced.await.json();
    assert_eq!((&replaced["events_delivered"], replaced.get("description")), (&json!([SESSION_REVOKED]), None));

    assert_eq!(hub.call(Method::DELETE, "/ssf/streams", None).await.status, 400);
    let deleted = hub.call(Method::DELETE, &one, None).await;
    assert_eq!((deleted.status.as_u16(), deleted.header("cache-control"), &*deleted.body), (204, "no-store", ""));
    for gone in [hub.get(&one).await, hub.call(Method::DELETE, &one, None).await, hub.set_status(id, "paused").await] {
        assert_eq!(gone.status, 404);
    }
    assert_eq!(hub.get("/ssf/streams").await.json(), json!([]));
    let names: Vec<String> = world.audit_trail().await.into_iter().map(|(name, _)| name).collect();
    for name in ["stream.create", "stream.change", "stream.delete"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_configuration_is_refused() {
    let world = world().await;
    let hub = world.hub("hub").await;
    for body in [
        json!([]),
        json!({ "delivery": { "method": PUSH } }),
        json!({ "delivery": { "method": PUSH, "endpoint_url": "http://hub.example/" } }),
        json!({ "delivery": { "method": "urn:ietf:rfc:1" } }),
        json!({ "events_requested": "all" }),
    ] {
        hub.post("/ssf/streams", &body).await.is_error(400, "invalid_request");
    }
    hub.call(Method::PATCH, "/ssf/streams", Some(&json!({}))).await.is_error(400, "invalid_request");
    let bearer = format!("Bearer {}", hub.token);
    let text = [(AUTHORIZATION, &*bearer), (CONTENT_TYPE, "text/plain")];
    let answer = world.browser().send(Method::POST, "/ssf/streams", &text, Some("{}".to_owned())).await;
    answer.is_error(400, "invalid_request");
    let broken = [(AUTHORIZATION, &*bearer)];
    for body in ["{", "{\"description\":\"a\",\"description\":\"b\"}", "\u{0}"] {
        let answer = world.browser().send(Method::POST, "/ssf/streams", &broken, Some(body.to_owned())).await;
        answer.is_error(400, "invalid_request");
    }
    assert_eq!(hub.get("/ssf/streams").await.json(), json!([]));
    for _ in 0..10 {
        hub.listen(&[]).await;
    }
    hub.post("/ssf/streams", &json!({})).await.is_error(403, "too_many_streams");
    world.hub("spy").await.listen(&[]).await;
}

#[tokio::test]
async fn a_stream_is_its_receivers_alone() {
    let world = world().await;
    let (hub, spy) = (world.hub("hub").await, world.hub("spy").await);
    let (mine, theirs) = (hub.listen(&ALL).await, spy.listen(&ALL).await);
    let ids = |list: Value| list.as_array().unwrap().iter().map(|it| it["stream_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(spy.get("/ssf/streams").await.json()), [json!(theirs)]);
    let one = format!("/ssf/streams?stream_id={mine}");
    let named = json!({ "stream_id": mine });
    for answer in [
        spy.get(&one).await,
        spy.call(Method::DELETE, &one, None).await,
        spy.call(Method::PATCH, "/ssf/streams", Some(&named)).await,
        spy.call(Method::PUT, "/ssf/streams", Some(&named)).await,
        spy.get(&format!("/ssf/status?stream_id={mine}")).await,
        spy.set_status(&mine, "disabled").await,
        spy.post("/ssf/verify", &named).await,
        spy.post(&format!("/ssf/poll/{mine}"), &json!({ "returnImmediately": true })).await,
    ] {
        answer.is_error(404, "stream_not_found");
    }
    // Nor can one take another's events by their ids.
    world.block("bob@example.com").await;
    let (sets, _) = hub.poll(&mine, &json!({})).await;
    let ack = json!({ "ack": [sets[0]["jti"]], "maxEvents": 0 });
    spy.poll(&theirs, &ack).await;
    assert_eq!(hub.drain(&mine).await, sets);
}

#[tokio::test]
async fn only_a_receivers_own_token_opens_the_endpoints() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    // A first-party program gets a token for any API on anybody's behalf. It opens nothing here.
    let more = [("audience", SSF_API), ("scope", "openid ssf.manage ssf.read")];
    let code = world.browser().code("spa", "bob@example.com", &more).await;
    let of_a_user = world.redeem("spa", &code).await.json()["access_token"].as_str().unwrap().to_owned();
    let elsewhere = world.token("machine", &[("grant_type", "client_credentials"), ("audience", API)]).await;
    let elsewhere = elsewhere.json()["access_token"].as_str().unwrap().to_owned();
    for (name, authorization) in [
        ("nothing", String::new()),
        ("nonsense", "Bearer x".to_owned()),
        ("basic", crate::support::flow::basic("hub", crate::support::SECRET)),
        ("a user's", format!("Bearer {of_a_user}")),
        ("another API's", format!("Bearer {elsewhere}")),
        ("cut", format!("Bearer {}", &hub.token[..hub.token.len() - 4])),
    ] {
        for (method, path) in [
            (Method::GET, "/ssf/streams".to_owned()),
            (Method::POST, "/ssf/streams".to_owned()),
            (Method::PATCH, "/ssf/streams".to_owned()),
            (Method::PUT, "/ssf/streams".to_owned()),
            (Method::DELETE, format!("/ssf/streams?stream_id={stream}")),
            (Method::GET, format!("/ssf/status?stream_id={stream}")),
            (Method::POST, "/ssf/status".to_owned()),
            (Method::POST, "/ssf/verify".to_owned()),
            (Method::POST, format!("/ssf/poll/{stream}")),
        ] {
            let headers = [(AUTHORIZATION, &*authorization)];
            let answer = world.browser().send(method.clone(), &path, &headers, None).await;
            answer.is_error(401, "invalid_token");
            assert!(answer.header("www-authenticate").starts_with("Bearer realm="), "{name} {method} {path}");
        }
    }
    let in_query = world.browser().get(&format!("/ssf/streams?access_token={}", hub.token)).await;
    in_query.is_error(401, "invalid_token");
}

#[tokio::test]
async fn the_scope_to_read_changes_nothing() {
    let world = world().await;
    let eye = world.hub("eye").await;
    assert_eq!(eye.get("/ssf/streams").await.json(), json!([]));
    for answer in [
        eye.post("/ssf/streams", &json!({})).await,
        eye.call(Method::PATCH, "/ssf/streams", Some(&json!({ "stream_id": "x" }))).await,
        eye.call(Method::DELETE, "/ssf/streams?stream_id=x", None).await,
        eye.set_status("x", "paused").await,
        eye.post("/ssf/verify", &json!({ "stream_id": "x" })).await,
    ] {
        answer.is_error(403, "insufficient_scope");
        assert!(answer.header("www-authenticate").contains("scope=\"ssf.manage\""), "{answer:?}");
    }
    // What the receiver gave us to show at its endpoint is for those who can change it.
    let push =
        json!({ "method": PUSH, "endpoint_url": "https://hub.example/e", "authorization_header": "Bearer hush" });
    let both = world.hub("hub").await;
    both.create(&json!({ "delivery": push })).await;
    assert!(both.get("/ssf/streams").await.body.contains("hush"));
    world.change_client("hub", |client| client.apis[0].scopes = Scope::parse("ssf.read").unwrap()).await;
    let reading = world.hub("hub").await;
    let shown = reading.get("/ssf/streams").await;
    assert!(shown.status == 200 && !shown.body.contains("hush"), "{}", shown.body);
    let database = std::fs::read_dir(world.data()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
    let has = |bytes: &[u8]| bytes.windows(b"Bearer hush".len()).any(|window| window == b"Bearer hush");
    assert!(!database.filter_map(Result::ok).any(|bytes| has(&bytes)), "it is sealed");
}

#[tokio::test]
async fn a_receiver_that_is_let_in_no_more_is_out_at_once() {
    let world = world().await;
    let hub = world.hub("hub").await;
    let stream = hub.listen(&ALL).await;
    world.change_client("hub", |client| client.disabled = true).await;
    hub.get("/ssf/streams").await.is_error(401, "invalid_token");
    world.change_client("hub", |client| client.disabled = false).await;
    assert_eq!(hub.get("/ssf/streams").await.status, 200);
    world.change_api(SSF_API, |api| api.disabled = true).await;
    hub.get("/ssf/streams").await.is_error(401, "invalid_token");
    world.change_api(SSF_API, |api| api.disabled = false).await;
    world.carry_out(Command::Client(ClientCommand::Delete { client: "hub".to_owned() })).await;
    hub.get("/ssf/streams").await.is_error(401, "invalid_token");
    assert_eq!(world.running.app.store.stream(&stream).await, Ok(None), "its streams go with it");
}

#[tokio::test]
async fn a_third_party_may_be_a_receiver_as_well() {
    let world = world().await;
    world.make_receiver("partner").await;
    let api = ClientApi { audience: SSF_API.to_owned(), scopes: Scope::parse("ssf.manage").unwrap() };
    assert!(world.running.app.registry().client("partner").unwrap().apis.contains(&api));
    world.hub("partner").await.listen(&ALL).await;
}
