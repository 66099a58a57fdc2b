//! The set-up page: the first administrator, by a one-time link (experience §3, security 122).
//!
//! Form fields: `code`, `csrf`, `email`, `name`, `password`, `password_confirm`.

use askama::Template;

use super::PageShell;
use crate::account::password::PasswordProblem;
use crate::words;

/// `GET /setup?code=…`, and the answer to a `POST /setup` that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "setup.html")]
pub struct Setup {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The one-time code of the link.
    pub code: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// What was typed before.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// Fewest characters a password may have.
    pub password_min_chars: usize,
    /// What went wrong before.
    pub problem: Option<SetupProblem>,
}

/// Why the administrator was not created.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetupProblem {
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
    /// Not an e-mail address.
    Email,
    /// Somebody signs in with this address already.
    EmailTaken,
    /// Too long, or with characters that no name has.
    Name,
    /// The page's anti-forgery token had expired, or the browser keeps no cookies.
    PageExpired,
    /// The password is not acceptable.
    Password(PasswordProblem),
    /// The two passwords differ.
    PasswordsDiffer,
}

impl Setup {
    fn words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    fn blames_email(&self) -> bool {
        matches!(self.problem, Some(SetupProblem::Email | SetupProblem::EmailTaken))
    }

    fn blames_name(&self) -> bool {
        self.problem == Some(SetupProblem::Name)
    }

    fn blames_password(&self) -> bool {
        matches!(self.problem, Some(SetupProblem::Password(_) | SetupProblem::PasswordsDiffer))
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let empty = Self {
            shell: sample::shell(),
            code: "sym_su_sample".into(),
            csrf: "sample-csrf".into(),
            email: String::new(),
            name: String::new(),
            password_min_chars: 15,
            problem: None,
        };
        let failed = |problem| Self {
            email: "ada@example.com".into(),
            name: "Ada Lovelace".into(),
            problem: Some(problem),
            ..empty.clone()
        };
        let hostile = Self {
            code: sample::HOSTILE.into(),
            email: sample::HOSTILE.into(),
            name: sample::HOSTILE.into(),
            ..empty.clone()
        };
        vec![
            ("setup-short", failed(SetupProblem::Password(PasswordProblem::TooShort { min_chars: 12 }))),
            ("setup-differ", failed(SetupProblem::PasswordsDiffer)),
            ("setup-email", failed(SetupProblem::Email)),
            ("setup-name", failed(SetupProblem::Name)),
            ("setup-taken", failed(SetupProblem::EmailTaken)),
            ("setup-busy", failed(SetupProblem::Busy)),
            ("setup-expired", failed(SetupProblem::PageExpired)),
            ("setup-hostile", hostile),
            ("setup", empty),
        ]
    }
}
