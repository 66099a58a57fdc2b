//! OAuth 2.0 Form Post Response Mode.

use crate::flows::{ADA, signed_in};
use crate::support::flow::authorize_url;
use crate::support::{CALLBACK, World};

const MODE: (&str, &str) = ("response_mode", "form_post");

/// "the result parameters being encoded as HTML form values": nothing of them is markup.
#[tokio::test]
async fn form_post_section_2_a_state_cannot_become_markup() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    for state in ["\"><script>alert(1)</script>", "'><img src=x>", "</form><form action=https://evil.example>"] {
        let page = browser.get(&authorize_url("web", &[MODE, ("state", state)])).await;
        assert_eq!(page.status, 200);
        for markup in ["<script>alert", "<img src=x", "<form action="] {
            assert!(!page.body.contains(markup), "{}", page.body);
        }
    }
}

/// "the HTTP POST method": to the redirect URI, and to nothing else.
#[tokio::test]
async fn form_post_section_2_the_form_goes_to_the_redirect_uri_alone_by_post() {
    let world = World::new().await;
    let page = signed_in(&world, "web", ADA).await.get(&authorize_url("web", &[MODE])).await;
    assert_eq!(page.body.matches("action=\"").count(), 1, "{}", page.body);
    assert!(page.body.contains(&format!("action=\"{CALLBACK}\"")) && page.body.contains("method=\"post\""));
    assert!(page.headers.get("location").is_none());
}

/// "the Authorization Server MUST instruct the User Agent … not to store or reuse the content of the response" (§2).
#[tokio::test]
async fn form_post_section_2_the_page_is_not_stored() {
    let world = World::new().await;
    let page = signed_in(&world, "web", ADA).await.get(&authorize_url("web", &[MODE])).await;
    assert!(page.header("cache-control").contains("no-store"), "{page:?}");
}

/// "Because the Authorization Response is intended to be used only once": the same page is never made twice.
#[tokio::test]
async fn form_post_section_2_no_two_pages_carry_one_code() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "web", ADA).await;
    let codes = [browser.get(&authorize_url("web", &[MODE])).await, browser.get(&authorize_url("web", &[MODE])).await]
        .map(|page| page.field("code"));
    assert_ne!(codes[0], codes[1]);
}

#[tokio::test]
async fn form_post_section_2_an_error_is_posted_too() {
    let world = World::new().await;
    let page = world.browser().get(&authorize_url("web", &[MODE, ("prompt", "none")])).await;
    assert_eq!((page.status.as_u16(), page.field("error")), (200, "login_required".to_owned()));
    assert!(page.headers.get("location").is_none());
}

#[tokio::test]
async fn form_post_section_4_nothing_is_posted_to_an_unregistered_place() {
    let world = World::new().await;
    let more = [MODE, ("redirect_uri", "https://evil.example/")];
    let page = world.browser().get(&authorize_url("web", &more)).await;
    page.is_page(400);
    assert!(!page.body.contains("action=\"https://evil"), "{}", page.body);
}
