//! How far something has come, on standard error: one line that is written over on a terminal, else a line now and then. Nothing for programs.

use std::io::{IsTerminal as _, Write as _};

use crate::output::Output;
use crate::time;

/// Seconds between lines where nobody watches.
const PAUSE_SECS: u64 = 10;
const BAR: u64 = 24;

/// Who looks on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watcher {
    Log,
    Program,
    Terminal,
}

/// A running account.
pub(crate) struct Progress {
    watcher: Watcher,
    told_at: u64,
    percent: u64,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(output: &Output) -> Self {
        let watcher = match (output.is_json(), std::io::stderr().is_terminal()) {
            (true, _) => Watcher::Program,
            (false, true) => Watcher::Terminal,
            (false, false) => Watcher::Log,
        };
        Self::of(watcher, time::now())
    }

    const fn of(watcher: Watcher, now: u64) -> Self {
        Self { watcher, told_at: now, percent: 0, shown: false }
    }

    /// Tells, if there is something new to tell.
    pub(crate) fn tell(&mut self, what: &str, done: u64, total: u64) {
        if let Some(text) = self.text(what, done, total, time::now()) {
            // Who cannot see it misses nothing.
            let _ = write!(std::io::stderr(), "{text}");
        }
    }

    fn text(&mut self, what: &str, done: u64, total: u64, now: u64) -> Option<String> {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
        let due = match self.watcher {
            Watcher::Terminal => percent != self.percent || now != self.told_at || !self.shown,
            Watcher::Log => now >= self.told_at + PAUSE_SECS,
            Watcher::Program => false,
        };
        if !due {
            return None;
        }
        (self.told_at, self.percent, self.shown) = (now, percent, true);
        Some(match self.watcher {
            Watcher::Terminal => format!("\r\x1b[K{what}  [{}]  {percent}%  {done} of {total}", bar(percent)),
            _ => format!("{what}: {percent}%, {done} of {total}\n"),
        })
    }

    /// Makes room for the next line.
    pub(crate) fn clear(&mut self) {
        if self.watcher == Watcher::Terminal && self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            self.shown = false;
        }
    }
}

fn bar(percent: u64) -> String {
    let full = percent * BAR / 100;
    (0..BAR).map(|place| if place < full { '#' } else { '.' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_one_length() {
        for (percent, full) in [(0, 0), (50, 12), (99, 23), (100, 24)] {
            let bar = bar(percent);
            assert_eq!((bar.len(), bar.matches('#').count()), (24, full), "{percent}");
        }
    }

    #[test]
    fn a_terminal_sees_each_percent_and_each_second_on_one_line() {
        let mut progress = Progress::of(Watcher::Terminal, 1_000);
        let first = progress.text("importing", 1, 200, 1_000).unwrap();
        assert_eq!(first, "\r\x1b[Kimporting  [........................]  0%  1 of 200");
        assert_eq!(progress.text("importing", 1, 200, 1_000), None, "nothing new");
        assert!(progress.text("importing", 2, 200, 1_000).unwrap().ends_with("  1%  2 of 200"));
        assert!(progress.text("importing", 2, 200, 1_001).is_some(), "it lives");
        let last = progress.text("importing", 200, 200, 1_001).unwrap();
        assert_eq!(last, "\r\x1b[Kimporting  [########################]  100%  200 of 200");
        assert!(progress.text("importing", 300, 0, 1_002).unwrap().contains("  100%  "), "of what has no length");
    }

    #[test]
    fn a_log_gets_a_line_every_ten_seconds_and_a_program_nothing() {
        let mut progress = Progress::of(Watcher::Log, 1_000);
        let told: Vec<String> =
            (0..30).filter_map(|secs| progress.text("importing", secs * 10, 300, 1_000 + secs)).collect();
        assert_eq!(told, ["importing: 33%, 100 of 300\n", "importing: 66%, 200 of 300\n"]);
        let mut progress = Progress::of(Watcher::Program, 1_000);
        assert_eq!(progress.text("importing", 1, 2, 9_000), None);
    }
}
