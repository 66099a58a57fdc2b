//! Tokens by client credentials, beside a bare server that only signs, in turns of a few seconds each.
//!
//! Requests per second are shared with the load generator, which runs on the same machine; the server's own processor time per
//! request is the steady figure.

use std::time::Duration;

use hyper::body::Bytes;

use crate::figure::Figure;
use crate::load::{self, Form};
use crate::server::{self, Installation, Running};
use crate::{Failure, cpu, measure};

/// Algorithm and the processor seconds per 1,000 tokens that it may take.
const ALGORITHMS: [(&str, f64); 3] = [("RS256", 0.37), ("ES256", 0.10), ("EdDSA", 0.08)];

const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

/// Least part of the bare server's throughput.
const LEAST_OF_BARE: f64 = 0.8;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let running = installation.serve()?;
    let mut figures = Vec::new();
    for (algorithm, budget) in ALGORITHMS {
        let form = client(&installation, algorithm)?;
        let bare = server::yardstick(algorithm)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            theirs.push(turn(&bare, &form)?);
            ours.push(turn(&running, &form)?);
        }
        let middle = |turns: &[Turn], of: fn(&Turn) -> f64| measure::median(turns.iter().map(of).collect());
        let (rate, bare_rate) = (middle(&ours, |it| it.per_second), middle(&theirs, |it| it.per_second));
        let (cpu, bare_cpu) = (middle(&ours, |it| it.cpu), middle(&theirs, |it| it.cpu));
        let name = |what: &str| format!("core.issue.{what}.{algorithm}");
        figures.extend([
            Figure::reported(name("rate"), rate, "tokens/s"),
            Figure::reported(name("bare_rate"), bare_rate, "tokens/s"),
            Figure::at_least(name("rate_to_bare"), rate / bare_rate, "×", LEAST_OF_BARE),
            Figure::at_most(name("cpu"), cpu, "CPU s per 1,000", budget),
            Figure::reported(name("bare_cpu"), bare_cpu, "CPU s per 1,000"),
        ]);
    }
    Ok(figures)
}

struct Turn {
    per_second: f64,
    /// Processor seconds per 1,000 requests.
    cpu: f64,
}

fn turn(server: &Running, form: &Form) -> Result<Turn, Failure> {
    let before = cpu::used(server.pid())?;
    let outcome = load::run(server.address, vec![form.clone(); CONNECTIONS], TURN)?;
    let used = cpu::used(server.pid())?.saturating_sub(before);
    Ok(Turn { per_second: outcome.per_second(), cpu: used.as_secs_f64() * 1e3 / load::count(outcome.requests) })
}

/// The request of a machine client for an API whose tokens are signed with `algorithm`.
fn client(installation: &Installation, algorithm: &str) -> Result<Form, Failure> {
    super::setup::api(installation, algorithm)?;
    let (id, secret) = super::setup::machine(installation, algorithm)?;
    let audience = super::setup::audience(algorithm);
    let body = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=read%3Abench&audience={}",
        audience.replace(':', "%3A").replace('/', "%2F")
    );
    let uri = format!("{}/oauth/token", installation.issuer());
    Ok(Form { uri, host: installation.host(), authorization: None, body: Bytes::from(body) })
}
