//! Row 12, first part: the database server dies as in a crash, stays away for a while and comes back, several times. Nothing that was
//! answered with success is lost, writes are refused with 503 and Retry-After, what needs no database goes on, and the server recovers by
//! itself within 5 s.

use std::time::Duration;

use postgres_fixture::StopMode;

use super::disk_full::RECOVERY;
use crate::Failure;
use crate::checker::chains;
use crate::clock::Stopwatch;
use crate::driver::patient::{Crowd, Lived};
use crate::driver::{self, Machine, PASSWORD, sign_in};
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(&Options { store: Store::Postgres, ..options.clone() })?;
    world.start()?;
    let machine = driver::populate(&world)?;
    let crowd = Crowd::begin(&world)?;
    let (mut report, mut slowest, outages) = (Report::default(), Duration::ZERO, options.pick(5, 1));
    for outage in 1..=outages {
        crowd.enough(options.pick(10_000, 200) * outage / outages).await;
        world.database()?.down(StopMode::Immediate)?;
        goes_on(&world, &machine, Duration::from_secs(options.pick(5, 2)), &mut report).await?;
        world.database()?.up()?;
        slowest = slowest.max(recovered(&world).await?);
    }
    crowd.live_on().await;
    let Lived { entries, refused, .. } = crowd.end(&mut report).await?;
    report.tell(format!("{outages} outages, refused {refused}, recovered in {} ms", slowest.as_millis()));
    report.demand(slowest <= RECOVERY, "it took longer than 5 s to recover");
    chains::check(&world, &entries, &mut report).await?;
    Ok(report)
}

/// What needs no database, while there is none.
pub(super) async fn goes_on(
    world: &World,
    machine: &Machine,
    time: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let (mut connection, watch) = (world.connect(), Stopwatch::start());
    while watch.elapsed() < time {
        for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/livez"] {
            let status = connection.get(path).await.map_or(0, |answer| answer.status);
            report.demand(status == 200, format!("{path} was answered with {status} without the database"));
        }
        let status = machine.token(&mut connection).await.map_or(0, |answer| answer.status);
        report.demand(status == 200, format!("a token that needs no write was answered with {status}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// How long until a write is answered with success.
pub(super) async fn recovered(world: &World) -> Result<Duration, Failure> {
    let (mut connection, watch) = (world.connect(), Stopwatch::start());
    while watch.elapsed() < RECOVERY * 3 {
        if sign_in(&mut connection, &driver::email(0), PASSWORD).await.is_ok_and(|answer| answer.status == 200) {
            return Ok(watch.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the server does not recover".into())
}
