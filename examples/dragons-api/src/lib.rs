//! The sample API: who may see the dragons.
//!
//! | Route | Who may |
//! |---|---|
//! | `GET /api/dragons` | a caller whose token was granted `read:dragons` |
//! | `GET /api/dragons/{name}/picture-url` | the same: gives a URL that is good for a minute |
//! | `GET /api/dragons/{name}/picture` | whoever has such a URL, as an `<img>` does |
//! | `/api/dragons/live` | the same, over a WebSocket (feature `live`) |
//! | `GET /api/orders` | a caller with the role `admin` |
//! | `GET /api/restricted` | anyone with a good token |

mod cors;
#[cfg(feature = "live")]
mod live;
mod picture;

use std::sync::Arc;

use axum::{Json, Router, middleware::from_fn_with_state, routing::get};
use serde::Serialize;
use symbolon_guard::{Caller, Guard, Scoped, scopes};

scopes! { ReadDragons = "read:dragons" }

/// A dragon, as the API shows it.
#[derive(Debug, Serialize)]
struct Dragon {
    name: &'static str,
    kind: &'static str,
    /// Metres from nose to tail.
    length: u32,
}

const DRAGONS: [Dragon; 3] = [
    Dragon { name: "Fucanglong", kind: "of hidden treasures", length: 12 },
    Dragon { name: "Shenlong", kind: "of storms and rain", length: 30 },
    Dragon { name: "Tianlong", kind: "of the heavens", length: 21 },
];

/// An order, as the API shows it.
#[derive(Debug, Serialize)]
struct Order {
    number: u32,
    item: &'static str,
    quantity: u32,
}

async fn dragons(_caller: Scoped<ReadDragons>) -> Json<[Dragon; 3]> {
    Json(DRAGONS)
}

async fn orders() -> Json<[Order; 2]> {
    Json([
        Order { number: 1001, item: "fireproof gloves", quantity: 2 },
        Order { number: 1002, item: "dragon saddle", quantity: 1 },
    ])
}

async fn restricted(caller: Caller) -> Json<serde_json::Value> {
    Json(
        serde_json::json!({ "message": format!("hello {}", caller.sub), "scope": caller.scope, "roles": caller.roles }),
    )
}

/// The API under `guard`: a guard with the issuer's address and this API's own, and a secret to sign URLs with.
///
/// In a browser, only pages of `allowed_origins` (`http://localhost:4401`) may call it.
pub fn router(guard: &Guard, allowed_origins: &[String]) -> Router {
    let api = Router::new()
        .route("/api/dragons", get(dragons))
        .route("/api/dragons/{name}/picture-url", get(picture::url))
        .route("/api/dragons/{name}/picture", get(picture::picture).layer(guard.only_signed_urls()))
        .route("/api/orders", get(orders).layer(guard.role("admin")))
        .route("/api/restricted", get(restricted))
        .layer(guard.layer())
        .merge(guard.metadata());
    // Outside of the layer: a browser sends no header with a WebSocket, and the token comes in its first message.
    #[cfg(feature = "live")]
    let api = api.route("/api/dragons/live", get(live::live));
    api.with_state(guard.clone()).layer(from_fn_with_state(Arc::from(allowed_origins), cors::cors))
}

// The front page's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
