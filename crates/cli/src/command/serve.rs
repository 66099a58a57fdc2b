//! `symbolon serve`: runs the server; with `--dev` also the sample app and its API, with nothing to set up.

use std::path::Path;

use clap::Args;
use serde_json::json;
use symbolon_server::admin::{self, Command, SetupCommand, control};
use symbolon_server::config::{self, ConfigError, Listen, Loaded, Mode, Problem, Sources};
use symbolon_server::log::{self, Readers};
use symbolon_server::{Clock, Handed, Running, Signals, StartError};

use super::Global;
use crate::error::{CONFIGURATION, CliError, FAILED, NOT_ALLOWED, UNREACHABLE};
use crate::output::{Output, text};
use crate::sample::{self, Ports};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    symbolon serve --dev                                   everything on this machine, nothing to set up\n  \
    symbolon serve --dev --listen 127.0.0.1:9000 --sample-ports 9001,9002\n  \
    symbolon serve --config /etc/symbolon/symbolon.toml")]
pub(crate) struct Serve {
    /// Development: plain HTTP on this machine only, with a sample app and API
    #[arg(long)]
    dev: bool,
    /// Address to answer on: IP:PORT or unix:/PATH [default: 127.0.0.1:4400]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The URL of this server, as clients know it
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Ports of the sample app and its API [default: 4401,4402]
    #[arg(long, value_name = "SPA,API", requires = "dev", value_parser = sample_ports)]
    sample_ports: Option<(u16, u16)>,
}

impl Serve {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        // Before there are threads: afterwards the environment does not name the sockets any more.
        let handed = Handed::take().map_err(|why| {
            let fix = "hand over TCP or Unix stream sockets only: deploy/systemd/symbolon.socket shows how";
            CliError::new(CONFIGURATION, format!("a socket that was handed over cannot be used: {why}"), fix)
        })?;
        let mut sources = self.sources(global)?;
        let mut loaded = config::load(&sources)?;
        let handed = if self.dev && handed.listen().is_none() { any_port(&mut sources, &mut loaded)? } else { handed };
        // What is judged is where the server really listens.
        if let Some(listen) = handed.listen() {
            loaded.config.http.listen = listen;
        }
        loaded.config.check()?;
        let readers = log::init(&loaded.config.log);
        for Problem { what, fix } in loaded.config.warnings() {
            match readers {
                Readers::People => output.warn(&what, &fix),
                Readers::Programs => tracing::warn!(r#try = output.spell(&fix), "{what}"),
            }
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime
            .map_err(|why| CliError::new(FAILED, format!("no threads can be started: {why}"), "symbolon doctor"))?;
        let listen = loaded.config.http.listen.clone();
        // The environment and the flags stay what they were: what can change is in the files they name.
        let read = || {
            let mut loaded = config::load(&sources)?;
            loaded.config.http.listen = listen.clone();
            Ok(loaded)
        };
        runtime.block_on(serve(loaded, handed, read, Words { output, readers }))
    }

    fn sources(&self, global: &Global) -> Result<Sources, CliError> {
        let mut flags = Vec::new();
        if let Some(listen) = &self.listen {
            flags.push(("http.listen", "--listen", listen.clone()));
        }
        if let Some(issuer) = &self.issuer {
            flags.push(("issuer", "--issuer", issuer.clone()));
        }
        if let Some((spa, api)) = self.sample_ports {
            flags.push(("sample.spa_port", "--sample-ports", spa.to_string()));
            flags.push(("sample.api_port", "--sample-ports", api.to_string()));
        }
        let mode = if self.dev { Mode::Development } else { Mode::Production };
        global.sources(flags, mode)
    }
}

async fn serve(
    loaded: Loaded,
    handed: Handed,
    read: impl Fn() -> Result<Loaded, ConfigError>,
    words: Words<'_>,
) -> Result<(), CliError> {
    let config = loaded.config.clone();
    let signals = Signals::listen()
        .map_err(|why| CliError::new(FAILED, format!("signals cannot be caught: {why}"), "symbolon doctor"))?;
    let (dev, data) = (config.dev, config.data.clone());
    // All doors before anything is written: a taken port leaves nothing behind.
    let ports = if dev { Some(Ports::take(config.sample)?) } else { None };
    let running =
        symbolon_server::start_on(config, Clock::system(), handed).await.map_err(|error| start_error(&error))?;
    let sample = ports.map(|ports| ports.serve(running.app.issuer.as_str())).transpose()?;
    welcome(&running, &data, sample.as_ref(), words).await;
    symbolon_server::serve(running, signals, loaded, read).await;
    Ok(())
}

/// With port 0 the system chooses one. In development the issuer, and with it every link, is named after the port, so that it is taken first.
fn any_port(sources: &mut Sources, loaded: &mut Loaded) -> Result<Handed, CliError> {
    let Listen::Tcp(address) = loaded.config.http.listen.clone() else { return Ok(Handed::default()) };
    if address.port() != 0 {
        return Ok(Handed::default());
    }
    let failed = |why| start_error(&StartError::Listen { listen: Listen::Tcp(address), why });
    let opened = Handed::open(address).map_err(failed)?;
    if let Some(listen) = opened.listen() {
        sources.flags.push(("http.listen", "--listen", listen.to_string()));
        *loaded = config::load(sources)?;
    }
    Ok(opened)
}

/// Where words to the operator go: among JSON lines they are JSON lines too.
#[derive(Clone, Copy)]
struct Words<'w> {
    output: &'w Output,
    readers: Readers,
}

