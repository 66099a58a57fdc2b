//! Counting: how many tests a runner says passed and failed.

use std::ops::AddAssign;

/// Tests that passed and failed so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Count {
    /// One check that is a single yes or no.
    pub(crate) fn single(outcome: &Result<(), String>) -> Self {
        match outcome {
            Ok(()) => Self { passed: 1, failed: 0 },
            Err(_) => Self { passed: 0, failed: 1 },
        }
    }

    /// `N passed, M failed`: how every run of ours ends.
    pub(crate) fn in_words(self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }

    /// Reads [`Self::in_words`].
    pub(crate) fn from_words(line: &str) -> Option<Self> {
        let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some(Self { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
    }
}

/// Reads a line of `cargo test`: `test result: ok. 5 passed; 0 failed; …`.
pub(crate) fn from_cargo(line: &str) -> Option<Count> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let (_, rest) = rest.split_once(". ")?;
    let mut count = Count::default();
    for part in rest.split("; ") {
        match part.trim().split_once(' ') {
            Some((number, "passed")) => count.passed = number.parse().ok()?,
            Some((number, "failed")) => count.failed = number.parse().ok()?,
            _ => {}
        }
    }
    Some(count)
}

/// Reads a summary line of `node --test`: `# pass 5` (TAP) or `ℹ pass 5` (spec).
pub(crate) fn from_node(line: &str) -> Option<Count> {
    let line = line.trim_end();
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Count { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Count { passed: 0, failed: number }),
        _ => None,
    }
}

/// Reads the summary of Python's unittest, which is two lines: `Ran 5 tests in 0.1s`, and below it `OK` or `FAILED (failures=1)`.
#[derive(Default)]
pub(crate) struct Unittest {
    ran: u64,
}

impl Unittest {
    /// The count, at the second line.
    pub(crate) fn read(&mut self, line: &str) -> Option<Count> {
        let line = line.trim_end();
        if let Some((number, _)) = line.strip_prefix("Ran ").and_then(|rest| rest.split_once(" test")) {
            self.ran = number.parse().ok()?;
            return None;
        }
        let (word, details) = line.split_once(" (").unwrap_or((line, ""));
        if !["OK", "FAILED"].contains(&word) {
            return None;
        }
        let details: Vec<_> = details.trim_end_matches(')').split(", ").filter_map(|it| it.split_once('=')).collect();
        let sum = |words: &[&str]| -> u64 {
            let numbers = details.iter().filter(|(word, _)| words.contains(word));
            numbers.filter_map(|(_, number)| number.parse::<u64>().ok()).sum()
        };
        let failed = sum(&["failures", "errors", "unexpected successes"]);
        // A test can fail several times, once per subtest.
        let passed = self.ran.saturating_sub(failed + sum(&["skipped", "expected failures"]));
        Some(Count { passed, failed })
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Unittest, from_cargo, from_node};

    #[test]
    fn reads_its_own_words() {
        let count = Count { passed: 12, failed: 1 };
        assert_eq!(Count::from_words(&count.in_words()), Some(count));
        assert_eq!(Count::from_words("python: 12 passed, 0 failed"), None);
    }

    #[test]
    fn counts_what_unittest_prints() {
        let read = |lines: &[&str]| {
            let mut summary = Unittest::default();
            lines.iter().filter_map(|line| summary.read(line)).collect::<Vec<_>>()
        };
        assert_eq!(read(&["Ran 12 tests in 0.1s\n", "\n", "OK\n"]), [Count { passed: 12, failed: 0 }]);
        assert_eq!(read(&["Ran 1 test in 0.1s", "OK (skipped=1)"]), [Count { passed: 0, failed: 0 }]);
        let failed = read(&["Ran 9 tests in 2s", "FAILED (failures=1, errors=2, skipped=3)"]);
        assert_eq!(failed, [Count { passed: 3, failed: 3 }]);
        assert_eq!(read(&["Ran away", "OKAY", "FAILED to start"]), []);
    }

    #[test]
    fn counts_what_cargo_prints() {
        let line =
            "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(from_cargo(line), Some(Count { passed: 5, failed: 2 }));
        assert_eq!(from_cargo("test result of mine ... ok"), None);
        assert_eq!(from_cargo("running 5 tests"), None);
    }

    #[test]
    fn counts_what_node_prints() {
        assert_eq!(from_node("# pass 12\n"), Some(Count { passed: 12, failed: 0 }));
        assert_eq!(from_node("ℹ fail 1"), Some(Count { passed: 0, failed: 1 }));
        assert_eq!(from_node("# cancelled 1"), Some(Count { passed: 0, failed: 1 }));
        assert_eq!(from_node("# tests 12"), None);
        assert_eq!(from_node("    # pass by value"), None);
    }
}
