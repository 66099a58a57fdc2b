//! The page that asks before signing somebody out (OpenID RP-Initiated Logout §2, security 97).
//!
//! Form fields: `csrf`, `logout` (the signed request, may be empty). Saying no is a link home: it changes nothing.

use askama::Template;

use super::{AccountView, ClientView, PageShell};
use crate::words;

/// `GET /logout` without proof that the client's user is the one signed in here.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct Logout {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asked, if a registered client did.
    pub client: Option<ClientView>,
    /// The applications in which the session has been used, by name.
    pub ends: Vec<String>,
    /// Whether the sessions on the person's other devices would end, too.
    pub everywhere: bool,
    /// Who would be signed out.
    pub account: AccountView,
    /// Anti-forgery token, bound to the session cookie.
    pub csrf: String,
    /// The signed request: where to go afterwards, and the client's `state`.
    pub logout: String,
}

impl Logout {
    fn words(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    fn question(&self) -> String {
        let (say, host) = (self.words(), self.shell.host.as_str());
        match (&self.client, self.everywhere) {
            (Some(client), true) => say.asks_to_sign_out_everywhere(&client.name, host),
            (Some(client), false) => say.asks_to_sign_out(&client.name, host),
            (None, true) => say.about_to_sign_out_everywhere(host),
            (None, false) => say.about_to_sign_out(host),
        }
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let asked = Self {
            shell: sample::shell(),
            client: Some(sample::client()),
            ends: vec!["Dragons".into(), "Shop".into()],
            everywhere: false,
            account: sample::account(),
            csrf: "sample-csrf".into(),
            logout: "eyJ0eXAi.sample.logout".into(),
        };
        let hostile = Self {
            client: Some(sample::hostile_client()),
            ends: vec![sample::HOSTILE.into()],
            account: AccountView { name: sample::HOSTILE.into(), identifier: sample::HOSTILE.into() },
            logout: sample::HOSTILE.into(),
            ..asked.clone()
        };
        vec![
            ("logout-here", Self { client: None, ends: Vec::new(), ..asked.clone() }),
            ("logout-hostile", hostile),
            ("logout-everywhere", Self { everywhere: true, ..asked.clone() }),
            ("logout", asked),
        ]
    }
}
