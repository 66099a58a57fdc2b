//! `/account/sessions`. Form fields: `csrf`, `action` (`end` with `sid`, `end_others`, `forget` with `id`).

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/sessions`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_sessions.html")]
pub struct AccountSessions {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountSessions,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// The one in which the page is looked at.
    pub here: SessionView,
    /// The others, those that were used last first.
    pub others: Vec<SessionView>,
    /// How many more there are.
    pub unlisted: usize,
    /// Browsers that are not asked for a second step.
    pub remembered: Vec<RememberedView>,
}

/// A session as it is listed.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its public id.
    pub sid: String,
    /// In which browser, in words.
    pub browser: String,
    /// From where.
    pub address: Option<String>,
    /// Since when (Unix seconds).
    pub since: u64,
    /// When last (Unix seconds).
    pub seen: u64,
}

/// A remembered browser as it is listed.
#[derive(Clone, Debug)]
pub struct RememberedView {
    /// By which it is forgotten.
    pub id: String,
    /// Which, in words.
    pub browser: String,
    /// Since when (Unix seconds).
    pub since: u64,
    /// Until when (Unix seconds).
    pub until: u64,
}

impl AccountSessions {
    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let session = |sid: &str, browser: &str| SessionView {
            sid: sid.into(),
            browser: browser.into(),
            address: Some("2001:db8:1:2:3:4:5:6".into()),
            since: 1_793_577_600,
            seen: 1_795_874_580,
        };
        let remembered = |browser: &str| RememberedView {
            id: "0f1e".into(),
            browser: browser.into(),
            since: 1_793_577_600,
            until: 1_796_169_600,
        };
        let alone = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Sessions),
            words: words::AccountSessions::of(sample::language()),
            csrf: "sample-csrf".into(),
            here: session("one", "Firefox on Linux"),
            others: Vec::new(),
            unlisted: 0,
            remembered: Vec::new(),
        };
        let others = vec![session("two", "Safari on iPhone"), session("three", "Unknown browser")];
        let hostile = vec![session("four", sample::HOSTILE)];
        vec![
            ("account-sessions-alone", alone.clone()),
            ("account-sessions-many", Self { others: others.clone(), unlisted: 1, ..alone.clone() }),
            ("account-sessions", Self { others, remembered: vec![remembered("Firefox on Linux")], ..alone.clone() }),
            (
                "account-sessions-hostile",
                Self { others: hostile, remembered: vec![remembered(sample::HOSTILE)], ..alone },
            ),
        ]
    }
}
