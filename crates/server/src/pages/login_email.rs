//! Signing in by a code that is mailed: the form that asks for one, the question for it, and the page behind the link in the letter (security 119,
//! 123). Whoever asks sees the same pages, whether there is such an account or not.
//!
//! Form fields of `/login/email`: `interaction`, `csrf`, `username`, `keep` (present when ticked); of `/login/email/code`: `interaction`, `csrf`,
//! `code`, or `decision` (`again`, `change`, `deny`); of `/login/email/confirm`: `code`, `csrf`.

use askama::Template;

use super::{ClientView, PageShell};
use crate::words;

/// `GET /login/email`, and the answers to what was not enough for a letter.
#[derive(Clone, Debug, Template)]
#[template(path = "login_email.html")]
pub struct LoginEmail {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks.
    pub client: Option<ClientView>,
    /// The signed pending request; empty without one.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// What stands in the field.
    pub username: String,
    /// Whether "keep me signed in" is ticked.
    pub keep: super::login::Keep,
    /// How long a code will work.
    pub minutes: u64,
    /// What went wrong before.
    pub problem: Option<EmailProblem>,
}

/// The question for the code.
#[derive(Clone, Debug, Template)]
#[template(path = "mailed_code.html")]
pub struct LoginEmailCode {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks.
    pub client: Option<ClientView>,
    /// The signed pending request.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// How long a code works.
    pub minutes: u64,
    /// What came of the answer before.
    pub told: Option<EmailTold>,
}

/// The page behind the link.
#[derive(Clone, Debug, Template)]
#[template(path = "login_email_confirm.html")]
pub struct LoginEmailConfirm {
    /// What surrounds the page.
    pub shell: PageShell,
    /// What it says.
    pub what: ConfirmWhat,
}

/// Why no letter was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailProblem {
    /// The field was empty.
    Incomplete,
    /// Too many wishes from this address.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
}

/// What came of a code, or of the wish for another letter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailTold {
    /// Another letter is on its way, or nothing is.
    SentAgain,
    /// Five codes were wrong.
    Spent,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt counts.
        wait_secs: u64,
    },
    /// Not the code, or too late.
    Wrong,
}

/// What the page behind the link says.
#[derive(Clone, Debug)]
pub enum ConfirmWhat {
    /// In another browser: the code, to be typed where the sign-in began.
    Elsewhere {
        /// The code.
        code: String,
    },
    /// In the browser that asked: a button.
    Here {
        /// The link's code.
        link: String,
        /// Anti-forgery token, bound to the pre-session cookie.
        csrf: String,
    },
    /// The link works no longer.
    Over,
}

impl LoginEmail {
    /// What it says.
    pub(crate) fn words(&self) -> words::EmailCode {
        words::EmailCode::of(self.shell.language)
    }

    /// The words of the sign-in page.
    pub(crate) fn login_words(&self) -> words::Login {
        words::Login::of(self.shell.language)
    }

    fn keeps(&self) -> bool {
        self.keep == super::login::Keep::On
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let plain = Self {
            shell: sample::shell(),
            client: Some(sample::client()),
            interaction: "eyJ0eXAi.sample.interaction".into(),
            csrf: "sample-csrf".into(),
            username: String::new(),
            keep: super::login::Keep::Off,
            minutes: 10,
            problem: None,
        };
        let failed = |problem| Self { problem: Some(problem), username: "ada@example.com".into(), ..plain.clone() };
        let hostile =
            Self { client: Some(sample::hostile_client()), username: sample::HOSTILE.into(), ..plain.clone() };
        vec![
            ("email-code-incomplete", failed(EmailProblem::Incomplete)),
            ("email-code-throttled", failed(EmailProblem::Throttled { wait_secs: 30 })),
            ("email-code-here", Self { client: None, interaction: String::new(), ..plain.clone() }),
            ("email-code-hostile", hostile),
            ("email-code", plain),
        ]
    }
}

impl LoginEmailCode {
    /// What it says.
    pub(crate) fn words(&self) -> words::EmailCode {
        words::EmailCode::of(self.shell.language)
    }

    fn proof_words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    const ACTION: &str = "/login/email/code";

    /// What stands before an address, the address, and what stands behind it. Nobody is told where a letter went, if one did.
    fn lead(&self) -> (String, &'static str, &'static str) {
        (self.words().on_its_way(&self.shell.time().minutes(self.minutes)), "", "")
    }

    fn label(&self) -> &'static str {
        self.words().eight_digits()
    }

    fn button(&self) -> &'static str {
        self.shell.common().sign_in()
    }

    fn told_in_words(&self) -> Option<String> {
        let say = self.words();
        self.told.map(|told| match told {
            EmailTold::SentAgain => say.sent_again().to_owned(),
            EmailTold::Spent => self.proof_words().code_spent().to_owned(),
            EmailTold::Throttled { wait_secs } => self.shell.common().too_many(&self.shell.time().wait(wait_secs)),
            EmailTold::Wrong => say.wrong().to_owned(),
        })
    }

    fn is_problem(&self) -> bool {
        self.told.is_some_and(|told| told != EmailTold::SentAgain)
    }

    fn blames_code(&self) -> bool {
        matches!(self.told, Some(EmailTold::Spent | EmailTold::Wrong))
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let plain = Self {
            shell: sample::shell(),
            client: Some(sample::client()),
            interaction: "eyJ0eXAi.sample.interaction".into(),
            csrf: "sample-csrf".into(),
            minutes: 10,
            told: None,
        };
        let told = |told| Self { told: Some(told), ..plain.clone() };
        vec![
            ("email-code-question-again", told(EmailTold::SentAgain)),
            ("email-code-question-wrong", told(EmailTold::Wrong)),
            ("email-code-question-spent", told(EmailTold::Spent)),
            ("email-code-question-throttled", told(EmailTold::Throttled { wait_secs: 90 })),
            ("email-code-question-hostile", Self { client: Some(sample::hostile_client()), ..plain.clone() }),
            ("email-code-question", plain),
        ]
    }
}

impl LoginEmailConfirm {
    /// What it says.
    pub(crate) fn words(&self) -> words::EmailCode {
        words::EmailCode::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |what| Self { shell: sample::shell(), what };
        let here = |link: &str| ConfirmWhat::Here { link: link.into(), csrf: "sample-csrf".into() };
        vec![
            ("email-code-link", page(here("sym_em_sample"))),
            ("email-code-link-hostile", page(here(sample::HOSTILE))),
            ("email-code-elsewhere", page(ConfirmWhat::Elsewhere { code: "2718 2818".into() })),
            ("email-code-over", page(ConfirmWhat::Over)),
        ]
    }
}
