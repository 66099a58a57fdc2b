//! Anti-forgery: what every state-changing form must prove (security 98; design §6).
//!
//! Three things together: a token signed by this server and bound to a cookie of this browser, a request
//! that comes from this origin, and (set elsewhere) `SameSite` cookies. Tokens need no state: before sign-in
//! they are bound to the pre-session cookie, afterwards to the session cookie.

use aws_lc_rs::hmac;
use http::{HeaderMap, HeaderName, header::ORIGIN, header::REFERER};
use symbolon_jose::base64url;
use url::Url;

/// The server's key for these tokens, and for nothing else.
#[derive(Clone, Debug)]
pub struct CsrfKey(pub(super) hmac::Key);

impl CsrfKey {
    /// Takes 32 bytes derived or drawn for this purpose.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// Which form a token is for: one page's token opens no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The forms below `/account`, but for those of [`Purpose::Security`].
    Account,
    /// `POST /ciba/answer`.
    CibaAnswer,
    /// `POST /consent`.
    Consent,
    /// `POST /device`.
    Device,
    /// `POST /device/answer`.
    DeviceAnswer,
    /// `POST /account/email/undo`.
    EmailUndo,
    /// `POST /forgot`.
    Forgot,
    /// `POST /login`.
    Login,
    /// `POST /logout`.
    Logout,
    /// `POST /not-me`.
    NotMe,
    /// `POST /reset`.
    Reset,
    /// `POST /account/security`.
    Security,
    /// `POST /setup`.
    Setup,
    /// The `logout_hint` of an app whose tokens are cookies.
    SignOut,
    /// `POST /signup`, and the forms that follow it.
    SignUp,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Account => b"account",
            Self::CibaAnswer => b"ciba answer",
            Self::Consent => b"consent",
            Self::Device => b"device",
            Self::DeviceAnswer => b"device answer",
            Self::EmailUndo => b"email undo",
            Self::Forgot => b"forgot",
            Self::Login => b"login",
            Self::Logout => b"logout",
            Self::NotMe => b"not me",
            Self::Reset => b"reset",
            Self::Security => b"security",
            Self::Setup => b"setup",
            Self::SignOut => b"sign out",
            Self::SignUp => b"sign up",
        }
    }
}

/// Why a token does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CsrfProblem {
    /// Ours, for this browser and form, but too old: show the form again.
    Expired,
    /// Not made by this server for this browser and form, or not a token at all.
    Forged,
}

/// Seconds a token may seem to come from the future, after the clock was set back.
const CLOCK_STEP_SECS: u64 = 300;

/// Makes the token of a form: issue time and HMAC-SHA256 over purpose, binding and time, in base64url.
///
/// `binding` is the value of the cookie the form relies on, exactly as the browser will send it.
pub fn issue(key: &CsrfKey, binding: &str, purpose: Purpose, now: u64) -> String {
    let time = now.to_be_bytes();
    let tag = hmac::sign(&key.0, &message(binding, purpose, time));
    base64url::encode(&[&time, tag.as_ref()].concat())
}

/// Checks the token that came with a form.
///
/// # Errors
/// [`CsrfProblem::Forged`] before [`CsrfProblem::Expired`]: nothing is said about a token that is not ours.
pub fn check(
    key: &CsrfKey,
    token: &str,
    binding: &str,
    purpose: Purpose,
    now: u64,
    max_age_secs: u64,
) -> Result<(), CsrfProblem> {
    let bytes = base64url::decode(token).map_err(|_| CsrfProblem::Forged)?;
    let (time, tag) = bytes.split_first_chunk::<8>().ok_or(CsrfProblem::Forged)?;
    // An absent cookie binds to nothing.
    if binding.is_empty() {
        return Err(CsrfProblem::Forged);
    }
    hmac::verify(&key.0, &message(binding, purpose, *time), tag).map_err(|_| CsrfProblem::Forged)?;
    let issued_at = u64::from_be_bytes(*time);
    let fresh = issued_at <= now.saturating_add(CLOCK_STEP_SECS) && now <= issued_at.saturating_add(max_age_secs);
    if fresh { Ok(()) } else { Err(CsrfProblem::Expired) }
}

/// Every part has one fixed place: a label without NUL, eight bytes of time, the rest.
fn message(binding: &str, purpose: Purpose, time: [u8; 8]) -> Vec<u8> {
    [b"symbolon csrf v1 ", purpose.label(), b"\0", &time, binding.as_bytes()].concat()
}

/// Why a request is taken to come from elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CrossSite {
    /// `Sec-Fetch-Site` says another site, another origin, or nothing this server knows.
    FetchSite,
    /// `Origin` names another origin, or comes twice.
    Origin,
    /// Nothing says where the request comes from.
    Unproven,
}

/// Refuses a state-changing request that this origin's own pages did not send.
///
/// Both headers must agree where both are there:
/// - `Sec-Fetch-Site`: `same-origin`, or `none` (the person's own doing, such as a reload); `same-site` is
///   another host and refused.
/// - `Origin`: the issuer's. `null` proves nothing by itself, but our pages' `Referrer-Policy: no-referrer` makes
///   browsers send it (Fetch, "append a request `Origin` header"), so it passes where `Sec-Fetch-Site` vouches.
/// - With neither, a `Referer` of this origin; without that either, the request is refused. Every browser since
///   2023 sends `Sec-Fetch-Site` to https and to loopback.
pub fn same_origin_check(headers: &HeaderMap, issuer_origin: &str) -> Result<(), CrossSite> {
    let vouched = match one(headers, &SEC_FETCH_SITE) {
        Found::None => false,
        Found::One(b"same-origin" | b"none") => true,
        Found::One(_) | Found::Many => return Err(CrossSite::FetchSite),
    };
    match one(headers, &ORIGIN) {
        Found::One(origin) if origin == issuer_origin.as_bytes() => Ok(()),
        Found::One(b"null") | Found::None if vouched => Ok(()),
        Found::One(b"null") => Err(CrossSite::Unproven),
        Found::One(_) | Found::Many => Err(CrossSite::Origin),
        Found::None => referer_check(headers, issuer_origin),
    }
}

