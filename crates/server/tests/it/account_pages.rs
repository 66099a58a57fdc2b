//! The pages of accounts, from signing up to "This wasn't me", each in the states that people see: what `pages.rs` promises of every page is held
//! against them, too.

use serde_json::json;
use symbolon_factors::webauthn::testing::Passkey;
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::Config;
use symbolon_server::config::MailedCodes;

use crate::support::factors::{App, SECURITY};
use crate::support::flow::authorize_url;
use crate::support::letters::waiting;
use crate::support::sign_up::CHOSEN;
use crate::support::{Answer, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const CARL: &str = "carl@example.com";
const EVE: &str = "eve@example.com";
const GRACE: &str = "grace@example.com";
const NEW_ADDRESS: &str = "eve@new.example.com";
const SESSION: &str = "symbolon-session";

/// Everything that has pages is on.
pub(super) fn open(config: &mut Config) {
    waiting(config);
    config.sign_up = SignUp::Open;
    config.factors.email = MailedCodes::First;
}

/// Pages as they are found, each by something that only it has.
#[derive(Default)]
struct Pages(Vec<(String, Answer)>);

impl Pages {
    fn see(&mut self, name: &str, mark: &str, page: Answer) {
        assert!(page.body.contains(mark), "{name} is not this page: {page:?}");
        self.0.push((name.to_owned(), page));
    }
}

/// All of them. Names of the settings' defaults; the people are those of the tests, and Carl.
pub(super) async fn account_pages(world: &World) -> Vec<(String, Answer)> {
    let mut pages = Pages::default();
    sign_up(world, &mut pages).await;
    forgotten(world, &mut pages).await;
    by_mail(world, &mut pages).await;
    second_step(world, &mut pages).await;
    account(world, &mut pages).await;
    another_address(world, &mut pages).await;
    stale(world, &mut pages).await;
    pages.0
}

async fn sign_up(world: &World, pages: &mut Pages) {
    let mut browser = world.browser();
    let form = browser.get("/signup").await;
    let refused = browser.ask_for_account_with(&form, GRACE, "short").await;
    let asked = browser.ask_for_account(&form, GRACE).await;
    let wrong = browser.enter_code(&asked, "000000").await;
    let link = world.link_for(GRACE).await;
    let mut elsewhere = world.browser();
    pages.see("/signup/confirm", "id=\"confirm\"", browser.get(&link).await);
    let there = elsewhere.get(&link).await;
    pages.see("/signup/confirm, wrong password", "id=\"problem\"", elsewhere.confirm(&there, Some("no")).await);
    pages.see("/signup/confirm elsewhere", "id=\"password\"", there);
    pages.see("/signup/confirm, no such link", "<h1", elsewhere.get("/signup/confirm?code=x").await);
    pages.see("/signup, refused", "id=\"problem\"", refused);
    pages.see("/signup/code, wrong", "id=\"problem\"", wrong);
    pages.see("/signup/code", "id=\"code-form\"", asked);
    pages.see("/signup", "id=\"sign-up\"", form);
}

async fn forgotten(world: &World, pages: &mut Pages) {
    world.add_user(CARL, "Carl", &[]).await;
    let mut browser = world.browser();
    let form = browser.get("/forgot").await;
    let sent = browser.post("/forgot", &[("csrf", &form.field("csrf")), ("username", CARL)]).await;
    pages.see("/forgot", "id=\"forgot\"", form);
    pages.see("/forgot, sent", "a link is on its way", sent);
    let form = browser.get(&world.reset_link(CARL).await).await;
    let (code, csrf) = (form.field("code"), form.field("csrf"));
    for (name, mark, password) in
        [("/reset, too short", "id=\"problem\"", "short"), ("/reset, done", "Password changed", CHOSEN)]
    {
        let fields = [("code", &*code), ("csrf", &*csrf), ("password", password), ("password_confirm", password)];
        pages.see(name, mark, browser.post("/reset", &fields).await);
    }
    pages.see("/reset", "id=\"set-password\"", form);
}

async fn by_mail(world: &World, pages: &mut Pages) {
    let mut browser = world.browser();
    let asked = browser.ask(CARL).await;
    pages.see("/login/email", "id=\"by-email\"", browser.get("/login/email").await);
    pages.see("/login/email/code, wrong", "id=\"problem\"", browser.type_code(&asked, "00000000").await);
    pages.see("/login/email/code", "id=\"code-form\"", asked);
    pages.see("/login/email/confirm, no such link", "<h1", browser.get("/login/email/confirm?code=x").await);
}

async fn second_step(world: &World, pages: &mut Pages) {
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut browser = world.browser();
    let page = browser.sign_in_here(ADA).await;
    let switched = browser.factor(&page, "recovery_code", "", &[("decision", "switch")]).await;
    pages.see("/login/factor, wrong", "id=\"problem\"", browser.factor(&page, "totp", "000000", &[]).await);
    pages.see("/login/factor", "id=\"factor\"", page);
    let used = browser.factor(&switched, "recovery_code", &app.codes[0], &[]).await;
    pages.see("/login/factor, a recovery code used", "9 are left", used);
    pages.see("/login/factor by recovery code", "autocapitalize=\"characters\"", switched);
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["urn:symbolon:acr:mfa"] } } });
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("claims", &claims.to_string())])).await;
    let page = browser.sign_in(&page, CARL, CHOSEN).await;
    let switched = browser.factor(&page, "totp", "", &[("decision", "switch")]).await;
    pages.see("/login/factor, to set up", "id=\"create\"", page);
    let page = switched;
    let (wrong, code) = (browser.factor(&page, "totp", "000000", &[]).await, App::of(&page).code(60));
    pages.see("/login/factor, to set up an app", "id=\"enrol\"", page);
    pages.see("/login/factor, recovery codes", "id=\"codes\"", browser.factor(&wrong, "totp", &code, &[]).await);
    pages.see("/login/factor, to set up, wrong", "id=\"problem\"", wrong);
}

