//! The device authorization grant (RFC 8628) as a device and a person go through it.

use http::header::USER_AGENT;
use serde_json::json;
use symbolon_oauth::Client;

use crate::support::device::{Device, tv};
use crate::support::protocol::claims;
use crate::support::{API, Browser, ISSUER, PASSWORD, World};

#[tokio::test]
async fn a_device_gets_two_codes_and_an_address_rfc_8628_3_2() {
    let world = World::with_tv().await;
    let answer = world.ask_from("tv", &[], &[]).await;
    let json = answer.json();
    assert_eq!(json["verification_uri"], format!("{ISSUER}/device"));
    assert_eq!(
        json["verification_uri_complete"],
        format!("{ISSUER}/device?user_code={}", json["user_code"].as_str().unwrap())
    );
    assert_eq!((&json["expires_in"], &json["interval"]), (&json!(600), &json!(5)));
    let user_code = json["user_code"].as_str().unwrap();
    assert!(user_code.len() == 9 && user_code.as_bytes()[4] == b'-', "{user_code}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let discovered = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(discovered["device_authorization_endpoint"], format!("{ISSUER}/oauth/device"));
}

#[tokio::test]
async fn a_person_enters_the_code_signs_in_compares_and_allows() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.poll(&device).await.is_error(400, "authorization_pending");

    let mut phone = world.browser();
    let page = phone.get("/device").await;
    page.is_page(200);
    let sign_in = phone.enter(&device.user_code.replace('-', " ").to_lowercase()).await;
    assert!(
        sign_in.body.contains("to connect your device") && !sign_in.body.contains("Television"),
        "{}",
        sign_in.body
    );
    let question = phone.sign_in(&sign_in, "ada@example.com", PASSWORD).await;
    question.is_page(200);
    for shown in ["Television", &device.user_code, "DragonsTV/4.1", "127.0.0.1", "Read things", "Ada Lovelace"] {
        assert!(question.body.contains(shown), "{shown} is not in {}", question.body);
    }
    world.advance(5);
    world.poll(&device).await.is_error(400, "authorization_pending");
    let done = phone.answer(&question, "allow").await;
    done.is_page(200);
    assert!(done.body.contains("Device connected"), "{}", done.body);

    let answer = world.poll(&device).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["scope"], "openid profile email offline_access read");
    world.assert_alive(&tokens["access_token"]).await;
    let id_token = claims(&tokens["id_token"]);
    assert_eq!((&id_token["aud"], &id_token["amr"]), (&json!("tv"), &json!(["pwd"])));
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.json()["email"], "ada@example.com");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "tv"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(world.post_with("", "/oauth/token", &fields).await.status, 200);

    let trail = world.audit_trail().await;
    let (_, allowed) = trail.iter().find(|(name, _)| name == "device.allow").unwrap();
    assert_eq!((&allowed["device_address"], &allowed["scope"]), (&json!("127.0.0.1"), &tokens["scope"]));
    assert!(!trail.iter().any(|(_, detail)| detail["cause"] == "AuthorizationPending"), "waiting is no event");
}

#[tokio::test]
async fn a_link_fills_in_the_code_and_nothing_more_rfc_8628_3_3_1() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let page = phone.get(&device.complete).await;
    page.is_page(200);
    assert!(page.body.contains(&format!("value=\"{}\"", device.user_code)) && !page.body.contains("Television"));
    let hostile = phone.get("/device?user_code=%22%3E%3Cscript%3E").await;
    assert!(!hostile.body.contains("script"), "{}", hostile.body);
    // And the code is compared all the same.
    let question = phone.enter(&device.user_code).await;
    let (interaction, csrf) = (question.field("interaction"), question.field("csrf"));
    let unread = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
    let again = phone.post("/device/answer", &unread).await;
    again.is_page(400);
    assert!(again.body.contains("Compare the code"), "{}", again.body);
    world.poll(&device).await.is_error(400, "authorization_pending");
    assert!(phone.answer(&again, "allow").await.body.contains("Device connected"));
}

#[tokio::test]
async fn no_is_access_denied_and_the_code_is_used_up_rfc_8628_3_5() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let question = phone.enter(&device.user_code).await;
    let done = phone.answer(&question, "deny").await;
    done.is_page(200);
    assert!(done.body.contains("Not allowed"), "{}", done.body);
    for _ in 0..2 {
        world.poll(&device).await.is_error(400, "access_denied");
    }
    // Neither going back nor entering it again brings another answer.
    for page in [phone.answer(&question, "allow").await, phone.enter(&device.user_code).await] {
        page.is_page(400);
        assert!(page.body.contains("No device waits"), "{}", page.body);
    }
    world.poll(&device).await.is_error(400, "access_denied");
    assert!(world.audit_trail().await.iter().any(|(name, _)| name == "device.deny"));
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_to_slow_down_rfc_8628_3_5() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.poll(&device).await.is_error(400, "authorization_pending");
    world.poll(&device).await.is_error(400, "slow_down");
    world.advance(3);
    world.poll(&device).await.is_error(400, "slow_down");
    world.advance(2);
    world.poll(&device).await.is_error(400, "authorization_pending");
    let other = world.device().await;
    world.poll(&other).await.is_error(400, "authorization_pending");
    // What is allowed is given at once.
    Browser::signed_in(&world, "ada@example.com").await.allow(&device.user_code).await;
    assert_eq!(world.poll(&device).await.status, 200);
}

