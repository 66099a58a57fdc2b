//! Whoever sits between guard and issuer can cut the feed, and nothing more.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{Response, StatusCode, header},
};
use serde_json::json;
use symbolon_guard::{FeedState, Guard, WhenStale};
use symbolon_jose::jwt;
use symbolon_revocation::{Entry, Fingerprint, IdKind, event};

use super::{
    is_good, ready, revoked,
    scripted::{EPOCH, Scripted, jti, new_key, signing},
    until, until_revoked,
};

async fn following(issuer: &Scripted, guard: Guard) -> Guard {
    let guard = ready(guard).await;
    until("it follows", async || issuer.followers() > 0).await;
    guard
}

/// Waits until the guard has given up the stream it was following and follows another.
async fn until_it_came_back(issuer: &Scripted, streams: usize) {
    until("it gives the stream up and comes back", async || issuer.asked()[1] > streams && issuer.followers() > 0)
        .await;
}

async fn until_error(guard: &Guard, text: &str) {
    until(text, async || guard.status().revocation.last_error.is_some_and(|why| why.contains(text))).await;
}

#[tokio::test]
async fn forged_events_are_refused_and_the_stream_is_given_up() {
    let issuer = Scripted::start().await;
    let guard = following(&issuer, issuer.guard()).await;
    let token = issuer.token("t");
    let claims = json!({ "iss": issuer.issuer, "iat": issuer.begin, "epoch": EPOCH, "after": 0, "seq": 0 });
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        jwt::sign(&signing(&issuer.key()), event::TYPE, &claims).unwrap()
    };
    let good = issuer.event(0, 0, &[jti("t")]);
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, signature) =
        issuer.event(0, 0, &[jti("x")]).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let forged = [
        ("a stranger's key of the same name", issuer.event_by(&new_key("first"), 0, 0, &[jti("t")])),
        ("a stranger's key of another name", issuer.event_by(&new_key("other"), 0, 0, &[jti("t")])),
        ("another signature of the issuer", format!("{message}.{signature}")),
        ("another type of token", jwt::sign(&signing(&issuer.key()), "at+jwt", &claims).unwrap()),
        ("a snapshot's head", jwt::sign(&signing(&issuer.key()), "symbolon-revocation-snapshot+jwt", &claims).unwrap()),
        ("another issuer's", with("iss", json!("https://other.example"))),
        ("from the future", with("iat", json!(issuer.begin + 31))),
        ("no event at all", "{}".to_owned()),
    ];
    for (what, jws) in forged {
        let streams = issuer.asked()[1];
        issuer.say(&jws);
        until_it_came_back(&issuer, streams).await;
        assert!(is_good(&guard, &token).await, "{what}");
        assert_eq!(guard.status().revocation.entries, 0, "{what}");
        // A good word, so that the next pause is a short one again.
        issuer.say(&issuer.event(0, 0, &[]));
        until("all is well", async || guard.status().revocation.last_error.is_none()).await;
    }
    issuer.say(&good);
    until_revoked(&guard, &token).await;
}

#[tokio::test]
async fn heartbeats_said_again_keep_nothing_fresh() {
    let issuer = Scripted::start().await;
    let guard = issuer.guard().max_staleness(Duration::from_secs(30)).when_stale(WhenStale::Refuse);
    let guard = following(&issuer, guard).await;
    let token = issuer.token("t");
    let heartbeats: Vec<String> = (1..=5).map(|second| issuer.event(second, 0, &[])).collect();
    issuer.clock.advance(Duration::from_secs(5));
    let say_all = || {
        for beat in &heartbeats {
            issuer.say(beat);
        }
    };
    say_all();
    until("the newest counts", async || guard.status().revocation.staleness == Some(Duration::ZERO)).await;
    for _ in 0..3 {
        issuer.clock.advance(Duration::from_secs(10));
        say_all();
    }
    // Said last, and heard: so all before it was heard as well.
    issuer.say(&issuer.event(0, 0, &[jti("other")]));
    until("it has heard all", async || guard.status().revocation.entries == 1).await;
    assert!(is_good(&guard, &token).await, "30 seconds old");
    issuer.clock.advance(Duration::from_secs(1));
    assert_eq!(guard.verify(&token).await.unwrap_err().status(), 503);
    assert_eq!(guard.status().revocation.staleness, Some(Duration::from_secs(31)));
}

