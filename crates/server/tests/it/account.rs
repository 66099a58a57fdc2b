//! People's own account over plain HTTP, as without JavaScript: what they see, what they change, and what nobody else can.

use serde_json::{Value, json};
use symbolon_oauth::second_factor::Required;
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_server::config::AccountDeletion;
use symbolon_server::rng::SystemRng;
use symbolon_store::{Hash32, NewSession, NewUser, Session, User};

use crate::support::factors::SECURITY;
use crate::support::flow::authorize_url;
use crate::support::letters::waiting;
use crate::support::{Answer, Browser, NOW, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const NEW: &str = "lantern orbit quilt";
const SESSION: &str = "symbolon-session-4400";
const PARTS: [&str; 7] = ["profile", "email", "password", "sessions", "apps", "activity", "data"];

impl Browser {
    /// Does something on a part of the account.
    pub(super) async fn account(&mut self, part: &str, more: &[(&str, &str)]) -> Answer {
        let path = format!("/account/{part}");
        let page = self.get(&path).await;
        let csrf = page.field("csrf");
        let mut fields = vec![("csrf", &*csrf)];
        fields.extend_from_slice(more);
        let answer = self.post(&path, &fields).await;
        self.follow(answer).await
    }

    async fn change_password(&mut self, current: &str, new: &str) -> Answer {
        let fields = [("action", "change"), ("current", current), ("password", new), ("password_confirm", new)];
        self.account("password", &fields).await
    }
}

pub(super) async fn ada(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.sign_in_here(ADA).await;
    browser
}

async fn can_sign_in(world: &World, email: &str, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    browser.sign_in(&page, email, password).await.body.contains("Hello, ")
}

fn is_sign_in(answer: &Answer) -> bool {
    answer.body.contains("id=\"login\"")
}

#[tokio::test]
async fn every_part_is_for_whoever_is_signed_in_and_sign_in_leads_back_to_it() {
    let world = World::new().await;
    for part in PARTS {
        let mut browser = world.browser();
        let path = format!("/account/{part}");
        let page = browser.get(&path).await;
        assert!(is_sign_in(&page), "{part}: {}", page.body);
        let page = browser.sign_in(&page, ADA, PASSWORD).await;
        assert!(page.body.contains(&format!("<a href=\"{path}\" aria-current=\"page\">")), "{part}: {}", page.body);
    }
    let mut browser = ada(&world).await;
    let overview = browser.get("/account").await;
    assert!(PARTS.iter().all(|part| overview.body.contains(&format!("href=\"/account/{part}\""))), "{}", overview.body);
    assert_eq!(browser.get("/account/other").await.status, 404);
}

#[tokio::test]
async fn a_form_of_another_site_another_session_or_another_page_changes_nothing_security_98() {
    let world = World::new().await;
    let (mut own, mut other) = (ada(&world).await, world.browser());
    other.sign_in_here(BOB).await;
    let foreign = other.get("/account/sessions").await.field("csrf");
    let of_security = own.get(SECURITY).await.field("csrf");
    for csrf in ["", "x", &*foreign, &*of_security] {
        for part in PARTS {
            let fields = [("csrf", csrf), ("action", "end_others"), ("name", "Eve")];
            let refused = own.post(&format!("/account/{part}"), &fields).await;
            assert!(refused.status.is_client_error(), "{part} {csrf}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_changed_password_ends_everything_else_and_this_browser_goes_on_cve_2025_57766() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    let tokens = world.redeem("web", &own.code("web", ADA, &[]).await).await.json();
    world.assert_alive(&tokens["access_token"]).await;
    let mut elsewhere = ada(&world).await;
    let bobs = world.tokens("web", BOB).await;
    let before = own.cookies[SESSION].clone();
    let done = own.change_password(PASSWORD, NEW).await;
    assert!(done.status == 200 && done.body.contains("Password changed"), "{}", done.body);
    assert_ne!(own.cookies[SESSION], before, "a fresh cookie");
    assert!(own.get("/account").await.body.contains("Ada Lovelace"), "this browser is signed in");
    assert!(is_sign_in(&elsewhere.get("/account").await));
    let refresh = |tokens: &Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(world.refresh("web", &refresh(&tokens)).await.json()["error"], "invalid_grant");
    world.assert_dead(&tokens["access_token"]).await;
    assert_eq!(world.refresh("web", &refresh(&bobs)).await.status, 200, "nobody else's");
    assert!(can_sign_in(&world, ADA, NEW).await && !can_sign_in(&world, ADA, PASSWORD).await);
    assert_eq!(told(&world, ADA, "password_changed").await, 1);
}

#[tokio::test]
async fn a_new_password_needs_the_present_one_and_has_to_be_good() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    for (current, new, again, told) in [
        ("wrong horse battery", NEW, NEW, "not your present password"),
        ("", NEW, NEW, "not your present password"),
        (PASSWORD, NEW, "lantern orbit quilts", "not the same"),
        (PASSWORD, "short", "short", "too short"),
        (PASSWORD, "Passw0rdPassw0rd", "Passw0rdPassw0rd", "first that are guessed"),
        (PASSWORD, "adalovelace1815", "adalovelace1815", "made of your name"),
        (PASSWORD, PASSWORD, PASSWORD, "password you have"),
    ] {
        let fields = [("action", "change"), ("current", current), ("password", new), ("password_confirm", again)];
        let refused = own.account("password", &fields).await;
        assert!(refused.status == 400 && refused.body.contains(told), "{new}: {}", refused.body);
    }
    assert!(can_sign_in(&world, ADA, PASSWORD).await);
    assert_eq!(told(&world, ADA, "password_changed").await, 0);
}

/// Security 124: whoever holds the browser guesses no faster here than at the sign-in page.
#[tokio::test]
async fn guesses_at_the_present_password_are_counted_with_those_at_the_sign_in_page() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(own.change_password("wrong horse battery", NEW).await.status.as_u16());
    }
    assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429]);
    own.cookies.remove(SESSION);
    let page = own.get("/login").await;
    assert_eq!(own.sign_in(&page, ADA, PASSWORD).await.status, 429, "it is one count");
}

