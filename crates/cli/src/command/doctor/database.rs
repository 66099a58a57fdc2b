//! The store and the engine beneath it: whether what was acknowledged survives, whether this node may do what it must, whether there are
//! connections for all nodes, and whether changes travel. Standbys are judged in `replication.rs`.

use symbolon_store::{Condition, FileCondition, ServerCondition};

use super::finding::Finding;
use super::seen::Seen;

const ABOUT: &str = "database";
/// The oldest server whose manual the adapter was written by.
const OLDEST_VERSION: u64 = 130_000;
/// Dead rows that nobody cleans are worth a word from this many on, if they outnumber the live ones.
const DEAD_ROWS: u64 = 100_000;
/// A transaction that is open for this long keeps the cleaning back.
const OLD_TRANSACTION_SECS: u64 = 3_600;
/// PostgreSQL stops taking writes at two thousand million; it begins to hurry by itself long before this.
const UNFROZEN: u64 = 1_000_000_000;
/// Each node has one connection beside its pool, on which it listens.
const LISTENERS: u64 = 1;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let Some(condition) = seen.condition() else { return Vec::new() };
    let mut findings = schema(&condition);
    if let Some(file) = &condition.file {
        findings.extend(of_file(file));
    }
    if let Some(server) = &condition.server {
        for judge in [durability, writes, rights, waste] {
            findings.extend(judge(server));
        }
        findings.extend(version(server));
        findings.extend(connections(server, seen.config.store.connections as u64));
        findings.extend(ways(server, seen.config.store.poll_secs));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ABOUT, condition.engine.clone()));
    }
    if let Some(unknown) = condition.server.map(|server| server.unknown).filter(|unknown| !unknown.is_empty()) {
        findings.push(Finding::skipped(ABOUT, format!("it does not tell of: {}", unknown.join(", "))));
    }
    findings
}

fn schema(condition: &Condition) -> Vec<Finding> {
    let Condition { schema, schema_known, .. } = condition;
    if schema > schema_known {
        let what = format!("its schema is {schema}, and the running server knows {schema_known}");
        return vec![Finding::warning(ABOUT, what, "finish the upgrade: restart this node with the newer version")];
    }
    if schema < schema_known {
        let what = format!("its schema is {schema}, and this version has {schema_known}");
        return vec![Finding::warning(ABOUT, what, "restart the server, which brings it up to date")];
    }
    Vec::new()
}

fn of_file(file: &FileCondition) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(check) = file.check.as_deref().filter(|check| *check != "ok") {
        found.push(Finding::wrong(
            ABOUT,
            format!("the file is damaged: {check}"),
            "stop the server, keep the file aside, restore a backup",
        ));
    }
    let (used, free) = (file.bytes.saturating_sub(file.free_bytes), file.free_bytes);
    if free > used && free > 1 << 30 {
        let what = format!("{} MiB of the file hold nothing", free >> 20);
        found.push(Finding::warning(
            ABOUT,
            what,
            "it is used again by itself; to give it back, stop the server and: sqlite3 symbolon.db VACUUM",
        ));
    }
    found
}

/// Settings under which an answered write may be gone after a crash.
fn durability(server: &ServerCondition) -> Vec<Finding> {
    let is = |name: &str, value: &str| server.settings.get(name).is_some_and(|found| found == value);
    let mut found = Vec::new();
    if is("fsync", "off") {
        found.push(Finding::wrong(
            ABOUT,
            "fsync is off: a crash of the machine may destroy all data",
            "ALTER SYSTEM SET fsync = on, then restart PostgreSQL",
        ));
    }
    if is("full_page_writes", "off") {
        found.push(Finding::wrong(
            ABOUT,
            "full_page_writes is off: a crash of the machine may damage pages for good",
            "ALTER SYSTEM SET full_page_writes = on, then SELECT pg_reload_conf()",
        ));
    }
    if is("synchronous_commit", "off") {
        found.push(Finding::wrong(
            ABOUT,
            "synchronous_commit is off: revocations and used codes that were acknowledged may be lost and count again",
            "set it to on for the role: ALTER ROLE … SET synchronous_commit = on, and restart the nodes",
        ));
    }
    found
}

/// Whether it takes writes, and text as it is.
fn writes(server: &ServerCondition) -> Vec<Finding> {
    let setting = |name: &str| server.settings.get(name).map(String::as_str);
    let mut found = Vec::new();
    if server.is_standby {
        found.push(Finding::wrong(
            ABOUT,
            "the server is a standby and takes no writes",
            "name all hosts in store.url, with target_session_attrs=read-write",
        ));
    } else if setting("transaction_read_only") == Some("on") {
        let fix = "ALTER DATABASE … RESET default_transaction_read_only, or the same for the role";
        found.push(Finding::wrong(ABOUT, "it is set to read only", fix));
    }
    if let Some(encoding) = setting("server_encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("UTF8")) {
        let fix = "make a new one, and move the data there: createdb --encoding=UTF8 --template=template0 symbolon";
        found.push(Finding::wrong(ABOUT, format!("its encoding is {encoding}: not every name can be kept"), fix));
    }
    found
}

