//! Promises of codes by mail: whose mailbox it is signs in, in the browser that asked, once; nobody learns who has an account; nothing gets weaker by it.

use http::Method;
use serde_json::{Value, json};
use symbolon_oauth::acr::Levels;
use symbolon_oauth::second_factor::Required;
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_server::Config;
use symbolon_server::config::MailedCodes;
use symbolon_store::{Artefact, Hash32, UserStatus};

use crate::support::factors::SECURITY;
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

async fn world(email: MailedCodes, more: impl FnOnce(&mut Config)) -> World {
    World::with(|config| {
        config.dev = true;
        config.factors.email = email;
        more(config);
    })
    .await
}

async fn first() -> World {
    world(MailedCodes::First, |_| {}).await
}

impl World {
    /// The letters with a code, the newest first.
    async fn codes(&self) -> Vec<Value> {
        let codes = ["sign_in_code", "second_step_code"];
        let letters = self.kept_letters().await;
        letters.into_iter().filter(|letter| codes.iter().any(|name| letter["template"] == *name)).collect()
    }

    pub(super) async fn code(&self) -> String {
        let letters = self.codes().await;
        let text = letters[0]["text"].as_str().unwrap();
        text.lines().map(str::trim).find(|line| line.len() == 8 && line.parse::<u32>().is_ok()).unwrap().to_owned()
    }

    pub(super) async fn mailed_link(&self) -> String {
        let letters = self.codes().await;
        let text = letters[0]["text"].as_str().unwrap();
        text.lines().find(|line| line.contains("/login/email/confirm?code=")).unwrap().to_owned()
    }
}

impl Browser {
    /// Asks for a code on the way to the server's own pages.
    pub(super) async fn ask(&mut self, username: &str) -> Answer {
        let page = self.get("/login/email").await;
        assert_eq!(page.status, 200, "{page:?}");
        self.post("/login/email", &[("csrf", &page.field("csrf")), ("username", username)]).await
    }

    pub(super) async fn type_code(&mut self, page: &Answer, code: &str) -> Answer {
        self.at_the_code(page, &[("code", code)]).await
    }

    async fn at_the_code(&mut self, page: &Answer, more: &[(&str, &str)]) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let mut fields = vec![("interaction", &*interaction), ("csrf", &*csrf)];
        fields.extend_from_slice(more);
        let answer = self.post("/login/email/code", &fields).await;
        self.follow(answer).await
    }

    pub(super) async fn is_in(&mut self) -> bool {
        self.get("/").await.body.contains("Hello")
    }
}

/// What an answer says, but for what is this browser's own.
fn shape(answer: &Answer) -> (u16, Vec<String>, String) {
    let own = ["csrf", "interaction"].map(|name| answer.field(name));
    let body = own.iter().fold(answer.body.clone(), |body, own| body.replace(own.as_str(), ""));
    (answer.status.as_u16(), answer.headers.keys().map(ToString::to_string).collect(), body)
}

/// RFC 8176 has no word for it: `email`, and nothing that it is not.
#[tokio::test]
async fn a_code_signs_in_on_the_way_to_an_app_and_the_tokens_tell_how() {
    let world = first().await;
    let mut browser = world.browser();
    let sign_in = browser.get(&authorize_url("web", &[("state", "s1")])).await;
    let (interaction, csrf) = (sign_in.field("interaction"), sign_in.field("csrf"));
    let form = browser.post("/login/email", &[("interaction", &interaction), ("csrf", &csrf)]).await;
    assert!(form.status == 200 && form.body.contains("Mail me a code"), "{form:?}");
    let (interaction, csrf) = (form.field("interaction"), form.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &*csrf), ("username", ADA)];
    let page = browser.post("/login/email", &fields).await;
    assert!(page.body.contains("autocomplete=\"one-time-code\"") && !browser.cookies.contains_key(SESSION));
    let code = world.code().await;
    let spaced = format!("{} {}", &code[..4], &code[4..]);
    let answer = browser.type_code(&page, &spaced).await;
    assert_eq!(answer.param("state").as_deref(), Some("s1"));
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!((&claims["amr"], claims.get("acr")), (&json!(["email"]), None));
    let again = browser.type_code(&page, &code).await;
    assert_eq!(again.status, 400, "it works once");
}

