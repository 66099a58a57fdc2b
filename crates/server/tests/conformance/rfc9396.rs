//! Rich authorization requests (RFC 9396) over HTTP: asked for, shown, allowed, in tokens and answers, and no more than that.

use http::Method;
use serde_json::{Value, json};
use symbolon_oauth::Client;

use crate::support::client::form;
use crate::support::flow::{VERIFIER, authorize_url};
use crate::support::protocol::claims;
use crate::support::{API, Answer, Browser, CALLBACK, PASSWORD, World};

const ADA: &str = "ada@example.com";

fn types() -> Value {
    json!([{
        "type": "payment", "title": "Pay once", "description": "Money leaves your account.", "fields": [
            { "name": "amount", "label": "Amount", "required": true },
            { "name": "creditor", "label": "To", "required": true },
            { "name": "actions", "kind": "texts", "values": ["initiate", "status"] },
        ],
    }])
}

async fn world() -> World {
    let world = World::new().await;
    world.change_api(API, |api| api.authorization_details_types = serde_json::from_value(types()).unwrap()).await;
    for client in ["web", "partner", "machine"] {
        world.change_client(client, allowed).await;
    }
    world
}

fn allowed(client: &mut Client) {
    client.security.authorization_details_types.insert("payment".to_owned());
}

fn payment(creditor: &str) -> Value {
    json!({ "type": "payment", "amount": "123.50 EUR", "creditor": creditor, "actions": ["initiate", "status"] })
}

/// The consent page of `client`, where Ada has just signed in.
async fn asked(world: &World, client: &str, details: &Value) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url(client, &[("authorization_details", &details.to_string())])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    page.is_page(200);
    (browser, page)
}

async fn decide(browser: &mut Browser, page: &Answer, decision: &str) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    browser.post("/consent", &[("interaction", &interaction), ("csrf", &csrf), ("decision", decision)]).await
}

async fn allowed_code(world: &World, client: &str, details: &Value) -> String {
    let (mut browser, page) = asked(world, client, details).await;
    decide(&mut browser, &page, "allow").await.param("code").unwrap()
}

async fn redeem(world: &World, client: &str, code: &str, wanted: Option<&Value>) -> Answer {
    let wanted = wanted.map(Value::to_string);
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    fields.extend(wanted.as_deref().map(|text| ("authorization_details", text)));
    world.token(client, &fields).await
}

