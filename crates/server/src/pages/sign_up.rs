//! The pages on which people make their own account: the form, the question for the code, and the page behind the link in the letter.
//!
//! Form fields: `interaction` or `invitation`, `csrf`, `email`, `name`, `password`, `password_confirm`; then `interaction`, `csrf`, `code`; behind the
//! link `code`, `csrf`, `password`. A second form says with `decision` what else people want: `deny`, `sign_in`, `again`, `change`. No page says
//! whether an address has an account (security 123).

use askama::Template;

use super::{ClientView, PageShell};
use crate::account::password::PasswordProblem;
use crate::words;

/// The form, and the answer to one that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_up.html")]
pub struct SignUp {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who waits for the account; `None` when somebody signs up on the server's own pages.
    pub client: Option<ClientView>,
    /// The signed pending request; empty with an invitation.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// The invitation, whose address is fixed.
    pub invitation: Option<String>,
    /// What stands in the field: the request's `login_hint`, what was typed before, or the address of the invitation.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// Fewest characters a password may have.
    pub password_min_chars: usize,
    /// What went wrong before.
    pub problem: Option<SignUpProblem>,
}

/// Why there is no letter on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignUpProblem {
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
    /// The code was not entered in time.
    CodeOver,
    /// Not an e-mail address.
    Email,
    /// Too long, or with characters that no name has.
    Name,
    /// The password is not acceptable.
    Password(PasswordProblem),
    /// The two passwords differ.
    PasswordsDiffer,
    /// Too many letters to this address, or wishes from this network.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
}

impl SignUp {
    fn words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    fn blames_email(&self) -> bool {
        self.problem == Some(SignUpProblem::Email)
    }

    fn blames_name(&self) -> bool {
        self.problem == Some(SignUpProblem::Name)
    }

    fn blames_password(&self) -> bool {
        matches!(self.problem, Some(SignUpProblem::Password(_) | SignUpProblem::PasswordsDiffer))
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
            invitation: None,
            email: String::new(),
            name: String::new(),
            password_min_chars: 15,
            problem: None,
        };
        let failed = |problem| Self {
            email: "ada@example.com".into(),
            name: "Ada Lovelace".into(),
            problem: Some(problem),
            ..plain.clone()
        };
        let invited = Self {
            interaction: String::new(),
            invitation: Some("sym_in_sample".into()),
            email: "ada@example.com".into(),
            ..plain.clone()
        };
        let hostile = Self {
            client: Some(sample::hostile_client()),
            email: sample::HOSTILE.into(),
            name: sample::HOSTILE.into(),
            invitation: Some(sample::HOSTILE.into()),
            ..plain.clone()
        };
        vec![
            ("sign-up-short", failed(SignUpProblem::Password(PasswordProblem::TooShort { min_chars: 15 }))),
            ("sign-up-differ", failed(SignUpProblem::PasswordsDiffer)),
            ("sign-up-email", failed(SignUpProblem::Email)),
            ("sign-up-name", failed(SignUpProblem::Name)),
            ("sign-up-throttled", failed(SignUpProblem::Throttled { wait_secs: 60 })),
            ("sign-up-busy", failed(SignUpProblem::Busy)),
            ("sign-up-code-over", failed(SignUpProblem::CodeOver)),
            ("sign-up-invited", invited),
            ("sign-up-here", Self { client: None, ..plain.clone() }),
            (
                "sign-up-branded-logo",
                Self {
                    shell: sample::shell().of_client(Some(&sample::logo_client())),
                    client: Some(sample::logo_client()),
                    ..plain.clone()
                },
            ),
            ("sign-up-hostile", hostile),
            ("sign-up", plain),
        ]
    }
}

/// The question for the code that was mailed.
#[derive(Clone, Debug, Template)]
#[template(path = "mailed_code.html")]
pub struct SignUpCode {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who waits for the account.
    pub client: Option<ClientView>,
    /// The signed pending request.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// Where the letter went.
    pub email: String,
    /// How long the code works.
    pub minutes: u64,
    /// What came of the answer before.
    pub told: Option<CodeTold>,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeTold {
    /// Too many letters: none was sent.
    NotAgain {
        /// Seconds until the next one is.
        wait_secs: u64,
    },
    /// Another letter is on its way.
    SentAgain,
    /// Too many wrong answers to this code: another one is needed.
    Spent,
    /// Too many wrong answers.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
    /// Not the code that was mailed last.
    Wrong,
}

impl SignUpCode {
    fn proof_words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    const ACTION: &str = "/signup/code";

