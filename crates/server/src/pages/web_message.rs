//! The page that hands an answer to the window that opened or frames it (draft-sakimura-oauth-wmrm-01).
//!
//! A fixed script, allowed by its hash, reads the answer from the page and posts it to one origin. The page may be framed by that origin and
//! nobody else: the caller has proven that it is the client's.

use askama::Template;

use super::{Csp, PageShell};
use crate::words;

/// Posts the answer to whoever opened the window, else to whoever frames it; to nobody if the page stands alone.
const SCRIPT: &str = "const{origin,response}=document.getElementById('answer').dataset,to=window.opener||window.parent;\
                      to!==window&&to.postMessage({type:'authorization_response',response:JSON.parse(response)},origin)";
/// The hash of [`SCRIPT`] as a source expression; a test computes it afresh.
const SCRIPT_HASH: &str = "'sha256-ywY4vT8ODzvaY5N5ccMRcw4aagJBNEH5ZCwli7g0T2E='";

/// The response of `/authorize` for `response_mode=web_message`.
#[derive(Clone, Template)]
#[template(path = "web_message.html")]
pub struct WebMessage {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The client's name.
    pub client: String,
    /// The origin of the registered redirect URI.
    pub origin: String,
    /// The answer as JSON.
    pub response: String,
}

impl WebMessage {
    fn words(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    /// The policy this page needs: its script, and its frame.
    pub fn csp(&self) -> Csp {
        Csp::strict().script(SCRIPT_HASH).framed_by(&self.origin)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let plain = Self {
            shell: sample::shell(),
            client: "Dragons".into(),
            origin: "https://dragons.example".into(),
            response: serde_json::json!({"code": "sym_ac_sample", "state": "af0ifjsldkj"}).to_string(),
        };
        let hostile = Self {
            client: sample::HOSTILE.into(),
            response: serde_json::json!({ "state": sample::HOSTILE }).to_string(),
            ..plain.clone()
        };
        vec![("web-message-hostile", hostile), ("web-message", plain)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{Transport, security_headers};

    #[test]
    fn the_hash_is_the_scripts() {
        let digest = symbolon_jose::sha256(SCRIPT.as_bytes());
        assert_eq!(SCRIPT_HASH, format!("'sha256-{}'", base64_simd::STANDARD.encode_to_string(digest)));
    }

    #[test]
    fn the_script_is_the_same_for_every_answer_and_names_its_target() {
        for (name, page) in WebMessage::samples() {
            let html = page.render().unwrap();
            assert!(html.contains(&format!("<script>{SCRIPT}</script>")), "{name}");
            assert!(html.contains("data-origin=\"https://dragons.example\""), "{name}");
        }
        assert!(SCRIPT.ends_with(",origin)") && !SCRIPT.contains('*'));
    }

    /// Security 16, 103: only the client's own pages see it in a frame, and no header of ours says otherwise.
    #[test]
    fn the_client_alone_may_frame_it() {
        let (_, page) = WebMessage::samples().pop().unwrap();
        let headers = security_headers(&page.csp(), Transport::Https);
        let value =
            |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.to_str().unwrap());
        let policy = value("content-security-policy").unwrap();
        assert!(policy.contains("; frame-ancestors https://dragons.example;"), "{policy}");
        assert!(policy.contains(&format!("; script-src {SCRIPT_HASH};")), "{policy}");
        assert_eq!((value("x-frame-options"), value("cross-origin-opener-policy")), (None, None));
    }

    #[test]
    fn an_origin_that_cannot_stand_in_a_policy_frames_nothing() {
        for origin in ["null", "https://*.example", "https://a.example;script-src", "com.example.app:/x", "*", ""] {
            let policy = Csp::strict().framed_by(origin).policy();
            assert!(policy.contains("frame-ancestors 'none'"), "{origin}: {policy}");
        }
    }
}
