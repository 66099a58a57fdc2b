//! What an operator takes away is dead at userinfo and introspection when the command is answered, and what is issued a second later
//! lives. Security 53: "a documented way to revoke JWT access tokens before expiry".

use serde_json::{Value, json};
use symbolon_server::admin::{
    ApiChange, ApiCommand, Cause, ClientChange, ClientCommand, Command, KeyCommand, PresentedToken, RoleCommand,
    SessionCommand, TokenCommand, TokenTarget, UserCommand,
};

use crate::support::flow::basic;
use crate::support::protocol::{claims, header};
use crate::support::{API, NOW, OTHER_API, SECRET, World};

const ADA: &str = "ada@example.com";

fn revoke(target: TokenTarget) -> Command {
    Command::Token(TokenCommand::Revoke { target })
}

fn presented(token: &Value) -> TokenTarget {
    TokenTarget::Token(PresentedToken(token.as_str().unwrap().to_owned().into()))
}

fn set_client(client: &str, change: ClientChange) -> Command {
    Command::Client(ClientCommand::Set { client: client.to_owned(), change: Box::new(change) })
}

fn set_api(change: ApiChange) -> Command {
    Command::Api(ApiCommand::Set { api: API.to_owned(), change })
}

fn disabled(disabled: bool) -> ClientChange {
    ClientChange { disabled: Some(disabled), ..ClientChange::default() }
}

async fn machine_token(world: &World, secret: &str, api: &str) -> Value {
    let fields = [("grant_type", "client_credentials"), ("audience", api)];
    world.post_with(&basic("machine", secret), "/oauth/token", &fields).await.json()["access_token"].clone()
}

async fn is_active(world: &World, token: &Value) -> bool {
    world.introspect(token.as_str().unwrap()).await["active"] == true
}

#[tokio::test]
async fn by_rule_the_old_tokens_die_and_those_of_a_second_later_live() {
    let narrow = ClientChange { apis: vec![(API.to_owned(), "read".to_owned())], ..ClientChange::default() };
    for (command, others_live) in [
        (revoke(TokenTarget::Client("web".into())), true),
        (set_client("web", narrow), true),
        (revoke(TokenTarget::Api(API.into())), false),
        (set_api(ApiChange { remove_scopes: vec!["write".into()], ..ApiChange::default() }), false),
        (set_api(ApiChange { without_roles: Some(true), ..ApiChange::default() }), false),
        (revoke(TokenTarget::Everything), false),
    ] {
        let world = World::new().await;
        let old = world.tokens("web", ADA).await;
        let others = world.tokens("other", ADA).await["access_token"].clone();
        world.assert_alive(&old["access_token"]).await;
        let words = format!("{command:?}");
        let answer = world.carry_out(command).await;
        assert_eq!(answer["tokens_until"], claims(&old["access_token"])["exp"], "{words}");
        world.assert_dead(&old["access_token"]).await;
        if others_live {
            world.assert_alive(&others).await;
        } else {
            world.assert_dead(&others).await;
        }
        // Tokens count in seconds: one of this second could be from before the rule.
        let same_second = world.refresh("web", old["refresh_token"].as_str().unwrap()).await.json();
        world.assert_dead(&same_second["access_token"]).await;
        world.advance(1);
        let new = world.refresh("web", same_second["refresh_token"].as_str().unwrap()).await.json();
        world.assert_alive(&new["access_token"]).await;
    }
}

#[tokio::test]
async fn adding_revokes_nothing() {
    let world = World::new().await;
    let token = world.tokens("web", ADA).await["access_token"].clone();
    let redirect = symbolon_server::admin::ListChange { add: vec!["https://b.example/".into()], remove: Vec::new() };
    world.carry_out(set_client("web", ClientChange { redirect_uris: redirect, ..ClientChange::default() })).await;
    let scope = vec![("fly".to_owned(), "Fly".to_owned())];
    let answer = world.carry_out(set_api(ApiChange { add_scopes: scope, ..ApiChange::default() })).await;
    assert_eq!(answer["tokens_until"], Value::Null);
    world.assert_alive(&token).await;
}

