//! Promises of a new password by mail: nobody learns who has an account, nobody's mailbox is filled, and a link that was not asked for
//! harms nobody.

use http::header::HOST;
use http::{HeaderName, Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use symbolon_oauth::registration::Dynamic;
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::pages::Support;
use symbolon_store::UserStatus;

use crate::support::client::exchange;
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const NEW: &str = "lantern orbit quilt";
const ADA: &str = "ada@example.com";

async fn world() -> World {
    World::with(|config| config.dev = true).await
}

impl World {
    /// Asks for a link, in this browser.
    async fn forgot(&self, browser: &mut Browser, username: &str) -> Answer {
        let page = browser.get("/forgot").await;
        browser.post("/forgot", &[("csrf", &page.field("csrf")), ("username", username)]).await
    }

    async fn link(&self) -> String {
        link(&self.kept_letters().await[0])
    }
}

fn link(letter: &Value) -> String {
    let text = letter["text"].as_str().unwrap();
    text.lines().find(|line| line.contains("/reset?code=")).unwrap_or_else(|| panic!("no link in {text}")).to_owned()
}

async fn reset(browser: &mut Browser, link: &str) -> Answer {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:?}");
    let fields = [("code", page.field("code")), ("csrf", page.field("csrf"))];
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    let fields: Vec<_> = fields.chain([("password", NEW), ("password_confirm", NEW)]).collect();
    browser.post("/reset", &fields).await
}

async fn signs_in(world: &World, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    browser.sign_in(&page, ADA, password).await.body.contains("Hello, ")
}

/// 123.
#[tokio::test]
async fn the_answer_is_the_same_whoever_asks_and_only_an_active_owner_is_written_to() {
    let world = world().await;
    let store = &world.running.app.store;
    let blocked = world.add_user("eve@example.com", "Eve", &[]).await;
    store.set_user_status(&blocked, UserStatus::Blocked, "handle", world.clock.now()).await.unwrap();
    let mut browser = world.browser();
    let known = world.forgot(&mut browser, ADA).await;
    assert_eq!(known.status, 200);
    assert!(known.body.contains("a link is on its way"));
    for other in ["nobody@example.com", "eve@example.com", "correct horse battery", "a\u{200b}b", &"x".repeat(400), "İ"]
    {
        let answer = world.forgot(&mut browser, other).await;
        assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{other}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&known), "{other}");
    }
    let letters = world.kept_letters().await;
    let to: Vec<&Value> = letters.iter().map(|letter| &letter["to"]).collect();
    assert_eq!(to, [&json!(ADA)]);
}

