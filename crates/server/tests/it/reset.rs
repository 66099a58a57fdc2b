//! Promises of the reset link: one use, a good password, and the end of everything that came before.

use serde_json::json;

use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, PASSWORD, World};

const NEW: &str = "lantern orbit quilt";

struct Form {
    browser: Browser,
    code: String,
    csrf: String,
}

impl Form {
    async fn open(world: &World, link: &str) -> Self {
        let mut browser = world.browser();
        let page = browser.get(link).await;
        assert_eq!(page.status, 200, "{page:?}");
        Self { code: page.field("code"), csrf: page.field("csrf"), browser }
    }

    async fn send(&self, password: &str, again: &str) -> Answer {
        let fields = [("code", &*self.code), ("csrf", &self.csrf), ("password", password), ("password_confirm", again)];
        self.browser.clone().post("/reset", &fields).await
    }
}

async fn signs_in(world: &World, email: &str, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    browser.sign_in(&page, email, password).await.body.contains("Hello, ")
}

/// 121.
#[tokio::test]
async fn the_new_password_works_and_the_old_one_does_not() {
    let world = World::new().await;
    let form = Form::open(&world, &world.reset_link("ada@example.com").await).await;
    let done = form.send(NEW, NEW).await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("Password changed"));
    assert!(!done.headers.contains_key("set-cookie"), "a reset signs nobody in");
    assert!(signs_in(&world, "ada@example.com", NEW).await);
    assert!(!signs_in(&world, "ada@example.com", PASSWORD).await);
    assert!(signs_in(&world, "bob@example.com", PASSWORD).await, "the other user is not touched");
}

