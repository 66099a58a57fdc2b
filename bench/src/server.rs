//! Child processes: the binary under test with data of its own, and the yardstick.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;
use crate::clock::Stopwatch;

/// How long a server may take to answer at all; one with a million clients reads them first.
const PATIENCE: Duration = Duration::from_mins(3);

/// An installation: a data folder, a port that stays, and the commands that fill it.
pub(crate) struct Installation {
    folder: TempDir,
    port: u16,
    /// The port that its issuer names: its own, but for a further node.
    issuer_port: u16,
    /// Settings of all its commands, in the environment.
    settings: Vec<(String, String)>,
}

/// A running process that ends with the value.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first good answer.
    pub(crate) started_in: Duration,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to do about a child that has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary under test.
pub(crate) fn binary() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("SYMBOLON_BIN").ok_or("SYMBOLON_BIN is not set; try: cargo xtask bench core")?;
    Ok(PathBuf::from(path))
}

impl Installation {
    /// An empty data folder and a free port.
    pub(crate) fn new() -> Result<Self, Failure> {
        Self::with(Vec::new())
    }

    /// The same with settings that all its commands get.
    pub(crate) fn with(settings: Vec<(String, String)>) -> Result<Self, Failure> {
        let port = free_port()?;
        Ok(Self { folder: tempfile::tempdir()?, port, issuer_port: port, settings })
    }

    /// Another node of the same issuer, with the same settings and a data folder of its own.
    pub(crate) fn beside(&self) -> Result<Self, Failure> {
        let (issuer_port, settings) = (self.issuer_port, self.settings.clone());
        Ok(Self { folder: tempfile::tempdir()?, port: free_port()?, issuer_port, settings })
    }

    /// The issuer, which is also where it answers, unless it is a further node.
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.issuer_port)
    }

    /// `localhost:PORT`, of the issuer.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.issuer_port)
    }

    /// The issuer's port, which stands in the names of cookies.
    pub(crate) fn issuer_port(&self) -> u16 {
        self.issuer_port
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its database, if that is a file.
    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("symbolon.db")
    }

    fn command(&self) -> Result<Command, Failure> {
        let mut command = Command::new(binary()?);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // For us; to the server they would be settings it does not know.
        command.env_remove("SYMBOLON_BIN").env_remove("SYMBOLON_BENCH_SIZES");
        command.env("SYMBOLON_ISSUER", self.issuer()).env("SYMBOLON_DATA", self.folder.path().join("data"));
        command.env("SYMBOLON_HTTP__LISTEN", format!("127.0.0.1:{}", self.port));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a command of the binary with `--json` and reads its answer. `input` goes to standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Result<Value, Failure> {
        let mut command = self.command()?;
        command.args(arguments).arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(format!("symbolon {} failed: {}", arguments.join(" "), words.trim()).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts the server as an operator would, its log going nowhere, and waits for its first good answer.
    pub(crate) fn serve(&self) -> Result<Running, Failure> {
        self.serve_with(&[])
    }

    /// The same with settings in its environment.
    pub(crate) fn serve_with(&self, settings: &[(&str, &str)]) -> Result<Running, Failure> {
        let mut command = self.command()?;
        command.arg("serve");
        self.start(command, settings)
    }

    /// The same at the other end of a link.
    pub(crate) fn serve_far(&self, link: &Link, settings: &[(&str, &str)]) -> Result<Running, Failure> {
        let command = self.command()?;
        let server = [command.get_program().to_owned(), "serve".into()];
        let mut through = Command::new("python3");
        through.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/link.py")).arg(self.port.to_string());
        through.args([link.delay_ms.to_string(), link.loss_percent.to_string(), "--".into()]).args(server);
        // The end of its standard input is the signal to take all of it down.
        through.current_dir(self.folder.path()).stdin(Stdio::piped());
        through.env_remove("SYMBOLON_BIN").env_remove("SYMBOLON_BENCH_SIZES");
        through.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.start(through, settings)
    }

    fn start(&self, mut command: Command, settings: &[(&str, &str)]) -> Result<Running, Failure> {
        command.envs(settings.iter().copied());
        launch(command, self.port, &self.host())
    }
}

/// Starts the gateway whose `gateway.toml` is in this folder, with settings in its environment, and waits for its first good answer.
pub(crate) fn gateway(folder: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Running, Failure> {
    let mut command = Command::new(binary()?);
    command.args(["gateway", "serve"]).current_dir(folder).stdin(Stdio::null());
    command.env_remove("SYMBOLON_BIN").env_remove("SYMBOLON_BENCH_SIZES").envs(settings.iter().copied());
    launch(command, port, &format!("localhost:{port}"))
}

fn launch(mut command: Command, port: u16, host: &str) -> Result<Running, Failure> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let watch = Stopwatch::start();
    let child = command.spawn()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut running = Running { child, address, started_in: Duration::ZERO };
    while !answers(address, host) {
        if let Some(status) = running.child.try_wait()? {
            return Err(format!("the server ended with {status} instead of answering").into());
        }
        if watch.elapsed() > PATIENCE {
            return Err("the server does not answer".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    running.started_in = watch.elapsed();
    Ok(running)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// What lies between a server and its guards.
pub(crate) struct Link {
    /// Each way.
    pub(crate) delay_ms: u32,
    /// Of the packets, each way.
    pub(crate) loss_percent: u32,
}

impl Link {
    /// Whether this machine can be made to have one.
    pub(crate) fn is_possible() -> bool {
        let works = |program: &str, argument: &str| {
            let quiet = || Stdio::null();
            Command::new(program).arg(argument).stdout(quiet()).stderr(quiet()).status().is_ok_and(|it| it.success())
        };
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
        let has_tun = std::path::Path::new("/dev/net/tun").exists();
        is_root && has_tun && works("python3", "--version") && works("ip", "-V")
    }
}

/// Whether the discovery document is there.
fn answers(address: SocketAddr, host: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(&head == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// Starts the bare server for an algorithm.
pub(crate) fn yardstick(algorithm: &str) -> Result<Running, Failure> {
    let program: OsString = std::env::current_exe()?.into();
    let mut command = Command::new(program);
    // Its standard input stays open as long as we live, and its end is the signal to end.
    command.args(["yardstick", algorithm]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let watch = Stopwatch::start();
    let mut child = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, line.trim().parse()?));
    Ok(Running { child, address, started_in: watch.elapsed() })
}