#[tokio::test]
async fn a_compromised_secret_works_no_more_nor_do_the_tokens_it_brought() {
    let world = World::new().await;
    let stolen = machine_token(&world, SECRET, API).await;
    let rotate =
        ClientCommand::RotateSecret { client: "machine".into(), overlap_secs: 3_600, cause: Cause::Compromised };
    let answer = world.carry_out(Command::Client(rotate)).await;
    assert_eq!(answer["tokens_until"], json!(NOW + 600));
    assert!(!is_active(&world, &stolen).await);
    assert_eq!(machine_token(&world, SECRET, API).await, Value::Null, "the old secret brings nothing");
    world.advance(1);
    assert!(is_active(&world, &machine_token(&world, answer["client_secret"].as_str().unwrap(), API).await).await);
}

#[tokio::test]
async fn a_routine_rotation_leaves_the_tokens_alone() {
    let world = World::new().await;
    let token = machine_token(&world, SECRET, API).await;
    let rotate = ClientCommand::RotateSecret { client: "machine".into(), overlap_secs: 3_600, cause: Cause::Routine };
    world.carry_out(Command::Client(rotate)).await;
    assert!(is_active(&world, &token).await);
    assert!(is_active(&world, &machine_token(&world, SECRET, API).await).await);
}

/// What was taken does not come back with the client: whoever had the tokens in the meantime has nothing.
#[tokio::test]
async fn a_client_that_is_switched_off_and_on_again_has_to_ask_anew() {
    let world = World::new().await;
    let old = world.tokens("web", ADA).await;
    world.carry_out(set_client("web", disabled(true))).await;
    world.assert_dead(&old["access_token"]).await;
    world.advance(1);
    world.carry_out(set_client("web", disabled(false))).await;
    world.assert_dead(&old["access_token"]).await;
    let new = world.refresh("web", old["refresh_token"].as_str().unwrap()).await.json();
    world.assert_alive(&new["access_token"]).await;
}

#[tokio::test]
async fn a_client_that_loses_an_api_or_is_deleted_loses_its_tokens() {
    let world = World::new().await;
    let old = machine_token(&world, SECRET, API).await;
    let apis = vec![(OTHER_API.to_owned(), "read".to_owned())];
    let moved = ClientChange { remove_apis: vec![API.to_owned()], apis, ..ClientChange::default() };
    world.carry_out(set_client("machine", moved)).await;
    assert!(!is_active(&world, &old).await);
    world.advance(1);
    let elsewhere = machine_token(&world, SECRET, OTHER_API).await;
    let ask = async || world.introspect_as(OTHER_API, SECRET, elsewhere.as_str().unwrap()).await.json();
    assert_eq!(ask().await["active"], true);
    world.carry_out(Command::Client(ClientCommand::Delete { client: "machine".into() })).await;
    assert_eq!(ask().await, json!({ "active": false }));
}

/// Guards that follow the feed learn of the API's end, also when the server no longer answers for it.
#[tokio::test]
async fn an_api_that_is_switched_off_or_deleted_takes_its_tokens_along() {
    let world = World::new().await;
    let token = world.tokens("web", ADA).await["access_token"].clone();
    let answer = world.carry_out(set_api(ApiChange { disabled: Some(true), ..ApiChange::default() })).await;
    assert_eq!(answer["tokens_until"], claims(&token)["exp"]);
    assert_eq!(world.userinfo(token.as_str().unwrap()).await.status, 401);
    for (client, api) in [("machine", API), ("partner", API)] {
        let change = ClientChange { remove_apis: vec![api.to_owned()], ..ClientChange::default() };
        world.carry_out(set_client(client, change)).await;
    }
    let default = ClientChange { default_audience: Some(String::new()), ..ClientChange::default() };
    world.carry_out(set_client("spa", default)).await;
    world.advance(1);
    world.carry_out(Command::Api(ApiCommand::Delete { api: API.to_owned() })).await;
    let log = world.running.app.store.revocations(0, 100).await.unwrap();
    let times = log.iter().filter(|entry| entry.id == API).map(|entry| entry.revoked_at);
    assert_eq!(times.collect::<Vec<_>>(), [NOW, NOW + 1]);
}

