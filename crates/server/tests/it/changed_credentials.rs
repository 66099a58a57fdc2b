//! What an account's owner is told by mail of each change to how they sign in: one letter of each, with its subject, what happened, and the link for
//! whoever did not do it; and none of what did not happen. The letters are read as they are written, at `/dev/mail.json`.

use symbolon_factors::webauthn::testing::Passkey;

use crate::support::factors::{App, SECURITY, passkey};
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";
const NEW_ADDRESS: &str = "ada@new.example.com";
const NEW: &str = "lantern orbit quilt";
const SESSION: &str = "symbolon-session-4400";
const NOT_ME: &str = "/not-me?code=";
const UNDO: &str = "/account/email/undo?code=";
const FORGOT: &str = "/forgot";

/// A letter as it has to be.
struct Told {
    to: &'static str,
    subject: &'static str,
    says: &'static str,
    /// Where its link leads that undoes it, if there is one.
    way_back: Option<&'static str>,
}

const fn told(subject: &'static str, says: &'static str) -> Told {
    Told { to: ADA, subject, says, way_back: Some(NOT_ME) }
}

const ADDED: Told = told("A passkey was added", "has one more passkey at localhost:4400");
const CODES: Told = told("You have new recovery codes", "The old ones work no longer");
const REMOVED: Told = told("A way to sign in was removed", "has one passkey or app less at localhost:4400");
const SET_UP: Told = told("An authenticator app was set up", "is asked for a code of an authenticator app");
const REPLACED: Told = told("Another authenticator app was set up", "has another authenticator app");
const USED: Told = told("A recovery code was used", "with one of your recovery codes");
const PASSWORD_CHANGED: Told = told("Your password was changed", "has a new password at localhost:4400");
/// Nobody got in, so there is nothing to shut: another password is what helps.
const REFUSED: Told =
    Told { way_back: Some(FORGOT), ..told("Your password was used, and the second step failed", "Nobody got in") };

/// The letters of a server, as they come.
struct Letters<'w> {
    world: &'w World,
    read: usize,
}

impl Letters<'_> {
    /// What has come since the last look is this and no more, in any order.
    async fn are(&mut self, what: &str, expected: &[Told]) {
        let all = self.world.kept_letters().await;
        let news = &all[..all.len() - self.read];
        self.read = all.len();
        let subjects: Vec<&str> = news.iter().map(|one| one["subject"].as_str().unwrap()).collect();
        assert_eq!(news.len(), expected.len(), "{what}: {subjects:?}");
        for Told { to, subject, says, way_back } in expected {
            let found = news.iter().find(|one| one["to"] == *to && one["subject"] == *subject);
            let letter = found.unwrap_or_else(|| panic!("{what}: nothing of `{subject}` to {to}: {news:?}"));
            let text = letter["text"].as_str().unwrap();
            assert!(text.replace('\n', " ").contains(says), "{what}: {text}");
            let links: Vec<&str> = text.lines().filter(|line| line.starts_with(ISSUER)).collect();
            let undoes = |link: &str| [NOT_ME, UNDO, FORGOT].iter().any(|path| link.contains(path));
            let ways: Vec<&&str> = links.iter().filter(|link| undoes(link)).collect();
            match (way_back, &ways[..]) {
                (None, []) => {}
                (Some(path), [link]) => {
                    assert!(link.contains(path), "{what}: {text}");
                    let page = self.world.browser().get(link).await;
                    assert!(page.status == 200 && page.body.contains("<form"), "{what}: {page:?}");
                }
                _ => panic!("{what}: {text}"),
            }
        }
    }
}

async fn world() -> World {
    World::with(|config| config.dev = true).await
}

/// Ada where she has been before, so that her sign-ins are no news.
async fn ada(world: &World) -> (Browser, Letters<'_>) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut letters = Letters { world, read: 0 };
    letters.are("a first sign-in", &[]).await;
    (own, letters)
}

/// The present form of an app's set-up, with this code.
async fn shows(own: &mut Browser, page: &Answer, code: &str) -> Answer {
    let (csrf, secret) = (page.field("csrf"), page.field("secret"));
    let fields = [("csrf", &*csrf), ("action", "totp"), ("secret", &*secret), ("code", code)];
    own.post(SECURITY, &fields).await
}

