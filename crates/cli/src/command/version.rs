//! `symbolon version`.

use clap::Args;
use serde_json::json;

use crate::error::CliError;
use crate::output::Output;

#[derive(Args, Debug)]
pub(crate) struct Version {}

impl Version {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "every subcommand runs the same way")]
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        if output.is_json() {
            output.json(&json!({ "version": version, "os": os, "arch": arch }));
        } else {
            output.line(&format!("symbolon {version}"));
        }
        Ok(())
    }
}
