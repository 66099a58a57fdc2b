//! `symbolon doctor`: what is wrong, and what to do about it. Gathers once what can be seen from outside (configuration, files, the
//! issuer's address) and what the server or the data tells from inside; then each theme judges what was seen, one file and one line below.
//!
//! A judgement is a function without I/O of its own, so that each finding can be produced in a test.

mod backup;
mod certificate;
mod clients;
mod clock;
mod configuration;
mod data;
mod database;
mod files;
mod finding;
mod issuer;
mod keys;
mod mail;
mod proxy;
mod replication;
mod seen;

use clap::Args;
use serde_json::{Value, json};

use super::Global;
use crate::error::{CHECK_FAILED, CliError};
use crate::output::Output;
use finding::{Finding, Grade};
use seen::Seen;

/// A theme: judges what was seen.
type Theme = fn(&Seen) -> Vec<Finding>;

/// Every theme, in the order of the findings.
const THEMES: &[Theme] = &[
    clock::judge,
    configuration::judge,
    files::judge,
    certificate::judge,
    data::judge,
    database::judge,
    replication::judge,
    backup::judge,
    mail::judge,
    keys::judge,
    clients::judge,
    proxy::judge,
    issuer::judge,
];

#[derive(Args, Debug)]
#[command(after_help = "Exit code 8 when something is wrong; warnings alone do not count.")]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self {} = self;
        let findings = examine(global);
        let wrong = findings.iter().filter(|finding| finding.grade == Grade::Wrong).count();
        if output.is_json() {
            let checks: Vec<Value> = findings.iter().map(|finding| finding.json(output)).collect();
            output.json(&json!({ "ok": wrong == 0, "checks": checks }));
        } else {
            for finding in &findings {
                finding.print(output);
            }
        }
        if wrong == 0 {
            return Ok(());
        }
        Err(CliError::new(
            CHECK_FAILED,
            format!("{wrong} of {} checks found something wrong", findings.len()),
            "follow the fixes above",
        ))
    }
}

fn examine(global: &Global) -> Vec<Finding> {
    match Seen::gather(global) {
        Ok(seen) => THEMES.iter().flat_map(|judge| judge(&seen)).collect(),
        Err(error) => {
            error.problems.into_iter().map(|(what, fix)| Finding::wrong("configuration", what, fix)).collect()
        }
    }
}
