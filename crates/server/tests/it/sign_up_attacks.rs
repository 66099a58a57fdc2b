//! Attacks on sign-up: who tells strangers which addresses have accounts, makes one under an address that is not theirs, or makes two of one.

use std::sync::Arc;

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;
use symbolon_store::Artefact;

use crate::support::flow::authorize_url;
use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, World};

const GRACE: &str = "grace@example.com";

async fn asked(world: &World, email: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let answer = browser.ask_for_account(&page, email).await;
    (browser, answer)
}

/// What an answer says, without what differs between any two answers.
fn told(answer: &Answer, email: &str) -> (u16, Vec<(String, String)>, usize, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    for text in [&*answer.field("interaction"), &answer.field("csrf"), email] {
        body = body.replace(text, "");
    }
    (answer.status.as_u16(), headers, answer.body.len(), body)
}

/// 119, 123.
#[tokio::test]
async fn an_address_that_has_an_account_is_answered_like_one_that_has_none() {
    let world = World::open_to_all().await;
    world.add_user("eve@example.com", "Eve", &[]).await;
    world.block("eve@example.com").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "xyz@example.com", "eve@example.com"] {
        let (mut browser, page) = asked(&world, email).await;
        let mut steps = vec![told(&page, email)];
        for _ in 0..6 {
            let page = browser.enter_code(&page, "000000").await;
            steps.push(told(&page, email));
        }
        let again = browser.decide("/signup/code", &page, "again").await;
        steps.push(told(&again, email));
        steps.push(told(&browser.decide("/signup/code", &again, "change").await, email));
        answers.push(steps);
    }
    assert_eq!(answers[0], answers[1], "known and unknown");
    assert_eq!(answers[0], answers[2], "known and blocked");
    // Only the owner hears of it.
    assert_eq!(world.letter("ada@example.com").await["letter"], "address_known");
    assert_eq!(world.letter("xyz@example.com").await["letter"], "sign_up_code");
}

/// No code fits an address that has an account, not even the one that is kept beside it.
#[tokio::test]
async fn nobody_signs_in_to_an_account_by_signing_up_again() {
    let world = World::open_to_all().await;
    let (mut browser, page) = asked(&world, "Ada@example.com").await;
    let app = &world.running.app;
    let waiting = app.store.artefacts_of_kind(Artefact::SIGN_UP, 9, crate::support::NOW).await.unwrap();
    let pending = symbolon_server::account::sign_up::Pending::open(&app.sealer, &waiting[0]).unwrap();
    let answer = browser.enter_code(&page, &pending.code).await;
    assert_eq!(answer.status, 400);
    assert!(!browser.cookies.contains_key("symbolon-session-4400"));
}

/// Pre-hijacking: Mallory asks for an account with Grace's address, and hopes that she confirms it.
#[tokio::test]
async fn a_letter_somebody_else_caused_makes_nobody_an_account() {
    let world = World::open_to_all().await;
    let (_, _) = asked(&world, GRACE).await;
    let (code, link) = (world.code_for(GRACE).await, world.link_for(GRACE).await);
    // Grace follows the link: her browser is not the one that asked, and she does not know the password.
    let mut grace = world.browser();
    let page = grace.get(&link).await;
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
    assert_eq!(grace.confirm(&page, Some("what grace would choose")).await.status, 400);
    // She asks herself: the code of the other letter does not fit her page.
    let (mut grace, page) = asked(&world, GRACE).await;
    let hers = world.code_for(GRACE).await;
    if code != hers {
        assert_eq!(grace.enter_code(&page, &code).await.status, 400);
    }
    assert_eq!(grace.enter_code(&page, &hers).await.status, 303);
    // Mallory's is worth nothing any more, and her password is Grace's own.
    let mut mallory = world.browser();
    let page = mallory.get(&link).await;
    let answer = mallory.confirm(&page, Some(CHOSEN)).await;
    assert!(answer.body.contains("You have an account with this address."), "{}", answer.body);
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
}

