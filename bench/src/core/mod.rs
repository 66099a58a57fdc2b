//! The group `core`: the main job, from a single token to a whole server.

mod issue;
mod refresh;
pub(crate) mod setup;
mod start;
mod token;

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] =
    &[("token", token::run), ("start", start::run), ("issue", issue::run), ("refresh", refresh::run)];