    /// What stands before the address, the address, and what stands behind it.
    fn lead(&self) -> (&'static str, &str, String) {
        let say = self.proof_words();
        let (before, behind) = say.enter_code();
        (before, &self.email, format!("{behind} {}", say.works_for(&self.shell.time().minutes(self.minutes))))
    }

    fn label(&self) -> &'static str {
        self.shell.common().code()
    }

    fn button(&self) -> &'static str {
        self.shell.common().proceed()
    }

    fn told_in_words(&self) -> Option<String> {
        let say = self.proof_words();
        let wait = |secs| self.shell.time().wait(secs);
        self.told.map(|told| match told {
            CodeTold::NotAgain { wait_secs } => say.not_again(&wait(wait_secs)),
            CodeTold::SentAgain => say.sent_again().to_owned(),
            CodeTold::Spent => say.code_spent().to_owned(),
            CodeTold::Throttled { wait_secs } => say.too_many_codes(&wait(wait_secs)),
            CodeTold::Wrong => say.wrong_code().to_owned(),
        })
    }

    fn blames_code(&self) -> bool {
        matches!(self.told, Some(CodeTold::Wrong | CodeTold::Spent | CodeTold::Throttled { .. }))
    }

    fn is_problem(&self) -> bool {
        !matches!(self.told, None | Some(CodeTold::SentAgain))
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
            email: "ada@example.com".into(),
            minutes: 20,
            told: None,
        };
        let told = |told| Self { told: Some(told), ..plain.clone() };
        vec![
            ("sign-up-code-wrong", told(CodeTold::Wrong)),
            ("sign-up-code-spent", told(CodeTold::Spent)),
            ("sign-up-code-throttled", told(CodeTold::Throttled { wait_secs: 60 })),
            ("sign-up-code-not-again", told(CodeTold::NotAgain { wait_secs: 600 })),
            ("sign-up-code-sent-again", told(CodeTold::SentAgain)),
            (
                "sign-up-code-hostile",
                Self { client: Some(sample::hostile_client()), email: sample::HOSTILE.into(), ..plain.clone() },
            ),
            ("sign-up-code-here", Self { client: None, ..plain.clone() }),
            ("sign-up-code", plain),
        ]
    }
}

/// The page behind the link.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_up_confirm.html")]
pub struct SignUpConfirm {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The link's secret.
    pub code: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// The address.
    pub email: String,
    /// What it takes.
    pub with: ConfirmWith,
    /// What went wrong before.
    pub problem: Option<ConfirmProblem>,
}

/// What it takes to make the account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfirmWith {
    /// This browser asked for it: nothing more.
    Button,
    /// Another one did: the password that was chosen there.
    Password,
}

/// Why the account was not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfirmProblem {
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
    /// Too many wrong passwords: this link takes no more.
    Spent,
    /// Too many wrong passwords.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
    /// Not the password that was chosen.
    WrongPassword,
}

impl SignUpConfirm {
    fn words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    fn takes_password(&self) -> bool {
        self.with == ConfirmWith::Password
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let here = Self {
            shell: sample::shell(),
            code: "sym_si_sample".into(),
            csrf: "sample-csrf".into(),
            email: "ada@example.com".into(),
            with: ConfirmWith::Button,
            problem: None,
        };
        let elsewhere = |problem| Self { with: ConfirmWith::Password, problem, ..here.clone() };
        vec![
            ("sign-up-elsewhere", elsewhere(None)),
            ("sign-up-elsewhere-wrong", elsewhere(Some(ConfirmProblem::WrongPassword))),
            ("sign-up-elsewhere-spent", elsewhere(Some(ConfirmProblem::Spent))),
            ("sign-up-elsewhere-throttled", elsewhere(Some(ConfirmProblem::Throttled { wait_secs: 60 }))),
            ("sign-up-elsewhere-busy", elsewhere(Some(ConfirmProblem::Busy))),
            (
                "sign-up-confirm-hostile",
                Self { email: sample::HOSTILE.into(), code: sample::HOSTILE.into(), ..here.clone() },
            ),
            ("sign-up-confirm", here),
        ]
    }
}
