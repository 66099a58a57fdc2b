//! `symbolon mail`: whether letters arrive.

use clap::Subcommand;
use symbolon_server::admin::{Command, MailCommand};

use super::Global;
use crate::connect;
use crate::error::CliError;
use crate::output::{Output, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// Send a letter now, and say what the mail server answers
    #[command(after_help = "Example:\n  symbolon mail test you@example.com\n\n\
        Exit codes: 6 no mail is configured, 7 the server is not there or does not take our password, 8 it refuses the letter.")]
    Test {
        /// To whom
        address: String,
    },
}

impl Mail {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self::Test { address } = self;
        let answer = connect::execute(global, &Command::Mail(MailCommand::Test { address }))?;
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        let [to, said] = ["to", "answer"].map(|member| text(&answer[member]));
        output.say(&match answer["server"].as_str() {
            Some(server) => format!("{server} took a letter to {to}: {said}"),
            None => format!("a letter to {to} is {said}"),
        });
        Ok(())
    }
}
