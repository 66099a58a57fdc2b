//! Where sessions outlive the process: a SQLite file, every row sealed under the gateway's own key, every write on disk before it is
//! answered. One gateway at a time has it.
//!
//! Refused: a second opener, a file of another program or of a newer version, rows that do not open under the key.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use symbolon_server::seal::Sealer;
use zeroize::Zeroizing;

/// SHA-256 of what a browser holds.
pub(crate) type Hash = [u8; 32];

/// "SyGw": tells the file from those of other programs.
const APPLICATION_ID: i64 = 0x5379_4777;
const VERSION: i64 = 1;
const SCHEMA: &str = "
CREATE TABLE session (hash BLOB PRIMARY KEY, sealed TEXT NOT NULL, used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE kept (name TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// Why the file cannot be used, in words for the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another gateway has it.
    InUse(PathBuf),
    /// It is not ours, or of a newer version.
    Foreign(PathBuf),
    /// What is in it does not open under the key beside it.
    Sealed,
    /// The system or the engine refused.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(f, "another gateway uses {}", path.display()),
            Self::Foreign(path) => write!(f, "{} is of another program, or of a newer version", path.display()),
            Self::Sealed => f.write_str("what is stored does not open under the key beside it"),
            Self::Failed(why) => write!(f, "the sessions cannot be stored: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    sealer: Sealer,
    _lock: Lock,
}

/// Keeps other openers out for as long as it lives.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a process that this one is just starting holds a copy of the handle until it has become itself.
        let _ = self.0.unlock();
    }
}

/// A row, opened.
pub(crate) struct Row {
    pub(crate) hash: Hash,
    pub(crate) plain: Zeroizing<Vec<u8>>,
    pub(crate) used_at: u64,
}

impl Store {
    /// Opens `gateway.db` in `folder`, or makes it.
    pub(crate) fn open(folder: &Path, sealer: Sealer) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join("gateway.db");
        let private =
            |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let lock = private(&folder.join("gateway.lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse(path.clone()),
            TryLockError::Error(error) => error.into(),
        })?;
        let lock = Lock(lock);
        private(&path)?;
        let connection = Connection::open(&path)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")?;
        let number = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        match (number("application_id")?, number("user_version")?, number("schema_version")?) {
            (0, 0, 0) => connection.execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT"
            ))?,
            (APPLICATION_ID, VERSION, _) => {}
            _ => return Err(StoreError::Foreign(path)),
        }
        Ok(Self(Arc::new(Inner { connection: Mutex::new(connection), sealer, _lock: lock })))
    }

    /// Every session. Rows that do not open are an error: a key that was swapped must not sign everybody out in silence.
    pub(crate) fn sessions(&self) -> Result<Vec<Row>, StoreError> {
        let connection = self.0.connection();
        let mut statement = connection.prepare("SELECT hash, sealed, used_at FROM session")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)))?;
        let open = |row: rusqlite::Result<(Hash, String, i64)>| {
            let (hash, sealed, used_at) = row?;
            let plain = self.0.sealer.open(&purpose(&hash), &sealed).map_err(|_| StoreError::Sealed)?;
            Ok(Row { hash, plain, used_at: u64::try_from(used_at).unwrap_or(0) })
        };
        rows.map(open).collect()
    }

    /// Adds a session, and in the same transaction removes the one it takes the place of.
    pub(crate) async fn add(
        &self,
        hash: Hash,
        plain: Zeroizing<Vec<u8>>,
        now: u64,
        replaces: Option<Hash>,
    ) -> Result<(), StoreError> {
        self.write(move |inner, connection| {
            let sealed = inner.sealer.seal(&purpose(&hash), &plain);
            let transaction = connection.transaction()?;
            if let Some(old) = replaces {
                transaction.execute("DELETE FROM session WHERE hash = ?1", params![old])?;
            }
            let values = params![hash, sealed, time(now)];
            transaction.execute("INSERT INTO session (hash, sealed, used_at) VALUES (?1, ?2, ?3)", values)?;
            transaction.commit()
        })
        .await
    }

    /// Changes what a session holds, if it is still there.
    pub(crate) async fn change(&self, hash: Hash, plain: Zeroizing<Vec<u8>>) -> Result<(), StoreError> {
        self.write(move |inner, connection| {
            let sealed = inner.sealer.seal(&purpose(&hash), &plain);
            connection.execute("UPDATE session SET sealed = ?2 WHERE hash = ?1", params![hash, sealed]).map(drop)
        })
        .await
    }

    /// Removes sessions.
    pub(crate) async fn remove(&self, hashes: Vec<Hash>) -> Result<(), StoreError> {
        self.write(move |_, connection| {
            let transaction = connection.transaction()?;
            for hash in hashes {
                transaction.execute("DELETE FROM session WHERE hash = ?1", params![hash])?;
            }
            transaction.commit()
        })
        .await
    }

    /// Notes when sessions were last used.
    pub(crate) async fn used(&self, times: Vec<(Hash, u64)>) -> Result<(), StoreError> {
        self.write(move |_, connection| {
            let transaction = connection.transaction()?;
            for (hash, at) in times {
                transaction.execute("UPDATE session SET used_at = ?2 WHERE hash = ?1", params![hash, time(at)])?;
            }
            transaction.commit()
        })
        .await
    }

    /// The secret of this name, or `make` of it, kept from then on.
    pub(crate) fn kept(
        &self,
        name: &str,
        make: impl FnOnce() -> Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let connection = self.0.connection();
        let found: Option<String> =
            connection.query_row("SELECT sealed FROM kept WHERE name = ?1", [name], |row| row.get(0)).optional()?;
        if let Some(sealed) = found {
            return self.0.sealer.open(name, &sealed).map_err(|_| StoreError::Sealed);
        }
        let plain = make();
        let sealed = self.0.sealer.seal(name, &plain);
        connection.execute("INSERT INTO kept (name, sealed) VALUES (?1, ?2)", params![name, sealed])?;
        Ok(plain)
    }

    /// Few and small: sign-ins, renewals, sign-outs. A thread of its own would bring nothing.
    async fn write(
        &self,
        change: impl FnOnce(&Inner, &mut Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || change(&inner, &mut inner.connection()));
        match done.await {
            Ok(result) => result.map_err(StoreError::from),
            Err(_) => Err(StoreError::Failed("the process is stopping".to_owned())),
        }
    }
}

