//! From a URL to connections: what it may say, TLS, time-outs.
//!
//! On loopback and Unix sockets a connection may be plain; anywhere else it is TLS with a verified certificate, unless the URL says
//! `sslmode=disable`. Refuses: options that would weaken that without saying so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::Options;
use super::hosts::KnownGood;
use super::tls::MakeTls;
use crate::error::StoreError;
use crate::port::Result;

/// How long a server that is cut off is waited for, below the statement's own time.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// Between two of its probes; the third without an answer is the end.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// What connections are made with.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: MakeTls,
    /// Which of several hosts answered last.
    pub(super) known_good: KnownGood,
    /// How long a connection may take to come about.
    pub(super) limit: Duration,
}

impl Target {
    /// Reads the URL, with the meaning that PostgreSQL's own programs give it.
    pub(super) fn of(options: &Options) -> Result<Self> {
        let (url, tls) = split(&options.url)?;
        // The parser's message may quote what it was given, which may hold the password.
        let mut config: Config =
            url.parse().map_err(|_| wrong("it is not a URL such as postgres://user:password@host:5432/symbolon"))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host"));
        }
        let demanded = match tls.mode.as_deref() {
            Some("disable") => SslMode::Disable,
            None | Some("prefer" | "allow") if config.get_hosts().iter().all(is_local) => SslMode::Disable,
            // Whoever sits in between can take TLS away from a connection that merely prefers it.
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some(_) => return Err(wrong("sslmode is disable, require or verify-full")),
        };
        config.ssl_mode(demanded);
        // Who moves or replaces the data looks for nodes by this name.
        config.application_name("symbolon");
        if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            // A standby would refuse writes and answer with what was true a moment ago.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        // A name may have several addresses, and one of them nobody.
        config.connect_timeout(options.timeout / 4);
        config.tcp_user_timeout(options.timeout * 2).keepalives_idle(KEEPALIVE_IDLE);
        config.keepalives_interval(KEEPALIVE_INTERVAL).keepalives_retries(KEEPALIVE_RETRIES);
        if config.get_options().is_none() {
            // Before this side's patience ends: a statement that the engine ended has had no effect, one that this side gave up is in doubt.
            // A transaction that nobody goes on with belongs to a node that is gone, or cannot be heard, and keeps others from its rows.
            let limit = options.timeout.as_millis() * 4 / 5;
            config.options(format!(
                "-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit}"
            ));
        }
        let tls = MakeTls(Arc::new(client_config(tls.root.as_deref().map(Path::new))?));
        Ok(Self { config, tls, known_good: KnownGood::default(), limit: options.timeout / 2 })
    }
}

impl Target {
    /// Whether connections to another machine are not encrypted.
    pub(super) fn is_plain_abroad(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable && !self.config.get_hosts().iter().all(is_local)
    }

    /// Whether the server took no settings for a connection, as a pooler does.
    pub(super) fn is_pooled(&self) -> bool {
        self.config.get_options() == Some("")
    }

    /// Whether a connection was refused for its settings, as a pooler does that takes none; from now on it gets none. Then only this side limits how
    /// long a statement may take.
    pub(super) fn goes_without_settings(&mut self, refusal: &tokio_postgres::Error) -> bool {
        let refused = refusal.as_db_error().is_some_and(|said| said.message().contains("startup parameter"));
        if refused {
            tracing::info!("the database takes no settings for a connection: a pooler, it seems");
            self.config.options("");
        }
        refused
    }
}

/// The parts of a URL that the driver does not know.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    root: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL.
fn split(url: &str) -> Result<(String, Tls)> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(wrong("it begins with postgres://"));
    }
    let Some((before, query)) = url.split_once('?') else { return Ok((url.to_owned(), Tls::default())) };
    let mut tls = Tls::default();
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => tls.mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => tls.root = Some(value.replace("%2F", "/").replace("%2f", "/")),
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{before}{query}"), tls))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn client_config(root: Option<&Path>) -> Result<rustls::ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = root {
        let unreadable =
            |why: &dyn std::fmt::Display| wrong(&format!("sslrootcert {} cannot be read: {why}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|why| unreadable(&why))? {
            let certificate = certificate.map_err(|why| unreadable(&why))?;
            roots.add(certificate).map_err(|why| unreadable(&why))?;
        }
    } else {
        // A machine without any is told by the refused certificate.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| StoreError::Internal(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn wrong(why: &str) -> StoreError {
    StoreError::Misconfigured(format!("store.url: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode> {
        let options = Options { url: url.to_owned(), ..Options::default() };
        Target::of(&options).map(|target| target.config.get_ssl_mode())
    }

    #[test]
    fn only_a_local_server_may_be_spoken_to_in_the_clear_unasked() {
        for local in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(mode(&format!("postgres://u:p@{local}/d")), Ok(SslMode::Disable), "{local}");
        }
        assert_eq!(mode("postgres://u:p@/d?host=/run/postgresql"), Ok(SslMode::Disable));
        for url in [
            "postgres://u:p@db.example/d",
            "postgresql://u@192.0.2.1,localhost/d",
            "postgres://u@db.example/d?sslmode=verify-full",
        ] {
            assert_eq!(mode(url), Ok(SslMode::Require), "{url}");
        }
        assert_eq!(mode("postgres://u@db.example/d?sslmode=disable"), Ok(SslMode::Disable));
        assert_eq!(mode("postgres://u@localhost/d?sslmode=require"), Ok(SslMode::Require));
        assert!(mode("postgres://u@db.example/d?sslmode=prefer").is_err(), "whoever sits in between would prefer none");
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        for url in [
            "",
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@h:port/d",
            "postgres:///d",
            "postgres://u:hunter2@h/d?sslmode=x",
            "postgres://u:hunter2@h/d?sslrootcert=/no/such/file",
            "postgres://u:hunter2@h/d?nonsense=1",
        ] {
            let error = mode(url).unwrap_err();
            assert!(matches!(error, StoreError::Misconfigured(_)), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