/// 123.
#[tokio::test]
async fn whoever_asks_is_answered_alike_and_only_an_active_owner_is_written_to() {
    let world = first().await;
    let blocked = world.add_user("eve@example.com", "Eve", &[]).await;
    world.running.app.store.set_user_status(&blocked, UserStatus::Blocked, "handle", world.clock.now()).await.unwrap();
    let known = world.browser().ask(ADA).await;
    assert_eq!(known.status, 200);
    let wrong = async |name: &str| {
        let mut browser = world.browser();
        let page = browser.ask(name).await;
        let answer = browser.type_code(&page, "00000000").await;
        (shape(&page), shape(&answer))
    };
    let as_known = wrong(ADA).await;
    for other in ["nobody@example.com", "eve@example.com", "correct horse battery", "a\u{200b}b", &"x".repeat(400)] {
        assert_eq!(wrong(other).await, as_known, "{other}");
    }
    let to: Vec<Value> = world.codes().await.iter().map(|letter| letter["to"].clone()).collect();
    assert_eq!(to, [json!(ADA), json!(ADA)]);
}

/// Whoever asks for a code in their own browser, and gets its owner to open the link, is not signed in.
#[tokio::test]
async fn a_link_opened_elsewhere_shows_the_code_and_signs_nobody_in() {
    let world = first().await;
    let mut thief = world.browser();
    let waiting = thief.ask(ADA).await;
    let (link, code) = (world.mailed_link().await, world.code().await);
    let mut owner = world.browser();
    owner.get("/login").await;
    for _ in 0..2 {
        assert_eq!(world.browser().send(Method::HEAD, &link, &[], None).await.status, 200);
        let page = owner.get(&link).await;
        assert!(page.body.contains(&format!("{} {}", &code[..4], &code[4..])), "{page:?}");
        assert!(!page.body.contains("<form"), "nothing to press: {page:?}");
    }
    let csrf = owner.get("/login/email").await.field("csrf");
    let fields = [("code", link.split("code=").nth(1).unwrap()), ("csrf", &*csrf)];
    assert_eq!(owner.post("/login/email/confirm", &fields).await.status, 400);
    assert!(!owner.is_in().await && !thief.is_in().await);
    // Nor does the code count in another browser, for the same account.
    let page = owner.ask(ADA).await;
    let newest = world.code().await;
    assert_ne!(newest, code);
    assert_eq!(owner.type_code(&page, &code).await.status, 400);
    assert_eq!(thief.type_code(&waiting, &newest).await.status, 400);
    owner.type_code(&page, &newest).await;
    assert!(owner.is_in().await && !thief.is_in().await);
}

#[tokio::test]
async fn the_link_signs_in_by_a_button_in_the_browser_that_asked_once() {
    let world = first().await;
    let mut browser = world.browser();
    let page = browser.ask(ADA).await;
    let link = world.mailed_link().await;
    let shown = browser.get(&link).await;
    assert!(shown.status == 200 && !browser.cookies.contains_key(SESSION), "looking changes nothing");
    let (code, csrf) = (shown.field("code"), shown.field("csrf"));
    let fields = [("code", &*code), ("csrf", &*csrf)];
    assert_eq!(browser.post("/login/email/confirm", &fields).await.location(), "/");
    assert!(browser.is_in().await);
    assert_eq!(browser.post("/login/email/confirm", &fields).await.status, 410, "opened twice");
    assert_eq!(browser.get(&link).await.status, 410);
    browser.cookies.remove(SESSION);
    assert_eq!(browser.type_code(&page, &world.code().await).await.status, 400, "nor the code of the same letter");
}

#[tokio::test]
async fn a_code_works_for_ten_minutes_and_five_guesses() {
    let world = first().await;
    let mut browser = world.browser();
    let page = browser.ask(ADA).await;
    let code = world.code().await;
    world.advance(10 * 60);
    assert_eq!(browser.type_code(&page, &code).await.status, 400);
    let page = browser.ask(ADA).await;
    let code = world.code().await;
    for _ in 0..5 {
        assert_eq!(browser.type_code(&page, "00000000").await.status, 400);
    }
    let spent = browser.type_code(&page, &code).await;
    assert!(spent.body.contains("works no longer") && !browser.is_in().await, "{spent:?}");
    let again = browser.at_the_code(&page, &[("decision", "again")]).await;
    assert!(again.status == 200 && again.body.contains("another code is on its way"), "{again:?}");
    browser.type_code(&again, &world.code().await).await;
    assert!(browser.is_in().await);
}

