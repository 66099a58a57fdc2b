//! The order in which a node opens its doors.

use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use symbolon_server::StartError;
use symbolon_server::config::Listen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::support::World;

/// Else a command that follows the first answer would find nobody, though the data is in use.
#[tokio::test]
async fn nobody_is_answered_before_the_control_socket_is_open() {
    let stopped = World::new().await.stop().await;
    let public = stopped.data().join("public.sock");
    let config = stopped.config(|config| config.http.listen = Listen::Unix(public.clone()));
    // Whoever has the control socket is asked whether they live, which takes a turn or two, and then the start fails.
    let _other = std::os::unix::net::UnixListener::bind(config.control_socket()).unwrap();
    let visitor = tokio::spawn(visit(public));
    let mut start = pin!(symbolon_server::start(config, stopped.clock.clone()));
    let started = loop {
        if let Poll::Ready(started) = std::future::poll_fn(|context| Poll::Ready(start.as_mut().poll(context))).await {
            break started;
        }
        // Every turn that the doors could want.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    assert!(matches!(started, Err(StartError::Listen { .. })), "{started:?}");
    let answer = tokio::time::timeout(Duration::from_secs(20), visitor).await.expect("let in or turned away").unwrap();
    assert_eq!(answer, "");
}

/// Asks as soon as there is a socket; gives all that is answered.
async fn visit(socket: PathBuf) -> String {
    let mut stream = loop {
        match UnixStream::connect(&socket).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let mut answer = String::new();
    // Whoever is turned away may meet a closed socket at either step.
    drop(stream.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await);
    drop(stream.read_to_string(&mut answer).await);
    answer
}
