//! Why a command ends with something other than 0. Every error says what to try.

use symbolon_server::admin::{AdminError, AdminErrorKind};
use symbolon_server::config::ConfigError;

/// Something failed that fits none of the others.
pub(crate) const FAILED: u8 = 1;
/// The command line does not make sense.
pub(crate) const USAGE: u8 = 2;
/// The configuration does not hold up.
pub(crate) const CONFIGURATION: u8 = 3;
/// There is no such thing.
pub(crate) const NOT_FOUND: u8 = 4;
/// It exists already, or someone else was faster.
pub(crate) const CONFLICT: u8 = 5;
/// Not allowed.
pub(crate) const NOT_ALLOWED: u8 = 6;
/// The server or its data cannot be reached.
pub(crate) const UNREACHABLE: u8 = 7;
/// A check found something.
pub(crate) const CHECK_FAILED: u8 = 8;
/// Somebody pressed Ctrl-C: 128 and the signal's number, as shells say it.
pub(crate) const INTERRUPTED: u8 = 130;

/// A failure of a command.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The exit code.
    pub(crate) code: u8,
    /// What is wrong, and what to do about it: one pair, or several for a configuration.
    pub(crate) problems: Vec<(String, String)>,
}

impl CliError {
    pub(crate) fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, problems: vec![(message.into(), hint.into())] }
    }

    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(USAGE, message, hint)
    }

    /// What clap says of a command line, in our form: the first line without its mark, and the rest as what to try.
    pub(crate) fn of_usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        let (message, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let rest: Vec<&str> = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Self::usage(message.trim_start_matches("error: "), rest.join("; "))
    }

    /// The exit code as a word, for `--json`.
    pub(crate) const fn word(&self) -> &'static str {
        match self.code {
            USAGE => "usage",
            CONFIGURATION => "configuration",
            NOT_FOUND => "not_found",
            CONFLICT => "conflict",
            NOT_ALLOWED => "not_allowed",
            UNREACHABLE => "unreachable",
            CHECK_FAILED => "check_failed",
            INTERRUPTED => "interrupted",
            _ => "failed",
        }
    }
}

impl From<AdminError> for CliError {
    fn from(error: AdminError) -> Self {
        let code = match error.kind {
            AdminErrorKind::CheckFailed => CHECK_FAILED,
            AdminErrorKind::Conflict => CONFLICT,
            AdminErrorKind::Failed => FAILED,
            AdminErrorKind::Invalid => USAGE,
            AdminErrorKind::NotAllowed => NOT_ALLOWED,
            AdminErrorKind::NotFound => NOT_FOUND,
            AdminErrorKind::InUse | AdminErrorKind::Unavailable => UNREACHABLE,
        };
        Self::new(code, error.message, error.hint)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let problems = error.problems.into_iter().map(|problem| (problem.what, problem.fix)).collect();
        Self { code: CONFIGURATION, problems }
    }
}
