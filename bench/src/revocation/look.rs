//! A token asked about: three look-ups among 10 million ids and the rules, beside a plain hash table under the same ids.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;

use symbolon_revocation::{Entry, Fingerprint, IdKind, RevocationSet, RuleKind, TokenIds};

use super::{IDS, NOW, entry, filled, fingerprint, kind};
use crate::figure::Figure;
use crate::{Failure, measure};

/// Different tokens, so many that neither they nor what they lead to stay in a cache.
const TOKENS: u64 = 1_000_000;

/// Of a token that is not refused, in nanoseconds.
const BUDGET_NS: f64 = 400.0;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let set = filled(IDS);
    let plain: Plain = (0..IDS).map(|number| entry(number).fingerprint.0).collect();
    let strangers: Vec<TokenIds> = (0..TOKENS).map(stranger).collect();
    let refused: Vec<TokenIds> = (0..TOKENS).map(|number| of(number * 9973 % IDS)).collect();
    let version = set.version();

    let [miss, hit, unchanged, plain_miss, plain_hit, fingerprints] = measure::in_turns([
        &mut each(&strangers, |token| set.refuses(token).is_none()),
        &mut each(&refused, |token| set.refuses(token).is_some()),
        &mut each(&strangers, |_| set.version() == version),
        &mut each(&strangers, |token| !ids(token).any(|id| plain.contains(&id))),
        &mut each(&refused, |token| ids(token).any(|id| plain.contains(&id))),
        &mut each(&strangers, |_| three_fingerprints()),
    ])?;
    let with_rules = {
        add_rules(&set);
        let [time] = measure::in_turns([&mut each(&strangers, |token| set.refuses(token).is_none())])?;
        time
    };
    let ns = |micros: f64| micros * 1000.0;
    Ok(vec![
        Figure::at_most("revocation.look.miss", ns(miss), "ns", BUDGET_NS),
        Figure::reported("revocation.look.miss.4096_rules", ns(with_rules), "ns"),
        Figure::reported("revocation.look.hit", ns(hit), "ns"),
        Figure::reported("revocation.look.unchanged", ns(unchanged), "ns"),
        Figure::reported("revocation.look.plain.miss", ns(plain_miss), "ns"),
        Figure::reported("revocation.look.plain.hit", ns(plain_hit), "ns"),
        Figure::reported("revocation.look.miss_to_plain", miss / plain_miss, "×"),
        Figure::reported("revocation.fingerprints", ns(fingerprints), "ns"),
    ])
}

/// Asks about one token after the other, over and over.
fn each<'a>(tokens: &'a [TokenIds], is_right: impl Fn(&TokenIds) -> bool + 'a) -> impl FnMut() -> Result<(), Failure> {
    let mut tokens = tokens.iter().cycle();
    move || {
        let token = tokens.next().ok_or("no token")?;
        if is_right(black_box(token)) { Ok(()) } else { Err("a wrong answer".into()) }
    }
}

/// A token whose ids are in no set.
fn stranger(number: u64) -> TokenIds {
    let id = |nth| Some(fingerprint(IDS * 10 + number * 3 + nth));
    TokenIds {
        jti: id(0),
        sid: id(1),
        handle: id(2),
        client: Some(Fingerprint(1)),
        api: Some(Fingerprint(2)),
        key: Some(Fingerprint(3)),
        iat: Some(NOW),
    }
}

/// One that is refused for one of its ids.
fn of(number: u64) -> TokenIds {
    let (id, token) = (Some(fingerprint(number)), stranger(number));
    match kind(number) {
        IdKind::Jti => TokenIds { jti: id, ..token },
        IdKind::Sid => TokenIds { sid: id, ..token },
        IdKind::Handle => TokenIds { handle: id, ..token },
    }
}

fn ids(token: &TokenIds) -> impl Iterator<Item = u64> {
    [token.jti, token.sid, token.handle].into_iter().flatten().map(|id| id.0)
}

/// As many as there may be, none of which refuses.
fn add_rules(set: &RevocationSet) {
    let rule = |number| Entry::new(RuleKind::Client, fingerprint(number), NOW, NOW + 900);
    let _ = set.insert(&(0..4096).map(rule).collect::<Vec<_>>(), NOW);
}

fn three_fingerprints() -> bool {
    let id = black_box("5nF1bXq0TzqU3Y7xgRrK2w");
    IdKind::ALL.iter().all(|kind| black_box(Fingerprint::of(*kind, id)).0 != 0)
}

/// The yardstick: no kinds, no times, no writer beside its readers.
type Plain = HashSet<u64, BuildHasherDefault<Same>>;

/// The ids are hashes already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}
