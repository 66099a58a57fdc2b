//! Clocks: this machine's, the database's, and the one behind the issuer's address. Tokens, codes and sessions end by the clock of the
//! node that looks, so nodes that disagree refuse what is good or accept what is over.

use super::finding::Finding;
use super::seen::Seen;
use crate::time;

/// A clock before this date (2026-01-01) is wrong: the program is younger.
const FLOOR: u64 = 1_767_225_600;
/// Clocks kept by NTP differ by far less.
const NOTABLE_SECS: u64 = 5;
/// What APIs forgive by default.
const LEEWAY_SECS: u64 = 30;
const FIX: &str = "keep both clocks with NTP: timedatectl set-ntp true";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let shown = time::calendar(seen.now);
    if seen.now < FLOOR {
        let what = format!("the clock says {shown}");
        return vec![Finding::wrong("clock", what, "set the clock, and keep it with NTP")];
    }
    let mut findings = vec![Finding::ok("clock", shown)];
    if let Some(server) = seen.condition().and_then(|condition| condition.server) {
        // The node that asked the database; on this machine or not.
        let asked_at = seen.facts["now"].as_u64().unwrap_or(seen.now);
        findings.extend(apart("the database's clock", server.now_ms / 1_000, asked_at));
    }
    if let Some(date) = seen.issuer.date {
        findings.extend(apart("the clock behind the issuer's address", date, seen.now));
    }
    findings
}

fn apart(whose: &str, there: u64, here: u64) -> Option<Finding> {
    let off = there.abs_diff(here);
    let side = if there > here { "ahead of" } else { "behind" };
    let what = format!("{whose} is {off} seconds {side} this one");
    if off <= NOTABLE_SECS {
        return None;
    }
    Some(if off <= LEEWAY_SECS { Finding::warning("clock", what, FIX) } else { Finding::wrong("clock", what, FIX) })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clock_of_the_past_is_wrong() {
        assert_fine(&judge(&healthy()));
        assert_found(&judge(&Seen { now: 1_000_000_000, ..healthy() }), Grade::Wrong, "the clock says 2001");
    }

    #[test]
    fn clocks_that_disagree_are_told_by_how_much() {
        let mut seen = healthy();
        seen.facts["store"] = json!({ "engine": "PostgreSQL 15", "server": { "now_ms": (seen.now + 12) * 1_000 } });
        assert_found(&judge(&seen), Grade::Warning, "the database's clock is 12 seconds ahead");
        seen.facts["store"]["server"]["now_ms"] = json!((seen.now - 3_600) * 1_000);
        assert_found(&judge(&seen), Grade::Wrong, "the database's clock is 3600 seconds behind");
        let mut seen = healthy();
        seen.issuer.date = Some(seen.now - 90);
        assert_found(&judge(&seen), Grade::Wrong, "behind the issuer's address is 90 seconds behind");
        seen.issuer.date = Some(seen.now + 3);
        assert_fine(&judge(&seen));
    }
}
