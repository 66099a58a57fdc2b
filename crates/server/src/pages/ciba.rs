//! The page on which a person answers clients that ask for them over the back channel (CIBA Core 1.0; RFC 10027).
//!
//! Whoever set a request going may be somebody else: the page says who asks, when and from where, has the message compared, and puts no
//! first. Form fields of the request with the number N: `interaction`, `csrf`, `compared-N` (present when ticked; only where there is a
//! message) and `decision` (`deny` or `allow`).

use askama::Template;

use super::asks::Asks;
use super::{AccountView, ClientView, PageShell};
use crate::words;

/// `GET /ciba`.
#[derive(Clone, Debug, Template)]
#[template(path = "ciba.html")]
pub struct Ciba {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Whose account is asked for.
    pub account: AccountView,
    /// Anti-forgery token, bound to the session cookie.
    pub csrf: String,
    /// What waits, the newest first.
    pub requests: Vec<CibaRequest>,
    /// What was wrong with the answer.
    pub problem: Option<CibaProblem>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct CibaRequest {
    /// Who asks.
    pub client: ClientView,
    /// What the client shows, too.
    pub binding_message: Option<String>,
    /// How long ago it asked, in seconds.
    pub asked_secs_ago: u64,
    /// The address it asked from.
    pub address: String,
    /// What it asks for.
    pub asks: Asks,
    /// The signed question.
    pub interaction: String,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CibaProblem {
    /// Allowed without having compared the message.
    NotCompared,
    /// Answered before, or too old.
    Over,
}

impl Ciba {
    fn words(&self) -> words::Elsewhere {
        words::Elsewhere::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::{asks, sample};
        let [usual, paying, hostile] = asks::samples();
        let bank = CibaRequest {
            client: ClientView::new("Dragons Bank", None).with_links(
                Some("https://bank.example/logo.png"),
                Some("https://bank.example/privacy"),
                Some("https://bank.example/terms"),
            ),
            binding_message: Some("Order 4711".into()),
            asked_secs_ago: 20,
            address: "192.0.2.7".into(),
            asks: usual,
            interaction: "eyJ0eXAi.sample.interaction".into(),
        };
        let desk = CibaRequest {
            client: ClientView::new("Help desk", None),
            binding_message: None,
            asked_secs_ago: 190,
            asks: Asks { lifetime_days: Some(90), ..Asks::default() },
            ..bank.clone()
        };
        let hostile = CibaRequest {
            client: sample::hostile_client(),
            binding_message: Some(sample::HOSTILE.into()),
            asked_secs_ago: 90,
            address: sample::HOSTILE.into(),
            asks: hostile,
            ..bank.clone()
        };
        let shop = CibaRequest { asks: paying, ..bank.clone() };
        let page = |requests: Vec<CibaRequest>, problem| Self {
            shell: sample::shell(),
            account: sample::account(),
            csrf: "sample-csrf".into(),
            requests,
            problem,
        };
        vec![
            ("ciba", page(vec![bank.clone()], None)),
            ("ciba-two", page(vec![bank.clone(), desk], None)),
            ("ciba-details", page(vec![shop], None)),
            ("ciba-none", page(Vec::new(), None)),
            ("ciba-over", page(Vec::new(), Some(CibaProblem::Over))),
            ("ciba-not-compared", page(vec![bank], Some(CibaProblem::NotCompared))),
            ("ciba-hostile", page(vec![hostile], None)),
        ]
    }
}
