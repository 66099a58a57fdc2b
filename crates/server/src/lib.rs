//! The Symbolon server: endpoints, hosted pages, sessions, accounts, background work.

pub mod config;
