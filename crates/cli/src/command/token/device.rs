//! `symbolon token device`: what a device without a browser does (RFC 8628), for scripts, for terminals without one, and to try a registration.
//!
//! It shows a code and a picture of the address, waits until somebody has answered on another screen, and prints the tokens. Nothing is kept.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::super::Global;
use crate::connect;
use crate::error::{CHECK_FAILED, CliError, UNREACHABLE};
use crate::output::{Output, text, visible};
use crate::qr;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const TIMEOUT: Duration = Duration::from_secs(15);
const MAX_ANSWER: usize = 1024 * 1024;
/// RFC 8628 §3.5: so much longer after each `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
/// Between two requests to a server that does not answer it is no longer than this: it may be back any moment.
const LONGEST: Duration = Duration::from_mins(1);

#[derive(Args, Debug)]
pub(crate) struct Device {
    /// Who issues the tokens: https, or http on this machine [default: the server of this data folder]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The client: a public one, registered with --device
    #[arg(long, value_name = "ID")]
    client: String,
    /// What is asked for
    #[arg(long, value_name = "SCOPE", default_value = "openid")]
    scope: String,
    /// The API that the access token is for
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
}

impl Device {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let issuer = match &self.issuer {
            Some(issuer) => issuer.trim_end_matches('/').to_owned(),
            None => connect::known_issuer(global)
                .ok_or_else(|| CliError::usage("no issuer is known", "--issuer https://auth.example.com"))?,
        };
        if !is_private(&issuer) {
            return Err(CliError::usage("tokens do not travel over plain http", "use https, or http on this machine"));
        }
        let tokens = connect::runtime()?.block_on(self.tokens(&issuer))?;
        if output.is_json() {
            output.json(&tokens);
        } else {
            output.line(&text(&tokens["access_token"]));
        }
        Ok(())
    }

    async fn tokens(&self, issuer: &str) -> Result<Value, CliError> {
        let wire = Wire::new()?;
        let metadata = wire.ask(&format!("{issuer}/.well-known/openid-configuration"), None).await?;
        // RFC 8414 §3.3: "MUST be identical".
        if metadata["issuer"] != issuer {
            let said = format!("{issuer} says it is {}", visible(&text(&metadata["issuer"])));
            return Err(CliError::new(CHECK_FAILED, said, "name the issuer exactly"));
        }
        let endpoint = |name: &str| {
            metadata[name].as_str().filter(|url| is_private(url)).map(str::to_owned).ok_or_else(|| {
                CliError::new(CHECK_FAILED, format!("{issuer} has no {name}"), "this server does not know the grant")
            })
        };
        let (start, token) = (endpoint("device_authorization_endpoint")?, endpoint("token_endpoint")?);
        let mut asked = vec![("client_id", self.client.as_str()), ("scope", &self.scope)];
        asked.extend(self.audience.as_deref().map(|audience| ("resource", audience)));
        let started = wire.ask(&start, Some(&asked)).await?;
        if let Some(error) = refusal(&started) {
            return Err(CliError::new(
                CHECK_FAILED,
                error,
                "symbolon client show CLIENT tells what it is registered for",
            ));
        }
        show(&started);
        let fields = [
            ("grant_type", GRANT),
            ("client_id", &self.client),
            ("device_code", started["device_code"].as_str().unwrap_or_default()),
        ];
        let secs = |name: &str, or: u64| started[name].as_u64().unwrap_or(or);
        // §3.2: "interval … If no value is provided, clients MUST use 5 as the default"; `expires_in` is required.
        let interval = Duration::from_secs(secs("interval", 5).clamp(1, 600));
        let lifetime = Duration::from_secs(secs("expires_in", 600).min(86_400));
        let mut heard = Heard::Pending;
        let polling = poll(&wire, (&token, &fields), interval, &mut heard);
        tokio::time::timeout(lifetime, polling).await.unwrap_or_else(|_| Err(given_up(heard)))
    }
}

/// What came back of a request.
enum Heard {
    /// No answer that could be read.
    Nothing(CliError),
    /// Nobody has answered yet.
    Pending,
    /// The same, and too soon.
    SlowDown,
}

/// Asks until there is an answer, and leaves behind what it heard last.
async fn poll(
    wire: &Wire,
    (url, fields): (&str, &[(&str, &str)]),
    mut interval: Duration,
    heard: &mut Heard,
) -> Result<Value, CliError> {
    loop {
        interval = next(interval, heard);
        tokio::time::sleep(interval).await;
        *heard = match wire.ask(url, Some(fields)).await {
            Ok(answer) => match answer["error"].as_str() {
                None => return Ok(answer),
                Some("authorization_pending") => Heard::Pending,
                Some("slow_down") => Heard::SlowDown,
                Some(_) => {
                    let error = refusal(&answer).unwrap_or_default();
                    return Err(CliError::new(CHECK_FAILED, error, "ask again for a new code"));
                }
            },
            Err(error) => Heard::Nothing(error),
        };
    }
}

