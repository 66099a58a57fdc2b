//! The copy that people take of their account: each list with what they have really done, no secret of anybody, nothing of anybody else. And the
//! apps of the account, with what each may do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use symbolon_oauth::second_factor::Required;

use crate::support::factors::{App, SECURITY, codes, passkey};
use crate::support::flow::authorize_url;
use crate::support::{API, Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const DEVICE: &str = "symbolon-device-4400";

/// The client that asks is allowed what it asks for; gives its tokens.
async fn allowed(world: &World, browser: &mut Browser, more: &[(&str, &str)]) -> Value {
    let page = browser.get(&authorize_url("partner", more)).await;
    let page = browser.follow(page).await;
    assert!(page.body.contains("action=\"/consent\""), "{page:?}");
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &*csrf), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    let answer = browser.follow(answer).await;
    world.redeem("partner", &answer.param("code").unwrap_or_else(|| panic!("{answer:?}"))).await.json()
}

/// What nobody may read out of the copy.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn of_browser(&mut self, browser: &Browser) {
        self.0.extend(browser.cookies.values().cloned());
    }

    fn of_tokens(&mut self, tokens: &Value) {
        let texts = tokens.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_token"));
        self.0.extend(texts.map(|(_, token)| token.as_str().unwrap().to_owned()));
    }

    /// What the store has of an account beside what its owner knows.
    async fn of_account(&mut self, world: &World, email: &str) {
        let store = &world.running.app.store;
        let user = store.user_by_identifier(email).await.unwrap().unwrap();
        for one in store.credentials_of(&user.id).await.unwrap() {
            self.0.extend(one.payload["sealed"].as_str().map(str::to_owned));
            self.0.extend(one.payload["public_key"].as_str().map(str::to_owned));
            self.0.insert(one.id);
        }
        self.0.extend([user.password_hash.unwrap(), user.revocation_handle, PASSWORD.to_owned()]);
    }
}

/// Sets up an app as `set_up_app` does, and notes its key as the page shows it.
async fn set_up(own: &mut Browser, secrets: &mut Secrets) -> App {
    let page = own.security(&[("action", "totp")]).await;
    let key = page.body.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    secrets.0.extend([key.replace(' ', ""), key, page.field("secret")]);
    let app = App::of(&page);
    let (csrf, secret, code) = (page.field("csrf"), page.field("secret"), app.code(0));
    let fields = [("csrf", &*csrf), ("action", "totp"), ("secret", &secret), ("code", &code)];
    let codes = codes(&own.post(SECURITY, &fields).await);
    assert_eq!(codes.len(), 10);
    secrets.0.extend(codes.iter().map(|code| code.replace('-', "")));
    secrets.0.extend(codes);
    app
}

async fn copy_of(own: &mut Browser) -> Answer {
    let csrf = own.get("/account/data").await.field("csrf");
    own.post("/account/data", &[("csrf", &*csrf), ("action", "export")]).await
}

/// The members of a list's items.
fn each<'d>(document: &'d Value, list: &str, member: &str) -> Vec<&'d Value> {
    let items = document[list].as_array().unwrap_or_else(|| panic!("no {list}: {document}"));
    items.iter().map(|item| &item[member]).collect()
}

#[tokio::test]
async fn every_list_has_what_the_person_has_and_no_secret() {
    let world = World::with(|config| config.factors.required = Required::NewDevice).await;
    let mut secrets = Secrets::default();
    // Bob has one of each as well, of which nothing is Ada's.
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    allowed(&world, &mut bobs, &[]).await;
    world.redeem("spa", &bobs.code("spa", BOB, &[]).await).await;
    let bob = world.id_of(BOB).await;

    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = set_up(&mut own, &mut secrets).await;
    own.add_passkey(&passkey()).await;
    let revision = own.get("/account/profile").await.field("revision");
    let csrf = own.get("/account/profile").await.field("csrf");
    let saved = [("csrf", &*csrf), ("action", "save"), ("revision", &*revision), ("nickname", "Countess")];
    own.post("/account/profile", &saved).await;
    world.advance(60);
    let mut other = world.browser();
    let page = other.get("/login").await;
    let page = other.sign_in(&page, ADA, "wrong horse battery").await;
    let page = other.sign_in(&page, ADA, PASSWORD).await;
    other.factor(&page, "totp", &app.code(60), &[("remember", "yes")]).await;
    assert!(other.cookies.contains_key(DEVICE));
    secrets.of_tokens(&allowed(&world, &mut other, &[]).await);
    secrets.of_tokens(&world.redeem("web", &other.code("web", ADA, &[]).await).await.json());

    let copy = copy_of(&mut own).await;
    assert_eq!((copy.status.as_u16(), copy.header("content-type")), (200, "application/json"));
    for browser in [&own, &other, &bobs] {
        secrets.of_browser(browser);
    }
    secrets.of_account(&world, ADA).await;
    secrets.of_account(&world, BOB).await;
    let document = copy.json();
    assert_lists(&document, &world.id_of(ADA).await);
    assert!(secrets.0.len() > 40, "cookies, tokens, codes, keys, hashes: {}", secrets.0.len());
    for secret in &secrets.0 {
        assert!(secret.len() > 7 && !copy.body.contains(&**secret), "{secret} in {document:#}");
    }
    for foreign in [BOB, &*bob, "\"spa\""] {
        assert!(!copy.body.contains(foreign), "{foreign} in {document:#}");
    }
}

