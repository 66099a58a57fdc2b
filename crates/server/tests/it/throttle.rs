//! Promises against guessing: wrong passwords are slowed, for everybody alike, and nobody is locked out.

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::json;
use symbolon_server::Config;

use crate::support::client::form;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const DEVICE: &str = "symbolon-device-4400";
const FORM: &str = "application/x-www-form-urlencoded";

/// A browser with the sign-in page open; its token serves for many posts.
struct Guesser {
    browser: Browser,
    csrf: String,
}

impl Guesser {
    async fn new(world: &World) -> Self {
        let mut browser = world.browser();
        let csrf = browser.get("/login").await.field("csrf");
        Self { browser, csrf }
    }

    /// One attempt, as a proxy would forward it with this `X-Forwarded-For`.
    async fn from(&self, forwarded: Option<&str>, email: &str, password: &str) -> Answer {
        let mut headers = vec![(ORIGIN, ISSUER), (CONTENT_TYPE, FORM)];
        headers.extend(forwarded.map(|value| (FORWARDED_FOR, value)));
        let body = form(&[("csrf", &self.csrf), ("username", email), ("password", password)]);
        self.browser.clone().send(Method::POST, "/login", &headers, Some(body)).await
    }

    async fn guess(&self, email: &str, password: &str) -> u16 {
        self.from(None, email, password).await.status.as_u16()
    }

    /// Five wrong ones, which cost nothing.
    async fn use_up(&self, forwarded: Option<&str>, email: &str) {
        for _ in 0..5 {
            assert_eq!(self.from(forwarded, email, "wrong").await.status, 400);
        }
    }
}

/// The tests' server is its own proxy.
fn behind_proxy(config: &mut Config) {
    config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
}

/// 124.
#[tokio::test]
async fn the_sixth_wrong_attempt_waits_and_each_further_wait_doubles() {
    let world = World::new().await;
    let guesser = Guesser::new(&world).await;
    guesser.use_up(None, "ada@example.com").await;
    for wait in [1, 2, 4, 8, 16] {
        let answer = guesser.from(None, "ada@example.com", "wrong").await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), wait.to_string());
        assert!(answer.body.contains("Too many attempts. Try again in"), "{}", answer.body);
        world.advance(wait - 1);
        assert_eq!(guesser.guess("ada@example.com", "wrong").await, 429);
        world.advance(1);
        assert_eq!(guesser.guess("ada@example.com", "wrong").await, 400);
    }
}

/// 124: or the wait would tell that the guess was right.
#[tokio::test]
async fn the_right_password_waits_as_well_and_counts_after_the_wait() {
    let world = World::new().await;
    let guesser = Guesser::new(&world).await;
    guesser.use_up(None, "ada@example.com").await;
    assert_eq!(guesser.guess("ada@example.com", PASSWORD).await, 429);
    world.advance(1);
    assert_eq!(guesser.guess("ada@example.com", PASSWORD).await, 303);
    guesser.use_up(None, "ada@example.com").await;
}

/// 123; 92: being slowed tells nothing about the account.
#[tokio::test]
async fn an_unknown_user_is_slowed_exactly_alike() {
    let world = World::new().await;
    let mut told = Vec::new();
    for email in ["ada@example.com", "xyz@example.com"] {
        let guesser = Guesser::new(&world).await;
        guesser.use_up(None, email).await;
        let answer = guesser.from(None, email, "wrong").await;
        let body = [answer.field("csrf"), answer.field("challenge"), answer.field("work"), email.to_owned()]
            .iter()
            .fold(answer.body.clone(), |body, own| body.replace(own, ""));
        told.push((answer.status, answer.header("retry-after").to_owned(), body));
    }
    assert_eq!(told[0].0, 429);
    assert_eq!(told[0], told[1]);
}

