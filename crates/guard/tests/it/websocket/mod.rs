//! WebSockets as clients meet them: how a token gets in, and how the connection ends with it.

mod opening;
mod renewal;
pub(crate) mod world;
