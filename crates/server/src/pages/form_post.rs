//! The page that carries an answer to the client by POST (OAuth 2.0 Form Post Response Mode §2).
//!
//! The one page with script: a fixed line, allowed by its hash, submits the form; without script there
//! is a button. The target must be a registered redirect URI: the caller has proven that.

use askama::Template;

use super::{Csp, PageShell};

/// Submits the page's only form.
const SCRIPT: &str = "document.forms[0].submit()";
/// The hash of [`SCRIPT`] as a source expression; a test computes it afresh.
const SCRIPT_HASH: &str = "'sha256-AAAA'";

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
    /// The policy this page needs: its script, and its target.
    pub fn csp(&self) -> Csp {
        Csp::strict().script(SCRIPT_HASH).form_may_reach(&self.action)
    }

    fn script(&self) -> &'static str {
        SCRIPT
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