/// 124; CVE-2025-24806, CVE-2026-47203: one count for every spelling and every door.
#[tokio::test]
async fn spellings_and_doors_share_one_count() {
    let world = World::new().await;
    let guesser = Guesser::new(&world).await;
    for email in ["ada@example.com", "ADA@example.com", " ada@Example.com ", "Ada@EXAMPLE.COM"] {
        assert_eq!(guesser.guess(email, "wrong").await, 400, "{email}");
    }
    let authenticate = async |password: &str| {
        let body = json!({ "username": "aDa@example.com", "password": password, "client_id": "spa" }).to_string();
        let headers = [(CONTENT_TYPE, "application/json")];
        world.browser().send(Method::POST, "/authenticate", &headers, Some(body)).await
    };
    assert_eq!(authenticate("wrong").await.status, 401);
    let refused = authenticate(PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(guesser.guess("ada@example.com", PASSWORD).await, 429);
}

/// 125; GHSA-cq42-vhv7-xr7p: somebody who guesses on purpose cannot lock the owner out.
#[tokio::test]
async fn a_flood_from_elsewhere_makes_the_owner_wait_half_a_minute_at_most() {
    let world = World::with(behind_proxy).await;
    let guesser = Guesser::new(&world).await;
    let mut from = 0_u8;
    for _ in 0..60 {
        from += 1;
        let answer = guesser.from(Some(&format!("192.0.2.{from}")), "ada@example.com", "wrong").await;
        if answer.status == 429 {
            world.advance(answer.header("retry-after").parse().unwrap());
        }
    }
    let owner = guesser.from(Some("198.51.100.1"), "ada@example.com", PASSWORD).await;
    if owner.status == 429 {
        let wait: u64 = owner.header("retry-after").parse().unwrap();
        assert!(wait <= 30, "{wait}");
        world.advance(wait);
        let again = guesser.from(Some("198.51.100.1"), "ada@example.com", PASSWORD).await;
        assert_eq!(again.status, 303);
    }
    let bob = guesser.from(Some("198.51.100.1"), "bob@example.com", PASSWORD).await;
    assert_eq!(bob.status, 303, "another account is not touched");
}

/// A browser in which `email` has signed in, at its sign-in page again.
async fn known_device(world: &World, email: &str) -> Guesser {
    let mut guesser = Guesser::new(world).await;
    let fields = [("csrf", guesser.csrf.as_str()), ("username", email), ("password", PASSWORD)];
    assert_eq!(guesser.browser.post("/login", &fields).await.status, 303);
    guesser.browser.cookies.retain(|name, _| !name.contains("session"));
    assert!(guesser.browser.cookies.contains_key(DEVICE));
    guesser
}

/// Many addresses guess at `email` until the account as a whole waits.
async fn exhaust(world: &World, email: &str) {
    let guesser = Guesser::new(world).await;
    for from in 0..20 {
        assert_eq!(guesser.from(Some(&format!("192.0.2.{from}")), email, "wrong").await.status, 400);
    }
    assert_eq!(guesser.from(Some("192.0.2.99"), email, PASSWORD).await.status, 429);
}

/// 125: whoever polls from many addresses takes every turn of the account, but not those of its devices.
#[tokio::test]
async fn a_flood_from_many_addresses_does_not_delay_a_known_device() {
    let world = World::with(behind_proxy).await;
    let owner = known_device(&world, "ada@example.com").await;
    exhaust(&world, "ada@example.com").await;
    for address in ["198.51.100.1", "198.51.100.2"] {
        assert_eq!(owner.from(Some(address), "ada@example.com", PASSWORD).await.status, 303);
    }
    // The owner's success gives the strangers nothing.
    let stranger = Guesser::new(&world).await;
    assert_eq!(stranger.from(Some("192.0.2.98"), "ada@example.com", PASSWORD).await.status, 429);
}

/// 125: only this server's word counts, and only for the account it was given for.
#[tokio::test]
async fn a_forged_or_another_accounts_device_cookie_changes_nothing() {
    let world = World::with(behind_proxy).await;
    let owner = known_device(&world, "ada@example.com").await;
    let mut bob = known_device(&world, "bob@example.com").await;
    exhaust(&world, "ada@example.com").await;
    assert_eq!(bob.from(Some("198.51.100.1"), "ada@example.com", PASSWORD).await.status, 429);
    let good = owner.browser.cookies[DEVICE].clone();
    let changed = if good.starts_with("AQ") { good.replacen("AQ", "AR", 1) } else { good.replacen('A', "B", 1) };
    for forged in ["x".to_owned(), changed, format!("{good}A"), good[..good.len() - 4].to_owned()] {
        bob.browser.cookies.insert(DEVICE.to_owned(), forged);
        assert_eq!(bob.from(Some("198.51.100.1"), "ada@example.com", PASSWORD).await.status, 429);
    }
    bob.browser.cookies.insert(DEVICE.to_owned(), good);
    assert_eq!(bob.from(Some("198.51.100.1"), "ada@example.com", PASSWORD).await.status, 303);
}

/// 124: the device is slowed as an address is, wherever it goes.
#[tokio::test]
async fn guesses_on_a_known_device_are_slowed_too() {
    let world = World::with(behind_proxy).await;
    let device = known_device(&world, "ada@example.com").await;
    for from in 0..5 {
        assert_eq!(device.from(Some(&format!("192.0.2.{from}")), "ada@example.com", "wrong").await.status, 400);
    }
    let refused = device.from(Some("192.0.2.9"), "ada@example.com", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    world.advance(1);
    assert_eq!(device.from(Some("192.0.2.9"), "ada@example.com", PASSWORD).await.status, 303);
}

/// 125: guessing from one place slows that place.
#[tokio::test]
async fn another_address_is_not_made_to_wait_for_a_few_failures() {
    let world = World::with(behind_proxy).await;
    let guesser = Guesser::new(&world).await;
    guesser.use_up(Some("192.0.2.7"), "ada@example.com").await;
    assert_eq!(guesser.from(Some("192.0.2.7"), "ada@example.com", PASSWORD).await.status, 429);
    assert_eq!(guesser.from(Some("192.0.2.8"), "ada@example.com", PASSWORD).await.status, 303);
}

/// One address that tries many accounts is slowed as an address.
#[tokio::test]
async fn spraying_many_accounts_from_one_address_is_slowed() {
    let world = World::with(|config| {
        behind_proxy(config);
        config.throttle.address.free = 10;
    })
    .await;
    let guesser = Guesser::new(&world).await;
    for user in 0..10 {
        let answer = guesser.from(Some("192.0.2.7"), &format!("user{user}@example.com"), "wrong").await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(guesser.from(Some("192.0.2.7"), "ada@example.com", PASSWORD).await.status, 429);
    assert_eq!(guesser.from(Some("192.0.2.8"), "ada@example.com", PASSWORD).await.status, 303);
}

/// Specs rule 11: limits count failures. An office behind one address signs in all morning.
#[tokio::test]
async fn successful_sign_ins_do_not_use_an_address_up() {
    let world = World::with(|config| config.throttle.address.free = 3).await;
    let guesser = Guesser::new(&world).await;
    for _ in 0..5 {
        for email in ["ada@example.com", "bob@example.com"] {
            assert_eq!(guesser.guess(email, PASSWORD).await, 303);
        }
    }
    // Nor do they wipe out what failed: somebody with an account of their own guesses at others in between.
    for guess in 0..3 {
        assert_eq!(guesser.guess(&format!("user{guess}@example.com"), "wrong").await, 400);
        if guess < 2 {
            assert_eq!(guesser.guess("bob@example.com", PASSWORD).await, 303);
        }
    }
    assert_eq!(guesser.guess("bob@example.com", PASSWORD).await, 429);
}

/// 111; CVE-2024-47070: a header that anybody can write evades no count and blames nobody.
#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let world = World::new().await;
    let guesser = Guesser::new(&world).await;
    for hop in 0..5 {
        let answer = guesser.from(Some(&format!("192.0.2.{hop}")), "ada@example.com", "wrong").await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(guesser.from(Some("192.0.2.99"), "ada@example.com", PASSWORD).await.status, 429);
}

/// 111: behind a trusted proxy only what that proxy appended counts, not what the client sent along.
#[tokio::test]
async fn the_hops_before_the_proxys_own_are_not_believed() {
    let world = World::with(behind_proxy).await;
    let guesser = Guesser::new(&world).await;
    let all = ["1.1.1.1, 192.0.2.7", "2.2.2.2,192.0.2.7", "unknown, 192.0.2.7", "192.0.2.7", "192.0.2.7, 127.0.0.1"];
    for forwarded in all {
        let answer = guesser.from(Some(forwarded), "ada@example.com", "wrong").await;
        assert_eq!(answer.status, 400, "{forwarded}");
    }
    assert_eq!(guesser.from(Some("3.3.3.3, 192.0.2.7"), "ada@example.com", PASSWORD).await.status, 429);
    assert_eq!(guesser.from(Some("192.0.2.7, 198.51.100.1"), "ada@example.com", PASSWORD).await.status, 303);
}

/// CVE-2024-4629: attempts are counted before the password is looked at.
#[tokio::test]
async fn parallel_guesses_cannot_overtake_the_count() {
    let world = World::new().await;
    let guesser = std::sync::Arc::new(Guesser::new(&world).await);
    let attempts: Vec<_> = (0..40)
        .map(|guess| {
            let guesser = std::sync::Arc::clone(&guesser);
            tokio::spawn(async move { guesser.guess("ada@example.com", &format!("guess {guess}")).await })
        })
        .collect();
    let mut tried = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            400 => tried += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(tried, 5);
}

/// 124: counters are on disk.
#[tokio::test]
async fn a_restart_forgives_nothing() {
    let world = World::new().await;
    Guesser::new(&world).await.use_up(None, "ada@example.com").await;
    let world = world.restart().await;
    assert_eq!(Guesser::new(&world).await.guess("ada@example.com", PASSWORD).await, 429);
}

#[tokio::test]
async fn a_success_forgets_the_failures_and_so_does_a_quiet_quarter_of_an_hour() {
    let world = World::new().await;
    let guesser = Guesser::new(&world).await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(guesser.guess("ada@example.com", "wrong").await, 400);
        }
        assert_eq!(guesser.guess("ada@example.com", PASSWORD).await, 303);
    }
    guesser.use_up(None, "ada@example.com").await;
    world.advance(15 * 60);
    guesser.use_up(None, "ada@example.com").await;
}

/// 124, 125: many addresses of one network, a few guesses from each.
#[tokio::test]
async fn a_network_is_slowed_and_locks_out_nobody_who_is_known_or_does_some_work() {
    let world = World::with(|config| {
        behind_proxy(config);
        config.throttle.subnet.free = 20;
        config.throttle.work_bits = 6;
    })
    .await;
    let mut own = Guesser::new(&world).await;
    assert_eq!(own.from(Some("192.0.2.250"), "ada@example.com", PASSWORD).await.status, 303);
    own.browser.sign_in_here("ada@example.com").await;
    let stranger = Guesser::new(&world).await;
    for guess in 0..20 {
        let (from, name) = (format!("192.0.2.{guess}"), format!("nobody{guess}@example.com"));
        assert_eq!(stranger.from(Some(&from), &name, "wrong").await.status, 400, "{guess}");
    }
    let slowed = stranger.from(Some("192.0.2.99"), "bob@example.com", PASSWORD).await;
    assert_eq!(slowed.status, 429, "a neighbour waits");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() <= 30);
    // Who is elsewhere does not.
    assert_eq!(stranger.from(Some("192.0.3.1"), "nobody@example.com", "wrong").await.status, 400);
    // Nor who is known.
    own.browser.cookies.remove("symbolon-session-4400");
    assert_eq!(own.from(Some("192.0.2.251"), "ada@example.com", PASSWORD).await.status, 303);
    // Nor who does the work, once.
    let (work, bits) = (slowed.field("work"), 6);
    let number = symbolon_server::session::work::solve(&work, bits);
    let with_work = async |password: &str| {
        let pairs = [
            ("csrf", stranger.csrf.as_str()),
            ("username", "bob@example.com"),
            ("password", password),
            ("work", &work),
            ("work_done", &number),
        ];
        let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, FORM), (FORWARDED_FOR, "192.0.2.99")];
        stranger.browser.clone().send(Method::POST, "/login", &headers, Some(form(&pairs))).await.status.as_u16()
    };
    assert_eq!(with_work("wrong").await, 400);
    assert_eq!(with_work(PASSWORD).await, 429, "the same work again");
    // Without a script one waits.
    world.advance(30);
    assert_eq!(stranger.from(Some("192.0.2.99"), "bob@example.com", PASSWORD).await.status, 303);
}

