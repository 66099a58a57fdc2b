//! `/language`: keeps which language somebody chose, and leads back to the page on which they did.
//!
//! Back is a path of ours and nothing else, so that nobody is led away from here. What was pending goes along if it is this browser's; other sites
//! can lead here, too, and are not heard.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use symbolon_oauth::{OAuthError, Params};

use super::meta::Meta;
use super::{authorize, page};
use crate::app::App;
use crate::interaction::Step;
use crate::session::cookie::{CookieKind, Lifetime};
use crate::words::Language;

/// Where it is.
pub(super) const PATH: &str = "/language";
/// What goes along to a page beside what is pending there: the code of its link, an invitation, a device's code, which second factor it asks for.
const CARRIED: [&str; 4] = ["code", "invitation", "user_code", "way"];
/// Longest of these.
const MAX_CARRIED: usize = 200;
/// A choice holds this long: a year.
const KEPT_SECS: u64 = 365 * 86_400;

/// `GET /language?to=…&page=…`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(params) = Params::parse(query.unwrap_or_default().as_bytes()) else {
        return page::protocol_error(&app, &meta, &OAuthError::ParametersMalformed);
    };
    let back = params.get("page").filter(|page| is_own_page(page)).unwrap_or("/");
    let chosen = params.get("to").and_then(Language::of_tag).filter(|_| is_own_wish(&headers));
    let Some(chosen) = chosen else { return page::see_other(back) };
    let pending = authorize::open(&app, &params, &headers, meta.now).filter(|one| is_before_sign_in(&one.step));
    let sealed = pending.and_then(|one| {
        let spoken = one.in_languages(&[chosen.tag().to_owned()]);
        app.interactions.seal(&spoken).ok()
    });
    let carried = carried(&params).chain(sealed.as_deref().map(|sealed| ("interaction", sealed)));
    let query: Vec<String> = carried.map(|(name, value)| format!("{name}={value}")).collect();
    let cookie =
        CookieKind::Language.set(chosen.tag(), Lifetime::Persistent { max_age_secs: KEPT_SECS }, app.transport);
    let location = if query.is_empty() { back.to_owned() } else { format!("{back}?{}", query.join("&")) };
    page::with_cookie(page::see_other(&location), Some(cookie))
}

/// Whether a page shows it that is there before a session is: looking at one once more does nothing.
const fn is_before_sign_in(step: &Step) -> bool {
    matches!(step, Step::EmailCode { .. } | Step::Factor(_) | Step::SignIn | Step::SignUp { .. })
}

/// What stands in links of ours, letter for letter; what has another form was never in one.
fn carried(params: &Params) -> impl Iterator<Item = (&'static str, &str)> {
    let is_plain = |text: &&str| {
        let mut bytes = text.bytes();
        (1..=MAX_CARRIED).contains(&text.len())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    CARRIED.into_iter().filter_map(move |name| Some((name, params.get(name).filter(is_plain)?)))
}

/// Whether it is a path of small letters, as those of our pages are: what has that form leads to no other host.
fn is_own_page(path: &str) -> bool {
    let is_segment =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    path == "/" || path.len() <= 64 && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

/// Whether the person asked for it here, as far as their browser tells.
fn is_own_wish(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_along_that_would_be_another_parameter_or_another_place() {
        let taken = |query: &str| -> Vec<(&'static str, String)> {
            let params = Params::parse(query.as_bytes()).unwrap();
            carried(&params).map(|(name, value)| (name, value.to_owned())).collect()
        };
        assert_eq!(
            taken("way=totp&code=sym_pr_aB-9&next=/x"),
            [("code", "sym_pr_aB-9".to_owned()), ("way", "totp".to_owned())]
        );
        for query in ["code=a%26decision%3Ddeny", "code=a%23b", "code=%0d%0aset-cookie", "user_code=a/b", "code="] {
            assert_eq!(taken(query), [], "{query}");
        }
        assert_eq!(taken(&format!("code={}", "a".repeat(201))), []);
    }

    #[test]
    fn only_paths_of_ours_are_led_back_to() {
        for (path, own) in [
            ("/", true),
            ("/login", true),
            ("/account/security", true),
            ("", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/login?interaction=x", false),
            ("/%2f/evil", false),
            ("/login#x", false),
            ("/login/", false),
            ("/../x", false),
        ] {
            assert_eq!(is_own_page(path), own, "{path}");
        }
    }
}
