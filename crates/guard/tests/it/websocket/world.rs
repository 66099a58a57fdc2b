//! An API that opens WebSockets, on a real port, and clients of it.

use std::{fmt, future::pending, net::SocketAddr, time::Duration};

use axum::{Router, extract::State, response::Response, routing::get};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use symbolon_guard::{
    Caller, Guard,
    websocket::{Socket, Upgrade},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

/// Longer than anything here takes, so that a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// The API. Ends with the test.
pub(crate) struct Api {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Api {
    pub(crate) async fn serve(guard: &Guard) -> Self {
        let app = Router::new()
            .route("/echo", get(echo))
            .route("/read", get(read))
            .route("/silent", get(silent))
            .route("/own", get(own))
            .with_state(guard.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }).abort_handle();
        Self { address, serving }
    }

    /// Opens a connection with these headers; the answer of the handshake, or its status if there is none.
    pub(crate) async fn open(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Client, Option<String>), u16> {
        let mut builder = ClientBuilder::new().uri(&format!("ws://{}{path}", self.address)).unwrap();
        for (name, value) in headers {
            builder = builder.add_header(name.parse().unwrap(), value.parse().unwrap()).unwrap();
        }
        match builder.connect().await {
            Ok((stream, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                Ok((Client(stream), chosen.map(|chosen| chosen.to_str().unwrap().to_owned())))
            }
            Err(tokio_websockets::Error::Upgrade(refused)) => Err(status_in(&refused)),
            Err(error) => panic!("{error}"),
        }
    }

    /// A connection to which nothing was said yet.
    pub(crate) async fn connect(&self, path: &str) -> Client {
        self.open(path, &[]).await.unwrap_or_else(|status| panic!("refused with {status}")).0
    }

    /// A connection that was opened by a first message, and its answer.
    pub(crate) async fn authenticated(&self, path: &str, token: &str) -> Client {
        let mut client = self.connect(path).await;
        client.authenticate(token).await;
        let answer = client.json().await;
        assert_eq!(answer["type"], "authenticated", "{answer}");
        client
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The status that the client library was refused with.
fn status_in(error: &impl fmt::Display) -> u16 {
    let text = error.to_string();
    text.split(|c: char| !c.is_ascii_digit()).find_map(|word| word.parse().ok().filter(|n| *n >= 400)).expect(&text)
}

pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn authenticate(&mut self, token: &str) {
        self.say(json!({ "type": "authenticate", "token": token }).to_string()).await;
    }

    pub(crate) async fn frame(&mut self) -> Option<Message> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("an answer in time");
            match frame {
                Some(Ok(frame)) if frame.is_ping() => {}
                Some(Ok(frame)) => return Some(frame),
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        let frame = self.frame().await.expect("a message");
        frame.as_text().unwrap_or_else(|| panic!("{frame:?}")).to_owned()
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The code and reason with which the connection is closed, whatever comes before.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        while let Some(frame) = self.frame().await {
            if let Some((code, reason)) = frame.as_close() {
                return (code.into(), reason.to_owned());
            }
        }
        panic!("it was cut off")
    }

    pub(crate) async fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).await.unwrap();
    }
}

async fn echo(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    guard.websocket(upgrade.max_message_bytes(32 * 1024), answer).await
}

async fn answer(mut socket: Socket, first: Caller) {
    while let Some(message) = socket.recv().await {
        let now = socket.caller().map(|caller| caller.scope.clone()).unwrap_or_default();
        let told = socket.send(format!("{} [{now}] {message:?}", first.sub)).await;
        if told.is_err() {
            return;
        }
    }
}

async fn read(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    guard.websocket(upgrade.scope("read:dragons"), answer).await
}

/// Never takes a message, and never looks at the connection.
async fn silent(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    guard
        .websocket(upgrade, |socket, _| async move {
            let sender = socket.into_sender();
            tokio::select! {
                () = sender.closed() => {}
                () = pending() => {}
            }
        })
        .await
}

async fn own(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    guard
        .websocket(upgrade.protocols(["dragons.v1"]), |socket, _| async move {
            drop(socket.sender().close(4000, "that is all").await);
        })
        .await
}
