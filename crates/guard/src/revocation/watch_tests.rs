use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use symbolon_revocation::{Event, IdKind};

use super::*;
use crate::{claims::Claims, testing::TestClock};

const TOKENS: usize = 20_000;

fn watch(clock: &TestClock) -> Watch {
    let options = Options { mode: Revocation::Required, ..Options::default() };
    Watch::new(options, "https://api.example", Arc::new(clock.clone()))
}

fn proven(number: usize) -> Proven {
    let claims = Claims { jti: Some(format!("t{number}")), exp: u64::MAX, ..Claims::default() };
    Proven::new(claims)
}

/// Readers ask about the same tokens, again and again, while one after the other is revoked: as soon as the writer has said so, no
/// reader may rely on an earlier look.
#[test]
fn no_reader_misses_what_has_been_said() {
    let clock = TestClock::now();
    let watch = watch(&clock);
    let now = clock.unix_now();
    let (tokens, said) = ((0..TOKENS).map(proven).collect::<Vec<_>>(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while said.load(Ordering::Acquire) < TOKENS {
                    // Around the one that is next, where a look and a revocation meet.
                    let next = said.load(Ordering::Acquire);
                    for (number, token) in tokens.iter().enumerate().skip(next.saturating_sub(4)).take(8) {
                        let known = said.load(Ordering::Acquire);
                        let word = watch.word(token, now);
                        assert!(
                            number >= known || word == Word::Revoked(Revoked::Token),
                            "{number} of {known}: {word:?}"
                        );
                        if word != Word::Good {
                            assert!(number <= said.load(Ordering::Acquire), "nobody has said that");
                        }
                    }
                }
            });
        }
        for number in 0..TOKENS {
            let fingerprint = Fingerprint::of(IdKind::Jti, &format!("t{number}"));
            let entries = vec![Entry::new(IdKind::Jti, fingerprint, now, now + 900)];
            let seq = number as u64 + 1;
            let event = Event { iat: now, epoch: "E".into(), after: seq - 1, seq, entries, unknown: 0 };
            watch.knowledge.hear(&event, watch.now());
            said.store(number + 1, Ordering::Release);
        }
    });
    assert!(watch.unchecked.value() > 0, "there is no snapshot, and the choice is to accept");
}

#[test]
fn an_answer_of_the_issuer_holds_for_five_seconds_by_any_clock() {
    let clock = TestClock::now();
    let options = Options { mode: Revocation::Required, when_stale: WhenStale::Introspect, ..Options::default() };
    let watch = Watch::new(options, "https://api.example", Arc::new(clock.clone()));
    let (token, now) = (proven(1), clock.unix_now());
    assert_eq!(watch.word(&token, now), Word::Ask);
    token.active_until.store(now + ANSWER_SECS, Ordering::Relaxed);
    for (at, word) in [(now, Word::Good), (now + 4, Word::Good), (now + 5, Word::Ask), (now - 1, Word::Ask)] {
        assert_eq!(watch.word(&token, at), word, "{at}");
    }
}
