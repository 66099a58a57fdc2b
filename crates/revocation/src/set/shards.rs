//! Where the tables are: two steps from the root, so that another table is put in place by copying little. Immutable; a change makes
//! another one, which shares the rest.

use std::array;
use std::sync::Arc;

use super::slot::SHARD_BITS;
use super::table::Table;
use crate::Fingerprint;

/// How many tables there are at most.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;

const GROUPS: usize = 64;
const GROUP_SHARDS: usize = SHARDS / GROUPS;

type Group = [Option<Table>; GROUP_SHARDS];

/// All tables; those without ids do not exist.
#[derive(Clone)]
pub(super) struct Shards([Option<Arc<Group>>; GROUPS]);

impl Shards {
    pub(super) fn empty() -> Self {
        Self([const { None }; GROUPS])
    }

    pub(super) fn table(&self, shard: usize) -> Option<&Table> {
        self.0[shard / GROUP_SHARDS].as_ref()?[shard % GROUP_SHARDS].as_ref()
    }

    /// The same with another table, or without one.
    pub(super) fn with(&self, shard: usize, table: Option<Table>) -> Self {
        let mut shards = self.clone();
        let group = &mut shards.0[shard / GROUP_SHARDS];
        let mut tables = group.as_deref().map_or_else(|| array::from_fn(|_| None), Group::clone);
        tables[shard % GROUP_SHARDS] = table;
        *group = tables.iter().any(Option::is_some).then(|| Arc::new(tables));
        shards
    }

    /// What all of it has taken, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        let counts = 2 * size_of::<usize>();
        let group = |group: &Arc<Group>| {
            let tables: usize = group.iter().flatten().map(Table::heap_bytes).sum();
            counts + size_of::<Group>() + tables
        };
        self.0.iter().flatten().map(group).sum()
    }
}

/// The highest bits of a fingerprint.
pub(super) fn shard_of(id: Fingerprint) -> usize {
    (id.0 >> (u64::BITS - SHARD_BITS)) as usize
}
