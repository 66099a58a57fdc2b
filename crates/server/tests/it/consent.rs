//! Consent: a third party asks, the person decides, and only that.

use http::StatusCode;
use symbolon_oauth::registration::ApiScope;
use symbolon_oauth::{Client, ClientApi, ClientId};

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, OTHER_API, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// The consent page of `partner` in a browser where `email` has just signed in.
async fn asked(world: &World, email: &str, more: &[(&str, &str)]) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", more)).await;
    let page = browser.sign_in(&page, email, PASSWORD).await;
    page.is_page(200);
    assert!(page.body.contains("action=\"/consent\""), "{}", page.body);
    (browser, page)
}

async fn decide(browser: &mut Browser, page: &Answer, decision: &str) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    browser.post("/consent", &[("interaction", &interaction), ("csrf", &csrf), ("decision", decision)]).await
}

/// Asks again in the same browser.
async fn ask_again(browser: &mut Browser, more: &[(&str, &str)]) -> Answer {
    browser.get(&authorize_url("partner", more)).await
}

/// Security 17.
#[tokio::test]
async fn a_third_party_asks_and_the_page_names_it_the_scopes_and_the_lifetime() {
    let world = World::new().await;
    let (_, page) = asked(&world, ADA, &[]).await;
    for told in ["Allow Partner?", "app.example.com", "Ada Lovelace", "Read things", "<code>read</code>", "Example"] {
        assert!(page.body.contains(told), "{told} is not in {}", page.body);
    }
    assert!(page.body.contains("For up to 90 days"), "{}", page.body);
    let way_back = "href=\"/account/apps\">You can take this back in your account at any time.</a>";
    assert!(page.body.contains(way_back), "{}", page.body);
    assert!(!page.body.contains("Write things"));
}

#[tokio::test]
async fn a_first_party_client_does_not_ask() {
    let world = World::new().await;
    assert!(!world.browser().code("web", ADA, &[]).await.is_empty());
}

#[tokio::test]
async fn an_api_can_insist_on_consent_for_first_party_clients_too() {
    let world = World::new().await;
    world.change_api(crate::support::API, |api| api.skip_consent_for_first_party = false).await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    page.is_page(200);
    let answer = decide(&mut browser, &page, "allow").await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    // And it is remembered.
    let again = browser.get(&authorize_url("web", &[])).await;
    assert_eq!(again.status, 303, "{}", again.body);
}

#[tokio::test]
async fn no_is_access_denied_and_leaves_nothing_behind() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    decide(&mut browser, &page, "deny").await.is_redirected_error("access_denied");
    ask_again(&mut browser, &[]).await.is_page(200);
    ask_again(&mut browser, &[("prompt", "none")]).await.is_redirected_error("consent_required");
}

#[tokio::test]
async fn anything_but_yes_is_no() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    for decision in ["", "Allow", "allow ", "true", "yes"] {
        decide(&mut browser, &page, decision).await.is_redirected_error("access_denied");
    }
}

#[tokio::test]
async fn yes_brings_exactly_what_was_shown_and_is_remembered_for_this_person_and_client() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[("scope", "openid read")]).await;
    let answer = decide(&mut browser, &page, "allow").await;
    let tokens = world.redeem("partner", &answer.param("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid read");
    let again = ask_again(&mut browser, &[("scope", "read openid")]).await;
    assert!(again.param("code").is_some(), "{}", again.body);
    let less = ask_again(&mut browser, &[("scope", "openid"), ("prompt", "none")]).await;
    assert!(less.param("code").is_some(), "{}", less.body);
    // Another person was not asked yet.
    asked(&world, BOB, &[("scope", "openid read")]).await;
}

