//! The pages on which a person answers a device (RFC 8628 §3.3): where its code is entered, and what is asked then.
//!
//! Whoever asks may be somebody else's device (RFC 8628 §5.4; RFC 10027): the second page shows where the request came from, says what would
//! happen, has the code compared also where a link or QR code brought it (RFC 8628 §3.3.1), and puts no first.
//! Form fields: `csrf` and `user_code`; then `interaction`, `csrf`, `compared` (present when ticked) and `decision` (`deny` or `allow`).

use std::net::IpAddr;

use askama::Template;

use super::asks::Asks;
use super::{AccountView, ClientView, PageShell};
use crate::words;

/// `GET /device`.
#[derive(Clone, Debug, Template)]
#[template(path = "device_code.html")]
pub struct DeviceCode {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Anti-forgery token, bound to the pre-session cookie.
    pub csrf: String,
    /// What stands in the field: what a link brought, or what was typed before.
    pub user_code: String,
    /// What was wrong with it.
    pub problem: Option<CodeProblem>,
}

/// Why a code leads nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeProblem {
    /// Not eight letters of those that codes have.
    NotACode,
    /// Too many that nobody waits with.
    Throttled {
        /// Seconds until the next one counts.
        wait_secs: u64,
    },
    /// Never given out, too old, or answered.
    Unknown,
}

/// What a device asks.
#[derive(Clone, Debug, Template)]
#[template(path = "device_question.html")]
pub struct DeviceQuestion {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The program on the device.
    pub client: ClientView,
    /// Whose account it would get.
    pub account: AccountView,
    /// The code to compare.
    pub user_code: String,
    /// How long ago the device asked, in seconds.
    pub asked_secs_ago: u64,
    /// The address it asked from.
    pub address: String,
    /// Whether that is where this browser is.
    pub place: Place,
    /// What the device calls itself.
    pub user_agent: Option<String>,
    /// What it asks for.
    pub asks: Asks,
    /// The signed question.
    pub interaction: String,
    /// Anti-forgery token, bound to the session cookie.
    pub csrf: String,
    /// What was wrong with the answer.
    pub problem: Option<QuestionProblem>,
}

/// Where a device is, as far as addresses tell: a phone on its own network is beside the television all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// At another address.
    Elsewhere,
    /// At the address of this browser.
    Here,
    /// One has an IPv4 address and the other an IPv6 one, which says nothing.
    Unknown,
}

impl Place {
    /// By the two addresses. Of IPv6 the network counts, since each device there has addresses of its own.
    pub fn of(device: &str, browser: &str) -> Self {
        let parse = |text: &str| text.parse().map(|address: IpAddr| address.to_canonical()).ok();
        let (Some(device), Some(browser)) = (parse(device), parse(browser)) else { return Self::Unknown };
        let is_here = match (device, browser) {
            _ if device.is_loopback() && browser.is_loopback() => true,
            (IpAddr::V4(device), IpAddr::V4(browser)) => device == browser,
            (IpAddr::V6(device), IpAddr::V6(browser)) => device.segments()[..4] == browser.segments()[..4],
            _ => return Self::Unknown,
        };
        if is_here { Self::Here } else { Self::Elsewhere }
    }
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum QuestionProblem {
    /// Allowed without having compared the codes.
    NotCompared,
}

impl DeviceCode {
    fn blames_code(&self) -> bool {
        matches!(self.problem, Some(CodeProblem::NotACode | CodeProblem::Unknown))
    }

    fn words(&self) -> words::Elsewhere {
        words::Elsewhere::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let empty =
            Self { shell: sample::shell(), csrf: "sample-csrf".into(), user_code: String::new(), problem: None };
        let with = |user_code: &str, problem| Self { user_code: user_code.into(), problem, ..empty.clone() };
        vec![
            ("device-code-link", with("WDJB-MJHT", None)),
            ("device-code-wrong", with("1234", Some(CodeProblem::NotACode))),
            ("device-code-unknown", with("WDJB-MJHT", Some(CodeProblem::Unknown))),
            ("device-code-throttled", with("WDJB-MJHT", Some(CodeProblem::Throttled { wait_secs: 30 }))),
            ("device-code-hostile", with(sample::HOSTILE, Some(CodeProblem::NotACode))),
            ("device-code", empty),
        ]
    }
}

impl DeviceQuestion {
    fn words(&self) -> words::Elsewhere {
        words::Elsewhere::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::{asks, sample};
        let [usual, paying, hostile] = asks::samples();
        let near = Self {
            shell: sample::shell(),
            client: ClientView::new("Dragons TV", None),
            account: sample::account(),
            user_code: "WDJB-MJHT".into(),
            asked_secs_ago: 20,
            address: "192.0.2.7".into(),
            place: Place::Here,
            user_agent: Some("DragonsTV/4.1 (Linux; armv7l)".into()),
            asks: usual,
            interaction: "eyJ0eXAi.sample.interaction".into(),
            csrf: "sample-csrf".into(),
            problem: None,
        };
        let far = Self {
            asked_secs_ago: 300,
            address: "2001:db8:1:2:3:4:5:6".into(),
            place: Place::Elsewhere,
            user_agent: None,
            asks: Asks::default(),
            ..near.clone()
        };
        let hostile = Self {
            client: sample::hostile_client(),
            asks: hostile,
            account: AccountView { name: sample::HOSTILE.into(), identifier: sample::HOSTILE.into() },
            address: sample::HOSTILE.into(),
            place: Place::Unknown,
            user_agent: Some(sample::HOSTILE.into()),
            ..near.clone()
        };
        let not_compared = Self { problem: Some(QuestionProblem::NotCompared), asked_secs_ago: 90, ..near.clone() };
        let paying = Self { asks: paying, ..near.clone() };
        vec![
            ("device", near),
            ("device-details", paying),
            ("device-elsewhere", far),
            ("device-not-compared", not_compared),
            ("device-hostile", hostile),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one_place_and_of_two_families_none() {
        for (device, browser, place) in [
            ("192.0.2.7", "192.0.2.7", Place::Here),
            ("192.0.2.7", "::ffff:192.0.2.7", Place::Here),
            ("192.0.2.7", "192.0.2.8", Place::Elsewhere),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", Place::Here),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", Place::Elsewhere),
            ("192.0.2.7", "2001:db8:1:2::1", Place::Unknown),
            ("127.0.0.1", "::1", Place::Here),
            ("-", "192.0.2.7", Place::Unknown),
        ] {
            assert_eq!(Place::of(device, browser), place, "{device} {browser}");
        }
    }
}
