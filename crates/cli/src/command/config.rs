//! `symbolon config`: is the configuration sound, and where does each value come from.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Global;
use crate::connect;
use crate::error::{CHECK_FAILED, CliError};
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check that the server would start with it
    Check,
    /// Every setting with its value and where that comes from; secrets are masked
    Show {
        /// Only settings that begin with this
        #[arg(default_value = "")]
        prefix: String,
    },
}

impl Config {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Check => check(global, output),
            Self::Show { prefix } => show(&prefix, global, output),
        }
    }
}

fn check(global: &Global, output: &Output) -> Result<(), CliError> {
    let found = |error: CliError| CliError { code: CHECK_FAILED, ..error };
    let mut loaded = global.load().map_err(found)?;
    let mut next = "symbolon serve".to_owned();
    if loaded.config.issuer.is_empty()
        && let Some(issuer) = connect::known_issuer(global)
    {
        // Data that is there belongs to one; serving it still takes the word of whoever starts the server.
        output.say(&format!("no issuer is set; the data belongs to {issuer}"));
        next = format!("symbolon serve --issuer {issuer}");
        loaded.config.issuer = issuer;
    }
    loaded.config.check().map_err(|error| found(error.into()))?;
    let warnings = loaded.config.warnings();
    let file = loaded.file.map(|file| file.display().to_string());
    if output.is_json() {
        let warnings: Vec<Value> =
            warnings.iter().map(|found| json!({ "message": found.what, "try": found.fix })).collect();
        output.json(&json!({ "ok": true, "file": file, "issuer": loaded.config.issuer, "warnings": warnings }));
        return Ok(());
    }
    for warning in warnings {
        output.warn(&warning.what, &warning.fix);
    }
    output.line(&format!("ok: {}", file.as_deref().unwrap_or("no configuration file; defaults and environment")));
    output.next(&next);
    Ok(())
}

fn show(prefix: &str, global: &Global, output: &Output) -> Result<(), CliError> {
    let loaded = global.load()?;
    let lines = loaded.effective.iter().filter(|line| line.setting.path.starts_with(prefix));
    if output.is_json() {
        let settings = lines.map(|line| {
            let value = json!({ "value": line.value, "source": line.source.to_string(), "help": line.setting.help });
            (line.setting.path.to_owned(), value)
        });
        output.json(&json!({ "settings": Value::Object(settings.collect()) }));
        return Ok(());
    }
    let row = |line: &symbolon_server::config::Effective| {
        vec![line.setting.path.to_owned(), line.value.clone(), line.source.to_string()]
    };
    output.table(&["SETTING", "VALUE", "SOURCE"], &lines.map(row).collect::<Vec<_>>());
    Ok(())
}
