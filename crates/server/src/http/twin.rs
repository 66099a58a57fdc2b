//! The JSON twins of the forms for signing in and up, and for a forgotten password: what stands in them, for apps that draw their own, and what became of them.
//!
//! `Accept: application/json` asks for the twin of a page, and `Content-Type: application/json` posts to the same address what the form would
//! post, with the same `csrf`, cookies, throttles and answers. Open to pages of this origin and of clients that may have people type their
//! passwords into them (`password_sign_in`); from anywhere else it is refused as a form would be (security 98). The browser's cookies are
//! needed, so the app is on the issuer's site.

pub(super) mod forms;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_TYPE, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use symbolon_oauth::Params;

use super::{answer, form};
use crate::app::App;
use crate::pages::error::ErrorWhat;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// One field of a form.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// As of an `input` in HTML.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// In the words of our own page.
    pub(super) label: &'static str,
    pub(super) required: bool,
    pub(super) autocomplete: &'static str,
    #[serde(rename = "minLength", skip_serializing_if = "Option::is_none")]
    pub(super) min_length: Option<usize>,
    #[serde(rename = "maxLength", skip_serializing_if = "Option::is_none")]
    pub(super) max_length: Option<usize>,
}

/// What a page says, for a program.
#[derive(Clone, Debug, Default)]
pub(super) struct Twin {
    /// What the page is for.
    pub(super) page: &'static str,
    /// Where its form goes; nowhere, if it has none.
    pub(super) action: &'static str,
    pub(super) fields: Vec<Field>,
    /// What else is posted, and what stands in the fields: by name.
    pub(super) values: Vec<(&'static str, String)>,
    /// What else people may want, and where it is.
    pub(super) links: Vec<(&'static str, &'static str)>,
    /// What went wrong before.
    pub(super) error: Option<&'static str>,
}

impl Twin {
    /// The answer, with its twin beside it.
    pub(super) fn beside(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }

    /// An error page's.
    pub(super) fn of_error(what: &ErrorWhat) -> Self {
        let error = match what {
            ErrorWhat::CookiesNeeded => "cookies_needed",
            ErrorWhat::Forgery => "forgery",
            ErrorWhat::InvitationOver
            | ErrorWhat::LinkExpired { .. }
            | ErrorWhat::ResetLinkExpired(_)
            | ErrorWhat::SignUpOver => "link_expired",
            ErrorWhat::PageExpired => "page_expired",
            ErrorWhat::SignUpClosed => "sign_up_closed",
            ErrorWhat::TooMany { .. } => "throttled",
            ErrorWhat::Internal | ErrorWhat::Unavailable => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self { page: "error", error: Some(error), ..Self::default() }
    }

    fn document(&self, app: &App) -> Value {
        let Self { page, action, fields, values, links, error } = self;
        let at = |path: &str| app.issuer.endpoint(path);
        let mut document = Map::new();
        document.insert("page".to_owned(), json!(page));
        if let Some(error) = error {
            document.insert("error".to_owned(), json!(error));
        }
        if !action.is_empty() {
            document.insert("action".to_owned(), json!(at(action)));
            document.insert("order".to_owned(), fields.iter().map(|field| field.name).collect());
            document.insert("fields".to_owned(), json!(fields));
            // There is nobody else yet to sign in with.
            document.insert("providers".to_owned(), json!([]));
            let links: Map<_, _> = links.iter().map(|(name, path)| ((*name).to_owned(), json!(at(path)))).collect();
            document.insert("links".to_owned(), Value::Object(links));
            let values: Map<_, _> = values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            document.insert("values".to_owned(), Value::Object(values));
        }
        Value::Object(document)
    }
}

/// A page that says something on the way: where it leads, for whoever does not read it.
#[derive(Clone, Debug)]
pub(super) struct GoesOn(pub(super) String);

/// Answers with the twin whoever asks for it.
pub(super) async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let draws = origin.as_ref().and_then(|origin| origin.to_str().ok()).is_some_and(|origin| may_draw(&app, origin));
    if request.method() == Method::OPTIONS && draws {
        return readable(preflight(), origin.as_ref());
    }
    let posts = request.method() == Method::POST && form::media_type(request.headers()) == form::MediaType::Json;
    let asks = request.method() == Method::GET && wants_json(request.headers());
    if !posts && !asks {
        return next.run(request).await;
    }
    let own = origin.as_ref().is_some_and(|origin| *origin == app.issuer.origin());
    if posts && !draws && !own {
        return twin(&app, StatusCode::FORBIDDEN, &Twin::of_error(&ErrorWhat::Forgery));
    }
    let request = if posts { as_form(&app, request).await } else { Ok(request) };
    let response = match request {
        Ok(request) => as_twin(&app, &next.run(request).await),
        Err(refusal) => refusal,
    };
    readable(response, origin.as_ref().filter(|_| draws))
}

/// Whether pages of this origin may have people type their passwords into them.
fn may_draw(app: &App, origin: &str) -> bool {
    origin != app.issuer.origin() && app.registry().may_draw_forms(origin)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split(',').next().unwrap_or_default().split(';').next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("application/json")
}

/// The same request as the form of our own page would send it: it was sent by one that may draw the form.
async fn as_form(app: &App, request: Request) -> Result<Request, Response> {
    let malformed = || twin(app, StatusCode::BAD_REQUEST, &Twin::of_error(&ErrorWhat::NotFound));
    let (mut parts, body) = request.into_parts();
    let body = form::bytes(body, app.config().http.max_body_bytes).await.map_err(|_| malformed())?;
    let params = Params::parse_json(&body).map_err(|_| malformed())?;
    let own = HeaderValue::from_str(app.issuer.origin()).map_err(|_| malformed())?;
    parts.headers.insert(ORIGIN, own);
    parts.headers.remove(SEC_FETCH_SITE);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Request::from_parts(parts, Body::from(params.to_query())))
}

/// The twin of an answer: where it leads, or what its page says.
fn as_twin(app: &App, response: &Response) -> Response {
    // Its words are those of the page, in the language that this found.
    let kept = [CONTENT_LANGUAGE, SET_COOKIE, RETRY_AFTER, VARY];
    let keep = |answer: &mut Response| {
        for name in kept {
            for value in response.headers().get_all(&name) {
                answer.headers_mut().append(&name, value.clone());
            }
        }
    };
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let location = location.or_else(|| response.extensions().get::<GoesOn>().map(|GoesOn(location)| &**location));
    let mut answer = match (response.extensions().get::<Twin>(), location) {
        (Some(said), _) => twin(app, response.status(), said),
        (None, Some(location)) => {
            let absolute = if location.starts_with('/') { app.issuer.endpoint(location) } else { location.to_owned() };
            answer::json(StatusCode::OK, &json!({ "page": "done", "location": absolute }))
        }
        (None, None) => twin(app, response.status(), &Twin::of_error(&ErrorWhat::NotFound)),
    };
    keep(&mut answer);
    answer.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    answer
}

fn twin(app: &App, status: StatusCode, said: &Twin) -> Response {
    answer::json(status, &said.document(app))
}

fn preflight() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Accept, Content-Type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets the page that draws the form read the answer, and take its cookies.
fn readable(mut response: Response, origin: Option<&HeaderValue>) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    }
    response
}
