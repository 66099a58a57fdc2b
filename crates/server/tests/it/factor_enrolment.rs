//! A factor that is set up on the way in: a passkey, an app, or whichever one chooses, as the rules and a level have it. What is set up there once, what
//! is not taken, and what becomes of whoever has lost it.

use serde_json::json;
use symbolon_factors::webauthn::testing::Passkey;
use symbolon_oauth::acr::Levels;
use symbolon_oauth::second_factor::{Factor, Required};
use symbolon_store::Credential;

use crate::support::factors::{App, SECURITY, assertion, codes, creation, onward, passkey};
use crate::support::flow::authorize_url;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

/// Everybody must have one of these.
async fn strict(offered: &'static [Factor]) -> World {
    World::with(|config| {
        config.factors.required = Required::Always;
        config.factors.offered = offered.to_vec();
    })
    .await
}

/// The strongest level takes a passkey that never leaves its device.
async fn with_levels() -> World {
    let levels = Levels::parse(["phr=hwk", "mfa=mfa", "pwd=pwd"], |_| Err(String::new())).unwrap();
    World::with(|config| config.acr = levels).await
}

fn phr() -> String {
    json!({ "id_token": { "acr": { "essential": true, "values": ["phr"] } } }).to_string()
}

/// A browser that nobody knows, after the password.
async fn after_password(world: &World, more: &[(&str, &str)]) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", more)).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    (browser, page)
}

/// What kinds of factor Ada has.
async fn kinds(world: &World) -> Vec<String> {
    let all = world.running.app.store.credentials_of(&world.id_of(ADA).await).await.unwrap();
    all.into_iter().map(|one| one.kind).filter(|kind| kind != Credential::RECOVERY_CODE).collect()
}

fn has_passkey_form(page: &Answer) -> bool {
    page.body.contains("data-passkey=\"create\"")
}

fn has_app_form(page: &Answer) -> bool {
    page.body.contains("id=\"secret\"")
}

#[tokio::test]
async fn where_passkeys_alone_are_allowed_one_is_set_up_and_used_and_a_recovery_code_stands_in_for_it() {
    let world = strict(&[Factor::Passkey]).await;
    let (mut browser, page) = after_password(&world, &[]).await;
    assert!(page.body.contains("<h1>Set up a passkey</h1>") && has_passkey_form(&page), "{}", page.body);
    assert!(!has_app_form(&page) && page.body.contains("Sign in with another browser or device"), "{}", page.body);
    assert!(!browser.cookies.contains_key(SESSION), "no session before all of it (security 134)");
    let mut key = passkey();
    let shown = browser.post_all("/login/factor", &creation(&page, &key)).await;
    let paper = codes(&shown);
    assert_eq!((shown.status.as_u16(), paper.len()), (200, 10), "{}", shown.body);
    let answer = browser.get(&onward(&shown)).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(
        (&claims["amr"], &claims["acr"]),
        (&json!(["pwd", "hwk", "user", "mfa"]), &json!("urn:symbolon:acr:mfa"))
    );
    assert!(browser.get(SECURITY).await.body.contains("<strong>Passkey 1</strong>"));

    key.sign_count += 1;
    let (mut next, step) = after_password(&world, &[]).await;
    assert!(step.body.contains("One more step") && step.body.contains("data-allow=\""), "{}", step.body);
    let mut fields = assertion(&step, &key, None);
    fields.push(("way", "passkey".to_owned()));
    let answer = next.post_all("/login/factor", &fields).await;
    assert!(next.follow(answer).await.param("code").is_some());

    // The device is lost: the paper is a way in, and leads to where another passkey is made.
    let (mut lost, step) = after_password(&world, &[]).await;
    let told = lost.factor(&step, "recovery_code", &paper[0], &[]).await;
    assert!(told.body.contains("9 are left") && told.body.contains(SECURITY), "{}", told.body);
    assert!(has_passkey_form(&lost.get(SECURITY).await));

    // So is the paper: the operator takes all of it away, and the next sign-in sets up another.
    world.command(&json!({ "user": { "reset-factors": { "user": ADA } } })).await;
    let (mut anew, page) = after_password(&world, &[]).await;
    let shown =
        anew.post_all("/login/factor", &creation(&page, &Passkey::es256(b"another", "localhost", ISSUER))).await;
    assert_eq!(codes(&shown).len(), 10, "{}", shown.body);
}

