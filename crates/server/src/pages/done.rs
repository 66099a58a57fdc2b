//! The page that says something is done, and where to go from here.

use askama::Template;

use super::forgot::Back;
use super::{PageShell, WebUrl};
use crate::words;

/// The end of set-up, of a password reset, and of a device's question.
#[derive(Clone, Debug, Template)]
#[template(path = "done.html")]
pub struct Done {
    /// What surrounds the page.
    pub shell: PageShell,
    /// What is done.
    pub what: DoneWhat,
}

/// Things that end on a page of their own.
#[derive(Clone, Debug)]
pub enum DoneWhat {
    /// A client that asked over the back channel was allowed to use an account.
    CibaAllowed {
        /// Its name.
        client: String,
    },
    /// It was not allowed anything.
    CibaDenied {
        /// Its name.
        client: String,
    },
    /// Nor here: the sign-in is of no level that the client asked for.
    CibaUnmet {
        /// Its name.
        client: String,
    },
    /// A device was allowed to use an account.
    DeviceAllowed {
        /// The program on it.
        client: String,
    },
    /// A device was not allowed anything.
    DeviceDenied {
        /// The program on it.
        client: String,
    },
    /// A new password is set and every other sign-in of the account ended.
    PasswordReset {
        /// The sign-in that waits in this browser.
        back: Option<Back>,
        /// Since when something was not the owner, if that was reported lately.
        reported: Option<u64>,
        /// The app from whose sign-in page the link was asked for, by name and an address of its own.
        app: Option<(String, WebUrl)>,
    },
    /// An account was made, by a link that was opened in another browser than the one that waits for it.
    SignedUp {
        /// What its owner signs in with.
        email: String,
        /// The client that waits, by name.
        client: Option<String>,
        /// Where people begin there.
        app: Option<WebUrl>,
    },
    /// The first administrator exists.
    SetUp {
        /// What the administrator signs in with.
        email: String,
        /// The sample app, in development.
        sample_app: Option<WebUrl>,
    },
}

impl Done {
    fn elsewhere(&self) -> words::Elsewhere {
        words::Elsewhere::of(self.shell.language)
    }

    fn home(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    fn accounts(&self) -> words::SignUp {
        words::SignUp::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |what| Self { shell: sample::shell(), what };
        let set_up = |email: &str, app: Option<&str>| DoneWhat::SetUp {
            email: email.into(),
            sample_app: app.and_then(WebUrl::parse),
        };
        let waiting = || Back { interaction: "eyJ0eXAi.sample.interaction".into(), csrf: "sample-csrf".into() };
        vec![
            ("done-setup", page(set_up("ada@example.com", Some("http://localhost:4401/")))),
            ("done-setup-production", page(set_up("ada@example.com", None))),
            ("done-reset", page(DoneWhat::PasswordReset { back: None, app: None, reported: None })),
            ("done-reset-onward", page(DoneWhat::PasswordReset { back: Some(waiting()), app: None, reported: None })),
            (
                "done-reset-reported",
                page(DoneWhat::PasswordReset { back: None, app: None, reported: Some(1_795_824_000) }),
            ),
            (
                "done-reset-reported-onward",
                page(DoneWhat::PasswordReset { back: Some(waiting()), app: None, reported: Some(1_795_824_000) }),
            ),
            (
                "done-reset-app",
                page(DoneWhat::PasswordReset {
                    back: None,
                    reported: None,
                    app: WebUrl::parse("http://localhost:4401/").map(|url| ("Dragons".to_owned(), url)),
                }),
            ),
            ("done-ciba", page(DoneWhat::CibaAllowed { client: "Dragons Bank".into() })),
            ("done-ciba-denied", page(DoneWhat::CibaDenied { client: "Dragons Bank".into() })),
            ("done-ciba-unmet", page(DoneWhat::CibaUnmet { client: "Dragons Bank".into() })),
            ("done-device", page(DoneWhat::DeviceAllowed { client: "Dragons TV".into() })),
            ("done-device-denied", page(DoneWhat::DeviceDenied { client: "Dragons TV".into() })),
            ("done-device-hostile", page(DoneWhat::DeviceAllowed { client: sample::HOSTILE.into() })),
            (
                "done-sign-up",
                page(DoneWhat::SignedUp { email: "ada@example.com".into(), client: Some("Dragons".into()), app: None }),
            ),
            (
                "done-sign-up-app",
                page(DoneWhat::SignedUp {
                    email: "ada@example.com".into(),
                    client: Some("Dragons".into()),
                    app: WebUrl::parse("http://localhost:4401/"),
                }),
            ),
            ("done-sign-up-here", page(DoneWhat::SignedUp { email: sample::HOSTILE.into(), client: None, app: None })),
            ("done-hostile", page(set_up(sample::HOSTILE, None))),
        ]
    }
}
