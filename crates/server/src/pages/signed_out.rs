//! The page after signing out, when the client named no place to return to.

use askama::Template;

use super::{PageShell, WebUrl};

/// The end of `POST /logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The application to return to: its name and registered home address.
    pub back: Option<(String, WebUrl)>,
}

impl SignedOut {
    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let home = WebUrl::parse("http://localhost:4401/");
        let plain = Self { shell: sample::shell(), back: None };
        vec![
            (
                "signed-out-hostile",
                Self { back: home.clone().map(|url| (sample::HOSTILE.into(), url)), ..plain.clone() },
            ),
            ("signed-out-back", Self { back: home.map(|url| ("Dragons".into(), url)), ..plain.clone() }),
            ("signed-out", plain),
        ]
    }
}
