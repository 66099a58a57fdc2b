//! The takeover matrix of the manual, done: each cell of its tables is an attack over HTTP, by somebody who has one thing of an account and nothing else.
//! The tables in `docs/manual/takeover.md` are what is expected, so a cell that says something else than what happens fails here.

use std::collections::BTreeMap;

use symbolon_oauth::second_factor::Required;
use symbolon_server::config::MailedCodes;
use symbolon_store::Credential;

use crate::support::factors::{App, SECURITY};
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, PASSWORD, World};

const SESSION: &str = "symbolon-session-4400";
const DEVICE: &str = "symbolon-device-4400";
const PASSWORD_PAGE: &str = "/account/password";
const EMAIL_PAGE: &str = "/account/email";
const DATA_PAGE: &str = "/account/data";
const CONFIRM_PAGE: &str = "/account/email/confirm";
const NOT_ME: &str = "/not-me?code=";
const UNDO: &str = "/account/email/undo?code=";
const NEW: &str = "lantern orbit quilt";
const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manual/takeover.md");

/// What somebody has of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    Mailbox,
    Password,
    PasswordAndBrowser,
    PasswordAndCode,
    RefreshToken,
    RememberedBrowser,
    ResetLink,
    Session,
    StaleSession,
}

const ROWS: [(&str, Has); 9] = [
    ("the mailbox", Has::Mailbox),
    ("a link for a new password", Has::ResetLink),
    ("the password", Has::Password),
    ("a remembered browser", Has::RememberedBrowser),
    ("the password and a remembered browser", Has::PasswordAndBrowser),
    ("the password and one code by mail", Has::PasswordAndCode),
    ("a session of the last ten minutes", Has::Session),
    ("an older session", Has::StaleSession),
    ("a refresh token", Has::RefreshToken),
];

const ACTS: [&str; 8] = [
    "go on to an app",
    "read the profile",
    "choose a password",
    "change the address",
    "add a factor",
    "end other sessions",
    "export the data",
    "delete the account",
];
/// Where there is one.
const REMOVE: &str = "remove a factor";

/// How the account is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    ByPassword,
    ByApp,
}

impl Kept {
    fn acts(self) -> Vec<&'static str> {
        match self {
            Self::ByPassword => ACTS.to_vec(),
            Self::ByApp => [&ACTS[..], &[REMOVE]].concat(),
        }
    }
}

/// Somebody who has something.
struct Thief<'w> {
    world: &'w World,
    email: String,
    browser: Browser,
    /// The owner's, where nobody took anything.
    elsewhere: Browser,
    mailbox: bool,
    link: Option<String>,
    password: Option<&'static str>,
    /// Whether a code by mail can be read, and nothing else of the mailbox.
    code: bool,
    refresh: Option<String>,
}

async fn world() -> World {
    World::with(|config| {
        config.dev = true;
        config.factors.required = Required::NewDevice;
        config.factors.email = MailedCodes::Second;
    })
    .await
}

/// An account whose owner has done what people do, and who has got hold of what of it.
async fn thief(world: &World, number: usize, has: Has, kept: Kept) -> Thief<'_> {
    let email = format!("owner{number}@example.com");
    world.add_user(&email, "Owner", &[]).await;
    let mut own = world.browser();
    own.sign_in_here(&email).await;
    let since = world.clock.now() - crate::support::NOW;
    let elsewhere = match kept {
        Kept::ByApp => {
            let app = own.set_up_app(since).await;
            let elsewhere = own.clone();
            remembered(world, &mut own, &email, &app).await;
            elsewhere
        }
        Kept::ByPassword => {
            let elsewhere = own.clone();
            own.cookies.remove(SESSION);
            own.sign_in_here(&email).await;
            elsewhere
        }
    };
    let refresh = refresh_token(&mut own, world).await;
    if has == Has::StaleSession {
        world.advance(601);
    }
    let mut browser = world.browser();
    let take = |browser: &mut Browser, name: &str| {
        if let Some(value) = own.cookies.get(name) {
            browser.cookies.insert(name.to_owned(), value.clone());
        }
    };
    match has {
        Has::Session | Has::StaleSession => take(&mut browser, SESSION),
        Has::RememberedBrowser | Has::PasswordAndBrowser => take(&mut browser, DEVICE),
        _ => {}
    }
    let link = match has {
        Has::ResetLink => Some(mailed(world, &email).await),
        _ => None,
    };
    Thief {
        world,
        browser,
        elsewhere,
        mailbox: has == Has::Mailbox,
        link,
        password: matches!(has, Has::Password | Has::PasswordAndBrowser | Has::PasswordAndCode).then_some(PASSWORD),
        code: has == Has::PasswordAndCode,
        refresh: (has == Has::RefreshToken).then_some(refresh),
        email,
    }
}

