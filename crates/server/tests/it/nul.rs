//! U+0000 at every door by which text reaches the store: refused in words, whatever store there is, and nothing has changed.
//!
//! Forms, queries and headers are in `bad_input`; here is what comes as JSON, in a path, or from somebody who was asked.

use http::Method;
use serde_json::{Value, json};

use crate::support::protocol::raw;
use crate::support::receiver::Receiver;
use crate::support::signals::{PUSH, SESSION_REVOKED};
use crate::support::{PASSWORD, World};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn a_receivers_text_with_u_0000_is_400_and_the_stream_stays_as_it_was() {
    let world = World::new().await;
    world.open_signals().await;
    let hub = world.hub("hub").await;
    let stream = hub.create(&json!({ "events_requested": [SESSION_REVOKED], "description": "one" })).await;
    let one = format!("/ssf/streams?stream_id={stream}");
    let before = (hub.get(&one).await.json(), hub.status(&stream).await);
    for (method, path, body) in [
        (Method::POST, "/ssf/verify", json!({ "stream_id": stream, "state": "a\0b" })),
        (Method::POST, "/ssf/verify", json!({ "stream_id": format!("{stream}\0") })),
        (Method::POST, "/ssf/status", json!({ "stream_id": stream, "status": "paused", "reason": "a\0b" })),
        (Method::POST, "/ssf/streams", json!({ "description": "a\0b" })),
        (Method::POST, "/ssf/streams", json!({ "events_requested": [SESSION_REVOKED, "urn:\0"] })),
        (Method::PATCH, "/ssf/streams", json!({ "stream_id": stream, "description": "a\0b" })),
        (Method::PUT, "/ssf/streams", json!({ "stream_id": stream, "of_tomorrow": { "a\0b": [1] } })),
    ] {
        let answer = hub.call(method.clone(), path, Some(&body)).await;
        answer.is_error(400, "invalid_request");
        assert!(answer.body.contains("U+0000"), "{method} {path} {body}: {}", answer.body);
    }
    let errors = json!({ "setErrs": { "x": { "err": "a\0b" } }, "returnImmediately": true });
    hub.post(&format!("/ssf/poll/{stream}"), &errors).await.is_error(400, "invalid_request");
    assert_eq!((hub.get(&one).await.json(), hub.status(&stream).await), before);
    assert_eq!(hub.drain(&stream).await, Vec::<Value>::new());
    // A backslash and letters are text as any other.
    let state = json!({ "stream_id": stream, "state": "\\u0000" });
    assert_eq!(hub.post("/ssf/verify", &state).await.status, 204);
    let told = hub.drain(&stream).await;
    assert!(told[0].to_string().contains(r#""state":"\\u0000""#), "{told:?}");
}

#[tokio::test]
async fn a_name_or_password_with_u_0000_signs_nobody_in() {
    let world = World::new().await;
    for (username, password) in [("ada@example.com\0", PASSWORD), ("\0", PASSWORD), (ADA, "correct horse battery\0")] {
        let body = json!({ "username": username, "password": password });
        world.post_json("/authenticate", &[], &body).await.is_error(400, "invalid_request");
    }
    let body = json!({ "username": ADA, "password": PASSWORD });
    assert_eq!(world.post_json("/authenticate", &[], &body).await.status, 200);
}

#[tokio::test]
async fn nothing_has_a_name_with_u_0000() {
    let world = World::new().await;
    for (method, path) in [("POST", "/ssf/poll/a%00b"), ("GET", "/status/a%00b"), ("GET", "/%00")] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = raw(world.address(), request.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some("404"), "{path}: {answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_operators_text_with_u_0000_is_refused_in_words_whatever_the_command() {
    let world = World::new().await;
    let nobody = json!({ "username": null, "email": null, "email_verified": false, "name": null, "roles": [], "claims": {}, "password": null });
    let account = |change: Value| {
        let mut account = nobody.clone();
        account["username"] = json!("eve");
        account.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "user": { "add": account } })
    };
    for command in [
        account(json!({ "username": "e\0ve" })),
        account(json!({ "name": "E\0ve" })),
        account(json!({ "roles": ["a\0b"] })),
        account(json!({ "claims": { "a\0b": "c" } })),
        account(json!({ "password": "correct horse \0 battery" })),
        json!({ "user": { "show": { "user": "a\0b" } } }),
        json!({ "user": { "list": { "search": "a\0b", "after": null, "limit": 1 } } }),
        json!({ "user": { "set": { "user": ADA, "change": { "username": null, "email": null, "email_verified": null, "name": "\0",
            "claims": {}, "password": null } } } }),
        json!({ "role": { "add": { "name": "a\0b", "description": "x" } } }),
        json!({ "role": { "add": { "name": "editor", "description": "a\0b" } } }),
        json!({ "role": { "grant": { "user": ADA, "roles": ["a\0b"] } } }),
        json!({ "role": { "revoke": { "user": ADA, "roles": ["a\0b"] } } }),
        json!({ "session": { "end": { "sid": "a\0b" } } }),
        json!({ "stream": { "set-status": { "stream": "x", "status": "paused", "reason": "a\0b" } } }),
        json!({ "client": { "show": { "client": "a\0b" } } }),
    ] {
        let (status, answer) = world.try_command(&command).await;
        assert_eq!((status.as_u16(), &answer["kind"]), (422, &json!("invalid")), "{command}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("U+0000"), "{command}: {answer}");
    }
    let (status, answer) = world.try_command(&account(json!({}))).await;
    assert_eq!(status, 200, "without it all is well: {answer}");
}

/// What is not written down is tried again for ever: a message whose error has no trace is never given up.
#[tokio::test]
async fn a_receivers_refusal_with_u_0000_is_written_down_all_the_same() {
    let mut receiver = Receiver::new().await;
    let world = World::with(|config| config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()]).await;
    world.open_signals().await;
    let hub = world.hub("hub").await;
    receiver.answer(400, r#"{"err":"invalid_\u0000key","description":"\u001b[2Jno"}"#);
    let delivery = json!({ "method": PUSH, "endpoint_url": receiver.url("/events") });
    let stream = hub.create(&json!({ "delivery": delivery, "events_requested": [SESSION_REVOKED] })).await;
    assert_eq!(hub.post("/ssf/verify", &json!({ "stream_id": stream })).await.status, 204);
    receiver.next().await;
    let list = json!({ "delivery": { "list": { "which": "failed", "after": null, "limit": 1 } } });
    let failed = async {
        loop {
            let answer = world.command(&list).await;
            if let Some(error) = answer["deliveries"][0]["last_error"].as_str() {
                return error.to_owned();
            }
        }
    };
    let error = tokio::time::timeout(std::time::Duration::from_secs(20), failed).await.expect("an error on record");
    assert!(error.contains("invalid_?key: ?[2Jno"), "{error:?}");
}
