//! Opening: folder and file with private modes, one opener at a time, connections with durable settings.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::port::Result;

/// Prepared statements kept per connection: all the adapter has.
const STATEMENTS: usize = 256;
/// Longest wait for a lock of a foreign process (a backup tool, an operator's shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the folder and the file, private to the owner, and takes the lock that keeps other openers out.
pub(super) fn claim(path: &Path) -> Result<Lock> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        private_folder().create(folder).map_err(|error| not_writable(folder, &error))?;
    }
    let lock_path = lock_path(path);
    let lock = private_file().open(&lock_path).map_err(|error| not_writable(&lock_path, &error))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::InUse { path: path.into() },
        TryLockError::Error(error) => StoreError::Io(format!("cannot lock {}: {error}", lock_path.display())),
    })?;
    let lock = Lock(lock);
    let file = private_file().open(path).map_err(|error| not_writable(path, &error))?;
    let metadata = file.metadata().map_err(|error| StoreError::Io(error.to_string()))?;
    // Root may write what nobody may; the owner's word counts all the same.
    if metadata.permissions().readonly() {
        let reason = "the file is marked read-only".into();
        return Err(StoreError::NotWritable { path: path.into(), reason });
    }
    Ok(lock)
}

/// Keeps other openers out for as long as it lives.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a process that this one is just starting holds a copy of the handle until it has become itself.
        let _ = self.0.unlock();
    }
}

/// The lock has its own file: closing another handle of the database file would drop the engine's locks on it.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn not_writable(path: &Path, error: &io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull {
        return StoreError::DiskFull;
    }
    StoreError::NotWritable { path: path.into(), reason: error.to_string() }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A handle of the file beside its connections, to sync it. Close it after them: closing drops the engine's locks on the file.
pub(super) fn handle(path: &Path) -> Result<Arc<File>> {
    File::open(path).map(Arc::new).map_err(|error| StoreError::Io(error.to_string()))
}

/// The connection that writes. The engine gives its side files the mode of the database file.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    configure(&conn)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Io(format!("the file system does not support a write-ahead log (mode is {mode})")));
    }
    // FULL syncs the log at every commit: an answered write survives power loss.
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")?;
    Ok(conn)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    configure(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON")?;
    Ok(conn)
}

/// A database without a file.
pub(super) fn in_memory() -> Result<Connection> {
    let conn = Connection::open_in_memory()?;
    configure(&conn)?;
    Ok(conn)
}

fn configure(conn: &Connection) -> Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // Recursive triggers: without them a REPLACE would slip past the one that keeps the audit log append-only.
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON")?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
    Ok(())
}
