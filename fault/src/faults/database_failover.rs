//! Row 12, fourth part: the primary dies and its standby is promoted, several times; half of them die as a process does, whose machine refuses connections, half
//! with their machine, which says nothing any more. The server is told both hosts once. Nothing that was answered with success is lost, what needs no
//! database goes on, and the server finds the new primary by itself within 5 s of the promotion.
//!
//! Between primary and standby lies a line that takes some time, as between two machines: without `synchronous_standby_names` the standby lacks what was acknowledged
//! last.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use postgres_fixture::{Durability, Server, StopMode};

use super::database_outage::{goes_on, recovered};
use super::database_unreachable::ANSWER;
use super::disk_full::RECOVERY;
use crate::Failure;
use crate::checker::chains;
use crate::clock::Stopwatch;
use crate::driver;
use crate::driver::patient::{Crowd, Lived};
use crate::options::{Options, Store};
use crate::proxy::Proxy;
use crate::report::Report;
use crate::server::{DATABASE, World};

/// What the primary's messages take to the standby.
const TRIP: Duration = Duration::from_millis(40);
/// For a standby to follow.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut pair = Pair::start().await?;
    let mut world = World::new(&Options { store: Store::Sqlite, ..options.clone() })?;
    world.set("SYMBOLON_STORE__URL", &pair.url());
    world.start()?;
    let machine = driver::populate(&world)?;
    let crowd = Crowd::begin(&world)?;
    let (mut report, mut slowest, failovers) = (Report::default(), Duration::ZERO, options.pick(4, 1));
    for failover in 1..=failovers {
        if failover > 1 {
            pair.follow().await?;
        }
        crowd.enough(options.pick(10_000, 200) * failover / failovers).await;
        pair.lose_primary(if failover % 2 == 1 { Death::OfTheMachine } else { Death::OfTheProcess })?;
        goes_on(&world, &machine, Duration::from_secs(options.pick(5, 2)), &mut report).await?;
        pair.promote()?;
        slowest = slowest.max(recovered(&world).await?);
    }
    crowd.live_on().await;
    let Lived { entries, refused, longest, .. } = crowd.end(&mut report).await?;
    let (slowest_ms, longest_ms) = (slowest.as_millis(), longest.as_millis());
    report.tell(format!(
        "{failovers} failovers, refused {refused}, slowest answer {longest_ms} ms, recovered in {slowest_ms} ms"
    ));
    report.demand(longest <= ANSWER, format!("an answer took longer than {ANSWER:?}"));
    report.demand(slowest <= RECOVERY, "it took longer than 5 s from the promotion to recover");
    chains::check(&world, &entries, &mut report).await?;
    Ok(report)
}

/// How a primary dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// Its machine says that nobody is there.
    OfTheProcess,
    /// Nobody says anything.
    OfTheMachine,
}

/// A primary, and a standby that each commit waits for.
struct Pair {
    primary: Server,
    standby: Option<Server>,
    /// To the host of each; which of the two is the primary's changes with each promotion.
    hosts: [Proxy; 2],
    at: usize,
    /// From the primary to the standby.
    replication: Proxy,
}

impl Pair {
    async fn start() -> Result<Self, Failure> {
        let primary = Server::start(Durability::Full, &["max_connections=100"])?;
        primary.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        let at = address(&primary);
        let hosts = [Proxy::to(at).await?, Proxy::to(at).await?];
        let replication = Proxy::to(at).await?;
        replication.hold_back(TRIP);
        let mut pair = Self { primary, standby: None, hosts, at: 0, replication };
        pair.follow().await?;
        Ok(pair)
    }

    /// What the server is told once.
    fn url(&self) -> String {
        let [one, other] = &self.hosts;
        format!("postgres://postgres@{},{}/{DATABASE}", one.address, other.address)
    }

    /// Gives the primary a new standby, in the place of the one that it was itself.
    async fn follow(&mut self) -> Result<(), Failure> {
        let standby = self.primary.standby()?;
        self.replication.lead_to(address(&self.primary))?;
        self.replication.speak();
        let port = self.replication.address.port();
        set(&standby, "primary_conninfo", &format!("host=127.0.0.1 port={port} user=postgres"))?;
        set(&self.primary, "synchronous_standby_names", "*")?;
        let place = &self.hosts[1 - self.at];
        place.lead_to(address(&standby))?;
        place.speak();
        let waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
        let over_the_line = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming' AND sender_port = ";
        let watch = Stopwatch::start();
        while self.primary.sql("postgres", waits)? != "1"
            || standby.sql("postgres", &format!("{over_the_line}{port}"))? != "1"
        {
            if watch.elapsed() > PATIENCE {
                return Err("the standby does not follow".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.standby = Some(standby);
        Ok(())
    }

    /// With it goes what is on its way to the standby.
    fn lose_primary(&mut self, death: Death) -> Result<(), Failure> {
        self.replication.fall_silent();
        if death == Death::OfTheMachine {
            self.hosts[self.at].fall_silent();
        }
        Ok(self.primary.down(StopMode::Immediate)?)
    }

    fn promote(&mut self) -> Result<(), Failure> {
        let standby = self.standby.take().ok_or("there is no standby")?;
        standby.promote()?;
        self.primary = standby;
        self.at = 1 - self.at;
        Ok(())
    }
}

fn address(server: &Server) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, server.port()).into()
}

fn set(server: &Server, name: &str, value: &str) -> Result<(), Failure> {
    server.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"))?;
    server.sql("postgres", "SELECT pg_reload_conf()")?;
    Ok(())
}
