//! A database that takes another one's place: filled beside it, under its lock, and swapped in whole once it is complete.
//!
//! Refuses to replace data unless told to. What is replaced is put aside, not deleted. A crash before the swap leaves the old data as it
//! was, and a file that the next attempt removes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::Connection;

use super::open::{self, Lock};
use super::transfer::{Loading, Reading};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::transfer::{Begun, Counter, Load, Present, Row, Snapshot, StartOver, Table, Value, tables};

/// The new database, and the lock of the place it is for.
pub(super) struct Restoring {
    /// None once it is in its place.
    filled: Option<Loading>,
    beside: PathBuf,
    place: PathBuf,
    present: Present,
    _lock: Lock,
}

impl Restoring {
    pub(super) async fn open(place: &Path, schema: u32, present: Present) -> Result<Self> {
        let lock = open::claim(place)?;
        if present == Present::Keep && !is_empty(place).await? {
            return Err(Conflict::Exists.into());
        }
        let beside = named(place, ".restoring");
        for file in with_side_files(&beside) {
            remove(&file)?;
        }
        let filled = Loading::at(&beside, schema)?;
        Ok(Self { filled: Some(filled), beside, place: place.to_owned(), present, _lock: lock })
    }

    fn filled(&mut self) -> Result<&mut Loading> {
        self.filled.as_mut().ok_or_else(|| StoreError::Internal("the restored database is in its place already".into()))
    }

    /// Puts the old files aside and the new one in their place. The old log goes first: the engine would replay it into the new file.
    fn swap(&self) -> Result<()> {
        File::open(&self.beside).and_then(|file| file.sync_all()).map_err(|error| of_the_disk(&error))?;
        if let Present::Replace { now } = self.present {
            fold_log_into(&self.place);
            let aside = named(&self.place, &format!(".replaced-{now}"));
            for (old, aside) in with_side_files(&self.place).iter().zip(with_side_files(&aside)).skip(1) {
                if old.exists() {
                    fs::rename(old, aside).map_err(|error| of_the_disk(&error))?;
                }
            }
            // A second name for the old file: at no moment is there none in its place.
            fs::hard_link(&self.place, aside).map_err(|error| of_the_disk(&error))?;
        }
        fs::rename(&self.beside, &self.place).map_err(|error| of_the_disk(&error))?;
        remove(&named(&self.beside, ".lock"))?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| of_the_disk(&error))
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if let Some(filled) = self.filled.take() {
            drop(filled);
            // What is left is removed by the next attempt at the latest.
            for file in with_side_files(&self.beside).iter().chain([&named(&self.beside, ".lock")]) {
                let _ = remove(file);
            }
        }
    }
}

async fn is_empty(path: &Path) -> Result<bool> {
    if fs::metadata(path).map_err(|error| of_the_disk(&error))?.len() == 0 {
        return Ok(true);
    }
    let mut held = Reading::beside(path)?;
    for table in tables().iter().filter(|table| !table.is_seeded() || table.name == "meta") {
        if held.count(table).await? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// So that what is put aside is one file. A database that is too damaged for it keeps its log beside it.
fn fold_log_into(path: &Path) {
    let folded = open::writer(path)
        .and_then(|conn: Connection| Ok(conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?));
    if let Err(error) = folded {
        tracing::warn!(%error, "the database that is replaced is put aside as it is");
    }
}

fn named(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The file itself first.
fn with_side_files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| named(path, ending))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of_the_disk(&error)),
        _ => Ok(()),
    }
}

fn of_the_disk(error: &io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull { StoreError::DiskFull } else { StoreError::Io(error.to_string()) }
}

#[async_trait]
impl Load for Restoring {
    async fn mark(&mut self) -> Result<Option<String>> {
        self.filled()?.mark().await
    }

