//! What people may write into their profile, and what nobody may (OpenID Connect Core §5.1).

use serde_json::{Value, json};
use symbolon_store::{Change, UserUpdate};

use crate::account::ada;
use crate::support::{Browser, NOW, World};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn a_profile_takes_no_birthday_nobody_has_and_no_zone_nobody_lives_in() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let save = async |own: &mut Browser, name: &str, value: &str| {
        let revision = own.get("/account/profile").await.field("revision");
        own.account("profile", &[("action", "save"), ("revision", &*revision), (name, value)]).await
    };
    // It is the middle of January 2027.
    for (name, value, said) in [
        ("birthdate", "2999-01-01", "from 1900 until today"),
        ("birthdate", "2027-01-17", "from 1900 until today"),
        ("birthdate", "1899-12-31", "from 1900 until today"),
        ("birthdate", "1990-02-30", "from 1900 until today"),
        ("zoneinfo", "Mars/Olympus", "Europe/Vienna"),
        ("zoneinfo", "../../etc/passwd", "Europe/Vienna"),
        ("name", "Ada\u{202e}nimda", "invisible"),
        ("nickname", "A\u{200b}da", "invisible"),
        ("given_name", "\u{3164}", "invisible"),
        ("website", "https://me:secret@example.com", "https://"),
    ] {
        let refused = save(&mut own, name, value).await;
        assert!(refused.status == 400 && refused.body.contains("id=\"problem\""), "{name} {value:?}: {}", refused.body);
        assert!(refused.body.split("id=\"problem\"").nth(1).unwrap().contains(said), "{name}: {}", refused.body);
    }
    for (name, value, kept) in [
        ("birthdate", "0000-02-29", "0000-02-29"),
        ("birthdate", "1915", "1915"),
        ("birthdate", "2027-01-15", "2027-01-15"),
        ("zoneinfo", "new york", "America/New_York"),
        ("nickname", "علی\u{200c}رضا", "علی\u{200c}رضا"),
    ] {
        assert_eq!(save(&mut own, name, value).await.status, 200, "{name} {value}");
        let user = world.running.app.store.user(&world.id_of(ADA).await).await.unwrap().unwrap();
        assert_eq!(user.profile[name], kept);
    }
    // A year alone, or none, is no date to a browser: its field would be empty, and empty it would be kept.
    save(&mut own, "birthdate", "1915").await;
    let page = own.get("/account/profile").await;
    assert!(page.body.contains("name=\"birthdate\" type=\"text\" value=\"1915\""), "{}", page.body);
}

#[tokio::test]
async fn what_an_import_left_in_a_profile_keeps_nobody_from_changing_the_rest() {
    let world = World::new().await;
    let store = &world.running.app.store;
    let profile = json!({ "zoneinfo": "Mars/Olympus", "birthdate": "1815-12-10" }).as_object().unwrap().clone();
    let update = UserUpdate { profile: Change::Set(profile), now: NOW, ..UserUpdate::default() };
    store.update_user(&world.id_of(ADA).await, update).await.unwrap();
    let mut own = ada(&world).await;
    let revision = own.get("/account/profile").await.field("revision");
    let form = [
        ("action", "save"),
        ("revision", &*revision),
        ("zoneinfo", "Mars/Olympus"),
        ("birthdate", "1815-12-10"),
        ("nickname", "Countess"),
    ];
    assert_eq!(own.account("profile", &form).await.status, 200);
    let user = store.user(&world.id_of(ADA).await).await.unwrap().unwrap();
    assert_eq!((&user.profile["nickname"], &user.profile["zoneinfo"]), (&json!("Countess"), &json!("Mars/Olympus")));
}

#[tokio::test]
async fn the_profile_is_what_apps_see_and_only_claims_that_may_change_do() {
    let world = World::with(|config| config.account.profile.retain(|name| name != "family_name")).await;
    let mut own = ada(&world).await;
    let page = own.get("/account/profile").await;
    let revision = page.field("revision");
    let good = [
        ("action", "save"),
        ("revision", &*revision),
        ("name", "Ada King"),
        ("nickname", "Countess"),
        ("website", "https://ada.example/"),
        ("birthdate", "1915-12-10"),
        ("zoneinfo", "Europe/London"),
        ("locale", "de"),
        ("family_name", "Byron"),
        ("email_verified", "true"),
        ("roles", "owner"),
    ];
    let saved = own.account("profile", &good).await;
    assert!(saved.body.contains("Gespeichert.") && saved.body.contains("<html lang=\"de\""), "{}", saved.body);
    let user = world.running.app.store.user(&world.id_of(ADA).await).await.unwrap().unwrap();
    assert_eq!(user.name.as_deref(), Some("Ada King"));
    let claims = json!({
        "nickname": "Countess",
        "website": "https://ada.example/",
        "birthdate": "1915-12-10",
        "zoneinfo": "Europe/London",
        "locale": "de",
    });
    assert_eq!(Value::Object(user.profile), claims, "CVE-2026-27946: nothing else");
    let twice = own.account("profile", &good).await;
    assert!(twice.body.contains("Gespeichert."), "the same form twice: {}", twice.body);
    let mut other = good;
    other[2] = ("name", "Ada Byron");
    let stale = own.account("profile", &other).await;
    assert_eq!(stale.status, 409, "another tab was faster: {}", stale.body);
    let revision = stale.field("revision");
    let fields = stale.field("fields");
    assert_eq!(fields.split(' ').count(), 8, "all but the one that is kept: {fields}");
    let emptied = own
        .account(
            "profile",
            &[("action", "save"), ("revision", &*revision), ("fields", "nickname locale"), ("nickname", "")],
        )
        .await;
    assert!(emptied.body.contains("Saved."), "{}", emptied.body);
    let user = world.running.app.store.user(&world.id_of(ADA).await).await.unwrap().unwrap();
    assert!(!user.profile.contains_key("nickname") && !user.profile.contains_key("locale"), "{:?}", user.profile);
    assert!(user.profile.contains_key("website") && user.name.as_deref() == Some("Ada King"), "no field of the form");
    let revision = emptied.field("revision");
    for (name, value) in [
        ("website", "javascript:alert(1)"),
        ("picture", "http://example.com/me.png"),
        ("birthdate", "1815-02-30"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "tlh"),
        ("nickname", &"x".repeat(201)),
        ("name", "Ada\u{7}"),
    ] {
        let refused = own.account("profile", &[("action", "save"), ("revision", &*revision), (name, value)]).await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.body);
    }
}
