//! Letters of a development server: kept in memory for the developer, and sent to nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::message::Written;

/// So many are kept.
const MOST: usize = 100;

/// A letter that is kept, with its number.
#[derive(Clone)]
pub(crate) struct KeptLetter {
    pub(crate) number: u64,
    pub(crate) written: Arc<Written>,
}

/// The last letters.
#[derive(Default)]
pub struct Kept(Mutex<Letters>);

#[derive(Default)]
struct Letters {
    last: VecDeque<KeptLetter>,
    count: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(…)")
    }
}

impl Kept {
    pub(super) fn put(&self, written: Arc<Written>) {
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letters.count += 1;
        let number = letters.count;
        letters.last.push_front(KeptLetter { number, written });
        letters.last.truncate(MOST);
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<KeptLetter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.iter().cloned().collect()
    }

    /// The one with this number.
    pub(crate) fn get(&self, number: u64) -> Option<KeptLetter> {
        self.all().into_iter().find(|letter| letter.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::Letter;
    use super::*;
    use crate::account::normalize::EmailAddress;
    use symbolon_oauth::Issuer;

    #[test]
    fn the_last_hundred_are_kept() {
        let kept = Kept::default();
        let issuer = Issuer::parse("http://localhost:4400").unwrap();
        for number in 0..120 {
            let to = EmailAddress::parse("ada@example.com").unwrap();
            kept.put(Arc::new(Written::new(&issuer, &Letter::Test, to, "en", "1", number)));
        }
        let numbers: Vec<u64> = kept.all().iter().map(|letter| letter.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[99]), (100, 120, 21));
        assert_eq!(kept.get(21).unwrap().written.at, 20);
        assert!(kept.get(20).is_none());
    }
}
