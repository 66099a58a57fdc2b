//! The binary under test with data of its own: set up, started, killed, started again.

mod elsewhere;
mod handover;
pub(crate) mod tls;

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use postgres_fixture::{Durability, Server};
use rustls::ClientConfig;
use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;
use crate::clock::Stopwatch;
use crate::options::{Options, Store};
use crate::proxy::Proxy;
use crate::wire::{Connection, Place};

/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// The database of `--store postgres`.
pub(crate) const DATABASE: &str = "fault";

/// What every server here is told: hashing costs next to nothing, nobody is slowed down, and a superseded refresh token is never
/// simply answered again, the strictest reading of the rotation table.
const SETTINGS: &[(&str, &str)] = &[
    ("SYMBOLON_PASSWORD__MEMORY", "7MiB"),
    ("SYMBOLON_PASSWORD__PASSES", "1"),
    ("SYMBOLON_TOKENS__REFRESH_GRACE", "0s"),
    ("SYMBOLON_THROTTLE__PAIR__FREE", "1000"),
    ("SYMBOLON_THROTTLE__ACCOUNT__FREE", "1000"),
    ("SYMBOLON_THROTTLE__ADDRESS__FREE", "100000"),
    ("SYMBOLON_LOG__LEVEL", "warn"),
    ("SYMBOLON_LOG__FORMAT", "json"),
];

/// An installation: a folder, a port that stays, settings, and the server when it runs.
pub(crate) struct World {
    folder: TempDir,
    data: PathBuf,
    port: u16,
    settings: Vec<(String, String)>,
    /// What starts the server, if not the shell: `strace …`, `faketime …`.
    wrapper: Vec<String>,
    /// What is run, if not the binary under test.
    program: Option<PathBuf>,
    /// The listening socket, where this process keeps it and hands it over.
    socket: Option<TcpListener>,
    running: Option<Running>,
    /// How to speak TLS with it, where it does.
    tls: Option<Arc<ClientConfig>>,
    /// The database server, with `--store postgres`; after the process that uses it.
    database: Option<Server>,
}

/// A running process, killed with the value.
struct Running {
    child: Child,
    /// Whether it leads a process group of its own, with the server in it.
    wrapped: bool,
}

/// What came of a start.
enum Launch {
    Serves(Duration),
    Ended(ExitStatus),
}

