//! A dragon's picture, for an `<img>`, which can send no token: the app asks for a URL, which is good for this picture and a minute.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use symbolon_guard::{Guard, Scoped, UrlToSign};

use crate::{DRAGONS, Dragon, ReadDragons};

/// Here it is decided who may see the picture.
pub(crate) async fn url(
    State(guard): State<Guard>,
    Scoped { caller, .. }: Scoped<ReadDragons>,
    Path(name): Path<String>,
) -> Result<Json<serde_json::Value>, StatusCode> {
    let Dragon { name, .. } = find(&name)?;
    let signed = guard.sign_url(&caller, UrlToSign::get(&format!("/api/dragons/{name}/picture")));
    let url = signed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(serde_json::json!({ "url": url })))
}

/// For whoever has such a URL.
pub(crate) async fn picture(Path(name): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    let Dragon { length, .. } = find(&name)?;
    let points: Vec<String> = (0..*length).map(|at| format!("{},{}", 4 + at * 4, 20 + (at % 4) * 3)).collect();
    let points = points.join(" ");
    let width = length * 4 + 8;
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='40'><polyline points='{points}' fill='none' \
         stroke='#2a7d4f' stroke-width='6' stroke-linejoin='round'/></svg>"
    );
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg))
}

fn find(name: &str) -> Result<&'static Dragon, StatusCode> {
    DRAGONS.iter().find(|dragon| dragon.name == name).ok_or(StatusCode::NOT_FOUND)
}