#[tokio::test]
async fn a_password_form_that_is_sent_twice_changes_it_once() {
    let world = World::with(waiting).await;
    let own = ada(&world).await;
    let csrf = own.clone().get("/account/password").await.field("csrf");
    let fields =
        [("csrf", &*csrf), ("action", "change"), ("current", PASSWORD), ("password", NEW), ("password_confirm", NEW)];
    let (mut one, mut two) = (own.clone(), own.clone());
    let (first, second) = tokio::join!(one.post("/account/password", &fields), two.post("/account/password", &fields));
    let done = [&first, &second].iter().filter(|answer| answer.body.contains("Password changed")).count();
    assert_eq!(done, 1, "{first:?} {second:?}");
    assert_eq!(told(&world, ADA, "password_changed").await, 1);
    assert!(can_sign_in(&world, ADA, NEW).await);
}

/// A browser in which somebody without a password has just signed in with a passkey.
async fn without_password(world: &World) -> (Browser, String) {
    let store = &world.running.app.store;
    let id = world.add_user("zoe@example.com", "Zoe", &[]).await;
    let user = store.user(&id).await.unwrap().unwrap();
    store.delete_user(&id, NOW).await.unwrap();
    let user = User { password_hash: None, ..user };
    let handle = user.revocation_handle.clone();
    store.create_user(NewUser { user, identifiers: vec!["zoe@example.com".into()] }).await.unwrap();
    let secret = OpaqueToken::generate(TokenKind::Session, &mut SystemRng);
    let session = Session {
        id_hash: Hash32(secret.hash()),
        sid: "zoes".into(),
        user_id: id.clone(),
        created_at: NOW,
        auth_time: NOW,
        last_seen_at: NOW,
        idle_expires_at: NOW + 36_000,
        absolute_expires_at: NOW + 36_000,
        persistent: false,
        amr: vec!["hwk".into(), "mfa".into()],
        user_agent: None,
        address: None,
        ended_at: None,
        ended_why: None,
    };
    store.create_session(NewSession { session, replaces: None, revocation_handle: handle }).await.unwrap();
    let mut browser = world.browser();
    browser.cookies.insert(SESSION.to_owned(), secret.reveal().to_owned());
    (browser, id)
}

