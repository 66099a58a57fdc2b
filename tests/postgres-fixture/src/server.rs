//! One cluster and its server process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::shell;

/// How often, and how far apart, to look whether a server has started.
const LOOKS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(20);

/// Whether the cluster keeps its promises over a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production.
    Full,
    /// Several times faster; for tests that do not ask.
    None,
}

/// `pg_ctl stop -m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// Ends what runs, writes everything down.
    Fast,
    /// As a crash: the next start recovers.
    Immediate,
}

/// A running (or stopped) server of one cluster; all of it goes with this value.
#[derive(Debug)]
pub struct Server {
    /// Ends the server when its input closes, which also a kill of this process does.
    keeper: Option<Child>,
    folder: TempDir,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// Makes a cluster and starts it. `options` are settings such as `max_connections=20`.
    ///
    /// # Errors
    ///
    /// What PostgreSQL's programs said, or that they are not installed.
    pub fn start(durability: Durability, options: &[&str]) -> Result<Self, String> {
        let folder = folder()?;
        let data = folder.path().join("data");
        let mut initdb = shell::command("initdb", folder.path());
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--pgdata"]).arg(&data);
        shell::run(initdb).map_err(|why| format!("{why}\ntry: apt-get install postgresql"))?;
        let mut server = Self { keeper: None, folder, port: free_port()?, options: owned(options) };
        if durability == Durability::None {
            server.options.extend(owned(&["fsync=off", "synchronous_commit=off", "full_page_writes=off"]));
        }
        server.up()?;
        Ok(server)
    }

