//! Values as people write them: lengths of time (`"15m"`, `"1h30m"`) and amounts of memory (`"1MiB"`). A bare number has no unit
//! and is refused, because nobody can tell seconds from milliseconds by looking at it.

/// A length of time in seconds: whole numbers with `s`, `m`, `h`, `d` or `w`, largest first.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let mut total: u64 = 0;
    let mut last_unit = u64::MAX;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("is empty; write a length of time such as \"15m\"".into());
    }
    while !rest.is_empty() {
        let (number, unit, tail) = number_and_unit(rest)?;
        let secs = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            "" => {
                return Err(format!(
                    "`{text}` has no unit; write \"{text}s\", \"{text}m\", \"{text}h\" or \"{text}d\""
                ));
            }
            other => return Err(format!("`{other}` is no unit of time; use s, m, h, d or w")),
        };
        if secs >= last_unit {
            return Err(format!("`{text}` is out of order; write the larger unit first, as in \"1h30m\""));
        }
        last_unit = secs;
        let part = number.checked_mul(secs).ok_or_else(|| format!("`{text}` is too long"))?;
        total = total.checked_add(part).ok_or_else(|| format!("`{text}` is too long"))?;
        rest = tail;
    }
    Ok(total)
}

/// An amount of memory in bytes: a whole number with `B`, `KiB`, `MiB` or `GiB`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit, tail) = number_and_unit(text.trim())?;
    if !tail.is_empty() {
        return Err(format!("`{text}` is not one number with one unit"));
    }
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "" => {
            return Err(format!("`{text}` has no unit; write \"{text}KiB\" or \"{text}MiB\""));
        }
        other => {
            return Err(format!("`{other}` is no unit of size; use B, KiB, MiB or GiB"));
        }
    };
    number.checked_mul(1 << shift).ok_or_else(|| format!("`{text}` is too large"))
}

/// Writes a length of time the way it is read: `5400` is `1h30m`.
pub fn format_duration(mut secs: u64) -> String {
    if secs == 0 {
        return "0s".into();
    }
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let parts = units.into_iter().map(|(unit, length)| {
        let number = secs / length;
        secs %= length;
        if number == 0 { String::new() } else { format!("{number}{unit}") }
    });
    parts.collect()
}

/// Writes an amount of memory the way it is read: `65536` is `64KiB`.
pub fn format_size(bytes: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes > 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

/// `"15m30s"` is `(15, "m", "30s")`.
fn number_and_unit(text: &str) -> Result<(u64, &str, &str), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let number = number.parse().map_err(|_| format!("`{text}` does not start with a whole number"))?;
    let letters = rest.bytes().take_while(|byte| !byte.is_ascii_digit()).count();
    let (unit, tail) = rest.split_at(letters);
    Ok((number, unit.trim(), tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_and_written_alike() {
        for (text, secs) in
            [("30s", 30), ("15m", 900), ("12h", 43_200), ("14d", 1_209_600), ("1h30m", 5_400), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(secs), "{text}");
            assert_eq!(format_duration(secs), text);
        }
        assert_eq!(parse_duration("2w"), Ok(1_209_600));
        for (text, bytes) in [("1MiB", 1 << 20), ("19MiB", 19 << 20), ("64KiB", 64 << 10), ("100B", 100), ("0B", 0)] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(format_size(bytes), text);
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in
            ["", "15", "m", "15min", "-5m", "1.5h", "30m1h", "1h1h", "15 m x", "99999999999999999999s", "1e3s", "15µ"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        for text in ["", "1", "MiB", "1MB", "1mib", "1MiB1KiB", "-1MiB", "99999999999GiB", "1.5MiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_without_unit_is_answered_with_the_fix() {
        assert!(parse_duration("15").unwrap_err().contains("\"15m\""));
        assert!(parse_size("64").unwrap_err().contains("\"64KiB\""));
    }
}
