//! Lists of an account do not grow without end: the latest hundred are shown, and how many more there are.

use symbolon_store::{Consent, Hash32, NewSession, Session, User};

use crate::support::{Browser, World};

const ADA: &str = "ada@example.com";

async fn ada(world: &World) -> (Browser, User) {
    let mut browser = world.browser();
    browser.sign_in_here(ADA).await;
    (browser, world.running.app.store.user_by_identifier(ADA).await.unwrap().unwrap())
}

#[tokio::test]
async fn of_many_sessions_the_latest_hundred_are_listed_and_the_others_end_with_them() {
    let world = World::new().await;
    let (mut own, user) = ada(&world).await;
    let (store, now) = (&world.running.app.store, world.clock.now());
    let here = store.sessions_of(&user.id, now).await.unwrap().remove(0);
    for number in 0..103_u8 {
        let session = Session {
            id_hash: Hash32([number; 32]),
            sid: format!("sid-{number}"),
            address: Some(format!("192.0.2.{number}")),
            last_seen_at: now - 103 + u64::from(number),
            ..here.clone()
        };
        let handle = user.revocation_handle.clone();
        store.create_session(NewSession { session, replaces: None, revocation_handle: handle }).await.unwrap();
    }
    let page = own.get("/account/sessions").await;
    assert_eq!(page.body.matches("id=\"end-it-").count(), 100);
    assert!(page.body.contains("Not listed: 3 more."), "{}", page.body);
    for (number, listed) in [(102, true), (3, true), (2, false), (0, false)] {
        assert_eq!(page.body.contains(&format!("192.0.2.{number}<")), listed, "{number}");
    }
    let csrf = page.field("csrf");
    own.post("/account/sessions", &[("csrf", &*csrf), ("action", "end_others")]).await;
    assert_eq!(store.sessions_of(&user.id, now).await.unwrap().len(), 1, "what was not listed ended, too");
    let page = own.get("/account/sessions").await;
    assert!(page.body.contains("signed in nowhere else") && !page.body.contains("Not listed"), "{}", page.body);
}

#[tokio::test]
async fn of_many_apps_the_latest_hundred_are_listed_and_taking_one_away_shows_the_next() {
    let world = World::new().await;
    let (mut own, user) = ada(&world).await;
    for number in 0..101_u64 {
        let consent = Consent {
            user_id: user.id.clone(),
            client_id: format!("app-{number:03}"),
            audience: String::new(),
            scope: "openid".to_owned(),
            granted_at: world.clock.now() - 101 + number,
        };
        world.running.app.store.grant_consent(consent).await.unwrap();
    }
    let page = own.get("/account/apps").await;
    assert_eq!(page.body.matches("id=\"revoke-it-").count(), 100);
    assert!(page.body.contains("Not listed: 1 more"), "{}", page.body);
    assert!(page.body.contains("\"app-100\"") && !page.body.contains("\"app-000\""), "the oldest is left out");
    let fields = [("csrf", &*page.field("csrf")), ("action", "revoke"), ("client_id", "app-050")];
    own.post("/account/apps", &fields).await;
    let page = own.get("/account/apps").await;
    assert!(page.body.contains("\"app-000\"") && !page.body.contains("Not listed"), "{}", page.body);
}
