//! `/account/email`, and the pages behind the links that are mailed. Form fields: `csrf`, `action` (`ask` with `email`, `prove`, `drop`); of the
//! pages behind links, `csrf` and `code`.

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/email`, and the answer to a form that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_email.html")]
pub struct AccountEmail {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountEmail,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// The address, and whether it is proven.
    pub present: Option<(String, Proven)>,
    /// The address that waits for its proof.
    pub pending: Option<String>,
    /// What can be done.
    pub can: EmailCan,
    /// What stands in the field.
    pub typed: String,
    /// What went wrong before.
    pub problem: Option<AccountEmailProblem>,
}

/// Whether somebody has shown to receive mail there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// Nobody has.
    No,
    /// The account's owner has.
    Yes,
}

/// What can be done about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailCan {
    /// Ask for another one.
    Ask,
    /// Nothing: no mail is sent.
    Nothing,
    /// Sign in again first.
    SignIn,
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountEmailProblem {
    /// It is none.
    NotAnAddress,
    /// It is the present one.
    Same,
    /// Too many letters.
    Throttled {
        /// Seconds until the next.
        wait_secs: u64,
    },
}

impl AccountEmail {
    /// What happens to another address: a present one that is proven is told of it at once.
    fn hint(&self) -> &'static str {
        match &self.present {
            Some((_, Proven::Yes)) => self.words.hint(),
            Some((_, Proven::No)) | None => self.words.hint_unproven(),
        }
    }

    fn told(&self) -> Option<String> {
        Some(match self.problem? {
            AccountEmailProblem::NotAnAddress => self.words.not_an_address().to_owned(),
            AccountEmailProblem::Same => self.words.same().to_owned(),
            AccountEmailProblem::Throttled { wait_secs } => self.words.throttled(wait_secs),
        })
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let plain = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Email),
            words: words::AccountEmail::of(sample::language()),
            csrf: "sample-csrf".into(),
            present: Some(("ada@example.com".into(), Proven::Yes)),
            pending: None,
            can: EmailCan::Ask,
            typed: String::new(),
            problem: None,
        };
        let problem = Some(AccountEmailProblem::NotAnAddress);
        let hostile = || sample::HOSTILE.to_owned();
        vec![
            ("account-email-wrong", Self { problem, typed: "ada".into(), ..plain.clone() }),
            ("account-email-pending", Self { pending: Some("ada@new.example.com".into()), ..plain.clone() }),
            ("account-email-unproven", Self { present: Some(("ada@example.com".into(), Proven::No)), ..plain.clone() }),
            ("account-email-none", Self { present: None, ..plain.clone() }),
            ("account-email-stale", Self { can: EmailCan::SignIn, ..plain.clone() }),
            ("account-email-off", Self { can: EmailCan::Nothing, ..plain.clone() }),
            (
                "account-email-hostile",
                Self {
                    present: Some((hostile(), Proven::No)),
                    pending: Some(hostile()),
                    typed: hostile(),
                    ..plain.clone()
                },
            ),
            ("account-email", plain),
        ]
    }
}

/// The page behind a link that was mailed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_link.html")]
pub struct EmailLink {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The words.
    pub words: words::AccountEmail,
    /// The words of all these pages.
    pub frame: words::Account,
    /// What it is about.
    pub what: EmailLinkWhat,
}

/// What a link does.
#[derive(Clone, Debug)]
pub enum EmailLinkWhat {
    /// It proves an address.
    Confirm(LinkForm),
    /// It can do nothing.
    Over,
    /// It proves the address that the account has.
    Prove(LinkForm),
    /// It takes an address back, which is somebody else's by now.
    Taken,
    /// It takes an address back.
    Undo(LinkForm),
}

/// The form behind a link.
#[derive(Clone, Debug)]
pub struct LinkForm {
    /// The link's code.
    pub code: String,
    /// Anti-forgery token.
    pub csrf: String,
    /// The address it is about.
    pub email: String,
}

impl EmailLink {
    fn title(&self) -> &'static str {
        match self.what {
            EmailLinkWhat::Confirm(_) => self.words.confirm_title(),
            EmailLinkWhat::Over | EmailLinkWhat::Taken => self.words.over_title(),
            EmailLinkWhat::Prove(_) => self.words.prove_title(),
            EmailLinkWhat::Undo(_) => self.words.undo_title(),
        }
    }

    fn lead(&self) -> String {
        match &self.what {
            EmailLinkWhat::Confirm(form) => self.words.confirm_lead(&form.email),
            EmailLinkWhat::Over => self.words.over_lead().to_owned(),
            EmailLinkWhat::Prove(form) => self.words.prove_lead(&form.email),
            EmailLinkWhat::Taken => self.words.undo_taken().to_owned(),
            EmailLinkWhat::Undo(form) => self.words.undo_lead(&form.email),
        }
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::sample;
        let language = sample::language();
        let page = |what| Self {
            shell: sample::shell(),
            words: words::AccountEmail::of(language),
            frame: words::Account::of(language),
            what,
        };
        let form = |email: &str| LinkForm { code: "sym_ep_1".into(), csrf: "sample-csrf".into(), email: email.into() };
        vec![
            ("email-confirm", page(EmailLinkWhat::Confirm(form("ada@new.example.com")))),
            ("email-confirm-hostile", page(EmailLinkWhat::Confirm(form(sample::HOSTILE)))),
            ("email-prove", page(EmailLinkWhat::Prove(form("ada@example.com")))),
            ("email-undo", page(EmailLinkWhat::Undo(form("ada@example.com")))),
            ("email-undo-hostile", page(EmailLinkWhat::Undo(form(sample::HOSTILE)))),
            ("email-over", page(EmailLinkWhat::Over)),
            ("email-taken", page(EmailLinkWhat::Taken)),
        ]
    }
}
