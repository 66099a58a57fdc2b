//! `symbolon gateway`: a token-mediating backend (RFC 10017) in front of the APIs of an app. It has a configuration and data of its own, and needs no server of ours beside
//! it: any OpenID Provider signs people in.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use symbolon_gateway::config::{Config, Loaded, Sources, load, template};
use symbolon_gateway::{StartError, StoreError, Unreachable, reach_issuer};
use symbolon_server::log::{self, Readers};
use symbolon_server::{Clock, Signals};

use super::Global;
use crate::connect;
use crate::error::{CHECK_FAILED, CONFIGURATION, CONFLICT, CliError, FAILED, NOT_ALLOWED, UNREACHABLE};
use crate::output::Output;
use crate::program::quoted;

const FILE: &str = "gateway.toml";

#[derive(Debug, Subcommand)]
#[command(after_help = "How it goes:\n  \
    symbolon gateway init                    writes gateway.toml: say where the gateway is, who signs people in, and which APIs there are\n  \
    symbolon gateway check                   says what is wrong with it, and how the gateway is registered at the issuer\n  \
    symbolon gateway serve                   runs it\n\n\
    A page then goes to /login to sign somebody in, asks /session who that is, calls its APIs by their paths, and posts to /logout.\n\
    It never sees a token. What changes something carries the csrf_token of /session in the header X-CSRF-Token.\n\n\
    --config is gateway.toml in this folder unless another is named, --data gateway-data beside it.")]
pub(crate) enum Gateway {
    /// Run it
    Serve(Serve),
    /// Check that it would start, that the issuer answers, and how to register it there
    Check,
    /// Write a commented gateway.toml
    Init(Init),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to answer on: IP:PORT or unix:/PATH [default: 127.0.0.1:4600]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Where to write gateway.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
}

impl Gateway {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Serve(command) => command.run(global, output),
            Self::Check => check(global, output),
            Self::Init(command) => command.run(output),
        }
    }
}

fn sources(global: &Global, listen: Option<String>) -> Result<Sources, CliError> {
    let mut flags = Vec::new();
    flags.extend(listen.map(|listen| ("http.listen", "--listen", listen)));
    flags.extend(global.data.as_ref().map(|data| ("data", "--data", data.display().to_string())));
    Ok(Sources { file: global.config.clone(), environment: super::environment()?, flags })
}

