//! Row 20: two processes on one file, a file that may not be written, damaged pages, the wrong master key, none at all. The server refuses
//! with words that say what to do, never starts by half, never rewrites keys; once the mistake is undone everything is there.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::driver::{self, CLIENTS, PASSWORD, sign_in};
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::{Start, World};
use crate::{Failure, rng};

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    if options.store != Store::Sqlite {
        return Err("these are mistakes with a file; this program is for --store sqlite".into());
    }
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let keys = keys(&world).await?;
    let mut report = Report::default();
    second_process(&mut world, &mut report)?;
    unharmed(&world, &keys, "a second process", &mut report).await?;
    world.stop()?;
    let (database, master) = (world.data().join("symbolon.db"), world.data().join("master.key"));

    fs::set_permissions(&database, Permissions::from_mode(0o444))?;
    refuses(&mut world, "a file that may not be written", "read-only", &mut report)?;
    fs::set_permissions(&database, Permissions::from_mode(0o600))?;
    undone(&mut world, &keys, "a file that may not be written", &mut report).await?;

    let right = fs::read(&master)?;
    // 32 bytes in base64url, as the right one.
    fs::write(&master, "A".repeat(43))?;
    refuses(&mut world, "the wrong master key", "master key", &mut report)?;
    fs::remove_file(&master)?;
    refuses(&mut world, "no master key", "master key", &mut report)?;
    report.demand(!master.exists(), "a new master key was made for data that has one");
    fs::write(&master, right)?;
    undone(&mut world, &keys, "the wrong master key", &mut report).await?;

    damaged_pages(&mut world, &database, &keys, options, &mut report).await?;
    undone(&mut world, &keys, "damaged pages", &mut report).await?;
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    Ok(report)
}

fn second_process(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    let Start::Refused { code, words } = world.try_elsewhere()? else {
        report.demand(false, "a second process serves the same data");
        return Ok(());
    };
    judge("a second process", "in use", code, &words, report);
    Ok(())
}

/// The server, not running now, does not start.
fn refuses(world: &mut World, mistake: &str, clear: &str, report: &mut Report) -> Result<(), Failure> {
    match world.try_elsewhere()? {
        Start::Refused { code, words } => judge(mistake, clear, code, &words, report),
        Start::Serves => report.demand(false, format!("{mistake}: the server started")),
    }
    Ok(())
}

/// A refusal ends with a code other than success, names the matter and says what to try.
fn judge(mistake: &str, clear: &str, code: Option<i32>, words: &str, report: &mut Report) {
    report.demand(code.is_some_and(|code| code != 0), format!("{mistake}: the server ended with {code:?}"));
    let said = words.contains(clear) && words.contains("try:");
    report.demand(said, format!("{mistake}: the message does not help: {}", words.trim()));
}

/// Every page of the file in turn, filled with noise: the server refuses, or it did not need the page; the keys are those from before.
async fn damaged_pages(
    world: &mut World,
    database: &Path,
    keys: &BTreeSet<String>,
    options: &Options,
    report: &mut Report,
) -> Result<(), Failure> {
    world.stop()?;
    let whole = fs::read(database)?;
    let size = 4096;
    let (mut refused, mut served, mut page) = (0, 0, 0);
    while page < whole.len() / size {
        let mut damaged = whole.clone();
        damaged[page * size..(page + 1) * size].fill(0xA5);
        fs::write(database, &damaged)?;
        match world.try_start()? {
            Start::Refused { code, words } => {
                refused += 1;
                judge(&format!("damaged page {page}"), "damaged", code, &words, report);
            }
            Start::Serves => {
                served += 1;
                let now = self::keys(world).await?;
                report.demand(now == *keys, format!("damaged page {page}: the keys are others now"));
            }
        }
        world.kill();
        for side in ["symbolon.db-wal", "symbolon.db-shm"] {
            // There is none where the server did not get that far.
            let _ = fs::remove_file(world.data().join(side));
        }
        page += options.pick(1, usize::try_from(rng::between(4..=12))?);
    }
    fs::write(database, whole)?;
    report.tell(format!("damaged pages: {refused} refused, {served} not needed to start"));
    report.demand(refused > 0, "no damaged page was noticed");
    Ok(())
}

/// The mistake is undone: the server starts and everything is there.
async fn undone(world: &mut World, keys: &BTreeSet<String>, mistake: &str, report: &mut Report) -> Result<(), Failure> {
    report.restarted_in(world.start()?);
    unharmed(world, keys, mistake, report).await?;
    world.stop()
}

async fn unharmed(world: &World, before: &BTreeSet<String>, mistake: &str, report: &mut Report) -> Result<(), Failure> {
    if keys(world).await? != *before {
        report.lost(format!("{mistake}: the keys are others now"));
    }
    let mut connection = world.connect();
    for number in 0..CLIENTS {
        let answer = sign_in(&mut connection, &driver::email(number), PASSWORD).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            report.acknowledged += 1;
        } else {
            report.lost(format!("{mistake}: person {number} cannot sign in"));
        }
    }
    Ok(())
}

/// The `kid`s that are published.
async fn keys(world: &World) -> Result<BTreeSet<String>, Failure> {
    let answer = world.connect().get("/.well-known/jwks.json").await.map_err(|_| "no key set")?;
    let set: Value = answer.json();
    let kids = set["keys"].as_array().ok_or("no keys in the key set")?.iter();
    Ok(kids.filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}
