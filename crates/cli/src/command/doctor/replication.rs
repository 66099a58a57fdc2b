//! Standbys of the database: what a fail-over would lose, how far they are behind, and what is kept for one that does not come back.

use symbolon_store::ServerCondition;

use super::finding::Finding;
use super::seen::Seen;

const ABOUT: &str = "replication";
const NOTABLE_LAG_MS: u64 = 10_000;
/// Log that is kept for a standby that does not fetch it, until the disk is full.
const RETAINED_BYTES: u64 = 1 << 30;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let server = seen.condition().and_then(|condition| condition.server);
    server.map(|server| of_server(&server)).unwrap_or_default()
}

fn of_server(server: &ServerCondition) -> Vec<Finding> {
    let setting = |name: &str| server.settings.get(name).map_or("", String::as_str);
    let standbys = server.standbys.unwrap_or(0);
    let (names, commit) = (setting("synchronous_standby_names"), setting("synchronous_commit"));
    let mut found = Vec::new();
    if standbys > 0 && names.is_empty() {
        found.push(Finding::warning(
            ABOUT,
            "standbys follow without being waited for: a fail-over loses what was acknowledged last, and revocations count for nothing then",
            "set synchronous_standby_names at the server, for example 'ANY 1 (*)', with two standbys or more",
        ));
    }
    if !names.is_empty() && commit == "local" {
        let what =
            "synchronous_commit is local, so the standbys that synchronous_standby_names waits for are not waited for";
        found.push(Finding::wrong(ABOUT, what, "set synchronous_commit to on"));
    }
    if !names.is_empty() && server.standbys == Some(0) {
        let fix = "bring a standby back, or empty synchronous_standby_names until there is one";
        found.push(Finding::wrong(
            ABOUT,
            "synchronous_standby_names waits for a standby, and none follows: every write hangs",
            fix,
        ));
    }
    if let Some(lag) = server.lag_ms.filter(|lag| *lag > NOTABLE_LAG_MS) {
        let what = format!("a standby is {} seconds behind", lag / 1_000);
        found.push(Finding::warning(
            ABOUT,
            what,
            "look at its disk and the network; until then a fail-over takes that long",
        ));
    }
    if server.idle_slots.unwrap_or(0) > 0 && server.retained_bytes.unwrap_or(0) > RETAINED_BYTES {
        let kept = server.retained_bytes.unwrap_or(0) >> 20;
        let what =
            format!("{kept} MiB of log are kept for a replication slot that nobody reads, until the disk is full");
        found.push(Finding::warning(
            ABOUT,
            what,
            "bring its standby back, or SELECT pg_drop_replication_slot(…); set max_slot_wal_keep_size",
        ));
    }
    if found.is_empty() && standbys > 0 {
        found.push(Finding::ok(ABOUT, format!("{standbys} standbys follow")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_found};
    use super::*;

    fn with(names: &str, commit: &str, server: ServerCondition) -> Vec<Finding> {
        let mut server = server;
        server.settings.insert("synchronous_standby_names".to_owned(), names.to_owned());
        server.settings.insert("synchronous_commit".to_owned(), commit.to_owned());
        of_server(&server)
    }

    fn standbys(standbys: u64) -> ServerCondition {
        ServerCondition { standbys: Some(standbys), ..ServerCondition::default() }
    }

    #[test]
    fn what_a_fail_over_would_lose_is_told() {
        assert!(with("", "on", standbys(0)).is_empty());
        assert_found(&with("", "on", standbys(1)), Grade::Warning, "a fail-over loses");
        assert_found(&with("ANY 1 (*)", "on", standbys(2)), Grade::Ok, "2 standbys follow");
        assert_found(&with("ANY 1 (*)", "local", standbys(2)), Grade::Wrong, "are not waited for");
        assert_found(&with("ANY 1 (*)", "on", standbys(0)), Grade::Wrong, "every write hangs");
    }

    #[test]
    fn standbys_that_fall_behind_or_do_not_come_back_are_told() {
        let late = ServerCondition { lag_ms: Some(60_000), ..standbys(1) };
        assert_found(&with("ANY 1 (*)", "on", late), Grade::Warning, "60 seconds behind");
        let gone = ServerCondition { idle_slots: Some(1), retained_bytes: Some(2 << 30), ..standbys(0) };
        assert_found(&with("", "on", gone), Grade::Warning, "2048 MiB of log");
    }
}
