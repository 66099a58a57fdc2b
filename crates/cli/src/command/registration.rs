//! `symbolon client registration-token` and `registration-policy`: who may register clients without the operator (RFC 7591), and what
//! such clients may choose.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;
use symbolon_server::admin::{Command, RegistrationCommand};

use super::client::json_file;
use super::{Global, duration};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};
use crate::time;

/// Tokens that let somebody register.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Print a token that lets somebody register clients
    #[command(after_help = "Examples:\n  \
        symbolon client registration-token create --uses 1 --lifetime 1h --note \"For Ada's app\"\n  \
        symbolon client registration-token create --lifetime 30d")]
    Create {
        /// How many clients it lets in [default: any number]
        #[arg(long, value_name = "N")]
        uses: Option<u32>,
        /// How long it counts
        #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
        lifetime: u64,
        /// For whom it is
        #[arg(long)]
        note: Option<String>,
    },
    /// All of them: only their hashes are kept
    List,
    /// Let nobody in with one any more; who came in stays
    Revoke {
        /// Its id, as `list` shows it
        token: String,
        #[command(flatten)]
        yes: Yes,
    },
}

/// What clients may choose that register themselves
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    symbolon client registration-policy                         what counts now\n  \
    symbolon client registration-policy --set policy.json       change it; a file such as { \"max_clients\": 50 }")]
pub(crate) struct Policy {
    /// Members to change, as JSON; null takes one back to its default
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
}

impl Token {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let (command, show): (_, fn(&Value, &Output)) = match self {
            Self::Create { uses, lifetime, note } => {
                (RegistrationCommand::CreateToken { lifetime_secs: lifetime, note, uses }, show_created)
            }
            Self::List => (RegistrationCommand::ListTokens, show_list),
            Self::Revoke { token, yes } => {
                confirm(yes.consent(), &format!("Let nobody register a client with `{token}` any more?"))?;
                (RegistrationCommand::RevokeToken { id: token }, show_revoked)
            }
        };
        finish(command, show, global, output)
    }
}

impl Policy {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let command = match self.set {
            Some(path) => RegistrationCommand::SetPolicy { patch: json_file(&path, "name a file with {…}")? },
            None => RegistrationCommand::ShowPolicy,
        };
        finish(command, show_policy, global, output)
    }
}

fn finish(
    command: RegistrationCommand,
    show: fn(&Value, &Output),
    global: &Global,
    output: &Output,
) -> Result<(), CliError> {
    let answer = connect::execute(global, &Command::Registration(command))?;
    if output.is_json() {
        output.json(&answer);
    } else {
        show(&answer, output);
        say_mode(&answer, output);
    }
    Ok(())
}

fn say_mode(answer: &Value, output: &Output) {
    if answer["mode"] == "off" {
        output.warn("registration.mode is off: nobody can register", "set registration.mode to token or open");
    }
}

fn show_created(answer: &Value, output: &Output) {
    output.line(&text(&answer["initial_access_token"]));
    output.say("the token is shown this once; only its hash is kept");
    output.say(&format!("it counts until {}", time::member(&answer["expires_at"])));
    output.next(&format!(
        "POST {} with `Authorization: Bearer …` and the client's metadata as JSON (RFC 7591)",
        text(&answer["registration_endpoint"])
    ));
}

fn show_list(answer: &Value, output: &Output) {
    let row = |token: &Value| {
        let uses = if token["uses_left"].is_null() { "any".to_owned() } else { text(&token["uses_left"]) };
        let state = if token["counts"] == true { "counts" } else { "over" };
        vec![
            text(&token["id"]),
            text(&token["note"]),
            uses,
            time::member(&token["created_at"]),
            time::member(&token["expires_at"]),
            state.to_owned(),
        ]
    };
    match answer["tokens"].as_array() {
        Some(tokens) if !tokens.is_empty() => output.table(
            &["TOKEN", "NOTE", "USES LEFT", "CREATED", "UNTIL", "STATE"],
            &tokens.iter().map(row).collect::<Vec<_>>(),
        ),
        _ => output.say("no registration tokens"),
    }
}

fn show_revoked(answer: &Value, output: &Output) {
    output.say(&format!("`{}` lets nobody in any more", text(&answer["revoked"])));
}

/// As JSON: it is what `--set` takes.
fn show_policy(answer: &Value, output: &Output) {
    output.json(&answer["policy"]);
}
