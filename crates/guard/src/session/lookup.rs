//! One question to the issuer's session endpoint. Its answer is introspection's (RFC 7662 §2.2).

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    claims::Claims,
    client::{Http, chain},
    jwks::discovery::checked_url,
};

/// The longest answer that is read.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    symbolon_session_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Active {
    active: bool,
}

/// Finds the session endpoint. The error is for the log.
pub(super) async fn discover(http: &Http, issuer: &str) -> Result<Url, String> {
    // OpenID Connect Discovery §4.1: a terminating slash is removed before the well-known path is appended.
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let url = checked_url("issuer", &address).map_err(|error| error.to_string())?;
    let request = Request::get(url.as_str()).header(header::ACCEPT, "application/json").body(Full::default());
    let document = exchange(http, request.map_err(|error| chain(&error))?).await?;
    let metadata: Metadata =
        serde_json::from_slice(&document).map_err(|_| "the discovery document cannot be read".to_owned())?;
    // Discovery §4.3: exactly the issuer that was asked, byte by byte.
    if metadata.issuer != issuer {
        return Err(format!("the discovery document is of another issuer: {:?}", metadata.issuer));
    }
    let Some(endpoint) = metadata.symbolon_session_endpoint else {
        return Err("the issuer has no session endpoint".to_owned());
    };
    let endpoint = checked_url("session endpoint", &endpoint).map_err(|error| error.to_string())?;
    // The API's secret goes there: an https issuer never leads us back to plain http.
    if url.scheme() == "https" && endpoint.scheme() != "https" {
        return Err(format!("the session endpoint {endpoint} is not https"));
    }
    Ok(endpoint)
}

/// Asks what a value stands for.
pub(super) async fn ask(http: &Http, endpoint: &Url, authorization: HeaderValue, value: &str) -> Result<Bytes, String> {
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("session", value).finish();
    let request = Request::post(endpoint.as_str())
        .header(header::AUTHORIZATION, authorization)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::from(form))
        .map_err(|error| chain(&error))?;
    exchange(http, request).await
}

async fn exchange(http: &Http, request: Request<Full<Bytes>>) -> Result<Bytes, String> {
    let response = http.send(request).await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => return Err("the issuer does not know this API by that secret".to_owned()),
        status => return Err(format!("the answer has status {status}")),
    }
    match Limited::new(response.into_body(), MAX_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(format!("the answer is longer than {MAX_BYTES} bytes"))
        }
        Err(error) => Err(chain(error.as_ref())),
    }
}

/// What the answer says: `None` for a session that does not count. Held to the same issuer and audience as a token.
pub(super) fn read(answer: &[u8], issuer: &str, audience: &str, now: u64) -> Result<Option<Claims>, String> {
    let unreadable = |_| "the answer cannot be read".to_owned();
    let Active { active } = serde_json::from_slice(answer).map_err(unreadable)?;
    if !active {
        return Ok(None);
    }
    let mut claims: Claims = serde_json::from_slice(answer).map_err(unreadable)?;
    if claims.iss != issuer || !claims.aud.contains(audience) {
        return Err("the answer is of another issuer or for another audience".to_owned());
    }
    claims.extra.remove("active");
    claims.extra.remove("token_type");
    Ok(Some(claims).filter(|claims| now < claims.exp && claims.cnf.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str =
        r#"{"active":true,"iss":"i","sub":"u","aud":["a","b"],"exp":10,"token_type":"Bearer","scope":"r","own":1}"#;

    #[test]
    fn an_active_answer_is_claims() {
        let claims = read(LIVE.as_bytes(), "i", "a", 9).unwrap().unwrap();
        assert_eq!((claims.sub.as_str(), claims.has_scope("r")), ("u", true));
        assert_eq!(serde_json::to_string(&claims.extra).unwrap(), r#"{"own":1}"#);
    }

    #[test]
    fn what_is_over_is_none_and_what_is_strange_an_error() {
        assert_eq!(read(LIVE.as_bytes(), "i", "a", 10), Ok(None));
        assert_eq!(read(br#"{"active":false}"#, "i", "a", 9), Ok(None));
        for (answer, issuer, audience) in [
            (LIVE, "j", "a"),
            (LIVE, "i", "c"),
            ("", "i", "a"),
            ("{}", "i", "a"),
            (r#"{"active":"true"}"#, "i", "a"),
            (r#"{"active":true}"#, "i", "a"),
            ("[true]", "i", "a"),
        ] {
            assert!(read(answer.as_bytes(), issuer, audience, 9).is_err(), "{answer}");
        }
    }
}
