//! The issuer's keys change, and its feed goes on.

use symbolon_guard::{Jwk, Revoked};
use symbolon_revocation::{Entry, Fingerprint, RuleKind};

use super::{
    is_good, ready, revoked,
    scripted::{Scripted, jti, signing},
    until, until_revoked,
};

#[tokio::test]
async fn an_event_or_a_snapshot_of_a_new_key_brings_the_key() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard()).await;
    until("it follows", async || issuer.followers() > 0).await;
    let (one, two) = (issuer.token("one"), issuer.token("two"));
    issuer.rotate("second");
    issuer.say(&issuer.event(1, 0, &[jti("one")]));
    until_revoked(&guard, &one).await;
    assert_eq!(issuer.asked()[1], 1, "without a new stream");

    issuer.rotate("third");
    issuer.set_snapshot(issuer.snapshot(2, 5, &[jti("two")]));
    issuer.say(&issuer.event(2, 4, &[jti("other")]));
    until_revoked(&guard, &two).await;
    until("all is known", async || guard.status().revocation.position.as_deref() == Some("E.5")).await;
}

#[tokio::test]
async fn a_feed_that_has_moved_is_found_again() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard()).await;
    until("it follows", async || issuer.followers() > 0).await;
    issuer.move_to("/new");
    until("it follows again", async || issuer.followers() > 0).await;
    let token = issuer.token("t");
    issuer.say(&issuer.event(1, 0, &[jti("t")]));
    until_revoked(&guard, &token).await;
    assert_eq!(issuer.asked()[0], 1, "by number");
}

#[tokio::test]
async fn a_revoked_key_signs_neither_tokens_nor_news() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard()).await;
    until("it follows", async || issuer.followers() > 0).await;
    let stolen = issuer.key();
    let old = issuer.token("old");
    assert!(is_good(&guard, &old).await);
    issuer.rotate("second");
    let (fresh, other) = (issuer.token("fresh"), issuer.token("other"));
    let rule = Entry::new(RuleKind::Key, Fingerprint::of(RuleKind::Key, "first"), 1, u64::from(u32::MAX));
    issuer.say(&issuer.event(1, 0, &[rule]));
    until("its tokens are refused", async || revoked(&guard, &old).await == Some(Revoked::Key)).await;
    assert!(is_good(&guard, &fresh).await);

    let streams = issuer.asked()[1];
    issuer.say(&issuer.event_by(&stolen, 2, 1, &[jti("fresh")]));
    until("the stream is given up", async || issuer.asked()[1] > streams && issuer.followers() > 0).await;
    assert!(is_good(&guard, &fresh).await, "whoever has it cannot refuse anybody, nor hide anything");
    issuer.say(&issuer.event(2, 1, &[jti("other")]));
    until_revoked(&guard, &other).await;
}

/// Where one key is all there is, a header need not name it (RFC 7515 §4.1.4 is optional); that is no way around.
#[tokio::test]
async fn a_revoked_key_is_known_also_where_nothing_names_it() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard()).await;
    until("it follows", async || issuer.followers() > 0).await;
    let mut nameless: serde_json::Value = serde_json::from_str(&issuer.key().to_private_json()).unwrap();
    nameless.as_object_mut().unwrap().remove("kid");
    let nameless = Jwk::from_value(&nameless).unwrap();
    let before = issuer.token_by(&signing(&nameless), "before");
    assert!(is_good(&guard, &before).await);
    let rule = Entry::new(RuleKind::Key, Fingerprint::of(RuleKind::Key, "first"), 1, u64::from(u32::MAX));
    issuer.say(&issuer.event(1, 0, &[rule]));
    until("its tokens are refused", async || revoked(&guard, &before).await == Some(Revoked::Key)).await;
    assert_eq!(revoked(&guard, &issuer.token_by(&signing(&nameless), "after")).await, Some(Revoked::Key));
    issuer.say(&issuer.event_by(&nameless, 2, 1, &[jti("x")]));
    until("its news are refused", async || {
        guard.status().revocation.last_error.is_some_and(|why| why.contains("a key that was revoked"))
    })
    .await;
    assert_eq!(guard.status().revocation.entries, 1);
}
