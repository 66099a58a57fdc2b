//! The group `gateway`: what `symbolon gateway` between a page and its API costs.

pub(crate) mod api;
mod browser;
mod call;

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] = &[("call", call::run)];
