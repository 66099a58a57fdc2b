//! OpenID Connect Front-Channel Logout 1.0: pages of clients are told of the end of a session in frames, on the page that people see when they sign out.

use serde_json::{Value, json};
use symbolon_oauth::Client;

use crate::support::client::{form, param};
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Answer, Browser, ISSUER, World};

const ADA: &str = "ada@example.com";
const BYE: &str = "https://app.example.com/bye";
const TOLD: &str = "https://app.example.com/signed-out?tenant=1";

fn told(client: &mut Client) {
    client.in_browser.frontchannel_logout_uri = Some(TOLD.to_owned());
}

/// `web` has a page for it, `other` has not.
async fn world() -> World {
    let world = World::new().await;
    world.change_client("web", told).await;
    world
}

/// Signs in at these clients in one session; gives the last one's ID token.
async fn signed_in(world: &World, clients: &[&str]) -> (Browser, Value) {
    let mut browser = world.browser();
    let mut id_token = Value::Null;
    for client in clients {
        let code = browser.code(client, ADA, &[]).await;
        id_token = world.redeem(client, &code).await.json()["id_token"].clone();
    }
    (browser, id_token)
}

async fn sign_out(browser: &mut Browser, id_token: &Value, more: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![("id_token_hint", id_token.as_str().unwrap())];
    pairs.extend(more);
    browser.get(&format!("/logout?{}", form(&pairs))).await
}

fn frames(page: &Answer) -> Vec<String> {
    let after = page.body.split("<iframe").skip(1);
    let source = |tag: &str| tag.split("src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    after.map(source).collect()
}

#[tokio::test]
async fn frontchannel_logout_section_3_a_frame_gets_issuer_and_session_of_the_id_token() {
    let world = world().await;
    let (mut browser, id_token) = signed_in(&world, &["web"]).await;
    let page = sign_out(&mut browser, &id_token, &[]).await;
    page.is_page(200);
    let frames = frames(&page);
    assert_eq!(frames.len(), 1, "{}", page.body);
    assert!(frames[0].starts_with(&format!("{TOLD}&")), "{frames:?}");
    assert_eq!(param(&frames[0], "iss").as_deref(), Some(ISSUER));
    assert_eq!(param(&frames[0], "sid").map(Value::from).as_ref(), Some(&claims(&id_token)["sid"]));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("; frame-src https://app.example.com;") && !policy.contains("script-src"), "{policy}");
    assert!(page.body.contains("<strong>Web</strong>"), "people see who is told");
}

/// And then they go where the client asked for: by themselves, or by a link.
#[tokio::test]
async fn after_the_frames_people_go_on_with_state() {
    let world = world().await;
    let (mut browser, id_token) = signed_in(&world, &["web"]).await;
    let page = sign_out(&mut browser, &id_token, &[("post_logout_redirect_uri", BYE), ("state", "a b&c")]).await;
    assert_eq!((page.status.as_u16(), page.headers.get("location")), (200, None));
    let target = format!("{BYE}?state=a+b%26c");
    assert_eq!(page.header("refresh"), format!("5; url={target}"));
    assert!(page.body.contains(&format!("id=\"onward\" href=\"{target}\"")), "{}", page.body);
    assert!(page.header("content-security-policy").contains("; script-src 'sha256-"), "{page:?}");
    assert_eq!(page.header("clear-site-data"), "\"storage\"");
}

#[tokio::test]
async fn only_clients_of_this_session_that_asked_for_it_get_a_frame() {
    let world = world().await;
    let (mut browser, id_token) = signed_in(&world, &["other"]).await;
    let page = sign_out(&mut browser, &id_token, &[("post_logout_redirect_uri", BYE)]).await;
    assert_eq!(page.location(), BYE, "nobody to tell, nothing to wait for");
    // Of two, the one that asked; also when the other one signs out.
    let (mut browser, id_token) = signed_in(&world, &["web", "other"]).await;
    let page = sign_out(&mut browser, &id_token, &[]).await;
    assert_eq!(frames(&page).len(), 1);
    // A second sign-out of nobody tells nobody.
    assert!(frames(&sign_out(&mut browser, &id_token, &[]).await).is_empty());
    world.change_client("web", |client| client.disabled = true).await;
    let (mut browser, id_token) = signed_in(&world, &["other"]).await;
    assert!(frames(&sign_out(&mut browser, &id_token, &[]).await).is_empty());
}

/// RP-Initiated Logout §2: the page says what it ends before anybody agrees.
#[tokio::test]
async fn the_page_that_asks_names_the_applications_and_tells_them_after_a_yes() {
    let world = world().await;
    let (mut browser, _) = signed_in(&world, &["web", "other"]).await;
    let asked = browser.get("/logout").await;
    asked.is_page(200);
    assert!(asked.body.contains("<strong>Web</strong>") && asked.body.contains("<strong>Other</strong>"));
    assert!(frames(&asked).is_empty(), "nothing has ended yet");
    let fields = [("csrf", asked.field("csrf")), ("logout", asked.field("logout"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(frames(&browser.post("/logout", &fields).await).len(), 1);
    browser.get(&authorize_url("web", &[("prompt", "none")])).await.is_redirected_error("login_required");
}

/// Where tokens have not been fetched, nothing is to be signed out of.
#[tokio::test]
async fn a_client_that_got_nothing_is_not_told() {
    let world = world().await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    let asked = browser.get("/logout").await;
    let fields = [("csrf", asked.field("csrf")), ("logout", asked.field("logout"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(frames(&browser.post("/logout", &fields).await).is_empty());
}

/// Front-Channel Logout §3: the RPs "logged in" are those that know of the session, and an ID token alone tells of it.
#[tokio::test]
async fn frontchannel_logout_section_3_a_client_that_got_an_id_token_alone_is_told() {
    for response_type in ["id_token", "code id_token"] {
        let world = World::of_answers().await;
        world.change_client("web", told).await;
        let mut browser = world.browser();
        // The code, if there is one, is never redeemed.
        let answer = world.authorized(&mut browser, "web", ADA, &[("response_type", response_type)]).await;
        let sid = claims(&json!(answer.fragment()["id_token"]))["sid"].clone();
        let asked = browser.get("/logout").await;
        assert!(asked.body.contains("<strong>Web</strong>"), "{response_type}: the page says what is signed out of");
        let fields = [("csrf", asked.field("csrf")), ("logout", asked.field("logout"))];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let frames = frames(&browser.post("/logout", &fields).await);
        assert_eq!(frames.len(), 1, "{response_type}");
        assert_eq!(param(&frames[0], "sid").map(Value::from), Some(sid), "{response_type}");
    }
}

/// Front-Channel Logout §2: "The domain, port, and scheme of this URL MUST be the same as that of a registered Redirection URI value."
#[tokio::test]
async fn frontchannel_logout_section_2_a_page_elsewhere_is_not_registered() {
    let world = World::new().await;
    let set = |metadata: Value| json!({ "client": { "set": { "client": "web", "change": { "metadata": metadata } } } });
    let (status, _) = world.try_command(&set(json!({ "frontchannel_logout_uri": "https://evil.example/x" }))).await;
    assert!(status.as_u16() >= 400);
    world.command(&set(json!({ "frontchannel_logout_uri": TOLD, "frontchannel_logout_session_required": true }))).await;
}

#[tokio::test]
async fn discovery_says_that_it_works() {
    let document = World::new().await.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["frontchannel_logout_supported"], true);
    assert_eq!(document["frontchannel_logout_session_supported"], true);
}
