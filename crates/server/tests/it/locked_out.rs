//! Promises to whoever owns an account that strangers ask about: what those ask for keeps nobody from getting back in.

use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};
use serde_json::{Value, json};
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_server::config::MailedCodes;
use symbolon_store::{Artefact, Hash32};

use crate::support::client::form;
use crate::support::{Browser, ISSUER, World};

const ADA: &str = "ada@example.com";
const EVIL: &str = "evil@example.com";
const NEW: &str = "lantern orbit quilt";

async fn world() -> World {
    World::with(|config| config.dev = true).await
}

impl World {
    /// Everybody who does not know the account asks for a new password of it, more often than letters go out.
    async fn strangers_ask(&self) {
        for _ in 0..7 {
            self.browser().wishes_for_a_password().await;
        }
        assert_eq!(self.kept("password_reset").await.len(), 5);
    }

    /// The letters of a kind to the owner, the newest first.
    async fn kept(&self, template: &str) -> Vec<Value> {
        let letters = self.kept_letters().await;
        letters.into_iter().filter(|one| one["to"] == ADA && one["template"] == template).collect()
    }
}

impl Browser {
    async fn wishes_for_a_password(&mut self) {
        let csrf = self.get("/forgot").await.field("csrf");
        let asked = self.post("/forgot", &[("csrf", &*csrf), ("username", ADA)]).await;
        assert!(asked.body.contains("a link is on its way"), "{asked:?}");
    }

    /// Opens the link of a letter and presses its button.
    async fn press(&mut self, letter: &Value, path: &str, more: &[(&str, &str)]) -> String {
        let link = link(letter, path);
        let page = self.get(&link).await;
        assert_eq!(page.status, 200, "{page:?}");
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let fields = [&[("code", &*code), ("csrf", &*csrf)], more].concat();
        let to = link.strip_prefix(ISSUER).unwrap().split('?').next().unwrap().to_owned();
        let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
        self.send(Method::POST, &to, &headers, Some(form(&fields))).await.body
    }

    async fn chooses_by(&mut self, letter: &Value) {
        let done = self.press(letter, "/reset?code=", &[("password", NEW), ("password_confirm", NEW)]).await;
        assert!(done.contains("Password changed"), "{done}");
        let page = self.get("/login").await;
        assert!(self.sign_in(&page, ADA, NEW).await.body.contains("Hello"));
    }
}

fn link(letter: &Value, path: &str) -> String {
    let text = letter["text"].as_str().unwrap();
    text.lines().find(|line| line.contains(path)).unwrap_or_else(|| panic!("no {path} in {text}")).to_owned()
}

/// A letter for an account that is shut says so: its old password is worth nothing, whatever its owner does.
fn assert_says_what_happened(letter: &Value) {
    let text = letter["text"].as_str().unwrap();
    assert!(text.contains("the old password no longer works"), "{text}");
    assert!(!text.contains("forgotten") && !text.contains("stays as it is"), "{text}");
}

#[tokio::test]
async fn whoever_shuts_their_account_is_mailed_a_link_however_often_strangers_have_asked_for_one() {
    let world = world().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    world.browser().sign_in_here(ADA).await;
    world.strangers_ask().await;
    let told = world.kept("new_device").await;
    let done = own.press(&told[0], "/not-me?code=", &[]).await;
    assert!(done.contains("a link is on its way"), "{done}");
    let letters = world.kept("account_shut").await;
    assert_eq!(letters.len(), 1);
    assert_says_what_happened(&letters[0]);
    own.chooses_by(&letters[0]).await;
}

/// A code would open the account without the new password that it waits for.
#[tokio::test]
async fn while_it_is_shut_a_wish_for_a_code_brings_a_link_for_a_new_password() {
    let world = World::with(|config| {
        config.dev = true;
        config.factors.email = MailedCodes::First;
    })
    .await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    world.browser().sign_in_here(ADA).await;
    let told = world.kept("new_device").await;
    own.press(&told[0], "/not-me?code=", &[]).await;
    for is_shut in [true, false] {
        let mut anybody = world.browser();
        let csrf = anybody.get("/login/email").await.field("csrf");
        anybody.post("/login/email", &[("csrf", &*csrf), ("username", ADA)]).await;
        let (links, codes) = (world.kept("password_reset").await, world.kept("sign_in_code").await);
        assert_eq!((links.len(), codes.len()), (1, usize::from(!is_shut)));
        if is_shut {
            own.chooses_by(&links[0]).await;
        }
    }
}

#[tokio::test]
async fn so_is_whoever_takes_their_address_back() {
    let world = world().await;
    let mut thief = world.browser();
    thief.sign_in_here(ADA).await;
    world.strangers_ask().await;
    let csrf = thief.get("/account/email").await.field("csrf");
    thief.post("/account/email", &[("csrf", &*csrf), ("action", "ask"), ("email", EVIL)]).await;
    let asked = world.kept("email_asked").await;
    let mut own = world.browser();
    let done = own.press(&asked[0], "/account/email/undo?code=", &[]).await;
    assert!(done.contains("Your address is safe"), "{done}");
    let letters = world.kept("account_shut").await;
    assert_eq!(letters.len(), 1);
    assert_says_what_happened(&letters[0]);
    own.chooses_by(&letters[0]).await;
}

