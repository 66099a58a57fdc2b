//! Attacks on the device authorization grant (RFC 8628 §5; RFC 10027): guessing, stealing and racing codes, and whoever is not asked.

use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};

use crate::support::client::form;
use crate::support::device::{FORWARDED_FOR, tv};
use crate::support::{Browser, ISSUER, PASSWORD, World};

/// A well-formed code that no device waits with.
const WRONG: &str = "BBBB-BBBB";

async fn behind_proxy() -> World {
    let world = World::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    world.put_client(&tv("tv")).await;
    world
}

#[tokio::test]
async fn guesses_at_user_codes_are_slowed_for_one_person_wherever_they_are_rfc_8628_5_1() {
    let world = behind_proxy().await;
    let device = world.device().await;
    let mut guesser = Browser::signed_in(&world, "bob@example.com").await;
    for number in 0..5 {
        let address = format!("198.51.100.{number}");
        guesser.enter_from(WRONG, &[(FORWARDED_FOR, &address)]).await.is_page(400);
    }
    let slowed = guesser.enter_from(WRONG, &[(FORWARDED_FOR, "198.51.100.77")]).await;
    slowed.is_page(429);
    assert_eq!(slowed.header("retry-after"), "1");
    // Nor does a right one get through, or the wait would tell which are right; and another sign-in of theirs waits with them.
    guesser.enter(&device.user_code).await.is_page(429);
    Browser::signed_in(&world, "bob@example.com").await.enter(&device.user_code).await.is_page(429);
    // Nobody else waits.
    Browser::signed_in(&world, "ada@example.com").await.allow(&device.user_code).await;
    assert_eq!(world.poll(&device).await.status, 200);
}

#[tokio::test]
async fn a_right_code_does_not_wipe_the_slate_between_guesses() {
    let world = World::with_tv().await;
    let mut guesser = Browser::signed_in(&world, "bob@example.com").await;
    for _ in 0..5 {
        guesser.enter(WRONG).await.is_page(400);
        let own = world.device().await;
        let answer = guesser.enter(&own.user_code).await;
        if answer.status == 429 {
            return;
        }
        answer.is_page(200);
    }
    guesser.enter(WRONG).await.is_page(429);
}

#[tokio::test]
async fn guesses_from_one_address_are_slowed_whoever_makes_them_rfc_8628_5_1() {
    let world = World::with(|config| config.throttle.address.free = 6).await;
    world.put_client(&tv("tv")).await;
    let mut browsers = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        browsers.push(Browser::signed_in(&world, email).await);
    }
    for _ in 0..3 {
        for browser in &mut browsers {
            browser.enter(WRONG).await.is_page(400);
        }
    }
    for browser in &mut browsers {
        browser.enter(WRONG).await.is_page(429);
    }
}