#[tokio::test]
async fn where_both_are_allowed_either_will_do() {
    for chosen in [Factor::Passkey, Factor::Totp] {
        let world = strict(&[Factor::Passkey, Factor::Totp]).await;
        let (mut browser, page) = after_password(&world, &[]).await;
        assert!(page.body.contains("<h1>Set up a second step</h1>"), "{}", page.body);
        assert!(has_passkey_form(&page) && !page.body.contains("id=\"unable\""), "{}", page.body);
        let other = browser.factor(&page, "totp", "", &[("decision", "switch")]).await;
        assert!(has_app_form(&other) && other.body.contains("id=\"way-passkey\""), "{}", other.body);
        let shown = match chosen {
            Factor::Passkey => {
                let back = browser.factor(&other, "passkey", "", &[("decision", "switch")]).await;
                browser.post_all("/login/factor", &creation(&back, &passkey())).await
            }
            _ => browser.factor(&other, "totp", &App::of(&other).code(0), &[]).await,
        };
        assert_eq!(codes(&shown).len(), 10, "{}", shown.body);
        assert_eq!(kinds(&world).await, [chosen.name()]);
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_set_up_by_no_form_and_what_proves_nothing_by_none_either() {
    let world = strict(&[Factor::Passkey]).await;
    let (mut browser, page) = after_password(&world, &[]).await;
    for more in [&[][..], &[("decision", "switch")]] {
        let answer = browser.factor(&page, "totp", "000000", more).await;
        assert!(has_passkey_form(&answer) && !has_app_form(&answer), "{}", answer.body);
    }
    let unverified = Passkey { flags: 0b001, ..passkey() };
    let foreign = Passkey::es256(b"3", "localhost", "http://evil.example");
    for wrong in [unverified, foreign] {
        let answer = browser.post_all("/login/factor", &creation(&page, &wrong)).await;
        assert!(answer.status == 400 && answer.body.contains("could not be added"), "{answer:?}");
        assert!(has_passkey_form(&answer), "another try");
    }
    // Made for the challenge of another browser's page.
    let (_, elsewhere) = after_password(&world, &[]).await;
    let stolen = creation(&elsewhere, &passkey()).into_iter().map(|(name, value)| match name {
        "interaction" | "csrf" => (name, page.field(name)),
        _ => (name, value),
    });
    assert_eq!(browser.post_all("/login/factor", &stolen.collect::<Vec<_>>()).await.status, 400);
    assert!(kinds(&world).await.is_empty() && !browser.cookies.contains_key(SESSION));
    let world = strict(&[Factor::Totp]).await;
    let (mut browser, page) = after_password(&world, &[]).await;
    assert!(has_app_form(&page) && !has_passkey_form(&page), "{}", page.body);
    let fields =
        [("interaction", page.field("interaction")), ("csrf", page.field("csrf")), ("way", "passkey".to_owned())];
    assert!(has_app_form(&browser.post_all("/login/factor", &fields).await));
    assert!(kinds(&world).await.is_empty());
}

/// Two presses of a button in one moment; the page with the codes, loaded again later; the same after the sign-in is over.
#[tokio::test]
async fn a_form_that_comes_again_shows_the_same_codes_at_once_and_says_what_is_true_later() {
    for way in [Factor::Passkey, Factor::Totp] {
        let world = strict(&[Factor::Passkey, Factor::Totp]).await;
        let (mut browser, page) = after_password(&world, &[]).await;
        let page = browser.factor(&page, way.name(), "", &[("decision", "switch")]).await;
        let fields = match way {
            Factor::Passkey => creation(&page, &passkey()),
            _ => vec![
                ("interaction", page.field("interaction")),
                ("csrf", page.field("csrf")),
                ("way", "totp".to_owned()),
                ("code", App::of(&page).code(0)),
            ],
        };
        let shown = codes(&browser.post_all("/login/factor", &fields).await);
        browser.cookies.remove(SESSION);
        let again = browser.post_all("/login/factor", &fields).await;
        assert_eq!((shown.len(), codes(&again)), (10, shown.clone()), "{way}");
        assert!(browser.cookies.contains_key(SESSION), "whoever pressed twice is signed in");
        browser.cookies.remove(SESSION);
        for later in [120, 1_000] {
            world.advance(later);
            let late = browser.post_all("/login/factor", &fields).await;
            assert!(late.status == 200 && late.body.contains("recovery codes were shown once"), "{way}: {late:?}");
            assert!(late.body.contains(SECURITY) && codes(&late).is_empty(), "{way}: {late:?}");
            assert!(!browser.cookies.contains_key(SESSION), "{way}: a page that is loaded again signs nobody in");
        }
        assert_eq!(kinds(&world).await.len(), 1);
    }
    // What has set nothing up says that it was open too long.
    let world = strict(&[Factor::Passkey]).await;
    let (mut browser, page) = after_password(&world, &[]).await;
    let fields = creation(&page, &passkey());
    world.advance(901);
    let late = browser.post_all("/login/factor", &fields).await;
    assert!(late.body.contains("too long") && kinds(&world).await.is_empty(), "{}", late.body);
}

/// What the operator stops offering goes on working for whoever has it: nobody is locked out by a setting.
#[tokio::test]
async fn an_app_from_before_goes_on_signing_in_where_passkeys_alone_are_set_up_now() {
    let world = World::new().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    let world = world
        .restart_with(|config| {
            config.factors.required = Required::Always;
            config.factors.offered = vec![Factor::Passkey];
        })
        .await;
    world.advance(60);
    let (mut browser, page) = after_password(&world, &[]).await;
    assert!(page.body.contains("One more step") && !has_passkey_form(&page), "{}", page.body);
    let answer = browser.factor(&page, "totp", &app.code(60), &[]).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]), "no more than happened");
    let page = browser.get(SECURITY).await;
    assert!(has_passkey_form(&page) && !page.body.contains("value=\"totp\""), "{}", page.body);
}