/// The page that asks for the code is of one browser, and its token of no other form.
#[tokio::test]
async fn a_code_page_of_another_browser_is_none() {
    let world = World::open_to_all().await;
    let (_, page) = asked(&world, GRACE).await;
    let code = world.code_for(GRACE).await;
    let (mut other, own) = asked(&world, "mallory@example.com").await;
    let (interaction, csrf) = (page.field("interaction"), own.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("code", &code)];
    let answer = other.post("/signup/code", &fields).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("This page was open too long"), "{}", answer.body);
    // Nor is the interaction of the sign-in page one.
    let (mut browser, form) = {
        let mut browser = world.browser();
        let form = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
        (browser, form)
    };
    let answer = browser.enter_code(&form, &code).await;
    assert_eq!(answer.status, 400);
    assert_eq!(world.running.app.store.count_users().await, Ok(2));
}

/// 98.
#[tokio::test]
async fn every_form_is_refused_from_elsewhere() {
    let world = World::open_to_all().await;
    let (mut browser, page) = asked(&world, GRACE).await;
    let link = browser.get(&world.link_for(GRACE).await).await;
    let code = world.code_for(GRACE).await;
    let (interaction, csrf, secret) = (page.field("interaction"), page.field("csrf"), link.field("code"));
    for (path, fields) in [
        ("/signup", vec![("interaction", &*interaction), ("csrf", &csrf), ("email", GRACE)]),
        ("/signup/code", vec![("interaction", &*interaction), ("csrf", &csrf), ("code", &code)]),
        ("/signup/confirm", vec![("code", &*secret), ("csrf", &csrf)]),
    ] {
        let answer = browser.post_from(path, &fields, "https://evil.example").await;
        assert_eq!(answer.status, 403, "{path}");
        let bare: Vec<_> = fields.into_iter().filter(|(name, _)| *name != "csrf").collect();
        assert_eq!(browser.post(path, &bare).await.status, 400, "{path}");
    }
    assert_eq!(world.running.app.store.count_users().await, Ok(2));
}

/// Two tabs, two browsers, a form sent twice: one account, and everybody learns where they are.
#[tokio::test]
async fn of_many_ends_at_once_one_makes_the_account() {
    let world = World::open_to_all().await;
    let (twice, page) = asked(&world, GRACE).await;
    let first = world.code_for(GRACE).await;
    let (other, elsewhere) = asked(&world, GRACE).await;
    let second = world.code_for(GRACE).await;
    let (page, elsewhere) = (Arc::new(page), Arc::new(elsewhere));
    let ends = (0..6).map(|number| {
        let (mut browser, page, code) =
            if number % 2 == 0 { (twice.clone(), &page, &first) } else { (other.clone(), &elsewhere, &second) };
        let (page, code) = (Arc::clone(page), code.clone());
        tokio::spawn(async move { browser.enter_code(&page, &code).await })
    });
    let mut answers = Vec::new();
    for end in ends.collect::<Vec<_>>() {
        answers.push(end.await.unwrap());
    }
    let entered = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(entered, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 303) {
        assert!(answer.body.contains("You have an account with this address."), "{}", answer.body);
    }
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
}

/// Nobody's mailbox is filled, and nobody guesses on for ever.
#[tokio::test]
async fn letters_to_one_mailbox_and_guesses_at_its_codes_become_rare() {
    let world = World::open_to_all().await;
    for _ in 0..5 {
        assert_eq!(asked(&world, GRACE).await.1.status, 200);
    }
    let (_, refused) = asked(&world, "GRACE@example.com").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "60"));
    assert!(refused.body.contains("Too many attempts."), "{}", refused.body);
    assert_eq!(world.letters_to(GRACE).await.len(), 5);
    assert_eq!(asked(&world, "heidi@example.com").await.1.status, 200, "others are not held up");
    // An address that has an account is counted alike.
    for _ in 0..5 {
        assert_eq!(asked(&world, "ada@example.com").await.1.status, 200);
    }
    assert_eq!(asked(&world, "ada@example.com").await.1.status, 429);
}

