//! From one store into another: in batches by key, so that a copy that was interrupted goes on where it was, and compared at the end.
//!
//! Refuses a target that holds other data. A target that is not finished keeps its mark, and is not served.

use std::fmt;

use super::{Load, Snapshot, Sum, Summing, Table, tables};
use crate::error::StoreError;

/// Rows that are read, and written in one transaction, at once.
pub const BATCH: u32 = 500;

/// Why a copy is not complete. What was written stays, and the next attempt goes on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyError {
    /// The target has rows where the source has others.
    Differs {
        /// The first table that differs.
        table: String,
        /// Rows of the source.
        source: u64,
        /// Rows of the target.
        target: u64,
    },
    /// The target holds data that is not of a copy.
    NotEmpty,
    /// The target is a half-done copy of something else.
    OfAnother,
    /// One of the two stores failed.
    Store(StoreError),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { table, source, target } => {
                write!(f, "table {table} differs after the copy ({source} rows in the source, {target} in the target)")
            }
            Self::NotEmpty => f.write_str("the target holds data already"),
            Self::OfAnother => f.write_str("the target is a half-done copy of another source"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CopyError {}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows are copied.
    Copy,
    /// Both sides are read and compared.
    Verify,
}

/// How far it has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// The table.
    pub table: String,
    /// Rows of all tables that are done in this step.
    pub done: u64,
    /// Rows there are.
    pub total: u64,
}

/// Copies everything, compares, and takes the target's mark away. `of` names the source, the same each time.
pub async fn copy(
    from: &mut dyn Snapshot,
    to: &mut dyn Load,
    of: &str,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Sum>, CopyError> {
    claim(to, of).await?;
    let tables = tables();
    let mut total = 0;
    for table in &tables {
        total += from.count(table).await?;
    }
    let mut done = 0;
    for table in &tables {
        copy_table(from, to, table, &mut |rows| {
            done += rows;
            watch(Progress { step: Step::Copy, table: table.name.to_string(), done, total });
        })
        .await?;
    }
    to.set_counters(&from.counters().await?).await?;
    let mut copied = to.snapshot().await?;
    let mut done = 0;
    let mut all = Vec::new();
    for table in &tables {
        let source = sum(from, table).await?;
        let target = sum(&mut *copied, table).await?;
        if source != target {
            let table = table.name.to_string();
            return Err(CopyError::Differs { table, source: source.rows, target: target.rows });
        }
        done += source.rows;
        watch(Progress { step: Step::Verify, table: table.name.to_string(), done, total });
        all.push(source);
    }
    drop(copied);
    to.finish().await?;
    Ok(all)
}

/// The sums of all tables.
pub async fn sums(of: &mut dyn Snapshot) -> Result<Vec<Sum>, StoreError> {
    let mut sums = Vec::new();
    for table in &tables() {
        sums.push(sum(of, table).await?);
    }
    Ok(sums)
}

async fn claim(to: &mut dyn Load, of: &str) -> Result<(), CopyError> {
    match to.mark().await? {
        Some(mark) if mark == of => return Ok(()),
        Some(_) => return Err(CopyError::OfAnother),
        None => {}
    }
    let mut held = to.snapshot().await?;
    for table in &tables() {
        let may_be_there = table.is_seeded() && table.name != "meta";
        if !may_be_there && held.count(table).await? > 0 {
            return Err(CopyError::NotEmpty);
        }
    }
    drop(held);
    Ok(to.set_mark(of).await?)
}

async fn copy_table(
    from: &mut dyn Snapshot,
    to: &mut dyn Load,
    table: &Table,
    watch: &mut (dyn FnMut(u64) + Send),
) -> Result<(), CopyError> {
    // A table that is never empty has one row or a few: it is written whole.
    let mut after = if table.is_seeded() { None } else { to.last_key(table).await? };
    if after.is_some() {
        let mut held = to.snapshot().await?;
        watch(held.count(table).await?);
    }
    loop {
        let rows = from.rows(table, after.as_deref(), BATCH).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(table.key_of(last));
        let count = rows.len() as u64;
        to.write(table, rows).await?;
        watch(count);
    }
}

/// The sum of one table.
pub async fn sum(of: &mut dyn Snapshot, table: &Table) -> Result<Sum, StoreError> {
    let mut sum = Summing::of(&table.name);
    let mut after = None;
    loop {
        let rows = of.rows(table, after.as_deref(), BATCH).await?;
        let Some(last) = rows.last() else { return Ok(sum.finish()) };
        after = Some(table.key_of(last));
        for row in &rows {
            sum.add(row);
        }
    }
}
