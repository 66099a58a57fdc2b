//! The page after signing out: where the client named no place to return to, and where applications are told in frames before people go on there
//! (OpenID Connect Front-Channel Logout 1.0 §3).
//!
//! With somewhere to go it has one fixed script, allowed by its hash, which goes there once every frame has loaded; a header does so after some
//! seconds if one does not, or without script.

use askama::Template;

use super::{Csp, PageShell, WebUrl};
use crate::words;

/// Goes on once everything has loaded.
const SCRIPT: &str = "addEventListener('load',()=>location.replace(document.getElementById('onward').href))";
/// The hash of [`SCRIPT`] as a source expression; a test computes it afresh.
const SCRIPT_HASH: &str = "'sha256-fXdA7Fv0WgySNlrz5n1qYW0sZKu1fjWI9Um3Ojx2szM='";

/// The end of `POST /logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The application to return to: its name and registered home address.
    pub back: Option<(String, WebUrl)>,
    /// Where people go on to by themselves: the application's name, and its registered address, complete.
    pub onward: Option<(String, String)>,
    /// The applications that are told in frames.
    pub told: Vec<Told>,
    /// Until when a service that does not follow revocations may accept what it was given; absent if nothing lives on.
    pub lives_on: Option<LivesOn>,
}

/// An application that is told in a frame.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its name.
    pub client: String,
    /// The registered address of its frame, complete.
    pub uri: String,
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

    fn said(self, time: words::Time) -> String {
        time.clock(self.until, self.now)
    }
}

impl SignedOut {
    fn words(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    /// The policy this page needs: its frames, and its script if it goes on.
    pub fn csp(&self) -> Csp {
        let csp = self.told.iter().fold(Csp::strict(), |csp, told| csp.frame(&told.uri));
        if self.onward.is_some() { csp.script(SCRIPT_HASH) } else { csp }
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let home = WebUrl::parse("http://localhost:4401/");
        let plain = Self { shell: sample::shell(), back: None, onward: None, told: Vec::new(), lives_on: None };
        let told = |client: &str, uri: &str| Told { client: client.into(), uri: uri.into() };
        let two = vec![
            told("Dragons", "https://dragons.example/logout?iss=https%3A%2F%2Fauth.example&sid=s1"),
            told("Shop", "https://shop.example/logout?iss=https%3A%2F%2Fauth.example&sid=s1"),
        ];
        let onward = Some(("Dragons".to_owned(), "https://dragons.example/bye?state=x".to_owned()));
        let hostile = format!("https://dragons.example/{}", sample::HOSTILE);
        let lives_on = LivesOn::new(Some(52_320), 51_720);
        vec![
            (
                "signed-out-hostile",
                Self { back: home.clone().map(|url| (sample::HOSTILE.into(), url)), ..plain.clone() },
            ),
            ("signed-out-frames", Self { told: two.clone(), ..plain.clone() }),
            ("signed-out-onward", Self { told: two, onward, ..plain.clone() }),
            (
                "signed-out-onward-hostile",
                Self {
                    told: vec![told(sample::HOSTILE, &hostile)],
                    onward: Some((sample::HOSTILE.into(), hostile)),
                    ..plain.clone()
                },
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
    use crate::words::Language;

    #[test]
    fn the_hash_is_the_scripts() {
        let digest = symbolon_jose::sha256(SCRIPT.as_bytes());
        assert_eq!(SCRIPT_HASH, format!("'sha256-{}'", base64_simd::STANDARD.encode_to_string(digest)));
    }

    #[test]
    fn the_policy_names_the_frames_and_allows_a_script_only_to_go_on() {
        for (name, page) in SignedOut::samples() {
            let policy = page.csp().policy();
            assert_eq!(policy.contains("script-src"), page.onward.is_some(), "{name}: {policy}");
            assert_eq!(policy.contains("frame-src"), !page.told.is_empty(), "{name}: {policy}");
        }
        let (_, page) = SignedOut::samples().into_iter().find(|(name, _)| *name == "signed-out-frames").unwrap();
        let policy = page.csp().policy();
        assert!(policy.contains("; frame-src https://dragons.example https://shop.example;"), "{policy}");
    }

    #[test]
    fn the_minute_is_never_too_early_and_tomorrow_is_named() {
        for (until, now, text) in [
            (52_320, 51_720, "14:32 UTC"),
            (52_321, 51_720, "14:33 UTC"),
            (86_399, 86_000, "00:00 UTC tomorrow"),
            (2 * 86_400 + 59, 2 * 86_400, "00:01 UTC"),
        ] {
            assert_eq!(LivesOn::new(Some(until), now).unwrap().said(words::Time::of(Language::En)), text);
        }
        assert_eq!((LivesOn::new(Some(7), 7), LivesOn::new(None, 7)), (None, None));
    }
}