#[tokio::test]
async fn whoever_has_no_password_sets_one_after_a_fresh_sign_in_only() {
    let world = World::new().await;
    let (mut own, id) = without_password(&world).await;
    world.advance(601);
    let stale = own.change_password("", NEW).await;
    assert!(is_sign_in(&stale), "{}", stale.body);
    let user = world.running.app.store.user(&id).await.unwrap().unwrap();
    assert!(user.password_hash.is_none());
    let world = World::new().await;
    let (mut own, _) = without_password(&world).await;
    let page = own.get("/account/password").await;
    assert!(page.body.contains("Set a password") && !page.body.contains("id=\"current\""), "{}", page.body);
    let done = own.change_password("", NEW).await;
    assert!(done.body.contains("Password changed"), "{}", done.body);
    assert!(can_sign_in(&world, "zoe@example.com", NEW).await);
}

#[tokio::test]
async fn sessions_are_listed_with_this_one_marked_and_end_at_once() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let mut elsewhere = ada(&world).await;
    let bound = [("scope", "openid profile read")];
    let tokens = world.redeem("web", &elsewhere.code("web", ADA, &bound).await).await.json();
    world.assert_alive(&tokens["access_token"]).await;
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    let page = own.get("/account/sessions").await;
    assert_eq!(page.body.matches("value=\"end\"").count(), 2, "{}", page.body);
    assert!(page.body.contains("this browser"));
    let sid = page.body.split("id=\"end-1\"").nth(1).unwrap().split("name=\"sid\" value=\"").nth(1).unwrap();
    let sid = sid.split('"').next().unwrap().to_owned();
    let stolen = bobs.account("sessions", &[("action", "end"), ("sid", &sid)]).await;
    assert!(
        stolen.status == 200 && !is_sign_in(&elsewhere.get("/account").await),
        "another's session ends for nobody else"
    );
    own.account("sessions", &[("action", "end"), ("sid", &sid)]).await;
    assert!(is_sign_in(&elsewhere.get("/account").await));
    world.assert_dead(&tokens["access_token"]).await;
    if let Some(refresh) = tokens["refresh_token"].as_str() {
        assert_eq!(world.refresh("web", refresh).await.json()["error"], "invalid_grant");
    }
    assert!(!is_sign_in(&own.get("/account").await) && !is_sign_in(&bobs.get("/account").await));
}

#[tokio::test]
async fn all_other_sessions_end_together() {
    let world = World::new().await;
    let (mut own, mut one, mut two) = (ada(&world).await, ada(&world).await, ada(&world).await);
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    own.account("sessions", &[("action", "end_others")]).await;
    assert!(is_sign_in(&one.get("/account").await) && is_sign_in(&two.get("/account").await));
    assert!(!is_sign_in(&own.get("/account").await) && !is_sign_in(&bobs.get("/account").await));
}

#[tokio::test]
async fn a_remembered_browser_is_listed_and_forgotten() {
    let world = World::with(|config| config.factors.required = Required::NewDevice).await;
    let mut own = ada(&world).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut other = world.browser();
    let page = other.get(&authorize_url("web", &[])).await;
    let page = other.sign_in(&page, ADA, PASSWORD).await;
    other.factor(&page, "totp", &app.code(60), &[("remember", "yes")]).await;
    let page = own.get("/account/sessions").await;
    assert!(page.body.contains("Remembered browsers"), "{}", page.body);
    let id = page.body.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    own.account("sessions", &[("action", "forget"), ("id", &id)]).await;
    other.cookies.remove(SESSION);
    let page = other.get(&authorize_url("web", &[])).await;
    let page = other.sign_in(&page, ADA, PASSWORD).await;
    assert!(page.body.contains("One more step"), "{}", page.body);
}

