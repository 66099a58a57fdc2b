//! The program's own log, on standard error: for people on a terminal, JSON lines elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// Takes up the log settings for this process. A filter that does not parse falls back to `info`; a second
/// call does nothing.
pub fn init(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Pretty => false,
    };
    let base = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means a subscriber is set already, as in tests that start several nodes.
    let _ = if json {
        base.json().flatten_event(true).try_init()
    } else {
        base.with_ansi(terminal && std::env::var_os("NO_COLOR").is_none()).with_target(false).compact().try_init()
    };
}
