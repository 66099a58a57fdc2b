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
pub(super) const ALGORITHM: &str = "ES256";
/// Everybody's password.
pub(super) const PASSWORD: &str = "a long enough password";
/// The client that is given session values.
pub(super) const SESSIONS: &str = "app-sessions";

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// `GET /authorize` with a session cookie and `prompt=none`.
    Authorize,
    /// A token by client credentials.
    ClientCredentials,
    /// An API asks about a signed token.
    Introspect,
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
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::ClientCredentials => "client_credentials",
            Self::Introspect => "introspect",
            Self::Refresh => "refresh",
            Self::Session => "session",
            Self::SignIn => "signin",
            Self::SignInForSession => "signin_for_session",
        }
    }
}

/// A user and what has been given to them.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) email: String,
    pub(super) refresh_token: String,
    pub(super) cookie: String,
    pub(super) session_value: String,
    /// The last one, once there is one.
    pub(super) access_token: String,
}

/// What a client knows of a site.
pub(super) struct Front {
    pub(super) issuer: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) app: String,
    pub(super) machine: (String, String),
    pub(super) api_secret: String,
}

/// One connection's work.
pub(super) struct Client {
    pub(super) front: Arc<Front>,
    pub(super) job: Job,
    pub(super) accounts: Vec<Account>,
    /// Counts the requests.
    pub(super) next: usize,
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

    fn authorize(&self, cookie: &str) -> Result<Request<Full<Bytes>>, Failure> {
        // The challenge of RFC 7636, appendix B.
        let query = format!(
            "response_type=code&client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A9%2F&scope=openid&prompt=none&state=s\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
            self.front.app
        );
        let request = Request::get(format!("{}/authorize?{query}", self.front.issuer));
        let request = request.header("host", self.front.host.as_str());
        let cookie = format!("symbolon-session-{}={cookie}", self.front.port);
        Ok(request.header("cookie", cookie).body(Full::new(Bytes::new()))?)
    }
}

impl Script for Client {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let account = self.account().clone();
        let audience = setup::audience(ALGORITHM);
        let Front { app, machine: (machine, secret), api_secret, .. } = &*self.front;
        let as_api = [("client_id", audience.as_str()), ("client_secret", api_secret)];
        match self.job {
            Job::Authorize => self.authorize(&account.cookie),
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
        if self.job != Job::Authorize {
            return answer.status == StatusCode::OK;
        }
        let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
        answer.status.is_redirection() && location.is_some_and(|it| it.contains("code="))
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        let job = self.job;
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
            Job::Authorize | Job::ClientCredentials | Job::SignIn | Job::SignInForSession => {}
        }
        self.next += 1;
        Ok(())
    }
}
