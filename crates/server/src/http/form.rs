//! Reads request bodies: bounded, of a declared type, parsed once.

use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use symbolon_oauth::{OAuthError, Params, endpoint, json};

/// The longest address a browser is sent to, in bytes: one that every browser and proxy takes. What is longer goes by form.
const MAX_TARGET_BYTES: usize = 8 * 1024;

/// The largest request that travels through the sign-in pages, in bytes: with what is sealed beside it, it is a token of at most 16 KiB.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// Whether a browser can be sent there.
pub(super) fn is_short(target: &str) -> bool {
    target.len() <= MAX_TARGET_BYTES
}

/// Parameters as a query of our own spelling, if it is not too large to travel.
pub(super) fn query(params: &Params) -> Result<String, OAuthError> {
    let query = params.to_query();
    if query.len() > MAX_QUERY_BYTES { Err(OAuthError::ParametersTooLarge) } else { Ok(query) }
}

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// Larger than the limit.
    TooLarge,
    /// Cut off on the way.
    Broken,
}

/// A body of at most `limit` bytes.
pub(super) async fn bytes(body: Body, limit: usize) -> Result<bytes::Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Broken),
    }
}

/// What a request says its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
    /// Anything else, or nothing.
    Other,
}

/// The media type of the request, parameters such as `charset` aside.
pub(super) fn media_type(headers: &HeaderMap) -> MediaType {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        MediaType::Form
    } else if essence.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else {
        MediaType::Other
    }
}

/// The parameters of a form that a browser has sent, by the endpoint's own way to read them.
pub(super) async fn posted(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    read: fn(&[u8]) -> Result<Params, OAuthError>,
) -> Result<Params, OAuthError> {
    let body = bytes(body, limit).await.map_err(|_| OAuthError::ParametersTooLarge)?;
    match media_type(headers) {
        MediaType::Form => read(&body),
        MediaType::Json | MediaType::Other => Err(OAuthError::ParametersMalformed),
    }
}

/// Parameters of a protocol endpoint: a form, or JSON for clients that send it (specs: existing clients do). Parameters in
/// the URL are refused rather than ignored, so that a developer who puts a secret there hears of it (security 30, 34).
pub(super) async fn params(
    headers: &HeaderMap,
    query: Option<&str>,
    body: Body,
    limit: usize,
) -> Result<Params, OAuthError> {
    if query.is_some_and(names_a_parameter) {
        return Err(OAuthError::ParametersInUrl);
    }
    let media = media_type(headers);
    let body = bytes(body, limit).await.map_err(|why| match why {
        BodyError::TooLarge => OAuthError::ParametersTooLarge,
        BodyError::Broken => OAuthError::ParametersMalformed,
    })?;
    match media {
        MediaType::Form => Params::parse(&body),
        MediaType::Json => Params::parse_json(&body),
        MediaType::Other if body.is_empty() => Params::parse(&[]),
        MediaType::Other => Err(OAuthError::ParametersMalformed),
    }
}

/// A body of JSON that a page of a client sends, and nothing else: no form of another site can send it (security 99).
pub(super) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, limit: usize) -> Result<T, OAuthError> {
    if media_type(headers) != MediaType::Json {
        return Err(OAuthError::MediaType("application/json"));
    }
    let bytes = bytes(body, limit).await.map_err(|_| OAuthError::ParametersTooLarge)?;
    json::strict(&bytes).ok_or(OAuthError::ParametersMalformed)
}

/// Whether a query has a parameter that some endpoint takes in its body. Others are none of our business.
fn names_a_parameter(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| endpoint::parameters().any(|ours| ours == name))
}
