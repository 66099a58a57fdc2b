//! `POST /authenticate`: user name and password for a token, for first-party clients that are allowed it.

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::protocol::claims;
use crate::support::{API, Answer, OTHER_API, PASSWORD, World};

const ADA: &str = "ada@example.com";

async fn sign_in(world: &World, body: &Value) -> Answer {
    world.post_json("/authenticate", &[], body).await
}

async fn with(world: &World, username: &str, password: &str) -> Answer {
    sign_in(world, &json!({ "username": username, "password": password })).await
}

/// Everything about an answer but what differs between any two: its id and its time.
fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.body.clone())
}

#[tokio::test]
async fn the_right_password_brings_a_token_that_counts() {
    let world = World::new().await;
    let answer = with(&world, ADA, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    assert!(answer.headers.get("set-cookie").is_none());
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    let token = claims(&body["token"]);
    assert_eq!((&token["client_id"], &token["roles"]), (&json!("spa"), &json!(["admin"])));
    assert!(token["scope"].as_str().unwrap().split(' ').any(|name| name == "read"), "{token}");
    world.assert_alive(&body["token"]).await;
    let audit = world.audit_trail().await;
    assert!(audit.iter().any(|(name, detail)| name == "token.issue" && detail["grant"] == "password_sign_in"));
}

/// Security 123.
#[tokio::test]
async fn wrong_user_and_wrong_password_look_exactly_alike() {
    let world = World::new().await;
    world.add_user("blocked@example.com", "Blocked", &[]).await;
    world.block("blocked@example.com").await;
    let wrong = with(&world, ADA, "wrong horse battery").await;
    assert_eq!(wrong.status, 401);
    let body = wrong.json();
    assert_eq!((&body["message"], &body["error"]), (&json!("Wrong user or password"), &json!("invalid_grant")));
    for (username, password) in [
        ("nobody@example.com", PASSWORD),
        ("nobody@example.com", "wrong horse battery"),
        ("blocked@example.com", PASSWORD),
        ("blocked@example.com", "wrong horse battery"),
        ("not an identifier at all\u{7}", PASSWORD),
        ("", PASSWORD),
        (ADA, ""),
        (ADA, "Correct horse battery"),
        (ADA, "correct horse battery "),
        (ADA, &"x".repeat(5_000)),
        (&"x".repeat(5_000), PASSWORD),
    ] {
        let answer = with(&world, username, password).await;
        assert_eq!(shape(&answer), shape(&wrong), "{username:?}");
    }
}

/// Security 99: no form of another site can send it.
#[tokio::test]
async fn it_takes_json_by_post_and_nothing_else() {
    let world = World::new().await;
    let body = json!({ "username": ADA, "password": PASSWORD }).to_string();
    for media in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/jsonp", ""] {
        let answer = world.send(Method::POST, "/authenticate", &[(CONTENT_TYPE, media)], Some(body.clone())).await;
        answer.is_error(400, "invalid_request");
    }
    assert_eq!(world.browser().get(&format!("/authenticate?username={ADA}&password=x")).await.status, 405);
    for malformed in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"username\":\"a\"}",
        "{\"username\":1,\"password\":\"b\"}",
        "{\"username\":\"a\",\"password\":null}",
        "{\"username\":\"a\",\"username\":\"b\",\"password\":\"c\"}",
        "{\"username\":\"a\",\"password\":\"b\"} x",
        &format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let headers = [(CONTENT_TYPE, "application/json; charset=utf-8")];
        let answer = world.send(Method::POST, "/authenticate", &headers, Some(malformed.to_owned())).await;
        answer.is_error(400, "invalid_request");
        assert!(!answer.body.contains("username"), "{}", answer.body);
    }
}

