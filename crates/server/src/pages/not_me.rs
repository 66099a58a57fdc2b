//! The page behind "This wasn't me" in a letter. Looking at it changes nothing; its button does.
//!
//! Form fields: `code`, `csrf`.

use askama::Template;

use super::PageShell;
use crate::words;

/// `GET /not-me`, and the answers to `POST /not-me`.
#[derive(Clone, Debug, Template)]
#[template(path = "not_me.html")]
pub struct NotMe {
    /// What surrounds the page.
    pub shell: PageShell,
    /// What it says.
    pub what: NotMeWhat,
}

/// What the page says.
#[derive(Clone, Debug)]
pub enum NotMeWhat {
    /// Is that so?
    Ask {
        /// The link's code.
        code: String,
        /// Anti-forgery token, bound to the pre-session cookie.
        csrf: String,
        /// What went wrong before.
        problem: Option<NotMeProblem>,
    },
    /// The account is shut.
    Done {
        /// What its owner does now.
        next: NotMeNext,
    },
    /// The link works no longer.
    Over,
}

/// What the owner of a shut account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMeNext {
    /// Turns to the operator, or uses the letter about the address: the account has another than the letter's.
    Elsewhere,
    /// Chooses a password by a link that was mailed.
    Mail {
        /// How long it works.
        minutes: u64,
    },
    /// Signs in, with what is no password.
    SignIn,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMeProblem {
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
}

impl NotMe {
    fn words(&self) -> words::NotMe {
        words::NotMe::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |what| Self { shell: sample::shell(), what };
        let ask = |code: &str, problem| NotMeWhat::Ask { code: code.into(), csrf: "sample-csrf".into(), problem };
        vec![
            ("not-me", page(ask("sym_nm_sample", None))),
            ("not-me-busy", page(ask("sym_nm_sample", Some(NotMeProblem::Busy)))),
            ("not-me-hostile", page(ask(sample::HOSTILE, None))),
            ("not-me-done", page(NotMeWhat::Done { next: NotMeNext::Mail { minutes: 20 } })),
            ("not-me-done-elsewhere", page(NotMeWhat::Done { next: NotMeNext::Elsewhere })),
            ("not-me-done-passwordless", page(NotMeWhat::Done { next: NotMeNext::SignIn })),
            ("not-me-over", page(NotMeWhat::Over)),
        ]
    }
}