    async fn set_mark(&mut self, of: &str) -> Result<()> {
        self.filled()?.set_mark(of).await
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>> {
        self.filled()?.last_key(table).await
    }

    async fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<()> {
        self.filled()?.write(table, rows).await
    }

    async fn set_counters(&mut self, counters: &[Counter]) -> Result<()> {
        self.filled()?.set_counters(counters).await
    }

    async fn snapshot(&mut self) -> Result<Box<dyn Snapshot>> {
        self.filled()?.snapshot().await
    }

    async fn upgrade(&mut self) -> Result<()> {
        self.filled()?.upgrade().await
    }

    async fn start_over(&mut self, over: &StartOver) -> Result<Begun> {
        self.filled()?.start_over(over).await
    }

    async fn finish(&mut self) -> Result<()> {
        self.filled()?.finish().await?;
        // Closed, so that no log is left beside it.
        self.filled = None;
        self.swap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Store as _;
    use crate::sqlite::{Options, Sqlite};

    async fn with_meta(path: &Path, value: &str) {
        let store = Sqlite::open(path, Options::default()).unwrap();
        store.put_meta_once("issuer", value).await.unwrap();
    }

    async fn restore(path: &Path, present: Present) -> Result<()> {
        let mut load = Sqlite::restore(path, crate::transfer::SCHEMA, present).await?;
        let row = ["issuer", "new"].map(|text| Value::Text(text.to_owned())).to_vec();
        load.write(&tables()[0], vec![row]).await?;
        load.finish().await
    }

    async fn meta(path: &Path) -> Option<String> {
        Sqlite::open(path, Options::default()).unwrap().meta("issuer").await.unwrap()
    }

    fn files(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn data_that_is_there_is_replaced_only_when_told_and_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        with_meta(&path, "old").await;
        assert_eq!(restore(&path, Present::Keep).await, Err(Conflict::Exists.into()));
        assert_eq!(meta(&path).await.as_deref(), Some("old"));
        restore(&path, Present::Replace { now: 7 }).await.unwrap();
        assert_eq!(meta(&path).await.as_deref(), Some("new"));
        assert_eq!(meta(&folder.path().join("s.db.replaced-7")).await.as_deref(), Some("old"));
        let expected = ["s.db", "s.db.lock", "s.db.replaced-7", "s.db.replaced-7.lock"];
        assert_eq!(files(folder.path()), expected);
    }

    #[tokio::test]
    async fn a_place_that_is_empty_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("s.db");
        restore(&path, Present::Keep).await.unwrap();
        assert_eq!(meta(&path).await.as_deref(), Some("new"));
        let empty = folder.path().join("e.db");
        drop(Sqlite::open(&empty, Options::default()).unwrap());
        restore(&empty, Present::Keep).await.unwrap();
        assert_eq!(meta(&empty).await.as_deref(), Some("new"));
    }

    #[tokio::test]
    async fn a_damaged_database_is_replaced_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        fs::write(&path, "not a database at all").unwrap();
        fs::write(named(&path, "-wal"), "nor a log").unwrap();
        restore(&path, Present::Replace { now: 7 }).await.unwrap();
        assert_eq!(meta(&path).await.as_deref(), Some("new"));
        assert_eq!(fs::read(named(&path, ".replaced-7")).unwrap(), b"not a database at all");
    }

    #[tokio::test]
    async fn one_that_was_given_up_leaves_the_old_data_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        with_meta(&path, "old").await;
        let load = Sqlite::restore(&path, 6, Present::Replace { now: 7 }).await.unwrap();
        assert!(matches!(Sqlite::open(&path, Options::default()), Err(StoreError::InUse { .. })));
        drop(load);
        assert_eq!(meta(&path).await.as_deref(), Some("old"));
        assert!(!files(folder.path()).iter().any(|name| name.contains("restoring")));
    }

    #[tokio::test]
    async fn a_schema_that_is_not_known_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for schema in [0, 99] {
            let path = folder.path().join("s.db");
            let error = Sqlite::restore(&path, schema, Present::Keep).await.err();
            assert!(matches!(error, Some(StoreError::NewerSchema { .. })), "{schema}");
        }
    }
}
