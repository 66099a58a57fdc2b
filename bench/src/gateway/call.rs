//! A call of a page to its API through the gateway (cookie, session, access token, the API), beside the same call straight to the same API, in turns.
//!
//! Requests per second are shared with the load generator and the API, which run on the same machine: through the gateway each call is two, so the
//! ratio is lower than with machines of their own. What one call takes longer is measured with one connection, which leaves a processor idle.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;

use super::{api, browser};
use crate::core::setup;
use crate::figure::Figure;
use crate::load::{self, Script};
use crate::server::{self, Installation, Running};
use crate::{Failure, cpu, measure};

/// At once, for requests per second.
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a long enough password";
const AUDIENCE: &str = "https://api.bench.example";

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let issuer = installation.serve()?;
    let api = server::yardstick("api")?;
    let folder = tempfile::tempdir()?;
    let gateway = gateway(&installation, &api, folder.path())?;
    let origin = format!("http://localhost:{}", gateway.address.port());
    let cookie = browser::sign_in(&origin, EMAIL, PASSWORD)?;
    let host = |running: &Running| format!("localhost:{}", running.address.port());
    let through = Call { host: host(&gateway), header: "cookie", value: cookie };
    // As long as one of the issuer's.
    let straight = Call { host: host(&api), header: "authorization", value: format!("Bearer {}", "x".repeat(900)) };
    let mut figures = Vec::new();
    for (what, connections) in [("many", CONNECTIONS), ("one", 1)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            theirs.push(turn(&api, &straight, connections)?);
            ours.push(turn(&gateway, &through, connections)?);
        }
        figures.extend(if what == "many" { rates(&ours, &theirs) } else { latency(&ours, &theirs) });
    }
    drop(issuer);
    Ok(figures)
}

fn rates(ours: &[Turn], theirs: &[Turn]) -> Vec<Figure> {
    let (rate, straight) = (middle(ours, |it| it.per_second), middle(theirs, |it| it.per_second));
    let name = |what: &str| format!("gateway.call.{what}");
    vec![
        Figure::reported(name("rate"), rate, "calls/s"),
        Figure::reported(name("straight_rate"), straight, "calls/s"),
        Figure::reported(name("rate_to_straight"), rate / straight, "×"),
        Figure::reported(name("cpu"), middle(ours, |it| it.cpu), "CPU s per 1,000"),
        Figure::reported(name("api_cpu"), middle(theirs, |it| it.cpu), "CPU s per 1,000"),
    ]
}

fn latency(ours: &[Turn], theirs: &[Turn]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (what, share) in [("p50", 0.5), ("p99", 0.99)] {
        let of =
            |turns: &[Turn]| measure::median(turns.iter().map(|it| measure::percentile(&it.times, share)).collect());
        let (through, straight) = (of(ours), of(theirs));
        figures.extend([
            Figure::reported(format!("gateway.call.{what}"), through, "ms"),
            Figure::reported(format!("gateway.call.straight_{what}"), straight, "ms"),
            Figure::reported(format!("gateway.call.{what}_added"), through - straight, "ms"),
            Figure::reported(format!("gateway.call.{what}_to_straight"), through / straight, "×"),
        ]);
    }
    figures
}

/// A gateway before the API, registered at the issuer, and somebody who can sign in.
fn gateway(installation: &Installation, api: &Running, folder: &std::path::Path) -> Result<Running, Failure> {
    let port = server::free_port()?;
    let origin = format!("http://localhost:{port}");
    setup::user(installation, EMAIL, PASSWORD)?;
    installation.run(&["api", "add", AUDIENCE, "--name", "Bench", "--scope", "read:bench=Measure"], "")?;
    let redirect = format!("{origin}/callback");
    let allowed = format!("{AUDIENCE}=read:bench");
    let client = ["client", "add", "--web", "--id", "gateway", "--name", "Gateway", "--redirect", &redirect];
    let more = ["--auth-method", "client_secret_basic", "--api", &allowed];
    let answer = installation.run(&[&client[..], &more[..]].concat(), "")?;
    let secret = answer["client_secret"].as_str().ok_or("the new client has no secret")?;
    let text = format!(
        "url = \"{origin}\"\nissuer = \"{}\"\nclient_id = \"gateway\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n\
         [[api]]\npath = \"/api\"\nurl = \"http://127.0.0.1:{}/api\"\naudience = \"{AUDIENCE}\"\nscope = \"read:bench\"\n",
        installation.issuer(),
        api.address.port(),
    );
    std::fs::write(folder.join("gateway.toml"), text)?;
    server::gateway(folder, port, &[("SYMBOLON_GATEWAY__CLIENT_SECRET", secret)])
}

struct Turn {
    per_second: f64,
    /// Processor seconds per 1,000 calls, of the process that is asked.
    cpu: f64,
    /// Of each call, in milliseconds.
    times: Vec<f64>,
}

fn middle(turns: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    measure::median(turns.iter().map(of).collect())
}

fn turn(server: &Running, call: &Call, connections: usize) -> Result<Turn, Failure> {
    let before = cpu::used(server.pid())?;
    let outcome = load::run(server.address, vec![call.clone(); connections], TURN)?;
    let used = cpu::used(server.pid())?.saturating_sub(before);
    let cpu = used.as_secs_f64() * 1e3 / load::count(outcome.requests);
    Ok(Turn { per_second: outcome.per_second(), cpu, times: outcome.times })
}

/// The same call again and again.
#[derive(Clone)]
struct Call {
    host: String,
    /// What says who calls, and how.
    header: &'static str,
    value: String,
}

impl Script for Call {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let request = Request::get(api::PATH).header("host", self.host.as_str());
        let request = request.header(self.header, self.value.as_str()).header("accept", "application/json");
        Ok(request.body(Full::new(Bytes::new()))?)
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        if body.starts_with(b"{\"dragons\"") { Ok(()) } else { Err("an answer that is not the API's".into()) }
    }
}
