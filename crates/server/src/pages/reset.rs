//! The page behind an operator's reset link: choose a new password (security 121).
//!
//! Form fields: `code`, `csrf`, `password`, `password_confirm`. The page also carries a read-only `username`
//! for password managers; the handler ignores it.

use askama::Template;

use super::{ClientView, PageShell};
use crate::account::password::PasswordProblem;
use crate::words;

/// `GET /reset?code=…`, and the answer to a `POST /reset` that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "reset.html")]
pub struct Reset {
    /// What surrounds the page.
    pub shell: PageShell,
    /// From whose sign-in page the link was asked for.
    pub client: Option<ClientView>,
    /// The one-time code of the link.
    pub code: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// Whose password it is: e-mail or user name.
    pub username: String,
    /// Fewest characters a password may have.
    pub password_min_chars: usize,
    /// What went wrong before.
    pub problem: Option<ResetProblem>,
}

/// Why the password was not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResetProblem {
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
    /// The page's anti-forgery token had expired, or the browser keeps no cookies.
    PageExpired,
    /// The password is not acceptable.
    Password(PasswordProblem),
    /// The two passwords differ.
    PasswordsDiffer,
}

impl Reset {
    fn words(&self) -> words::Password {
        words::Password::of(self.shell.language)
    }

    fn blames_password(&self) -> bool {
        matches!(self.problem, Some(ResetProblem::Password(_) | ResetProblem::PasswordsDiffer))
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let empty = Self {
            shell: sample::shell(),
            client: None,
            code: "sym_pr_sample".into(),
            csrf: "sample-csrf".into(),
            username: "ada@example.com".into(),
            password_min_chars: 15,
            problem: None,
        };
        let failed = |problem| Self { problem: Some(problem), ..empty.clone() };
        let hostile = Self { code: sample::HOSTILE.into(), username: sample::HOSTILE.into(), ..empty.clone() };
        vec![
            ("reset-common", failed(ResetProblem::Password(PasswordProblem::Common))),
            ("reset-leaked", failed(ResetProblem::Password(PasswordProblem::Leaked))),
            ("reset-personal", failed(ResetProblem::Password(PasswordProblem::Personal))),
            ("reset-long", failed(ResetProblem::Password(PasswordProblem::TooLong { max_chars: 256 }))),
            ("reset-differ", failed(ResetProblem::PasswordsDiffer)),
            ("reset-busy", failed(ResetProblem::Busy)),
            ("reset-expired", failed(ResetProblem::PageExpired)),
            ("reset-hostile", hostile),
            (
                "reset-branded-logo",
                Self {
                    shell: sample::shell().of_client(Some(&sample::logo_client())),
                    client: Some(sample::logo_client()),
                    ..empty.clone()
                },
            ),
            ("reset", empty),
        ]
    }
}