#[tokio::test]
async fn guesses_at_all_codes_of_a_mailbox_are_counted_together() {
    let world = World::open_to_all().await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(guesses(&world).await);
    }
    let (all, two, one) = ([400; 5], [400, 400, 400, 429, 429], [400, 429, 429, 429, 429]);
    assert_eq!(statuses, [all, all, two, one, one], "ten after the first ones");
    // Later in the day, at one letter after another.
    let mut firsts = Vec::new();
    for _ in 0..12 {
        world.advance(3_601);
        firsts.push(guesses(&world).await[0]);
    }
    assert_eq!(firsts, [400; 12], "a first one for each letter, which are counted");
}

/// What comes of five wrong codes for one letter, in a browser of a stranger.
async fn guesses(world: &World) -> [u16; 5] {
    let (mut browser, page) = asked(world, GRACE).await;
    let mut statuses = [0; 5];
    for status in &mut statuses {
        *status = browser.enter_code(&page, "nonsense").await.status.as_u16();
    }
    statuses
}

/// Before or after their own sign-up, as long as there is a letter.
#[tokio::test]
async fn wrong_codes_of_strangers_do_not_hold_up_the_right_one() {
    for strangers in [[3, 0], [0, 3]] {
        let world = World::open_to_all().await;
        for _ in 0..strangers[0] {
            guesses(&world).await;
        }
        let (mut own, page) = asked(&world, GRACE).await;
        let code = world.code_for(GRACE).await;
        for _ in 0..strangers[1] {
            guesses(&world).await;
        }
        assert_eq!(guesses(&world).await[1], 429, "the strangers have used theirs up");
        let answer = own.enter_code(&page, &code).await;
        let answer = own.follow(answer).await;
        assert!(answer.param("code").is_some(), "{answer:?}");
    }
}

/// Nor do those of a whole day, at one letter after another.
#[tokio::test]
async fn letters_that_strangers_have_sent_do_not_hold_up_the_first_code_of_ones_own() {
    let world = World::open_to_all().await;
    for _ in 0..12 {
        guesses(&world).await;
        world.advance(3_601);
    }
    let (mut own, page) = asked(&world, GRACE).await;
    let answer = own.enter_code(&page, &world.code_for(GRACE).await).await;
    assert!(own.follow(answer).await.param("code").is_some());
}

#[tokio::test]
async fn whoever_has_to_wait_with_a_code_hears_that_the_link_works() {
    let world = World::open_to_all().await;
    for _ in 0..3 {
        guesses(&world).await;
    }
    let (mut own, page) = asked(&world, GRACE).await;
    own.enter_code(&page, "nonsense").await;
    let waits = own.enter_code(&page, &world.code_for(GRACE).await).await;
    assert!(waits.status == 429 && waits.body.contains("the link in the letter: it still works"), "{waits:?}");
    let confirm = own.get(&world.link_for(GRACE).await).await;
    let answer = own.confirm(&confirm, None).await;
    assert!(own.follow(answer).await.param("code").is_some());
}

/// The store holds nothing that a reader of it could use.
#[tokio::test]
async fn what_waits_is_sealed() {
    let world = World::open_to_all().await;
    asked(&world, GRACE).await;
    let code = world.code_for(GRACE).await;
    let store = &world.running.app.store;
    let waiting = store.artefacts_of_kind(Artefact::SIGN_UP, 9, crate::support::NOW).await.unwrap();
    let text = serde_json::to_string(&waiting).unwrap();
    for secret in [GRACE, "Grace Hopper", "argon2", &code] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(waiting[0].client_id.as_deref(), Some("web"));
}

