//! The set against a map, whatever is added and forgotten in whatever order.

use std::collections::HashMap;

use proptest::prelude::*;
use symbolon_revocation::{Entry, Fingerprint, IdKind, RevocationSet, Snapshot};

use crate::support::{ISSUER, NOW, OURS, snapshot_of};

/// Times are known to the tick.
const TICK_SECS: u64 = 300;

/// One step.
#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<(IdKind, Fingerprint, u64)>),
    Merge(Vec<(IdKind, Fingerprint, u64)>),
    /// Lets so many seconds pass and goes around once.
    Forget(u64),
}

/// Few shards, few places within them, few bits below: full lines, lines that go around, and growth.
fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    let shard = prop_oneof![Just(0_u64), Just(1), Just(0x7ff), Just(0xfff)];
    let place = prop_oneof![Just(0_u64), Just(u64::from(u32::MAX)), Just(1 << 31), 0..=u64::from(u32::MAX)];
    (shard, place, 0_u64..4).prop_map(|(shard, place, low)| Fingerprint(shard << 52 | place << 20 | low))
}

/// Ids with how long they are to be remembered: mostly as long as tokens live, some not at all, some for weeks.
fn ids() -> impl Strategy<Value = Vec<(IdKind, Fingerprint, u64)>> {
    let secs = prop_oneof![5 => 0_u64..=86_700, 1 => Just(0), 1 => 86_700_u64..3_000_000];
    prop::collection::vec((prop::sample::select(IdKind::ALL.to_vec()), fingerprint(), secs), 0..60)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => ids().prop_map(Step::Insert),
        1 => ids().prop_map(Step::Merge),
        // Longer than 21 hours without a round, and what is due may be kept for some days more.
        3 => (0_u64..70_000).prop_map(Step::Forget),
    ]
}

/// Until when each id is there, by the second.
#[derive(Default)]
struct Model(HashMap<(IdKind, Fingerprint), u64>);

impl Model {
    fn add(&mut self, ids: &[(IdKind, Fingerprint, u64)], now: u64) -> usize {
        let mut new = 0;
        for (kind, fingerprint, secs) in ids.iter().filter(|(_, _, secs)| *secs > 0) {
            let until = (now + secs).next_multiple_of(TICK_SECS);
            self.0.entry((*kind, *fingerprint)).and_modify(|known| *known = until.max(*known)).or_insert_with(|| {
                new += 1;
                until
            });
        }
        new
    }
}

fn entries(ids: &[(IdKind, Fingerprint, u64)], now: u64) -> Vec<Entry> {
    ids.iter().map(|(kind, fingerprint, secs)| Entry::new(*kind, *fingerprint, now, now + secs)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_holds_what_was_added_until_it_is_due(steps in prop::collection::vec(step(), 1..40), start in 0_u64..400_000) {
        let (set, mut model, mut now) = (RevocationSet::new(), Model::default(), NOW + start);
        for step in &steps {
            match step {
                Step::Insert(ids) => {
                    let new = model.add(ids, now);
                    prop_assert_eq!(set.insert(&entries(ids, now), now).ids, new);
                }
                Step::Merge(ids) => {
                    let bytes = snapshot_of(entries(ids, now));
                    let snapshot = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
                    let new = model.add(ids, now);
                    prop_assert_eq!(set.merge(&snapshot, now).ids, new);
                }
                Step::Forget(secs) => {
                    now += secs;
                    let before = model.0.len();
                    model.0.retain(|_, until| *until > now);
                    let mut gone = 0;
                    loop {
                        let step = set.forget(now);
                        gone += step.ids;
                        if step.is_round { break }
                    }
                    prop_assert_eq!(gone, before - model.0.len());
                }
            }
            prop_assert_eq!(set.len(), model.0.len());
        }
        let asked = steps.iter().flat_map(|step| match step {
            Step::Insert(ids) | Step::Merge(ids) => ids.as_slice(),
            Step::Forget(_) => &[],
        });
        for (_, fingerprint, _) in asked {
            for kind in IdKind::ALL {
                let near = [0, 1, 1 << 20, 1 << 63].map(|bits| Fingerprint(fingerprint.0 ^ bits));
                for id in near {
                    prop_assert_eq!(set.contains(kind, id), model.0.contains_key(&(kind, id)));
                }
            }
        }
    }
}
