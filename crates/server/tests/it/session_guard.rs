//! Session values at an API: the guard in front of it looks them up at the real server, keeps the answers for a while, and lets no other
//! site's page use them.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use symbolon_guard::{CSRF_HEADER, Caller, Guard, Revocation, Sessions, csrf_token};
use symbolon_oauth::AccessTokenFormat;
use symbolon_server::Clock;
use symbolon_server::admin::{Command, RoleCommand, control};
use tower::ServiceExt as _;

use crate::support::{API, OTHER_API, SECRET, World};

const ADA: &str = "ada@example.com";

/// The server's clock, for the guard.
#[derive(Debug)]
struct Shared(Clock);

impl symbolon_guard::Clock for Shared {
    fn unix_now(&self) -> u64 {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.now())
    }
}

/// A server whose issuer is where it answers, so that a guard finds it, and whose client `web` gets sessions.
async fn world() -> World {
    // Nobody else is given this port while the system hands out the others first.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with(|config| {
        config.issuer = format!("http://{address}");
        config.http.listen = address.to_string().parse().unwrap();
    })
    .await;
    world.change_client("web", |client| client.access_token_format = AccessTokenFormat::Session).await;
    world
}

async fn sign_in(world: &World) -> String {
    world.tokens("web", ADA).await["access_token"].as_str().unwrap().to_owned()
}

async fn sign_out(world: &World, value: &str) {
    let answer = world.post_as("web", "/oauth/revoke", &[("token", value)]).await;
    assert_eq!(answer.json()["revoked"], true);
}

fn guard_for(world: &World, audience: &str, sessions: Sessions) -> Guard {
    let issuer = world.running.app.issuer.as_str();
    Guard::new(issuer, audience).unwrap().clock(Shared(world.clock.clone())).sessions(sessions)
}

/// A guard that follows no feed.
fn guard(world: &World, keep_secs: u64) -> Guard {
    following(world, keep_secs).revocation(Revocation::Off)
}

fn following(world: &World, keep_secs: u64) -> Guard {
    guard_for(world, API, Sessions::new(SECRET).keep(Duration::from_secs(keep_secs)))
}

async fn whoami(caller: Caller) -> String {
    caller.scope.clone()
}

