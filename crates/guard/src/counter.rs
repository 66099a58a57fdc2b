//! Counters for the hot path: each thread adds on a cache line of its own, so that two cores do not fight over one.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Lines per counter; threads share them beyond that.
const LINES: usize = 16;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter([Line; LINES]);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Line(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0[own_line()].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.iter().map(|line| line.0.load(Ordering::Relaxed)).sum()
    }
}

/// This thread's line, given out in turn when it first asks.
fn own_line() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static OWN: Cell<usize> = const { Cell::new(usize::MAX) });
    OWN.with(|own| {
        if own.get() >= LINES {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % LINES);
        }
        own.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..LINES + 3 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add_one()));
            }
        });
        assert_eq!(counter.value(), 1000 * (LINES as u64 + 3));
    }
}