/// The sign-in after the password, by one of these ways.
async fn step(own: &mut Browser) -> Answer {
    own.cookies.remove(SESSION);
    let step = own.sign_in_here(ADA).await;
    assert!(step.body.contains("One more step"), "{step:?}");
    step
}

#[tokio::test]
async fn a_passkey_more_and_one_less_are_told_and_a_name_is_not() {
    let world = world().await;
    let (mut own, mut letters) = ada(&world).await;
    own.add_passkey(&Passkey::es256(b"foreign", "localhost", "http://evil.example")).await;
    letters.are("one that could not be added", &[]).await;
    own.add_passkey(&passkey()).await;
    letters.are("the first", &[ADDED, CODES]).await;
    own.add_passkey(&passkey()).await;
    letters.are("the same again", &[]).await;
    own.add_passkey(&Passkey::es256(b"another", "localhost", ISSUER)).await;
    letters.are("another", &[ADDED]).await;
    let id = own.get(SECURITY).await.field("id");
    own.security(&[("action", "rename"), ("id", &id), ("name", "Key ring")]).await;
    own.security(&[("action", "remove"), ("id", &id)]).await;
    own.security(&[("action", "remove"), ("id", "cred_unknown"), ("sure", "yes")]).await;
    letters.are("a name, a question and one that nobody has", &[]).await;
    own.security(&[("action", "remove"), ("id", &id), ("sure", "yes")]).await;
    letters.are("removed", &[REMOVED]).await;
    own.security(&[("action", "remove"), ("id", &id), ("sure", "yes")]).await;
    letters.are("removed twice", &[]).await;
}

#[tokio::test]
async fn an_app_set_up_replaced_and_removed_is_told_and_one_that_was_looked_at_is_not() {
    let world = world().await;
    let (mut own, mut letters) = ada(&world).await;
    own.security(&[("action", "codes")]).await;
    let page = own.security(&[("action", "totp")]).await;
    assert_eq!(shows(&mut own, &page, "000000").await.status, 400);
    letters.are("no codes without a factor, an app looked at, a wrong code", &[]).await;
    let app = App::of(&page);
    shows(&mut own, &page, &app.code(0)).await;
    letters.are("set up", &[SET_UP, CODES]).await;
    shows(&mut own, &page, &app.code(0)).await;
    letters.are("the form sent twice", &[]).await;
    world.advance(60);
    let page = own.security(&[("action", "totp")]).await;
    shows(&mut own, &page, &App::of(&page).code(60)).await;
    letters.are("replaced", &[REPLACED]).await;
    own.security(&[("action", "codes")]).await;
    letters.are("new codes", &[CODES]).await;
    let id = own.get(SECURITY).await.field("id");
    own.security(&[("action", "remove"), ("id", &id), ("sure", "yes")]).await;
    letters.are("removed", &[REMOVED]).await;
}

#[tokio::test]
async fn a_recovery_code_is_told_of_when_it_let_somebody_in_and_who_knows_the_password_alone_is_told_of() {
    let world = world().await;
    let (mut own, mut letters) = ada(&world).await;
    let app = own.set_up_app(0).await;
    letters.are("set up", &[SET_UP, CODES]).await;
    world.advance(60);
    let page = step(&mut own).await;
    own.factor(&page, "recovery_code", "0000-0000-0000-0000", &[]).await;
    letters.are("a wrong one where the owner mistypes", &[]).await;
    let told = own.factor(&page, "recovery_code", &app.codes[0], &[]).await;
    assert!(told.body.contains("9 are left"), "{told:?}");
    letters.are("used", &[USED]).await;
    let page = step(&mut own).await;
    assert_eq!(own.factor(&page, "recovery_code", &app.codes[0], &[]).await.status, 400);
    own.factor(&page, "totp", &app.code(60), &[]).await;
    letters.are("used twice, and the app in a browser that is known", &[]).await;
    let mut thief = world.browser();
    let page = thief.sign_in_here(ADA).await;
    thief.factor(&page, "recovery_code", "0000-0000-0000-0000", &[]).await;
    thief.factor(&page, "recovery_code", &app.codes[0], &[]).await;
    letters.are("the password and wrong codes elsewhere", &[REFUSED]).await;
}

