//! A stream of bytes as lines of JWE (RFC 7516, `A256KW` and `A256GCM`): each piece has a fresh content key, wrapped under the archive's.
//!
//! Inside the encryption each piece says of which archive it is, which one in the order, and whether it is the last. So nothing can be
//! cut off, left out, doubled, moved or taken from another archive without being found. Nothing is compressed: how well a secret
//! compresses beside what somebody else chose tells about it.

use std::io::{self, BufRead, Read as _, Write};

use symbolon_jose::jwe::{Header, MAX_TOKEN_LEN, compact};
use symbolon_oauth::Rng;

use super::{ArchiveKey, BackupError};

/// The first line: name and version of the format.
const MAGIC: &str = "symbolon-backup 1";
const TYP: &str = "symbolon-backup";
/// Bytes of the stream in a piece; as base64url they stay below what a JWE may have.
const PIECE: usize = 40 * 1024;
const ID: usize = 16;

/// Where a piece stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    archive: [u8; ID],
    number: u64,
    last: bool,
}

impl Place {
    const BYTES: usize = ID + 8 + 1;

    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.archive);
        to.extend_from_slice(&self.number.to_be_bytes());
        to.push(u8::from(self.last));
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (archive, rest) = bytes.split_first_chunk::<ID>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (last, rest) = rest.split_first()?;
        let place = Self { archive: *archive, number: u64::from_be_bytes(*number), last: *last == 1 };
        (*last <= 1).then_some((place, rest))
    }
}

/// Encrypts what is written to it. Without [`Sealing::finish`] the archive has no end, and is refused.
pub(super) struct Sealing<'k, W> {
    key: &'k ArchiveKey,
    out: W,
    place: Place,
    piece: Vec<u8>,
}

impl<'k, W: Write> Sealing<'k, W> {
    pub(super) fn new(key: &'k ArchiveKey, mut out: W, rng: &mut dyn Rng) -> io::Result<Self> {
        let mut archive = [0; ID];
        rng.fill(&mut archive);
        writeln!(out, "{MAGIC}")?;
        let mut sealing = Self { key, out, place: Place { archive, number: 0, last: false }, piece: Vec::new() };
        sealing.begin();
        Ok(sealing)
    }

    fn begin(&mut self) {
        self.piece.clear();
        self.place.write(&mut self.piece);
    }

    fn end(&mut self) -> io::Result<()> {
        let header = Header { typ: Some(TYP), ..Header::default() };
        let token = compact::encrypt(&self.key.encrypting, &header, &self.piece).map_err(io::Error::other)?;
        writeln!(self.out, "{token}")?;
        self.place.number += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        // The place was written before it was known that nothing follows.
        if let Some(last) = self.piece.get_mut(Place::BYTES - 1) {
            *last = 1;
        }
        self.end()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() >= Place::BYTES + PIECE {
            self.end()?;
            self.begin();
        }
        let taken = bytes.len().min(Place::BYTES + PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts piece by piece.
pub(super) struct Opening<'k, R> {
    key: &'k ArchiveKey,
    input: R,
    /// Where the next piece must stand; the archive's id once the first was seen.
    next: Option<Place>,
    /// The first line was ours.
    begun: bool,
    ended: bool,
    line: Vec<u8>,
}

impl<'k, R: BufRead> Opening<'k, R> {
    pub(super) fn new(key: &'k ArchiveKey, input: R) -> Result<Self, BackupError> {
        let mut opening = Self { key, input, next: None, begun: false, ended: false, line: Vec::new() };
        match opening.read_line()? {
            Some(line) if line == MAGIC.as_bytes() => opening.begun = true,
            Some(line) if line.starts_with(b"symbolon-backup ") => {
                return Err(BackupError::Newer { version: "another format".to_owned() });
            }
            _ => return Err(BackupError::NotABackup),
        }
        Ok(opening)
    }

    /// The next line; none at the end of the file. A line that is not ended is cut.
    fn read_line(&mut self) -> Result<Option<&[u8]>, BackupError> {
        self.line.clear();
        let most = MAX_TOKEN_LEN as u64 + 1;
        self.input.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        match self.line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(&self.line)),
            Some(_) if self.line.len() as u64 + 1 == most => Err(BackupError::Damaged("a line is too long")),
            Some(_) if !self.begun => Err(BackupError::NotABackup),
            Some(_) => Err(BackupError::Truncated),
        }
    }

