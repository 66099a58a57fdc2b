//! A client's colour and welcome on the pages of its sign-in, and on no other.

use http::Method;
use http::header::ACCEPT_LANGUAGE;
use serde_json::{Value, json};

use crate::support::flow::authorize_url;
use crate::support::{PASSWORD, World};

async fn set(world: &World, change: Value) -> http::StatusCode {
    world.try_command(&json!({ "client": { "set": { "client": "web", "change": change } } })).await.0
}

#[tokio::test]
async fn a_sign_in_has_the_clients_colour_and_welcome_in_the_readers_language() {
    let world = World::new().await;
    let welcome = json!([["en", "Feed them before noon."], ["de", "Füttern Sie vor dem Mittag."]]);
    let branded = set(&world, json!({ "brand_accent": "#663399", "brand_welcome": welcome })).await;
    assert!(branded.is_success(), "{branded}");
    let look = async |client: &str, language: &str| {
        let url = authorize_url(client, &[]);
        world.browser().send(Method::GET, &url, &[(ACCEPT_LANGUAGE, language)], None).await
    };
    let page = look("web", "de").await;
    assert!(page.body.contains("Füttern Sie vor dem Mittag.") && page.body.contains("/assets/accent2-663399.css"));
    assert!(page.body.contains(" · Web</title>") && page.body.contains("<p class=\"brand\">Web</p>"), "{}", page.body);
    assert!(!page.body.contains(">Symbolon<"), "the whole page is the client's: {}", page.body);
    let policy = page.header("content-security-policy");
    assert!(!policy.contains("unsafe-inline") && policy.contains("style-src 'self'"), "{policy}");
    assert!(look("web", "ja").await.body.contains("Feed them before noon."));
    let other = look("other", "de").await;
    assert!(!other.body.contains("accent2-") && !other.body.contains("id=\"welcome\""), "another client's");
    assert!(other.body.contains(" · Symbolon</title>") && other.body.contains("<span>Symbolon</span>"));
    let css = world.browser().get("/assets/accent2-663399.css").await;
    assert!(css.body.starts_with(":root{--accent:#663399;") && css.header("content-type").starts_with("text/css"));
    assert!(css.header("cache-control").contains("immutable"));
    let taken_back = set(&world, json!({ "brand_accent": "", "brand_welcome": [["de", ""], ["en", ""]] })).await;
    assert!(taken_back.is_success() && !look("web", "de").await.body.contains("accent2-"));
}

#[tokio::test]
async fn a_colour_or_a_welcome_that_is_more_than_that_is_refused() {
    let world = World::new().await;
    for change in [
        json!({ "brand_accent": "red" }),
        json!({ "brand_accent": "#14594f;}body{display:none" }),
        json!({ "brand_welcome": [["de_DE", "x"]] }),
        json!({ "brand_welcome": [["de", "a\nb"]] }),
        json!({ "brand_welcome": [["de", "x".repeat(201)]] }),
    ] {
        assert!(set(&world, change.clone()).await.is_client_error(), "{change}");
    }
    let markup = json!({ "brand_welcome": [["en", "<script>alert(1)</script>"]] });
    assert!(set(&world, markup).await.is_success());
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert!(!page.body.contains("<script>alert") && page.body.contains("&#60;script&#62;alert"), "{}", page.body);
    for nothing in ["accent2-12345.css", "accent2-zzzzzz.css", "accent2-663399.css.x", "accent2-%7Bx%7D12.css"] {
        assert_eq!(world.browser().get(&format!("/assets/{nothing}")).await.status, 404, "{nothing}");
    }
}

/// Whoever registers itself could welcome people in somebody else's name.
#[tokio::test]
async fn no_client_brands_itself() {
    use symbolon_server::config::RegistrationMode;
    let world = World::with(|config| config.registration = RegistrationMode::Open).await;
    let metadata = json!({
        "redirect_uris": ["https://evil.example/"], "client_name": "Evil",
        "brand_accent": "#663399", "brand_welcome": { "en": "Your bank welcomes you." },
    });
    let headers = [(http::header::CONTENT_TYPE, "application/json")];
    let answer = world.browser().send(Method::POST, "/register", &headers, Some(metadata.to_string())).await;
    assert!(!answer.body.contains("brand_"), "{}", answer.body);
    assert!(world.stored("client").await.iter().all(|document| !document.contains("Your bank")));
    // What the operator gave to one name is not the next one's.
    let registration = answer.json();
    let id = registration["client_id"].as_str().unwrap();
    world.change_client(id, |client| client.brand.brand_accent = Some("#663399".to_owned())).await;
    for (name, is_kept) in [("Evil", true), ("Example Bank", false)] {
        let metadata = json!({ "client_id": id, "redirect_uris": ["https://evil.example/"], "client_name": name });
        let changed = world.about(Method::PUT, &registration, Some(&metadata)).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(world.stored("client").await.iter().any(|one| one.contains("#663399")), is_kept, "{name}");
    }
    // Nor do a name and a logo make a page theirs.
    world.change_client("web", |client| client.logo_uri = Some("https://evil.example/bank.svg".to_owned())).await;
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert!(page.body.contains("bank.svg") && page.body.contains(" · Symbolon</title>"), "{}", page.body);
    assert!(!page.body.contains("class=\"crest\""), "{}", page.body);
}

/// The logo stands on each page of the sign-in, its host is all that the page may load from, and one that no page may show is replaced by a letter.
#[tokio::test]
async fn a_clients_logo_stands_on_the_pages_of_its_sign_in() {
    let world = World::with(|config| config.factors.required = symbolon_oauth::second_factor::Required::Always).await;
    let logo = "https://cdn.example.net/web/logo.svg";
    world.change_client("web", |client| client.logo_uri = Some(logo.to_owned())).await;
    let mut browser = world.browser();
    let sign_in = browser.get(&authorize_url("web", &[])).await;
    let step = browser.sign_in(&sign_in, "ada@example.com", PASSWORD).await;
    for page in [&sign_in, &step] {
        let image = format!("<img class=\"logo\" src=\"{logo}\" alt=\"\" width=\"48\" height=\"48\">");
        assert_eq!(page.body.matches(&image).count(), 1, "{}", page.body);
        let policy = page.header("content-security-policy");
        let images = policy.split(';').map(str::trim).find(|it| it.starts_with("img-src")).unwrap_or_default();
        assert_eq!(
            images.replace("'self'", "").split_whitespace().collect::<Vec<_>>()[1..],
            ["https://cdn.example.net"]
        );
    }
    let other = world.browser().get(&authorize_url("other", &[])).await;
    assert!(
        !other.body.contains("<img") && !other.header("content-security-policy").contains("cdn."),
        "another client's"
    );
    for bad in ["http://cdn.example.net/logo.svg", "javascript:alert(1)", "data:image/svg+xml,x", "/logo.svg"] {
        world.change_client("web", |client| client.logo_uri = Some(bad.to_owned())).await;
        let page = world.browser().get(&authorize_url("web", &[])).await;
        assert!(
            !page.body.contains("<img") && page.body.contains("<span class=\"logo\" aria-hidden=\"true\">W</span>")
        );
    }
}
