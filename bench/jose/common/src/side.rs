//! One library and the operation it is timed with.

use std::hint::black_box;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::{Failure, alloc};

/// What some repeats of an operation took together.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// By the wall clock.
    pub time: Duration,
    /// Allocations.
    pub allocations: u64,
}

/// Repeats an operation; an error stops it: what fails early is fast and means nothing.
type Repeat<'a> = Box<dyn FnMut(u32) -> Result<Spent, Failure> + 'a>;

/// A library and what it does.
pub struct Side<'a> {
    /// The library's name, a column of the table.
    pub name: &'static str,
    repeat: Repeat<'a>,
}

impl<'a> Side<'a> {
    /// A side that runs here. What the operation returns is dropped within the time it takes.
    pub fn new<T>(name: &'static str, mut operation: impl FnMut() -> Result<T, Failure> + 'a) -> Self {
        let repeat = move |repeats| {
            let before = alloc::count();
            let watch = Stopwatch::start();
            for _ in 0..repeats {
                black_box(operation()?);
            }
            Ok(Spent { time: watch.elapsed(), allocations: alloc::count() - before })
        };
        Self { name, repeat: Box::new(repeat) }
    }

    /// A side that runs elsewhere and measures itself.
    pub fn elsewhere(name: &'static str, repeat: impl FnMut(u32) -> Result<Spent, Failure> + 'a) -> Self {
        Self { name, repeat: Box::new(repeat) }
    }

    /// Runs it that many times.
    pub fn repeat(&mut self, repeats: u32) -> Result<Spent, Failure> {
        (self.repeat)(repeats).map_err(|error| format!("{}: {error}", self.name).into())
    }
}
