//! The sign-in page: identifier and password on one page (experience §4, security 1g).
//!
//! Form fields: `interaction`, `csrf`, `username`, `password`, `keep` (present when ticked). A second form
//! posts `interaction`, `csrf` and `decision=deny` to the same place: the way to say no, which returns
//! `access_denied` to the client (specs rule 10). With `decision=create` it leads to the page for making an account. Where people are to choose an account, one with `decision=continue` goes on as who is signed in. Where mail is
//! sent, one posts `interaction` and its own `csrf` to `/forgot`.

use askama::Template;

use super::passkey::PasskeyGet;
use super::{AccountView, ClientView, PageShell};
use crate::words;

/// `GET /login`, and the answer to a `POST /login` that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks; `None` when somebody signs in to the server's own pages.
    pub client: Option<ClientView>,
    /// The signed pending request; empty without one.
    pub interaction: String,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// Anti-forgery token of the way to a new password by mail; without it the administrator is that way.
    pub forgot: Option<String>,
    /// What stands in the identifier field: the request's `login_hint`, or what was typed before.
    pub username: String,
    /// State of "Keep me signed in".
    pub keep: Keep,
    /// Why the page is shown.
    pub reason: Reason,
    /// Who is signed in already, by the name they sign in with.
    pub signed_in: Option<String>,
    /// Who is signed in already, where people may go on as them or as somebody else.
    pub choice: Option<AccountView>,
    /// Whether people may make an account on their way.
    pub sign_up: SignUpLink,
    /// Whether a code by mail signs in, too.
    pub by_email: EmailLink,
    /// What a browser needs to ask for a passkey.
    pub passkey: PasskeyGet,
    /// What went wrong with the attempt before.
    pub problem: Option<LoginProblem>,
}

/// The way to the page for making an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignUpLink {
    /// Nobody may, or not on the way to this client.
    Hidden,
    /// There it is.
    Shown,
}

/// The way to sign in by mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailLink {
    /// None is sent.
    Hidden,
    /// There it is.
    Shown,
}

/// State of a checkbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keep {
    /// Not ticked.
    Off,
    /// Ticked.
    On,
}

/// Why somebody sees the sign-in page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Nobody is signed in.
    SignIn,
    /// Nobody is, and a device waits.
    Device,
    /// Somebody is, but the client asked for a fresh sign-in (`prompt=login`, `max_age`).
    Again,
    /// Somebody is, and the client asked to let people choose (`prompt=select_account`).
    SelectAccount,
}

/// Why a sign-in failed. The words never tell an unknown account from a wrong password (security 123).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoginProblem {
    /// Whoever proved the address has an account with it already.
    AccountExists,
    /// The password pool is full: answered with 503 and `Retry-After`.
    Busy,
    /// A field was empty.
    Incomplete,
    /// The passkey that was shown signs nobody in.
    Passkey,
    /// The page's anti-forgery token had expired, or the browser keeps no cookies.
    PageExpired,
    /// The account is shut until it has a new password, whatever is shown.
    Shut,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt counts.
        wait_secs: u64,
    },
    /// Unknown identifier, wrong password, or blocked account.
    WrongCredentials,
}

impl Login {
    fn can_sign_up(&self) -> bool {
        self.sign_up == SignUpLink::Shown && !self.is_again()
    }

    /// What it says.
    pub(crate) fn words(&self) -> words::Login {
        words::Login::of(self.shell.language)
    }

    fn signs_in_by_email(&self) -> bool {
        self.by_email == EmailLink::Shown
    }

    fn email_words(&self) -> words::EmailCode {
        words::EmailCode::of(self.shell.language)
    }

    fn script() -> &'static str {
        super::assets::PASSKEY_PATH
    }

    fn keeps(&self) -> bool {
        self.keep == Keep::On
    }

    fn is_for_a_device(&self) -> bool {
        self.reason == Reason::Device
    }

    fn is_again(&self) -> bool {
        self.reason == Reason::Again
    }

    /// The same for a client with looks of its own.
    #[cfg(test)]
    fn branded(&self, client: ClientView) -> Self {
        let shell = super::sample::shell().of_client(Some(&client));
        Self { shell, client: Some(client), ..self.clone() }
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
            forgot: Some("sample-csrf".into()),
            username: String::new(),
            keep: Keep::Off,
            reason: Reason::SignIn,
            signed_in: None,
            choice: None,
            sign_up: SignUpLink::Hidden,
            by_email: EmailLink::Hidden,
            passkey: PasskeyGet::sample(),
            problem: None,
        };
        let failed = |problem| Self {
            username: "ada@example.com".into(),
            keep: Keep::On,
            problem: Some(problem),
            ..plain.clone()
        };
        vec![
            ("login-wrong", failed(LoginProblem::WrongCredentials)),
            ("login-throttled", failed(LoginProblem::Throttled { wait_secs: 30 })),
            ("login-work", Self { shell: sample::working_shell(), ..failed(LoginProblem::Throttled { wait_secs: 4 }) }),
            ("login-busy", failed(LoginProblem::Busy)),
            ("login-passkey", failed(LoginProblem::Passkey)),
            ("login-shut", failed(LoginProblem::Shut)),
            ("login-incomplete", failed(LoginProblem::Incomplete)),
            ("login-expired", failed(LoginProblem::PageExpired)),
            (
                "login-again",
                Self {
                    reason: Reason::Again,
                    username: "ada@example.com".into(),
                    signed_in: Some("ada@example.com".into()),
                    ..plain.clone()
                },
            ),
            (
                "login-select-account",
                Self { reason: Reason::SelectAccount, choice: Some(sample::account()), ..plain.clone() },
            ),
            (
                "login-select-account-hostile",
                Self {
                    reason: Reason::SelectAccount,
                    choice: Some(AccountView { name: sample::HOSTILE.into(), identifier: sample::HOSTILE.into() }),
                    ..plain.clone()
                },
            ),
            ("login-sign-up", Self { sign_up: SignUpLink::Shown, ..plain.clone() }),
            ("login-account-exists", Self { sign_up: SignUpLink::Shown, ..failed(LoginProblem::AccountExists) }),
            (
                "login-here-sign-up",
                Self { client: None, interaction: String::new(), sign_up: SignUpLink::Shown, ..plain.clone() },
            ),
            ("login-branded", plain.branded(sample::branded_client())),
            ("login-branded-logo", plain.branded(sample::logo_client())),
            ("login-device", Self { client: None, reason: Reason::Device, ..plain.clone() }),
            ("login-by-email", Self { by_email: EmailLink::Shown, sign_up: SignUpLink::Shown, ..plain.clone() }),
            ("login-no-mail", Self { forgot: None, ..plain.clone() }),
            ("login-here", Self { client: None, interaction: String::new(), ..plain.clone() }),
            ("login-hostile", Self { username: sample::HOSTILE.into(), ..plain.branded(sample::hostile_client()) }),
            ("login", plain),
        ]
    }
}
