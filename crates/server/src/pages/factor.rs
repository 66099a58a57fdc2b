//! The second step of a sign-in (experience §4, security 1h).
//!
//! Form fields: `interaction`, `csrf`, `way` (the factor), `code`, `remember` (present when ticked); a passkey fills hidden ones. Small forms with
//! `decision=switch` lead to another way, one with `decision=deny` says no to all of it.

use askama::Template;
use symbolon_oauth::second_factor::Factor;

use super::passkey::{PasskeyCreate, PasskeyGet};
use super::{ClientView, PageShell};
use crate::words;

/// The page that asks for a factor.
#[derive(Clone, Debug, Template)]
#[template(path = "factor.html")]
pub struct FactorPage {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks; `None` when somebody signs in to the server's own pages.
    pub client: Option<ClientView>,
    /// The signed pending request, with what is proven.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// Who is signing in.
    pub account: String,
    /// What is asked for.
    pub way: Factor,
    /// What would do as well.
    pub others: Vec<Factor>,
    /// For how many days the browser can be remembered, if it can.
    pub remember_days: Option<u64>,
    /// Whether a code by mail is on its way.
    pub mailed: MailedCode,
    /// What a browser needs to ask for a passkey, if that is the way.
    pub passkey: Option<PasskeyGet>,
    /// What went wrong before.
    pub problem: Option<FactorProblem>,
}

/// The key of an app that is being set up.
#[derive(Clone, Debug)]
pub struct AppKey {
    /// The QR code, as SVG.
    pub qr: String,
    /// The secret, to be typed.
    pub secret: String,
}

/// The page on which somebody who must have a factor sets one up. Form fields: `interaction`, `csrf`, `way`; the app's `code`; a passkey fills hidden
/// ones. A small form with `decision=switch` leads to the other way.
#[derive(Clone, Debug, Template)]
#[template(path = "factor_enrol.html")]
pub struct EnrolPage {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks.
    pub client: Option<ClientView>,
    /// The signed pending request, with what is proven and the sealed secret.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// The app, if that is the way.
    pub app: Option<AppKey>,
    /// What a browser needs to make a passkey, if that is the way.
    pub passkey: Option<PasskeyCreate>,
    /// What would do as well.
    pub other: Option<Factor>,
    /// Whose it is.
    pub account: String,
    /// What went wrong before.
    pub problem: Option<FactorProblem>,
}

/// The page between a sign-in with a recovery code and what waited for it.
#[derive(Clone, Debug, Template)]
#[template(path = "recovery_used.html")]
pub struct RecoveryUsed {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Codes that are left.
    pub left: usize,
    /// Where to go on.
    pub onward: String,
}

/// Whether a code by mail is on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailedCode {
    /// Nobody has asked for one.
    NotYet,
    /// It is.
    Sent,
    /// None is sent for some days: the password was set by a link, which a mailbox alone is enough for.
    Withheld,
}

/// Why a second factor was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorProblem {
    /// The passkey was another, or nobody confirmed.
    Passkey,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt counts.
        wait_secs: u64,
    },
    /// The code is wrong, too old, or was used.
    Wrong,
}

impl FactorPage {
    /// What it says.
    pub(crate) fn words(&self) -> words::Factor {
        words::Factor::of(self.shell.language)
    }