/// What came of a start that may be refused.
pub(crate) enum Start {
    /// It serves, and goes on.
    Serves,
    /// It ended with this code and these words.
    Refused { code: Option<i32>, words: String },
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to do about a child that has already ended. A wrapper that is killed alone would let go of what it traces.
        if self.wrapped {
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// SIGTERM, and waits for the end, which must be a success.
    fn stop(mut self) -> Result<(), Failure> {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        let watch = Stopwatch::start();
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("the server was told to stop and ended with {status}").into()),
                None if watch.elapsed() > Duration::from_secs(40) => return Err("the server does not stop".into()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// The binary under test.
pub(crate) fn binary() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("SYMBOLON_BIN").ok_or("SYMBOLON_BIN is not set; try: cargo xtask fault --list")?;
    Ok(PathBuf::from(path))
}

impl World {
    /// An empty data folder and a free port.
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("symbolon-fault-").tempdir()?;
        let data = folder.path().join("data");
        let port = free_port()?;
        let (settings, wrapper) = (Vec::new(), Vec::new());
        let mut world = Self {
            folder,
            data,
            port,
            settings,
            wrapper,
            program: None,
            socket: None,
            running: None,
            tls: None,
            database: None,
        };
        if options.store == Store::Postgres {
            let database = Server::start(Durability::Full, &["max_connections=100"])?;
            database.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
            world.set("SYMBOLON_STORE__URL", &database.url(DATABASE));
            world.database = Some(database);
        }
        Ok(world)
    }

    /// A setting beside those that all have.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// What the next start goes through.
    pub(crate) fn wrap(&mut self, wrapper: Vec<String>) {
        self.wrapper = wrapper;
    }

    /// Keeps the data elsewhere, as on a small disk.
    pub(crate) fn keep_data_in(&mut self, folder: &Path) {
        folder.clone_into(&mut self.data);
    }

    /// Puts a line between the server and its database.
    pub(crate) async fn line_to_database(&mut self) -> Result<Proxy, Failure> {
        let port = self.database()?.port();
        let line = Proxy::to((Ipv4Addr::LOCALHOST, port).into()).await?;
        self.set("SYMBOLON_STORE__URL", &format!("postgres://postgres@{}/{DATABASE}", line.address));
        Ok(line)
    }

    /// The database server of `--store postgres`.
    pub(crate) fn database(&mut self) -> Result<&mut Server, Failure> {
        Ok(self.database.as_mut().ok_or("this program harms a database server; try: --store postgres")?)
    }

    /// Everything of this installation lies here and goes with the value.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The issuer, which is also where it answers.
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A connection to the public listener.
    pub(crate) fn connect(&self) -> Connection {
        let place = match &self.tls {
            Some(tls) => Place::Tls(self.address(), Arc::clone(tls)),
            None => Place::Tcp(self.address()),
        };
        Connection::new(place, self.host())
    }

    /// A connection to the control socket.
    pub(crate) fn control(&self) -> Connection {
        Connection::new(Place::Unix(self.control_socket()), "localhost")
    }

    pub(crate) fn control_socket(&self) -> PathBuf {
        self.data.join("control.sock")
    }

    pub(crate) fn pid(&self) -> Result<u32, Failure> {
        Ok(self.running.as_ref().ok_or("no server runs")?.child.id())
    }

    /// The program with the settings in its environment.
    fn command(&self, wrapper: &[String]) -> Result<Command, Failure> {
        let mut words: Vec<std::ffi::OsString> = wrapper.iter().map(Into::into).collect();
        words.push(self.program.clone().map_or_else(binary, Ok)?.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.folder.path()).stdin(Stdio::null());
        // For us; to the server they would be settings it does not know.
        command.env_remove("SYMBOLON_BIN");
        command.envs(SETTINGS.iter().copied()).env("SYMBOLON_ISSUER", self.issuer()).env("SYMBOLON_DATA", &self.data);
        command.env("SYMBOLON_HTTP__LISTEN", format!("127.0.0.1:{}", self.port));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a command of the binary with `--json` and reads its answer. `input` goes to standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Result<Value, Failure> {
        let mut command = self.command(&[])?;
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

    /// Starts a server on the same data and another port, and ends it again if it serves.
    pub(crate) fn try_elsewhere(&mut self) -> Result<Start, Failure> {
        let port = free_port()?;
        let (own, running) = (std::mem::replace(&mut self.port, port), self.running.take());
        // Its issuer stays: that of the data.
        self.set("SYMBOLON_ISSUER", &format!("http://localhost:{own}"));
        let outcome = self.try_start();
        self.running = running;
        self.port = own;
        self.set("SYMBOLON_ISSUER", &format!("http://localhost:{own}"));
        outcome
    }

    /// Starts the server, or learns why it does not.
    pub(crate) fn try_start(&mut self) -> Result<Start, Failure> {
        let before = self.words().unwrap_or_default().len();
        match self.launch()? {
            Launch::Serves(_) => Ok(Start::Serves),
            Launch::Ended(status) => {
                let words = self.words()?.split_off(before);
                Ok(Start::Refused { code: status.code(), words })
            }
        }
    }

    /// Starts the server and waits for its first good answer; gives the time until then.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        match self.launch()? {
            Launch::Serves(took) => Ok(took),
            Launch::Ended(status) => {
                Err(format!("the server ended with {status} instead of answering: {}", self.last_words()).into())
            }
        }
    }

    fn launch(&mut self) -> Result<Launch, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.serve()?;
        command.stdout(Stdio::null()).stderr(log);
        if !self.wrapper.is_empty() {
            command.process_group(0);
        }
        let watch = Stopwatch::start();
        let child =
            command.spawn().map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
        let mut running = Running { child, wrapped: !self.wrapper.is_empty() };
        let mut took = None;
        // The operator's door opens a little later than the public one.
        while took.is_none() || UnixStream::connect(self.control_socket()).is_err() {
            if took.is_none() && self.answers() {
                took = Some(watch.elapsed());
            }
            if let Some(status) = running.child.try_wait()? {
                return Ok(Launch::Ended(status));
            }
            if watch.elapsed() > PATIENCE {
                return Err(format!("the server does not answer: {}", self.last_words()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.running = Some(running);
        Ok(Launch::Serves(took.unwrap_or_default()))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        self.running.take().map_or(Ok(()), Running::stop)
    }

    /// Waits until the process has ended by itself, at most `patience`; whether it has.
    pub(crate) async fn ended(&mut self, patience: Duration) -> Result<bool, Failure> {
        let watch = Stopwatch::start();
        while let Some(running) = &mut self.running {
            if running.child.try_wait()?.is_some() {
                self.running = None;
            } else if watch.elapsed() > patience {
                return Ok(false);
            } else {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(true)
    }

    /// Whether it answers, or at least accepts connections.
    fn answers(&self) -> bool {
        match self.tls {
            Some(_) => TcpStream::connect(self.address()).is_ok(),
            None => answers(self.address(), &self.host()),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What the server has said on standard error, all starts together.
    pub(crate) fn words(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.log())?).into_owned())
    }

    fn last_words(&self) -> String {
        let words = self.words().unwrap_or_default();
        let lines: Vec<&str> = words.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
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
