//! A changed file, taken up by a gateway that runs: what counts at once, and what is wrong changes nothing.

use crate::world::World;

#[tokio::test]
async fn apis_and_origins_of_a_changed_file_count_at_once_and_nobody_is_signed_out() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    assert_eq!(world.get(&browser, "/orders/x").await.status, 404);
    world.change("path = \"/gone\"", "path = \"/orders\"").unwrap();
    assert_eq!(
        world.get(&browser, "/orders/x").await.status,
        502,
        "the session is there, and the new path leads to an API"
    );
    assert_eq!(world.get(&browser, "/gone/x").await.status, 404);

    let from = async |origin: &str| {
        let headers = [("cookie", browser.cookie.as_str()), ("origin", origin), ("sec-fetch-site", "same-site")];
        world.send("GET", "/api/x", &headers, "").await.status
    };
    assert_eq!((from("http://localhost:4200").await, from("http://localhost:4300").await), (200, 403));
    world.change("localhost:4200", "localhost:4300").unwrap();
    assert_eq!((from("http://localhost:4200").await, from("http://localhost:4300").await), (403, 200));
}

#[tokio::test]
async fn what_would_be_refused_at_the_start_is_refused_and_all_goes_on_as_before() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let error = world.change("path = \"/gone\"", "path = \"/session\"").unwrap_err();
    assert!(error.to_string().contains("would hide /session"), "{error}");
    assert_eq!(world.get(&browser, "/gone/x").await.status, 502);
    assert_eq!(world.get(&browser, "/session").await.status, 200);
}

#[tokio::test]
async fn where_the_gateway_is_and_whom_it_asks_stays_until_a_restart() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    world.change("client_id = \"app\"", "client_id = \"other\"").unwrap();
    assert_eq!(world.get(&browser, "/session").await.json()["claims"]["client_id"], "app");
    assert_eq!(world.begin().await.1.query_pairs().find(|(name, _)| name == "client_id").unwrap().1, "app");
}
