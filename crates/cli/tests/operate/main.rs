//! Promises to whoever runs a node, kept by the real binary: it is told what it needs to know and never a secret, takes up changes while
//! it runs, and is restarted without turning anybody away.

#![expect(unreachable_pub, reason = "a test binary has no users but itself")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod any_port;
mod drain;
mod gateway;
mod handover;
mod http;
mod node;
mod reload;
mod secrets;