/// The owner signs in again, in a browser that is remembered from then on.
async fn remembered(world: &World, own: &mut Browser, email: &str, app: &App) {
    own.cookies.remove(SESSION);
    world.advance(60);
    let step = own.sign_in_here(email).await;
    let after = world.clock.now() - crate::support::NOW;
    let answer = own.factor(&step, "totp", &app.code(after), &[("remember", "yes")]).await;
    assert!(answer.body.contains("Hello"), "{answer:?}");
}

async fn refresh_token(own: &mut Browser, world: &World) -> String {
    let page = own.get(&authorize_url("spa", &[("scope", "openid profile offline_access")])).await;
    let page = own.follow(page).await;
    let code = page.param("code").unwrap_or_else(|| panic!("{page:?}"));
    let answer = world.redeem("spa", &code).await;
    answer.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// The newest letter of a kind to an address.
async fn letter(world: &World, to: &str, template: &str) -> Option<String> {
    let letters = world.kept_letters().await;
    let found = letters.iter().find(|one| one["to"] == to && one["template"] == template)?;
    found["text"].as_str().map(str::to_owned)
}

/// The line of a letter with a link.
fn line(letter: &str, path: &str) -> String {
    letter.lines().find(|line| line.contains(path)).unwrap_or_else(|| panic!("no {path} in {letter}")).to_owned()
}

/// A link for a new password, as it lies in the mailbox.
async fn mailed(world: &World, email: &str) -> String {
    let mut anybody = world.browser();
    let page = anybody.get("/forgot").await;
    anybody.post("/forgot", &[("csrf", &page.field("csrf")), ("username", email)]).await;
    line(&letter(world, email, "password_reset").await.expect("a link is mailed"), "/reset?code=")
}

/// Whether somebody is sent on to the app.
fn has_code(answer: &Answer) -> bool {
    answer.status.is_redirection() && answer.param("code").is_some()
}

impl Thief<'_> {
    /// A new password by the link, or by one that is mailed. Another sign-in is the thief's own from then on.
    async fn resets(&mut self) -> bool {
        if std::mem::take(&mut self.mailbox) {
            self.link = Some(mailed(self.world, &self.email).await);
        }
        let Some(link) = self.link.take() else { return false };
        let page = self.browser.get(&link).await;
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let fields = [("code", &*code), ("csrf", &*csrf), ("password", NEW), ("password_confirm", NEW)];
        let done = self.browser.post("/reset", &fields).await.body.contains("Password changed");
        self.password = done.then_some(NEW);
        done
    }

    /// Everything that leads to an authorization code of an app.
    async fn goes_on_to_an_app(&mut self) -> bool {
        self.resets().await;
        let page = self.browser.get(&authorize_url("web", &[])).await;
        let page = self.browser.follow(page).await;
        if has_code(&page) {
            return true;
        }
        let Some(password) = self.password else { return false };
        let page = self.browser.sign_in(&page, &self.email, password).await;
        has_code(&page) || (self.code && has_code(&self.has_a_code_mailed(&page).await))
    }

    /// Past the second step, as whoever does not have the factor at hand.
    async fn has_a_code_mailed(&mut self, step: &Answer) -> Answer {
        let sent = self.browser.factor(step, "email", "", &[("decision", "switch")]).await;
        let text = letter(self.world, &self.email, "second_step_code").await.expect("a code is mailed");
        let code = text.split_whitespace().find(|word| word.len() == 8 && word.bytes().all(|it| it.is_ascii_digit()));
        self.browser.factor(&sent, "email", code.expect("the letter has one"), &[]).await
    }

    async fn reads_the_profile(&mut self) -> bool {
        if let Some(refresh) = &self.refresh {
            let answer = self.world.refresh("spa", refresh).await;
            let token = answer.json()["access_token"].as_str().unwrap_or_default().to_owned();
            return self.world.userinfo(&token).await.body.contains("Owner");
        }
        self.goes_on_to_an_app().await;
        self.browser.get("/account/profile").await.body.contains("Owner")
    }

    /// By a link, by the page for it, or by a link to an address of their own.
    async fn chooses_a_password(&mut self) -> bool {
        if self.resets().await {
            return true;
        }
        self.goes_on_to_an_app().await;
        let page = self.browser.get(PASSWORD_PAGE).await;
        if page.body.contains("name=\"password_confirm\"") {
            let (csrf, current) = (page.field("csrf"), self.password.unwrap_or_default());
            let new = [("password", NEW), ("password_confirm", NEW)];
            let fields = [&[("csrf", &*csrf), ("action", "change"), ("current", current)], &new[..]].concat();
            if self.browser.post(PASSWORD_PAGE, &fields).await.body.contains("Password changed") {
                return true;
            }
        }
        self.mailbox = self.changes_the_address().await;
        self.resets().await
    }

    /// To one of their own, which they prove.
    async fn changes_the_address(&mut self) -> bool {
        self.goes_on_to_an_app().await;
        let page = self.browser.get(EMAIL_PAGE).await;
        if !page.body.contains("value=\"ask\"") {
            return false;
        }
        let (csrf, own) = (page.field("csrf"), format!("thief.{}", self.email));
        self.browser.post(EMAIL_PAGE, &[("csrf", &*csrf), ("action", "ask"), ("email", &*own)]).await;
        let Some(link) = letter(self.world, &own, "email_proof").await else { return false };
        let page = self.browser.get(&line(&link, "/account/email/confirm?code=")).await;
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let done = self.browser.post(CONFIRM_PAGE, &[("code", &*code), ("csrf", &*csrf)]).await;
        self.email = own;
        done.body.contains("Address changed")
    }

    async fn adds_a_factor(&mut self) -> bool {
        self.goes_on_to_an_app().await;
        let page = self.browser.get(SECURITY).await;
        if !page.body.contains("value=\"totp\"") {
            return false;
        }
        let page = self.browser.security(&[("action", "totp")]).await;
        if !page.body.contains("id=\"secret\"") {
            return false;
        }
        let since = self.world.clock.now() - crate::support::NOW;
        let (app, csrf, secret) = (App::of(&page), page.field("csrf"), page.field("secret"));
        let code = app.code(since);
        let fields = [("csrf", &*csrf), ("action", "totp"), ("secret", &*secret), ("code", &*code)];
        let done = self.browser.post(SECURITY, &fields).await.status;
        // Codes are shown, or there are some already.
        done.is_success() || done.is_redirection()
    }

    /// Sends a form of one of the account's pages, whether that page has it or not.
    async fn forces(&mut self, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        self.goes_on_to_an_app().await;
        let page = self.browser.get(path).await;
        if page.status.is_redirection() {
            return None;
        }
        let csrf = page.field("csrf");
        let fields = [&[("csrf", &*csrf)], fields].concat();
        Some(self.browser.post(path, &fields).await)
    }

    /// Where its owner is signed in and nobody else.
    async fn ends_other_sessions(&mut self) -> bool {
        assert!(self.elsewhere.get("/").await.body.contains("Hello"));
        self.forces("/account/sessions", &[("action", "end_others")]).await;
        !self.elsewhere.get("/").await.body.contains("Hello")
    }

    async fn exports_the_data(&mut self) -> bool {
        let Some(copy) = self.forces(DATA_PAGE, &[("action", "export")]).await else { return false };
        let is_copy = copy.header("content-disposition").starts_with("attachment");
        assert!(!is_copy || copy.json()["account"]["email"] == self.email.as_str(), "{copy:?}");
        is_copy
    }

    async fn deletes_the_account(&mut self) -> bool {
        let sure = self.email.clone();
        self.forces(DATA_PAGE, &[("action", "delete"), ("sure", &*sure)]).await;
        self.world.running.app.store.user_by_identifier(&sure).await.unwrap().is_none()
    }

    /// The app that the account is kept by.
    async fn removes_a_factor(&mut self) -> bool {
        let (store, user_id) = (&self.world.running.app.store, self.world.id_of(&self.email).await);
        let app = store.credentials_of(&user_id).await.unwrap().into_iter().find(|one| one.kind == Credential::TOTP);
        let app = app.expect("there is one");
        self.forces(SECURITY, &[("action", "remove"), ("id", &*app.id), ("sure", "yes")]).await;
        store.credentials_of(&user_id).await.unwrap().iter().all(|one| one.id != app.id)
    }

    async fn does(&mut self, act: &str) -> bool {
        match act {
            "go on to an app" => self.goes_on_to_an_app().await,
            "read the profile" => self.reads_the_profile().await,
            "choose a password" => self.chooses_a_password().await,
            "change the address" => self.changes_the_address().await,
            "add a factor" => self.adds_a_factor().await,
            "end other sessions" => self.ends_other_sessions().await,
            "export the data" => self.exports_the_data().await,
            "delete the account" => self.deletes_the_account().await,
            REMOVE => self.removes_a_factor().await,
            other => panic!("the manual has an act that nobody does here: {other}"),
        }
    }
}

