//! The dragons as they fly by, for as long as the token counts.

use std::time::Duration;

use axum::{extract::State, response::Response};
use symbolon_guard::{Guard, websocket::Upgrade};

use crate::DRAGONS;

/// How often one flies by.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn live(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    let upgrade = upgrade.scope("read:dragons");
    guard
        .websocket(upgrade, |socket, _caller| async move {
            let sender = socket.into_sender();
            let mut next = tokio::time::interval(EVERY);
            for dragon in DRAGONS.iter().cycle() {
                next.tick().await;
                // Ended: by the page, or because the token does not count any more.
                if sender.send(serde_json::json!({ "dragon": dragon.name }).to_string()).await.is_err() {
                    return;
                }
            }
        })
        .await
}