#[tokio::test]
async fn an_app_loses_what_it_had_at_once() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let tokens = world.redeem("web", &own.code("web", ADA, &[]).await).await.json();
    world.assert_alive(&tokens["access_token"]).await;
    let bobs = world.tokens("web", BOB).await;
    let page = own.get("/account/apps").await;
    assert!(page.body.contains("<strong>Web</strong>") && page.body.contains("<li>Read things"), "{}", page.body);
    let gone = own.account("apps", &[("action", "revoke"), ("client_id", "web")]).await;
    assert!(gone.body.contains("No app has access"), "{}", gone.body);
    world.assert_dead(&tokens["access_token"]).await;
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json()["error"], "invalid_grant");
    assert_eq!(world.refresh("web", bobs["refresh_token"].as_str().unwrap()).await.status, 200, "nobody else's");
    assert!(own.get("/account/activity").await.body.contains("Web lost access"));
}

#[tokio::test]
async fn activity_is_in_words_the_newest_first_and_nobody_elses() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let mut thief = world.browser();
    let page = thief.get("/login").await;
    thief.sign_in(&page, ADA, "wrong horse battery").await;
    own.change_password(PASSWORD, NEW).await;
    let page = own.get("/account/activity").await;
    let at = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}: {}", page.body));
    assert!(at("Password changed") < at("A sign-in failed") && at("A sign-in failed") < at("Signed in"));
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    let page = bobs.get("/account/activity").await;
    assert!(page.body.contains("Signed in") && !page.body.contains("Password changed"), "{}", page.body);
    for _ in 0..30 {
        bobs.account("sessions", &[("action", "end_others")]).await;
    }
    let page = bobs.get("/account/activity").await;
    let older = page.body.split("id=\"older\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = bobs.get(&older.replace("&#61;", "=")).await;
    assert!(next.body.contains("Signed in") && next.body.contains("id=\"newest\""), "{}", next.body);
    for forged in ["-1", "x", "99999999999999999999999", "0"] {
        assert_eq!(bobs.get(&format!("/account/activity?before={forged}")).await.status, 200, "{forged}");
    }
}

