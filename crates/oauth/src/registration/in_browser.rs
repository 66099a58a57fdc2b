//! What a client wants of the end of a session in the browser itself (OpenID Connect Front-Channel Logout 1.0 §2, Session Management 1.0 §2), and
//! where a sign-in can be begun at it (OpenID Connect Core §4).

use serde::{Deserialize, Serialize};
use url::Url;

use super::validate::Faults;
use super::{Client, ClientKind};
use crate::redirect_uri;

/// Part of a [`Client`]'s document, with the members' names of the standards where they have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBrowser {
    /// Its page that signs people out, for a frame in ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that page cannot do without `iss` and `sid`; it gets them in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    /// Its answers carry `session_state`, and its pages may frame ours that compares it. A name of our own: browsers that keep cookies from frames
    /// break it, so nobody gets it unasked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub session_management: bool,
    /// Its page that begins a sign-in when others send people there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
}

impl Client {
    /// The origins of its pages: those registered for CORS, and those of its redirect URIs.
    pub fn page_origins(&self) -> impl Iterator<Item = String> {
        let redirects = self.redirect_uris.iter().filter_map(|uri| origin(uri));
        self.allowed_origins.iter().cloned().chain(redirects)
    }

    pub(super) fn check_in_browser(&self, faults: &mut Faults) {
        const URI: &str = "frontchannel_logout_uri";
        let InBrowser {
            frontchannel_logout_uri,
            frontchannel_logout_session_required,
            session_management,
            initiate_login_uri,
        } = &self.in_browser;
        faults.check(
            self.kind != ClientKind::Machine || self.in_browser == InBrowser::default(),
            URI,
            "a machine client has no users to sign in or out",
        );
        match frontchannel_logout_uri {
            Some(uri) => {
                faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), URI, uri);
                // Front-Channel Logout §2: "The domain, port, and scheme of this URL MUST be the same as that of a registered Redirection URI value."
                let of_redirect =
                    self.redirect_uris.iter().any(|one| origin(one).is_some_and(|of| Some(of) == origin(uri)));
                let elsewhere = Err("must have scheme, host and port of a redirect URI");
                faults.check_value(if of_redirect { Ok(()) } else { elsewhere }, URI, uri);
            }
            None => faults.check(
                !frontchannel_logout_session_required,
                "frontchannel_logout_session_required",
                "needs a frontchannel_logout_uri",
            ),
        }
        faults.check(
            !session_management || self.page_origins().next().is_some(),
            "session_management",
            "needs a redirect URI on the web, whose origin the pages have",
        );
        if let Some(uri) = initiate_login_uri {
            faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), "initiate_login_uri", uri);
        }
    }
}

/// The origin of an address on the web.
fn origin(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, third_party, tv};

    fn with(in_browser: InBrowser) -> Client {
        Client { in_browser, ..third_party() }
    }

    fn logout(uri: &str) -> Client {
        with(InBrowser { frontchannel_logout_uri: Some(uri.to_owned()), ..InBrowser::default() })
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn frontchannel_logout_section_2_the_page_is_of_the_origin_of_a_redirect_uri() {
        for uri in ["https://third.example/logout", "https://third.example/logout?tenant=1"] {
            assert_eq!(logout(uri).validate(), Ok(()), "{uri}");
        }
        for uri in [
            "https://other.example/logout",
            "https://third.example:8443/logout",
            "http://third.example/logout",
            "https://third.example/logout#x",
            "https://third.example.evil.example/",
            "javascript:alert(1)",
            "/logout",
            "",
        ] {
            faulty(&logout(uri), "frontchannel_logout_uri");
        }
    }

    #[test]
    fn what_needs_a_page_is_refused_without_one() {
        let required = InBrowser { frontchannel_logout_session_required: true, ..InBrowser::default() };
        faulty(&with(required), "frontchannel_logout_session_required");
        let watched = InBrowser { session_management: true, ..InBrowser::default() };
        faulty(&Client { in_browser: watched.clone(), ..tv() }, "session_management");
        faulty(&Client { in_browser: watched, ..machine() }, "frontchannel_logout_uri");
    }

    #[test]
    fn core_section_4_a_sign_in_is_begun_over_tls() {
        let begins_at =
            |uri: &str| with(InBrowser { initiate_login_uri: Some(uri.to_owned()), ..InBrowser::default() });
        assert_eq!(begins_at("https://third.example/login?tenant=1").validate(), Ok(()));
        for uri in
            ["http://third.example/login", "javascript:alert(1)", "com.example.app:/login", "https://a.example/#x"]
        {
            faulty(&begins_at(uri), "initiate_login_uri");
        }
    }

    #[test]
    fn nothing_of_it_stands_in_the_document_unless_it_is_registered() {
        let body = serde_json::to_value(third_party()).unwrap();
        assert!(body.get("session_management").is_none() && body.get("frontchannel_logout_session_required").is_none());
        let client = logout("https://third.example/logout");
        let body = serde_json::to_value(&client).unwrap();
        assert_eq!(body["frontchannel_logout_uri"], "https://third.example/logout");
        assert_eq!(serde_json::from_value::<Client>(body).unwrap(), client);
    }
}
