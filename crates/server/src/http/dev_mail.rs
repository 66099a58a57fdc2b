//! `/dev/mail`: the letters of a development server, for the developer. There is none of it elsewhere (`router.rs`).
//!
//! A letter in HTML is shown in a frame that may do nothing but open links, under a policy that allows its own style and nothing else.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::meta::Meta;
use super::{home, page};
use crate::app::App;
use crate::calendar::calendar;
use crate::mail::{KeptLetter, STYLE};
use crate::pages::Csp;
use crate::pages::dev_mail::{Letter, LetterLine, Letters, TextLine};
use crate::words::Language;

/// Another site can have its name lead to this machine; that it is not this server, its name still says.
pub(super) async fn only_here(app: State<Arc<App>>, meta: Extension<Meta>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or_else(|| request.uri().host());
    let ours = app.issuer.origin().split("://").nth(1);
    if host.is_some() && host == ours { next.run(request).await } else { home::not_found(app, meta).await }
}

/// `GET /dev/mail`.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let letters = all(&app).iter().map(line).collect();
    page::html(&app, StatusCode::OK, &Letters { shell: page::shell_in(&app, Language::En), letters }, &Csp::strict())
}

/// `GET /dev/mail.json`: for tests of whoever builds an app.
pub(super) async fn json(State(app): State<Arc<App>>) -> Response {
    let view = |letter: &KeptLetter| -> Value {
        let written = &letter.written;
        json!({
            "number": letter.number,
            "template": written.template,
            "to": written.to.as_typed,
            "subject": written.subject,
            "text": written.text,
            "at": written.at,
        })
    };
    let letters: Vec<Value> = all(&app).iter().map(view).collect();
    ([(CACHE_CONTROL, "no-store")], axum::Json(json!({ "letters": letters }))).into_response()
}

/// `GET /dev/mail/{number}`.
pub(super) async fn letter(app: State<Arc<App>>, meta: Extension<Meta>, Path(number): Path<String>) -> Response {
    let Some(letter) = find(&app, &number) else { return home::not_found(app, meta).await };
    let text = TextLine::all(&letter.written.text);
    let view = Letter { shell: page::shell_in(&app, Language::En), line: line(&letter), text };
    page::html(&app, StatusCode::OK, &view, &Csp::strict().frame(app.issuer.origin()))
}

/// `GET /dev/mail/{number}/html`: what stands in the frame.
pub(super) async fn html(app: State<Arc<App>>, meta: Extension<Meta>, Path(number): Path<String>) -> Response {
    let Some(letter) = find(&app, &number) else { return home::not_found(app, meta).await };
    let digest = symbolon_jose::sha256(STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
         sandbox allow-popups allow-popups-to-escape-sandbox",
        base64_simd::STANDARD.encode_to_string(digest)
    );
    // Nothing opens within the frame.
    let html = letter.written.html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1);
    let fixed = HeaderValue::from_static;
    let headers = [
        (CONTENT_TYPE, fixed("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).expect("it is ASCII")),
        (CACHE_CONTROL, fixed("no-store")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
    ];
    (headers, html).into_response()
}

fn all(app: &App) -> Vec<KeptLetter> {
    app.mail.kept().map(crate::mail::Kept::all).unwrap_or_default()
}

fn find(app: &App, number: &str) -> Option<KeptLetter> {
    app.mail.kept()?.get(number.parse().ok()?)
}

fn line(letter: &KeptLetter) -> LetterLine {
    let written = &letter.written;
    let (to, subject) = (written.to.as_typed.clone(), written.subject.clone());
    LetterLine { number: letter.number, to, subject, at: calendar(written.at) }
}
