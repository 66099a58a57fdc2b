//! Clients that live until the server dies: what they do, one file for each kind, and the rounds of living and killing.

pub(crate) mod keys;
pub(crate) mod mixed;
pub(crate) mod paced;
pub(crate) mod patient;
pub(crate) mod redeem;
pub(crate) mod refresh;
pub(crate) mod sign_up;
pub(crate) mod steady;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::clock::Stopwatch;
use crate::journal::{Entry, Journal};
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;
use crate::wire::{Answer, Connection, FORM, Place, Unanswered, form};
use crate::{Failure, rng};

/// The one app, public and first-party.
pub(crate) const APP: &str = "app";
/// A client that acts for itself.
pub(crate) const MACHINE: &str = "machine";
/// The API of both.
pub(crate) const AUDIENCE: &str = "https://api.fault.example";
pub(crate) const CALLBACK: &str = "http://localhost:9/";
pub(crate) const PASSWORD: &str = "a long enough password";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// How many clients live at once.
pub(crate) const CLIENTS: usize = 8;

/// The address client number `number` signs in with.
pub(crate) fn email(number: usize) -> String {
    format!("person{number}@example.com")
}

/// Registers the API, the app, the machine client and the people, beside the running server.
pub(crate) fn populate(world: &World) -> Result<Machine, Failure> {
    world.run(&["api", "add", AUDIENCE, "--name", "Fault", "--alg", "ES256", "--scope", "read=Read"], "")?;
    let api = format!("{AUDIENCE}=read");
    let app = ["client", "add", "--spa", "--id", APP, "--name", "App", "--api", &api, "--redirect", CALLBACK];
    world.run(&[&app[..], &["--password-sign-in", "--id-token-alg", "ES256"]].concat(), "")?;
    let machine =
        world.run(&["client", "add", "--machine", "--id", MACHINE, "--name", "Machine", "--api", &api], "")?;
    for number in 0..CLIENTS {
        world.run(&["user", "add", "--email", &email(number), "--password-stdin"], PASSWORD)?;
    }
    let secret = machine["client_secret"].as_str().ok_or("the machine client has no secret")?;
    Ok(Machine { secret: secret.to_owned() })
}

/// The machine client's secret.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    secret: String,
}

impl Machine {
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Asks for an access token.
    pub(crate) async fn token(&self, connection: &mut Connection) -> Result<Answer, Unanswered> {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", MACHINE),
            ("client_secret", &self.secret),
            ("audience", AUDIENCE),
        ];
        connection.post_form("/oauth/token", &pairs).await
    }
}

/// Signs in by `POST /authenticate`; the answer holds a refresh token.
pub(crate) async fn sign_in(connection: &mut Connection, email: &str, password: &str) -> Result<Answer, Unanswered> {
    let scope = "openid offline_access read";
    let body =
        json!({ "username": email, "password": password, "client_id": APP, "audience": AUDIENCE, "scope": scope });
    connection.post_json("/authenticate", &body).await
}

/// Uses a refresh token.
pub(crate) async fn refresh(connection: &mut Connection, token: &str) -> Result<Answer, Unanswered> {
    let pairs = [("grant_type", "refresh_token"), ("client_id", APP), ("refresh_token", token)];
    connection.post_form("/oauth/token", &pairs).await
}

/// Revokes a refresh token.
pub(crate) async fn revoke(connection: &mut Connection, token: &str) -> Result<Answer, Unanswered> {
    connection.post_form("/oauth/revoke", &[("client_id", APP), ("token", token)]).await
}

/// Redeems a code of [`Browser::code`].
pub(crate) async fn redeem(connection: &mut Connection, code: &str) -> Result<Answer, Unanswered> {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", APP),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    connection.post_form("/oauth/token", &pairs).await
}

/// A command of the operator over the control socket.
pub(crate) async fn command(control: &mut Connection, command: &Value) -> Result<Answer, Unanswered> {
    control.post_json("/command", command).await
}