/// GHSA-hp74-gm6m-2qm5: a mailbox is one factor, and not another one beside itself.
#[tokio::test]
async fn a_mailbox_does_not_get_past_the_second_factor() {
    let world = first().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut browser = world.browser();
    let page = browser.ask(ADA).await;
    let step = browser.type_code(&page, &world.code().await).await;
    assert!(step.body.contains("One more step") && !browser.cookies.contains_key(SESSION), "{step:?}");
    assert!(!step.body.contains("value=\"email\""), "no other letter: {step:?}");
    let forced = browser.factor(&step, "email", "", &[("decision", "switch")]).await;
    assert!(forced.body.contains("authenticator app") && world.codes().await.len() == 1);
    browser.factor(&step, "totp", &app.code(60), &[]).await;
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn a_letter_more_is_no_way_to_fill_a_mailbox_nor_to_use_up_its_owners() {
    let world = first().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    own.cookies.remove(SESSION);
    for _ in 0..8 {
        assert_eq!(world.browser().ask(ADA).await.status, 200);
    }
    assert_eq!(world.codes().await.len(), 5);
    let page = own.ask(ADA).await;
    own.type_code(&page, &world.code().await).await;
    assert!(own.is_in().await, "a browser that the account knows has letters of its own");
}

/// 125: a stranger there asks until the address waits.
#[tokio::test]
async fn a_stranger_behind_the_same_address_keeps_nobody_out_who_is_known_or_does_some_work() {
    let world = world(MailedCodes::First, |config| {
        config.throttle.address.free = 3;
        config.throttle.work_bits = 6;
    })
    .await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    own.cookies.remove(SESSION);
    for _ in 0..3 {
        assert_eq!(world.browser().ask("nobody@example.com").await.status, 200);
    }
    let mut newcomer = world.browser();
    let slowed = newcomer.ask("bob@example.com").await;
    assert_eq!(slowed.status, 429);
    let page = own.ask(ADA).await;
    own.type_code(&page, &world.code().await).await;
    assert!(own.is_in().await);
    let work = slowed.field("work");
    let done = symbolon_server::session::work::solve(&work, 6);
    let (csrf, username) = (slowed.field("csrf"), "bob@example.com");
    let fields = [("csrf", &*csrf), ("username", username), ("work", &*work), ("work_done", &*done)];
    let page = newcomer.post("/login/email", &fields).await;
    assert_eq!(page.status, 200, "{page:?}");
    newcomer.type_code(&page, &world.code().await).await;
    assert!(newcomer.is_in().await);
    assert_eq!(world.browser().ask(ADA).await.status, 429, "what succeeded elsewhere buys strangers nothing");
}

/// Specs rule 11: limits count failures. An office behind one address signs in by mail all morning.
#[tokio::test]
async fn who_signs_in_by_mail_does_not_use_their_address_up() {
    let world = world(MailedCodes::First, |config| config.throttle.address.free = 2).await;
    for _ in 0..2 {
        for name in [ADA, "bob@example.com"] {
            let mut browser = world.browser();
            let page = browser.ask(name).await;
            assert_eq!(page.status, 200);
            browser.type_code(&page, &world.code().await).await;
            assert!(browser.is_in().await);
            let mut browser = world.browser();
            assert_eq!(browser.ask(name).await.status, 200);
            let shown = browser.get(&world.mailed_link().await).await;
            let fields = [("code", &*shown.field("code")), ("csrf", &*shown.field("csrf"))];
            assert_eq!(browser.post("/login/email/confirm", &fields).await.location(), "/");
        }
    }
}

#[tokio::test]
async fn strangers_who_ask_for_codes_do_not_use_up_those_beside_a_password() {
    let world = first().await;
    let (mut owner, page) = at_the_step(&world, &[]).await;
    for _ in 0..6 {
        assert_eq!(world.browser().ask(ADA).await.status, 200);
    }
    let sent = owner.factor(&page, "email", "", &[("decision", "switch")]).await;
    assert_eq!(world.codes().await[0]["template"], "second_step_code", "{sent:?}");
}

/// Somebody has chosen a password at an address that is not theirs, and waits for its owner to come.
#[tokio::test]
async fn no_code_lets_an_owner_into_an_account_that_somebody_else_holds_the_password_of() {
    let world = first().await;
    let mut thief = world.browser();
    thief.sign_in_here(ADA).await;
    let change = json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email_verified": false } } } });
    world.command(&change).await;
    let mut owner = world.browser();
    assert_eq!(shape(&owner.ask(ADA).await), shape(&world.browser().ask("bob@example.com").await));
    let codes: Vec<Value> = world.codes().await.iter().map(|letter| letter["to"].clone()).collect();
    assert_eq!(codes, [json!("bob@example.com")]);
    assert!(thief.is_in().await);
    let letters = world.kept_letters().await;
    let reset = letters.iter().find(|one| one["template"] == "password_reset").unwrap();
    assert_eq!(reset["to"], ADA);
    let link = reset["text"].as_str().unwrap().lines().find(|line| line.contains("/reset?code=")).unwrap();
    let page = owner.get(link).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let fields = [("code", &*code), ("csrf", &*csrf), ("password", LINKED), ("password_confirm", LINKED)];
    assert_eq!(owner.post("/reset", &fields).await.status, 200);
    assert!(!thief.is_in().await, "and with it goes whoever was there");
}

/// What ends the codes of an account does not see one that is being made at that moment.
#[tokio::test]
async fn a_code_that_overtakes_another_address_or_password_opens_nothing() {
    for mut change in [json!({ "email": "ada@new.example.com" }), json!({ "password": "another password 77" })] {
        let world = first().await;
        let store = &world.running.app.store;
        let mut thief = world.browser();
        let page = thief.ask(ADA).await;
        let (code, link) = (world.code().await, world.mailed_link().await);
        let link = OpaqueToken::parse(TokenKind::EmailCode, link.split("code=").nth(1).unwrap()).unwrap();
        let made = store.artefact(Artefact::EMAIL_CODE, Hash32(link.hash())).await.unwrap().unwrap();
        change["claims"] = json!({});
        world.command(&json!({ "user": { "set": { "user": ADA, "change": change } } })).await;
        store.put_artefact(made).await.unwrap();
        assert_eq!(thief.type_code(&page, &code).await.status, 400);
        assert!(!thief.is_in().await);
    }
}

#[tokio::test]
async fn a_new_password_ends_the_codes_that_are_out() {
    let world = first().await;
    let mut thief = world.browser();
    let page = thief.ask(ADA).await;
    let code = world.code().await;
    let change =
        json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "password": "another password 77" } } } });
    world.command(&change).await;
    assert_eq!(thief.type_code(&page, &code).await.status, 400);
}

