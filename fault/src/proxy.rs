//! A line between a client and a server that can be slow or bad: what the server answers is held back, connections are cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{Failure, rng};

/// A proxy at work; it ends with the value.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
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
        let (address, state) = (listener.local_addr()?, Arc::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, Arc::clone(&shared)));
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

/// Carries both ways until one side has had enough. A failure of either end is the other's to notice.
async fn carry(client: TcpStream, server: SocketAddr, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
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
