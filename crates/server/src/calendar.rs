//! Times by the calendar, in UTC.

/// `1_754_370_000` is `2025-08-05 05:00:00Z`.
pub fn calendar(unix: u64) -> String {
    let (days, second) = (unix / 86_400, unix % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// Year, month and day of a moment.
pub fn civil_of(unix: u64) -> (u64, u64, u64) {
    civil(unix / 86_400)
}

/// Hour and minute of a moment.
pub fn minute_of_day(unix: u64) -> (u64, u64) {
    let second = unix % 86_400;
    (second / 3_600, second / 60 % 60)
}

/// The same for a file's name: `20250805T050000Z`. Later ones sort behind earlier ones.
pub fn compact(unix: u64) -> String {
    calendar(unix).replace(['-', ':'], "").replace(' ', "T")
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
        assert_eq!(compact(951_782_399), "20000228T235959Z");
    }
}
