//! Death without warning (security F1 and F3): a child process signs in, redeems and rotates until it is killed; what it
//! was answered is on record, and nothing can be used a second time. Another one signs out: whatever ended has left its message.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::{Options, Sqlite};
use crate::contract::world::{NOW, World, access_token, begin, code, family, new_user, redeem, rotate, session};
use crate::port::Store;
use crate::record::{
    Artefact, Claim, CompleteSignUp, Delivery, DeliveryOutcome, DeliveryState, Document, DocumentWrite, EventFate,
    EventStream, Expect, Hash32, Issued, ListDeliveries, NewFamily, RedeemCode, Redeemed, RefreshState, Rotate,
    RotateExpect, Rotated, StreamStatus, Transmission,
};

const CHAINS: u8 = 8;
const ROUNDS: u32 = 25;
const LEASE: u64 = 20;
const PATH: &str = "SYMBOLON_STORE_CRASH_TEST";

/// The bearer values of one chain in one round are numbered; 0 is the code.
fn hash(round: u32, chain: u8, step: u32) -> Hash32 {
    let mut bytes = [chain; 32];
    bytes[..4].copy_from_slice(&round.to_be_bytes());
    bytes[4..8].copy_from_slice(&step.to_be_bytes());
    Hash32(bytes)
}

fn redemption(round: u32, chain: u8) -> RedeemCode {
    let mut session = session("ann", chain);
    session.sid = format!("sid-{round}-{chain}");
    let mut redeem = redeem(&session, 0, chain);
    redeem.hash = hash(round, chain, 0);
    redeem.family.id = format!("family-{round}-{chain}");
    redeem.access_token.jti = format!("jti-{round}-{chain}-1");
    if let Some(token) = &mut redeem.refresh_token {
        token.hash = hash(round, chain, 1);
        token.family.clone_from(&redeem.family.id);
    }
    redeem
}

fn rotation(round: u32, chain: u8, step: u32) -> Rotate {
    let family = redemption(round, chain).family;
    let mut rotate = rotate(&family, 0, 0, RotateExpect::Current);
    rotate.presented = hash(round, chain, step);
    rotate.successor.hash = hash(round, chain, step + 1);
    rotate.access_token = access_token("ann", 0);
    rotate.access_token.jti = format!("jti-{round}-{chain}-{}", step + 1);
    rotate
}

/// One person: a session, a code, its redemption, rotations without end; each answer is written down before the next
/// request.
async fn live(store: Arc<dyn Store>, round: u32, chain: u8) {
    let say = |step: u32| writeln!(std::io::stdout().lock(), "did {chain} {step}").unwrap();
    let mut session = session("ann", chain);
    session.sid = format!("sid-{round}-{chain}");
    session.id_hash = hash(round, chain, 0);
    let mut code = code(&session, 0);
    code.hash = hash(round, chain, 0);
    assert_eq!(store.create_session(begin(session)).await, Ok(Issued::Done));
    store.put_artefact(code).await.unwrap();
    assert_eq!(store.redeem_code(redemption(round, chain)).await, Ok(Redeemed::Done));
    say(0);
    for step in 1.. {
        assert_eq!(store.rotate_refresh_token(rotation(round, chain, step)).await, Ok(Rotated::Done));
        say(step);
    }
}

/// One person who signs in and out again without end, while somebody delivers what that leaves in the outbox, or dies over it.
async fn leave(store: Arc<dyn Store>, round: u32, chain: u8) {
    for step in 0.. {
        let mut session = session("ann", chain);
        session.sid = format!("out-{round}-{chain}-{step}");
        session.id_hash = hash(round, chain, step);
        let mut family = family(&session, chain);
        family.id = format!("out-{round}-{chain}-{step}");
        let mut access_token = access_token("ann", chain);
        access_token.jti.clone_from(&family.id);
        assert_eq!(store.create_session(begin(session.clone())).await, Ok(Issued::Done));
        let new = NewFamily { session: None, family, refresh_token: None, access_token };
        assert_eq!(store.create_family(new).await, Ok(Issued::Done));
        assert!(store.end_session(&session.sid, "logout", NOW).await.unwrap().session);
        writeln!(std::io::stdout().lock(), "did {chain} {step}").unwrap();
        for taken in store.claim_deliveries(claim(NOW)).await.unwrap() {
            if taken.id % 3 == 0 {
                let arrived = store.settle_delivery(taken.id, NOW + LEASE, DeliveryOutcome::Delivered, NOW).await;
                assert_eq!(arrived, Ok(true));
            }
        }
    }
}

