//! The group `core`: the main job, from a single token to a whole server.

mod issue;
mod refresh;
mod setup;
mod start;
mod token;

use crate::figure::Figure;
use crate::{Failure, Measurement};

/// Everything of the group, in the order of the table.
pub(crate) fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (name, measure) in PARTS {
        println!("measuring {name}");
        figures.extend(measure()?);
    }
    Ok(figures)
}

const PARTS: &[(&str, Measurement)] = &[
    ("start, memory, size", start::run),
    ("single tokens", token::run),
    ("client credentials", issue::run),
    ("refresh and sign-in", refresh::run),
];