/// 125: whoever signs in to an account of their own over and over would start the neighbours' wait again each time.
#[tokio::test]
async fn a_known_browser_does_not_hold_the_wait_of_its_network_up_for_newcomers() {
    let world = World::with(|config| {
        behind_proxy(config);
        config.throttle.subnet.free = 5;
    })
    .await;
    let known = known_device(&world, "ada@example.com").await;
    let stranger = Guesser::new(&world).await;
    for guess in 0..5 {
        let (from, name) = (format!("192.0.2.{guess}"), format!("nobody{guess}@example.com"));
        assert_eq!(stranger.from(Some(&from), &name, "wrong").await.status, 400, "{guess}");
    }
    let slowed = stranger.from(Some("192.0.2.99"), "bob@example.com", PASSWORD).await;
    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "1"));
    // Nor does a success there buy strangers one more.
    assert_eq!(known.from(Some("192.0.2.98"), "ada@example.com", PASSWORD).await.status, 303);
    assert_eq!(stranger.from(Some("192.0.2.99"), "bob@example.com", PASSWORD).await.status, 429);
    world.advance(1);
    for password in ["wrong", PASSWORD] {
        known.from(Some("192.0.2.98"), "ada@example.com", password).await;
    }
    assert_eq!(stranger.from(Some("192.0.2.99"), "bob@example.com", PASSWORD).await.status, 303);
}

