//! One code in two browsers in the same moment, a code and its link, one form sent twice: one of them counts, and the other is told so.

use symbolon_oauth::sign_up::SignUp;
use symbolon_server::Config;
use symbolon_server::config::MailedCodes;

use crate::races::{assert_once, from_tabs};
use crate::support::factors::App;
use crate::support::flow::authorize_url;
use crate::support::letters::waiting;
use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const SESSION: &str = "symbolon-session-4400";
/// Fewer than guesses are free on one account.
const BROWSERS: usize = 4;

/// Ada's app, and browsers that wait for its code, each of its own sign-in.
async fn at_the_step(world: &World) -> (App, Vec<(Browser, Answer)>) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut waiting = Vec::new();
    for _ in 0..BROWSERS {
        let mut browser = world.browser();
        let page = browser.get(&authorize_url("web", &[])).await;
        let step = browser.sign_in(&page, ADA, PASSWORD).await;
        assert!(step.body.contains("One more step"), "{step:?}");
        waiting.push((browser, step));
    }
    (app, waiting)
}

/// The same code in all of them at once; with each answer, its browser.
async fn type_everywhere(waiting: Vec<(Browser, Answer)>, way: &'static str, code: &str) -> Vec<(Answer, Browser)> {
    let typed = waiting.into_iter().map(|(mut browser, step)| {
        let code = code.to_owned();
        tokio::spawn(async move { (browser.factor(&step, way, &code, &[]).await, browser) })
    });
    let mut answers = Vec::new();
    for one in typed.collect::<Vec<_>>() {
        answers.push(one.await.unwrap());
    }
    answers
}

/// One is signed in; the others are where they were, and are told what to do.
fn assert_one_is_in(answers: Vec<(Answer, Browser)>, told: &str) {
    let (inside, outside): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, browser)| browser.cookies.contains_key(SESSION));
    assert_eq!(inside.len(), 1, "{inside:?} {outside:?}");
    for (answer, _) in outside {
        assert!(answer.status == 400 && answer.body.contains("One more step"), "{answer:?}");
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
}

#[tokio::test]
async fn rfc6238_section_5_2_a_code_of_an_app_in_several_browsers_at_once_is_used_once() {
    let world = World::with(waiting).await;
    let (app, waiting) = at_the_step(&world).await;
    let answers = type_everywhere(waiting, "totp", &app.code(60)).await;
    assert_one_is_in(answers, "Wait for the next one in your app");
    let told = world.letters_to(ADA).await.iter().filter(|one| one["letter"] == "new_device").count();
    assert!(told <= 1, "of one sign-in: {told}");
}

#[tokio::test]
async fn a_recovery_code_in_several_browsers_at_once_is_used_once_and_told_of_once() {
    let world = World::with(waiting).await;
    let (app, waiting) = at_the_step(&world).await;
    let answers = type_everywhere(waiting, "recovery_code", &app.codes[0]).await;
    assert_one_is_in(answers, "not one of your unused recovery codes");
    let letters = world.letters_to(ADA).await;
    let told = letters.iter().filter(|one| one["change"] == "recovery_code_used").count();
    assert_eq!(told, 1, "{letters:?}");
}

/// The person types the code, and opens the link meanwhile.
#[tokio::test]
async fn a_mailed_code_and_its_link_at_once_sign_in_once() {
    let world = World::with(|config| {
        config.dev = true;
        config.factors.email = MailedCodes::First;
    })
    .await;
    let mut browser = world.browser();
    let page = browser.ask(ADA).await;
    let (code, link) = (world.code().await, world.mailed_link().await);
    let shown = browser.get(&link).await;
    let typed = vec![("interaction", page.field("interaction")), ("csrf", page.field("csrf")), ("code", code)];
    let pressed = vec![("code", shown.field("code")), ("csrf", shown.field("csrf"))];
    let ways = [("/login/email/code", typed), ("/login/email/confirm", pressed)];
    let sent = (0..8).map(|tab: usize| {
        let ((path, fields), mut browser) = (ways[tab % 2].clone(), browser.clone());
        tokio::spawn(async move { (path, browser.post_all(path, &fields).await, browser) })
    });
    let mut inside = 0;
    for one in sent.collect::<Vec<_>>() {
        let (path, answer, browser) = one.await.unwrap();
        let is_in = browser.cookies.contains_key(SESSION);
        inside += usize::from(is_in);
        let told = match path {
            "/login/email/code" => (400, "That is not the code we sent last"),
            _ => (410, "This link does not work any more"),
        };
        assert!(is_in || answer.status == told.0 && answer.body.contains(told.1), "{path}: {answer:?}");
    }
    assert_eq!(inside, 1);
}

