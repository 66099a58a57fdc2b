//! What stands in an archive: a header, the rows of every table in the order of its key, a footer with what they come to.
//!
//! The stream is frames of a kind, a length and that many bytes. The header lists the tables and their columns, so that an archive of an
//! older schema is read as it was written. Refuses names that could change a statement, and rows that are not of their table.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use symbolon_oauth::Rng;
use symbolon_store::transfer::{BATCH, Counter, Row, SCHEMA, Snapshot, Sum, Summing, Table, read_row, tables};

use super::seal::{Opening, Sealing};
use super::{ArchiveKey, BackupError};

const HEADER: u8 = b'h';
/// A table begins: its place in the header's list.
const TABLE: u8 = b't';
const ROWS: u8 = b'r';
const FOOTER: u8 = b'f';

/// Rows of about this many bytes go into a frame.
const FRAME: usize = 64 * 1024;
/// The longest frame that is read: a row is far shorter.
const LONGEST_FRAME: usize = 64 * 1024 * 1024;

/// What an archive is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// When its moment was, Unix seconds.
    pub created_at: u64,
    /// The program that made it.
    pub version: String,
    /// Whose data it is.
    pub issuer: String,
    /// The version of the schema, the same for every engine.
    pub schema: u32,
    /// The tables, in the order of their dependencies.
    pub tables: Vec<Table>,
    /// How many rows each has.
    pub rows: Vec<u64>,
    /// How far the counted keys have come.
    pub counters: Vec<Counter>,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    sums: Vec<Sum>,
}

/// What an archive comes to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it is of.
    pub header: Header,
    /// Count and digest of every table.
    pub sums: Vec<Sum>,
}

impl Summary {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.sums.iter().map(|sum| sum.rows).sum()
    }

    /// For people and programs.
    pub fn json(&self) -> Json {
        let rows = |sum: &Sum| (sum.table.clone(), Json::from(sum.rows));
        serde_json::json!({
            "created_at": self.header.created_at,
            "version": self.header.version,
            "issuer": self.header.issuer,
            "schema": self.header.schema,
            "rows": self.rows(),
            "tables": self.sums.iter().map(rows).collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// Writes everything in `snapshot`; returns what it came to and where it was written.
pub async fn write<W: Write + Send>(
    snapshot: &mut dyn Snapshot,
    issuer: &str,
    now: u64,
    key: &ArchiveKey,
    (out, rng): (W, &mut (dyn Rng + Send)),
) -> Result<(Summary, W), BackupError> {
    let header = Header {
        created_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        issuer: issuer.to_owned(),
        schema: SCHEMA,
        tables: tables(),
        rows: Vec::new(),
        counters: Vec::new(),
    };
    write_as(header, snapshot, key, (out, rng)).await
}

/// The same with the header's list of tables.
pub(super) async fn write_as<W: Write + Send>(
    mut header: Header,
    snapshot: &mut dyn Snapshot,
    key: &ArchiveKey,
    (out, rng): (W, &mut (dyn Rng + Send)),
) -> Result<(Summary, W), BackupError> {
    header.counters = snapshot.counters().await?;
    for table in &header.tables {
        header.rows.push(snapshot.count(table).await?);
    }
    let mut out = Sealing::new(key, out, rng)?;
    frame(&mut out, HEADER, &json(&header))?;
    let mut sums = Vec::new();
    for (place, table) in (0_u32..).zip(&header.tables) {
        frame(&mut out, TABLE, &place.to_be_bytes())?;
        sums.push(write_table(snapshot, table, &mut out).await?);
    }
    frame(&mut out, FOOTER, &json(&Footer { sums: sums.clone() }))?;
    let out = out.finish()?;
    Ok((Summary { header, sums }, out))
}

async fn write_table<W: Write + Send>(
    snapshot: &mut dyn Snapshot,
    table: &Table,
    out: &mut Sealing<'_, W>,
) -> Result<Sum, BackupError> {
    let mut sum = Summing::of(&table.name);
    let mut after = None;
    let mut pending = Vec::new();
    loop {
        let rows = snapshot.rows(table, after.as_deref(), BATCH).await?;
        for row in &rows {
            pending.extend_from_slice(sum.add(row));
            if pending.len() >= FRAME {
                frame(out, ROWS, &pending)?;
                pending.clear();
            }
        }
        let Some(last) = rows.last() else { break };
        after = Some(table.key_of(last));
    }
    if !pending.is_empty() {
        frame(out, ROWS, &pending)?;
    }
    Ok(sum.finish())
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("its keys are texts and its numbers finite")
}

fn frame(out: &mut impl Write, kind: u8, bytes: &[u8]) -> Result<(), BackupError> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length as usize <= LONGEST_FRAME);
    let length = length.ok_or(BackupError::Damaged("a row of the store is too long for a backup"))?;
    out.write_all(&[kind])?;
    out.write_all(&length.to_be_bytes())?;
    Ok(out.write_all(bytes)?)
}

/// Reads an archive from the front, a batch of rows at a time.
pub struct Reading<'k, R> {
    pieces: Opening<'k, R>,
    /// What was decrypted; up to `used` it is done with.
    bytes: Vec<u8>,
    used: usize,
    header: Header,
    sums: Vec<Sum>,
    /// The table that is read, and its sum so far.
    table: Option<(usize, Summing)>,
}