/// Work opens the network's counter and no other.
#[tokio::test]
async fn work_buys_no_guesses_at_an_account() {
    let world = World::with(|config| config.throttle.work_bits = 6).await;
    let guesser = Guesser::new(&world).await;
    guesser.use_up(None, "ada@example.com").await;
    let slowed = guesser.from(None, "ada@example.com", "wrong").await;
    let (work, csrf) = (slowed.field("work"), slowed.field("csrf"));
    let number = symbolon_server::session::work::solve(&work, 6);
    let pairs = [
        ("csrf", csrf.as_str()),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
        ("work", &work),
        ("work_done", &number),
    ];
    let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, FORM)];
    let answer = guesser.browser.clone().send(Method::POST, "/login", &headers, Some(form(&pairs))).await;
    assert_eq!(answer.status, 429);
}

/// Letters that anybody can ask for: the same for a network, apart from sign-ins.
#[tokio::test]
async fn what_a_network_asks_for_is_slowed_apart_from_its_sign_ins() {
    let world = World::with(|config| {
        behind_proxy(config);
        crate::support::letters::waiting(config);
        config.throttle.subnet.free = 10;
    })
    .await;
    let ask = async |from: &str, name: &str| {
        let mut browser = world.browser();
        let csrf = browser.get("/forgot").await.field("csrf");
        let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, FORM), (FORWARDED_FOR, from)];
        let body = form(&[("csrf", &csrf), ("username", name)]);
        browser.send(Method::POST, "/forgot", &headers, Some(body)).await
    };
    for number in 0..10 {
        assert_eq!(ask(&format!("192.0.2.{number}"), &format!("nobody{number}@example.com")).await.status, 200);
    }
    let slowed = ask("192.0.2.77", "nobody@example.com").await;
    assert!(slowed.status == 429 && slowed.body.contains("data-work="), "{slowed:?}");
    let guesser = Guesser::new(&world).await;
    assert_eq!(guesser.from(Some("192.0.2.77"), "bob@example.com", PASSWORD).await.status, 303);
}
