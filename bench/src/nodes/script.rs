//! What clients of a site send: one job again and again, for one account after the other.

use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::response::Parts;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use crate::Failure;
use crate::core::setup;
use crate::load::Script;

/// What tokens are signed with.
pub(crate) const ALGORITHM: &str = "ES256";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "a long enough password";
/// A PKCE verifier and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The client that is given session values.
pub(crate) const SESSIONS: &str = "app-sessions";

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// `GET /authorize` with a session cookie and `prompt=none`.
    Authorize,
    /// A token by client credentials.
    ClientCredentials,
    /// `GET /authorize` with a session cookie, and the code for tokens: two requests.
    CodeFlow,
    /// An API asks about a signed token.
    Introspect,
    /// The same with a pushed request before it (RFC 9126): three requests.
    PushedFlow,
    /// A rotation, durable before it is answered.
    Refresh,
    /// An API asks about a session value.
    Session,
    /// A password, and tokens for it.
    SignIn,
    /// The same, and a session for it. Only for the rows that others are copied from.
    SignInForSession,
}

impl Job {
    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::ClientCredentials => "client_credentials",
            Self::CodeFlow => "code_flow",
            Self::Introspect => "introspect",
            Self::PushedFlow => "pushed_flow",
            Self::Refresh => "refresh",
            Self::Session => "session",
            Self::SignIn => "signin",
            Self::SignInForSession => "signin_for_session",
        }
    }
}

impl Job {
    /// Requests of one of it.
    pub(crate) fn requests(self) -> u32 {
        match self {
            Self::PushedFlow => 3,
            Self::CodeFlow => 2,
            _ => 1,
        }
    }
}

/// Where a flow of several requests stands.
#[derive(Default)]
pub(crate) enum Step {
    #[default]
    Begin,
    /// With this `request_uri`.
    Pushed(String),
    /// With this code.
    Redeem(String),
}

/// A user and what has been given to them.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) refresh_token: String,
    pub(crate) cookie: String,
    pub(crate) session_value: String,
    /// The last one, once there is one.
    pub(crate) access_token: String,
}

/// What a client knows of a site.
pub(crate) struct Front {
    pub(crate) issuer: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) app: String,
    pub(crate) machine: (String, String),
    pub(crate) api_secret: String,
}

/// One connection's work.
pub(crate) struct Client {
    pub(crate) front: Arc<Front>,
    pub(crate) job: Job,
    pub(crate) accounts: Vec<Account>,
    pub(crate) step: Step,
    /// Counts what was finished.
    pub(crate) next: usize,
}

impl Client {
    fn account(&mut self) -> &mut Account {
        let place = self.next % self.accounts.len();
        &mut self.accounts[place]
    }