fn rights(server: &ServerCondition) -> Vec<Finding> {
    let mut found = Vec::new();
    if !server.missing_rights.is_empty() {
        let missing = server.missing_rights.join(", ");
        found.push(Finding::wrong(
            ABOUT,
            format!("the role of store.url lacks {missing}"),
            "GRANT it, or let the role own the schema",
        ));
    }
    if server.settings.get("is_superuser").is_some_and(|value| value == "on") {
        let fix = "give Symbolon a role of its own: CREATE ROLE symbolon LOGIN, and a database that it owns";
        found.push(Finding::warning(
            ABOUT,
            "the role of store.url is a superuser: whoever breaks in here owns every database",
            fix,
        ));
    }
    found
}

fn version(server: &ServerCondition) -> Option<Finding> {
    let version = server.settings.get("server_version_num")?.parse::<u64>().ok()?;
    (version < OLDEST_VERSION).then(|| {
        let what = format!("PostgreSQL {} is older than 13", version / 10_000);
        Finding::wrong(ABOUT, what, "upgrade it; versions without security updates should keep no passwords")
    })
}

/// Whether every node gets the connections that it may open.
fn connections(server: &ServerCondition, of_node: u64) -> Option<Finding> {
    let number = |name: &str| server.settings.get(name).and_then(|value| value.parse::<u64>().ok());
    let most = number("max_connections")?.saturating_sub(number("superuser_reserved_connections").unwrap_or(0));
    let most = server.connection_limit.map_or(most, |limit| limit.min(most));
    let nodes = server.nodes.unwrap_or(1).max(1);
    let wanted = nodes * (of_node + LISTENERS);
    (wanted > most).then(|| {
        Finding::wrong(
            ABOUT,
            format!("{nodes} nodes may open {wanted} connections, and the server gives them {most}"),
            "lower store.connections, raise max_connections (or the limit of the role), or put a pooler between",
        )
    })
}

/// What lies between the node and the server.
fn ways(server: &ServerCondition, poll_secs: u64) -> Vec<Finding> {
    let mut found = Vec::new();
    if server.plain_abroad {
        found.push(Finding::wrong(
            ABOUT,
            "connections to another machine are not encrypted: sealed keys, hashes and the role's password pass in the clear",
            "set ssl = on at the server and sslmode=verify-full in store.url",
        ));
    }
    if server.notices == Some(false) {
        found.push(Finding::warning(
            ABOUT,
            format!("notices do not come through, so nodes hear of each other's changes up to {poll_secs} seconds late"),
            "let store.url pass by the pooler, or use its session mode; an engine without notices is asked, see store.poll",
        ));
    }
    let no_limit = server.settings.get("statement_timeout").is_some_and(|value| value == "0");
    if server.pooled || no_limit {
        let fix = "ALTER ROLE … SET statement_timeout = '5s', lock_timeout = '5s', idle_in_transaction_session_timeout = '5s'";
        found.push(Finding::warning(ABOUT, "the server does not end statements that this node has given up", fix));
    }
    found
}

