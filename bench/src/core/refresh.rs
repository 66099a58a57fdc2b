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

/// Processor seconds per 1,000 durable rotations.
const REFRESH_BUDGET: f64 = 0.30;

/// Processor seconds per 1,000 sign-ins, the hash left out.
const SIGN_IN_BUDGET: f64 = 0.8;

const PASSWORD: &str = "a long enough password";

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let running = installation.serve()?;
    super::setup::app(&installation)?;
    let users: Vec<String> = (0..CHAINS).map(|number| format!("bench{number}@example.com")).collect();
    for user in &users {
        super::setup::user(&installation, user, PASSWORD)?;
    }
    let mut figures = sign_ins(&installation, &running, &users)?;
    figures.extend(refreshes(&installation, &running, &users)?);
    Ok(figures)
}

fn sign_ins(installation: &Installation, running: &Running, users: &[String]) -> Result<Vec<Figure>, Failure> {
    let share = users.len() / SIGN_INS;
    let scripts = users.chunks(share).map(|users| SignIn::new(installation, users)).collect();
    let before = cpu::used(running.pid())?;
    let outcome = load::run(running.address, scripts, SIGN_IN_FOR)?;
    let used = cpu::used(running.pid())?.saturating_sub(before).as_secs_f64();
    let per_thousand = used * 1e3 / load::count(outcome.requests);
    let hash = super::setup::hash_time()?;
    Ok(vec![
        Figure::reported("core.signin.rate", outcome.per_second(), "sign-ins/s"),
        Figure::reported(
            "core.signin.hash",
            hash.as_secs_f64() * 1e3,
            format!("ms ({})", super::setup::hash_parameters()?),
        ),
        Figure::reported("core.signin.cpu", per_thousand, "CPU s per 1,000"),
        Figure::at_most(
            "core.signin.cpu_without_hash",
            per_thousand - hash.as_secs_f64() * 1e3,
            "CPU s per 1,000",
            SIGN_IN_BUDGET,
        ),
    ])
}

fn refreshes(installation: &Installation, running: &Running, users: &[String]) -> Result<Vec<Figure>, Failure> {
    // One sign-in each gives each connection its chain.
    let mut chains = Vec::new();
    for users in users.chunks(1) {
        let once = load::run(running.address, vec![SignIn::new(installation, users)], Duration::from_millis(1))?;
        let token = once.scripts.into_iter().find_map(|script| script.refresh_token);
        let token = token.ok_or("signing in gave no refresh token")?;
        chains.push(Chain { uri: format!("{}/oauth/token", installation.issuer()), host: installation.host(), token });
    }
    let before = cpu::used(running.pid())?;
    let outcome = load::run(running.address, chains, REFRESH_FOR)?;
    let used = cpu::used(running.pid())?.saturating_sub(before).as_secs_f64();
    Ok(vec![
        Figure::reported("core.refresh.rate", outcome.per_second(), "durable rotations/s"),
        Figure::at_most(
            "core.refresh.cpu",
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
    fn new(installation: &Installation, users: &[String]) -> Self {
        let body = |user: &String| {
            let body = json!({
                "username": user, "password": PASSWORD, "client_id": super::setup::APP,
                "audience": super::setup::audience("RS256"), "scope": "openid offline_access read:bench",
            });
            Bytes::from(body.to_string())
        };
        let uri = format!("{}/authenticate", installation.issuer());
        Self { uri, host: installation.host(), bodies: users.iter().map(body).collect(), next: 0, refresh_token: None }
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
    token: String,
}

impl Script for Chain {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let body = format!("grant_type=refresh_token&client_id={}&refresh_token={}", super::setup::APP, self.token);
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
