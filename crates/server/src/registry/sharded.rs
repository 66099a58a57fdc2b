//! A map by text of which two states share what is the same in both: a change copies one shard of many, so it costs little however much is in it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// With a million keys a shard has a thousand, and copying it takes as long as copying the list of shards.
const SHARDS: u64 = 1024;

type Shard<V> = HashMap<Arc<str>, V, RandomState>;

/// A map that is cheap to clone, and to change after that.
#[derive(Clone, Debug)]
pub(super) struct Sharded<V> {
    hasher: RandomState,
    shards: Arc<Vec<Arc<Shard<V>>>>,
    len: usize,
}

impl<V> Default for Sharded<V> {
    fn default() -> Self {
        let hasher = RandomState::new();
        let empty = Arc::new(Shard::with_hasher(hasher.clone()));
        Self { shards: Arc::new((0..SHARDS).map(|_| Arc::clone(&empty)).collect()), hasher, len: 0 }
    }
}

impl<V> Sharded<V> {
    pub(super) fn get(&self, key: &str) -> Option<&V> {
        self.shards.get(self.place(key))?.get(key)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// Shards go by other bits of the hash than the places within one.
    fn place(&self, key: &str) -> usize {
        usize::try_from((self.hasher.hash_one(key) >> 32) % SHARDS).expect("it is below a thousand and some")
    }
}

impl<V: Clone> Sharded<V> {
    /// Puts a value in the place of what it gives back.
    pub(super) fn insert(&mut self, key: Arc<str>, value: V) -> Option<V> {
        let before = self.shard(&key)?.insert(key, value);
        self.len += usize::from(before.is_none());
        before
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        self.get(key)?;
        let before = self.shard(key)?.remove(key);
        self.len -= usize::from(before.is_some());
        before
    }

    fn shard(&mut self, key: &str) -> Option<&mut Shard<V>> {
        let place = self.place(key);
        Arc::make_mut(&mut self.shards).get_mut(place).map(Arc::make_mut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_in_the_state_that_was_changed_and_in_no_other() {
        let mut first = Sharded::default();
        for number in 0..5_000 {
            assert_eq!(first.insert(format!("key-{number}").into(), number), None);
        }
        let mut second = first.clone();
        assert_eq!(second.insert("key-7".into(), 0), Some(7));
        assert_eq!(second.remove("key-8"), Some(8));
        assert_eq!(second.remove("key-8"), None);
        assert_eq!(second.insert("new".into(), 1), None);
        assert_eq!((first.len(), second.len()), (5_000, 5_000));
        assert_eq!((first.get("key-7"), first.get("key-8"), first.get("new")), (Some(&7), Some(&8), None));
        assert_eq!((second.get("key-7"), second.get("key-8"), second.get("new")), (Some(&0), None, Some(&1)));
        assert_eq!(second.iter().count(), 5_000);
        let shared = first.shards.iter().zip(second.shards.iter()).filter(|(one, other)| Arc::ptr_eq(one, other));
        assert!(shared.count() >= 1_021, "only what changed was copied");
    }
}
