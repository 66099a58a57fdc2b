//! The group `nodes`: what the server does on each engine and on several nodes, what a revocation takes to reach them, what many rows and
//! their expiry change, and what an idle connection holds.

pub(crate) mod database;
mod growth;
mod idle;
mod reach;
mod rows;
pub(crate) mod script;
pub(crate) mod site;
mod sweep;
mod work;

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] =
    &[("work", work::run), ("reach", reach::run), ("growth", growth::run), ("sweep", sweep::run), ("idle", idle::run)];
