//! The program's own log, on standard error: for people on a terminal, JSON lines elsewhere. What it tells can be changed while it
//! runs.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{Log, LogFormat};

/// The filter in force, once there is a log: a process has one.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Who reads the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Lines of plain words.
    People,
    /// One JSON object per line, and nothing else between them.
    Programs,
}

/// Takes up the log settings for this process, and says for whom the lines are. A filter that does not parse falls back to `info`; a
/// second call changes nothing.
pub fn init(log: &Log) -> Readers {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Pretty => false,
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let base = tracing_subscriber::registry().with(filter);
    let set = if json {
        base.with(lines.json().flatten_event(true)).try_init()
    } else {
        let ansi = terminal && std::env::var_os("NO_COLOR").is_none();
        base.with(lines.with_ansi(ansi).with_target(false).compact()).try_init()
    };
    // An error means a subscriber is set already, as in tests that start several nodes.
    if set.is_ok() && FILTER.set(handle).is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
    if json { Readers::Programs } else { Readers::People }
}

/// What is to be logged, read from `log.level`.
pub(crate) fn level(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// Changes what is logged from now on. A process without a log of ours has nothing to change.
pub(crate) fn set_level(level: EnvFilter) {
    if let Some(Err(error)) = FILTER.get().map(|filter| filter.reload(level)) {
        tracing::error!(%error, "the level of the log could not be changed");
    }
}

/// A line of the log in place of Rust's own words, which are no JSON and may repeat values. Only a text that stands in the program
/// is told: one that was put together may hold anything.
fn panicked(info: &PanicHookInfo<'_>) {
    let what = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not told: it may hold values)");
    let place = info.location().map(tracing::field::display);
    tracing::error!(place, what, "panicked");
}