#[tokio::test]
async fn where_it_is_off_there_is_no_such_page() {
    for mode in [MailedCodes::Off, MailedCodes::Second] {
        let world = world(mode, |_| {}).await;
        let mut browser = world.browser();
        let page = browser.get("/login").await;
        assert!(!page.body.contains("/login/email"));
        assert_eq!(browser.get("/login/email").await.status, 404);
        let posted = browser.post("/login/email", &[("csrf", &page.field("csrf")), ("username", ADA)]).await;
        assert_eq!((posted.status.as_u16(), world.codes().await.len()), (404, 0));
    }
}

/// Ada has an app, and is before the second step in another browser.
async fn at_the_step(world: &World, more: &[(&str, &str)]) -> (Browser, Answer) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    own.set_up_app(0).await;
    world.advance(60);
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", more)).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(page.body.contains("One more step"), "{page:?}");
    (browser, page)
}

#[tokio::test]
async fn beside_a_password_it_signs_in_who_has_lost_their_factor_and_changes_nothing_that_takes_the_account_over() {
    let world = world(MailedCodes::Second, |_| {}).await;
    let (mut browser, page) = at_the_step(&world, &[]).await;
    let sent = browser.factor(&page, "email", "", &[("decision", "switch")]).await;
    assert!(sent.body.contains("Enter the code that we mailed"), "{sent:?}");
    let wrong = browser.factor(&sent, "email", "00000000", &[]).await;
    assert_eq!(wrong.status, 400);
    let answer = browser.factor(&wrong, "email", &world.code().await, &[]).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd", "email"]), &json!("urn:symbolon:acr:pwd")));
    let security = browser.get(SECURITY).await;
    assert!(!security.body.contains("value=\"remove\""), "who has the mailbox and the password changes no factor");
    let email = browser.get("/account/email").await;
    assert!(!email.body.contains("value=\"ask\""), "nor the address: {email:?}");
    let page = browser.get("/account/password").await;
    assert!(!page.body.contains("name=\"current\""), "nor the password: {page:?}");
    let csrf = email.field("csrf");
    let fields = [("csrf", &*csrf), ("action", "change"), ("current", PASSWORD)];
    let new = [("password", LINKED), ("password_confirm", LINKED)];
    let forced = browser.post("/account/password", &[&fields[..], &new[..]].concat()).await;
    assert!(!forced.body.contains("Password changed"), "whether the page has the form or not: {forced:?}");
    assert!(world.browser().sign_in_here(ADA).await.body.contains("One more step"), "the password is as it was");
    // Whoever signs in once more for these pages is asked for what the account has, and for no letter.
    for path in [SECURITY, "/account/email", "/account/password", "/account/data"] {
        let mut fresh = world.browser();
        let page = fresh.get(path).await;
        let page = fresh.follow(page).await;
        let step = fresh.sign_in(&page, ADA, PASSWORD).await;
        assert!(step.body.contains("One more step") && !step.body.contains("value=\"email\""), "{path}: {step:?}");
        let forced = fresh.factor(&step, "email", "", &[("decision", "switch")]).await;
        assert!(forced.body.contains("authenticator app"), "{path}: {forced:?}");
    }
    assert_eq!(world.codes().await.len(), 1);
}

