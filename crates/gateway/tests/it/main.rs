//! The gateway between an issuer and an API that do what a test says, with a clock that a test moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod api;
mod examine;
mod facade;
mod reload;
mod renewal;
mod sign_in;
mod websocket;
mod world;
