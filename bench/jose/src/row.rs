//! One operation, all sides: the row of the table, and the figures that are held against budgets.

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::Size;
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::side::Side;
use symbolon_bench_jose_common::{alloc, claims};
use symbolon_jose::Algorithm;

use crate::figure::Figure;
use crate::measure::{Cost, Slices, in_turns};
use crate::peer::{self, RAW, boringssl, ours};

/// Times that differ by less are equal here: what repeated runs of the same thing differ by.
const NOISE: f64 = 1.03;

/// Around the primitive: what signing and verifying may add, and what encrypting and decrypting may, in nanoseconds.
const SIGNED_OVERHEAD: f64 = 1_000.0;
const ENCRYPTED_OVERHEAD: f64 = 1_500.0;
/// All of a verification with HS256, where the JSON costs more than the primitive.
const HS256_VERIFY: f64 = 1_400.0;
/// Allocations of a verification beside those that the caller's own type makes.
const MAX_ALLOCATIONS: f64 = 2.0;

/// The sides in the order of the table.
const COLUMNS: [&str; 8] =
    [RAW, ours::NAME, ours::BORROWED, "jsonwebtoken", "jwt-simple", "josekit", "biscuit", "compact_jwt"];

/// One operation.
pub(crate) struct Row {
    name: String,
    operation: Operation,
    size: Size,
    /// It takes a time by chance.
    by_chance: bool,
    /// Allocations of reading the claims with plain serde_json: what a type that owns its strings costs whoever reads into it.
    owned: f64,
    costs: Vec<Cost>,
}

/// Measures a row. All sides have to be right before they may be quick.
pub(crate) fn measured(job: &Job, boringssl: &mut boringssl::Process) -> Result<Row, Failure> {
    let sides = peer::sides(job, boringssl)?;
    // FIPS 204, algorithm 7: tries until a signature fits.
    let by_chance = matches!(
        (job.operation, job.method),
        (Operation::Sign, Method::Signature(Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87))
    );
    let slices = if by_chance { Slices::Mean } else { Slices::Fastest };
    let costs = in_turns(sides, slices).map_err(|error| format!("{}: {error}", job.name))?;
    let (operation, size) = (job.operation, job.size);
    Ok(Row { name: job.name.clone(), operation, size, by_chance, owned: owned(&job.content)?, costs })
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn owned(content: &str) -> Result<f64, Failure> {
    let before = alloc::count();
    drop(std::hint::black_box(serde_json::from_str::<claims::AccessToken>(content)?));
    Ok((alloc::count() - before) as f64)
}

impl Row {
    /// Sides of one's own.
    pub(crate) fn of(name: &str, sides: Vec<Side<'_>>) -> Result<Self, Failure> {
        let costs = in_turns(sides, Slices::Fastest)?;
        let (name, operation, size) = (name.to_owned(), Operation::Verify, Size::Small);
        Ok(Self { name, operation, size, by_chance: false, owned: 0.0, costs })
    }

    fn cost(&self, name: &str) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.name == name)
    }

    fn raw(&self) -> f64 {
        self.cost(RAW).map_or(f64::NAN, |cost| cost.nanoseconds)
    }

    /// The other libraries.
    fn peers(&self) -> impl Iterator<Item = &Cost> {
        self.costs.iter().filter(|cost| ![RAW, ours::NAME, ours::BORROWED].contains(&cost.name))
    }

    /// Time, ratio to raw, allocations.
    fn cell(&self, cost: &Cost) -> String {
        format!("{:.0} ({:.2} ×, {})", cost.nanoseconds, cost.nanoseconds / self.raw(), cost.allocations)
    }

    /// While it is measured.
    pub(crate) fn line(&self) -> String {
        let sides = self.costs.iter().map(|cost| format!("{} {}", cost.name, self.cell(cost)));
        format!("{}: {}", self.name, sides.collect::<Vec<_>>().join("; "))
    }

    fn table_line(&self) -> String {
        let cells = COLUMNS.iter().map(|name| self.cost(name).map_or_else(String::new, |cost| self.cell(cost)));
        format!("| {} | {} |\n", self.name, cells.collect::<Vec<_>>().join(" | "))
    }

    /// What ours may take.
    fn budget(&self) -> Option<f64> {
        match (self.size, self.operation) {
            (Size::Large, _) => None,
            (Size::Small, Operation::Decrypt | Operation::Encrypt) => Some(self.raw() + ENCRYPTED_OVERHEAD),
            (Size::Small, Operation::Verify) if self.name.contains("HS256") => Some(HS256_VERIFY),
            // A mean of what goes by chance is not exact to a microsecond.
            (Size::Small, _) if self.by_chance => Some(self.raw() * NOISE + SIGNED_OVERHEAD),
            (Size::Small, Operation::Sign | Operation::Verify) => Some(self.raw() + SIGNED_OVERHEAD),
        }
    }

    /// For the file of results.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let name = |what: &str| format!("jose.{}.{what}", self.name);
        let (raw, micro) = (self.raw(), |nanoseconds: f64| nanoseconds / 1_000.0);
        let mut figures = vec![Figure::reported(name(RAW), micro(raw), "µs")];
        let Some(ours) = self.cost(ours::NAME) else { return figures };
        figures.push(match self.budget() {
            Some(budget) => Figure::at_most(name("ours"), micro(ours.nanoseconds), "µs", micro(budget)),
            None => Figure::reported(name("ours"), micro(ours.nanoseconds), "µs"),
        });
        figures.push(Figure::reported(name("ours_to_raw"), ours.nanoseconds / raw, "×"));
        figures.push(Figure::reported(name("allocations"), ours.allocations, "per operation"));
        if self.operation == Operation::Verify {
            let own = ours.allocations - self.owned;
            figures.push(Figure::at_most(name("allocations_of_its_own"), own, "per operation", MAX_ALLOCATIONS));
        }
        if let Some(borrowed) = self.cost(ours::BORROWED) {
            figures.push(Figure::reported(name("borrowed"), micro(borrowed.nanoseconds), "µs"));
            figures.push(Figure::reported(name("borrowed_allocations"), borrowed.allocations, "per operation"));
        }
        figures.extend(self.peers().map(|peer| Figure::reported(name(peer.name), micro(peer.nanoseconds), "µs")));
        if let Some(best) = self.peers().map(|peer| peer.nanoseconds).min_by(f64::total_cmp) {
            figures.push(Figure::at_most(name("ours_to_best"), ours.nanoseconds / best, "×", NOISE));
        }
        figures
    }
}

/// A Markdown table of all rows.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!("| ns (ratio to raw, allocations) | {} |\n| --- |", COLUMNS.join(" | "));
    text.push_str(&" ---: |".repeat(COLUMNS.len()));
    text.push('\n');
    for row in rows {
        text.push_str(&row.table_line());
    }
    text
}
