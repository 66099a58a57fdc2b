//! An ordinary client beside the harm: a few requests a second on one connection, on a thread of its own so that what else this process
//! does is not in its times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::Method;

use crate::Failure;
use crate::clock::Stopwatch;
use crate::wire::{Connection, FORM};

/// A request that is sent again and again.
#[derive(Clone)]
pub(crate) struct Probed {
    method: Method,
    path: &'static str,
    authorization: Option<String>,
    body: String,
}

impl Probed {
    pub(crate) fn get(path: &'static str) -> Self {
        Self { method: Method::GET, path, authorization: None, body: String::new() }
    }

    /// The same with an `Authorization` header.
    pub(crate) fn with(self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self }
    }

    pub(crate) fn post(path: &'static str, authorization: &str, body: String) -> Self {
        Self { method: Method::POST, path, authorization: Some(authorization.to_owned()), body }
    }
}

/// A client at work.
pub(crate) struct Probe {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Times>,
}

/// What the client saw.
#[derive(Default)]
pub(crate) struct Times {
    sorted: Vec<Duration>,
    /// Not answered, or not with 200.
    pub(crate) failed: u64,
}

impl Probe {
    /// Sends the requests in turn, `rate` a second together. `connection` must not have been used on another runtime.
    pub(crate) fn start(mut connection: Connection, rate: u32, requests: Vec<Probed>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return Times { failed: 1, ..Times::default() };
            };
            runtime.block_on(async {
                let (mut times, mut beat) = (Times::default(), tokio::time::interval(Duration::from_secs(1) / rate));
                for request in requests.iter().cycle() {
                    beat.tick().await;
                    if end.load(Ordering::Relaxed) {
                        break;
                    }
                    let watch = Stopwatch::start();
                    let mut headers = vec![FORM];
                    headers.extend(request.authorization.as_deref().map(|value| ("authorization", value)));
                    let body = request.body.clone();
                    let answer = connection.ask(request.method.clone(), request.path, &headers, body).await;
                    times.sorted.push(watch.elapsed());
                    times.failed += u64::from(answer.is_ok_and(|answer| answer.status == 200)) ^ 1;
                }
                times.sorted.sort();
                times
            })
        });
        Self { over, thread }
    }

    /// Ends it.
    pub(crate) fn end(self) -> Result<Times, Failure> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the probe has failed".into())
    }
}

impl Times {
    /// The time that 99 of 100 requests stay below.
    pub(crate) fn p99(&self) -> Duration {
        let index = (self.sorted.len() * 99).div_ceil(100).saturating_sub(1);
        self.sorted.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self) -> u64 {
        self.sorted.len() as u64
    }
}

/// Twice the quiet time, and never less than what a busy scheduler alone may take.
pub(crate) fn twice(quiet: Duration) -> Duration {
    (quiet * 2).max(quiet + Duration::from_millis(10))
}

/// What takes longer is broken, also on a machine that others use: the bound of the short programs, whose times mean little.
pub(crate) const BUSY: Duration = Duration::from_secs(1);

/// Milliseconds with one digit, for people.
pub(crate) fn milliseconds(time: Duration) -> String {
    let tenths = time.as_micros() / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_hundred_does_not_count() {
        let times = |count: u64| Times { sorted: (1..=count).map(Duration::from_millis).collect(), failed: 0 };
        assert_eq!(times(100).p99(), Duration::from_millis(99));
        assert_eq!(times(1).p99(), Duration::from_millis(1));
        assert_eq!(times(0).p99(), Duration::ZERO);
    }
}
