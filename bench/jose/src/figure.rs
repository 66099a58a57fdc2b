//! The result of a measurement and the table of them, in the form of `bench/results.json`.

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
