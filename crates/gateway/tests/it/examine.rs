//! What `symbolon gateway check` asks the issuer: it trusts whom the gateway will trust, and says what is wrong with that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use symbolon_gateway::config::{Config, Sources, load};
use symbolon_gateway::{Unreachable, reach_issuer};
use symbolon_jose::{Algorithm, Jwk};
use symbolon_server::Clock;
use symbolon_server::config::Tls;
use symbolon_server::listen::tls::{Certificates, Source, TlsReloader};
use symbolon_server::listen::{self, Listener, Options, Trusted};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/it/fixtures").join(name)
}

/// An issuer behind a certificate of nobody that the system knows; gives its name.
async fn issuer() -> String {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).await.unwrap();
    let name = format!("https://localhost:{}", listener.local_address().unwrap().port());
    let at = |path: &str| format!("{name}{path}");
    let document = json!({
        "issuer": name, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
    });
    let key = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(async move || Json(document)))
        .route("/jwks", get(async move || Json(json!({ "keys": [key] }))));
    let files = TlsReloader::load(Tls { cert: fixture("one.crt"), key: fixture("one.key") }).unwrap();
    let options = Options {
        tls: Some(Source::Files(files)),
        certificates: Certificates::NotAsked,
        max_connections: 10,
        max_head_bytes: 8_192,
        head_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_secs(10),
        trusted: Trusted::by(|_| true),
        drain: Duration::ZERO,
        turned_away: prometheus_client::metrics::counter::Counter::default(),
    };
    tokio::spawn(listen::run(listener, router, options, std::future::pending()));
    name
}

fn config(folder: &Path, issuer: &str, ca: &str) -> Config {
    let file = folder.join("gateway.toml");
    let text = format!(
        "url = \"http://localhost:4600\"\nissuer = \"{issuer}\"\nclient_id = \"app\"\n{ca}\n[[api]]\npath = \"/api\"\nurl = \"http://127.0.0.1:1\"\n"
    );
    std::fs::write(&file, text).unwrap();
    load(&Sources { file: Some(file), ..Sources::default() }).unwrap().config
}

#[tokio::test]
async fn an_issuer_of_an_authority_of_ones_own_is_reached_by_upstream_ca_and_not_without() {
    let (folder, issuer, clock) = (tempfile::tempdir().unwrap(), issuer().await, Clock::system());
    let ca = |file: &Path| format!("upstream.ca = \"{}\"", file.display());
    let of = |ca: &str| config(folder.path(), &issuer, ca);
    reach_issuer(&of(&ca(&fixture("one.crt"))), &clock).await.unwrap();
    for other in [String::new(), ca(&fixture("two.crt"))] {
        let why = reach_issuer(&of(&other), &clock).await.unwrap_err();
        assert!(matches!(why, Unreachable::Certificate(_)), "{other}: {why:?}");
    }
    for broken in ["missing.crt", "one.key"] {
        let why = reach_issuer(&of(&ca(&fixture(broken))), &clock).await.unwrap_err();
        assert!(matches!(&why, Unreachable::Trust(it) if it.contains(broken)), "{why:?}");
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let why = reach_issuer(&config(folder.path(), "http://127.0.0.1:1", ""), &Clock::system()).await.unwrap_err();
    assert!(matches!(why, Unreachable::Issuer(_)), "{why:?}");
}
