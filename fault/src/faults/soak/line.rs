//! A straight line through what was measured.

use std::time::Duration;

/// By how many bytes the line fitted by least squares rises in `span`; 0 where there is no line.
pub(super) fn rise(looks: &[(Duration, u64)], span: Duration) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
    let points: Vec<(f64, f64)> = looks.iter().map(|(time, bytes)| (time.as_secs_f64(), *bytes as f64)).collect();
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (time, bytes) = (mean(|it| it.0), mean(|it| it.1));
    let along: f64 = points.iter().map(|it| (it.0 - time).powi(2)).sum();
    let across: f64 = points.iter().map(|it| (it.0 - time) * (it.1 - bytes)).sum();
    if along > 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "parts of a byte do not matter")]
        let rise = (across / along * span.as_secs_f64()) as i64;
        return rise;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rise_is_found_and_noise_is_none() {
        let ten_minutes = Duration::from_mins(10);
        let looks = |bytes: fn(u64) -> u64| -> Vec<(Duration, u64)> {
            (0..600).map(|second| (Duration::from_secs(second), bytes(second))).collect()
        };
        assert_eq!(rise(&looks(|second| 50_000_000 + second * 100), ten_minutes), 60_000);
        assert_eq!(rise(&looks(|second| 50_000_000 - second * 100), ten_minutes), -60_000);
        let noise = rise(&looks(|second| 50_000_000 + second % 2 * 1_000_000), ten_minutes);
        assert!(noise.abs() < 10_000, "{noise}");
    }

    #[test]
    fn one_look_is_no_line() {
        assert_eq!(rise(&[(Duration::from_secs(1), 5)], Duration::from_mins(10)), 0);
        assert_eq!(rise(&[], Duration::from_mins(10)), 0);
    }
}
