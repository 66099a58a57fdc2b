//! The set: what it refuses, forgets and takes.

use allocation_counter::measure;
use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, RevocationSet, RuleKind, Snapshot, TokenIds};

use crate::support::{ISSUER, NOW, OURS, kind_of, scattered, snapshot_of};

fn id(kind: IdKind, id: &str) -> Entry {
    Entry::new(kind, Fingerprint::of(kind, id), NOW, NOW + 900)
}

fn token() -> TokenIds {
    TokenIds {
        jti: Some(Fingerprint::of(IdKind::Jti, "t1")),
        sid: Some(Fingerprint::of(IdKind::Sid, "s1")),
        handle: Some(Fingerprint::of(IdKind::Handle, "h1")),
        client: Some(Fingerprint::of(RuleKind::Client, "web")),
        api: Some(Fingerprint::of(RuleKind::Api, "https://api.example")),
        key: Some(Fingerprint::of(RuleKind::Key, "k1")),
        iat: Some(NOW - 1),
    }
}

/// Forgets all that is due; how many ids.
fn forget(set: &RevocationSet, now: u64) -> usize {
    let mut ids = 0;
    loop {
        let step = set.forget(now);
        ids += step.ids;
        if step.is_round {
            return ids;
        }
    }
}

#[test]
fn a_token_is_refused_for_any_of_its_ids_and_for_no_others() {
    let of_token = [(IdKind::Jti, "t1"), (IdKind::Sid, "s1"), (IdKind::Handle, "h1")];
    for (kind, name) in of_token {
        let set = RevocationSet::new();
        for other in IdKind::ALL {
            assert_eq!(set.insert(&[id(other, "another")], NOW).ids, 1);
        }
        // The same fingerprint as one of another kind is another id.
        for other in IdKind::ALL.into_iter().filter(|other| *other != kind) {
            let same = Entry { kind: other.into(), ..id(kind, name) };
            assert_eq!(set.insert(&[same], NOW).ids, 1);
        }
        assert_eq!(set.refuses(&token()), None, "{kind:?}");
        assert_eq!(set.insert(&[id(kind, name)], NOW).ids, 1);
        assert_eq!(set.refuses(&token()), Some(Kind::Id(kind)));
        assert_eq!(set.refuses(&TokenIds::default()), None, "a token without ids");
    }
}

#[test]
fn a_token_is_refused_by_a_rule() {
    for (kind, name) in
        [(RuleKind::Client, "web"), (RuleKind::Api, "https://api.example"), (RuleKind::Key, "k1"), (RuleKind::All, "")]
    {
        let set = RevocationSet::new();
        let added = set.insert(&[Entry::new(kind, Fingerprint::of(kind, name), NOW, NOW + 900)], NOW);
        assert_eq!((added.ids, added.rules, set.len()), (0, 1, 1));
        assert_eq!(set.refuses(&token()), Some(Kind::Rule(kind)));
        let newer = TokenIds { iat: Some(NOW + 1), ..token() };
        assert_eq!(set.refuses(&newer).is_some(), kind == RuleKind::Key, "{kind:?}");
        assert_eq!(set.forget(NOW + 899).rules, 0);
        assert_eq!(set.forget(NOW + 900).rules, 1);
        assert_eq!((set.refuses(&token()), set.len()), (None, 0));
    }
}

#[test]
fn the_version_moves_when_something_was_added_and_then_only() {
    let set = RevocationSet::new();
    let mut version = set.version();
    assert_ne!(version, 0);
    let mut moved = |set: &RevocationSet| {
        let before = std::mem::replace(&mut version, set.version());
        assert!(set.version() >= before);
        set.version() != before
    };
    let rule = |revoked_at| Entry::new(RuleKind::All, Fingerprint::of(RuleKind::All, ""), revoked_at, NOW + 900);
    let cases = [
        (vec![id(IdKind::Jti, "a")], true),
        (vec![id(IdKind::Jti, "a")], false),
        (vec![Entry { forget_at: NOW + 5000, ..id(IdKind::Jti, "a") }], false),
        (vec![Entry { forget_at: NOW, ..id(IdKind::Jti, "b") }], false),
        (vec![], false),
        (vec![rule(NOW - 10)], true),
        (vec![rule(NOW - 20)], false),
        (vec![rule(NOW)], true),
    ];
    for (entries, expected) in cases {
        let _ = set.insert(&entries, NOW);
        assert_eq!(moved(&set), expected, "{entries:?}");
    }
    let bytes = snapshot_of([id(IdKind::Jti, "a"), id(IdKind::Sid, "c")]);
    let snapshot = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    assert_eq!(set.merge(&snapshot, NOW).ids, 1);
    assert!(moved(&set));
    assert_eq!(set.merge(&snapshot, NOW).ids, 0);
    assert!(!moved(&set));
    assert_eq!(forget(&set, NOW + 1200), 1);
    assert!(!moved(&set), "nobody is refused who was not before");
}