const LINKED: &str = "lantern orbit quilt";

/// Sets a password as whoever reads the mailbox does.
async fn reset_by_mail(world: &World) {
    let mut browser = world.browser();
    let page = browser.get("/forgot").await;
    browser.post("/forgot", &[("csrf", &page.field("csrf")), ("username", ADA)]).await;
    let letters = world.kept_letters().await;
    let text = letters.iter().find(|one| one["template"] == "password_reset").unwrap()["text"].as_str().unwrap();
    let page = browser.get(text.lines().find(|line| line.contains("/reset?code=")).unwrap()).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let fields = [("code", &*code), ("csrf", &*csrf), ("password", LINKED), ("password_confirm", LINKED)];
    assert!(browser.post("/reset", &fields).await.body.contains("Password changed"));
}

/// One mailbox would be both: the new password, and what stands beside it.
#[tokio::test]
async fn a_password_that_was_set_by_a_link_has_no_code_by_mail_beside_it_for_a_week() {
    for mode in [MailedCodes::Second, MailedCodes::First] {
        let world = world(mode, |_| {}).await;
        let mut own = world.browser();
        own.sign_in_here(ADA).await;
        own.set_up_app(0).await;
        reset_by_mail(&world).await;
        let step = async || {
            let mut browser = world.browser();
            let page = browser.get("/login").await;
            let fields = [("csrf", &*page.field("csrf")), ("username", ADA), ("password", LINKED)];
            let answer = browser.post("/login", &fields).await;
            (browser, answer)
        };
        let (mut thief, page) = step().await;
        assert!(page.body.contains("One more step") && page.body.contains("id=\"withheld\""), "{page:?}");
        assert!(!page.body.contains("value=\"email\""), "{page:?}");
        let forced = thief.factor(&page, "email", "", &[("decision", "switch")]).await;
        assert!(forced.body.contains("authenticator app") && world.codes().await.is_empty(), "{forced:?}");
        world.advance(7 * 86_400 - 1);
        assert!(!step().await.1.body.contains("value=\"email\""));
        world.advance(1);
        let (_, page) = step().await;
        assert!(page.body.contains("value=\"email\"") && !page.body.contains("id=\"withheld\""), "{page:?}");
    }
}

/// A password that its owner has chosen, who has shown everything, is another one.
#[tokio::test]
async fn a_password_of_ones_own_choice_has_a_code_by_mail_beside_it_again() {
    let world = world(MailedCodes::Second, |_| {}).await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    reset_by_mail(&world).await;
    world.advance(60);
    let page = own.get("/login").await;
    let fields = [("csrf", &*page.field("csrf")), ("username", ADA), ("password", LINKED)];
    let step = own.post("/login", &fields).await;
    own.factor(&step, "totp", &app.code(60), &[]).await;
    let csrf = own.get("/account/password").await.field("csrf");
    let new = [("password", PASSWORD), ("password_confirm", PASSWORD)];
    let done = own.post("/account/password", &[&[("csrf", &*csrf), ("action", "change")], &new[..]].concat()).await;
    assert!(done.body.contains("Password changed"), "{done:?}");
    let mut other = world.browser();
    let step = other.sign_in_here(ADA).await;
    assert!(step.body.contains("value=\"email\""), "{step:?}");
}

/// A code lies in the mailbox that the account had.
#[tokio::test]
async fn another_address_ends_the_codes_that_are_out() {
    let world = first().await;
    let mut thief = world.browser();
    let page = thief.ask(ADA).await;
    let code = world.code().await;
    let change =
        json!({ "user": { "set": { "user": ADA, "change": { "claims": {}, "email": "ada@new.example.com" } } } });
    world.command(&change).await;
    assert_eq!(thief.type_code(&page, &code).await.status, 400);
}