/// What the server's own cleaning does not keep up with.
fn waste(server: &ServerCondition) -> Vec<Finding> {
    let mut found = Vec::new();
    if server.settings.get("autovacuum").is_some_and(|value| value == "off") {
        found.push(Finding::wrong(
            ABOUT,
            "autovacuum is off: tables grow without end",
            "ALTER SYSTEM SET autovacuum = on, then SELECT pg_reload_conf()",
        ));
    }
    if let Some((table, live, dead)) = &server.dead_rows
        && *dead > DEAD_ROWS
        && dead > live
    {
        let fix =
            format!("VACUUM ANALYZE {table}; then ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02)");
        found.push(Finding::warning(
            ABOUT,
            format!("the table {table} has {dead} dead rows beside {live} live ones"),
            fix,
        ));
    }
    if let Some(secs) = server.oldest_transaction_secs.filter(|secs| *secs > OLD_TRANSACTION_SECS) {
        let what =
            format!("a transaction is open since {} minutes: nothing that died since is cleaned away", secs / 60);
        found.push(Finding::warning(ABOUT, what, "find it in pg_stat_activity by xact_start, and end it"));
    }
    if let Some(age) = server.unfrozen.filter(|age| *age > UNFROZEN) {
        let what = format!("{age} transactions are not frozen; at 2000 million the server stops taking writes");
        found.push(Finding::wrong(ABOUT, what, "VACUUM FREEZE in the oldest database (pg_database, datfrozenxid)"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::{Value, json};

    /// A server in good order, with these changes.
    fn with(changes: &Value) -> Vec<Finding> {
        let mut server = json!({
            "settings": {
                "autovacuum": "on", "fsync": "on", "full_page_writes": "on", "is_superuser": "off", "max_connections": "100",
                "server_encoding": "UTF8", "server_version_num": "150008", "statement_timeout": "5000",
                "superuser_reserved_connections": "3", "synchronous_commit": "on", "transaction_read_only": "off",
            },
            "notices": true, "nodes": 3, "unfrozen": 1_000,
        });
        for (name, value) in changes.as_object().unwrap() {
            if value.is_object() {
                server[name].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
            } else {
                server[name] = value.clone();
            }
        }
        let mut seen = healthy();
        seen.facts["store"] = json!({ "engine": "PostgreSQL 15.8", "schema": 6, "schema_known": 6, "server": server });
        judge(&seen)
    }

    #[test]
    fn a_server_in_good_order_is_named_and_that_is_all() {
        let findings = with(&json!({}));
        assert_eq!(findings.len(), 1);
        assert_found(&findings, Grade::Ok, "PostgreSQL 15.8");
        assert_found(&with(&json!({ "unknown": ["standbys"] })), Grade::Skipped, "does not tell of: standbys");
        assert!(judge(&healthy()).is_empty(), "an older server tells nothing");
    }

    #[test]
    fn every_setting_that_may_lose_acknowledged_writes_is_wrong() {
        for (setting, what) in [
            ("fsync", "may destroy all data"),
            ("full_page_writes", "may damage pages"),
            ("synchronous_commit", "may be lost and count again"),
            ("autovacuum", "grow without end"),
        ] {
            assert_found(&with(&json!({ "settings": { setting: "off" } })), Grade::Wrong, what);
        }
        assert_fine(&with(&json!({ "settings": { "synchronous_commit": "remote_apply" } })));
    }

    #[test]
    fn a_server_that_takes_no_writes_or_not_every_text_is_wrong() {
        assert_found(&with(&json!({ "is_standby": true })), Grade::Wrong, "is a standby");
        assert_found(&with(&json!({ "settings": { "transaction_read_only": "on" } })), Grade::Wrong, "read only");
        assert_found(
            &with(&json!({ "settings": { "server_encoding": "SQL_ASCII" } })),
            Grade::Wrong,
            "encoding is SQL_ASCII",
        );
        assert_found(
            &with(&json!({ "settings": { "server_version_num": "120022" } })),
            Grade::Wrong,
            "PostgreSQL 12 is older",
        );
    }

    #[test]
    fn too_few_rights_are_wrong_and_too_many_worth_a_word() {
        assert_found(
            &with(&json!({ "missing_rights": ["USAGE on outbox_id_seq"] })),
            Grade::Wrong,
            "lacks USAGE on outbox_id_seq",
        );
        assert_found(&with(&json!({ "settings": { "is_superuser": "on" } })), Grade::Warning, "is a superuser");
    }

    #[test]
    fn connections_must_suffice_for_all_nodes() {
        // Three nodes with sixteen each, and one that listens.
        assert_found(
            &with(&json!({ "settings": { "max_connections": "53" } })),
            Grade::Wrong,
            "may open 51 connections, and the server gives them 50",
        );
        assert_fine(&with(&json!({ "settings": { "max_connections": "54" } })));
        assert_found(&with(&json!({ "connection_limit": 20 })), Grade::Wrong, "gives them 20");
        assert_found(&with(&json!({ "nodes": 6 })), Grade::Wrong, "6 nodes may open 102");
    }

    #[test]
    fn plain_connections_and_poolers_that_keep_notices_are_told() {
        assert_found(&with(&json!({ "plain_abroad": true })), Grade::Wrong, "not encrypted");
        assert_found(&with(&json!({ "notices": false })), Grade::Warning, "notices do not come through");
        assert_found(&with(&json!({ "pooled": true })), Grade::Warning, "does not end statements");
        assert_found(
            &with(&json!({ "settings": { "statement_timeout": "0" } })),
            Grade::Warning,
            "does not end statements",
        );
    }

    #[test]
    fn what_cleaning_does_not_keep_up_with_is_told() {
        assert_found(
            &with(&json!({ "dead_rows": ["session", 1_000, 500_000] })),
            Grade::Warning,
            "session has 500000 dead rows",
        );
        assert_fine(&with(&json!({ "dead_rows": ["session", 1_000, 50_000] })));
        assert_found(&with(&json!({ "oldest_transaction_secs": 7_200 })), Grade::Warning, "since 120 minutes");
        assert_found(&with(&json!({ "unfrozen": 1_500_000_000 })), Grade::Wrong, "are not frozen");
    }

    #[test]
    fn schemas_apart_and_damaged_files_are_told() {
        let mut seen = healthy();
        seen.facts["store"] = json!({ "engine": "SQLite 3", "schema": 7, "schema_known": 6 });
        assert_found(&judge(&seen), Grade::Warning, "its schema is 7, and the running server knows 6");
        seen.facts["store"] = json!({ "engine": "SQLite 3", "schema": 5, "schema_known": 6 });
        assert_found(&judge(&seen), Grade::Warning, "its schema is 5");
        seen.facts["store"] =
            json!({ "engine": "SQLite 3", "file": { "bytes": 4096, "check": "row 3 missing from index" } });
        assert_found(&judge(&seen), Grade::Wrong, "damaged: row 3");
        seen.facts["store"] =
            json!({ "engine": "SQLite 3", "file": { "bytes": 5_u64 << 30, "free_bytes": 4_u64 << 30, "check": null } });
        assert_found(&judge(&seen), Grade::Warning, "4096 MiB of the file");
    }
}