/// The anti-forgery token of the form that signs out.
fn sign_out_of(page: &Answer) -> String {
    let (_, form) = page.body.split_once("action=\"/logout\"").unwrap_or_else(|| panic!("no way out: {}", page.body));
    let value = form.split_once("name=\"csrf\" value=\"").unwrap().1;
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_page_of_the_account_signs_out_of_this_browser_and_of_no_other() {
    let world = World::new().await;
    let (mut here, mut there) = (ada(&world).await, ada(&world).await);
    let paths = PARTS.iter().map(|part| format!("/account/{part}")).chain(["/account".to_owned(), SECURITY.to_owned()]);
    let mut token = String::new();
    for path in paths {
        let page = here.get(&path).await;
        assert!(page.body.contains("type=\"submit\" form=\"logout\">Sign out</button>"), "{path}: {}", page.body);
        token = sign_out_of(&page);
    }
    let forged = here.get("/account/profile").await.field("csrf");
    assert_eq!(here.post("/logout", &[("csrf", &*forged), ("logout", "")]).await.status, 403, "of another form");
    assert_eq!(here.get("/account").await.status, 200);
    let out = here.post("/logout", &[("csrf", &*token), ("logout", "")]).await;
    assert!(out.status == 200 && out.body.contains("You are signed out"), "{}", out.body);
    assert!(out.cookies().iter().any(|cookie| cookie.starts_with(SESSION) && cookie.contains("Max-Age=0")), "{out:?}");
    assert!(is_sign_in(&here.get("/account").await) && there.get("/account").await.body.contains("Ada Lovelace"));
}

/// How many letters of this name were written to an address.
async fn told(world: &World, to: &str, name: &str) -> usize {
    world.letters_to(to).await.iter().filter(|one| one["letter"] == name).count()
}

async fn code_in(world: &World, to: &str, name: &str) -> String {
    let letters = world.letters_to(to).await;
    let letter = letters.iter().find(|one| one["letter"] == name).unwrap_or_else(|| panic!("{letters:?}"));
    let link = letter["link"].as_str().unwrap();
    link.split("code=").nth(1).unwrap().to_owned()
}

async fn post_link(browser: &mut Browser, path: &str, code: &str) -> Answer {
    let page = browser.get(&format!("{path}?code={code}")).await;
    let csrf = page.field("csrf");
    browser.post(path, &[("csrf", &*csrf), ("code", code)]).await
}

const CONFIRM: &str = "/account/email/confirm";
const UNDO: &str = "/account/email/undo";
const NEW_ADDRESS: &str = "ada@new.example.com";

#[tokio::test]
async fn an_address_changes_once_it_is_proven_and_both_are_told() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    let asked = own.account("email", &[("action", "ask"), ("email", NEW_ADDRESS)]).await;
    assert!(asked.body.contains(&format!("A link went to {NEW_ADDRESS}")), "{}", asked.body);
    assert_eq!(told(&world, ADA, "email_asked").await, 1, "the present address is told at once");
    let code = code_in(&world, NEW_ADDRESS, "email_proof").await;
    // A scanner follows the link, without cookies, any number of times.
    for _ in 0..3 {
        let page = world.browser().get(&format!("{CONFIRM}?code={code}")).await;
        assert!(is_sign_in(&page), "{}", page.body);
        assert_eq!(own.get(&format!("{CONFIRM}?code={code}")).await.status, 200);
    }
    assert!(world.running.app.store.user_by_identifier(NEW_ADDRESS).await.unwrap().is_none(), "nothing has changed");
    let done = post_link(&mut own, CONFIRM, &code).await;
    assert!(done.status == 200 && done.body.contains("Address changed"), "{}", done.body);
    let again = own.get(&format!("{CONFIRM}?code={code}")).await;
    assert_eq!(again.status, 410, "opened twice");
    assert!(can_sign_in(&world, NEW_ADDRESS, PASSWORD).await && !can_sign_in(&world, ADA, PASSWORD).await);
    for address in [ADA, NEW_ADDRESS] {
        assert_eq!(told(&world, address, "email_changed").await, 1);
    }
    let letters = world.letters_to(NEW_ADDRESS).await;
    let letter = letters.iter().find(|one| one["letter"] == "email_changed").unwrap();
    assert!(letter.get("link").is_none(), "only the old one can take it back");
}

#[tokio::test]
async fn a_proof_counts_for_its_own_account_in_its_time_and_the_last_one_only() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    own.account("email", &[("action", "ask"), ("email", NEW_ADDRESS)]).await;
    let first = code_in(&world, NEW_ADDRESS, "email_proof").await;
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    assert_eq!(bobs.get(&format!("{CONFIRM}?code={first}")).await.status, 410, "somebody else's session");
    let csrf = bobs.get("/account/email").await.field("csrf");
    assert_eq!(bobs.post(CONFIRM, &[("csrf", &*csrf), ("code", &first)]).await.status, 410);
    own.account("email", &[("action", "ask"), ("email", "ada@other.example.com")]).await;
    assert_eq!(own.get(&format!("{CONFIRM}?code={first}")).await.status, 410, "a newer one has its place");
    let second = code_in(&world, "ada@other.example.com", "email_proof").await;
    // In another browser people sign in first, and come back to the link.
    let mut other = world.browser();
    let page = other.get(&format!("{CONFIRM}?code={second}")).await;
    let page = other.sign_in(&page, ADA, PASSWORD).await;
    assert!(page.body.contains("Confirm your new address"), "{}", page.body);
    world.advance(3_601);
    assert_eq!(own.get(&format!("{CONFIRM}?code={second}")).await.status, 410, "too late");
    own.get("/account/email").await;
    for forged in ["", "x", "sym_ep_x", &first.replace("sym_ep_", "sym_eu_")] {
        assert_eq!(own.get(&format!("{CONFIRM}?code={forged}")).await.status, 410, "{forged}");
        assert_eq!(own.get(&format!("{UNDO}?code={forged}")).await.status, 410, "{forged}");
    }
}