/// A table of the manual: by row, what is said of each column.
fn table(heading: &str, acts: &[&str]) -> BTreeMap<String, Vec<bool>> {
    let manual = std::fs::read_to_string(MANUAL).unwrap();
    let (_, rest) = manual.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let lines: Vec<&str> =
        rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|it| it.starts_with('|')).collect();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(cells(lines[0])[1..], *acts, "{heading}");
    let said = |cell: &String| match cell.as_str() {
        "yes" => true,
        "no" => false,
        other => panic!("{heading}: {other}"),
    };
    lines[2..].iter().map(|line| cells(line)).map(|row| (row[0].clone(), row[1..].iter().map(said).collect())).collect()
}

async fn compare(heading: &str, kept: Kept) {
    let acts = kept.acts();
    let mut happened = BTreeMap::new();
    // A code stands beside a password only where it stands in for something.
    let rows = ROWS.into_iter().filter(|(_, has)| kept == Kept::ByApp || *has != Has::PasswordAndCode);
    for (row, has) in rows {
        let world = world().await;
        let mut cells = Vec::new();
        for (number, act) in acts.iter().enumerate() {
            cells.push(thief(&world, number, has, kept).await.does(act).await);
        }
        happened.insert(row.to_owned(), cells);
    }
    assert_eq!(happened, table(heading, &acts), "{heading}: what happens, and what the manual says: {acts:?}");
}

