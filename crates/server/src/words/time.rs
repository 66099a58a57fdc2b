//! Times and lengths of time, by the plurals and the calendar of each language.

use super::{Language, words};
use crate::calendar::{civil_of, minute_of_day};

words! {
    /// Times in words.
    pub struct Time;

    /// One of them.
    a_second { En: "1 second", De: "1 Sekunde", Fr: "1 seconde", Es: "1 segundo" }
    /// Several.
    seconds(many: u64) { En: "{many} seconds", De: "{many} Sekunden", Fr: "{many} secondes", Es: "{many} segundos" }
    /// One of them.
    a_minute { En: "1 minute", De: "1 Minute", Fr: "1 minute", Es: "1 minuto" }
    /// Several.
    more_minutes(many: u64) { En: "{many} minutes", De: "{many} Minuten", Fr: "{many} minutes", Es: "{many} minutos" }
    /// One of them.
    a_day { En: "1 day", De: "1 Tag", Fr: "1 jour", Es: "1 día" }
    /// Several, as in "works for".
    more_days(many: u64) { En: "{many} days", De: "{many} Tage", Fr: "{many} jours", Es: "{many} días" }
    /// Just now.
    moments_ago { En: "less than a minute ago", De: "vor weniger als einer Minute", Fr: "il y a moins d’une minute", Es: "hace menos de un minuto" }
    /// A little before.
    a_minute_ago { En: "a minute ago", De: "vor einer Minute", Fr: "il y a une minute", Es: "hace un minuto" }
    /// Before.
    minutes_ago(many: u64) { En: "{many} minutes ago", De: "vor {many} Minuten", Fr: "il y a {many} minutes", Es: "hace {many} minutos" }
    /// On the next day, at a time.
    tomorrow(time: &str) { En: "{time} tomorrow", De: "morgen, {time}", Fr: "demain, {time}", Es: "mañana, {time}" }
    /// A day of the calendar.
    date(year: u64, month: &str, day: u64) { En: "{day} {month} {year}", De: "{day}. {month} {year}", Fr: "{day} {month} {year}", Es: "{day} de {month} de {year}" }
}

/// The months' names.
const MONTHS: [[&str; 12]; 4] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
];

impl Time {
    /// A waiting time: rounded up, so that nobody is sent away twice.
    pub fn wait(self, secs: u64) -> String {
        match secs {
            0 | 1 => self.a_second().to_owned(),
            2..=90 => self.seconds(secs),
            _ => self.minutes(secs.div_ceil(60)),
        }
    }

    /// A number of minutes.
    pub fn minutes(self, many: u64) -> String {
        if many == 1 { self.a_minute().to_owned() } else { self.more_minutes(many) }
    }

    /// A number of days.
    pub fn days(self, many: u64) -> String {
        if many == 1 { self.a_day().to_owned() } else { self.more_days(many) }
    }

    /// How long ago something was.
    pub fn ago(self, secs: u64) -> String {
        match secs {
            0..60 => self.moments_ago().to_owned(),
            60..120 => self.a_minute_ago().to_owned(),
            _ => self.minutes_ago(secs / 60),
        }
    }

    /// The day of a moment, in UTC.
    pub fn day(self, unix: u64) -> String {
        let (year, month, day) = civil_of(unix);
        let months = match self.0 {
            Language::En => MONTHS[0],
            Language::De => MONTHS[1],
            Language::Fr => MONTHS[2],
            Language::Es => MONTHS[3],
        };
        let name = usize::try_from(month).ok().and_then(|month| months.get(month.checked_sub(1)?)).copied();
        match (self.0, day) {
            (Language::Fr, 1) => format!("1er {} {year}", name.unwrap_or_default()),
            _ => self.date(year, name.unwrap_or_default(), day),
        }
    }

    /// The day and the minute of a moment, in UTC.
    pub fn moment(self, unix: u64) -> String {
        let (hour, minute) = minute_of_day(unix);
        format!("{}, {hour:02}:{minute:02} UTC", self.day(unix))
    }

    /// The time of day of a moment that is soon, by a clock that shows `now`: the whole minute after it, so that what is said is true.
    pub fn clock(self, unix: u64, now: u64) -> String {
        const DAY: u64 = 86_400;
        let minute = unix.div_ceil(60) * 60;
        let (hour, minute_of_hour) = minute_of_day(minute);
        let time = format!("{hour:02}:{minute_of_hour:02} UTC");
        if minute / DAY > now / DAY { self.tomorrow(&time) } else { time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many_and_waits_are_rounded_up() {
        for (secs, expected) in [
            (0, ["1 second", "1 Sekunde", "1 seconde", "1 segundo"]),
            (30, ["30 seconds", "30 Sekunden", "30 secondes", "30 segundos"]),
            (91, ["2 minutes", "2 Minuten", "2 minutes", "2 minutos"]),
        ] {
            assert_eq!(Language::ALL.map(|language| Time::of(language).wait(secs)), expected);
        }
        assert_eq!(Time::of(Language::De).minutes(1), "1 Minute");
        assert_eq!([1, 7].map(|many| Time::of(Language::Es).days(many)), ["1 día", "7 días"]);
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let day = |unix| Language::ALL.map(|language| Time::of(language).day(unix));
        assert_eq!(
            day(1_709_164_800),
            ["29 February 2024", "29. Februar 2024", "29 février 2024", "29 de febrero de 2024"]
        );
        assert_eq!(Time::of(Language::Fr).moment(1_735_689_600 + 754), "1er janvier 2025, 00:12 UTC");
        assert_eq!(day(1_735_689_600), ["1 January 2025", "1. Januar 2025", "1er janvier 2025", "1 de enero de 2025"]);
    }

    #[test]
    fn a_time_of_day_is_no_earlier_than_what_it_tells() {
        let at = |unix, now| Time::of(Language::De).clock(unix, now);
        assert_eq!(at(5 * 3600 + 1, 5 * 3600), "05:01 UTC");
        assert_eq!(at(86_400 + 60, 86_399), "morgen, 00:01 UTC");
        assert_eq!(at(86_399, 86_000), "morgen, 00:00 UTC");
    }

    #[test]
    fn what_was_is_told_in_whole_minutes() {
        assert_eq!(
            [59, 60, 190].map(|secs| Time::of(Language::Fr).ago(secs)),
            ["il y a moins d’une minute", "il y a une minute", "il y a 3 minutes"]
        );
    }
}
