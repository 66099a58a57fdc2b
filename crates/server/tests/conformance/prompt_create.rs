//! Initiating User Registration via OpenID Connect 1.0 (OpenID Prompt Create).

use serde_json::json;
use symbolon_oauth::sign_up::{SignUp, SignUpRule};

use crate::support::World;
use crate::support::flow::authorize_url;

told_to_the_client! {
    prompt_create_section_4_1_where_it_is_not_supported_it_is_invalid_request:
        "web", [("prompt", "create")] => "invalid_request";
    prompt_create_section_4_1_nor_with_other_values: "web", [("prompt", "login create")] => "invalid_request";
    prompt_create_section_4_1_nor_with_none: "web", [("prompt", "none create")] => "invalid_request";
}

#[tokio::test]
async fn prompt_create_section_4_1_people_see_the_page_for_making_an_account_at_once() {
    let world = World::open_to_all().await;
    for prompt in ["create", "create login", "consent create"] {
        let page = world.browser().get(&authorize_url("web", &[("prompt", prompt)])).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("<h1>Create an account</h1>"), "{prompt}: {}", page.body);
    }
    // Whoever is signed in, too; afterwards the new account is.
    let mut browser = world.browser();
    browser.code("web", "ada@example.com", &[]).await;
    let page = browser.get(&authorize_url("web", &[("prompt", "create")])).await;
    let asked = browser.ask_for_account(&page, "grace@example.com").await;
    let answer = browser.enter_code(&asked, &world.code_for("grace@example.com").await).await;
    let code = browser.follow(answer).await.param("code").unwrap();
    let tokens = world.redeem("web", &code).await.json();
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["email"], "grace@example.com");
}

#[tokio::test]
async fn prompt_create_section_4_1_with_none_it_is_refused_where_it_is_supported() {
    let world = World::open_to_all().await;
    let answer = world.browser().get(&authorize_url("web", &[("prompt", "none create")])).await;
    answer.is_redirected_error("invalid_request");
}

#[tokio::test]
async fn prompt_create_section_4_1_where_the_client_is_not_to_have_it_it_is_invalid_request() {
    let world = World::open_to_all().await;
    world.change_client("web", |client| client.sign_up = Some(SignUpRule::Denied)).await;
    let answer = world.browser().get(&authorize_url("web", &[("prompt", "create")])).await;
    answer.is_redirected_error("invalid_request");
    // When it is pushed, too, before any browser comes.
    world.push("web", &[("prompt", "create")]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn prompt_create_section_4_2_it_is_listed_exactly_where_it_works() {
    for (setting, listed) in
        [(SignUp::Off, false), (SignUp::Invitation, false), (SignUp::Clients, true), (SignUp::Open, true)]
    {
        let world = World::with(|config| config.sign_up = setting).await;
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        let values = document["prompt_values_supported"].as_array().unwrap();
        assert_eq!(values.contains(&json!("create")), listed, "{setting:?}: {values:?}");
    }
}

#[tokio::test]
async fn prompt_create_section_4_1_a_pushed_request_and_a_hint_come_through() {
    let world = World::open_to_all().await;
    let pushed = world.pushed("web", &[("prompt", "create"), ("login_hint", "grace@example.com")]).await;
    let mut browser = world.browser();
    let page = browser.get(&crate::support::requests::reference_url("web", &pushed, &[])).await;
    assert!(page.body.contains("value=\"grace@example.com\""), "{}", page.body);
    let asked = browser.ask_for_account(&page, "grace@example.com").await;
    world.advance(600);
    let answer = browser.enter_code(&asked, &world.code_for("grace@example.com").await).await;
    let answer = browser.follow(answer).await;
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"), "{answer:?}");
    assert_eq!(world.redeem("web", &answer.param("code").unwrap()).await.status, 200);
}