#[tokio::test]
async fn what_was_allowed_is_in_the_answer_the_token_and_introspection() {
    let world = world().await;
    let details = json!([payment("Merchant A")]);
    let code = allowed_code(&world, "partner", &details).await;
    let tokens = redeem(&world, "partner", &code, None).await.json();
    assert_eq!(tokens["authorization_details"], details, "RFC 9396 §7");
    assert_eq!(claims(&tokens["access_token"])["authorization_details"], details, "§9.1");
    let said = world.introspect(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(said["authorization_details"], details, "§9.2");
    let refreshed = world.refresh("partner", tokens["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(refreshed["authorization_details"], details);
}

#[tokio::test]
async fn rfc9396_section_11_the_page_says_it_in_words_and_escapes_it() {
    let world = world().await;
    let details = json!([payment("Merchant <script>alert(1)</script> & Co"), payment("Merchant B")]);
    let (_, page) = asked(&world, "partner", &details).await;
    for told in ["Pay once", "Money leaves your account.", "Amount", "123.50 EUR", "Merchant B", "initiate, status"] {
        assert!(page.body.contains(told), "{told} is not in {}", page.body);
    }
    assert!(page.body.contains("Merchant &#60;script&#62;") && !page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn this_one_thing_is_asked_of_everybody_each_time() {
    let world = world().await;
    let details = json!([payment("Merchant A")]);
    // First-party clients are not asked for scopes.
    let (mut browser, page) = asked(&world, "web", &details).await;
    assert!(page.body.contains("Pay once"));
    assert!(decide(&mut browser, &page, "allow").await.param("code").is_some());
    let text = details.to_string();
    let again = browser.get(&authorize_url("web", &[("authorization_details", &text)])).await;
    again.is_page(200);
    let silent = browser.get(&authorize_url("web", &[("authorization_details", &text), ("prompt", "none")])).await;
    silent.is_redirected_error("consent_required");
}

#[tokio::test]
async fn no_is_access_denied() {
    let world = world().await;
    let (mut browser, page) = asked(&world, "partner", &json!([payment("Merchant A")])).await;
    decide(&mut browser, &page, "deny").await.is_redirected_error("access_denied");
}

#[tokio::test]
async fn rfc9396_section_5_what_is_not_known_is_refused_at_the_authorization_endpoint() {
    let world = world().await;
    for bad in [
        json!([{"type": "other"}]),
        json!([{"type": "payment"}]),
        json!([{"type": "payment", "amount": "1 EUR", "creditor": "A", "iban": "DE02"}]),
        json!([{"type": "payment", "amount": 1, "creditor": "A"}]),
        json!([{"type": "payment", "amount": "1 EUR", "creditor": "A", "actions": ["delete"]}]),
        json!([{"type": "payment", "amount": "1 EUR", "creditor": "A", "locations": ["https://other.example"]}]),
        json!({"type": "payment"}),
        json!([]),
    ] {
        let url = authorize_url("partner", &[("authorization_details", &bad.to_string())]);
        let answer = world.browser().get(&url).await;
        answer.is_redirected_error("invalid_authorization_details");
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().filter(|(name, _)| name != "client_id").map(|(name, value)| (&**name, &**value)).collect();
        let pushed = world.post_as("partner", "/oauth/par", &pairs).await;
        pushed.is_error(400, "invalid_authorization_details");
    }
}

#[tokio::test]
async fn rfc9396_section_10_a_client_asks_only_for_types_it_is_registered_for() {
    let world = world().await;
    world.change_client("partner", |client| client.security.authorization_details_types.clear()).await;
    let details = json!([payment("A")]).to_string();
    let answer = world.browser().get(&authorize_url("partner", &[("authorization_details", &details)])).await;
    answer.is_redirected_error("invalid_authorization_details");
}

#[tokio::test]
async fn rfc9396_section_6_a_token_request_narrows_and_never_widens() {
    let world = world().await;
    let both = json!([payment("Merchant A"), payment("Merchant B")]);
    let code = allowed_code(&world, "partner", &both).await;
    redeem(&world, "partner", &code, Some(&json!([payment("Merchant C")])))
        .await
        .is_error(400, "invalid_authorization_details");
    let mut one = payment("Merchant B");
    one["actions"] = json!(["status"]);
    let tokens = redeem(&world, "partner", &code, Some(&json!([one]))).await.json();
    assert_eq!(tokens["authorization_details"], json!([one]));
    assert_eq!(claims(&tokens["access_token"])["authorization_details"], json!([one]));
    // What was allowed stays with the grant.
    let refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let refreshed = world.refresh("partner", &refresh_token).await.json();
    assert_eq!(refreshed["authorization_details"], both);
    let wider = json!([payment("Merchant C")]).to_string();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refreshed["refresh_token"].as_str().unwrap()),
        ("authorization_details", &wider),
    ];
    world.token("partner", &fields).await.is_error(400, "invalid_authorization_details");
}

#[tokio::test]
async fn a_client_acting_for_itself_asks_at_the_token_endpoint() {
    let world = world().await;
    let details = json!([payment("Merchant A")]);
    let ask = async |details: &Value| {
        let text = details.to_string();
        world.token("machine", &[("grant_type", "client_credentials"), ("authorization_details", &text)]).await
    };
    let tokens = ask(&details).await.json();
    assert_eq!(tokens["authorization_details"], details);
    assert_eq!(claims(&tokens["access_token"])["authorization_details"], details);
    ask(&json!([{"type": "payment"}])).await.is_error(400, "invalid_authorization_details");
}

#[tokio::test]
async fn discovery_lists_the_types_where_there_are_some() {
    let plain = World::new().await;
    let document = plain.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(document["authorization_details_types_supported"], Value::Null);
    let document = world().await.send(Method::GET, "/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(document["authorization_details_types_supported"], json!(["payment"]));
}

#[tokio::test]
async fn the_api_is_meant_that_has_the_type() {
    let world = world().await;
    let details = json!([payment("Merchant A")]).to_string();
    let mut browser = world.browser();
    let more = [("authorization_details", &*details), ("audience", ""), ("scope", "openid")];
    let page = browser.get(&authorize_url("partner", &more)).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    let answer = decide(&mut browser, &page, "allow").await;
    let tokens = redeem(&world, "partner", &answer.param("code").unwrap(), None).await.json();
    assert_eq!(claims(&tokens["access_token"])["aud"][0], API);
    assert!(form(&more).contains("audience="), "the helper sends no empty parameter");
}