#[tokio::test]
async fn an_event_that_was_left_out_is_noticed_and_an_old_snapshot_does_not_hide_it() {
    let issuer = Scripted::start().await;
    let guard = following(&issuer, issuer.guard().when_stale(WhenStale::Refuse)).await;
    let (known, hidden) = (issuer.token("known"), issuer.token("hidden"));
    issuer.say(&issuer.event(1, 0, &[jti("known")]));
    until_revoked(&guard, &known).await;
    assert!(is_good(&guard, &hidden).await);
    // The second entry was held back. Whoever does so also has the first snapshot ready.
    issuer.say(&issuer.event(2, 2, &[jti("third")]));
    until_error(&guard, "older than what is known").await;
    assert!(revoked(&guard, &known).await.is_some(), "a snapshot without it gives nothing back");
    let status = guard.status().revocation;
    assert_eq!((status.position.as_deref(), status.lag), (Some("E.1"), 2));
    issuer.clock.advance(Duration::from_secs(32));
    assert_eq!(guard.verify(&hidden).await.unwrap_err().status(), 503, "it knows that it does not know");
    issuer.set_snapshot(issuer.snapshot(32, 3, &[jti("hidden"), jti("third")]));
    until_revoked(&guard, &hidden).await;
    assert!(revoked(&guard, &known).await.is_some(), "also not a newer one that has forgotten it");
    assert_eq!(guard.status().revocation.state, FeedState::Fresh);
}

#[tokio::test]
async fn a_snapshot_that_is_not_the_issuers_is_not_taken() {
    let issuer = Scripted::start().await;
    let good = issuer.snapshot(0, 1, &[jti("t")]);
    let mut other_body = good.clone();
    *other_body.last_mut().unwrap() ^= 1;
    let mut other_head = good.clone();
    other_head[40] ^= 1;
    let redirect =
        Response::builder().status(StatusCode::FOUND).header(header::LOCATION, format!("{}/jwks", issuer.issuer));
    let answers = [
        (Response::new(Bytes::from(other_body)), "not the one that was signed"),
        (Response::new(Bytes::from(other_head)), "does not count"),
        (Response::new(Bytes::from(good[..good.len() - 1].to_vec())), "does not count"),
        (Response::new(Bytes::from_static(b"<html>")), "not a snapshot"),
        (Response::new(Bytes::new()), "not a snapshot"),
        (redirect.body(Bytes::new()).unwrap(), "302"),
        (Response::builder().status(500).body(Bytes::from(good.clone())).unwrap(), "500"),
    ];
    for (answer, why) in answers {
        issuer.answer_snapshot(answer);
        let guard = issuer.guard();
        assert!(is_good(&guard, &issuer.token("t")).await);
        until_error(&guard, why).await;
        let status = guard.status().revocation;
        assert_eq!((status.state, status.entries), (FeedState::Waiting, 0), "{why}");
    }
    issuer.set_snapshot(good);
    let guard = ready(issuer.guard()).await;
    assert!(revoked(&guard, &issuer.token("t")).await.is_some());
}

#[tokio::test]
async fn what_does_not_end_is_given_up() {
    let issuer = Scripted::start().await;
    let guard = following(&issuer, issuer.guard()).await;
    let streams = issuer.asked()[1];
    let megabyte = "x".repeat(1 << 20);
    issuer.write("data: ");
    (0..3).for_each(|_| issuer.write(&megabyte));
    until_it_came_back(&issuer, streams).await;
    let token = issuer.token("t");
    issuer.say(&issuer.event(1, 0, &[jti("t")]));
    until_revoked(&guard, &token).await;
}

/// The one test that waits by the machine's clock: two seconds, the shortest patience there is.
#[tokio::test]
async fn a_stream_that_says_nothing_is_given_up_also_if_it_makes_noise() {
    let issuer = Scripted::start().await;
    let guard = following(&issuer, issuer.guard().max_staleness(Duration::from_secs(2))).await;
    let streams = issuer.asked()[1];
    let noise = async {
        loop {
            issuer.write(": nothing\n\nevent: other\ndata: x\n\n");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = noise => {}
        () = until_it_came_back(&issuer, streams) => {}
    }
    assert_eq!(guard.status().revocation.state, FeedState::Fresh, "its own clock stands still");
}

#[tokio::test]
async fn entries_of_a_later_version_are_counted() {
    let issuer = Scripted::start().await;
    let guard = following(&issuer, issuer.guard()).await;
    let mut record = Entry::new(IdKind::Jti, Fingerprint(1), 1, u64::from(u32::MAX)).record();
    record[0] = 200;
    let claims = json!({ "iss": issuer.issuer, "iat": issuer.begin, "epoch": EPOCH, "after": 0, "seq": 1,
        "entries": symbolon_jose::base64url::encode(&record) });
    issuer.say(&jwt::sign(&signing(&issuer.key()), event::TYPE, &claims).unwrap());
    until("it is counted", async || guard.status().revocation.ignored == 1).await;
    assert_eq!(guard.status().revocation.position.as_deref(), Some("E.1"), "it has a number, too");
}
