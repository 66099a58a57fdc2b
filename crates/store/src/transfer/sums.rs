//! What two copies of a table are compared by: how many rows, and the SHA-256 of their canonical forms in the order of the key.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::value::{Value, write_row};

/// Count and digest of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A sum that is being taken.
#[derive(Clone)]
pub struct Summing {
    table: String,
    rows: u64,
    context: Context,
    form: Vec<u8>,
}

impl Summing {
    /// Begins with no rows.
    pub fn of(table: &str) -> Self {
        Self { table: table.to_owned(), rows: 0, context: Context::new(&SHA256), form: Vec::new() }
    }

    /// Adds a row; returns its canonical form.
    pub fn add(&mut self, row: &[Value]) -> &[u8] {
        self.form.clear();
        write_row(row, &mut self.form);
        self.context.update(&self.form);
        self.rows += 1;
        &self.form
    }

    /// The sum of what was added.
    pub fn finish(self) -> Sum {
        let mut sha256 = String::with_capacity(64);
        for byte in self.context.finish().as_ref() {
            // Writing into a String does not fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Sum { table: self.table, rows: self.rows, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_have_the_digest_of_nothing() {
        let sum = Summing::of("t").finish();
        assert_eq!(sum.rows, 0);
        assert_eq!(sum.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn order_and_content_count() {
        let of = |numbers: &[i64]| {
            let mut sum = Summing::of("t");
            for number in numbers {
                sum.add(&[Value::Integer(*number)]);
            }
            sum.finish()
        };
        assert_eq!(of(&[1, 2]), of(&[1, 2]));
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 2]), of(&[1, 3]));
    }
}
