//! What an id takes, at several sizes and anywhere in a cycle of growth.

use super::{IDS, filled, insert, ratio};
use crate::figure::Figure;
use crate::{Failure, cpu};

/// Bytes for an id, from a million on.
const BUDGET: f64 = 16.0;

/// Of a set without ids.
const EMPTY_BUDGET_KB: f64 = 100.0;

/// How often it is looked at on the way.
const STEP: u64 = 10_000;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let empty = filled(0).memory_bytes() as u64;
    let mut figures = vec![Figure::at_most("revocation.empty", ratio(empty, 1000), "KB", EMPTY_BUDGET_KB)];
    for (name, ids) in [("1k", 1000), ("100k", 100_000)] {
        let bytes = filled(ids).memory_bytes() as u64;
        figures.push(Figure::reported(format!("revocation.bytes.{name}"), ratio(bytes, ids), "bytes"));
    }
    let before = cpu::memory(std::process::id())?.anonymous;
    let set = filled(0);
    let mut worst = 0.0_f64;
    // From a million to 13.4 times as many: nine cycles of growth, the last of them above 10 million.
    for ids in 1..=IDS / 3 * 4 {
        insert(&set, ids);
        if ids < IDS / 10 || !ids.is_multiple_of(STEP) {
            continue;
        }
        let each = ratio(set.memory_bytes() as u64, ids);
        worst = worst.max(each);
        if ids == IDS / 10 {
            figures.push(Figure::at_most("revocation.bytes.1M", each, "bytes", BUDGET));
        }
        if ids == IDS {
            let resident = cpu::memory(std::process::id())?.anonymous - before;
            figures.push(Figure::at_most("revocation.bytes.10M", each, "bytes", BUDGET));
            figures.push(Figure::reported("revocation.bytes.10M.resident", ratio(resident, ids), "bytes"));
        }
    }
    figures.push(Figure::at_most("revocation.bytes.worst", worst, "bytes", BUDGET));
    Ok(figures)
}
