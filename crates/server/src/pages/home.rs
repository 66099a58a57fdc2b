//! The page at `/`: what runs here and where to go.
//!
//! Signed in, it carries the sign-out form: `csrf` and an empty `logout`, posted to `/logout`.

use askama::Template;

use super::{AccountView, PageShell, WebUrl};
use crate::words;

/// `GET /`.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The issuer, exactly as tokens carry it.
    pub issuer: String,
    /// Whether an administrator exists.
    pub setup: SetupState,
    /// Who is signed in, with the anti-forgery token of the sign-out form.
    pub signed_in: Option<(AccountView, String)>,
    /// The apps in which people can begin to sign in from here: name and address.
    pub apps: Vec<(String, WebUrl)>,
    /// The sample app and its API, in development.
    pub sample: Option<SampleView>,
}

/// Whether the server has been set up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetupState {
    /// An administrator exists.
    Done,
    /// None does: the set-up link is in the terminal.
    Needed,
}

/// Where the sample of `serve --dev` runs.
#[derive(Clone, Debug)]
pub struct SampleView {
    /// The single-page app.
    pub app: WebUrl,
    /// A guarded address of its API.
    pub api: WebUrl,
}

impl Home {
    fn words(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    fn needs_setup(&self) -> bool {
        self.setup == SetupState::Needed
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let sample_view = || {
            Some(SampleView {
                app: WebUrl::parse("http://localhost:4401/")?,
                api: WebUrl::parse("http://localhost:4402/api/dragons")?,
            })
        };
        let fresh = Self {
            shell: sample::shell(),
            issuer: "http://localhost:4400".into(),
            setup: SetupState::Needed,
            signed_in: None,
            apps: Vec::new(),
            sample: sample_view(),
        };
        let production = Self {
            shell: sample::production_shell(),
            issuer: "https://auth.example.com".into(),
            setup: SetupState::Done,
            sample: None,
            apps: Vec::new(),
            signed_in: None,
        };
        let app = |name: &str| Some((name.to_owned(), WebUrl::parse("https://dragons.example/login?iss=x")?));
        let apps: Vec<_> = ["Dragons", "Shop"].into_iter().filter_map(app).collect();
        let hostile_apps: Vec<_> = app(sample::HOSTILE).into_iter().collect();
        let somebody = || Some((sample::account(), "sample-csrf".to_owned()));
        let hostile_account = AccountView { name: sample::HOSTILE.into(), identifier: sample::HOSTILE.into() };
        vec![
            ("home-signed-in", Self { setup: SetupState::Done, signed_in: somebody(), ..fresh.clone() }),
            ("home-dev", Self { setup: SetupState::Done, ..fresh.clone() }),
            ("home-production", production.clone()),
            ("home-production-new", Self { setup: SetupState::Needed, ..production.clone() }),
            ("home-production-signed-in", Self { signed_in: somebody(), ..production.clone() }),
            ("home-apps", Self { apps, signed_in: somebody(), ..production.clone() }),
            (
                "home-hostile",
                Self { apps: hostile_apps, signed_in: Some((hostile_account, sample::HOSTILE.into())), ..production },
            ),
            ("home-new", fresh),
        ]
    }
}