impl Words<'_> {
    fn serves(self, version: &str, issuer: &str) {
        match self.readers {
            Readers::People => self.output.say(&format!("symbolon {version} serves {issuer}")),
            Readers::Programs => tracing::info!(version, issuer, "serving"),
        }
    }

    fn next(self, command: &str) {
        match self.readers {
            Readers::People => self.output.next(command),
            Readers::Programs => tracing::info!(r#try = self.output.spell(command), "there is no administrator yet"),
        }
    }
}

/// What runs where, and what a newcomer does next.
async fn welcome(running: &Running, data: &Path, sample: Option<&sample::Urls>, words: Words<'_>) {
    let output = words.output;
    let (version, issuer) = (env!("CARGO_PKG_VERSION"), running.app.issuer.as_str());
    // Refused once there is an administrator.
    let setup = match sample {
        Some(_) => control::run(&running.app, Command::Setup(SetupCommand::Link), "serve --dev").await.ok(),
        None => None,
    };
    let setup = setup.map(|setup| text(&setup["link"]));
    if output.is_json() {
        let sample = sample.map(|sample| json!({ "app": sample.spa, "api": sample.api }));
        return output.json(
            &json!({ "version": version, "issuer": issuer, "data": data, "setup_link": setup, "sample": sample }),
        );
    }
    let Some(sample) = sample else {
        words.serves(version, issuer);
        if admin::has_administrator(&*running.app.store).await == Ok(false) {
            words.next("symbolon admin setup-link");
        }
        return;
    };
    output.line(&format!(
        "  Symbolon {version}  development mode: data in {}, plain HTTP on localhost only",
        shown(data)
    ));
    output.line(&match setup {
        Some(link) => format!("  1  Create the first administrator:  {link}   (valid 15 minutes, once)"),
        None => format!("  1  Sign in as the administrator you made:  {issuer}"),
    });
    output.line(&format!("  2  Sample app:  {}   its API:  {}/api/dragons", sample.spa, sample.api));
    let kept = running.app.mail.is_kept();
    if kept {
        output.line(&format!("  3  Mail sent by the server is shown here:  {issuer}/dev/mail"));
    }
    let step = if kept { 4 } else { 3 };
    output.line(&output.spell(&format!(
        "  {step}  Next: symbolon client add --spa --name \"My app\" --redirect http://localhost:4200"
    )));
}

fn shown(path: &Path) -> String {
    if path.is_relative() { format!("./{}", path.display()) } else { path.display().to_string() }
}

fn sample_ports(text: &str) -> Result<(u16, u16), String> {
    let parse = |port: &str| port.trim().parse::<u16>().ok().filter(|port| *port != 0);
    let (spa, api) = text.split_once(',').ok_or("write two ports: 4401,4402")?;
    parse(spa).zip(parse(api)).ok_or_else(|| "write two ports between 1 and 65535: 4401,4402".to_owned())
}

fn start_error(error: &StartError) -> CliError {
    use symbolon_server::AppError;
    use symbolon_store::StoreError;
    let message = error.to_string();
    let (code, hint) = match error {
        StartError::Listen { why, .. } if why.kind() == std::io::ErrorKind::PermissionDenied => {
            (NOT_ALLOWED, "choose a port above 1023 with --listen, or let systemd hand over the socket")
        }
        StartError::Listen { .. } => (UNREACHABLE, "stop the other program, or choose another address with --listen"),
        StartError::App(AppError::Store(StoreError::InUse { .. })) => {
            (UNREACHABLE, "stop the other server, or name another folder with --data")
        }
        StartError::App(AppError::Store(StoreError::NotWritable { .. })) => {
            (NOT_ALLOWED, "run as the owner of the folder, or name another with --data")
        }
        StartError::App(AppError::Store(StoreError::Misconfigured(_))) => {
            (crate::error::CONFIGURATION, "correct store.url, then: symbolon doctor")
        }
        StartError::App(AppError::Store(StoreError::NewerSchema { .. })) => {
            (FAILED, "start the version of symbolon that migrated the data, or a newer one")
        }
        StartError::App(AppError::Store(StoreError::Unavailable(_) | StoreError::Busy)) => {
            (UNREACHABLE, "see that the database runs and that this machine reaches it")
        }
        StartError::App(AppError::Store(StoreError::DiskFull)) => (UNREACHABLE, "make room on the disk"),
        StartError::App(AppError::IssuerChanged { .. }) => {
            (crate::error::CONFIGURATION, "set the issuer back, or name another folder with --data")
        }
        StartError::App(AppError::Unfinished) => {
            (FAILED, "repeat the symbolon migrate copy that began it: it goes on where it was")
        }
        StartError::App(_) => (FAILED, "symbolon doctor"),
        _ => (crate::error::CONFIGURATION, "symbolon config check"),
    };
    CliError::new(code, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_are_two_numbers() {
        assert_eq!(sample_ports("4401,4402"), Ok((4401, 4402)));
        for text in ["", "4401", "4401,", "0,1", "70000,1", "a,b", "1,2,3"] {
            assert!(sample_ports(text).is_err(), "{text}");
        }
    }
}