#[tokio::test]
async fn another_password_is_told_whatever_way_it_came_and_one_that_was_refused_is_not() {
    let world = world().await;
    let (mut own, mut letters) = ada(&world).await;
    let csrf = own.get("/account/password").await.field("csrf");
    for (current, new, again) in [("wrong horse battery", NEW, NEW), (PASSWORD, "short", "short"), (PASSWORD, NEW, "x")]
    {
        let fields = [("current", current), ("password", new), ("password_confirm", again)];
        let fields = [&[("csrf", &*csrf), ("action", "change")], &fields[..]].concat();
        assert_eq!(own.post("/account/password", &fields).await.status, 400, "{current} {new}");
    }
    letters.are("refused", &[]).await;
    let fields = [("current", PASSWORD), ("password", NEW), ("password_confirm", NEW)];
    let done = own.post("/account/password", &[&[("csrf", &*csrf), ("action", "change")], &fields[..]].concat()).await;
    assert!(done.body.contains("Password changed"), "{done:?}");
    letters.are("on the page", &[PASSWORD_CHANGED]).await;
    let link = world.reset_link(ADA).await;
    let page = own.get(&link).await;
    letters.are("a link of the operator, looked at", &[]).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let send = [("code", &*code), ("csrf", &*csrf), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    assert_eq!(own.post("/reset", &send).await.status, 200);
    letters.are("by a link", &[PASSWORD_CHANGED]).await;
    assert_eq!(own.post("/reset", &send).await.status, 410);
    letters.are("by a link that is used", &[]).await;
}

#[tokio::test]
async fn another_address_is_told_to_both_and_so_is_that_it_is_as_it_was() {
    let world = world().await;
    let (mut own, mut letters) = ada(&world).await;
    let ask = async |own: &mut Browser, email: &str| {
        let csrf = own.get("/account/email").await.field("csrf");
        own.post("/account/email", &[("csrf", &*csrf), ("action", "ask"), ("email", email)]).await
    };
    assert_eq!(ask(&mut own, "nonsense").await.status, 400);
    assert_eq!(ask(&mut own, ADA).await.status, 400);
    letters.are("no address, and the same", &[]).await;
    ask(&mut own, NEW_ADDRESS).await;
    let link = |letters: &[serde_json::Value], to: &str, path: &str| {
        let letter = letters.iter().find(|one| one["to"] == to && one["text"].as_str().unwrap().contains(path));
        let text = letter.unwrap_or_else(|| panic!("{letters:?}"))["text"].as_str().unwrap();
        text.lines().find(|line| line.contains(path)).unwrap().to_owned()
    };
    let asked = |way_back| Told { way_back, ..told("Another address was asked for", "Nothing has changed yet") };
    let proof = Told { to: NEW_ADDRESS, way_back: None, ..told("Confirm your new address", "for 60 minutes") };
    letters.are("asked for", &[asked(Some(UNDO)), proof]).await;
    let page = own.get(&link(&world.kept_letters().await, NEW_ADDRESS, "/account/email/confirm?code=")).await;
    letters.are("looked at", &[]).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let done = own.post("/account/email/confirm", &[("code", &*code), ("csrf", &*csrf)]).await;
    assert!(done.body.contains("Address changed"), "{done:?}");
    let changed = |to, way_back| Told {
        to,
        way_back,
        ..told("Your address was changed", "has the address ada@new.example.com now, in place of ada@example.com")
    };
    letters.are("changed", &[changed(ADA, Some(UNDO)), changed(NEW_ADDRESS, None)]).await;
    let mut owner = world.browser();
    let page = owner.get(&link(&world.kept_letters().await, ADA, UNDO)).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    letters.are("its way back looked at", &[]).await;
    let done = owner.post("/account/email/undo", &[("code", &*code), ("csrf", &*csrf)]).await;
    assert!(done.body.contains("Your address is safe"), "{done:?}");
    let undone =
        |to| Told { to, way_back: Some(FORGOT), ..told("Your address is as it was", "is the address of your account") };
    let reset = Told {
        way_back: None,
        ..told("Your account is shut: choose a new password", "the old password no longer works")
    };
    letters.are("taken back", &[undone(ADA), undone(NEW_ADDRESS), reset]).await;
}
