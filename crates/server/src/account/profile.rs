//! What may stand in a profile (OpenID Connect Core §5.1), whoever writes it: people themselves, an operator, an import.
//!
//! Refuses dates of birth that nobody who lives can have, time zones that there are not, and names that turn or hide themselves.

use symbolon_oauth::plain_text::is_seen;

use crate::calendar::civil_of;

/// Nobody who lives was born before this year.
pub const EARLIEST_YEAR: u32 = 1900;
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Longest address of a page or a picture, in characters: some carry a signature.
pub const MAX_ADDRESS_CHARS: usize = 2_000;
/// Somewhere it is tomorrow already: so far ahead of UTC are the Line Islands, in seconds.
const FURTHEST_AHEAD_SECS: u64 = 14 * 3_600;
/// The names of the IANA database, one a line.
const ZONES: &str = include_str!("zones.txt");

/// Whether a name, or what else stands on one line, is read as it is written. Empty text is no name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    is_line(text, MAX_NAME_CHARS)
}

/// The same of a text of at most `longest` characters.
#[must_use]
pub fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && is_seen(text)
}

/// Whether it is a date of birth as of `now`: `YYYY-MM-DD`, with the year 0000 for one that is not told, or `YYYY`.
///
/// ```
/// use symbolon_server::account::profile::is_birthdate;
/// let now = 1_790_000_000; // 2026-09-21
/// assert!(["1915-12-10", "0000-02-29", "1990"].iter().all(|date| is_birthdate(date, now)));
/// assert!(!["2999-01-01", "1815-12-10", "1990-02-30"].iter().any(|date| is_birthdate(date, now)));
/// ```
#[must_use]
pub fn is_birthdate(text: &str, now: u64) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let (year, day) = match parts.as_slice() {
        [year] => (number(year, 4), Some(None)),
        [year, month, day] => (number(year, 4), number(month, 2).zip(number(day, 2)).map(Some)),
        _ => return false,
    };
    let (Some(year), Some(day)) = (year, day) else { return false };
    let (this_year, this_month, this_day) = latest(now);
    match day {
        None => (EARLIEST_YEAR..=this_year).contains(&year),
        // In a leap year, whichever that was.
        Some((month, day)) if year == 0 => is_day(2000, month, day),
        Some((month, day)) => {
            is_day(year, month, day) && year >= EARLIEST_YEAR && (year, month, day) <= (this_year, this_month, this_day)
        }
    }
}

/// The last day that is today somewhere, as a form has it.
#[must_use]
pub fn latest_birthdate(now: u64) -> String {
    let (year, month, day) = latest(now);
    format!("{year:04}-{month:02}-{day:02}")
}

fn latest(now: u64) -> (u32, u32, u32) {
    let (year, month, day) = civil_of(now.saturating_add(FURTHEST_AHEAD_SECS));
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    (small(year), small(month), small(day))
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// The time zone that somebody means, as the IANA database writes it: by its name, whichever case and with spaces between words, or by its city
/// alone where there is one such.
///
/// ```
/// use symbolon_server::account::profile::zone;
/// assert_eq!(zone("europe/vienna"), Some("Europe/Vienna"));
/// assert_eq!(zone("New York"), Some("America/New_York"));
/// assert_eq!(zone("Mars/Olympus"), None);
/// ```
#[must_use]
pub fn zone(text: &str) -> Option<&'static str> {
    let wanted = text.trim().replace(' ', "_");
    let names = || ZONES.lines().filter(|line| !line.starts_with('#'));
    if let Some(name) = names().find(|name| name.eq_ignore_ascii_case(&wanted)) {
        return Some(name);
    }
    let mut cities =
        names().filter(|name| name.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(&wanted)));
    cities.next().filter(|_| cities.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-21 14:13 UTC.
    const NOW: u64 = 1_790_000_000;

    #[test]
    fn core_section_5_1_a_date_of_birth_is_a_day_of_the_last_century_or_this_one() {
        for date in ["1900-01-01", "1915-12-10", "0000-02-29", "2000-02-29", "2026-09-21", "1900", "2026", "0000-12-31"]
        {
            assert!(is_birthdate(date, NOW), "{date}");
        }
        for date in [
            "",
            "-",
            "1990-",
            "2999-01-01",
            "2027",
            "1899",
            "1899-12-31",
            "1815-12-10",
            "0000",
            "2026-09-23",
            "1990-13-01",
            "1990-00-01",
            "1990-01-00",
            "1900-02-29",
            "1990-02-30",
            "0000-02-30",
            "1990-2-1",
            "+990-12-10",
            "1990-12-10-1",
            "1990-12",
            "90-12-10",
            "٢٠٠٠-01-01",
            "1990-12-10T00:00",
            "10.12.1990",
        ] {
            assert!(!is_birthdate(date, NOW), "{date}");
        }
    }

    #[test]
    fn a_child_that_is_born_where_it_is_tomorrow_has_a_birthday() {
        assert_eq!(latest_birthdate(NOW), "2026-09-22");
        assert!(is_birthdate("2026-09-22", NOW) && !is_birthdate("2026-09-22", NOW - 86_400));
    }

    #[test]
    fn a_zone_is_one_of_the_iana_database() {
        for (typed, name) in [
            ("Europe/Vienna", "Europe/Vienna"),
            (" europe/vienna ", "Europe/Vienna"),
            ("America/Argentina/Buenos Aires", "America/Argentina/Buenos_Aires"),
            ("vienna", "Europe/Vienna"),
            ("UTC", "UTC"),
            ("Etc/GMT+5", "Etc/GMT+5"),
            ("Asia/Calcutta", "Asia/Calcutta"),
        ] {
            assert_eq!(zone(typed), Some(name), "{typed}");
        }
        // There are two of the last.
        for typed in
            ["", "/", "Mars/Olympus", "../../etc/passwd", "Europe/", "Europe", "5", "Europe/Vienna;x", "#", "Nicosia"]
        {
            assert_eq!(zone(typed), None, "{typed}");
        }
    }

    #[test]
    fn every_zone_has_the_form_of_a_name_and_stands_there_once() {
        let names: Vec<&str> = ZONES.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(names.len() > 500 && names.is_sorted() && names.windows(2).all(|two| two[0] != two[1]));
        let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
        assert!(names.iter().all(is_plain));
    }

    #[test]
    fn a_name_that_turns_or_hides_its_letters() {
        for name in [
            "Ada Lovelace",
            "علی\u{200c}رضا",
            "ශ්\u{200d}රීමා",
            "अक्\u{200d}षय",
            "王小明",
            "O’Brien-Smith",
            "Ada 👩\u{200d}🔬",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["", " ", "Ada\u{202e}nimda", "Ad\u{200b}a", "Ad\u{200d}a", "Ada\n", "\u{2066}Ada\u{2069}", "\u{3164}"]
        {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name(&"é".repeat(200)) && !is_name(&"é".repeat(201)));
    }
}
