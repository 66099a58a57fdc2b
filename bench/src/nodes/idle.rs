//! Ten thousand connections that have asked something once and are kept open: what each takes of the server. Buffers of the kernel are not in it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::figure::Figure;
use crate::server::Installation;
use crate::{Failure, cpu, load};

const CONNECTIONS: usize = 10_000;

const BUDGET_KB: f64 = 40.0;

const SETTINGS: &[(&str, &str)] = &[
    ("SYMBOLON_HTTP__MAX_CONNECTIONS", "20000"),
    // Who says nothing for this long is hung up on.
    ("SYMBOLON_HTTP__HEADER_TIMEOUT", "5m"),
    // One address may not have them all otherwise.
    ("SYMBOLON_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    let server = installation.serve_with(SETTINGS)?;
    let host = installation.host();
    drop(asked(server.address, &host)?);
    let before = cpu::memory(server.pid())?.resident;
    let mut open = (0..CONNECTIONS).map(|_| asked(server.address, &host)).collect::<Result<Vec<_>, Failure>>()?;
    let held = cpu::memory(server.pid())?.resident.saturating_sub(before);
    // They are open still.
    for stream in [0, CONNECTIONS / 2, CONNECTIONS - 1] {
        ask(&mut open[stream], &host)?;
    }
    let each = load::count(held) / 1_000.0 / load::count(CONNECTIONS as u64);
    Ok(vec![Figure::at_most("nodes.idle.10k.memory_each", each, "KB", BUDGET_KB)])
}

fn asked(address: SocketAddr, host: &str) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    ask(&mut stream, host)?;
    Ok(stream)
}

/// Asks for the discovery document, and reads it to its end.
fn ask(stream: &mut TcpStream, host: &str) -> Result<(), Failure> {
    write!(stream, "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: {host}\r\n\r\n")?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 8_192]);
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the server has hung up".into());
        }
        answer.extend_from_slice(&buffer[..read]);
        if is_whole(&answer)? {
            return Ok(());
        }
    }
}

fn is_whole(answer: &[u8]) -> Result<bool, Failure> {
    let text = std::str::from_utf8(answer)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("the server answered {head}").into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok(body.len() >= length.ok_or("an answer without a length")?.trim().parse::<usize>()?)
}
