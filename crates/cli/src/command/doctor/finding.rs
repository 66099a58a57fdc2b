//! What a check found, how bad it is, and what to do about it.

use serde_json::{Value, json};

use crate::output::{Output, visible};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    Ok,
    Skipped,
    Warning,
    Wrong,
}

impl Grade {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// One finding.
#[derive(Debug)]
pub(super) struct Finding {
    about: &'static str,
    pub(super) grade: Grade,
    pub(super) what: String,
    pub(super) fix: String,
}

impl Finding {
    fn new(about: &'static str, grade: Grade, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { about, grade, what: what.into(), fix: fix.into() }
    }

    pub(super) fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self::new(about, Grade::Ok, what, "")
    }

    pub(super) fn skipped(about: &'static str, what: impl Into<String>) -> Self {
        Self::new(about, Grade::Skipped, what, "")
    }

    pub(super) fn warning(about: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(about, Grade::Warning, what, fix)
    }

    pub(super) fn wrong(about: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(about, Grade::Wrong, what, fix)
    }

    pub(super) fn json(&self, output: &Output) -> Value {
        let fix = Some(output.spell(&self.fix)).filter(|fix| !fix.is_empty());
        json!({ "check": self.about, "result": self.grade.word(), "message": self.what, "try": fix })
    }

    pub(super) fn print(&self, output: &Output) {
        let (about, grade, what, fix) =
            (self.about, self.grade.word(), visible(&self.what), visible(&output.spell(&self.fix)));
        if !output.is_terminal() {
            return output.line(format!("{about}\t{grade}\t{what}\t{fix}").trim_end());
        }
        output.line(&format!("{about:<14}  {grade:<7}  {what}"));
        if !fix.is_empty() {
            output.line(&format!("                  try: {fix}"));
        }
    }
}

/// For tests: that exactly one of the findings says this, with this grade and some fix.
#[cfg(test)]
#[track_caller]
pub(super) fn assert_found(findings: &[Finding], grade: Grade, what: &str) {
    let found: Vec<&Finding> = findings.iter().filter(|it| it.grade == grade && it.what.contains(what)).collect();
    assert_eq!(found.len(), 1, "`{what}` in {findings:#?}");
    assert!(matches!(grade, Grade::Ok | Grade::Skipped) || !found[0].fix.is_empty(), "{found:?}");
}

/// For tests: that nothing is worth a word.
#[cfg(test)]
#[track_caller]
pub(super) fn assert_fine(findings: &[Finding]) {
    assert!(findings.iter().all(|it| matches!(it.grade, Grade::Ok | Grade::Skipped)), "{findings:#?}");
}
