//! Keys and which of them a header means (RFC 7515 §6, RFC 7516 §6).
//!
//! The header names a key by `kid`; it never chooses the algorithm, which has to be the key's own.

use std::sync::{Arc, OnceLock};

use crate::Error;

/// A key as a header can mean it.
pub(crate) trait Key {
    fn kid(&self) -> Option<&str>;

    /// Whether the header's `alg` is the key's own.
    fn answers_to(&self, alg: &str) -> bool;
}

/// Keys, and encoded headers of tokens that they verified or decrypted: a sender writes one or two per key, so that most tokens need no
/// parsing of their header. Only tokens that were good get in, so that nobody else can fill the slots.
pub(crate) struct Keys<K, H, const SLOTS: usize> {
    pub(crate) keys: Vec<K>,
    known: [OnceLock<Known<H>>; SLOTS],
}

struct Known<H> {
    encoded: Box<str>,
    header: Arc<H>,
    key: usize,
}

impl<K: Key, H, const SLOTS: usize> Keys<K, H, SLOTS> {
    pub(crate) fn new(keys: Vec<K>) -> Self {
        Self { keys, known: [const { OnceLock::new() }; SLOTS] }
    }

    /// The key a header means, and where it stands; or why there is none. Without `kid`, or for a key without one, it must be the only
    /// one possible.
    pub(crate) fn select(&self, kid: Option<&str>, alg: &str) -> Result<(usize, &K), Error> {
        let answers = |key: &K| match (key.kid(), kid) {
            (Some(own), Some(asked)) => own == asked,
            // RFC 7515 §4.1.4: kid is a hint; where one side has none, only the algorithm is left.
            _ => true,
        };
        let named = |key: &K| kid.is_some() && key.kid() == kid;
        let answering = || self.keys.iter().enumerate().filter(|(_, key)| answers(key));
        let fitting = || answering().filter(|(_, key)| key.answers_to(alg));
        // A key that was named wins over those without a name.
        if let Some(found) = fitting().find(|(_, key)| named(key)) {
            return Ok(found);
        }
        let mut fitting = fitting();
        match (fitting.next(), fitting.next()) {
            (Some(found), None) => Ok(found),
            // Another key of the set may still be the one meant, unless the header named one that is here.
            (None, _) if answering().any(|(_, key)| named(key) || self.keys.len() == 1) => {
                Err(Error::AlgorithmMismatch)
            }
            _ => Err(Error::UnknownKey),
        }
    }

    /// The first known header that `fits` together with its key.
    pub(crate) fn known<T>(&self, fits: impl Fn(&str, &K) -> Option<T>) -> Option<(T, &K, &Arc<H>)> {
        self.known.iter().map_while(OnceLock::get).find_map(|known| {
            let key = self.keys.get(known.key)?;
            Some((fits(&known.encoded, key)?, key, &known.header))
        })
    }

    /// Remembers a header after its token has proved good.
    pub(crate) fn remember(&self, encoded: &str, header: &Arc<H>, key: usize) {
        let make = || Known { encoded: encoded.into(), header: Arc::clone(header), key };
        for slot in &self.known {
            if *slot.get_or_init(make).encoded == *encoded {
                return;
            }
        }
    }
}

impl<K: Key, H, const SLOTS: usize> Default for Keys<K, H, SLOTS> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(Option<&'static str>, &'static str);

    impl Key for Named {
        fn kid(&self) -> Option<&str> {
            self.0
        }

        fn answers_to(&self, alg: &str) -> bool {
            self.1 == alg
        }
    }

    fn select(keys: &[(Option<&'static str>, &'static str)], kid: Option<&str>, alg: &str) -> Result<usize, Error> {
        let keys: Keys<Named, (), 1> = Keys::new(keys.iter().map(|(kid, alg)| Named(*kid, alg)).collect());
        keys.select(kid, alg).map(|(index, _)| index)
    }

    #[test]
    fn a_header_means_the_key_it_names_or_the_only_one_possible() {
        let (a, b, none) = ((Some("a"), "X"), (Some("b"), "X"), (None, "X"));
        assert_eq!(select(&[a, b], Some("b"), "X"), Ok(1));
        assert_eq!(select(&[none, b], Some("b"), "X"), Ok(1), "a name wins");
        assert_eq!(select(&[none, b], Some("c"), "X"), Ok(0), "a key without a name may be any");
        assert_eq!(select(&[a, (Some("b"), "Y")], None, "Y"), Ok(1));
        assert_eq!(select(&[a, b], None, "X"), Err(Error::UnknownKey), "two would do");
        assert_eq!(select(&[none, none], Some("c"), "X"), Err(Error::UnknownKey), "two would do");
        assert_eq!(select(&[], None, "X"), Err(Error::UnknownKey));
        assert_eq!(select(&[a], Some("c"), "X"), Err(Error::UnknownKey));
    }

    #[test]
    fn another_algorithm_is_said_only_where_no_other_key_can_be_meant() {
        let (a, b, none) = ((Some("a"), "X"), (Some("b"), "X"), (None, "X"));
        assert_eq!(select(&[a, b], Some("a"), "Y"), Err(Error::AlgorithmMismatch));
        assert_eq!(select(&[none, a], Some("a"), "Y"), Err(Error::AlgorithmMismatch), "also behind one without a name");
        assert_eq!(select(&[none], Some("a"), "Y"), Err(Error::AlgorithmMismatch));
        assert_eq!(select(&[none, b], Some("a"), "Y"), Err(Error::UnknownKey));
        assert_eq!(select(&[a, b], None, "Y"), Err(Error::UnknownKey));
    }

    #[test]
    fn headers_are_remembered_once_each_until_all_slots_are_taken() {
        let keys: Keys<Named, u8, 2> = Keys::new(vec![Named(None, "X"), Named(None, "Y")]);
        let known = |text: &str| keys.known(|known, _| (known == text).then_some(())).map(|((), key, n)| (key.1, **n));
        for (text, number, key) in [("one", 1, 0), ("one", 11, 0), ("two", 2, 1), ("two", 12, 1), ("three", 3, 0)] {
            keys.remember(text, &Arc::new(number), key);
        }
        assert_eq!(known("one"), Some(("X", 1)));
        assert_eq!(known("two"), Some(("Y", 2)));
        assert_eq!(known("three"), None);
    }
}
