//! The command line: what it accepts, and one file per subcommand.

mod admin;
mod api;
mod backup;
mod bench;
mod certificate;
mod client;
mod config;
mod delivery;
mod doctor;
mod gateway;
mod hash_tune;
mod healthcheck;
mod init;
mod issuer;
mod keys;
mod mail;
mod migrate;
mod registration;
mod role;
mod serve;
mod session;
mod stream;
mod token;
mod user;
mod user_export;
mod user_import;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use symbolon_server::config::{Loaded, Mode, Sources};

use crate::error::{CONFIGURATION, CliError};
use crate::output::Output;
use crate::time;

/// Sign-in, tokens and sessions in one program.
#[derive(Debug, Parser)]
#[command(
    name = "symbolon",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        symbolon serve --dev                                try it: server, sample app and API on this machine\n  \
        symbolon init /etc/symbolon --issuer https://auth.example.com\n  \
        symbolon user add --email ada@example.com --role admin\n  \
        symbolon client add --spa --name \"My app\" --redirect http://localhost:4200\n  \
        symbolon doctor                                     what is wrong, and what to do about it\n\n\
        Commands work beside a running server and without one. Exit codes: 0 ok, 1 failed, 2 usage, 3 bad configuration,\n\
        4 not found, 5 exists already or conflict, 6 not allowed, 7 server or database unreachable, 8 a check failed."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Under which heading the help shows what every subcommand takes, after what is its own.
const GLOBAL: &str = "Global options";

/// What every subcommand takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Print JSON, for programs
    #[arg(long, global = true, help_heading = GLOBAL, display_order = 900)]
    pub(crate) json: bool,
    /// Configuration file [default: symbolon.toml here, if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL, display_order = 901)]
    pub(crate) config: Option<PathBuf>,
    /// Data folder [default: symbolon-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL, display_order = 902)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Write a commented symbolon.toml and a master key
    Init(init::Init),
    /// Keep the tokens of an app that has no backend of its own, and call its APIs with them
    #[command(subcommand)]
    Gateway(gateway::Gateway),
    /// People who sign in
    #[command(subcommand)]
    User(user::User),
    /// Applications that ask for tokens
    #[command(subcommand)]
    Client(client::Client),
    /// APIs that take tokens
    #[command(subcommand)]
    Api(api::Api),
    /// Issuers that are trusted to say who somebody is
    #[command(subcommand)]
    Issuer(issuer::Issuer),
    /// Roles, and who has them
    #[command(subcommand)]
    Role(role::Role),
    /// Who is signed in
    #[command(subcommand)]
    Session(session::Session),
    /// Messages to others, such as logout tokens: what became of them
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// Letters to people: whether they arrive
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Event streams: who is told of security events, and what waits for them
    #[command(subcommand)]
    Stream(stream::Stream),
    /// Signing keys of the server, and key files
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Look into a token; verify, sign, encrypt, decrypt, revoke one
    #[command(subcommand)]
    Token(token::Token),
    /// Administration itself
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Everything in one encrypted file: make it, prove it, put it back
    #[command(subcommand)]
    Backup(backup::Backup),
    /// The schema of the data, and moving the data to another database
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Settings: check them, or show where each comes from
    #[command(subcommand)]
    Config(config::Config),
    /// Measure on this machine what is argued about elsewhere
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Measure what hashing a password costs here, and propose settings for it
    HashTune(hash_tune::HashTune),
    /// Find what is wrong, with a fix for each finding
    Doctor(doctor::Doctor),
    /// Ask the running server whether it is ready; for containers
    Healthcheck(healthcheck::Healthcheck),
    /// Print the version
    Version(version::Version),
}

