//! Row 10, second part: under load the release of the commit before is replaced by the present one, with the listening socket handed over; over a
//! database server both serve together for a while. Then back again, where both know the same schema; where they do not, the older one must
//! refuse with words that help. No request fails, nothing is lost.

use std::path::PathBuf;

use super::restart::{Load, TOGETHER};
use crate::options::Options;
use crate::report::Report;
use crate::server::{Start, World};
use crate::{Failure, driver, older, server};

/// Which commit the older release is of, unless told otherwise.
const BEFORE: &str = "HEAD~1";

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let (before, present) = (before(options)?, server::binary()?);
    let mut world = World::new(options)?;
    world.run_with(&before.program);
    world.keep_socket()?;
    world.start()?;
    driver::populate(&world)?;
    let old = schema(&world)?;
    world.run_with(&present);
    let new = schema(&world)?;

    let mut load = Load::start(&world)?;
    let (rounds, at_least) = options.pick((10, 10_000), (1, 200));
    let mut round = 0;
    while load.goes_on()? && (round < rounds || load.journal.acknowledged() < at_least) {
        round += 1;
        load.replace(&mut world, TOGETHER).await?;
        runs(&world, &present)?;
        if old == new {
            world.run_with(&before.program);
            load.replace(&mut world, TOGETHER).await?;
            runs(&world, &before.program)?;
            world.run_with(&present);
        }
    }
    load.replace(&mut world, TOGETHER).await?;
    let mut report = load.end(&world).await?;
    report.tell(before.name);
    if old == new {
        report.tell(format!("schema {new} in both, {round} times there and back"));
    } else {
        report.tell(format!("schema {old} to {new}"));
        world.run_with(&before.program);
        no_way_back(&mut world, &mut report)?;
    }
    Ok(report)
}

/// The older release, and what to say of it.
struct Before {
    name: String,
    program: PathBuf,
}

fn before(options: &Options) -> Result<Before, Failure> {
    if options.quick && options.from.is_none() {
        let name = "no older release was built, both are the present one".to_owned();
        return Ok(Before { name, program: server::binary()? });
    }
    let older::Release { name, program } = older::build(options.from.as_deref().unwrap_or(BEFORE))?;
    Ok(Before { name: format!("from {name}"), program })
}

/// The newest schema that the program knows.
fn schema(world: &World) -> Result<u64, Failure> {
    let status = world.run(&["migrate", "status"], "")?;
    status["known"].as_u64().ok_or_else(|| format!("no schema in {status}").into())
}

/// So that nobody takes the one for the other.
fn runs(world: &World, program: &std::path::Path) -> Result<(), Failure> {
    let running = std::fs::read_link(format!("/proc/{}/exe", world.pid()?))?;
    if running == program.canonicalize()? { Ok(()) } else { Err(format!("{} runs", running.display()).into()) }
}

/// The older release does not start on data that it does not know.
fn no_way_back(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    world.stop()?;
    match world.try_start()? {
        Start::Serves => report.demand(false, "the older release serves data of a newer schema"),
        Start::Refused { code, words } => {
            let said = words.contains("newer") && words.contains("try:");
            report.demand(said && code.is_some_and(|code| code != 0), format!("{code:?}: {}", words.trim()));
        }
    }
    Ok(())
}
