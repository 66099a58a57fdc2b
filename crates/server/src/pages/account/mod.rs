//! The pages of people's own account: what all of them share, the overview, and the page that says something is done.

pub mod activity;
pub mod apps;
pub mod data;
pub mod email;
pub mod password;
pub mod profile;
pub mod sessions;

use askama::Template;

use super::{PageShell, assets};
use crate::interaction::OwnPage;
use crate::words::{self, Language};

/// The way between the parts of an account, on each of them.
#[derive(Clone, Debug)]
pub struct Nav {
    /// Where this is.
    pub page: OwnPage,
    /// In which language.
    pub language: Language,
    /// Anti-forgery token of the form that signs out, bound to the session.
    pub sign_out: String,
}

impl Nav {
    /// The parts, in their order.
    const PARTS: [OwnPage; 9] = [
        OwnPage::Account,
        OwnPage::Profile,
        OwnPage::Email,
        OwnPage::Password,
        OwnPage::Security,
        OwnPage::Sessions,
        OwnPage::Apps,
        OwnPage::Activity,
        OwnPage::Data,
    ];

    pub(super) fn words(&self) -> words::Account {
        words::Account::of(self.language)
    }

    fn path(&self) -> &'static str {
        self.page.path()
    }

    /// Path, name and standing of each part.
    pub(super) fn links(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        Self::PARTS.into_iter().map(move |part| (part.path(), self.name(part), part == self.page))
    }

    /// The parts but for the overview, each with what can be done there.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        Self::PARTS.into_iter().skip(1).map(move |part| (part.path(), self.name(part), self.about(part)))
    }

    fn name(&self, part: OwnPage) -> &'static str {
        let words = self.words();
        match part {
            OwnPage::Activity => words.activity(),
            OwnPage::Apps => words.apps(),
            OwnPage::Data => words.data(),
            OwnPage::Email | OwnPage::EmailConfirm => words.email(),
            OwnPage::Password => words.password(),
            OwnPage::Profile => words.profile(),
            OwnPage::Security => words.security(),
            OwnPage::Sessions => words.sessions(),
            OwnPage::Account | OwnPage::Ciba | OwnPage::Start => words.overview(),
        }
    }

    fn about(&self, part: OwnPage) -> &'static str {
        let words = self.words();
        match part {
            OwnPage::Activity => words.about_activity(),
            OwnPage::Apps => words.about_apps(),
            OwnPage::Data => words.about_data(),
            OwnPage::Email | OwnPage::EmailConfirm => words.about_email(),
            OwnPage::Password => words.about_password(),
            OwnPage::Profile => words.about_profile(),
            OwnPage::Security => words.about_security(),
            OwnPage::Sessions => words.about_sessions(),
            OwnPage::Account | OwnPage::Ciba | OwnPage::Start => "",
        }
    }

    #[cfg(test)]
    pub(super) fn sample(page: OwnPage) -> Self {
        Self { page, language: super::sample::language(), sign_out: "sample-csrf".into() }
    }
}

/// `GET /account`.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct Overview {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to its parts.
    pub nav: Nav,
    /// What the person goes by.
    pub name: String,
    /// What they sign in with.
    pub account: String,
}

impl Overview {
    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |name: &str, account: &str| Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Account),
            name: name.into(),
            account: account.into(),
        };
        vec![
            ("account", page("Ada Lovelace", "ada@example.com")),
            ("account-hostile", page(sample::HOSTILE, sample::HOSTILE)),
        ]
    }
}

/// Something about an account is done.
#[derive(Clone, Debug, Template)]
#[template(path = "account_done.html")]
pub struct AccountDone {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The words.
    pub words: words::Account,
    /// What.
    pub what: AccountDoneWhat,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum AccountDoneWhat {
    /// The account is gone.
    Deleted,
    /// It has another address.
    EmailChanged {
        /// Which.
        email: String,
        /// Who was told.
        told: Told,
    },
    /// Its address is proven.
    EmailProven {
        /// Which.
        email: String,
    },
    /// It has its former address.
    EmailUndone {
        /// Which.
        email: String,
        /// Whether its password is worth nothing any more, and a link for another one is on its way.
        mailed: bool,
    },
    /// It has another password.
    PasswordChanged,
}

/// Who was told of another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The one before, and the one that it is now.
    Both,
    /// There was none before.
    NoOther,
}

impl AccountDone {
    fn title(&self) -> &'static str {
        match self.what {
            AccountDoneWhat::Deleted => self.words.deleted(),
            AccountDoneWhat::EmailChanged { .. } => self.words.email_changed(),
            AccountDoneWhat::EmailProven { .. } => self.words.email_proven(),
            AccountDoneWhat::EmailUndone { .. } => self.words.email_undone(),
            AccountDoneWhat::PasswordChanged => self.words.password_changed(),
        }
    }

    fn lead(&self) -> String {
        match &self.what {
            AccountDoneWhat::Deleted => self.words.deleted_lead().to_owned(),
            AccountDoneWhat::EmailChanged { email, told: Told::Both } => self.words.email_changed_lead(email),
            AccountDoneWhat::EmailChanged { email, told: Told::NoOther } => self.words.email_given_lead(email),
            AccountDoneWhat::EmailProven { email } => self.words.email_proven_lead(email),
            AccountDoneWhat::EmailUndone { email, mailed: true } => self.words.email_undone_lead(email),
            AccountDoneWhat::EmailUndone { email, mailed: false } => self.words.email_back_lead(email),
            AccountDoneWhat::PasswordChanged => self.words.password_changed_lead().to_owned(),
        }
    }

    /// Where to go from here: address and name.
    fn onward(&self) -> (&'static str, &'static str) {
        match self.what {
            AccountDoneWhat::Deleted | AccountDoneWhat::EmailUndone { mailed: false, .. } => {
                ("/", self.words.to_start())
            }
            AccountDoneWhat::EmailUndone { mailed: true, .. } => ("/forgot", self.words.to_new_password()),
            AccountDoneWhat::EmailChanged { .. }
            | AccountDoneWhat::EmailProven { .. }
            | AccountDoneWhat::PasswordChanged => (OwnPage::Account.path(), self.words.to_account()),
        }
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |what| Self { shell: sample::shell(), words: words::Account::of(sample::language()), what };
        let email = || "ada@new.example.com".to_owned();
        vec![
            ("account-done-deleted", page(AccountDoneWhat::Deleted)),
            ("account-done-email", page(AccountDoneWhat::EmailChanged { email: email(), told: Told::Both })),
            ("account-done-first-email", page(AccountDoneWhat::EmailChanged { email: email(), told: Told::NoOther })),
            ("account-done-proven", page(AccountDoneWhat::EmailProven { email: email() })),
            ("account-done-undone", page(AccountDoneWhat::EmailUndone { email: email(), mailed: true })),
            ("account-done-undone-no-password", page(AccountDoneWhat::EmailUndone { email: email(), mailed: false })),
            (
                "account-done-hostile",
                page(AccountDoneWhat::EmailUndone { email: sample::HOSTILE.into(), mailed: true }),
            ),
            ("account-done-password", page(AccountDoneWhat::PasswordChanged)),
        ]
    }
}
