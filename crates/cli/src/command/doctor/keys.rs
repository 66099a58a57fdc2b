//! Signing keys: one must sign for every algorithm that a client or an API asks for, the next must be published ahead, and upkeep must keep
//! its times. A server that runs does all of it by itself, once a minute.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::Finding;
use super::seen::Seen;
use crate::output::text;
use crate::time;

/// Upkeep comes once a minute; what it has not done for this long it does not do.
const LATE_SECS: u64 = 3_600;
const ABOUT: &str = "signing keys";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    if seen.facts.is_null() {
        return Vec::new();
    }
    if seen.facts["signing"].as_array().is_none_or(Vec::is_empty) {
        return vec![Finding::warning(ABOUT, "there are none yet", "start the server once: symbolon serve")];
    }
    let found: Vec<Finding> =
        wanted(seen).iter().flat_map(|alg| of_algorithm(seen, alg)).chain(left_over(seen)).collect();
    if found.is_empty() { vec![Finding::ok(ABOUT, text(&seen.facts["signing"]))] } else { found }
}

/// What clients and APIs are registered for, and the default.
fn wanted(seen: &Seen) -> BTreeSet<String> {
    let of = |list: &str, member: &str| -> Vec<String> {
        seen.list(list).iter().filter_map(|entry| entry[member].as_str()).map(str::to_owned).collect()
    };
    let registered = [of("client_list", "id_token_signed_response_alg"), of("api_list", "signing_alg")].concat();
    registered.into_iter().filter(|alg| !alg.starts_with("HS")).chain(["RS256".to_owned()]).collect()
}

fn of_algorithm(seen: &Seen, alg: &str) -> Vec<Finding> {
    // A server of an older version has no list.
    if seen.facts["key_list"].is_null() {
        return Vec::new();
    }
    let own: Vec<&Value> = seen.list("key_list").iter().filter(|key| key["alg"] == alg).collect();
    let state = |key: &&&Value, state: &str| key["life"]["state"] == state;
    let Some(active) = own.iter().find(|key| state(key, "active")) else {
        let what = format!("none signs with {alg}, which a client or an API asks for");
        return vec![Finding::wrong(ABOUT, what, "start the server, which makes it within a minute; else see its log")];
    };
    let mut found = Vec::new();
    let due = active["life"]["since"].as_u64().unwrap_or(seen.now).saturating_add(seen.config.keys.rotation_secs);
    if seen.now > due.saturating_add(seen.config.keys.publish_ahead_secs).saturating_add(LATE_SECS) {
        let what = format!("the one for {alg} should have been rotated {}", time::distance(due, seen.now));
        found.push(Finding::warning(ABOUT, what, "start the server, or see its log; by hand: symbolon keys rotate"));
    }
    if !own.iter().any(|key| state(&key, "next")) {
        let what = format!("the next one for {alg} is not published, so APIs will meet a key they do not know");
        found.push(Finding::warning(ABOUT, what, "start the server, which makes it within a minute; else see its log"));
    }
    found
}

/// Retired keys that should be gone.
fn left_over(seen: &Seen) -> Vec<Finding> {
    let over = |key: &&Value| key["life"]["gone_at"].as_u64().is_some_and(|at| seen.now > at.saturating_add(LATE_SECS));
    let told = |key: &Value| {
        let what = format!("{} is retired and still published", text(&key["kid"]));
        Finding::warning(ABOUT, what, "start the server, which removes it within a minute; else see its log")
    };
    seen.list("key_list").iter().filter(over).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_algorithm_that_nothing_signs_with_is_told() {
        assert_fine(&judge(&healthy()));
        let mut seen = healthy();
        seen.facts["api_list"] = json!([{ "identifier": "https://api.example.com", "signing_alg": "ES256" }]);
        assert_found(&judge(&seen), Grade::Wrong, "none signs with ES256");
        seen.facts["signing"] = json!([]);
        assert_found(&judge(&seen), Grade::Warning, "there are none yet");
    }

    #[test]
    fn keys_that_upkeep_forgot_are_told() {
        let mut seen = healthy();
        let rotation = seen.config.keys.rotation_secs;
        seen.facts["key_list"][0]["life"]["since"] = json!(seen.now - rotation - 2 * 86_400);
        assert_found(&judge(&seen), Grade::Warning, "should have been rotated 2d ago");
        // Due, and waiting for the next to be known everywhere: that is as it should be.
        seen.facts["key_list"][0]["life"]["since"] = json!(seen.now - rotation - 3_600);
        assert_fine(&judge(&seen));
        seen.facts["key_list"][1]["life"] = json!({ "state": "retired", "since": 0, "gone_at": seen.now - 86_400 });
        assert_found(&judge(&seen), Grade::Warning, "is not published");
        assert_found(&judge(&seen), Grade::Warning, "b is retired and still published");
    }
}