    /// As [`start`](Self::start), with TLS under a certificate for `localhost` that nobody signed but itself, and no way in without TLS. The
    /// certificate is `server.crt` in [`folder`](Self::folder).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or what `openssl` said.
    pub fn start_encrypted() -> Result<Self, String> {
        let mut server = Self::start(Durability::None, &[])?;
        server.down(StopMode::Fast)?;
        let (key, certificate) = (server.folder().join("server.key"), server.folder().join("server.crt"));
        let mut openssl = shell::command_of("openssl", server.folder());
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ]);
        openssl
            .args([
                "-config",
                "/dev/null",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
            ])
            .arg(&key);
        openssl.arg("-out").arg(&certificate);
        shell::run(openssl)?;
        let rules = "local all all trust\nhostssl all all all trust\nhost all all 127.0.0.1/32 reject\n";
        std::fs::write(server.data().join("pg_hba.conf"), rules).map_err(|error| error.to_string())?;
        server.options.push("ssl=on".to_owned());
        server.options.push(format!("ssl_key_file={}", key.display()));
        server.options.push(format!("ssl_cert_file={}", certificate.display()));
        server.up()?;
        Ok(server)
    }

    /// A standby that follows this server, by streaming replication.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn standby(&self) -> Result<Self, String> {
        let folder = folder()?;
        let mut copy = shell::command("pg_basebackup", folder.path());
        copy.args([
            "--host=127.0.0.1",
            "--username=postgres",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ]);
        copy.arg(format!("--port={}", self.port)).arg("--pgdata").arg(folder.path().join("data"));
        shell::run(copy)?;
        let mut standby = Self { keeper: None, folder, port: free_port()?, options: self.options.clone() };
        standby.up()?;
        Ok(standby)
    }

    /// Makes a standby the primary.
    ///
    /// # Errors
    ///
    /// What PostgreSQL said.
    pub fn promote(&self) -> Result<(), String> {
        let mut promote = shell::command("pg_ctl", self.folder.path());
        promote.args(["promote", "--wait", "--silent", "--pgdata"]).arg(self.data());
        shell::run(promote).map(drop)
    }

    /// Starts a stopped server again, on the same port and data.
    ///
    /// # Errors
    ///
    /// That it did not answer in time, and the end of its log.
    pub fn up(&mut self) -> Result<(), String> {
        let mut postgres = shell::command("postgres", self.folder.path());
        postgres.arg("-D").arg(self.data());
        let port = format!("port={}", self.port);
        let sockets = format!("unix_socket_directories={}", self.folder.path().display());
        let fixed = ["listen_addresses=127.0.0.1", &port, &sockets, "logging_collector=off"];
        for option in fixed.into_iter().chain(self.options.iter().map(String::as_str)) {
            postgres.args(["-c", option]);
        }
        drop(std::fs::remove_file(self.mark()));
        self.keeper = Some(keep(&postgres, self.folder.path())?);
        for _ in 0..LOOKS {
            if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let last = log.lines().rev().take(5).collect::<Vec<_>>();
        Err(format!("PostgreSQL did not start: {last:?}"))
    }

    /// Stops the server; its data stays.
    ///
    /// # Errors
    ///
    /// What PostgreSQL said.
    pub fn down(&mut self, mode: StopMode) -> Result<(), String> {
        let mode = match mode {
            StopMode::Fast => "fast",
            StopMode::Immediate => "immediate",
        };
        let mut stop = shell::command("pg_ctl", self.folder.path());
        stop.args(["stop", "--wait", "--silent", "--mode", mode, "--pgdata"]).arg(self.data());
        std::fs::write(self.mark(), "").map_err(|error| error.to_string())?;
        let stopped = shell::run(stop).map(drop);
        if let Some(mut keeper) = self.keeper.take() {
            end(&mut keeper);
        }
        stopped
    }

    /// Runs SQL by `psql` and returns its output, unaligned, without headings.
    ///
    /// # Errors
    ///
    /// What PostgreSQL said.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = shell::command("psql", self.folder.path());
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg("--username=postgres")
            .arg(format!("--host={}", self.folder.path().display()))
            .arg(format!("--port={}", self.port));
        psql.args(["--dbname", database, "--command", sql]);
        shell::run(psql).map(|text| text.trim_end().to_owned())
    }

    /// A database as SQL: its schema and a statement for each row.
    ///
    /// # Errors
    ///
    /// What `pg_dump` said.
    pub fn dump(&self, database: &str) -> Result<String, String> {
        let mut dump = shell::command("pg_dump", self.folder.path());
        dump.args(["--no-owner", "--no-privileges", "--inserts", "--username=postgres"]);
        dump.arg(format!("--host={}", self.folder.path().display())).arg(format!("--port={}", self.port)).arg(database);
        // Newer versions fence the text in with commands that older shells do not know.
        Ok(shell::run(dump)?
            .lines()
            .filter(|line| !line.starts_with('\\'))
            .fold(String::new(), |text, line| text + line + "\n"))
    }

    /// Runs a file's worth of SQL by `psql`, such as [`dump`](Self::dump) gives.
    ///
    /// # Errors
    ///
    /// What PostgreSQL said.
    pub fn load(&self, database: &str, sql: &str) -> Result<(), String> {
        let mut psql = shell::command("psql", self.folder.path());
        psql.args(["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--username=postgres"]);
        psql.arg(format!("--host={}", self.folder.path().display())).arg(format!("--port={}", self.port));
        psql.args(["--dbname", database]);
        shell::feed(psql, sql)
    }

    /// The URL of a database of this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the cluster, `data` in it, and the log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Says that the data of a stopped server is still wanted.
    fn mark(&self) -> PathBuf {
        self.folder.path().join("kept")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            end(&mut keeper);
        }
    }
}

fn owned(options: &[&str]) -> Vec<String> {
    options.iter().map(|option| (*option).to_owned()).collect()
}

/// A folder that the server's user may use.
fn folder() -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("postgres-").tempdir().map_err(|error| error.to_string())?;
    if shell::is_root() {
        let mut chown = Command::new("chown");
        chown.arg("postgres").arg(folder.path());
        shell::run(chown).map_err(|why| format!("{why}\ntry: apt-get install postgresql"))?;
    }
    Ok(folder)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}

/// Runs the server below a shell that ends it as soon as its own input closes, and that removes the folder if nobody else does.
fn keep(postgres: &Command, folder: &Path) -> Result<Child, String> {
    let log = std::fs::File::create(folder.join("log")).map_err(|error| error.to_string())?;
    let script = r#"folder=$1; shift
        "$@" </dev/null & server=$!
        cat >/dev/null
        kill -QUIT $server 2>/dev/null
        wait $server
        [ -e "$folder/kept" ] || rm -rf "$folder""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(folder).arg(postgres.get_program()).args(postgres.get_args());
    for (name, value) in postgres.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    shell.current_dir(folder).stdin(Stdio::piped()).stdout(log).stderr(errors);
    let child = shell.spawn().map_err(|error| format!("sh: {error}"))?;
    Ok(child)
}

fn end(keeper: &mut Child) {
    drop(keeper.stdin.take());
    drop(keeper.wait());
}
