//! Sign-ins with a password and refresh rotations, each committed to disk before it is answered.
//!
//! Sign-ins are what the hash makes of them, so its parameters and its own time stand beside.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::figure::Figure;
use crate::load::{self, Script};
use crate::server::{Installation, Running};
use crate::{Failure, cpu};

/// One chain of refresh tokens per connection; many at once is what group commit is for.
const CHAINS: usize = 64;
const REFRESH_FOR: Duration = Duration::from_secs(8);

/// Sign-ins at once: more than there are processors, so that none idles.
const SIGN_INS: usize = 4;
const SIGN_IN_FOR: Duration = Duration::from_secs(8);

/// What tokens are signed with. A refresh signs two, access token and ID token: with RS256, the default, that alone is more than the
/// rest together.
const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// Processor seconds per 1,000 durable rotations, signatures included.
const REFRESH_BUDGET: f64 = 0.30;

/// Processor seconds per 1,000 sign-ins, the hash left out.
const SIGN_IN_BUDGET: f64 = 0.8;

const PASSWORD: &str = "a long enough password";

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let running = installation.serve()?;
    let users: Vec<String> = (0..CHAINS).map(|number| format!("bench{number}@example.com")).collect();
    for user in &users {
        super::setup::user(&installation, user, PASSWORD)?;
    }
    let mut figures = Vec::new();
    for algorithm in ALGORITHMS {
        let app = App { installation: &installation, algorithm, id: super::setup::app(&installation, algorithm)? };
        if figures.is_empty() {
            figures.extend(sign_ins(&app, &running, &users)?);
        }
        figures.extend(refreshes(&app, &running, &users)?);
    }
    Ok(figures)
}

/// The app that signs people in.
struct App<'i> {
    installation: &'i Installation,
    algorithm: &'static str,
    id: String,
}

fn sign_ins(app: &App<'_>, running: &Running, users: &[String]) -> Result<Vec<Figure>, Failure> {
    let share = users.len() / SIGN_INS;
    let scripts = users.chunks(share).map(|users| SignIn::new(app, users)).collect();
    let before = cpu::used(running.pid())?;
    let outcome = load::run(running.address, scripts, SIGN_IN_FOR)?;
    let used = cpu::used(running.pid())?.saturating_sub(before).as_secs_f64();
    let per_thousand = used * 1e3 / load::count(outcome.requests);
    let hash = super::setup::hash_cost()?;
    Ok(vec![
        Figure::reported("core.signin.rate", outcome.per_second(), "sign-ins/s"),
        Figure::reported(
            "core.signin.hash",
            hash * 1e3,
            format!("CPU s per 1,000 ({})", super::setup::hash_parameters()?),
        ),
        Figure::reported("core.signin.cpu", per_thousand, "CPU s per 1,000"),
        Figure::at_most("core.signin.cpu_without_hash", per_thousand - hash * 1e3, "CPU s per 1,000", SIGN_IN_BUDGET),
    ])
}

fn refreshes(app: &App<'_>, running: &Running, users: &[String]) -> Result<Vec<Figure>, Failure> {
    // One sign-in each gives each connection its chain.
    let mut chains = Vec::new();
    for users in users.chunks(1) {
        let once = load::run(running.address, vec![SignIn::new(app, users)], Duration::from_millis(1))?;
        let token = once.scripts.into_iter().find_map(|script| script.refresh_token);
        let token = token.ok_or("signing in gave no refresh token")?;
        let (uri, host) = (format!("{}/oauth/token", app.installation.issuer()), app.installation.host());
        chains.push(Chain { uri, host, client: app.id.clone(), token });
    }
    let before = cpu::used(running.pid())?;
    let outcome = load::run(running.address, chains, REFRESH_FOR)?;
    let used = cpu::used(running.pid())?.saturating_sub(before).as_secs_f64();
    Ok(vec![
        Figure::reported(format!("core.refresh.rate.{}", app.algorithm), outcome.per_second(), "durable rotations/s"),
        Figure::at_most(
            format!("core.refresh.cpu.{}", app.algorithm),
            used * 1e3 / load::count(outcome.requests),
            "CPU s per 1,000",
            REFRESH_BUDGET,
        ),
    ])
}

/// Signs in with one user after the other.
struct SignIn {
    uri: String,
    host: String,
    bodies: Vec<Bytes>,
    next: usize,
    refresh_token: Option<String>,
}

impl SignIn {
    fn new(app: &App<'_>, users: &[String]) -> Self {
        let body = |user: &String| {
            let body = json!({
                "username": user, "password": PASSWORD, "client_id": app.id,
                "audience": super::setup::audience(app.algorithm), "scope": "openid offline_access read:bench",
            });
            Bytes::from(body.to_string())
        };
        let uri = format!("{}/authenticate", app.installation.issuer());
        Self {
            uri,
            host: app.installation.host(),
            bodies: users.iter().map(body).collect(),
            next: 0,
            refresh_token: None,
        }
    }
}

impl Script for SignIn {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let body = self.bodies[self.next % self.bodies.len()].clone();
        self.next += 1;
        let request = Request::post(self.uri.as_str()).header("host", self.host.as_str());
        Ok(request.header("content-type", "application/json").body(Full::new(body))?)
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.refresh_token = refresh_token(body)?;
        Ok(())
    }
}

/// Refreshes with what the last refresh gave.
struct Chain {
    uri: String,
    host: String,
    client: String,
    token: String,
}

impl Script for Chain {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let body = format!("grant_type=refresh_token&client_id={}&refresh_token={}", self.client, self.token);
        let request = Request::post(self.uri.as_str()).header("host", self.host.as_str());
        Ok(request.header("content-type", "application/x-www-form-urlencoded").body(Full::new(Bytes::from(body)))?)
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.token = refresh_token(body)?.ok_or("the refresh brought no new token")?;
        Ok(())
    }
}

fn refresh_token(body: &[u8]) -> Result<Option<String>, Failure> {
    let answer: Value = serde_json::from_slice(body)?;
    Ok(answer["refresh_token"].as_str().map(str::to_owned))
}