#[tokio::test]
async fn what_can_be_done_to_an_account_with_a_password_is_what_the_manual_says() {
    compare("An account with a password", Kept::ByPassword).await;
}

#[tokio::test]
async fn what_can_be_done_to_an_account_with_a_second_factor_is_what_the_manual_says() {
    compare("An account with a second factor", Kept::ByApp).await;
}

/// Whatever they do to it, the owner hears of it, and of how to take it back.
#[tokio::test]
async fn the_owner_hears_of_what_a_thief_does() {
    let world = world().await;
    for (number, (kept, has, act, template, way_back)) in [
        (Kept::ByPassword, Has::Password, "go on to an app", "new_device", NOT_ME),
        (Kept::ByPassword, Has::Mailbox, "choose a password", "password_changed", NOT_ME),
        (Kept::ByPassword, Has::Password, "choose a password", "password_changed", NOT_ME),
        (Kept::ByPassword, Has::Session, "add a factor", "factor_changed", NOT_ME),
        (Kept::ByPassword, Has::Password, "add a factor", "factor_changed", NOT_ME),
        (Kept::ByPassword, Has::Session, "change the address", "email_asked", UNDO),
        (Kept::ByPassword, Has::Session, "change the address", "email_changed", UNDO),
        (Kept::ByApp, Has::Session, REMOVE, "factor_changed", NOT_ME),
        // There is nothing left to take back.
        (Kept::ByPassword, Has::Session, "delete the account", "account_deleted", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let mut thief = thief(&world, number, has, kept).await;
        let owner = thief.email.clone();
        assert!(thief.does(act).await, "{has:?} {act}");
        let told = letter(&world, &owner, template).await.unwrap_or_else(|| panic!("{has:?} {act}: no {template}"));
        assert!(told.contains(way_back), "{told}");
    }
}
