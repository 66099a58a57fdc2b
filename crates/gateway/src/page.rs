//! The few pages of the gateway's own: what people see when a sign-in did not work out, and the question whether to sign out, with the way to it from other
//! sites. Fixed texts, no script, nothing of what was sent but the way back, which is percent-encoded.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use symbolon_jose::{base64url, sha256};
use symbolon_server::pages::Transport;
use url::form_urlencoded;

/// What went wrong with a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The person said no.
    Declined,
    /// Something else; the log says what.
    Failed,
    /// The issuer cannot be asked.
    IssuerAway,
    /// The address makes no sense.
    Malformed,
    /// It was to be without a page, and needs one.
    SignInNeeded,
    /// The answer is to no question of this browser, or to an old one.
    NotAsked,
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.5 system-ui,sans-serif;color:#1a1d21;background:#f5f6f8}\
main{box-sizing:border-box;width:min(30rem,100%);padding:2rem}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}\
p{margin:0 0 1.5rem}\
form{display:inline}\
a,button{display:inline-block;padding:.625rem 1.25rem;border-radius:.375rem;color:#fff;background:#1d4ed8;text-decoration:none}\
button{border:0;font:inherit;cursor:pointer}\
a+a,form+a{margin-left:.5rem;color:inherit;background:none;text-decoration:underline}\
:focus-visible{outline:3px solid #1d4ed8;outline-offset:3px}\
@media(prefers-color-scheme:dark){body{color:#e8eaed;background:#16181c}a,button{background:#2f5fd7}:focus-visible{outline-color:#9db8ff}}";

impl Page {
    const fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Declined => {
                (StatusCode::OK, "You are not signed in", "You said no to signing in. Nothing was changed.")
            }
            Self::Failed => (
                StatusCode::BAD_GATEWAY,
                "Signing in did not work",
                "This is not your fault. Please try again; if it happens again, tell whoever runs this app.",
            ),
            Self::IssuerAway => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Signing in is not possible now",
                "The server that signs people in does not answer. Please try again in a moment.",
            ),
            Self::Malformed => (StatusCode::BAD_REQUEST, "This address cannot be read", "Please begin again."),
            Self::SignInNeeded => (StatusCode::OK, "You are not signed in", "Nobody is signed in with this browser."),
            Self::NotAsked => (
                StatusCode::BAD_REQUEST,
                "This sign-in was not begun here",
                "It was begun in another browser, too long ago, or it has been used already. Please begin again.",
            ),
        }
    }

    /// The same as an OAuth error (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Declined => "access_denied",
            Self::Failed => "server_error",
            Self::IssuerAway => "temporarily_unavailable",
            Self::Malformed | Self::NotAsked => "invalid_request",
            Self::SignInNeeded => "login_required",
        }
    }

    /// The page, with its policy.
    pub(crate) fn answer(self) -> Response {
        let (status, title, text) = self.words();
        let ways = "<a id=\"again\" href=\"/login\">Sign in</a>\n<a id=\"home\" href=\"/\">To the app</a>";
        page(status, (title, ""), text, ways, "'none'")
    }
}

/// The page that asks whether to sign out: its form does, with the session's token, and leads to `back` at the end.
pub(crate) fn sign_out(csrf_token: &str, back: &str, transport: Transport) -> Response {
    let back: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    // The token is base64url, as `back` is percent-encoded now: neither ends an attribute.
    let ways = format!(
        "<form method=\"post\" action=\"/logout?return_to={back}\">\n<input type=\"hidden\" name=\"csrf_token\" value=\"{csrf_token}\">\n\
         <button id=\"sign-out\">Sign out</button>\n</form>\n<a id=\"home\" href=\"/\">Stay signed in</a>"
    );
    // Browsers hold it against each redirect that follows the form, and where the issuer leads on the way back is the issuer's to choose.
    let form_action = match transport {
        Transport::Https => "'self' https:",
        Transport::LoopbackHttp { .. } => "'self' https: http:",
    };
    page(StatusCode::OK, ("Sign out?", ""), "You are signed in with this browser.", &ways, form_action)
}

/// The page on which a link of another site arrives that leads to the sign-out: goes on to `path` by itself, or by its button, from this site.
pub(crate) fn from_elsewhere(path: &str, back: &str) -> Response {
    let back: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    // Nothing of it ends an attribute.
    let to = format!("{path}?post_logout_redirect_uri={back}");
    let ways = format!("<a id=\"continue\" href=\"{to}\">Continue</a>\n<a id=\"home\" href=\"/\">To the app</a>");
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0; url={to}\">\n");
    page(StatusCode::OK, ("Sign out?", &refresh), "A link on another site has led here.", &ways, "'none'")
}

/// `title` is with what stands before it in the head.
fn page(status: StatusCode, (title, head): (&str, &str), text: &str, ways: &str, form_action: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         {head}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         {ways}\n</main>\n</body>\n</html>\n"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, policy(form_action));
    response
}

fn policy(form_action: &str) -> HeaderValue {
    // A policy has the alphabet of RFC 4648 §4, with padding.
    let hash = base64url::encode(&sha256(STYLE.as_bytes())).replace('-', "+").replace('_', "/");
    let text = format!(
        "default-src 'none'; style-src 'sha256-{hash}='; base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
