//! Row 9: keys are rotated every five seconds while three APIs with cached keys answer 200 requests a second; the server is killed during
//! one rotation. No valid token is refused, no key signs that was not published before, exactly one key is active after the kill, and a
//! retired key stays published for as long as anything it signed may live.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use symbolon_guard::Guard;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::driver::keys::{rotate, with_state};
use crate::driver::{self, AUDIENCE, Machine, command};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;
use crate::wire::{Connection, Place};
use crate::{Failure, rng};

const APIS: usize = 3;
/// Requests a second to each API: 200 to all.
const RATE: u64 = 67;
/// So many of the newest tokens are in use.
const TOKENS: usize = 400;
/// The default life of an access token, in seconds.
const TOKEN_LIFE: u64 = 600;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    let machine = driver::populate(&world)?;
    let load = Arc::new(Load::default());
    let first = token(&machine, &mut world.connect()).await?;
    load.tokens.lock().map_err(|_| "poisoned")?.push(first);
    let mut work = JoinSet::new();
    for _ in 0..APIS {
        let address = serve(Guard::new(world.issuer(), AUDIENCE)?, &mut work).await?;
        work.spawn(call(address, Arc::clone(&load)));
    }
    work.spawn(ask_for_tokens(machine, world.connect(), Arc::clone(&load)));

    let mut report = Report::default();
    let (rotations, pause) = options.pick((12, Duration::from_secs(5)), (3, Duration::from_secs(2)));
    let kill_at = rotations / 2;
    for rotation in 1..=rotations {
        tokio::time::sleep(pause).await;
        if rotation == kill_at {
            kill_amid_rotation(&mut world, &mut report).await?;
        } else {
            rotate_published(&world, &mut report).await?;
        }
    }
    tokio::time::sleep(pause).await;
    load.over.store(true, Ordering::Relaxed);
    retired_long_enough(&world, &mut report).await?;
    work.shutdown().await;

    report.acknowledged = load.verified.load(Ordering::Relaxed);
    let refused = load.refused.lock().map_err(|_| "poisoned")?;
    for words in refused.iter() {
        report.lost(format!("a valid token was refused: {words}"));
    }
    report.tell(format!("{rotations} rotations, failed verifications {}", refused.len()));
    let enough = rotations * pause.as_secs() * RATE * APIS as u64 / 2;
    report.demand(report.acknowledged >= enough, "the APIs were asked less than half as often as was planned");
    Ok(report)
}

/// What the APIs and those who ask them share.
#[derive(Default)]
struct Load {
    tokens: Mutex<Vec<String>>,
    verified: AtomicU64,
    refused: Mutex<Vec<String>>,
    over: AtomicBool,
}

/// An API behind a guard: the sample API.
pub(super) async fn serve(guard: Guard, work: &mut JoinSet<()>) -> Result<SocketAddr, Failure> {
    let router = dragons_api::router(&guard, &[]);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    work.spawn(async move {
        // Ends when the task does.
        let _ = axum::serve(listener, router).await;
    });
    Ok(address)
}

/// Calls one API evenly with one of the newest tokens.
async fn call(address: SocketAddr, load: Arc<Load>) {
    let mut connection = Connection::new(Place::Tcp(address), address.to_string());
    let mut beat = tokio::time::interval(Duration::from_millis(1000 / RATE));
    while !load.over.load(Ordering::Relaxed) {
        beat.tick().await;
        let Some(token) = load.tokens.lock().ok().and_then(|tokens| {
            let last = u64::try_from(tokens.len()).ok()?.checked_sub(1)?;
            // Every second request with the very newest, which a guard is least likely to know the key of.
            let index = if rng::between(0..=1) == 0 { last } else { rng::between(0..=last) };
            tokens.get(usize::try_from(index).ok()?).cloned()
        }) else {
            continue;
        };
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = connection.ask(hyper::Method::GET, "/api/restricted", &headers, String::new()).await;
        // Once it is over the APIs go away, perhaps amid a call.
        if load.over.load(Ordering::Relaxed) {
            break;
        }
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            load.verified.fetch_add(1, Ordering::Relaxed);
        } else if let Ok(mut refused) = load.refused.lock() {
            refused.push(answer.map_or("no answer".to_owned(), |answer| answer.words()));
        }
    }
}

/// Keeps tokens coming; while the server is away there are none.
async fn ask_for_tokens(machine: Machine, mut connection: Connection, load: Arc<Load>) {
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    while !load.over.load(Ordering::Relaxed) {
        beat.tick().await;
        let Ok(token) = token(&machine, &mut connection).await else { continue };
        if let Ok(mut tokens) = load.tokens.lock() {
            tokens.push(token);
            let surplus = tokens.len().saturating_sub(TOKENS);
            tokens.drain(..surplus);
        }
    }
}

async fn token(machine: &Machine, connection: &mut Connection) -> Result<String, Failure> {
    machine.token(connection).await.map_err(|_| "no token")?.member("access_token")
}

/// Rotates; what signs from now on was published before. The APIs alone would not show it: each fetches the set for a key that it does not
/// know, as long as that is rare.
async fn rotate_published(world: &World, report: &mut Report) -> Result<(), Failure> {
    let published = key_set(world).await?;
    let answer = command(&mut world.control(), &rotate()).await.map_err(|_| "no answer to a rotation")?;
    report.demand(answer.status == 200, format!("a rotation was answered with {}", answer.words()));
    for kid in with_state(&answer.json(), "active")? {
        report.demand(published.contains(&kid), "a key signs that was not published before");
    }
    Ok(())
}

async fn key_set(world: &World) -> Result<String, Failure> {
    Ok(world.connect().get("/.well-known/jwks.json").await.map_err(|_| "no key set")?.text())
}

/// Sends the rotation and kills within a few milliseconds; exactly one key signs afterwards.
async fn kill_amid_rotation(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    let mut control = world.control();
    let rotation = tokio::spawn(async move { command(&mut control, &rotate()).await });
    tokio::time::sleep(Duration::from_micros(rng::between(200..=8000))).await;
    world.kill();
    report.in_doubt += u64::from(rotation.await?.is_err());
    report.restarted_in(world.start()?);
    let list = command(&mut world.control(), &json!({ "key": "list" })).await.map_err(|_| "no list of keys")?.json();
    for state in ["active", "next"] {
        let keys = with_state(&list, state)?;
        report.demand(keys.len() == 1, format!("{} keys are {state} after the kill", keys.len()));
    }
    Ok(())
}

/// Every retired key stays for the life of a token, and is still published now.
async fn retired_long_enough(world: &World, report: &mut Report) -> Result<(), Failure> {
    let mut control = world.control();
    let list = command(&mut control, &json!({ "key": "list" })).await.map_err(|_| "no list of keys")?.json();
    let set = key_set(world).await?;
    let retired = with_state(&list, "retired")?;
    report.demand(!retired.is_empty(), "no key was retired");
    for key in list["keys"].as_array().into_iter().flatten().filter(|key| key["life"]["state"] == "retired") {
        let (since, gone) = (key["life"]["since"].as_u64(), key["life"]["gone_at"].as_u64());
        let stays = since.zip(gone).is_some_and(|(since, gone)| gone - since >= TOKEN_LIFE);
        report.demand(stays, "a retired key goes before the last token it signed");
        let published = key["kid"].as_str().is_some_and(|kid| set.contains(kid));
        report.demand(published, "a retired key is not published any more");
    }
    Ok(())
}