fn open(config: &mut Config) {
    waiting(config);
    config.sign_up = SignUp::Open;
}

/// A double click on the button: two letters, and whichever code is typed in whichever tab, one account.
#[tokio::test]
async fn a_sign_up_form_that_is_sent_twice_makes_one_account() {
    let world = World::with(open).await;
    let mut browser = world.browser();
    let page = browser.get("/signup").await;
    let given = [("email", GRACE), ("name", "Grace"), ("password", CHOSEN), ("password_confirm", CHOSEN)];
    let mut fields: Vec<_> = ["interaction", "csrf"].map(|name| (name, page.field(name))).to_vec();
    fields.extend(given.map(|(name, value)| (name, value.to_owned())));
    let asked = from_tabs(2, &browser, "/signup", &fields).await;
    assert!(asked.iter().all(|(page, _)| page.status == 200 && page.body.contains("one-time-code")), "{asked:?}");
    let letters = world.letters_to(GRACE).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    // Each code in each tab, all at once.
    let mut sent = Vec::new();
    for (page, tab) in &asked {
        for letter in &letters {
            let code = letter["code"].as_str().unwrap().to_owned();
            let fields = [("interaction", page.field("interaction")), ("csrf", page.field("csrf")), ("code", code)];
            let mut tab = tab.clone();
            sent.push(tokio::spawn(async move { (tab.post_all("/signup/code", &fields).await, tab) }));
        }
    }
    let mut answers = Vec::new();
    for one in sent {
        answers.push(one.await.unwrap());
    }
    assert_once(answers, |answer| answer.status == 303, "sign-up");
    assert_eq!(world.running.app.store.count_users().await, Ok(3));
    let made = world.audit_trail().await.iter().filter(|(name, _)| name == "user.create").count();
    assert_eq!(made, 1, "noted once");
}

/// Whose is the last word is decided once: the others are told that the link is used.
#[tokio::test]
async fn new_passwords_by_one_link_at_once_are_one_new_password() {
    let world = World::with(waiting).await;
    let link = world.reset_link(ADA).await;
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let passwords: Vec<String> = (0..8).map(|number| format!("lantern orbit {number} quilt")).collect();
    let sent = passwords.iter().map(|password| {
        let (mut tab, password) = (browser.clone(), password.clone());
        let mut fields = vec![("code", page.field("code")), ("csrf", page.field("csrf"))];
        fields.extend([("password", password.clone()), ("password_confirm", password)]);
        tokio::spawn(async move { tab.post_all("/reset", &fields).await })
    });
    let mut won = Vec::new();
    for (one, password) in sent.collect::<Vec<_>>().into_iter().zip(&passwords) {
        let answer = one.await.unwrap();
        if answer.body.contains("Password changed") {
            won.push(password);
        } else {
            assert!(answer.status == 410 && answer.body.contains("href=\"/forgot\""), "{answer:?}");
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    let told = world.letters_to(ADA).await.iter().filter(|one| one["letter"] == "password_changed").count();
    assert_eq!(told, 1, "told once");
    for password in &passwords[..2] {
        let mut browser = world.browser();
        let page = browser.get("/login").await;
        let is_in = browser.sign_in(&page, ADA, password).await.body.contains("Hello");
        assert_eq!(is_in, won == [password], "{password}");
    }
    let page = browser.get("/login").await;
    assert!(browser.sign_in(&page, ADA, won[0]).await.body.contains("Hello"), "the last word counts");
}