#[tokio::test]
async fn rfc10027_section_6_1_2_after_ten_minutes_both_codes_are_over() {
    let world = World::with_tv().await;
    let (device, allowed) = (world.device().await, world.device().await);
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    phone.allow(&allowed.user_code).await;
    let question = phone.enter(&device.user_code).await;
    world.advance(600);
    for device in [&device, &allowed] {
        world.poll(device).await.is_error(400, "expired_token");
    }
    for page in [phone.enter(&device.user_code).await, phone.answer(&question, "allow").await] {
        page.is_page(400);
        assert!(page.body.contains("No device waits"), "{}", page.body);
    }
    world.poll(&device).await.is_error(400, "expired_token");
}

#[tokio::test]
async fn the_grant_is_off_unless_registered_rfc_8628_3_1() {
    let world = World::with_tv().await;
    world.ask_from("spa", &[], &[]).await.is_error(400, "unauthorized_client");
    world.post_as("web", "/oauth/device", &[("scope", "openid")]).await.is_error(400, "unauthorized_client");
    world.ask_from("nobody", &[], &[]).await.is_error(401, "invalid_client");
    world.ask_from("tv", &[], &[("audience", "https://elsewhere.example")]).await.is_error(400, "invalid_target");
    world.ask_from("tv", &[], &[("scope", "a\"b")]).await.is_error(400, "invalid_scope");
    let twice = world
        .send(
            http::Method::POST,
            "/oauth/device",
            &[(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")],
            Some("client_id=tv&client_id=tv".to_owned()),
        )
        .await;
    twice.is_error(400, "invalid_request");
    assert_eq!(world.browser().get("/oauth/device?client_id=tv").await.status, 405);
}

#[tokio::test]
async fn a_confidential_client_proves_itself_at_both_endpoints_rfc_8628_3_1() {
    let world = World::with_tv().await;
    let grants = tv("x").grant_types;
    world.change_client("web", |client| client.grant_types.extend(grants)).await;
    world.ask_from("web", &[], &[]).await.is_error(401, "invalid_client");
    let answer = world.post_as("web", "/oauth/device", &[("scope", "openid"), ("audience", API)]).await;
    let device = Device::of(&answer);
    // First-party, and asked all the same.
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let question = phone.enter(&device.user_code).await;
    assert!(question.body.contains("Is this your device?"), "{}", question.body);
    assert!(phone.answer(&question, "allow").await.body.contains("Device connected"));
    world.poll_as("web", &device.secret).await.is_error(401, "invalid_client");
    let fields = [("grant_type", crate::support::device::GRANT), ("device_code", &device.secret)];
    assert_eq!(world.token("web", &fields).await.status, 200);
}

#[tokio::test]
async fn without_offline_access_the_device_is_out_when_the_person_signs_out() {
    let world = World::with_tv().await;
    let answer = world.ask_from("tv", &[], &[("scope", "openid read")]).await;
    let device = Device::of(&answer);
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    phone.allow(&device.user_code).await;
    let tokens = world.poll(&device).await.json();
    assert!(tokens.get("refresh_token").is_none());
    world.assert_alive(&tokens["access_token"]).await;
    let csrf = phone.get("/").await.field("csrf");
    phone.post("/logout", &[("csrf", &csrf)]).await;
    world.assert_dead(&tokens["access_token"]).await;
}

#[tokio::test]
async fn what_is_withdrawn_while_the_page_is_open_is_not_allowed_any_more() {
    let world = World::with_tv().await;
    let (one, two) = (world.device().await, world.device().await);
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let question = phone.enter(&one.user_code).await;
    world.change_api(API, |api| api.scopes.retain(|scope| scope.name != "read")).await;
    assert!(phone.answer(&question, "allow").await.body.contains("Device connected"));
    assert_eq!(world.poll(&one).await.json()["scope"], "openid profile email offline_access");

    let question = phone.enter(&two.user_code).await;
    world.put_client(&Client { disabled: true, ..tv("tv") }).await;
    phone.answer(&question, "allow").await.is_page(400);
    world.put_client(&tv("tv")).await;
    world.poll(&two).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn rfc10027_section_6_1_14_the_page_tells_where_the_device_is_and_where_it_is_not() {
    let world = World::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    world.put_client(&tv("tv")).await;
    let far = (crate::support::device::FORWARDED_FOR, "198.51.100.9");
    let mut phone = Browser::signed_in(&world, "ada@example.com").await;
    let agent = (USER_AGENT, "<script>alert(1)</script>");
    let device = Device::of(&world.ask_from("tv", &[far.clone(), agent], &[]).await);
    world.advance(240);
    let question = phone.enter_from(&device.user_code, &[(crate::support::device::FORWARDED_FOR, "203.0.113.5")]).await;
    assert!(question.body.contains("198.51.100.9, which is not yours now"), "{}", question.body);
    assert!(question.body.contains("4 minutes ago") && !question.body.contains("<script>"), "{}", question.body);
    let here = phone.enter_from(&device.user_code, &[far]).await;
    assert!(here.body.contains("198.51.100.9, the same as yours now"), "{}", here.body);
}

/// Nobody who has not signed in learns anything about a code, or ends what it is for.
#[tokio::test]
async fn the_sign_in_page_before_a_device_takes_a_no_and_the_device_goes_on_waiting() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut browser = world.browser();
    let page = browser.enter(&device.user_code).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "deny")];
    assert_eq!(browser.post("/login", &fields).await.location(), "/");
    world.poll(&device).await.is_error(400, "authorization_pending");
}
