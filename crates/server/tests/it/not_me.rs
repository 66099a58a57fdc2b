//! Promises about letters on sign-ins and changes: who is told, and what "This wasn't me" does, to whom, how often.

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_factors::webauthn::testing::Passkey;
use symbolon_server::Config;

use crate::support::client::form;
use crate::support::factors::{App, SECURITY, assertion};
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World, letters};

const ADA: &str = "ada@example.com";
const EVIL: &str = "evil@example.com";
const SESSION: &str = "symbolon-session-4400";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const NEW: &str = "lantern orbit quilt";

async fn world() -> World {
    World::with(letters::waiting).await
}

impl World {
    async fn letters_about(&self, what: &str) -> Vec<Value> {
        self.letters_to(ADA).await.into_iter().filter(|letter| letter["letter"] == what).collect()
    }

    /// How many links for a new password are on their way.
    async fn resets(&self) -> usize {
        let list =
            symbolon_store::ListDeliveries { after: None, limit: 1000, which: symbolon_store::WhichDeliveries::All };
        let queued = self.running.app.store.deliveries(list).await.unwrap().items;
        queued.iter().filter(|one| one.payload["template"] == "account_shut").count()
    }

    /// Who owns the account has signed in once, so that the next browser is news.
    async fn owner(&self) -> Browser {
        let mut own = self.browser();
        own.sign_in_here(ADA).await;
        own
    }

    /// Somebody who knows the password, in a browser of theirs.
    async fn thief(&self) -> Browser {
        let mut thief = self.browser();
        let answer = thief.sign_in_here(ADA).await;
        assert!(answer.body.contains("Hello"), "{answer:?}");
        thief
    }
}

fn link_of(letter: &Value) -> String {
    letter["not_me"].as_str().unwrap_or_else(|| panic!("no link in {letter}")).to_owned()
}

impl Browser {
    /// Follows the link and presses its button.
    async fn not_me(&mut self, link: &str) -> Answer {
        let page = self.get(link).await;
        assert_eq!(page.status, 200, "{page:?}");
        self.post("/not-me", &[("code", &page.field("code")), ("csrf", &page.field("csrf"))]).await
    }

    /// Asks for another address, and proves it.
    async fn new_address(&mut self, world: &World, email: &str) {
        let csrf = self.get("/account/email").await.field("csrf");
        self.post("/account/email", &[("csrf", &*csrf), ("action", "ask"), ("email", email)]).await;
        let letters = world.letters_to(email).await;
        let proof = letters.iter().find(|one| one["letter"] == "email_proof").expect("a proof is mailed");
        let page = self.get(proof["link"].as_str().unwrap()).await;
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let done = self.post("/account/email/confirm", &[("code", &*code), ("csrf", &*csrf)]).await;
        assert!(done.body.contains("Address changed"), "{done:?}");
    }

    async fn is_signed_in(&mut self) -> bool {
        self.get("/").await.body.contains("Hello")
    }

    async fn reset_by(&mut self, link: &str, password: &str) {
        let page = self.get(link).await;
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let fields = [("code", &*code), ("csrf", &*csrf), ("password", password), ("password_confirm", password)];
        let answer = self.post("/reset", &fields).await;
        assert!(answer.body.contains("Password changed"), "{answer:?}");
    }
}

/// A link for a new password, as an operator makes one.
async fn reset_link(world: &World) -> String {
    let made = world.command(&json!({ "user": { "reset-link": { "user": ADA, "valid_secs": 3600 } } })).await;
    made["link"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

#[tokio::test]
async fn a_browser_that_the_account_does_not_know_is_told_of_and_no_other() {
    let world = world().await;
    let mut own = world.owner().await;
    assert!(world.letters_about("new_device").await.is_empty(), "the first sign-in is news to nobody");
    own.cookies.remove(SESSION);
    own.sign_in_here(ADA).await;
    assert!(world.letters_about("new_device").await.is_empty(), "known");
    let mut other = world.browser();
    let csrf = other.get("/login").await.field("csrf");
    let headers =
        [(USER_AGENT, FIREFOX), (http::header::ORIGIN, ISSUER), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let body = form(&[("csrf", &*csrf), ("username", ADA), ("password", PASSWORD)]);
    assert_eq!(other.send(Method::POST, "/login", &headers, Some(body)).await.status, 303);
    let letters = world.letters_about("new_device").await;
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0]["user_agent"], &letters[0]["address"]), (&json!(FIREFOX), &json!("127.0.0.1")));
    other.cookies.remove(SESSION);
    other.sign_in_here(ADA).await;
    assert_eq!(world.letters_about("new_device").await.len(), 1, "told once");
}