/// What comes next in an archive.
pub enum Next {
    /// Rows of the table at this place in the header's list.
    Rows(usize, Vec<Row>),
    /// Nothing: it is complete, and comes to this.
    End(Vec<Sum>),
}

impl<'k, R: BufRead> Reading<'k, R> {
    /// Reads up to the header.
    pub fn open(key: &'k ArchiveKey, input: R) -> Result<Self, BackupError> {
        let header = Header {
            created_at: 0,
            version: String::new(),
            issuer: String::new(),
            schema: 0,
            tables: Vec::new(),
            rows: Vec::new(),
            counters: Vec::new(),
        };
        let pieces = Opening::new(key, input)?;
        let mut reading = Self { pieces, bytes: Vec::new(), used: 0, header, sums: Vec::new(), table: None };
        let (HEADER, bytes) = reading.frame()? else { return Err(BackupError::Damaged("it has no header")) };
        // Of a newer format only what says so is sure to be readable.
        let loose: Json = serde_json::from_slice(&bytes).map_err(|_| BackupError::Damaged("its header"))?;
        if loose["schema"].as_u64().is_none_or(|schema| schema > SCHEMA.into()) {
            let version = loose["version"].as_str().unwrap_or_default().to_owned();
            return Err(BackupError::Newer { version });
        }
        reading.header = serde_json::from_value(loose).map_err(|_| BackupError::Damaged("its header"))?;
        let Header { schema, tables: listed, .. } = &reading.header;
        if !listed.iter().all(Table::is_plain) || (*schema == SCHEMA && *listed != tables()) {
            return Err(BackupError::Damaged("its list of tables"));
        }
        Ok(reading)
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next rows, in the order of the tables; the end only if everything is there and comes to what the footer says.
    #[expect(clippy::should_implement_trait, reason = "it fails, and has an end that says something")]
    pub fn next(&mut self) -> Result<Next, BackupError> {
        loop {
            let (kind, bytes) = self.frame()?;
            match kind {
                TABLE => self.begin_table(&bytes)?,
                ROWS => {
                    let Some((place, sum)) = &mut self.table else {
                        return Err(BackupError::Damaged("rows of no table"));
                    };
                    let (mut rest, mut rows) = (bytes.as_slice(), Vec::new());
                    while !rest.is_empty() {
                        let row = read_row(&self.header.tables[*place], &mut rest);
                        let row = row.map_err(|_| BackupError::Damaged("a row is not of its table"))?;
                        sum.add(&row);
                        rows.push(row);
                    }
                    return Ok(Next::Rows(*place, rows));
                }
                FOOTER => return self.end(&bytes).map(Next::End),
                _ => return Err(BackupError::Damaged("an unknown frame")),
            }
        }
    }

    /// Reads all that is left.
    pub fn finish(mut self) -> Result<Summary, BackupError> {
        loop {
            if let Next::End(sums) = self.next()? {
                return Ok(Summary { header: self.header, sums });
            }
        }
    }

    fn begin_table(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let expected = self.table.as_ref().map_or(0, |(place, _)| place + 1);
        let place = bytes.try_into().map(u32::from_be_bytes).ok().and_then(|place| usize::try_from(place).ok());
        match (place, self.header.tables.get(expected)) {
            (Some(place), Some(table)) if place == expected => {
                let before = self.table.replace((place, Summing::of(&table.name)));
                self.sums.extend(before.map(|(_, sum)| sum.finish()));
                Ok(())
            }
            _ => Err(BackupError::Damaged("a table is not in its place")),
        }
    }

    fn end(&mut self, bytes: &[u8]) -> Result<Vec<Sum>, BackupError> {
        let footer: Footer = serde_json::from_slice(bytes).map_err(|_| BackupError::Damaged("its footer"))?;
        self.sums.extend(self.table.take().map(|(_, sum)| sum.finish()));
        let counted = self.sums.iter().map(|sum| sum.rows).eq(self.header.rows.iter().copied());
        if self.sums != footer.sums || self.sums.len() != self.header.tables.len() || !counted {
            return Err(BackupError::Damaged("its rows do not come to what it says"));
        }
        // Nothing may follow, in the stream or in the file.
        let used = self.bytes.len();
        if self.used != used || self.pieces.read_piece(&mut self.bytes)? {
            return Err(BackupError::Damaged("something follows the end"));
        }
        Ok(std::mem::take(&mut self.sums))
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>), BackupError> {
        let head = self.take(5)?;
        let (kind, length) = (head[0], u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
        if length > LONGEST_FRAME {
            return Err(BackupError::Damaged("a frame is too long"));
        }
        Ok((kind, self.take(length)?))
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, BackupError> {
        while self.bytes.len() - self.used < count {
            self.bytes.drain(..self.used);
            self.used = 0;
            if !self.pieces.read_piece(&mut self.bytes)? {
                return Err(BackupError::Truncated);
            }
        }
        let taken = self.bytes[self.used..self.used + count].to_vec();
        self.used += count;
        Ok(taken)
    }
}
