//! What a handler is given: an open connection whose caller is known.

use std::fmt;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::open::Life;
use crate::caller::Caller;

/// A message of an open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Anything else.
    Binary(Bytes),
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

/// The connection has ended: nothing can be sent any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection has ended")
    }
}

impl std::error::Error for Closed {}

/// What the handler wants of the connection.
#[derive(Debug)]
pub(super) enum Wish {
    Send(Message),
    Close(u16, String),
}

/// An open connection, in the hands of a handler. It ends when this and all its [`Sender`]s are dropped.
#[derive(Debug)]
pub struct Socket {
    pub(super) incoming: mpsc::Receiver<Message>,
    pub(super) sender: Sender,
}

/// The sending half of a connection. Clones send on the same one.
#[derive(Debug, Clone)]
pub struct Sender {
    pub(super) outgoing: mpsc::Sender<Wish>,
    pub(super) life: watch::Receiver<Life>,
}

impl Socket {
    /// The next message of the client; `None` once the connection has ended. From the moment at which the token does not count any more there
    /// is none, also if some were waiting.
    ///
    /// A handler that does not take messages holds up what comes behind them, renewals of the token too; one that wants none says so with
    /// [`Socket::into_sender`].
    pub async fn recv(&mut self) -> Option<Message> {
        let is_over = async {
            // Without a sender it has ended in the ordinary way, and what came before that is good.
            if self.sender.life.wait_for(Life::is_over).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = is_over => None,
            message = self.incoming.recv() => message,
        }
    }

    /// Sends a message; waits while the client does not read.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Closed> {
        self.sender.send(message).await
    }

    /// Another hand that sends on this connection.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// For connections on which only the API speaks: what the client says is read and dropped, but for its tokens.
    pub fn into_sender(self) -> Sender {
        self.sender
    }

    /// Who is at the other end now: after a renewal with the claims of the new token. `None` once the token does not count any more.
    pub fn caller(&self) -> Option<Caller> {
        self.sender.caller()
    }
}

impl Sender {
    /// Sends a message; waits while the client does not read.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Closed> {
        self.outgoing.send(Wish::Send(message.into())).await.map_err(|_| Closed)
    }

    /// Ends the connection with a code from 4000 to 4999, or 1000 if it is none of those (RFC 6455 §7.4.2), and a reason of at most 123 bytes.
    /// What was sent before is delivered first.
    pub async fn close(&self, code: u16, reason: &str) -> Result<(), Closed> {
        let code = if (4000..5000).contains(&code) { code } else { 1000 };
        let fits = (0..=reason.len().min(123)).rev().find(|&at| reason.is_char_boundary(at)).unwrap_or(0);
        self.outgoing.send(Wish::Close(code, reason[..fits].to_owned())).await.map_err(|_| Closed)
    }

    /// Waits until the connection has ended, however that comes about.
    pub async fn closed(&self) {
        self.outgoing.closed().await;
    }

    /// Who is at the other end now: see [`Socket::caller`].
    pub fn caller(&self) -> Option<Caller> {
        match &*self.life.borrow() {
            Life::Open(caller) => Some(caller.clone()),
            Life::Over(_) => None,
        }
    }
}