#[tokio::test]
async fn strangers_who_ask_use_up_no_letters_of_a_browser_that_the_account_knows() {
    let world = world().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let mut bobs = world.browser();
    bobs.sign_in_here("bob@example.com").await;
    world.strangers_ask().await;
    bobs.wishes_for_a_password().await;
    assert_eq!(world.kept("password_reset").await.len(), 5, "one that another account knows is a stranger's");
    for letters in 6..=10 {
        own.wishes_for_a_password().await;
        assert_eq!(world.kept("password_reset").await.len(), letters);
    }
    // Its wishes are counted, too, and the next one has to wait for a moment.
    world.advance(2);
    own.wishes_for_a_password().await;
    assert_eq!(world.kept("password_reset").await.len(), 10, "and has an end, too");
}

/// Else asking for a code would be answered by such a link for ever.
#[tokio::test]
async fn a_link_that_was_mailed_proves_the_address_and_codes_by_mail_come_from_then_on() {
    let world = World::with(|config| {
        config.dev = true;
        config.factors.email = MailedCodes::First;
    })
    .await;
    let unproven = json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email_verified": false } } } });
    world.command(&unproven).await;
    let made = world.command(&json!({ "user": { "reset-link": { "user": ADA, "valid_secs": 60 } } })).await;
    let mut own = world.browser();
    own.chooses_by(&json!({ "text": made["link"] })).await;
    assert!(!world.is_proven().await, "a link of the operator's was handed to whoever asked them");
    for (template, is_proven) in [("password_reset", false), ("sign_in_code", true)] {
        let mut anybody = world.browser();
        let csrf = anybody.get("/login/email").await.field("csrf");
        anybody.post("/login/email", &[("csrf", &*csrf), ("username", ADA)]).await;
        let letters = world.kept(template).await;
        assert_eq!((letters.len(), world.is_proven().await), (1, is_proven), "{template}");
        if !is_proven {
            own.chooses_by(&letters[0]).await;
        }
    }
}

/// A link to the mailbox that the account had proves nothing of the one that it has.
#[tokio::test]
async fn nobody_has_an_address_proven_by_a_link_to_another() {
    let world = world().await;
    world.browser().wishes_for_a_password().await;
    let letter = world.kept("password_reset").await[0].clone();
    let store = &world.running.app.store;
    let user = store.user_by_identifier(ADA).await.unwrap().unwrap();
    // As a change does that this link overtakes.
    let link_text = link(&letter, "/reset?code=");
    let code = OpaqueToken::parse(TokenKind::PasswordReset, link_text.split("code=").nth(1).unwrap()).unwrap();
    let made = store.artefact(Artefact::PASSWORD_RESET, Hash32(code.hash())).await.unwrap().unwrap();
    let other = json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email": EVIL } } } });
    world.command(&other).await;
    store.put_artefact(made).await.unwrap();
    let mut own = world.browser();
    own.press(&letter, "/reset?code=", &[("password", NEW), ("password_confirm", NEW)]).await;
    let user = store.user(&user.id).await.unwrap().unwrap();
    assert_eq!((user.email.as_deref(), user.email_verified), (Some(EVIL), false));
}

/// Who has lost the code of their browser has its link: an address that nobody has proven is proven by its owner, who is signed in.
#[tokio::test]
async fn the_owner_has_an_unproven_address_proven_by_a_link() {
    let world = world().await;
    let unproven = json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email_verified": false } } } });
    world.command(&unproven).await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let page = own.get("/account/email").await;
    assert!(page.body.contains("Send a link that proves it") && !page.body.contains("is told"), "{page:?}");
    own.post("/account/email", &[("csrf", &page.field("csrf")), ("action", "prove")]).await;
    let letters = world.kept("own_email_proof").await;
    assert!(!letters[0].to_string().contains("new address"), "{letters:?}");
    let confirm = own.get(&link(&letters[0], "/account/email/confirm?code=")).await;
    assert!(confirm.body.contains("Confirm your address") && !world.is_proven().await, "{confirm:?}");
    let done = own.press(&letters[0], "/account/email/confirm?code=", &[]).await;
    assert!(done.contains("Address confirmed") && world.is_proven().await, "{done}");
    assert_eq!(world.kept("email_changed").await.len(), 0, "nothing has changed");
    let page = own.get("/account/email").await;
    assert!(!page.body.contains("id=\"prove\"") && page.body.contains("is told"), "{page:?}");
    let again = own.get(&link(&letters[0], "/account/email/confirm?code=")).await;
    assert!(
        again.status == 410 && !again.body.contains("as it was"),
        "it was used, and something came of it: {again:?}"
    );
    let asked = own.post("/account/email", &[("csrf", &page.field("csrf")), ("action", "prove")]).await;
    assert_eq!((asked.status.as_u16(), world.kept("own_email_proof").await.len()), (400, 1));
}

impl World {
    async fn is_proven(&self) -> bool {
        self.running.app.store.user_by_identifier(ADA).await.unwrap().unwrap().email_verified
    }
}
