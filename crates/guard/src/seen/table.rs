//! The table of verified tokens: fixed in size, without locks, never rehashed.
//!
//! Two places per token, each a set of five ways in one cache line. A way is found by 32 bits of a keyed hash of the signature's end
//! and proven by comparing the whole token. Whoever wants to change a way first claims its tag, so that each has one writer at a time;
//! readers never wait and at worst miss.
//!
//! When the table is full or both places are, what no longer counts makes room first, then what was not asked for since the last time
//! that room was needed (second chance). Nobody can aim at a place without knowing the seed, and only tokens of the issuer get in.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use arc_swap::{ArcSwapOption, Guard};

use super::Proven;
use crate::rng;

/// The longest token that is kept.
pub(crate) const MAX_TOKEN_BYTES: usize = 4096;

/// What fits beside its tags into a cache line.
const WAYS: usize = 5;
/// So many in the first place before the second is looked at: it costs another cache line at each hit.
const ENOUGH: u32 = 3;
/// The end of a signature that is hashed: 12 random bytes in base64url.
const HASHED: usize = 16;
/// A tag: nobody is here.
const FREE: u32 = 0;
/// A tag: somebody is changing this way.
const CLAIMED: u32 = 1;
/// In how many steps the whole table is swept.
const SWEEPS: usize = 256;

#[derive(Debug)]
pub(super) struct Table {
    sets: Box<[Set]>,
    most: usize,
    held: AtomicUsize,
    swept: AtomicUsize,
    seed: [u64; 2],
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Set {
    tags: [AtomicU32; WAYS],
    /// A bit for each way that was asked for since its bit was cleared.
    used: AtomicU32,
    ways: [ArcSwapOption<Proven>; WAYS],
}

/// Where a token may stand.
struct Address {
    homes: [usize; 2],
    tag: u32,
    /// With which way to begin the search for one that has to go.
    turn: usize,
}

impl Table {
    /// Room for `most` tokens, and half as many places more, so that few have to go before it is full.
    pub(super) fn new(most: usize) -> Self {
        let sets = most.saturating_mul(3).div_ceil(2 * WAYS).max(2);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            most,
            held: AtomicUsize::new(0),
            swept: AtomicUsize::new(0),
            seed: rng::seed(),
        }
    }

    /// The token as it was verified, if it is here. Whether it still counts is for the caller to ask.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Proven>> {
        let address = self.address(token)?;
        address.homes.iter().find_map(|&home| {
            let set = &self.sets[home];
            set.with_tag(address.tag).find_map(|way| {
                let found = set.ways[way].load();
                found.as_ref().filter(|proven| proven.is(token))?;
                set.mark(way);
                Guard::into_inner(found)
            })
        })
    }

    /// Keeps a token. It may be left out when others change the same place at this moment.
    pub(super) fn insert(&self, proven: Arc<Proven>, dead: impl Fn(&Proven) -> bool) {
        let Some(address) = proven.token().and_then(|token| self.address(token)) else { return };
        let Some((set, way)) = self.room(&address, &proven, dead) else { return };
        // Whoever had the way is still there until the swap, but cannot be found by the tag.
        let before = set.ways[way].swap(Some(proven));
        if before.is_none() {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        set.unmark(way);
        set.tags[way].store(address.tag, Ordering::Release);
    }

    /// Takes out what is `dead` in a part of the table, another part at each call.
    pub(super) fn sweep(&self, dead: impl Fn(&Proven) -> bool) {
        let share = self.sets.len().div_ceil(SWEEPS);
        let begin = self.swept.fetch_add(share, Ordering::Relaxed);
        for set in (begin..begin + share).map(|index| &self.sets[index % self.sets.len()]) {
            for way in 0..WAYS {
                let tag = set.tags[way].load(Ordering::Relaxed);
                if tag != FREE && set.holds(way, &dead) && set.claim(way, tag) {
                    if set.ways[way].swap(None).is_some() {
                        self.held.fetch_sub(1, Ordering::Relaxed);
                    }
                    set.tags[way].store(FREE, Ordering::Release);
                }
            }
        }
    }

    /// How many tokens are held.
    pub(super) fn len(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn address(&self, token: &str) -> Option<Address> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        // The end is the signature's in every token that has verified: shorter ones do not exist.
        let hash = hash(token.as_bytes().last_chunk()?, self.seed);
        let home = |bits: u32| {
            // The upper half of the product: as even as the remainder, without a division.
            let scaled = (u64::from(bits).saturating_mul(self.sets.len() as u64)) >> u32::BITS;
            usize::try_from(scaled).unwrap_or_default()
        };
        let tag = lower(hash >> 16);
        Some(Address {
            homes: [home(lower(hash >> u32::BITS)), home(lower(hash))],
            tag: if tag > CLAIMED { tag } else { tag + 2 },
            turn: usize::from(hash.to_le_bytes()[3]) % WAYS,
        })
    }

    /// A way that has been claimed for `proven`.
    fn room(&self, address: &Address, proven: &Proven, dead: impl Fn(&Proven) -> bool) -> Option<(&Set, usize)> {
        let homes = address.homes.map(|home| &self.sets[home]);
        // The same token from an older key set, or from another thread a moment ago.
        let same = homes.into_iter().find_map(|set| {
            let same = |held: &Proven| held.token() == proven.token();
            let way = set.with_tag(address.tag).find(|way| set.holds(*way, same))?;
            Some((set, way, address.tag))
        });
        let (set, way, tag) = same.or_else(|| self.free(homes)).or_else(|| victim(homes, address.turn, dead))?;
        set.claim(way, tag).then_some((set, way))
    }

    fn free<'s>(&self, [first, second]: [&'s Set; 2]) -> Option<(&'s Set, usize, u32)> {
        if self.len() >= self.most {
            return None;
        }
        let (in_first, in_second) = (first.taken(), second.taken());
        let set = if in_first < ENOUGH || in_first <= in_second { first } else { second };
        let way = set.with_tag(FREE).next()?;
        Some((set, way, FREE))
    }
}