/// The parts of the account, each refusing something, too.
async fn account(world: &World, pages: &mut Pages) {
    let mut own = world.browser();
    own.sign_in_here(BOB).await;
    let host = url::Url::parse(&own.origin).unwrap().host_str().unwrap().to_owned();
    own.add_passkey(&Passkey::es256(b"pages", &host, &own.origin)).await;
    world.redeem("web", &own.code("web", BOB, &[]).await).await;
    pages.see("/account", "id=\"parts\"", own.get("/account").await);
    for (part, mark, wrong) in [
        (
            "profile",
            "id=\"profile\"",
            vec![("action", "save"), ("revision", "1"), ("website", "x"), ("fields", "website")],
        ),
        ("email", "id=\"ask\"", vec![("action", "ask"), ("email", "nonsense")]),
        ("password", "id=\"change-password\"", vec![("action", "change"), ("current", "x"), ("password", CHOSEN)]),
        ("sessions", "id=\"sessions\"", vec![]),
        ("apps", "id=\"apps\"", vec![]),
        ("activity", "id=\"events\"", vec![]),
        ("data", "id=\"delete-account\"", vec![("action", "delete"), ("sure", "nonsense")]),
    ] {
        let path = format!("/account/{part}");
        let page = own.get(&path).await;
        if !wrong.is_empty() {
            let csrf = page.field("csrf");
            let refused = own.post(&path, &[&[("csrf", &*csrf)], &wrong[..]].concat()).await;
            pages.see(&format!("{path}, refused"), "id=\"problem\"", refused);
        }
        pages.see(&path, mark, page);
    }
    let page = own.get(SECURITY).await;
    let (csrf, id) = (page.field("csrf"), page.field("id"));
    pages.see(SECURITY, "id=\"passkeys\"", page);
    for (name, mark, fields) in [
        ("an app", "id=\"enrol\"", vec![("action", "totp")]),
        ("recovery codes", "id=\"codes\"", vec![("action", "codes")]),
        ("to remove", "id=\"last\"", vec![("action", "remove"), ("id", &*id)]),
        ("no passkey", "id=\"problem\"", vec![("action", "passkey")]),
    ] {
        let answer = own.post(SECURITY, &[&[("csrf", &*csrf)], &fields[..]].concat()).await;
        pages.see(&format!("{SECURITY}, {name}"), mark, answer);
    }
    pages.see("/account, no such part", "<h1", own.get("/account/other").await);
}

