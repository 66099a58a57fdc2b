//! The page after signing out, when the client named no place to return to.

use std::fmt;

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
    /// Until when a service that does not follow revocations may accept what it was given; absent if nothing lives on.
    pub lives_on: Option<LivesOn>,
}

/// A time of day for people, soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivesOn {
    until: u64,
    now: u64,
}

impl LivesOn {
    /// `until` and `now` are Unix seconds; nothing lives on into the past.
    pub fn new(until: Option<u64>, now: u64) -> Option<Self> {
        until.filter(|until| *until > now).map(|until| Self { until, now })
    }
}

impl fmt::Display for LivesOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: u64 = 86_400;
        // The whole minute after, so that what is said is true.
        let minutes = self.until.div_ceil(60);
        let tomorrow = if minutes * 60 / DAY > self.now / DAY { " tomorrow" } else { "" };
        write!(f, "{:02}:{:02} UTC{tomorrow}", minutes / 60 % 24, minutes % 60)
    }
}

impl SignedOut {
    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let home = WebUrl::parse("http://localhost:4401/");
        let plain = Self { shell: sample::shell(), back: None, lives_on: None };
        let lives_on = LivesOn::new(Some(52_320), 51_720);
        vec![
            (
                "signed-out-hostile",
                Self { back: home.clone().map(|url| (sample::HOSTILE.into(), url)), ..plain.clone() },
            ),
            ("signed-out-back", Self { back: home.map(|url| ("Dragons".into(), url)), ..plain.clone() }),
            ("signed-out-lives-on", Self { lives_on, ..plain.clone() }),
            ("signed-out", plain),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_is_never_too_early_and_tomorrow_is_named() {
        for (until, now, text) in [
            (52_320, 51_720, "14:32 UTC"),
            (52_321, 51_720, "14:33 UTC"),
            (86_399, 86_000, "00:00 UTC tomorrow"),
            (2 * 86_400 + 59, 2 * 86_400, "00:01 UTC"),
        ] {
            assert_eq!(LivesOn::new(Some(until), now).unwrap().to_string(), text);
        }
        assert_eq!((LivesOn::new(Some(7), 7), LivesOn::new(None, 7)), (None, None));
    }
}
