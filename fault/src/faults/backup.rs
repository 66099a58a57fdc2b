//! Row 11: about a hundred writes a second, a backup every ten seconds beside them, then `kill -9`. The last backup is restored elsewhere, in both
//! ways. Everything that was acknowledged before that backup began is there. By default nobody's token of before counts; with `--keep-sign-ins`
//! each is as it was at the backup's moment, which is documented to be for moves only.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Failure;
use crate::checker::restored::{self, Moment};
use crate::clock::Stopwatch;
use crate::driver::paced::{Rate, live};
use crate::driver::{self, CLIENTS, Ended, Stage};
use crate::journal::Journal;
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;

/// Of all clients together.
const WRITES_A_SECOND: u64 = 100;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let journal = Journal::new(&world.folder().join("journal"))?;
    let rate = Rate::new(WRITES_A_SECOND / CLIENTS as u64);
    let watch = Stopwatch::start();
    let lives: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(live(Stage::of(&world, &journal, number, 0), rate))).collect();
    let (every, at_least) = options.pick((Duration::from_secs(10), 10_000), (Duration::from_secs(1), 300));
    let mut backups = Backups::default();
    while journal.acknowledged() < at_least || backups.made < 3 {
        if lives.iter().any(tokio::task::JoinHandle::is_finished) {
            break;
        }
        tokio::time::sleep(every).await;
        backups.make(&world, &journal)?;
    }
    // Some more, which no backup has.
    tokio::time::sleep(every / 4).await;
    let worked = watch.elapsed();
    world.kill();
    for life in lives {
        if let Err(Ended::Badly(failure)) = life.await? {
            return Err(failure);
        }
    }
    let mut report = Report { acknowledged: journal.acknowledged(), in_doubt: journal.in_doubt(), ..Report::default() };
    let a_second = journal.acknowledged() * 1000 / u64::try_from(worked.as_millis())?.max(1);
    report.tell(format!("{a_second} writes a second beside {} backups", backups.made));
    report.demand(a_second >= WRITES_A_SECOND / 2, "the load was less than half of what was planned");
    let last = backups.last.ok_or("no backup was made")?;
    hold(&mut world, &journal, &last, options.store, &mut report).await?;
    Ok(report)
}

/// The backups of one run.
#[derive(Default)]
struct Backups {
    made: u64,
    last: Option<Backup>,
}

struct Backup {
    file: PathBuf,
    moment: Moment,
}

impl Backups {
    /// As an operator makes one; it is read back, too.
    fn make(&mut self, world: &World, journal: &Journal) -> Result<(), Failure> {
        self.made += 1;
        let file = world.folder().join(format!("{}.backup", self.made));
        let begun = journal.lines();
        let answer = world.run(&["backup", "create", "--out", text(&file)?], "")?;
        if answer["verified"] != true {
            return Err("a backup was not read back".into());
        }
        self.last = Some(Backup { file, moment: Moment { begun, ended: journal.lines() } });
        Ok(())
    }
}

/// Restores it elsewhere, twice, and holds each to the journal.
async fn hold(
    world: &mut World,
    journal: &Journal,
    last: &Backup,
    store: Store,
    report: &mut Report,
) -> Result<(), Failure> {
    let entries = journal.read()?;
    for more in [&[][..], &["--keep-sign-ins"]] {
        world.move_elsewhere()?;
        world.run(&["backup", "verify", text(&last.file)?], "")?;
        world.run(&[&["backup", "restore", text(&last.file)?], more].concat(), "")?;
        if store == Store::Sqlite {
            report.demand(intact(&world.data().join("symbolon.db"))?, "the restored file is damaged");
        }
        report.restarted_in(world.start()?);
        if more.is_empty() {
            restored::signed_out(world, &entries, &last.moment, report).await?;
        } else {
            let again = restored::kept(world, &entries, &last.moment, report).await?;
            report.tell(format!("with --keep-sign-ins {again} tokens that were used or revoked after it count again"));
            report.demand(again > 0, "nothing was used or revoked after the backup: this shows nothing");
        }
        world.stop()?;
    }
    Ok(())
}

/// What the engine says of its file.
fn intact(file: &Path) -> Result<bool, Failure> {
    let database = rusqlite::Connection::open(file)?;
    let answer: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok(answer == "ok" && !database.prepare("PRAGMA foreign_key_check")?.exists([])?)
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| "a path is no text".into())
}
