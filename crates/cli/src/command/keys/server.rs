//! `symbolon keys list` and `rotate`: where each signing key of the server stands in its life, and rotating before its time.

use clap::Args;
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_server::admin::{Command, Haste, KeyCommand};

use crate::command::{Global, algorithm};
use crate::connect;
use crate::error::CliError;
use crate::output::{Output, text};
use crate::time;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  symbolon keys rotate\n  symbolon keys rotate --alg ES256\n  symbolon keys rotate --now      after a leak"
)]
pub(crate) struct Rotate {
    /// Only keys of this algorithm
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// Rotate even when APIs may not know the next key yet
    #[arg(long)]
    now: bool,
}

impl Rotate {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let haste = if self.now { Haste::Now } else { Haste::WhenKnown };
        print(global, output, KeyCommand::Rotate { algorithm: self.alg, haste })?;
        output
            .say("the next keys sign from now on; the retired ones stay published until their last token has expired");
        Ok(())
    }
}

pub(crate) fn list(global: &Global, output: &Output) -> Result<(), CliError> {
    print(global, output, KeyCommand::List)
}

fn print(global: &Global, output: &Output, command: KeyCommand) -> Result<(), CliError> {
    let answer = connect::execute(global, &Command::Key(command))?;
    if output.is_json() {
        output.json(&answer);
        return Ok(());
    }
    let keys = answer["keys"].as_array().into_iter().flatten();
    output.table(&["KEY", "ALGORITHM", "STATE", "SINCE", "GONE AT"], &keys.map(row).collect::<Vec<_>>());
    Ok(())
}

fn row(key: &Value) -> Vec<String> {
    let life = &key["life"];
    let since = if life["since"].is_null() { &key["created_at"] } else { &life["since"] };
    vec![
        text(&key["kid"]),
        text(&key["alg"]),
        text(&life["state"]),
        time::member(since),
        time::member(&life["gone_at"]),
    ]
}
