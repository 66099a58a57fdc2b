//! The figures as a picture: bars on a logarithmic scale, each with its figure, and beneath them how they were measured.

use std::fmt::Write as _;

use super::Report;
use crate::output::visible;

const WIDTH: f64 = 960.0;
/// Where the bars begin, and how long the longest can be.
const LEFT: f64 = 340.0;
const SPAN: f64 = 400.0;
const ROW: f64 = 24.0;

/// A bar: what, its length and the end of the thin line behind it, in nanoseconds, and what is written beside it.
struct Bar<'r> {
    name: &'r str,
    solid_ns: u64,
    thin_ns: u64,
    text: String,
}

/// The picture. `method` is printed beneath the bars.
pub(crate) fn plot(report: &Report, method: &[String]) -> String {
    let requests: Vec<Bar<'_>> = report.requests.iter().map(of_request).collect();
    let revocation: Vec<Bar<'_>> = report.revocation.iter().map(of_revocation).collect();
    let mut body = String::new();
    let mut top = 44.0;
    panel(&mut body, &mut top, "To check one request: median (bar) and 99th percentile (line)", &requests);
    panel(
        &mut body,
        &mut top,
        "To revoke: from asking to the first refusal, median (bar) and worst (line)",
        &revocation,
    );
    for line in method {
        text(&mut body, 20.0, top, "note", line);
        top += 16.0;
    }
    let height = top + 8.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Cookies and tokens, measured\">\n<style>text{{font:13px system-ui,sans-serif;fill:#1c2733}}\
         .title{{font-weight:600;font-size:16px}}.head{{font-weight:600}}.note{{font-size:11px;fill:#52606d}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"20\" y=\"28\" class=\"title\">Cookies and tokens, measured</text>\n\
         {body}</svg>\n"
    )
}

fn of_request(way: &super::Checked) -> Bar<'_> {
    let cost = way.cost;
    let text = format!("{} · p99 {} · {} B", time(cost.p50_ns), time(cost.p99_ns), way.request_bytes);
    Bar { name: way.way, solid_ns: cost.p50_ns, thin_ns: cost.p99_ns, text }
}

fn of_revocation(way: &super::Ended) -> Bar<'_> {
    let text = format!("{} · worst {}", time(way.median_ns), time(way.worst_ns));
    Bar { name: &way.way, solid_ns: way.median_ns, thin_ns: way.worst_ns, text }
}

fn panel(body: &mut String, top: &mut f64, title: &str, bars: &[Bar<'_>]) {
    *top += 10.0;
    text(body, 20.0, *top, "head", title);
    let logs = bars.iter().flat_map(|bar| [log(bar.solid_ns), log(bar.thin_ns)]);
    let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), log| (low.min(log), high.max(log)));
    // From one power of ten to another, so that the scale has names.
    let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
    let x = |ns: u64| LEFT + SPAN * (log(ns) - low) / (high - low);
    let begin = *top + 12.0;
    let end = begin + ROW * f64::from(u32::try_from(bars.len()).unwrap_or(0));
    let mut power = low;
    while power <= high {
        let at = LEFT + SPAN * (power - low) / (high - low);
        add(body, &format!("<path d=\"M{at:.1} {begin:.1}V{end:.1}\" stroke=\"#d9e2ec\"/>"));
        text(body, at - 8.0, end + 14.0, "note", &power_of_ten(power));
        power += 1.0;
    }
    for (row, bar) in (0_u32..).zip(bars) {
        let y = begin + ROW * f64::from(row);
        let (solid, thin) = (x(bar.solid_ns), x(bar.thin_ns));
        text(body, 20.0, y + 16.0, "name", bar.name);
        let width = (solid - LEFT).max(2.0);
        let fill = if bar.name.starts_with("session") { "#b7791f" } else { "#2b6cb0" };
        add(
            body,
            &format!("<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" fill=\"{fill}\"/>", y + 5.0),
        );
        add(
            body,
            &format!("<path d=\"M{solid:.1} {0:.1}H{thin:.1}\" stroke=\"{fill}\" stroke-width=\"2\"/>", y + 12.0),
        );
        text(body, thin.max(solid) + 6.0, y + 16.0, "note", &bar.text);
    }
    *top = end + 34.0;
}

fn add(body: &mut String, element: &str) {
    body.push_str(element);
    body.push('\n');
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let words = visible(words).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Writing to a text does not fail.
    let _ = writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{words}</text>");
}

#[expect(clippy::cast_precision_loss, reason = "a picture has no more than three digits")]
fn log(ns: u64) -> f64 {
    (ns.max(1) as f64).log10()
}

fn power_of_ten(power: f64) -> String {
    // 10^0 to 10^19 nanoseconds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 19")]
    time(10_u64.saturating_pow(power as u32)).replace(".0 ", " ")
}

/// Nanoseconds as people read them.
pub(crate) fn time(ns: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let ns_f = ns as f64;
    match ns {
        0..1_000 => format!("{ns} ns"),
        // What three digits round up to a thousand is one of the next unit.
        1_000..999_500 => format!("{} µs", three_digits(ns_f / 1e3)),
        999_500..999_500_000 => format!("{} ms", three_digits(ns_f / 1e6)),
        _ => format!("{} s", three_digits(ns_f / 1e9)),
    }
}

fn three_digits(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        9.995..99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
    .trim_end_matches(".00")
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Checked, Cost, Ended, Plan};

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (ns, words) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (1_234, "1.23 µs"),
            (45_678, "45.7 µs"),
            (456_789, "457 µs"),
            (999_499, "999 µs"),
            (999_600, "1 ms"),
            (9_996_000, "10.0 ms"),
            (999_600_000, "1 s"),
            (2_000_000_000, "2 s"),
        ] {
            assert_eq!(time(ns), words);
        }
    }

    #[test]
    fn a_picture_holds_every_figure_and_is_well_formed() {
        let cost = Cost { cpu_ns: None, p50_ns: 1_500, p99_ns: 90_000, requests: 9 };
        let report = Report {
            machine: "a <fast> & \"new\" one".to_owned(),
            build: "release",
            plan: Plan::QUICK,
            revocations_held: 1,
            requests: vec![Checked { way: "token", cost, request_bytes: 7, lookup_bytes: 0 }],
            revocation: vec![Ended { way: "session".to_owned(), median_ns: 5, worst_ns: 5, rounds: 1 }],
        };
        let picture = plot(&report, std::slice::from_ref(&report.machine));
        for part in ["1.50 µs", "p99 90.0 µs", "7 B", "worst 5 ns", "a &lt;fast&gt; &amp;"] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
    }
}
