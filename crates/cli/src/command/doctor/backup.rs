//! When the last backup was made. A server that makes them by a schedule tells `backup.made_at` and `backup.every_secs`; one that does not
//! tells nothing, and nothing is judged.

use super::finding::Finding;
use super::seen::Seen;
use crate::time;

/// A backup may be late by this many of its periods.
const PERIODS: u64 = 2;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let told = &seen.facts["backup"];
    let Some(every_secs) = told["every_secs"].as_u64().filter(|secs| *secs > 0) else { return Vec::new() };
    let fix = "look for the reason in the log, and make one now: symbolon backup create";
    vec![match told["made_at"].as_u64() {
        None => Finding::warning("backup", "none has been made yet", fix),
        Some(at) => {
            let what = format!("the last one was made {}", time::distance(at, seen.now));
            if seen.now > at.saturating_add(every_secs.saturating_mul(PERIODS)) {
                Finding::wrong("backup", what, fix)
            } else {
                Finding::ok("backup", what)
            }
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    #[test]
    fn backups_that_stopped_or_never_began_are_told() {
        let mut seen = healthy();
        assert!(judge(&seen).is_empty());
        seen.facts["backup"] = json!({ "every_secs": 86_400, "made_at": null });
        assert_found(&judge(&seen), Grade::Warning, "none has been made");
        seen.facts["backup"]["made_at"] = json!(seen.now - 3 * 86_400);
        assert_found(&judge(&seen), Grade::Wrong, "3d ago");
        seen.facts["backup"]["made_at"] = json!(seen.now - 86_400);
        assert_found(&judge(&seen), Grade::Ok, "1d ago");
    }
}
