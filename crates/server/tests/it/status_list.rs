//! Token Status Lists (draft-ietf-oauth-status-list-20): an API that asks for them learns by a list what the revocation log says.

use http::Method;
use http::header::{ACCEPT, ORIGIN};
use miniz_oxide::inflate::decompress_to_vec_zlib;
use serde_json::Value;
use symbolon_jose::base64url;
use symbolon_oauth::registration::Api;
use symbolon_oauth::{ClientApi, Scope};
use symbolon_store::{DocumentWrite, Expect};

use crate::support::protocol::{claims, header};
use crate::support::{API, Answer, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";

/// A world whose [`API`] asks for status lists.
async fn world() -> World {
    let world = World::new().await;
    let app = &world.running.app;
    let api = Api { status_list: true, ..(**app.registry().api(API).unwrap()).clone() };
    let body = serde_json::to_value(&api).unwrap();
    let put = DocumentWrite::Put { kind: "api".into(), id: API.into(), body, expect: Expect::Any };
    app.store.apply(vec![put]).await.unwrap();
    app.take_up().await.unwrap();
    world
}

async fn machine_token(world: &World) -> Value {
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    world.token("machine", &fields).await.json()["access_token"].clone()
}

async fn fetch(world: &World, token: &Value) -> Answer {
    let uri = claims(token)["status"]["status_list"]["uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with(&format!("{ISSUER}/status/")));
    world.browser().get(&uri).await
}

/// 0 is valid, 1 is not.
async fn status(world: &World, token: &Value) -> u8 {
    let list = Value::from(fetch(world, token).await.body);
    let (list, place) = (claims(&list), claims(token)["status"]["status_list"]["idx"].as_u64().unwrap());
    assert_eq!((&list["status_list"]["bits"], &list["ttl"]), (&Value::from(1), &Value::from(15)));
    let compressed = base64url::decode(list["status_list"]["lst"].as_str().unwrap()).unwrap();
    let bits = decompress_to_vec_zlib(&compressed).unwrap();
    bits[usize::try_from(place / 8).unwrap()] >> (place % 8) & 1
}

#[tokio::test]
async fn a_revoked_token_is_invalid_in_its_list_within_the_time_a_list_may_be_kept() {
    let world = world().await;
    let (one, other) = (machine_token(&world).await, machine_token(&world).await);
    assert_ne!(claims(&one)["status"], claims(&other)["status"]);
    assert_eq!((status(&world, &one).await, status(&world, &other).await), (0, 0));
    world.post_as("machine", "/oauth/revoke", &[("token", one.as_str().unwrap())]).await;
    world.advance(15);
    assert_eq!((status(&world, &one).await, status(&world, &other).await), (1, 0));
}

#[tokio::test]
async fn a_logout_is_seen_in_the_list_too() {
    let world = world().await;
    let api = ClientApi { audience: API.to_owned(), scopes: Scope::parse("read").unwrap() };
    world.change_client("web", |client| client.apis.push(api)).await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[("audience", API), ("scope", "openid read")]).await;
    let token = world.redeem("web", &code).await.json()["access_token"].clone();
    assert_eq!(status(&world, &token).await, 0);
    let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
    world.running.app.store.end_session(&sid, "test", NOW).await.unwrap();
    world.advance(15);
    assert_eq!(status(&world, &token).await, 1);
}

#[tokio::test]
async fn a_list_is_a_signed_token_of_its_own_type_for_every_origin() {
    let world = world().await;
    let token = machine_token(&world).await;
    let answer = fetch(&world, &token).await;
    assert_eq!(answer.header("content-type"), "application/statuslist+jwt");
    assert_eq!(answer.header("cache-control"), "public, max-age=15");
    let list = Value::from(answer.body);
    assert_eq!(header(&list)["typ"], "statuslist+jwt");
    assert_eq!(claims(&list)["sub"], claims(&token)["status"]["status_list"]["uri"]);
    assert_eq!(claims(&list)["iat"], NOW);
    world.advance(5);
    assert_eq!(fetch(&world, &token).await.header("cache-control"), "public, max-age=10", "kept, not signed again");

    let uri = claims(&token)["status"]["status_list"]["uri"].as_str().unwrap().to_owned();
    let ask = async |accept: &str| {
        let headers = [(ACCEPT, accept), (ORIGIN, "https://anybody.example")];
        world.browser().send(Method::GET, &uri, &headers, None).await
    };
    assert_eq!(ask("application/statuslist+jwt").await.header("access-control-allow-origin"), "*");
    assert_eq!(ask("text/html, */*;q=0.1").await.status, 200);
    assert_eq!(ask("application/statuslist+cwt").await.status, 406);
    assert_eq!(world.browser().get("/status/nobodys").await.status, 404);
}

#[tokio::test]
async fn an_api_that_does_not_ask_pays_nothing() {
    let world = World::new().await;
    let token = machine_token(&world).await;
    assert_eq!(claims(&token)["status"], Value::Null);
}
