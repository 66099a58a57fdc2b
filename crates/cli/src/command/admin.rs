//! `symbolon admin`: the way in for the first administrator.

use clap::Subcommand;
use symbolon_server::admin::{Command, SetupCommand};

use super::Global;
use crate::connect;
use crate::error::CliError;
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Print a new link with which the first administrator is created
    ///
    /// It works once, for 15 minutes. Once there is an administrator, no more links are given out.
    SetupLink,
}

impl Admin {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self::SetupLink = self;
        let answer = connect::execute(global, &Command::Setup(SetupCommand::Link))?;
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        output.line(&text(&answer["link"]));
        output.say(&format!("works once, until {}", time::member(&answer["expires_at"])));
        output.next("open the link in a browser; the server must be running");
        Ok(())
    }
}
