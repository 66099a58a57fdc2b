//! Whether letters to people can be sent: a server is named, and takes us as we are set up. No letter is sent to find out.

use super::finding::Finding;
use super::seen::Seen;

const ABOUT: &str = "mail";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    // A server of an older version tells nothing.
    let Some(told) = seen.facts.get("mail").filter(|_| seen.is_production()) else { return Vec::new() };
    let server = told["server"].as_str().unwrap_or_default();
    vec![match (told.is_null(), told["problem"].as_str()) {
        (true, _) => Finding::warning(
            ABOUT,
            "none is sent: whoever forgets a password needs a link of the operator",
            "set mail.server, mail.password and mail.from",
        ),
        (false, None) => Finding::ok(ABOUT, format!("{server} takes letters; one to see: symbolon mail test ADDRESS")),
        (false, Some(problem)) => {
            Finding::wrong(ABOUT, problem, "correct mail.server, mail.password or outgoing.ca, and restart")
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
    fn mail_that_is_not_sent_or_not_taken_is_told() {
        let mut seen = healthy();
        assert!(judge(&seen).is_empty());
        seen.facts["mail"] = json!(null);
        assert_found(&judge(&seen), Grade::Warning, "needs a link of the operator");
        seen.facts["mail"] = json!({ "server": "mail.example.com:465", "problem": null });
        assert_found(&judge(&seen), Grade::Ok, "mail.example.com:465 takes letters");
        seen.facts["mail"] = json!({ "server": "mail.example.com:465", "problem": "it did not answer in time" });
        assert_found(&judge(&seen), Grade::Wrong, "did not answer in time");
    }
}