/// The code of a letter belongs to its browser, its account and its password.
#[tokio::test]
async fn a_code_beside_a_password_counts_for_nothing_else() {
    let world = world(MailedCodes::First, |_| {}).await;
    let (mut browser, page) = at_the_step(&world, &[]).await;
    let sent = browser.factor(&page, "email", "", &[("decision", "switch")]).await;
    let code = world.code().await;
    let mut alone = world.browser();
    let asked = alone.ask(ADA).await;
    assert_eq!(alone.type_code(&asked, &code).await.status, 400, "it does not sign in by itself");
    let mine = world.code().await;
    assert_eq!(browser.factor(&sent, "email", &mine, &[]).await.status, 400, "nor the other way round");
    let (mut other, step) = {
        let mut other = world.browser();
        let page = other.get(&authorize_url("web", &[])).await;
        let page = other.sign_in(&page, ADA, PASSWORD).await;
        (other, page)
    };
    assert_eq!(other.factor(&step, "email", &code, &[]).await.status, 400, "nor in another browser");
}

#[tokio::test]
async fn no_rule_and_no_level_that_asks_for_a_factor_is_met_by_mail() {
    let levels = || Levels::parse(["2=mfa", "1=pwd"], |_| Err(String::new())).unwrap();
    let always = world(MailedCodes::Second, |config| config.factors.required = Required::Always).await;
    let mut own = always.browser();
    let enrol = own.sign_in_here(ADA).await;
    assert!(enrol.body.contains("authenticator"), "{enrol:?}");
    let by_level = world(MailedCodes::Second, |config| {
        config.acr = levels();
        config.factors.required = Required::NewDevice;
    })
    .await;
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["2"] } } }).to_string();
    let (mut browser, page) = at_the_step(&by_level, &[("claims", &claims)]).await;
    assert!(!page.body.contains("value=\"email\""), "{page:?}");
    let forced = browser.factor(&page, "email", "", &[("decision", "switch")]).await;
    assert!(forced.body.contains("authenticator app") && by_level.codes().await.is_empty());
}

#[tokio::test]
async fn a_browser_is_not_remembered_for_a_letter() {
    let world = world(MailedCodes::Second, |config| config.factors.required = Required::NewDevice).await;
    let (mut browser, page) = at_the_step(&world, &[]).await;
    assert!(page.body.contains("name=\"remember\""));
    let sent = browser.factor(&page, "email", "", &[("decision", "switch")]).await;
    assert!(!sent.body.contains("name=\"remember\""), "{sent:?}");
    browser.factor(&sent, "email", &world.code().await, &[("remember", "yes")]).await;
    browser.cookies.remove(SESSION);
    let page = browser.get(&authorize_url("web", &[])).await;
    assert!(browser.sign_in(&page, ADA, PASSWORD).await.body.contains("One more step"));
}

/// 123, of the twins.
#[tokio::test]
async fn the_twins_say_the_same_to_everybody() {
    let world = first().await;
    let twin = async |username: &str| {
        let mut browser = world.browser();
        let json = "application/json";
        let headers = [(http::header::ACCEPT, json)];
        let form = browser.send(Method::GET, "/login/email", &headers, None).await.json();
        assert_eq!(form["order"], json!(["username", "keep"]));
        let post = async |browser: &mut Browser, path: &str, said: &Value, typed: Value| {
            let mut body = said["values"].clone();
            body.as_object_mut().unwrap().extend(typed.as_object().unwrap().clone());
            let headers = [
                (http::header::ACCEPT, json),
                (http::header::CONTENT_TYPE, json),
                (http::header::ORIGIN, crate::support::ISSUER),
            ];
            browser.send(Method::POST, path, &headers, Some(body.to_string())).await
        };
        let asked = post(&mut browser, "/login/email", &form, json!({ "username": username })).await;
        let wrong = post(&mut browser, "/login/email/code", &asked.json(), json!({ "code": "00000000" })).await;
        let bare = |answer: &Answer| {
            let mut said = answer.json();
            said["values"] = json!(said["values"].as_object().unwrap().keys().collect::<Vec<_>>());
            (answer.status.as_u16(), said, answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>())
        };
        (bare(&asked), bare(&wrong))
    };
    let known = twin(ADA).await;
    assert_eq!((known.0.0, &known.0.1["page"]), (200, &json!("login_email_code")));
    assert_eq!((known.1.0, &known.1.1["error"]), (400, &json!("wrong_code")));
    assert_eq!(twin("nobody@example.com").await, known);
}
