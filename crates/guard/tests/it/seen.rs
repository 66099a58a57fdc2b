//! Tokens seen before: nothing may be accepted for being remembered.

use std::{sync::Arc, time::Duration};

use allocation_counter::measure;
use symbolon_guard::{
    Algorithm, Caller, Clock, Guard, Keys,
    testing::{AUDIENCE, TestClock, TestIssuer},
};

use super::{at_once, bearer, send};

fn remembers(guard: &Guard, token: &str) -> bool {
    let before = guard.status().cache.hits;
    at_once(guard.verify(token)).is_some_and(|verified| verified.is_ok()) && guard.status().cache.hits == before + 1
}

#[tokio::test]
async fn a_token_seen_again_costs_no_allocation() {
    let issuer = TestIssuer::offline();
    for guard in [issuer.guard(AUDIENCE), issuer.guard(AUDIENCE).accept_plain_jwt()] {
        let token = issuer.token().scope("read:dragons").role("admin").sign();
        assert!(!remembers(&guard, &token), "the first time");
        assert!(remembers(&guard, &token));
        let allocations = measure(|| {
            for _ in 0..10 {
                assert_eq!(at_once(guard.verify(&token)).unwrap().unwrap().sub, "u1");
            }
        });
        assert_eq!(allocations.count_total, 0);
    }
}

#[tokio::test]
async fn callers_of_a_seen_token_get_the_same_claims() {
    let issuer = TestIssuer::offline();
    let app = super::app(&issuer.guard(AUDIENCE));
    let tokens: Vec<String> = (0..50).map(|n| issuer.token().sub(&format!("u{n}")).sign()).collect();
    for _ in 0..3 {
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(send(&app, bearer("/me", token)).await.body, format!("u{n}"));
        }
    }
}

#[tokio::test]
async fn expiry_holds_at_every_hit() {
    let issuer = TestIssuer::offline();
    let clock = TestClock::now();
    let guard = issuer.guard(AUDIENCE).clock(clock.clone());
    let token = issuer.token().sign(); // ten minutes, and 30 seconds of leeway
    assert!(!remembers(&guard, &token) && remembers(&guard, &token));
    clock.advance(Duration::from_secs(600 + 29));
    assert!(remembers(&guard, &token));
    clock.advance(Duration::from_secs(1));
    assert!(guard.verify(&token).await.is_err());
}

#[tokio::test]
async fn not_before_holds_at_every_hit_also_when_the_clock_is_put_back() {
    let issuer = TestIssuer::offline();
    let clock = TestClock::now();
    let guard = issuer.guard(AUDIENCE).clock(clock.clone());
    let now = clock.unix_now();
    let token = issuer.token().claim("nbf", now + 100).claim("exp", now + 900).sign();
    clock.advance(Duration::from_secs(70));
    assert!(!remembers(&guard, &token) && remembers(&guard, &token));
    clock.put_back(Duration::from_secs(1));
    assert!(guard.verify(&token).await.is_err());
    clock.advance(Duration::from_secs(1));
    assert!(remembers(&guard, &token));
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    for token in
        [issuer.token().audience("https://other.example"), issuer.token().typ("JWT"), issuer.token().without("exp")]
    {
        for _ in 0..3 {
            assert!(guard.verify(&token.sign()).await.is_err());
        }
    }
    let good = issuer.token().sign();
    assert!(guard.verify(&good).await.is_ok());
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, other_signature) =
        issuer.token().sub("u2").sign().rsplit_once('.').map(|(m, s)| (m.to_owned(), s.to_owned())).unwrap();
    assert!(guard.verify(&format!("{message}.{other_signature}")).await.is_err());
    assert_eq!(guard.status().cache.entries, 1);
}

#[tokio::test]
async fn each_guard_has_its_own_memory() {
    let issuer = TestIssuer::offline();
    let (ours, theirs) = (issuer.guard(AUDIENCE), issuer.guard("https://other.example"));
    let token = issuer.token().sign();
    for _ in 0..3 {
        assert!(ours.verify(&token).await.is_ok());
        assert!(theirs.verify(&token).await.is_err());
    }
    let clone = ours.clone();
    assert!(remembers(&clone, &token), "clones share it");
}

#[tokio::test]
async fn a_guard_with_another_policy_begins_without_memory() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let token = issuer.token().sign();
    assert!(!remembers(&guard, &token) && remembers(&guard, &token));
    let stricter = guard.clone().algorithms([Algorithm::RS256]);
    assert!(stricter.verify(&token).await.is_err());
    assert!(!remembers(&guard.leeway(Duration::ZERO), &token));
}

