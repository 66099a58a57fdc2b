//! Ten thousand guards that follow and hear nothing, then one revocation that all of them have to hear.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::figure::Figure;
use crate::server::Installation;
use crate::{Failure, cpu, load, measure};

const FOLLOWERS: usize = 10_000;

/// Of the server for each of them, in KB. Buffers of the kernel are not in it.
const BUDGET_KB: f64 = 40.0;

/// Long enough for several heartbeats.
const IDLE: Duration = Duration::from_secs(20);

/// How often one is revoked.
const ROUNDS: usize = 9;

const SETTINGS: &[(&str, &str)] = &[
    ("SYMBOLON_HTTP__MAX_CONNECTIONS", "20000"),
    // Strangers leave a quarter to others.
    ("SYMBOLON_REVOCATION__MAX_FOLLOWERS", "14000"),
    // One address may not have them all otherwise.
    ("SYMBOLON_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    super::machine::register(&installation)?;
    let server = installation.serve_with(SETTINGS)?;
    let machine = super::machine::Machine::new(&installation, server.address)?;
    let before = cpu::memory(server.pid())?.resident;
    let mut followers = Vec::with_capacity(FOLLOWERS);
    for _ in 0..FOLLOWERS {
        followers.push(Follower::new(server.address, &installation.host())?);
    }
    let used = cpu::used(server.pid())?;
    std::thread::sleep(IDLE);
    let idle = cpu::used(server.pid())?.saturating_sub(used);
    let each = load::count(cpu::memory(server.pid())?.resident.saturating_sub(before))
        / 1000.0
        / load::count(FOLLOWERS as u64);

    let mut all = Vec::new();
    for seq in 1..=ROUNDS {
        let token = machine.token()?;
        machine.revoke(&token)?;
        let acknowledged = Stopwatch::start();
        for follower in &mut followers {
            follower.wait_for(seq)?;
        }
        all.push(acknowledged.elapsed().as_secs_f64() * 1000.0);
    }
    let load_of_idle = idle.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    Ok(vec![
        Figure::at_most("revocation.followers.10k.memory_each", each, "KB", BUDGET_KB),
        Figure::reported("revocation.followers.10k.idle_load", load_of_idle, "% of a core"),
        Figure::reported("revocation.followers.10k.all_have_heard", measure::median(all), "ms"),
    ])
}

/// A connection with the stream on it.
struct Follower {
    stream: TcpStream,
    /// What has been read of the present line.
    line: Vec<u8>,
}

impl Follower {
    fn new(address: std::net::SocketAddr, host: &str) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "GET /revocations/stream HTTP/1.1\r\nhost: {host}\r\n\r\n")?;
        let mut follower = Self { stream, line: Vec::new() };
        follower.wait_for(0)?;
        Ok(follower)
    }

    /// Reads until an event says that the log has come to `seq`.
    fn wait_for(&mut self, seq: usize) -> Result<(), Failure> {
        let mut buffer = [0; 4096];
        loop {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err("the server has ended a stream".into());
            }
            for byte in &buffer[..read] {
                if *byte != b'\n' {
                    self.line.push(*byte);
                    continue;
                }
                let line = std::mem::take(&mut self.line);
                let id = std::str::from_utf8(&line)?.strip_prefix("id: ").and_then(|id| id.rsplit_once('.'));
                let reached = id.map(|(_, number)| number.trim().parse::<usize>()).transpose()?;
                if reached.is_some_and(|number| number >= seq) {
                    self.line.clear();
                    return Ok(());
                }
            }
        }
    }
}
