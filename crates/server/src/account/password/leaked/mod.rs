//! Passwords that stand in lists of other sites' leaks (security 117; NIST SP 800-63B-4 §3.1.1.2): a set in the binary, and a file of the operator's.
//!
//! The set has some 200,000 of eight and more characters (`make.py` says from where), each as five bytes of its SHA-256: of ten million passwords that
//! are in no list two are refused. Upper and lower case are one there. Nothing is asked over the network.

mod file;

pub use self::file::LeakedFile;

use aws_lc_rs::digest::{SHA256, digest};

use super::Password;

/// Counts of the buckets, then their entries; `make.py` has the form.
const SET: &[u8] = include_bytes!("leaked.bin");
const BUCKETS: usize = 1 << 16;
/// Bytes of an entry.
const ENTRY: usize = 3;

/// Whether the password is in the set of the binary.
pub(super) fn is_common(password: &Password) -> bool {
    // The set was made of texts in NFC; lower-casing can leave that form, and then it is simply not found.
    let hash = digest(&SHA256, password.text().to_lowercase().as_bytes());
    let &[first, second, ref entry @ ..] = hash.as_ref().first_chunk::<{ 2 + ENTRY }>().expect("a SHA-256 is longer");
    let (counts, entries) = SET.split_at(BUCKETS);
    let bucket = usize::from(u16::from_be_bytes([first, second]));
    let before: usize = counts[..bucket].iter().copied().map(usize::from).sum();
    let entries = &entries[before * ENTRY..][..usize::from(counts[bucket]) * ENTRY];
    entries.as_chunks::<ENTRY>().0.binary_search(entry).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_common_text(text: &str) -> bool {
        is_common(&Password::parse(text).unwrap())
    }

    #[test]
    fn the_set_is_whole_and_in_order() {
        let (counts, entries) = SET.split_at(BUCKETS);
        let all: usize = counts.iter().copied().map(usize::from).sum();
        assert_eq!((entries.len(), all > 190_000), (all * ENTRY, true));
        let mut rest = entries;
        for count in counts {
            let (bucket, behind) = rest.split_at(usize::from(*count) * ENTRY);
            assert!(bucket.as_chunks::<ENTRY>().0.is_sorted_by(|a, b| a < b));
            rest = behind;
        }
    }

    #[test]
    fn what_was_leaked_is_found_in_either_case() {
        for text in ["password1", "trustno1", "iloveyou", "Charlie1", "MICHAEL1", "qazwsxedc", "superman123"] {
            assert!(is_common_text(text), "{text}");
        }
    }

    #[test]
    fn what_was_not_is_not() {
        for text in ["correct horse fjord lamp", "", "x", "violet piano harbour", "пингвин на велосипеде"]
        {
            assert!(!is_common_text(text), "{text}");
        }
        assert_eq!((0..20_000).filter(|number| is_common_text(&format!("fjord lamp {number} spoon"))).count(), 0);
    }
}
