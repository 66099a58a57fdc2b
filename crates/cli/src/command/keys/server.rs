//! `symbolon keys list`, `rotate` and `retire`: where each signing key of the server stands in its life, rotating before its time, and
//! withdrawing one that somebody else may have.

use clap::Args;
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_server::admin::{Cause, Command, Haste, KeyCommand};

use crate::command::{Global, algorithm};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};
use crate::time;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  symbolon keys rotate\n  symbolon keys rotate --alg ES256\n  symbolon keys rotate --now\n\nAfter a leak: symbolon keys retire KEY --compromised"
)]
pub(crate) struct Rotate {
    /// Only keys of this algorithm
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// Rotate even when APIs may not know the next key yet
    #[arg(long)]
    now: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  symbolon keys retire 4XJ… --compromised")]
pub(crate) struct Retire {
    /// Its id, as `keys list` shows it
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// Somebody else may have it; a key that nobody has is rotated instead
    #[arg(long)]
    compromised: bool,
    #[command(flatten)]
    yes: Yes,
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

impl Retire {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self { key, compromised, yes } = self;
        if compromised {
            confirm(
                yes.consent(),
                &format!("Withdraw the key `{key}`? Every token it signed is refused from now on."),
            )?;
        }
        let cause = if compromised { Cause::Compromised } else { Cause::Routine };
        let answer = print(global, output, KeyCommand::Retire { kid: key, cause })?;
        let moment = |unix: u64| format!("{} ({})", time::calendar(unix), time::distance(unix, time::now()));
        let set_until = answer["key_set_until"].as_u64().map(moment).unwrap_or_default();
        output.say(&format!(
            "the key has left the key set; userinfo and introspection refuse what it signed now, guards that follow the revocation feed \
             within a second; an API that does not refuses it once it fetches the key set anew, by {set_until} if it goes by its cache time"
        ));
        output.say(&match answer["tokens_until"].as_u64() {
            Some(until) => format!("the last token that this server signed with it expires by {}", moment(until)),
            None => "this server signed no token with it that has not expired".to_owned(),
        });
        Ok(())
    }
}

pub(crate) fn list(global: &Global, output: &Output) -> Result<(), CliError> {
    print(global, output, KeyCommand::List).map(drop)
}

/// Carries it out, prints the keys there are then, and returns the answer.
fn print(global: &Global, output: &Output, command: KeyCommand) -> Result<Value, CliError> {
    let answer = connect::execute(global, &Command::Key(command))?;
    if output.is_json() {
        output.json(&answer);
        return Ok(answer);
    }
    let keys = answer["keys"].as_array().into_iter().flatten();
    output.table(&["KEY", "ALGORITHM", "STATE", "SINCE", "GONE AT"], &keys.map(row).collect::<Vec<_>>());
    Ok(answer)
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