#[tokio::test]
async fn a_compromised_key_leaves_the_set_and_what_it_signed_is_dead() {
    let world = World::new().await;
    let old = world.tokens("web", ADA).await;
    let kid = header(&old["access_token"])["kid"].as_str().unwrap().to_owned();
    let set = async || world.browser().get("/.well-known/jwks.json").await.body;
    assert!(set().await.contains(&kid));
    let retire = KeyCommand::Retire { kid: kid.clone(), cause: Cause::Compromised };
    let answer = world.carry_out(Command::Key(retire)).await;
    assert_eq!(answer["tokens_until"], claims(&old["access_token"])["exp"]);
    assert!(!set().await.contains(&kid));
    world.assert_dead(&old["access_token"]).await;
    // Another key signs from now on, within the same second: a key is revoked by its name and not by a time.
    let new = world.refresh("web", old["refresh_token"].as_str().unwrap()).await.json();
    let successor = header(&new["access_token"])["kid"].as_str().unwrap().to_owned();
    assert_ne!(successor, kid);
    assert!(set().await.contains(&successor));
    world.assert_alive(&new["access_token"]).await;
    let world = world.restart().await;
    world.assert_dead(&old["access_token"]).await;
    world.assert_alive(&new["access_token"]).await;
}

#[tokio::test]
async fn a_token_that_is_handed_in_ends_with_its_grant() {
    let world = World::new().await;
    let by_access_token = world.tokens("web", ADA).await;
    let by_refresh_token = world.tokens("web", ADA).await;
    let by_name = world.tokens("web", ADA).await;
    let untouched = world.tokens("web", ADA).await;
    let jti = claims(&by_name["access_token"])["jti"].as_str().unwrap().to_owned();
    for (target, tokens) in [
        (presented(&by_access_token["access_token"]), &by_access_token),
        (presented(&by_refresh_token["refresh_token"]), &by_refresh_token),
        (TokenTarget::Jti(jti), &by_name),
    ] {
        let answer = world.carry_out(revoke(target)).await;
        assert_eq!((&answer["revoked"], &answer["ended"]["families"]), (&json!(true), &json!(1)));
        assert_eq!(answer["tokens_until"], claims(&tokens["access_token"])["exp"]);
        world.assert_dead(&tokens["access_token"]).await;
        world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.is_error(400, "invalid_grant");
    }
    world.assert_alive(&untouched["access_token"]).await;
}

#[tokio::test]
async fn a_machines_token_that_is_handed_in_ends_alone() {
    let world = World::new().await;
    let [one, other] = [machine_token(&world, SECRET, API).await, machine_token(&world, SECRET, API).await];
    world.carry_out(revoke(presented(&one))).await;
    assert!(!is_active(&world, &one).await && is_active(&world, &other).await);
    // Also when its client has gone since: guards know nothing of clients.
    world.carry_out(Command::Client(ClientCommand::Delete { client: "machine".into() })).await;
    assert_eq!(world.carry_out(revoke(presented(&other))).await["revoked"], true);
}

/// The answer names the very second, where it is known.
#[tokio::test]
async fn what_ends_for_a_user_says_until_when_a_token_can_live_on() {
    let ends: [fn(&str) -> Command; 4] = [
        |_| Command::User(UserCommand::Block { user: ADA.into() }),
        |_| Command::Session(SessionCommand::EndAll { user: ADA.into() }),
        |sid| Command::Session(SessionCommand::End { sid: sid.into() }),
        |_| Command::Role(RoleCommand::Revoke { user: ADA.into(), roles: vec!["admin".into()] }),
    ];
    for end in ends {
        let world = World::new().await;
        // Without offline access it is bound to the session.
        let code = world.browser().code("web", ADA, &[("scope", "openid read")]).await;
        let token = world.redeem("web", &code).await.json()["access_token"].clone();
        world.advance(60);
        let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
        let answer = world.carry_out(end(&sid)).await;
        assert_eq!(answer["tokens_until"], json!(NOW + 600), "{answer}");
        world.assert_dead(&token).await;
    }
}