/// Somebody else of the household signs in in between.
#[tokio::test]
async fn a_shared_browser_is_known_to_all_who_use_it() {
    let world = world().await;
    let mut own = world.owner().await;
    for email in ["bob@example.com", ADA, "bob@example.com", ADA] {
        own.cookies.remove(SESSION);
        own.sign_in_here(email).await;
    }
    assert!(world.letters_about("new_device").await.is_empty());
}

/// Whoever had a device under the old password is news with the new one.
#[tokio::test]
async fn after_a_new_password_every_browser_is_new_but_the_one_that_chose_it() {
    let world = world().await;
    let mut own = world.owner().await;
    let mut old = world.thief().await;
    assert_eq!(world.letters_about("new_device").await.len(), 1);
    world.advance(5);
    let link = reset_link(&world).await;
    own.reset_by(&link, NEW).await;
    for (browser, letters) in [(&mut own, 1), (&mut old, 2)] {
        browser.cookies.remove(SESSION);
        let page = browser.get("/login").await;
        browser.sign_in(&page, ADA, NEW).await;
        assert!(browser.is_signed_in().await);
        assert_eq!(world.letters_about("new_device").await.len(), letters);
    }
}

/// A stranger's cookie in the browser makes nothing known.
#[tokio::test]
async fn a_device_cookie_of_somebody_else_keeps_no_letter_back() {
    let world = world().await;
    world.owner().await;
    let mut bobs = world.browser();
    bobs.sign_in_here("bob@example.com").await;
    bobs.cookies.remove(SESSION);
    bobs.sign_in_here(ADA).await;
    assert_eq!(world.letters_about("new_device").await.len(), 1);
}

