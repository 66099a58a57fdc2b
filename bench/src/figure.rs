//! The result of a measurement and the table of them.

use std::fmt::Write as _;

use serde::Serialize;

/// One figure and the limit it is held against.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// `group.what`, stable over time.
    name: String,
    value: f64,
    unit: String,
    /// `null`: only reported.
    budget: Option<f64>,
    ok: bool,
    #[serde(skip)]
    side: &'static str,
}

impl Figure {
    /// A figure without a limit, to be read beside others.
    pub(crate) fn reported(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Self { name: name.into(), value: rounded(value), unit: unit.into(), budget: None, ok: true, side: "" }
    }

    /// A figure that must not exceed `budget`.
    pub(crate) fn at_most(name: impl Into<String>, value: f64, unit: impl Into<String>, budget: f64) -> Self {
        let (value, budget) = (rounded(value), rounded(budget));
        Self { name: name.into(), value, unit: unit.into(), budget: Some(budget), ok: value <= budget, side: "≤ " }
    }

    /// A figure that must not fall below `budget`.
    pub(crate) fn at_least(name: impl Into<String>, value: f64, unit: impl Into<String>, budget: f64) -> Self {
        let (value, budget) = (rounded(value), rounded(budget));
        Self { name: name.into(), value, unit: unit.into(), budget: Some(budget), ok: value >= budget, side: "≥ " }
    }
}

/// Four digits that mean something.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

/// A Markdown table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| figure | value | budget | |\n| --- | ---: | ---: | --- |\n");
    for figure in figures {
        let budget = figure.budget.map_or(String::new(), |budget| format!("{}{budget}", figure.side));
        let mark = match (figure.ok, figure.budget) {
            (false, _) => "**over**",
            (true, Some(_)) => "ok",
            (true, None) => "",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {} {} | {budget} | {mark} |", figure.name, figure.value, figure.unit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Figure, rounded, table};

    #[test]
    fn rounds_to_four_digits() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(rounded(16.517_42), 16.52));
        assert!(close(rounded(0.012_345_6), 0.012_35));
        assert!(close(rounded(123_456.0), 123_500.0));
        assert!(close(rounded(0.0), 0.0));
    }

    #[test]
    fn a_figure_on_the_wrong_side_is_marked() {
        let over = Figure::at_most("core.a", 2.0, "µs", 1.0);
        let under = Figure::at_least("core.b", 0.7, "×", 0.8);
        let fine = Figure::at_least("core.c", 0.9, "×", 0.8);
        let text = table(&[over, under, fine]);
        assert!(text.contains("| core.a | 2 µs | ≤ 1 | **over** |"));
        assert!(text.contains("| core.b | 0.7 × | ≥ 0.8 | **over** |"));
        assert!(text.contains("| core.c | 0.9 × | ≥ 0.8 | ok |"));
    }
}
