//! Harm done from within, for the programs under `fault/`. Only with the feature `fault-injection`, which nothing that people run is built with.

use std::pin::pin;
use std::task::Poll;

use axum::response::Response;
use symbolon_oauth::Rng as _;

use crate::rng::SystemRng;

/// Names a file with a number: of so many requests one panics. No file, no panics.
const PANICS: &str = "FAULT_PANICS";
/// A request panics when it waits for the n-th time, n by chance up to this, or else when it is done and before it is answered.
const WAITS: u8 = 6;

/// The request, or a panic somewhere in it.
pub(crate) async fn harmed(request: impl Future<Output = Response>) -> Response {
    let Some(mut waits) = doom() else { return request.await };
    let mut request = pin!(request);
    std::future::poll_fn(move |context| {
        let poll = request.as_mut().poll(context);
        waits = waits.saturating_sub(1);
        if waits == 0 || poll.is_ready() {
            std::panic::panic_any("on purpose");
        }
        Poll::Pending
    })
    .await
}

/// The wait at which this request panics, if it does.
fn doom() -> Option<u8> {
    let of: u32 = std::fs::read_to_string(std::env::var_os(PANICS)?).ok()?.trim().parse().ok()?;
    let mut bytes = [0; 5];
    SystemRng.fill(&mut bytes);
    let [wait, chance @ ..] = bytes;
    (u32::from_le_bytes(chance).checked_rem(of)? == 0).then_some(1 + wait % WAITS)
}
