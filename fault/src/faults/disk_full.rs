//! Row 4: the disk is full for a while. Nothing that was answered with success is lost, writes are refused with 503 and Retry-After,
//! what needs no write keeps working, and the server recovers by itself within 5 s of there being room.
//!
//! Means: the data lies on a memory file system of 32 MB (mounted as root), and a file takes what is left of it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::Failure;
use crate::checker::chains;
use crate::clock::Stopwatch;
use crate::driver::patient::{Crowd, Lived};
use crate::driver::{self, Machine, PASSWORD, sign_in};
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;

/// From the moment there is room to the first write that is answered with success.
pub(super) const RECOVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    if options.store != Store::Sqlite {
        return Err("the disk of a database server is its own affair; this program is for --store sqlite".into());
    }
    let disk = SmallDisk::mount()?;
    let mut world = World::new(options)?;
    world.keep_data_in(&disk.folder.path().join("data"));
    world.start()?;
    let machine = driver::populate(&world)?;
    let crowd = Crowd::begin(&world)?;
    let mut report = Report::default();
    crowd.enough(options.pick(10_000, 200)).await;
    let full_for = Duration::from_secs(options.pick(10, 2));
    let recovered = fill(&world, &disk, &machine, full_for, &crowd, &mut report).await?;
    crowd.live_on().await;
    let Lived { entries, refused, .. } = crowd.end(&mut report).await?;
    report.tell(format!("refused {refused}, recovered in {} ms", recovered.as_millis()));
    report.demand(recovered <= RECOVERY, "it took longer than 5 s to recover");
    chains::check(&world, &entries, &mut report).await?;
    world.stop()?;
    report.demand(intact(&world.data().join("symbolon.db"))?, "the database is damaged");
    Ok(report)
}

/// Takes all the room for a while, looks at what must go on, gives it back; how long until a write succeeded.
async fn fill(
    world: &World,
    disk: &SmallDisk,
    machine: &Machine,
    time: Duration,
    crowd: &Crowd,
    report: &mut Report,
) -> Result<Duration, Failure> {
    let (mut connection, watch) = (world.connect(), Stopwatch::start());
    let before = sign_in(&mut connection, &driver::email(0), PASSWORD).await;
    let access = before.map_err(|_| "no answer before the disk was full")?.member("token")?;
    while watch.elapsed() < time || (crowd.refused() == 0 && watch.elapsed() < time * 10) {
        disk.fill()?;
        for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/livez"] {
            let status = connection.get(path).await.map_or(0, |answer| answer.status);
            report.demand(status == 200, format!("{path} was answered with {status} while the disk was full"));
        }
        let bearer = format!("Bearer {access}");
        let asked = connection.ask(hyper::Method::GET, "/userinfo", &[("authorization", &bearer)], String::new()).await;
        let status = asked.map_or(0, |answer| answer.status);
        report.demand(status == 200, format!("a token was verified with {status} while the disk was full"));
        let status = machine.token(&mut connection).await.map_or(0, |answer| answer.status);
        report.demand(status == 200, format!("a token that needs no write was answered with {status}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    disk.free()?;
    let watch = Stopwatch::start();
    while watch.elapsed() < RECOVERY * 3 {
        if sign_in(&mut connection, &driver::email(0), PASSWORD).await.is_ok_and(|answer| answer.status == 200) {
            return Ok(watch.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the server does not recover".into())
}

/// Whether the engine finds its file in order.
pub(super) fn intact(database: &Path) -> Result<bool, Failure> {
    let connection = rusqlite::Connection::open(database)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok(verdict == "ok")
}

/// A file system of its own, gone with the value.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("symbolon-fault-disk-").tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=32m,mode=0700", "symbolon-fault"]).arg(folder.path());
        if mount.status().is_ok_and(|status| status.success()) {
            return Ok(Self { folder });
        }
        Err("a disk of 32 MB cannot be mounted; try as root, in a container with the right to mount".into())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Takes every byte that is left.
    fn fill(&self) -> Result<(), Failure> {
        let mut file = File::options().create(true).append(true).open(self.ballast())?;
        for size in [1 << 20, 1 << 16, 1 << 12] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> Result<(), Failure> {
        Ok(std::fs::remove_file(self.ballast())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, should a process still be about to end. What cannot be unmounted stays for the operator to see.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}
