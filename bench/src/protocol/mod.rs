//! The group `protocol`: what the ways to ask for more than a plain token cost, beside the plain one, and what many registered clients change.

mod dpop;
mod flow;
mod growth;

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] = &[("dpop", dpop::run), ("flow", flow::run), ("growth", growth::run)];