#[tokio::test]
async fn programs_that_sign_people_in_are_known_by_their_network() {
    let world = World::with(|config: &mut Config| {
        letters::waiting(config);
        config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let body = json!({ "username": ADA, "password": PASSWORD, "client_id": "spa" }).to_string();
    let forwarded = HeaderName::from_static("x-forwarded-for");
    for (from, letters) in [("192.0.2.1", 0), ("192.0.2.1", 0), ("192.0.2.2", 1), ("192.0.2.2", 1)] {
        let headers = [(CONTENT_TYPE, "application/json"), (forwarded.clone(), from)];
        let answer = world.browser().send(Method::POST, "/authenticate", &headers, Some(body.clone())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(world.letters_about("new_device").await.len(), letters, "{from}");
    }
    assert_eq!(world.letters_about("new_device").await[0]["address"], "192.0.2.2");
}

/// A scanner of mail looks at links; only the button counts, once, and it makes no session.
#[tokio::test]
async fn looking_at_the_link_changes_nothing_and_its_button_shuts_everybody_out_once() {
    let world = world().await;
    let mut own = world.owner().await;
    let mut thief = world.thief().await;
    let offline = [("scope", "openid offline_access read")];
    let code = thief.code("web", ADA, &offline).await;
    let tokens = world.redeem("web", &code).await.json();
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let link = link_of(&world.letters_about("new_device").await[0]);
    for _ in 0..2 {
        assert_eq!(world.browser().send(Method::HEAD, &link, &[], None).await.status, 200);
        assert_eq!(world.browser().get(&link).await.status, 200);
    }
    assert!(thief.is_signed_in().await && own.is_signed_in().await);
    let mut elsewhere = world.browser();
    let page = elsewhere.get(&link).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let fields = [("code", &*code), ("csrf", &*csrf)];
    let done = elsewhere.post("/not-me", &fields).await;
    assert!(done.status == 200 && done.body.contains("Everybody is shut out"), "{done:?}");
    assert!(!elsewhere.cookies.contains_key(SESSION), "the link signs nobody in");
    assert!(!thief.is_signed_in().await && !own.is_signed_in().await);
    assert_eq!(world.introspect(access).await["active"], false);
    assert_eq!(world.refresh("web", refresh).await.status, 400);
    assert!(!world.browser().sign_in_here(ADA).await.body.contains("Hello"), "the password is worth nothing");
    let list = symbolon_store::ListDeliveries { after: None, limit: 50, which: symbolon_store::WhichDeliveries::All };
    let queued = world.running.app.store.deliveries(list).await.unwrap().items;
    assert!(queued.iter().any(|one| one.payload["template"] == "account_shut"), "a link is on its way");
    assert_eq!(elsewhere.post("/not-me", &fields).await.status, 410, "pressed twice");
    let again = elsewhere.get(&link).await;
    assert!(again.status == 410 && again.body.contains("does not work any more"), "{again:?}");
    assert!(world.audit_trail().await.iter().any(|(name, _)| name == "user.not_me"));
}

/// Else the link about the factor, and a new password by the same mailbox, would be the way around it.
#[tokio::test]
async fn whoever_reads_the_mailbox_takes_no_second_factor_away() {
    let world = world().await;
    let mut own = world.owner().await;
    own.set_up_app(0).await;
    let letters = world.letters_about("factor_changed").await;
    assert!(!letters.is_empty());
    let mut reader = world.browser();
    for letter in letters {
        let done = reader.not_me(&link_of(&letter)).await;
        assert!(done.body.contains("Everybody is shut out"), "{done:?}");
    }
    let link = reset_link(&world).await;
    reader.reset_by(&link, NEW).await;
    let page = reader.get("/login").await;
    let page = reader.sign_in(&page, ADA, NEW).await;
    assert!(page.body.contains("One more step") && !reader.is_signed_in().await, "{page:?}");
}

#[tokio::test]
async fn once_a_thief_has_changed_the_address_the_link_takes_it_back_and_mails_them_nothing() {
    let world = world().await;
    world.owner().await;
    let mut thief = world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    world.advance(5);
    thief.new_address(&world, EVIL).await;
    let (told, resets) = (world.letters_to(EVIL).await.len(), world.resets().await);
    let done = world.browser().not_me(&link).await;
    assert!(done.body.contains("a link is on its way"), "{done:?}");
    let store = &world.running.app.store;
    let ada = store.user_by_identifier(ADA).await.unwrap().expect("the address is hers again");
    assert_eq!((ada.email.as_deref(), store.user_by_identifier(EVIL).await.unwrap()), (Some(ADA), None));
    assert_eq!((world.letters_to(EVIL).await.len(), world.resets().await), (told, resets + 1));
    assert!(!thief.is_signed_in().await);
    assert!(!world.browser().sign_in_here(ADA).await.body.contains("Hello"), "the password is worth nothing");
}

/// After three days nobody can prove any more whose the account was.
#[tokio::test]
async fn where_the_address_cannot_be_taken_back_the_account_is_shut_and_nothing_mailed() {
    let world = world().await;
    world.owner().await;
    let mut thief = world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    thief.new_address(&world, EVIL).await;
    let (told, resets) = (world.letters_to(EVIL).await.len(), world.resets().await);
    world.advance(4 * 86_400);
    let done = world.browser().not_me(&link).await;
    assert!(done.body.contains("another address by now"), "{done:?}");
    assert_eq!((world.letters_to(EVIL).await.len(), world.resets().await), (told, resets));
    assert!(!world.browser().sign_in_here(EVIL).await.body.contains("Hello"), "the password is worth nothing");
}

#[tokio::test]
async fn a_thief_has_no_way_back_to_an_address_of_theirs_and_the_operator_ends_every_other() {
    let world = world().await;
    world.owner().await;
    let mut thief = world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    thief.new_address(&world, EVIL).await;
    thief.new_address(&world, "evil@other.example.com").await;
    for letter in world.letters_to(EVIL).await {
        assert!(!letter.to_string().contains("/account/email/undo"), "{letter}");
    }
    let changed = world.letters_about("email_changed").await;
    let undo = changed[0]["link"].as_str().expect("who had it first can").to_owned();
    assert_eq!(world.browser().get(&undo).await.status, 200);
    let set =
        json!({ "user": { "set": { "user": "evil@other.example.com", "change": { "claims": {}, "email": ADA } } } });
    world.command(&set).await;
    for link in [&undo, &link] {
        assert_eq!(world.browser().get(link).await.status, 410, "{link}");
    }
}

#[tokio::test]
async fn an_address_that_nobody_has_proven_hears_of_it_without_the_new_one_and_takes_nothing_back() {
    let world = world().await;
    let mut own = world.owner().await;
    let set = json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email": "typo@example.com" } } } });
    world.command(&set).await;
    own.new_address(&world, ADA).await;
    let told = world.letters_to("typo@example.com").await;
    assert_eq!(told, [json!({ "letter": "email_left" })], "whose mailbox it may be learns nothing else");
}

#[tokio::test]
async fn a_factor_from_before_the_letter_stays() {
    let world = world().await;
    let mut own = world.owner().await;
    own.set_up_app(0).await;
    world.advance(60);
    let mut other = world.browser();
    let page = other.sign_in_here(ADA).await;
    assert!(page.body.contains("One more step"));
    assert!(world.letters_about("new_device").await.is_empty(), "not before there is a session");
    let link = reset_link(&world).await;
    world.browser().reset_by(&link, NEW).await;
    let changed = link_of(&world.letters_about("password_changed").await[0]);
    world.browser().not_me(&changed).await;
    let user = world.running.app.store.user_by_identifier(ADA).await.unwrap().unwrap();
    assert_eq!(world.running.app.store.credentials_of(&user.id).await.unwrap().len(), 11);
    let mut thief = world.browser();
    let page = thief.get("/login").await;
    let refused = thief.sign_in(&page, ADA, NEW).await;
    assert!(refused.body.contains("do not match"), "nor does the thief's new password count: {refused:?}");
}

/// A passkey of a thief's signs in whatever password there is, so the owner is led to where it can be seen and removed.
#[tokio::test]
async fn a_new_password_after_it_leads_to_what_was_set_up_since_and_the_page_says_which() {
    let world = world().await;
    let mut own = world.owner().await;
    let mut key = Passkey::es256(b"owner", "localhost", ISSUER);
    own.add_passkey(&key).await;
    own.cookies.remove(SESSION);
    world.advance(3 * 86_400);
    let mut thief = world.browser();
    let page = thief.get("/login").await;
    key.sign_count += 1;
    let fields = assertion(&page, &key, Some(&world.id_of(ADA).await));
    assert_eq!(thief.post_all("/login/passkey", &fields).await.status, 303, "somebody at the owner's desk");
    let link = link_of(&world.letters_about("new_device").await[0]);
    world.advance(60);
    let mut theirs = Passkey::es256(b"thief", "localhost", ISSUER);
    thief.add_passkey(&theirs).await;
    let page = thief.security(&[("action", "totp")]).await;
    let (secret, code) = (page.field("secret"), App::of(&page).code(3 * 86_400 + 60));
    thief.security(&[("action", "totp"), ("secret", &secret), ("code", &code)]).await;
    let page = thief.get(SECURITY).await;
    assert!(!page.body.contains("id=\"reported\"") && !page.body.contains("after what you reported"), "{}", page.body);
    world.browser().not_me(&link).await;
    let mut shut_out = world.browser();
    let page = shut_out.get("/login").await;
    theirs.sign_count += 1;
    let fields = assertion(&page, &theirs, Some(&world.id_of(ADA).await));
    let refused = shut_out.post_all("/login/passkey", &fields).await;
    assert!(
        refused.body.contains("until it has a new password") && !shut_out.cookies.contains_key(SESSION),
        "{refused:?}"
    );
    let shown = world.command(&json!({ "user": { "show": { "user": ADA } } })).await;
    assert_eq!((&shown["user"]["has_password"], &shown["user"]["password_locked"]), (&json!(true), &json!(true)));

    let reset = reset_link(&world).await;
    let mut own = world.browser();
    let page = own.get(&reset).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let fields = [("code", &*code), ("csrf", &*csrf), ("password", NEW), ("password_confirm", NEW)];
    let done = own.post("/reset", &fields).await;
    assert!(
        done.body.contains("href=\"/account/security\"") && done.body.contains("remove what is not yours"),
        "{done:?}"
    );
    let shown = world.command(&json!({ "user": { "show": { "user": ADA } } })).await;
    assert_eq!(shown["user"]["password_locked"], false);

    let page = own.get(SECURITY).await;
    key.sign_count += 1;
    let fields = assertion(&page, &key, Some(&world.id_of(ADA).await));
    let answer = own.post_all("/login/passkey", &fields).await;
    let page = own.follow(answer).await;
    assert!(page.body.contains("id=\"reported\"") && page.body.contains("passkey still signs in"), "{}", page.body);
    let of = |from: &str, to: &str| page.body.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let list = of("id=\"passkeys\"", "</ul>");
    let marks: Vec<bool> = list.split("<li>").skip(1).map(|one| one.contains("after what you reported")).collect();
    assert_eq!(marks, [false, true], "{list}");
    assert!(of("<h2>Authenticator app</h2>", "</form>").contains("after what you reported"), "{}", page.body);
    world.advance(31 * 86_400);
    let mut later = world.browser();
    let page = later.get(SECURITY).await;
    key.sign_count += 1;
    let fields = assertion(&page, &key, Some(&world.id_of(ADA).await));
    let answer = later.post_all("/login/passkey", &fields).await;
    assert!(!later.follow(answer).await.body.contains("after what you reported"), "not for ever");
}

/// The one who is in voids every other link by choosing a new password. Not this one.
#[tokio::test]
async fn a_new_password_of_the_thief_does_not_take_the_owners_link_away() {
    let world = world().await;
    world.owner().await;
    world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    let reset = reset_link(&world).await;
    let mut thief = world.browser();
    thief.reset_by(&reset, NEW).await;
    let page = thief.get("/login").await;
    thief.sign_in(&page, ADA, NEW).await;
    assert!(thief.is_signed_in().await);
    assert_eq!(world.browser().not_me(&link).await.status, 200);
    assert!(!thief.is_signed_in().await);
}

#[tokio::test]
async fn a_link_is_over_after_a_week_and_with_its_account() {
    let world = world().await;
    world.owner().await;
    world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    world.advance(7 * 86_400 - 1);
    assert_eq!(world.browser().get(&link).await.status, 200);
    world.advance(1);
    assert_eq!(world.browser().get(&link).await.status, 410);
    let last = link.len() - 1;
    for bad in ["/not-me", "/not-me?code=", "/not-me?code=sym_nm_x", "/not-me?code=%zz", &link[..last]] {
        assert_eq!(world.browser().get(bad).await.status, 410, "{bad}");
    }
}

#[tokio::test]
async fn nobody_is_sent_more_than_ten_such_letters_in_an_hour() {
    let world = world().await;
    world.owner().await;
    for _ in 0..12 {
        world.thief().await;
    }
    assert_eq!(world.letters_about("new_device").await.len(), 10);
}

/// The letter speaks the reader's language, as the page does.
#[tokio::test]
async fn the_page_speaks_the_language_of_whoever_looks() {
    let world = world().await;
    world.owner().await;
    world.thief().await;
    let link = link_of(&world.letters_about("new_device").await[0]);
    let headers = [(http::header::ACCEPT_LANGUAGE, "de-AT,en;q=0.5")];
    let page = world.browser().send(Method::GET, &link, &headers, None).await;
    assert!(page.body.contains("Waren Sie das nicht?") && page.body.contains("<html lang=\"de\""), "{page:?}");
    assert!(!page.body.contains(ADA) && !page.body.contains(SECURITY), "nothing of the account: {page:?}");
}
