//! Promises of browser sessions: when they begin, what their cookie is worth, and when they end.

use http::Method;
use http::header::COOKIE;
use serde_json::json;
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_server::rng::SystemRng;
use symbolon_store::Session;

use crate::support::flow::authorize_url;
use crate::support::{Browser, PASSWORD, World};

const SESSION: &str = "symbolon-session-4400";
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Whether a client finds somebody signed in here.
async fn is_signed_in(browser: &mut Browser) -> bool {
    let answer = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    match answer.param("error").as_deref() {
        None => answer.param("code").is_some(),
        Some("login_required") => false,
        Some(other) => panic!("{other}"),
    }
}

async fn signed_in(world: &World, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.code("web", email, &[]).await;
    browser
}

/// Signs in with "keep me signed in".
async fn remembered(world: &World) -> Browser {
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let csrf = page.field("csrf");
    let fields = [("csrf", &*csrf), ("username", "ada@example.com"), ("password", PASSWORD), ("keep", "yes")];
    assert_eq!(browser.post("/login", &fields).await.status, 303);
    browser
}

async fn sessions(world: &World) -> Vec<Session> {
    world.running.app.store.list_sessions(None, 100, world.clock.now()).await.unwrap().items
}

/// 90; CVE-2025-12390.
#[tokio::test]
async fn every_sign_in_makes_a_new_cookie_and_the_old_one_is_dead() {
    let world = World::new().await;
    for (first, second) in [("ada@example.com", "ada@example.com"), ("ada@example.com", "bob@example.com")] {
        let mut browser = signed_in(&world, first).await;
        let mut before = browser.clone();
        browser.code("web", second, &[("prompt", "login")]).await;
        assert_ne!(browser.cookies[SESSION], before.cookies[SESSION]);
        assert!(is_signed_in(&mut browser).await);
        assert!(!is_signed_in(&mut before).await, "the cookie from before still works: {first}, {second}");
    }
}

/// 90, 28: 256 bits, and the database holds only the hash.
#[tokio::test]
async fn the_cookie_is_long_random_and_stored_only_as_a_hash() {
    let world = World::new().await;
    let (one, two) = (signed_in(&world, "ada@example.com").await, signed_in(&world, "ada@example.com").await);
    assert_ne!(one.cookies[SESSION], two.cookies[SESSION]);
    let cookie = &one.cookies[SESSION];
    let token = OpaqueToken::parse(TokenKind::Session, cookie).expect("a prefix, 256 bits and a checksum");
    assert!(sessions(&world).await.iter().any(|session| session.id_hash.0 == token.hash()));
    let stored = serde_json::to_string(&sessions(&world).await).unwrap();
    assert!(!stored.contains(&cookie[10..]));
}

/// 91; CVE-2024-28197, CVE-2026-7507: session fixation.
#[tokio::test]
async fn a_cookie_planted_before_sign_in_never_becomes_a_session() {
    let world = World::new().await;
    let planted = OpaqueToken::generate(TokenKind::Session, &mut SystemRng).reveal().to_owned();
    let mut victim = world.browser();
    victim.cookies.insert(SESSION.to_owned(), planted.clone());
    victim.cookies.insert("symbolon-pre-4400".to_owned(), "chosen-by-the-attacker".to_owned());
    victim.code("web", "ada@example.com", &[]).await;
    assert_ne!(victim.cookies[SESSION], planted);
    for value in [&*planted, "chosen-by-the-attacker"] {
        let mut attacker = world.browser();
        attacker.cookies.insert(SESSION.to_owned(), value.to_owned());
        assert!(!is_signed_in(&mut attacker).await);
    }
}

/// 90, 91: the session an attacker planted from an account of their own ends when the victim signs in.
#[tokio::test]
async fn the_attackers_own_session_planted_in_a_browser_is_not_taken_over() {
    let world = World::new().await;
    let mut attacker = signed_in(&world, "bob@example.com").await;
    let mut victim = world.browser();
    victim.cookies.insert(SESSION.to_owned(), attacker.cookies[SESSION].clone());
    victim.code("web", "ada@example.com", &[("prompt", "login")]).await;
    let home = attacker.get("/").await;
    assert!(!home.body.contains("Ada"), "the attacker sees the victim");
    assert!(!is_signed_in(&mut attacker).await);
}

