//! A restart under load, with the socket kept by who starts the server: nobody is refused, cut off or answered with an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::http::{connect, exchange, receive, send};
use crate::node::{Node, now};

const RESTARTS: u64 = 3;
const HEAD: &str = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded";

#[derive(Default)]
struct Score {
    done: AtomicBool,
    served: AtomicU64,
    failures: std::sync::Mutex<Vec<String>>,
}

impl Score {
    fn count(&self, outcome: Result<u16, String>) {
        match outcome {
            Ok(200) => drop(self.served.fetch_add(1, Ordering::Relaxed)),
            Ok(status) => self.failures.lock().unwrap().push(format!("status {status}")),
            Err(why) => self.failures.lock().unwrap().push(why),
        }
    }

    fn goes_on(&self) -> bool {
        !self.done.load(Ordering::Relaxed)
    }
}

/// Asks on, keeping its connection until the server says that it was the last answer there.
fn keep_alive(node: std::net::SocketAddr, body: &str, score: &Score) {
    let mut stream = None;
    while score.goes_on() {
        let outcome = (|| {
            let mut open = match stream.take() {
                Some(open) => open,
                None => connect(node)?,
            };
            send(&mut open, HEAD, body)?;
            let answer = receive(&mut open)?;
            if answer.header("connection") != "close" {
                stream = Some(open);
            }
            Ok(answer.status)
        })();
        score.count(outcome.map_err(|why: std::io::Error| format!("kept: {why}")));
    }
}

/// Asks on, each time on a connection of its own.
fn one_by_one(node: std::net::SocketAddr, body: &str, score: &Score) {
    while score.goes_on() {
        let outcome = exchange(node, HEAD, body).map(|answer| answer.status);
        score.count(outcome.map_err(|why| format!("fresh: {why}")));
    }
}

#[test]
fn restarts_under_load_refuse_and_lose_no_request() {
    let mut node = Node::start("");
    let body = node.machine();
    let score = Arc::new(Score::default());
    let clients: Vec<_> = (0..6)
        .map(|number| {
            let (address, body, score) = (node.address, body.clone(), Arc::clone(&score));
            let ask = if number % 2 == 0 { keep_alive } else { one_by_one };
            thread::spawn(move || ask(address, &body, &score))
        })
        .collect();
    let some_more = |score: &Score| {
        let (before, started) = (score.served.load(Ordering::Relaxed), now());
        while score.served.load(Ordering::Relaxed) < before + 50 && started.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(5));
        }
        score.served.load(Ordering::Relaxed) - before
    };
    let mut between = vec![some_more(&score)];
    for _ in 0..RESTARTS {
        node.signal("TERM");
        assert!(node.ended().success(), "{}", node.log());
        node.launch();
        between.push(some_more(&score));
    }
    score.done.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    let served = score.served.load(Ordering::Relaxed);
    println!("{served} requests through {RESTARTS} restarts");
    assert!(between.iter().all(|served| *served >= 50), "{between:?}");
    assert_eq!(*score.failures.lock().unwrap(), Vec::<String>::new());
}