/// One person who chooses a new password by one link after another.
async fn forget(store: Arc<dyn Store>, round: u32, chain: u8) {
    let user = forgetful(round, chain);
    store.create_user(new_user(&user)).await.unwrap();
    for step in 0.. {
        let link = Artefact {
            kind: Artefact::PASSWORD_RESET.into(),
            user_id: Some(user.clone()),
            sid: None,
            hash: hash(round, chain, step),
            ..code(&session("ann", chain), 0)
        };
        store.put_artefact(link).await.unwrap();
        let reset =
            store.reset_password(hash(round, chain, step), &step.to_string(), &step.to_string(), Vec::new(), NOW).await;
        assert!(reset.unwrap().is_some());
        writeln!(std::io::stdout().lock(), "did {chain} {step}").unwrap();
    }
}

fn forgetful(round: u32, chain: u8) -> String {
    format!("forgetful-{round}-{chain}")
}

/// People who sign up, one after another.
async fn sign_up(store: Arc<dyn Store>, round: u32, chain: u8) {
    for step in 0.. {
        let proof = Artefact {
            kind: Artefact::SIGN_UP.into(),
            user_id: None,
            sid: None,
            hash: hash(round, chain, step),
            ..code(&session("ann", chain), 0)
        };
        store.put_artefact_and_tell(proof, Vec::new()).await.unwrap();
        let user = newcomer(round, chain, step);
        let mut session = session(&user, chain);
        session.sid = format!("sid-{user}");
        session.id_hash = hash(round, chain, step);
        let (kind, hash) = (Artefact::SIGN_UP, hash(round, chain, step));
        let end = CompleteSignUp { kind, hash, now: NOW, user: new_user(&user), session: Some(begin(session)) };
        assert_eq!(store.complete_sign_up(end).await, Ok(Redeemed::Done));
        writeln!(std::io::stdout().lock(), "did {chain} {step}").unwrap();
    }
}

fn newcomer(round: u32, chain: u8, step: u32) -> String {
    format!("newcomer-{round}-{chain}-{step}")
}

fn claim(now: u64) -> Claim {
    let (kind, target) = (Delivery::BACKCHANNEL_LOGOUT.to_owned(), "spa".to_owned());
    Claim { kind, target, limit: 1000, lease_secs: LEASE, now }
}

/// The parts of the children; they do nothing unless this process is one.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_lives() {
    play(live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn child_that_leaves() {
    play(leave).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn child_that_forgets() {
    play(forget).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn child_that_signs_up() {
    play(sign_up).await;
}

async fn play<F: Future<Output = ()> + Send + 'static>(part: fn(Arc<dyn Store>, u32, u8) -> F) {
    let Ok(task) = std::env::var(PATH) else { return };
    let (round, path) = task.split_once(':').unwrap();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(Path::new(path), Options::default()).unwrap());
    let lives: Vec<_> =
        (0..CHAINS).map(|chain| tokio::spawn(part(Arc::clone(&store), round.parse().unwrap(), chain))).collect();
    for life in lives {
        life.await.unwrap();
    }
}

/// Starts the child, kills it after some acknowledgements, and returns the last acknowledged step of each chain.
fn kill_amid_work(child: &str, path: &Path, round: u32) -> BTreeMap<u8, u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("sqlite::crash::{child}"), "--nocapture"])
        .env(PATH, format!("{round}:{}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut journal = BTreeMap::new();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for (number, line) in (0..).zip(lines) {
        if number == 5 + round * 7 {
            child.kill().unwrap();
        }
        // The last line may be cut off.
        let line = line.unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        if let ["did", chain, step] = words[..] {
            journal.insert(chain.parse().unwrap(), step.parse().unwrap());
        }
    }
    assert_eq!(child.wait().unwrap().code(), None, "killed, not failed");
    journal
}

