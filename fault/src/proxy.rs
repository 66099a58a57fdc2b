//! A line between a client and a server that can be slow or bad: what the server answers is held back, connections are cut, or everything is
//! swallowed and nobody told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Failure, rng};

/// A proxy at work; it ends with the value.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    server: Mutex<SocketAddr>,
    /// How often the line has fallen silent or found its voice again: it is silent while this is odd.
    turns: watch::Sender<u64>,
    delay_ms: AtomicU64,
    /// So many of a hundred messages to the server end their connection.
    cut_percent: AtomicU64,
    cuts: AtomicU64,
    /// Requests for the key set, or for where it is, that came by.
    key_sets: AtomicU64,
}

impl Proxy {
    /// Listens, and connects each client to `server`.
    pub(crate) async fn to(server: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let nothing = || AtomicU64::new(0);
        let (server, turns) = (Mutex::new(server), watch::Sender::new(0));
        let (delay_ms, cut_percent, cuts, key_sets) = (nothing(), nothing(), nothing(), nothing());
        let state = Arc::new(State { server, turns, delay_ms, cut_percent, cuts, key_sets });
        let address = listener.local_addr()?;
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state, task })
    }

    /// From now on answers come this much later.
    pub(crate) fn hold_back(&self, delay: Duration) {
        self.state.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// From now on so many of a hundred messages to the server end their connection.
    pub(crate) fn cut(&self, percent: u64) {
        self.state.cut_percent.store(percent, Ordering::Relaxed);
    }

    /// From now on connections lead to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) -> Result<(), Failure> {
        *self.state.server.lock().map_err(|_| "a connection has failed over its address")? = server;
        Ok(())
    }

    /// From now on everything is swallowed, also the end of a connection, as when a machine vanishes. Who is connected now stays so, to nobody.
    pub(crate) fn fall_silent(&self) {
        self.state.turns.send_modify(|turns| *turns += 1 + *turns % 2);
    }

    /// From now on new connections are carried.
    pub(crate) fn speak(&self) {
        self.state.turns.send_modify(|turns| *turns += *turns % 2);
    }

    /// Connections that were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::Relaxed)
    }

    /// How often the key set, or where it is, was asked for.
    pub(crate) fn key_sets(&self) -> u64 {
        self.state.key_sets.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries a connection until one side has had enough; a failure of either end is the other's to notice. What the silence catches is held until the
/// next one: an operating system at its end would have given up by then.
async fn carry(mut client: TcpStream, state: Arc<State>) {
    let mut turns = state.turns.subscribe();
    let begun = *turns.borrow_and_update();
    let mut upstream = None;
    if begun.is_multiple_of(2) {
        let Ok(server) = state.server.lock().map(|server| *server) else { return };
        let Ok(server) = TcpStream::connect(server).await else { return };
        tokio::select! {
            () = both_ways(&mut client, upstream.insert(server), &state) => return,
            _ = turns.changed() => {}
        }
    }
    let _ = turns.wait_for(|turns| *turns > begun + 2 - begun % 2).await;
}

async fn both_ways(client: &mut TcpStream, server: &mut TcpStream, state: &State) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.split(), server.split());
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            if asks_for_keys(&buffer[..count]) {
                state.key_sets.fetch_add(1, Ordering::Relaxed);
            }
            let cut = rng::between(1..=100) <= state.cut_percent.load(Ordering::Relaxed);
            state.cuts.fetch_add(u64::from(cut), Ordering::Relaxed);
            // Undelivered, or delivered and its answer lost.
            if cut && rng::between(0..=1) == 0 {
                break;
            }
            if to_server.write_all(&buffer[..count]).await.is_err() || cut {
                break;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            tokio::time::sleep(Duration::from_millis(state.delay_ms.load(Ordering::Relaxed))).await;
            if to_client.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

fn asks_for_keys(request: &[u8]) -> bool {
    [&b"GET /.well-known/jwks.json"[..], b"GET /.well-known/openid-configuration"]
        .iter()
        .any(|it| request.starts_with(it))
}
