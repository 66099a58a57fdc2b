//! The one line a program prints, and whether its row's condition holds.

use std::time::Duration;

/// What came of a harm.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Answered requests whose promise was held against the server afterwards.
    pub(crate) acknowledged: u64,
    /// Acknowledged but not there.
    pub(crate) lost: u64,
    /// Acknowledged as used or revoked, but valid again.
    pub(crate) resurrected: u64,
    /// Sent and not answered.
    pub(crate) in_doubt: u64,
    /// Clients that must sign in again because an answer got lost.
    pub(crate) signed_out: u64,
    pub(crate) restart: Option<Duration>,
    pub(crate) more: Vec<String>,
    pub(crate) failures: Vec<String>,
}

/// So many failures are told one by one.
const TOLD: usize = 20;

impl Report {
    /// A start of the server after a harm, until its first good answer; the slowest is printed.
    pub(crate) fn restarted_in(&mut self, took: Duration) {
        self.restart = Some(self.restart.map_or(took, |slowest| slowest.max(took)));
    }

    /// The slowest start was fast enough.
    pub(crate) fn demand_restart_within(&mut self, bound: Duration) {
        self.demand(self.restart.is_none_or(|took| took <= bound), format!("a restart took longer than {bound:?}"));
    }

    /// Something acknowledged that is not there.
    pub(crate) fn lost(&mut self, what: impl Into<String>) {
        self.lost += 1;
        self.fail(what);
    }

    /// Something used or revoked that is valid again.
    pub(crate) fn resurrected(&mut self, what: impl Into<String>) {
        self.resurrected += 1;
        self.fail(what);
    }

    /// A figure for the line.
    pub(crate) fn tell(&mut self, figure: impl Into<String>) {
        self.more.push(figure.into());
    }

    /// A condition of the row.
    pub(crate) fn demand(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.fail(what);
        }
    }

    fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    /// Adds what another part of the same program came to.
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.resurrected += other.resurrected;
        self.in_doubt += other.in_doubt;
        self.signed_out += other.signed_out;
        if let Some(restart) = other.restart {
            self.restarted_in(restart);
        }
        self.more.extend(other.more);
        self.failures.extend(other.failures);
    }

    pub(crate) fn holds(&self) -> bool {
        self.failures.is_empty()
    }

    /// What speaks against it, the first ones.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &str> {
        self.failures.iter().take(TOLD).map(String::as_str)
    }

    /// The published line.
    pub(crate) fn line(&self, name: &str) -> String {
        let Self { acknowledged, lost, resurrected, in_doubt, .. } = self;
        let mut line =
            format!("{name}: acknowledged {acknowledged}, lost {lost}, resurrected {resurrected}, in doubt {in_doubt}");
        if let Some(restart) = self.restart {
            line = format!("{line}, restart {} ms", restart.as_millis());
        }
        for figure in &self.more {
            line += "; ";
            line += figure;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loss_fails_the_row_and_the_slowest_restart_is_told() {
        let mut report = Report { acknowledged: 12, in_doubt: 3, ..Report::default() };
        report.restarted_in(Duration::from_millis(40));
        report.restarted_in(Duration::from_millis(25));
        assert!(report.holds());
        report.lost("a token");
        assert!(!report.holds());
        assert_eq!(report.line("x"), "x: acknowledged 12, lost 1, resurrected 0, in doubt 3, restart 40 ms");
    }
}