/// Security 32.
#[tokio::test]
async fn only_a_client_that_is_allowed_it_can_use_it() {
    let world = World::new().await;
    let ask = async |client: &str| {
        sign_in(&world, &json!({ "username": ADA, "password": PASSWORD, "client_id": client })).await
    };
    assert_eq!(ask("spa").await.status, 200);
    for client in ["web", "partner", "machine", "nobody", "SPA", ""] {
        ask(client).await.is_error(400, "unauthorized_client");
    }
    for forbid in [
        (|client| client.first_party = false) as fn(&mut symbolon_oauth::Client),
        |client| client.password_sign_in = false,
        |client| client.disabled = true,
    ] {
        let before = (**world.running.app.registry().client("spa").unwrap()).clone();
        world.change_client("spa", forbid).await;
        ask("spa").await.is_error(400, "unauthorized_client");
        with(&world, ADA, PASSWORD).await.is_error(400, "unauthorized_client");
        world.put_client(&before).await;
    }
    // With two such clients it must be said which.
    world.change_client("other", |client| client.password_sign_in = true).await;
    with(&world, ADA, PASSWORD).await.is_error(400, "unauthorized_client");
}

/// Security 37, 38.
#[tokio::test]
async fn api_and_scope_can_be_named_within_the_registration() {
    let world = World::new().await;
    let body = json!({ "username": ADA, "password": PASSWORD, "audience": API, "scope": "read admin unknown" });
    let token = sign_in(&world, &body).await.json()["token"].clone();
    assert_eq!((&claims(&token)["aud"], &claims(&token)["scope"]), (&json!(API), &json!("read")));
    let body = json!({ "username": ADA, "password": PASSWORD, "audience": OTHER_API, "scope": "openid read" });
    assert_eq!(claims(&sign_in(&world, &body).await.json()["token"])["aud"][0], OTHER_API);
    let body = json!({ "username": ADA, "password": PASSWORD, "audience": "https://nobody.example" });
    sign_in(&world, &body).await.is_error(400, "invalid_target");
    let body = json!({ "username": ADA, "password": PASSWORD, "scope": "a\"b" });
    sign_in(&world, &body).await.is_error(400, "invalid_scope");
}

/// Security 124, 125.
#[tokio::test]
async fn guessing_is_slowed_and_the_wait_is_told() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(with(&world, ADA, "wrong horse battery").await.status, 401);
    }
    let mut slowed = with(&world, ADA, "wrong horse battery").await;
    if slowed.status == 401 {
        slowed = with(&world, ADA, "wrong horse battery").await;
    }
    slowed.is_error(429, "too_many_attempts");
    let wait: u64 = slowed.header("retry-after").parse().unwrap();
    assert!(wait >= 1, "{slowed:?}");
    // The right password does not help before the wait is over, another spelling of the name neither.
    with(&world, ADA, PASSWORD).await.is_error(429, "too_many_attempts");
    with(&world, "ADA@Example.com ", PASSWORD).await.is_error(429, "too_many_attempts");
    // Nor is somebody else held up.
    assert_eq!(with(&world, "bob@example.com", PASSWORD).await.status, 200);
    world.advance(wait);
    assert_eq!(with(&world, ADA, PASSWORD).await.status, 200, "waiting helps");
}

#[tokio::test]
async fn a_name_nobody_has_is_slowed_the_same_way() {
    let world = World::new().await;
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..8 {
        known.push(shape(&with(&world, ADA, "wrong horse battery").await));
        unknown.push(shape(&with(&world, "nobody@example.com", "wrong horse battery").await));
    }
    assert_eq!(known, unknown);
    assert!(known.iter().any(|(status, _, _)| *status == 429), "{known:?}");
}

#[tokio::test]
async fn its_tokens_end_with_the_account() {
    let world = World::new().await;
    let body = with(&world, ADA, PASSWORD).await.json();
    world.block(ADA).await;
    world.assert_dead(&body["token"]).await;
    assert_eq!(with(&world, ADA, PASSWORD).await.status, 401);
}

/// What is wrong with a body is named, as far as it is not the caller's own text.
#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let world = World::new().await;
    for (media, body, said) in [
        ("application/x-www-form-urlencoded", "username=a&password=b", "the body must be application/json"),
        ("application/json", r#"{"password":"b"}"#, "username is missing"),
        ("application/json", r#"{"username":"a"}"#, "password is missing"),
        ("application/json", "{", "the parameters are not well-formed"),
    ] {
        let headers = [(http::header::CONTENT_TYPE, media)];
        let answer = world.browser().send(http::Method::POST, "/authenticate", &headers, Some(body.to_owned())).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error_description"]), (400, &said.into()), "{body}");
    }
}
