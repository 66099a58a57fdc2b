//! `/account/data`. Form fields: `csrf`, `action` (`export`, or `delete`, then with `sure`).

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/data`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_data.html")]
pub struct AccountData {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountData,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// Whether somebody signed in just now.
    pub entered: Entered,
    /// Whether the account can be deleted.
    pub deletion: Deletion,
}

/// When somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// In the last minutes.
    Lately,
    /// Before that.
    LongAgo,
}

/// Whether people can delete their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Nobody else could administer the server.
    LastAdministrator,
    /// The operator does it for them.
    Off,
    /// They can.
    Offered,
}

impl AccountData {
    fn is_fresh(&self) -> bool {
        self.entered == Entered::Lately
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let page = |entered, deletion| Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Data),
            words: words::AccountData::of(sample::language()),
            csrf: "sample-csrf".into(),
            entered,
            deletion,
        };
        vec![
            ("account-data", page(Entered::Lately, Deletion::Offered)),
            ("account-data-stale", page(Entered::LongAgo, Deletion::Offered)),
            ("account-data-off", page(Entered::Lately, Deletion::Off)),
            ("account-data-last", page(Entered::Lately, Deletion::LastAdministrator)),
        ]
    }
}

/// The last question before an account goes.
#[derive(Clone, Debug, Template)]
#[template(path = "account_delete.html")]
pub struct DeleteAccount {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountData,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// What is to be typed.
    pub name: String,
    /// What was typed before.
    pub answer: Answer,
}

/// What came of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Something else was typed.
    Mistyped,
    /// Nothing yet.
    None,
}

impl DeleteAccount {
    fn is_mistyped(&self) -> bool {
        self.answer == Answer::Mistyped
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let page = |name: &str, answer| Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Data),
            words: words::AccountData::of(sample::language()),
            csrf: "sample-csrf".into(),
            name: name.into(),
            answer,
        };
        vec![
            ("account-delete", page("ada@example.com", Answer::None)),
            ("account-delete-mistyped", page("ada@example.com", Answer::Mistyped)),
            ("account-delete-hostile", page(sample::HOSTILE, Answer::None)),
        ]
    }
}
