//! With port 0 the system chooses a port, and the links that a newcomer follows name the one that it chose.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use crate::http::exchange;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The port behind `localhost:` in a line.
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("http://localhost:")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn the_links_of_a_server_on_any_port_name_the_port_it_got() {
    let folder = tempfile::tempdir().unwrap();
    let free = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let [spa, api] = free.each_ref().map(|one| one.local_addr().unwrap().port());
    drop(free);
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--sample-ports", &format!("{spa},{api}")]);
    let mut server = Server(command.spawn().unwrap());
    let mut said = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let link = said.find(|line| line.contains("/setup?code=")).unwrap();
    let port = port(&link).unwrap_or_default();
    assert_ne!(port, 0, "{link}");
    let path = link.split_once(&format!("localhost:{port}")).unwrap().1.split(' ').next().unwrap();
    let head = format!("GET {path} HTTP/1.1");
    let answer = exchange(SocketAddr::from(([127, 0, 0, 1], port)), &head, "").unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(&format!("localhost:{port}")), "the page is there: {}", answer.body);
}
