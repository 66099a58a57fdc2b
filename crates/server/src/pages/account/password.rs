//! `/account/password`. Form fields: `csrf`, `action` (`change`), `current` where it is asked for, `password`, `password_confirm`; a read-only
//! `username` for password managers, which the handler ignores.

use askama::Template;

use super::Nav;
use crate::account::password::PasswordProblem;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/password`, and the answer to a form that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_password.html")]
pub struct AccountPassword {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountPassword,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// Whose password it is.
    pub username: String,
    /// Fewest characters a password may have.
    pub min_chars: usize,
    /// What proves that it is them.
    pub asks: Asks,
    /// What went wrong before.
    pub problem: Option<AccountPasswordProblem>,
}

/// What proves that it is the account's owner who chooses a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The present password.
    Current,
    /// Nothing more: they signed in just now, with more than a password.
    Nothing,
    /// A sign-in, since the account has no password.
    SignIn,
    /// Nothing more, and the account has no password.
    ToSet,
}

/// Why the password was not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountPasswordProblem {
    /// The password pool is full.
    Busy,
    /// The new password is not acceptable.
    Password(PasswordProblem),
    /// The two new passwords differ.
    PasswordsDiffer,
    /// It is the present one.
    Same,
    /// Too many tries.
    Throttled {
        /// Seconds until the next counts.
        wait_secs: u64,
    },
    /// The present password is another one.
    Wrong,
}

impl AccountPassword {
    fn title(&self) -> &'static str {
        match self.asks {
            Asks::Current | Asks::Nothing => self.words.change(),
            Asks::SignIn | Asks::ToSet => self.words.set(),
        }
    }

    fn asks_for_current(&self) -> bool {
        self.asks == Asks::Current
    }

    fn asks_for_sign_in(&self) -> bool {
        self.asks == Asks::SignIn
    }

    fn blames_current(&self) -> bool {
        self.problem == Some(AccountPasswordProblem::Wrong)
    }

    fn blames_new(&self) -> bool {
        use AccountPasswordProblem::{Password, PasswordsDiffer, Same};
        matches!(self.problem, Some(Password(_) | PasswordsDiffer | Same))
    }

    fn told(&self) -> Option<String> {
        let words = self.words;
        Some(match self.problem? {
            AccountPasswordProblem::Busy => words.busy().to_owned(),
            AccountPasswordProblem::Password(PasswordProblem::TooShort { min_chars }) => words.too_short(min_chars),
            AccountPasswordProblem::Password(PasswordProblem::TooLong { max_chars }) => words.too_long(max_chars),
            AccountPasswordProblem::Password(PasswordProblem::Personal) => words.personal().to_owned(),
            AccountPasswordProblem::Password(PasswordProblem::Leaked) => words.leaked().to_owned(),
            AccountPasswordProblem::Password(PasswordProblem::Common) => words.common().to_owned(),
            AccountPasswordProblem::PasswordsDiffer => words.differ().to_owned(),
            AccountPasswordProblem::Same => words.same().to_owned(),
            AccountPasswordProblem::Throttled { wait_secs } => words.throttled(wait_secs),
            AccountPasswordProblem::Wrong => words.wrong().to_owned(),
        })
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let plain = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Password),
            words: words::AccountPassword::of(sample::language()),
            csrf: "sample-csrf".into(),
            username: "ada@example.com".into(),
            min_chars: 12,
            asks: Asks::Current,
            problem: None,
        };
        let failed = |problem| Self { problem: Some(problem), ..plain.clone() };
        vec![
            ("account-password-wrong", failed(AccountPasswordProblem::Wrong)),
            ("account-password-leaked", failed(AccountPasswordProblem::Password(PasswordProblem::Leaked))),
            ("account-password-common", failed(AccountPasswordProblem::Password(PasswordProblem::Common))),
            ("account-password-throttled", failed(AccountPasswordProblem::Throttled { wait_secs: 30 })),
            ("account-password-strong", Self { asks: Asks::Nothing, ..plain.clone() }),
            ("account-password-none", Self { asks: Asks::ToSet, ..plain.clone() }),
            ("account-password-stale", Self { asks: Asks::SignIn, ..plain.clone() }),
            ("account-password-hostile", Self { username: sample::HOSTILE.into(), ..plain.clone() }),
            ("account-password", plain),
        ]
    }
}
