//! The crate from outside: the wire against what decision 6 says, and the set against a model, from several threads, and by what it takes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

mod event;
mod model;
mod readers;
mod set;
mod snapshot;
mod support;