#[tokio::test]
async fn a_new_scope_is_asked_for_and_marked() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[("scope", "openid read")]).await;
    assert!(!page.body.contains("class=\"tag\""), "everything is new: nothing needs the mark");
    decide(&mut browser, &page, "allow").await;
    let grown = ask_again(&mut browser, &[("scope", "openid read write")]).await;
    grown.is_page(200);
    assert_eq!(grown.body.matches("class=\"tag\"").count(), 1, "{}", grown.body);
    let marked = grown.body.split("class=\"tag\"").next().unwrap();
    assert!(marked.rsplit("<li>").next().unwrap().contains("Write things"), "{}", grown.body);
    // Refusing the new one keeps what was given before.
    decide(&mut browser, &grown, "deny").await.is_redirected_error("access_denied");
    assert!(ask_again(&mut browser, &[("scope", "openid read")]).await.param("code").is_some());
}

/// What is allowed at one API is not allowed at another, whatever else is.
#[tokio::test]
async fn consent_at_one_api_says_nothing_about_another() {
    let world = World::new().await;
    world
        .change_api(OTHER_API, |api| {
            api.scopes = vec![
                ApiScope { name: "read".to_owned(), description: "Read other things".to_owned() },
                ApiScope { name: "write".to_owned(), description: "Write other things".to_owned() },
            ];
        })
        .await;
    world
        .change_client("partner", |client| {
            client.apis.push(ClientApi { audience: OTHER_API.to_owned(), ..client.apis[0].clone() });
        })
        .await;
    let (mut browser, page) = asked(&world, ADA, &[("scope", "openid read write")]).await;
    decide(&mut browser, &page, "allow").await;
    let page = ask_again(&mut browser, &[("scope", "openid read"), ("audience", OTHER_API)]).await;
    page.is_page(200);
    assert!(page.body.contains("Read other things"), "{}", page.body);
    decide(&mut browser, &page, "allow").await;
    let elsewhere = [("scope", "openid write"), ("audience", OTHER_API)];
    let page = ask_again(&mut browser, &elsewhere).await;
    page.is_page(200);
    assert!(page.body.contains("Write other things"), "{}", page.body);
    ask_again(&mut browser, &[elsewhere[0], elsewhere[1], ("prompt", "none")])
        .await
        .is_redirected_error("consent_required");
    // Nor about a request for no API, and each keeps what it has.
    ask_again(&mut browser, &[("scope", "openid"), ("audience", ""), ("prompt", "none")])
        .await
        .is_redirected_error("consent_required");
    for known in [[("scope", "openid read write"), ("prompt", "none")], [("scope", "read"), ("audience", OTHER_API)]] {
        assert!(ask_again(&mut browser, &known).await.param("code").is_some());
    }
}

#[tokio::test]
async fn prompt_consent_asks_although_it_is_on_record() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    decide(&mut browser, &page, "allow").await;
    let page = ask_again(&mut browser, &[("prompt", "consent")]).await;
    page.is_page(200);
    assert!(decide(&mut browser, &page, "allow").await.param("code").is_some());
}

/// Both pages once, in one go, and no third time.
#[tokio::test]
async fn prompt_login_and_consent_together_ask_for_both_and_then_finish() {
    for again in [("prompt", "login consent"), ("prompt", "select_account consent"), ("max_age", "0")] {
        let world = World::new().await;
        let (mut browser, page) = asked(&world, ADA, &[]).await;
        decide(&mut browser, &page, "allow").await;
        world.advance(100);
        let login = ask_again(&mut browser, &[again]).await;
        login.is_page(200);
        let mut answer = browser.sign_in(&login, ADA, PASSWORD).await;
        if again.1.contains("consent") {
            answer.is_page(200);
            world.advance(100);
            answer = decide(&mut browser, &answer, "allow").await;
        }
        assert!(answer.param("code").is_some(), "{again:?}: {answer:?}");
    }
}

/// RFC 8252 §8.6: another program on the machine can claim to be the client.
#[tokio::test]
async fn a_client_whose_identity_cannot_be_assured_always_asks() {
    let world = World::new().await;
    let mut tool = Client::native(ClientId::parse("partner").unwrap(), "Tool");
    tool.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
    world.put_client(&tool).await;
    let here = [("redirect_uri", "http://127.0.0.1:5000/cb"), ("audience", ""), ("scope", "openid")];
    let (mut browser, page) = asked(&world, ADA, &here).await;
    assert!(decide(&mut browser, &page, "allow").await.param("code").is_some());
    ask_again(&mut browser, &here).await.is_page(200);
}