impl Serve {
    fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let sources = sources(global, self.listen)?;
        let Loaded { config, .. } = load(&sources)?;
        let readers = log::init(&config.log);
        for warning in config.warnings() {
            match readers {
                Readers::People => output.warn(&warning.what, &warning.fix),
                Readers::Programs => tracing::warn!(r#try = output.spell(&warning.fix), "{}", warning.what),
            }
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime
            .map_err(|why| CliError::new(FAILED, format!("no threads can be started: {why}"), "symbolon doctor"))?;
        runtime.block_on(async {
            let mut signals = Signals::listen()
                .map_err(|why| CliError::new(FAILED, format!("signals cannot be caught: {why}"), "try again"))?;
            let url = config.origin.to_string();
            let running =
                symbolon_gateway::start(config, Clock::system()).await.map_err(|error| start_error(&error))?;
            match readers {
                _ if output.is_json() => output.json(&json!({ "version": env!("CARGO_PKG_VERSION"), "url": url })),
                Readers::People => output.say(&format!("symbolon gateway {} serves {url}", env!("CARGO_PKG_VERSION"))),
                Readers::Programs => tracing::info!(version = env!("CARGO_PKG_VERSION"), url, "serving"),
            }
            signals.heed(|| running.reload(&load(&sources)?.config)).await;
            signals.drain(running.shutdown()).await;
            Ok(())
        })
    }
}

fn check(global: &Global, output: &Output) -> Result<(), CliError> {
    let found = |error: CliError| CliError { code: CHECK_FAILED, ..error };
    let Loaded { config, file } = load(&sources(global, None).map_err(found)?).map_err(|error| found(error.into()))?;
    let register = registration(&config);
    let reached = connect::runtime()?.block_on(reach_issuer(&config, &Clock::system()));
    let warnings = config.warnings();
    if output.is_json() {
        let warnings: Vec<Value> =
            warnings.iter().map(|found| json!({ "message": found.what, "try": found.fix })).collect();
        output.json(&json!({
            "ok": reached.is_ok(), "file": file.display().to_string(), "url": config.origin.as_str(), "issuer": config.issuer.as_str(),
            "register": register, "warnings": warnings,
        }));
    } else {
        for warning in warnings {
            output.warn(&warning.what, &warning.fix);
        }
        output.say(&format!("at the issuer the gateway is registered by: {register}"));
    }
    reached.map_err(|why| unreachable_issuer(&why, &file.display().to_string(), config.issuer.as_str()))?;
    if !output.is_json() {
        output.line(&format!("ok: {}", file.display()));
        output.next("symbolon gateway serve");
    }
    Ok(())
}

fn unreachable_issuer(why: &Unreachable, file: &str, issuer: &str) -> CliError {
    let hint = match why {
        Unreachable::Trust(_) => {
            let message = format!("`upstream.ca` from {file}: {why}");
            return CliError::new(
                CHECK_FAILED,
                message,
                "name a file of certificates in PEM, or leave the setting out",
            );
        }
        Unreachable::Certificate(_) => {
            "put the certificate of the authority that signed the issuer's into a PEM file, and name it in upstream.ca"
        }
        _ => "see that it runs and that this machine reaches it",
    };
    CliError::new(CHECK_FAILED, format!("{file} is sound, but the issuer {issuer} gives no keys: {why}"), hint)
}

/// The command that registers the gateway at a Symbolon; elsewhere it says what to enter.
fn registration(config: &Config) -> String {
    let url = config.origin.as_str();
    let proof = match config.client_secret {
        Some(_) => "--auth-method client_secret_basic".to_owned(),
        None => format!("--auth-method private_key_jwt --jwks-uri {url}/jwks.json"),
    };
    let mut audiences: Vec<String> = Vec::new();
    for audience in config.apis.iter().filter_map(|api| api.audience.as_deref()) {
        let scopes = config
            .apis
            .iter()
            .filter(|api| api.audience.as_deref() == Some(audience))
            .find_map(|api| api.scope.as_deref());
        let names = scopes.unwrap_or_default().split_ascii_whitespace().collect::<Vec<_>>().join(",");
        let allowed = if names.is_empty() { audience.to_owned() } else { format!("{audience}={names}") };
        let one = format!(" --api {}", quoted(&allowed));
        if !audiences.contains(&one) {
            audiences.push(one);
        }
    }
    let id = quoted(&config.client_id);
    format!(
        "symbolon client add --web --id {id} --name {id} --redirect {url}/callback --post-logout {url}/logout/done --backchannel-logout {url}/backchannel-logout {proof}{}",
        audiences.concat(),
    )
}

impl Init {
    fn run(self, output: &Output) -> Result<(), CliError> {
        let file = if self.dir.as_os_str() == "." { PathBuf::from(FILE) } else { self.dir.join(FILE) };
        let cannot = |why: &std::io::Error| {
            let code = if why.kind() == std::io::ErrorKind::PermissionDenied { NOT_ALLOWED } else { FAILED };
            CliError::new(
                code,
                format!("{} cannot be written: {why}", file.display()),
                "name a folder that this user may write to",
            )
        };
        fs::create_dir_all(&self.dir).map_err(|why| cannot(&why))?;
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&file);
        match made.and_then(|mut made| made.write_all(template().as_bytes())) {
            Ok(()) => {}
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(CliError::new(
                    CONFLICT,
                    format!("{} exists already and was left as it is", file.display()),
                    "symbolon gateway check, or name another folder",
                ));
            }
            Err(why) => return Err(cannot(&why)),
        }
        if output.is_json() {
            output.json(&json!({ "config": file.display().to_string() }));
            return Ok(());
        }
        output.fields(&[("configuration", file.display().to_string())]);
        output.next(&format!("set url, issuer, client_id and [[api]] in {}", file.display()));
        Ok(())
    }
}

fn start_error(error: &StartError) -> CliError {
    let (code, hint) = match error {
        StartError::Listen { why, .. } if why.kind() == std::io::ErrorKind::PermissionDenied => {
            (NOT_ALLOWED, "choose a port above 1023 with --listen")
        }
        StartError::Listen { .. } => (UNREACHABLE, "stop the other program, or choose another address with --listen"),
        StartError::Store(StoreError::InUse(_)) => {
            (UNREACHABLE, "stop the other gateway, or name another folder with --data")
        }
        StartError::Store(StoreError::Sealed) | StartError::Key(_) => {
            (FAILED, "put back the gateway.key that belongs to the data; or remove both, and everybody signs in again")
        }
        StartError::Store(_) => (FAILED, "name another folder with --data"),
        _ => (CONFIGURATION, "symbolon gateway check"),
    };
    CliError::new(code, error.to_string(), hint)
}
