//! Shared Signals (OpenID Shared Signals Framework 1.0): partners are told of security events as Security Event Tokens (RFC 8417), on
//! streams that they manage themselves.
//!
//! The events are CAEP 1.0's and RISC 1.0's. What has happened comes as [`Happened`] from the shell, which keeps streams and events;
//! here is decided who may manage streams ([`decide_access`]), what a stream is ([`stream`]), and what a receiver hears ([`set::plan`]).

mod access;
pub mod event;
pub mod poll;
pub mod refusal;
pub mod set;
pub mod status;
pub mod stream;
mod subject;
mod transmitter;

pub use access::{MANAGE, READ, Receiver, Refused, api_identifier, decide_access, is_receiver};
pub use event::{Event, EventType, Happened};
pub use refusal::Refusal;
pub use set::{SetClaims, TYP};
pub use subject::SubjectId;
pub use transmitter::{Transmitter, transmitter};

/// Pushed events (RFC 8935).
pub const PUSH: &str = "urn:ietf:rfc:8935";
/// Polled events (RFC 8936).
pub const POLL: &str = "urn:ietf:rfc:8936";

/// Cuts a text of somebody's after so many characters, and takes out what would act on a terminal.
fn shortened(text: &str, max_chars: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max_chars).collect()
}
