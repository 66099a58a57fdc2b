//! Invitations: an account at the address that was invited, by a link that works once.

use serde_json::{Value, json};
use symbolon_oauth::registration::ClientKind;
use symbolon_oauth::sign_up::SignUp;

use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, World, letters};

const GRACE: &str = "Grace@example.com";

fn invite(more: &Value) -> Value {
    let mut invitation = json!({ "email": GRACE, "valid_secs": 7 * 86_400 });
    invitation.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    json!({ "user": { "invite": invitation } })
}

async fn invited(world: &World, more: &Value) -> String {
    world.command(&invite(more)).await["link"].as_str().unwrap().to_owned()
}

async fn with_invitations() -> World {
    World::with(|config| config.sign_up = SignUp::Invitation).await
}

async fn accept(browser: &mut Browser, page: &Answer, email: &str) -> Answer {
    let (invitation, csrf) = (page.field("invitation"), page.field("csrf"));
    let fields = [
        ("invitation", &*invitation),
        ("csrf", &csrf),
        ("email", email),
        ("name", "Grace Hopper"),
        ("password", CHOSEN),
        ("password_confirm", CHOSEN),
    ];
    browser.post("/signup", &fields).await
}

#[tokio::test]
async fn whoever_was_invited_has_an_account_at_once_with_the_roles_that_were_given() {
    let world = with_invitations().await;
    world.command(&json!({ "role": { "add": { "name": "editor", "description": "May edit" } } })).await;
    let link = invited(&world, &json!({ "roles": ["editor"] })).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("value=\"{GRACE}\"")) && page.body.contains("readonly"), "{}", page.body);
    assert_eq!(world.running.app.store.count_users().await, Ok(2), "looking at the link changes nothing");
    // The address is the invitation's, whatever the form says.
    let answer = accept(&mut browser, &page, "mallory@example.com").await;
    assert_eq!(answer.location(), "/");
    assert!(browser.get("/").await.body.contains(GRACE));
    let user = world.running.app.store.user_by_identifier("grace@example.com").await.unwrap().unwrap();
    assert_eq!((user.email_verified, user.roles), (true, ["editor".to_owned()].into()));
    assert_eq!(world.running.app.store.user_by_identifier("mallory@example.com").await, Ok(None));
    let trail = world.audit_trail().await;
    assert!(trail.iter().any(|(name, detail)| name == "user.create" && detail["by"] == "invitation"), "{trail:?}");
    // It works once.
    let again = world.browser().get(&link).await;
    assert!(again.status == 410 && again.body.contains("href=\"/login\""), "who has used it signs in: {again:?}");
    assert_eq!(accept(&mut world.browser(), &page, GRACE).await.status, 400, "nor in another browser");
}

#[tokio::test]
async fn an_invitation_for_a_client_leads_to_where_its_sign_in_begins() {
    let world = with_invitations().await;
    world
        .change_client("web", |client| {
            client.in_browser.initiate_login_uri = Some("https://app.example.com/login".to_owned());
        })
        .await;
    let link = invited(&world, &json!({ "client": "web" })).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example.com"));
    let answer = accept(&mut browser, &page, GRACE).await;
    assert_eq!(answer.location(), "https://app.example.com/login?iss=http%3A%2F%2Flocalhost%3A4400");
}

#[tokio::test]
async fn an_invitation_for_a_client_ends_at_its_home_or_says_where_to_go_on() {
    let world = with_invitations().await;
    // Nothing says where its sign-in begins: then where its answers go.
    let link = invited(&world, &json!({ "client": "web" })).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example.com"));
    assert_eq!(accept(&mut browser, &page, GRACE).await.location(), "https://app.example.com/");
    world.command(&json!({ "user": { "delete": { "user": "grace@example.com" } } })).await;
    world
        .change_client("web", |client| client.metadata.client_uri = Some("https://www.example.com/start".to_owned()))
        .await;
    let link = invited(&world, &json!({ "client": "web" })).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    assert_eq!(accept(&mut browser, &page, GRACE).await.location(), "https://www.example.com/start");
    world.command(&json!({ "user": { "delete": { "user": "grace@example.com" } } })).await;
    // An app on a device has no page.
    world
        .change_client("web", |client| {
            client.metadata.client_uri = None;
            client.kind = ClientKind::Native;
        })
        .await;
    let link = invited(&world, &json!({ "client": "web" })).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let done = accept(&mut browser, &page, GRACE).await;
    assert!(done.status == 200 && done.body.contains("sign in to Web as"), "{}", done.body);
    assert!(browser.get("/").await.body.contains(GRACE), "and is signed in");
}

