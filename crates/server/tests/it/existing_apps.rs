//! Apps that were made for another server: what a preset lets them do, passwords from pages of their own, and tickets for the authorization endpoint.

use http::header::{CONTENT_TYPE, ORIGIN, REFERER};
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_oauth::registration::AccessTokenType;
use symbolon_server::admin::{ClientChange, ClientCommand, Command, Preset};

use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::sign_up::CHOSEN;
use crate::support::{API, Answer, Browser, ISSUER, PASSWORD, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";
const GRANT: &str = "http://auth0.com/oauth/grant-type/password-realm";
const JSON: (HeaderName, &str) = (CONTENT_TYPE, "application/json");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `spa` as an app of Auth0; it may see passwords already.
async fn world() -> World {
    let world = World::new().await;
    set(&world, ClientChange { preset: Some(Preset::Auth0), ..ClientChange::default() }).await;
    world
}

async fn set(world: &World, change: ClientChange) {
    let command = ClientCommand::Set { client: "spa".to_owned(), change: Box::new(change) };
    world.carry_out(Command::Client(command)).await;
}

fn body(username: &str, password: &str) -> Value {
    json!({
        "client_id": "spa", "grant_type": GRANT, "realm": "Username-Password-Authentication", "scope": "openid email offline_access",
        "username": username, "password": password, "audience": API, "auth0Client": "e30=",
    })
}

async fn login(world: &World, body: &Value) -> Answer {
    world.post_json("/oauth/token", &[], body).await
}

#[tokio::test]
async fn a_page_of_the_client_sends_a_password_as_json_and_gets_tokens() {
    let world = world().await;
    let answer = login(&world, &body(ADA, PASSWORD)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(claims(&tokens["id_token"])["email"], ADA, "profile claims are in the ID token");
    assert_eq!(claims(&tokens["access_token"])["aud"], json!([API, format!("{ISSUER}/userinfo")]));
    assert_eq!(claims(&tokens["access_token"])["amr"], json!(["pwd"]));
    world.assert_alive(&tokens["access_token"]).await;
    let renewal = json!({
        "client_id": "spa", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "redirect_uri": "x",
        "scope": "openid",
    });
    let again = world.post_json("/oauth/token", &[], &renewal).await.json();
    assert!(again["id_token"].is_string() && again["refresh_token"].is_string(), "{again}");
    let audit = world.audit_trail().await;
    assert!(audit.iter().any(|(name, detail)| name == "token.issue" && detail["grant"] == GRANT));
}

/// Security 123.
#[tokio::test]
async fn rfc9700_section_2_4_wrong_passwords_and_people_nobody_knows_look_alike_and_are_slowed() {
    let world = world().await;
    let wrong = login(&world, &body(ADA, "wrong horse battery")).await;
    wrong.is_error(403, "invalid_grant");
    for (username, password) in [("nobody@example.com", PASSWORD), ("nobody@example.com", "x"), (ADA, "x")] {
        let other = login(&world, &body(username, password)).await;
        assert_eq!((other.status, &other.body), (wrong.status, &wrong.body), "{username}");
    }
    let mut last = wrong;
    for _ in 0..30 {
        last = login(&world, &body(ADA, "wrong horse battery")).await;
        if last.status == 429 {
            break;
        }
    }
    last.is_error(429, "too_many_attempts");
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(login(&world, &body(ADA, PASSWORD)).await.status, 429, "the right one is not looked at either");
}

/// RFC 9700 §2.4: the password grant does not exist, and this one only for those that are registered for it.
#[tokio::test]
async fn rfc9700_section_2_4_no_client_sends_passwords_unless_it_is_registered_for_it() {
    let plain = World::new().await;
    plain.change_client("spa", |client| client.json_requests = true).await;
    login(&plain, &body(ADA, PASSWORD)).await.is_error(400, "unauthorized_client");
    let listed = async |world: &World| {
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        document["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT))
    };
    assert!(!listed(&plain).await);

    let world = world().await;
    assert!(listed(&world).await);
    let mut standard = body(ADA, PASSWORD);
    standard["grant_type"] = json!("password");
    login(&world, &standard).await.is_error(400, "unsupported_grant_type");
    set(&world, ClientChange { password_sign_in: Some(false), ..ClientChange::default() }).await;
    login(&world, &body(ADA, PASSWORD)).await.is_error(400, "unauthorized_client");
    assert!(!listed(&world).await, "the grant is gone with the switch");
}

async fn ticket_from(browser: &mut Browser, headers: &[(HeaderName, &str)], body: &Value) -> Answer {
    let headers: Vec<_> = [JSON].iter().chain(headers).cloned().collect();
    browser.send(Method::POST, "/co/authenticate", &headers, Some(body.to_string())).await
}

async fn ticket(browser: &mut Browser) -> String {
    let answer = ticket_from(browser, &[(ORIGIN, SPA_ORIGIN), (SITE, "same-site")], &body(ADA, PASSWORD)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), SPA_ORIGIN);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()["login_ticket"].as_str().unwrap().to_owned()
}

/// Whether the client gets its code, and not the sign-in page.
async fn enters(
    browser: &mut Browser,
    client: &str,
    ticket: &str,
    more: &[(&str, &str)],
    headers: &[(HeaderName, &str)],
) -> bool {
    let pairs: Vec<_> = [("login_ticket", ticket)].iter().chain(more).copied().collect();
    let answer = browser.send(Method::GET, &authorize_url(client, &pairs), headers, None).await;
    let end = browser.follow(answer).await;
    end.status.is_redirection() && end.param("code").is_some()
}

#[tokio::test]
async fn a_ticket_begins_a_session_once_in_the_browser_that_got_it() {
    let world = world().await;
    let mut browser = world.browser();
    let first = ticket(&mut browser).await;
    assert!(!enters(&mut world.browser(), "spa", &first, &[], &[]).await, "another browser");
    assert!(enters(&mut browser, "spa", &first, &[], &[(REFERER, "https://spa.example.com/")]).await);
    assert!(browser.get("/").await.body.contains(ADA), "signed in here");
    let mut same = browser.clone();
    same.cookies.retain(|name, _| name.contains("pre"));
    assert!(!enters(&mut same, "spa", &first, &[], &[]).await, "used");
    let silent = ticket(&mut same).await;
    assert!(enters(&mut same, "spa", &silent, &[("prompt", "none")], &[]).await, "no page is needed");
}

/// Login CSRF: nobody is signed in with a ticket that is somebody else's, or for something else.
#[tokio::test]
async fn a_ticket_counts_only_for_its_client_its_page_and_a_minute() {
    let world = world().await;
    world.change_client("web", |client| client.require_pkce = true).await;
    let mut browser = world.browser();
    let of_spa = ticket(&mut browser).await;
    assert!(!enters(&mut browser.clone(), "web", &of_spa, &[], &[]).await, "another client");
    let foreign = [(REFERER, "https://evil.example/spa.example.com")];
    assert!(!enters(&mut browser.clone(), "spa", &of_spa, &[], &foreign).await, "from another page");
    for nonsense in ["", "x", "sym_lt_", &format!("{of_spa}x"), &of_spa.replace("sym_lt_", "sym_ac_")] {
        assert!(!enters(&mut browser.clone(), "spa", nonsense, &[], &[]).await, "{nonsense}");
    }
    world.change_client("spa", |client| client.password_sign_in = false).await;
    assert!(!enters(&mut browser.clone(), "spa", &of_spa, &[], &[]).await, "a client that may no longer");
    world.change_client("spa", |client| client.password_sign_in = true).await;
    world.advance(60);
    assert!(!enters(&mut browser, "spa", &of_spa, &[], &[]).await, "a minute later");
}

#[tokio::test]
async fn a_ticket_of_before_a_block_is_void() {
    let world = world().await;
    let mut browser = world.browser();
    let of_ada = ticket(&mut browser).await;
    world.block(ADA).await;
    assert!(!enters(&mut browser, "spa", &of_ada, &[], &[]).await);
}

#[tokio::test]
async fn tickets_are_given_to_registered_pages_of_the_same_site_for_the_right_password() {
    let world = world().await;
    let ask =
        async |headers: &[(HeaderName, &str)], body: &Value| ticket_from(&mut world.browser(), headers, body).await;
    let own = (ORIGIN, SPA_ORIGIN);
    let wrong = ask(std::slice::from_ref(&own), &body(ADA, "wrong horse battery")).await;
    wrong.is_error(401, "access_denied");
    assert_eq!(wrong.header("access-control-allow-origin"), SPA_ORIGIN, "the page can say so");
    assert!(wrong.headers.get("set-cookie").is_none());
    let nobody = ask(std::slice::from_ref(&own), &body("nobody@example.com", PASSWORD)).await;
    assert_eq!((nobody.status, &nobody.body), (wrong.status, &wrong.body));
    for headers in [
        vec![],
        vec![(ORIGIN, "null")],
        vec![(ORIGIN, "https://evil.example")],
        vec![(ORIGIN, "https://spa.example.com.evil.example")],
        vec![own.clone(), (SITE, "cross-site")],
    ] {
        let refused = ask(&headers, &body(ADA, PASSWORD)).await;
        refused.is_error(403, "access_denied");
        assert!(!refused.body.contains("login_ticket"), "{headers:?}");
    }
    let mut foreign = body(ADA, PASSWORD);
    foreign["client_id"] = json!("web");
    ask(std::slice::from_ref(&own), &foreign).await.is_error(400, "unauthorized_client");
    // No form of another site can send it.
    let headers = [own, (CONTENT_TYPE, "text/plain")];
    let text = body(ADA, PASSWORD).to_string();
    let posted = world.browser().send(Method::POST, "/co/authenticate", &headers, Some(text)).await;
    posted.is_error(400, "invalid_request");
}

/// Fetch standard, CORS protocol and credentials; security 108.
#[tokio::test]
async fn cookies_are_allowed_only_where_a_client_is_registered_so_and_never_for_strangers() {
    let world = World::new().await;
    let preflight = async |path: &str, origin: &str| {
        let method = HeaderName::from_static("access-control-request-method");
        let answer = world.send(Method::OPTIONS, path, &[(ORIGIN, origin), (method, "POST")], None).await;
        ["origin", "credentials"].map(|what| answer.header(&format!("access-control-allow-{what}")).to_owned())
    };
    let own = || [SPA_ORIGIN.to_owned(), String::new()];
    assert_eq!(preflight("/oauth/token", SPA_ORIGIN).await, own());
    set(&world, ClientChange { preset: Some(Preset::Keycloak), ..ClientChange::default() }).await;
    assert_eq!(preflight("/oauth/token", SPA_ORIGIN).await, [SPA_ORIGIN, "true"]);
    for path in ["/oauth/token", "/co/authenticate"] {
        for stranger in ["https://evil.example", "null"] {
            assert_eq!(preflight(path, stranger).await, ["", ""], "{path} {stranger}");
        }
    }
}

/// For an API older than RFC 9068; its tokens open what others open.
#[tokio::test]
async fn an_api_may_want_its_tokens_called_jwt() {
    let world = world().await;
    world.change_api(API, |api| api.access_token_type = AccessTokenType::Jwt).await;
    let tokens = login(&world, &body(ADA, PASSWORD)).await.json();
    assert_eq!(header(&tokens["access_token"])["typ"], "JWT");
    world.assert_alive(&tokens["access_token"]).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(world.userinfo(id_token).await.status, 401, "an ID token is none");
    assert_eq!(world.introspect(id_token).await["active"], false);
    let revoke = json!({ "client_id": "spa", "token": tokens["refresh_token"], "token_type_hint": "refresh_token" });
    assert_eq!(world.post_json("/oauth/revoke", &[], &revoke).await.status, 200);
    world.assert_dead(&tokens["access_token"]).await;
}

async fn forgotten(world: &World, headers: &[(HeaderName, &str)], email: &str) -> Answer {
    let body = json!({ "client_id": "spa", "connection": "Username-Password-Authentication", "email": email });
    world.post_json("/dbconnections/change_password", headers, &body).await
}

/// Security 123: the answer tells nobody who has an account.
#[tokio::test]
async fn a_page_of_the_client_asks_for_a_new_password_and_hears_the_same_for_everybody() {
    let world = World::with(|config| config.dev = true).await;
    let own = (ORIGIN, SPA_ORIGIN);
    let known = forgotten(&world, std::slice::from_ref(&own), ADA).await;
    assert_eq!((known.status.as_u16(), known.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert_eq!(known.header("access-control-allow-origin"), SPA_ORIGIN);
    let unknown = forgotten(&world, std::slice::from_ref(&own), "nobody@example.com").await;
    assert_eq!((unknown.status, &unknown.body), (known.status, &known.body));
    forgotten(&world, std::slice::from_ref(&own), " ").await.is_error(400, "invalid_request");
    forgotten(&world, &[(ORIGIN, "https://evil.example")], ADA).await.is_error(400, "unauthorized_client");
    world.change_client("spa", |client| client.first_party = false).await;
    forgotten(&world, &[own], ADA).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn wishes_for_new_passwords_are_slowed_and_without_mail_there_are_none() {
    let world = World::with(|config| config.dev = true).await;
    let mut last = forgotten(&world, &[], ADA).await;
    for _ in 0..200 {
        if last.status == 429 {
            break;
        }
        last = forgotten(&world, &[], ADA).await;
    }
    last.is_error(429, "too_many_requests");
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    forgotten(&World::new().await, &[], ADA).await.is_error(503, "temporarily_unavailable");
}

async fn signed_up(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({
        "client_id": "spa", "connection": "Username-Password-Authentication", "email": email, "password": password,
        "name": "Grace Hopper", "user_metadata": { "colour": "green" },
    });
    world.post_json("/dbconnections/signup", &[(ORIGIN, SPA_ORIGIN)], &body).await
}

#[tokio::test]
async fn a_page_of_the_client_begins_a_sign_up_and_the_link_with_the_password_ends_it() {
    const GRACE: &str = "grace@example.com";
    let world = World::open_to_all().await;
    let answer = signed_up(&world, GRACE, CHOSEN).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, SPA_ORIGIN));
    let told = answer.json();
    assert_eq!((told["email"].clone(), told["email_verified"].clone()), (json!(GRACE), json!(false)));
    let user = async || world.running.app.store.user_by_identifier(GRACE).await.unwrap();
    assert!(user().await.is_none(), "nobody has proven anything");
    let mut browser = world.browser();
    let page = browser.get(&world.link_for(GRACE).await).await;
    assert_eq!(browser.confirm(&page, None).await.status, 400, "whoever asked knows the password");
    assert!(browser.confirm(&page, Some(CHOSEN)).await.body.contains("<h1>Account created</h1>"));
    let user = user().await.unwrap();
    assert_eq!(
        (json!(user.id), user.email_verified, user.name.as_deref()),
        (told["_id"].clone(), true, Some("Grace Hopper"))
    );
}

/// Security 123: whether the address has an account stands in the letter to its owner only.
#[tokio::test]
async fn a_sign_up_for_an_address_that_is_known_is_answered_alike_and_changes_nothing() {
    let world = World::open_to_all().await;
    let [known, unknown] = [signed_up(&world, ADA, CHOSEN).await, signed_up(&world, "bob@example.com", CHOSEN).await];
    let shape = |answer: &Answer| {
        let body = answer.json();
        (answer.status, body["_id"].as_str().map(str::len), body.as_object().map(serde_json::Map::len))
    };
    assert_eq!(shape(&known), shape(&unknown));
    let ada = world.running.app.store.user_by_identifier(ADA).await.unwrap().unwrap();
    assert!(known.json()["_id"] != json!(ada.id), "it is nobody's");
    assert!(world.letter(ADA).await.get("link").is_none(), "{:?}", world.letter(ADA).await);
}

#[tokio::test]
async fn a_sign_up_that_cannot_be_is_told_as_the_library_reads_it() {
    let world = World::open_to_all().await;
    let short = signed_up(&world, "bob@example.com", "short").await;
    assert_eq!(short.status, 400);
    let short = short.json();
    let told = ["code", "name", "policy"].map(|name| short[name].clone());
    assert_eq!(told, [json!("invalid_password"), json!("PasswordStrengthError"), json!("at least 15 characters")]);
    assert_eq!(signed_up(&world, "nobody", CHOSEN).await.json()["code"], "invalid_signup");
    let mut last = signed_up(&world, "bob@example.com", CHOSEN).await;
    for _ in 0..40 {
        last = signed_up(&world, "bob@example.com", CHOSEN).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!((last.status.as_u16(), last.header("retry-after").is_empty()), (429, false));
    let closed = signed_up(&World::new().await, "bob@example.com", CHOSEN).await;
    assert_eq!((closed.status.as_u16(), closed.json()["code"].clone()), (400, json!("public_signup_disabled")));
}
