//! A token by client credentials with a DPoP proof (RFC 9449), beside the same without, in turns of a few seconds each.
//!
//! A proof costs the server a key to read, a signature to verify, and one durable write: it counts once on all nodes. The plain token
//! writes nothing. The requests are signed by the load generator as they go out, which is why throughput is reported and the
//! server's own processor time is the figure.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, jwt};

use crate::core::setup;
use crate::figure::Figure;
use crate::load::{self, Form, Script};
use crate::server::{Installation, Running};
use crate::{Failure, clock, cpu, measure};

/// What signs the tokens, and the proofs: what browsers and libraries make by default.
const ALGORITHM: Algorithm = Algorithm::ES256;
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let running = installation.serve()?;
    let form = plain(&installation)?;
    let jwk = Jwk::generate(ALGORITHM)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        without.push(measured(&running, vec![form.clone(); CONNECTIONS])?);
        let proving = |connection| Proving {
            form: form.clone(),
            jwk: jwk.clone(),
            name: format!("{turn}-{connection}"),
            number: 0,
        };
        with.push(measured(&running, (0..CONNECTIONS).map(proving).collect())?);
    }
    let middle = |turns: &[Turn], of: fn(&Turn) -> f64| measure::median(turns.iter().map(of).collect());
    let (cpu, plain_cpu) = (middle(&with, |it| it.cpu), middle(&without, |it| it.cpu));
    Ok(vec![
        Figure::reported("protocol.dpop.plain_rate".to_owned(), middle(&without, |it| it.per_second), "tokens/s"),
        Figure::reported("protocol.dpop.rate".to_owned(), middle(&with, |it| it.per_second), "tokens/s"),
        Figure::reported("protocol.dpop.plain_cpu".to_owned(), plain_cpu, "CPU s per 1,000"),
        Figure::reported("protocol.dpop.cpu".to_owned(), cpu, "CPU s per 1,000"),
        Figure::reported("protocol.dpop.cpu_to_plain".to_owned(), cpu / plain_cpu, "×"),
    ])
}

struct Turn {
    per_second: f64,
    /// Processor seconds per 1,000 requests.
    cpu: f64,
}

fn measured<S: Script>(server: &Running, scripts: Vec<S>) -> Result<Turn, Failure> {
    let before = cpu::used(server.pid())?;
    let outcome = load::run(server.address, scripts, TURN)?;
    let used = cpu::used(server.pid())?.saturating_sub(before);
    Ok(Turn { per_second: outcome.per_second(), cpu: used.as_secs_f64() * 1e3 / load::count(outcome.requests) })
}

/// The request without a proof.
fn plain(installation: &Installation) -> Result<Form, Failure> {
    let algorithm = ALGORITHM.name();
    setup::api(installation, algorithm)?;
    let (id, secret) = setup::machine(installation, algorithm)?;
    let audience = setup::audience(algorithm).replace(':', "%3A").replace('/', "%2F");
    let body = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=read%3Abench&audience={audience}"
    );
    let uri = format!("{}/oauth/token", installation.issuer());
    Ok(Form { uri, host: installation.host(), authorization: None, body: Bytes::from(body) })
}

/// The same request, each with a proof of its own.
struct Proving {
    form: Form,
    jwk: Jwk,
    name: String,
    number: u64,
}

impl Script for Proving {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        self.number += 1;
        let jti = format!("{}-{}", self.name, self.number);
        let claims = json!({ "jti": jti, "htm": "POST", "htu": self.form.uri, "iat": clock::unix_now() });
        let proof = jwt::sign_with_jwk(&self.jwk, ALGORITHM, "dpop+jwt", &claims)?;
        let mut request = self.form.request()?;
        request.headers_mut().insert("dpop", proof.parse()?);
        Ok(request)
    }
}