#[tokio::test]
async fn invitations_are_listed_and_revoked_without_their_links() {
    let world = with_invitations().await;
    let made = world.command(&invite(&json!({ "client": "web" }))).await;
    let listed = world.command(&json!({ "user": "invitations" })).await;
    assert_eq!(listed["invitations"][0]["id"], made["id"]);
    assert_eq!(listed["invitations"][0]["client"], "web");
    assert!(!listed.to_string().contains("sym_in_"), "{listed}");
    let revoke = json!({ "user": { "revoke-invitation": { "id": made["id"] } } });
    world.command(&revoke).await;
    assert_eq!(world.command(&json!({ "user": "invitations" })).await["invitations"], json!([]));
    assert_eq!(world.browser().get(made["link"].as_str().unwrap()).await.status, 410);
    let (status, _) = world.try_command(&revoke).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_invitation_can_be_mailed() {
    let world = World::with(|config| {
        config.sign_up = SignUp::Invitation;
        letters::waiting(config);
    })
    .await;
    let made = world.command(&invite(&json!({ "mail": true, "client": "web" }))).await;
    let letter = world.letter(GRACE).await;
    assert_eq!((letter["letter"].clone(), letter["link"].clone()), (json!("invitation"), made["link"].clone()));
    assert_eq!((letter["days"].clone(), letter["client"].clone()), (json!(7), json!("Web")));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = with_invitations().await;
    for (more, expected) in [
        (json!({ "email": "nonsense" }), 422),
        (json!({ "email": "ada@example.com" }), 409),
        (json!({ "roles": ["nobody"] }), 404),
        (json!({ "client": "nobody" }), 404),
        (json!({ "valid_secs": 0 }), 422),
        (json!({ "mail": true }), 409),
    ] {
        let (status, answer) = world.try_command(&invite(&more)).await;
        assert_eq!(status, expected, "{more}: {answer}");
    }
    let (status, _) = World::new().await.try_command(&invite(&json!({}))).await;
    assert_eq!(status, 409, "nobody signs up where sign-up is off");
}

#[tokio::test]
async fn an_invitation_ends_with_its_time_and_where_sign_up_is_switched_off() {
    let world = with_invitations().await;
    let link = invited(&world, &json!({})).await;
    let world = world.restart_with(|config| config.sign_up = SignUp::Off).await;
    assert_eq!(world.browser().get(&link).await.status, 403);
    let world = world.restart_with(|config| config.sign_up = SignUp::Open).await;
    assert_eq!(world.browser().get(&link).await.status, 200);
    world.advance(7 * 86_400);
    assert_eq!(world.browser().get(&link).await.status, 410);
}

#[tokio::test]
async fn whoever_has_an_account_by_then_is_sent_to_sign_in() {
    let world = with_invitations().await;
    let link = invited(&world, &json!({})).await;
    world.add_user("grace@example.com", "Grace", &[]).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let answer = accept(&mut browser, &page, GRACE).await;
    assert!(answer.body.contains("You have an account with this address."), "{}", answer.body);
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
}

#[tokio::test]
async fn of_two_who_follow_one_invitation_one_gets_the_account() {
    let world = with_invitations().await;
    let link = invited(&world, &json!({})).await;
    let (mut one, mut other) = (world.browser(), world.browser());
    let (first, second) = (one.get(&link).await, other.get(&link).await);
    let (first, second) = tokio::join!(accept(&mut one, &first, GRACE), accept(&mut other, &second, GRACE));
    let statuses = [first.status.as_u16(), second.status.as_u16()];
    assert!(statuses.contains(&303) && statuses.contains(&410), "{statuses:?}");
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
}
