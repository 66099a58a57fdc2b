//! Death without warning (security F1 and F3): a child process signs in, redeems and rotates until it is killed; what it
//! was answered is on record, and nothing can be used a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::{Options, Sqlite};
use crate::contract::world::{NOW, World, access_token, begin, code, redeem, rotate, session};
use crate::port::Store;
use crate::record::{Artefact, Hash32, Issued, RedeemCode, Redeemed, RefreshState, Rotate, RotateExpect, Rotated};

const CHAINS: u8 = 8;
const ROUNDS: u32 = 25;
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

/// The child's part; does nothing unless this process is the child.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(task) = std::env::var(PATH) else { return };
    let (round, path) = task.split_once(':').unwrap();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(Path::new(path), Options::default()).unwrap());
    let lives: Vec<_> =
        (0..CHAINS).map(|chain| tokio::spawn(live(Arc::clone(&store), round.parse().unwrap(), chain))).collect();
    for life in lives {
        life.await.unwrap();
    }
}

/// Starts the child, kills it after some acknowledgements, and returns the last acknowledged step of each chain.
fn kill_amid_work(path: &Path, round: u32) -> BTreeMap<u8, u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::crash::child", "--nocapture"])
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
        let facts = store.refresh_facts(hash(round, chain, step)).await.unwrap().unwrap();
        assert!(matches!(facts.token.state, RefreshState::Superseded { .. }), "{place}: rotation {step} lost");
        let again = store.rotate_refresh_token(rotation(round, chain, step)).await;
        assert_eq!(again, Ok(Rotated::LostRace), "{place}: token {step} used twice");
    }
    // The newest acknowledged token works, or the one request in doubt was carried out whole.
    let newest = store.refresh_facts(hash(round, chain, last + 1)).await.unwrap().unwrap();
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
        let journal = kill_amid_work(&path, round);
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
