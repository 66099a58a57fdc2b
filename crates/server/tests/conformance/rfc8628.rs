//! Device Authorization Grant (RFC 8628).

use http::Method;

use crate::flows::{ADA, metadata};
use crate::support::device::{Device, GRANT, tv};
use crate::support::{Browser, World};

#[tokio::test]
async fn rfc8628_section_3_1_a_client_is_required() {
    let world = World::with_tv().await;
    let answer = world.ask_from("", &[], &[]).await;
    assert!(answer.status.is_client_error() && !answer.body.contains("device_code"), "{answer:?}");
}

#[tokio::test]
async fn rfc8628_section_3_1_an_unknown_client_is_invalid_client() {
    let world = World::with_tv().await;
    world.ask_from("nobody", &[], &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8628_section_3_1_a_client_without_the_grant_is_unauthorized() {
    let world = World::with_tv().await;
    world.ask_from("spa", &[], &[]).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn rfc8628_section_3_1_a_confidential_client_must_authenticate() {
    let world = World::with_tv().await;
    world.change_client("web", |client| client.grant_types.extend([GRANT.to_owned()])).await;
    world.ask_from("web", &[], &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8628_section_3_1_a_malformed_scope_is_invalid_scope() {
    let world = World::with_tv().await;
    world.ask_from("tv", &[], &[("scope", "a\"b")]).await.is_error(400, "invalid_scope");
}

/// RFC 8707 §2: "invalid_target: The requested resource is invalid, missing, unknown, or malformed", whichever of several it is.
#[tokio::test]
async fn rfc8707_section_2_each_api_that_a_device_names_is_one_it_may_ask_for() {
    let world = World::with_tv().await;
    let more = [("audience", ""), ("resource", crate::support::API), ("resource", "https://elsewhere.example")];
    world.ask_from("tv", &[], &more).await.is_error(400, "invalid_target");
}

/// RFC 9396 §5: "The AS MUST refuse to process any unknown authorization details type or authorization details not conforming to the
/// respective type definition."
#[tokio::test]
async fn rfc9396_section_5_a_device_asks_for_no_details_of_an_unknown_type() {
    let world = World::with_tv().await;
    for details in [r#"[{"type":"payment"}]"#, "[{}]", "{}", "payment"] {
        let answer = world.ask_from("tv", &[], &[("authorization_details", details)]).await;
        answer.is_error(400, "invalid_authorization_details");
    }
}

/// RFC 9396 §6: what was not allowed is not had by asking for it with the code.
#[tokio::test]
async fn rfc9396_section_6_a_device_code_brings_no_details_that_nobody_allowed() {
    let world = World::with_tv().await;
    let device = world.device().await;
    Browser::signed_in(&world, ADA).await.allow(&device.user_code).await;
    let fields = [("grant_type", GRANT), ("client_id", "tv"), ("device_code", &device.secret)];
    let mut more = fields.to_vec();
    more.push(("authorization_details", r#"[{"type":"payment"}]"#));
    world.post_with("", "/oauth/token", &more).await.is_error(400, "invalid_authorization_details");
    assert_eq!(world.post_with("", "/oauth/token", &fields).await.status, 200, "the refusal changed something");
}

#[tokio::test]
async fn rfc8628_section_3_1_get_is_not_allowed() {
    let world = World::with_tv().await;
    assert_eq!(world.send(Method::GET, "/oauth/device?client_id=tv", &[], None).await.status, 405);
}

#[tokio::test]
async fn rfc8628_section_3_2_codes_are_never_the_same() {
    let world = World::with_tv().await;
    let (one, other) = (world.device().await, world.device().await);
    assert!(one.secret != other.secret && one.user_code != other.user_code);
    assert!(one.secret.len() >= 22 + "sym_".len(), "{}", one.secret);
}

/// "the client MUST NOT display the device_code": it is not in the link for the person either.
#[tokio::test]
async fn rfc8628_section_3_3_1_the_link_does_not_carry_the_device_code() {
    let world = World::with_tv().await;
    let device = world.device().await;
    assert!(device.complete.contains(&device.user_code) && !device.complete.contains(&device.secret));
}

/// "the authorization server … SHOULD display information about the device": a link alone allows nothing.
#[tokio::test]
async fn rfc8628_section_5_4_a_link_alone_allows_nothing() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    phone.get(&device.complete).await.is_page(200);
    world.poll(&device).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn rfc8628_section_3_3_nobody_answers_without_signing_in() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut stranger = world.browser();
    let page = stranger.enter(&device.user_code).await;
    assert!(page.status.is_redirection() || page.body.contains("password"), "{page:?}");
    world.poll(&device).await.is_error(400, "authorization_pending");
}

/// "grant_type: REQUIRED. Value MUST be set to …"
#[tokio::test]
async fn rfc8628_section_3_4_the_grant_has_its_whole_name() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let fields = [("grant_type", "device_code"), ("client_id", "tv"), ("device_code", &device.secret)];
    world.post_with("", "/oauth/token", &fields).await.is_error(400, "unsupported_grant_type");
}

#[tokio::test]
async fn rfc8628_section_3_4_a_device_code_is_required() {
    let world = World::with_tv().await;
    let fields = [("grant_type", GRANT), ("client_id", "tv")];
    world.post_with("", "/oauth/token", &fields).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc8628_section_3_4_an_unknown_device_code_is_invalid_grant() {
    let world = World::with_tv().await;
    world.poll_as("tv", "unknown").await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn rfc8628_section_3_4_the_user_code_is_no_device_code() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.poll_as("tv", &device.user_code).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn rfc8628_section_3_4_a_device_code_of_another_client_is_invalid_grant() {
    let world = World::with_tv().await;
    world.put_client(&tv("radio")).await;
    let device = world.device().await;
    world.poll_as("radio", &device.secret).await.is_error(400, "invalid_grant");
    world.poll(&device).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn rfc8628_section_3_5_before_the_answer_it_is_pending() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.poll(&device).await.is_error(400, "authorization_pending");
}

/// "slow_down: … polling should continue, but the interval MUST be increased": who does not keep to it is told.
#[tokio::test]
async fn rfc8628_section_3_5_who_asks_too_often_is_told_to_slow_down() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.poll(&device).await.is_error(400, "authorization_pending");
    world.poll(&device).await.is_error(400, "slow_down");
    world.advance(11);
    world.poll(&device).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn rfc8628_section_3_5_no_is_access_denied() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let question = phone.enter(&device.user_code).await;
    phone.answer(&question, "deny").await;
    world.poll(&device).await.is_error(400, "access_denied");
}

#[tokio::test]
async fn rfc8628_section_3_5_late_is_expired_token() {
    let world = World::with_tv().await;
    let device = world.device().await;
    world.advance(601);
    world.poll(&device).await.is_error(400, "expired_token");
}

/// §3.3: an expired code is not answered any more.
#[tokio::test]
async fn rfc8628_section_3_2_an_expired_user_code_is_none() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    world.advance(601);
    let page = phone.enter(&device.user_code).await;
    assert!(!page.body.contains("Television"), "{}", page.body);
}

#[tokio::test]
async fn rfc8628_section_3_5_a_device_code_works_once() {
    let world = World::with_tv().await;
    let device = world.device().await;
    Browser::signed_in(&world, ADA).await.allow(&device.user_code).await;
    assert_eq!(world.poll(&device).await.status, 200);
    world.poll(&device).await.is_error(400, "invalid_grant");
}

/// §5.1: "the … user code … rate limiting": guesses get nowhere.
#[tokio::test]
async fn rfc8628_section_5_1_guessing_user_codes_is_stopped() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut thief = Browser::signed_in(&world, "bob@example.com").await;
    for guess in ["BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF", "GGGG-GGGG", "HHHH-HHHH", "JJJJ-JJJJ"] {
        assert!(!thief.enter(guess).await.body.contains("Television"));
    }
    let page = thief.enter(&device.user_code).await;
    assert!(!page.body.contains("Television"), "the right one counted after too many: {}", page.body);
}

/// §5.4, remote phishing: what another site posts answers nothing.
#[tokio::test]
async fn rfc8628_section_5_4_an_answer_that_another_site_posts_is_refused() {
    let world = World::with_tv().await;
    let device = world.device().await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let question = phone.enter(&device.user_code).await;
    let (interaction, csrf) = (question.field("interaction"), question.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared", "yes"), ("decision", "allow")];
    assert_eq!(phone.post_from("/device/answer", &fields, "https://evil.example").await.status, 403);
    world.poll(&device).await.is_error(400, "authorization_pending");
}

/// §4: "device_authorization_endpoint" where the grant works.
#[tokio::test]
async fn rfc8628_section_4_the_endpoint_is_published_and_answers() {
    let world = World::with_tv().await;
    let metadata = metadata(&world).await;
    assert!(metadata["device_authorization_endpoint"].as_str().unwrap().ends_with("/oauth/device"));
    assert!(!Device::of(&world.ask_from("tv", &[], &[]).await).secret.is_empty());
}
