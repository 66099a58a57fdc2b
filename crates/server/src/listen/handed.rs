//! Sockets that were opened before this process began and are kept when it ends: systemd's socket activation
//! (`LISTEN_FDS`, sd_listen_fds(3)). Whoever connects while no server runs waits in the queue of the socket, so that a restart refuses
//! nobody.
//!
//! What it refuses: sockets that are neither TCP nor Unix streams that listen.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use crate::config::Listen;

/// The listening sockets that somebody else keeps, or that were opened to learn their port. They take the place of `http.listen`.
#[derive(Debug, Default)]
pub struct Handed {
    sockets: Vec<Socket>,
    keeper: Keeper,
}

/// Whose sockets they are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Keeper {
    /// Somebody's who hands them to the next process, too.
    Other,
    /// This process's.
    #[default]
    Own,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(std::net::TcpListener),
    Unix(UnixListener),
}

impl Handed {
    /// Takes what was handed to this process, once: afterwards the environment does not name it any more. To be called before the
    /// process has more than one thread.
    pub fn take() -> io::Result<Self> {
        let mut from = ListenFd::from_env();
        let mut sockets = Vec::with_capacity(from.len());
        for place in 0..from.len() {
            // A socket of another kind is an error of the second attempt, which says so.
            let tcp = from.take_tcp_listener(place).ok().flatten().map(Socket::Tcp);
            let socket = match tcp {
                Some(socket) => Some(socket),
                None => from.take_unix_listener(place)?.map(Socket::Unix),
            };
            sockets.extend(socket);
        }
        for socket in &sockets {
            match socket {
                Socket::Tcp(socket) => socket.set_nonblocking(true)?,
                Socket::Unix(socket) => socket.set_nonblocking(true)?,
            }
        }
        let keeper = if sockets.is_empty() { Keeper::Own } else { Keeper::Other };
        Ok(Self { sockets, keeper })
    }

    /// Listens there at once: with port 0 the system chooses one, which has to be known before the issuer is named after it.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { sockets: vec![Socket::Tcp(socket)], keeper: Keeper::Own })
    }

    /// Whether nobody else keeps them.
    pub(crate) fn is_own(&self) -> bool {
        self.keeper == Keeper::Own
    }

    /// Where they listen, if any was handed over: what the configuration is judged by. Of several the one that most can reach.
    pub fn listen(&self) -> Option<Listen> {
        let mut places = self.sockets.iter().filter_map(Socket::listen);
        let first = places.next()?;
        Some(if first.is_local() { places.find(|place| !place.is_local()).unwrap_or(first) } else { first })
    }

    pub(super) fn into_sockets(self) -> Vec<Socket> {
        self.sockets
    }
}

impl Socket {
    fn listen(&self) -> Option<Listen> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok().map(Listen::Tcp),
            Self::Unix(socket) => {
                let address = socket.local_addr().ok()?;
                address.as_pathname().map(|path| Listen::Unix(path.to_owned()))
            }
        }
    }
}
