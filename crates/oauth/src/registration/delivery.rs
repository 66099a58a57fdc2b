//! How a client's tokens reach it: in the body of an answer (RFC 6749 §5.1), or as cookies that no script reads (RFC 10017 §6; mission P13).
//!
//! Cookies are for pages of the issuer's own site. What is one site browsers tell by a list of public suffixes; here it is what can be told
//! without: the issuer's own host, at any port (cookies tell no ports apart), and what lies under the one domain that the operator names for
//! them. Refused: registrations whose tokens would need a proof, which no cookie carries, or would pass through the address bar.

use serde::{Deserialize, Serialize};
use url::Url;

use super::validate::{Faults, RegistrationError};
use super::{Client, ClientKind};
use crate::ids::Issuer;

/// How tokens are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenDelivery {
    /// In the body of the answer.
    #[default]
    Body,
    /// As cookies out of reach of scripts; the body has the claims, and never a signature.
    Cookie,
}

impl TokenDelivery {
    /// Whether it need not be written down.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_body(&self) -> bool {
        *self == Self::Body
    }
}

impl Client {
    /// Whether its tokens are cookies.
    #[must_use]
    pub fn gets_cookies(&self) -> bool {
        self.token_delivery == TokenDelivery::Cookie
    }

    pub(super) fn check_delivery(&self, faults: &mut Faults) {
        const MEMBER: &str = "token_delivery";
        if !self.gets_cookies() {
            return;
        }
        faults.check(self.kind == ClientKind::Spa, MEMBER, "cookies are for a program in a browser: use body");
        faults.check(!self.allowed_origins.is_empty(), MEMBER, "cookies need an origin whose pages may ask for them");
        faults.check(!self.must_bind(), MEMBER, "a cookie carries no proof of a key: use body, or optional proofs");
        let in_front = self.responses.response_types.iter().any(|one| one.is_front_channel());
        faults.check(!in_front, MEMBER, "tokens of the authorization endpoint would be in the page's hands: use code");
    }

    /// Whether the pages that get cookies are of the issuer's site: of its host, or, like it, within `domain`.
    ///
    /// # Errors
    /// The first origin that is not.
    pub fn check_site(&self, issuer: &Issuer, domain: Option<&str>) -> Result<(), RegistrationError> {
        if !self.gets_cookies() {
            return Ok(());
        }
        match self.allowed_origins.iter().find(|origin| !is_same_site(origin, issuer, domain)) {
            None => Ok(()),
            Some(origin) => Err(RegistrationError {
                member: "allowed_origins",
                value: Some(origin.clone()),
                problem: "cookies reach pages of the issuer's own host only, at any port, or with cookie.domain of that domain; with token_delivery body others can sign in, too",
            }),
        }
    }
}

/// Whether an origin's pages send the issuer's cookies along, as far as that can be told.
#[must_use]
pub fn is_same_site(origin: &str, issuer: &Issuer, domain: Option<&str>) -> bool {
    let (Ok(page), Ok(issuer)) = (Url::parse(origin), Url::parse(issuer.as_str())) else { return false };
    let (Some(at), Some(home)) = (page.host_str(), issuer.host_str()) else { return false };
    // A site has one scheme (RFC 6265bis §5.2).
    page.scheme() == issuer.scheme()
        && (at == home || domain.is_some_and(|domain| is_within(at, domain) && is_within(home, domain)))
}

/// RFC 6265bis §5.1.3: the domain itself, or a name that ends in a dot and the domain.
#[must_use]
pub fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response_type::ResponseType;
    use crate::testing::{issuer, spa, third_party};

    fn with_cookies() -> Client {
        Client {
            token_delivery: TokenDelivery::Cookie,
            allowed_origins: vec!["https://spa.example".to_owned()],
            ..spa()
        }
    }

    #[track_caller]
    fn faulty(client: &Client) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == "token_delivery"), "{faults:?}");
    }

    #[test]
    fn cookies_are_for_programs_in_a_browser_whose_tokens_need_no_proof() {
        assert_eq!(with_cookies().validate(), Ok(()));
        faulty(&Client { token_delivery: TokenDelivery::Cookie, ..third_party() });
        faulty(&Client { allowed_origins: Vec::new(), ..with_cookies() });
        faulty(&Client { dpop_bound_access_tokens: true, ..with_cookies() });
        let mut in_front = with_cookies();
        in_front.responses.response_types.insert(ResponseType::IdToken);
        faulty(&in_front);
    }

    #[test]
    fn nothing_stands_in_the_document_of_others() {
        let body = serde_json::to_value(spa()).unwrap();
        assert!(body.get("token_delivery").is_none(), "{body}");
        assert_eq!(serde_json::to_value(with_cookies()).unwrap()["token_delivery"], "cookie");
    }

    #[test]
    fn one_site_is_the_issuers_host_or_the_domain_that_was_named() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let same = |origin: &str, domain: Option<&str>| is_same_site(origin, &issuer, domain);
        for origin in ["https://auth.example.com", "https://auth.example.com:8443"] {
            assert!(same(origin, None) && same(origin, Some("example.com")), "{origin}");
        }
        for origin in ["https://app.example.com", "https://example.com", "https://a.b.example.com:444"] {
            assert!(!same(origin, None) && same(origin, Some("example.com")), "{origin}");
        }
        for origin in [
            "http://auth.example.com",
            "https://evil.example",
            "https://evilexample.com",
            "https://auth.example.com.evil.example",
            "https://example.com.",
            "null",
            "",
        ] {
            assert!(!same(origin, None) && !same(origin, Some("example.com")), "{origin}");
        }
        assert!(!same("https://app.example.com", Some("app.example.com")), "the issuer is not in it");
    }

    #[test]
    fn the_page_elsewhere_is_named() {
        let fault = with_cookies().check_site(&issuer(), None).unwrap_err();
        assert_eq!((fault.member, fault.value.as_deref()), ("allowed_origins", Some("https://spa.example")));
        assert_eq!(spa().check_site(&issuer(), None), Ok(()));
        assert_eq!(with_cookies().check_site(&issuer(), Some("example")), Ok(()));
    }
}