    fn json(&self, path: &str, body: &Value) -> Result<Request<Full<Bytes>>, Failure> {
        self.post(path, "application/json", body.to_string())
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Request<Full<Bytes>>, Failure> {
        let pairs =
            fields.iter().map(|(name, value)| format!("{name}={}", value.replace(':', "%3A").replace('/', "%2F")));
        self.post(path, "application/x-www-form-urlencoded", pairs.collect::<Vec<_>>().join("&"))
    }

    fn post(&self, path: &str, kind: &str, body: String) -> Result<Request<Full<Bytes>>, Failure> {
        let request = Request::post(format!("{}{path}", self.front.issuer)).header("host", self.front.host.as_str());
        Ok(request.header("content-type", kind).body(Full::new(Bytes::from(body)))?)
    }

    fn sign_in(&self, email: &str, client: &str, scope: &str) -> Result<Request<Full<Bytes>>, Failure> {
        let audience = setup::audience(ALGORITHM);
        let body = json!({
            "username": email, "password": PASSWORD, "client_id": client, "audience": audience, "scope": scope,
        });
        self.json("/authenticate", &body)
    }

    /// An authorization request, as a query or as a form.
    fn asked(&self) -> String {
        format!(
            "response_type=code&client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A9%2F&scope=openid&prompt=none&state=s\
             &code_challenge={CHALLENGE}&code_challenge_method=S256",
            self.front.app
        )
    }

    /// One request of a flow.
    fn flow(&self, cookie: &str) -> Result<Request<Full<Bytes>>, Failure> {
        let app = self.front.app.as_str();
        match &self.step {
            Step::Begin if self.job == Job::PushedFlow => {
                self.post("/oauth/par", "application/x-www-form-urlencoded", self.asked())
            }
            Step::Begin => self.authorize(cookie, &self.asked()),
            Step::Pushed(uri) => {
                self.authorize(cookie, &format!("client_id={app}&request_uri={}", uri.replace(':', "%3A")))
            }
            Step::Redeem(code) => {
                let fields = [("grant_type", "authorization_code"), ("client_id", app), ("code", code)];
                let more = [("redirect_uri", "http://localhost:9/"), ("code_verifier", VERIFIER)];
                self.form("/oauth/token", &[&fields[..], &more[..]].concat())
            }
        }
    }

    fn authorize(&self, cookie: &str, query: &str) -> Result<Request<Full<Bytes>>, Failure> {
        let request = Request::get(format!("{}/authorize?{query}", self.front.issuer));
        let request = request.header("host", self.front.host.as_str());
        let cookie = format!("symbolon-session-{}={cookie}", self.front.port);
        Ok(request.header("cookie", cookie).body(Full::new(Bytes::new()))?)
    }
}

/// The code of a redirect.
fn code(answer: &Parts) -> Option<&str> {
    let location = answer.headers.get("location").filter(|_| answer.status.is_redirection())?.to_str().ok()?;
    let (_, rest) = location.split_once("code=")?;
    rest.split('&').next()
}

impl Client {
    /// Takes the next step of a flow; whether it is over.
    fn goes_on(&mut self, body: &[u8]) -> Result<bool, Failure> {
        match &self.step {
            Step::Begin => {
                let answer: Value = serde_json::from_slice(body)?;
                let uri = answer["request_uri"].as_str().ok_or("a pushed request without a request_uri")?;
                self.step = Step::Pushed(uri.to_owned());
                Ok(false)
            }
            // The redirect has a body of its own, if any; the code of its head is redeemed next.
            Step::Redeem(_) if body.is_empty() || body.first() != Some(&b'{') => Ok(false),
            Step::Pushed(_) => Err("an answer without a code".into()),
            Step::Redeem(_) => {
                self.step = Step::Begin;
                Ok(true)
            }
        }
    }
}

impl Script for Client {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let account = self.account().clone();
        let audience = setup::audience(ALGORITHM);
        let Front { app, machine: (machine, secret), api_secret, .. } = &*self.front;
        let as_api = [("client_id", audience.as_str()), ("client_secret", api_secret)];
        match self.job {
            Job::Authorize => self.authorize(&account.cookie, &self.asked()),
            Job::CodeFlow | Job::PushedFlow => self.flow(&account.cookie),
            Job::ClientCredentials => {
                let fields = [("grant_type", "client_credentials"), ("client_id", machine), ("client_secret", secret)];
                self.form("/oauth/token", &[&fields[..], &[("scope", "read:bench"), ("audience", &audience)]].concat())
            }
            Job::Introspect => {
                self.form("/oauth/introspect", &[&as_api[..], &[("token", account.access_token.as_str())]].concat())
            }
            Job::Refresh => {
                let token = account.refresh_token.as_str();
                let fields = [("grant_type", "refresh_token"), ("client_id", app), ("refresh_token", token)];
                self.form("/oauth/token", &fields)
            }
            Job::Session => {
                self.form("/session", &[&as_api[..], &[("session", account.session_value.as_str())]].concat())
            }
            Job::SignIn => self.sign_in(&account.email, app, "openid offline_access read:bench"),
            Job::SignInForSession => self.sign_in(&account.email, SESSIONS, "openid read:bench"),
        }
    }

    fn is_good(&self, answer: &Parts) -> bool {
        match (self.job, &self.step) {
            (Job::PushedFlow, Step::Begin) => answer.status == StatusCode::CREATED,
            (Job::PushedFlow, Step::Pushed(_)) | (Job::CodeFlow, Step::Begin) | (Job::Authorize, _) => {
                code(answer).is_some()
            }
            _ => answer.status == StatusCode::OK,
        }
    }

    fn arrived(&mut self, head: &Parts) -> Result<(), Failure> {
        if matches!(self.job, Job::CodeFlow | Job::PushedFlow)
            && let Some(code) = code(head)
        {
            self.step = Step::Redeem(code.to_owned());
        }
        Ok(())
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        let job = self.job;
        if matches!(job, Job::CodeFlow | Job::PushedFlow) && !self.goes_on(body)? {
            return Ok(());
        }
        let account = self.account();
        match job {
            Job::Introspect | Job::Session => {
                let answer: Value = serde_json::from_slice(body)?;
                if answer["active"] != true {
                    return Err(format!("what is alive was refused: {answer}").into());
                }
            }
            Job::Refresh => {
                let answer: Value = serde_json::from_slice(body)?;
                let member = |name: &str| answer[name].as_str().map(str::to_owned).ok_or("a token is missing");
                (account.refresh_token, account.access_token) = (member("refresh_token")?, member("access_token")?);
            }
            Job::Authorize
            | Job::ClientCredentials
            | Job::CodeFlow
            | Job::PushedFlow
            | Job::SignIn
            | Job::SignInForSession => {}
        }
        self.next += 1;
        Ok(())
    }
}