fn referer_check(headers: &HeaderMap, issuer_origin: &str) -> Result<(), CrossSite> {
    let Found::One(referer) = one(headers, &REFERER) else {
        return Err(CrossSite::Unproven);
    };
    let url = std::str::from_utf8(referer).ok().and_then(|text| Url::parse(text).ok());
    let same = url.is_some_and(|url| url.origin().ascii_serialization() == issuer_origin);
    if same { Ok(()) } else { Err(CrossSite::Unproven) }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

enum Found<'h> {
    None,
    One(&'h [u8]),
    Many,
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Found<'h> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(value), None) => Found::One(value.as_bytes()),
        (Some(_), Some(_)) => Found::Many,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn key(byte: u8) -> CsrfKey {
        CsrfKey::new(&[byte; 32])
    }

    #[test]
    fn a_token_works_for_its_browser_form_and_time() {
        let token = issue(&key(1), "cookie", Purpose::Login, NOW);
        assert_eq!(check(&key(1), &token, "cookie", Purpose::Login, NOW + 600, 600), Ok(()));
        assert_eq!(check(&key(1), &token, "cookie", Purpose::Login, NOW + 601, 600), Err(CsrfProblem::Expired));
        assert_eq!(check(&key(1), &token, "cookie", Purpose::Login, NOW - 300, 600), Ok(()));
        assert_eq!(check(&key(1), &token, "cookie", Purpose::Login, NOW - 301, 600), Err(CsrfProblem::Expired));
    }

    #[test]
    fn a_token_of_another_browser_form_or_server_is_forged() {
        let token = issue(&key(1), "cookie", Purpose::Login, NOW);
        let checks = [
            check(&key(1), &token, "other", Purpose::Login, NOW, 600),
            check(&key(1), &token, "cookie", Purpose::Consent, NOW, 600),
            check(&key(2), &token, "cookie", Purpose::Login, NOW, 600),
            check(&key(1), "", "cookie", Purpose::Login, NOW, 600),
            check(&key(1), "AAAA", "cookie", Purpose::Login, NOW, 600),
            check(&key(1), &format!("{token}="), "cookie", Purpose::Login, NOW, 600),
            check(&key(1), &token[..token.len() - 2], "cookie", Purpose::Login, NOW, 600),
        ];
        assert!(checks.iter().all(|result| *result == Err(CsrfProblem::Forged)), "{checks:?}");
    }

    #[test]
    fn a_token_without_a_cookie_never_counts() {
        let token = issue(&key(1), "", Purpose::Login, NOW);
        assert_eq!(check(&key(1), &token, "", Purpose::Login, NOW, 600), Err(CsrfProblem::Forged));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = base64url::decode(&issue(&key(1), "cookie", Purpose::Login, NOW)).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let token = base64url::encode(&changed);
            let result = check(&key(1), &token, "cookie", Purpose::Login, NOW, 600);
            assert_eq!(result, Err(CsrfProblem::Forged), "byte {at}");
        }
    }

    fn origin(headers: &[(&'static str, &str)]) -> Result<(), CrossSite> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        same_origin_check(&map, "https://auth.example")
    }

    #[test]
    fn our_own_pages_pass_in_every_kind_of_browser() {
        for headers in [
            &[("origin", "https://auth.example"), ("sec-fetch-site", "same-origin")][..],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("origin", "https://auth.example")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("referer", "https://auth.example/login?x=y")],
        ] {
            assert_eq!(origin(headers), Ok(()), "{headers:?}");
        }
    }

    #[test]
    fn everybody_else_is_refused() {
        for (headers, why) in [
            (&[][..], CrossSite::Unproven),
            (&[("origin", "null")], CrossSite::Unproven),
            (&[("origin", "null"), ("referer", "https://auth.example/")], CrossSite::Unproven),
            (&[("origin", "https://evil.example")], CrossSite::Origin),
            (&[("origin", "http://auth.example")], CrossSite::Origin),
            (&[("origin", "https://auth.example:8443")], CrossSite::Origin),
            (&[("origin", "https://auth.example.evil.example")], CrossSite::Origin),
            (&[("origin", "https://auth.example/")], CrossSite::Origin),
            (&[("origin", "https://AUTH.example")], CrossSite::Origin),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], CrossSite::Origin),
            (&[("origin", "https://auth.example"), ("origin", "https://evil.example")], CrossSite::Origin),
            (&[("origin", "https://auth.example"), ("sec-fetch-site", "cross-site")], CrossSite::FetchSite),
            (&[("origin", "https://auth.example"), ("sec-fetch-site", "same-site")], CrossSite::FetchSite),
            (&[("sec-fetch-site", "cross-site")], CrossSite::FetchSite),
            (&[("sec-fetch-site", "new-value")], CrossSite::FetchSite),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], CrossSite::FetchSite),
            (&[("referer", "https://evil.example/?https://auth.example")], CrossSite::Unproven),
            (&[("referer", "https://auth.example@evil.example/")], CrossSite::Unproven),
            (&[("referer", "nonsense")], CrossSite::Unproven),
        ] {
            assert_eq!(origin(headers), Err(why), "{headers:?}");
        }
    }
}
