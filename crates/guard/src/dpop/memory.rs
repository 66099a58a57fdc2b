//! Which proofs were used already (RFC 9449 §11.1): bounded, and emptied as they grow too old to be accepted.

use std::collections::{HashSet, VecDeque};

/// Half a hash: enough to tell proofs apart, and nobody can find two that share it in the minute they have.
type Print = [u8; 16];

/// The memory of one guard.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    used: HashSet<Print>,
    /// In the order of their use, which is nearly that of their end.
    order: VecDeque<(u64, Print)>,
    /// How many had to be let go before their time.
    pub(crate) forgotten: u64,
}

impl Memory {
    /// Whether this is the first use; it is remembered until `expires_at`. The oldest makes room where there is none.
    pub(crate) fn is_first(&mut self, once: [u8; 32], expires_at: u64, now: u64, most: usize) -> bool {
        while let Some((_, print)) = self.order.front().copied().filter(|(end, _)| *end <= now) {
            self.order.pop_front();
            self.used.remove(&print);
        }
        let mut print = Print::default();
        print.copy_from_slice(&once[..16]);
        if !self.used.insert(print) {
            return false;
        }
        self.order.push_back((expires_at, print));
        while self.order.len() > most {
            if let Some((_, oldest)) = self.order.pop_front() {
                self.used.remove(&oldest);
                self.forgotten = self.forgotten.saturating_add(1);
            }
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(n: u64) -> [u8; 32] {
        symbolon_jose::sha256(&n.to_be_bytes())
    }

    #[test]
    fn each_counts_once_until_its_end() {
        let mut memory = Memory::default();
        assert!(memory.is_first(once(1), 100, 50, 10));
        assert!(!memory.is_first(once(1), 100, 99, 10));
        assert!(memory.is_first(once(2), 100, 99, 10));
        // By then the proof itself is refused.
        assert!(memory.is_first(once(1), 200, 100, 10));
        assert_eq!((memory.len(), memory.used.len(), memory.forgotten), (1, 1, 0));
    }

    #[test]
    fn it_never_grows_beyond_its_bound_and_says_what_it_let_go() {
        let mut memory = Memory::default();
        for n in 0..1000 {
            assert!(memory.is_first(once(n), 1000, 0, 100));
        }
        assert_eq!((memory.len(), memory.used.len(), memory.forgotten), (100, 100, 900));
        assert!(!memory.is_first(once(999), 1000, 0, 100), "the newest is there");
    }
}
