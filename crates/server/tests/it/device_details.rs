//! What a device asks for in detail (RFC 9396) and at several APIs (RFC 8707): shown in words, allowed, and shared out between its tokens. The same
//! over the back channel.

use serde_json::{Value, json};
use symbolon_oauth::{Api, ClientApi, Scope};

use crate::support::ciba::GRANT as CIBA;
use crate::support::device::{Device, GRANT, tv};
use crate::support::protocol::claims;
use crate::support::{API, Browser, World};

const ADA: &str = "ada@example.com";
const PAY: &str = "https://pay.example.com";

/// A device and `web` that may ask for payments at an API of their own.
async fn world() -> World {
    let world = World::with_ciba().await;
    let mut api = Api::new(PAY, "Payments");
    api.authorization_details_types = serde_json::from_value(json!([{
        "type": "payment", "title": "Pay once", "description": "Money leaves your account.", "fields": [
            { "name": "amount", "label": "Amount", "required": true },
            { "name": "creditor", "label": "To", "required": true },
        ],
    }]))
    .unwrap();
    world.put_api(&api).await;
    let allow = |client: &mut symbolon_oauth::Client| {
        client.apis.push(ClientApi { audience: PAY.to_owned(), scopes: Scope::empty() });
        client.security.authorization_details_types.insert("payment".to_owned());
    };
    let mut client = tv("tv");
    allow(&mut client);
    world.put_client(&client).await;
    world.change_client("web", allow).await;
    world
}

fn payment(creditor: &str) -> Value {
    json!({ "type": "payment", "amount": "8 EUR", "creditor": creditor })
}

#[tokio::test]
async fn a_device_gets_what_was_read_and_allowed_and_shares_it_out() {
    let world = world().await;
    let wanted = json!([payment("Merchant <b>A</b>"), payment("Merchant B")]).to_string();
    let more = [("audience", ""), ("resource", API), ("resource", PAY), ("authorization_details", &*wanted)];
    let device = Device::of(&world.ask_from("tv", &[], &more).await);
    let mut phone = Browser::signed_in(&world, ADA).await;
    let question = phone.enter(&device.user_code).await;
    for shown in
        ["Pay once", "Money leaves your account.", "Merchant &#60;b&#62;A", "Merchant B", "Read things", "also"]
    {
        assert!(question.body.contains(shown), "{shown} is not in {}", question.body);
    }
    phone.answer(&question, "allow").await.is_page(200);

    let fields = [("grant_type", GRANT), ("client_id", "tv"), ("device_code", &device.secret), ("resource", PAY)];
    let narrowed = json!([payment("Merchant B")]);
    let text = narrowed.to_string();
    let mut less = fields.to_vec();
    less.push(("authorization_details", &text));
    let tokens = world.post_with("", "/oauth/token", &less).await.json();
    assert_eq!(tokens["authorization_details"], narrowed, "{tokens}");
    let said = claims(&tokens["access_token"]);
    assert_eq!(said["authorization_details"], narrowed);
    assert!(said["aud"].as_array().unwrap().contains(&json!(PAY)), "{said}");

    let mut refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    for (resource, details, scope) in
        [(PAY, 2, "openid profile email offline_access"), (API, 0, "openid profile email offline_access read")]
    {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", &refresh), ("resource", resource)];
        let again = world.post_with("", "/oauth/token", &fields).await.json();
        let said = claims(&again["access_token"]);
        assert_eq!(said["authorization_details"].as_array().map_or(0, Vec::len), details, "{said}");
        assert_eq!(said["scope"], scope);
        refresh = again["refresh_token"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn details_alone_mean_the_api_that_has_their_type() {
    let world = world().await;
    let wanted = json!([payment("Merchant A")]).to_string();
    let more = [("audience", ""), ("scope", ""), ("authorization_details", &*wanted)];
    let device = Device::of(&world.ask_from("tv", &[], &more).await);
    Browser::signed_in(&world, ADA).await.allow(&device.user_code).await;
    let tokens = world.poll(&device).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("Merchant A")]));
}

#[tokio::test]
async fn over_the_back_channel_it_is_the_same() {
    let world = world().await;
    let wanted = json!([payment("Merchant A")]).to_string();
    let more = [("resource", ""), ("resource", API), ("resource", PAY), ("authorization_details", &*wanted)];
    let id = world.ask_for(&more).await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    assert!(page.body.contains("Pay once") && page.body.contains("Merchant A"), "{}", page.body);
    assert!(phone.answer_ciba(&page, "allow").await.body.contains("goes on by itself"));
    let tokens = world.token("web", &[("grant_type", CIBA), ("auth_req_id", &id), ("resource", PAY)]).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("Merchant A")]), "{tokens}");
}

#[tokio::test]
async fn what_cannot_be_said_in_words_any_more_is_not_asked() {
    let world = world().await;
    let wanted = json!([payment("Merchant A")]).to_string();
    let more = [("audience", ""), ("authorization_details", &*wanted)];
    let device = Device::of(&world.ask_from("tv", &[], &more).await);
    let mut phone = Browser::signed_in(&world, ADA).await;
    let question = phone.enter(&device.user_code).await;
    world.change_api(PAY, |api| api.authorization_details_types.clear()).await;
    phone.answer(&question, "allow").await.is_page(400);
    phone.enter(&device.user_code).await.is_page(400);
    world.poll(&device).await.is_error(400, "authorization_pending");
}
