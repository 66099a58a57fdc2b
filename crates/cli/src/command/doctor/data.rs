//! What the server, or the data without it, tells of itself: that it can be asked at all, who administers it, what does not arrive.

use serde_json::Value;

use super::finding::Finding;
use super::seen::Seen;
use crate::output::text;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    if seen.facts.is_null() {
        return seen.silence.iter().map(|(what, fix)| Finding::wrong("data", what.as_str(), fix.as_str())).collect();
    }
    inside(&seen.facts)
}

fn inside(facts: &Value) -> Vec<Finding> {
    let counts = format!("{} users, {} clients, {} apis", facts["users"], facts["clients"], facts["apis"]);
    let mut findings = vec![Finding::ok("data", counts)];
    findings.push(if facts["administrator"] == true {
        Finding::ok("administrator", "there is one")
    } else {
        Finding::warning("administrator", "nobody can administer this server", "symbolon admin setup-link")
    });
    findings.extend(deliveries(&facts["deliveries"]));
    if let Some(full) = facts["full_streams"].as_u64().filter(|full| *full > 0) {
        let what = format!("{full} lose events, because their receivers do not take them");
        findings.push(Finding::warning("event streams", what, "symbolon stream list"));
    }
    findings.extend(valkey(&facts["valkey"]));
    let version = text(&facts["version"]);
    if version != env!("CARGO_PKG_VERSION") {
        let what = format!("the server runs version {version}, this command is {}", env!("CARGO_PKG_VERSION"));
        findings.push(Finding::warning("version", what, "restart the server with the new version"));
    }
    findings
}

/// Where failed sign-ins are counted, if not in the store.
fn valkey(fact: &Value) -> Option<Finding> {
    const FIX: &str = "check throttle.valkey and that server; until then the database counts failed sign-ins";
    Some(if fact["answers"].as_bool()? {
        Finding::ok("valkey", "it counts failed sign-ins")
    } else {
        Finding::warning("valkey", format!("away: {}", text(&fact["why"])), FIX)
    })
}

/// Messages to others that do not arrive. A server of an older version says nothing of them.
fn deliveries(facts: &Value) -> Option<Finding> {
    let (failing, given_up) = (facts["failing"].as_u64()?, facts["given_up"].as_u64()?);
    Some(if failing + given_up == 0 {
        Finding::ok("deliveries", "none fails")
    } else {
        let what = format!("{failing} fail, {given_up} were given up within a week");
        Finding::warning("deliveries", what, "symbolon delivery list --failed")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_arrive_and_who_is_missing_is_told() {
        assert_fine(&judge(&healthy()));
        let mut seen = healthy();
        seen.facts["administrator"] = json!(false);
        seen.facts["deliveries"] = json!({ "failing": 2, "given_up": 1 });
        seen.facts["full_streams"] = json!(1);
        seen.facts["version"] = json!("0.0.1");
        for what in ["nobody can administer", "2 fail, 1 were given up", "1 lose events", "runs version 0.0.1"] {
            assert_found(&judge(&seen), Grade::Warning, what);
        }
    }

    #[test]
    fn counters_that_are_away_are_told() {
        let mut seen = healthy();
        seen.facts["valkey"] = json!({ "answers": false, "why": "connection refused" });
        assert_found(&judge(&seen), Grade::Warning, "away: connection refused");
        seen.facts["valkey"] = json!({ "answers": true });
        assert_found(&judge(&seen), Grade::Ok, "it counts failed sign-ins");
    }

    #[test]
    fn data_that_cannot_be_asked_is_told_with_what_to_try() {
        let silence = vec![("the database cannot be reached".to_owned(), "start it".to_owned())];
        let seen = Seen { facts: Value::Null, silence, ..healthy() };
        assert_found(&judge(&seen), Grade::Wrong, "cannot be reached");
    }
}
