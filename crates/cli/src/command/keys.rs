//! `symbolon keys`: where each signing key stands in its life, and rotating before its time.

use clap::Subcommand;
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_server::admin::{Command, Haste, KeyCommand};

use super::{Global, algorithm};
use crate::connect;
use crate::error::CliError;
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// All published keys
    List,
    /// Let the next keys sign from now on
    ///
    /// The next key is published already, so APIs know it. The present one stays published until the last token it signed has
    /// expired. Keys rotate by themselves; this is for when you do not want to wait. For five minutes after a next key was
    /// published it is refused, because an API may hold a key set from before that long and would refuse the new tokens.
    #[command(
        after_help = "Examples:\n  symbolon keys rotate\n  symbolon keys rotate --alg ES256\n  symbolon keys rotate --now      after a leak"
    )]
    Rotate {
        /// Only keys of this algorithm
        #[arg(long, value_parser = algorithm)]
        alg: Option<Algorithm>,
        /// Rotate even when APIs may not know the next key yet
        #[arg(long)]
        now: bool,
    },
}

impl Keys {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let rotated = matches!(self, Self::Rotate { .. });
        let command = match self {
            Self::List => KeyCommand::List,
            Self::Rotate { alg, now } => {
                KeyCommand::Rotate { algorithm: alg, haste: if now { Haste::Now } else { Haste::WhenKnown } }
            }
        };
        let answer = connect::execute(global, &Command::Key(command))?;
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        let keys = answer["keys"].as_array().into_iter().flatten();
        output.table(&["KEY", "ALGORITHM", "STATE", "SINCE", "GONE AT"], &keys.map(row).collect::<Vec<_>>());
        if rotated {
            output.say(
                "the next keys sign from now on; the retired ones stay published until their last token has expired",
            );
        }
        Ok(())
    }
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
