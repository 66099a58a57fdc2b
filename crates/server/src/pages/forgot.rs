//! The page on which somebody asks for a new password, and the one after it, which is the same for everybody (security 123).
//!
//! Form fields: `interaction`, `csrf`, `username`. The form back to the sign-in posts `interaction`, `csrf` and `decision=again` to `/login`.

use askama::Template;

use super::{ClientView, PageShell};
use crate::words;

/// `GET /forgot`, and the answers to `POST /forgot`.
#[derive(Clone, Debug, Template)]
#[template(path = "forgot.html")]
pub struct Forgot {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who waits for the sign-in.
    pub client: Option<ClientView>,
    /// What it says.
    pub what: ForgotWhat,
    /// The way back to the sign-in.
    pub back: Option<Back>,
}

/// A sign-in that waits in this browser.
#[derive(Clone, Debug)]
pub struct Back {
    /// The signed pending request.
    pub interaction: String,
    /// Anti-forgery token of the sign-in form.
    pub csrf: String,
}

/// What the page says.
#[derive(Clone, Debug)]
pub enum ForgotWhat {
    /// Whose account is it?
    Ask {
        /// Anti-forgery token, bound to the pre-session cookie.
        csrf: String,
        /// What was typed before.
        username: String,
        /// What went wrong before.
        problem: Option<ForgotProblem>,
    },
    /// No mail is sent here: the administrator helps.
    AskAdministrator,
    /// A link is on its way, or nothing is.
    Sent {
        /// How long a link works.
        minutes: u64,
        /// Anti-forgery token of the form that asks once more, where a sign-in waits that must not be lost.
        csrf: Option<String>,
    },
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForgotProblem {
    /// The field was empty.
    Incomplete,
    /// Too many wishes from this address.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
}

impl Forgot {
    fn words(&self) -> words::Password {
        words::Password::of(self.shell.language)
    }

    fn has_problem(&self) -> bool {
        matches!(self.what, ForgotWhat::Ask { problem: Some(_), .. })
    }

    fn interaction(&self) -> &str {
        self.back.as_ref().map_or("", |back| &back.interaction)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let back = || Some(Back { interaction: "eyJ0eXAi.sample.interaction".into(), csrf: "sample-csrf".into() });
        let page = |what, back| Self { shell: sample::shell(), client: None, what, back };
        let sent = |csrf: Option<&str>| ForgotWhat::Sent { minutes: 20, csrf: csrf.map(str::to_owned) };
        let ask = |username: &str, problem| ForgotWhat::Ask {
            csrf: "sample-csrf".into(),
            username: username.into(),
            problem,
        };
        vec![
            ("forgot-incomplete", page(ask("", Some(ForgotProblem::Incomplete)), back())),
            ("forgot-throttled", page(ask("ada@example.com", Some(ForgotProblem::Throttled { wait_secs: 90 })), None)),
            (
                "forgot-throttled-work",
                Self {
                    shell: sample::working_shell(),
                    ..page(ask("", Some(ForgotProblem::Throttled { wait_secs: 4 })), None)
                },
            ),
            ("forgot-administrator", page(ForgotWhat::AskAdministrator, None)),
            ("forgot-sent", page(sent(Some("sample-csrf")), back())),
            ("forgot-sent-here", page(sent(None), None)),
            (
                "forgot-branded-logo",
                Self {
                    shell: sample::shell().of_client(Some(&sample::logo_client())),
                    client: Some(sample::logo_client()),
                    ..page(ask("", None), back())
                },
            ),
            ("forgot-app", Self { client: Some(sample::client()), ..page(ask("", None), back()) }),
            (
                "forgot-administrator-support",
                Self { shell: sample::supported_shell(), ..page(ForgotWhat::AskAdministrator, None) },
            ),
            ("forgot-hostile", page(ask(sample::HOSTILE, Some(ForgotProblem::Incomplete)), None)),
            ("forgot", page(ask("", None), back())),
        ]
    }
}