#[tokio::test]
async fn an_address_of_somebody_else_is_told_to_them_and_to_nobody_else_security_123() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    let csrf = own.get("/account/email").await.field("csrf");
    let fields =
        |email: &'static str| [("csrf", csrf.clone()), ("action", "ask".to_owned()), ("email", email.to_owned())];
    let free = own.post_all("/account/email", &fields("zoe@example.com")).await;
    let free_page = own.get("/account/email").await.body.replace("zoe@example.com", "…");
    let taken = own.post_all("/account/email", &fields(BOB)).await;
    let taken_page = own.get("/account/email").await.body.replace(BOB, "…");
    assert_eq!((free.status, free.header("location")), (taken.status, taken.header("location")));
    let without_csrf = |body: &str| -> String {
        body.split("name=\"csrf\" value=\"")
            .enumerate()
            .map(|(at, part)| if at == 0 { part } else { part.split_once('"').unwrap().1 })
            .collect()
    };
    assert_eq!(without_csrf(&free_page), without_csrf(&taken_page));
    assert_eq!(world.letter(BOB).await, json!({ "letter": "email_taken" }), "no link in it");
    assert_eq!(told(&world, ADA, "email_asked").await, 2, "the owner is told of both");
}

#[tokio::test]
async fn whoever_had_the_address_takes_it_back_and_ends_everything() {
    let world = World::with(waiting).await;
    let mut thief = ada(&world).await;
    thief.account("email", &[("action", "ask"), ("email", NEW_ADDRESS)]).await;
    let code = code_in(&world, NEW_ADDRESS, "email_proof").await;
    post_link(&mut thief, CONFIRM, &code).await;
    // Nor does another password void the way back.
    let changed = thief.change_password(PASSWORD, NEW).await;
    assert!(changed.body.contains("Password changed"), "{}", changed.body);
    let undo = code_in(&world, ADA, "email_changed").await;
    let mut owner = world.browser();
    let page = owner.get(&format!("{UNDO}?code={undo}")).await;
    assert!(page.status == 200 && page.body.contains(ADA), "{}", page.body);
    assert!(!is_sign_in(&thief.get("/account").await), "looking changes nothing");
    let done = post_link(&mut owner, UNDO, &undo).await;
    assert!(done.body.contains("Your address is safe"), "{}", done.body);
    assert!(!owner.cookies.contains_key(SESSION), "it signs nobody in");
    assert!(is_sign_in(&thief.get("/account").await));
    let user = world.running.app.store.user_by_identifier(ADA).await.unwrap().unwrap();
    assert_eq!(user.email.as_deref(), Some(ADA));
    assert!(!can_sign_in(&world, ADA, NEW).await, "the thief's password is worth nothing");
    assert_eq!(owner.get(&format!("{UNDO}?code={undo}")).await.status, 410, "it works once");
}

#[tokio::test]
async fn a_wish_is_stopped_before_its_proof_by_the_present_address_or_on_the_page() {
    let world = World::with(waiting).await;
    let mut thief = ada(&world).await;
    thief.account("email", &[("action", "ask"), ("email", NEW_ADDRESS)]).await;
    let proof = code_in(&world, NEW_ADDRESS, "email_proof").await;
    let undo = code_in(&world, ADA, "email_asked").await;
    let done = post_link(&mut world.browser(), UNDO, &undo).await;
    assert!(done.body.contains("Your address is safe"), "{}", done.body);
    assert!(!can_sign_in(&world, ADA, PASSWORD).await, "whoever was in knows it");
    assert!(is_sign_in(&thief.get(&format!("{CONFIRM}?code={proof}")).await), "no session is there for the proof");
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    own.account("email", &[("action", "ask"), ("email", NEW_ADDRESS)]).await;
    let page = own.account("email", &[("action", "drop")]).await;
    assert!(!page.body.contains("A link went to"), "{}", page.body);
}

