//! A node as systemd would run it: its listening socket belongs to this process, which hands it over and keeps it.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{self, Answer};

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(30);
/// Hands the socket that is this shell's input to the server as its descriptor 3, with the words of sd_listen_fds(3).
const HAND_OVER: &str =
    r#"exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; exec "$0" "$@""#;

/// The folder, the socket and the process.
pub struct Node {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    socket: TcpListener,
    systemd: UnixDatagram,
    child: Option<Child>,
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The test has what it wanted, or fails already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Node {
    /// A node with these lines at the end of its configuration, ready.
    pub fn start(more: &str) -> Self {
        let mut node = Self::unstarted();
        node.configure(more);
        node.launch();
        node
    }

    fn unstarted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let systemd = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        systemd.set_read_timeout(Some(DEADLINE)).unwrap();
        Self { folder, address, socket, systemd, child: None }
    }

    /// A gateway instead, of an issuer that nobody asks.
    pub fn gateway() -> Self {
        let mut node = Self::unstarted();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = format!(
            "url = \"http://localhost:{free}\"\nissuer = \"https://auth.example.com\"\nclient_id = \"app\"\n[http]\nlisten = \"127.0.0.1:{free}\"\n\
             [[api]]\npath = \"/api\"\nurl = \"https://api.example.com/api\"\n"
        );
        fs::write(node.folder.path().join("gateway.toml"), text).unwrap();
        let command = node.command(env!("CARGO_BIN_EXE_symbolon"));
        node.spawn(command, &["gateway", "serve"]);
        node
    }

    /// Writes the configuration.
    pub fn configure(&self, more: &str) {
        let port = self.address.port();
        let text = format!(
            "issuer = \"http://localhost:{port}\"\ndata = \"data\"\n\
             [http]\nlisten = \"127.0.0.1:{port}\"\ndrain_timeout = \"20s\"\n\
             [metrics]\nlisten = \"unix:metrics.sock\"\n\
             [password]\nmemory = \"7MiB\"\npasses = 1\n{more}"
        );
        fs::write(self.folder.path().join("symbolon.toml"), text).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    /// Starts a process on the socket and waits until it says that it is ready.
    pub fn launch(&mut self) {
        let mut command = self.command("sh");
        command.stdin(OwnedFd::from(self.socket.try_clone().unwrap()));
        self.spawn(command, &["-c", HAND_OVER, env!("CARGO_BIN_EXE_symbolon"), "serve"]);
    }

    fn spawn(&mut self, mut command: Command, arguments: &[&str]) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        command.args(arguments).stdout(Stdio::null()).stderr(log);
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).env("WATCHDOG_USEC", "200000");
        self.child = Some(command.spawn().unwrap());
        self.told("READY=1");
    }

    /// Waits until systemd is told this; gives the whole message.
    pub fn told(&self, what: &str) -> String {
        let started = now();
        let mut buffer = [0; 1024];
        while started.elapsed() < DEADLINE {
            let count = self.systemd.recv(&mut buffer).unwrap_or_else(|why| panic!("{what}: {why}\n{}", self.log()));
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if text.lines().any(|line| line == what) {
                return text;
            }
        }
        panic!("systemd was not told {what}: {}", self.log());
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id();
        let sent = self.command("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let started = now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if started.elapsed() > DEADLINE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it did not end: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// All that it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits until the log holds a line with all these parts; gives it.
    pub fn logged(&self, parts: &[&str]) -> String {
        let started = now();
        while started.elapsed() < DEADLINE {
            let found = self.log().lines().find(|line| parts.iter().all(|part| line.contains(part))).map(str::to_owned);
            if let Some(line) = found {
                return line;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing in the log holds {parts:?}: {}", self.log());
    }

    /// A command of the operator; what it prints and says is added to `words`.
    pub fn run(&self, arguments: &str, input: &str, words: &mut String) -> Value {
        let mut command = self.command(env!("CARGO_BIN_EXE_symbolon"));
        command.args(arguments.split(' ')).arg("--json").stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {said}");
        words.push_str(&said);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asks the metrics listener.
    pub fn watch(&self, path: &str) -> Answer {
        let mut stream = UnixStream::connect(self.folder.path().join("metrics.sock")).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        http::send(&mut stream, &format!("GET {path} HTTP/1.1"), "").unwrap();
        http::receive(&mut stream).unwrap()
    }

    /// A machine that may ask for tokens; gives the body of its request.
    pub fn machine(&self) -> String {
        let mut words = String::new();
        self.run("api add https://api.example.com --name Dragons", "", &mut words);
        let add = "client add --machine --name Reports --auth-method client_secret_post --api https://api.example.com";
        let client = self.run(add, "", &mut words);
        let secret = client["client_secret"].as_str().unwrap();
        http::form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("client_secret", secret)])
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
pub fn now() -> Instant {
    Instant::now()
}

/// All bytes of the database, with what is not folded into it yet.
pub fn database(data: &Path) -> Vec<u8> {
    ["symbolon.db", "symbolon.db-wal"].iter().filter_map(|name| fs::read(data.join(name)).ok()).flatten().collect()
}
