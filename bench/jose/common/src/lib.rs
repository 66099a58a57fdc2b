//! What all sides of the JOSE benchmark share: the tokens, the keys, how an operation is run and counted, and the words between
//! the two processes.

pub mod alloc;
pub mod claims;
pub mod clock;
pub mod job;
pub mod key;
pub mod side;
pub mod wire;

/// Anything that keeps a measurement from being made, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