#[tokio::test]
async fn parallel_guesses_do_not_overtake_the_count() {
    let world = World::with_tv().await;
    let mut person = Browser::signed_in(&world, "bob@example.com").await;
    let csrf = person.get("/device").await.field("csrf");
    let guesses = (0..20).map(|_| {
        let (mut browser, csrf) = (person.clone(), csrf.clone());
        tokio::spawn(async move {
            let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
            let body = form(&[("csrf", &csrf), ("user_code", WRONG)]);
            browser.send(Method::POST, "/device", &headers, Some(body)).await.status.as_u16()
        })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        looked_at += usize::from(guess.await.unwrap() == 400);
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn whoever_is_not_signed_in_learns_nothing_about_a_code_rfc_8628_5_1() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut pages = Vec::new();
    for code in [WRONG, &device.user_code] {
        let page = world.browser().enter(code).await;
        page.is_page(200);
        assert!(page.body.contains("Sign in") && !page.body.contains("Television"));
        pages.push(page.body.len());
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn rfc10027_section_6_1_11_device_codes_that_nobody_allows_are_bounded_for_each_address() {
    let world = World::with(|config| config.throttle.address.free = 3).await;
    world.put_client(&tv("tv")).await;
    let first = world.device().await;
    for _ in 0..2 {
        world.device().await;
    }
    let refused = world.ask_from("tv", &[], &[]).await;
    refused.is_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    // One that is allowed makes room for one.
    Browser::signed_in(&world, "ada@example.com").await.allow(&first.user_code).await;
    assert_eq!(world.poll(&first).await.status, 200);
    assert_eq!(world.ask_from("tv", &[], &[]).await.status, 200);
    world.ask_from("tv", &[], &[]).await.is_error(429, "temporarily_unavailable");
}

#[tokio::test]
async fn another_client_that_polls_gets_and_changes_nothing_rfc_8628_3_4() {
    let world = World::with_tv().await;
    world.put_client(&tv("thief")).await;
    let device = world.device().await;
    let unknown = world.poll_as("thief", "sym_dc_unknown").await;
    unknown.is_error(400, "invalid_grant");
    for _ in 0..2 {
        let stolen = world.poll_as("thief", &device.secret).await;
        assert_eq!((stolen.status, stolen.body), (unknown.status, unknown.body.clone()));
    }
    world.poll(&device).await.is_error(400, "authorization_pending");
    Browser::signed_in(&world, "ada@example.com").await.allow(&device.user_code).await;
    world.poll_as("thief", &device.secret).await.is_error(400, "invalid_grant");
    let tokens = world.poll(&device).await.json();
    world.poll_as("thief", &device.secret).await.is_error(400, "invalid_grant");
    world.assert_alive(&tokens["access_token"]).await;
}

#[tokio::test]
async fn of_parallel_polls_one_gets_tokens_and_a_second_use_ends_them() {
    let world = World::with_tv().await;
    let device = world.device().await;
    Browser::signed_in(&world, "ada@example.com").await.allow(&device.user_code).await;
    let polls = (0..10).map(|_| {
        let mut browser = world.browser();
        let pairs =
            [("grant_type", crate::support::device::GRANT), ("client_id", "tv"), ("device_code", &device.secret)];
        let body = form(&pairs);
        tokio::spawn(async move {
            let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
            browser.send(Method::POST, "/oauth/token", &headers, Some(body)).await
        })
    });
    let mut tokens = Vec::new();
    for poll in polls.collect::<Vec<_>>() {
        let answer = poll.await.unwrap();
        if answer.status == 200 {
            tokens.push(answer.json());
        } else {
            answer.is_error(400, "invalid_grant");
        }
    }
    assert_eq!(tokens.len(), 1);
    world.poll(&device).await.is_error(400, "invalid_grant");
    world.assert_dead(&tokens[0]["access_token"]).await;
}

#[tokio::test]
async fn rfc10027_section_6_1_3_of_two_people_who_answer_one_counts() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut ada = Browser::signed_in(&world, "ada@example.com").await;
    let mut bob = Browser::signed_in(&world, "bob@example.com").await;
    let (hers, his) = (ada.enter(&device.user_code).await, bob.enter(&device.user_code).await);
    assert!(ada.answer(&hers, "allow").await.body.contains("Device connected"));
    bob.answer(&his, "allow").await.is_page(400);
    bob.answer(&his, "deny").await.is_page(400);
    let tokens = world.poll(&device).await.json();
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn who_is_blocked_or_signs_out_between_answer_and_poll_gives_no_tokens_security_22() {
    let world = World::with_tv().await;
    let (one, two, three) = (world.device().await, world.device().await, world.device().await);
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    phone.allow(&one.user_code).await;
    let csrf = phone.get("/").await.field("csrf");
    phone.post("/logout", &[("csrf", &csrf)]).await;
    world.poll(&one).await.is_error(400, "invalid_grant");

    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    phone.allow(&two.user_code).await;
    let question = phone.enter(&three.user_code).await;
    world.block("ada@example.com").await;
    world.poll(&two).await.is_error(400, "invalid_grant");
    let late = phone.answer(&question, "allow").await;
    assert!(!late.body.contains("Device connected"), "{}", late.body);
    world.poll(&three).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn the_answer_counts_for_the_person_the_page_was_shown_to_security_18() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let question = phone.enter(&device.user_code).await;
    // Another browser, even of the same person, cannot use the page.
    let mut elsewhere = Browser::signed_in(&world, "ada@example.com").await;
    assert!(!elsewhere.answer(&question, "allow").await.body.contains("Device connected"));
    // Nor can another person in this browser.
    let page = phone.get("/login").await;
    assert!(page.status.is_redirection());
    let csrf = phone.get("/").await.field("csrf");
    phone.post("/logout", &[("csrf", &csrf)]).await;
    let page = phone.get("/login").await;
    phone
        .post("/login", &[("csrf", &page.field("csrf")), ("username", "bob@example.com"), ("password", PASSWORD)])
        .await;
    assert!(!phone.answer(&question, "allow").await.body.contains("Device connected"));
    // Not even with the token of a page of their own: what was shown to her is not what he was asked.
    let own = phone.enter(&device.user_code).await;
    let (interaction, csrf) = (question.field("interaction"), own.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared", "yes"), ("decision", "allow")];
    assert!(!phone.post("/device/answer", &fields).await.body.contains("Device connected"));
    world.poll(&device).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn no_form_of_these_pages_can_be_posted_from_elsewhere_security_98() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let csrf = phone.get("/device").await.field("csrf");
    let fields = [("csrf", &*csrf), ("user_code", &device.user_code)];
    phone.post_from("/device", &fields, "https://evil.example").await.is_page(403);
    phone.post("/device", &[("user_code", &device.user_code)]).await.is_page(400);
    let question = phone.enter(&device.user_code).await;
    let (interaction, own) = (question.field("interaction"), question.field("csrf"));
    let yes = |csrf: &str| {
        [
            ("interaction", interaction.clone()),
            ("csrf", csrf.to_owned()),
            ("compared", "yes".to_owned()),
            ("decision", "allow".to_owned()),
        ]
    };
    // The code form's token is not the question's.
    for (csrf, origin) in [(&*csrf, ISSUER), (&*own, "https://evil.example"), ("", ISSUER)] {
        let fields = yes(csrf);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = phone.post_from("/device/answer", &fields, origin).await;
        assert!(!answer.body.contains("Device connected"), "{}", answer.body);
    }
    world.poll(&device).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn a_pending_request_of_another_kind_opens_no_device() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    // A device's pending sign-in is no authorization request, and the question's value does not go on by itself.
    let question = phone.enter(&device.user_code).await;
    let value = question.field("interaction");
    phone.get(&format!("/authorize/continue?interaction={value}")).await.is_page(400);
    let form = phone.get(&format!("/device?interaction={value}")).await;
    assert!(form.body.contains("Enter the code"), "{}", form.body);
    // A device code is no authorization code and no user code, and the other way round.
    world.poll_as("tv", &device.user_code).await.is_error(400, "invalid_grant");
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "tv"),
        ("code", &*device.secret),
        ("redirect_uri", "https://x.example/"),
    ];
    world.post_with("", "/oauth/token", &fields).await.is_error(400, "invalid_grant");
    phone.enter(&device.secret).await.is_page(400);
}
