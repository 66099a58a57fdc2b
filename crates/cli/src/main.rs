//! `symbolon`: one program that serves sign-in, tokens and sessions, and administers them.
//!
//! Data goes to standard output, words to standard error. Exit codes: 0 ok, 1 failed, 2 usage, 3 bad configuration, 4 not found,
//! 5 exists already or conflict, 6 not allowed, 7 server or database unreachable, 8 a check failed, 130 interrupted.

mod bench;
mod command;
mod connect;
mod error;
mod input;
mod output;
mod program;
mod progress;
mod qr;
mod sample;
mod time;

use std::process::ExitCode;

use clap::Parser as _;

use command::Cli;
use error::CliError;
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors. If nobody reads them, there is nothing left to do.
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
                Output::for_programs().error(&CliError::of_usage(&error));
            } else {
                let _ = error.print();
            }
            return if error.use_stderr() { ExitCode::from(error::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let output = Output::new(&cli.global);
    match command::run(cli.command, &cli.global, &output).and_then(|()| output.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code)
        }
    }
}
