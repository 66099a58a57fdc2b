//! Promises of the set-up link: no default account, one administrator, one use.

use http::header::ORIGIN;
use serde_json::json;

use crate::support::{Answer, Browser, World};

const GOOD: &str = "lantern orbit quilt";

/// The fields of the page behind `link`, filled in.
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

    async fn send(&self, email: &str, password: &str, again: &str) -> Answer {
        let fields = [
            ("code", &*self.code),
            ("csrf", &self.csrf),
            ("email", email),
            ("name", "Grace"),
            ("password", password),
            ("password_confirm", again),
        ];
        self.browser.clone().post("/setup", &fields).await
    }

    async fn create(&self, email: &str) -> Answer {
        self.send(email, GOOD, GOOD).await
    }
}

async fn world() -> World {
    World::new().await.without_administrator().await
}

/// 122.
#[tokio::test]
async fn the_link_makes_one_administrator_who_can_sign_in() {
    let world = world().await;
    let form = Form::open(&world, &world.setup_link().await).await;
    let done = form.create("grace@example.com").await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("grace@example.com"));
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let home = browser.sign_in(&page, "Grace@Example.com", GOOD).await;
    assert!(home.body.contains("Hello, Grace"), "{}", home.body);
    let user = world.command(&json!({ "user": { "show": { "user": "grace@example.com" } } })).await["user"].clone();
    assert_eq!(user["roles"], json!(["admin"]));
    assert_eq!(user["email_verified"], false, "nobody has proven the address");
    let events = world.audit().await;
    assert!(events.iter().any(|event| event.name == "user.create" && event.user_id.as_deref() == user["id"].as_str()));
}

#[tokio::test]
async fn the_link_works_once() {
    let world = world().await;
    let link = world.setup_link().await;
    let (one, two) = (Form::open(&world, &link).await, Form::open(&world, &link).await);
    assert_eq!(one.create("grace@example.com").await.status, 200);
    assert_eq!(two.create("mallory@example.com").await.status, 410);
    assert_eq!(world.browser().get(&link).await.status, 410);
}

/// 122: two links may be out, two first administrators may not.
#[tokio::test]
async fn a_second_link_is_worth_nothing_once_there_is_an_administrator() {
    let world = world().await;
    let (one, two) = (world.setup_link().await, world.setup_link().await);
    let late = Form::open(&world, &two).await;
    assert_eq!(Form::open(&world, &one).await.create("grace@example.com").await.status, 200);
    let page = world.browser().get(&two).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("An administrator exists"), "{}", page.body);
    assert_eq!(late.create("mallory@example.com").await.status, 410);
    let users = world.command(&json!({ "user": { "list": { "limit": 10 } } })).await;
    assert!(!users.to_string().contains("mallory"), "{users}");
}

#[tokio::test]
async fn of_parallel_posts_with_one_link_one_wins() {
    let world = world().await;
    let link = world.setup_link().await;
    let mut posts = Vec::new();
    let mut forms = Vec::new();
    for _ in 0..8 {
        forms.push(Form::open(&world, &link).await);
    }
    for (number, form) in forms.into_iter().enumerate() {
        posts.push(tokio::spawn(async move { form.create(&format!("grace{number}@example.com")).await.status }));
    }
    let mut done = 0;
    for post in posts {
        match post.await.unwrap().as_u16() {
            200 => done += 1,
            410 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(done, 1);
}

#[tokio::test]
async fn the_link_works_for_a_quarter_of_an_hour() {
    let world = world().await;
    let link = world.setup_link().await;
    let form = Form::open(&world, &link).await;
    world.advance(15 * 60);
    assert_eq!(world.browser().get(&link).await.status, 410);
    let late = form.create("grace@example.com").await;
    assert_eq!(late.status, 410);
    assert!(late.body.contains("symbolon admin setup-link"), "it says how to get a new one");
}

/// 29.
#[tokio::test]
async fn a_made_up_or_changed_link_is_refused() {
    let world = world().await;
    let link = world.setup_link().await;
    let reset = world.reset_link("bob@example.com").await.replace("/reset?", "/setup?");
    for link in ["/setup", "/setup?code=", &link[..link.len() - 1], &format!("{link}A"), &link.to_uppercase(), &reset] {
        assert!([404, 410].contains(&world.browser().get(link).await.status.as_u16()), "{link}");
    }
}

/// 115 to 117: each refusal says why, keeps what was typed, and leaves the link good.
#[tokio::test]
async fn weak_passwords_and_bad_addresses_are_refused_with_the_reason() {
    let world = world().await;
    let form = Form::open(&world, &world.setup_link().await).await;
    let long = "a b".repeat(100);
    for (email, password, again, reason) in [
        ("grace@example.com", "short", "short", "too short. Use 15 characters or more"),
        ("grace@example.com", &long, &long, "too long. Use 256 characters or fewer"),
        ("grace@example.com", "Passw0rdPassw0rd", "Passw0rdPassw0rd", "one of those people try first"),
        ("grace@example.com", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "one of those people try first"),
        ("grace@example.com", "grace@example.com", "grace@example.com", "contains your name, your address"),
        ("grace@example.com", "symbolonsymbolon", "symbolonsymbolon", "contains your name, your address"),
        ("grace@example.com", "localhostlocalhost", "localhostlocalhost", "or the name of this service"),
        ("grace@example.com", GOOD, "lantern orbit quilts", "two passwords are not the same"),
        ("no address", GOOD, GOOD, "does not look like an email address"),
        ("bob@example.com", GOOD, GOOD, "Somebody signs in with this address already"),
        ("BOB@example.com", GOOD, GOOD, "Somebody signs in with this address already"),
    ] {
        let page = form.send(email, password, again).await;
        assert_eq!(page.status, 400, "{email} {password}");
        assert!(page.body.contains(reason), "{reason}: {}", page.body);
        assert!(page.body.contains(&format!("value=\"{email}\"")), "the address is kept");
        assert!(!page.body.contains(&format!("value=\"{password}\"")) || email == password, "the password comes back");
    }
    assert_eq!(form.create("grace@example.com").await.status, 200);
}

/// 98.
#[tokio::test]
async fn a_post_of_another_site_or_browser_is_refused() {
    let world = world().await;
    let link = world.setup_link().await;
    let form = Form::open(&world, &link).await;
    let mut foreign = Form::open(&world, &link).await;
    foreign.browser.origin = "https://evil.example".to_owned();
    assert_eq!(foreign.create("mallory@example.com").await.status, 403, "{ORIGIN}");
    let other = Form { csrf: Form::open(&world, &link).await.csrf, ..Form::open(&world, &link).await };
    assert_eq!(other.create("mallory@example.com").await.status, 403);
    assert_eq!(form.create("grace@example.com").await.status, 200);
}
