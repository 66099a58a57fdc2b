//! The Symbolon server: endpoints, hosted pages, sessions, accounts, background work.

pub mod account;
pub mod admin;
pub mod config;
pub mod pages;
pub mod session;