/// 89: a second cookie of the name, or one that only looks like it, is not the session.
#[tokio::test]
async fn duplicates_and_look_alikes_of_the_cookie_are_refused() {
    let world = World::new().await;
    let browser = signed_in(&world, "ada@example.com").await;
    let good = browser.cookies[SESSION].clone();
    let path = authorize_url("web", &[("prompt", "none")]);
    let cases = [
        format!("{SESSION}={good}; {SESSION}=x"),
        format!("{SESSION}=x; {SESSION}={good}"),
        format!("{SESSION}={good}; {SESSION}={good}"),
        format!("Symbolon-Session-4400={good}"),
        format!("__Host-symbolon-session={good}"),
        format!("symbolon%2dsession-4400={good}"),
        format!("symbolon-session={good}"),
        format!("symbolon-session-4401={good}"),
        format!("{SESSION}=\"{good}\""),
        format!("{SESSION}={good}x"),
        format!("{SESSION}={}", &good[..good.len() - 1]),
        format!("{SESSION}={}", good.to_uppercase()),
        format!("{SESSION}={good}%00"),
    ];
    for cookie in cases {
        let mut bare = world.browser();
        let answer = bare.send(Method::GET, &path, &[(COOKIE, &cookie)], None).await;
        assert_eq!(answer.param("error").as_deref(), Some("login_required"), "{cookie}");
    }
    let mut bare = world.browser();
    let answer = bare.send(Method::GET, &path, &[(COOKIE, &format!("a=b; {SESSION}={good}; c=d"))], None).await;
    assert!(answer.param("code").is_some());
}

/// What no answer could ever make right again is removed; what is merely unknown is not ours to judge.
#[tokio::test]
async fn cookies_that_cannot_be_read_are_cleared() {
    let world = World::new().await;
    for (sent, cleared) in [
        (format!("{SESSION}=a; {SESSION}=b"), Some(SESSION)),
        (format!("{SESSION}=\"a\""), Some(SESSION)),
        ("symbolon-device-4400=a,b".to_owned(), Some("symbolon-device-4400")),
        (format!("{SESSION}=a"), None),
        (format!("{SESSION}-other=a,b"), None),
    ] {
        let answer = world.browser().send(Method::GET, "/", &[(COOKIE, &sent)], None).await;
        let expected = cleared.map(|name| format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"));
        assert_eq!(answer.cookies(), expected.iter().map(String::as_str).collect::<Vec<_>>(), "{sent}");
    }
}

/// 93: idle time.
#[tokio::test]
async fn a_session_unused_for_twelve_hours_ends_and_use_keeps_it() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "ada@example.com").await;
    let mut idle = signed_in(&world, "bob@example.com").await;
    world.advance(12 * HOUR - 1);
    assert!(is_signed_in(&mut browser).await);
    world.advance(1);
    assert!(!is_signed_in(&mut idle).await, "not used for twelve hours");
    world.advance(6 * HOUR);
    assert!(is_signed_in(&mut browser).await, "used six hours ago");
}

/// 93: the absolute limit, which no use moves.
#[tokio::test]
async fn a_session_ends_a_day_after_sign_in_however_much_it_is_used() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "ada@example.com").await;
    for _ in 0..3 {
        world.advance(6 * HOUR);
        assert!(is_signed_in(&mut browser).await);
    }
    world.advance(6 * HOUR - 1);
    assert!(is_signed_in(&mut browser).await);
    world.advance(1);
    assert!(!is_signed_in(&mut browser).await);
    browser.code("web", "ada@example.com", &[]).await;
    assert!(is_signed_in(&mut browser).await, "signing in begins a new day");
}