#[tokio::test]
async fn an_essential_level_has_set_up_what_reaches_it_and_nothing_else() {
    let world = with_levels().await;
    let claims = phr();
    let (mut browser, page) = after_password(&world, &[("claims", &claims)]).await;
    assert!(has_passkey_form(&page) && !has_app_form(&page), "an app does not lead there: {}", page.body);
    let shown = browser.post_all("/login/factor", &creation(&page, &passkey())).await;
    let answer = browser.get(&onward(&shown)).await;
    assert_eq!(world.id_token_of("web", &answer.param("code").unwrap()).await["acr"], "phr");
}

/// Whoever has another factor shows that first: the password alone must not add one.
#[tokio::test]
async fn an_essential_level_has_a_passkey_set_up_beside_an_app_once_that_is_shown_security_96() {
    let world = with_levels().await;
    let mut own = world.browser();
    own.sign_in_here(ADA).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let claims = phr();
    let (mut browser, step) = after_password(&world, &[("claims", &claims)]).await;
    assert!(step.body.contains("One more step") && !has_passkey_form(&step), "{}", step.body);
    // A thief with the password sends what the page does not offer, for a challenge of their own.
    let (_, lure) = {
        let mut thief = world.browser();
        let page = thief.get(&authorize_url("web", &[])).await;
        (thief, page)
    };
    let forged: Vec<_> = creation(&lure, &passkey())
        .into_iter()
        .map(|(name, value)| match name {
            "interaction" | "csrf" => (name, step.field(name)),
            _ => (name, value),
        })
        .collect();
    assert!(browser.post_all("/login/factor", &forged).await.body.contains("One more step"));
    assert_eq!(kinds(&world).await, ["totp"]);
    let page = browser.factor(&step, "totp", &app.code(60), &[]).await;
    assert!(has_passkey_form(&page) && !has_app_form(&page), "{}", page.body);
    assert!(!browser.cookies.contains_key(SESSION), "the level is not reached yet");
    let answer = browser.post_all("/login/factor", &creation(&page, &passkey())).await;
    let answer = browser.follow(answer).await;
    let claims = world.id_token_of("web", &answer.param("code").unwrap()).await;
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("phr"), &json!(["pwd", "otp", "mfa", "hwk", "user"])));
    // The paper from before is good still.
    let (mut lost, step) = after_password(&world, &[]).await;
    assert!(lost.factor(&step, "recovery_code", &app.codes[0], &[]).await.body.contains("9 are left"));
}

#[tokio::test]
async fn saying_no_to_a_passkey_returns_access_denied() {
    let world = strict(&[Factor::Passkey]).await;
    let (mut browser, page) = after_password(&world, &[]).await;
    let answer = browser.factor(&page, "passkey", "", &[("decision", "deny")]).await;
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
}

/// The page with the recovery codes in one's own account, loaded again.
#[tokio::test]
async fn the_account_says_that_codes_were_shown_when_their_page_is_loaded_again_later() {
    for way in [Factor::Passkey, Factor::Totp] {
        let world = World::new().await;
        let mut own = world.browser();
        own.sign_in_here(ADA).await;
        let form = if way == Factor::Passkey {
            own.passkey_form(&passkey()).await
        } else {
            let page = own.security(&[("action", "totp")]).await;
            let (csrf, secret) = (page.field("csrf"), page.field("secret"));
            vec![("csrf", csrf), ("action", "totp".to_owned()), ("secret", secret), ("code", App::of(&page).code(0))]
        };
        assert_eq!(codes(&own.post_all(SECURITY, &form).await).len(), 10);
        for later in [700, 3_600] {
            world.advance(later);
            let again = own.post_all(SECURITY, &form).await;
            assert!(again.status == 200 && again.body.contains("This is set up already"), "{way} {later}: {again:?}");
            assert!(
                again.body.contains("confirm that it is you") && codes(&again).is_empty(),
                "{way} {later}: {again:?}"
            );
        }
        let nothing: Vec<_> = form.into_iter().filter(|(name, _)| ["csrf", "action"].contains(name)).collect();
        assert!(own.post_all(SECURITY, &nothing).await.body.contains("too long"));
    }
}
