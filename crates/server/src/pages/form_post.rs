//! The page that carries an answer to the client by POST (OAuth 2.0 Form Post Response Mode §2).
//!
//! One of two pages with script: a fixed line, allowed by its hash, submits the form; without script there
//! is a button. The target must be a registered redirect URI: the caller has proven that.

use askama::Template;

use super::{Csp, PageShell};
use crate::words;

/// Submits the page's only form.
const SCRIPT: &str = "document.forms[0].submit()";
/// The hash of [`SCRIPT`] as a source expression; a test computes it afresh.
const SCRIPT_HASH: &str = "'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='";

/// The response of `/authorize` for `response_mode=form_post`.
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPost {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The client's name.
    pub client: String,
    /// The registered redirect URI.
    pub action: String,
    /// The answer: names and values.
    pub params: Vec<(String, String)>,
}

impl FormPost {
    fn words(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    /// The policy this page needs: its script, and its target.
    pub fn csp(&self) -> Csp {
        Csp::strict().script(SCRIPT_HASH).form_may_reach(&self.action)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let plain = Self {
            shell: sample::shell(),
            client: "Dragons".into(),
            action: "https://dragons.example/callback".into(),
            params: vec![("code".into(), "sym_ac_sample".into()), ("state".into(), "af0ifjsldkj".into())],
        };
        let hostile = Self {
            client: sample::HOSTILE.into(),
            action: format!("https://dragons.example/{}", sample::HOSTILE),
            params: vec![(sample::HOSTILE.into(), sample::HOSTILE.into())],
            ..plain.clone()
        };
        vec![("form-post-hostile", hostile), ("form-post", plain)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_scripts() {
        let digest = symbolon_jose::sha256(SCRIPT.as_bytes());
        assert_eq!(SCRIPT_HASH, format!("'sha256-{}'", base64_simd::STANDARD.encode_to_string(digest)));
    }

    #[test]
    fn the_policy_allows_this_script_and_this_target_only() {
        let (_, page) = FormPost::samples().pop().unwrap();
        let policy = page.csp().policy();
        assert!(policy.contains(&format!("script-src {SCRIPT_HASH};")), "{policy}");
        assert!(policy.contains("form-action 'self' https://dragons.example;"), "{policy}");
    }
}
