//! The table alone: tokens are made of numbers, and nothing is verified.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::claims::Claims;

fn token(number: usize) -> String {
    // Like a signature's end: other in every character.
    let [a, b] =
        [number as u64, 0x9e37_79b9_7f4a_7c15].map(|salt| (number as u64 ^ salt).wrapping_mul(0xd6e8_feb8_6659_fd93));
    format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MSJ9.{a:016x}{b:016x}")
}

fn proven_text(token: &str, expires: u64) -> Arc<Proven> {
    let mut proven = Proven { expires, generation: 1, ..Proven::new(Claims::default()) };
    proven.claims.sub = token.to_owned();
    proven.token = Some(token.into());
    Arc::new(proven)
}

fn proven(number: usize, expires: u64) -> Arc<Proven> {
    proven_text(&token(number), expires)
}

const ALIVE: fn(&Proven) -> bool = |_| false;

fn found(table: &Table, range: std::ops::Range<usize>) -> usize {
    range.filter(|number| table.find(&token(*number)).is_some_and(|held| held.claims.sub == token(*number))).count()
}

#[test]
fn what_is_kept_is_found_and_nothing_else() {
    let table = Table::new(1000);
    (0..700).for_each(|number| table.insert(proven(number, 9), ALIVE));
    assert_eq!((found(&table, 0..700), table.len()), (700, 700));
    assert_eq!(found(&table, 700..2000), 0);
}

#[test]
fn a_token_that_differs_anywhere_is_another_one() {
    let table = Table::new(10);
    let good = token(1);
    table.insert(proven(1, 9), ALIVE);
    for position in 0..good.len() {
        let mut forged = good.clone().into_bytes();
        forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
        assert!(table.find(std::str::from_utf8(&forged).unwrap()).is_none(), "byte {position}");
    }
    for other in [&good[1..], &good[..good.len() - 1], &format!("{good}="), &format!("x{good}"), "", "x"] {
        assert!(table.find(other).is_none(), "{other}");
    }
}

#[test]
fn tokens_with_the_same_hash_stand_side_by_side() {
    let table = Table::new(100);
    let end = "0123456789abcdef";
    let tokens: Vec<String> = (0..20).map(|number| format!("{number}.{end}")).collect();
    for token in &tokens {
        table.insert(proven_text(token, 9), ALIVE);
        assert_eq!(table.find(token).unwrap().claims.sub, *token, "the newest is always found");
    }
    let held = tokens.iter().filter(|token| table.find(token).is_some_and(|held| held.claims.sub == **token)).count();
    assert!((WAYS..=2 * WAYS).contains(&held) && table.len() == held, "{held}");
}

#[test]
fn the_same_token_takes_one_place() {
    let table = Table::new(10);
    for expires in 1..50 {
        table.insert(proven(1, expires), ALIVE);
        assert_eq!(table.find(&token(1)).unwrap().expires, expires);
    }
    assert_eq!(table.len(), 1);
}

#[test]
fn a_flood_does_not_grow_it() {
    for most in [1, 2, 7, 1000] {
        let table = Table::new(most);
        (0..20 * most + 100).for_each(|number| table.insert(proven(number, 9), ALIVE));
        assert!(table.len() <= most, "{} of {most}", table.len());
        assert_eq!(found(&table, 0..20 * most + 100), table.len());
    }
}

#[test]
fn nearly_all_fit_until_it_is_full() {
    let table = Table::new(10_000);
    (0..10_000).for_each(|number| table.insert(proven(number, 9), ALIVE));
    assert!(table.len() > 9_900, "{}", table.len());
}

#[test]
fn what_was_asked_for_outlives_a_flood_of_what_was_not() {
    let table = Table::new(1000);
    (0..100).for_each(|number| table.insert(proven(number, 9), ALIVE));
    for number in 1000..11_000 {
        if number % 50 == 0 {
            found(&table, 0..100);
        }
        table.insert(proven(number, 9), ALIVE);
    }
    assert!(found(&table, 0..100) > 90, "{}", found(&table, 0..100));
}

#[test]
fn the_dead_make_room_first() {
    let table = Table::new(1000);
    // The dead were even asked for; the living were not.
    (0..500).for_each(|number| table.insert(proven(number, if number % 2 == 0 { 1 } else { 9 }), ALIVE));
    (0..500).step_by(2).for_each(|number| drop(table.find(&token(number))));
    (1000..1750).for_each(|number| table.insert(proven(number, 9), |held| held.expires <= 1));
    let living = (1..500).step_by(2).filter(|number| table.find(&token(*number)).is_some()).count();
    // Half as many would be left if they had to go like the rest.
    assert!(living > 200, "{living} of 250");
}

#[test]
fn sweeping_takes_out_the_dead_and_only_them() {
    let table = Table::new(1000);
    (0..1000).for_each(|number| table.insert(proven(number, if number % 2 == 0 { 1 } else { 9 }), ALIVE));
    (0..SWEEPS).for_each(|_| table.sweep(|held| held.expires <= 1));
    let left = found(&table, 0..1000);
    assert!((0..1000).step_by(2).all(|number| table.find(&token(number)).is_none()));
    assert_eq!(left, table.len());
    assert!(left > 480, "{left}");
}

#[test]
fn long_tokens_are_neither_kept_nor_looked_for() {
    let table = Table::new(10);
    let long = "x".repeat(MAX_TOKEN_BYTES + 1);
    table.insert(proven_text(&long, 9), ALIVE);
    assert!(table.find(&long).is_none() && table.len() == 0);
    table.insert(proven_text(&long[1..], 9), ALIVE);
    assert!(table.find(&long[1..]).is_some());
}

/// Many threads insert, ask and sweep in a table that is far too small, so that every way changes hands all the time.
#[test]
fn under_concurrency_nobody_gets_another_ones_claims() {
    let (table, stop) = (Table::new(40), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut hits = 0_u64;
                    while !stop.load(Ordering::Relaxed) {
                        for number in 0..200 {
                            if let Some(held) = table.find(&token(number)) {
                                assert_eq!(held.claims.sub, token(number));
                                hits += 1;
                            }
                        }
                    }
                    hits
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|offset| {
                let table = &table;
                scope.spawn(move || {
                    for round in 0..20_000 {
                        table.insert(proven((round * 7 + offset * 100) % 200, round as u64), ALIVE);
                        if round % 16 == 0 {
                            table.sweep(|held| held.expires % 3 == 0);
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u64>() > 0);
    });
    let standing = table.sets.iter().flat_map(|set| (0..WAYS).filter(|way| set.holds(*way, |_| true))).count();
    assert_eq!(table.len(), standing);
    // One more for each writer that looked for room at the same moment.
    assert!(standing <= 40 + 2, "{standing}");
}
