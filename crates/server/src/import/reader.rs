//! Reads a file of records in constant memory: lines, an array, one JSON text after the other, the member `users` of a large object, or a table.
//!
//! A line that cannot be read is one refused record. Elsewhere an error in the syntax ends the reading, as nothing tells where the next record begins.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Format, csv};

/// The longest line.
pub(super) const MAX_LINE: u64 = 1024 * 1024;
/// The member of a realm or a Firebase export that holds the records.
const RECORDS: &str = "users";

/// A record of the file.
#[derive(Debug)]
pub struct Item {
    /// Where it is: the line where it begins, or ends where records are no lines.
    pub line: u64,
    /// Bytes that were read so far.
    pub bytes: u64,
    /// What it holds, or that this cannot be read.
    pub record: Result<Value, String>,
}

/// What is done with each record; an error ends the reading.
pub(super) type Each<'a, E> = dyn FnMut(Item) -> Result<(), E> + 'a;

/// Reads all records of a file.
///
/// # Errors
/// What `each` says, or that the file cannot be read or has no such form.
pub fn read<E: From<io::Error>>(format: Format, mut file: impl BufRead, each: &mut Each<'_, E>) -> Result<(), E> {
    let begin = Place::default();
    let first = loop {
        let buffer = file.fill_buf()?;
        let Some(&byte) = buffer.first() else { return Ok(()) };
        // A byte order mark, and white space before the first record.
        if !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf) {
            break byte;
        }
        file.consume(1);
        begin.pass(&[byte]);
    };
    match (format, first) {
        (Format::Csv, _) => csv::records(file, (begin.lines.get(), begin.bytes.get()), each),
        (Format::Symbolon, _) | (Format::Auth0, b'{') => lines(file, &begin, each),
        _ => values(file, begin, each),
    }
}

fn lines<E: From<io::Error>>(mut file: impl BufRead, begin: &Place, each: &mut Each<'_, E>) -> Result<(), E> {
    let (mut line, mut bytes, mut text) = (begin.lines.get(), begin.bytes.get(), Vec::new());
    loop {
        text.clear();
        let read = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut text)? as u64;
        if read == 0 {
            return Ok(());
        }
        (line, bytes) = (line + 1, bytes + read);
        let whole = text.ends_with(b"\n") || read < MAX_LINE;
        if !whole {
            bytes += skip_line(&mut file)?;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let record = if whole {
            serde_json::from_slice(&text).map_err(|_| "the line is no JSON".to_owned())
        } else {
            Err("the line is longer than 1 MiB".to_owned())
        };
        each(Item { line, bytes, record })?;
    }
}

/// The rest of a line, without keeping it.
fn skip_line(file: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = file.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let len = end.map_or(buffer.len(), |end| end + 1);
        file.consume(len);
        skipped += len as u64;
        if end.is_some() || len == 0 {
            return Ok(skipped);
        }
    }
}

/// Where the reading is.
#[derive(Clone, Default)]
struct Place {
    lines: Rc<Cell<u64>>,
    bytes: Rc<Cell<u64>>,
}

impl Place {
    fn pass(&self, read: &[u8]) {
        for byte in read {
            self.lines.set(self.lines.get() + u64::from(*byte == b'\n'));
        }
        self.bytes.set(self.bytes.get() + read.len() as u64);
    }
}

struct Counted<R> {
    file: R,
    place: Place,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        // A byte at a time is what the parser asks for.
        self.place.pass(&buffer[..read]);
        Ok(read)
    }
}

fn values<E: From<io::Error>>(file: impl BufRead, place: Place, each: &mut Each<'_, E>) -> Result<(), E> {
    let mut records = Records { each, place: place.clone(), failed: None };
    // The parser takes its bytes one by one and no more than it needs, so the count is exact.
    let mut parser = serde_json::Deserializer::from_reader(Counted { file, place });
    loop {
        if let Err(why) = (&mut records).deserialize(&mut parser) {
            return Err(records.failed.take().unwrap_or_else(|| unreadable(&why).into()));
        }
        match parser.end() {
            Ok(()) => return Ok(()),
            // Another text follows.
            Err(why) if why.is_syntax() => {}
            Err(why) => return Err(unreadable(&why).into()),
        }
    }
}

/// Where the syntax ends, without what stands there.
fn unreadable(why: &serde_json::Error) -> io::Error {
    let message = if why.is_data() { "no such form" } else { "no JSON" };
    io::Error::new(io::ErrorKind::InvalidData, format!("{message} at line {} column {}", why.line(), why.column()))
}

/// A top-level value: a record, or what holds records.
struct Records<'a, 'b, E> {
    each: &'a mut Each<'b, E>,
    place: Place,
    failed: Option<E>,
}

impl<E> Records<'_, '_, E> {
    fn hand_on<T: serde::de::Error>(&mut self, record: Value) -> Result<(), T> {
        let (line, bytes) = (self.place.lines.get() + 1, self.place.bytes.get());
        (self.each)(Item { line, bytes, record: Ok(record) }).map_err(|why| {
            self.failed = Some(why);
            T::custom("ended by its reader")
        })
    }
}

impl<'de, E> DeserializeSeed<'de> for &mut Records<'_, '_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de, E> Visitor<'de> for &mut Records<'_, '_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record, a list of records, or an object whose member `users` is one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Value>()? {
            self.hand_on(record)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut record, mut held) = (Map::new(), false);
        while let Some(name) = members.next_key::<String>()? {
            if name == RECORDS {
                members.next_value_seed(&mut *self)?;
                (record, held) = (Map::new(), true);
            } else if held {
                members.next_value::<IgnoredAny>()?;
            } else {
                record.insert(name, members.next_value()?);
            }
        }
        if held { Ok(()) } else { self.hand_on(Value::Object(record)) }
    }
}
