//! More than one passkey on one account: each signs in, each has a name and says whether it is backed up, and one that goes leaves the others.

use symbolon_factors::webauthn::testing::{PRESENT_AND_VERIFIED, Passkey};

use crate::support::factors::{SECURITY, assertion};
use crate::support::flow::authorize_url;
use crate::support::{Browser, ISSUER, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";
/// It may be backed up (WebAuthn §6.1, BE), and is (BS).
const CAN_BE_BACKED_UP: u8 = 1 << 3;
const IS_BACKED_UP: u8 = 1 << 4;

fn passkey(id: &[u8], backup: u8) -> Passkey {
    Passkey { flags: PRESENT_AND_VERIFIED | backup, ..Passkey::es256(id, "localhost", ISSUER) }
}

/// Whether a passkey signs in by itself. Its authenticator counts.
async fn signs_in(world: &World, passkey: &mut Passkey) -> bool {
    passkey.sign_count += 1;
    let id = world.id_of(ADA).await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let answer = browser.post_all("/login/passkey", &assertion(&page, passkey, Some(&id))).await;
    let is_in = browser.cookies.contains_key(SESSION);
    assert_eq!(is_in, answer.status.is_redirection(), "{answer:?}");
    is_in
}

/// The passkeys of the account's page, in its order: id, name, and what is said of it.
async fn listed(own: &mut Browser) -> Vec<(String, String, String)> {
    let page = own.get(SECURITY).await;
    let list = page.body.split("id=\"passkeys\"").nth(1).unwrap().split("</ul>").next().unwrap().to_owned();
    let between = |text: &str, from: &str, to: &str| {
        text.split(from).nth(1).unwrap_or_else(|| panic!("{text}")).split(to).next().unwrap().to_owned()
    };
    let one = |item: &str| {
        let id = between(item, "name=\"id\" value=\"", "\"");
        (id, between(item, "<strong>", "</strong>"), between(item, "<small>", "</small>"))
    };
    list.split("<li>").skip(1).map(one).collect()
}

#[tokio::test]
async fn each_of_several_passkeys_signs_in_and_one_that_is_removed_leaves_the_others() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut keys = [
        passkey(b"security key", 0),
        passkey(b"phone", CAN_BE_BACKED_UP | IS_BACKED_UP),
        passkey(b"laptop", CAN_BE_BACKED_UP),
    ];
    for key in &keys {
        world.advance(1);
        own.add_passkey(key).await;
    }
    for key in &mut keys {
        assert!(signs_in(&world, key).await);
    }
    let before = listed(&mut own).await;
    let said: Vec<&str> = before.iter().map(|(_, _, said)| said.split(';').next().unwrap()).collect();
    assert_eq!(said, ["on one device only", "backed up, on all your devices", "not backed up yet"]);
    assert!(before.iter().all(|(_, name, said)| name == "Phone" && said.contains("last used")), "{before:?}");

    let second = before[1].0.clone();
    own.security(&[("action", "rename"), ("id", &second), ("name", "Pixel")]).await;
    let names: Vec<String> = listed(&mut own).await.into_iter().map(|(_, name, _)| name).collect();
    assert_eq!(names, ["Phone", "Pixel", "Phone"]);
    assert!(signs_in(&world, &mut keys[1]).await, "a name changes nothing else");

    let question = own.security(&[("action", "remove"), ("id", &second)]).await;
    assert!(question.body.contains("Remove Pixel?") && !question.body.contains("It is your last one"), "{question:?}");
    own.security(&[("action", "remove"), ("id", &second), ("sure", "yes")]).await;
    let left: Vec<String> = listed(&mut own).await.into_iter().map(|(id, ..)| id).collect();
    assert_eq!(left, [before[0].0.clone(), before[2].0.clone()]);
    let works = [signs_in(&world, &mut keys[0]).await, signs_in(&world, &mut keys[1]).await];
    assert_eq!((works, signs_in(&world, &mut keys[2]).await), ([true, false], true));
}

/// A phone whose passkeys are switched to a cloud after they were made.
#[tokio::test]
async fn webauthn_section_7_2_step_19_a_passkey_that_was_backed_up_meanwhile_is_shown_as_such() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut key = passkey(b"laptop", CAN_BE_BACKED_UP);
    own.add_passkey(&key).await;
    assert!(listed(&mut own).await[0].2.starts_with("not backed up yet"));
    key.flags |= IS_BACKED_UP;
    assert!(signs_in(&world, &mut key).await);
    assert!(listed(&mut own).await[0].2.starts_with("backed up, on all your devices"));
}

/// Nobody renames or removes what somebody else has.
#[tokio::test]
async fn a_passkey_of_somebody_else_is_neither_renamed_nor_removed() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut key = passkey(b"phone", 0);
    own.add_passkey(&key).await;
    let id = listed(&mut own).await[0].0.clone();
    let mut bobs = world.browser();
    bobs.sign_in_here("bob@example.com").await;
    bobs.security(&[("action", "rename"), ("id", &id), ("name", "Bob's")]).await;
    bobs.security(&[("action", "remove"), ("id", &id), ("sure", "yes")]).await;
    assert_eq!(listed(&mut own).await[0].1, "Phone");
    assert!(signs_in(&world, &mut key).await);
}

/// The page that shows the recovery codes, loaded again, is the same form once more.
#[tokio::test]
async fn a_form_that_is_sent_twice_says_that_the_passkey_is_there() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let form = own.passkey_form(&passkey(b"phone", 0)).await;
    assert!(own.post_all(SECURITY, &form).await.body.contains("shown only this once"));
    let again = own.post_all(SECURITY, &form).await;
    assert!(again.status == 200 && again.body.contains("This is set up already"), "{again:?}");
    assert!(again.body.contains("id=\"new-codes\"") && !again.body.contains("could not be added"), "{again:?}");
    assert_eq!(listed(&mut own).await.len(), 1);
    // Of somebody else's it tells nothing.
    let mut bobs = world.browser();
    bobs.sign_in_here("bob@example.com").await;
    let csrf = bobs.get(SECURITY).await.field("csrf");
    let stolen: Vec<_> =
        form.into_iter().map(|(name, value)| (name, if name == "csrf" { csrf.clone() } else { value })).collect();
    let refused = bobs.post_all(SECURITY, &stolen).await;
    assert!(refused.status == 400 && refused.body.contains("could not be added"), "{refused:?}");
}
