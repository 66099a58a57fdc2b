//! What is served of the browser SDK: under which names, for how long, to whom.

use crate::support::World;

#[tokio::test]
async fn each_file_has_a_plain_name_for_minutes_and_a_hashed_one_for_ever_on_any_origin() {
    let world = World::new().await;
    let core = world.browser().get("/sdk/v1/symbolon.js").await;
    let parts: Vec<&str> = core.body.split("\"./").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(parts.len(), 3, "{parts:?}");
    let storage = world.browser().get("/sdk/v1/store.js").await.body;
    let cookie = storage.split("\"./").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let parts = parts.into_iter().chain([cookie]);
    for (part, plain) in parts.zip(["store.js", "dpop.js", "sign-in.js", "cookie.js"]) {
        let hashed = world.browser().get(&format!("/sdk/v1/{part}")).await;
        assert_eq!(hashed.status, 200, "{part}");
        assert_eq!(hashed.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(hashed.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(hashed.header("access-control-allow-origin"), "*");
        assert_eq!(hashed.header("cross-origin-resource-policy"), "cross-origin");
        let same = world.browser().get(&format!("/sdk/v1/{plain}")).await;
        assert_eq!(same.header("cache-control"), "public, max-age=300");
        assert_eq!(same.body, hashed.body);
        // A page that began before an upgrade goes on with what there is now, and keeps nothing.
        let other = world.browser().get(&format!("/sdk/v1/{}", plain.replace('.', ".0000000000000000."))).await;
        assert_eq!(other.header("cache-control"), "no-store");
        assert_eq!(other.body, hashed.body);
    }
    assert_eq!(world.browser().get("/sdk/v1/storage.x.js").await.status, 404);
    let socket = world.browser().get("/sdk/v1/socket.js").await;
    assert!(socket.status == 200 && socket.body.contains("openSocket") && !socket.body.contains("import"));
}

#[tokio::test]
async fn the_page_about_errors_runs_nothing() {
    let world = World::new().await;
    let page = world.browser().get("/sdk/v1/errors.html").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.body.contains("id=\"network\""));
}