pub(crate) fn run(command: Command, global: &Global, output: &Output) -> Result<(), CliError> {
    match command {
        Command::Admin(command) => command.run(global, output),
        Command::Api(command) => command.run(global, output),
        Command::Backup(command) => command.run(global, output),
        Command::Bench(command) => command.run(global, output),
        Command::Client(command) => command.run(global, output),
        Command::Config(command) => command.run(global, output),
        Command::Delivery(command) => command.run(global, output),
        Command::Doctor(command) => command.run(global, output),
        Command::Gateway(command) => command.run(global, output),
        Command::HashTune(command) => command.run(output),
        Command::Healthcheck(command) => command.run(global, output),
        Command::Init(command) => command.run(global, output),
        Command::Issuer(command) => command.run(global, output),
        Command::Keys(command) => command.run(global, output),
        Command::Mail(command) => command.run(global, output),
        Command::Migrate(command) => command.run(global, output),
        Command::Role(command) => command.run(global, output),
        Command::Serve(command) => command.run(global, output),
        Command::Session(command) => command.run(global, output),
        Command::Stream(command) => command.run(global, output),
        Command::Token(command) => command.run(global, output),
        Command::User(command) => command.run(global, output),
        Command::Version(command) => command.run(output),
    }
}

impl Global {
    /// The configuration a command works with.
    pub(crate) fn load(&self) -> Result<Loaded, CliError> {
        self.load_with(Vec::new(), Mode::Production)
    }

    /// The same with flags of a subcommand: (setting, flag, value).
    pub(crate) fn load_with(
        &self,
        flags: Vec<(&'static str, &'static str, String)>,
        mode: Mode,
    ) -> Result<Loaded, CliError> {
        Ok(symbolon_server::config::load(&self.sources(flags, mode)?)?)
    }

    /// What a configuration is read from.
    pub(crate) fn sources(
        &self,
        mut flags: Vec<(&'static str, &'static str, String)>,
        mode: Mode,
    ) -> Result<Sources, CliError> {
        let environment = environment()?;
        if let Some(data) = &self.data {
            flags.push(("data", "--data", data.display().to_string()));
        }
        Ok(Sources { file: self.config.clone(), directory: PathBuf::new(), environment, flags, mode })
    }
}

/// The part of the environment that is for us.
fn environment() -> Result<Vec<(String, String)>, CliError> {
    let mut environment = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("SYMBOLON_")) else { continue };
        let Some(value) = value.to_str() else {
            let message = format!("the value of {name} is not UTF-8");
            return Err(CliError::new(CONFIGURATION, message, format!("correct or unset {name}")));
        };
        environment.push((name.to_owned(), value.to_owned()));
    }
    Ok(environment)
}

/// What became of the access tokens that an answer is about: who refuses them, and until when somebody may accept them still. An
/// access token is a signed statement; an API that neither asks nor follows the feed learns of nothing.
fn tokens_until(answer: &Value) -> String {
    match answer["tokens_until"].as_u64() {
        Some(until) => format!(
            "the access tokens this concerns: userinfo and introspection refuse them now, guards that follow the revocation feed \
             refuse them within a second; an API that does not accepts them until {} ({})",
            time::calendar(until),
            time::distance(until, time::now()),
        ),
        None => "no access token was left to revoke".to_owned(),
    }
}

/// The same for a change that may have revoked nothing.
fn say_what_was_revoked(answer: &Value, output: &Output) {
    if !answer["tokens_until"].is_null() {
        output.say(&tokens_until(answer));
    }
}

/// `KEY=VALUE`, with something before the sign.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A length of time such as `15m`, in seconds.
fn duration(text: &str) -> Result<u64, String> {
    symbolon_server::config::parse_duration(text)
}

/// A signature algorithm by its JOSE name.
fn algorithm(text: &str) -> Result<symbolon_jose::Algorithm, String> {
    let asymmetric = || symbolon_jose::Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
    asymmetric().find(|algorithm| algorithm.name() == text).copied().ok_or_else(|| {
        let names: Vec<&str> = asymmetric().map(|algorithm| algorithm.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// The same, with those of shared secrets.
fn signature_algorithm(text: &str) -> Result<symbolon_jose::Algorithm, String> {
    symbolon_jose::Algorithm::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = symbolon_jose::Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
