//! The security headers of every hosted page (security 103–107; CSP Level 3).
//!
//! The policy starts from nothing and names what the page needs. Browsers apply `form-action` to the
//! whole redirect chain of a form post, so a page whose post may end at a client's redirect URI must
//! name that URI's origin, or the sign-in stops at the last step.

use http::{
    HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use url::Url;

use super::link::{WebUrl, is_loopback};

/// One source expression of a policy: an origin, or `scheme:` for an app's private-use scheme.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CspSource(String);

impl CspSource {
    /// The source that lets a form post end at this redirect URI.
    ///
    /// `None` when the address cannot stand in a policy: not a URI, or a scheme that runs script
    /// or carries its own content.
    pub fn of(uri: &str) -> Option<Self> {
        let url = Url::parse(uri).ok()?;
        match url.scheme() {
            "https" | "http" if url.host_str().is_some_and(is_plain_host) => {
                Some(Self(url.origin().ascii_serialization()))
            }
            "http" | "https" | "javascript" | "data" | "blob" | "filesystem" | "about" | "vbscript" | "file" => None,
            // RFC 8252 §7.1. The parser has limited a scheme to letters, digits, `+`, `-` and `.`.
            scheme => Some(Self(format!("{scheme}:"))),
        }
    }
}

/// URLs allow `,`, `;` and `*` in a host; in a policy they end a directive or stand for every host.
fn is_plain_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

/// What a page may do beyond the strict base.
#[derive(Clone, Debug, Default)]
pub struct Csp {
    form_action: Vec<CspSource>,
    img: Vec<CspSource>,
    script_hash: Option<&'static str>,
    script_files: Vec<String>,
    frame_src: Vec<CspSource>,
    framed_by: Vec<CspSource>,
    opener: Opener,
}

/// Whether the window that opened a page may go on knowing it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Opener {
    #[default]
    Cut,
    Kept,
}

impl Csp {
    /// Own stylesheet, own images, forms to this origin; nothing else.
    pub fn strict() -> Self {
        Self::default()
    }

    /// Lets a form's post end (by redirect) at this client's redirect URI.
    #[must_use]
    pub fn form_may_reach(mut self, uri: &str) -> Self {
        if let Some(source) = CspSource::of(uri).filter(|source| !self.form_action.contains(source)) {
            self.form_action.push(source);
        }
        self
    }

    /// Lets the page show this client's logo, too.
    #[must_use]
    pub fn image(mut self, logo: Option<&WebUrl>) -> Self {
        let source = logo.and_then(|url| CspSource::of(url.as_str()));
        self.img.extend(source.filter(|source| !self.img.contains(source)));
        self
    }

    /// Lets the page run the one inline script with this hash (`'sha256-…'`).
    #[must_use]
    pub(super) fn script(mut self, hash: &'static str) -> Self {
        self.script_hash = Some(hash);
        self
    }

    /// Lets the page run the one file that speaks to authenticators.
    #[must_use]
    pub fn passkey_script(self, origin: &str) -> Self {
        self.script_file(origin, super::assets::PASSKEY_PATH)
    }

    /// Lets the page run the one file that shows passwords to whoever types them.
    #[must_use]
    pub fn password_script(self, origin: &str) -> Self {
        self.script_file(origin, super::assets::PASSWORD_PATH)
    }

    /// Lets the page run the one file that does work in place of a captcha.
    #[must_use]
    pub fn work_script(self, origin: &str) -> Self {
        self.script_file(origin, super::assets::WORK_PATH)
    }

    fn script_file(mut self, origin: &str, path: &str) -> Self {
        self.script_files.extend(CspSource::of(origin).map(|CspSource(origin)| format!("{origin}{path}")));
        self
    }

    /// Lets pages of this origin frame the page, and the window that opened it hear from it.
    #[must_use]
    pub fn framed_by(mut self, origin: &str) -> Self {
        let source = CspSource::of(origin).filter(|CspSource(source)| source == origin);
        self.framed_by.extend(source.filter(|source| !self.framed_by.contains(source)));
        self.keep_opener()
    }

    /// Lets the page show a frame of this address's origin.
    #[must_use]
    pub fn frame(mut self, uri: &str) -> Self {
        if let Some(source) = CspSource::of(uri).filter(|source| !self.frame_src.contains(source)) {
            self.frame_src.push(source);
        }
        self
    }

    /// Leaves the window that opened the page where it is, so that a page after this one can send it a message.
    #[must_use]
    pub fn keep_opener(mut self) -> Self {
        self.opener = Opener::Kept;
        self
    }

