//! Links opened in two tabs and forms sent twice in the same moment: what they do is done once, and whoever comes second is told so.

use serde_json::json;
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::Config;

use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, PASSWORD, World, letters};

const ADA: &str = "ada@example.com";
const NEW: &str = "ada@new.example.com";
const GRACE: &str = "grace@example.com";
/// Enough for two of them to meet.
const TABS: usize = 8;

fn everything(config: &mut Config) {
    letters::waiting(config);
    config.sign_up = SignUp::Invitation;
}

/// The same form, out of as many tabs of this browser, all at once; with each answer its tab.
async fn from_all_tabs(
    browser: &Browser,
    path: &'static str,
    fields: &[(&'static str, String)],
) -> Vec<(Answer, Browser)> {
    from_tabs(TABS, browser, path, fields).await
}

pub(super) async fn from_tabs(
    count: usize,
    browser: &Browser,
    path: &'static str,
    fields: &[(&'static str, String)],
) -> Vec<(Answer, Browser)> {
    let sent = (0..count).map(|_| {
        let (mut tab, fields) = (browser.clone(), fields.to_vec());
        tokio::spawn(async move { (tab.post_all(path, &fields).await, tab) })
    });
    let mut answers = Vec::new();
    for one in sent.collect::<Vec<_>>() {
        answers.push(one.await.unwrap());
    }
    answers
}

/// One is told that it is done; the others that it cannot be done, and nobody of a fault of ours.
pub(super) fn assert_once(answers: Vec<(Answer, Browser)>, is_done: impl Fn(&Answer) -> bool, what: &str) {
    let (done, told): (Vec<_>, Vec<_>) = answers.into_iter().map(|(answer, _)| answer).partition(is_done);
    assert_eq!(done.len(), 1, "{what}: {done:?} {told:?}");
    assert!(told.iter().all(|answer| answer.status.is_client_error()), "{what}: {told:?}");
}

/// Opens the link of a letter, and presses its button in all tabs.
async fn press(
    browser: &mut Browser,
    link: &str,
    path: &'static str,
    names: &[&'static str],
) -> Vec<(Answer, Browser)> {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:?}");
    let fields: Vec<_> = names.iter().map(|name| (*name, page.field(name))).collect();
    from_all_tabs(browser, path, &fields).await
}

async fn link_in(world: &World, to: &str, letter: &str, member: &str) -> String {
    let letters = world.letters_to(to).await;
    let found =
        letters.iter().find(|one| one["letter"] == letter).unwrap_or_else(|| panic!("no {letter}: {letters:?}"));
    found[member].as_str().unwrap_or_else(|| panic!("no link in {found}")).to_owned()
}

async fn asked_for_another_address(world: &World) -> Browser {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let csrf = own.get("/account/email").await.field("csrf");
    own.post("/account/email", &[("csrf", &*csrf), ("action", "ask"), ("email", NEW)]).await;
    own
}

#[tokio::test]
async fn an_address_is_proven_once_and_taken_back_once() {
    let world = World::with(everything).await;
    let mut own = asked_for_another_address(&world).await;
    let proof = link_in(&world, NEW, "email_proof", "link").await;
    let answers = press(&mut own, &proof, "/account/email/confirm", &["csrf", "code"]).await;
    assert_once(answers, |answer| answer.status == 200 && answer.body.contains("Address changed"), "proof");
    let undo = link_in(&world, ADA, "email_changed", "link").await;
    let answers = press(&mut world.browser(), &undo, "/account/email/undo", &["csrf", "code"]).await;
    assert_once(answers, |answer| answer.body.contains("Your address is safe"), "undo");
    let trail = world.audit_trail().await;
    let changes = trail.iter().filter(|(name, _)| name.contains("email")).count();
    assert!(changes <= 4, "asked, proven, taken back: {trail:?}");
}

#[tokio::test]
async fn this_was_not_me_shuts_once() {
    let world = World::with(everything).await;
    world.browser().sign_in_here(ADA).await;
    world.browser().sign_in_here(ADA).await;
    let link = link_in(&world, ADA, "new_device", "not_me").await;
    let answers = press(&mut world.browser(), &link, "/not-me", &["csrf", "code"]).await;
    assert_once(answers, |answer| answer.status == 200, "not me");
    let resets = world.letters_to(ADA).await.iter().filter(|one| one["letter"] == "password_reset").count();
    assert!(resets <= 1, "one link for a new password");
}

#[tokio::test]
async fn an_invitation_makes_one_account() {
    let world = World::with(everything).await;
    let invite = json!({ "user": { "invite": { "email": GRACE, "valid_secs": 3600 } } });
    let link = world.command(&invite).await["link"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let given = [("email", GRACE), ("name", "Grace"), ("password", CHOSEN), ("password_confirm", CHOSEN)];
    let mut fields: Vec<_> = ["invitation", "csrf"].iter().map(|name| (*name, page.field(name))).collect();
    fields.extend(given.map(|(name, value)| (name, value.to_owned())));
    let answers = from_all_tabs(&browser, "/signup", &fields).await;
    assert_once(answers, |answer| answer.status.is_redirection(), "invitation");
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
}

#[tokio::test]
async fn an_account_is_deleted_once() {
    let world = World::with(|config| {
        everything(config);
        config.account.delete = symbolon_server::config::AccountDeletion::On;
    })
    .await;
    let mut bob = world.browser();
    bob.sign_in_here("bob@example.com").await;
    let page = bob.get("/account/data").await;
    let fields =
        [("csrf", page.field("csrf")), ("action", "delete".to_owned()), ("sure", "bob@example.com".to_owned())];
    let answers = from_all_tabs(&bob, "/account/data", &fields).await;
    let is_done = |answer: &Answer| answer.body.contains("Account deleted");
    assert_eq!(answers.iter().filter(|(answer, _)| is_done(answer)).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|(answer, _)| !answer.status.is_server_error()), "{answers:?}");
    assert_eq!(world.running.app.store.count_users().await, Ok(1));
    let deleted = world.audit_trail().await.iter().filter(|(name, _)| name == "user.delete").count();
    assert_eq!(deleted, 1, "told once");
}

/// A double click on the button of the sign-in: the browser is signed in, whichever answer it shows.
#[tokio::test]
async fn a_sign_in_that_is_sent_twice_signs_in() {
    let world = World::with(everything).await;
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let fields = [("csrf", page.field("csrf")), ("username", ADA.to_owned()), ("password", PASSWORD.to_owned())];
    let answers = from_tabs(2, &browser, "/login", &fields).await;
    for (answer, mut tab) in answers {
        assert!(answer.status.is_redirection(), "{answer:?}");
        assert!(tab.get("/").await.body.contains("Hello"));
    }
    assert!(world.letters_to(ADA).await.len() <= 1, "nobody is told twice of one browser");
}

/// Whoever is in with the password saves and saves, while the owner presses the button.
#[tokio::test]
async fn no_amount_of_saving_keeps_an_address_from_its_owner() {
    let world = World::with(everything).await;
    let mut thief = asked_for_another_address(&world).await;
    let proof = link_in(&world, NEW, "email_proof", "link").await;
    press(&mut thief, &proof, "/account/email/confirm", &["csrf", "code"]).await;
    let undo = link_in(&world, ADA, "email_changed", "link").await;
    let mut owner = world.browser();
    let page = owner.get(&undo).await;
    let user_id = world.id_of(NEW).await;
    let before = world.running.app.store.user(&user_id).await.unwrap().unwrap().revision;
    let saving: Vec<_> = (0..4)
        .map(|saver: usize| {
            let mut tab = thief.clone();
            tokio::spawn(async move {
                let mut saved = 0;
                loop {
                    let form = tab.get("/account/profile").await;
                    if !form.body.contains("name=\"revision\"") {
                        return saved; // signed out
                    }
                    let (csrf, revision, name) =
                        (form.field("csrf"), form.field("revision"), format!("Eve {saver} {saved}"));
                    let fields = [("csrf", &*csrf), ("action", "save"), ("revision", &revision), ("name", &name)];
                    tab.post("/account/profile", &fields).await;
                    saved += 1;
                }
            })
        })
        .collect();
    // Until they are at it.
    while world.running.app.store.user(&user_id).await.unwrap().unwrap().revision == before {
        tokio::task::yield_now().await;
    }
    let fields = [("csrf", page.field("csrf")), ("code", page.field("code"))];
    let done = owner.post_all("/account/email/undo", &fields).await;
    assert!(done.body.contains("Your address is safe"), "{done:?}");
    for saver in saving {
        assert!(saver.await.unwrap() > 0);
    }
}
