//! A throw-away Valkey server: on a free port of loopback, without a file on disk, gone with whoever started it, also when that is killed.
//!
//! The program is `valkey-server` if `PATH` has one, else `redis-server` (Debian's package of that name).

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often, and how far apart, to look whether a server has started.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

/// A running (or stopped) server. It keeps nothing over a stop.
#[derive(Debug)]
pub struct Server {
    /// Ends the server when its input closes, which also a kill of this process does.
    keeper: Option<Child>,
    family: &'static str,
    options: Vec<String>,
    port: u16,
}

impl Server {
    /// Starts a server. `options` are words of its command line, such as `--requirepass` and `sesame`.
    ///
    /// # Errors
    ///
    /// That it is not installed, or did not answer in time.
    pub fn start(options: &[&str]) -> Result<Self, String> {
        let family =
            family().ok_or("neither valkey-server nor redis-server is here\ntry: apt-get install redis-server")?;
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let port = free_port().map_err(|error| error.to_string())?;
        let mut server = Self { keeper: None, family, options, port };
        server.up()?;
        Ok(server)
    }

    /// As [`start`](Self::start), with TLS only, under this certificate and key in PEM.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_encrypted(certificate: &Path, key: &Path) -> Result<Self, String> {
        let mut server = Self::start(&[])?;
        server.down();
        // Of two words for one option the later counts.
        let port = server.port.to_string();
        let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
        let words = ["--port", "0", "--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
        server.options.extend(words.into_iter().chain(["--tls-auth-clients", "no"]).map(str::to_owned));
        server.up()?;
        Ok(server)
    }

    /// Starts a stopped server again: empty, on the same port.
    ///
    /// # Errors
    ///
    /// That it did not answer in time.
    pub fn up(&mut self) -> Result<(), String> {
        let script = r#""$@" </dev/null >/dev/null 2>&1 & server=$!
            cat >/dev/null
            kill -KILL $server 2>/dev/null
            wait $server"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(format!("{}-server", self.family));
        shell.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/"]);
        shell.args(["--port", &self.port.to_string()]).args(&self.options);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.keeper = Some(shell.spawn().map_err(|error| format!("sh: {error}"))?);
        for _ in 0..LOOKS {
            // Anything but a refused connection: with a password it says NOAUTH.
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        Err(format!("{}-server did not start on port {}", self.family, self.port))
    }

    /// Kills the server; what it held is lost.
    pub fn down(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            drop(keeper.wait());
        }
    }

    /// Stops the server's process (SIGSTOP): it takes connections and says nothing, until [`go_on`](Self::go_on) or [`down`](Self::down).
    /// Returns its process id.
    ///
    /// # Errors
    ///
    /// What the client, the server or `kill` said.
    pub fn hang(&self) -> Result<u32, String> {
        let said = self.command(&["INFO", "server"])?;
        let process = said.lines().find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok());
        let process = process.ok_or("the server does not tell its process id")?;
        signal("STOP", process)?;
        Ok(process)
    }

    /// Lets a process that hangs go on, with what it held.
    ///
    /// # Errors
    ///
    /// What `kill` said.
    pub fn go_on(&self, process: u32) -> Result<(), String> {
        signal("CONT", process)
    }

    /// Runs a command by the server's own client, and returns what it printed.
    ///
    /// # Errors
    ///
    /// What the client or the server said.
    pub fn command(&self, words: &[&str]) -> Result<String, String> {
        let mut client = Command::new(format!("{}-cli", self.family));
        client.args(["-h", "127.0.0.1", "-e", "-p", &self.port.to_string()]).args(words);
        let output = client.output().map_err(|error| format!("{client:?}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("{client:?}: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The URL of this server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}

/// Whose programs are here.
fn family() -> Option<&'static str> {
    let runs = |family: &&str| {
        let mut version = Command::new(format!("{family}-server"));
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    ["valkey", "redis"].into_iter().find(runs)
}

fn signal(name: &str, process: u32) -> Result<(), String> {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    let status = status.map_err(|error| format!("kill: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("kill -{name} ended with {status}")) }
}

/// A free port of loopback.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
