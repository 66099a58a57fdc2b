//! `/account/activity`: a page of what happened, the newest first.

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words;

/// `GET /account/activity`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_activity.html")]
pub struct AccountActivity {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountActivity,
    /// What happened.
    pub events: Vec<EventView>,
    /// Where the next page begins, if there is one.
    pub older: Option<u64>,
    /// Which page this is.
    pub place: Place,
}

/// Where in the list a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At its beginning.
    Newest,
    /// Further on.
    Older,
}

/// An event as it is listed.
#[derive(Clone, Debug)]
pub struct EventView {
    /// When (Unix seconds).
    pub at: u64,
    /// What, in words.
    pub what: String,
    /// From where, or by whom.
    pub origin: Option<String>,
}

impl AccountActivity {
    fn is_further_on(&self) -> bool {
        self.place == Place::Older
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let event = |what: &str, origin: Option<&str>| EventView {
            at: 1_795_874_580,
            what: what.into(),
            origin: origin.map(str::to_owned),
        };
        let none = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Activity),
            words: words::AccountActivity::of(sample::language()),
            events: Vec::new(),
            older: None,
            place: Place::Newest,
        };
        let events = vec![
            event("Signed in", Some("from 192.0.2.7")),
            event("Dragons got access", Some("from 192.0.2.7")),
            event("Account unblocked", Some("by an administrator")),
        ];
        let hostile = vec![event(sample::HOSTILE, Some(sample::HOSTILE))];
        vec![
            ("account-activity", Self { events, older: Some(7), place: Place::Older, ..none.clone() }),
            ("account-activity-hostile", Self { events: hostile, ..none.clone() }),
            ("account-activity-none", none),
        ]
    }
}
