//! Promises of the door to everybody else when one client is slow, silent or greedy (security 155, 158).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::World;

const REQUEST: &[u8] = b"GET /.well-known/openid-configuration HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A client that asks and asks and reads nothing: what it does not take fills the buffers, and then it is cut.
#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut() {
    let world = World::with(|config| config.http.request_timeout_secs = 1).await;
    let mut stream = TcpStream::connect(world.running.address.unwrap()).await.unwrap();
    let cut = async { while stream.write_all(REQUEST).await.is_ok() {} };
    tokio::time::timeout(Duration::from_mins(1), cut).await.expect("the connection is cut");
}

/// An address may hold its share of the connections and no more; what it gives back it may have again.
#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let world = World::with(|config| config.http.max_connections = 100).await;
    let address = world.running.address.unwrap();
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(closed(TcpStream::connect(address).await.unwrap()).await, Some(()));
    drop(open.split_off(32));
    let mut again = None;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = closed(TcpStream::connect(address).await.unwrap()).await;
        if again.is_none() {
            break;
        }
    }
    assert_eq!(again, None, "a place that was given back can be had again");
}

#[tokio::test]
async fn a_trusted_proxy_may_hold_more_than_a_share() {
    let proxies = vec!["127.0.0.1".parse().unwrap()];
    let world = World::with(|config| {
        config.http.max_connections = 100;
        config.http.trusted_proxies = proxies;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..70 {
        open.push(TcpStream::connect(world.running.address.unwrap()).await.unwrap());
    }
    let mut last = open.pop().unwrap();
    last.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 15];
    last.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

/// Whether the server closes a connection at once, rather than wait for a request.
async fn closed(mut stream: TcpStream) -> Option<()> {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut byte)).await;
    read.is_ok().then_some(())
}
