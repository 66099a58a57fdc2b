//! Rows for every table, made from a seed: the awkward values as well, and as many as a test wants.

use super::{Column, Kind, Row, Table, Value, tables};

/// `count` rows for every table that is not filled from the beginning. Keys and references fit together; the rest is of the seed.
pub(crate) fn rows(count: i64, seed: u64) -> Vec<(Table, Vec<Row>)> {
    let filled = |table: Table| {
        let count = if table.is_seeded() { 1 } else { count };
        let rows = (1..=count).map(|number| row(&table, number, seed)).collect();
        (table, rows)
    };
    tables().into_iter().map(filled).collect()
}

fn row(table: &Table, number: i64, seed: u64) -> Row {
    let value = |column: &Column| {
        let mixed = mix(seed
            ^ mix(number.unsigned_abs())
            ^ mix(column.name.len() as u64 + u64::from(column.name.as_bytes()[0])));
        fixed(table, &column.name, number, mixed).unwrap_or_else(|| any(column.kind, number, mixed))
    };
    table.columns.iter().map(value).collect()
}

/// What a rule of the schema or a reference asks for.
fn fixed(table: &Table, column: &str, number: i64, mixed: u64) -> Option<Value> {
    let text = |text: String| Some(Value::Text(text));
    let one_of = |words: &[&str]| text(pick(words, mixed).to_owned());
    match (&*table.name, column) {
        ("registry" | "revocation_head" | "audit_retention", "one") => Some(Value::Integer(1)),
        // Beyond every entry.
        ("revocation_head", "seq") => Some(Value::Integer(1_000_000)),
        ("meta", "key") => text("issuer".to_owned()),
        (_, "user_id") if table.name != "artefact" => text(name("account", number)),
        ("refresh_token" | "access_token", "family") | ("family", "id") => text(name("family", number)),
        ("status", "list") | ("status_list", "id") => text(name("status_list", number)),
        ("account", "status") => one_of(&["active", "blocked"]),
        ("event_stream", "status") => one_of(&["enabled", "paused", "disabled"]),
        ("event_stream", "transmission") => one_of(&["push", "poll"]),
        ("refresh_token", "state") => one_of(&["current", "superseded", "dead"]),
        ("revocation", "kind") => one_of(&["jti", "sid", "user_handle", "client", "api", "key", "all"]),
        ("outbox", "state") => one_of(&["waiting", "delivered", "given_up"]),
        ("outbox", "payload") => text(format!("{{\"n\":{number}}}")),
        ("account", "id") => text(name("account", number)),
        (_, "seq" | "place") | ("outbox", "id") => Some(Value::Integer(number)),
        ("session", "sid") | ("revocation", "id") => text(name("unique", number)),
        _ if table.key.iter().any(|key| key == column) => None,
        // NULL where the schema allows it.
        (
            _,
            "username" | "email" | "password_hash" | "user_agent" | "address" | "ended_at" | "ended_why"
            | "superseded_at" | "successor" | "sealed_successor" | "actor" | "request_id" | "last_error" | "settled_at"
            | "reason" | "verified_at" | "redeemed_at" | "handle" | "session_hash",
        ) if mixed.is_multiple_of(3) => Some(Value::Null),
        ("outbox", "number") => Some(Value::Integer(number)),
        _ => None,
    }
}

fn any(kind: Kind, number: i64, mixed: u64) -> Value {
    match kind {
        Kind::Blob => Value::Blob([number.to_be_bytes(), mixed.to_be_bytes()].concat()),
        Kind::Boolean => Value::Boolean(mixed.is_multiple_of(2)),
        Kind::Integer => Value::Integer(match mixed % 8 {
            0 => i64::MAX,
            1 => 0,
            _ => i64::try_from(mixed % 1_800_000_000).unwrap_or(0),
        }),
        Kind::Text => Value::Text(name(pick(&["Zoë", "ada", "Ada", "日本", "a'b\"c", "{}", "😀"], mixed), number)),
    }
}

fn pick<'w>(words: &[&'w str], mixed: u64) -> &'w str {
    words[usize::try_from(mixed % words.len() as u64).unwrap()]
}

fn name(stem: &str, number: i64) -> String {
    format!("{stem}-{number}")
}

/// SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
