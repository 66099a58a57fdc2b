//! Security 123, all doors at once: who asks about an account gets the same status, headers and body, and the server does the same work, whether there is
//! such an account or not. Work is counted in hashes, not measured in time.

use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use symbolon_oauth::sign_up::SignUp;
use symbolon_server::config::MailedCodes;
use symbolon_store::{NewUser, User};

use crate::support::client::exchange;
use crate::support::{Answer, Browser, ISSUER, World, letters};

/// A name that has an account, then some that have none, or none to sign in to.
const KNOWN: &str = "ada@example.com";
const OTHERS: [&str; 3] = ["nobody@example.com", "blocked@example.com", "passwordless@example.com"];

async fn world() -> World {
    let world = World::with(|config| {
        letters::waiting(config);
        config.sign_up = SignUp::Open;
        config.factors.email = MailedCodes::First;
        config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    world.add_user("blocked@example.com", "Blocked", &[]).await;
    world.block("blocked@example.com").await;
    let store = &world.running.app.store;
    let ada = store.user_by_identifier(KNOWN).await.unwrap().unwrap();
    let email = "passwordless@example.com".to_owned();
    let user = User { id: "usr_passwordless".into(), email: Some(email.clone()), password_hash: None, ..ada };
    store.create_user(NewUser { user, identifiers: vec![email] }).await.unwrap();
    world
}

/// How many hashes have been made, once there are as many as expected or no more come.
async fn hashes(world: &World, expected: u64) -> u64 {
    let mut made = 0;
    for _ in 0..1_000 {
        made = hashes_now(world).await;
        if made >= expected {
            break;
        }
    }
    made
}

async fn hashes_now(world: &World) -> u64 {
    let request = Request::get("/metrics").header("host", "metrics").body(Full::default()).unwrap();
    let text = exchange(world.running.metrics_address.unwrap(), request).await.body;
    let line = text.lines().find(|line| line.starts_with("symbolon_password_hash_seconds_count ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// A way to ask about an account.
#[derive(Clone, Copy, Debug)]
enum Door {
    EmailCode,
    EmailCodeGuess,
    Forgot,
    SignIn,
    SignUp,
    SignUpGuess,
}

const PAGES: [Door; 6] =
    [Door::SignIn, Door::Forgot, Door::EmailCode, Door::EmailCodeGuess, Door::SignUp, Door::SignUpGuess];
/// Those with a JSON twin.
const TWINS: [Door; 5] = [Door::SignIn, Door::EmailCode, Door::EmailCodeGuess, Door::SignUp, Door::SignUpGuess];

impl Door {
    /// Where it is, what is typed there, and before what page.
    fn steps(self, name: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
        let own = |name: &'static str, value: &str| (name, value.to_owned());
        let sign_up = || vec![own("email", name), own("name", "Grace"), own("password", "seven calm otters knit")];
        match self {
            Self::SignIn => vec![("/login", vec![own("username", name), own("password", "not the password")])],
            Self::Forgot => vec![("/forgot", vec![own("username", name)])],
            Self::EmailCode => vec![("/login/email", vec![own("username", name)])],
            Self::EmailCodeGuess => {
                vec![
                    ("/login/email", vec![own("username", name)]),
                    ("/login/email/code", vec![own("code", "00000000")]),
                ]
            }
            Self::SignUp => vec![("/signup", sign_up())],
            Self::SignUpGuess => vec![("/signup", sign_up()), ("/signup/code", vec![own("code", "000000")])],
        }
    }

    /// How many hashes it takes.
    fn work(self) -> u64 {
        u64::from(matches!(self, Self::SignIn | Self::SignUp | Self::SignUpGuess))
    }

    async fn page(self, browser: &mut Browser, name: &str) -> Answer {
        let steps = self.steps(name);
        let mut page = browser.get(steps[0].0).await;
        for (path, typed) in steps {
            let mut fields: Vec<(&str, String)> = vec![("csrf", page.field("csrf"))];
            if page.body.contains("name=\"interaction\"") {
                fields.push(("interaction", page.field("interaction")));
            }
            fields.extend(typed);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            page = browser.post(path, &fields).await;
        }
        page
    }

    async fn twin(self, browser: &mut Browser, name: &str) -> Answer {
        let json = "application/json";
        let steps = self.steps(name);
        let mut page = browser.send(Method::GET, steps[0].0, &[(ACCEPT, json)], None).await;
        for (path, typed) in steps {
            let mut body = page.json()["values"].clone();
            for (name, value) in typed {
                body[name] = json!(value);
            }
            let headers = [(ACCEPT, json), (CONTENT_TYPE, json), (ORIGIN, ISSUER)];
            page = browser.send(Method::POST, path, &headers, Some(body.to_string())).await;
        }
        page
    }
}

/// What an answer says, without what differs between any two.
fn said(answer: &Answer, name: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Ok(mut document) = serde_json::from_str::<Value>(&body) {
        if let Some(values) = document["values"].as_object() {
            document["values"] = json!(values.keys().collect::<Vec<_>>());
        }
        body = document.to_string();
    } else {
        for own in [
            "name=\"csrf\" value=\"",
            "name=\"interaction\" value=\"",
            "name=\"challenge\" value=\"",
            "data-challenge=\"",
        ] {
            let mut parts = body.split(own);
            let first = parts.next().unwrap_or_default().to_owned();
            body = parts.fold(first, |body, part| body + part.split_once('"').unwrap().1);
        }
    }
    (answer.status.as_u16(), headers, body.replace(name, ""))
}

#[tokio::test]
async fn no_door_tells_who_has_an_account_by_status_headers_body_or_work() {
    let world = world().await;
    let (first, mut expected) = (hashes_now(&world).await, 0);
    let ways = PAGES.map(|door| (door, false)).into_iter().chain(TWINS.map(|door| (door, true)));
    for (door, as_twin) in ways {
        let ask = async |name: &str| {
            let mut browser = world.browser();
            let before = hashes_now(&world).await;
            let answer =
                if as_twin { door.twin(&mut browser, name).await } else { door.page(&mut browser, name).await };
            assert!(answer.status.as_u16() < 500 && answer.status != 429, "{door:?}: {answer:?}");
            (said(&answer, name), hashes(&world, before + door.work()).await - before)
        };
        expected += 4 * door.work();
        let known = ask(KNOWN).await;
        assert_eq!(known.1, door.work(), "{door:?}");
        for other in OTHERS {
            assert_eq!(ask(other).await, known, "{door:?} as twin: {as_twin}, {other}");
        }
    }
    assert_eq!(hashes(&world, first + expected).await, first + expected, "nor later");
}

#[tokio::test]
async fn nor_does_the_endpoint_for_apps() {
    let world = world().await;
    let ask = async |name: &str| {
        let before = hashes_now(&world).await;
        let body = json!({ "username": name, "password": "not the password", "client_id": "spa" }).to_string();
        let headers = [(CONTENT_TYPE, "application/json")];
        let answer = world.browser().send(Method::POST, "/authenticate", &headers, Some(body)).await;
        (said(&answer, name), hashes(&world, before + 1).await - before)
    };
    let known = ask(KNOWN).await;
    assert_eq!((known.0.0, known.1), (401, 1));
    for other in OTHERS {
        assert_eq!(ask(other).await, known, "{other}");
    }
}
