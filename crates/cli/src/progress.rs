//! How far something has come, on standard error: one line that is written over on a terminal, else a line now and then. Nothing for programs.

use std::io::{IsTerminal as _, Write as _};

use crate::output::Output;
use crate::time;

/// Seconds between lines where nobody watches.
const PAUSE_SECS: u64 = 10;
const BAR: u64 = 24;

/// A running account.
pub(crate) struct Progress {
    terminal: bool,
    silent: bool,
    told_at: u64,
    percent: u64,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(output: &Output) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, silent: output.is_json(), told_at: time::now(), percent: 0, shown: false }
    }

    /// Tells, if there is something new to tell.
    pub(crate) fn tell(&mut self, what: &str, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
        let now = time::now();
        let due = if self.terminal {
            percent != self.percent || now != self.told_at || !self.shown
        } else {
            now >= self.told_at + PAUSE_SECS
        };
        if self.silent || !due {
            return;
        }
        (self.told_at, self.percent, self.shown) = (now, percent, true);
        // Who cannot see it misses nothing.
        let _ = if self.terminal {
            write!(std::io::stderr(), "\r\x1b[K{what}  [{}]  {percent}%  {done} of {total}", bar(percent))
        } else {
            writeln!(std::io::stderr(), "{what}: {percent}%, {done} of {total}")
        };
    }

    /// Makes room for the next line.
    pub(crate) fn clear(&mut self) {
        if self.terminal && self.shown {
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
}
