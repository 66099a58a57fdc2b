//! Row 12, third part: the network to the database swallows everything for some seconds, several times. Nobody is told: no connection is refused, none
//! ends. Nothing that was answered with success is lost, every request is answered in time, what needs no database goes on, and the server recovers by
//! itself within 5 s.

use std::time::Duration;

use tokio::task::JoinSet;

use super::database_outage::{goes_on, recovered};
use super::disk_full::RECOVERY;
use crate::checker::chains;
use crate::clock::Stopwatch;
use crate::driver;
use crate::driver::patient::{Crowd, Lived};
use crate::options::{Options, Store};
use crate::proxy::Proxy;
use crate::report::Report;
use crate::server::World;
use crate::{Failure, rng};

/// For any answer: the node gives an operation of its store 5 s in all, and a request is not begun anew after one that failed.
pub(super) const ANSWER: Duration = Duration::from_secs(7);

/// Of the node to its database.
const CONNECTIONS: usize = 16;
/// Until they are open.
const PATIENCE: Duration = Duration::from_secs(20);

/// What makes requests overlap that take no time.
const SLOW: Duration = Duration::from_millis(50);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(&Options { store: Store::Postgres, ..options.clone() })?;
    let line = world.line_to_database().await?;
    world.set("SYMBOLON_STORE__CONNECTIONS", &CONNECTIONS.to_string());
    world.start()?;
    let machine = driver::populate(&world)?;
    let crowd = Crowd::begin(&world)?;
    let (mut report, mut slowest, silences) = (Report::default(), Duration::ZERO, options.pick(5, 1));
    let mut since = "-infinity".to_owned();
    for silence in 1..=silences {
        crowd.enough(options.pick(10_000, 200) * silence / silences).await;
        use_all_connections(&mut world, &line, &since).await?;
        line.fall_silent();
        let time = Duration::from_millis(rng::between(options.pick(4000..=12_000, 4000..=5000)));
        goes_on(&world, &machine, time, &mut report).await?;
        world.database()?.sql("postgres", "SELECT now()")?.trim().clone_into(&mut since);
        line.speak();
        slowest = slowest.max(recovered(&world).await?);
    }
    crowd.live_on().await;
    let Lived { entries, refused, longest, .. } = crowd.end(&mut report).await?;
    let (slowest_ms, longest_ms) = (slowest.as_millis(), longest.as_millis());
    report.tell(format!(
        "{silences} silences, refused {refused}, slowest answer {longest_ms} ms, recovered in {slowest_ms} ms"
    ));
    report.demand(longest <= ANSWER, format!("an answer took longer than {ANSWER:?}"));
    report.demand(slowest <= RECOVERY, "it took longer than 5 s to recover");
    chains::check(&world, &entries, &mut report).await?;
    Ok(report)
}

/// Has the node open all connections that it may, of those that the last silence, which ended at `since`, has not caught: PostgreSQL still
/// has these. When the line falls silent some of them are at rest, where nobody notices.
async fn use_all_connections(world: &mut World, line: &Proxy, since: &str) -> Result<(), Failure> {
    let open = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = 'symbolon' AND query NOT LIKE 'LISTEN%' AND backend_start >= '{since}'"
    );
    let (watch, all) = (Stopwatch::start(), CONNECTIONS.to_string());
    line.hold_back(SLOW);
    loop {
        let used = world.database()?.sql("postgres", &open)?;
        if used.trim() == all {
            break;
        }
        if watch.elapsed() > PATIENCE {
            return Err(format!("the node uses {} of the {all} connections that it may", used.trim()).into());
        }
        let mut askers = JoinSet::new();
        for _ in 0..CONNECTIONS * 2 {
            let mut connection = world.connect();
            askers.spawn(async move { connection.get("/readyz").await });
        }
        askers.join_all().await;
    }
    line.hold_back(Duration::ZERO);
    Ok(())
}