#[tokio::test]
async fn what_takes_an_account_over_needs_a_fresh_sign_in_with_everything_security_96() {
    let world = World::with(waiting).await;
    let mut own = ada(&world).await;
    world.advance(601);
    for (part, fields) in [
        ("email", vec![("action", "ask"), ("email", NEW_ADDRESS)]),
        ("data", vec![("action", "export")]),
        ("data", vec![("action", "delete"), ("sure", ADA)]),
    ] {
        let asked = own.account(part, &fields).await;
        assert!(is_sign_in(&asked), "{part}: {}", asked.body);
    }
    assert!(world.letters_to(NEW_ADDRESS).await.is_empty());
    assert!(world.running.app.store.user_by_identifier(ADA).await.unwrap().is_some());
    // Signing in again leads back, and then it is done.
    let page = own.account("data", &[("action", "confirm")]).await;
    let page = own.sign_in(&page, ADA, PASSWORD).await;
    assert!(page.body.contains("id=\"download\""), "{}", page.body);
}

#[tokio::test]
async fn a_copy_has_what_is_kept_and_no_secret() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    own.set_up_app(0).await;
    world.redeem("web", &own.code("web", ADA, &[]).await).await;
    let csrf = own.get("/account/data").await.field("csrf");
    let copy = own.post("/account/data", &[("csrf", &*csrf), ("action", "export")]).await;
    assert_eq!(copy.status, 200, "{copy:?}");
    assert!(copy.header("content-disposition").starts_with("attachment") && copy.header("cache-control") == "no-store");
    let document = copy.json();
    assert_eq!(document["account"]["email"], ADA);
    for part in ["sessions", "factors", "grants", "activity"] {
        assert!(!document[part].as_array().unwrap().is_empty(), "{part}: {document}");
    }
    for secret in ["argon2", "sealed", "id_hash", "revocation_handle", "\"key\"", BOB] {
        assert!(!copy.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_account_goes_with_all_it_had_and_its_address_is_free() {
    let world = World::with(waiting).await;
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    let tokens = world.redeem("web", &bobs.code("web", BOB, &[]).await).await.json();
    let question = bobs.account("data", &[("action", "delete")]).await;
    assert!(question.body.contains("id=\"delete-for-ever\""), "{}", question.body);
    let mistyped = bobs.account("data", &[("action", "delete"), ("sure", "ada@example.com")]).await;
    assert_eq!(mistyped.status, 400);
    let gone = bobs.account("data", &[("action", "delete"), ("sure", "Bob@Example.com ")]).await;
    assert!(gone.status == 200 && gone.body.contains("Account deleted"), "{}", gone.body);
    assert!(is_sign_in(&bobs.get("/account").await));
    assert!(!can_sign_in(&world, BOB, PASSWORD).await);
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json()["error"], "invalid_grant");
    world.assert_dead(&tokens["access_token"]).await;
    assert_eq!(told(&world, BOB, "account_deleted").await, 1);
    world.add_user(BOB, "Another Bob", &[]).await;
    assert!(can_sign_in(&world, BOB, PASSWORD).await);
}

#[tokio::test]
async fn the_last_administrator_and_whom_the_operator_keeps_delete_nothing() {
    let world = World::new().await;
    let mut own = ada(&world).await;
    let refused = own.account("data", &[("action", "delete"), ("sure", ADA)]).await;
    assert!(refused.body.contains("last administrator"), "{}", refused.body);
    world.add_user("eve@example.com", "Eve", &["admin"]).await;
    assert!(own.account("data", &[("action", "delete")]).await.body.contains("id=\"delete-for-ever\""));
    let world = World::with(|config| config.account.delete = AccountDeletion::Off).await;
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    let refused = bobs.account("data", &[("action", "delete"), ("sure", BOB)]).await;
    assert!(refused.body.contains("Your administrator deletes accounts"), "{}", refused.body);
    assert!(can_sign_in(&world, BOB, PASSWORD).await);
}
