//! The Symbolon server: endpoints, hosted pages, sessions, accounts, background work.
//!
//! [`start`] opens the data folder of a configuration and serves it; [`serve()`] runs it until the process is
//! told to stop. `ARCHITECTURE.md` has the map.

pub mod account;
mod acme;
pub mod admin;
pub mod app;
pub mod audit;
pub mod backup;
pub mod calendar;
pub mod client_keys;
pub mod clock;
pub mod config;
mod delivery;
pub mod dev;
pub mod effects;
pub mod events;
pub mod facts;
#[cfg(all(feature = "fault-injection", debug_assertions))]
mod fault;
mod health;
pub mod http;
pub mod import;
pub mod interaction;
mod job;
pub mod keys;
mod known_as;
pub mod listen;
pub mod log;
pub mod mail;
pub mod metrics;
mod notify;
mod observe;
pub mod outgoing;
pub mod pages;
mod refresh;
pub mod registration;
pub mod registry;
pub mod revocation;
pub mod rng;
pub mod sdk;
pub mod seal;
mod sector_identifier;
pub mod serve;
pub mod session;
pub mod shared_signals;
pub mod status_list;
pub mod storage;
pub mod words;

pub use app::{App, AppError};
pub use clock::Clock;
pub use config::Config;
pub use listen::handed::Handed;
pub use serve::{Running, Signals, StartError, serve, start, start_on};
