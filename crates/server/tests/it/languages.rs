//! What people are told in their own language: a client's name and links (RFC 7591 §2.2), claims about them (OpenID Connect Core §5.2).

use http::Method;
use http::header::ACCEPT_LANGUAGE;
use serde_json::{Value, json};

use crate::support::flow::authorize_url;
use crate::support::{Answer, World};

const ADA: &str = "ada@example.com";

/// `web` has a name, a logo and terms in German, set as an operator does.
async fn world() -> World {
    let world = World::new().await;
    let metadata = json!({
        "client_name#de": "Das Netz", "tos_uri": "https://app.example.com/terms", "tos_uri#de": "https://app.example.com/agb",
        "logo_uri#de": "https://bilder.example.com/logo.png",
    });
    set(&world, metadata).await;
    world
}

async fn set(world: &World, metadata: Value) -> Value {
    world.command(&json!({ "client": { "set": { "client": "web", "change": { "metadata": metadata } } } })).await
}

fn is_german(page: &Answer) -> bool {
    page.is_page(200);
    let german = page.body.contains("Das Netz");
    assert_eq!(page.body.contains("https://app.example.com/agb"), german, "{}", page.body);
    assert_eq!(page.body.contains("https://app.example.com/terms"), !german, "{}", page.body);
    assert_eq!(page.header("content-security-policy").contains("https://bilder.example.com"), german);
    german
}

#[tokio::test]
async fn rfc7591_section_2_2_pages_name_the_client_in_the_language_of_whoever_looks() {
    let world = world().await;
    let look = async |locales: &str, accepted: &str| {
        let url = authorize_url("web", &[("ui_locales", locales)]);
        is_german(&world.browser().send(Method::GET, &url, &[(ACCEPT_LANGUAGE, accepted)], None).await)
    };
    assert!(look("de-AT en", "").await, "ui_locales");
    assert!(look("", "fr, de-DE;q=0.8").await, "the browser's, where the request says nothing");
    assert!(look("fr", "de").await, "and where the client has nothing of what it says");
    assert!(!look("fr", "en-GB").await && !look("", "").await && !look("\"><img>", "de;q=0").await);
}

#[tokio::test]
async fn rfc7591_section_2_2_a_language_is_set_and_taken_back_by_its_members_name() {
    let world = world().await;
    set(&world, json!({ "client_name#de": null, "logo_uri#de": null, "tos_uri#de": null })).await;
    assert!(!is_german(&world.browser().get(&authorize_url("web", &[("ui_locales", "de")])).await));
    let change =
        json!({ "client": { "set": { "client": "web", "change": { "metadata": { "redirect_uris#de": "x" } } } } });
    assert!(world.try_command(&change).await.0.is_client_error(), "only what people are told");
}

/// `claims_locales`, and a language in the name of a single claim.
#[tokio::test]
async fn core_section_5_2_claims_are_told_in_the_languages_asked_for() {
    let world = World::new().await;
    let claims =
        json!({ "family_name": "Lovelace", "family_name#ja-Kana-JP": "ラブレス", "name#de": "Gräfin Lovelace" });
    world.command(&json!({ "user": { "set": { "user": ADA, "change": { "claims": claims } } } })).await;
    let told = async |more: &[(&str, &str)]| {
        let code = world.browser().code("web", ADA, more).await;
        let tokens = world.redeem("web", &code).await.json();
        world.userinfo(tokens["access_token"].as_str().unwrap()).await.json()
    };
    let plain = told(&[]).await;
    assert!(plain.as_object().unwrap().keys().all(|name| !name.contains('#')), "{plain}");
    let japanese = told(&[("claims_locales", "ja-Kana-JP de")]).await;
    assert_eq!(japanese["family_name#ja-Kana-JP"], "ラブレス");
    assert_eq!((&japanese["name#de"], &japanese["family_name"]), (&json!("Gräfin Lovelace"), &json!("Lovelace")));
    let named = [("scope", "openid"), ("claims", r#"{"userinfo":{"name#de":null}}"#)];
    let one = told(&named).await;
    assert_eq!((&one["name#de"], one.get("name")), (&json!("Gräfin Lovelace"), None), "{one}");
}