    fn script() -> &'static str {
        super::assets::PASSKEY_PATH
    }

    /// What it says of codes by mail.
    pub(crate) fn email_words(&self) -> words::EmailCode {
        words::EmailCode::of(self.shell.language)
    }

    fn proof_words(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    fn withheld_days(&self) -> Option<u64> {
        (self.mailed == MailedCode::Withheld).then_some(crate::account::email_code::WITHHELD_DAYS)
    }

    fn is_mailed(&self) -> bool {
        self.way == Factor::Email
    }

    fn is_not_mailed_yet(&self) -> bool {
        self.way == Factor::Email && self.mailed == MailedCode::NotYet
    }

    fn blames_code(&self) -> bool {
        self.problem == Some(FactorProblem::Wrong)
    }

    fn is_recovery(&self) -> bool {
        self.way == Factor::RecoveryCode
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
            account: "ada@example.com".into(),
            way: Factor::Totp,
            others: vec![Factor::Passkey, Factor::RecoveryCode],
            remember_days: None,
            mailed: MailedCode::NotYet,
            passkey: None,
            problem: None,
        };
        let failed = |problem| Self { problem: Some(problem), ..plain.clone() };
        let others = vec![Factor::Totp, Factor::RecoveryCode];
        let passkey = Self { way: Factor::Passkey, others, passkey: Some(PasskeyGet::sample()), ..plain.clone() };
        let mailed = Self { way: Factor::Email, others: vec![Factor::Totp], ..plain.clone() };
        let with_mail = vec![Factor::Passkey, Factor::Email];
        vec![
            ("factor-or-email", Self { others: with_mail, ..plain.clone() }),
            ("factor-email-withheld", Self { mailed: MailedCode::Withheld, ..plain.clone() }),
            ("factor-wrong", failed(FactorProblem::Wrong)),
            ("factor-throttled", failed(FactorProblem::Throttled { wait_secs: 30 })),
            ("factor-remember", Self { client: None, remember_days: Some(30), ..plain.clone() }),
            ("factor-recovery", Self { way: Factor::RecoveryCode, others: vec![Factor::Totp], ..plain.clone() }),
            ("factor-email", Self { mailed: MailedCode::Sent, ..mailed.clone() }),
            (
                "factor-email-wrong",
                Self { problem: Some(FactorProblem::Wrong), mailed: MailedCode::Sent, ..mailed.clone() },
            ),
            ("factor-email-offer", mailed),
            ("factor-passkey-wrong", Self { problem: Some(FactorProblem::Passkey), ..passkey.clone() }),
            ("factor-passkey", passkey),
            (
                "factor-hostile",
                Self { client: Some(sample::hostile_client()), account: sample::HOSTILE.into(), ..plain.clone() },
            ),
            ("factor", plain),
        ]
    }
}

impl EnrolPage {
    fn words(&self) -> words::Factor {
        words::Factor::of(self.shell.language)
    }

    fn script() -> &'static str {
        super::assets::PASSKEY_PATH
    }

    fn title(&self) -> &'static str {
        let is_choice = self.app.is_some() || self.other.is_some();
        if is_choice { self.words().set_up_second() } else { self.words().set_up_passkey() }
    }

    /// Why, and what.
    fn needs(&self) -> String {
        match (&self.passkey, self.other) {
            (None, _) => self.words().needs_more(&self.account),
            (Some(_), None) => self.words().needs_passkey(&self.account),
            (Some(_), Some(_)) => self.words().needs_either(&self.account),
        }
    }

    fn blames_code(&self) -> bool {
        self.problem == Some(FactorProblem::Wrong)
    }

    fn told(&self) -> Option<&'static str> {
        self.problem.map(|problem| match problem {
            FactorProblem::Passkey => words::Security::of(self.shell.language).passkey_not_added(),
            FactorProblem::Throttled { .. } | FactorProblem::Wrong => self.words().not_this_key(),
        })
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let key =
            || AppKey { qr: super::qr::svg(&sample_uri()), secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into() };
        let plain = Self {
            shell: sample::shell(),
            client: Some(sample::client()),
            interaction: "eyJ0eXAi.sample.interaction".into(),
            csrf: "sample-csrf".into(),
            app: Some(key()),
            passkey: None,
            other: None,
            account: "ada@example.com".into(),
            problem: None,
        };
        let passkey = Self { passkey: Some(PasskeyCreate::sample()), app: None, ..plain.clone() };
        let either = Self { other: Some(Factor::Totp), ..passkey.clone() };
        let app = Self { other: Some(Factor::Passkey), ..plain.clone() };
        let hostile = |page: &Self| Self {
            client: Some(sample::hostile_client()),
            account: sample::HOSTILE.into(),
            ..page.clone()
        };
        let failed = |page: &Self, problem| Self { problem: Some(problem), ..page.clone() };
        vec![
            ("enrol-wrong", failed(&plain, FactorProblem::Wrong)),
            ("enrol-hostile", hostile(&plain)),
            ("enrol-either-app", app),
            ("enrol-either-hostile", hostile(&either)),
            ("enrol-either", either),
            ("enrol-passkey-problem", failed(&passkey, FactorProblem::Passkey)),
            ("enrol-passkey", passkey),
            ("enrol", plain),
        ]
    }
}

impl RecoveryUsed {
    fn words(&self) -> words::Factor {
        words::Factor::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |left| Self { shell: sample::shell(), left, onward: "/authorize/continue?interaction=e.y.j".into() };
        vec![("recovery-used", page(9)), ("recovery-used-last", page(0))]
    }
}

/// As long as they are.
#[cfg(test)]
pub(super) fn sample_uri() -> String {
    symbolon_factors::Totp::new(*b"12345678901234567890").uri("auth.example.com", "ada.lovelace@example.com")
}
