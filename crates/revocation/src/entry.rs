//! One entry of the log and its 17 bytes on the wire.

use crate::{Error, Fingerprint, Kind};

/// The length of an entry on the wire.
pub const RECORD_LEN: usize = 17;

/// What no longer counts, and for how long that must be known. Times are Unix seconds; the wire has 32 bits for each.
///
/// ```
/// use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, Records};
///
/// let entry = Entry::new(IdKind::Sid, Fingerprint::of(IdKind::Sid, "s1"), 1_800_000_000, 1_800_000_900);
/// let mut wire = Vec::new();
/// wire.extend(entry.record());
/// let mut unknown = entry.record();
/// unknown[0] = 200; // a kind of some later version
/// wire.extend(unknown);
///
/// let mut records = Records::new(&wire)?;
/// assert_eq!(records.next(), Some(entry));
/// assert_eq!(records.next(), None);
/// assert_eq!(records.unknown(), 1);
/// # Ok::<(), symbolon_revocation::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// Whom it is about.
    pub fingerprint: Fingerprint,
    /// When it was revoked.
    pub revoked_at: u64,
    /// The second from which nobody has to remember it.
    pub forget_at: u64,
}

impl Entry {
    /// An entry.
    pub fn new(kind: impl Into<Kind>, fingerprint: Fingerprint, revoked_at: u64, forget_at: u64) -> Self {
        Self { kind: kind.into(), fingerprint, revoked_at, forget_at }
    }

    /// As on the wire. A time that does not fit (after February 2106) becomes the last one that does, which refuses more, not less.
    pub fn record(&self) -> [u8; RECORD_LEN] {
        let mut record = [0; RECORD_LEN];
        record[0] = self.kind.code();
        record[1..9].copy_from_slice(&self.fingerprint.0.to_be_bytes());
        record[9..13].copy_from_slice(&wire_time(self.revoked_at).to_be_bytes());
        record[13..].copy_from_slice(&wire_time(self.forget_at).to_be_bytes());
        record
    }

    /// From the wire; `None` if the kind is one that this version does not know.
    pub fn from_record(record: &[u8; RECORD_LEN]) -> Option<Self> {
        let (code, rest) = record.split_first()?;
        let (fingerprint, rest) = rest.split_first_chunk()?;
        let (revoked_at, forget_at) = rest.split_first_chunk()?;
        Some(Self {
            kind: Kind::from_code(*code)?,
            fingerprint: Fingerprint(u64::from_be_bytes(*fingerprint)),
            revoked_at: u32::from_be_bytes(*revoked_at).into(),
            forget_at: u32::from_be_bytes(*forget_at.first_chunk()?).into(),
        })
    }
}

/// A time as the wire has it.
pub(crate) fn wire_time(secs: u64) -> u32 {
    u32::try_from(secs).unwrap_or(u32::MAX)
}

/// Entries in borrowed bytes. Unknown kinds are left out and counted.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    records: &'a [[u8; RECORD_LEN]],
    unknown: u64,
}

impl<'a> Records<'a> {
    /// Looks at the length and nothing else.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        match bytes.as_chunks() {
            (records, []) => Ok(Self::of(records)),
            _ => Err(Error::RecordLength),
        }
    }

    pub(crate) fn of(records: &'a [[u8; RECORD_LEN]]) -> Self {
        Self { records, unknown: 0 }
    }

    /// Entries of unknown kinds that were passed by until now.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }
}

impl Iterator for Records<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while let Some((record, rest)) = self.records.split_first() {
            self.records = rest;
            match Entry::from_record(record) {
                None => self.unknown += 1,
                entry => return entry,
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.records.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdKind, RuleKind};

    #[test]
    fn an_entry_is_17_bytes_big_endian() {
        let entry = Entry::new(RuleKind::Client, Fingerprint(0x0102_0304_0506_0708), 0x1112_1314, 0x2122_2324);
        let wire = [16, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24];
        assert_eq!(entry.record(), wire);
        assert_eq!(Entry::from_record(&wire), Some(entry));
    }

    #[test]
    fn a_time_beyond_the_wire_becomes_the_last_one_there_is() {
        let entry = Entry::new(IdKind::Jti, Fingerprint(1), u64::MAX, 1 << 32);
        let read = Entry::from_record(&entry.record()).unwrap();
        assert_eq!((read.revoked_at, read.forget_at), (u32::MAX.into(), u32::MAX.into()));
    }

    #[test]
    fn half_a_record_is_refused() {
        for len in [1, 16, 18, 33] {
            assert_eq!(Records::new(&vec![1; len]).err(), Some(Error::RecordLength), "{len}");
        }
        assert_eq!(Records::new(&[]).unwrap().count(), 0);
    }
}