    /// The policy as it stands in the header.
    pub fn policy(&self) -> String {
        let mut policy = String::from("default-src 'none'; style-src 'self'; img-src 'self'");
        for CspSource(origin) in &self.img {
            policy.push(' ');
            policy.push_str(origin);
        }
        if let Some(hash) = self.script_hash {
            policy.push_str("; script-src ");
            policy.push_str(hash);
        }
        if !self.script_files.is_empty() {
            policy.push_str("; script-src ");
            policy.push_str(&self.script_files.join(" "));
        }
        if !self.frame_src.is_empty() {
            policy.push_str("; frame-src");
            for CspSource(source) in &self.frame_src {
                policy.push(' ');
                policy.push_str(source);
            }
        }
        policy.push_str("; form-action 'self'");
        for CspSource(source) in &self.form_action {
            policy.push(' ');
            policy.push_str(source);
        }
        policy.push_str("; base-uri 'none'; frame-ancestors ");
        let origins: Vec<&str> = self.framed_by.iter().map(|CspSource(origin)| origin.as_str()).collect();
        policy.push_str(&if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") });
        policy.push_str("; object-src 'none'");
        policy
    }
}

/// How browsers reach the issuer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// The issuer is `https`: cookies are `Secure` and `__Host-`, and HSTS is sent.
    Https,
    /// The issuer is `http` on loopback: development only (security 87).
    LoopbackHttp {
        /// The issuer's.
        port: u16,
    },
}

impl Transport {
    /// The transport of an issuer; `None` for plain HTTP anywhere but on loopback, which is refused.
    pub fn of(issuer: &str) -> Option<Self> {
        let url = Url::parse(issuer).ok()?;
        match url.scheme() {
            "https" => Some(Self::Https),
            "http" if is_loopback(&url) => Some(Self::LoopbackHttp { port: url.port_or_known_default()? }),
            _ => None,
        }
    }
}

/// The headers of every hosted page, error pages included.
///
/// # Panics
/// Never: sources are serialised origins and schemes, which are ASCII.
pub fn security_headers(csp: &Csp, transport: Transport) -> Vec<(HeaderName, HeaderValue)> {
    let policy = HeaderValue::try_from(csp.policy()).expect("sources are ASCII");
    let fixed = HeaderValue::from_static;
    let mut headers = vec![
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
        (HeaderName::from_static("permissions-policy"), fixed(PERMISSIONS)),
        (CACHE_CONTROL, fixed("no-store")),
    ];
    // It knows no origins: where one may frame the page, `frame-ancestors` alone says which.
    if csp.framed_by.is_empty() {
        headers.push((X_FRAME_OPTIONS, fixed("DENY")));
    }
    if csp.opener == Opener::Cut {
        headers.push((HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")));
    }
    if transport == Transport::Https {
        headers.push((STRICT_TRANSPORT_SECURITY, fixed(HSTS)));
    }
    headers
}

/// One year, subdomains included (security 105).
pub(crate) const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Features that no hosted page uses.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_policy_allows_no_script_no_frame_no_base() {
        assert_eq!(
            Csp::strict().policy(),
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'; object-src 'none'"
        );
    }

    #[test]
    fn redirect_targets_become_origins_or_schemes_once() {
        let csp = Csp::strict()
            .form_may_reach("https://app.example/callback?x=1")
            .form_may_reach("https://app.example/other")
            .form_may_reach("http://127.0.0.1:51004/cb")
            .form_may_reach("com.example.app:/callback");
        assert!(
            csp.policy().contains("form-action 'self' https://app.example http://127.0.0.1:51004 com.example.app:;"),
            "{}",
            csp.policy()
        );
    }

    #[test]
    fn a_redirect_uri_cannot_inject_a_directive() {
        for uri in [
            "https://app.example; script-src *",
            "https://app.example/;script-src *",
            "javascript:alert(1)",
            "data:text/html,x",
            "not a uri",
            "https://app.example,script-src/",
            "https://app.example;script-src/",
            "https://*.example/",
            "https://*/",
        ] {
            let policy = Csp::strict().form_may_reach(uri).policy();
            assert!(!policy.contains("script-src") && !policy.contains('*'), "{uri}: {policy}");
        }
    }

    #[test]
    fn one_file_of_ours_may_run_where_passkeys_are_asked_for() {
        let policy = Csp::strict().passkey_script("https://auth.example.com").policy();
        let file = format!("; script-src https://auth.example.com{};", super::super::assets::PASSKEY_PATH);
        assert!(policy.contains(&file) && !policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn the_file_that_works_runs_beside_the_other_and_nothing_else_does() {
        let origin = "https://auth.example.com";
        let policy = Csp::strict().passkey_script(origin).work_script(origin).policy();
        let [passkey, work] = [super::super::assets::PASSKEY_PATH, super::super::assets::WORK_PATH];
        assert!(policy.contains(&format!("; script-src {origin}{passkey} {origin}{work};")), "{policy}");
    }

    #[test]
    fn hsts_only_when_the_issuer_is_https() {
        let has = |transport| {
            security_headers(&Csp::strict(), transport).iter().any(|(name, _)| name == STRICT_TRANSPORT_SECURITY)
        };
        assert!(has(Transport::Https));
        assert!(!has(Transport::LoopbackHttp { port: 4400 }));
    }

    #[test]
    fn plain_http_is_refused_except_on_loopback() {
        assert_eq!(Transport::of("https://auth.example"), Some(Transport::Https));
        assert_eq!(Transport::of("http://localhost:4400"), Some(Transport::LoopbackHttp { port: 4400 }));
        assert_eq!(Transport::of("http://127.0.0.1:4400"), Some(Transport::LoopbackHttp { port: 4400 }));
        assert_eq!(Transport::of("http://auth.example"), None);
        assert_eq!(Transport::of("http://localhost.evil.example"), None);
        assert_eq!(Transport::of("http://10.0.0.1"), None);
    }
}