#[test]
fn a_snapshot_is_added_to_what_is_there() {
    let set = RevocationSet::new();
    let before = [id(IdKind::Jti, "before"), Entry::new(RuleKind::Client, Fingerprint(1), NOW, NOW + 900)];
    let _ = set.insert(&before, NOW);
    let ids = (0..20_000).map(|n| Entry::new(kind_of(n), Fingerprint(scattered(n)), 0, NOW + 900));
    let rules = (0..5000).map(|n| Entry::new(RuleKind::Client, Fingerprint(scattered(n)), NOW, NOW + 900));
    let due = [Entry { forget_at: NOW, ..id(IdKind::Jti, "due") }];
    let bytes = snapshot_of(ids.clone().chain(rules).chain(due));
    let snapshot = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    let added = set.merge(&snapshot, NOW);
    assert_eq!((added.ids, added.rules, added.rules_left_out), (20_000, 4095, 905));
    assert_eq!(set.rules_left_out(), 905, "nothing is left out without a word");
    assert_eq!(set.len(), 20_001 + 4096);
    assert!(set.contains(IdKind::Jti, before[0].fingerprint));
    assert!(!set.contains(IdKind::Jti, due[0].fingerprint));
    for entry in ids {
        let Kind::Id(kind) = entry.kind else { panic!("an id") };
        assert!(set.contains(kind, entry.fingerprint));
    }
}

#[test]
fn forgetting_goes_step_by_step_and_gives_the_memory_back() {
    let set = RevocationSet::new();
    let empty = set.memory_bytes();
    let entry = |n: u64| Entry::new(IdKind::Sid, Fingerprint(scattered(n)), NOW, NOW + 300 + n % 2 * 3600);
    let all: Vec<Entry> = (0..200_000).map(entry).collect();
    let _ = set.insert(&all, NOW);
    let full = set.memory_bytes();
    let mut steps = Vec::new();
    while !steps.last().is_some_and(|step: &symbolon_revocation::Forgotten| step.is_round) {
        steps.push(set.forget(NOW + 600));
        let most = 64 * 50;
        assert!(steps.last().unwrap().ids < most, "a step is small");
    }
    assert!(steps.len() >= 64);
    assert_eq!(steps.iter().map(|step| step.ids).sum::<usize>(), 100_000);
    assert_eq!(set.len(), 100_000);
    for (n, entry) in all.iter().enumerate() {
        assert_eq!(set.contains(IdKind::Sid, entry.fingerprint), n % 2 == 1);
    }
    assert!(set.memory_bytes() < full * 3 / 4);
    assert_eq!(forget(&set, NOW + 600), 0, "there is nothing more to forget");
    assert_eq!(forget(&set, NOW + 8000), 100_000);
    assert_eq!(set.memory_bytes(), empty);
    assert!(set.is_empty());
}

#[test]
fn an_empty_set_is_small_and_a_large_one_has_sixteen_bytes_for_an_id() {
    assert!(RevocationSet::new().memory_bytes() < 100_000);
    // A hundredth of the shards is as full as all of them are with 10 million, and goes through a whole cycle of growth.
    let set = RevocationSet::new();
    let empty = set.memory_bytes();
    let in_few_shards = |n: u64| Fingerprint((n % 41) << 52 | scattered(n) >> 12);
    for n in 1..=120_000 {
        let _ = set.insert(&[Entry::new(IdKind::Jti, in_few_shards(n), NOW, NOW + 900)], NOW);
        if n > 70_000 && n % 100 == 0 {
            let taken = u64::try_from(set.memory_bytes() - empty).unwrap();
            assert!((n * 10..n * 15).contains(&taken), "{taken} bytes for {n}");
        }
    }
}

#[test]
fn a_look_up_allocates_nothing() {
    let set = RevocationSet::new();
    let many = (0..1000).map(|n| Entry::new(IdKind::Jti, Fingerprint(scattered(n)), NOW, NOW + 900));
    let _ = set.insert(&many.collect::<Vec<_>>(), NOW);
    let _ = set.insert(&[Entry::new(RuleKind::Client, Fingerprint(1), NOW, NOW + 900)], NOW);
    // The first one of a thread makes its place among the readers.
    assert_eq!(set.refuses(&token()), None);
    let count = measure(|| {
        for _ in 0..100 {
            assert_eq!(set.refuses(&token()), None);
            assert!(set.contains(IdKind::Jti, Fingerprint(scattered(5))));
            assert!(set.version() > 0);
        }
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn ids_for_longer_than_a_slot_can_say_are_kept_until_their_time() {
    const DAY: u64 = 86_400;
    let set = RevocationSet::new();
    let days = [1, 2, 3, 10, 30, 20_000];
    let entry = |day: u64| Entry::new(IdKind::Handle, Fingerprint(scattered(day)), NOW, NOW + day * DAY);
    let _ = set.insert(&days.map(entry), NOW);
    let _ = set.insert(&[Entry { forget_at: NOW + 60, ..entry(30) }], NOW);
    let mut now = NOW;
    for _ in 0..35 * 4 {
        now += DAY / 4;
        forget(&set, now);
        for day in days {
            let is_there = set.contains(IdKind::Handle, entry(day).fingerprint);
            assert_eq!(is_there, now < NOW + day * DAY, "{day} after {}", (now - NOW) / DAY);
        }
    }
    assert_eq!(set.len(), 1);
}

#[test]
fn it_shows_how_many_and_no_more() {
    let set = RevocationSet::new();
    let _ = set.insert(&[id(IdKind::Jti, "a")], NOW);
    assert_eq!(format!("{set:?}"), "RevocationSet { ids: 1, rules: 0, version: 2, .. }");
}
