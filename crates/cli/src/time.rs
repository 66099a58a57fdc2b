//! Times for people: UTC by the calendar, and how far away.

use serde_json::Value;
use symbolon_jose::jwt::MAX_NUMERIC_DATE;
use symbolon_server::config::format_duration;

/// The time now, Unix seconds.
pub(crate) fn now() -> u64 {
    symbolon_server::Clock::system().now()
}

/// `1_754_370_000` is `2025-08-05 05:00:00Z`.
pub(crate) fn calendar(unix: u64) -> String {
    let (days, second) = (unix / 86_400, unix % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
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

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01. Counts in eras of 400 years that begin
/// on 1 March, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_knows_leap_years_and_centuries() {
        for (unix, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_709_164_800, "2024-02-29 00:00:00Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            assert_eq!(calendar(unix), text);
        }
    }

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