#[tokio::test]
async fn a_remembered_session_lasts_fourteen_idle_days_and_ninety_in_all() {
    let world = World::new().await;
    let (mut used, mut unused) = (remembered(&world).await, remembered(&world).await);
    world.advance(14 * DAY - 1);
    assert!(is_signed_in(&mut used).await);
    world.advance(1);
    assert!(!is_signed_in(&mut unused).await);
    for _ in 0..6 {
        world.advance(12 * DAY);
        assert!(is_signed_in(&mut used).await);
    }
    world.advance(4 * DAY - 1);
    assert!(is_signed_in(&mut used).await);
    world.advance(1);
    assert!(!is_signed_in(&mut used).await, "ninety days");
}

/// Signing in again without the box gives up being remembered.
#[tokio::test]
async fn signing_in_again_without_the_box_forgets_being_remembered() {
    let world = World::new().await;
    let mut browser = remembered(&world).await;
    browser.code("web", "ada@example.com", &[("prompt", "login")]).await;
    world.advance(DAY);
    assert!(!is_signed_in(&mut browser).await);
}

/// Looking at pages is not worth a write each time.
#[tokio::test]
async fn a_session_is_written_at_most_once_a_minute() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "ada@example.com").await;
    let begun = world.clock.now();
    let last_seen = async || sessions(&world).await[0].last_seen_at;
    world.advance(59);
    browser.get("/").await;
    assert_eq!(last_seen().await, begun);
    world.advance(1);
    browser.get("/").await;
    assert_eq!(last_seen().await, begun + 60);
    world.advance(59);
    browser.get("/").await;
    assert_eq!(last_seen().await, begun + 60);
}

/// 95; CVE-2024-46999, GHSA-6rrr-78xp-5jp8.
#[tokio::test]
async fn blocking_deleting_or_signing_out_a_user_ends_their_sessions_at_once() {
    for (command, comes_back) in [("block", false), ("delete", false)] {
        let world = World::new().await;
        let mut bob = signed_in(&world, "bob@example.com").await;
        let mut ada = signed_in(&world, "ada@example.com").await;
        let mut pending = world.browser();
        let page = pending.get(&authorize_url("web", &[])).await;
        world.command(&json!({ "user": { command: { "user": "bob@example.com" } } })).await;
        assert!(!is_signed_in(&mut bob).await, "{command}");
        assert!(is_signed_in(&mut ada).await, "{command}: the other user stays");
        let answer = pending.sign_in(&page, "bob@example.com", PASSWORD).await;
        assert_eq!(answer.status == 303, comes_back, "{command}");
    }
    let world = World::new().await;
    let mut bob = signed_in(&world, "bob@example.com").await;
    world.command(&json!({ "session": { "end-all": { "user": "bob@example.com" } } })).await;
    assert!(!is_signed_in(&mut bob).await);
    bob.code("web", "bob@example.com", &[]).await;
    assert!(is_signed_in(&mut bob).await);
}

/// What was ended stays ended when a blocked user is let in again.
#[tokio::test]
async fn unblocking_revives_no_session() {
    let world = World::new().await;
    let mut bob = signed_in(&world, "bob@example.com").await;
    for command in ["block", "unblock"] {
        world.command(&json!({ "user": { command: { "user": "bob@example.com" } } })).await;
    }
    assert!(!is_signed_in(&mut bob).await);
    bob.code("web", "bob@example.com", &[]).await;
}

/// 52: one session ends, the others of the same user stay.
#[tokio::test]
async fn one_session_can_be_ended_alone() {
    let world = World::new().await;
    let mut laptop = signed_in(&world, "ada@example.com").await;
    let mut phone = signed_in(&world, "ada@example.com").await;
    let token = OpaqueToken::parse(TokenKind::Session, &laptop.cookies[SESSION]).unwrap();
    let all = sessions(&world).await;
    let sid = &all.iter().find(|session| session.id_hash.0 == token.hash()).unwrap().sid;
    world.command(&json!({ "session": { "end": { "sid": sid } } })).await;
    assert!(!is_signed_in(&mut laptop).await);
    assert!(is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn a_session_survives_a_restart() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "ada@example.com").await;
    let world = world.restart().await;
    browser.address = world.running.address.unwrap();
    assert!(is_signed_in(&mut browser).await);
}