/// The halves of a 128-bit product, folded, under a secret seed. What goes in is random already, and only the issuer can choose it.
fn hash(end: &[u8; HASHED], [one, two]: [u64; 2]) -> u64 {
    const HALF: u128 = u64::MAX as u128;
    let bits = u128::from_le_bytes(*end) ^ (u128::from(one) << u64::BITS | u128::from(two));
    let product = (bits >> u64::BITS) * (bits & HALF);
    u64::try_from(((product >> u64::BITS) ^ product) & HALF).unwrap_or_default()
}

fn lower(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default()
}

/// A way whose token has to go.
fn victim(homes: [&Set; 2], turn: usize, dead: impl Fn(&Proven) -> bool) -> Option<(&Set, usize, u32)> {
    let ways = || homes.into_iter().flat_map(|set| (0..WAYS).map(move |way| (set, (way + turn) % WAYS)));
    let taken = || ways().filter(|(set, way)| set.tags[*way].load(Ordering::Relaxed) > CLAIMED);
    let unused = || taken().find(|(set, way)| set.used.load(Ordering::Relaxed) & (1 << way) == 0);
    let found = taken().find(|(set, way)| set.holds(*way, &dead)).or_else(unused).or_else(|| {
        // All were asked for: their second chance is used up.
        for set in homes {
            set.used.store(0, Ordering::Relaxed);
        }
        unused()
    });
    found.map(|(set, way)| (set, way, set.tags[way].load(Ordering::Relaxed)))
}

impl Set {
    fn with_tag(&self, tag: u32) -> impl Iterator<Item = usize> {
        (0..WAYS).filter(move |way| self.tags[*way].load(Ordering::Acquire) == tag)
    }

    fn taken(&self) -> u32 {
        self.tags.iter().map(|tag| u32::from(tag.load(Ordering::Relaxed) != FREE)).sum()
    }

    fn holds(&self, way: usize, is: impl Fn(&Proven) -> bool) -> bool {
        self.ways[way].load().as_deref().is_some_and(is)
    }

    /// Whether the way is now ours, to be given a new tag.
    fn claim(&self, way: usize, tag: u32) -> bool {
        tag != CLAIMED && self.tags[way].compare_exchange(tag, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn mark(&self, way: usize) {
        // Mostly marked already: a line that is only read is shared by all cores.
        if self.used.load(Ordering::Relaxed) & (1 << way) == 0 {
            self.used.fetch_or(1 << way, Ordering::Relaxed);
        }
    }

    fn unmark(&self, way: usize) {
        self.used.fetch_and(!(1 << way), Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