#[tokio::test]
async fn a_seen_token_dies_with_its_key() {
    let issuer = TestIssuer::start().await;
    let guard = issuer.guard(AUDIENCE);
    let old = issuer.token().sign();
    assert!(guard.verify(&old).await.is_ok());
    assert!(remembers(&guard, &old));
    // One more key changes nothing for what the old one signed.
    issuer.rotate();
    assert!(guard.verify(&issuer.token().sign()).await.is_ok());
    assert!(remembers(&guard, &old));
    issuer.rotate();
    issuer.withdraw_old_keys();
    // Brings the new set.
    assert!(guard.verify(&issuer.token().sign()).await.is_ok());
    assert!(guard.verify(&old).await.is_err());
}

#[tokio::test]
async fn keys_are_renewed_although_every_token_was_seen_before() {
    let issuer = TestIssuer::start().await;
    let clock = TestClock::now();
    let guard = issuer.guard(AUDIENCE).clock(clock.clone());
    let token = issuer.token().claim("exp", u32::MAX).sign();
    assert!(guard.verify(&token).await.is_ok());
    issuer.rotate();
    issuer.withdraw_old_keys();
    clock.advance(Duration::from_mins(10));
    // The request that notices is still served with the old set; the fetch behind the scenes ends its memory.
    assert!(remembers(&guard, &token));
    let forgotten = async {
        while guard.verify(&token).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), forgotten).await.expect("the new set is fetched");
}

#[tokio::test]
async fn without_usable_keys_nothing_seen_before_counts() {
    let mut issuer = TestIssuer::start().await;
    let clock = TestClock::now();
    let guard = issuer.guard(AUDIENCE).clock(clock.clone());
    let token = issuer.token().claim("exp", u32::MAX).sign();
    assert!(guard.verify(&token).await.is_ok() && remembers(&guard, &token));
    issuer.stop().await;
    clock.advance(Duration::from_hours(24));
    assert_eq!(guard.verify(&token).await.unwrap_err().status(), 503);
}

#[tokio::test]
async fn memory_is_bounded_and_can_be_switched_off() {
    let issuer = TestIssuer::offline();
    let (small, off) = (issuer.guard(AUDIENCE).remember(20), issuer.guard(AUDIENCE).remember(0));
    for n in 0..200 {
        let token = issuer.token().sub(&format!("u{n}")).sign();
        assert!(small.verify(&token).await.is_ok() && off.verify(&token).await.is_ok());
        assert!(!remembers(&off, &token));
    }
    assert!((1..=20).contains(&small.status().cache.entries));
    assert_eq!(off.status().cache.entries, 0);
    let long = issuer.token().claim("long", "x".repeat(4096)).sign();
    assert!(!remembers(&small, &long) && !remembers(&small, &long), "too long to be kept");
    assert!(small.verify(&long).await.is_ok());
}

#[tokio::test]
async fn nothing_is_remembered_with_a_shared_secret() {
    let secret = [7; 32];
    let keys = Keys::shared_secret(&secret, Algorithm::HS256).unwrap();
    let guard = Guard::new("https://issuer.example.com", AUDIENCE).unwrap().keys(keys);
    let jwk = symbolon_guard::Jwk::oct(&secret, Algorithm::HS256).unwrap();
    let key = symbolon_jose::SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let token = TestIssuer::offline().token().key(&key).sign();
    assert!(guard.verify(&token).await.is_ok());
    assert!(!remembers(&guard, &token));
}

#[test]
fn threads_see_their_own_callers() {
    let issuer = TestIssuer::offline();
    // Far too small for all, so that tokens come and go.
    let guard = Arc::new(issuer.guard(AUDIENCE).remember(50));
    let tokens: Vec<String> = (0..100).map(|n| issuer.token().sub(&format!("u{n}")).sign()).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (guard, tokens) = (&guard, &tokens);
            scope.spawn(move || {
                for round in 0..20 {
                    for n in (0..100).map(|n| (n * 7 + thread * 13 + round) % 100) {
                        let caller: Caller = at_once(guard.verify(&tokens[n])).unwrap().unwrap();
                        assert_eq!(caller.sub, format!("u{n}"));
                    }
                }
            });
        }
    });
    assert!(guard.status().cache.hits > 0);
}
