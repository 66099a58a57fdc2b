//! Session values: an access token that the API looks up, and that lives exactly as long as the session it was born in.

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use symbolon_oauth::AccessTokenFormat;
use symbolon_server::admin::{ClientChange, ClientCommand, Command, PresentedToken, TokenCommand, TokenTarget};

use crate::support::client::form;
use crate::support::flow::{authorize_url, basic};
use crate::support::{API, Answer, Browser, NOW, OTHER_API, PASSWORD, SECRET, World};

const ADA: &str = "ada@example.com";

async fn world() -> World {
    let world = World::new().await;
    for client in ["web", "spa"] {
        world.change_client(client, |client| client.access_token_format = AccessTokenFormat::Session).await;
    }
    world
}

/// Signs ada in and gives what the client got.
async fn tokens(world: &World, browser: &mut Browser, client: &str) -> Value {
    let code = browser.code(client, ADA, &[]).await;
    let answer = world.redeem(client, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn value(world: &World, browser: &mut Browser) -> String {
    tokens(world, browser, "web").await["access_token"].as_str().unwrap().to_owned()
}

async fn look_up_as(world: &World, api: &str, secret: &str, value: &str) -> Answer {
    world.post_with(&basic(api, secret), "/session", &[("session", value)]).await
}

async fn look_up(world: &World, value: &str) -> Value {
    let answer = look_up_as(world, API, SECRET, value).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn counts(world: &World, value: &str) -> bool {
    look_up(world, value).await["active"] == true
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn an_api_learns_whom_a_value_stands_for() {
    let world = world().await;
    let said = tokens(&world, &mut world.browser(), "web").await;
    let value = said["access_token"].as_str().unwrap();
    assert!(value.starts_with("sym_sv_") && value.len() < 80, "{value}");
    assert_eq!((&said["token_type"], said.get("refresh_token")), (&json!("Bearer"), None));
    assert_eq!(said["scope"], "openid profile email read", "there is nothing to refresh");
    let answer = look_up_as(&world, API, SECRET, value).await;
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    let found = answer.json();
    assert_eq!(
        (&found["active"], &found["client_id"], &found["roles"]),
        (&json!(true), &json!("web"), &json!(["admin"]))
    );
    assert!(found["aud"].as_array().unwrap().contains(&json!(API)), "{found}");
    for member in ["iss", "sub", "exp", "iat", "jti", "sid", "rh", "auth_time", "scope"] {
        assert!(!found[member].is_null(), "{member}: {found}");
    }
    assert_eq!(found, world.introspect(value).await, "introspection says the same");
    assert_eq!(world.userinfo(value).await.json()["sub"], found["sub"]);
}

#[tokio::test]
async fn a_value_means_nothing_to_anybody_else() {
    let world = world().await;
    let value = value(&world, &mut world.browser()).await;
    assert_eq!(look_up_as(&world, OTHER_API, SECRET, &value).await.json(), inactive());
    for (id, secret) in [(API, "wrong"), ("https://nobody.example", SECRET), ("web", SECRET), (API, "")] {
        look_up_as(&world, id, secret, &value).await.is_error(401, "invalid_client");
    }
    world.post_with("", "/session", &[("session", &value)]).await.is_error(401, "invalid_client");
    let cut = &value[..value.len() - 1];
    for garbage in [cut, "x", "sym_sv_", "sym_se_AAAA", "' OR 1=1 --", &"x".repeat(9_000)] {
        assert_eq!(look_up(&world, garbage).await, inactive(), "{garbage}");
    }
}

#[tokio::test]
async fn it_takes_a_form_by_post_and_nothing_else() {
    let world = world().await;
    let value = value(&world, &mut world.browser()).await;
    let own = basic(API, SECRET);
    let by_address = world.browser().get(&format!("/session?session={value}")).await;
    assert_eq!(by_address.status, 401, "what a page asks is about its cookie: {by_address:?}");
    let headers = [(http::header::AUTHORIZATION, own.as_str()), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let in_url = format!("/session?session={value}");
    world.send(Method::POST, &in_url, &headers, Some(String::new())).await.is_error(400, "invalid_request");
    world.post_with(&own, "/session", &[]).await.is_error(400, "invalid_request");
    let twice = form(&[("session", &value), ("session", &value)]);
    world.send(Method::POST, "/session", &headers, Some(twice)).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn signing_out_ends_it_at_once() {
    let world = world().await;
    let mut browser = world.browser();
    let said = tokens(&world, &mut browser, "web").await;
    let value = said["access_token"].as_str().unwrap();
    assert!(counts(&world, value).await);
    let hint = said["id_token"].as_str().unwrap();
    browser.get(&format!("/logout?id_token_hint={hint}")).await;
    assert_eq!(look_up(&world, value).await, inactive());
    world.assert_dead(&said["access_token"]).await;
}

#[tokio::test]
async fn a_client_can_give_it_up_by_revocation() {
    let world = world().await;
    let mut browser = world.browser();
    let (first, second) = (value(&world, &mut browser).await, value(&world, &mut browser).await);
    let others = world.post_as("other", "/oauth/revoke", &[("token", &first)]).await;
    assert!(others.status == 400 || others.json()["revoked"] == false, "{}", others.body);
    assert!(counts(&world, &first).await);
    let answer = world.post_as("web", "/oauth/revoke", &[("token", &first)]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["revoked"]), (200, &json!(true)));
    assert!(!counts(&world, &first).await);
    assert!(counts(&world, &second).await, "another sign-in of the same session goes on");
}

#[tokio::test]
async fn use_keeps_it_alive_up_to_the_absolute_limit_and_rest_ends_it() {
    let world = world().await;
    let settings = world.running.app.config().session;
    let (idle, absolute) = (settings.idle_secs, settings.absolute_secs);
    let rested = value(&world, &mut world.browser()).await;
    let used = value(&world, &mut world.browser()).await;
    assert_eq!(look_up(&world, &used).await["exp"], NOW + idle);
    world.advance(idle - 60);
    assert_eq!(look_up(&world, &used).await["exp"], NOW + idle - 60 + idle, "looking it up is use");
    world.advance(60);
    assert_eq!((counts(&world, &rested).await, counts(&world, &used).await), (false, true));
    let mut now = idle;
    while now + idle / 2 < absolute {
        now += idle / 2;
        world.advance(idle / 2);
        assert!(counts(&world, &used).await, "after {now} s");
    }
    world.advance(absolute - now);
    assert!(!counts(&world, &used).await);
}

#[tokio::test]
async fn another_apis_question_is_no_use_of_the_session() {
    let world = world().await;
    let idle = world.running.app.config().session.idle_secs;
    let value = value(&world, &mut world.browser()).await;
    world.advance(idle - 60);
    assert_eq!(look_up_as(&world, OTHER_API, SECRET, &value).await.json(), inactive());
    world.advance(60);
    assert!(!counts(&world, &value).await);
}

#[tokio::test]
async fn what_the_operator_takes_away_ends_it() {
    let world = world().await;
    let value = value(&world, &mut world.browser()).await;
    world.change_api(API, |api| api.include_roles = false).await;
    assert_eq!(look_up(&world, &value).await.get("roles"), None, "roles are those of the moment");
    world.block(ADA).await;
    assert!(!counts(&world, &value).await);
}

/// What was taken does not come back with the client, nor when the log has forgotten why.
#[tokio::test]
async fn a_client_that_is_switched_off_and_on_again_has_no_values() {
    let world = world().await;
    let settings = world.running.app.config().session;
    assert!(settings.remember_absolute_secs > 86_400, "a session outlives a rule of the log");
    let value = value(&world, &mut world.browser()).await;
    for disabled in [true, false] {
        let change = ClientChange { disabled: Some(disabled), ..ClientChange::default() };
        world.carry_out(Command::Client(ClientCommand::Set { client: "web".into(), change: Box::new(change) })).await;
        assert!(!counts(&world, &value).await);
    }
}

#[tokio::test]
async fn the_operator_can_revoke_one() {
    let world = world().await;
    let mut browser = world.browser();
    let (first, second) = (value(&world, &mut browser).await, value(&world, &mut browser).await);
    let target = TokenTarget::Token(PresentedToken(first.clone().into()));
    let answer = world.carry_out(Command::Token(TokenCommand::Revoke { target })).await;
    assert_eq!((&answer["revoked"], &answer["token"]["kind"]), (&json!(true), &json!("session")), "{answer}");
    assert_eq!(answer["tokens_until"], Value::Null, "nobody can go on without asking");
    assert_eq!((counts(&world, &first).await, counts(&world, &second).await), (false, true));
}

#[tokio::test]
async fn the_database_holds_no_value() {
    let world = world().await;
    let value = value(&world, &mut world.browser()).await;
    let stopped = world.stop().await;
    for file in std::fs::read_dir(stopped.data()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(value.len()).any(|window| window == value.as_bytes()), "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_value_outlives_a_restart() {
    let world = world().await;
    let value = value(&world, &mut world.browser()).await;
    let world = world.restart().await;
    assert!(counts(&world, &value).await);
}

/// A password sign-in without a browser begins a session of its own.
#[tokio::test]
async fn post_authenticate_brings_one_too() {
    let world = world().await;
    let body = json!({ "username": ADA, "password": PASSWORD });
    let answer = world.post_json("/authenticate", &[], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let value = answer.json()["token"].as_str().unwrap().to_owned();
    assert!(value.starts_with("sym_sv_"), "{value}");
    assert!(answer.headers.get("set-cookie").is_none());
    let found = look_up(&world, &value).await;
    assert_eq!((&found["active"], &found["client_id"]), (&json!(true), &json!("spa")));
}

/// There is nothing a value for no API could be looked up by.
#[tokio::test]
async fn a_sign_in_has_to_name_an_api() {
    let world = world().await;
    let answer = world.browser().get(&authorize_url("web", &[("audience", "")])).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_target"), "{answer:?}");
}

/// Looking up is between servers: no page may do it.
#[tokio::test]
async fn it_has_no_cors() {
    let world = world().await;
    let own = basic(API, SECRET);
    let headers = [
        (http::header::ORIGIN, crate::support::SPA_ORIGIN),
        (http::header::AUTHORIZATION, own.as_str()),
        (CONTENT_TYPE, "application/x-www-form-urlencoded"),
    ];
    let answer = world.send(Method::POST, "/session", &headers, Some(form(&[("session", "x")]))).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "{answer:?}");
}
