//! Whether backups are made: scheduled at all, and for this period or the one before. Which node made it does not matter. And
//! whether those that are made by hand lie where they go with the data; of scheduled ones the configuration tells.

use super::finding::Finding;
use super::seen::Seen;
use crate::time;

const ABOUT: &str = "backup";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    // A server of an older version tells nothing.
    let told = &seen.facts["backup"];
    let Some(every_secs) = told["every_secs"].as_u64().filter(|_| seen.is_production()) else { return Vec::new() };
    if every_secs == 0 {
        let fix = "set backup.every = \"1d\", or let something else call: symbolon backup create";
        let mut findings = vec![Finding::warning(ABOUT, "none is scheduled", fix)];
        let beside = Some(&seen.config.backup.folder).filter(|folder| folder.exists());
        let problem = beside.and_then(|_| seen.config.backups_beside_data());
        findings.extend(problem.map(|it| Finding::warning(ABOUT, it.what, it.fix)));
        return findings;
    }
    vec![match told["made_at"].as_u64() {
        Some(at) => Finding::ok(ABOUT, format!("the last one was made {}", time::distance(at, seen.now))),
        None => Finding::wrong(
            ABOUT,
            "none was made for this period or the one before",
            "look for the reason in the log, and make one now: symbolon backup create",
        ),
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
        seen.facts["backup"] = json!({ "every_secs": 0, "made_at": null });
        assert_found(&judge(&seen), Grade::Warning, "none is scheduled");
        let folder = tempfile::tempdir().unwrap();
        seen.config.data = folder.path().to_owned();
        seen.config.backup.folder = folder.path().join("backups");
        assert_eq!(judge(&seen).len(), 1, "none was made there");
        std::fs::create_dir(&seen.config.backup.folder).unwrap();
        assert_found(&judge(&seen), Grade::Warning, "a disk that fails takes both");
        seen.config.backup.folder = "/".into();
        assert_eq!(judge(&seen).len(), 1, "elsewhere");
        seen.facts["backup"]["every_secs"] = json!(86_400);
        assert_found(&judge(&seen), Grade::Wrong, "none was made for this period");
        seen.facts["backup"]["made_at"] = json!(seen.now - 86_400);
        assert_found(&judge(&seen), Grade::Ok, "1d ago");
    }
}