    /// Appends the next piece; tells whether there was one.
    pub(super) fn read_piece(&mut self, to: &mut Vec<u8>) -> Result<bool, BackupError> {
        let (ended, next, key) = (self.ended, self.next, self.key);
        let Some(line) = self.read_line()? else {
            return if ended { Ok(false) } else { Err(BackupError::Truncated) };
        };
        if ended {
            return Err(BackupError::Damaged("something follows the end"));
        }
        let odd = BackupError::Damaged("a line does not open");
        let Ok(text) = std::str::from_utf8(line) else { return Err(odd) };
        let Ok(encrypted) = compact::Encrypted::parse(text) else { return Err(odd) };
        if next.is_none() && encrypted.kid() != Some(key.name()) {
            let file = encrypted.kid().unwrap_or("?").chars().filter(|char| !char.is_control()).take(40).collect();
            return Err(BackupError::OtherKey { file, given: key.name().to_owned() });
        }
        let opened =
            compact::decrypt(text, &key.decrypting).map_err(|_| BackupError::Damaged("a line does not open"))?;
        if opened.typ() != Some(TYP) {
            return Err(BackupError::Damaged("a line is something else"));
        }
        let Some((place, content)) = Place::read(opened.plaintext()) else {
            return Err(BackupError::Damaged("a line has no place"));
        };
        let expected = next.unwrap_or(Place { number: 0, ..place });
        if (place.archive, place.number) != (expected.archive, expected.number) {
            return Err(BackupError::Damaged("a line is not in its place"));
        }
        to.extend_from_slice(content);
        self.ended = place.last;
        self.next = Some(Place { number: place.number + 1, last: false, ..place });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;
    use crate::seal::MasterKey;
    use symbolon_jose::base64url;

    fn key(seed: u8) -> ArchiveKey {
        ArchiveKey::of(&MasterKey::from_text(&base64url::encode(&[seed; 32]), "test").unwrap())
    }

    fn sealed(key: &ArchiveKey, bytes: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::new(key, Vec::new(), &mut SystemRng).unwrap();
        sealing.write_all(bytes).unwrap();
        sealing.finish().unwrap()
    }

    fn open(key: &ArchiveKey, archive: &[u8]) -> Result<Vec<u8>, BackupError> {
        let mut opening = Opening::new(key, archive)?;
        let mut bytes = Vec::new();
        while opening.read_piece(&mut bytes)? {}
        Ok(bytes)
    }

    fn lines(archive: &[u8]) -> Vec<&[u8]> {
        archive.split_inclusive(|byte| *byte == b'\n').collect()
    }

    #[test]
    fn what_was_written_comes_back() {
        let key = key(1);
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            assert_eq!(open(&key, &sealed(&key, &bytes)).unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn another_key_is_told_by_its_name() {
        let archive = sealed(&key(1), b"x");
        let error = open(&key(2), &archive).unwrap_err();
        assert!(matches!(error, BackupError::OtherKey { .. }), "{error}");
    }

    #[test]
    fn a_cut_anywhere_is_found() {
        let key = key(1);
        let archive = sealed(&key, &vec![7; 2 * PIECE + 10]);
        let ends: Vec<usize> = lines(&archive)
            .iter()
            .scan(0, |end, line| {
                *end += line.len();
                Some(*end)
            })
            .collect();
        let near = ends.iter().flat_map(|end| [end - 1, *end]).filter(|cut| *cut < archive.len());
        for cut in near.chain((0..archive.len()).step_by(997)) {
            assert!(open(&key, &archive[..cut]).is_err(), "{cut} of {}", archive.len());
        }
    }

    #[test]
    fn lines_left_out_doubled_moved_or_of_another_archive_are_found() {
        let key = key(1);
        let [one, other] = [(); 2].map(|()| sealed(&key, &vec![7; 3 * PIECE]));
        let (one, other) = (lines(&one), lines(&other));
        assert_eq!(one.len(), 4);
        for order in [
            vec![one[0], one[2], one[3]],
            vec![one[0], one[1], one[3]],
            vec![one[0], one[1], one[1], one[2], one[3]],
            vec![one[0], one[2], one[1], one[3]],
            vec![one[0], one[1], other[2], one[3]],
            vec![one[0], one[1], one[2], one[3], one[3]],
            vec![one[0], one[1], one[2], one[3], b"\n"],
            vec![one[0]],
        ] {
            assert!(open(&key, &order.concat()).is_err(), "{}", order.len());
        }
        assert!(open(&key, &one.concat()).is_ok());
    }

    #[test]
    fn a_changed_byte_is_found() {
        let key = key(1);
        let archive = sealed(&key, b"rows");
        for at in 0..archive.len() {
            let mut changed = archive.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            // The last letter of a base64url text has bits that mean nothing; the library refuses them all the same.
            assert!(open(&key, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        for bytes in [&b""[..], b"SQLite format 3\0", b"symbolon-backup", b"\n\n"] {
            assert!(matches!(open(&key(1), bytes), Err(BackupError::NotABackup)), "{bytes:?}");
        }
        assert!(matches!(open(&key(1), b"symbolon-backup 2\n"), Err(BackupError::Newer { .. })));
        let endless = [b"symbolon-backup 1\n".as_slice(), &vec![b'a'; 2 * MAX_TOKEN_LEN]].concat();
        assert!(matches!(open(&key(1), &endless), Err(BackupError::Damaged(_))));
    }
}
