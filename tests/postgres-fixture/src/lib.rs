//! A throw-away PostgreSQL server: a cluster of its own in a temporary folder, on a free port of loopback, gone with whoever started it,
//! also when that is killed.
//!
//! The programs are those of the machine (Debian's `postgresql` package, or what `PATH` finds). PostgreSQL refuses to run as root, so root
//! starts it as the user `postgres`.

mod server;
mod shell;

pub use server::{Durability, Server, StopMode};
