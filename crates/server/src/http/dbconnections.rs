//! `/dbconnections/change_password`: a page of a client asks that somebody gets a link for a new password. No standard; what `changePassword` of
//! auth0-js sends. It is the wish of `/forgot`, with the same answer for everybody. Beside it `/dbconnections/signup` ([`sign_up`]).

pub(super) mod sign_up;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use symbolon_oauth::OAuthError;
use symbolon_oauth::registration::Client;
use symbolon_store::Attempt;

use super::meta::Meta;
use super::{answer, forgot, form};
use crate::account::normalize::MAX_IDENTIFIER_CHARS;
use crate::account::throttle::Effort;
use crate::app::App;
use crate::mail::ResetAsked;

/// What the library hands to its caller as a text.
const SENT: &str = "If an account uses that address, a link is on its way.";

/// The request. Unknown members are ignored, `connection` among them: there is one store of users.
#[derive(Deserialize)]
struct Request {
    client_id: String,
    email: String,
}

/// The endpoint.
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request: Request = match form::json(&headers, body, app.config().http.max_body_bytes).await {
        Ok(request) => request,
        Err(error) => return answer::error(&error),
    };
    let registry = app.registry();
    let known = registry.client(&request.client_id).map(AsRef::as_ref);
    let Some(client) = known.filter(|client| may_ask(client, &headers)) else {
        return answer::error(&OAuthError::GrantNotAllowed);
    };
    let response = ask(&app, &meta, request.email.trim()).await;
    answer::to_client(response.unwrap_or_else(|error| answer::error(&error)), client.client_id.as_str())
}

/// One of ours, from a page of its own if from a page at all.
fn may_ask(client: &Client, headers: &HeaderMap) -> bool {
    let own = headers
        .get(ORIGIN)
        .is_none_or(|origin| client.allowed_origins.iter().any(|allowed| origin == allowed.as_str()));
    client.first_party && !client.disabled && own
}

async fn ask(app: &App, meta: &Meta, email: &str) -> Result<Response, OAuthError> {
    if email.is_empty() {
        return Err(OAuthError::ParameterMissing("email"));
    }
    if !app.mail.is_on() {
        let text = "this server sends no mail: an administrator can make a link";
        let body = serde_json::json!({ "error": "temporarily_unavailable", "error_description": text });
        return Ok(answer::json(StatusCode::SERVICE_UNAVAILABLE, &body));
    }
    let identifier = email.chars().take(MAX_IDENTIFIER_CHARS).collect();
    let asked = ResetAsked::of(identifier);
    Ok(match forgot::wish(app, meta, asked, Effort::None).await? {
        Attempt::Wait { secs } => {
            let text = format!("too many attempts: try again in {secs} seconds");
            let body = serde_json::json!({ "error": "too_many_requests", "error_description": text });
            let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
            response
        }
        Attempt::Allowed => {
            let fixed = HeaderValue::from_static;
            let headers = [(CONTENT_TYPE, fixed("text/plain; charset=utf-8")), (CACHE_CONTROL, fixed("no-store"))];
            (headers, SENT).into_response()
        }
    })
}
