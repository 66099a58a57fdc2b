//! The API of the comparison: it looks whether there is a bearer token and answers the same JSON to everybody. What it would do for its callers is
//! left out, so that what a gateway adds shows most.

use axum::Router;
use axum::routing::get;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};

use crate::{Failure, yardstick};

/// Where it answers.
pub(crate) const PATH: &str = "/api/dragons";

/// Half a kilobyte, as a short list is.
const ANSWER: &str = concat!(
    r#"{"dragons":[{"name":"Smaug","colour":"red","born":"2770-01-01","gold":1200000000},{"name":"Fafnir","colour":"green","born":"1204-05-02","gold":40000},"#,
    r#"{"name":"Glaurung","colour":"gold","born":"0260-11-30","gold":99000},{"name":"Norbert","colour":"black","born":"1992-04-12","gold":0},"#,
    r#"{"name":"Saphira","colour":"blue","born":"7982-07-25","gold":12},{"name":"Toothless","colour":"black","born":"0980-09-09","gold":1}],"#,
    r#""next":"https://api.bench.example/api/dragons?after=6","total":1204}"#,
);

/// Serves on a free port of loopback until its standard input ends.
pub(crate) fn serve() -> Result<(), Failure> {
    yardstick::listen(Router::new().route(PATH, get(dragons)))
}

async fn dragons(
    headers: HeaderMap,
) -> Result<([(hyper::header::HeaderName, &'static str); 1], &'static str), StatusCode> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    token.filter(|token| !token.is_empty()).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(([(CONTENT_TYPE, "application/json")], ANSWER))
}
