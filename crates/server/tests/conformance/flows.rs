//! What many of these tests begin with.

use serde_json::Value;
use symbolon_oauth::{Client, ClientId};

use crate::support::flow::VERIFIER;
use crate::support::protocol::claims;
use crate::support::{Answer, Browser, CALLBACK, World};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";

/// Redeems a code of `web` with one field changed, or left out where the value is empty.
pub async fn redeem_but(world: &World, client: &str, code: &str, field: &str, value: &str) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    fields.retain(|(name, _)| *name != field);
    if !value.is_empty() {
        fields.push((field, value));
    }
    world.token(client, &fields).await
}

/// A browser in which `email` has signed in at `client`.
pub async fn signed_in(world: &World, client: &str, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.code(client, email, &[]).await;
    browser
}

/// The access token and the ID token of a sign-in at `web`, as text.
pub async fn both_tokens(world: &World) -> (String, String) {
    let tokens = world.tokens("web", ADA).await;
    (text(&tokens["access_token"]), text(&tokens["id_token"]))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The claims of the ID token that this request of `web` brings.
pub async fn id_claims(world: &World, more: &[(&str, &str)]) -> Value {
    let code = world.browser().code("web", ADA, more).await;
    claims(&world.redeem("web", &code).await.json()["id_token"])
}

/// Registers `native` with these redirect URIs.
pub async fn native(world: &World, redirect_uris: &[&str]) {
    let mut client = Client::native(ClientId::parse("native").unwrap(), "Native");
    client.first_party = true;
    client.redirect_uris = redirect_uris.iter().map(|&uri| uri.to_owned()).collect();
    world.put_client(&client).await;
}

/// The discovery document.
pub async fn metadata(world: &World) -> Value {
    world.browser().get("/.well-known/openid-configuration").await.json()
}

/// The words of a member of it.
pub fn listed(metadata: &Value, member: &str) -> Vec<String> {
    metadata[member].as_array().unwrap_or_else(|| panic!("no {member}")).iter().map(text).collect()
}
