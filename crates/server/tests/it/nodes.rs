//! Promises of many nodes over one database: any of them may answer any request, and they know one truth (mission P25, design §3).

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use postgres_fixture::{Durability, Server, StopMode};
use symbolon_server::config::SecretText;
use tokio::time::Instant;

use crate::support::flow::authorize_url;
use crate::support::{Answer, PASSWORD, World, postgres};

const ADA: &str = "ada@example.com";

async fn three() -> [World; 3] {
    let first = World::on(postgres::database().await).await;
    let (second, third) = tokio::join!(Box::pin(first.another()), Box::pin(first.another()));
    [first, second, third]
}

/// Looks again until it is so.
async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_may_go_through_a_different_node_with_every_request() {
    let nodes = three().await;
    let mut browser = nodes[0].browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    browser.address = nodes[1].running.address.unwrap();
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    browser.address = nodes[2].running.address.unwrap();
    let code = browser.follow(answer).await.param("code").unwrap();
    assert_eq!(nodes[0].redeem("web", &code).await.status, 200);
    browser.address = nodes[1].running.address.unwrap();
    let again = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    assert!(again.param("code").is_some(), "the session is known everywhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_once_works_once_on_all_nodes_together() {
    let nodes = three().await;
    let code = nodes[0].browser().code("web", ADA, &[]).await;
    let (a, b, c) =
        tokio::join!(nodes[0].redeem("web", &code), nodes[1].redeem("web", &code), nodes[2].redeem("web", &code));
    let good: Vec<&Answer> = [&a, &b, &c].into_iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1, "{a:?} {b:?} {c:?}");
    // The second use has ended what the first brought.
    assert_eq!(nodes[2].refresh("web", good[0].json()["refresh_token"].as_str().unwrap()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_at_once_on_all_nodes_get_one_successor() {
    let nodes = three().await;
    let tokens = nodes[0].tokens("web", ADA).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let (a, b, c) =
        tokio::join!(nodes[0].refresh("web", token), nodes[1].refresh("web", token), nodes[2].refresh("web", token));
    let successors: Vec<String> =
        [a, b, c].iter().map(|answer| answer.json()["refresh_token"].as_str().unwrap().to_owned()).collect();
    assert!(successors.iter().all(|successor| *successor == successors[0]), "the family did not fork");
    assert_eq!(nodes[1].refresh("web", &successors[0]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_known_to_every_node_at_once() {
    let nodes = three().await;
    let tokens = nodes[0].tokens("web", ADA).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let revoked = nodes[1].post_as("web", "/oauth/revoke", &[("token", refresh_token)]).await;
    assert_eq!(revoked.status, 200);
    for node in &nodes {
        node.assert_dead(&tokens["access_token"]).await;
        assert_eq!(node.refresh("web", refresh_token).await.status, 400);
    }
}

/// Not merely by asking each second: by notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_registry_reaches_every_node_by_notice() {
    let first = World::on(postgres::database().await).await;
    let second = first.another().await;
    let polls = Duration::from_secs(first.running.app.config.store.poll_secs);
    let mut quickest = polls;
    for round in 0..5 {
        let name = format!("Web {round}");
        first.change_client("web", |client| client.name.clone_from(&name)).await;
        let begun = Instant::now();
        eventually("the other node knows the new name", || async {
            second.running.app.registry().client("web").unwrap().name == name
        })
        .await;
        quickest = quickest.min(begun.elapsed());
    }
    assert!(quickest < polls / 4, "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_counted_over_all_nodes() {
    let nodes = three().await;
    let mut refused = 0;
    for round in 0..12 {
        let node = &nodes[round % 3];
        let mut browser = node.browser();
        let page = browser.get(&authorize_url("web", &[])).await;
        refused += u32::from(browser.sign_in(&page, ADA, "wrong wrong wrong").await.status == 429);
    }
    assert_eq!(refused, 12 - 5, "five failures are free, wherever they are");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_once_for_all_nodes() {
    let nodes = three().await;
    let jwks = nodes[0].browser().get("/.well-known/jwks.json").await.body;
    for node in &nodes {
        assert_eq!(node.browser().get("/.well-known/jwks.json").await.body, jwks);
    }
}

/// Security F12: nothing is acknowledged that has no effect, what needs no store goes on, and it comes back by itself.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_node_says_503_and_goes_on_with_what_it_knows() {
    let mut server = tokio::task::spawn_blocking(|| Server::start(Durability::Full, &[])).await.unwrap().unwrap();
    let world = World::on(SecretText::new(server.url("postgres"))).await;
    let tokens = world.tokens("web", ADA).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    server.down(StopMode::Immediate).unwrap();

    let page = world.browser().get(&authorize_url("web", &[])).await;
    for answer in [
        world.refresh("web", refresh_token).await,
        world.post_as("web", "/oauth/revoke", &[("token", refresh_token)]).await,
        world.browser().sign_in(&page, ADA, PASSWORD).await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert!(answer.headers.contains_key(RETRY_AFTER), "{answer:?}");
    }
    assert_eq!(world.browser().get("/readyz").await.status, 503);
    for path in ["/livez", "/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_eq!(world.browser().get(path).await.status, 200, "{path}");
    }
    let machine = [("grant_type", "client_credentials"), ("scope", "read")];
    assert_eq!(world.token("machine", &machine).await.status, 200, "signing needs no store");

    server.up().unwrap();
    let begun = Instant::now();
    eventually("it answers again", || async { world.browser().get("/readyz").await.status == 200 }).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(world.refresh("web", refresh_token).await.status, 200, "what failed has changed nothing");
}
