//! A file with the SHA-1 of leaked passwords, ordered by hash, as Have I Been Pwned gives it out: `HASH:COUNT` or `HASH` a line, hexadecimal.
//!
//! It stays where it is: a look-up reads some forty short pieces of it, however many gigabytes it has. Refused when the server starts: a file whose first line has
//! another form. A line of another form further in ends a look-up without a find, since a damaged file must not keep people from choosing a password.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::super::Password;
use super::super::imported::decode_hex;

/// Hexadecimal digits of a SHA-1.
const DIGITS: usize = 40;
/// Bytes that surely hold a whole line behind any place: two lines with their counts.
const PIECE: usize = 256;
/// Halvings at most, for a file of any size.
const MAX_STEPS: u32 = 64;

/// A file of hashes, which is not read into memory. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct LeakedFile(Arc<File>);

impl LeakedFile {
    /// Opens it.
    ///
    /// # Errors
    /// That it cannot be read, or that its first line is no SHA-1.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut piece = [0; PIECE];
        let read = file.read_at(&mut piece, 0)?;
        match line(&piece[..read]) {
            Some(_) => Ok(Self(Arc::new(file))),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is no SHA-1 in hexadecimal digits")),
        }
    }

    /// Whether the password is in it.
    ///
    /// # Errors
    /// That it cannot be read.
    pub fn holds(&self, password: &Password) -> io::Result<bool> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.bytes());
        self.find(hash.as_ref())
    }

    /// The lines that begin in `from..to` are those in question; a line begins at 0 and behind each line feed.
    fn find(&self, wanted: &[u8]) -> io::Result<bool> {
        let (mut from, mut to) = (0, self.0.metadata()?.len());
        for _ in 0..MAX_STEPS {
            if from >= to {
                break;
            }
            let middle = from + (to - from) / 2;
            // Where no line begins behind the middle, what is left lies before it.
            let Some((_, hash, next)) = self.line_from(middle)?.filter(|(start, ..)| *start < to) else {
                to = middle;
                continue;
            };
            match hash.as_slice().cmp(wanted) {
                Ordering::Equal => return Ok(true),
                Ordering::Greater => to = middle,
                Ordering::Less => from = next,
            }
        }
        Ok(false)
    }

    /// The first line that begins at `at` or behind it: where, its hash, and where the next one begins.
    fn line_from(&self, at: u64) -> io::Result<Option<(u64, Vec<u8>, u64)>> {
        let begin = at.saturating_sub(1);
        let mut piece = [0; PIECE];
        let mut read = 0;
        while read < PIECE {
            let more = self.0.read_at(&mut piece[read..], begin + read as u64)?;
            if more == 0 {
                break;
            }
            read += more;
        }
        let piece = &piece[..read];
        let skipped = if at == 0 {
            0
        } else {
            let Some(feed) = piece.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
            feed + 1
        };
        let rest = &piece[skipped..];
        let Some(hash) = line(rest) else { return Ok(None) };
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |feed| feed + 1);
        let start = begin + skipped as u64;
        Ok(Some((start, hash, start + length as u64)))
    }
}

/// The hash with which a piece begins.
fn line(piece: &[u8]) -> Option<Vec<u8>> {
    let digits = std::str::from_utf8(piece.get(..DIGITS)?).ok()?;
    let ends = piece.get(DIGITS).is_none_or(|byte| matches!(byte, b':' | b'\r' | b'\n'));
    decode_hex(digits).filter(|_| ends)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(lines: &[String], end: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(lines.join(end).as_bytes()).unwrap();
        file
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn hex(text: &str) -> String {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
        hash.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    #[test]
    fn every_line_is_found_and_nothing_else_in_files_of_any_length() {
        for count in [1, 2, 3, 7, 100, 1001] {
            let mut lines: Vec<String> =
                (0..count).map(|number| format!("{}:{}", hex(&format!("leaked {number}")), number * number)).collect();
            lines.sort();
            for end in ["\n", "\r\n"] {
                let file = file(&lines, end);
                let leaked = LeakedFile::open(file.path()).unwrap();
                for number in 0..count {
                    assert!(leaked.holds(&password(&format!("leaked {number}"))).unwrap(), "{number} of {count}");
                    assert!(!leaked.holds(&password(&format!("chosen {number}"))).unwrap(), "{number} of {count}");
                }
            }
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused_and_a_damaged_one_finds_nothing() {
        for text in [
            "",
            "password\n",
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD\n",
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8x:1\n",
        ] {
            assert!(LeakedFile::open(file(&[text.to_owned()], "").path()).is_err(), "{text}");
        }
        let mut lines = vec!["0000000000000000000000000000000000000000:1".to_owned()];
        lines.extend(std::iter::repeat_n("damaged".repeat(40), 100));
        let file = file(&lines, "\n");
        assert!(!LeakedFile::open(file.path()).unwrap().holds(&password("password")).unwrap());
    }
}
