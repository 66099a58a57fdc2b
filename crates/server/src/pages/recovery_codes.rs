//! New recovery codes, shown this once, and what is true when the page is loaded again.

use askama::Template;

use super::PageShell;
use crate::words;

/// After a factor was set up, or when somebody wants new ones.
#[derive(Clone, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodes {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The codes.
    pub codes: Vec<String>,
    /// Whose they are, for whoever finds the paper in a year.
    pub account: String,
    /// Where to go on.
    pub onward: String,
}

/// The page was loaded again.
#[derive(Clone, Debug, Template)]
#[template(path = "codes_shown.html")]
pub struct CodesShown {
    /// What surrounds the page.
    pub shell: PageShell,
}

impl CodesShown {
    fn words(&self) -> words::Factor {
        words::Factor::of(self.shell.language)
    }

    /// One look at the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        vec![("codes-shown", Self { shell: super::sample::shell() })]
    }
}

impl RecoveryCodes {
    fn words(&self) -> words::Factor {
        words::Factor::of(self.shell.language)
    }

    /// One look at the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let codes = vec!["0123-4567-89AB-CDEF".to_owned(); 10];
        let page = |account: &str| Self {
            shell: sample::shell(),
            codes: codes.clone(),
            account: account.into(),
            onward: "/account/security".into(),
        };
        vec![("recovery-codes", page("ada@example.com")), ("recovery-codes-hostile", page(sample::HOSTILE))]
    }
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCodes(..)")
    }
}
