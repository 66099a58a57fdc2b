//! One operation, all libraries: the row of the table, and the figures that are held against budgets.

use serde::{Deserialize, Serialize};

use crate::measure::Cost;

/// One figure and the limit it is held against, as in `bench/results.json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: String,
    budget: Option<f64>,
    ok: bool,
}

impl Figure {
    pub(crate) fn reported(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self { name: name.into(), value: rounded(value), unit: unit.into(), budget: None, ok: true }
    }

    pub(crate) fn at_most(name: impl Into<String>, value: f64, unit: &str, budget: f64) -> Self {
        let (value, budget) = (rounded(value), rounded(budget));
        Self { name: name.into(), value, unit: unit.into(), budget: Some(budget), ok: value <= budget }
    }

    pub(crate) fn at_least(name: impl Into<String>, value: f64, unit: &str, budget: f64) -> Self {
        let (value, budget) = (rounded(value), rounded(budget));
        Self { name: name.into(), value, unit: unit.into(), budget: Some(budget), ok: value >= budget }
    }

    pub(crate) fn line(&self) -> String {
        let budget = self.budget.map_or(String::new(), |budget| format!(" (budget {budget})"));
        let mark = if self.ok { "" } else { " OVER" };
        format!("{}: {} {}{budget}{mark}", self.name, self.value, self.unit)
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

/// Times that differ by less are equal here: what repeated runs of the same thing differ by.
const NOISE: f64 = 1.03;

/// Around the primitive: what signing and verifying may add, and what encrypting and decrypting may, in nanoseconds.
const SIGNED_OVERHEAD: f64 = 1_000.0;
const ENCRYPTED_OVERHEAD: f64 = 1_500.0;
/// All of a verification with HS256, where the JSON costs more than the primitive.
const HS256_VERIFY: f64 = 1_400.0;
/// Allocations of a verification into claims that borrow.
const MAX_ALLOCATIONS: f64 = 2.0;

/// One operation.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    name: String,
    costs: Vec<Cost>,
}

impl Row {
    pub(crate) fn new(name: String, costs: Vec<Cost>) -> Self {
        Self { name, costs }
    }

    /// Takes over what another program measured beside the same yardstick, scaled by how that yardstick did there and here.
    pub(crate) fn take_over(&mut self, others: &[Self]) {
        let Some(other) = others.iter().find(|other| other.name == self.name) else { return };
        let scale = self.raw() / other.raw();
        for cost in &other.costs {
            if self.cost(&cost.name).is_none() {
                self.costs.push(Cost { nanoseconds: cost.nanoseconds * scale, ..cost.clone() });
            }
        }
    }

    fn cost(&self, name: &str) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.name == name)
    }

    fn raw(&self) -> f64 {
        self.cost("raw").map_or(f64::NAN, |cost| cost.nanoseconds)
    }

    /// The fastest of the others, and its name.
    fn best_peer(&self) -> Option<&Cost> {
        let peers = self.costs.iter().filter(|cost| cost.name != "raw" && !cost.name.starts_with("symbolon"));
        peers.min_by(|a, b| a.nanoseconds.total_cmp(&b.nanoseconds))
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let sides = self.costs.iter().map(|cost| {
            let ratio = cost.nanoseconds / self.raw();
            format!("{} {:.0} ns ({ratio:.2} x, {} allocs)", cost.name, cost.nanoseconds, cost.allocations)
        });
        format!("{}: {}", self.name, sides.collect::<Vec<_>>().join("; "))
    }

    /// A line of the Markdown table: what each library takes, beside raw.
    pub(crate) fn table_line(&self) -> String {
        let cell = |name: &str| {
            self.cost(name).map_or_else(
                || "–".to_owned(),
                |cost| {
                    format!("{:.0} ({:.2} ×, {})", cost.nanoseconds, cost.nanoseconds / self.raw(), cost.allocations)
                },
            )
        };
        let cells = COLUMNS.iter().map(|name| cell(name));
        let borrowed = self.cost("symbolon-jose, borrowed").map_or(String::new(), |cost| {
            format!(
                "; borrowed {:.0} ({}, {})",
                cost.nanoseconds,
                format_args!("{:.2} ×", cost.nanoseconds / self.raw()),
                cost.allocations
            )
        });
        let mut cells: Vec<String> = cells.collect();
        cells[1].push_str(&borrowed);
        format!("| {} | {} |", self.name, cells.join(" | "))
    }

    /// The figures for the results' file.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let Some(ours) = self.cost("symbolon-jose") else { return Vec::new() };
        let key = self.name.replace(' ', ".");
        let (raw, micro) = (self.raw(), |nanoseconds: f64| nanoseconds / 1_000.0);
        let small = self.name.ends_with("small");
        let encrypted = self.name.starts_with("encrypt") || self.name.starts_with("decrypt");
        let budget = match (small, encrypted) {
            _ if self.name == "verify HS256 small" => Some(HS256_VERIFY),
            (true, true) => Some(raw + ENCRYPTED_OVERHEAD),
            (true, false) => Some(raw + SIGNED_OVERHEAD),
            (false, _) => None,
        };
        let mut figures = vec![Figure::reported(format!("jose.{key}.raw"), micro(raw), "µs")];
        let ours_name = format!("jose.{key}");
        figures.push(match budget {
            Some(budget) => Figure::at_most(ours_name, micro(ours.nanoseconds), "µs", micro(budget)),
            None => Figure::reported(ours_name, micro(ours.nanoseconds), "µs"),
        });
        if let Some(best) = self.best_peer() {
            let name = format!("jose.{key}.to_best_peer");
            figures.push(Figure::at_most(
                name,
                ours.nanoseconds / best.nanoseconds,
                &format!("× {}", best.name),
                NOISE,
            ));
        }
        if let Some(borrowed) = self.cost("symbolon-jose, borrowed") {
            let name = format!("jose.{key}.borrowed.allocations");
            figures.push(Figure::at_most(name, borrowed.allocations as f64, "allocations", MAX_ALLOCATIONS));
        }
        figures
    }
}

/// The libraries in the order of the table.
const COLUMNS: [&str; 5] = ["raw", "symbolon-jose", "jsonwebtoken", "jwt-simple", "josekit"];

/// A Markdown table of all rows.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!("| operation | {} |\n| --- | ---: | ---: | ---: | ---: | ---: |\n", COLUMNS.join(" | "));
    for row in rows {
        text.push_str(&row.table_line());
        text.push('\n');
    }
    text
}
