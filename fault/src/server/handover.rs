//! Servers that take each other's place on a listening socket which this process keeps and hands over, as systemd does (sd_listen_fds(3)).

use std::fs::{self, DirBuilder};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::World;
use crate::Failure;
use crate::clock::Stopwatch;

/// Hands the socket that is this shell's input to the server as its descriptor 3. The process stays the one that was started.
const HAND_OVER: &str =
    r#"exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; exec "$0" "$@""#;

impl World {
    /// Opens the listening socket here, for all servers that are started from now on.
    pub(crate) fn keep_socket(&mut self) -> Result<(), Failure> {
        self.socket = Some(std::net::TcpListener::bind(self.address())?);
        Ok(())
    }

    /// What the next start runs, and every command.
    pub(crate) fn run_with(&mut self, program: &Path) {
        self.program = Some(program.to_owned());
    }

    /// `serve`, with the socket if it is kept here.
    pub(super) fn serve(&self) -> Result<Command, Failure> {
        let Some(socket) = &self.socket else {
            let mut command = self.command(&self.wrapper)?;
            command.arg("serve");
            return Ok(command);
        };
        let shell = ["sh", "-c", HAND_OVER].map(str::to_owned);
        let mut command = self.command(&shell)?;
        command.arg("serve").stdin(OwnedFd::from(socket.try_clone()?));
        Ok(command)
    }

    /// The running server stops and the next one begins. Over a file one after the other; over a database server the next one begins first, and
    /// both serve for the time `together`. Gives how long the next one took to answer.
    pub(crate) async fn replace(&mut self, together: Duration) -> Result<Duration, Failure> {
        if self.database.is_none() {
            self.stop()?;
            return self.start();
        }
        let leaving = self.running.take().ok_or("no server runs")?;
        self.in_a_folder_of_its_own()?;
        // Until the operator's door is open: to others the server before answers meanwhile.
        let watch = Stopwatch::start();
        self.start()?;
        let took = watch.elapsed();
        tokio::time::sleep(together).await;
        leaving.stop()?;
        Ok(took)
    }

    /// Two servers over one database have each a data folder, with the same master key in it.
    fn in_a_folder_of_its_own(&mut self) -> Result<(), Failure> {
        let before = self.data.join("master.key");
        self.data = self.a_new_folder("node")?;
        fs::copy(before, self.data.join("master.key"))?;
        Ok(())
    }

    /// An empty folder that only its owner may enter.
    pub(super) fn a_new_folder(&self, name: &str) -> Result<std::path::PathBuf, Failure> {
        let free = (1..1_000).map(|number| self.folder.path().join(format!("{name}-{number}"))).find(|it| !it.exists());
        let folder = free.ok_or("no name for a folder")?;
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(folder)
    }
}