/// Security 37, 38.
#[tokio::test]
async fn a_third_party_gets_no_api_and_no_scope_beyond_its_registration() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get(&authorize_url("partner", &[("audience", OTHER_API)])).await.is_redirected_error("invalid_target");
    world
        .change_client("partner", |client| client.apis[0].scopes = symbolon_oauth::Scope::parse("read").unwrap())
        .await;
    let (mut browser, page) = asked(&world, ADA, &[("scope", "openid read write admin")]).await;
    assert!(!page.body.contains("Write things") && !page.body.contains("<code>admin"), "{}", page.body);
    let answer = decide(&mut browser, &page, "allow").await;
    let tokens = world.redeem("partner", &answer.param("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid read");
}

/// Security 18, 98.
#[tokio::test]
async fn a_forged_answer_is_refused() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let (_, bobs) = asked(&world, BOB, &[]).await;
    let (bobs_interaction, bobs_csrf) = (bobs.field("interaction"), bobs.field("csrf"));
    let login = world.browser().get("/login").await.field("csrf");
    let flipped = format!("{}{}", &csrf[..csrf.len() - 4], if csrf.ends_with("AAAA") { "BBBB" } else { "AAAA" });
    for token in ["", "x", &flipped, &bobs_csrf, &login] {
        let fields = [("interaction", interaction.as_str()), ("csrf", token), ("decision", "allow")];
        let answer = browser.post("/consent", &fields).await;
        assert!(answer.headers.get("location").is_none(), "{token}: {answer:?}");
        assert!(matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST), "{answer:?}");
    }
    let login_page = authorize_login(&world).await;
    for other in ["", "x", &bobs_interaction, &login_page] {
        let fields = [("interaction", other), ("csrf", csrf.as_str()), ("decision", "allow")];
        browser.post("/consent", &fields).await.is_page(400);
    }
    let fields = [("interaction", interaction.as_str()), ("csrf", csrf.as_str()), ("decision", "allow")];
    for origin in ["https://evil.example", "null", "http://localhost:4401"] {
        browser.post_from("/consent", &fields, origin).await.is_page(403);
    }
    browser.get(&format!("/consent?{}", form(&fields))).await.is_page(405);
    // None of this was a yes.
    ask_again(&mut browser, &[("prompt", "none")]).await.is_redirected_error("consent_required");
    assert!(browser.post("/consent", &fields).await.param("code").is_some(), "the real form still works");
}

/// The pending request of a sign-in page in another browser.
async fn authorize_login(world: &World) -> String {
    world.browser().get(&authorize_url("partner", &[])).await.field("interaction")
}

/// Security 18: the answer counts for the person the page was shown to.
#[tokio::test]
async fn a_page_shown_to_one_person_is_not_answered_by_the_next_one_at_the_same_browser() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    let login = browser.get(&authorize_url("web", &[("prompt", "select_account")])).await;
    browser.sign_in(&login, BOB, PASSWORD).await;
    let answer = decide(&mut browser, &page, "allow").await;
    assert!(answer.headers.get("location").is_none(), "{answer:?}");
    ask_again(&mut browser, &[("prompt", "none")]).await.is_redirected_error("consent_required");
}

#[tokio::test]
async fn an_answer_after_an_hour_or_after_signing_out_comes_too_late() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, ADA, &[]).await;
    world.advance(3_601);
    decide(&mut browser, &page, "allow").await.is_page(400);
    let (mut browser, page) = asked(&world, BOB, &[]).await;
    world.block(BOB).await;
    let answer = decide(&mut browser, &page, "allow").await;
    assert!(answer.headers.get("location").is_none(), "{answer:?}");
}