/// The links of letters: what they open, and what comes of it.
async fn another_address(world: &World, pages: &mut Pages) {
    world.add_user(EVE, "Eve", &[]).await;
    world.browser().sign_in_here(EVE).await;
    let mut own = world.browser();
    own.sign_in_here(EVE).await;
    let not_me = letter(world, EVE, "new_device", "not_me").await;
    pages.see("/not-me", "id=\"not-me\"", world.browser().get(&not_me).await);
    pages.see("/not-me, no such link", "<h1", world.browser().get("/not-me?code=x").await);
    let csrf = own.get("/account/email").await.field("csrf");
    own.post("/account/email", &[("csrf", &*csrf), ("action", "ask"), ("email", NEW_ADDRESS)]).await;
    pages.see("/account/email, asked", "id=\"pending\"", own.get("/account/email").await);
    for (path, to, kind, mark) in [
        ("/account/email/confirm", NEW_ADDRESS, "email_proof", "id=\"use-address\""),
        ("/account/email/undo", EVE, "email_changed", "id=\"undo\""),
    ] {
        let page = own.get(&letter(world, to, kind, "link").await).await;
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        pages.see(path, mark, page);
        pages.see(&format!("{path}, done"), "<h1", own.post(path, &[("code", &*code), ("csrf", &*csrf)]).await);
        pages.see(&format!("{path}, over"), "<h1", own.post(path, &[("code", &*code), ("csrf", &*csrf)]).await);
    }
    // Eve's went with the address.
    let mut anybody = world.browser();
    let page = anybody.get(&letter(world, ADA, "new_device", "not_me").await).await;
    let (code, csrf) = (page.field("code"), page.field("csrf"));
    let done = anybody.post("/not-me", &[("code", &*code), ("csrf", &*csrf)]).await;
    pages.see("/not-me, done", "Everybody is shut out", done);
}

/// Whoever signed in long ago is asked to do so again; an account that is deleted says so.
async fn stale(world: &World, pages: &mut Pages) {
    world.add_user("dora@example.com", "Dora", &[]).await;
    let mut own = world.browser();
    own.sign_in_here("dora@example.com").await;
    world.advance(601);
    for path in [SECURITY, "/account/email", "/account/data"] {
        pages.see(&format!("{path}, long ago"), "id=\"confirm-it-is-you\"", own.get(path).await);
    }
    let is_session = |name: &String| name.trim_start_matches("__Host-").starts_with(SESSION);
    own.cookies.retain(|name, _| !is_session(name));
    own.sign_in_here("dora@example.com").await;
    let csrf = own.get("/account/data").await.field("csrf");
    let question = own.post("/account/data", &[("csrf", &*csrf), ("action", "delete")]).await;
    pages.see("/account/data, to delete", "id=\"delete-for-ever\"", question);
    let sure = [("csrf", &*csrf), ("action", "delete"), ("sure", "dora@example.com")];
    pages.see("/account/data, deleted", "Account deleted", own.post("/account/data", &sure).await);
}

async fn letter(world: &World, to: &str, kind: &str, member: &str) -> String {
    let letters = world.letters_to(to).await;
    let found = letters.iter().find(|one| one["letter"] == kind).unwrap_or_else(|| panic!("no {kind}: {letters:?}"));
    found[member].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}
