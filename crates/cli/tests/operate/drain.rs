//! SIGTERM: open requests finish, nobody new is sent here, and a second signal ends it at once.

use std::io::Write as _;
use std::time::Duration;

use crate::http::{connect, receive};
use crate::node::{Node, now};

const HEAD: &str = "POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded";

/// A request whose body is still to come.
fn half_a_request(node: &Node, body: &str) -> std::net::TcpStream {
    let mut stream = connect(node.address).unwrap();
    let length = body.len();
    stream.write_all(format!("{HEAD}\r\ncontent-length: {length}\r\n\r\n").as_bytes()).unwrap();
    // The server has it once it has answered somebody who came later.
    crate::http::exchange(node.address, "GET /livez HTTP/1.1", "").unwrap();
    stream
}

#[test]
fn an_open_request_finishes_while_health_sends_others_elsewhere() {
    let mut node = Node::start("");
    let body = node.machine();
    let mut open = half_a_request(&node, &body);
    assert_eq!(node.watch("/readyz").status, 200);
    node.signal("TERM");
    node.told("STOPPING=1");
    let started = now();
    while node.watch("/readyz").status == 200 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(node.watch("/readyz").json()["draining"], true);
    assert!(node.is_running());
    open.write_all(body.as_bytes()).unwrap();
    let answer = receive(&mut open).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, "close"), "{answer:?}");
    assert!(node.ended().success());
    assert!(!node.folder.path().join("metrics.sock").exists());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut node = Node::start("");
    let _open = half_a_request(&node, "grant_type=none");
    node.signal("TERM");
    node.told("STOPPING=1");
    let started = now();
    node.signal("TERM");
    assert!(node.ended().success());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    node.logged(&["stopped at once"]);
}
