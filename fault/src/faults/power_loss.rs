//! Row 2: the power fails just before a sync. What was acknowledged is on the disk; of what was not synced the disk keeps what it likes.
//!
//! Means: strace kills the server as the n-th sync of its database files begins, and has recorded every write to them; the files are then
//! put together as a disk would hold them (`disk`). A kill alone would not show a missing sync, because the system keeps what was written.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::checker::chains;
use crate::disk::Disk;
use crate::driver::{self, CLIENTS, Ended, Stage};
use crate::journal::Journal;
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;
use crate::{Failure, rng};

/// How long to wait for the n-th sync.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    if options.store != Store::Sqlite {
        return Err("what a database server syncs is its own affair; this program is for --store sqlite".into());
    }
    let strace = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !strace.is_ok_and(|status| status.success()) {
        return Err("strace is missing; try: apt-get install strace".into());
    }
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let (runs, at_least) = options.pick((30, 10_000), (3, 100));
    let (mut report, mut unsynced, mut round) = (Report::default(), 0, 0);
    while round < runs || report.acknowledged < at_least {
        round += 1;
        world.stop()?;
        unsynced += fail_once(&mut world, &mut report, round, options).await?;
        if !report.holds() {
            break;
        }
    }
    report.tell(format!("{round} power losses, {unsynced} writes not synced"));
    report.demand(report.signed_out <= report.in_doubt, "more clients are signed out than requests were in doubt");
    let words = world.words()?;
    report.demand(!words.contains("malformed"), "the database is damaged");
    Ok(report)
}

/// Runs the server, at rest before, until its power fails, and checks what is found afterwards.
async fn fail_once(world: &mut World, report: &mut Report, round: u64, options: &Options) -> Result<usize, Failure> {
    let files: [PathBuf; 2] = ["symbolon.db", "symbolon.db-wal"].map(|name| world.data().join(name));
    let mut disk = Disk::at_rest(&files);
    let record = world.folder().join("record");
    world.wrap(disk.recorder(&record, rng::between(8..=options.pick(200, 60))));
    world.start()?;
    let journal = Journal::new(&world.folder().join("journal"))?;
    let lives: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(driver::refresh::live(Stage::of(world, &journal, number, round))))
        .collect();
    if !world.ended(PATIENCE).await? {
        return Err("the sync that was to fail did not come in time".into());
    }
    for life in lives {
        if let Err(Ended::Badly(failure)) = life.await? {
            return Err(failure);
        }
    }
    let syncs = disk.replay(&std::fs::read_to_string(&record)?)?;
    report.demand(syncs > 0, "no sync was recorded");
    let unsynced = disk.fail()?;
    // What is mapped is no file: a machine that starts again has none.
    let _ = std::fs::remove_file(world.data().join("symbolon.db-shm"));
    world.wrap(Vec::new());
    report.restarted_in(world.start()?);
    report.acknowledged += journal.acknowledged();
    report.in_doubt += journal.in_doubt();
    chains::check(world, &journal.read()?, report).await?;
    Ok(unsynced)
}
