//! WebSockets through the gateway: whose page may open one, what the API sees of it, and what ends it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{Browser, World};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than one session may have open.
const TOO_MANY: usize = 33;

/// A handshake, and its answer's head.
async fn ask(world: &World, path: &str, headers: &[(&str, &str)]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: dragons\r\n{}\r\n",
        lines.concat()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_ascii_lowercase())
}

async fn open(world: &World, browser: &Browser) -> TcpStream {
    let origin = world.origin();
    let (mut stream, head) = ask(world, "/api/live", &[("cookie", &browser.cookie), ("origin", &origin)]).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(
        head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nsec-websocket-protocol: dragons\r\n"),
        "{head}"
    );
    // The bytes, whatever they are, come back.
    let mut echo = [0; 5];
    stream.write_all(b"roar!").await.unwrap();
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"roar!");
    stream
}

async fn is_over(mut stream: TcpStream) {
    // Closed, or reset: nothing more comes.
    let read = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
    assert!(read.expect("it is still open").is_err());
}

#[tokio::test]
async fn the_api_gets_the_token_in_the_place_of_the_cookie_and_bytes_go_both_ways_until_the_person_signs_out() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    let (one, two) = (open(&world, &browser).await, open(&world, &browser).await);
    {
        let heard = world.heard.lock().unwrap();
        let (path, headers) = heard.first().unwrap();
        assert_eq!(path, "/live");
        assert_eq!(headers["authorization"], "Bearer access-1");
        assert!(headers["upgrade"] == "websocket" && headers["sec-websocket-version"] == "13", "{headers:?}");
        assert!(["cookie", "origin"].iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
    }
    let headers = [("cookie", browser.cookie.as_str()), ("x-csrf-token", &browser.token), ("origin", &origin)];
    assert_eq!(world.send("POST", "/logout", &headers, "").await.status, 200);
    is_over(one).await;
    is_over(two).await;
}

#[tokio::test]
async fn a_session_that_another_sign_in_replaces_takes_its_connections_along() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let socket = open(&world, &browser).await;
    let asked = world.get(&browser, "/login?return_to=/x").await;
    let cookie = asked.cookies().remove(0);
    assert_eq!(world.send("GET", &world.yes(&asked.location()), &[("cookie", &cookie)], "").await.status, 303);
    is_over(socket).await;
}

#[tokio::test]
async fn cross_site_websocket_hijacking_a_page_of_another_origin_opens_nothing() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    let cookie = ("cookie", browser.cookie.as_str());
    for (headers, status) in [
        (vec![cookie], "403"),
        (vec![cookie, ("origin", "null")], "403"),
        (vec![cookie, ("origin", "https://evil.example")], "403"),
        (vec![cookie, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], "403"),
        (vec![cookie, ("origin", &origin), ("origin", "https://evil.example")], "403"),
        (vec![("origin", origin.as_str())], "401"),
        (vec![cookie, ("origin", "http://localhost:4200"), ("sec-fetch-site", "same-site")], "101"),
    ] {
        let (_, head) = ask(&world, "/api/live", &headers).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{headers:?}: {head}");
    }
    assert_eq!(world.heard.lock().unwrap().len(), 1, "of the page of the named origin");
}

/// What is announced and not sent would be taken out of the next request on that connection, which may be anybody's.
#[tokio::test]
async fn request_smuggling_a_handshake_that_announces_a_body_goes_nowhere() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    for path in ["/api/live", "/api/x"] {
        for body in [("content-length", "5"), ("transfer-encoding", "chunked")] {
            let (_, head) = ask(&world, path, &[("cookie", &browser.cookie), ("origin", &origin), body]).await;
            assert!(head.starts_with("http/1.1 400 "), "{path} {body:?}: {head}");
        }
    }
    assert!(world.heard.lock().unwrap().is_empty());
    let none = [("cookie", browser.cookie.as_str()), ("origin", &origin), ("content-length", "0")];
    assert!(ask(&world, "/api/live", &none).await.1.starts_with("http/1.1 101 "));
    assert!(!world.heard.lock().unwrap()[0].1.contains_key("content-length"));
}

#[tokio::test]
async fn an_api_that_opens_none_is_heard_and_one_that_is_away_is_told() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    for (path, status) in [("/api/x", "200"), ("/api/refuse", "401"), ("/gone/x", "502"), ("/other", "404")] {
        let (_, head) = ask(&world, path, &[("cookie", &browser.cookie), ("origin", &origin)]).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
    }
}

#[tokio::test]
async fn one_session_has_so_many_open_and_no_more() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    let mut sockets = Vec::new();
    while sockets.len() < TOO_MANY - 1 {
        sockets.push(open(&world, &browser).await);
    }
    let (_, head) = ask(&world, "/api/live", &[("cookie", &browser.cookie), ("origin", &origin)]).await;
    assert!(head.starts_with("http/1.1 429 "), "{head}");
    assert_eq!(world.get(&browser, "/api/x").await.status, 200, "calls go on");
    open(&world, &world.sign_in().await).await;
    drop(sockets.pop());
    let again = async {
        while !ask(&world, "/api/live", &[("cookie", &browser.cookie), ("origin", &origin)]).await.1.contains(" 101 ") {
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("a place that is free is given again");
}

/// A browser whose power went, or an API whose machine did, says no goodbye: the system asks on both sides, and a place comes free again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_on_which_nothing_is_said_is_asked_whether_its_peer_is_there() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let stream = open(&world, &browser).await;
    let port = |address: &str| format!("0100007F:{:04X}", address.rsplit(':').next().unwrap().parse::<u16>().unwrap());
    let gateway = port(world.url.trim_end_matches('/'));
    let (ours, client) = (gateway.as_str(), port(&stream.local_addr().unwrap().to_string()));
    let api = port(&world.api.to_string());
    // proc(5): local and remote address, state (01: established), queues, and in `tr` which timer runs; 02 is the one that asks.
    let asks = |is_meant: &dyn Fn(&str, &str) -> bool| {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<&str>>());
        rows.filter(|row| row.len() > 5 && row[3] == "01" && is_meant(row[1], row[2]))
            .any(|row| row[5].starts_with("02:"))
    };
    let mut both = (false, false);
    for _ in 0..1_000 {
        both = (asks(&|local, remote| local == ours && remote == client), asks(&|_, remote| remote == api));
        if both == (true, true) {
            break;
        }
        // The last bytes may be on their way still.
        world.get(&browser, "/livez").await;
    }
    assert_eq!(both, (true, true), "towards the browser, towards the API");
}
