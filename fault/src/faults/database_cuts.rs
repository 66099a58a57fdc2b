//! Row 12, second part: one in a hundred messages to the database ends the connection it came on, before it is delivered or after. Nothing
//! that was answered with success is lost, and every failure is told as 503 with Retry-After.

use crate::Failure;
use crate::checker::chains;
use crate::driver;
use crate::driver::patient::{Crowd, Lived};
use crate::options::{Options, Store};
use crate::report::Report;
use crate::server::World;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(&Options { store: Store::Postgres, ..options.clone() })?;
    let line = world.line_to_database().await?;
    world.start()?;
    driver::populate(&world)?;
    let crowd = Crowd::begin(&world)?;
    line.cut(1);
    crowd.enough(options.pick(10_000, 300)).await;
    let mut report = Report::default();
    let Lived { entries, refused, .. } = crowd.end(&mut report).await?;
    line.cut(0);
    report.tell(format!("{} connections cut, refused {refused}", line.cuts()));
    report.demand(line.cuts() > 0, "no connection was cut");
    chains::check(&world, &entries, &mut report).await?;
    Ok(report)
}