fn assert_lists(document: &Value, sub: &str) {
    let account = &document["account"];
    assert_eq!(
        (&account["sub"], &account["email"], &account["name"]),
        (&json!(sub), &json!(ADA), &json!("Ada Lovelace"))
    );
    assert_eq!((&account["roles"], &account["status"]), (&json!(["admin"]), &json!("active")));
    assert_eq!((&account["email_verified"], &account["has_password"]), (&json!(true), &json!(true)));
    assert_eq!(account["profile"], json!({ "nickname": "Countess" }));
    assert_eq!(account["created_at"], "2027-01-15 08:00:00Z");
    let mut amr: Vec<String> = each(document, "sessions", "amr").iter().map(ToString::to_string).collect();
    amr.sort();
    assert_eq!(amr, ["[\"pwd\",\"otp\",\"mfa\"]", "[\"pwd\"]"]);
    assert_eq!(each(document, "sessions", "address"), [&json!("127.0.0.1"), &json!("127.0.0.1")]);
    assert_eq!(each(document, "remembered_browsers", "created_at"), [&json!("2027-01-15 08:01:00Z")]);
    assert_eq!(each(document, "remembered_browsers", "expires_at"), [&json!("2027-02-14 08:01:00Z")]);
    let kinds = each(document, "factors", "kind");
    let count = |kind: &str| kinds.iter().filter(|one| **one == kind).count();
    assert_eq!((count("totp"), count("passkey"), count("recovery_code"), kinds.len()), (1, 1, 10, 12));
    assert!(each(document, "factors", "name").contains(&&json!("Phone")), "{document:#}");
    assert_eq!(each(document, "consents", "client_id"), [&json!("partner")]);
    assert_eq!(each(document, "consents", "audience"), [&json!(API)]);
    assert!(document["consents"][0]["scope"].as_str().unwrap().contains("read"), "{document:#}");
    let clients: BTreeSet<&str> =
        each(document, "grants", "client_id").into_iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(clients, BTreeSet::from(["partner", "web"]));
    assert!(each(document, "grants", "scope").iter().all(|scope| scope.as_str().unwrap().contains("read")));
    let names = each(document, "activity", "name");
    for name in ["session.start", "user.factor.totp", "user.factor.passkey", "user.factor.recovery_codes"] {
        assert!(names.contains(&&json!(name)), "{name}: {names:?}");
    }
    assert!(each(document, "activity", "outcome").contains(&&json!("failure")), "the wrong password");
    assert_eq!(document["activity_is_complete"], true);
    let parts: BTreeSet<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let known = [
        "account",
        "activity",
        "activity_is_complete",
        "consents",
        "exported_at",
        "factors",
        "grants",
        "issuer",
        "remembered_browsers",
        "sessions",
    ];
    assert_eq!(parts, BTreeSet::from(known), "a list that is new is asserted here, too");
}

/// What the page says that an app gets, by the app's name.
fn gets(page: &Answer, name: &str) -> Vec<String> {
    let item = page.body.split(&format!("<strong>{name}</strong>")).nth(1).unwrap_or_else(|| panic!("{page:?}"));
    let item = item.split("<form").next().unwrap();
    item.split("<li>").skip(1).map(|rest| rest.split("</li>").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_apps_of_an_account_are_shown_with_what_each_was_given_and_no_more() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    allowed(&world, &mut own, &[]).await;
    world.redeem("web", &own.code("web", ADA, &[("scope", "openid offline_access"), ("audience", "")]).await).await;
    let page = own.get("/account/apps").await;
    let known = ["See your name and basic profile", "See your email address", "Read things <small>Example</small>"];
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    let expected = |more: &[&str]| sorted([&known[..], more].concat().into_iter().map(str::to_owned).collect());
    assert_eq!(sorted(gets(&page, "Partner")), expected(&[]));
    assert_eq!(gets(&page, "Web"), Vec::<String>::new());
    assert!(page.body.contains("It knows who you are, nothing else."), "{}", page.body);
    assert_eq!(page.body.matches("value=\"revoke\"").count(), 2);
    // It asks for more, and that is shown.
    allowed(&world, &mut own, &[("scope", "openid profile write")]).await;
    let page = own.get("/account/apps").await;
    assert_eq!(sorted(gets(&page, "Partner")), expected(&["Write things <small>Example</small>"]));
    let mut bobs = world.browser();
    bobs.sign_in_here(BOB).await;
    assert!(bobs.get("/account/apps").await.body.contains("No app has access"), "nobody else's");
}