impl Inner {
    fn connection(&self) -> std::sync::MutexGuard<'_, Connection> {
        // A statement that panicked left no transaction open: rusqlite rolls back what is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row opens as the row of its own session only.
fn purpose(hash: &Hash) -> String {
    format!("gateway session {}", symbolon_jose::base64url::encode(hash))
}

fn time(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use symbolon_server::seal::MasterKey;

    use super::*;

    fn open(folder: &Path, key: u8) -> Result<Store, StoreError> {
        let key = MasterKey::from_text(&symbolon_jose::base64url::encode(&[key; 32]), "test").unwrap();
        Store::open(folder, key.sealer())
    }

    fn plain(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn what_was_added_is_there_after_another_opening_and_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), 1).unwrap();
        store.add([1; 32], plain("secret-1"), 10, None).await.unwrap();
        store.add([2; 32], plain("secret-2"), 10, Some([1; 32])).await.unwrap();
        store.change([2; 32], plain("secret-3")).await.unwrap();
        store.change([1; 32], plain("gone")).await.unwrap();
        store.used(vec![([2; 32], 20)]).await.unwrap();
        assert!(matches!(open(folder.path(), 1), Err(StoreError::InUse(_))));
        drop(store);
        for file in ["gateway.db", "gateway.db-wal"] {
            let bytes = std::fs::read(folder.path().join(file)).unwrap_or_default();
            assert!(!bytes.windows(6).any(|window| window == b"secret"), "{file}");
        }
        let store = open(folder.path(), 1).unwrap();
        let rows = store.sessions().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].hash, rows[0].plain.as_slice(), rows[0].used_at), ([2; 32], &b"secret-3"[..], 20));
        store.remove(vec![[2; 32]]).await.unwrap();
        assert!(store.sessions().unwrap().is_empty());
    }

    #[tokio::test]
    async fn another_key_and_a_swapped_row_open_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), 1).unwrap();
        store.add([1; 32], plain("a"), 10, None).await.unwrap();
        store.add([2; 32], plain("b"), 10, None).await.unwrap();
        drop(store);
        assert!(matches!(open(folder.path(), 2).unwrap().sessions(), Err(StoreError::Sealed)));
        let store = open(folder.path(), 1).unwrap();
        store.0.connection().execute_batch("UPDATE session SET sealed = (SELECT sealed FROM session WHERE hash = X'0101010101010101010101010101010101010101010101010101010101010101')").unwrap();
        assert!(matches!(store.sessions(), Err(StoreError::Sealed)));
    }

    #[test]
    fn files_of_others_are_left_alone_and_secrets_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        Connection::open(folder.path().join("gateway.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(open(folder.path(), 1), Err(StoreError::Foreign(_))));
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), 1).unwrap();
        let first = store.kept("key", || plain("one")).unwrap();
        assert_eq!(store.kept("key", || plain("two")).unwrap(), first);
    }
}