async fn check(store: &dyn Store, round: u32, chain: u8, last: u32) {
    let place = format!("round {round}, chain {chain}, last acknowledged step {last}");
    let found = store.artefact(Artefact::AUTHORIZATION_CODE, hash(round, chain, 0)).await.unwrap().unwrap();
    assert!(found.redeemed_at.is_some(), "{place}: redemption lost");
    assert_eq!(store.redeem_code(redemption(round, chain)).await, Ok(Redeemed::AlreadyRedeemed), "{place}");
    for step in 1..=last {
        let facts = store.refresh_facts(None, hash(round, chain, step)).await.unwrap().unwrap();
        assert!(matches!(facts.token.state, RefreshState::Superseded { .. }), "{place}: rotation {step} lost");
        let again = store.rotate_refresh_token(rotation(round, chain, step)).await;
        assert_eq!(again, Ok(Rotated::LostRace), "{place}: token {step} used twice");
    }
    // The newest acknowledged token works, or the one request in doubt was carried out whole.
    let newest = store.refresh_facts(None, hash(round, chain, last + 1)).await.unwrap().unwrap();
    if let RefreshState::Superseded { successor, .. } = newest.token.state {
        assert_eq!(successor, hash(round, chain, last + 2), "{place}");
        assert_eq!(newest.successor.unwrap().state, RefreshState::Current, "{place}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_answered_write_and_revives_nothing_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("symbolon.db");
    drop(World::new(Arc::new(Sqlite::open(&path, Options::default()).unwrap())).await);
    let mut busy = BTreeSet::new();
    for round in 0..ROUNDS {
        let journal = kill_amid_work("child_that_lives", &path, round);
        let store = Sqlite::open(&path, Options::default()).unwrap();
        for (chain, last) in journal {
            check(&store, round, chain, last).await;
            busy.insert(chain);
        }
        let integrity = |conn: &rusqlite::Connection| Ok(conn.query_row("PRAGMA quick_check", [], |row| row.get(0))?);
        let verdict: String = store.write(integrity).await.unwrap();
        assert_eq!(verdict, "ok", "round {round} at {NOW}");
    }
    assert_eq!(busy.len(), usize::from(CHAINS), "every chain got to work");
}

#[tokio::test]
async fn a_killed_process_burns_no_reset_link_without_setting_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("symbolon.db");
    drop(World::new(Arc::new(Sqlite::open(&path, Options::default()).unwrap())).await);
    for round in 0..ROUNDS / 5 {
        let journal = kill_amid_work("child_that_forgets", &path, round);
        let store = Sqlite::open(&path, Options::default()).unwrap();
        for (chain, last) in journal {
            let user = store.user(&forgetful(round, chain)).await.unwrap().unwrap();
            let set: u32 = user.password_hash.unwrap().parse().unwrap();
            assert!(set == last || set == last + 1, "round {round}, chain {chain}: {set} after {last}");
            for step in 0..=last + 1 {
                let link = store.artefact(Artefact::PASSWORD_RESET, hash(round, chain, step)).await.unwrap();
                let is_redeemed = link.is_some_and(|link| link.redeemed_at.is_some());
                assert_eq!(is_redeemed, step <= set, "round {round}, chain {chain}: link {step}, password {set}");
            }
        }
    }
}

#[tokio::test]
async fn a_killed_process_leaves_nobody_half_signed_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("symbolon.db");
    drop(World::new(Arc::new(Sqlite::open(&path, Options::default()).unwrap())).await);
    for round in 0..ROUNDS / 5 {
        let journal = kill_amid_work("child_that_signs_up", &path, round);
        let store = Sqlite::open(&path, Options::default()).unwrap();
        for (chain, last) in journal {
            for step in 0..=last + 1 {
                let user = newcomer(round, chain, step);
                let place = format!("{user}, last acknowledged step {last}");
                let proof = store.artefact(Artefact::SIGN_UP, hash(round, chain, step)).await.unwrap();
                let is_used = proof.is_some_and(|proof| proof.redeemed_at.is_some());
                let sessions = store.sessions_of(&user, NOW).await.unwrap().len();
                let by_name = store.user_by_identifier(&format!("{user}@example.com")).await.unwrap();
                let whole = [is_used, sessions == 1, by_name.is_some()];
                assert!(whole == [true; 3] || whole == [false; 3] && step > last, "{place}: {whole:?}");
            }
        }
    }
}

