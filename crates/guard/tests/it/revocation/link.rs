//! A wire between guard and issuer: it can be cut, and sees what is asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

/// What gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    All,
    /// Everything but the revocation feed.
    NoFeed,
    Nothing,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: SocketAddr,
    state: watch::Sender<State>,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    asked: Mutex<Vec<String>>,
}

impl Link {
    /// A wire that leads nowhere yet.
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { target: Mutex::new(address), asked: Mutex::default() });
        let state = watch::Sender::new(State::All);
        let (subscribe, for_all) = (state.clone(), Arc::clone(&shared));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, subscribe.subscribe(), Arc::clone(&for_all)));
            }
        });
        Self { address, state, shared, accepting: accepting.abort_handle() }
    }

    pub(super) fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap() = target;
    }

    /// Breaks every connection; new ones get through as the state says.
    pub(super) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// How often something was asked whose path begins so.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.shared.asked.lock().unwrap().iter().filter(|it| it.starts_with(path)).count()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries one connection until an end closes it, or the wire is touched.
async fn carry(near: TcpStream, mut state: watch::Receiver<State>, shared: Arc<Shared>) {
    let now = *state.borrow_and_update();
    if now == State::Nothing {
        return;
    }
    let target = *shared.target.lock().unwrap();
    let Ok(far) = TcpStream::connect(target).await else { return };
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.into_split(), far.into_split());
    let asking = async {
        let mut piece = vec![0; 16 * 1024];
        // A client writes the head of a request at once.
        while let Ok(len @ 1..) = from_near.read(&mut piece).await {
            if let Some(path) = path(&piece[..len]) {
                if now == State::NoFeed && path.starts_with("/revocations") {
                    return;
                }
                shared.asked.lock().unwrap().push(path);
            }
            if to_far.write_all(&piece[..len]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = asking => {}
        _ = tokio::io::copy(&mut from_far, &mut to_near) => {}
        _ = state.changed() => {}
    }
}

fn path(head: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(head).ok()?;
    let mut words = text.lines().next()?.split(' ');
    words.next().filter(|method| ["GET", "POST"].contains(method))?;
    words.next().map(ToOwned::to_owned)
}
