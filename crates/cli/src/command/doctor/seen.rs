//! What there is to judge, gathered once.

use std::time::{Duration, UNIX_EPOCH};

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use symbolon_guard::Keys;
use symbolon_server::Config;
use symbolon_server::admin::Command;
use symbolon_server::config::Loaded;
use symbolon_store::Condition;

use super::Global;
use crate::connect;
use crate::error::CliError;
use crate::output::text;
use crate::time;

/// How long the issuer's address may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Everything that is judged.
pub(super) struct Seen {
    pub(super) config: Config,
    pub(super) loaded: Loaded,
    /// Unix seconds.
    pub(super) now: u64,
    /// What the server or the data tells; null where neither could be asked.
    pub(super) facts: Value,
    /// Why neither could be asked: what, and what to try.
    pub(super) silence: Vec<(String, String)>,
    pub(super) issuer: Reached,
}

/// What the issuer's address answers from here.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// How many keys its set has, or why there is none; absent where nobody asked.
    pub(super) keys: Option<Result<usize, String>>,
    /// Its clock, Unix seconds.
    pub(super) date: Option<u64>,
    /// Whether it tells browsers to stay with https.
    pub(super) hsts: Option<bool>,
}

impl Seen {
    /// Looks at everything. The error is a configuration that cannot be read.
    pub(super) fn gather(global: &Global) -> Result<Self, CliError> {
        let loaded = global.load()?;
        let mut config = loaded.config.clone();
        let now = time::now();
        let (facts, silence) = match connect::execute(global, &Command::Doctor) {
            Ok(facts) => (facts, Vec::new()),
            Err(error) => (Value::Null, error.problems),
        };
        if config.issuer.is_empty() && !facts.is_null() {
            // The data knows who it belongs to, as in development.
            config.issuer = text(&facts["issuer"]);
        }
        let issuer = reach(&config.issuer);
        Ok(Self { config, loaded, now, facts, silence, issuer })
    }

    /// What the store tells of itself. A server of an older version tells nothing.
    pub(super) fn condition(&self) -> Option<Condition> {
        serde_json::from_value(self.facts["store"].clone()).ok().filter(|found: &Condition| !found.engine.is_empty())
    }

    /// A list among the facts.
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.facts[name].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether this is for others than the developer: not plain http on loopback.
    pub(super) fn is_production(&self) -> bool {
        self.config.issuer.starts_with("https:")
    }
}

fn reach(issuer: &str) -> Reached {
    if issuer.is_empty() {
        return Reached::default();
    }
    let Ok(runtime) = connect::runtime() else { return Reached::default() };
    runtime.block_on(async {
        let keys = Keys::fetch_once(issuer).await.map(|set| set.keys().len());
        let mut reached = Reached { keys: Some(keys), ..Reached::default() };
        if let Ok(Some((date, hsts))) = tokio::time::timeout(TIMEOUT, head(issuer)).await {
            reached.date = date;
            reached.hsts = Some(hsts);
        }
        reached
    })
}

/// The date and the promise of https in an answer's head.
async fn head(issuer: &str) -> Option<(Option<u64>, bool)> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let request = Request::get(address).body(Empty::<Bytes>::new()).ok()?;
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
        .ok()?
        .https_or_http()
        .enable_http1()
        .build();
    let answer = Client::builder(TokioExecutor::new()).build(connector).request(request).await.ok()?;
    let headers = answer.headers();
    let date = headers.get("date").and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
    Some((date, headers.contains_key("strict-transport-security")))
}

/// For tests: a production server in good order.
#[cfg(test)]
pub(super) fn healthy() -> Seen {
    use symbolon_server::config::{Sources, load};
    let flags = vec![
        ("issuer", "--issuer", "https://auth.example.com".to_owned()),
        ("http.trusted_proxies", "--flag", "127.0.0.1".to_owned()),
    ];
    let loaded = load(&Sources { flags, ..Sources::default() }).expect("these settings are good");
    let now = 1_800_000_000;
    let facts = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"), "issuer": "https://auth.example.com", "now": now, "administrator": true,
        "users": 1, "clients": 0, "apis": 0, "signing": ["RS256"], "deliveries": { "failing": 0, "given_up": 0 },
        "full_streams": 0, "open_files": 524_288,
        "key_list": [
            { "kid": "a", "alg": "RS256", "life": { "state": "active", "since": now - 86_400 }, "created_at": now - 2 * 86_400 },
            { "kid": "b", "alg": "RS256", "life": { "state": "next" }, "created_at": now - 86_400 },
        ],
    });
    let issuer = Reached { keys: Some(Ok(2)), date: Some(now), hsts: Some(true) };
    Seen { config: loaded.config.clone(), loaded, now, facts, silence: Vec::new(), issuer }
}