/// `/authorize?…` of the app's code flow.
pub(crate) fn authorize_path(more: &[(&str, &str)]) -> String {
    let pairs = [
        ("client_id", APP),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid offline_access read"),
        ("audience", AUDIENCE),
        ("state", "some-state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    format!("/authorize?{}", form(&[&pairs[..], more].concat()))
}

/// A browser: a cookie jar towards the server.
pub(crate) struct Browser {
    pub(crate) connection: Connection,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(connection: Connection, origin: impl Into<String>) -> Self {
        Self { connection, origin: origin.into(), cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Unanswered> {
        self.ask(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Result<Answer, Unanswered> {
        let origin = self.origin.clone();
        self.ask(Method::POST, path, &[("origin", &origin), FORM], form(pairs)).await
    }

    /// What it holds, to be put back.
    pub(crate) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    pub(crate) fn set_cookies(&mut self, cookies: BTreeMap<String, String>) {
        self.cookies = cookies;
    }

    /// Loses its cookies.
    pub(crate) fn forget(&mut self) {
        self.cookies.clear();
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Unanswered> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = self.connection.ask(method, path, &headers, body).await?;
        for cookie in answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    /// Signs in on the hosted page.
    pub(crate) async fn sign_in(&mut self, email: &str) -> Result<Answer, Unanswered> {
        let page = self.get(&authorize_path(&[])).await?;
        self.post_sign_in(&page, email).await
    }

    /// Sends the form of the sign-in page.
    pub(crate) async fn post_sign_in(&mut self, page: &Answer, email: &str) -> Result<Answer, Unanswered> {
        let (interaction, csrf) = (field(page, "interaction"), field(page, "csrf"));
        let fields = [("interaction", &*interaction), ("csrf", &csrf), ("username", email), ("password", PASSWORD)];
        self.post("/login", &fields).await
    }

    /// Asks for a code in the session that is there.
    pub(crate) async fn code(&mut self) -> Result<Answer, Unanswered> {
        self.get(&authorize_path(&[("prompt", "none")])).await
    }
}

/// The code in a redirect to the app.
pub(crate) fn code_of(answer: &Answer) -> Result<String, Failure> {
    let query = answer.header("location").split_once('?').map_or("", |(_, query)| query);
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code="));
    code.map(str::to_owned).ok_or_else(|| format!("no code in the answer {}", answer.words()).into())
}

/// The value of a hidden field of a page; empty when it is not there, which the server then refuses.
pub(crate) fn field(page: &Answer, name: &str) -> String {
    let (text, marker) = (page.text(), format!("name=\"{name}\" value=\""));
    let value = text.split_once(&marker).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(value, _)| value);
    value.replace("&#38;", "&").replace("&amp;", "&").replace("&#61;", "=")
}

/// What one client needs to live.
pub(crate) struct Stage {
    pub(crate) number: usize,
    /// Different in every round, for names that are new.
    pub(crate) round: u64,
    pub(crate) journal: Journal,
    pub(crate) connection: Connection,
    pub(crate) control: Connection,
    pub(crate) issuer: String,
}

impl Stage {
    pub(crate) fn of(world: &World, journal: &Journal, number: usize, round: u64) -> Self {
        let (connection, control) = (world.connect(), world.control());
        Self { number, round, journal: journal.clone(), connection, control, issuer: world.issuer() }
    }

    /// A browser on this client's connection, which the client then has no more.
    pub(crate) fn browser(&mut self) -> Browser {
        let nowhere = Connection::new(Place::Unix(PathBuf::new()), "");
        Browser::new(std::mem::replace(&mut self.connection, nowhere), self.issuer.clone())
    }

    /// Takes an answer that must have this status. A request without an answer is noted as in doubt if it left, and ends the life.
    pub(crate) fn take(
        &self,
        answer: Result<Answer, Unanswered>,
        status: u16,
        about: &str,
        doing: &str,
    ) -> Result<Answer, Ended> {
        match answer {
            Ok(answer) if answer.status == status => Ok(answer),
            Ok(answer) => Err(Ended::Badly(format!("{doing} was answered with {}", answer.words()).into())),
            Err(Unanswered::Unsent) => Err(Ended::WithTheServer),
            Err(Unanswered::InDoubt) => {
                self.journal.doubt(about, doing)?;
                Err(Ended::WithTheServer)
            }
        }
    }

    pub(crate) fn note(&self, entry: &Entry) -> Result<(), Ended> {
        Ok(self.journal.note(entry)?)
    }
}

/// How a life ends.
pub(crate) enum Ended {
    /// The server is gone, as it was meant to.
    WithTheServer,
    /// The server answered something that it must not.
    Badly(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Badly(failure)
    }
}

/// How often the server is killed, and how many answers are wanted in all.
pub(crate) struct Plan {
    pub(crate) kills: u64,
    pub(crate) at_least: u64,
    /// How long the server lives each time, milliseconds.
    pub(crate) alive_ms: RangeInclusive<u64>,
    /// No more rounds after this time.
    pub(crate) bound: Duration,
}

impl Plan {
    /// Row 1 and its kin: 50 kills and 10,000 answers, or a few of both.
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            kills: options.pick(50, 4),
            at_least: options.pick(10_000, 200),
            // A round trip for each operation: fewer answers in each life.
            alive_ms: if options.store == Store::Postgres { 100..=options.pick(3000, 800) } else { 50..=500 },
            bound: Duration::from_secs(options.pick(600, 90)),
        }
    }
}

/// Lets clients live, kills the server after a while, starts it again and has the journal checked; again and again.
/// `begin` makes the life of one client.
pub(crate) async fn live_and_die<L, F>(
    world: &mut World,
    plan: &Plan,
    begin: L,
    check: impl AsyncFn(&World, &[Entry], &mut Report) -> Result<(), Failure>,
) -> Result<Report, Failure>
where
    L: Fn(Stage) -> F,
    F: Future<Output = Result<(), Ended>> + Send + 'static,
{
    let (mut report, watch, mut round) = (Report::default(), Stopwatch::start(), 0);
    while round < plan.kills || report.acknowledged < plan.at_least {
        if watch.elapsed() > plan.bound {
            report.demand(false, format!("only {round} kills and {} answers in time", report.acknowledged));
            break;
        }
        round += 1;
        let journal = Journal::new(&world.folder().join("journal"))?;
        let lives: Vec<_> =
            (0..CLIENTS).map(|number| tokio::spawn(begin(Stage::of(world, &journal, number, round)))).collect();
        tokio::time::sleep(Duration::from_millis(rng::between(plan.alive_ms.clone()))).await;
        world.kill();
        for life in lives {
            if let Err(Ended::Badly(failure)) = life.await? {
                return Err(failure);
            }
        }
        report.restarted_in(world.start()?);
        report.acknowledged += journal.acknowledged();
        report.in_doubt += journal.in_doubt();
        report.demand(journal.in_doubt() <= CLIENTS as u64, "more requests in doubt than there are connections");
        check(world, &journal.read()?, &mut report).await?;
    }
    report.tell(format!("{round} kills"));
    Ok(report)
}
