//! Row 12, second part: one in a hundred messages to the database ends the connection it came on, before it is delivered or after. Nothing
//! that was answered with success is lost, and every failure is told as 503 with Retry-After.

use postgres_fixture::Server;

use crate::Failure;
use crate::checker::chains;
use crate::driver::patient::{Trouble, enough, live};
use crate::driver::{self, CLIENTS, Ended, Stage};
use crate::journal::Journal;
use crate::options::{Options, Store};
use crate::proxy::Proxy;
use crate::report::Report;
use crate::server::{DATABASE, World};

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(&Options { store: Store::Postgres, ..options.clone() })?;
    let line = Proxy::to(([127, 0, 0, 1], world.database().map(|server: &mut Server| server.port())?).into()).await?;
    world.set("SYMBOLON_STORE__URL", &format!("postgres://postgres@{}/{DATABASE}", line.address));
    world.start()?;
    driver::populate(&world)?;
    let journal = Journal::new(&world.folder().join("journal"))?;
    let trouble = Trouble::default();
    line.cut(1);
    let lives: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(live(Stage::of(&world, &journal, number, 0), trouble.clone())))
        .collect();
    enough(&journal, options.pick(10_000, 300), &lives).await;
    trouble.end();
    for life in lives {
        if let Err(Ended::Badly(failure)) = life.await? {
            return Err(failure);
        }
    }
    line.cut(0);
    let (acknowledged, in_doubt) = (journal.acknowledged(), journal.in_doubt());
    let mut report = Report { acknowledged, in_doubt, ..Report::default() };
    report.tell(format!("{} connections cut, refused {}", line.cuts(), trouble.refused()));
    report.demand(line.cuts() > 0, "no connection was cut");
    report.demand(trouble.without_retry_after() == 0, "a 503 came without Retry-After");
    chains::check(&world, &journal.read()?, &mut report).await?;
    Ok(report)
}