/// Yes means what was on the page: what is registered may change while it is open.
#[tokio::test]
async fn yes_covers_what_was_shown_and_nothing_registered_since() {
    let world = World::new().await;
    let allow = |scope: &'static str| {
        move |client: &mut Client| client.apis[0].scopes = symbolon_oauth::Scope::parse(scope).unwrap()
    };
    let wanted = [("scope", "openid read write")];
    world.change_client("partner", allow("read")).await;
    let (mut browser, page) = asked(&world, ADA, &wanted).await;
    assert!(!page.body.contains("Write things"));
    world.change_client("partner", allow("read write")).await;
    let grown = decide(&mut browser, &page, "allow").await;
    grown.is_page(200);
    assert!(grown.body.contains("Write things"), "{}", grown.body);
    ask_again(&mut browser, &[("scope", "openid read"), ("prompt", "none")])
        .await
        .is_redirected_error("consent_required");
    // Less than what was shown is covered.
    world.change_client("partner", allow("read")).await;
    let answer = decide(&mut browser, &grown, "allow").await;
    let tokens = world.redeem("partner", &answer.param("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid read");
    world.change_client("partner", allow("read write")).await;
    ask_again(&mut browser, &wanted).await.is_page(200);
}

/// The API that is meant when none is named is part of what was shown.
#[tokio::test]
async fn yes_to_one_api_is_not_yes_to_the_next_default() {
    let world = World::new().await;
    world
        .change_client("partner", |client| {
            client.apis.push(ClientApi { audience: OTHER_API.to_owned(), ..client.apis[0].clone() });
            client.default_audience = Some(crate::support::API.to_owned());
        })
        .await;
    let (mut browser, page) = asked(&world, ADA, &[("scope", "openid read"), ("audience", "")]).await;
    world.change_client("partner", |client| client.default_audience = Some(OTHER_API.to_owned())).await;
    let again = decide(&mut browser, &page, "allow").await;
    again.is_page(200);
    assert!(again.body.contains("Read other things"), "{}", again.body);
}

/// OpenID Connect Core §3.1.2.1: a page left open does not make an old authentication young.
#[tokio::test]
async fn max_age_is_judged_when_the_answer_comes() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    let page = ask_again(&mut browser, &[("max_age", "60")]).await;
    assert!(page.body.contains("action=\"/consent\""), "{}", page.body);
    world.advance(61);
    let login = decide(&mut browser, &page, "allow").await;
    login.is_page(200);
    assert!(login.body.contains("action=\"/login\""), "{}", login.body);
    // A sign-in within this request counts, however long the next page stays open.
    let page = browser.sign_in(&login, ADA, PASSWORD).await;
    world.advance(61);
    assert!(decide(&mut browser, &page, "allow").await.param("code").is_some());
}

/// The pending request of one step is no use at another, and going on after a sign-in has minutes.
#[tokio::test]
async fn the_values_of_the_steps_are_not_interchangeable() {
    let world = World::new().await;
    let mut browser = world.browser();
    let login = browser.get(&authorize_url("partner", &[])).await;
    let sign_in = login.field("interaction");
    let fields =
        [("interaction", &*sign_in), ("csrf", &login.field("csrf")), ("username", ADA), ("password", PASSWORD)];
    let going_on = browser.post("/login", &fields).await.location().to_owned();
    let go_on = going_on.split_once("interaction=").unwrap().1.to_owned();
    let page = browser.get(&going_on).await;
    let (consent, csrf) = (page.field("interaction"), page.field("csrf"));
    for other in [&sign_in, &consent] {
        browser.get(&format!("/authorize/continue?interaction={other}")).await.is_page(400);
    }
    for other in [&sign_in, &go_on] {
        let fields = [("interaction", other.as_str()), ("csrf", &csrf), ("decision", "allow")];
        browser.post("/consent", &fields).await.is_page(400);
    }
    for other in [&go_on, &consent] {
        let fields = [("interaction", other.as_str()), fields[1], fields[2], fields[3]];
        browser.post("/login", &fields).await.is_page(400);
    }
    world.advance(299);
    browser.get(&going_on).await.is_page(200);
    world.advance(1);
    browser.get(&going_on).await.is_page(400);
}
