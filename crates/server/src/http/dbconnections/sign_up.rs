//! `/dbconnections/signup`: a page of a client makes somebody an account. No standard; what `signup` of auth0-js sends.
//!
//! It leaves the same pending sign-up as the form does, and the account begins when the link in the letter is opened and the password said
//! again: there is no page here that could ask for a code. The answer is the same whoever has the address (security 123), with the id that
//! the account will have if there is to be one.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use symbolon_oauth::{OAuthError, Subject};

use super::super::authorize::Arrival;
use super::super::meta::Meta;
use super::super::sign_up::begin::{self, Wanted};
use super::super::{answer, form, page};
use super::may_ask;
use crate::account::password::PasswordProblem;
use crate::account::sign_up::{Address, Pending};
use crate::account::throttle::Effort;
use crate::app::App;
use crate::pages::sign_up::SignUpProblem;
use crate::rng::SystemRng;

/// The request. Other members are ignored: what somebody says of themselves beyond their name they can say in their account.
#[derive(Deserialize)]
struct Request {
    client_id: String,
    email: String,
    password: String,
    #[serde(default)]
    name: Option<String>,
}

/// The endpoint.
pub(in crate::http) async fn sign_up(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request: Request = match form::json(&headers, body, app.config().http.max_body_bytes).await {
        Ok(request) => request,
        Err(error) => return answer::error(&error),
    };
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let known = arrival.registry.client(&request.client_id).map(AsRef::as_ref);
    let Some(client) = known.filter(|client| may_ask(client, &headers)) else {
        return answer::error(&OAuthError::GrantNotAllowed);
    };
    if !app.sign_up().is_open_to(Some(client)) {
        return refused("public_signup_disabled", "people do not make their own accounts here");
    }
    let response = begin(&arrival, &request).await;
    answer::to_client(response.unwrap_or_else(|error| answer::error(&error)), client.client_id.as_str())
}

async fn begin(arrival: &Arrival<'_>, request: &Request) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let problem = |problem| {
        app.metrics.sign_up(begin::outcome(problem));
        Ok(told(problem))
    };
    let wanted = match begin::checked(app, &request.email, request.name.as_deref(), &request.password).await {
        Ok(wanted) => wanted,
        Err(found) => return problem(found),
    };
    let password_hash = match begin::hashed(arrival, &wanted, Effort::None).await? {
        Ok(hash) => hash,
        Err(found) => return problem(found),
    };
    let Wanted { email, name, .. } = wanted;
    let user_id = Subject::generate(&mut SystemRng).as_str().to_owned();
    let body = json!({ "_id": user_id, "email": email.as_typed, "email_verified": false });
    let pending = Pending {
        email: email.as_typed.clone(),
        name,
        password_hash,
        code: String::new(),
        address: Address::Free,
        interaction: None,
        browser: None,
        user_id: Some(user_id),
    };
    begin::send(arrival, &email, pending, Some(request.client_id.clone())).await?;
    Ok(answer::json(StatusCode::OK, &body))
}

/// As the library reads it: `code`, and `description` for people; for a password what the rules are.
fn told(problem: SignUpProblem) -> Response {
    let password = |policy: String| {
        let body = json!({
            "code": "invalid_password",
            "name": "PasswordStrengthError",
            "description": policy,
            "message": "Password is too weak",
            "policy": policy,
            "statusCode": 400,
        });
        answer::json(StatusCode::BAD_REQUEST, &body)
    };
    match problem {
        SignUpProblem::Password(found) => password(rule(found)),
        SignUpProblem::Throttled { wait_secs } => {
            let text = format!("too many attempts: try again in {wait_secs} seconds");
            let body = json!({ "error": "too_many_requests", "error_description": text });
            page::retry_after(answer::json(StatusCode::TOO_MANY_REQUESTS, &body), wait_secs)
        }
        SignUpProblem::Busy => {
            let body = json!({ "error": "temporarily_unavailable", "error_description": "try again in a moment" });
            page::retry_after(answer::json(StatusCode::SERVICE_UNAVAILABLE, &body), 1)
        }
        SignUpProblem::Email => refused("invalid_signup", "that is no e-mail address"),
        SignUpProblem::Name => refused("invalid_signup", "a name is one line of at most 200 characters"),
        SignUpProblem::PasswordsDiffer | SignUpProblem::CodeOver => {
            refused("invalid_signup", "the request cannot be used")
        }
    }
}

fn rule(problem: PasswordProblem) -> String {
    match problem {
        PasswordProblem::Common | PasswordProblem::Leaked => "a password that others do not use, too".to_owned(),
        PasswordProblem::Personal => {
            "a password without your name, your address or the name of this service".to_owned()
        }
        PasswordProblem::TooLong { max_chars } => format!("at most {max_chars} characters"),
        PasswordProblem::TooShort { min_chars } => format!("at least {min_chars} characters"),
    }
}

fn refused(code: &str, description: &str) -> Response {
    let body = json!({ "code": code, "name": "BadRequestError", "description": description, "statusCode": 400 });
    answer::json(StatusCode::BAD_REQUEST, &body)
}