async fn send(guard: &Guard, method: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let app: Router = Router::new().route("/me", get(whoami).post(whoami)).layer(guard.layer());
    let mut request = Request::builder().method(method).uri("/me").header("host", "api.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn status(guard: &Guard, value: &str) -> u16 {
    send(guard, "GET", &[("cookie", &format!("__Host-session={value}"))]).await.0.as_u16()
}

#[tokio::test]
async fn the_cookie_opens_the_api_and_so_does_the_value_as_a_token() {
    let world = world().await;
    let guard = guard(&world, 30);
    let value = sign_in(&world).await;
    let set = guard.set_cookie(&value).unwrap();
    let pair = set.to_str().unwrap().split(';').next().unwrap();
    let answer = send(&guard, "GET", &[("cookie", pair)]).await;
    assert_eq!(answer, (StatusCode::OK, "openid profile email read".to_owned()));
    let bearer = format!("Bearer {value}");
    assert_eq!(send(&guard, "GET", &[("authorization", &bearer)]).await.0, 200);
    assert_eq!(send(&guard, "GET", &[]).await.0, 401);
    // Signed tokens count beside it.
    let signed = world.tokens("other", ADA).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(send(&guard, "GET", &[("authorization", &format!("Bearer {signed}"))]).await.0, 200);
}

#[tokio::test]
async fn an_ended_session_is_refused_when_the_answer_is_no_longer_kept() {
    let world = world().await;
    let (keeps, asks) = (guard(&world, 30), guard(&world, 0));
    let value = sign_in(&world).await;
    assert_eq!((status(&keeps, &value).await, status(&asks, &value).await), (200, 200));
    sign_out(&world, &value).await;
    assert_eq!(status(&asks, &value).await, 401, "whoever asks every time knows at once");
    world.advance(29);
    assert_eq!(status(&keeps, &value).await, 200);
    world.advance(1);
    assert_eq!(status(&keeps, &value).await, 401);
    assert_eq!(keeps.status().refusals.iter().find(|(reason, _)| *reason == "session_ended").unwrap().1, 1);
}

/// The same feed that revokes tokens: no time passes here, so nothing kept runs out.
#[tokio::test]
async fn a_guard_that_follows_the_feed_drops_an_ended_session_at_once() {
    let world = world().await;
    let guard = following(&world, 60);
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let (value, other) = (tokens["access_token"].as_str().unwrap(), sign_in(&world).await);
    assert_eq!((status(&guard, value).await, status(&guard, &other).await), (200, 200));
    assert!(guard.ready(Duration::from_secs(20)).await);
    let hint = tokens["id_token"].as_str().unwrap();
    browser.get(&format!("/logout?id_token_hint={hint}")).await;
    let refused = async {
        while status(&guard, value).await == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused).await.unwrap();
    assert_eq!(status(&guard, &other).await, 200, "another sign-in goes on");
}

/// What is kept was revoked with the old roles; the session itself goes on.
#[tokio::test]
async fn a_session_goes_on_when_its_users_roles_change() {
    let world = world().await;
    let guard = following(&world, 60);
    let value = sign_in(&world).await;
    assert_eq!(status(&guard, &value).await, 200);
    assert!(guard.ready(Duration::from_secs(20)).await);
    let before = guard.status().revocation.position;
    let revoke = RoleCommand::Revoke { user: ADA.to_owned(), roles: vec!["admin".to_owned()] };
    control::run(&world.running.app, Command::Role(revoke), "test").await.unwrap();
    let heard = async {
        while guard.status().revocation.position == before {
            assert_eq!(status(&guard, &value).await, 200);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    assert_eq!(status(&guard, &value).await, 200);
}

#[tokio::test]
async fn a_session_that_expires_is_refused_to_the_second() {
    let world = world().await;
    let idle = world.running.app.config().session.idle_secs;
    let guard = guard(&world, 60);
    let value = sign_in(&world).await;
    // The answer of this moment is good for ten seconds only.
    world.advance(idle - 10);
    let unused = sign_in(&world).await;
    assert_eq!((status(&guard, &value).await, status(&guard, &unused).await), (200, 200));
    world.advance(idle - 1);
    assert_eq!(status(&guard, &value).await, 200, "use put the end off");
    world.advance(1);
    assert_eq!(status(&guard, &unused).await, 401);
}

#[tokio::test]
async fn answers_are_kept_for_a_bounded_time_and_the_server_is_asked_once_in_it() {
    let world = world().await;
    let an_hour = guard(&world, 3_600);
    let value = sign_in(&world).await;
    for _ in 0..5 {
        assert_eq!(status(&an_hour, &value).await, 200);
    }
    let seen = an_hour.status().sessions.unwrap();
    assert_eq!((seen.entries, seen.hits, seen.misses), (1, 4, 1));
    let clock = world.clock.clone();
    world.stop().await;
    clock.advance(59);
    assert_eq!(status(&an_hour, &value).await, 200, "no need to ask");
    clock.advance(1);
    let cookie = format!("__Host-session={value}");
    let answer = send(&an_hour, "GET", &[("cookie", &cookie)]).await;
    assert_eq!(answer.0, 503, "a minute at most, whatever was asked for; the session may be fine, so not 401");
}

#[tokio::test]
async fn nothing_is_kept_of_what_is_refused() {
    let world = world().await;
    let guard = guard(&world, 30);
    let value = sign_in(&world).await;
    let cut = &value[..value.len() - 1];
    for garbage in [cut, "sym_sv_", "sym_sv_AAAAAAAA", &format!("sym_sv_{}", "A".repeat(500)), "x"] {
        assert_eq!(status(&guard, garbage).await, 401, "{garbage}");
    }
    assert_eq!(guard.status().sessions.unwrap().entries, 0);
}

#[tokio::test]
async fn a_value_opens_no_other_api_and_a_wrong_secret_none_at_all() {
    let world = world().await;
    let value = sign_in(&world).await;
    let other = guard_for(&world, OTHER_API, Sessions::new(SECRET));
    assert_eq!(status(&other, &value).await, 401);
    let wrong = guard_for(&world, API, Sessions::new("wrong"));
    assert_eq!(status(&wrong, &value).await, 503, "that is the operator's mistake, not the caller's");
    let none = Guard::new(world.running.app.issuer.as_str(), API).unwrap();
    let bearer = format!("Bearer {value}");
    assert_eq!(send(&none, "GET", &[("authorization", &bearer)]).await.0, 401, "off unless chosen");
}

/// CSRF: known attacks.
#[tokio::test]
async fn no_other_sites_page_can_change_anything_with_the_cookie() {
    let world = world().await;
    let guard = guard(&world, 30).cookie_origins(["https://app.example.com"]);
    let value = sign_in(&world).await;
    let (cookie, token) = (format!("__Host-session={value}"), csrf_token(&value));
    let own = "https://api.example.com";
    let good: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")],
        &[("origin", own)],
        &[("referer", "https://api.example.com/page")],
        &[(CSRF_HEADER, &token)],
    ];
    let bad: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", own)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("referer", "https://evil.example/?https://api.example.com/")],
        &[(CSRF_HEADER, "1")],
        &[(CSRF_HEADER, &token), ("sec-fetch-site", "cross-site")],
        &[(CSRF_HEADER, &token), ("origin", "https://evil.example")],
    ];
    for (expected, cases) in [(200, good), (403, bad)] {
        for case in cases {
            let headers: Vec<_> = case.iter().copied().chain([("cookie", cookie.as_str())]).collect();
            assert_eq!(send(&guard, "POST", &headers).await.0, expected, "{case:?}");
            // A link from elsewhere is no harm.
            assert_eq!(send(&guard, "GET", &headers).await.0, 200, "{case:?}");
        }
    }
    let before = guard.status().sessions.unwrap().misses;
    send(&guard, "POST", &[("cookie", "__Host-session=sym_sv_x"), ("sec-fetch-site", "cross-site")]).await;
    assert_eq!(guard.status().sessions.unwrap().misses, before, "and nobody is asked on its behalf");
}