/// Whoever only looks at the link (a preview, a scanner) changes nothing (RFC 9110 §9.2.1), and a damaged one says what to do.
#[tokio::test]
async fn looking_at_links_changes_nothing() {
    let world = World::open_to_all().await;
    asked(&world, GRACE).await;
    let link = world.link_for(GRACE).await;
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let answer = world.browser().send(method, &link, &[], None).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(world.running.app.store.count_users().await, Ok(2));
    for bad in ["/signup/confirm", "/signup/confirm?code=sym_si_x", &link[..link.len() - 1]] {
        let answer = world.browser().get(bad).await;
        assert_eq!(answer.status, 410, "{bad}");
    }
    world.advance(20 * 60);
    assert_eq!(world.browser().get(&link).await.status, 410);
}

/// No link in a letter is made of what a request says of the host it was sent to.
#[tokio::test]
async fn links_begin_with_the_issuer_whatever_the_request_says() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = browser.get("/signup").await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [
        ("interaction", &*interaction),
        ("csrf", &csrf),
        ("email", GRACE),
        ("password", CHOSEN),
        ("password_confirm", CHOSEN),
    ];
    let origin = browser.origin.clone();
    let headers = [
        (http::header::ORIGIN, &*origin),
        (http::header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        (http::HeaderName::from_static("x-forwarded-host"), "evil.example"),
        (http::HeaderName::from_static("forwarded"), "host=evil.example"),
    ];
    let body = crate::support::client::form(&fields);
    assert_eq!(browser.send(Method::POST, "/signup", &headers, Some(body)).await.status, 200);
    assert!(world.link_for(GRACE).await.starts_with(crate::support::ISSUER));
}

/// 108: what a request says of an address being proven, or of roles, is nobody's word.
#[tokio::test]
async fn nobody_gives_themselves_more_than_an_account() {
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let page = browser.get("/signup").await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [
        ("interaction", &*interaction),
        ("csrf", &csrf),
        ("email", GRACE),
        ("email_verified", "true"),
        ("roles", "admin"),
        ("role", "admin"),
        ("username", "ada@example.com"),
        ("password", CHOSEN),
        ("password_confirm", CHOSEN),
    ];
    let asked = browser.post("/signup", &fields).await;
    assert_eq!(world.running.app.store.count_users().await, Ok(2));
    browser.enter_code(&asked, &world.code_for(GRACE).await).await;
    let user = world.running.app.store.user_by_identifier(GRACE).await.unwrap().unwrap();
    assert_eq!((user.roles, user.username), (BTreeSet::new(), None));
    let show = world.command(&json!({ "user": { "show": { "user": GRACE } } })).await;
    assert_eq!(show["user"]["email_verified"], true);
}

/// What the service is called is the first word that a guesser tries, whichever form a password is chosen in.
#[tokio::test]
async fn no_form_takes_a_password_made_of_the_services_own_name() {
    const NAMED: &str = "localhostlocalhost";
    let refused = |answer: &Answer| answer.status == 400 && answer.body.contains("or the name of this service");
    let world = World::open_to_all().await;
    let mut browser = world.browser();
    let form = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let signed_up = browser.ask_for_account_with(&form, GRACE, NAMED).await;
    assert!(refused(&signed_up), "{signed_up:?}");
    let new = [("password", NAMED), ("password_confirm", NAMED)];
    let made =
        world.command(&json!({ "user": { "reset-link": { "user": "ada@example.com", "valid_secs": 60 } } })).await;
    let page = browser.get(made["link"].as_str().unwrap()).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let reset = browser.post("/reset", &[&[("code", &*code), ("csrf", &*csrf)], &new[..]].concat()).await;
    assert!(refused(&reset), "{reset:?}");
    browser.sign_in_here("ada@example.com").await;
    let csrf = browser.get("/account/password").await.field("csrf");
    let own = [("csrf", &*csrf), ("action", "change"), ("current", crate::support::PASSWORD)];
    let changed = browser.post("/account/password", &[&own[..], &new[..]].concat()).await;
    assert!(refused(&changed), "{changed:?}");
}
