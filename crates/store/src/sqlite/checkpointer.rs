//! Folds the write-ahead log into the file beside the writer, on a connection and a thread of its own.
//!
//! Left to itself the engine does it within the commit that fills the log, and whoever asked for that commit waits until some thousand
//! pages are written all over the file and synced. The more rows there are the more pages differ, so that the slowest hundredth of all writes
//! took longer the more users there were. Here the thread copies nearly everything while commits go on; only what they added
//! meanwhile is left for the writer, because a log that is never folded whole never starts again.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::Result;

/// How long the log may get, in pages of 4 KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// So many are folded.
    start: u32,
    /// So many while the thread is at work, and the writer waits for it: it would never catch up.
    most: u32,
}

impl Default for Limits {
    /// 16 MB, which is about one table of the log's index to look through at each read, and 128 MB: after a kill the log is read whole.
    fn default() -> Self {
        Self { start: 4_000, most: 32_000 }
    }
}

/// Of so many commits one has folding tried while the disk is full. The log may be what fills it, and as soon as there is a little room again
/// folding must have it before the log does: a log that cannot be folded for want of room, because it has taken all, stays so.
const NEEDED: u32 = 16;

/// The thread's handle, which lives in the writer's thread; dropping it closes the connection.
pub(super) struct Checkpointer {
    limits: Limits,
    /// Pages in the log after the last commit.
    frames: Arc<AtomicU32>,
    /// The same after the commit before that.
    seen: u32,
    /// When to wake the thread next. Beyond `start` while a long read keeps the log from starting again.
    due: u32,
    /// Pages in the log when the thread was woken, if it is at work.
    woken_at: Option<u32>,
    /// Whether that was last in vain.
    is_owed: bool,
    /// Commits since that was last tried, or since commits began to fail.
    since: u32,
    wake: Option<SyncSender<()>>,
    /// Whether the thread could do it.
    done: Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// From now on commits of `writer` fold nothing by themselves. `beside` is another connection to the same file, and a handle of it to
    /// sync, which has to stay open for as long as any connection: closing it would drop the engine's locks.
    pub(super) fn start(writer: &mut Connection, beside: (Connection, Arc<File>), limits: Limits) -> Result<Self> {
        let frames = Arc::<AtomicU32>::default();
        let count = Arc::clone(&frames);
        writer.wal_hook(Some(move |_: &mut _, pages| {
            count.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let (wake, woken) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || serve(&beside.0, &beside.1, &woken, &tell))
            .map_err(|error| StoreError::Unavailable(format!("cannot start the checkpoint thread: {error}")))?;
        let (wake, thread) = (Some(wake), Some(thread));
        Ok(Self {
            limits,
            frames,
            seen: 0,
            due: limits.start,
            woken_at: None,
            is_owed: false,
            since: NEEDED,
            wake,
            done,
            thread,
        })
    }

    /// After a commit, once its callers are answered; `failed` if the engine could not carry it out.
    pub(super) fn committed(&mut self, writer: &Connection, failed: bool) {
        let (Limits { start, most }, frames) = (self.limits, self.frames.load(Ordering::Relaxed));
        if frames < self.seen {
            self.due = start;
        }
        self.seen = frames;
        let is_needed = failed || self.is_owed;
        self.since = if is_needed { self.since.saturating_add(1) } else { NEEDED };
        if let Some(woken_at) = self.woken_at {
            // Only one can fold at a time; a thread that falls far behind is worth waiting for.
            let done = if frames.saturating_sub(woken_at) < most {
                self.done.try_recv().or_else(|why| if why == TryRecvError::Empty { Err(()) } else { Ok(false) })
            } else {
                Ok(self.done.recv().unwrap_or(false))
            };
            if let Ok(is_folded) = done {
                self.woken_at = None;
                self.is_owed = !(fold(writer) && is_folded);
            }
        } else if frames >= self.due || (is_needed && self.since >= NEEDED) {
            self.since = 0;
            self.due = frames.saturating_add(start);
            let is_woken = self.wake.as_ref().is_some_and(|wake| wake.try_send(()).is_ok());
            self.woken_at = is_woken.then_some(frames);
            if !is_woken {
                tracing::error!(
                    "the thread that folds the write-ahead log is gone; commits do it themselves: please report this"
                );
                fold(writer);
            }
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(conn: &Connection, file: &File, woken: &Receiver<()>, done: &SyncSender<bool>) {
    while woken.recv().is_ok() {
        // The second time for what came during the first, which may have been long.
        let mut is_folded = true;
        for _ in 0..2 {
            is_folded = fold(conn);
            // The engine itself syncs what it has copied only when nothing was committed meanwhile: else it is left to the writer's turn.
            if let Err(error) = file.sync_data() {
                tracing::warn!(%error, "the database file could not be synced beside the writer");
            }
        }
        if done.send(is_folded).is_err() {
            return;
        }
    }
}

/// Copies what no reader needs the old version of, and waits for nobody; false if that failed. What it cannot do now it can do later: the log is
/// as durable as the file.
fn fold(conn: &Connection) -> bool {
    let passive = conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)").and_then(|mut it| it.query_row([], |_| Ok(())));
    if let Err(error) = &passive {
        tracing::warn!(%error, "the write-ahead log could not be folded into the database; it stays longer meanwhile");
    }
    passive.is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::open;
    use super::*;

    const LIMITS: Limits = Limits { start: 100, most: 400 };
    const PAGE: u64 = 4_096;

    struct Bench {
        _folder: tempfile::TempDir,
        log: std::path::PathBuf,
        path: std::path::PathBuf,
        writer: Connection,
        checkpointer: Checkpointer,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "").unwrap();
        let mut writer = open::writer(&path).unwrap();
        writer.execute_batch("CREATE TABLE thing (text BLOB); PRAGMA synchronous = OFF").unwrap();
        let beside = (open::writer(&path).unwrap(), Arc::new(File::open(&path).unwrap()));
        let checkpointer = Checkpointer::start(&mut writer, beside, LIMITS).unwrap();
        let log = Path::new(&format!("{}-wal", path.display())).to_owned();
        Bench { _folder: folder, log, path, writer, checkpointer }
    }

    impl Bench {
        /// About ten pages.
        fn commit(&mut self) {
            self.writer.execute("INSERT INTO thing VALUES (zeroblob(40000))", []).unwrap();
            self.checkpointer.committed(&self.writer, false);
        }

        fn log_pages(&self) -> u64 {
            std::fs::metadata(&self.log).unwrap().len() / PAGE
        }
    }

    #[test]
    fn the_log_starts_again_however_much_is_written() {
        let mut bench = bench();
        (0..1_000).for_each(|_| bench.commit());
        assert!(bench.log_pages() <= u64::from(LIMITS.most + 3 * LIMITS.start), "{}", bench.log_pages());
    }

    #[test]
    fn once_the_thread_is_done_the_next_commit_starts_the_log_again() {
        let mut bench = bench();
        while bench.checkpointer.woken_at.is_none() {
            bench.commit();
        }
        while bench.checkpointer.woken_at.is_some() {
            bench.commit();
        }
        bench.commit();
        assert!(bench.checkpointer.frames.load(Ordering::Relaxed) < LIMITS.start);
    }

    #[test]
    fn commits_that_fail_have_the_log_start_again_however_short_it_is() {
        let mut bench = bench();
        bench.commit();
        let before = bench.checkpointer.frames.load(Ordering::Relaxed);
        bench.checkpointer.committed(&bench.writer, true);
        while bench.checkpointer.woken_at.is_some() {
            bench.checkpointer.committed(&bench.writer, true);
        }
        bench.writer.execute("INSERT INTO thing VALUES (1)", []).unwrap();
        let after = bench.checkpointer.frames.load(Ordering::Relaxed);
        assert!(after < before, "{after} pages after {before}");
    }

    #[test]
    fn a_long_read_makes_the_log_longer_and_loses_nothing_and_its_end_lets_it_start_again() {
        let mut bench = bench();
        bench.commit();
        let reader = open::reader(&bench.path).unwrap();
        let count =
            |conn: &Connection| conn.query_row("SELECT count(*) FROM thing", [], |row| row.get::<_, u32>(0)).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        assert_eq!(count(&reader), 1);
        (0..200).for_each(|_| bench.commit());
        assert!(bench.log_pages() > 2_000, "{}", bench.log_pages());
        assert_eq!(count(&reader), 1);
        reader.execute_batch("COMMIT").unwrap();
        (0..200).for_each(|_| bench.commit());
        assert!(bench.checkpointer.frames.load(Ordering::Relaxed) < 1_000);
        assert_eq!(count(&reader), 401);
    }
}
