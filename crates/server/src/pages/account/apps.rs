//! `/account/apps`. Form fields: `csrf`, `action` (`revoke`), `client_id`.

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/apps`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_apps.html")]
pub struct AccountApps {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountApps,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// Those that have something.
    pub apps: Vec<AppView>,
    /// How many more there are, which were used longer ago.
    pub unlisted: usize,
}

/// A client as it is listed.
#[derive(Clone, Debug)]
pub struct AppView {
    /// Its id.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// What it may, in words, each with the API that it is at.
    pub scopes: Vec<(String, Option<String>)>,
    /// Since when (Unix seconds).
    pub since: u64,
    /// When last (Unix seconds), where that is known.
    pub used: Option<u64>,
    /// Whether it goes on without its person.
    pub reach: Reach,
}

/// How long an app has what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Also after the person signs out.
    Offline,
    /// While they are signed in.
    Session,
}

impl AppView {
    fn is_offline(&self) -> bool {
        self.reach == Reach::Offline
    }
}

impl AccountApps {
    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let app = |client_id: &str, name: &str, text: &str| AppView {
            client_id: client_id.into(),
            name: name.into(),
            scopes: vec![(text.into(), None), ("Read the list of dragons".into(), Some("Dragons API".into()))],
            since: 1_793_577_600,
            used: Some(1_795_824_000),
            reach: Reach::Offline,
        };
        let none = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Apps),
            words: words::AccountApps::of(sample::language()),
            csrf: "sample-csrf".into(),
            apps: Vec::new(),
            unlisted: 0,
        };
        let bare = AppView { scopes: Vec::new(), used: None, reach: Reach::Session, ..app("shop", "Shop", "") };
        let apps = vec![app("dragons", "Dragons", "Your name and profile"), bare];
        let hostile = vec![app(sample::HOSTILE, sample::HOSTILE, sample::HOSTILE)];
        vec![
            ("account-apps-many", Self { apps: apps.clone(), unlisted: 1, ..none.clone() }),
            ("account-apps", Self { apps, ..none.clone() }),
            ("account-apps-hostile", Self { apps: hostile, ..none.clone() }),
            ("account-apps-none", none),
        ]
    }
}