/// 94; CVE-2025-57766.
#[tokio::test]
async fn a_reset_ends_every_session_code_and_refresh_token_of_the_user() {
    let world = World::new().await;
    let mut ada = world.browser();
    let tokens = world.redeem("web", &ada.code("web", "ada@example.com", &[]).await).await.json();
    let pending = ada.code("web", "ada@example.com", &[]).await;
    let bobs = world.tokens("web", "bob@example.com").await;
    let form = Form::open(&world, &world.reset_link("ada@example.com").await).await;
    assert_eq!(form.send(NEW, NEW).await.status, 200);

    let silent = ada.get(&authorize_url("web", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let refresh = |tokens: &serde_json::Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(world.refresh("web", &refresh(&tokens)).await.json()["error"], "invalid_grant");
    assert_eq!(world.redeem("web", &pending).await.json()["error"], "invalid_grant");
    assert_eq!(world.introspect(tokens["access_token"].as_str().unwrap()).await, json!({ "active": false }));
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    assert_eq!(world.refresh("web", &refresh(&bobs)).await.status, 200);
}

#[tokio::test]
async fn the_link_works_once() {
    let world = World::new().await;
    let link = world.reset_link("ada@example.com").await;
    let (one, two) = (Form::open(&world, &link).await, Form::open(&world, &link).await);
    assert_eq!(one.send(NEW, NEW).await.status, 200);
    let late = two.send("another lantern orbit", "another lantern orbit").await;
    assert_eq!(late.status, 410);
    assert!(late.body.contains("Ask whoever runs this service."));
    assert_eq!(world.browser().get(&link).await.status, 410);
    assert!(signs_in(&world, "ada@example.com", NEW).await);
}

#[tokio::test]
async fn of_parallel_posts_with_one_link_one_wins() {
    let world = World::new().await;
    let link = world.reset_link("ada@example.com").await;
    let mut posts = Vec::new();
    let mut forms = Vec::new();
    for _ in 0..8 {
        forms.push(Form::open(&world, &link).await);
    }
    for (number, form) in forms.into_iter().enumerate() {
        let password = format!("lantern orbit {number} quilt");
        posts.push(tokio::spawn(async move { (form.send(&password, &password).await.status.as_u16(), password) }));
    }
    let mut winner = None;
    for post in posts {
        match post.await.unwrap() {
            (200, password) => assert_eq!(winner.replace(password), None),
            (410, _) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(signs_in(&world, "ada@example.com", &winner.unwrap()).await);
}

#[tokio::test]
async fn the_link_works_only_for_its_time() {
    let world = World::new().await;
    let link = world.reset_link("ada@example.com").await;
    let form = Form::open(&world, &link).await;
    world.advance(3_600);
    assert_eq!(form.send(NEW, NEW).await.status, 410);
    assert_eq!(world.browser().get(&link).await.status, 410);
    assert!(signs_in(&world, "ada@example.com", PASSWORD).await);
}

#[tokio::test]
async fn a_made_up_or_changed_link_is_refused() {
    let world = World::new().await.without_administrator().await;
    let link = world.reset_link("bob@example.com").await;
    let setup = world.setup_link().await.replace("/setup?", "/reset?");
    for link in ["/reset", "/reset?code=", &link[..link.len() - 1], &format!("{link}A"), &setup] {
        assert_eq!(world.browser().get(link).await.status, 410, "{link}");
    }
}

/// The link names its account itself: no field chooses another.
#[tokio::test]
async fn a_field_cannot_turn_the_link_to_another_account() {
    let world = World::new().await;
    let form = Form::open(&world, &world.reset_link("bob@example.com").await).await;
    let fields = [
        ("code", &*form.code),
        ("csrf", &form.csrf),
        ("username", "ada@example.com"),
        ("user_id", "ada@example.com"),
        ("password", NEW),
        ("password_confirm", NEW),
    ];
    assert_eq!(form.browser.clone().post("/reset", &fields).await.status, 200);
    assert!(signs_in(&world, "ada@example.com", PASSWORD).await);
    assert!(signs_in(&world, "bob@example.com", NEW).await);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason_and_the_link_stays_good() {
    let world = World::new().await;
    let form = Form::open(&world, &world.reset_link("ada@example.com").await).await;
    for (password, again, reason) in [
        ("short", "short", "too short. Use 15 characters or more"),
        ("Passw0rdPassw0rd", "Passw0rdPassw0rd", "one of those people try first"),
        ("adalovelace1815", "adalovelace1815", "contains your name, your address"),
        (NEW, "something else", "two passwords are not the same"),
        ("", "", "too short"),
    ] {
        let page = form.send(password, again).await;
        assert_eq!(page.status, 400, "{password}");
        assert!(page.body.contains(reason), "{reason}: {}", page.body);
    }
    assert!(signs_in(&world, "ada@example.com", PASSWORD).await, "nothing was changed");
    assert_eq!(form.send(NEW, NEW).await.status, 200);
}

/// 98.
#[tokio::test]
async fn a_post_of_another_site_or_browser_is_refused() {
    let world = World::new().await;
    let link = world.reset_link("ada@example.com").await;
    let mut foreign = Form::open(&world, &link).await;
    foreign.browser.origin = "https://evil.example".to_owned();
    assert_eq!(foreign.send(NEW, NEW).await.status, 403);
    let other = Form { csrf: Form::open(&world, &link).await.csrf, ..Form::open(&world, &link).await };
    assert_eq!(other.send(NEW, NEW).await.status, 403);
    assert!(signs_in(&world, "ada@example.com", PASSWORD).await);
}

/// 95: a reset does not let a blocked user in.
#[tokio::test]
async fn a_blocked_user_stays_blocked() {
    let world = World::new().await;
    let link = world.reset_link("bob@example.com").await;
    let form = Form::open(&world, &link).await;
    world.command(&json!({ "user": { "block": { "user": "bob@example.com" } } })).await;
    assert_eq!(form.send(NEW, NEW).await.status, 410);
    assert_eq!(world.browser().get(&link).await.status, 410);
    for password in [PASSWORD, NEW] {
        assert!(!signs_in(&world, "bob@example.com", password).await);
    }
}

/// 149.
#[tokio::test]
async fn link_and_change_are_on_record() {
    let world = World::new().await;
    let form = Form::open(&world, &world.reset_link("ada@example.com").await).await;
    form.send(NEW, NEW).await;
    let events = world.audit().await;
    for name in ["user.reset_link.create", "user.password.reset"] {
        let event = events.iter().find(|event| event.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(event.user_id.is_some() && event.outcome == "success");
    }
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains(&form.code) && !text.contains(NEW));
}
