//! Harm done from within, for `cargo xtask fault panic`. Compiled only with the feature `fault-injection` and only into a build with debug
//! assertions, so that nothing that is released has it, whatever features it is built with.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use axum::response::Response;

/// Names a file with a number n: every n-th request panics. No variable or no file, no panics.
const PANICS: &str = "FAULT_PANICS";
/// Where it panics takes turns: at its first wait, its second, … up to this, or else when it is done and before it is answered.
const WAITS: u64 = 6;

/// Requests since the file is there.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// The request, or a panic somewhere in it.
pub(crate) async fn harmed(request: impl Future<Output = Response>) -> Response {
    let Some(mut waits) = doom() else { return request.await };
    let mut request = pin!(request);
    std::future::poll_fn(move |context| {
        let done = request.as_mut().poll(context).is_ready();
        waits = waits.saturating_sub(1);
        assert!(waits > 0 && !done, "on purpose");
        Poll::Pending
    })
    .await
}

/// The wait at which this request panics, if it does.
fn doom() -> Option<u64> {
    let every: u64 = std::fs::read_to_string(std::env::var_os(PANICS)?).ok()?.trim().parse().ok()?;
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    let turn = number.checked_div(every)?;
    number.is_multiple_of(every).then_some(1 + turn % WAITS)
}
