//! Times as exports have them: RFC 3339 in UTC, milliseconds as number or text, and MongoDB's `{"$date": …}`.

use serde_json::Value;

const MS: u64 = 1000;

/// Unix seconds; nothing for what is no time after 1970.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().map(|ms| ms / MS),
        Value::Object(members) => {
            let inner = members.get("$date")?;
            seconds(inner.get("$numberLong").unwrap_or(inner))
        }
        Value::String(text) => text.parse::<u64>().map(|ms| ms / MS).ok().or_else(|| rfc3339(text)),
        _ => None,
    }
}

/// `2016-01-31T08:15:00Z`, with or without a fraction.
fn rfc3339(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let mark = |at: usize, mark: u8| text.as_bytes().get(at) == Some(&mark);
    let end = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?.get(19..)?;
    let fraction = end.is_empty() || end.strip_prefix('.').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if !(fraction && mark(4, b'-') && mark(7, b'-') && mark(10, b'T') && mark(13, b':') && mark(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let plausible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !plausible {
        return None;
    }
    // Days since 1970, by years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_as_exports_write_them() {
        for (value, unix) in [
            (json!("1970-01-01T00:00:00Z"), Some(0)),
            (json!("2016-02-29T23:59:59.123Z"), Some(1_456_790_399)),
            (json!("2026-11-29T16:14:20.5+00:00"), Some(1_795_968_860)),
            (json!({ "$date": "2000-03-01T00:00:00.000Z" }), Some(951_868_800)),
            (json!({ "$date": { "$numberLong": "951868800000" } }), Some(951_868_800)),
            (json!(1_611_230_523_301_u64), Some(1_611_230_523)),
            (json!("1611230523301"), Some(1_611_230_523)),
            (json!("1969-12-31T23:59:59Z"), None),
            (json!("2016-13-01T00:00:00Z"), None),
            (json!("2016-01-01 00:00:00Z"), None),
            (json!("2016-01-01T00:00:00"), None),
            (json!("20\u{e9}6-01-01T00:00:00Z"), None),
            (json!(null), None),
            (json!(-5), None),
        ] {
            assert_eq!(seconds(&value), unix, "{value}");
        }
    }
}
