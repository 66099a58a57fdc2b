//! Why a careful verifier would refuse a token, as far as that can be seen without a key; and what is worth a look. One file per part
//! of the token: how it is written, its header, its signature or seal, its claims.

pub(crate) mod claims;
pub(crate) mod header;
pub(crate) mod seal;
pub(crate) mod written;

use serde_json::{Value, json};

use crate::output::{Output, visible};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Not even written as the standard says.
    Malformed,
    /// A careful verifier refuses it.
    Refused,
    /// Some verifiers refuse it, or it is not what people expect.
    WorthALook,
}

impl Severity {
    /// Its name for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::WorthALook => "worth_a_look",
        }
    }
}

/// One reason.
#[derive(Debug)]
pub(crate) struct Reason {
    /// Its name for programs.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    /// In words.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) hint: String,
}

impl Reason {
    pub(crate) fn malformed(id: &'static str, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { id, severity: Severity::Malformed, text: text.into(), hint: hint.into() }
    }

    pub(crate) fn refused(id: &'static str, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { id, severity: Severity::Refused, text: text.into(), hint: hint.into() }
    }

    pub(crate) fn look(id: &'static str, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { id, severity: Severity::WorthALook, text: text.into(), hint: hint.into() }
    }

    /// For `--json`.
    pub(crate) fn json(&self, output: &Output) -> Value {
        json!({ "id": self.id, "severity": self.severity.name(), "text": self.text, "try": output.spell(&self.hint) })
    }
}

/// Something from the token in a sentence: no longer than a line, and nothing that drives a terminal.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    if super::hide::is_secret(text) {
        return "(a secret, not shown)".to_owned();
    }
    let shown = visible(&text.chars().take(LONGEST).collect::<String>());
    let rest = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("\"{shown}{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2J\n"), "\"a\u{fffd}[2J\u{fffd}\"");
        assert_eq!(quoted(&"é".repeat(61)), format!("\"{}…\"", "é".repeat(60)));
        assert_eq!(quoted("sym_rt_AAAA"), "(a secret, not shown)");
    }
}
