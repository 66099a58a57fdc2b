//! Asking the issuer about one token (RFC 7662), while the feed tells too little.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::Credentials;
use crate::client::{Http, chain};

/// How long an answer may take: a request of the API waits for it.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
struct Answer {
    active: bool,
}

/// Whether the issuer says that the token is active. The error is for the log.
pub(crate) async fn is_active(http: &Http, url: &Url, credentials: &Credentials, token: &str) -> Result<bool, String> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .append_pair("token_type_hint", "access_token")
        .finish();
    let request = Request::post(url.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, credentials.header())
        .body(Full::new(Bytes::from(form)))
        .map_err(|error| chain(&error))?;
    let exchange = async {
        let response = http.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("the introspection endpoint answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let body = body.map_err(|error| chain(error.as_ref()))?.to_bytes();
        serde_json::from_slice::<Answer>(&body).map_err(|_| "the answer to an introspection is not one".to_owned())
    };
    let answer = tokio::time::timeout(TIMEOUT, exchange).await;
    answer.unwrap_or_else(|_| Err("the introspection endpoint takes too long".to_owned())).map(|answer| answer.active)
}
