//! A row in its one canonical form: what the digest is taken of and what stands in a backup.
//!
//! Each value is a tag and, but for NULL and truth, eight bytes of number or four bytes of length and that many bytes, big-endian.

use std::fmt;

use super::table::{Kind, Table};

/// One value of a row. Those of one kind are in the order of keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Bytes.
    Blob(Vec<u8>),
    /// Truth.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// Nothing.
    Null,
    /// Text.
    Text(String),
}

/// The values of a row, in the order of its table's columns.
pub type Row = Vec<Value>;

/// Rows hold hashes and people's names: only the kind is shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blob(_) => "Blob(…)",
            Self::Boolean(_) => "Boolean(…)",
            Self::Integer(_) => "Integer(…)",
            Self::Null => "Null",
            Self::Text(_) => "Text(…)",
        })
    }
}

impl Value {
    /// Whether a column of this kind can hold it.
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Blob(_) => kind == Kind::Blob,
            Self::Boolean(_) => kind == Kind::Boolean,
            Self::Integer(_) => kind == Kind::Integer,
            Self::Null => true,
            Self::Text(_) => kind == Kind::Text,
        }
    }
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const TEXT: u8 = 4;
const BLOB: u8 = 5;

/// Appends the canonical form of a row.
pub fn write_row(row: &[Value], to: &mut Vec<u8>) {
    for value in row {
        match value {
            Value::Blob(bytes) => write_bytes(BLOB, bytes, to),
            Value::Boolean(false) => to.push(FALSE),
            Value::Boolean(true) => to.push(TRUE),
            Value::Integer(number) => {
                to.push(INTEGER);
                to.extend_from_slice(&number.to_be_bytes());
            }
            Value::Null => to.push(NULL),
            Value::Text(text) => write_bytes(TEXT, text.as_bytes(), to),
        }
    }
}

fn write_bytes(tag: u8, bytes: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).expect("the engines refuse values beyond a gigabyte");
    to.push(tag);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(bytes);
}

/// These bytes are no row of that table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRow;

/// Takes a row of `table` from the front of `bytes`.
pub fn read_row(table: &Table, bytes: &mut &[u8]) -> Result<Row, BadRow> {
    let mut row = Row::with_capacity(table.columns.len());
    for column in &table.columns {
        let [tag] = take(bytes)?;
        let value = match tag {
            NULL => Value::Null,
            FALSE => Value::Boolean(false),
            TRUE => Value::Boolean(true),
            INTEGER => Value::Integer(i64::from_be_bytes(take(bytes)?)),
            TEXT => Value::Text(String::from_utf8(read_bytes(bytes)?).map_err(|_| BadRow)?),
            BLOB => Value::Blob(read_bytes(bytes)?),
            _ => return Err(BadRow),
        };
        if !value.fits(column.kind) {
            return Err(BadRow);
        }
        row.push(value);
    }
    Ok(row)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], BadRow> {
    let (first, rest) = bytes.split_first_chunk::<N>().ok_or(BadRow)?;
    *bytes = rest;
    Ok(*first)
}

fn read_bytes(bytes: &mut &[u8]) -> Result<Vec<u8>, BadRow> {
    let length = u32::from_be_bytes(take(bytes)?) as usize;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(BadRow)?;
    *bytes = rest;
    Ok(taken.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{Column, tables};

    fn table(kinds: &[Kind]) -> Table {
        let column = |kind: &Kind| Column { name: "c".into(), kind: *kind };
        Table { name: "t".into(), columns: kinds.iter().map(column).collect(), key: vec!["c".into()] }
    }

    #[test]
    fn a_row_comes_back_as_it_was() {
        let table = table(&[Kind::Blob, Kind::Boolean, Kind::Boolean, Kind::Integer, Kind::Text, Kind::Text]);
        let row = vec![
            Value::Blob(vec![0, 255]),
            Value::Boolean(true),
            Value::Boolean(false),
            Value::Integer(i64::MIN),
            Value::Null,
            Value::Text("ä\0b".into()),
        ];
        let mut bytes = Vec::new();
        write_row(&row, &mut bytes);
        write_row(&row, &mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(read_row(&table, &mut rest), Ok(row.clone()));
        assert_eq!(read_row(&table, &mut rest), Ok(row));
        assert!(rest.is_empty());
    }

    #[test]
    fn rows_that_differ_never_look_the_same() {
        let form = |row: &[Value]| {
            let mut bytes = Vec::new();
            write_row(row, &mut bytes);
            bytes
        };
        let text = |text: &str| Value::Text(text.to_owned());
        for (one, other) in [
            (vec![text("ab"), text("c")], vec![text("a"), text("bc")]),
            (vec![Value::Null, text("")], vec![text(""), Value::Null]),
            (vec![Value::Blob(b"a".to_vec())], vec![text("a")]),
            (vec![Value::Boolean(true)], vec![Value::Integer(1)]),
        ] {
            assert_ne!(form(&one), form(&other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_row_are_refused_without_a_panic() {
        let table = table(&[Kind::Text, Kind::Integer]);
        let mut whole = Vec::new();
        write_row(&[Value::Text("abc".into()), Value::Integer(7)], &mut whole);
        for length in 0..whole.len() {
            assert_eq!(read_row(&table, &mut &whole[..length]), Err(BadRow), "{length}");
        }
        for bytes in
            [&[9_u8][..], &[TEXT, 255, 255, 255, 255, 0], &[TEXT, 0, 0, 0, 1, 0xff, NULL], &[BLOB, 0, 0, 0, 0, NULL]]
        {
            assert_eq!(read_row(&table, &mut &*bytes), Err(BadRow), "{bytes:?}");
        }
    }

    #[test]
    fn no_value_shows_in_debug_output() {
        let name = Value::Text("ada@example.com".into());
        assert_eq!(format!("{:?}", vec![name, Value::Integer(7)]), "[Text(…), Integer(…)]");
        assert!(!tables().is_empty());
    }
}
