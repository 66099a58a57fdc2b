//! Times for people: UTC by the calendar, and how far away.

use serde_json::Value;
use symbolon_jose::jwt::MAX_NUMERIC_DATE;
pub(crate) use symbolon_server::calendar::calendar;
use symbolon_server::config::format_duration;

/// The time now, Unix seconds.
pub(crate) fn now() -> u64 {
    symbolon_server::Clock::system().now()
}

/// A member that holds a time; nothing for null.
pub(crate) fn member(value: &Value) -> String {
    value.as_u64().map(calendar).unwrap_or_default()
}

/// A time as a token has it (RFC 7519 §2, NumericDate): seconds up to the year 9999, a fraction is dropped. Nothing for what is none.
pub(crate) fn numeric_date(value: &Value) -> Option<u64> {
    if let Some(unix) = value.as_u64() {
        return Some(unix).filter(|unix| *unix <= MAX_NUMERIC_DATE);
    }
    #[expect(clippy::cast_precision_loss, reason = "the year 9999 in seconds is far below the precision")]
    let number = value.as_f64().filter(|number| (0.0..=MAX_NUMERIC_DATE as f64).contains(number))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and the year 9999")]
    Some(number as u64)
}

/// `in 5m` or `3h ago`.
pub(crate) fn distance(unix: u64, now: u64) -> String {
    let rounded = |secs: u64| match secs {
        0..120 => secs,
        120..7_200 => secs / 60 * 60,
        7_200..172_800 => secs / 3_600 * 3_600,
        _ => secs / 86_400 * 86_400,
    };
    if unix >= now {
        format!("in {}", format_duration(rounded(unix - now)))
    } else {
        format!("{} ago", format_duration(rounded(now - unix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_dates_are_numbers_between_1970_and_9999() {
        use serde_json::json;
        for (value, unix) in [
            (json!(0), Some(0)),
            (json!(60.9), Some(60)),
            (json!(253_402_300_799_u64), Some(253_402_300_799)),
            (json!(253_402_300_800_u64), None),
            (json!(1e300), None),
            (json!(-1), None),
            (json!(-0.5), None),
            (json!("60"), None),
            (json!(null), None),
        ] {
            assert_eq!(numeric_date(&value), unix, "{value}");
        }
    }

    #[test]
    fn distances_are_rounded_to_what_matters() {
        assert_eq!(distance(1_090, 1_000), "in 1m30s");
        assert_eq!(distance(1_000, 1_605), "10m ago");
        assert_eq!(distance(0, 90_000), "1d1h ago");
        assert_eq!(distance(5, 5), "in 0s");
    }
}