/// A stream that is told of every end.
fn stream() -> EventStream {
    EventStream {
        id: "st".into(),
        client_id: "hub".into(),
        transmission: Transmission::Poll,
        events: ["session_revoked".to_owned()].into(),
        configuration: serde_json::json!({}),
        status: StreamStatus::Enabled,
        reason: None,
        max_waiting: 1_000_000,
        waiting: None,
        dropped: 0,
        verified_at: None,
        created_at: NOW,
        updated_at: NOW,
        revision: 1,
    }
}

/// What the stream is told, by the session; its numbers have no holes.
async fn signals(store: &Sqlite) -> BTreeSet<String> {
    let (mut all, mut expected) = (BTreeSet::new(), 1);
    loop {
        let events = store.polled_events("st", 500).await.unwrap();
        if events.is_empty() {
            return all;
        }
        let mut fates = Vec::new();
        for event in events {
            let number = event.payload["number"].as_u64().unwrap();
            assert!(number == expected || fates.is_empty() && all.is_empty(), "{number} after {expected}");
            expected = number + 1;
            fates.push((number, EventFate::Taken));
            assert!(all.insert(event.payload["sid"].as_str().unwrap().to_owned()), "told twice");
        }
        store.settle_polled_events("st", fates, NOW).await.unwrap();
    }
}

/// Every logout message of the outbox by the session it is about.
async fn messages(store: &dyn Store) -> BTreeMap<String, Delivery> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.deliveries(ListDeliveries { after, limit: 1000, ..ListDeliveries::default() }).await.unwrap();
        for delivery in page.items.into_iter().filter(|delivery| delivery.kind == Delivery::BACKCHANNEL_LOGOUT) {
            let sid = delivery.payload["sid"].as_str().unwrap().to_owned();
            assert!(all.insert(sid, delivery).is_none(), "told twice");
        }
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_message_and_leaves_none_of_what_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("symbolon.db");
    drop(World::new(Arc::new(Sqlite::open(&path, Options::default()).unwrap())).await);
    let store = Sqlite::open(&path, Options::default()).unwrap();
    let hub = serde_json::json!({ "first_party": true });
    let hub = DocumentWrite::Put { kind: Document::CLIENT.into(), id: "hub".into(), body: hub, expect: Expect::Any };
    store.apply(vec![hub]).await.unwrap();
    assert_eq!(store.create_stream(stream(), 1).await, Ok(true));
    drop(store);
    for round in 0..ROUNDS / 2 {
        let journal = kill_amid_work("child_that_leaves", &path, round);
        let store = Sqlite::open(&path, Options::default()).unwrap();
        let (messages, signals) = (messages(&store).await, signals(&store).await);
        for (chain, last) in journal {
            // The step after the last acknowledged one was carried out whole, or not at all.
            for step in 0..=last + 1 {
                let sid = format!("out-{round}-{chain}-{step}");
                let session = store.session_by_sid(&sid).await.unwrap();
                let ended = session.is_some_and(|session| session.ended_at.is_some());
                assert_eq!(messages.contains_key(&sid), ended, "round {round}: {sid}");
                assert_eq!(signals.contains(&sid), ended, "round {round}: {sid}");
                assert!(ended || step > last, "round {round}: {sid} was answered and is not on record");
            }
        }
        // Whoever held messages is dead: when the lease is over, all that did not arrive are there again.
        let open = messages.values().filter(|message| matches!(message.state, DeliveryState::Waiting { .. }));
        let mut again = 0;
        loop {
            let taken = store.claim_deliveries(claim(NOW + LEASE)).await.unwrap();
            again += taken.len();
            if taken.is_empty() {
                break;
            }
            for message in taken {
                let lease = NOW + 2 * LEASE;
                store.settle_delivery(message.id, lease, DeliveryOutcome::Delivered, NOW).await.unwrap();
            }
        }
        assert_eq!(again, open.count(), "round {round}");
    }
}
