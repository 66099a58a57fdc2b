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
    let pending = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    let sealed = pending.and_then(|one| {
        let spoken = one.in_languages(&[chosen.tag().to_owned()]);
        app.interactions.seal(&spoken).ok()
    });
    let cookie =
        CookieKind::Language.set(chosen.tag(), Lifetime::Persistent { max_age_secs: KEPT_SECS }, app.transport);
    let location = sealed.map_or_else(|| back.to_owned(), |sealed| format!("{back}?interaction={sealed}"));
    page::with_cookie(page::see_other(&location), Some(cookie))
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