/// How long to wait before the next request (RFC 8628 §3.5).
fn next(interval: Duration, heard: &Heard) -> Duration {
    match heard {
        Heard::Pending => interval,
        Heard::SlowDown => interval.saturating_add(SLOWER),
        // "an exponential backoff algorithm … such as doubling the polling interval on each such connection timeout, is RECOMMENDED".
        Heard::Nothing(_) => interval.saturating_mul(2).min(LONGEST.max(interval)),
    }
}

/// Why nothing came of it before the code expired.
fn given_up(heard: Heard) -> CliError {
    match heard {
        Heard::Nothing(error) => error,
        Heard::Pending | Heard::SlowDown => CliError::new(
            CHECK_FAILED,
            "nobody has answered in time, and the code has expired",
            "ask again for a new code",
        ),
    }
}

/// On standard error, also for programs: the tokens are all that one reads, and a person must see this.
fn show(started: &Value) {
    let mut stderr = std::io::stderr().lock();
    let member = |name: &str| visible(&text(&started[name]));
    let complete = started["verification_uri_complete"].as_str();
    if stderr.is_terminal()
        && let Some(picture) = complete.and_then(qr::terminal)
    {
        let _ = writeln!(stderr, "{picture}");
    }
    let (address, code) = (member("verification_uri"), member("user_code"));
    // In one piece, for whoever reads along.
    let line = format!("on another device, open {address} and enter {code}\n");
    let _ = stderr.write_all(line.as_bytes());
}

/// The standard's code and what is said about it.
fn refusal(answer: &Value) -> Option<String> {
    let code = answer["error"].as_str()?;
    Some(visible(&format!("{code}: {}", text(&answer["error_description"]))))
}

/// Whether nobody on the way can read what goes there.
fn is_private(url: &str) -> bool {
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    url.starts_with("https://")
        || local
            .iter()
            .any(|start| url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

struct Wire(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Wire {
    fn new() -> Result<Self, CliError> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(|why| unreachable_issuer(&why))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// One exchange: a form, or nothing. What comes back is JSON, whatever the status.
    async fn ask(&self, url: &str, form: Option<&[(&str, &str)]>) -> Result<Value, CliError> {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let body = form.map_or_else(String::new, encode);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("user-agent", concat!("symbolon/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body)))
            .map_err(|why| unreachable_issuer(&why))?;
        let exchange = async {
            let answer = self.0.request(request).await.map_err(|why| unreachable_issuer(&why))?;
            let bytes = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            serde_json::from_slice(&bytes.map_err(|why| unreachable_issuer(&why))?.to_bytes())
                .map_err(|why| unreachable_issuer(&why))
        };
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|why| Err(unreachable_issuer(&why)))
    }
}

fn encode(form: &[(&str, &str)]) -> String {
    symbolon_oauth::Params::from_pairs(form.iter().copied()).map(|params| params.to_query()).unwrap_or_default()
}

fn unreachable_issuer(why: &dyn std::fmt::Display) -> CliError {
    CliError::new(UNREACHABLE, format!("the issuer could not be asked: {why}"), "check --issuer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(first: u64, heard: &Heard) -> Vec<u64> {
        let mut interval = Duration::from_secs(first);
        let again = || {
            interval = next(interval, heard);
            Some(interval.as_secs())
        };
        std::iter::from_fn(again).take(5).collect()
    }

    #[test]
    fn rfc8628_section_3_5_it_asks_less_often_when_told_so_or_not_answered() {
        let nothing = Heard::Nothing(unreachable_issuer(&"it is gone"));
        assert_eq!(waits(5, &Heard::Pending), [5; 5]);
        assert_eq!(waits(5, &Heard::SlowDown), [10, 15, 20, 25, 30]);
        assert_eq!(waits(5, &nothing), [10, 20, 40, 60, 60]);
        assert_eq!(waits(120, &nothing), [120; 5], "never more often than it was told");
    }

    #[test]
    fn why_it_gave_up_is_what_it_heard_last() {
        let gone = given_up(Heard::Nothing(unreachable_issuer(&"it is gone")));
        assert!(format!("{gone:?}").contains("it is gone"));
        assert!(format!("{:?}", given_up(Heard::Pending)).contains("expired"));
    }

    #[test]
    fn tokens_travel_over_tls_or_not_at_all() {
        for url in ["https://auth.example.com", "http://localhost:4400/x", "http://127.0.0.1", "http://[::1]:1/"] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://auth.example.com",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example/",
            "ftp://localhost",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }
}