/// 148; CVE-2025-64101, GHSA-2wmj-46rj-qm2w.
#[tokio::test]
async fn the_link_is_the_issuers_whatever_host_a_request_names() {
    let world = world().await;
    let mut browser = world.browser();
    let csrf = browser.get("/forgot").await.field("csrf");
    let names = ["x-forwarded-host", "forwarded", "x-original-host", "x-forwarded-proto"];
    let mut headers: Vec<_> = names.iter().map(|name| (HeaderName::from_static(name), "host=evil.example")).collect();
    headers.push((http::header::ORIGIN, ISSUER));
    headers.push((http::header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
    let body = format!("csrf={csrf}&username={ADA}");
    let answer = browser.send(Method::POST, "/forgot", &headers, Some(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let link = world.link().await;
    assert!(link.starts_with(&format!("{ISSUER}/reset?code=")), "{link}");
}

#[tokio::test]
async fn a_link_works_once_and_looking_at_it_changes_nothing() {
    let world = world().await;
    let mut browser = world.browser();
    world.forgot(&mut browser, ADA).await;
    world.forgot(&mut browser, ADA).await;
    let links: Vec<String> = world.kept_letters().await.iter().map(link).collect();
    for _ in 0..3 {
        assert_eq!(world.browser().send(Method::HEAD, &links[0], &[], None).await.status, 200);
        assert_eq!(world.browser().get(&links[0]).await.status, 200);
    }
    assert!(signs_in(&world, PASSWORD).await);
    assert!(reset(&mut browser, &links[0]).await.body.contains("Password changed"));
    for link in &links {
        let page = world.browser().get(link).await;
        assert_eq!(page.status, 410, "the other link is void, too");
        assert!(page.body.contains("href=\"/forgot\""), "{}", page.body);
    }
    assert!(signs_in(&world, NEW).await && !signs_in(&world, PASSWORD).await);
    let letters = world.kept_letters().await;
    let told: Vec<&Value> = letters.iter().filter(|letter| letter["template"] == "password_changed").collect();
    assert!(matches!(told[..], [letter] if letter["to"] == ADA), "{letters:?}");
}

#[tokio::test]
async fn a_link_works_for_twenty_minutes_from_when_it_was_sent() {
    let world = world().await;
    world.forgot(&mut world.browser(), ADA).await;
    let link = world.link().await;
    world.advance(20 * 60 - 1);
    assert_eq!(world.browser().get(&link).await.status, 200);
    world.advance(1);
    assert_eq!(world.browser().get(&link).await.status, 410);
}

/// CVE-2026-18963: no step of it counts without the one before.
#[tokio::test]
async fn the_sign_in_that_waited_goes_on_in_its_own_browser_only() {
    let world = world().await;
    let mut browser = world.browser();
    let sign_in = browser.get(&authorize_url("web", &[("state", "s1")])).await;
    let page = post(&mut browser, "/forgot", &sign_in, "forgot", &[]).await;
    let sent = post(&mut browser, "/forgot", &page, "forgot", &[("username", ADA)]).await;
    assert!(sent.body.contains("a link is on its way"), "{}", sent.body);
    let link = world.link().await;
    assert!(!link.contains("interaction"), "what waits is not mailed");
    let elsewhere = world.browser().get(&link).await;
    assert_eq!(elsewhere.status, 200);

    let done = reset(&mut browser, &link).await;
    assert!(!done.headers.contains_key("set-cookie"), "a reset signs nobody in");
    let again = post(&mut browser, "/login", &done, "onward", &[("decision", "again")]).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert!(again.body.contains("to continue to Web"), "{}", again.body);
    let onward = browser.sign_in(&again, ADA, NEW).await;
    assert_eq!(onward.param("state").as_deref(), Some("s1"));
    assert!(onward.param("code").is_some());

    world.forgot(&mut world.browser(), "bob@example.com").await;
    let mut other = world.browser();
    let done = reset(&mut other, &world.link().await).await;
    assert!(!done.body.contains("id=\"onward\""), "another browser has nothing that waits");
}

/// Posts the form with this id, with its hidden fields.
async fn post(browser: &mut Browser, path: &str, page: &Answer, id: &str, more: &[(&str, &str)]) -> Answer {
    let at = page.body.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no form {id} in {}", page.body));
    let form = Answer { status: page.status, headers: page.headers.clone(), body: page.body[at..].to_owned() };
    let (interaction, csrf) = (form.field("interaction"), form.field("csrf"));
    let fields = [("interaction", interaction.as_str()), ("csrf", csrf.as_str())];
    browser.post(path, &fields.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn nobody_fills_a_strangers_mailbox() {
    let world = world().await;
    let mut browser = world.browser();
    for _ in 0..8 {
        assert_eq!(world.forgot(&mut browser, ADA).await.status, 200, "nothing shows who has an account");
    }
    assert_eq!(world.kept_letters().await.len(), 5);
    world.advance(2 * 3_600);
    world.forgot(&mut browser, ADA).await;
    assert_eq!(world.kept_letters().await.len(), 6);
}

#[tokio::test]
async fn wishes_from_one_address_are_slowed_and_say_so() {
    let world = World::with(|config| {
        config.dev = true;
        config.throttle.address.free = 2;
    })
    .await;
    let mut browser = world.browser();
    for username in [ADA, "nobody@example.com"] {
        assert_eq!(world.forgot(&mut browser, username).await.status, 200);
    }
    let slowed = world.forgot(&mut browser, ADA).await;
    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "1"));
    assert_eq!(world.kept_letters().await.len(), 1);
    assert!(signs_in(&world, PASSWORD).await, "who knows the password is not slowed by that");
}

/// 98.
#[tokio::test]
async fn another_site_asks_for_nobody() {
    let world = world().await;
    let mut browser = world.browser();
    let csrf = browser.get("/forgot").await.field("csrf");
    let fields = [("csrf", csrf.as_str()), ("username", ADA)];
    assert_eq!(browser.post_from("/forgot", &fields, "https://evil.example").await.status, 403);
    assert_eq!(browser.post("/forgot", &[("username", ADA)]).await.status, 400);
    let login = browser.get("/login").await.field("csrf");
    assert_eq!(browser.post("/login", &[("csrf", &csrf), ("username", ADA), ("password", "x")]).await.status, 403);
    drop(login);
    let (empty, stranger) = (browser.post("/forgot", &[("csrf", &csrf), ("username", " ")]).await, world.browser());
    assert_eq!(empty.status, 400);
    assert!(stranger.clone().post("/forgot", &fields).await.status.is_client_error());
    assert_eq!(world.kept_letters().await.len(), 0);
}

#[tokio::test]
async fn without_mail_the_administrator_is_the_way() {
    let world = World::new().await;
    let page = world.browser().get("/forgot").await;
    assert!(
        page.body.contains("Ask whoever runs this service.") && !page.body.contains("id=\"forgot\""),
        "{}",
        page.body
    );
    assert!(world.browser().get("/login").await.body.contains("Ask whoever runs this service."));
    let well_known = world.browser().get("/.well-known/change-password").await;
    assert_eq!((well_known.status.as_u16(), well_known.location()), (302, "/account/password"));
    assert_eq!(world.browser().get("/dev/mail").await.status, 404);
}

#[tokio::test]
async fn people_are_told_whom_to_ask_and_no_command_of_the_operators() {
    for (support, link) in [
        ("help@example.com", "<a href=\"mailto:help@example.com\">help@example.com</a>"),
        (
            "https://help.example.com/sign-in",
            "<a href=\"https://help.example.com/sign-in\">help.example.com/sign-in</a>",
        ),
    ] {
        let world = World::with(|config| {
            config.pages.support = Support::parse(support);
            config.sign_up = SignUp::Invitation;
        })
        .await;
        let expired = "/reset?code=sym_pr_x";
        for path in ["/forgot", "/login", "/signup", "/signup?invitation=sym_in_x", expired] {
            let page = world.browser().get(path).await;
            assert!(page.body.contains(link), "{path}: {}", page.body);
            assert!(!page.body.contains("symbolon user"), "{path}: {}", page.body);
        }
    }
}

/// The page's client is branded.
fn is_webs(page: &Answer) -> bool {
    page.body.contains("<p class=\"brand\">Web</p>") && page.body.contains("/assets/accent2-663399.css")
}

#[tokio::test]
async fn a_forgotten_password_leaves_the_app_neither_out_of_sight_nor_out_of_reach() {
    let world = world().await;
    world
        .change_client("web", |client| {
            client.brand.brand_accent = Some("#663399".to_owned());
            client.logo_uri = Some("https://app.example.com/logo.svg".to_owned());
        })
        .await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let (csrf, interaction) = (forgot_token(&page), page.field("interaction"));
    let form = browser.post("/forgot", &[("csrf", &*csrf), ("interaction", &*interaction)]).await;
    assert!(is_webs(&form) && form.body.contains("https://app.example.com/logo.svg"), "{}", form.body);
    assert!(form.header("content-security-policy").contains("https://app.example.com"), "the logo may be loaded");
    let fields = [("csrf", &*form.field("csrf")), ("interaction", &*form.field("interaction")), ("username", ADA)];
    let sent = browser.post("/forgot", &fields).await;
    assert!(is_webs(&sent) && sent.body.contains("id=\"again\""), "{}", sent.body);
    // Another address is asked for from there.
    let fields = [("csrf", &*sent.field("csrf")), ("interaction", &*sent.field("interaction"))];
    let another = browser.post("/forgot", &fields).await;
    assert!(is_webs(&another) && another.body.contains("id=\"username\""), "{}", another.body);
    let letter = world.kept_letters().await.remove(0);
    assert!(letter["text"].as_str().unwrap().contains("on the sign-in page of Web"), "{letter}");
    // The link knows the app in any browser; a sign-in waits in one alone.
    let link = link(&letter);
    let mut elsewhere = world.browser();
    let page = elsewhere.get(&link).await;
    assert!(is_webs(&page), "{}", page.body);
    let done = reset(&mut elsewhere, &link).await;
    assert!(is_webs(&done) && done.body.contains("id=\"to-app\" href=\"https://app.example.com/\""), "{}", done.body);
    let nowhere = browser.get("/forgot").await;
    assert!(!is_webs(&nowhere) && !nowhere.body.contains("id=\"again\""), "{}", nowhere.body);
}

/// The form on the sign-in page that leads to `/forgot` has a token of its own.
fn forgot_token(page: &Answer) -> String {
    let (_, form) = page.body.split_once("action=\"/forgot\"").unwrap();
    form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn neither_the_letter_nor_its_page_shows_an_app_that_nobody_has_looked_at() {
    let world = world().await;
    world
        .change_client("web", |client| {
            client.name = "Your bank called".to_owned();
            client.logo_uri = Some("https://evil.example/seen.png".to_owned());
            client.metadata.dynamic = Some(Dynamic::default());
        })
        .await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let fields = [("csrf", &*forgot_token(&page)), ("interaction", &*page.field("interaction")), ("username", ADA)];
    browser.post("/forgot", &fields).await;
    let letter = world.kept_letters().await.remove(0);
    assert!(!letter["text"].as_str().unwrap().contains("bank"), "{letter}");
    let page = world.browser().get(&link(&letter)).await;
    let policy = page.header("content-security-policy");
    assert!(page.status == 200 && !page.body.contains("bank") && !policy.contains("evil"), "{page:?}");
}

#[tokio::test]
async fn strangers_at_an_address_keep_no_browser_waiting_that_an_account_knows() {
    let world = World::with(|config| {
        config.dev = true;
        config.throttle.address.free = 2;
    })
    .await;
    let mut own = world.browser();
    let page = own.get("/login").await;
    own.sign_in(&page, ADA, PASSWORD).await;
    let mut stranger = world.browser();
    for _ in 0..2 {
        assert_eq!(world.forgot(&mut stranger, "nobody@example.com").await.status, 200);
    }
    assert_eq!(world.forgot(&mut stranger, "nobody@example.com").await.status, 429);
    assert_eq!(world.forgot(&mut own, ADA).await.status, 200, "it is not their count");
    // It has one of its own, and what its mailbox gets is counted there.
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(world.forgot(&mut own, ADA).await.status.as_u16());
    }
    assert!(answers.contains(&429), "{answers:?}");
    assert!(world.kept_letters().await.len() <= 5);
    let forged = world.browser().send(Method::GET, "/forgot", &[], None).await;
    assert_eq!(forged.status, 200);
}

/// Another site's name may lead to this machine.
#[tokio::test]
async fn the_mail_of_a_development_server_is_shown_under_its_own_name_only() {
    let world = world().await;
    world.forgot(&mut world.browser(), ADA).await;
    assert_eq!(world.kept_letters().await.len(), 1);
    for path in ["/dev/mail", "/dev/mail.json", "/dev/mail/1", "/dev/mail/1/html"] {
        for (host, status) in [("localhost:4400", 200), ("evil.example:4400", 404), ("localhost", 404)] {
            let request = Request::get(path).header(HOST, host).body(Full::default()).unwrap();
            let answer = exchange(world.running.address.unwrap(), request).await;
            assert_eq!(answer.status, status, "{path} at {host}");
        }
    }
    let request = Request::get("/dev/mail/1/html").header(HOST, "localhost:4400").body(Full::default()).unwrap();
    let frame = exchange(world.running.address.unwrap(), request).await;
    let policy = frame.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("; sandbox") && !policy.contains("unsafe"),
        "{policy}"
    );
}
