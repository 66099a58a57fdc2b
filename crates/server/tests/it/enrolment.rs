//! Setting up a factor, in two tabs, twice at once, and in another's place: there is one app, and nobody has recovery codes that they never saw.

use symbolon_oauth::second_factor::Required;
use symbolon_store::Credential;

use crate::support::factors::{App, SECURITY, codes};
use crate::support::flow::authorize_url;
use crate::support::letters::waiting;
use crate::support::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@example.com";
const SESSION: &str = "symbolon-session-4400";

async fn signed_in(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.sign_in_here(ADA).await;
    browser
}

/// Ada's apps and unused recovery codes.
async fn factors(world: &World) -> (usize, usize) {
    let all = world.running.app.store.credentials_of(&world.id_of(ADA).await).await.unwrap();
    let of = |kind: &str| {
        all.iter().filter(|one| one.kind == kind && (one.counter == 0 || kind == Credential::TOTP)).count()
    };
    (of(Credential::TOTP), of(Credential::RECOVERY_CODE))
}

/// The form that sets up the app of this page, filled in.
fn form(page: &Answer, app: &App) -> Vec<(&'static str, String)> {
    vec![
        ("csrf", page.field("csrf")),
        ("action", "totp".to_owned()),
        ("secret", page.field("secret")),
        ("code", app.code(0)),
    ]
}

/// Whether one of the codes that were shown completes a sign-in.
async fn works(world: &World, code: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    browser.factor(&page, "recovery_code", code, &[]).await;
    browser.cookies.contains_key(SESSION)
}

#[tokio::test]
async fn a_form_that_is_sent_twice_sets_up_one_app_and_both_answers_show_its_codes() {
    let world = World::with(waiting).await;
    let mut own = signed_in(&world).await;
    let page = own.security(&[("action", "totp")]).await;
    let form = form(&page, &App::of(&page));
    let (mut one, mut two) = (own.clone(), own.clone());
    let (first, second) = tokio::join!(one.post_all(SECURITY, &form), two.post_all(SECURITY, &form));
    let shown = [codes(&first), codes(&second)];
    // At once, the second may also be told that something has changed; sent once more, it is shown them.
    let third = codes(&own.post_all(SECURITY, &form).await);
    assert_eq!(third.len(), 10);
    assert!(shown.iter().all(|one| one.is_empty() || *one == third), "{shown:?}");
    assert_eq!(factors(&world).await, (1, 10));
    let mut told = world.letters_to(ADA).await;
    told.retain(|one| one["letter"] == "factor_changed");
    assert_eq!(told.len(), 2, "of the app and of its codes, once: {told:?}");
    assert!(works(&world, &third[0]).await);
}

#[tokio::test]
async fn of_two_tabs_one_sets_up_its_app_and_nobody_has_codes_unseen() {
    let world = World::new().await;
    let mut own = signed_in(&world).await;
    let pages = [own.security(&[("action", "totp")]).await, own.security(&[("action", "totp")]).await];
    let forms = pages.each_ref().map(|page| form(page, &App::of(page)));
    let (mut one, mut two) = (own.clone(), own.clone());
    let (first, second) = tokio::join!(one.post_all(SECURITY, &forms[0]), two.post_all(SECURITY, &forms[1]));
    assert_eq!(factors(&world).await, (1, 10));
    let shown: Vec<_> = [codes(&first), codes(&second)].into_iter().filter(|shown| !shown.is_empty()).collect();
    let last = shown.last().unwrap();
    let mut working = 0;
    for shown in &shown {
        working += usize::from(works(&world, &shown[0]).await);
    }
    assert_eq!(working, 1, "the codes of one of them count: {last:?}");
}

#[tokio::test]
async fn an_app_in_anothers_place_ends_other_sessions_and_remembered_browsers_security_94() {
    let world = World::with(|config| {
        waiting(config);
        config.factors.required = Required::NewDevice;
    })
    .await;
    let mut own = signed_in(&world).await;
    let app = own.set_up_app(0).await;
    world.advance(60);
    let mut elsewhere = world.browser();
    let page = elsewhere.get(&authorize_url("web", &[])).await;
    let page = elsewhere.sign_in(&page, ADA, PASSWORD).await;
    elsewhere.factor(&page, "totp", &app.code(60), &[("remember", "yes")]).await;
    assert!(elsewhere.get("/").await.body.contains("Hello"));
    let page = own.security(&[("action", "totp")]).await;
    let other = App::of(&page);
    let (csrf, secret, code) = (page.field("csrf"), page.field("secret"), other.code(60));
    let fields = [("csrf", &*csrf), ("action", "totp"), ("secret", &*secret), ("code", &*code)];
    let kept = own.post(SECURITY, &fields).await;
    assert_eq!(kept.status, 303, "there are codes already: {}", kept.body);
    assert!(own.get("/").await.body.contains("Hello") && !elsewhere.get("/").await.body.contains("Hello"));
    let page = elsewhere.get(&authorize_url("web", &[])).await;
    let page = elsewhere.sign_in(&page, ADA, PASSWORD).await;
    assert!(page.body.contains("One more step"), "it is not remembered any more");
    assert_eq!(factors(&world).await, (1, 10));
    let told = world.letters_to(ADA).await;
    assert!(told.iter().any(|one| one["change"] == "totp_replaced"), "{told:?}");
}

#[tokio::test]
async fn an_app_that_is_demanded_at_sign_in_is_set_up_once_however_often_the_form_is_sent() {
    let world = World::with(|config| config.factors.required = Required::Always).await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    let page = browser.sign_in(&page, ADA, PASSWORD).await;
    let page = browser.factor(&page, "totp", "", &[("decision", "switch")]).await;
    let (code, way) = (App::of(&page).code(0), "totp".to_owned());
    let fields =
        [("interaction", page.field("interaction")), ("csrf", page.field("csrf")), ("way", way), ("code", code)];
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (first, second) = tokio::join!(one.post_all("/login/factor", &fields), two.post_all("/login/factor", &fields));
    assert_eq!((codes(&first).len(), codes(&first)), (10, codes(&second)), "{first:?} {second:?}");
    assert_eq!(factors(&world).await, (1, 10));
    assert!(works(&world, &codes(&first)[0]).await);
}
