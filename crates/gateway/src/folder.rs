//! The app's files, where the gateway serves them: beside its APIs, on the one origin that its cookie is for.
//!
//! An address without a file is a page of the app if it looks like one: `index.html`, whose script reads the address. Refused: whatever leads out of the
//! folder, by `..`, by encoding or by a link, and hidden files.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::config::Config;
use crate::problem::Problem;

const KINDS: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("gif", "image/gif"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
];

/// Answers with a file of the app's.
pub(crate) async fn serve(config: &Config, asked: &Parts) -> Response {
    let Some(folder) = &config.app.folder else { return Problem::NotFound.into_response() };
    if !matches!(asked.method, Method::GET | Method::HEAD) {
        let mut response = Problem::Method.into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let Some(wanted) = relative(asked.uri.path()) else { return Problem::NotFound.into_response() };
    let is_page = wanted.extension().is_none();
    for name in [wanted.clone(), wanted.join("index.html")] {
        if let Some(response) = file(config, folder, &name, &asked.headers).await {
            return response;
        }
    }
    let page = if is_page { file(config, folder, Path::new("index.html"), &asked.headers).await } else { None };
    page.unwrap_or_else(|| Problem::NotFound.into_response())
}

/// A path as a name below the folder.
fn relative(path: &str) -> Option<PathBuf> {
    let decoded = url::form_urlencoded::parse(format!("p={}", path.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .filter(|text| !path.contains('&') && !text.contains(char::REPLACEMENT_CHARACTER))?;
    let mut relative = PathBuf::new();
    for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
        let hidden = segment.starts_with('.') && segment != ".well-known";
        if hidden || segment.contains(['\\', '\0', ':']) || segment.chars().any(char::is_control) {
            return None;
        }
        relative.push(segment);
    }
    Some(relative)
}

async fn file(config: &Config, folder: &Path, name: &Path, headers: &HeaderMap) -> Option<Response> {
    let folder = tokio::fs::canonicalize(folder).await.ok()?;
    let path = tokio::fs::canonicalize(folder.join(name)).await.ok()?;
    let about = tokio::fs::metadata(&path).await.ok()?;
    // A link may lead out of it.
    if !path.starts_with(&folder) || !about.is_file() {
        return None;
    }
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let tag = HeaderValue::try_from(format!("\"{:x}-{:x}\"", changed.as_nanos(), about.len())).ok()?;
    let kind = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    let kind = KINDS.iter().find(|(end, _)| *end == kind).map_or("application/octet-stream", |(_, kind)| kind);
    let mut response = if headers.get(IF_NONE_MATCH) == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        tokio::fs::read(&path).await.ok()?.into_response()
    };
    let answered = response.headers_mut();
    answered.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // Asked for each time, and sent again only when it has changed.
    answered.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answered.insert(ETAG, tag);
    answered.insert(CONTENT_SECURITY_POLICY, policy(config));
    Some(response)
}

/// The app's policy; its forms may end at the issuer, as the one that signs out does.
fn policy(config: &Config) -> HeaderValue {
    let own = &config.app.content_security_policy;
    let text = if own.contains("form-action") {
        own.clone()
    } else {
        format!("{own}; form-action 'self' {}", config.issuer.origin())
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_folder() {
        for (path, name) in
            [("/", ""), ("/a/b.js", "a/b.js"), ("/a%20b+c", "a b+c"), ("/.well-known/x", ".well-known/x"), ("//a", "a")]
        {
            assert_eq!(relative(path), Some(PathBuf::from(name)), "{path}");
        }
        for path in [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/..%2fx",
            "/.env",
            "/a/.git/config",
            "/a\\b",
            "/a%00",
            "/a%5cb",
            "/C:/x",
            "/%ff",
            "/a&b",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }
}
